/* weir
key: [day]
*/
SELECT day, n FROM orders
