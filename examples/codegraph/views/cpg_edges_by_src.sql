/* weir
materialized: table
key: [src_node_id]
description: The edges of each node, in the order of their kind and id.
*/
-- Sorted after collecting: a struct's order is that of its fields, and edge_id makes it total.
-- array_agg with an ORDER BY of its own keeps every row as a scalar, which is 50 times slower.
SELECT
  src_node_id,
  count(*) AS edge_count,
  array_sort(array_agg(
    named_struct(
      'edge_kind', edge_kind, 'edge_id', edge_id, 'dst_node_id', dst_node_id, 'score', score
    )
  )) AS edges
FROM cpg_edges
GROUP BY src_node_id
