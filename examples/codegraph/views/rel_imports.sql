/* weir
materialized: table
key: [import_id]
description: >
  Imports with the symbol they bring - the occurrence that covers most of the alias, since an
  index may mark the name only.
*/
SELECT import_id, path, bstart, bend, symbol, method, score, candidate_count, origin
FROM interval_align(
  (SELECT import_id, path, bstart, bend FROM imports_norm),
  (SELECT * FROM occurrences WHERE is_import),
  mode => 'OVERLAP_MAX',
  right_columns => 'symbol, method, score, candidate_count, origin',
  tie_breakers => 'score desc, symbol',
  emit_match_meta => false
)
