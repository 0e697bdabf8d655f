/* weir
materialized: table
key: [ref_id]
description: References with the symbol they read or write - the occurrence at exactly the name.
*/
SELECT ref_id, path, bstart, bend, expr_ctx, symbol, method, score, candidate_count, origin
FROM interval_align(
  (SELECT ref_id, path, bstart, bend, expr_ctx FROM refs_norm),
  (SELECT * FROM occurrences WHERE is_read OR is_write),
  mode => 'EXACT',
  right_columns => 'symbol, method, score, candidate_count, origin',
  tie_breakers => 'score desc, symbol',
  emit_match_meta => false
)
