SELECT day, random() AS r FROM orders
