/* weir
materialized: table
key: [entity_id]
constraints:
  contained: "def_id IS NULL OR (def_bstart <= bstart AND bend <= def_bend)"
description: The innermost definition around every reference and call.
*/
WITH entities AS (
  SELECT ref_id AS entity_id, 'ref' AS entity_kind, file_id, path, bstart, bend
  FROM refs_norm
  UNION ALL
  SELECT call_id AS entity_id, 'call' AS entity_kind, file_id, path, bstart, bend
  FROM calls_norm
),

defs AS (
  SELECT
    def_id,
    kind AS def_kind,
    path,
    bstart AS def_bstart,
    bend AS def_bend,
    scope_bstart AS def_scope_bstart,
    container_def_kind AS def_container_kind
  FROM defs_norm
)

SELECT
  entity_id,
  entity_kind,
  file_id,
  path,
  bstart,
  bend,
  def_id,
  def_kind,
  def_bstart,
  def_bend,
  def_scope_bstart,
  def_container_kind
FROM interval_align(
  entities, defs,
  mode => 'CONTAINED_BEST',
  how => 'left',
  right_start => 'def_bstart', right_end => 'def_bend',
  emit_match_meta => false
)
