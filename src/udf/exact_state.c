/* States of the exact aggregates. Without DISTINCT: the number of values, and the sum (and
 * that of the squares) as bytes, which are the same for the same values in any order. With
 * DISTINCT: the different values, 8 bytes each, in order. */
#include "udf/exact.h"

#include <string.h>

#define WI_ORIGIN "udf"

#define SPECIALS sizeof(wi_xspecial)

enum { COUNT_AT, SUM_AT, SQUARES_AT };

/* ---- the schema ---- */

static const char *const names_sum[] = {"count", "sum", "squares"};
static const char *const names_set[] = {"values"};

static weir_status state_schema(const wi_fn *fn, bool distinct, bool squares,
                                struct ArrowSchema *out, weir_error *err) {
  int64_t n = distinct ? 1 : squares ? 3 : 2;
  weir_status status;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_field_init(out, fn, NANOARROW_TYPE_STRUCT, false, err));
  WI_CHECK(wi_arrow_err(err, ArrowSchemaAllocateChildren(out, n), "state"));
  for (int64_t i = 0; i < n; i++) {
    struct ArrowSchema *child = out->children[i];
    enum ArrowType type =
        !distinct && i == COUNT_AT ? NANOARROW_TYPE_UINT64 : NANOARROW_TYPE_LARGE_BINARY;
    WI_CHECK(wi_arrow_err(err, ArrowSchemaInitFromType(child, type), "state"));
    WI_CHECK(wi_arrow_err(
        err, ArrowSchemaSetName(child, distinct ? names_set[i] : names_sum[i]), "state"));
    child->flags = 0;
  }
done:
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

static bool keeps_squares(const wi_fn *fn) {
  return strncmp(fn->name, "var", 3) == 0 || strncmp(fn->name, "std", 3) == 0;
}

weir_status wi_exact_state_schema(const wi_agg_call *call, struct ArrowSchema *out,
                                  weir_error *err) {
  return state_schema(call->fn, call->distinct, keeps_squares(call->fn), out, err);
}

/* ---- out ---- */

static weir_status put_bytes(struct ArrowArray *column, const void *p, size_t n,
                             weir_error *err) {
  struct ArrowBufferView bytes = {.data.data = p, .size_bytes = (int64_t)n};
  return wi_arrow_err(err, ArrowArrayAppendBytes(column, bytes), "state");
}

static weir_status put_sums(const wi_xview *v, bool squares, struct ArrowArray *out,
                            weir_error *err) {
  uint8_t bytes[1 + SPECIALS + WI_XNUM_BYTES];
  size_t n = 1;
  bytes[0] = v->special.nan + v->special.plus + v->special.minus > 0 ? 1 : 0;
  if (bytes[0] != 0) {
    memcpy(bytes + n, &v->special, SPECIALS);
    n += SPECIALS;
  }
  n += wi_xnum_write(&v->sum, bytes + n);
  WI_TRY(wi_arrow_err(err, ArrowArrayAppendUInt(out->children[COUNT_AT], v->count),
                      "state"));
  WI_TRY(put_bytes(out->children[SUM_AT], bytes, n, err));
  return squares ? put_bytes(out->children[SQUARES_AT], bytes,
                             wi_xnum_write(&v->squares, bytes), err)
                 : WEIR_OK;
}

