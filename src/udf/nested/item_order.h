/* The order of values of one type: numbers and times by value, text and binary by bytes,
 * floats with -0 equal to 0 and every NaN equal and last. */
#ifndef WI_UDF_ITEM_ORDER_H
#define WI_UDF_ITEM_ORDER_H

#include "udf/arrow_io.h"

typedef struct wi_item_order wi_item_order;
struct wi_item_order {
  const struct ArrowArrayView *view;
  uint64_t (*key)(const wi_item_order *o,
                  int64_t i); /* values of smaller keys come first */
  /* Decides between values of one key; NULL: they are equal. */
  int (*tail)(const wi_item_order *o, int64_t a, int64_t b);
};
/* SQL_PLAN for a type without an order here (nested ones, intervals). `view` may be NULL to
 * ask about the type only. */
weir_status wi_item_order_init(wi_item_order *o, const wi_fn *fn,
                               const struct ArrowSchema *type,
                               const struct ArrowArrayView *view, weir_error *err);

typedef struct wi_item {
  uint64_t key;
  int64_t row;
} wi_item;
/* Stable; `spare` has room for n as well. */
void wi_item_order_sort(const wi_item_order *o, wi_item *items, wi_item *spare, size_t n);
static inline int wi_item_order_cmp(const wi_item_order *o, const wi_item *a,
                                    const wi_item *b) {
  if (a->key != b->key) {
    return a->key < b->key ? -1 : 1;
  }
  return o->tail == NULL ? 0 : o->tail(o, a->row, b->row);
}

#endif
