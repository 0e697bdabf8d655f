/* weir
key: [day]
SELECT 1 AS x
