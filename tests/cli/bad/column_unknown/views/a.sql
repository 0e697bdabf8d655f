SELECT day,
       dya
FROM orders
