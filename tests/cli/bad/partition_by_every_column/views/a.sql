/* weir
partition_by: [day, n]
*/
SELECT day, n FROM orders
