/* The project as written: weir.yml and the SQL files below views with their headers,
 * read and checked, every error with file, line and column. Pure data: no engine, no
 * table is opened here.
 *
 * Lifecycle: wi_spec_load -> read-only use -> wi_spec_free. All pointers live in the
 * spec's arena. Lists are sorted by name. */
#ifndef WI_SPEC_SPEC_H
#define WI_SPEC_SPEC_H

#include "base/base.h"

typedef struct wi_place { /* where in the project something was written */
  const char *file;       /* relative to the project's folder */
  uint32_t line, column;  /* 1-based; 0: unknown */
} wi_place;

/* A sorted or ordered list of texts, as documented at its use. */
typedef struct wi_names {
  const char **items;
  size_t n;
} wi_names;

typedef struct wi_pairs { /* sorted by key */
  const char **keys;
  const char **values;
  size_t n;
} wi_pairs;

typedef enum wi_type {
  WI_TYPE_INT64 = 1,
  WI_TYPE_FLOAT64 = 2,
  WI_TYPE_STRING = 3,
  WI_TYPE_BOOLEAN = 4,
  WI_TYPE_DATE = 5,
  WI_TYPE_TIMESTAMP = 6
} wi_type;
const char *wi_type_name(wi_type type);
bool wi_type_parse(const char *text, wi_type *out);

/* A typed scalar; i64 holds days for dates, microseconds for timestamps. */
typedef struct wi_value {
  wi_type type;
  bool is_null;
  int64_t i64;
  double f64;
  bool boolean;
  const char *text;
} wi_value;
/* Reads `text` as a value of `type` (decimal, shortest float, true/false, YYYY-MM-DD,
 * RFC 3339 with offset); the text is copied into the arena. PARAM_TYPE with what was
 * expected. */
weir_status wi_value_parse(wi_arena *arena, wi_type type, const char *text, wi_value *out,
                           weir_error *err);
/* The canonical URI of a table or folder as a person writes it: a path (relative to the
 * absolute folder `base`) or a URI of file, s3, gs, az or abfss. Paths become
 * file:///..., symlinks of the existing part resolved, percent-encoded; never a slash at
 * the end. BAD_VALUE says what is wrong with it, never shows what could be a secret. */
weir_status wi_spec_uri(wi_arena *arena, const char *base, const char *text,
                        const char **out, weir_error *err);
/* What no project, source or view may be called, or not of the shape of a name:
 * BAD_NAME. */
weir_status wi_spec_name_check(const char *what, const char *name, weir_error *err);

typedef enum wi_param_default {
  WI_DEFAULT_NONE = 0,
  WI_DEFAULT_VALUE = 1,
  WI_DEFAULT_RUN_DATE = 2, /* the run's pinned clock, as a date */
  WI_DEFAULT_RUN_TIME = 3
} wi_param_default;

typedef struct wi_spec_param {
  const char *name;
  wi_type type;
  wi_param_default default_kind;
  wi_value value; /* the default, then what --param gave */
  bool has_value; /* false also for run_date and run_time: the run's clock gives those */
  wi_value default_value;  /* of WI_DEFAULT_VALUE, whatever --param gave */
  const char *description; /* NULL: none */
  bool given;              /* by the command line */
  wi_place place;
} wi_spec_param;

typedef struct wi_spec_source {
  const char *name;
  const char *table; /* as written: path or URI */
  const char *uri;   /* canonical (wi_spec_uri), paths from the project's folder */
  int64_t version;   /* -1: latest */
  wi_place place;
  const char *description;
} wi_spec_source;

typedef struct wi_spec_plugin { /* a shared library with functions */
  const char *path;             /* as written */
  const char *file;             /* absolute, or from the project's folder made so */
  wi_place place;
} wi_spec_plugin;

typedef enum wi_materialized { WI_MAT_TABLE = 1, WI_MAT_VIEW = 2 } wi_materialized;
typedef enum wi_determinism { WI_DET_STRICT = 1, WI_DET_RELAXED = 2 } wi_determinism;
typedef enum wi_schema_change {
  WI_SCHEMA_REPLACE = 1,
  WI_SCHEMA_FAIL = 2
} wi_schema_change;

typedef struct wi_spec_constraint {
  const char *name;
  const char *predicate; /* SQL; NULL for a unique constraint */
  wi_names unique;       /* columns, as written; n = 0 for a predicate */
  wi_place place;
} wi_spec_constraint;

typedef struct wi_spec_column {
  const char *name;
  const char *type; /* as written, normalised lower case: int64, string, ... */
  const char *description;
  bool not_null;
  wi_place place;
} wi_spec_column;

typedef struct wi_spec_view {
  const char *name;
  const char *file;  /* relative to the project's folder */
  const char *sql;   /* the statement, header comment blanked out so that lines hold */
  uint32_t sql_line; /* the first line of SQL proper */
  const char *description;
  wi_materialized materialized;
  wi_determinism determinism;
  wi_schema_change on_schema_change;
  wi_names key;          /* ordered */
  wi_names partition_by; /* ordered */
  wi_names sort_by;      /* ordered */
  wi_names tags;         /* sorted */
  wi_names parameters;   /* declared in the header, sorted; may narrow what SQL uses */
  wi_spec_constraint *constraints; /* sorted by name */
  size_t n_constraints;
  wi_spec_column *columns; /* declared output, in order */
  size_t n_columns;
  wi_pairs properties;        /* of the table */
  wi_pairs write_metadata;    /* into commitInfo */
  int64_t target_file_size;   /* bytes; 0: default */
  int32_t max_commit_retries; /* -1: default */
  bool append_only;
  wi_place place; /* of the header, or line 1 */
} wi_spec_view;

