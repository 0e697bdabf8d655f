/* weir
materialized: table
key: [entity_id]
description: Calls and references with more than one candidate, and symbols defined more than once.
*/
WITH second AS (
  SELECT call_id, symbol, score FROM call_candidates WHERE candidate_rank = 2
)
SELECT
  r.call_id AS entity_id,
  'call' AS entity_kind,
  'several candidates' AS reason,
  r.path,
  r.bstart,
  r.bend,
  r.callee_text AS text,
  r.symbol AS best_symbol,
  r.score AS best_score,
  s.symbol AS second_symbol,
  s.score AS second_score,
  r.candidate_count
FROM call_resolution AS r
JOIN second AS s ON r.call_id = s.call_id
UNION ALL
SELECT
  ref_id AS entity_id,
  'ref' AS entity_kind,
  'several candidates' AS reason,
  path,
  bstart,
  bend,
  ref_text AS text,
  symbol AS best_symbol,
  score AS best_score,
  CAST(NULL AS VARCHAR) AS second_symbol,
  CAST(NULL AS BIGINT) AS second_score,
  candidate_count
FROM ref_resolution
WHERE candidate_count > 1
UNION ALL
SELECT
  node_id AS entity_id,
  'symbol' AS entity_kind,
  'defined more than once' AS reason,
  first_path AS path,
  CAST(NULL AS BIGINT) AS bstart,
  CAST(NULL AS BIGINT) AS bend,
  name AS text,
  symbol AS best_symbol,
  CAST(NULL AS BIGINT) AS best_score,
  CAST(NULL AS VARCHAR) AS second_symbol,
  CAST(NULL AS BIGINT) AS second_score,
  definition_count AS candidate_count
FROM symbols
WHERE definition_count > 1
