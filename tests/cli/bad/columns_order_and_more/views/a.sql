/* weir
columns:
  n: int64
*/
SELECT day, n FROM orders
