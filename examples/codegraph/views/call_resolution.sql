/* weir
materialized: table
key: [call_id]
description: One row per call with the best definition found, its score and what else it may be.
*/
SELECT
  c.call_id,
  c.file_id,
  c.path,
  c.bstart,
  c.bend,
  c.callee_bstart,
  c.callee_bend,
  c.callee_text,
  c.callee_name,
  b.symbol,
  b.method AS resolution_method,
  b.score,
  coalesce(b.candidate_count, 0) AS candidate_count,
  b.definition_count,
  CASE WHEN b.symbol IS NULL THEN 'unresolved' ELSE 'resolved' END AS resolution
FROM calls_norm AS c
LEFT JOIN call_candidates AS b ON c.call_id = b.call_id AND b.candidate_rank = 1
