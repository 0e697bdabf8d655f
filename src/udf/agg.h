/* What the aggregates of this folder share. */
#ifndef WI_UDF_AGG_H
#define WI_UDF_AGG_H

#include "udf/arrow_io.h"

/* ---- per-group storage: a growable array whose front can be given away ---- */
typedef struct wi_slots {
  char *bytes;
  size_t width; /* bytes of one slot */
  size_t first; /* slots in front that are gone */
  size_t n;     /* slots in use */
  size_t cap;   /* slots with memory, the gone ones included */
} wi_slots;
void wi_slots_init(wi_slots *s, size_t width);
void wi_slots_release(wi_slots *s);
/* At least n slots; new ones are zero. */
weir_status wi_slots_grow(wi_slots *s, uint64_t n, weir_error *err);
/* The first n are gone, the others move down. */
void wi_slots_drop(wi_slots *s, uint64_t n);
static inline void *wi_slots_at(const wi_slots *s, size_t i) {
  return s->bytes + (s->first + i) * s->width;
}
static inline uint64_t wi_slots_bytes(const wi_slots *s) {
  return (uint64_t)s->cap * s->width;
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
weir_status wi_agg_rows_set(wi_agg_rows *r, const wi_agg_in *const *in, size_t n,
                            int64_t rows, const struct ArrowArray *filter,
                            weir_error *err);
void wi_agg_rows_release(wi_agg_rows *r);
static inline bool wi_agg_rows_has(const wi_agg_rows *r, int64_t row) {
  return r->chosen == NULL || ((r->chosen[row >> 3] >> (row & 7)) & 1) != 0;
}
/* to &= bits from bit `offset` on, for `rows` bits. */
void wi_bits_and(uint8_t *to, const uint8_t *bits, int64_t offset, int64_t rows);

/* ---- the aggregates, for their descriptions ---- */
extern const wi_agg_ops wi_agg_count_if;

#endif
