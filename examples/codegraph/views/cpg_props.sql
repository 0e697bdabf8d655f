/* weir
materialized: table
key: [entity_kind, entity_id, prop_key]
constraints:
  id_set: "entity_id IS NOT NULL"
  key_set: "prop_key IS NOT NULL"
  one_value: "(value_string IS NOT NULL) <> (value_int IS NOT NULL)"
description: >
  Properties of nodes, one row each; a property without a value has no row. Text is in
  value_string, numbers and flags (0, 1) are in value_int.
*/
WITH bags AS (
  SELECT stable_id_parts('node', file_id, 'PY_FILE') AS entity_id, 'PY_FILE' AS node_kind,
    make_array(
      named_struct('k', 'path', 's', path, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'file_sha256', 's', file_sha256, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'encoding', 's', encoding, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'parse_status', 's', parse_status, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'size_bytes', 's', CAST(NULL AS VARCHAR), 'i', size_bytes)
    ) AS props
  FROM repo_files
  UNION ALL
  SELECT stable_id_parts('node', def_id, 'CST_DEF') AS entity_id, 'CST_DEF' AS node_kind,
    make_array(
      named_struct('k', 'def_kind', 's', kind, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'name', 's', name, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'qname', 's', qname, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'container_def_id', 's', container_def_id, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'docstring', 's', docstring, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'decorator_count', 's', CAST(NULL AS VARCHAR),
        'i', CAST(decorator_count AS BIGINT))
    ) AS props
  FROM defs_norm
  UNION ALL
  SELECT stable_id_parts('node', def_id, 'CST_DEF') AS entity_id, 'CST_DEF' AS node_kind,
    make_array(
      named_struct('k', 'line', 's', CAST(NULL AS VARCHAR), 'i', line_no)
    ) AS props
  FROM def_lines
  UNION ALL
  SELECT stable_id_parts('node', ref_id, 'CST_REF') AS entity_id, 'CST_REF' AS node_kind,
    make_array(
      named_struct('k', 'ref_text', 's', ref_text, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'expr_context', 's', expr_ctx, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'scope_name', 's', scope_name, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'scope_role', 's', scope_role, 'i', CAST(NULL AS BIGINT))
    ) AS props
  FROM refs_norm
  UNION ALL
  SELECT stable_id_parts('node', import_id, 'CST_IMPORT_ALIAS') AS entity_id,
    'CST_IMPORT_ALIAS' AS node_kind,
    make_array(
      named_struct('k', 'import_kind', 's', kind, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'module', 's', module, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'imported_name', 's', name, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'asname', 's', asname, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'relative_level', 's', CAST(NULL AS VARCHAR),
        'i', CAST(relative_level AS BIGINT)),
      named_struct('k', 'is_star', 's', CAST(NULL AS VARCHAR), 'i', CAST(is_star AS BIGINT))
    ) AS props
  FROM imports_norm
  UNION ALL
  SELECT stable_id_parts('node', call_id, 'CST_CALLSITE') AS entity_id,
    'CST_CALLSITE' AS node_kind,
    make_array(
      named_struct('k', 'callee_shape', 's', callee_shape, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'callee_text', 's', callee_text, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'callee_dotted', 's', callee_dotted, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'arg_count', 's', CAST(NULL AS VARCHAR), 'i', CAST(arg_count AS BIGINT))
    ) AS props
  FROM calls_norm
  UNION ALL
  SELECT node_id AS entity_id, 'SCIP_SYMBOL' AS node_kind,
    make_array(
      named_struct('k', 'symbol', 's', symbol, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'symbol_kind', 's', symbol_kind, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'name', 's', name, 'i', CAST(NULL AS BIGINT)),
      named_struct('k', 'definition_count', 's', CAST(NULL AS VARCHAR), 'i', definition_count)
    ) AS props
  FROM symbols
),

rows AS (
  SELECT entity_id, node_kind, unnest(props) AS prop FROM bags
)

SELECT
  'node' AS entity_kind,
  entity_id,
  node_kind,
  prop['k'] AS prop_key,
  CASE WHEN prop['i'] IS NULL THEN 'string' ELSE 'int' END AS value_type,
  prop['s'] AS value_string,
  prop['i'] AS value_int
FROM rows
WHERE prop['s'] IS NOT NULL OR prop['i'] IS NOT NULL
