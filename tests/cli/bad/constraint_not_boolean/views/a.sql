/* weir
constraints:
  positive: "n + 1"
*/
SELECT day, n FROM orders
