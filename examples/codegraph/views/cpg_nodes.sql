/* weir
materialized: table
key: [node_id]
constraints:
  id_set: "node_id IS NOT NULL"
  kind_set: "node_kind IS NOT NULL"
  span_ok: "bstart IS NULL OR bend >= bstart"
  one_row_each: {unique: [node_id]}
description: The nodes of the graph. Files, definitions, references, imports, calls and symbols.
*/
SELECT
  stable_id_parts('node', file_id, 'PY_FILE') AS node_id,
  'PY_FILE' AS node_kind,
  path,
  CAST(NULL AS BIGINT) AS bstart,
  CAST(NULL AS BIGINT) AS bend,
  file_id,
  'modules' AS task_name,
  CAST(0 AS INT) AS task_priority
FROM modules
UNION ALL
SELECT
  stable_id_parts('node', def_id, 'CST_DEF') AS node_id,
  'CST_DEF' AS node_kind,
  path,
  bstart,
  bend,
  file_id,
  'defs_norm' AS task_name,
  CAST(1 AS INT) AS task_priority
FROM defs_norm
UNION ALL
SELECT
  stable_id_parts('node', ref_id, 'CST_REF') AS node_id,
  'CST_REF' AS node_kind,
  path,
  bstart,
  bend,
  file_id,
  'refs_norm' AS task_name,
  CAST(1 AS INT) AS task_priority
FROM refs_norm
UNION ALL
SELECT
  stable_id_parts('node', import_id, 'CST_IMPORT_ALIAS') AS node_id,
  'CST_IMPORT_ALIAS' AS node_kind,
  path,
  bstart,
  bend,
  file_id,
  'imports_norm' AS task_name,
  CAST(1 AS INT) AS task_priority
FROM imports_norm
UNION ALL
SELECT
  stable_id_parts('node', call_id, 'CST_CALLSITE') AS node_id,
  'CST_CALLSITE' AS node_kind,
  path,
  bstart,
  bend,
  file_id,
  'calls_norm' AS task_name,
  CAST(1 AS INT) AS task_priority
FROM calls_norm
UNION ALL
SELECT
  node_id,
  'SCIP_SYMBOL' AS node_kind,
  CAST(NULL AS VARCHAR) AS path,
  CAST(NULL AS BIGINT) AS bstart,
  CAST(NULL AS BIGINT) AS bend,
  CAST(NULL AS VARCHAR) AS file_id,
  'graph_symbols' AS task_name,
  CAST(2 AS INT) AS task_priority
FROM graph_symbols
