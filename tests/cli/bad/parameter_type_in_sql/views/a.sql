SELECT day FROM orders WHERE day > $least + $flag
