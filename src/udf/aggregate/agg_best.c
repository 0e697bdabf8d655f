/* arg_min, arg_max, any_value_det: the value beside the smallest or largest key, of equal
 * keys the smallest value. Rows where either is null are skipped.
 *
 * Where key and value are both words, a group is one 128-bit number, the key before the
 * inverted value, and the largest number wins: agg_pair.c. All else, and moving frames, are
 * here: a slot of two cells a group, and for a moving frame the rows that may still win, in
 * their order (a row that came before a better one cannot). So a row costs one comparison,
 * amortised, and a frame keeps at most its rows. */
#include "udf/aggregate/agg_best.h"

#include <string.h>

#define WI_ORIGIN "udf"

/* ---- comparing ---- */

/* A value that is offered: of the form WORD, the word alone. */
typedef struct offer {
  uint64_t word;
  wi_str bytes;
} offer;

static int compare(const wi_best *b, const wi_order *order, const offer *a,
                   const wi_cell *c) {
  if (a->word != c->word) {
    return a->word < c->word ? -1 : 1;
  }
  if (order->form == WI_ORDER_WORD) {
    return 0;
  }
  return wi_order_compare(a->bytes, wi_bytes_at(&b->bytes, c->at));
}

/* More than 0: the offer is better than the slot; 0: it is the same. */
static int better(const wi_best *b, const offer *key, const offer *value,
                  const wi_best_slot *slot) {
  int c = compare(b, &b->key, key, &slot->key);
  if (c != 0) {
    return b->largest ? c : -c;
  }
  return -compare(b, &b->value, value, &slot->value);
}

/* ---- keeping ---- */

static void forget(wi_best *b, const wi_order *order, const wi_cell *c) {
  if (order->form == WI_ORDER_BYTES) {
    b->bytes.dead += wi_bytes_cost(wi_bytes_at(&b->bytes, c->at));
  }
}

static void forget_slot(wi_best *b, const wi_best_slot *slot) {
  if (slot->mark != 0) {
    forget(b, &b->key, &slot->key);
    forget(b, &b->value, &slot->value);
  }
}

static weir_status keep(wi_best *b, const wi_order *order, const offer *o, wi_cell *c,
                        weir_error *err) {
  c->word = o->word;
  if (order->form != WI_ORDER_BYTES) {
    return WEIR_OK;
  }
  return wi_bytes_add(&b->bytes, o->bytes, &c->at, err);
}

static weir_status keep_slot(wi_best *b, const offer *key, const offer *value,
                             uint64_t mark, wi_best_slot *slot, weir_error *err) {
  slot->mark = 0;
  WI_TRY(keep(b, &b->key, key, &slot->key, err));
  WI_TRY(keep(b, &b->value, value, &slot->value, err));
  slot->mark = mark;
  return WEIR_OK;
}

static weir_status move_cell(const wi_bytes *from, wi_bytes *to, const wi_order *order,
                             wi_cell *c, weir_error *err) {
  if (order->form != WI_ORDER_BYTES) {
    return WEIR_OK;
  }
  return wi_bytes_add(to, wi_bytes_at(from, c->at), &c->at, err);
}

