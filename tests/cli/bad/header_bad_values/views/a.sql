/* weir
materialized: tabel
determinism: loose
on_schema_change: ignore
max_commit_retries: -1
target_file_size: 1KB
append_only: maybe
*/
SELECT day, n FROM orders
