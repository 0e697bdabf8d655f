/* weir
materialized: view
*/
SELECT day, n FROM orders
