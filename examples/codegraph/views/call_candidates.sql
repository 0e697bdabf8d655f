/* weir
materialized: table
key: [call_id, symbol]
description: >
  All definitions that a call may mean, best first. Methods: scope (the name is defined in a
  scope around the call), import, star_import, qualified (a dotted name through an import),
  reexport (the same, where the module only passes the name on), member (Class.name of a class
  that the name means), self (a method of the same class), unique_name (the only method of that
  name anywhere; a guess).
*/
WITH named AS (
  SELECT c.call_id, t.symbol, t.method, t.score, c.bindings
  FROM calls_norm AS c
  JOIN name_targets AS t
    ON c.path = t.path AND coalesce(c.binding_scope_bstart, -2) = t.scope_bstart
      AND c.callee_root = t.name
  WHERE c.callee_shape = 'name'
),

qualified AS (
  SELECT c.call_id, d.symbol, 'qualified' AS method, 900 AS score, c.bindings
  FROM calls_norm AS c
  JOIN defs_norm AS d ON c.callee_fqn = d.fqn
  WHERE c.callee_shape = 'attribute'
),

reexported AS (
  SELECT c.call_id, e.symbol, 'reexport' AS method, 850 - 50 * e.hops AS score, c.bindings
  FROM (
    SELECT
      call_id,
      bindings,
      regexp_replace(callee_fqn, '[.][^.]*$', '') AS module,
      regexp_replace(callee_fqn, '^.*[.]', '') AS name
    FROM calls_norm
    WHERE callee_shape = 'attribute' AND callee_fqn IS NOT NULL
  ) AS c
  JOIN exports AS e ON c.module = e.module AND c.name = e.name
  WHERE e.hops > 0
),

members AS (
  SELECT c.call_id, d.symbol, 'member' AS method, 850 AS score, c.bindings
  FROM calls_norm AS c
  JOIN name_targets AS t
    ON c.path = t.path AND c.binding_scope_bstart = t.scope_bstart AND c.callee_root = t.name
  JOIN defs_norm AS k ON t.symbol = k.symbol AND k.kind = 'class'
  JOIN defs_norm AS d
    ON k.path = d.path AND k.bstart = d.scope_bstart AND c.callee_member = d.name
),

own AS (
  SELECT c.call_id, d.symbol, 'self' AS method, 800 AS score, CAST(NULL AS VARCHAR) AS bindings
  FROM calls_norm AS c
  JOIN enclosing_def AS e ON c.call_id = e.entity_id
  JOIN defs_norm AS d
    ON e.path = d.path AND e.def_scope_bstart = d.scope_bstart AND c.callee_member = d.name
  WHERE c.callee_root IN ('self', 'cls') AND e.def_kind = 'method' AND d.kind = 'method'
),

unique_methods AS (
  SELECT name, min(symbol) AS symbol
  FROM defs_norm
  WHERE kind = 'method'
  GROUP BY name
  HAVING count(*) = 1
),

guessed AS (
  SELECT c.call_id, u.symbol, 'unique_name' AS method, 400 AS score,
    CAST(NULL AS VARCHAR) AS bindings
  FROM calls_norm AS c
  JOIN unique_methods AS u ON c.callee_member = u.name
  WHERE c.callee_fqn IS NULL
),

every AS (
  SELECT call_id, symbol, method, score, bindings FROM named
  UNION ALL
  SELECT call_id, symbol, method, score, bindings FROM qualified
  UNION ALL
  SELECT call_id, symbol, method, score, bindings FROM reexported
  UNION ALL
  SELECT call_id, symbol, method, score, bindings FROM members
  UNION ALL
  SELECT call_id, symbol, method, score, bindings FROM own
  UNION ALL
  SELECT call_id, symbol, method, score, bindings FROM guessed
),

scored AS (
  SELECT
    call_id,
    symbol,
    method,
    score - CASE WHEN bindings LIKE '%assignment%' THEN 200 ELSE 0 END AS score,
    row_number() OVER (
      PARTITION BY call_id, symbol
      ORDER BY score - CASE WHEN bindings LIKE '%assignment%' THEN 200 ELSE 0 END DESC, method
    ) AS way
  FROM every
)

SELECT
  s.call_id,
  s.symbol,
  s.method,
  s.score,
  y.symbol_kind,
  y.definition_count,
  row_number() OVER (
    PARTITION BY s.call_id ORDER BY s.score DESC, s.symbol
  ) AS candidate_rank,
  count(*) OVER (PARTITION BY s.call_id) AS candidate_count
FROM scored AS s
JOIN symbols AS y ON s.symbol = y.symbol
WHERE s.way = 1 AND y.symbol_kind <> 'module'
