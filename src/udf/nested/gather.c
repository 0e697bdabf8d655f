#include "udf/nested/gather.h"

#include <errno.h>
#include <string.h>

#define WI_ORIGIN "udf"

#define MAX_DEPTH 64

/* ---- which types ---- */

static bool gathers(enum ArrowType type) {
  int t = (int)type;
  return t != NANOARROW_TYPE_UNINITIALIZED && t != NANOARROW_TYPE_SPARSE_UNION &&
         t != NANOARROW_TYPE_DENSE_UNION && t != NANOARROW_TYPE_RUN_END_ENCODED &&
         t != NANOARROW_TYPE_EXTENSION;
}

static bool check(const struct ArrowSchema *schema, bool two, int depth) {
  struct ArrowSchemaView view;
  if (depth > MAX_DEPTH || ArrowSchemaViewInit(&view, schema, NULL) != NANOARROW_OK ||
      !gathers(view.type)) {
    return false;
  }
  if (schema->dictionary != NULL) {
    return !two && check(schema->dictionary, two, depth + 1);
  }
  for (int64_t i = 0; i < schema->n_children; i++) {
    if (!check(schema->children[i], two, depth + 1)) {
      return false;
    }
  }
  return true;
}

weir_status wi_gather_check(const wi_fn *fn, const char *what,
                            const struct ArrowSchema *schema, bool two, weir_error *err) {
  char text[160];
  if (check(schema, two, 0)) {
    return WEIR_OK;
  }
  wi_type_text(schema, text);
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN,
                     "cast it to a type without unions, run ends and dictionaries",
                     "%s cannot take %s of type %s", fn->name, what, text);
}

/* ---- sources ---- */

typedef struct source {
  const struct ArrowArrayView *view[2];
  const int64_t *rows;
  int64_t n;
} source;

/* The view and the row in it that place i stands for; NULL: null. */
static const struct ArrowArrayView *at(const source *s, int64_t i, int64_t *row) {
  int64_t r = s->rows[i];
  const struct ArrowArrayView *view = s->view[r >= 0 ? 0 : 1];
  *row = r >= 0 ? r : -2 - r;
  if (r == WI_GATHER_NULL || view == NULL || ArrowArrayViewIsNull(view, *row)) {
    return NULL;
  }
  return view;
}

static weir_status no_memory(weir_error *err) {
  return wi_err_nomem(err, WI_ORIGIN);
}

static weir_status too_large(weir_error *err) {
  return WI_ERR_HINT(err, WEIR_E_TOO_LARGE, "use smaller batches or shorter values",
                     "a batch makes more than an array of its type can hold");
}

void wi_list_range(const struct ArrowArrayView *view, int64_t i, int64_t *from,
                   int64_t *to) {
  const struct ArrowBufferView *b = view->buffer_views;
  int64_t k = view->offset + i;
  switch ((int)view->storage_type) {
    case NANOARROW_TYPE_LARGE_LIST:
      *from = b[1].data.as_int64[k];
      *to = b[1].data.as_int64[k + 1];
      break;
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
      *from = k * view->layout.child_size_elements;
      *to = *from + view->layout.child_size_elements;
      break;
    case NANOARROW_TYPE_LIST_VIEW:
      *from = b[1].data.as_int32[k];
      *to = *from + b[2].data.as_int32[k];
      break;
    case NANOARROW_TYPE_LARGE_LIST_VIEW:
      *from = b[1].data.as_int64[k];
      *to = *from + b[2].data.as_int64[k];
      break;
    default: /* list and map */
      *from = b[1].data.as_int32[k];
      *to = b[1].data.as_int32[k + 1];
  }
}

/* ---- validity ---- */

