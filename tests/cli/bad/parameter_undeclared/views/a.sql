SELECT day FROM orders
WHERE n > $leest
