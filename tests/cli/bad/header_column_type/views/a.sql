/* weir
columns: {day: varchar, n: bigint}
*/
SELECT day, n FROM orders
