/* weir
materialized: table
key: [def_id]
constraints:
  span_ok: "bend >= bstart"
  name_in_def: "name_bstart >= bstart AND name_bend <= bend"
description: One row per function, method and class, with ids, span and symbol.
*/
SELECT
  stable_id_parts('cst_def', path, def_bstart, def_bend) AS def_id,
  file_id,
  path,
  kind,
  name,
  module,
  qnames[1] AS qname,
  concat(CASE WHEN module = '' THEN '' ELSE concat(module, '.') END, qnames[1]) AS fqn,
  concat('py ', module, '/', descriptor) AS symbol,
  def_bstart AS bstart,
  def_bend AS bend,
  span_make(def_bstart, def_bend) AS span,
  name_bstart,
  name_bend,
  CASE
    WHEN container_def_kind IS NOT NULL
      THEN stable_id_parts('cst_def', path, container_def_bstart, container_def_bend)
  END AS container_def_id,
  container_def_kind,
  -- The scope that the name belongs to; -1 is the module's.
  coalesce(container_def_bstart, -1) AS scope_bstart,
  depth,
  decorator_count,
  docstring,
  attrs['async'] IS NOT NULL AS is_async
FROM cst_defs
