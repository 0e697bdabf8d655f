#include "udf/text/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "udf/kernel.h"

#define WI_ORIGIN "udf"

#define MAX_DEPTH   64
#define DAY_SECONDS 86400

/* ---- shapes ---- */

static bool type_has_text(enum ArrowType type) {
  int t = (int)type;
  return (t >= NANOARROW_TYPE_NA && t <= NANOARROW_TYPE_TIME64) ||
         t == NANOARROW_TYPE_DECIMAL32 || t == NANOARROW_TYPE_DECIMAL64 ||
         t == NANOARROW_TYPE_DECIMAL128 || t == NANOARROW_TYPE_DECIMAL256 ||
         t == NANOARROW_TYPE_LIST || t == NANOARROW_TYPE_LARGE_LIST ||
         t == NANOARROW_TYPE_LIST_VIEW || t == NANOARROW_TYPE_LARGE_LIST_VIEW ||
         t == NANOARROW_TYPE_FIXED_SIZE_LIST || t == NANOARROW_TYPE_STRUCT ||
         t == NANOARROW_TYPE_MAP || t == NANOARROW_TYPE_DICTIONARY ||
         t == NANOARROW_TYPE_LARGE_STRING || t == NANOARROW_TYPE_LARGE_BINARY ||
         t == NANOARROW_TYPE_STRING_VIEW || t == NANOARROW_TYPE_BINARY_VIEW;
}

/* Few fields: insertion keeps those of one name in their order. */
static void order_by_name(wi_shape *shape) {
  for (size_t i = 0; i < shape->n; i++) {
    size_t at = i;
    for (; at > 0; at--) {
      const char *before = shape->children[shape->order[at - 1]].name;
      if (strcmp(before, shape->children[i].name) <= 0) {
        break;
      }
      shape->order[at] = shape->order[at - 1];
    }
    shape->order[at] = i;
  }
}

static weir_status shape_fill(wi_shape *shape, const struct ArrowSchema *schema,
                              int depth, wi_arena *arena, weir_error *err);

static weir_status shape_children(wi_shape *shape, const struct ArrowSchema *schema,
                                  int depth, wi_arena *arena, weir_error *err) {
  bool coded = shape->type == NANOARROW_TYPE_DICTIONARY;
  shape->n = coded ? 1 : (size_t)schema->n_children;
  if (shape->n == 0) {
    return WEIR_OK;
  }
  shape->children = wi_arena_array(arena, shape->n, sizeof *shape->children);
  shape->order = wi_arena_array(arena, shape->n, sizeof *shape->order);
  if (shape->children == NULL || shape->order == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < shape->n; i++) {
    const struct ArrowSchema *child = coded ? schema->dictionary : schema->children[i];
    WI_TRY(shape_fill(&shape->children[i], child, depth + 1, arena, err));
  }
  order_by_name(shape);
  return WEIR_OK;
}

static weir_status shape_fill(wi_shape *shape, const struct ArrowSchema *schema,
                              int depth, wi_arena *arena, weir_error *err) {
  struct ArrowSchemaView view;
  struct ArrowError why = {""};
  if (depth > MAX_DEPTH) {
    return WI_ERR(err, WEIR_E_TOO_LARGE, "a type nested deeper than %d levels",
                  MAX_DEPTH);
  }
  if (ArrowSchemaViewInit(&view, schema, &why) != NANOARROW_OK) {
    return WI_ERR(err, WEIR_E_SQL_PLAN, "a type that cannot be read: %s", why.message);
  }
  if (!type_has_text(view.type)) {
    char text[160];
    wi_type_text(schema, text);
    return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, "cast it to text or to a number first",
                       "a value of type %s has no fixed text", text);
  }
  *shape = (wi_shape){.type = view.type,
                      .unit = view.time_unit,
                      .zoned = view.type == NANOARROW_TYPE_TIMESTAMP &&
                               view.timezone != NULL && view.timezone[0] != '\0',
                      .bits = view.decimal_bitwidth,
                      .precision = view.decimal_precision,
                      .scale = view.decimal_scale,
                      .width = view.fixed_size,
                      .name = schema->name == NULL ? "" : schema->name};
  return shape_children(shape, schema, depth, arena, err);
}

