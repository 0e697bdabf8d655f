SELECT dya FROM orders
