/* States of the exact aggregates: one column of bytes, since engines that are short of memory
 * write and merge them by the batch. Without DISTINCT: the number of values (and whether
 * infinities or NaN are among them), these, the sum, the sum of the squares; nothing at all
 * for no values. The same bytes for the same values in any order. With DISTINCT: the different
 * values, 8 bytes each, in order. */
#include "udf/aggregate/agg.h"
#include "udf/exact/exact.h"

#include <string.h>

#define WI_ORIGIN "udf"

#define SPECIALS sizeof(wi_xspecial)
/* Two numbers of at most 8 * 8 bits, 7 in a byte, and all the rest at its longest. */
#define MOST_BYTES (2 * 10 + SPECIALS + 2 * WI_XNUM_BYTES)

/* ---- the schema ---- */

static weir_status state_schema(const wi_fn *fn, bool distinct, struct ArrowSchema *out,
                                weir_error *err) {
  weir_status status;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_field_init(out, fn, NANOARROW_TYPE_STRUCT, false, err));
  WI_CHECK(wi_arrow_err(err, ArrowSchemaAllocateChildren(out, 1), "state"));
  struct ArrowSchema *child = out->children[0];
  WI_CHECK(wi_arrow_err(err, ArrowSchemaInitFromType(child, NANOARROW_TYPE_LARGE_BINARY),
                        "state"));
  WI_CHECK(
      wi_arrow_err(err, ArrowSchemaSetName(child, distinct ? "values" : "sum"), "state"));
  child->flags = 0;
done:
  if (status != WEIR_OK) {
    wi_field_drop(out);
  }
  return status;
}

weir_status wi_exact_state_schema(const wi_agg_call *call, struct ArrowSchema *out,
                                  weir_error *err) {
  return state_schema(call->fn, call->distinct, out, err);
}

/* ---- out ---- */

static weir_status put_bytes(struct ArrowArray *column, const void *p, size_t n,
                             weir_error *err) {
  struct ArrowBufferView bytes = {.data.data = p, .size_bytes = (int64_t)n};
  return wi_arrow_err(err, ArrowArrayAppendBytes(column, bytes), "state");
}

/* Seven bits in a byte, the lowest first; the top bit: there is more. */
static size_t write_number(uint64_t v, uint8_t *out) {
  size_t n = 0;
  for (; v > 0x7F; v >>= 7) {
    out[n++] = (uint8_t)(v | 0x80);
  }
  out[n++] = (uint8_t)v;
  return n;
}

static weir_status put_sums(const wi_xview *v, bool squares, struct ArrowArray *out,
                            weir_error *err) {
  uint8_t bytes[MOST_BYTES], sum[WI_XNUM_BYTES];
  uint64_t special = v->special.nan + v->special.plus + v->special.minus > 0 ? 1 : 0;
  if (v->count == 0) {
    return put_bytes(out->children[0], bytes, 0, err);
  }
  size_t n = write_number(v->count << 1 | special, bytes);
  if (special != 0) {
    memcpy(bytes + n, &v->special, SPECIALS);
    n += SPECIALS;
  }
  size_t n_sum = wi_xnum_write(&v->sum, sum);
  n += squares ? write_number(n_sum, bytes + n) : 0;
  memcpy(bytes + n, sum, n_sum);
  n += n_sum;
  n += squares ? wi_xnum_write(&v->squares, bytes + n) : 0;
  return put_bytes(out->children[0], bytes, n, err);
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
  WI_TRY(state_schema(x->fn, x->distinct, &schema, err));
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

typedef struct reader {
  const uint8_t *p, *end;
} reader;

static bool read_number(reader *r, uint64_t *out) {
  *out = 0;
  for (unsigned shift = 0; shift < 63 && r->p < r->end; shift += 7) {
    uint8_t byte = *r->p++;
    *out |= (uint64_t)(byte & 0x7F) << shift;
    if (byte < 0x80) {
      return true;
    }
  }
  return false;
}

/* The limbs of `v` are then in sum and sqr. */
static bool read_sums(reader r, bool squares, uint64_t *sum, uint64_t *sqr, wi_xview *v) {
  uint64_t head, n_sum;
  if (!read_number(&r, &head)) {
    return false;
  }
  v->count = head >> 1;
  if ((head & 1) != 0) {
    if ((size_t)(r.end - r.p) < SPECIALS) {
      return false;
    }
    memcpy(&v->special, r.p, SPECIALS);
    r.p += SPECIALS;
  }
  if (!squares) {
    return wi_xnum_read(r.p, (size_t)(r.end - r.p), WI_XSUM_LIMBS, sum, &v->sum);
  }
  return read_number(&r, &n_sum) && n_sum <= (uint64_t)(r.end - r.p) &&
         wi_xnum_read(r.p, (size_t)n_sum, WI_XSUM_LIMBS, sum, &v->sum) &&
         wi_xnum_read(r.p + n_sum, (size_t)(r.end - r.p) - (size_t)n_sum, WI_XSQR_LIMBS,
                      sqr, &v->squares);
}

static weir_status take_sums(wi_exact *x, const struct ArrowArrayView *state, int64_t row,
                             uint64_t g, weir_error *err) {
  uint64_t sum[WI_XSUM_LIMBS], sqr[WI_XSQR_LIMBS];
  wi_xview v = {0};
  struct ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(state->children[0], row);
  const uint8_t *p = bytes.data.as_uint8;
  if (bytes.size_bytes == 0) {
    return WEIR_OK;
  }
  if (!read_sums((reader){p, p + bytes.size_bytes}, wi_exact_squares(x->what), sum, sqr,
                 &v)) {
    return broken(x, err);
  }
  return wi_xacc_merge(&x->sums, g, &v, err);
}

static weir_status take_set(wi_exact *x, const struct ArrowArrayView *state, int64_t row,
                            uint64_t g, weir_error *err) {
  struct ArrowBufferView bytes = ArrowArrayViewGetBytesUnsafe(state->children[0], row);
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
  wi_agg_in in = {0};
  WI_TRY(state_schema(x->fn, x->distinct, &schema, err));
  WI_CHECK(wi_agg_in_init(&in, &schema, err));
  struct ArrowArray plain = *state; /* borrowed; a state is never null */
  plain.null_count = 0;
  WI_CHECK(wi_agg_state_set(&in, &plain, err));
  for (int64_t i = 0; i < state->length; i++) {
    uint64_t g = groups == NULL ? 0 : groups[i];
    WI_CHECK(x->distinct ? take_set(x, &in.view, i, g, err)
                         : take_sums(x, &in.view, i, g, err));
  }
  status = WEIR_OK;
done:
  wi_agg_in_release(&in);
  wi_field_drop(&schema);
  return status;
}
