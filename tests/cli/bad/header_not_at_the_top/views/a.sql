SELECT day, n
/* weir
key: [day]
*/
FROM orders
