/* The functions that weir adds to SQL: a constant table of descriptions and kernels over
 * Arrow C data. Nothing here knows the engine; src/session gives the table to it.
 *
 * Everything is constant and thread-safe. Kernels borrow their inputs (any slice, any
 * text layout) and fill `out` with an array of their own. */
#ifndef WI_UDF_UDF_H
#define WI_UDF_UDF_H

#include "base/base.h"
#include "bridge/relation.h"
#include "weir/arrow.h"

/* What a parameter takes; the numbers are those of the bridge. */
typedef enum wi_fn_class {
  WI_T_ANY = 0,
  WI_T_TEXT = 1, /* Utf8, LargeUtf8, Utf8View as they are */
  WI_T_INT64 = 2,
  WI_T_INT32 = 3,
  WI_T_BOOL = 4,
  WI_T_FLOAT64 = 5,
  WI_T_STRUCT = 6,
  WI_T_LIST = 7,
  WI_T_MAP = 8,
  WI_T_ANY_FLAT = 9, /* any type, dictionaries decoded */
  WI_T_ITEM = 10 /* the item type of a list, or the value type of a map, that is the first
                    argument: coerced to it where the engine can, as for UNION */
} wi_fn_class;

typedef enum wi_fn_kind {
  WI_FN_SCALAR = 0,
  WI_FN_AGGREGATE = 1, /* also usable as a window function */
  WI_FN_WINDOW = 2,    /* only another name of an engine's one */
  WI_FN_TABLE = 3,     /* FROM f('...') with literal texts */
  WI_FN_RELATION = 4   /* FROM f(relation, relation, name => literal) */
} wi_fn_kind;

/* The defaults that change results, as weir.yml and a session may set them
 * (`weir.functions.<name>`). Texts are one of a few constants. */
typedef struct wi_fn_config {
  const char *utf8_normalize_form; /* NFKC | NFC | NFD | NFKD */
  bool utf8_normalize_casefold;
  bool utf8_normalize_collapse_ws;
  int32_t span_default_line_base;
  const char *span_default_col_unit; /* byte | utf8 | utf16 | utf32 */
  bool span_default_end_exclusive;
  const char *map_normalize_key_case; /* lower | upper | none */
  bool map_normalize_sort_keys;
} wi_fn_config;
/* What of them a function reads: bits of wi_fn.settings, part of its identity. */
typedef enum wi_fn_settings {
  WI_FN_SET_UTF8_FORM = 1,
  WI_FN_SET_UTF8_CASEFOLD = 2,
  WI_FN_SET_UTF8_COLLAPSE = 4,
  WI_FN_SET_SPAN_LINE_BASE = 8,
  WI_FN_SET_SPAN_COL_UNIT = 16,
  WI_FN_SET_SPAN_END_EXCLUSIVE = 32,
  WI_FN_SET_MAP_KEY_CASE = 64,
  WI_FN_SET_MAP_SORT_KEYS = 128
} wi_fn_settings;
extern const wi_fn_config wi_fn_config_default; /* of tables/function_settings.def */
/* The default with some values replaced; keys are whole (weir.functions.<name>). UNKNOWN_KEY,
 * BAD_VALUE. */
weir_status wi_fn_config_read(const char *const *keys, const char *const *values,
                              size_t n, wi_fn_config *out, weir_error *err);
#define WI_FN_N_SETTINGS 8
typedef struct wi_fn_setting {
  const char *key;
  uint32_t bit; /* of wi_fn_settings */
  char value[24];
} wi_fn_setting;
/* All of them as texts, in the table's order. */
void wi_fn_config_list(const wi_fn_config *config, wi_fn_setting out[WI_FN_N_SETTINGS]);

typedef enum wi_fn_volatility {
  WI_FN_IMMUTABLE = 1,
  WI_FN_STABLE = 2,
  WI_FN_VOLATILE = 3
} wi_fn_volatility;

typedef struct wi_fn_param {
  const char *name, *type_text, *doc;
  int type_class; /* wi_fn_class */
  bool optional;
  bool variadic; /* only the last: one or more values */
  bool literal;  /* must be a literal */
} wi_fn_param;

/* One argument. A scalar has one row, which stands for every row. An optional argument
 * that was left out is a scalar of the null type ("n"), or is missing at the end. */
typedef struct wi_fn_arg {
  const struct ArrowArray *array;
  const struct ArrowSchema *schema;
  bool is_scalar;
} wi_fn_arg;

typedef struct wi_fn wi_fn;

/* One call of an aggregate in a plan: valid for as long as accumulators of it live. For
 * return_field and state_schema only types and `distinct` are known: no literals, and
 * ignore_nulls is false; so neither may depend on those. An aggregate has at least one
 * argument. */
typedef struct wi_agg_call {
  const wi_fn *fn;
  size_t n_args;
  const struct ArrowSchema *const *args;
  const struct ArrowArray *const *literals; /* entries NULL unless literal; or all NULL */
  bool ignore_nulls;                        /* IGNORE NULLS was written */
  bool distinct;                            /* only where WI_AGG_DISTINCT is set */
} wi_agg_call;

typedef enum wi_agg_flags {
  WI_AGG_STAR = 1,     /* f(*) stands for all columns of the input, in order */
  WI_AGG_DISTINCT = 2, /* understands DISTINCT; with one argument the engine may do it
                          itself and call without */
  WI_AGG_NULL_TREATMENT = 4 /* understands IGNORE NULLS and RESPECT NULLS */
} wi_agg_flags;

