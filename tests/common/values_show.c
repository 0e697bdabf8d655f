/* Results as text, exactly; and whether an array is what its schema says. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/values.h"

void wv_out_free(wv_out *o) {
  free(o->p);
  *o = (wv_out){NULL, 0, 0};
}

static void put(wv_out *o, const char *p, size_t n) {
  if (o->n + n + 1 > o->cap) {
    o->cap = (o->cap + n + 64) * 2;
    o->p = realloc(o->p, o->cap);
    if (o->p == NULL) {
      abort();
    }
  }
  memcpy(o->p + o->n, p, n);
  o->n += n;
  o->p[o->n] = '\0';
}

__attribute__((format(printf, 2, 3))) static void putf(wv_out *o, const char *fmt, ...) {
  char text[96];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  put(o, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
}

static void show_items(wv_out *o, const struct ArrowSchema *schema,
                       const struct ArrowArrayView *v, int64_t row) {
  int64_t from, to;
  if (v->storage_type == NANOARROW_TYPE_FIXED_SIZE_LIST) {
    from = (row + v->offset) * v->layout.child_size_elements;
    to = from + v->layout.child_size_elements;
  } else {
    from = ArrowArrayViewListChildOffset(v, row + v->offset);
    to = ArrowArrayViewListChildOffset(v, row + v->offset + 1);
  }
  put(o, "[", 1);
  for (int64_t i = from; i < to; i++) {
    wv_show(o, schema->children[0], v->children[0], i);
    put(o, ",", 1);
  }
  put(o, "]", 1);
}

static void show_float(wv_out *o, double d) {
  uint64_t bits;
  memcpy(&bits, &d, sizeof bits);
  if (isnan(d)) {
    putf(o, "nan");
  } else {
    putf(o, "%.17g(%016" PRIx64 ")", d, bits);
  }
}

void wv_show(wv_out *o, const struct ArrowSchema *schema, const struct ArrowArrayView *v,
             int64_t row) {
  if (ArrowArrayViewIsNull(v, row)) {
    put(o, "NULL", 4);
    return;
  }
  switch ((int)v->storage_type) {
    case NANOARROW_TYPE_STRUCT:
      put(o, "{", 1);
      for (int64_t i = 0; i < v->n_children; i++) {
        putf(o, "%.40s:",
             schema->children[i]->name != NULL ? schema->children[i]->name : "");
        wv_show(o, schema->children[i], v->children[i], row + v->offset);
        put(o, ",", 1);
      }
      put(o, "}", 1);
      break;
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_MAP:
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
      show_items(o, schema, v, row);
      break;
    case NANOARROW_TYPE_HALF_FLOAT:
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DOUBLE:
      show_float(o, ArrowArrayViewGetDoubleUnsafe(v, row));
      break;
    case NANOARROW_TYPE_DECIMAL128:
    case NANOARROW_TYPE_DECIMAL256:
    case NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO:
    case NANOARROW_TYPE_INTERVAL_DAY_TIME: {
      size_t width = (size_t)v->layout.element_size_bits[1] / 8;
      const uint8_t *p =
          v->buffer_views[1].data.as_uint8 + (size_t)(row + v->offset) * width;
      for (size_t i = 0; i < width; i++) {
        putf(o, "%02x", p[i]);
      }
      break;
    }
    case NANOARROW_TYPE_UINT64:
      putf(o, "%" PRIu64, ArrowArrayViewGetUIntUnsafe(v, row));
      break;
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW:
    case NANOARROW_TYPE_BINARY:
    case NANOARROW_TYPE_LARGE_BINARY:
    case NANOARROW_TYPE_BINARY_VIEW:
    case NANOARROW_TYPE_FIXED_SIZE_BINARY: {
      struct ArrowStringView s = ArrowArrayViewGetStringUnsafe(v, row);
      putf(o, "%" PRId64 "'", s.size_bytes);
      put(o, s.data, (size_t)s.size_bytes);
      put(o, "'", 1);
      break;
    }
    default:
      putf(o, "%" PRId64, ArrowArrayViewGetIntUnsafe(v, row));
  }
}

static void view_of(struct ArrowArrayView *v, const struct ArrowSchema *schema,
                    const struct ArrowArray *array) {
  if (ArrowArrayViewInitFromSchema(v, schema, NULL) != NANOARROW_OK ||
      ArrowArrayViewSetArray(v, array, NULL) != NANOARROW_OK) {
    fprintf(stderr, "not an array of its schema\n"); /* wv_check goes before */
    abort();
  }
}

void wv_show_all(wv_out *o, const struct ArrowSchema *schema,
                 const struct ArrowArray *array, size_t *offsets) {
  struct ArrowArrayView v;
  view_of(&v, schema, array);
  for (int64_t i = 0; i < array->length; i++) {
    if (offsets != NULL) {
      offsets[i] = o->n;
    }
    wv_show(o, schema, &v, i);
    put(o, "\n", 1);
  }
  if (offsets != NULL) {
    offsets[array->length] = o->n;
  }
  ArrowArrayViewReset(&v);
}

/* ---- checks ---- */

