SELECT day,
FROM orders
WHERE AND n
