/* weir
materialized: table
constraints:
  none: "false"
description: Edges with an end that is no node. It must be empty, and the run fails when it is not.
*/
SELECT e.edge_id, e.edge_kind, 'src' AS side, e.src_node_id AS node_id
FROM cpg_edges AS e
LEFT ANTI JOIN cpg_nodes AS n ON e.src_node_id = n.node_id
UNION ALL
SELECT e.edge_id, e.edge_kind, 'dst' AS side, e.dst_node_id AS node_id
FROM cpg_edges AS e
LEFT ANTI JOIN cpg_nodes AS n ON e.dst_node_id = n.node_id
