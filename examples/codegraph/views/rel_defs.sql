/* weir
materialized: table
key: [def_id]
description: Definitions with the symbol they define - the occurrence at exactly the name.
*/
SELECT def_id, path, name_bstart AS bstart, name_bend AS bend, symbol, method, score,
  candidate_count, origin
FROM interval_align(
  (SELECT def_id, path, name_bstart, name_bend FROM defs_norm),
  (SELECT * FROM occurrences WHERE is_definition),
  mode => 'EXACT',
  left_start => 'name_bstart', left_end => 'name_bend',
  right_columns => 'symbol, method, score, candidate_count, origin',
  tie_breakers => 'score desc, symbol',
  emit_match_meta => false
)
