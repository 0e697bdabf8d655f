/* Inside collect_set and count_distinct_agg (agg_set.c, agg_set_out.c). */
#ifndef WI_UDF_AGG_SET_H
#define WI_UDF_AGG_SET_H

#include "udf/aggregate/agg.h"

/* One value of one group. Groups are numbered on: the first that is still there is
 * wi_set.base. */
typedef struct wi_set_entry {
  wi_cell value;
  uint64_t group;
  uint64_t count; /* rows that have it; 0: none any more */
} wi_set_entry;

typedef struct wi_set_group {
  int64_t distinct, nulls;
} wi_set_group;

typedef struct wi_set {
  const wi_agg_call *call;
  bool ignore_nulls;
  wi_order order, code; /* of the argument, of its code in a state */
  wi_agg_in arg, state;
  wi_agg_rows rows;
  wi_buf scratch;
  wi_slots groups;       /* wi_set_group */
  wi_set_entry *entries; /* of all groups, as they came */
  size_t n, cap;
  uint64_t *table;  /* by hash: its upper half, and the entry's number + 1; 0: empty */
  size_t slots;     /* of the table; a power of two */
  size_t unused;    /* entries that no row has */
  uint64_t base;    /* number of group 0 */
  uint32_t *sorted; /* entries of the only group in order, the first n_sorted of them */
  size_t n_sorted, sorted_cap;
  wi_bytes bytes;
} wi_set;

static inline wi_str wi_set_bytes(const wi_set *s, const wi_set_entry *e) {
  return s->order.form == WI_ORDER_BYTES ? wi_bytes_at(&s->bytes, e->value.at)
                                         : (wi_str){NULL, 0};
}

/* ---- entries (agg_set_table.c) ---- */
/* One row more of group g has the value: `word`, or `bytes` with their first eight. */
weir_status wi_set_add(wi_set *s, uint64_t g, uint64_t word, wi_str bytes,
                       weir_error *err);
#define WI_SET_BLOCK 256
/* The same for n words, at most WI_SET_BLOCK. */
weir_status wi_set_add_words(wi_set *s, size_t n, const uint64_t *groups,
                             const uint64_t *words, weir_error *err);
/* One row less of group 0. */
weir_status wi_set_take(wi_set *s, uint64_t word, wi_str bytes, weir_error *err);
void wi_set_release(wi_set *s);
/* Removes entries that no row has and those of groups that are gone. */
weir_status wi_set_clean(wi_set *s, weir_error *err);

/* ---- results (agg_set_out.c) ---- */
weir_status wi_set_lists(wi_set *s, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err);
weir_status wi_set_counts(wi_set *s, uint64_t n, struct ArrowArray *out, weir_error *err);
weir_status wi_set_state(wi_set *s, uint64_t n, struct ArrowArray *out, weir_error *err);

#endif
