/* weir
materialised: table
*/
SELECT day, n FROM orders
