/* Broken projects: each gives exactly these errors, with code, file, line and column. */
#include <stdlib.h>
#include <unistd.h>

#include "common/project.h"
#include "common/test.h"
#include "spec/spec.h"

/* weir.yml of cases that are about views. */
#define YML                                                                         \
  "name: p\nwarehouse: ./lake\nparameters:\n  min_score: {type: float64, default: " \
  "0.5}\n"

typedef struct expected {
  weir_status code;
  const char *file;
  uint32_t line, column;
  const char *says; /* part of the message or of the hint */
} expected;

typedef struct bad {
  const char *name;
  wt_file files[3];
  const char *params[3];
  const char *profile;
  expected errors[6];
} bad;

#define YAML_IS(text)  \
  {                    \
    {                  \
      "weir.yml", text \
    }                  \
  }
#define VIEW_IS(text)     \
  {                       \
    {"weir.yml", YML}, {  \
      "views/v.sql", text \
    }                     \
  }

static const bad cases[] = {
    /* ---- YAML ---- */
    {"tab",
     YAML_IS("name: p\n\twarehouse: x\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 2, 1, "not valid YAML"}}},
    {"unclosed",
     YAML_IS("name: [p\nwarehouse: x\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 2, 10, "not valid YAML"}}},
    {"alias",
     YAML_IS("name: p\nwarehouse: *x\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 2, 12, "aliases"}}},
    {"anchor",
     YAML_IS("name: p\nwarehouse: &x ./lake\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 2, 12, "anchors"}}},
    {"tag",
     YAML_IS("name: !!str p\nwarehouse: ./lake\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 1, 7, "tags"}}},
    {"merge key",
     YAML_IS("name: p\nwarehouse: ./lake\nprofiles:\n  dev:\n    <<: {threads: 1}\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 5, 5, "merge"}}},
    {"duplicate key",
     YAML_IS("name: p\nwarehouse: ./lake\nname: q\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 3, 1, "first is in line 1"}}},
    {"duplicate key below",
     YAML_IS("name: p\nwarehouse: ./lake\nsources:\n"
             "  a: {table: x}\n  b: {table: x}\n  a: {table: y}\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 6, 3, "'a' is there twice"}}},
    {"two documents",
     YAML_IS("name: p\nwarehouse: ./lake\n---\nname: q\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 3, 1, "second document"}}},
    {"list as key",
     YAML_IS("name: p\nwarehouse: ./lake\n[a, b]: c\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 3, 1, "a key"}}},
    {"latin-1",
     YAML_IS("name: p\nwarehouse: ./l\xE4ke\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 2, 15, "UTF-8"}}},
    {"control character",
     YAML_IS("name: p\nwarehouse: ./\x01lake\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 2, 14, "control characters"}}},
    {"NUL in quotes",
     YAML_IS("name: p\nwarehouse: \"a\\0b\"\n"),
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 2, 12, "NUL"}}},
    {"empty",
     YAML_IS("# nothing\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 1, 1, "empty"}}},
    {"a list",
     YAML_IS("- name: p\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 1, 1, "not a list"}}},
    /* ---- the project's keys ---- */
    {"no name",
     YAML_IS("warehouse: ./lake\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 1, 1, "no name"}}},
    {"no warehouse",
     YAML_IS("name: p\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 1, 1, "no warehouse"}}},
    {"all in one pass",
     {{"weir.yml", "nam: p\nwarehouse: [a]\nsources: {Files: {table: x}}\nas_of: now\n"},
      {"views/v.sql", "/* weir\nkeys: [a]\n*/ SELECT {{ x }}"}},
     {0},
     NULL,
     {{WEIR_E_UNKNOWN_KEY, "views/v.sql", 2, 1, "did you mean key?"},
      {WEIR_E_TEMPLATE, "views/v.sql", 3, 11, "$x"},
      {WEIR_E_UNKNOWN_KEY, "weir.yml", 1, 1, "did you mean name?"},
      {WEIR_E_BAD_VALUE, "weir.yml", 1, 1, "no name"},
      {WEIR_E_BAD_VALUE, "weir.yml", 2, 12, "warehouse has to be a text, not a list"},
      {WEIR_E_BAD_NAME, "weir.yml", 3, 11, "Files"}}},
    {"project's name",
     YAML_IS("name: My-Project\nwarehouse: ./lake\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_NAME, "weir.yml", 1, 7, "My-Project"}}},
    {"reserved project",
     YAML_IS("name: weir\nwarehouse: ./lake\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_NAME, "weir.yml", 1, 7, "uses that name"}}},
    {"plugins that are no list",
     YAML_IS("name: p\nwarehouse: ./lake\nplugins: ./a.so\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 3, 10, "plugins has to be a list"}}},
    {"a plug-in twice",
     YAML_IS("name: p\nwarehouse: ./lake\nplugins:\n- ./a.so\n- ./a.so\n"),
     {0},
     NULL,
     {{WEIR_E_DUPLICATE_NAME, "weir.yml", 5, 3, "names './a.so' twice"}}},
    {"a plug-in elsewhere",
     YAML_IS("name: p\nwarehouse: ./lake\nplugins: [./a.so, 's3://b/c.so']\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 3, 19, "not 's3://b/c.so'"}}},
    {"later key",
     YAML_IS("name: p\nwarehouse: ./lake\nas_of: 2026-01-01T00:00:00Z\n"),
     {0},
     NULL,
     {{WEIR_E_NOT_YET, "weir.yml", 3, 1, "as_of"}}},
    {"unknown store",
     YAML_IS("name: p\nwarehouse: hdfs://h/x\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 2, 12, "hdfs://"}}},
    {"password in a URI",
     YAML_IS("name: p\nwarehouse: s3://me:hush@b/x\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 2, 12, "user or a password"}}},
    /* ---- sources ---- */
    {"version and timestamp",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  a: {table: x, version: 1, timestamp: "
             "t}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 29, "both version and timestamp"}}},
    {"timestamp",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  a: {table: x, timestamp: t}\n"),
     {0},
     NULL,
     {{WEIR_E_NOT_YET, "weir.yml", 4, 17, "timestamp"}}},
    {"files",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  a:\n    files: x\n    format: csv\n"),
     {0},
     NULL,
     {{WEIR_E_NOT_YET, "weir.yml", 5, 5, "files"},
      {WEIR_E_NOT_YET, "weir.yml", 6, 5, "format"}}},
    {"negative version",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  a: {table: x, version: -1}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 26, "version"}}},
    {"quoted version",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  a: {table: x, version: \"1\"}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 26, "in quotes"}}},
    {"source without table",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  a: {}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 3, "no table"}}},
    {"source as text",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  a: ./x\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 6, "{table:"}}},
    {"source's key",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  a: {tabel: x}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 3, "no table"},
      {WEIR_E_UNKNOWN_KEY, "weir.yml", 4, 7, "did you mean table?"}}},
    {"reserved source",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  information_schema: {table: x}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_NAME, "weir.yml", 4, 3, "information_schema"}}},
    {"source named like a view",
     {{"weir.yml", "name: p\nwarehouse: ./l\nsources:\n  v: {table: x}\n"},
      {"views/v.sql", "SELECT 1"}},
     {0},
     NULL,
     {{WEIR_E_DUPLICATE_NAME, "weir.yml", 4, 3, "views/v.sql"}}},
    {"source is a view's table",
     {{"weir.yml", "name: p\nwarehouse: ./l\nsources:\n  a: {table: ./l/../l/v}\n"},
      {"views/v.sql", "SELECT 1"}},
     {0},
     NULL,
     {{WEIR_E_SOURCE_IS_VIEW, "weir.yml", 4, 3, "'v'"}}},
    {"env outside of storage",
     YAML_IS("name: p\nwarehouse: ./l\nsources:\n  a: {table: \"${env:HOME}/x\"}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 14, "only accepted below a profile's storage"}}},
    /* ---- parameters ---- */
    {"parameter's type",
     YAML_IS("name: p\nwarehouse: ./l\nparameters:\n  a: {type: bigint}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 13, "write int64"}}},
    {"parameter without type",
     YAML_IS("name: p\nwarehouse: ./l\nparameters:\n  a: {default: 1}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 3, "no type"}}},
    {"default's type",
     YAML_IS("name: p\nwarehouse: ./l\nparameters:\n  a: {type: int64, default: 1.5}\n"),
     {0},
     NULL,
     {{WEIR_E_PARAM_TYPE, "weir.yml", 4, 29, "'1.5' is no int64"}}},
    {"timestamp without offset",
     YAML_IS("name: p\nwarehouse: ./l\nparameters:\n"
             "  a: {type: timestamp, default: \"2026-01-01T00:00:00\"}\n"),
     {0},
     NULL,
     {{WEIR_E_PARAM_TYPE, "weir.yml", 4, 33, "with its offset"}}},
    {"no such date",
     YAML_IS("name: p\nwarehouse: ./l\nparameters:\n  a: {type: date, default: "
             "2026-02-30}\n"),
     {0},
     NULL,
     {{WEIR_E_PARAM_TYPE, "weir.yml", 4, 28, "2026-02-30"}}},
    {"run_date of a timestamp",
     YAML_IS("name: p\nwarehouse: ./l\nparameters:\n  a: {type: timestamp, default: "
             "run_date}\n"),
     {0},
     NULL,
     {{WEIR_E_PARAM_TYPE, "weir.yml", 4, 33, "run_date"}}},
    {"param undeclared",
     YAML_IS(YML),
     {"min_scores=1"},
     NULL,
     {{WEIR_E_PARAM_UNKNOWN, "", 0, 0, "did you mean min_score?"}}},
    {"param twice",
     YAML_IS(YML),
     {"min_score=1", "min_score=2"},
     NULL,
     {{WEIR_E_DUPLICATE_NAME, "", 0, 0, "twice"}}},
    {"param's type",
     YAML_IS(YML),
     {"min_score=high"},
     NULL,
     {{WEIR_E_PARAM_TYPE, "", 0, 0, "'high' is no float64"}}},
    {"param without value",
     YAML_IS(YML),
     {"min_score"},
     NULL,
     {{WEIR_E_USAGE, "", 0, 0, "name=value"}}},
    /* ---- profiles ---- */
    {"profile unknown",
     YAML_IS("name: p\nwarehouse: ./l\nprofiles:\n  dev: {}\n"),
     {0},
     "deb",
     {{WEIR_E_BAD_VALUE, "weir.yml", 4, 3, "did you mean dev?"}}},
    {"profile's values",
     YAML_IS(
         "name: p\nwarehouse: ./l\nprofiles:\n  dev:\n    threads: 0\n    memory: lots\n"
         "    spil_dir: x\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 5, 14, "1 to 1024"},
      {WEIR_E_BAD_VALUE, "weir.yml", 6, 13, "2GB"},
      {WEIR_E_UNKNOWN_KEY, "weir.yml", 7, 5, "spill_dir"}}},
    {"variable not set",
     YAML_IS("name: p\nwarehouse: ./l\nprofiles:\n  dev:\n    storage:\n"
             "      aws_secret_access_key: ${env:WEIR_TEST_UNSET}\n"),
     {0},
     "dev",
     {{WEIR_E_BAD_VALUE, "weir.yml", 6, 30, "WEIR_TEST_UNSET"}}},
    {"malformed variable",
     YAML_IS("name: p\nwarehouse: ./l\nprofiles:\n  dev:\n    storage:\n"
             "      region: ${REGION}\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 6, 15, "${env:NAME}"}}},
    {"secret in clear",
     YAML_IS("name: p\nwarehouse: ./l\nprofiles:\n  dev:\n    storage:\n"
             "      azure_storage_account_key: hush\n"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "weir.yml", 6, 34, "is a secret"}}},
    {"no error comes from another one",
     {{"weir.yml", "name: [p\n"},
      {"views/v.sql", "/* weir\nparameters: [x]\n*/ SELECT $x"}},
     {0},
     NULL,
     {{WEIR_E_YAML, "weir.yml", 2, 1, "not valid YAML"}}},
    /* ---- files of views ---- */
    {"one name twice",
     {{"weir.yml", YML}, {"views/a/v.sql", "SELECT 1"}, {"views/b/v.sql", "SELECT 1"}},
     {0},
     NULL,
     {{WEIR_E_DUPLICATE_NAME, "views/b/v.sql", 1, 1, "views/a/v.sql"}}},
    {"name of a view",
     {{"weir.yml", YML}, {"views/My-View.sql", "SELECT 1"}},
     {0},
     NULL,
     {{WEIR_E_BAD_NAME, "views/My-View.sql", 1, 1, "rename the file"}}},
    {"reserved view",
     {{"weir.yml", YML}, {"views/main.sql", "SELECT 1"}},
     {0},
     NULL,
     {{WEIR_E_BAD_NAME, "views/main.sql", 1, 1, "main"}}},
    {"SQL in latin-1",
     VIEW_IS("SELECT\n 'ä', '\xE4'"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 8, "UTF-8"}}},
    {"empty file",
     VIEW_IS(""),
     {0},
     NULL,
     {{WEIR_E_SQL_SYNTAX, "views/v.sql", 1, 1, "no SQL"}}},
    {"only comments",
     VIEW_IS("-- a\n/* b */ ;\n"),
     {0},
     NULL,
     {{WEIR_E_SQL_SYNTAX, "views/v.sql", 1, 1, "no SQL"}}},
    {"only a header",
     VIEW_IS("\n  /* weir\ntags: [a]\n*/\n"),
     {0},
     NULL,
     {{WEIR_E_SQL_SYNTAX, "views/v.sql", 2, 3, "no SQL"}}},
    /* ---- template text ---- */
    {"ref",
     VIEW_IS("SELECT *\nFROM {{ ref('orders') }}"),
     {0},
     NULL,
     {{WEIR_E_TEMPLATE, "views/v.sql", 2, 6, "FROM orders"}}},
    {"var",
     VIEW_IS("SELECT {{ var(\"limit\", 3) }}"),
     {0},
     NULL,
     {{WEIR_E_TEMPLATE, "views/v.sql", 1, 8, "$limit"}}},
    {"block",
     VIEW_IS("{% if x %} SELECT 1 {% endif %}"),
     {0},
     NULL,
     {{WEIR_E_TEMPLATE, "views/v.sql", 1, 1, "$name"},
      {WEIR_E_TEMPLATE, "views/v.sql", 1, 21, "$name"}}},
    {"shell",
     VIEW_IS("SELECT 'ä' || ${Day}"),
     {0},
     NULL,
     {{WEIR_E_TEMPLATE, "views/v.sql", 1, 15, "$day"}}},
    {"erb",
     VIEW_IS("SELECT <%= x %>"),
     {0},
     NULL,
     {{WEIR_E_TEMPLATE, "views/v.sql", 1, 8, "$name"}}},
    {"template in a constraint",
     VIEW_IS("/* weir\nconstraints:\n  ok: a > {{ x }}\n*/ SELECT 1 AS a"),
     {0},
     NULL,
     {{WEIR_E_TEMPLATE, "views/v.sql", 3, 11, "$x"}}},
    /* ---- headers ---- */
    {"header open",
     VIEW_IS("/* weir\nkey: [a]\nSELECT 1"),
     {0},
     NULL,
     {{WEIR_E_YAML, "views/v.sql", 1, 1, "not closed"}}},
    {"header late",
     VIEW_IS("-- (c) us\n/* weir\nkey: [a]\n*/\nSELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 1, "first comment"}}},
    {"header twice",
     VIEW_IS("/* weir */\nSELECT 1 /* weir key: [a] */"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 10, "only one"}}},
    {"header on one line",
     VIEW_IS("/* weir keys: [a] */ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_UNKNOWN_KEY, "views/v.sql", 1, 9, "did you mean key?"}}},
    {"header indented",
     VIEW_IS("\n  /* weir\n  key: [a]\n  keys: [a]\n  */ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_UNKNOWN_KEY, "views/v.sql", 4, 3, "did you mean key?"}}},
    {"header's YAML",
     VIEW_IS("/* weir\nkey: [a\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_YAML, "views/v.sql", 3, 1, "not valid YAML"}}},
    {"header as text",
     VIEW_IS("/* weir views are fine */ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 1, 9, "map of keys"}}},
    {"incremental",
     VIEW_IS("/* weir\nmaterialized: incremental\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_NOT_YET, "views/v.sql", 2, 15, "incremental"}}},
    {"materialized",
     VIEW_IS("/* weir\nmaterialized: ephemeral\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 15, "table or view"}}},
    {"change_feed",
     VIEW_IS("/* weir\nchange_feed: true\nrequire: {}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_NOT_YET, "views/v.sql", 2, 1, "change_feed"},
      {WEIR_E_NOT_YET, "views/v.sql", 3, 1, "require"}}},
    {"key as text",
     VIEW_IS("/* weir\nkey: a\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 6, "[a, b]"}}},
    {"key twice",
     VIEW_IS("/* weir\nkey: [a, b, a]\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_DUPLICATE_NAME, "views/v.sql", 2, 13, "twice"}}},
    {"empty name",
     VIEW_IS("/* weir\nsort_by: [a, '']\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 14, "empty"}}},
    {"tag with a comma",
     VIEW_IS("/* weir\ntags: ['a,b']\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 8, "tag"}}},
    {"parameter of a header",
     VIEW_IS("/* weir\nparameters: [min_scor]\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_PARAM_UNKNOWN, "views/v.sql", 2, 14, "did you mean min_score?"}}},
    {"constraints as list",
     VIEW_IS("/* weir\nconstraints: [a]\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 14, "not a list"}}},
    {"unique of nothing",
     VIEW_IS("/* weir\nconstraints: {u: {unique: []}}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 27, "at least one column"}}},
    {"constraint of only a comment",
     VIEW_IS("/* weir\nconstraints: {u: '-- x'}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 18, "empty"}}},
    {"column's type",
     VIEW_IS("/* weir\ncolumns:\n  - a: int46\n  - b: long\n  - c: decimal(39,1)\n*/ "
             "SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 3, 8, "int64"},
      {WEIR_E_BAD_VALUE, "views/v.sql", 4, 8, "write int64"},
      {WEIR_E_BAD_VALUE, "views/v.sql", 5, 8, "no type of a column"}}},
    {"column twice",
     VIEW_IS("/* weir\ncolumns: [a: int64, a: int64]\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_DUPLICATE_NAME, "views/v.sql", 2, 21, "twice"}}},
    {"column not_null",
     VIEW_IS("/* weir\ncolumns: {a: {type: int64, not_null: yes}}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 38, "true or false"}}},
    {"property of weir",
     VIEW_IS("/* weir\nproperties: {weir.owner: me}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 14, "weir alone"}}},
    {"property later",
     VIEW_IS("/* weir\nproperties: {delta.enableChangeDataFeed: true}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_NOT_YET, "views/v.sql", 2, 14, "enableChangeDataFeed"}}},
    {"property unknown",
     VIEW_IS("/* weir\nproperties: {delta.appendonly: true, owner: x}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 14, "did you mean delta.appendOnly?"},
      {WEIR_E_BAD_VALUE, "views/v.sql", 2, 38, "team.owner"}}},
    {"property's value",
     VIEW_IS("/* weir\nproperties: {delta.logRetentionDuration: 30d}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 42, "interval 30 days"}}},
    {"metadata reserved",
     VIEW_IS("/* weir\nwrite_metadata: {operation: x, weir.run: y}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 18, "operation"},
      {WEIR_E_BAD_VALUE, "views/v.sql", 2, 32, "weir.run"}}},
    {"retries",
     VIEW_IS("/* weir\nmax_commit_retries: 101\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 21, "0 to 100"}}},
    {"file size",
     VIEW_IS("/* weir\ntarget_file_size: 10KB\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 19, "1MB"}}},
    {"append_only twice",
     VIEW_IS("/* weir\nappend_only: true\nproperties: {delta.appendOnly: false}\n*/ "
             "SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 1, "contradict"}}},
    {"partitions of a view",
     VIEW_IS("/* weir\nmaterialized: view\npartition_by: [a]\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 3, 1, "no table"}}},
    {"env in a header",
     VIEW_IS("/* weir\ndescription: ${env:HOME}\n*/ SELECT 1"),
     {0},
     NULL,
     {{WEIR_E_BAD_VALUE, "views/v.sql", 2, 14, "storage"}}}};

static void show(const char *name, const wi_diags *diags) {
  printf("  case '%s' gave:\n", name);
  for (size_t i = 0; i < diags->n; i++) {
    const weir_error *e = &diags->items[i].error;
    printf("    %s %s:%u:%u %s | %s\n", weir_error_code_name(e->code), e->file, e->line,
           e->column, e->message, e->hint);
  }
}

static bool matches(const weir_error *e, const expected *want) {
  return e->code == want->code && strcmp(e->file, want->file) == 0 &&
         e->line == want->line && e->column == want->column &&
         (strstr(e->message, want->says) != NULL ||
          strstr(e->hint, want->says) != NULL) &&
         e->message[0] != '\0' && strstr(e->message, "hush") == NULL &&
         strstr(e->hint, "hush") == NULL;
}

static void check_case(const bad *one) {
  wt_project project;
  wi_spec *spec = NULL;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  size_t n_files = 0, n_params = 0, want = 0;
  while (n_files < 3 && one->files[n_files].path != NULL) {
    n_files++;
  }
  while (n_params < 3 && one->params[n_params] != NULL) {
    n_params++;
  }
  if (!wt_project_make(&project, one->files, n_files)) {
    return;
  }
  wi_spec_options options = {.path = project.root,
                             .profile = one->profile,
                             .params = one->params,
                             .n_params = n_params};
  weir_status status = wi_spec_load(&options, &spec, &diags, &err);
  bool good = status == WEIR_E_PROJECT && err.code == WEIR_E_PROJECT && spec != NULL;
  for (; want < 6 && one->errors[want].says != NULL; want++) {
    good =
        good && want < diags.n && matches(&diags.items[want].error, &one->errors[want]);
  }
  /* the last case of "all in one pass" has more than the table holds */
  if (!good || (want < 6 && diags.n != want)) {
    wt_fail(__FILE__, __LINE__, "case '%s': not the expected errors", one->name);
    show(one->name, &diags);
  }
  weir_error_release(&err);
  wi_diags_release(&diags);
  wi_spec_free(&spec);
  wt_project_remove(&project);
}

WT_TEST(bad_projects_give_their_errors) {
  const size_t n = sizeof cases / sizeof cases[0];
  unsetenv("WEIR_TEST_UNSET");
  WT_CHECK(n >= 40);
  for (size_t i = 0; i < n; i++) {
    check_case(&cases[i]);
  }
  printf("  %zu broken projects\n", n);
}

WT_TEST(all_in_one_pass_counts_all) {
  const wt_file files[] = {
      {"weir.yml", "nam: p\nwarehouse: [a]\nsources: {Files: {table: x}}\nas_of: now\n"},
      {"views/v.sql", "/* weir\nkeys: [a]\n*/ SELECT {{ x }}"}};
  wt_project project;
  wi_spec *spec = NULL;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(wt_project_make(&project, WT_FILES(files)));
  wi_spec_options options = {.path = project.root};
  WT_EQ_INT(wi_spec_load(&options, &spec, &diags, &err), WEIR_E_PROJECT);
  WT_EQ_INT(diags.errors, 7);
  WT_EQ_INT(diags.items[6].error.code, WEIR_E_NOT_YET);
  WT_CHECK(strstr(err.message, "7 errors") != NULL);
  weir_error_release(&err);
  wi_diags_release(&diags);
  wi_spec_free(&spec);
  wt_project_remove(&project);
}

WT_TEST(no_project_is_said_both_ways) {
  const wt_file files[] = {{"a/b/c.txt", "x"}};
  wt_project project;
  wi_spec *spec = NULL;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(wt_project_make(&project, WT_FILES(files)));
  wi_spec_options search = {.cwd = project.root};
  WT_EQ_INT(wi_spec_load(&search, &spec, &diags, &err), WEIR_E_NO_PROJECT);
  WT_CHECK(spec == NULL);
  WT_EQ_INT(diags.errors, 1);
  WT_EQ_INT(diags.items[0].error.code, WEIR_E_NO_PROJECT);
  WT_CHECK(strstr(err.hint, "weir init") != NULL);
  weir_error_release(&err);
  wi_spec_options named = {.path = "a", .cwd = project.root};
  WT_EQ_INT(wi_spec_load(&named, &spec, &diags, &err), WEIR_E_NO_PROJECT);
  weir_error_release(&err);
  wi_spec_options absent = {.path = "nowhere", .cwd = project.root};
  WT_EQ_INT(wi_spec_load(&absent, &spec, &diags, NULL), WEIR_E_NO_PROJECT);
  WT_EQ_INT(diags.errors, 3);
  wi_diags_release(&diags);
  wt_project_remove(&project);
}

WT_TEST(links_may_not_leave_the_project) {
  const wt_file files[] = {{"p/weir.yml", YML},
                           {"p/views/v.sql", "SELECT 1"},
                           {"p/more/w.sql", "SELECT 2"},
                           {"out/x.sql", "SELECT 3"}};
  wt_project project;
  wi_spec *spec = NULL;
  wi_diags diags = WI_DIAGS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  char path[256];
  WT_CHECK(wt_project_make(&project, WT_FILES(files)));
  snprintf(path, sizeof path, "%s/p", project.root);
  WT_EQ_INT(chdir(path), 0);
  WT_EQ_INT(symlink("../../out/x.sql", "views/x.sql"), 0);
  WT_EQ_INT(symlink("../more", "views/more"), 0);
  WT_EQ_INT(symlink("..", "views/loop"), 0);
  WT_EQ_INT(symlink("nowhere", "views/gone.sql"), 0);
  WT_EQ_INT(chdir("/"), 0);
  wi_spec_options options = {.path = path};
  WT_EQ_INT(wi_spec_load(&options, &spec, &diags, &err), WEIR_E_PROJECT);
  WT_EQ_INT(diags.n, 3);
  WT_EQ_STR(diags.items[0].error.file, "views/gone.sql");
  WT_EQ_STR(diags.items[1].error.file, "views/loop");
  WT_CHECK(strstr(diags.items[1].error.message, "circle") != NULL);
  WT_EQ_STR(diags.items[2].error.file, "views/x.sql");
  WT_CHECK(strstr(diags.items[2].error.message, "out of the project") != NULL);
  WT_EQ_INT(spec->n_views, 2); /* the link inside is followed */
  WT_EQ_STR(spec->views[1].file, "views/more/w.sql");
  weir_error_release(&err);
  wi_diags_release(&diags);
  wi_spec_free(&spec);
  wt_project_remove(&project);
}
