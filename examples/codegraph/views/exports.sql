/* weir
materialized: table
key: [module, name, symbol]
description: >
  What a name of a module means: a definition at its top level (hops 0), a submodule, or what
  the module itself imported from another one, by name or by star, over at most three hops.
*/
WITH named AS (
  SELECT DISTINCT d.module, d.name, d.symbol, 'def' AS target_kind
  FROM defs_norm AS d
  JOIN modules AS m ON d.file_id = m.file_id
  WHERE d.scope_bstart = -1 AND m.is_importable
),

submodules AS (
  SELECT
    CASE
      WHEN strpos(module, '.') = 0 THEN ''
      ELSE regexp_replace(module, '[.][^.]*$', '')
    END AS module,
    regexp_replace(module, '^.*[.]', '') AS name,
    symbol,
    'module' AS target_kind
  FROM modules
  WHERE is_importable AND module <> ''
),

hop0 AS (
  SELECT module, name, symbol, target_kind, 0 AS hops FROM named
  UNION ALL
  SELECT module, name, symbol, target_kind, 0 AS hops FROM submodules
),

-- Imports at the top level of a module are names of that module.
passed_on AS (
  SELECT DISTINCT m.module, i.bound_name, i.target_module, i.name, i.is_star
  FROM imports_norm AS i
  JOIN modules AS m ON i.file_id = m.file_id
  WHERE i.scope_bstart = -1 AND i.kind = 'from' AND m.is_importable
    AND i.target_module IS NOT NULL AND i.target_module <> m.module
),

hop1 AS (
  SELECT p.module, p.bound_name AS name, e.symbol, e.target_kind, 1 AS hops
  FROM passed_on AS p
  JOIN hop0 AS e ON p.target_module = e.module AND p.name = e.name
  WHERE NOT p.is_star
  UNION ALL
  SELECT p.module, e.name, e.symbol, e.target_kind, 1 AS hops
  FROM passed_on AS p
  JOIN hop0 AS e ON p.target_module = e.module
  WHERE p.is_star AND e.target_kind = 'def' AND substr(e.name, 1, 1) <> '_'
),

hop2 AS (
  SELECT p.module, p.bound_name AS name, e.symbol, e.target_kind, 2 AS hops
  FROM passed_on AS p
  JOIN hop1 AS e ON p.target_module = e.module AND p.name = e.name
  WHERE NOT p.is_star
  UNION ALL
  SELECT p.module, e.name, e.symbol, e.target_kind, 2 AS hops
  FROM passed_on AS p
  JOIN hop1 AS e ON p.target_module = e.module
  WHERE p.is_star AND e.target_kind = 'def' AND substr(e.name, 1, 1) <> '_'
),

hop3 AS (
  SELECT p.module, p.bound_name AS name, e.symbol, e.target_kind, 3 AS hops
  FROM passed_on AS p
  JOIN hop2 AS e ON p.target_module = e.module AND p.name = e.name
  WHERE NOT p.is_star
),

every AS (
  SELECT module, name, symbol, target_kind, hops FROM hop0
  UNION ALL
  SELECT module, name, symbol, target_kind, hops FROM hop1
  UNION ALL
  SELECT module, name, symbol, target_kind, hops FROM hop2
  UNION ALL
  SELECT module, name, symbol, target_kind, hops FROM hop3
)

SELECT module, name, symbol, min(target_kind) AS target_kind, min(hops) AS hops
FROM every
GROUP BY module, name, symbol
