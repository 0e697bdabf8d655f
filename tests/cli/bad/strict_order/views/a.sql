SELECT array_agg(day) AS d, first_value(n) AS f FROM orders
