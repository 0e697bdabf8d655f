/* weir
materialized: table
key: [file_id]
constraints:
  file_id_set: "file_id IS NOT NULL"
description: Every file with the module name it has when the source folder is the import root.
*/
WITH named AS (
  SELECT
    file_id,
    path,
    bucket,
    path = '__init__.py' OR path LIKE '%/__init__.py' AS is_package,
    CASE
      WHEN path = '__init__.py' THEN ''
      WHEN path LIKE '%/__init__.py'
        THEN replace(substr(path, 1, character_length(path) - 12), '/', '.')
      ELSE replace(substr(path, 1, character_length(path) - 3), '/', '.')
    END AS module
  FROM repo_files
)
SELECT
  file_id,
  path,
  bucket,
  module,
  is_package,
  concat('py ', module, '/') AS symbol,
  -- x.py beside x/__init__.py: Python imports the package.
  row_number() OVER (PARTITION BY module ORDER BY is_package DESC, path) = 1 AS is_importable
FROM named
