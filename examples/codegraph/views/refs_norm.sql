/* weir
materialized: table
key: [ref_id]
constraints:
  span_ok: "bend >= bstart"
description: One row per name in use, with ids and span, and the scope that binds the name.
*/
SELECT
  stable_id_parts('cst_ref', path, bstart, bend) AS ref_id,
  file_id,
  path,
  ref_kind,
  ref_text,
  expr_ctx,
  bstart,
  bend,
  span_make(bstart, bend) AS span,
  scope_type,
  scope_name,
  scope_role,
  parent_kind,
  scope_bstart,
  binding_scope_bstart,
  attrs['bindings'] AS bindings
FROM cst_refs
