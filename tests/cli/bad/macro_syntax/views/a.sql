SELECT n FROM orders
