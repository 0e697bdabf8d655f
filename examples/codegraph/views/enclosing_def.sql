/* weir
materialized: table
key: [entity_id]
constraints:
  contained: "def_id IS NULL OR (def_bstart <= bstart AND bend <= def_bend)"
description: The innermost definition around every reference and call.
*/
SELECT
  entity_id,
  entity_kind,
  file_id,
  path,
  bstart,
  bend,
  def_id,
  kind AS def_kind,
  bstart__r AS def_bstart,
  bend__r AS def_bend,
  scope_bstart AS def_scope_bstart,
  container_def_kind AS def_container_kind
FROM interval_align(
  (
    SELECT ref_id AS entity_id, 'ref' AS entity_kind, file_id, path, bstart, bend
    FROM refs_norm
    UNION ALL
    SELECT call_id AS entity_id, 'call' AS entity_kind, file_id, path, bstart, bend
    FROM calls_norm
  ),
  defs_norm,
  how => 'left',
  right_columns => 'def_id, kind, bstart, bend, scope_bstart, container_def_kind',
  emit_match_meta => false
)
