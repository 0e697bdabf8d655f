SELECT count(*) AS c FROM daily
