/* One value of any Arrow type as text. Types are walked once per stream, so that a cell
 * costs no look at the schema. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"

/* ---- types ---- */

static int unit_digits(enum ArrowTimeUnit unit) {
  return 3 * (int)unit; /* second, milli, micro, nano are 0 to 3 */
}

static weir_status unsupported(const wi_cli_field *f, const char *type, weir_error *err) {
  wi_cli_error(err, WEIR_E_NOT_YET,
               "column '%.200s' is of type %.200s, which cannot be shown", f->name, type);
  wi_cli_error_hint(err, "cast it in the query, as arrow_cast(\"%.100s\", 'Utf8')",
                    f->name);
  return WEIR_E_NOT_YET;
}

static weir_status init_children(wi_cli_field *f, const struct ArrowSchema *schema,
                                 weir_error *err) {
  f->children = wi_cli_alloc((size_t)schema->n_children, sizeof *f->children);
  for (int64_t i = 0; i < schema->n_children; i++) {
    f->n_children++;
    weir_status status = wi_cli_field_init(&f->children[i], schema->children[i], err);
    if (status != WEIR_OK) {
      return status;
    }
  }
  return WEIR_OK;
}

weir_status wi_cli_field_init(wi_cli_field *f, const struct ArrowSchema *schema,
                              weir_error *err) {
  struct ArrowSchemaView view = {0}; /* reading it sets only what the type has */
  struct ArrowError why;
  *f = (wi_cli_field){0};
  const char *name = schema->name == NULL ? "" : schema->name;
  f->name = wi_cli_alloc(strlen(name) + 1, 1);
  memcpy(f->name, name, strlen(name) + 1);
  wi_cli_json_key(&f->key, name);
  if (ArrowSchemaViewInit(&view, schema, &why) != NANOARROW_OK) {
    return unsupported(f, schema->format == NULL ? "?" : schema->format, err);
  }
  f->type = view.type;
  f->bits = view.decimal_bitwidth;
  f->precision = view.decimal_precision;
  f->scale = view.decimal_scale;
  f->digits = unit_digits(view.time_unit);
  f->zoned = view.timezone != NULL && view.timezone[0] != '\0';
  if (view.type == NANOARROW_TYPE_DICTIONARY) {
    f->dictionary = wi_cli_alloc(1, sizeof *f->dictionary);
    return wi_cli_field_init(f->dictionary, schema->dictionary, err);
  }
  if (view.type == NANOARROW_TYPE_RUN_END_ENCODED ||
      view.type == NANOARROW_TYPE_SPARSE_UNION ||
      view.type == NANOARROW_TYPE_DENSE_UNION) {
    return unsupported(f, ArrowTypeString(view.type), err);
  }
  return init_children(f, schema, err);
}

void wi_cli_field_release(wi_cli_field *f) {
  for (size_t i = 0; i < f->n_children; i++) {
    wi_cli_field_release(&f->children[i]);
  }
  free(f->children);
  if (f->dictionary != NULL) {
    wi_cli_field_release(f->dictionary);
    free(f->dictionary);
  }
  free(f->name);
  wi_cli_buf_release(&f->key);
  *f = (wi_cli_field){0};
}

static bool is_text(enum ArrowType type) {
  return type == NANOARROW_TYPE_STRING || type == NANOARROW_TYPE_LARGE_STRING ||
         type == NANOARROW_TYPE_STRING_VIEW;
}

static bool is_binary(enum ArrowType type) {
  return type == NANOARROW_TYPE_BINARY || type == NANOARROW_TYPE_LARGE_BINARY ||
         type == NANOARROW_TYPE_BINARY_VIEW || type == NANOARROW_TYPE_FIXED_SIZE_BINARY;
}

static bool is_float(enum ArrowType type) {
  return type == NANOARROW_TYPE_HALF_FLOAT || type == NANOARROW_TYPE_FLOAT ||
         type == NANOARROW_TYPE_DOUBLE;
}

static bool is_unsigned(enum ArrowType type) {
  return type == NANOARROW_TYPE_UINT8 || type == NANOARROW_TYPE_UINT16 ||
         type == NANOARROW_TYPE_UINT32 || type == NANOARROW_TYPE_UINT64;
}

static bool is_signed(enum ArrowType type) {
  return type == NANOARROW_TYPE_INT8 || type == NANOARROW_TYPE_INT16 ||
         type == NANOARROW_TYPE_INT32 || type == NANOARROW_TYPE_INT64;
}

