SELECT day, now() AS t FROM orders