static bool utf8_ok(const unsigned char *p, int64_t n) {
  for (int64_t i = 0; i < n;) {
    unsigned c = p[i];
    int more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : (c & 0xF0U) == 0xE0 ? 2 : 3;
    uint32_t point = c;
    if ((c >= 0x80 && c < 0xC2) || c > 0xF4 || i + more >= n) {
      return false;
    }
    point = more == 0 ? c : c & (0x3FU >> more);
    for (int k = 1; k <= more; k++) {
      if ((p[i + k] & 0xC0U) != 0x80) {
        return false;
      }
      point = point << 6 | (p[i + k] & 0x3FU);
    }
    if ((more == 2 && point < 0x800) || (more == 3 && point < 0x10000) ||
        point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

static bool is_text(const struct ArrowArrayView *v) {
  return v->storage_type == NANOARROW_TYPE_STRING ||
         v->storage_type == NANOARROW_TYPE_LARGE_STRING ||
         v->storage_type == NANOARROW_TYPE_STRING_VIEW;
}

static char complaint[320];
static const char *check_row(const struct ArrowSchema *s, const struct ArrowArrayView *v,
                             int64_t row, bool any_bytes);

static const char *check_items(const struct ArrowSchema *s,
                               const struct ArrowArrayView *v, int64_t row,
                               bool any_bytes) {
  const char *why = NULL;
  int64_t from = ArrowArrayViewListChildOffset(v, row + v->offset);
  int64_t to = ArrowArrayViewListChildOffset(v, row + v->offset + 1);
  for (int64_t i = from; i < to && why == NULL; i++) {
    why = check_row(s->children[0], v->children[0], i, any_bytes);
  }
  return why;
}

/* A row that its parents have. */
static const char *check_row(const struct ArrowSchema *s, const struct ArrowArrayView *v,
                             int64_t row, bool any_bytes) {
  const char *why = NULL;
  if (ArrowArrayViewIsNull(v, row)) {
    if ((s->flags & ARROW_FLAG_NULLABLE) == 0 && v->storage_type != NANOARROW_TYPE_NA) {
      snprintf(complaint, sizeof complaint,
               "row %" PRId64
               " of '%s' (%s) is null, but the "
               "field says that it never is",
               row, s->name != NULL ? s->name : "", s->format);
      return complaint;
    }
    return NULL;
  }
  if (is_text(v) && !any_bytes) {
    struct ArrowStringView t = ArrowArrayViewGetStringUnsafe(v, row);
    if (!utf8_ok((const unsigned char *)t.data, t.size_bytes)) {
      snprintf(complaint, sizeof complaint, "row %" PRId64 " of '%s' is no UTF-8", row,
               s->name != NULL ? s->name : "");
      return complaint;
    }
  }
  if (v->storage_type == NANOARROW_TYPE_STRUCT) {
    for (int64_t i = 0; i < v->n_children && why == NULL; i++) {
      why = check_row(s->children[i], v->children[i], row + v->offset, any_bytes);
    }
  } else if (v->storage_type == NANOARROW_TYPE_LIST ||
             v->storage_type == NANOARROW_TYPE_LARGE_LIST ||
             v->storage_type == NANOARROW_TYPE_MAP) {
    why = check_items(s, v, row, any_bytes);
  }
  return why;
}

/* Null counts that are stated are true, at every level. */
static const char *check_counts(const struct ArrowArrayView *v) {
  if (v->null_count >= 0 && v->storage_type != NANOARROW_TYPE_NA) {
    int64_t nulls = ArrowArrayViewComputeNullCount(v);
    if (nulls != v->null_count) {
      snprintf(complaint, sizeof complaint,
               "null_count says %" PRId64 ", but %" PRId64 " rows are null",
               v->null_count, nulls);
      return complaint;
    }
  }
  const char *why = NULL;
  for (int64_t i = 0; i < v->n_children && why == NULL; i++) {
    why = check_counts(v->children[i]);
  }
  return why;
}

const char *wv_check(const struct ArrowSchema *schema, const struct ArrowArray *array,
                     bool any_bytes) {
  struct ArrowArrayView v;
  struct ArrowError why = {""};
  const char *said = NULL;
  int rc = ArrowArrayViewInitFromSchema(&v, schema, &why);
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayViewSetArray(&v, array, &why);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayViewValidate(&v, NANOARROW_VALIDATION_LEVEL_FULL, &why);
  }
  if (rc != NANOARROW_OK) {
    snprintf(complaint, sizeof complaint, "not valid as '%s': %.250s", schema->format,
             why.message);
    said = complaint;
  }
  said = said != NULL ? said : check_counts(&v);
  for (int64_t i = 0; said == NULL && i < array->length; i++) {
    said = check_row(schema, &v, i, any_bytes);
  }
  ArrowArrayViewReset(&v);
  return said;
}

/* ---- whether anything was written to an input ---- */

static uint64_t mix(uint64_t h, const void *p, size_t n) {
  const uint8_t *b = p;
  for (size_t i = 0; i < n; i++) {
    h = (h ^ b[i]) * 0x100000001B3U;
  }
  return h;
}

uint64_t wv_fingerprint(const struct ArrowSchema *schema,
                        const struct ArrowArray *array) {
  struct ArrowArrayView v;
  uint64_t h = mix(0xCBF29CE484222325U, array, sizeof *array);
  h = mix(h, array->buffers, (size_t)array->n_buffers * sizeof(void *));
  if (ArrowArrayViewInitFromSchema(&v, schema, NULL) == NANOARROW_OK &&
      ArrowArrayViewSetArray(&v, array, NULL) == NANOARROW_OK) {
    for (int i = 0; i < 3; i++) {
      if (v.buffer_views[i].data.data != NULL) {
        h = mix(h, v.buffer_views[i].data.data, (size_t)v.buffer_views[i].size_bytes);
      }
    }
  }
  ArrowArrayViewReset(&v);
  for (int64_t i = 0; i < array->n_children; i++) {
    h = h * 31 + wv_fingerprint(schema->children[i], array->children[i]);
  }
  return h;
}
