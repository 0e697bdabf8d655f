/* weir
key: [day
tags: {
*/
SELECT day, n FROM orders
