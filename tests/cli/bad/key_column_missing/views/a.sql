/* weir
key: [dya]
*/
SELECT day, n FROM orders
