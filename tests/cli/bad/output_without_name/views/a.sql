SELECT day, n + 1, upper(day) FROM orders