static weir_status put_validity(struct ArrowArray *out, const source *s,
                                weir_error *err) {
  struct ArrowBitmap bitmap;
  int64_t row, nulls = 0;
  ArrowBitmapInit(&bitmap);
  for (int64_t i = 0; i < s->n; i++) {
    if (at(s, i, &row) != NULL) {
      continue;
    }
    if (nulls++ == 0) {
      if (ArrowBitmapResize(&bitmap, s->n, 0) != NANOARROW_OK) {
        return no_memory(err);
      }
      memset(bitmap.buffer.data, 0xFF, (size_t)(s->n + 7) / 8);
    }
    ArrowBitClear(bitmap.buffer.data, i);
  }
  out->length = s->n;
  if (nulls > 0) {
    ArrowArraySetValidityBitmap(out, &bitmap);
  }
  out->null_count = nulls;
  return WEIR_OK;
}

/* ---- flat types ---- */

static weir_status room(struct ArrowBuffer *buffer, int64_t bytes, weir_error *err) {
  buffer->size_bytes = 0;
  if (ArrowBufferReserve(buffer, bytes + 1) != NANOARROW_OK) {
    return no_memory(err);
  }
  buffer->size_bytes = bytes;
  return WEIR_OK;
}

static weir_status put_bits(struct ArrowArray *out, const source *s, weir_error *err) {
  struct ArrowBuffer *data = ArrowArrayBuffer(out, 1);
  WI_TRY(room(data, (s->n + 7) / 8, err));
  memset(data->data, 0, (size_t)data->size_bytes);
  for (int64_t i = 0, row; i < s->n; i++) {
    const struct ArrowArrayView *v = at(s, i, &row);
    if (v != NULL && ArrowArrayViewGetIntUnsafe(v, row) != 0) {
      ArrowBitSet(data->data, i);
    }
  }
  return WEIR_OK;
}

static weir_status put_fixed(struct ArrowArray *out, const source *s, int64_t width,
                             weir_error *err) {
  struct ArrowBuffer *data = ArrowArrayBuffer(out, 1);
  int64_t bytes;
  if (__builtin_mul_overflow(s->n, width, &bytes) || bytes == INT64_MAX) {
    return too_large(err);
  }
  WI_TRY(room(data, bytes, err));
  memset(data->data, 0, (size_t)bytes);
  for (int64_t i = 0, row; i < s->n; i++) {
    const struct ArrowArrayView *v = at(s, i, &row);
    if (v == NULL) {
      continue;
    }
    const uint8_t *from = v->buffer_views[1].data.as_uint8 + (v->offset + row) * width;
    uint8_t *to = data->data + i * width;
    if (width == 8) {
      memcpy(to, from, 8);
    } else if (width == 4) {
      memcpy(to, from, 4);
    } else {
      memcpy(to, from, (size_t)width);
    }
  }
  return WEIR_OK;
}

static weir_status put_bytes(struct ArrowArray *out, const source *s, bool large,
                             weir_error *err) {
  struct ArrowBuffer *offsets = ArrowArrayBuffer(out, 1),
                     *data = ArrowArrayBuffer(out, 2);
  int64_t total = 0, row;
  WI_TRY(room(offsets, (s->n + 1) * (large ? 8 : 4), err));
  int64_t *wide = (int64_t *)(void *)offsets->data;
  int32_t *narrow = (int32_t *)(void *)offsets->data;
  for (int64_t i = 0; i <= s->n; i++) {
    if (large) {
      wide[i] = total;
    } else {
      narrow[i] = (int32_t)total;
    }
    const struct ArrowArrayView *v = i < s->n ? at(s, i, &row) : NULL;
    total += v == NULL ? 0 : ArrowArrayViewGetBytesUnsafe(v, row).size_bytes;
    if (!large && total > INT32_MAX) {
      return too_large(err);
    }
  }
  WI_TRY(room(data, total, err));
  uint8_t *to = data->data;
  for (int64_t i = 0; i < s->n; i++) {
    const struct ArrowArrayView *v = at(s, i, &row);
    if (v != NULL) {
      struct ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(v, row);
      if (bytes.size_bytes > 0) {
        memcpy(to, bytes.data.data, (size_t)bytes.size_bytes);
      }
      to += bytes.size_bytes;
    }
  }
  return WEIR_OK;
}

