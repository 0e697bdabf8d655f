SELECT day FROM orders
WHERE n > $least AND day < CAST($until AS varchar)
