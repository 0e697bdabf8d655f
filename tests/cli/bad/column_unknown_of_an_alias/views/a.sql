SELECT o.day, p.n FROM orders o
