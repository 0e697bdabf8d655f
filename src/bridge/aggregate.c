/* The adapter that lets the engine call aggregates written in C. */
#include <string.h>

#include "bridge/private.h"

#define WI_ORIGIN "bridge"

typedef struct host_agg {
  wi_br_aggregate agg;
} host_agg;

/* Ends a callback: an error goes to the engine. */
static int answer(weir_status status, weir_error *e, wb_fn_err *err) {
  if (status != WEIR_OK) {
    wi_wb_report(e, err);
  }
  weir_error_release(e);
  return status;
}

static wi_br_agg_call plain_call(const wb_agg_call *call) {
  return (wi_br_agg_call){.n_args = call->n_args,
                          .args = call->args,
                          .literals = call->literals,
                          .ignore_nulls = call->ignore_nulls != 0,
                          .distinct = call->distinct != 0};
}

static int host_return_field(void *self, const wb_agg_call *call, struct ArrowSchema *out,
                             wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  wi_br_agg_call plain = plain_call(call);
  return answer(host->agg.return_field(host->agg.fn.self, &plain, out, &e), &e, err);
}

static int host_state_schema(void *self, const wb_agg_call *call, struct ArrowSchema *out,
                             wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  wi_br_agg_call plain = plain_call(call);
  return answer(host->agg.state_schema(host->agg.fn.self, &plain, out, &e), &e, err);
}

static int host_empty(void *self, const struct ArrowSchema *result,
                      struct ArrowArray *out, wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  return answer(host->agg.empty(host->agg.fn.self, result, out, &e), &e, err);
}

static int host_open(void *self, const wb_agg_call *call, bool retracts, void **acc,
                     wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  wi_br_agg_call plain = plain_call(call);
  return answer(host->agg.open(host->agg.fn.self, &plain, retracts, acc, &e), &e, err);
}

static int host_update(void *self, void *acc, const struct ArrowArray *const *args,
                       int64_t rows, const uint64_t *groups,
                       const struct ArrowArray *filter, uint64_t n_groups,
                       wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  return answer(host->agg.update(acc, args, rows, groups, filter, n_groups, &e), &e, err);
}

static int host_retract(void *self, void *acc, const struct ArrowArray *const *args,
                        int64_t rows, wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  return answer(host->agg.retract(acc, args, rows, &e), &e, err);
}

static int host_merge(void *self, void *acc, const struct ArrowArray *state,
                      const uint64_t *groups, uint64_t n_groups, wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  return answer(host->agg.merge(acc, state, groups, n_groups, &e), &e, err);
}

static int host_evaluate(void *self, void *acc, uint64_t n, bool keep,
                         struct ArrowArray *out, wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  return answer(host->agg.evaluate(acc, n, keep, out, &e), &e, err);
}

static int host_state(void *self, void *acc, uint64_t n, bool keep,
                      struct ArrowArray *out, wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  return answer(host->agg.state(acc, n, keep, out, &e), &e, err);
}

static int host_convert(void *self, const wb_agg_call *call,
                        const struct ArrowArray *const *args, int64_t rows,
                        const struct ArrowArray *filter, struct ArrowArray *out,
                        wb_fn_err *err) {
  const host_agg *host = self;
  weir_error e = WEIR_ERROR_INIT;
  wi_br_agg_call plain = plain_call(call);
  return answer(host->agg.convert(host->agg.fn.self, &plain, args, rows, filter, out, &e),
                &e, err);
}

static uint64_t host_size(void *self, const void *acc) {
  const host_agg *host = self;
  return host->agg.size(acc);
}

static void host_close(void *self, void *acc) {
  const host_agg *host = self;
  host->agg.close(acc);
}

static void host_release(void *self) {
  host_agg *host = self;
  if (host->agg.fn.release != NULL) {
    host->agg.fn.release(host->agg.fn.self);
  }
  wi_free(host);
}

static void describe(const wi_br_aggregate *agg, wb_aggregate_fn *o) {
  const wi_br_function *fn = &agg->fn;
  o->struct_size = sizeof(*o);
  o->name = wi_wb_str(fn->name);
  o->n_aliases = fn->n_aliases;
  memcpy(o->identity, fn->identity, sizeof(o->identity));
  o->volatility = fn->volatility;
  o->flags = agg->flags;
  o->n_params = fn->n_params;
  o->return_text = wi_wb_str(fn->return_text);
  o->doc.section = wi_wb_str(fn->section);
  o->doc.description = wi_wb_str(fn->description);
  o->doc.syntax = wi_wb_str(fn->syntax);
  o->doc.example = wi_wb_str(fn->example);
  o->return_field = host_return_field;
  o->state_schema = host_state_schema;
  o->empty = agg->has_empty ? host_empty : NULL;
  o->open = host_open;
  o->update = host_update;
  o->retract = agg->has_retract ? host_retract : NULL;
  o->merge = host_merge;
  o->evaluate = host_evaluate;
  o->state = host_state;
  o->convert = agg->has_convert ? host_convert : NULL;
  o->size = host_size;
  o->close = host_close;
  o->release = host_release;
}

weir_status wi_br_session_add_aggregate(wi_engine *engine, wb_sess *sess,
                                        const wi_br_aggregate *agg, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_str *aliases = NULL;
  wb_param *params = NULL;
  host_agg *host = NULL;
  wb_aggregate_fn o = {0};
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_wb_strs(agg->fn.aliases, agg->fn.n_aliases, &aliases, err));
  params = wi_alloc_array(agg->fn.n_params + 1, sizeof(*params));
  host = wi_alloc(sizeof(*host));
  if (params == NULL || host == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  wi_wb_params(agg->fn.params, agg->fn.n_params, params);
  host->agg = *agg;
  describe(agg, &o);
  o.aliases = aliases;
  o.params = params;
  o.self = host;
  WI_CHECK(wi_wb_status(t, t->wb_sess_add_aggregate(sess, &o, &from), &from, err));
  host = NULL; /* the engine releases it with the function */
done:
  wi_free(aliases);
  wi_free(params);
  wi_free(host);
  return status;
}
