SELECT a.day, b.day FROM orders a JOIN orders b ON a.n = b.n