static weir_status put_views(struct ArrowArray *out, const source *s, weir_error *err) {
  for (int64_t i = 0, row; i < s->n; i++) {
    const struct ArrowArrayView *v = at(s, i, &row);
    struct ArrowBufferView bytes = {{.as_char = ""}, 0};
    if (v != NULL) {
      bytes = ArrowArrayViewGetBytesUnsafe(v, row);
    }
    WI_TRY(wi_arrow_err(err, ArrowArrayAppendBytes(out, bytes), "gathered texts"));
  }
  return WEIR_OK;
}

/* ---- nested types ---- */

/* The same child of both views. */
static const struct ArrowArrayView *child_of(const struct ArrowArrayView *v, int64_t k) {
  return v == NULL ? NULL : v->children[k];
}

static weir_status put_struct(struct ArrowArray *out, const source *s, weir_error *err) {
  weir_status status = WEIR_OK;
  int64_t *rows = wi_alloc_array((size_t)s->n + 1, sizeof *rows);
  if (rows == NULL) {
    return no_memory(err);
  }
  for (int64_t i = 0, row; i < s->n; i++) {
    const struct ArrowArrayView *v = at(s, i, &row);
    int64_t child = v == NULL ? 0 : v->offset + row;
    rows[i] = v == NULL                            ? WI_GATHER_NULL
              : v == s->view[0] && s->rows[i] >= 0 ? child
                                                   : WI_GATHER_SECOND(child);
  }
  for (int64_t k = 0; k < out->n_children; k++) {
    WI_CHECK(wi_gather(out->children[k], child_of(s->view[0], k), child_of(s->view[1], k),
                       rows, s->n, err));
  }
done:
  wi_free(rows);
  return status;
}

/* How the items of lists are put down. */
typedef struct lists {
  int64_t *rows; /* of the items */
  int64_t n;
  int64_t *lengths; /* of the lists */
} lists;

static weir_status list_items(const source *s, int64_t width, lists *out,
                              weir_error *err) {
  int64_t row, from = 0, to = 0, k = 0;
  out->lengths = wi_alloc_array((size_t)s->n + 1, sizeof *out->lengths);
  if (out->lengths == NULL) {
    return no_memory(err);
  }
  for (int64_t i = 0; i < s->n; i++) {
    const struct ArrowArrayView *v = at(s, i, &row);
    if (v != NULL) {
      wi_list_range(v, row, &from, &to);
    }
    out->lengths[i] = v != NULL ? to - from : width > 0 ? width : 0;
    out->n += out->lengths[i];
  }
  out->rows = wi_alloc_array((size_t)out->n + 1, sizeof *out->rows);
  if (out->rows == NULL) {
    return no_memory(err);
  }
  for (int64_t i = 0; i < s->n; i++) {
    const struct ArrowArrayView *v = at(s, i, &row);
    if (v != NULL) {
      wi_list_range(v, row, &from, &to);
    }
    for (int64_t j = 0; j < out->lengths[i]; j++) {
      out->rows[k++] = v == NULL         ? WI_GATHER_NULL
                       : s->rows[i] >= 0 ? from + j
                                         : WI_GATHER_SECOND(from + j);
    }
  }
  return WEIR_OK;
}

/* Offsets of one length after the other, and for views of lists the lengths. */
static weir_status list_offsets(struct ArrowArray *out, const lists *l, int64_t n,
                                bool large, bool views, weir_error *err) {
  int64_t width = large ? 8 : 4, sum = 0, ends = views ? n : n + 1;
  struct ArrowBuffer *offsets = ArrowArrayBuffer(out, 1);
  if (!large && l->n > INT32_MAX) {
    return too_large(err);
  }
  WI_TRY(room(offsets, ends * width, err));
  if (views) {
    WI_TRY(room(ArrowArrayBuffer(out, 2), n * width, err));
  }
  void *at_offsets = offsets->data;
  void *at_sizes = views ? ArrowArrayBuffer(out, 2)->data : NULL;
  for (int64_t i = 0; i < ends; i++) {
    int64_t length = i < n ? l->lengths[i] : 0;
    if (large) {
      ((int64_t *)at_offsets)[i] = sum;
    } else {
      ((int32_t *)at_offsets)[i] = (int32_t)sum;
    }
    if (views && large) {
      ((int64_t *)at_sizes)[i] = length;
    } else if (views) {
      ((int32_t *)at_sizes)[i] = (int32_t)length;
    }
    sum += length;
  }
  return WEIR_OK;
}

