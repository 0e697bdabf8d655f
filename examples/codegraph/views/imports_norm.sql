/* weir
materialized: table
key: [import_id]
constraints:
  span_ok: "bend >= bstart"
description: One row per imported name, with ids and span, and relative imports made absolute.
*/
WITH placed AS (
  SELECT
    i.*,
    string_to_array(m.module, '.') AS parts,
    -- How many leading parts of the own module's name the dots leave.
    CAST(
      CASE WHEN m.module = '' THEN 0 ELSE cardinality(string_to_array(m.module, '.')) END
      - CASE WHEN m.is_package THEN 0 ELSE 1 END
      - (i.relative_level - 1) AS BIGINT
    ) AS kept
  FROM cst_imports AS i
  JOIN modules AS m ON i.file_id = m.file_id
),

based AS (
  SELECT
    placed.*,
    CASE
      WHEN relative_level = 0 THEN ''
      WHEN kept > 0 THEN array_to_string(array_slice(parts, 1, kept), '.')
      WHEN kept = 0 THEN ''
    END AS base
  FROM placed
)

SELECT
  stable_id_parts('cst_import', path, alias_bstart, alias_bend) AS import_id,
  file_id,
  path,
  kind,
  module,
  relative_level,
  name,
  asname,
  is_star,
  alias_bstart AS bstart,
  alias_bend AS bend,
  span_make(alias_bstart, alias_bend) AS span,
  stmt_bstart,
  stmt_bend,
  scope_type,
  scope_bstart,
  -- The name that the statement binds in its scope; none for a star.
  CASE
    WHEN is_star THEN NULL
    WHEN asname IS NOT NULL THEN asname
    WHEN kind = 'from' THEN name
    ELSE split_part(module, '.', 1)
  END AS bound_name,
  -- The module that is loaded; null when the dots lead above the top.
  CASE
    WHEN base IS NULL THEN NULL
    WHEN base = '' THEN coalesce(module, '')
    WHEN module IS NULL THEN base
    ELSE concat(base, '.', module)
  END AS target_module
FROM based
