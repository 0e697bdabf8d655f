SELECT day FROM orders WHERE n > $1
