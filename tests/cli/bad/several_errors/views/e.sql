/* weir
kye: [n]
*/
SELECT day, n FROM orders
