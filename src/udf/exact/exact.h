/* What the files of the exact aggregates share. Not for other modules. */
#ifndef WI_UDF_EXACT_H
#define WI_UDF_EXACT_H

#include "udf/arrow_io.h"
#include "udf/exact/xset.h"
#include "udf/exact/xsum.h"

typedef enum wi_exact_what {
  WI_EXACT_SUM,
  WI_EXACT_AVG,
  WI_EXACT_VAR,
  WI_EXACT_STDDEV
} wi_exact_what;

/* One accumulator: sums, or sets of different values that are summed at the end. */
typedef struct wi_exact {
  const wi_fn *fn;
  wi_exact_what what;
  bool sample;   /* of VAR and STDDEV: divided by n - 1 */
  bool distinct; /* `sets` instead of `sums` */
  struct ArrowSchema schema;
  enum ArrowType type; /* of the argument */
  wi_xacc sums;
  wi_xsets sets;
} wi_exact;

static inline bool wi_exact_squares(wi_exact_what what) {
  return what == WI_EXACT_VAR || what == WI_EXACT_STDDEV;
}
static inline bool wi_exact_type_signed(enum ArrowType type) {
  return type == NANOARROW_TYPE_INT8 || type == NANOARROW_TYPE_INT16 ||
         type == NANOARROW_TYPE_INT32 || type == NANOARROW_TYPE_INT64;
}
static inline bool wi_exact_type_float(enum ArrowType type) {
  return type == NANOARROW_TYPE_DOUBLE || type == NANOARROW_TYPE_FLOAT ||
         type == NANOARROW_TYPE_HALF_FLOAT;
}

/* The sums of the values of a group's set, in `one` (of one group, made here). */
weir_status wi_exact_of_set(const wi_exact *x, uint64_t g, wi_xacc *one, weir_error *err);

/* ---- states (exact_state.c) ---- */
weir_status wi_exact_state_schema(const wi_agg_call *call, struct ArrowSchema *out,
                                  weir_error *err);
weir_status wi_exact_state(const wi_exact *x, uint64_t n, struct ArrowArray *out,
                           weir_error *err);
weir_status wi_exact_merge(wi_exact *x, const struct ArrowArray *state,
                           const uint64_t *groups, weir_error *err);

extern const wi_agg_ops wi_exact_ops;

#endif
