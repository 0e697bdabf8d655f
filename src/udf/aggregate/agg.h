/* What the aggregates of this folder share. */
#ifndef WI_UDF_AGG_H
#define WI_UDF_AGG_H

#include "udf/aggregate/order.h"
#include "udf/aggregate/slots.h"

/* ---- values that are kept ---- */
/* The code of a value (order.h). Bytes are in an arena, at `at`; `word` is then their first
 * eight. */
typedef struct wi_cell {
  uint64_t word;
  uint64_t at;
} wi_cell;
typedef struct wi_bytes { /* texts one after the other, each after its length */
  char *p;
  uint64_t n, cap;
  uint64_t dead; /* bytes that no cell has any more */
} wi_bytes;
void wi_bytes_release(wi_bytes *b);
/* Copies `s` to the end. TOO_LARGE for more than 4 GB. */
weir_status wi_bytes_add(wi_bytes *b, wi_str s, uint64_t *at, weir_error *err);
static inline wi_str wi_bytes_at(const wi_bytes *b, uint64_t at) {
  uint32_t n;
  __builtin_memcpy(&n, b->p + at, sizeof n);
  return (wi_str){b->p + at + sizeof n, n};
}
static inline uint64_t wi_bytes_cost(wi_str s) {
  return sizeof(uint32_t) + s.n;
}
/* Whether more than half is garbage, and it is worth the work. */
static inline bool wi_bytes_stale(const wi_bytes *b) {
  return b->dead > 65536 && b->dead > b->n / 2;
}

/* ---- inputs ---- */
/* One argument (or state column) of all batches: its type is opened once. */
typedef struct wi_agg_in {
  struct ArrowArrayView view;
  enum ArrowType type;
} wi_agg_in;
weir_status wi_agg_in_init(wi_agg_in *in, const struct ArrowSchema *schema,
                           weir_error *err);
/* Points it at a batch of `rows` rows. */
weir_status wi_agg_in_set(wi_agg_in *in, const struct ArrowArray *array, int64_t rows,
                          weir_error *err);
void wi_agg_in_release(wi_agg_in *in);

/* The rows that count: those where no argument is null and the filter is true. */
typedef struct wi_agg_rows {
  uint8_t *bits; /* scratch, kept between batches */
  size_t cap;
  const uint8_t *chosen; /* NULL: every row counts */
} wi_agg_rows;
weir_status wi_agg_rows_set(wi_agg_rows *r, const struct ArrowArrayView *const *in,
                            size_t n, int64_t rows, const struct ArrowArray *filter,
                            weir_error *err);
void wi_agg_rows_release(wi_agg_rows *r);
static inline bool wi_agg_rows_has(const wi_agg_rows *r, int64_t row) {
  return r->chosen == NULL || ((r->chosen[row >> 3] >> (row & 7)) & 1) != 0;
}
/* to &= bits from bit `offset` on, for `rows` bits. */
void wi_bits_and(uint8_t *to, const uint8_t *bits, int64_t offset, int64_t rows);

/* ---- states and results ---- */
/* One column of a state. */
typedef struct wi_agg_column {
  const char *name;
  enum ArrowType type;
  bool nullable;
} wi_agg_column;
/* A struct schema of them. */
weir_status wi_agg_columns(struct ArrowSchema *out, const wi_agg_column *columns,
                           int64_t n, weir_error *err);
/* The type in which codes of an order travel. */
enum ArrowType wi_agg_code_type(const wi_order *order);
/* Points a state's view at an array; its children then begin at its own first row. */
weir_status wi_agg_state_set(wi_agg_in *in, const struct ArrowArray *state,
                             weir_error *err);
/* A copy of the type of `from`, named after the function, without metadata of its own. */
weir_status wi_field_like(struct ArrowSchema *out, const wi_fn *fn,
                          const struct ArrowSchema *from, bool nullable, weir_error *err);

/* ---- the aggregates, for their descriptions ---- */
extern const wi_agg_ops wi_agg_count_if, wi_agg_smallest, wi_agg_largest;
extern const wi_agg_ops wi_agg_collect_set, wi_agg_count_distinct;

#endif
