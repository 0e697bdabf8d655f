SELECT day, row_number() OVER (PARTITION BY day) AS r FROM orders
