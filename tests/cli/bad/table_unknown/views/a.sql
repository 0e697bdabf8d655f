SELECT day
FROM ordrs
