/* sum_exact, avg_exact, var_*_exact and stddev_*_exact. */
#include "udf/exact/exact.h"

#include <math.h>
#include <string.h>

#define WI_ORIGIN "udf"

/* ---- the call ---- */

static const struct {
  const char *name;
  wi_exact_what what;
  bool sample;
} functions[] = {
    {"avg_exact", WI_EXACT_AVG, false},
    {"stddev_pop_exact", WI_EXACT_STDDEV, false},
    {"stddev_samp_exact", WI_EXACT_STDDEV, true},
    {"sum_exact", WI_EXACT_SUM, false},
    {"var_pop_exact", WI_EXACT_VAR, false},
    {"var_samp_exact", WI_EXACT_VAR, true},
};

static weir_status function_of(const wi_fn *fn, wi_exact *x, weir_error *err) {
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    if (strcmp(functions[i].name, fn->name) == 0) {
      x->fn = fn;
      x->what = functions[i].what;
      x->sample = functions[i].sample;
      return WEIR_OK;
    }
  }
  return WI_ERR(err, WEIR_E_BUG, "%s is no exact aggregate", fn->name);
}

static bool takes(wi_exact_what what, enum ArrowType type) {
  bool whole = wi_exact_type_signed(type) || type == NANOARROW_TYPE_UINT8 ||
               type == NANOARROW_TYPE_UINT16 || type == NANOARROW_TYPE_UINT32 ||
               type == NANOARROW_TYPE_UINT64;
  return wi_exact_type_float(type) || type == NANOARROW_TYPE_NA ||
         (whole && what != WI_EXACT_SUM);
}

static weir_status call_check(const wi_agg_call *call, wi_exact *x, weir_error *err) {
  struct ArrowSchemaView view;
  char text[160];
  WI_TRY(wi_args_check(call->fn, call->n_args, call->args, err));
  WI_TRY(function_of(call->fn, x, err));
  WI_TRY(wi_arrow_err(err, ArrowSchemaViewInit(&view, call->args[0], NULL), "argument"));
  x->type = view.type;
  if (takes(x->what, view.type)) {
    return WEIR_OK;
  }
  wi_type_text(call->args[0], text);
  weir_status status =
      WI_ERR(err, WEIR_E_SQL_PLAN, "%s: %s is to be %s, not %s", call->fn->name,
             call->fn->params[0].name, call->fn->params[0].type_text, text);
  if (x->what == WI_EXACT_SUM) {
    wi_err_hint(err,
                "sum() of integers and decimals is exact already; or cast the "
                "argument: CAST(... AS DOUBLE)");
  } else {
    wi_err_hint(err, "cast it: CAST(... AS DOUBLE)");
  }
  return status;
}

static weir_status exact_field(const wi_agg_call *call, struct ArrowSchema *out,
                               weir_error *err) {
  wi_exact x;
  memset(out, 0, sizeof *out);
  WI_TRY(call_check(call, &x, err));
  return wi_field_init(out, call->fn, NANOARROW_TYPE_DOUBLE, true, err);
}

static void exact_close(void *acc) {
  wi_exact *x = acc;
  if (x != NULL) {
    wi_xacc_release(&x->sums);
    wi_xsets_release(&x->sets);
    wi_field_drop(&x->schema);
    wi_free(x);
  }
}

