SELECT number, luhn_valid(number) AS valid FROM numbers