static weir_status put_set(const wi_xsets *sets, uint64_t g, struct ArrowArray *out,
                           weir_error *err) {
  size_t n = wi_xsets_count(sets, g);
  uint64_t *keys = wi_alloc_array(n > 0 ? n : 1, sizeof *keys);
  if (keys == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  wi_xsets_keys(sets, g, keys);
  weir_status status = put_bytes(out->children[0], keys, n * sizeof *keys, err);
  wi_free(keys);
  return status;
}

weir_status wi_exact_state(const wi_exact *x, uint64_t n, struct ArrowArray *out,
                           weir_error *err) {
  weir_status status;
  struct ArrowSchema schema;
  memset(out, 0, sizeof *out);
  bool squares = wi_exact_squares(x->what);
  WI_TRY(state_schema(x->fn, x->distinct, squares, &schema, err));
  WI_CHECK(wi_arrow_err(err, ArrowArrayInitFromSchema(out, &schema, NULL), "state"));
  WI_CHECK(wi_arrow_err(err, ArrowArrayStartAppending(out), "state"));
  for (uint64_t g = 0; g < n; g++) {
    if (x->distinct) {
      WI_CHECK(put_set(&x->sets, g, out, err));
    } else {
      wi_xview v;
      wi_xacc_view(&x->sums, g, &v);
      WI_CHECK(put_sums(&v, squares, out, err));
    }
    WI_CHECK(wi_arrow_err(err, ArrowArrayFinishElement(out), "state"));
  }
  status = wi_out_finish(out, err);
done:
  wi_field_drop(&schema);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

/* ---- in ---- */

static weir_status broken(const wi_exact *x, weir_error *err) {
  return WI_ERR(err, WEIR_E_BUG, "%s: a state that does not hold together", x->fn->name);
}

static weir_status take_sums(wi_exact *x, const struct ArrowArrayView *state, int64_t row,
                             uint64_t g, weir_error *err) {
  uint64_t limbs[WI_XSUM_LIMBS], limbs2[WI_XSQR_LIMBS];
  wi_xview v = {0};
  int64_t at = state->offset + row;
  struct ArrowBufferView sum = ArrowArrayViewGetBytesUnsafe(state->children[SUM_AT], at);
  const uint8_t *p = sum.data.as_uint8;
  size_t n = (size_t)sum.size_bytes, head = n > 0 && p[0] != 0 ? 1 + SPECIALS : 1;
  v.count = ArrowArrayViewGetUIntUnsafe(state->children[COUNT_AT], at);
  if (n < head || !wi_xnum_read(p + head, n - head, WI_XSUM_LIMBS, limbs, &v.sum)) {
    return broken(x, err);
  }
  if (head > 1) {
    memcpy(&v.special, p + 1, SPECIALS);
  }
  if (wi_exact_squares(x->what)) {
    struct ArrowBufferView sqr =
        ArrowArrayViewGetBytesUnsafe(state->children[SQUARES_AT], at);
    if (!wi_xnum_read(sqr.data.as_uint8, (size_t)sqr.size_bytes, WI_XSQR_LIMBS, limbs2,
                      &v.squares)) {
      return broken(x, err);
    }
  }
  return wi_xacc_merge(&x->sums, g, &v, err);
}

static weir_status take_set(wi_exact *x, const struct ArrowArrayView *state, int64_t row,
                            uint64_t g, weir_error *err) {
  struct ArrowBufferView bytes =
      ArrowArrayViewGetBytesUnsafe(state->children[0], state->offset + row);
  if (bytes.size_bytes % 8 != 0) {
    return broken(x, err);
  }
  for (int64_t i = 0; i < bytes.size_bytes; i += 8) {
    uint64_t key;
    memcpy(&key, bytes.data.as_uint8 + i, sizeof key);
    WI_TRY(wi_xsets_add(&x->sets, g, key, err));
  }
  return WEIR_OK;
}

weir_status wi_exact_merge(wi_exact *x, const struct ArrowArray *state,
                           const uint64_t *groups, weir_error *err) {
  weir_status status;
  struct ArrowSchema schema;
  struct ArrowArrayView view;
  struct ArrowError why = {""};
  ArrowArrayViewInitFromType(&view, NANOARROW_TYPE_UNINITIALIZED);
  WI_TRY(state_schema(x->fn, x->distinct, wi_exact_squares(x->what), &schema, err));
  WI_CHECK(
      wi_arrow_err(err, ArrowArrayViewInitFromSchema(&view, &schema, &why), why.message));
  struct ArrowArray plain = *state; /* borrowed; a state is never null */
  plain.null_count = 0;
  WI_CHECK(wi_arrow_err(err, ArrowArrayViewSetArray(&view, &plain, &why), why.message));
  for (int64_t i = 0; i < state->length; i++) {
    uint64_t g = groups == NULL ? 0 : groups[i];
    WI_CHECK(x->distinct ? take_set(x, &view, i, g, err)
                         : take_sums(x, &view, i, g, err));
  }
  status = WEIR_OK;
done:
  ArrowArrayViewReset(&view);
  wi_field_drop(&schema);
  return status;
}
