#include "udf/hash/rowcode.h"

#include <math.h>
#include <string.h>

#define WI_ORIGIN "udf"

#define MAX_DEPTH 64

/* The first byte of each value: its kind, whatever the width or layout. */
enum {
  TAG_NULL = 0,
  TAG_BOOL = 1,
  TAG_INT = 2,
  TAG_UINT = 3, /* integers from 2^63 on */
  TAG_FLOAT = 4,
  TAG_DECIMAL = 5,
  TAG_TEXT = 6,
  TAG_BINARY = 7,
  TAG_DATE = 8,
  TAG_TIME = 9,
  TAG_TIMESTAMP = 10,
  TAG_INSTANT = 11,
  TAG_DURATION = 12,
  TAG_INTERVAL = 13,
  TAG_LIST = 14,
  TAG_STRUCT = 15,
  TAG_MAP = 16,
  TAG_CODED = 254, /* dictionaries: written as their values */
  TAG_NONE = 255
};

static uint8_t tag_of_times(const struct ArrowSchemaView *v) {
  switch ((int)v->type) {
    case NANOARROW_TYPE_DATE32:
    case NANOARROW_TYPE_DATE64:
      return TAG_DATE;
    case NANOARROW_TYPE_TIME32:
    case NANOARROW_TYPE_TIME64:
      return TAG_TIME;
    case NANOARROW_TYPE_TIMESTAMP:
      return v->timezone != NULL && v->timezone[0] != '\0' ? TAG_INSTANT : TAG_TIMESTAMP;
    case NANOARROW_TYPE_DURATION:
      return TAG_DURATION;
    case NANOARROW_TYPE_INTERVAL_MONTHS:
    case NANOARROW_TYPE_INTERVAL_DAY_TIME:
    case NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO:
      return TAG_INTERVAL;
    default:
      return TAG_NONE;
  }
}

static uint8_t tag_of_nested(const struct ArrowSchemaView *v) {
  switch ((int)v->type) {
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_LIST_VIEW:
    case NANOARROW_TYPE_LARGE_LIST_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
      return TAG_LIST;
    case NANOARROW_TYPE_STRUCT:
      return TAG_STRUCT;
    case NANOARROW_TYPE_MAP:
      return TAG_MAP;
    case NANOARROW_TYPE_DICTIONARY:
      return TAG_CODED;
    default:
      return tag_of_times(v);
  }
}

static uint8_t tag_of(const struct ArrowSchemaView *v) {
  switch ((int)v->type) {
    case NANOARROW_TYPE_NA:
      return TAG_NULL;
    case NANOARROW_TYPE_BOOL:
      return TAG_BOOL;
    case NANOARROW_TYPE_INT8:
    case NANOARROW_TYPE_INT16:
    case NANOARROW_TYPE_INT32:
    case NANOARROW_TYPE_INT64:
    case NANOARROW_TYPE_UINT8:
    case NANOARROW_TYPE_UINT16:
    case NANOARROW_TYPE_UINT32:
    case NANOARROW_TYPE_UINT64:
      return TAG_INT;
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DOUBLE:
      return TAG_FLOAT;
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256:
      return TAG_DECIMAL;
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW:
      return TAG_TEXT;
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY:
      return TAG_BINARY;
    default:
      return tag_of_nested(v);
  }
}

static int64_t units_per_second(enum ArrowTimeUnit unit) {
  static const int64_t units[] = {1, 1000, 1000000, 1000000000};
  return units[(int)unit & 3];
}

static weir_status code_fill(wi_code *code, const struct ArrowSchema *schema, int depth,
                             wi_arena *arena, weir_error *err) {
  struct ArrowSchemaView view;
  struct ArrowError why = {""};
  char text[160];
  if (depth > MAX_DEPTH) {
    return WI_ERR(err, WEIR_E_TOO_LARGE, "a type nested deeper than %d levels",
                  MAX_DEPTH);
  }
  if (ArrowSchemaViewInit(&view, schema, &why) != NANOARROW_OK) {
    return WI_ERR(err, WEIR_E_SQL_PLAN, "a type that cannot be read: %s", why.message);
  }
  *code = (wi_code){.tag = tag_of(&view),
                    .type = view.type,
                    .unit = units_per_second(view.time_unit),
                    .bits = view.decimal_bitwidth,
                    .scale = view.decimal_scale,
                    .width = view.fixed_size};
  if (code->tag == TAG_NONE) {
    wi_type_text(schema, text);
    return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, "leave the column out, or cast it",
                       "rows with a value of type %s cannot be hashed", text);
  }
  bool coded = code->tag == TAG_CODED;
  code->n = coded ? 1 : (size_t)schema->n_children;
  code->children = wi_arena_array(arena, code->n > 0 ? code->n : 1, sizeof *code);
  if (code->children == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < code->n; i++) {
    WI_TRY(code_fill(&code->children[i], coded ? schema->dictionary : schema->children[i],
                     depth + 1, arena, err));
  }
  return WEIR_OK;
}