static weir_status put_lists(struct ArrowArray *out, const source *s,
                             const struct ArrowArrayView *like, weir_error *err) {
  weir_status status = WEIR_OK;
  lists l = {NULL, 0, NULL};
  int type = (int)like->storage_type;
  bool fixed = type == NANOARROW_TYPE_FIXED_SIZE_LIST;
  bool large =
      type == NANOARROW_TYPE_LARGE_LIST || type == NANOARROW_TYPE_LARGE_LIST_VIEW;
  bool views = type == NANOARROW_TYPE_LIST_VIEW || type == NANOARROW_TYPE_LARGE_LIST_VIEW;
  WI_CHECK(list_items(s, fixed ? like->layout.child_size_elements : 0, &l, err));
  if (!fixed) {
    WI_CHECK(list_offsets(out, &l, s->n, large, views, err));
  }
  WI_CHECK(wi_gather(out->children[0], child_of(s->view[0], 0), child_of(s->view[1], 0),
                     l.rows, l.n, err));
done:
  wi_free(l.rows);
  wi_free(l.lengths);
  return status;
}

static weir_status put_dictionary(struct ArrowArray *out,
                                  const struct ArrowArrayView *dictionary,
                                  weir_error *err) {
  int64_t *all = wi_alloc_array((size_t)dictionary->length + 1, sizeof *all);
  if (all == NULL) {
    return no_memory(err);
  }
  for (int64_t i = 0; i < dictionary->length; i++) {
    all[i] = i;
  }
  weir_status status = wi_gather(out, dictionary, NULL, all, dictionary->length, err);
  wi_free(all);
  return status;
}

/* ---- any type ---- */

static weir_status put_values(struct ArrowArray *out, const source *s,
                              const struct ArrowArrayView *like, weir_error *err) {
  switch ((int)like->storage_type) {
    case NANOARROW_TYPE_BOOL:
      return put_bits(out, s, err);
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_BINARY:
      return put_bytes(out, s, false, err);
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_LARGE_BINARY:
      return put_bytes(out, s, true, err);
    case NANOARROW_TYPE_STRING_VIEW:
    case NANOARROW_TYPE_BINARY_VIEW:
      return put_views(out, s, err);
    case NANOARROW_TYPE_STRUCT:
      return put_struct(out, s, err);
    case NANOARROW_TYPE_LIST:
    case NANOARROW_TYPE_LARGE_LIST:
    case NANOARROW_TYPE_MAP:
    case NANOARROW_TYPE_FIXED_SIZE_LIST:
    case NANOARROW_TYPE_LIST_VIEW:
    case NANOARROW_TYPE_LARGE_LIST_VIEW:
      return put_lists(out, s, like, err);
    default:
      return put_fixed(out, s, like->layout.element_size_bits[1] / 8, err);
  }
}

weir_status wi_gather_init(struct ArrowArray *out, const struct ArrowSchema *schema,
                           weir_error *err) {
  struct ArrowError why = {""};
  WI_TRY(wi_arrow_err(err, ArrowArrayInitFromSchema(out, schema, &why), why.message));
  return wi_arrow_err(err, ArrowArrayStartAppending(out), "gathered rows");
}

weir_status wi_gather(struct ArrowArray *out, const struct ArrowArrayView *a,
                      const struct ArrowArrayView *b, const int64_t *rows, int64_t n,
                      weir_error *err) {
  const struct ArrowArrayView *like = a != NULL ? a : b;
  source s = {{a, b}, rows, n};
  if (like->storage_type == NANOARROW_TYPE_NA) {
    out->length = out->null_count = n;
    return WEIR_OK;
  }
  WI_TRY(put_values(out, &s, like, err));
  if (like->dictionary != NULL) {
    WI_TRY(put_dictionary(out->dictionary, like->dictionary, err));
  }
  return put_validity(out, &s, err);
}
