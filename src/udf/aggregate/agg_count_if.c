/* count_if: how many rows are true. */
#include <string.h>

#include "udf/aggregate/agg.h"

#define WI_ORIGIN "udf"

typedef struct count_if {
  wi_slots counts; /* int64_t */
  wi_agg_in arg, state;
  wi_agg_rows rows;
} count_if;

static weir_status return_field(const wi_agg_call *call, struct ArrowSchema *out,
                                weir_error *err) {
  WI_TRY(wi_args_check(call->fn, call->n_args, call->args, err));
  return wi_field_init(out, call->fn, NANOARROW_TYPE_INT64, false, err);
}

static weir_status state_schema(const wi_agg_call *call, struct ArrowSchema *out,
                                weir_error *err) {
  static const wi_agg_column columns[] = {{"count", NANOARROW_TYPE_INT64, false}};
  (void)call;
  return wi_agg_columns(out, columns, 1, err);
}

static weir_status empty(const wi_fn *fn, const struct ArrowSchema *result,
                         struct ArrowArray *out, weir_error *err) {
  (void)fn;
  (void)result;
  void *data = NULL;
  weir_status status = WEIR_OK;
  memset(out, 0, sizeof *out);
  WI_CHECK(wi_out_fixed(out, NANOARROW_TYPE_INT64, sizeof(int64_t), &data, err));
  wi_out_seal(out, 1, NULL);
  status = wi_out_finish(out, err);
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static void close_acc(void *acc) {
  count_if *c = acc;
  if (c == NULL) {
    return;
  }
  wi_slots_release(&c->counts);
  wi_agg_in_release(&c->arg);
  wi_agg_in_release(&c->state);
  wi_agg_rows_release(&c->rows);
  wi_free(c);
}

static weir_status open_acc(const wi_agg_call *call, bool retracts, void **acc,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema schema = {0};
  (void)retracts;
  *acc = NULL;
  WI_TRY(wi_args_check(call->fn, call->n_args, call->args, err));
  count_if *c = wi_alloc(sizeof(*c));
  if (c == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  wi_slots_init(&c->counts, sizeof(int64_t));
  ArrowArrayViewInitFromType(&c->state.view, NANOARROW_TYPE_UNINITIALIZED);
  WI_CHECK(wi_agg_in_init(&c->arg, call->args[0], err));
  WI_CHECK(state_schema(call, &schema, err));
  WI_CHECK(wi_agg_in_init(&c->state, &schema, err));
  *acc = c;
  c = NULL;
done:
  wi_field_drop(&schema);
  close_acc(c);
  return status;
}

/* Adds `by` for every row that counts and is true. */
static weir_status add(count_if *c, const struct ArrowArray *arg, int64_t rows,
                       const uint64_t *groups, const struct ArrowArray *filter,
                       int64_t by, weir_error *err) {
  const wi_agg_in *in = &c->arg;
  const struct ArrowArrayView *view = &in->view;
  WI_TRY(wi_agg_in_set(&c->arg, arg, rows, err));
  WI_TRY(wi_agg_rows_set(&c->rows, &view, 1, rows, filter, err));
  if (rows == 0 || in->type == NANOARROW_TYPE_NA) {
    return WEIR_OK;
  }
  const uint8_t *values = in->view.buffer_views[1].data.as_uint8;
  int64_t from = in->view.offset, *counts = wi_slots_at(&c->counts, 0);
  if (c->rows.chosen != NULL) {
    wi_bits_and(c->rows.bits, values, from, rows);
    values = c->rows.bits;
    from = 0;
  }
  if (groups == NULL) {
    counts[0] += by * ArrowBitCountSet(values, from, rows);
    return WEIR_OK;
  }
  for (int64_t i = 0; i < rows; i++) {
    int64_t at = from + i;
    counts[groups[i]] += by * ((values[at >> 3] >> (at & 7)) & 1);
  }
  return WEIR_OK;
}

static weir_status update(void *acc, const struct ArrowArray *const *args, int64_t rows,
                          const uint64_t *groups, const struct ArrowArray *filter,
                          uint64_t n_groups, weir_error *err) {
  count_if *c = acc;
  WI_TRY(wi_slots_grow(&c->counts, n_groups, err));
  return add(c, args[0], rows, groups, filter, 1, err);
}

static weir_status retract(void *acc, const struct ArrowArray *const *args, int64_t rows,
                           weir_error *err) {
  count_if *c = acc;
  WI_TRY(wi_slots_grow(&c->counts, 1, err));
  return add(c, args[0], rows, NULL, NULL, -1, err);
}

static weir_status merge(void *acc, const struct ArrowArray *state,
                         const uint64_t *groups, uint64_t n_groups, weir_error *err) {
  count_if *c = acc;
  WI_TRY(wi_slots_grow(&c->counts, n_groups, err));
  WI_TRY(wi_agg_state_set(&c->state, state, err));
  const struct ArrowArrayView *view = c->state.view.children[0];
  int64_t *counts = wi_slots_at(&c->counts, 0);
  for (int64_t i = 0; i < state->length; i++) {
    counts[groups != NULL ? groups[i] : 0] += ArrowArrayViewGetIntUnsafe(view, i);
  }
  return WEIR_OK;
}

/* The first n counts as an array. */
static weir_status emit(count_if *c, uint64_t n, bool keep, struct ArrowArray *out,
                        weir_error *err) {
  void *data = NULL;
  size_t there = n < c->counts.n ? n : c->counts.n;
  WI_TRY(wi_out_fixed(out, NANOARROW_TYPE_INT64, (int64_t)(n * sizeof(int64_t)), &data,
                      err));
  if (there > 0) {
    memcpy(data, wi_slots_at(&c->counts, 0), there * sizeof(int64_t));
  }
  if (!keep) {
    wi_slots_drop(&c->counts, n);
  }
  wi_out_seal(out, (int64_t)n, NULL);
  return wi_out_finish(out, err);
}

static weir_status evaluate(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                            weir_error *err) {
  memset(out, 0, sizeof *out);
  weir_status status = emit(acc, n, keep, out, err);
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static weir_status state(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  memset(out, 0, sizeof *out);
  WI_CHECK(
      wi_arrow_err(err, ArrowArrayInitFromType(out, NANOARROW_TYPE_STRUCT), "state"));
  WI_CHECK(wi_arrow_err(err, ArrowArrayAllocateChildren(out, 1), "state"));
  WI_CHECK(emit(acc, n, keep, out->children[0], err));
  wi_out_seal(out, (int64_t)n, NULL);
  status = wi_out_finish(out, err);
done:
  if (status != WEIR_OK) {
    wi_out_drop(out);
  }
  return status;
}

static uint64_t size(const void *acc) {
  const count_if *c = acc;
  return sizeof(*c) + wi_slots_bytes(&c->counts) + c->rows.cap;
}

const wi_agg_ops wi_agg_count_if = {
    .return_field = return_field,
    .state_schema = state_schema,
    .empty = empty,
    .open = open_acc,
    .update = update,
    .retract = retract,
    .merge = merge,
    .evaluate = evaluate,
    .state = state,
    .size = size,
    .close = close_acc,
};
