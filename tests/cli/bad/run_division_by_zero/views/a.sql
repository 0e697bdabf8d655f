SELECT day, 1 / (n - n) AS x FROM orders
