/* weir
columns:
  day: string
  n: int32
  total: int64
*/
SELECT day, n FROM orders
