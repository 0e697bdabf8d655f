/* weir
constraints:
  small: "n < 5"
*/
SELECT day, n FROM orders
