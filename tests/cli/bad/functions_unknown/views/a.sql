SELECT day, n,
  lowr(day) AS a, uper(day) AS b,
  nothing_like_it(n) AS c, nope.f(n) AS d, lowr(upper(day)) AS e
FROM orders WHERE missing_column = 1
