/* Any Arrow value as text, by fixed rules (README.md lists them). */
#ifndef WI_UDF_TEXT_H
#define WI_UDF_TEXT_H

#include "nanoarrow/nanoarrow.h"
#include "udf/udf.h"

/* What the text of a value depends on besides the value: its type, resolved once. */
typedef struct wi_shape {
  enum ArrowType type;
  enum ArrowTimeUnit unit;
  bool zoned;                     /* a timestamp with a time zone: the value is UTC */
  int32_t bits, precision, scale; /* of a decimal */
  int64_t width;                  /* of a fixed-size list */
  const char *name;               /* of a field; borrowed from the schema */
  size_t n;
  struct wi_shape *children; /* a dictionary's only child is its values */
  size_t *order;             /* of a struct: children by name */
} wi_shape;

/* SQL_PLAN for a type without a fixed text. `shape` lives in the arena. */
weir_status wi_shape_init(wi_shape *shape, const struct ArrowSchema *schema,
                          wi_arena *arena, weir_error *err);

typedef struct wi_text {
  wi_buf out;
  struct ArrowBuffer digits; /* of a decimal, kept for its memory */
  bool null_key;             /* a map with a null key was met */
} wi_text;
void wi_text_init(wi_text *t);
void wi_text_release(wi_text *t);
weir_status wi_text_check(const wi_text *t, weir_error *err);

bool wi_value_null(const wi_shape *shape, const struct ArrowArrayView *view, int64_t i);
/* Appends the text of value i, which is not null. Row numbers are within the view's
 * slice. */
void wi_text_value(wi_text *t, const wi_shape *shape, const struct ArrowArrayView *view,
                   int64_t i);

#endif
