SELECT value % 1000 AS v, count(*) AS c FROM range(1, 30000) GROUP BY 1