static bool is_decimal(enum ArrowType type) {
  return type == NANOARROW_TYPE_DECIMAL32 || type == NANOARROW_TYPE_DECIMAL64 ||
         type == NANOARROW_TYPE_DECIMAL128 || type == NANOARROW_TYPE_DECIMAL256;
}

static bool is_list(enum ArrowType type) {
  return type == NANOARROW_TYPE_LIST || type == NANOARROW_TYPE_LARGE_LIST ||
         type == NANOARROW_TYPE_FIXED_SIZE_LIST || type == NANOARROW_TYPE_LIST_VIEW ||
         type == NANOARROW_TYPE_LARGE_LIST_VIEW;
}

bool wi_cli_field_is_number(const wi_cli_field *f) {
  const wi_cli_field *at = f->dictionary != NULL ? f->dictionary : f;
  return is_signed(at->type) || is_unsigned(at->type) || is_float(at->type) ||
         is_decimal(at->type);
}

static const wi_cli_field *twin(const wi_cli_field *f) {
  for (size_t i = 0; i < f->n_children; i++) {
    for (size_t k = 0; k < i; k++) {
      if (strcmp(f->children[i].name, f->children[k].name) == 0) {
        return &f->children[i];
      }
    }
  }
  return NULL;
}

weir_status wi_cli_field_unique(const wi_cli_field *f, bool top, bool deep,
                                weir_error *err) {
  const wi_cli_field *double_one =
      f->type == NANOARROW_TYPE_STRUCT && top ? twin(f) : NULL;
  if (double_one != NULL) {
    wi_cli_error(err, WEIR_E_OUTPUT_NAME, "two columns are named '%.200s'",
                 double_one->name);
    wi_cli_error_hint(err, "give one of them another name: ... AS %.100s_2",
                      double_one->name);
    return WEIR_E_OUTPUT_NAME;
  }
  weir_status status = WEIR_OK;
  for (size_t i = 0; i < f->n_children && deep && status == WEIR_OK; i++) {
    status = wi_cli_field_unique(&f->children[i], true, true, err);
  }
  if (f->dictionary != NULL && deep && status == WEIR_OK) {
    status = wi_cli_field_unique(f->dictionary, true, true, err);
  }
  return status;
}

/* ---- values ---- */

bool wi_cli_value_is_null(const wi_cli_field *f, const struct ArrowArrayView *v,
                          int64_t i) {
  if (ArrowArrayViewIsNull(v, i)) {
    return true;
  }
  return f->dictionary != NULL && wi_cli_value_is_null(f->dictionary, v->dictionary,
                                                       ArrowArrayViewGetIntUnsafe(v, i));
}

static void add_base64(wi_cli_buf *b, const uint8_t *p, size_t n) {
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < n; i += 3) {
    uint32_t bits = (uint32_t)p[i] << 16;
    bits |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
    bits |= i + 2 < n ? (uint32_t)p[i + 2] : 0;
    char quad[4] = {letters[bits >> 18], letters[bits >> 12 & 63],
                    i + 1 < n ? letters[bits >> 6 & 63] : '=',
                    i + 2 < n ? letters[bits & 63] : '='};
    wi_cli_buf_add(b, quad, sizeof quad);
  }
}

static void add_hex(wi_cli_buf *b, const uint8_t *p, size_t n) {
  static const char letters[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    wi_cli_buf_chr(b, letters[p[i] >> 4]);
    wi_cli_buf_chr(b, letters[p[i] & 15]);
  }
}

static void add_decimal(wi_cli_buf *b, const wi_cli_field *f,
                        const struct ArrowArrayView *v, int64_t i) {
  struct ArrowDecimal decimal;
  struct ArrowBuffer digits;
  ArrowDecimalInit(&decimal, f->bits, f->precision, f->scale);
  ArrowArrayViewGetDecimalUnsafe(v, i, &decimal);
  ArrowBufferInit(&digits);
  if (ArrowDecimalAppendStringToBuffer(&decimal, &digits) == NANOARROW_OK) {
    wi_cli_buf_add(b, digits.data, (size_t)digits.size_bytes);
  }
  ArrowBufferReset(&digits);
}

/* Seconds with a fraction as ISO 8601 writes them, without zeros at the end. */
static void add_seconds(wi_cli_buf *b, int64_t value, int digits) {
  uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, one = 1;
  for (int k = 0; k < digits; k++) {
    one *= 10;
  }
  if (value < 0) {
    wi_cli_buf_chr(b, '-');
  }
  wi_cli_buf_uint(b, size / one);
  uint64_t rest = size % one;
  if (rest > 0) {
    wi_cli_buf_chr(b, '.');
    for (; rest > 0; rest %= one) {
      one /= 10;
      wi_cli_buf_chr(b, (char)('0' + rest / one));
    }
  }
  wi_cli_buf_chr(b, 'S');
}

