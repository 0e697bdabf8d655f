/* Rows as bytes that are equal exactly if the rows are equal (README.md lists the bytes of
 * each type). Not for other modules. */
#ifndef WI_UDF_ROWCODE_H
#define WI_UDF_ROWCODE_H

#include "udf/arrow_io.h"

/* How a type is written, resolved once. */
typedef struct wi_code {
  uint8_t tag;
  enum ArrowType type;
  int64_t unit;        /* of times: units per second */
  int32_t bits, scale; /* of decimals */
  int64_t width;       /* of a fixed-size list */
  size_t n;
  struct wi_code *children; /* a dictionary's only child is its values */
} wi_code;

/* SQL_PLAN for a type that has no bytes. `code` lives in the arena. */
weir_status wi_code_init(wi_code *code, const struct ArrowSchema *schema, wi_arena *arena,
                         weir_error *err);
/* Appends value i of a column, null or not. Row numbers are within the view's slice. */
void wi_code_put(wi_buf *out, const wi_code *code, const struct ArrowArrayView *view,
                 int64_t i);

extern const wi_agg_ops wi_multiset_ops;

#endif
