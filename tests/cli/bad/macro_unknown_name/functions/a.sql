-- numbers
CREATE FUNCTION f(x BIGINT)
RETURN uper(x);
