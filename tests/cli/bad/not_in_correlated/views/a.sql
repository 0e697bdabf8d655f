SELECT o.day FROM orders o
WHERE o.n NOT IN (SELECT p.n FROM orders p WHERE p.day = o.day)
