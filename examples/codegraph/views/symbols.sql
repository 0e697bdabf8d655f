/* weir
materialized: table
key: [symbol]
description: One row per symbol that the source defines (definitions and modules).
*/
WITH every AS (
  SELECT symbol, kind AS symbol_kind, name, module, fqn, path, bstart
  FROM defs_norm
  UNION ALL
  SELECT symbol, 'module' AS symbol_kind, module AS name, module, module AS fqn, path,
    CAST(0 AS BIGINT) AS bstart
  FROM modules
)
SELECT
  symbol,
  min(symbol_kind) AS symbol_kind,
  min(name) AS name,
  min(module) AS module,
  min(fqn) AS fqn,
  stable_id_parts('node', symbol, 'SCIP_SYMBOL') AS node_id,
  count(*) AS definition_count,
  min(path) AS first_path
FROM every
GROUP BY symbol
