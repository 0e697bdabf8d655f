SELECT day,
  substr(n) AS s
FROM orders
