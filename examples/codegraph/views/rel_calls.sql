/* weir
materialized: table
key: [call_id]
description: >
  Calls with the symbol they call - the occurrence that ends where the callee ends, so that
  math.sqrt(x) calls sqrt and not math, and print(area(2)) does not call area.
*/
SELECT
  c.call_id,
  c.path,
  c.bstart,
  c.bend,
  arg_max(o.symbol, o.score) AS symbol,
  arg_max(o.method, o.score) AS method,
  max(o.score) AS score,
  count_distinct_agg(o.symbol) AS candidate_count,
  any_value_det(o.origin, o.symbol) AS origin
FROM calls_norm AS c
JOIN occurrences AS o
  ON c.path = o.path AND c.callee_bend = o.bend AND o.bstart >= c.callee_bstart
WHERE o.is_read
GROUP BY c.call_id, c.path, c.bstart, c.bend
