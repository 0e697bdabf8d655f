SELECT day, n AS "DAY" FROM orders
