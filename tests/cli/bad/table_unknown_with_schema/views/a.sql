SELECT day FROM shop.orders
