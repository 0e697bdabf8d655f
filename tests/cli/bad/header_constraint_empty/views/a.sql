/* weir
constraints:
  positive: ""
  one: {unique: []}
  two: {uniqe: [day]}
*/
SELECT day, n FROM orders
