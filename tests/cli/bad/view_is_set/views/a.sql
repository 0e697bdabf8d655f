SET datafusion.execution.target_partitions = 1
