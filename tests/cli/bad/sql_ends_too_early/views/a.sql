SELECT day FROM orders
WHERE n IN (1,
