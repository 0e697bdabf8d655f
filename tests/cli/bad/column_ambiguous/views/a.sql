SELECT day
FROM orders a JOIN orders b ON a.n = b.n
