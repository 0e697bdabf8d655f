/* weir
materialized: table
constraints:
  span_ok: "bend >= bstart"
description: >
  Every place where a symbol is named, with its byte span: of the SCIP index for the files that it
  covers, of the example's own resolution for all others. Symbols that are local to a file stay
  out. An occurrence on a line that the file does not have is dropped.
*/
WITH every AS (
  SELECT path, symbol, symbol_roles, start_line, start_char, end_line, end_char, col_unit,
    'scip' AS method, 1000 AS score, 1 AS candidate_count, 'scip' AS origin
  FROM scip_occurrences
  WHERE symbol NOT LIKE 'local %' AND symbol <> ''
  UNION ALL
  SELECT path, symbol, symbol_roles, start_line, start_char, end_line, end_char, col_unit,
    method, score, candidate_count, 'cst' AS origin
  FROM own_occurrences
  WHERE path NOT IN (SELECT path FROM scip_occurrences)
),

placed AS (
  SELECT
    e.path,
    e.symbol,
    e.symbol_roles,
    e.method,
    e.score,
    e.candidate_count,
    e.origin,
    canonicalize_byte_span(
      s.line_start_byte, s.line_text, e.start_char,
      t.line_start_byte, t.line_text, e.end_char, e.col_unit
    ) AS bytes
  FROM every AS e
  JOIN file_line_index AS s ON e.path = s.path AND e.start_line = s.line_no
  JOIN file_line_index AS t ON e.path = t.path AND e.end_line = t.line_no
)

SELECT
  path,
  bytes['bstart'] AS bstart,
  bytes['bend'] AS bend,
  span_make(bytes['bstart'], bytes['bend']) AS span,
  symbol,
  symbol_roles,
  -- SCIP's role bits: definition 1, import 2, write 4, read 8.
  symbol_roles & 1 <> 0 AS is_definition,
  symbol_roles & 2 <> 0 AS is_import,
  symbol_roles & 4 <> 0 AS is_write,
  symbol_roles & 8 <> 0 AS is_read,
  method,
  score,
  candidate_count,
  origin
FROM placed