weir_status wi_code_init(wi_code *code, const struct ArrowSchema *schema, wi_arena *arena,
                         weir_error *err) {
  return code_fill(code, schema, 0, arena, err);
}

/* ---- bytes: little-endian ---- */

static void put_u64(wi_buf *out, uint64_t v) {
  uint8_t b[8];
  for (int i = 0; i < 8; i++) {
    b[i] = (uint8_t)(v >> (8 * i));
  }
  wi_buf_add(out, b, sizeof b);
}

static void put_tagged(wi_buf *out, uint8_t tag, uint64_t v) {
  uint8_t b[9] = {tag};
  for (int i = 0; i < 8; i++) {
    b[1 + i] = (uint8_t)(v >> (8 * i));
  }
  wi_buf_add(out, b, sizeof b);
}

static void put_int(wi_buf *out, const wi_code *code, const struct ArrowArrayView *view,
                    int64_t i) {
  uint64_t v = code->type == NANOARROW_TYPE_UINT64
                   ? ArrowArrayViewGetUIntUnsafe(view, i)
                   : (uint64_t)ArrowArrayViewGetIntUnsafe(view, i);
  bool beyond = code->type == NANOARROW_TYPE_UINT64 && v > INT64_MAX;
  put_tagged(out, beyond ? TAG_UINT : TAG_INT, v);
}

/* As SQL groups: one zero, one NaN. */
static void put_float(wi_buf *out, double v) {
  uint64_t bits = 0;
  if (isnan(v)) {
    bits = UINT64_C(0x7FF8) << 48;
  } else if (v < 0 || v > 0) {
    memcpy(&bits, &v, sizeof bits);
  }
  put_tagged(out, TAG_FLOAT, bits);
}

/* Scale, then the unscaled number in two's complement, as few bytes as hold its sign. */
static void put_decimal(wi_buf *out, const wi_code *code,
                        const struct ArrowArrayView *view, int64_t i) {
  size_t width = (size_t)code->bits / 8, n = width;
  const uint8_t *b =
      view->buffer_views[1].data.as_uint8 + (size_t)(view->offset + i) * width;
  while (n > 1 && b[n - 1] == (b[n - 2] >> 7 != 0 ? 0xFF : 0)) {
    n--;
  }
  uint8_t head[3] = {TAG_DECIMAL, (uint8_t)code->scale, (uint8_t)n};
  wi_buf_add(out, head, sizeof head);
  wi_buf_add(out, b, n);
}

static void put_bytes(wi_buf *out, const wi_code *code, const struct ArrowArrayView *view,
                      int64_t i) {
  struct ArrowBufferView v = ArrowArrayViewGetBytesUnsafe(view, i);
  put_tagged(out, code->tag, (uint64_t)v.size_bytes);
  if (v.size_bytes > 0) {
    wi_buf_add(out, v.data.as_uint8, (size_t)v.size_bytes);
  }
}

/* Whole seconds and nanoseconds from there: what every unit has in common. */
static void put_seconds(wi_buf *out, uint8_t tag, int64_t v, int64_t unit) {
  int64_t rest = v % unit, seconds = v / unit;
  if (rest < 0) {
    rest += unit;
    seconds--;
  }
  put_tagged(out, tag, (uint64_t)seconds);
  uint64_t nanos = (uint64_t)(rest * (1000000000 / unit));
  uint8_t b[4] = {(uint8_t)nanos, (uint8_t)(nanos >> 8), (uint8_t)(nanos >> 16),
                  (uint8_t)(nanos >> 24)};
  wi_buf_add(out, b, sizeof b);
}

static void put_date(wi_buf *out, const wi_code *code, const struct ArrowArrayView *view,
                     int64_t i) {
  int64_t v = ArrowArrayViewGetIntUnsafe(view, i);
  put_seconds(out, TAG_DATE, code->type == NANOARROW_TYPE_DATE32 ? v * 86400 : v,
              code->type == NANOARROW_TYPE_DATE32 ? 1 : 1000);
}

