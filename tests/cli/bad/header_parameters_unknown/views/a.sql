/* weir
parameters: [thresold]
*/
SELECT day, n FROM orders
