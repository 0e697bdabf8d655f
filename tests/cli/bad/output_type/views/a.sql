SELECT day, INTERVAL '1 day' AS gap FROM orders