static void add_interval(wi_cli_buf *b, const wi_cli_field *f,
                         const struct ArrowArrayView *v, int64_t i) {
  struct ArrowInterval interval;
  ArrowIntervalInit(&interval, f->type);
  ArrowArrayViewGetIntervalUnsafe(v, i, &interval);
  size_t start = b->n;
  wi_cli_buf_chr(b, 'P');
  if (interval.months != 0) {
    wi_cli_buf_int(b, interval.months);
    wi_cli_buf_chr(b, 'M');
  }
  if (interval.days != 0) {
    wi_cli_buf_int(b, interval.days);
    wi_cli_buf_chr(b, 'D');
  }
  int64_t part = interval.ms != 0 ? interval.ms : interval.ns;
  if (part != 0 || b->n == start + 1) {
    wi_cli_buf_chr(b, 'T');
    add_seconds(b, part, interval.ms != 0 ? 3 : 9);
  }
}

static void add_float(wi_cli_buf *b, const wi_cli_field *f,
                      const struct ArrowArrayView *v, int64_t i, bool json) {
  double value = ArrowArrayViewGetDoubleUnsafe(v, i);
  bool quote = json && !__builtin_isfinite(value);
  wi_cli_buf_str(b, quote ? "\"" : "");
  wi_cli_double_text(b, value, f->type != NANOARROW_TYPE_DOUBLE);
  wi_cli_buf_str(b, quote ? "\"" : "");
}

static int64_t number_at(const struct ArrowArrayView *v, int64_t i) {
  const struct ArrowBufferView *data = &v->buffer_views[1];
  i += v->offset;
  return v->layout.element_size_bits[1] == 32 ? data->data.as_int32[i]
                                              : data->data.as_int64[i];
}

/* Dates, times, bytes and decimals: text without anything to escape. */
static void add_simple(wi_cli_buf *b, const wi_cli_field *f,
                       const struct ArrowArrayView *v, int64_t i,
                       wi_cli_value_form form) {
  if (is_decimal(f->type)) {
    add_decimal(b, f, v, i);
  } else if (is_binary(f->type)) {
    struct ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(v, i);
    size_t n = (size_t)bytes.size_bytes;
    if (form == WI_CLI_VALUE_SCREEN) {
      add_hex(b, bytes.data.as_uint8, n);
    } else {
      add_base64(b, bytes.data.as_uint8, n);
    }
  } else if (f->type == NANOARROW_TYPE_DATE32) {
    wi_cli_date_text(b, number_at(v, i));
  } else if (f->type == NANOARROW_TYPE_DATE64) {
    int64_t ms = number_at(v, i), day = 86400000;
    wi_cli_date_text(b, ms / day - (ms % day < 0 ? 1 : 0));
  } else if (f->type == NANOARROW_TYPE_TIMESTAMP) {
    wi_cli_timestamp_text(b, number_at(v, i), f->digits, f->zoned);
  } else if (f->type == NANOARROW_TYPE_TIME32 || f->type == NANOARROW_TYPE_TIME64) {
    wi_cli_time_text(b, number_at(v, i), f->digits);
  } else if (f->type == NANOARROW_TYPE_DURATION) {
    wi_cli_buf_str(b, "PT");
    add_seconds(b, number_at(v, i), f->digits);
  } else {
    add_interval(b, f, v, i);
  }
}

static void list_range(const struct ArrowArrayView *v, const wi_cli_field *f, int64_t i,
                       int64_t *from, int64_t *to) {
  i += v->offset;
  if (f->type == NANOARROW_TYPE_FIXED_SIZE_LIST) {
    *from = i * v->layout.child_size_elements;
    *to = *from + v->layout.child_size_elements;
    return;
  }
  *from = ArrowArrayViewListChildOffset(v, i);
  if (f->type == NANOARROW_TYPE_LIST_VIEW) {
    *to = *from + v->buffer_views[2].data.as_int32[i];
  } else if (f->type == NANOARROW_TYPE_LARGE_LIST_VIEW) {
    *to = *from + v->buffer_views[2].data.as_int64[i];
  } else {
    *to = ArrowArrayViewListChildOffset(v, i + 1);
  }
}

