SELECT day, NULL AS nothing FROM orders
