SELECT 'day FROM orders
