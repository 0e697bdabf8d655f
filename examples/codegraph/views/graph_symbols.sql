/* weir
materialized: table
key: [symbol]
description: >
  One row per symbol of the graph, defined in the source or only named in it, with the files that
  name it.
*/
WITH named AS (
  SELECT
    symbol,
    collect_set(path) AS paths,
    any_value_det(path, bstart) AS example_path,
    count_if(is_definition) AS definitions,
    count_if(is_read) AS reads,
    count_if(is_write) AS writes
  FROM occurrences
  GROUP BY symbol
)
SELECT
  coalesce(s.symbol, n.symbol) AS symbol,
  stable_id_parts('node', coalesce(s.symbol, n.symbol), 'SCIP_SYMBOL') AS node_id,
  s.symbol IS NOT NULL AS is_defined,
  n.paths,
  n.example_path,
  coalesce(n.definitions, 0) AS definitions,
  coalesce(n.reads, 0) AS reads,
  coalesce(n.writes, 0) AS writes
FROM symbols AS s
FULL JOIN named AS n ON s.symbol = n.symbol
