SELECT missing FROM orders WHERE day = $nope
