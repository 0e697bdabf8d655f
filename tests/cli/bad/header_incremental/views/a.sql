/* weir
materialized: incremental
*/
SELECT day, n FROM orders
