/* weir
materialized: table
key: [edge_id]
constraints:
  id_set: "edge_id IS NOT NULL"
  ends_set: "src_node_id IS NOT NULL AND dst_node_id IS NOT NULL"
  span_ok: "bend >= bstart"
  confidence_ok: "confidence >= 0 AND confidence <= 1"
  one_row_each: {unique: [edge_id]}
parameters: [min_score]
description: >
  The edges of the graph. What is not resolved, or with a score below $min_score, has none.
  symbol_roles are SCIP's bits: definition 1, import 2, write 4, read 8.
*/
WITH every AS (
  SELECT
    'PY_DEFINES_SYMBOL' AS edge_kind,
    stable_id_parts('node', def_id, 'CST_DEF') AS src_node_id,
    stable_id_parts('node', symbol, 'SCIP_SYMBOL') AS dst_node_id,
    def_id AS entity_id,
    path,
    bstart,
    bend,
    method AS resolution_method,
    score,
    CAST(1 AS INT) AS symbol_roles,
    candidate_count,
    origin,
    'rel_defs' AS task_name
  FROM rel_defs
  UNION ALL
  SELECT
    'PY_IMPORTS_SYMBOL' AS edge_kind,
    stable_id_parts('node', import_id, 'CST_IMPORT_ALIAS') AS src_node_id,
    stable_id_parts('node', symbol, 'SCIP_SYMBOL') AS dst_node_id,
    import_id AS entity_id,
    path,
    bstart,
    bend,
    method AS resolution_method,
    score,
    CAST(2 AS INT) AS symbol_roles,
    candidate_count,
    origin,
    'rel_imports' AS task_name
  FROM rel_imports
  UNION ALL
  SELECT
    CASE WHEN expr_ctx = 'Load' THEN 'PY_READS_SYMBOL' ELSE 'PY_WRITES_SYMBOL' END AS edge_kind,
    stable_id_parts('node', ref_id, 'CST_REF') AS src_node_id,
    stable_id_parts('node', symbol, 'SCIP_SYMBOL') AS dst_node_id,
    ref_id AS entity_id,
    path,
    bstart,
    bend,
    method AS resolution_method,
    score,
    CAST(CASE WHEN expr_ctx = 'Load' THEN 8 ELSE 4 END AS INT) AS symbol_roles,
    candidate_count,
    origin,
    'rel_refs' AS task_name
  FROM rel_refs
  UNION ALL
  SELECT
    'PY_CALLS_SYMBOL' AS edge_kind,
    stable_id_parts('node', call_id, 'CST_CALLSITE') AS src_node_id,
    stable_id_parts('node', symbol, 'SCIP_SYMBOL') AS dst_node_id,
    call_id AS entity_id,
    path,
    bstart,
    bend,
    method AS resolution_method,
    score,
    CAST(8 AS INT) AS symbol_roles,
    candidate_count,
    origin,
    'rel_calls' AS task_name
  FROM rel_calls
  UNION ALL
  SELECT
    'SCOPE_PARENT' AS edge_kind,
    CASE
      WHEN entity_kind = 'ref' THEN stable_id_parts('node', entity_id, 'CST_REF')
      ELSE stable_id_parts('node', entity_id, 'CST_CALLSITE')
    END AS src_node_id,
    stable_id_parts('node', def_id, 'CST_DEF') AS dst_node_id,
    entity_id,
    path,
    bstart,
    bend,
    'containment' AS resolution_method,
    1000 AS score,
    CAST(0 AS INT) AS symbol_roles,
    1 AS candidate_count,
    'cst' AS origin,
    'enclosing_def' AS task_name
  FROM enclosing_def
  WHERE def_id IS NOT NULL
  UNION ALL
  SELECT
    'SCOPE_PARENT' AS edge_kind,
    stable_id_parts('node', def_id, 'CST_DEF') AS src_node_id,
    stable_id_parts('node', container_def_id, 'CST_DEF') AS dst_node_id,
    def_id AS entity_id,
    path,
    bstart,
    bend,
    'containment' AS resolution_method,
    1000 AS score,
    CAST(0 AS INT) AS symbol_roles,
    1 AS candidate_count,
    'cst' AS origin,
    'defs_norm' AS task_name
  FROM defs_norm
  WHERE container_def_id IS NOT NULL
)
SELECT
  stable_id_parts('edge', edge_kind, src_node_id, dst_node_id, path, bstart, bend) AS edge_id,
  edge_kind,
  src_node_id,
  dst_node_id,
  path,
  bstart,
  bend,
  origin,
  resolution_method,
  CAST(score AS DOUBLE) / 1000.0 AS confidence,
  CAST(score AS DOUBLE) AS score,
  symbol_roles,
  origin AS qname_source,
  CASE WHEN candidate_count > 1 THEN stable_id('ambiguity', entity_id) END AS ambiguity_group_id,
  task_name,
  CAST(3 AS INT) AS task_priority
FROM every
WHERE score >= $min_score
