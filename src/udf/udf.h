/* The scalar functions that weir adds to SQL: a constant table of descriptions and
 * kernels over Arrow C data. Nothing here knows the engine; src/session gives the table
 * to it.
 *
 * Everything is constant and thread-safe. Kernels borrow their inputs (any slice, any
 * text layout) and fill `out` with an array of their own. */
#ifndef WI_UDF_UDF_H
#define WI_UDF_UDF_H

#include "base/base.h"
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
  WI_T_ANY_FLAT = 9 /* any type, dictionaries decoded */
} wi_fn_class;

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
struct wi_fn {
  const char *name;
  const char *const *aliases;
  size_t n_aliases;
  const wi_fn_param *params;
  size_t n_params;
  const char *return_text;
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
};

/* All functions, sorted by name. */
const wi_fn *wi_udf_list(size_t *n);
/* By name or alias, as written (lower case); NULL if there is none. */
const wi_fn *wi_udf_find(const char *name_or_alias);
#define WI_UDF_DATA_VERSION 64
/* "unicode 15.0.0": the data set and its version as loaded now; "" for a function that
 * depends on none. */
void wi_udf_data_version(const wi_fn *fn, char out[WI_UDF_DATA_VERSION]);
/* What two functions must share to be one: name, version, data version, signature. */
void wi_udf_identity(const wi_fn *fn, uint8_t out[WI_DIGEST_SIZE]);

#endif
