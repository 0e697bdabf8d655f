/* Random calls of the functions in the table of src/udf. Needs internals, so only suites in
 * tests/unit can use it. */
#ifndef TESTS_COMMON_CALLS_H
#define TESTS_COMMON_CALLS_H

#include "common/values.h"
#include "udf/udf.h"

#define WC_ARGS 12

typedef struct wc_arg {
  wv_type *type;   /* NANOARROW_TYPE_NA: the untyped NULL, also for what was left out */
  wv_val **values; /* as many as rows, or one */
  bool scalar, literal;
} wc_arg;

typedef struct wc_call {
  const wi_fn *fn;
  size_t n;
  int64_t rows;
  wc_arg args[WC_ARGS];
} wc_call;

/* A call that the function may take or refuse. Needs a hint (calls.c) only where texts must
 * be of certain ones. all_columns: no scalars but literals (as aggregates have them). */
void wc_random(wv_arena *a, wv_rng *r, const wi_fn *fn, int64_t rows, bool all_columns,
               wc_call *out);

/* The arguments as arrays. */
typedef struct wc_written {
  size_t n;
  struct ArrowSchema schemas[WC_ARGS];
  struct ArrowArray arrays[WC_ARGS];
  const struct ArrowSchema *schema_list[WC_ARGS];
  const struct ArrowArray *array_list[WC_ARGS];
  const struct ArrowArray *literals[WC_ARGS];
  wi_fn_arg args[WC_ARGS];
  uint64_t fingerprint;
} wc_written;
/* Rows from..from+n; scalars stay. The text layout is that of the style, literals are Utf8. */
void wc_write(wv_rng *r, const wc_call *call, int64_t from, int64_t n,
              const wv_style *style, wc_written *out);
/* Whether all inputs are as they were. */
bool wc_untouched(const wc_written *w);
void wc_written_free(wc_written *w);
/* "f(Utf8 column, Int64 scalar)": for messages. */
void wc_text(const wc_call *call, char *out, size_t size);

#endif
