/* weir
materialized: table
key: [def_id]
constraints:
  line_ok: "line_no >= 1"
description: >
  The line on which each definition starts, counted from 1, and its text. As in enclosing_def, a
  running count over sorted positions takes the place of a join on a range.
*/
WITH positions AS (
  SELECT path, line_start_byte AS pos, 0 AS step, 1 AS is_line, NULL AS def_id
  FROM file_line_index
  UNION ALL
  SELECT path, bstart AS pos, 1 AS step, 0 AS is_line, def_id
  FROM defs_norm
),

counted AS (
  SELECT
    path,
    def_id,
    sum(is_line) OVER (
      PARTITION BY path ORDER BY pos, step, def_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS line_no
  FROM positions
)

SELECT c.def_id, c.path, c.line_no, l.line_text
FROM counted AS c
JOIN file_line_index AS l ON c.path = l.path AND c.line_no = l.line_no + 1
WHERE c.def_id IS NOT NULL
