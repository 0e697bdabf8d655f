/* weir
materialized: table
key: [import_id]
description: >
  What each import means in this source: a module, a name of one, or nothing (external).
  `symbol` is what is imported, `bound_symbol` what the bound name then stands for.
*/
WITH candidates AS (
  SELECT i.import_id, m.symbol, 'module' AS target_kind, 0 AS hops, 1000 AS score
  FROM imports_norm AS i
  JOIN modules AS m ON i.target_module = m.module AND m.is_importable
  WHERE i.kind = 'import' OR i.is_star
  UNION ALL
  SELECT
    i.import_id,
    e.symbol,
    e.target_kind,
    e.hops,
    -- A name of the module itself goes before a submodule of the same name.
    1000 - 100 * e.hops - CASE WHEN e.target_kind = 'module' THEN 50 ELSE 0 END AS score
  FROM imports_norm AS i
  JOIN exports AS e ON i.target_module = e.module AND i.name = e.name
  WHERE i.kind = 'from' AND NOT i.is_star
),

ranked AS (
  SELECT
    import_id,
    symbol,
    target_kind,
    hops,
    score,
    row_number() OVER (PARTITION BY import_id ORDER BY score DESC, symbol) AS candidate_rank,
    count(*) OVER (PARTITION BY import_id) AS candidate_count
  FROM candidates
),

roots AS (
  SELECT module, symbol FROM modules WHERE is_importable
)

SELECT
  i.import_id,
  i.file_id,
  i.path,
  i.bstart,
  i.bend,
  i.scope_bstart,
  i.bound_name,
  i.is_star,
  i.target_module,
  r.symbol,
  r.target_kind,
  r.hops,
  r.score,
  coalesce(r.candidate_count, 0) AS candidate_count,
  CASE
    WHEN i.is_star THEN NULL
    -- `import a.b` binds a.
    WHEN i.kind = 'import' AND i.asname IS NULL THEN t.symbol
    ELSE r.symbol
  END AS bound_symbol,
  CASE
    WHEN r.symbol IS NULL THEN 'external'
    ELSE 'resolved'
  END AS resolution
FROM imports_norm AS i
LEFT JOIN ranked AS r ON i.import_id = r.import_id AND r.candidate_rank = 1
LEFT JOIN roots AS t ON i.bound_name = t.module
