/* The aggregates of src/udf, given to the engine's session. */
#include "session/private.h"
#include "udf/udf.h"

#define WI_ORIGIN "session"

/* An accumulator with the call that it was opened for, which it may keep a pointer to. */
typedef struct accumulator {
  wi_agg_call call;
  const wi_agg_ops *ops;
  void *inner;
} accumulator;

static wi_agg_call call_of(const void *self, const wi_br_agg_call *call) {
  return (wi_agg_call){.fn = self,
                       .n_args = call->n_args,
                       .args = call->args,
                       .literals = call->literals,
                       .ignore_nulls = call->ignore_nulls,
                       .distinct = call->distinct};
}

static weir_status return_field(const void *self, const wi_br_agg_call *call,
                                struct ArrowSchema *out, weir_error *err) {
  wi_agg_call c = call_of(self, call);
  return c.fn->agg->return_field(&c, out, err);
}

static weir_status state_schema(const void *self, const wi_br_agg_call *call,
                                struct ArrowSchema *out, weir_error *err) {
  wi_agg_call c = call_of(self, call);
  return c.fn->agg->state_schema(&c, out, err);
}

static weir_status empty(const void *self, const struct ArrowSchema *result,
                         struct ArrowArray *out, weir_error *err) {
  const wi_fn *fn = self;
  return fn->agg->empty(fn, result, out, err);
}

static weir_status open_acc(const void *self, const wi_br_agg_call *call, bool retracts,
                            void **acc, weir_error *err) {
  *acc = NULL;
  accumulator *a = wi_alloc(sizeof(*a));
  if (a == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  a->call = call_of(self, call);
  a->ops = a->call.fn->agg;
  weir_status status = a->ops->open(&a->call, retracts, &a->inner, err);
  if (status != WEIR_OK) {
    wi_free(a);
    return status;
  }
  *acc = a;
  return WEIR_OK;
}

static weir_status update(void *acc, const struct ArrowArray *const *args, int64_t rows,
                          const uint64_t *groups, const struct ArrowArray *filter,
                          uint64_t n_groups, weir_error *err) {
  accumulator *a = acc;
  return a->ops->update(a->inner, args, rows, groups, filter, n_groups, err);
}

static weir_status retract(void *acc, const struct ArrowArray *const *args, int64_t rows,
                           weir_error *err) {
  accumulator *a = acc;
  return a->ops->retract(a->inner, args, rows, err);
}

static weir_status merge(void *acc, const struct ArrowArray *state,
                         const uint64_t *groups, uint64_t n_groups, weir_error *err) {
  accumulator *a = acc;
  return a->ops->merge(a->inner, state, groups, n_groups, err);
}

static weir_status evaluate(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                            weir_error *err) {
  accumulator *a = acc;
  return a->ops->evaluate(a->inner, n, keep, out, err);
}

static weir_status state(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                         weir_error *err) {
  accumulator *a = acc;
  return a->ops->state(a->inner, n, keep, out, err);
}

static weir_status convert(const void *self, const wi_br_agg_call *call,
                           const struct ArrowArray *const *args, int64_t rows,
                           const struct ArrowArray *filter, struct ArrowArray *out,
                           weir_error *err) {
  wi_agg_call c = call_of(self, call);
  return c.fn->agg->convert(&c, args, rows, filter, out, err);
}

static uint64_t size(const void *acc) {
  const accumulator *a = acc;
  return sizeof(*a) + a->ops->size(a->inner);
}

static void close_acc(void *acc) {
  accumulator *a = acc;
  a->ops->close(a->inner);
  wi_free(a);
}

weir_status wi_session_aggregate(wi_session *s, const wi_fn *fn,
                                 const wi_br_function *described, weir_error *err) {
  const wi_agg_ops *ops = fn->agg;
  wi_br_aggregate agg = {.fn = *described,
                         .has_empty = ops->empty != NULL,
                         .has_retract = ops->retract != NULL,
                         .has_convert = ops->convert != NULL,
                         .return_field = return_field,
                         .state_schema = state_schema,
                         .empty = empty,
                         .open = open_acc,
                         .update = update,
                         .retract = retract,
                         .merge = merge,
                         .evaluate = evaluate,
                         .state = state,
                         .convert = convert,
                         .size = size,
                         .close = close_acc};
  agg.flags |= (ops->flags & WI_AGG_STAR) != 0 ? WI_BR_AGG_STAR : 0U;
  agg.flags |= (ops->flags & WI_AGG_DISTINCT) != 0 ? WI_BR_AGG_DISTINCT : 0U;
  agg.flags |= (ops->flags & WI_AGG_NULL_TREATMENT) != 0 ? WI_BR_AGG_NULL_TREATMENT : 0U;
  return wi_br_session_add_aggregate(s->engine, s->handle, &agg, err);
}