weir_status wi_shape_init(wi_shape *shape, const struct ArrowSchema *schema,
                          wi_arena *arena, weir_error *err) {
  *shape = (wi_shape){.type = NANOARROW_TYPE_NA};
  return shape_fill(shape, schema, 0, arena, err);
}

/* ---- the writer ---- */

void wi_text_init(wi_text *t) {
  t->out = (wi_buf)WI_BUF_INIT;
  t->null_key = false;
  ArrowBufferInit(&t->digits);
}

void wi_text_release(wi_text *t) {
  wi_buf_release(&t->out);
  ArrowBufferReset(&t->digits);
}

weir_status wi_text_check(const wi_text *t, weir_error *err) {
  if (t->null_key) {
    return WI_ERR(err, WEIR_E_EXECUTION, "a map with a null key has no text");
  }
  return wi_buf_check(&t->out, err, WI_ORIGIN);
}

bool wi_value_null(const wi_shape *shape, const struct ArrowArrayView *view, int64_t i) {
  if (ArrowArrayViewIsNull(view, i) != 0) {
    return true;
  }
  return shape->type == NANOARROW_TYPE_DICTIONARY &&
         wi_value_null(shape->children, view->dictionary,
                       ArrowArrayViewGetIntUnsafe(view, i));
}

/* ---- numbers ---- */

static void put_uint(wi_buf *b, bool negative, uint64_t v) {
  char text[21];
  size_t n = 0;
  if (negative) {
    text[n++] = '-';
  }
  n += wi_digits(v, text + n);
  wi_buf_add(b, text, n);
}

