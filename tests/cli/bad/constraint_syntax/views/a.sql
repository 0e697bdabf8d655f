/* weir
constraints:
  positive: "n >"
*/
SELECT day, n FROM orders
