/* weir
constraints:
  one: {unique: [dya]}
*/
SELECT day, n FROM orders
