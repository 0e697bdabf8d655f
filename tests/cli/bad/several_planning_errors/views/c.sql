SELECT m FROM orders
