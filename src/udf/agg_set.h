/* Inside collect_set and count_distinct_agg (agg_set.c, agg_set_out.c). */
#ifndef WI_UDF_AGG_SET_H
#define WI_UDF_AGG_SET_H

#include "udf/agg.h"

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

/* ---- rows (agg_set.c) ---- */
/* Removes entries that no row has and those of groups that are gone. */
weir_status wi_set_clean(wi_set *s, weir_error *err);

/* ---- results (agg_set_out.c) ---- */
weir_status wi_set_lists(wi_set *s, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err);
weir_status wi_set_counts(wi_set *s, uint64_t n, struct ArrowArray *out, weir_error *err);
weir_status wi_set_state(wi_set *s, uint64_t n, struct ArrowArray *out, weir_error *err);

#endif
