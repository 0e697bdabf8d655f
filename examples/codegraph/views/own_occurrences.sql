/* weir
materialized: table
description: >
  Where this source names which symbol, found by the example's own resolution, in the form of a
  SCIP index: lines and columns from 0, columns in UTF-8 bytes, ends exclusive. What `codefacts
  --scip` reads from an index of another tool has the same columns.
*/
WITH every AS (
  SELECT path, name_bstart AS bstart, name_bend AS bend, symbol, 1 AS symbol_roles,
    'definition' AS method, 1000 AS score, 1 AS candidate_count
  FROM defs_norm
  UNION ALL
  SELECT path, bstart, bend, symbol, 2 AS symbol_roles, target_kind AS method, score,
    candidate_count
  FROM import_resolution
  WHERE symbol IS NOT NULL
  UNION ALL
  SELECT path, bstart, bend, symbol, CASE WHEN expr_ctx = 'Load' THEN 8 ELSE 4 END AS symbol_roles,
    resolution_method AS method, score, candidate_count
  FROM ref_resolution
  WHERE symbol IS NOT NULL
  UNION ALL
  -- The name that is called: the last one of the callee.
  SELECT path, callee_bend - octet_length(callee_name) AS bstart, callee_bend AS bend, symbol,
    8 AS symbol_roles, resolution_method AS method, score, candidate_count
  FROM call_resolution
  WHERE symbol IS NOT NULL
),

-- A name may be both a reference and a callee: the surer answer counts.
spans AS (
  SELECT path, bstart, bend, symbol, symbol_roles, arg_max(method, score) AS method,
    max(score) AS score, min(candidate_count) AS candidate_count
  FROM every
  GROUP BY path, bstart, bend, symbol, symbol_roles
),

started AS (
  SELECT path, bstart, bend, symbol, symbol_roles, method, score, candidate_count,
    line_no AS start_line, bstart - line_start_byte AS start_char
  FROM interval_align(
    (SELECT spans.*, bstart AS at FROM spans), file_line_index,
    left_start => 'at', left_end => 'at',
    right_start => 'line_start_byte', right_end => 'line_end_byte',
    right_columns => 'line_no, line_start_byte', emit_match_meta => false
  )
)

SELECT
  path,
  symbol,
  CAST(symbol_roles AS INT) AS symbol_roles,
  start_line,
  start_char,
  line_no AS end_line,
  bend - line_start_byte AS end_char,
  'utf8' AS col_unit,
  method,
  score,
  candidate_count
FROM interval_align(
  started, file_line_index,
  left_start => 'bend', left_end => 'bend',
  right_start => 'line_start_byte', right_end => 'line_end_byte',
  right_columns => 'line_no, line_start_byte', emit_match_meta => false
)
