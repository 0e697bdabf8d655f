SELECT run_id FROM weir.runs