static void put_int(wi_buf *b, int64_t v) {
  put_uint(b, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void put_double(wi_buf *b, double v, bool nested) {
  char text[32];
  bool quote = nested && !isfinite(v);
  wi_double_text(v, text);
  wi_buf_str(b, quote ? "\"" : "");
  wi_buf_str(b, text);
  wi_buf_str(b, quote ? "\"" : "");
}

/* The shortest decimal that reads back as this float has at most 9 digits; the double
 * nearest to such a decimal has that decimal as its own shortest text. */
static double float_as_double(float v) {
  char text[32];
  if (!isfinite(v)) {
    return (double)v;
  }
  /* Any 6 digits survive a normal float; a subnormal one may have fewer. */
  for (int digits = fabsf(v) < FLT_MIN ? 1 : 6; digits <= 9; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, (double)v);
    float back = strtof(text, NULL);
    if (!(back < v) && !(back > v)) {
      break;
    }
  }
  return strtod(text, NULL);
}

static void put_decimal(wi_text *t, const wi_shape *shape,
                        const struct ArrowArrayView *view, int64_t i) {
  struct ArrowDecimal v;
  ArrowDecimalInit(&v, shape->bits, shape->precision, shape->scale);
  ArrowArrayViewGetDecimalUnsafe(view, i, &v);
  t->digits.size_bytes = 0;
  if (ArrowDecimalAppendStringToBuffer(&v, &t->digits) != NANOARROW_OK) {
    t->out.failed = true;
    return;
  }
  wi_buf_add(&t->out, t->digits.data, (size_t)t->digits.size_bytes);
}

/* ---- dates and times: proleptic Gregorian, for any 64-bit value ---- */

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/* Not a - floor_div(a, b) * b, which overflows near the least number. */
static int64_t floor_mod(int64_t a, int64_t b) {
  return a % b + (a % b < 0 ? b : 0);
}

/* Counts from 1 March, so that the leap day is the last of its year; an era is 400 years.
 * */
static void put_date(wi_buf *b, int64_t days) {
  int64_t z = days + 719468;
  int64_t era = floor_div(z, 146097);
  int64_t doe = floor_mod(z, 146097);
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  int64_t month = mp < 10 ? mp + 3 : mp - 9;
  int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  char text[48];
  const char *sign = year < 0 ? "-" : year > 9999 ? "+" : "";
  snprintf(text, sizeof text, "%s%04lld-%02lld-%02lld", sign,
           (long long)(year < 0 ? -year : year), (long long)month,
           (long long)(doy - (153 * mp + 2) / 5 + 1));
  wi_buf_str(b, text);
}

/* Microseconds always; nanoseconds only when they would be lost, so that equal texts are
 * equal times. */
static void put_clock(wi_buf *b, int64_t seconds, int64_t nanos) {
  char text[64];
  snprintf(text, sizeof text, "%02lld:%02lld:%02lld.", (long long)(seconds / 3600),
           (long long)(seconds / 60 % 60), (long long)(seconds % 60));
  wi_buf_str(b, text);
  if (nanos % 1000 == 0) {
    snprintf(text, sizeof text, "%06lld", (long long)(nanos / 1000));
  } else {
    snprintf(text, sizeof text, "%09lld", (long long)nanos);
  }
  wi_buf_str(b, text);
}

static int64_t unit_per_second(enum ArrowTimeUnit unit) {
  switch (unit) {
    case NANOARROW_TIME_UNIT_SECOND:
      return 1;
    case NANOARROW_TIME_UNIT_MILLI:
      return 1000;
    case NANOARROW_TIME_UNIT_MICRO:
      return 1000000;
    case NANOARROW_TIME_UNIT_NANO:
      break;
  }
  return 1000000000;
}

static void put_timestamp(wi_buf *b, int64_t v, enum ArrowTimeUnit unit, bool zoned) {
  int64_t per = unit_per_second(unit);
  int64_t seconds = floor_div(v, per);
  int64_t nanos = floor_mod(v, per) * (1000000000 / per);
  put_date(b, floor_div(seconds, DAY_SECONDS));
  wi_buf_chr(b, 'T');
  put_clock(b, floor_mod(seconds, DAY_SECONDS), nanos);
  if (zoned) {
    wi_buf_chr(b, 'Z');
  }
}

static void put_time(wi_buf *b, int64_t v, enum ArrowTimeUnit unit) {
  int64_t per = unit_per_second(unit);
  int64_t seconds = floor_div(v, per);
  int64_t nanos = floor_mod(v, per) * (1000000000 / per);
  put_clock(b, seconds, nanos);
}

/* A date64 is a whole day by the Arrow specification; one that is not keeps its time. */
static void put_date64(wi_buf *b, int64_t ms) {
  if (ms % (DAY_SECONDS * 1000LL) == 0) {
    put_date(b, ms / (DAY_SECONDS * 1000LL));
  } else {
    put_timestamp(b, ms, NANOARROW_TIME_UNIT_MILLI, false);
  }
}

/* ---- bytes ---- */

static void put_text(wi_buf *b, const struct ArrowArrayView *view, int64_t i,
                     bool nested) {
  struct ArrowStringView v = ArrowArrayViewGetStringUnsafe(view, i);
  if (nested) {
    wi_buf_json_text(b, v.data, (size_t)v.size_bytes);
  } else {
    wi_buf_add(b, v.data, (size_t)v.size_bytes);
  }
}

static void put_hex(wi_buf *b, const struct ArrowArrayView *view, int64_t i) {
  struct ArrowBufferView v = ArrowArrayViewGetBytesUnsafe(view, i);
  size_t n = (size_t)v.size_bytes;
  if (n <= PTRDIFF_MAX / 4 && wi_buf_reserve(b, 2 * n)) {
    wi_hex(v.data.as_uint8, n, b->p + b->n);
    b->n += 2 * n;
  }
}

/* ---- nested values: canonical JSON ---- */

static void put_value(wi_text *t, const wi_shape *shape,
                      const struct ArrowArrayView *view, int64_t i, bool nested);

static void put_member(wi_text *t, const wi_shape *shape,
                       const struct ArrowArrayView *view, int64_t i) {
  if (wi_value_null(shape, view, i)) {
    wi_buf_str(&t->out, "null");
  } else {
    put_value(t, shape, view, i, true);
  }
}

/* First and past-the-last element of list i, within the child's slice. */
static void list_range(const wi_shape *shape, const struct ArrowArrayView *view,
                       int64_t i, int64_t *from, int64_t *to) {
  int64_t at = view->offset + i;
  if (shape->type == NANOARROW_TYPE_FIXED_SIZE_LIST) {
    *from = at * shape->width;
    *to = *from + shape->width;
    return;
  }
  *from = ArrowArrayViewListChildOffset(view, at);
  if (shape->type == NANOARROW_TYPE_LIST_VIEW) {
    *to = *from + view->buffer_views[2].data.as_int32[at];
  } else if (shape->type == NANOARROW_TYPE_LARGE_LIST_VIEW) {
    *to = *from + view->buffer_views[2].data.as_int64[at];
  } else {
    *to = ArrowArrayViewListChildOffset(view, at + 1);
  }
}

static void put_list(wi_text *t, const wi_shape *shape, const struct ArrowArrayView *view,
                     int64_t i) {
  int64_t from, to;
  list_range(shape, view, i, &from, &to);
  wi_buf_chr(&t->out, '[');
  for (int64_t k = from; k < to; k++) {
    if (k > from) {
      wi_buf_chr(&t->out, ',');
    }
    put_member(t, shape->children, view->children[0], k);
  }
  wi_buf_chr(&t->out, ']');
}

static void put_struct(wi_text *t, const wi_shape *shape,
                       const struct ArrowArrayView *view, int64_t i) {
  wi_buf_chr(&t->out, '{');
  for (size_t k = 0; k < shape->n; k++) {
    const wi_shape *field = &shape->children[shape->order[k]];
    if (k > 0) {
      wi_buf_chr(&t->out, ',');
    }
    wi_buf_json_text(&t->out, field->name, strlen(field->name));
    wi_buf_chr(&t->out, ':');
    put_member(t, field, view->children[shape->order[k]], view->offset + i);
  }
  wi_buf_chr(&t->out, '}');
}

typedef struct map_entry {
  const char *key;
  size_t n;
  int64_t row; /* entries of one key keep their order */
} map_entry;

static int entry_cmp(const void *a, const void *b) {
  const map_entry *x = a, *y = b;
  int c = wi_str_cmp((wi_str){x->key, x->n}, (wi_str){y->key, y->n});
  return c != 0 ? c : (x->row > y->row) - (x->row < y->row);
}

/* The texts of the keys, end to end after t->out; `entries` get lengths. Returns the text
 * to a place of its own so that t->out is as before. */
static char *map_keys(wi_text *t, const wi_shape *key, const struct ArrowArrayView *keys,
                      int64_t from, size_t n, map_entry *entries) {
  size_t start = t->out.n;
  for (size_t k = 0; k < n; k++) {
    size_t before = t->out.n;
    int64_t row = from + (int64_t)k;
    if (wi_value_null(key, keys, row)) {
      t->null_key = true;
    } else {
      put_value(t, key, keys, row, false);
    }
    entries[k] = (map_entry){NULL, t->out.n - before, row};
  }
  char *all = wi_strndup(t->out.failed ? "" : wi_buf_text(&t->out) + start,
                         t->out.failed ? 0 : t->out.n - start);
  if (all == NULL || t->out.failed) {
    t->out.failed = true;
    wi_free(all);
    return NULL;
  }
  const char *at = all;
  for (size_t k = 0; k < n; at += entries[k++].n) {
    entries[k].key = at;
  }
  t->out.n = start;
  return all;
}

static void put_map(wi_text *t, const wi_shape *shape, const struct ArrowArrayView *view,
                    int64_t i) {
  const wi_shape *pair = shape->children;
  const struct ArrowArrayView *pairs = view->children[0];
  int64_t from, to;
  list_range(shape, view, i, &from, &to);
  size_t n = to > from ? (size_t)(to - from) : 0;
  int64_t first = pairs->offset + from;
  map_entry *entries = wi_alloc_array(n > 0 ? n : 1, sizeof *entries);
  char *keys = entries == NULL ? NULL
                               : map_keys(t, &pair->children[0], pairs->children[0],
                                          first, n, entries);
  if (keys == NULL) {
    t->out.failed = true;
    wi_free(entries);
    return;
  }
  qsort(entries, n, sizeof *entries, entry_cmp);
  wi_buf_chr(&t->out, '{');
  for (size_t k = 0; k < n; k++) {
    if (k > 0) {
      wi_buf_chr(&t->out, ',');
    }
    wi_buf_json_text(&t->out, entries[k].key, entries[k].n);
    wi_buf_chr(&t->out, ':');
    put_member(t, &pair->children[1], pairs->children[1], entries[k].row);
  }
  wi_buf_chr(&t->out, '}');
  wi_free(keys);
  wi_free(entries);
}

/* ---- one value ---- */

static void put_instant(wi_text *t, const wi_shape *shape, int64_t v) {
  if (shape->type == NANOARROW_TYPE_DATE32) {
    put_date(&t->out, v);
  } else if (shape->type == NANOARROW_TYPE_DATE64) {
    put_date64(&t->out, v);
  } else if (shape->type == NANOARROW_TYPE_TIMESTAMP) {
    put_timestamp(&t->out, v, shape->unit, shape->zoned);
  } else {
    put_time(&t->out, v, shape->unit);
  }
}

/* Types whose text is digits, a keyword, or JSON of its own need no quotes in JSON. */
static void put_bare(wi_text *t, const wi_shape *shape, const struct ArrowArrayView *view,
                     int64_t i, bool nested) {
  switch ((int)shape->type) {
    case NANOARROW_TYPE_BOOL:
      wi_buf_str(&t->out, ArrowArrayViewGetIntUnsafe(view, i) != 0 ? "true" : "false");
      break;
    case NANOARROW_TYPE_UINT64:
      put_uint(&t->out, false, ArrowArrayViewGetUIntUnsafe(view, i));
      break;
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT:
      put_double(&t->out, float_as_double((float)ArrowArrayViewGetDoubleUnsafe(view, i)),
                 nested);
      break;
    case NANOARROW_TYPE_DOUBLE:
      put_double(&t->out, ArrowArrayViewGetDoubleUnsafe(view, i), nested);
      break;
    case NANOARROW_TYPE_DECIMAL32:
    case NANOARROW_TYPE_DECIMAL64:
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256:
      put_decimal(t, shape, view, i);
      break;
    case NANOARROW_TYPE_STRUCT:
      put_struct(t, shape, view, i);
      break;
    case NANOARROW_TYPE_MAP:
      put_map(t, shape, view, i);
      break;
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_LIST_VIEW:
    case NANOARROW_TYPE_LARGE_LIST_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
      put_list(t, shape, view, i);
      break;
    default:
      put_int(&t->out, ArrowArrayViewGetIntUnsafe(view, i));
  }
}

static void put_value(wi_text *t, const wi_shape *shape,
                      const struct ArrowArrayView *view, int64_t i, bool nested) {
  const char *quote = nested ? "\"" : "";
  switch ((int)shape->type) {
    case NANOARROW_TYPE_DICTIONARY:
      put_value(t, shape->children, view->dictionary, ArrowArrayViewGetIntUnsafe(view, i),
                nested);
      break;
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW:
      put_text(&t->out, view, i, nested);
      break;
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY:
      wi_buf_str(&t->out, quote);
      put_hex(&t->out, view, i);
      wi_buf_str(&t->out, quote);
      break;
    case NANOARROW_TYPE_DATE32:
    case NANOARROW_TYPE_DATE64:
    case NANOARROW_TYPE_TIMESTAMP:
    case NANOARROW_TYPE_TIME32:
    case NANOARROW_TYPE_TIME64:
      wi_buf_str(&t->out, quote);
      put_instant(t, shape, ArrowArrayViewGetIntUnsafe(view, i));
      wi_buf_str(&t->out, quote);
      break;
    default:
      put_bare(t, shape, view, i, nested);
  }
}

void wi_text_value(wi_text *t, const wi_shape *shape, const struct ArrowArrayView *view,
                   int64_t i) {
  put_value(t, shape, view, i, false);
}
