SELECT * FROM ordrs
