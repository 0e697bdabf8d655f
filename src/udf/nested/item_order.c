#include "udf/nested/item_order.h"

#include <math.h>
#include <string.h>

#define WI_ORIGIN "udf"

#define SIGN ((uint64_t)1 << 63)

/* ---- keys ---- */

static uint64_t key_int(const wi_item_order *o, int64_t i) {
  return (uint64_t)ArrowArrayViewGetIntUnsafe(o->view, i) ^ SIGN;
}

static uint64_t key_uint(const wi_item_order *o, int64_t i) {
  return ArrowArrayViewGetUIntUnsafe(o->view, i);
}

static uint64_t key_float(const wi_item_order *o, int64_t i) {
  double v = ArrowArrayViewGetDoubleUnsafe(o->view, i);
  uint64_t bits;
  if (isnan(v)) {
    return UINT64_MAX;
  }
  v += 0.0; /* -0 becomes 0 */
  memcpy(&bits, &v, sizeof bits);
  return (bits & SIGN) != 0 ? ~bits : bits | SIGN;
}

static const uint8_t *fixed_at(const wi_item_order *o, int64_t i, size_t width) {
  return o->view->buffer_views[1].data.as_uint8 + (size_t)(o->view->offset + i) * width;
}

static size_t fixed_width(const wi_item_order *o) {
  return (size_t)o->view->layout.element_size_bits[1] / 8;
}

/* The highest word of a decimal, which has the sign; narrow ones are one word. */
static uint64_t key_decimal(const wi_item_order *o, int64_t i) {
  size_t width = fixed_width(o);
  const uint8_t *p = fixed_at(o, i, width);
  int64_t word;
  if (width == 4) {
    int32_t narrow;
    memcpy(&narrow, p, 4);
    word = narrow;
  } else {
    memcpy(&word, p + width - 8, 8);
  }
  return (uint64_t)word ^ SIGN;
}

static int tail_decimal(const wi_item_order *o, int64_t a, int64_t b) {
  size_t width = fixed_width(o);
  const uint8_t *x = fixed_at(o, a, width), *y = fixed_at(o, b, width);
  for (size_t at = width < 8 ? 0 : width - 8; at >= 8; at -= 8) {
    uint64_t v, w;
    memcpy(&v, x + at - 8, 8);
    memcpy(&w, y + at - 8, 8);
    if (v != w) {
      return v < w ? -1 : 1;
    }
  }
  return 0;
}

static wi_str bytes_at(const wi_item_order *o, int64_t i) {
  struct ArrowBufferView v = ArrowArrayViewGetBytesUnsafe(o->view, i);
  return (wi_str){v.data.as_char, (size_t)v.size_bytes};
}

static uint64_t key_bytes(const wi_item_order *o, int64_t i) {
  wi_str s = bytes_at(o, i);
  uint64_t key = 0;
  for (size_t k = 0; k < 8; k++) {
    key = key << 8 | (k < s.n ? (unsigned char)s.p[k] : 0);
  }
  return key;
}

static int tail_bytes(const wi_item_order *o, int64_t a, int64_t b) {
  return wi_str_cmp(bytes_at(o, a), bytes_at(o, b));
}

/* ---- which ---- */

static bool pick(wi_item_order *o, enum ArrowType type) {
  switch ((int)type) {
    case NANOARROW_TYPE_BOOL:
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_INT64:
    case NANOARROW_TYPE_DATE32:
    case NANOARROW_TYPE_DATE64:
    case NANOARROW_TYPE_TIME32:
    case NANOARROW_TYPE_TIME64:
    case NANOARROW_TYPE_TIMESTAMP:
    case NANOARROW_TYPE_DURATION:
      o->key = key_int;
      return true;
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32:
    case NANOARROW_TYPE_UINT64:
      o->key = key_uint;
      return true;
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DOUBLE:
      o->key = key_float;
      return true;
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256:
      o->key = key_decimal;
      o->tail = tail_decimal;
      return true;
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW:
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY:
      o->key = key_bytes;
      o->tail = tail_bytes;
      return true;
    case NANOARROW_TYPE_NA: /* never asked: all are null */
      o->key = NULL;
      return true;
    default:
      return false;
  }
}

weir_status wi_item_order_init(wi_item_order *o, const wi_fn *fn,
                               const struct ArrowSchema *type,
                               const struct ArrowArrayView *view, weir_error *err) {
  struct ArrowSchemaView schema;
  char text[160];
  *o = (wi_item_order){view, NULL, NULL};
  if (type->dictionary == NULL &&
      ArrowSchemaViewInit(&schema, type, NULL) == NANOARROW_OK && pick(o, schema.type)) {
    return WEIR_OK;
  }
  wi_type_text(type, text);
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN,
                     "numbers, texts, booleans, binaries, dates and times have an order",
                     "%s cannot order values of type %s", fn->name, text);
}

/* ---- sorting ---- */

static void insertion(const wi_item_order *o, wi_item *items, size_t n) {
  for (size_t i = 1; i < n; i++) {
    wi_item item = items[i];
    size_t at = i;
    for (; at > 0 && wi_item_order_cmp(o, &items[at - 1], &item) > 0; at--) {
      items[at] = items[at - 1];
    }
    items[at] = item;
  }
}

static void merge(const wi_item_order *o, const wi_item *a, size_t n_a, const wi_item *b,
                  size_t n_b, wi_item *out) {
  while (n_a > 0 && n_b > 0) {
    if (wi_item_order_cmp(o, a, b) <= 0) {
      *out++ = *a++;
      n_a--;
    } else {
      *out++ = *b++;
      n_b--;
    }
  }
  memcpy(out, n_a > 0 ? a : b, (n_a + n_b) * sizeof *out);
}

#define RUN 16

void wi_item_order_sort(const wi_item_order *o, wi_item *items, wi_item *spare,
                        size_t n) {
  wi_item *from = items, *to = spare;
  for (size_t at = 0; at < n; at += RUN) {
    insertion(o, items + at, n - at < RUN ? n - at : RUN);
  }
  for (size_t width = RUN; width < n; width *= 2) {
    for (size_t at = 0; at < n; at += 2 * width) {
      size_t n_a = n - at < width ? n - at : width;
      size_t n_b = n - at - n_a < width ? n - at - n_a : width;
      merge(o, from + at, n_a, from + at + n_a, n_b, to + at);
    }
    wi_item *swap = from;
    from = to;
    to = swap;
  }
  if (from != items) {
    memcpy(items, from, n * sizeof *items);
  }
}
