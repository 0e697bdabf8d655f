/* weir
materialized: table
key: [call_id]
constraints:
  span_ok: "bend >= bstart"
  callee_in_call: "callee_bstart >= bstart AND callee_bend <= bend"
description: One row per call, with ids and spans, and the callee as far as names alone tell.
*/
SELECT
  stable_id_parts('cst_call', path, call_bstart, call_bend) AS call_id,
  file_id,
  path,
  call_bstart AS bstart,
  call_bend AS bend,
  span_make(call_bstart, call_bend) AS span,
  callee_bstart,
  callee_bend,
  span_make(callee_bstart, callee_bend) AS callee_span,
  callee_shape,
  callee_text,
  callee_dotted,
  -- The last name of the callee: what a SCIP index has an occurrence for.
  regexp_replace(coalesce(callee_dotted, callee_text), '^.*[.]', '') AS callee_name,
  callee_root,
  -- root.name and no longer: the part after the dot.
  CASE
    WHEN callee_shape = 'attribute' AND split_part(callee_dotted, '.', 3) = ''
      THEN nullif(split_part(callee_dotted, '.', 2), '')
  END AS callee_member,
  callee_fqns[1] AS callee_fqn,
  arg_count,
  scope_bstart,
  binding_scope_bstart,
  attrs['bindings'] AS bindings
FROM cst_callsites
