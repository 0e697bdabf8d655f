/* weir
materialized: table
key: [def_id]
constraints:
  line_ok: "line_no >= 1"
description: The line on which each definition starts, counted from 1, and its text.
*/
SELECT def_id, path, line_no + 1 AS line_no, line_text
FROM interval_align(
  (SELECT def_id, path, bstart FROM defs_norm), file_line_index,
  left_end => 'bstart',
  right_start => 'line_start_byte', right_end => 'line_end_byte',
  right_columns => 'line_no, line_text',
  emit_match_meta => false
)
