SELECT "Day" FROM orders
