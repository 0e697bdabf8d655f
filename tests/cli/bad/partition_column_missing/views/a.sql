/* weir
partition_by: [dya]
sort_by: [m]
*/
SELECT day, n FROM orders
