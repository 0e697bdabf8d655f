SELECT day + n AS x FROM orders WHERE day = n AND n
