/* Codes of values: see order.h. */
#include "udf/aggregate/order.h"

#include <string.h>

#define WI_ORIGIN "udf"

#define SIGN64 ((uint64_t)1 << 63)

/* ---- which types ---- */

static weir_status no_order(const struct ArrowSchema *schema, weir_error *err) {
  char text[160];
  wi_type_text(schema, text);
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, "cast them to a type that has one",
                     "values of type %s have no order here", text);
}

static bool is_list(enum ArrowType type) {
  return type == NANOARROW_TYPE_LIST || type == NANOARROW_TYPE_LARGE_LIST ||
         type == NANOARROW_TYPE_FIXED_SIZE_LIST || type == NANOARROW_TYPE_MAP;
}

static bool is_text(enum ArrowType type) {
  return type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING ||
         type == NANOARROW_TYPE_STRING_VIEW || type == NANOARROW_TYPE_BINARY ||
         type == NANOARROW_TYPE_LARGE_BINARY || type == NANOARROW_TYPE_BINARY_VIEW ||
         type == NANOARROW_TYPE_FIXED_SIZE_BINARY;
}

/* The width of a type whose values are words; 0: it is another. */
static int32_t word_width(enum ArrowType storage) {
  switch ((int)storage) {
    case NANOARROW_TYPE_BOOL:
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_UINT8:
      return 1;
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_HALF_FLOAT:
      return 2;
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_UINT32:
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DECIMAL32:
      return 4;
    case NANOARROW_TYPE_INT64:
    case NANOARROW_TYPE_UINT64:
    case NANOARROW_TYPE_DOUBLE:
    case NANOARROW_TYPE_DECIMAL64:
      return 8;
    default:
      return 0;
  }
}