static weir_status exact_open(const wi_agg_call *call, bool retracts, void **acc,
                              weir_error *err) {
  (void)retracts; /* everything can leave again at any time */
  *acc = NULL;
  wi_exact *x = wi_alloc(sizeof *x);
  if (x == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  weir_status status = call_check(call, x, err);
  if (status == WEIR_OK) {
    status = wi_arrow_err(err, ArrowSchemaDeepCopy(call->args[0], &x->schema), "type");
  }
  x->distinct = call->distinct;
  wi_xacc_init(&x->sums, wi_exact_squares(x->what));
  wi_xsets_init(&x->sets);
  if (status != WEIR_OK) {
    exact_close(x);
    return status;
  }
  *acc = x;
  return WEIR_OK;
}

static uint64_t exact_size(const void *acc) {
  const wi_exact *x = acc;
  return sizeof *x + wi_xacc_size(&x->sums) + wi_xsets_size(&x->sets);
}

static weir_status exact_grow(wi_exact *x, uint64_t n, weir_error *err) {
  return x->distinct ? wi_xsets_grow(&x->sets, n, err) : wi_xacc_grow(&x->sums, n, err);
}

/* ---- rows ---- */

#define BLOCK 512

/* Values that count, and their groups. */
typedef struct block {
  double doubles[BLOCK];
  uint64_t bits[BLOCK]; /* of integers */
  uint64_t groups[BLOCK];
  size_t n;
} block;

/* Equal values have equal bits: one zero, one NaN. */
static uint64_t key_of(double v) {
  uint64_t bits = 0;
  if (isnan(v)) {
    return UINT64_C(0x7FF8) << 48;
  }
  if (v < 0 || v > 0) {
    memcpy(&bits, &v, sizeof bits);
  }
  return bits;
}

static weir_status to_sets(wi_exact *x, const block *b, bool take, weir_error *err) {
  bool is_float = wi_exact_type_float(x->type);
  for (size_t i = 0; i < b->n; i++) {
    uint64_t key = is_float ? key_of(b->doubles[i]) : b->bits[i];
    WI_TRY(take ? wi_xsets_take(&x->sets, b->groups[i], key, err)
                : wi_xsets_add(&x->sets, b->groups[i], key, err));
  }
  return WEIR_OK;
}

static weir_status block_add(wi_exact *x, const block *b, bool one_group, bool take,
                             weir_error *err) {
  const uint64_t *groups = one_group ? NULL : b->groups;
  if (x->distinct) {
    return to_sets(x, b, take, err);
  }
  return wi_exact_type_float(x->type)
             ? wi_xacc_doubles(&x->sums, b->doubles, groups, b->n, take, err)
             : wi_xacc_ints(&x->sums, b->bits, wi_exact_type_signed(x->type), groups,
                            b->n, take, err);
}

static void block_put(block *b, const wi_col *col, int64_t row, uint64_t group) {
  int64_t at = col->view.offset + row;
  switch ((int)col->type) {
    case NANOARROW_TYPE_DOUBLE:
      b->doubles[b->n] = col->view.buffer_views[1].data.as_double[at];
      break;
    case NANOARROW_TYPE_FLOAT:
      b->doubles[b->n] = (double)col->view.buffer_views[1].data.as_float[at];
      break;
    case NANOARROW_TYPE_HALF_FLOAT:
      b->doubles[b->n] = ArrowArrayViewGetDoubleUnsafe(&col->view, row);
      break;
    case NANOARROW_TYPE_UINT64:
      b->bits[b->n] = col->view.buffer_views[1].data.as_uint64[at];
      break;
    default:
      b->bits[b->n] = (uint64_t)ArrowArrayViewGetIntUnsafe(&col->view, row);
  }
  b->groups[b->n++] = group;
}

static bool row_counts(const wi_col *col, const wi_col *filter, int64_t row) {
  return !wi_col_null(col, row) &&
         (filter == NULL || (!wi_col_null(filter, row) && wi_col_int(filter, row) != 0));
}

static weir_status rows_add(wi_exact *x, const wi_col *col, const wi_col *filter,
                            int64_t rows, const uint64_t *groups, bool take,
                            weir_error *err) {
  block b;
  bool nulls = col->view.null_count != 0 && col->view.buffer_views[0].data.data != NULL;
  if (col->type == NANOARROW_TYPE_NA || rows == 0) {
    return WEIR_OK;
  }
  if (col->type == NANOARROW_TYPE_DOUBLE && !nulls && filter == NULL && !x->distinct) {
    return wi_xacc_doubles(&x->sums,
                           col->view.buffer_views[1].data.as_double + col->view.offset,
                           groups, (size_t)rows, take, err);
  }
  for (int64_t row = 0; row < rows;) {
    for (b.n = 0; row < rows && b.n < BLOCK; row++) {
      if (row_counts(col, filter, row)) {
        block_put(&b, col, row, groups == NULL ? 0 : groups[row]);
      }
    }
    WI_TRY(block_add(x, &b, groups == NULL, take, err));
  }
  return WEIR_OK;
}

static weir_status filter_open(wi_col *col, const struct ArrowArray *filter, int64_t rows,
                               weir_error *err) {
  struct ArrowError why = {""};
  col->type = NANOARROW_TYPE_BOOL;
  col->step = 1;
  ArrowArrayViewInitFromType(&col->view, NANOARROW_TYPE_BOOL);
  WI_TRY(
      wi_arrow_err(err, ArrowArrayViewSetArray(&col->view, filter, &why), why.message));
  return filter->length == rows
             ? WEIR_OK
             : WI_ERR(err, WEIR_E_BUG, "a filter of %lld rows for %lld rows",
                      (long long)filter->length, (long long)rows);
}

static weir_status exact_rows(wi_exact *x, const struct ArrowArray *arg, int64_t rows,
                              const uint64_t *groups, const struct ArrowArray *filter,
                              bool take, weir_error *err) {
  weir_status status;
  wi_fn_arg one = {arg, &x->schema, false};
  wi_cols cols;
  wi_col mask;
  ArrowArrayViewInitFromType(&mask.view, NANOARROW_TYPE_BOOL);
  WI_TRY(wi_cols_open(&cols, x->fn, 1, &one, rows, 1, err));
  if (filter != NULL) {
    WI_CHECK(filter_open(&mask, filter, rows, err));
  }
  status =
      rows_add(x, cols.items, filter == NULL ? NULL : &mask, rows, groups, take, err);
done:
  ArrowArrayViewReset(&mask.view);
  wi_cols_close(&cols);
  return status;
}

static weir_status exact_update(void *acc, const struct ArrowArray *const *args,
                                int64_t rows, const uint64_t *groups,
                                const struct ArrowArray *filter, uint64_t n_groups,
                                weir_error *err) {
  WI_TRY(exact_grow(acc, n_groups > 0 ? n_groups : 1, err));
  return exact_rows(acc, args[0], rows, groups, filter, false, err);
}

static weir_status exact_retract(void *acc, const struct ArrowArray *const *args,
                                 int64_t rows, weir_error *err) {
  WI_TRY(exact_grow(acc, 1, err));
  return exact_rows(acc, args[0], rows, NULL, NULL, true, err);
}

/* ---- results ---- */

weir_status wi_exact_of_set(const wi_exact *x, uint64_t g, wi_xacc *one,
                            weir_error *err) {
  size_t n = wi_xsets_count(&x->sets, g);
  weir_status status = WEIR_OK;
  uint64_t *keys = NULL;
  wi_xacc_init(one, wi_exact_squares(x->what));
  if (n == 0) {
    return WEIR_OK;
  }
  keys = wi_alloc_array(n, sizeof *keys);
  if (keys == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  wi_xsets_keys(&x->sets, g, keys);
  WI_CHECK(wi_xacc_grow(one, 1, err));
  for (size_t i = 0; i < n && status == WEIR_OK; i++) {
    double v;
    memcpy(&v, &keys[i], sizeof v);
    status = wi_exact_type_float(x->type)
                 ? wi_xacc_doubles(one, &v, NULL, 1, false, err)
                 : wi_xacc_ints(one, &keys[i], wi_exact_type_signed(x->type), NULL, 1,
                                false, err);
  }
done:
  wi_free(keys);
  if (status != WEIR_OK) {
    wi_xacc_release(one);
  }
  return status;
}

/* false: NULL. */
static bool result_of(const wi_exact *x, const wi_xview *v, double *out) {
  if (v->count <= (x->sample ? 1 : 0)) {
    return false;
  }
  if (x->what == WI_EXACT_SUM) {
    *out = wi_xround_sum(v);
  } else if (x->what == WI_EXACT_AVG) {
    *out = wi_xround_avg(v);
  } else {
    *out = wi_xround_var(v, x->sample ? 1 : 0);
    *out = x->what == WI_EXACT_STDDEV ? sqrt(*out) : *out;
  }
  return true;
}

static weir_status group_result(const wi_exact *x, uint64_t g, double *out, bool *valid,
                                weir_error *err) {
  wi_xview v;
  wi_xacc one;
  if (!x->distinct) {
    wi_xacc_view(&x->sums, g, &v);
    *valid = result_of(x, &v, out);
    return WEIR_OK;
  }
  WI_TRY(wi_exact_of_set(x, g, &one, err));
  wi_xacc_view(&one, 0, &v);
  *valid = result_of(x, &v, out);
  wi_xacc_release(&one);
  return WEIR_OK;
}

static void exact_drop(wi_exact *x, uint64_t n) {
  wi_xacc_drop(&x->sums, n);
  wi_xsets_drop(&x->sets, n);
}

static weir_status exact_evaluate(void *acc, uint64_t n, bool keep,
                                  struct ArrowArray *out, weir_error *err) {
  wi_exact *x = acc;
  weir_status status;
  wi_valid valid;
  void *data;
  wi_valid_none(&valid);
  memset(out, 0, sizeof *out);
  if (n > INT64_MAX / sizeof(double)) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_CHECK(wi_out_fixed(out, NANOARROW_TYPE_DOUBLE, (int64_t)(n * sizeof(double)), &data,
                        err));
  WI_CHECK(wi_arrow_err(err, ArrowBitmapResize(&valid.bitmap, (int64_t)n, 0), "result"));
  if (n > 0) {
    memset(valid.bitmap.buffer.data, 0, (size_t)valid.bitmap.buffer.size_bytes);
  }
  for (uint64_t g = 0; g < n; g++) {
    bool is = false;
    WI_CHECK(group_result(x, g, (double *)data + g, &is, err));
    ArrowBitSetTo(valid.bitmap.buffer.data, (int64_t)g, is ? 1 : 0);
    valid.nulls += is ? 0 : 1;
  }
  wi_out_seal(out, (int64_t)n, &valid);
  WI_CHECK(wi_out_finish(out, err));
  if (!keep) {
    exact_drop(x, n);
  }
done:
  wi_valid_release(&valid);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

/* ---- states ---- */

static weir_status exact_state(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                               weir_error *err) {
  WI_TRY(wi_exact_state(acc, n, out, err));
  if (!keep) {
    exact_drop(acc, n);
  }
  return WEIR_OK;
}

static weir_status exact_merge(void *acc, const struct ArrowArray *state,
                               const uint64_t *groups, uint64_t n_groups,
                               weir_error *err) {
  WI_TRY(exact_grow(acc, n_groups > 0 ? n_groups : 1, err));
  return wi_exact_merge(acc, state, groups, err);
}

const wi_agg_ops wi_exact_ops = {.flags = WI_AGG_DISTINCT,
                                 .return_field = exact_field,
                                 .state_schema = wi_exact_state_schema,
                                 .open = exact_open,
                                 .update = exact_update,
                                 .retract = exact_retract,
                                 .merge = exact_merge,
                                 .evaluate = exact_evaluate,
                                 .state = exact_state,
                                 .size = exact_size,
                                 .close = exact_close};
