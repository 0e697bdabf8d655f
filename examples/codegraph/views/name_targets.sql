/* weir
materialized: table
key: [path, scope_bstart, name, symbol, method]
description: >
  What a name bound in a scope can stand for: a definition of that scope, or an import.
  Names that nothing binds in a file can come from its star imports (scope_bstart -2).
*/
WITH star AS (
  SELECT i.path, e.name, e.symbol, min(e.hops) AS hops
  FROM imports_norm AS i
  JOIN exports AS e ON i.target_module = e.module
  WHERE i.is_star AND e.target_kind = 'def' AND substr(e.name, 1, 1) <> '_'
  GROUP BY i.path, e.name, e.symbol
),

imported AS (
  SELECT path, scope_bstart, bound_name AS name, bound_symbol AS symbol, max(score) AS score
  FROM import_resolution
  WHERE bound_symbol IS NOT NULL
  GROUP BY path, scope_bstart, bound_name, bound_symbol
)

SELECT path, scope_bstart, name, symbol, 'scope' AS method, 1000 AS score,
  count(*) AS definition_count
FROM defs_norm
GROUP BY path, scope_bstart, name, symbol
UNION ALL
SELECT path, scope_bstart, name, symbol, 'import' AS method,
  coalesce(score, 1000) - 100 AS score, 1 AS definition_count
FROM imported
UNION ALL
SELECT path, -2 AS scope_bstart, name, symbol, 'star_import' AS method,
  600 - 50 * hops AS score, 1 AS definition_count
FROM star