static weir_status init_children(wi_order *order, const struct ArrowSchema *schema,
                                 bool fold, weir_error *err) {
  order->children =
      wi_alloc_array((size_t)schema->n_children + 1, sizeof(*order->children));
  if (order->children == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (; order->n_children < schema->n_children; order->n_children++) {
    WI_TRY(wi_order_init(&order->children[order->n_children],
                         schema->children[order->n_children], fold, err));
  }
  return WEIR_OK;
}

static weir_status init(wi_order *order, const struct ArrowSchema *schema, bool fold,
                        weir_error *err) {
  struct ArrowSchemaView view;
  struct ArrowError why = {""};
  WI_TRY(wi_arrow_err(err, ArrowSchemaViewInit(&view, schema, &why), why.message));
  order->type = view.storage_type;
  order->fold = fold;
  order->width = word_width(view.storage_type);
  order->form = order->width > 0 ? WI_ORDER_WORD : WI_ORDER_BYTES;
  if (schema->dictionary != NULL) {
    return no_order(schema, err);
  }
  if (order->width > 0) {
    return WEIR_OK;
  }
  if (view.storage_type == NANOARROW_TYPE_NA) {
    order->form = WI_ORDER_NULL;
    return WEIR_OK;
  }
  if (view.storage_type == NANOARROW_TYPE_DECIMAL128 ||
      view.storage_type == NANOARROW_TYPE_DECIMAL256) {
    order->width = view.storage_type == NANOARROW_TYPE_DECIMAL128 ? 16 : 32;
    return WEIR_OK;
  }
  if (is_text(view.storage_type)) {
    return WEIR_OK;
  }
  if (is_list(view.storage_type) || view.storage_type == NANOARROW_TYPE_STRUCT) {
    order->width = view.fixed_size;
    return init_children(order, schema, fold, err);
  }
  return no_order(schema, err);
}

weir_status wi_order_init(wi_order *order, const struct ArrowSchema *schema, bool fold,
                          weir_error *err) {
  *order = (wi_order){0};
  weir_status status = init(order, schema, fold, err);
  if (status != WEIR_OK) {
    wi_order_release(order);
  }
  return status;
}

void wi_order_release(wi_order *order) {
  for (int64_t i = 0; order->children != NULL && i < order->n_children; i++) {
    wi_order_release(&order->children[i]);
  }
  wi_free(order->children);
  *order = (wi_order){0};
}

/* ---- words ---- */

/* Bits of a float of `width` bytes as a number that orders as the float does. */
static inline uint64_t float_code(uint64_t bits, int width, uint64_t infinity,
                                  bool fold) {
  uint64_t sign = (uint64_t)1 << (8 * width - 1), all = sign | (sign - 1);
  if ((bits & ~sign) > infinity) {
    return all; /* NaN */
  }
  if (fold && bits == sign) {
    return sign;
  }
  return (bits & sign) != 0 ? ~bits & all : bits | sign;
}

static inline uint64_t float_bits(uint64_t code, int width, uint64_t nan) {
  uint64_t sign = (uint64_t)1 << (8 * width - 1), all = sign | (sign - 1);
  if (code == all) {
    return nan;
  }
  return (code & sign) != 0 ? code & ~sign : ~code & all;
}

#define HALF_INF   UINT64_C(0x7C00)
#define FLOAT_INF  UINT64_C(0x7F800000)
#define DOUBLE_INF UINT64_C(0x7FF0000000000000)
#define HALF_NAN   UINT64_C(0x7E00)
#define FLOAT_NAN  UINT64_C(0x7FC00000)
#define DOUBLE_NAN UINT64_C(0x7FF8000000000000)

#define WORDS(c_type, expr)           \
  do {                                \
    const c_type *p = data;           \
    p += view->offset + from;         \
    for (int64_t i = 0; i < n; i++) { \
      c_type v = p[i];                \
      out[i] = (expr);                \
    }                                 \
  } while (0)

void wi_order_words(const wi_order *order, const struct ArrowArrayView *view,
                    int64_t from, int64_t n, uint64_t *out) {
  const void *data = view->buffer_views[1].data.data;
  bool fold = order->fold;
  switch ((int)order->type) {
    case NANOARROW_TYPE_BOOL:
      for (int64_t i = 0; i < n; i++) {
        out[i] = (uint64_t)ArrowBitGet(data, view->offset + from + i);
      }
      break;
    case NANOARROW_TYPE_INT8:
      WORDS(int8_t, (uint64_t)(int64_t)v ^ SIGN64);
      break;
    case NANOARROW_TYPE_UINT8:
      WORDS(uint8_t, v);
      break;
    case NANOARROW_TYPE_INT16:
      WORDS(int16_t, (uint64_t)(int64_t)v ^ SIGN64);
      break;
    case NANOARROW_TYPE_UINT16:
      WORDS(uint16_t, v);
      break;
    case NANOARROW_TYPE_HALF_FLOAT:
      WORDS(uint16_t, float_code(v, 2, HALF_INF, fold));
      break;
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_DECIMAL32:
      WORDS(int32_t, (uint64_t)(int64_t)v ^ SIGN64);
      break;
    case NANOARROW_TYPE_UINT32:
      WORDS(uint32_t, v);
      break;
    case NANOARROW_TYPE_FLOAT:
      WORDS(uint32_t, float_code(v, 4, FLOAT_INF, fold));
      break;
    case NANOARROW_TYPE_DOUBLE:
      WORDS(uint64_t, float_code(v, 8, DOUBLE_INF, fold));
      break;
    case NANOARROW_TYPE_UINT64:
      WORDS(uint64_t, v);
      break;
    default:
      WORDS(int64_t, (uint64_t)v ^ SIGN64);
      break;
  }
}

/* The value of a word: its bits, in the low bytes. */
static inline uint64_t word_bits(const wi_order *order, uint64_t word) {
  switch ((int)order->type) {
    case NANOARROW_TYPE_HALF_FLOAT:
      return float_bits(word, 2, HALF_NAN);
    case NANOARROW_TYPE_FLOAT:
      return float_bits(word, 4, FLOAT_NAN);
    case NANOARROW_TYPE_DOUBLE:
      return float_bits(word, 8, DOUBLE_NAN);
    case NANOARROW_TYPE_BOOL:
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32:
    case NANOARROW_TYPE_UINT64:
      return word;
    default:
      return word ^ SIGN64;
  }
}

static weir_status words_valid(struct ArrowArray *out, const uint8_t *valid, int64_t n,
                               int64_t *nulls, weir_error *err) {
  struct ArrowBitmap bits;
  *nulls = 0;
  ArrowBitmapInit(&bits);
  for (int64_t i = 0; i < n; i++) {
    *nulls += valid[i] == 0;
  }
  if (*nulls == 0) {
    return WEIR_OK;
  }
  int rc = ArrowBitmapReserve(&bits, n);
  if (rc == NANOARROW_OK) {
    ArrowBitmapAppendInt8Unsafe(&bits, (const int8_t *)valid, n);
    ArrowArraySetValidityBitmap(out, &bits);
  }
  ArrowBitmapReset(&bits);
  return wi_arrow_err(err, rc, "result");
}

#define PUT(c_type)                                                  \
  do {                                                               \
    c_type *p = data;                                                \
    for (int64_t i = 0; i < n; i++) {                                \
      p[i] = (c_type)word_bits(order, valid[i] != 0 ? words[i] : 0); \
    }                                                                \
  } while (0)

weir_status wi_order_append_words(const wi_order *order, struct ArrowArray *out,
                                  const uint64_t *words, const uint8_t *valid, int64_t n,
                                  weir_error *err) {
  struct ArrowBuffer *buffer = ArrowArrayBuffer(out, 1);
  bool bits = order->type == NANOARROW_TYPE_BOOL;
  int64_t bytes = bits ? (n + 7) / 8 : n * order->width, nulls = 0;
  WI_TRY(wi_arrow_err(err, ArrowBufferReserve(buffer, bytes + 8), "result"));
  void *data = buffer->data;
  buffer->size_bytes = bytes;
  if (bits) {
    memset(data, 0, (size_t)bytes);
    for (int64_t i = 0; i < n; i++) {
      ArrowBitSetTo(data, i, (uint8_t)(valid[i] != 0 && words[i] != 0));
    }
  } else if (order->width == 1) {
    PUT(uint8_t);
  } else if (order->width == 2) {
    PUT(uint16_t);
  } else if (order->width == 4) {
    PUT(uint32_t);
  } else {
    PUT(uint64_t);
  }
  WI_TRY(words_valid(out, valid, n, &nulls, err));
  out->length = n;
  out->null_count = nulls;
  return WEIR_OK;
}

/* ---- bytes ---- */

/* Inside a list or a struct each value begins with a mark, and ends where its type says or
 * with a byte that is smaller than any that could follow. */
enum { END = 0, VALUE = 1, NULL_VALUE = 2, ESCAPED = 0xFF };

static void add_text(wi_buf *to, wi_str s) {
  const char *from = s.p, *end = s.p + s.n;
  while (from < end) {
    const char *zero = memchr(from, 0, (size_t)(end - from));
    const char *upto = zero == NULL ? end : zero + 1;
    wi_buf_add(to, from, (size_t)(upto - from));
    if (zero != NULL) {
      wi_buf_chr(to, (char)ESCAPED);
    }
    from = upto;
  }
  wi_buf_add(to, "\0", 2);
}

/* Big-endian, sign flipped. */
static void add_decimal(wi_buf *to, const uint8_t *p, int32_t width) {
  for (int32_t i = width - 1; i >= 0; i--) {
    wi_buf_chr(to, (char)(i == width - 1 ? p[i] ^ 0x80 : p[i]));
  }
}

static void add_value(const wi_order *order, const struct ArrowArrayView *view,
                      int64_t row, wi_buf *to);

static void add_inner(const wi_order *order, const struct ArrowArrayView *view,
                      int64_t row, wi_buf *to) {
  bool null = order->form == WI_ORDER_NULL || ArrowArrayViewIsNull(view, row) != 0;
  wi_buf_chr(to, null ? NULL_VALUE : VALUE);
  if (!null) {
    add_value(order, view, row, to);
  }
}

static void add_list(const wi_order *order, const struct ArrowArrayView *view,
                     int64_t row, wi_buf *to) {
  int64_t at = view->offset + row;
  int64_t from = ArrowArrayViewListChildOffset(view, at);
  int64_t end = ArrowArrayViewListChildOffset(view, at + 1);
  for (int64_t i = from; i < end; i++) {
    add_inner(&order->children[0], view->children[0], i, to);
  }
  wi_buf_chr(to, END);
}

static void add_value(const wi_order *order, const struct ArrowArrayView *view,
                      int64_t row, wi_buf *to) {
  if (order->form == WI_ORDER_WORD) {
    uint64_t word;
    wi_order_words(order, view, row, 1, &word);
    word = __builtin_bswap64(word);
    wi_buf_add(to, &word, sizeof word);
  } else if (is_list(order->type)) {
    add_list(order, view, row, to);
  } else if (order->type == NANOARROW_TYPE_STRUCT) {
    for (int64_t i = 0; i < order->n_children; i++) {
      add_inner(&order->children[i], view->children[i], view->offset + row, to);
    }
  } else if (is_text(order->type)) {
    struct ArrowBufferView b = ArrowArrayViewGetBytesUnsafe(view, row);
    add_text(to, (wi_str){b.data.as_char, (size_t)b.size_bytes});
  } else {
    const uint8_t *p = view->buffer_views[1].data.as_uint8;
    add_decimal(to, p + (view->offset + row) * order->width, order->width);
  }
}

weir_status wi_order_bytes(const wi_order *order, const struct ArrowArrayView *view,
                           int64_t row, wi_buf *scratch, wi_str *out, weir_error *err) {
  if (is_text(order->type)) {
    struct ArrowBufferView b = ArrowArrayViewGetBytesUnsafe(view, row);
    *out = (wi_str){b.data.as_char, (size_t)b.size_bytes};
    return WEIR_OK;
  }
  wi_buf_clear(scratch);
  add_value(order, view, row, scratch);
  *out = (wi_str){scratch->p, scratch->n};
  return wi_buf_check(scratch, err, WI_ORIGIN);
}

/* ---- back ---- */

typedef struct reader {
  const uint8_t *p, *end;
  wi_buf text;
} reader;

static weir_status broken(weir_error *err) {
  return WI_ERR(err, WEIR_E_BUG, "the code of a value is cut off");
}

static int append_word(const wi_order *order, struct ArrowArray *out, uint64_t word) {
  uint64_t bits = word_bits(order, word);
  struct ArrowBuffer *buffer = ArrowArrayBuffer(out, 1);
  if (order->type == NANOARROW_TYPE_BOOL) {
    return ArrowArrayAppendInt(out, bits != 0);
  }
  /* The low bytes of a little-endian word are the value. */
  int rc = ArrowBufferAppend(buffer, &bits, order->width);
  struct ArrowBitmap *valid = ArrowArrayValidityBitmap(out);
  if (rc == NANOARROW_OK && valid->buffer.data != NULL) {
    rc = ArrowBitmapAppend(valid, 1, 1);
  }
  out->length += rc == NANOARROW_OK;
  return rc;
}

static int append_decimal(const wi_order *order, struct ArrowArray *out,
                          const uint8_t *p) {
  uint8_t bytes[32] = {0};
  int32_t width = order->type == NANOARROW_TYPE_DECIMAL128 ? 16 : 32;
  for (int32_t i = 0; i < width; i++) {
    bytes[i] = p[width - 1 - i];
  }
  bytes[width - 1] ^= 0x80;
  int rc = ArrowBufferAppend(ArrowArrayBuffer(out, 1), bytes, width);
  struct ArrowBitmap *valid = ArrowArrayValidityBitmap(out);
  if (rc == NANOARROW_OK && valid->buffer.data != NULL) {
    rc = ArrowBitmapAppend(valid, 1, 1);
  }
  out->length += rc == NANOARROW_OK;
  return rc;
}

static weir_status append_text(struct ArrowArray *out, wi_str s, weir_error *err) {
  struct ArrowBufferView view = {.data.as_char = s.n > 0 ? s.p : "",
                                 .size_bytes = (int64_t)s.n};
  int rc = ArrowArrayAppendBytes(out, view);
  if (rc != NANOARROW_OK && s.n > 0) {
    return WI_ERR(err, WEIR_E_TOO_LARGE,
                  "a result of more than %d bytes of text in one array", INT32_MAX);
  }
  return wi_arrow_err(err, rc, "result");
}

static weir_status read_text(reader *r, struct ArrowArray *out, weir_error *err) {
  wi_buf_clear(&r->text);
  for (;; r->p++) {
    if (r->end - r->p < 2) {
      return broken(err);
    }
    if (r->p[0] == 0) {
      r->p += 2;
      if (r->p[-1] != ESCAPED) {
        break;
      }
      wi_buf_chr(&r->text, 0);
      r->p--;
      continue;
    }
    wi_buf_chr(&r->text, (char)r->p[0]);
  }
  WI_TRY(wi_buf_check(&r->text, err, WI_ORIGIN));
  return append_text(out, (wi_str){r->text.p, r->text.n}, err);
}

static weir_status read_value(const wi_order *order, reader *r, struct ArrowArray *out,
                              weir_error *err);

static weir_status read_inner(const wi_order *order, reader *r, struct ArrowArray *out,
                              weir_error *err) {
  if (r->p == r->end) {
    return broken(err);
  }
  if (*r->p++ == NULL_VALUE) {
    return wi_arrow_err(err, ArrowArrayAppendNull(out, 1), "result");
  }
  return read_value(order, r, out, err);
}

static weir_status read_value(const wi_order *order, reader *r, struct ArrowArray *out,
                              weir_error *err) {
  if (is_list(order->type)) {
    while (r->p < r->end && *r->p != END) {
      WI_TRY(read_inner(&order->children[0], r, out->children[0], err));
    }
    if (r->p == r->end) {
      return broken(err);
    }
    r->p++;
    return wi_arrow_err(err, ArrowArrayFinishElement(out), "result");
  }
  if (order->type == NANOARROW_TYPE_STRUCT) {
    for (int64_t i = 0; i < order->n_children; i++) {
      WI_TRY(read_inner(&order->children[i], r, out->children[i], err));
    }
    return wi_arrow_err(err, ArrowArrayFinishElement(out), "result");
  }
  if (is_text(order->type)) {
    return read_text(r, out, err);
  }
  int32_t width = order->form == WI_ORDER_WORD ? 8 : order->width;
  if (r->end - r->p < width) {
    return broken(err);
  }
  r->p += width;
  if (order->form == WI_ORDER_WORD) {
    uint64_t word;
    memcpy(&word, r->p - 8, 8);
    return wi_arrow_err(err, append_word(order, out, __builtin_bswap64(word)), "result");
  }
  return wi_arrow_err(err, append_decimal(order, out, r->p - width), "result");
}

weir_status wi_order_append(const wi_order *order, struct ArrowArray *out, uint64_t word,
                            wi_str bytes, weir_error *err) {
  if (order->form == WI_ORDER_WORD) {
    return wi_arrow_err(err, append_word(order, out, word), "result");
  }
  if (is_text(order->type)) {
    return append_text(out, bytes, err);
  }
  const uint8_t *p = (const uint8_t *)bytes.p;
  reader r = {.p = p, .end = p + bytes.n, .text = WI_BUF_INIT};
  weir_status status = read_value(order, &r, out, err);
  wi_buf_release(&r.text);
  return status;
}
