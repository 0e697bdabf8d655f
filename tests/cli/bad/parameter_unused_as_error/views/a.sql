SELECT day, n FROM orders
