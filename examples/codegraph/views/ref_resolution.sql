/* weir
materialized: table
key: [ref_id]
description: One row per reference with the symbol it means, how that was found, and how sure it is.
*/
WITH candidates AS (
  SELECT
    r.ref_id,
    t.symbol,
    t.method,
    -- The name is also assigned to in that scope: it may mean something else by then.
    t.score - CASE WHEN r.bindings LIKE '%assignment%' THEN 200 ELSE 0 END AS score
  FROM refs_norm AS r
  JOIN name_targets AS t
    ON r.path = t.path AND coalesce(r.binding_scope_bstart, -2) = t.scope_bstart
      AND r.ref_text = t.name
),

ranked AS (
  SELECT
    ref_id,
    symbol,
    method,
    score,
    row_number() OVER (PARTITION BY ref_id ORDER BY score DESC, symbol, method) AS candidate_rank,
    count(*) OVER (PARTITION BY ref_id) AS candidate_count
  FROM candidates
)

SELECT
  r.ref_id,
  r.file_id,
  r.path,
  r.bstart,
  r.bend,
  r.ref_text,
  r.expr_ctx,
  c.symbol,
  c.method AS resolution_method,
  c.score,
  coalesce(c.candidate_count, 0) AS candidate_count,
  CASE
    WHEN c.symbol IS NOT NULL THEN 'resolved'
    WHEN r.bindings IS NULL THEN 'unresolved'
    WHEN r.bindings LIKE '%import%' THEN 'external'
    ELSE 'local'
  END AS resolution
FROM refs_norm AS r
LEFT JOIN ranked AS c ON r.ref_id = c.ref_id AND c.candidate_rank = 1
