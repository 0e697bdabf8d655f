SELECT * FROM '../lake/plain/a.parquet'
