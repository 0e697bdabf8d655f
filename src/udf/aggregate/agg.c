/* What every aggregate needs: values that are kept, opened inputs, the rows that count. */
#include "udf/aggregate/agg.h"

#include <string.h>

#define WI_ORIGIN "udf"

/* ---- bytes ---- */

void wi_bytes_release(wi_bytes *b) {
  wi_free(b->p);
  *b = (wi_bytes){0};
}

weir_status wi_bytes_add(wi_bytes *b, wi_str s, uint64_t *at, weir_error *err) {
  uint32_t n = (uint32_t)s.n;
  uint64_t cost = wi_bytes_cost(s);
  if (s.n > UINT32_MAX) {
    return WI_ERR(err, WEIR_E_TOO_LARGE, "a value of %zu bytes; an aggregate keeps %u",
                  s.n, UINT32_MAX);
  }
  if (b->n + cost > b->cap) {
    uint64_t cap = b->cap + b->cap / 2 + 256;
    cap = b->n + cost > cap ? b->n + cost : cap;
    char *p = wi_realloc_array(b->p, cap, 1);
    if (p == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    b->p = p;
    b->cap = cap;
  }
  *at = b->n;
  memcpy(b->p + b->n, &n, sizeof n);
  if (n > 0) {
    memcpy(b->p + b->n + sizeof n, s.p, n);
  }
  b->n += cost;
  return WEIR_OK;
}

/* ---- inputs ---- */

weir_status wi_agg_in_init(wi_agg_in *in, const struct ArrowSchema *schema,
                           weir_error *err) {
  struct ArrowError why = {""};
  struct ArrowSchemaView type;
  ArrowArrayViewInitFromType(&in->view, NANOARROW_TYPE_UNINITIALIZED);
  int rc = ArrowSchemaViewInit(&type, schema, &why);
  if (rc == NANOARROW_OK) {
    rc = ArrowArrayViewInitFromSchema(&in->view, schema, &why);
  }
  if (rc != NANOARROW_OK) {
    wi_agg_in_release(in);
    return wi_arrow_err(err, rc, why.message);
  }
  in->type = type.type;
  return WEIR_OK;
}

void wi_agg_in_release(wi_agg_in *in) {
  ArrowArrayViewReset(&in->view);
}

weir_status wi_agg_in_set(wi_agg_in *in, const struct ArrowArray *array, int64_t rows,
                          weir_error *err) {
  struct ArrowError why = {""};
  if (array->length != rows) {
    return WI_ERR(err, WEIR_E_BUG, "an argument of %lld rows where %lld are due",
                  (long long)array->length, (long long)rows);
  }
  return wi_arrow_err(err, ArrowArrayViewSetArray(&in->view, array, &why), why.message);
}

/* ---- rows ---- */

/* Eight bits from bit `from`; those from `end` on are not read. */
static uint8_t eight(const uint8_t *bits, int64_t from, int64_t end) {
  int64_t byte = from / 8;
  int shift = (int)(from % 8);
  unsigned v = (unsigned)bits[byte] >> shift;
  if (shift > 0 && (byte + 1) * 8 < end) {
    v |= (unsigned)bits[byte + 1] << (8 - shift);
  }
  return (uint8_t)v;
}

void wi_bits_and(uint8_t *to, const uint8_t *bits, int64_t offset, int64_t rows) {
  for (int64_t i = 0; i < rows; i += 8) {
    to[i / 8] = (uint8_t)(to[i / 8] & eight(bits, offset + i, offset + rows));
  }
}

/* All rows chosen, in memory that can be written. */
static weir_status rows_begin(wi_agg_rows *r, int64_t rows, weir_error *err) {
  size_t bytes = (size_t)(rows + 7) / 8;
  if (r->chosen != NULL) {
    return WEIR_OK;
  }
  if (bytes > r->cap) {
    uint8_t *more = wi_realloc_array(r->bits, bytes, 1);
    if (more == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    r->bits = more;
    r->cap = bytes;
  }
  memset(r->bits, 0xFF, bytes);
  r->chosen = r->bits;
  return WEIR_OK;
}

static weir_status rows_not_null(wi_agg_rows *r, const struct ArrowArrayView *view,
                                 int64_t rows, weir_error *err) {
  if (view->storage_type == NANOARROW_TYPE_NA) {
    WI_TRY(rows_begin(r, rows, err));
    memset(r->bits, 0, (size_t)(rows + 7) / 8);
    return WEIR_OK;
  }
  const uint8_t *valid = view->buffer_views[0].data.as_uint8;
  if (view->null_count == 0 || valid == NULL) {
    return WEIR_OK;
  }
  WI_TRY(rows_begin(r, rows, err));
  wi_bits_and(r->bits, valid, view->offset, rows);
  return WEIR_OK;
}

/* A boolean array as the engine gives it. */
static weir_status rows_filter(wi_agg_rows *r, const struct ArrowArray *filter,
                               int64_t rows, weir_error *err) {
  if (filter->length != rows || filter->n_buffers != 2) {
    return WI_ERR(err, WEIR_E_BUG, "a filter of %lld rows where %lld are due",
                  (long long)filter->length, (long long)rows);
  }
  WI_TRY(rows_begin(r, rows, err));
  if (rows > 0) {
    const uint8_t *valid = filter->buffers[0];
    if (valid != NULL) {
      wi_bits_and(r->bits, valid, filter->offset, rows);
    }
    wi_bits_and(r->bits, filter->buffers[1], filter->offset, rows);
  }
  return WEIR_OK;
}

weir_status wi_agg_rows_set(wi_agg_rows *r, const struct ArrowArrayView *const *in,
                            size_t n, int64_t rows, const struct ArrowArray *filter,
                            weir_error *err) {
  r->chosen = NULL;
  for (size_t i = 0; i < n && rows > 0; i++) {
    WI_TRY(rows_not_null(r, in[i], rows, err));
  }
  return filter != NULL ? rows_filter(r, filter, rows, err) : WEIR_OK;
}

void wi_agg_rows_release(wi_agg_rows *r) {
  wi_free(r->bits);
  *r = (wi_agg_rows){0};
}

/* ---- states and results ---- */

weir_status wi_agg_columns(struct ArrowSchema *out, const wi_agg_column *columns,
                           int64_t n, weir_error *err) {
  memset(out, 0, sizeof *out);
  ArrowSchemaInit(out);
  int rc = ArrowSchemaSetTypeStruct(out, n);
  for (int64_t i = 0; i < n && rc == NANOARROW_OK; i++) {
    struct ArrowSchema *child = out->children[i];
    rc = ArrowSchemaSetType(child, columns[i].type);
    if (rc == NANOARROW_OK) {
      rc = ArrowSchemaSetName(child, columns[i].name);
    }
    child->flags = columns[i].nullable ? ARROW_FLAG_NULLABLE : 0;
  }
  out->flags = 0;
  if (rc != NANOARROW_OK) {
    wi_field_drop(out);
  }
  return wi_arrow_err(err, rc, "state");
}

enum ArrowType wi_agg_code_type(const wi_order *order) {
  return order->form == WI_ORDER_BYTES ? NANOARROW_TYPE_LARGE_BINARY
                                       : NANOARROW_TYPE_UINT64;
}

weir_status wi_agg_state_set(wi_agg_in *in, const struct ArrowArray *state,
                             weir_error *err) {
  WI_TRY(wi_agg_in_set(in, state, state->length, err));
  for (int64_t i = 0; i < in->view.n_children; i++) {
    in->view.children[i]->offset += in->view.offset;
    in->view.children[i]->length -= in->view.offset;
  }
  return WEIR_OK;
}

weir_status wi_field_like(struct ArrowSchema *out, const wi_fn *fn,
                          const struct ArrowSchema *from, bool nullable,
                          weir_error *err) {
  memset(out, 0, sizeof *out);
  int rc = ArrowSchemaDeepCopy(from, out);
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetName(out, fn->name);
  }
  if (rc == NANOARROW_OK) {
    rc = ArrowSchemaSetMetadata(out, NULL);
  }
  if (rc != NANOARROW_OK) {
    wi_field_drop(out);
    return wi_arrow_err(err, rc, "field");
  }
  out->flags &= ~(int64_t)ARROW_FLAG_NULLABLE;
  out->flags |= nullable ? ARROW_FLAG_NULLABLE : 0;
  return WEIR_OK;
}
