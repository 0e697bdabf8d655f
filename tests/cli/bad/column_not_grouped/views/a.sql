SELECT day, n
FROM orders
GROUP BY day
