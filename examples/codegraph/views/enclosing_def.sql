/* weir
materialized: table
key: [entity_id]
constraints:
  contained: "def_id IS NULL OR (def_bstart <= bstart AND bend <= def_bend)"
description: >
  The innermost definition around every reference and call. Definitions nest, so between two
  neighbouring borders (starts and ends of definitions) the innermost one is constant: after a
  start it is that definition, after an end it is the container of the one that ended. Each
  entity needs the number of borders before it, and one equi-join with the numbered borders.
*/
WITH borders AS (
  SELECT path, bstart AS pos, 1 AS step, depth, bstart AS innermost
  FROM defs_norm
  UNION ALL
  SELECT path, bend AS pos, 0 AS step, -depth AS depth, scope_bstart AS innermost
  FROM defs_norm
),

numbered AS (
  SELECT
    path,
    innermost,
    row_number() OVER (PARTITION BY path ORDER BY pos, step, depth, innermost) AS border_no
  FROM borders
),

entities AS (
  SELECT ref_id AS entity_id, 'ref' AS entity_kind, file_id, path, bstart, bend
  FROM refs_norm
  UNION ALL
  SELECT call_id AS entity_id, 'call' AS entity_kind, file_id, path, bstart, bend
  FROM calls_norm
),

-- Ends first, then starts, then entities: a span is half-open.
sweep AS (
  SELECT path, pos, step, 1 AS is_border, NULL AS entity_id, NULL AS entity_kind,
    NULL AS file_id, NULL AS bend
  FROM borders
  UNION ALL
  SELECT path, bstart AS pos, 2 AS step, 0 AS is_border, entity_id, entity_kind, file_id, bend
  FROM entities
),

counted AS (
  SELECT
    entity_id,
    entity_kind,
    file_id,
    path,
    pos AS bstart,
    bend,
    sum(is_border) OVER (
      PARTITION BY path ORDER BY pos, step, entity_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS border_no
  FROM sweep
)

SELECT
  c.entity_id,
  c.entity_kind,
  c.file_id,
  c.path,
  c.bstart,
  c.bend,
  d.def_id,
  d.kind AS def_kind,
  d.bstart AS def_bstart,
  d.bend AS def_bend,
  d.scope_bstart AS def_scope_bstart,
  d.container_def_kind AS def_container_kind
FROM counted AS c
LEFT JOIN numbered AS n ON c.path = n.path AND c.border_no = n.border_no
LEFT JOIN defs_norm AS d ON n.path = d.path AND n.innermost = d.bstart
WHERE c.entity_id IS NOT NULL