static void put_interval(wi_buf *out, const wi_code *code,
                         const struct ArrowArrayView *view, int64_t i) {
  struct ArrowInterval v;
  ArrowIntervalInit(&v, code->type);
  ArrowArrayViewGetIntervalUnsafe(view, i, &v);
  put_tagged(out, TAG_INTERVAL, (uint64_t)(int64_t)v.months);
  put_u64(out, (uint64_t)(int64_t)v.days);
  put_u64(out, (uint64_t)(v.ns + (int64_t)v.ms * 1000000));
}

/* ---- nested values ---- */

static void put_list(wi_buf *out, const wi_code *code, const struct ArrowArrayView *view,
                     int64_t i) {
  int64_t at = view->offset + i, from, to;
  if (code->type == NANOARROW_TYPE_FIXED_SIZE_LIST) {
    from = at * code->width;
    to = from + code->width;
  } else {
    from = ArrowArrayViewListChildOffset(view, at);
    to = code->type == NANOARROW_TYPE_LIST_VIEW
             ? from + view->buffer_views[2].data.as_int32[at]
         : code->type == NANOARROW_TYPE_LARGE_LIST_VIEW
             ? from + view->buffer_views[2].data.as_int64[at]
             : ArrowArrayViewListChildOffset(view, at + 1);
  }
  put_tagged(out, TAG_LIST, (uint64_t)(to - from));
  for (int64_t k = from; k < to; k++) {
    wi_code_put(out, code->children, view->children[0], k);
  }
}

static void put_struct(wi_buf *out, const wi_code *code,
                       const struct ArrowArrayView *view, int64_t i) {
  put_tagged(out, TAG_STRUCT, code->n);
  for (size_t k = 0; k < code->n; k++) {
    wi_code_put(out, &code->children[k], view->children[k], view->offset + i);
  }
}

/* Entries in the order in which they are stored: SQL compares maps so. */
static void put_map(wi_buf *out, const wi_code *code, const struct ArrowArrayView *view,
                    int64_t i) {
  const struct ArrowArrayView *pairs = view->children[0];
  const wi_code *pair = code->children;
  int64_t from = ArrowArrayViewListChildOffset(view, view->offset + i);
  int64_t to = ArrowArrayViewListChildOffset(view, view->offset + i + 1);
  put_tagged(out, TAG_MAP, (uint64_t)(to - from));
  for (int64_t k = pairs->offset + from; k < pairs->offset + to; k++) {
    wi_code_put(out, &pair->children[0], pairs->children[0], k);
    wi_code_put(out, &pair->children[1], pairs->children[1], k);
  }
}

/* ---- one value ---- */

static void put_plain(wi_buf *out, const wi_code *code, const struct ArrowArrayView *view,
                      int64_t i) {
  switch (code->tag) {
    case TAG_BOOL: {
      uint8_t b[2] = {TAG_BOOL, ArrowArrayViewGetIntUnsafe(view, i) != 0 ? 1 : 0};
      wi_buf_add(out, b, sizeof b);
      break;
    }
    case TAG_INT:
      put_int(out, code, view, i);
      break;
    case TAG_FLOAT:
      put_float(out, ArrowArrayViewGetDoubleUnsafe(view, i));
      break;
    case TAG_DECIMAL:
      put_decimal(out, code, view, i);
      break;
    case TAG_DATE:
      put_date(out, code, view, i);
      break;
    case TAG_INTERVAL:
      put_interval(out, code, view, i);
      break;
    default: /* times and durations */
      put_seconds(out, code->tag, ArrowArrayViewGetIntUnsafe(view, i), code->unit);
  }
}

void wi_code_put(wi_buf *out, const wi_code *code, const struct ArrowArrayView *view,
                 int64_t i) {
  if (code->tag == TAG_NULL || ArrowArrayViewIsNull(view, i) != 0) {
    wi_buf_chr(out, TAG_NULL);
    return;
  }
  switch (code->tag) {
    case TAG_CODED:
      wi_code_put(out, code->children, view->dictionary,
                  ArrowArrayViewGetIntUnsafe(view, i));
      break;
    case TAG_TEXT:
    case TAG_BINARY:
      put_bytes(out, code, view, i);
      break;
    case TAG_LIST:
      put_list(out, code, view, i);
      break;
    case TAG_STRUCT:
      put_struct(out, code, view, i);
      break;
    case TAG_MAP:
      put_map(out, code, view, i);
      break;
    default:
      put_plain(out, code, view, i);
  }
}
