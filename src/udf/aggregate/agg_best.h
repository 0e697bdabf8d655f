/* Inside arg_min and its like (agg_arg.c, agg_best.c, agg_pair.c). */
#ifndef WI_UDF_AGG_BEST_H
#define WI_UDF_AGG_BEST_H

#include "udf/aggregate/agg.h"

/* Key and value as one number, so that the largest is the best; 0 is also "none yet". */
__extension__ typedef unsigned __int128 wi_pair_code;

typedef struct wi_best_slot {
  wi_cell key, value;
  uint64_t mark; /* 0: none; in a moving frame the number of the row, from 1 */
} wi_best_slot;

typedef struct wi_best {
  const wi_agg_call *call;
  bool largest; /* of keys */
  bool retracts;
  bool pairs;               /* slots are wi_pair_code */
  wi_order value, key;      /* of the arguments */
  wi_order state_orders[2]; /* of the state's columns */
  wi_agg_in args[2], state;
  wi_agg_rows rows;
  wi_buf key_scratch, value_scratch;
  wi_slots slots; /* by group; of a moving frame, the rows that may still win */
  wi_slots zeros; /* uint8_t by group: a 0 was offered to it (pairs) */
  wi_bytes bytes;
  uint64_t added, gone; /* rows of a moving frame */
} wi_best;

/* Where codes come from: an argument, or a column of a state. */
typedef struct wi_best_in {
  const wi_order *order;
  const struct ArrowArrayView *view;
} wi_best_in;

#define WI_BEST_BLOCK 256

/* ---- slots of cells (agg_best.c) ---- */
weir_status wi_best_feed(wi_best *b, const wi_best_in *key, const wi_best_in *value,
                         int64_t rows, const uint64_t *groups, weir_error *err);
weir_status wi_best_leave(wi_best *b, uint64_t rows, weir_error *err);
void wi_best_drop(wi_best *b, uint64_t n);

/* ---- slots of pairs (agg_pair.c) ---- */
weir_status wi_pair_feed(wi_best *b, const wi_best_in *key, const wi_best_in *value,
                         int64_t rows, const uint64_t *groups, weir_error *err);
/* The codes of a group; false: it has none. */
static inline bool wi_pair_read(const wi_best *b, size_t group, uint64_t *key,
                                uint64_t *value) {
  wi_pair_code code = 0;
  if (group >= b->slots.n) {
    return false;
  }
  __builtin_memcpy(&code, wi_slots_at(&b->slots, group), sizeof code);
  if (code == 0 &&
      (group >= b->zeros.n || *(const uint8_t *)wi_slots_at(&b->zeros, group) == 0)) {
    return false;
  }
  *key = (uint64_t)(code >> 64);
  *key = b->largest ? *key : ~*key;
  *value = ~(uint64_t)code;
  return true;
}

#endif
