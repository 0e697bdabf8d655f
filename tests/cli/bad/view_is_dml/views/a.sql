INSERT INTO orders VALUES ('mon', 1)
