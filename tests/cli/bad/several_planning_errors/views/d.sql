SELECT day, n, upper(b.nope) AS u FROM orders b