/* Copies what is still used, in one go with enough memory. */
static weir_status compact(wi_best *b, weir_error *err) {
  wi_bytes fresh = {0};
  uint64_t live = b->bytes.n - b->bytes.dead;
  if (!wi_bytes_stale(&b->bytes)) {
    return WEIR_OK;
  }
  fresh.cap = live + live / 4 + 256;
  fresh.p = wi_realloc_array(NULL, fresh.cap, 1);
  if (fresh.p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  weir_status status = WEIR_OK;
  for (size_t i = 0; i < b->slots.n && status == WEIR_OK; i++) {
    wi_best_slot *slot = wi_slots_at(&b->slots, i);
    if (slot->mark == 0) {
      continue;
    }
    status = move_cell(&b->bytes, &fresh, &b->key, &slot->key, err);
    if (status == WEIR_OK) {
      status = move_cell(&b->bytes, &fresh, &b->value, &slot->value, err);
    }
  }
  wi_bytes_release(&b->bytes);
  b->bytes = fresh;
  return status;
}

/* A row of a moving frame: those before it that are not better can never win again. */
static weir_status push(wi_best *b, const offer *key, const offer *value,
                        weir_error *err) {
  while (b->slots.n > 0) {
    const wi_best_slot *last = wi_slots_at(&b->slots, b->slots.n - 1);
    if (better(b, key, value, last) < 0) {
      break;
    }
    forget_slot(b, last);
    b->slots.n--;
  }
  WI_TRY(wi_slots_grow(&b->slots, b->slots.n + 1, err));
  b->added++;
  return keep_slot(b, key, value, b->added, wi_slots_at(&b->slots, b->slots.n - 1), err);
}

static weir_status put(wi_best *b, const offer *key, const offer *value, uint64_t group,
                       weir_error *err) {
  if (b->retracts) {
    return push(b, key, value, err);
  }
  wi_best_slot *slot = wi_slots_at(&b->slots, group);
  if (slot->mark != 0) {
    if (better(b, key, value, slot) <= 0) {
      return WEIR_OK;
    }
    forget_slot(b, slot);
  }
  return keep_slot(b, key, value, 1, slot, err);
}

/* ---- rows ---- */

static weir_status offered(const wi_best_in *in, int64_t row, uint64_t word, offer *o,
                           wi_buf *scratch, weir_error *err) {
  o->word = word;
  if (in->order->form == WI_ORDER_BYTES) {
    WI_TRY(wi_order_bytes(in->order, in->view, row, scratch, &o->bytes, err));
    o->word = wi_order_prefix(o->bytes);
  }
  return WEIR_OK;
}

static void words(const wi_best_in *in, int64_t from, int64_t n, uint64_t *out) {
  if (in->order->form == WI_ORDER_WORD) {
    wi_order_words(in->order, in->view, from, n, out);
  }
}

static weir_status block(wi_best *b, const wi_best_in *key, const wi_best_in *value,
                         int64_t from, int64_t n, const uint64_t *groups,
                         weir_error *err) {
  uint64_t keys[WI_BEST_BLOCK] = {0}, values[WI_BEST_BLOCK] = {0};
  offer k = {0}, v = {0};
  words(key, from, n, keys);
  words(value, from, n, values);
  for (int64_t i = 0; i < n; i++) {
    int64_t row = from + i;
    if (!wi_agg_rows_has(&b->rows, row)) {
      continue;
    }
    WI_TRY(offered(key, row, keys[i], &k, &b->key_scratch, err));
    WI_TRY(offered(value, row, values[i], &v, &b->value_scratch, err));
    WI_TRY(put(b, &k, &v, groups != NULL ? groups[row] : 0, err));
  }
  return WEIR_OK;
}

weir_status wi_best_feed(wi_best *b, const wi_best_in *key, const wi_best_in *value,
                         int64_t rows, const uint64_t *groups, weir_error *err) {
  for (int64_t from = 0; from < rows; from += WI_BEST_BLOCK) {
    int64_t n = rows - from < WI_BEST_BLOCK ? rows - from : WI_BEST_BLOCK;
    WI_TRY(block(b, key, value, from, n, groups, err));
  }
  return compact(b, err);
}

/* Rows leave in the order in which they came: `rows` of those that count. */
weir_status wi_best_leave(wi_best *b, uint64_t rows, weir_error *err) {
  b->gone += rows;
  while (b->slots.n > 0) {
    const wi_best_slot *first = wi_slots_at(&b->slots, 0);
    if (first->mark > b->gone) {
      break;
    }
    forget_slot(b, first);
    wi_slots_drop(&b->slots, 1);
  }
  return compact(b, err);
}

void wi_best_drop(wi_best *b, uint64_t n) {
  for (uint64_t i = 0; i < n && i < b->slots.n; i++) {
    forget_slot(b, wi_slots_at(&b->slots, i));
  }
  wi_slots_drop(&b->slots, n);
  if (b->slots.n == 0) {
    wi_bytes_release(&b->bytes);
  }
}