static void add_list(wi_cli_buf *b, const wi_cli_field *f, const struct ArrowArrayView *v,
                     int64_t i) {
  int64_t from, to;
  list_range(v, f, i, &from, &to);
  wi_cli_buf_chr(b, '[');
  for (int64_t k = from; k < to; k++) {
    wi_cli_buf_str(b, k > from ? "," : "");
    wi_cli_value_add(b, &f->children[0], v->children[0], k, WI_CLI_VALUE_JSON);
  }
  wi_cli_buf_chr(b, ']');
}

static void add_struct(wi_cli_buf *b, const wi_cli_field *f,
                       const struct ArrowArrayView *v, int64_t i) {
  wi_cli_buf_chr(b, '{');
  for (size_t k = 0; k < f->n_children; k++) {
    wi_cli_buf_str(b, k > 0 ? "," : "");
    wi_cli_buf_add(b, f->children[k].key.p, f->children[k].key.n);
    wi_cli_value_add(b, &f->children[k], v->children[k], v->offset + i,
                     WI_CLI_VALUE_JSON);
  }
  wi_cli_buf_chr(b, '}');
}

/* An object where the keys are text, else an array of {"key":…,"value":…}. */
static void add_map(wi_cli_buf *b, const wi_cli_field *f, const struct ArrowArrayView *v,
                    int64_t i) {
  int64_t from, to;
  list_range(v, f, i, &from, &to);
  const wi_cli_field *entries = &f->children[0], *keys = &entries->children[0];
  const struct ArrowArrayView *pairs = v->children[0];
  bool object = is_text(keys->dictionary != NULL ? keys->dictionary->type : keys->type);
  wi_cli_buf_chr(b, object ? '{' : '[');
  for (int64_t k = from; k < to; k++) {
    int64_t at = pairs->offset + k;
    wi_cli_buf_str(b, k > from ? "," : "");
    wi_cli_buf_str(b, object ? "" : "{\"key\":");
    wi_cli_value_add(b, keys, pairs->children[0], at, WI_CLI_VALUE_JSON);
    wi_cli_buf_str(b, object ? ":" : ",\"value\":");
    wi_cli_value_add(b, &entries->children[1], pairs->children[1], at, WI_CLI_VALUE_JSON);
    wi_cli_buf_str(b, object ? "" : "}");
  }
  wi_cli_buf_chr(b, object ? '}' : ']');
}

static void add_string(wi_cli_buf *b, const struct ArrowArrayView *v, int64_t i,
                       bool json) {
  struct ArrowStringView text = ArrowArrayViewGetStringUnsafe(v, i);
  if (json) {
    wi_cli_json_ntext(b, text.data, (size_t)text.size_bytes);
  } else {
    wi_cli_buf_add(b, text.data, (size_t)text.size_bytes);
  }
}

void wi_cli_value_add(wi_cli_buf *b, const wi_cli_field *f,
                      const struct ArrowArrayView *v, int64_t i, wi_cli_value_form form) {
  bool json = form == WI_CLI_VALUE_JSON;
  if (ArrowArrayViewIsNull(v, i)) {
    wi_cli_buf_str(b, json ? "null" : "");
  } else if (f->dictionary != NULL) {
    wi_cli_value_add(b, f->dictionary, v->dictionary, ArrowArrayViewGetIntUnsafe(v, i),
                     form);
  } else if (is_signed(f->type)) {
    wi_cli_buf_int(b, ArrowArrayViewGetIntUnsafe(v, i));
  } else if (is_unsigned(f->type)) {
    wi_cli_buf_uint(b, ArrowArrayViewGetUIntUnsafe(v, i));
  } else if (f->type == NANOARROW_TYPE_BOOL) {
    wi_cli_buf_str(b, ArrowArrayViewGetIntUnsafe(v, i) != 0 ? "true" : "false");
  } else if (is_float(f->type)) {
    add_float(b, f, v, i, json);
  } else if (is_text(f->type)) {
    add_string(b, v, i, json);
  } else if (is_list(f->type)) {
    add_list(b, f, v, i);
  } else if (f->type == NANOARROW_TYPE_STRUCT) {
    add_struct(b, f, v, i);
  } else if (f->type == NANOARROW_TYPE_MAP) {
    add_map(b, f, v, i);
  } else {
    wi_cli_buf_str(b, json ? "\"" : "");
    add_simple(b, f, v, i, form);
    wi_cli_buf_str(b, json ? "\"" : "");
  }
}
