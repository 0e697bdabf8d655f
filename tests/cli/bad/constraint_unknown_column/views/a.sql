/* weir
constraints:
  positive: "m > 0"
*/
SELECT day, n FROM orders
