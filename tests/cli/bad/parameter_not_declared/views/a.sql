SELECT day FROM orders WHERE n > $least