typedef struct wi_spec_macro { /* one file below functions/ */
  const char *file;            /* relative to the project's folder */
  const char *text;            /* CREATE FUNCTION and DROP FUNCTION statements */
} wi_spec_macro;

/* Effective values after profile, environment and flags. */
typedef struct wi_spec_profile {
  int32_t threads;       /* 0: all cores */
  int64_t memory;        /* bytes; 0: 60 % of what the machine or cgroup has */
  const char *spill_dir; /* NULL: TMPDIR */
  int64_t spill_limit;   /* bytes; 0: engine's */
  wi_pairs storage;      /* options of object stores; may hold secrets */
} wi_spec_profile;

typedef struct wi_spec {
  wi_arena arena;
  const char *name;
  const char *root;         /* absolute folder of weir.yml */
  const char *warehouse;    /* URI; paths made absolute: file:///... */
  const char *profile_name; /* NULL: none */
  wi_spec_profile profile;
  wi_pairs settings; /* weir.functions.*: checked; functions carry them in their
                        identity, so they are not in the spec's digest */
  wi_spec_source *sources;
  size_t n_sources;
  wi_spec_plugin *plugins; /* in order */
  size_t n_plugins;
  wi_spec_view *views;
  size_t n_views;
  wi_spec_param *params;
  size_t n_params;
  wi_spec_macro *macros; /* in the order of their paths, in which they are carried out */
  size_t n_macros;
  wi_list secrets; /* wi_secret: what came from the environment */
} wi_spec;

typedef struct wi_spec_options {
  const char *path;          /* weir.yml, a folder, or NULL: search upwards from `cwd` */
  const char *cwd;           /* NULL: the process's */
  const char *profile;       /* NULL: WEIR_PROFILE or none */
  const char *warehouse;     /* flag; NULL: none */
  int32_t threads;           /* flag; 0: none */
  int64_t memory;            /* flag; 0: none */
  const char *const *params; /* "name=value", "name:null" */
  size_t n_params;
} wi_spec_options;

/* Reads the whole project. All errors and warnings go to `diags`; the status is
 * WEIR_E_PROJECT if there was at least one error (then *out may still be set, for
 * listing), NO_PROJECT if none was found (also in diags). */
weir_status wi_spec_load(const wi_spec_options *options, wi_spec **out, wi_diags *diags,
                         weir_error *err);
void wi_spec_free(wi_spec **spec);
/* Sorts by file, line and column (entries without a file last), keeping the order of
 * equals: for callers that add to what wi_spec_load reported. No memory: left alone. */
void wi_spec_sort_diags(wi_diags *diags);

/* Whether there is a setting `key` (weir.functions.<name>) that may have this value:
 * UNKNOWN_KEY, BAD_VALUE. */
weir_status wi_setting_check(const char *key, const char *value, weir_error *err);

const wi_spec_view *wi_spec_view_find(const wi_spec *spec, const char *name);
const wi_spec_source *wi_spec_source_find(const wi_spec *spec, const char *name);
const wi_spec_param *wi_spec_param_find(const wi_spec *spec, const char *name);

/* ---- references and order (order.c): who reads whom, by each view's relations ---- */
typedef struct wi_spec_refs { /* of one view, filled by the caller from the parser */
  wi_names views;             /* sorted names of views it reads */
  wi_names sources;           /* sorted names of sources it reads */
} wi_spec_refs;
/* Topological order of the views (indexes into spec->views), ties by name; each cycle is
 * put into diags (CYCLE, naming its members in order) and gives WEIR_E_PROJECT: `order`
 * then holds the views that are in no cycle and below none, and SIZE_MAX for each of the
 * others. A name in `refs` that is no view is a BUG. */
weir_status wi_spec_order(const wi_spec *spec, const wi_spec_refs *refs, size_t *order,
                          wi_diags *diags, weir_error *err);

/* ---- selectors (select.c) ---- */
/* Marks the chosen views: `select` and `exclude` are lists of arguments, each holding
 * selectors separated by spaces (or) and commas (and): name, +name, name+, 2+name,
 * name+2, @name, tag:x, path:x; globs * and ? in names. No select chooses all. SELECTOR
 * names the bad one, with the nearest names; state:... is NOT_YET. Nothing selected is
 * SELECTOR. */
weir_status wi_spec_select(const wi_spec *spec, const wi_spec_refs *refs,
                           const char *const *select, size_t n_select,
                           const char *const *exclude, size_t n_exclude, bool *chosen,
                           weir_error *err);

/* Digest of one view's header and SQL as far as they go into planning: SQL bytes without
 * header, and the header's determinism, columns, key, partition_by, sort_by. */
void wi_spec_view_digest(const wi_spec_view *view, wi_digest *into);
/* What of the header shapes the table's rows and files. */
void wi_spec_shape_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]);
/* What of it can change without other rows: checks, and the table's metadata. */
void wi_spec_gate_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]);
/* Digest of the whole project as read ("spec digest"). */
void wi_spec_digest(const wi_spec *spec, char out[WI_DIGEST_HEX]);

#endif
