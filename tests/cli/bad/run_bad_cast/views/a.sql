SELECT CAST(day AS bigint) AS x FROM orders