/* Accumulators of an aggregate: one object holds the states of many groups, numbered from
 * 0. All results are independent of the order of rows, of batches and of merges. An object
 * belongs to one thread at a time (only size may be asked meanwhile). Inputs are borrowed,
 * outputs moved out. After an error an object is only closed. */
typedef struct wi_agg_ops {
  uint32_t flags; /* wi_agg_flags */
  /* Nullable unless the aggregate has `empty` and no group can be null. */
  weir_status (*return_field)(const wi_agg_call *call, struct ArrowSchema *out,
                              weir_error *err);
  /* A struct schema of at least one field: the columns in which states travel
   * (repartitioning, spilling). */
  weir_status (*state_schema)(const wi_agg_call *call, struct ArrowSchema *out,
                              weir_error *err);
  /* One row of the result's type: the result over no rows at all, the same that an empty
   * group evaluates to. NULL: it is null. */
  weir_status (*empty)(const wi_fn *fn, const struct ArrowSchema *result,
                       struct ArrowArray *out, weir_error *err);
  /* retracts: rows will leave again (moving frames), so that more must be kept. Such an
   * object has one group and is never asked for its state. */
  weir_status (*open)(const wi_agg_call *call, bool retracts, void **acc,
                      weir_error *err);
  /* Row i belongs to groups[i] < n_groups; groups NULL: all to group 0. n_groups never
   * shrinks but by evaluate and state. Scalars are given as whole columns. filter: a
   * boolean array, or NULL; a row counts only if it is true. */
  weir_status (*update)(void *acc, const struct ArrowArray *const *args, int64_t rows,
                        const uint64_t *groups, const struct ArrowArray *filter,
                        uint64_t n_groups, weir_error *err);
  /* Takes rows of group 0 away that were added before, in the order in which they came;
   * NULL: no moving frames. */
  weir_status (*retract)(void *acc, const struct ArrowArray *const *args, int64_t rows,
                         weir_error *err);
  /* state: a struct array of state_schema; one row a state. */
  weir_status (*merge)(void *acc, const struct ArrowArray *state, const uint64_t *groups,
                       uint64_t n_groups, weir_error *err);
  /* The results (or states) of the first n groups; then these groups are gone and the
   * others move down by n, unless `keep` says that nothing changes (windows ask again
   * after more rows). n may be more than the groups seen so far: the others are empty
   * groups. */
  weir_status (*evaluate)(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                          weir_error *err);
  weir_status (*state)(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                       weir_error *err);
  /* Rows as states, one each (a filtered one is an empty state), without an accumulator.
   * NULL: done with an accumulator that has a group for each row. */
  weir_status (*convert)(const wi_agg_call *call, const struct ArrowArray *const *args,
                         int64_t rows, const struct ArrowArray *filter,
                         struct ArrowArray *out, weir_error *err);
  uint64_t (*size)(const void *acc); /* bytes held, cheap: it is asked after each batch */
  void (*close)(void *acc);
} wi_agg_ops;

struct wi_fn {
  const char *name;
  const char *const *aliases;
  size_t n_aliases;
  const wi_fn_param *params;
  size_t n_params;
  const char *return_text;
  /* The example is an expression, or a whole statement that begins with SELECT; its result
   * is that of one row and column as the command prints it. */
  const char *section, *description, *syntax, *example, *example_result;
  const char *const *tags;
  size_t n_tags;
  int volatility;           /* wi_fn_volatility */
  uint32_t version;         /* rises when any result changes */
  const char *data_version; /* the data set that results depend on ("unicode") or NULL;
                               wi_udf_data_version has its version */
  /* literals[i] is NULL unless argument i is a literal, then a one-row array. literals
   * may be NULL as a whole where the caller knows types only: then nothing is asked of
   * them. */
  weir_status (*return_field)(const wi_fn *fn, size_t n,
                              const struct ArrowSchema *const *args,
                              const struct ArrowArray *const *literals,
                              struct ArrowSchema *out, weir_error *err);
  weir_status (*invoke)(const wi_fn *fn, size_t n, const wi_fn_arg *args, int64_t rows,
                        struct ArrowArray *out, weir_error *err);
  int kind;          /* wi_fn_kind */
  uint32_t settings; /* wi_fn_settings that it reads */
  bool
      short_circuits; /* may leave arguments unevaluated: none is taken out of the call */
  const wi_agg_ops *agg; /* of aggregates */
  const wi_rel_ops *rel; /* of relation operators; their self is the wi_fn */
  const char *engine; /* another name for this function of the engine; no kernels then */
  /* NULL in the table; a session works on copies that have theirs. */
  const wi_fn_config *config;
};
static inline const wi_fn_config *wi_fn_config_of(const wi_fn *fn) {
  return fn->config != NULL ? fn->config : &wi_fn_config_default;
}

/* All functions, sorted by name. */
const wi_fn *const *wi_udf_list(size_t *n);
/* By name or alias, as written (lower case); NULL if there is none. */
const wi_fn *wi_udf_find(const char *name_or_alias);
/* The words for its kind and volatility, as the lists of functions have them. */
const char *wi_fn_kind_text(const wi_fn *fn);
const char *wi_fn_volatility_text(const wi_fn *fn);
#define WI_UDF_DATA_VERSION 64
/* "unicode 15.0.0": the data set and its version as loaded now; "" for a function that
 * depends on none. */
void wi_udf_data_version(const wi_fn *fn, char out[WI_UDF_DATA_VERSION]);
/* What two functions must share to be one: name, version, data version, signature. */
void wi_udf_identity(const wi_fn *fn, uint8_t out[WI_DIGEST_SIZE]);

#endif
