SELECT * FROM read_parquet('../lake/plain/a.parquet')
