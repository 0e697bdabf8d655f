SELECT day, uper(day) AS u
FROM orders
