/* One total order over the values of a type, by codes. A value's code is either a word or a
 * string of bytes; codes compare as unsigned numbers or as bytes (a prefix is smaller), and
 * read back as the value. So what keeps or compares values needs no case for each type.
 *
 * false < true; numbers, dates and times by value; floats by value with -0.0 before 0.0 and
 * NaN (there is one) after all others; texts and binary by bytes; lists and maps by their
 * items in their order, structs by their fields, a null inside after all values. Durations by
 * value; intervals, unions, dictionaries, views of lists and run-end encoding have no order
 * here. */
#ifndef WI_UDF_ORDER_H
#define WI_UDF_ORDER_H

#include "udf/arrow_io.h"

typedef enum wi_order_form {
  WI_ORDER_NULL = 0, /* the type of NULL: there are no values */
  WI_ORDER_WORD = 1,
  WI_ORDER_BYTES = 2
} wi_order_form;

typedef struct wi_order {
  wi_order_form form;
  enum ArrowType type;
  int32_t width; /* bytes of one value, of types with a fixed width */
  bool fold; /* -0.0 is 0.0: for what groups and compares, not for what is given back */
  struct wi_order *children;
  int64_t n_children;
} wi_order;

/* SQL_PLAN with the type's name if it has no order; the caller adds what it is about. */
weir_status wi_order_init(wi_order *order, const struct ArrowSchema *schema, bool fold,
                          weir_error *err);
void wi_order_release(wi_order *order);

/* Codes of rows from..from+n; those of null rows mean nothing. Of form WORD only. */
void wi_order_words(const wi_order *order, const struct ArrowArrayView *view,
                    int64_t from, int64_t n, uint64_t *out);
/* The code of one row that is not null, in the array or in `scratch`. Of form BYTES only. */
weir_status wi_order_bytes(const wi_order *order, const struct ArrowArrayView *view,
                           int64_t row, wi_buf *scratch, wi_str *out, weir_error *err);

static inline int wi_order_compare(wi_str a, wi_str b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int c = n == 0 ? 0 : __builtin_memcmp(a.p, b.p, n);
  return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}
/* The first eight bytes as a number, zeros for what is missing: orders all codes but those
 * that it makes equal. */
static inline uint64_t wi_order_prefix(wi_str s) {
  uint64_t w = 0;
  if (s.n >= 8) {
    __builtin_memcpy(&w, s.p, 8);
    return __builtin_bswap64(w);
  }
  for (size_t i = 0; i < s.n; i++) {
    w |= (uint64_t)(uint8_t)s.p[i] << (56 - 8 * i);
  }
  return w;
}

/* Appends the value of a code to an array made from the type's schema (after
 * ArrowArrayStartAppending). `word` or `bytes`, as the form says. */
weir_status wi_order_append(const wi_order *order, struct ArrowArray *out, uint64_t word,
                            wi_str bytes, weir_error *err);
/* Appends n values of form WORD at once, valid[i] 0 for null; the array has its length and
 * nulls then. */
weir_status wi_order_append_words(const wi_order *order, struct ArrowArray *out,
                                  const uint64_t *words, const uint8_t *valid, int64_t n,
                                  weir_error *err);

#endif
