/* weir
constraints:
  small: "n < 5"
  one: {unique: [day]}
*/
SELECT day, n FROM orders
