SELECT day, span_id(day) AS s FROM orders
