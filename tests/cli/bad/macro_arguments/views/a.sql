SELECT n,
  f(n) AS a FROM orders
