/* arg_min and its like where key and value are words: see agg_best.c. */
#include <string.h>

#include "udf/aggregate/agg_best.h"

#define WI_ORIGIN "udf"

/* A pair that is 0 looks like an empty group: a mark beside it says otherwise. */
static weir_status zero(wi_best *b, uint64_t group, weir_error *err) {
  WI_TRY(wi_slots_grow(&b->zeros, group + 1, err));
  *(uint8_t *)wi_slots_at(&b->zeros, group) = 1;
  return WEIR_OK;
}

typedef struct codes {
  uint64_t keys[WI_BEST_BLOCK], values[WI_BEST_BLOCK];
} codes;

static inline wi_pair_code pair(const codes *c, int64_t i, uint64_t flip) {
  return ((wi_pair_code)(c->keys[i] ^ flip) << 64) | ~c->values[i];
}

/* All rows to one group. */
static weir_status block_one(wi_best *b, const codes *c, int64_t from, int64_t n,
                             weir_error *err) {
  wi_pair_code *slot = wi_slots_at(&b->slots, 0), best = *slot;
  uint64_t flip = b->largest ? 0 : UINT64_MAX;
  bool zeros = false;
  for (int64_t i = 0; i < n; i++) {
    if (!wi_agg_rows_has(&b->rows, from + i)) {
      continue;
    }
    wi_pair_code code = pair(c, i, flip);
    zeros |= code == 0;
    best = code > best ? code : best;
  }
  *slot = best;
  return zeros ? zero(b, 0, err) : WEIR_OK;
}

static weir_status block(wi_best *b, const codes *c, int64_t from, int64_t n,
                         const uint64_t *groups, weir_error *err) {
  wi_pair_code *slots = wi_slots_at(&b->slots, 0);
  uint64_t flip = b->largest ? 0 : UINT64_MAX;
  const uint8_t *chosen = b->rows.chosen;
  groups += from;
  for (int64_t i = 0; i < n; i++) {
    int64_t row = from + i;
    if (chosen != NULL && ((chosen[row >> 3] >> (row & 7)) & 1) == 0) {
      continue;
    }
    wi_pair_code code = pair(c, i, flip), *slot = &slots[groups[i]];
    if (code > *slot) {
      *slot = code;
    } else if (code == 0) {
      WI_TRY(zero(b, groups[i], err));
    }
  }
  return WEIR_OK;
}

/* ---- columns of 64-bit integers ---- */

/* A column whose codes are its numbers with some bits turned round. */
typedef struct numbers {
  const uint64_t *at;
  uint64_t turn;
} numbers;

static bool numbers_of(const wi_best_in *in, uint64_t turn, numbers *out) {
  if (in->order->type != NANOARROW_TYPE_INT64 &&
      in->order->type != NANOARROW_TYPE_UINT64) {
    return false;
  }
  out->at = in->view->buffer_views[1].data.as_uint64 + in->view->offset;
  out->turn = turn ^ (in->order->type == NANOARROW_TYPE_INT64 ? UINT64_C(1) << 63 : 0);
  return true;
}

static inline wi_pair_code number_pair(const numbers *key, const numbers *value,
                                       int64_t i) {
  return ((wi_pair_code)(key->at[i] ^ key->turn) << 64) | (value->at[i] ^ value->turn);
}

static weir_status numbers_one(wi_best *b, const numbers *key, const numbers *value,
                               int64_t rows, weir_error *err) {
  wi_pair_code *slot = wi_slots_at(&b->slots, 0), best = *slot;
  bool zeros = false;
  for (int64_t i = 0; i < rows; i++) {
    if (!wi_agg_rows_has(&b->rows, i)) {
      continue;
    }
    wi_pair_code code = number_pair(key, value, i);
    zeros |= code == 0;
    best = code > best ? code : best;
  }
  *slot = best;
  return zeros ? zero(b, 0, err) : WEIR_OK;
}

static weir_status numbers_feed(wi_best *b, const numbers *key, const numbers *value,
                                int64_t rows, const uint64_t *groups, weir_error *err) {
  wi_pair_code *slots = wi_slots_at(&b->slots, 0);
  for (int64_t i = 0; i < rows; i++) {
    if (!wi_agg_rows_has(&b->rows, i)) {
      continue;
    }
    wi_pair_code code = number_pair(key, value, i), *slot = &slots[groups[i]];
    if (code > *slot) {
      *slot = code;
    } else if (code == 0) {
      WI_TRY(zero(b, groups[i], err));
    }
  }
  return WEIR_OK;
}

weir_status wi_pair_feed(wi_best *b, const wi_best_in *key, const wi_best_in *value,
                         int64_t rows, const uint64_t *groups, weir_error *err) {
  codes c;
  numbers keys, values;
  if (numbers_of(key, b->largest ? 0 : UINT64_MAX, &keys) &&
      numbers_of(value, UINT64_MAX, &values)) {
    return groups == NULL ? numbers_one(b, &keys, &values, rows, err)
                          : numbers_feed(b, &keys, &values, rows, groups, err);
  }
  for (int64_t from = 0; from < rows; from += WI_BEST_BLOCK) {
    int64_t n = rows - from < WI_BEST_BLOCK ? rows - from : WI_BEST_BLOCK;
    wi_order_words(key->order, key->view, from, n, c.keys);
    wi_order_words(value->order, value->view, from, n, c.values);
    WI_TRY(groups == NULL ? block_one(b, &c, from, n, err)
                          : block(b, &c, from, n, groups, err));
  }
  return WEIR_OK;
}
