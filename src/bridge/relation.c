/* The adapter that lets the engine use relation operators written in C. */
#include <string.h>

#include "bridge/private.h"

#define WI_ORIGIN "bridge"

typedef struct host_relation {
  const wi_rel_ops *ops;
  const void *self;
} host_relation;

/* What the engine holds for a call and for a partition of it. */
typedef struct host_call {
  const wi_rel_ops *ops;
  void *call;
} host_call;
typedef struct host_state {
  const wi_rel_ops *ops;
  void *state;
} host_state;

static int report(weir_status status, weir_error *from, wb_fn_err *to) {
  if (status != WEIR_OK) {
    wi_wb_report(from, to);
  }
  weir_error_release(from);
  return status;
}

static void input_to_wb(const wi_rel_input *from, wb_rel_input *to) {
  /* One layout, so that the list need not be copied. */
  _Static_assert(
      sizeof(wi_rel_order) == sizeof(wb_rel_order) &&
          offsetof(wi_rel_order, column) == offsetof(wb_rel_order, column) &&
          offsetof(wi_rel_order, descending) == offsetof(wb_rel_order, descending) &&
          offsetof(wi_rel_order, nulls_first) == offsetof(wb_rel_order, nulls_first),
      "wi_rel_order is wb_rel_order");
  to->outputs = from->outputs;
  to->n_outputs = from->n_outputs;
  to->groups = from->groups;
  to->n_groups = from->n_groups;
  to->values = from->values;
  to->n_values = from->n_values;
  to->order = (const wb_rel_order *)(const void *)from->order;
  to->n_order = from->n_order;
  to->flags = from->flags;
}

_Static_assert((int)WI_REL_NARROW == (int)WB_REL_NARROW &&
                   (int)WI_REL_FILTER == (int)WB_REL_FILTER &&
                   (int)WI_REL_TOTAL == (int)WB_REL_TOTAL &&
                   (int)WI_REL_ALONE == (int)WB_REL_ALONE,
               "flags of relation inputs");
_Static_assert((int)WI_REL_INT64 == (int)WB_P_INT64 &&
                   (int)WI_REL_FLOAT64 == (int)WB_P_FLOAT64 &&
                   (int)WI_REL_TEXT == (int)WB_P_TEXT &&
                   (int)WI_REL_BOOL == (int)WB_P_BOOL,
               "types of options");

static int relation_plan(void *self, const struct ArrowSchema *left,
                         const struct ArrowSchema *right, const wb_rel_option *options,
                         size_t n, wb_rel_plan *out, wb_fn_err *err) {
  const host_relation *host = self;
  weir_error e = WEIR_ERROR_INIT;
  weir_status status = WEIR_OK;
  wi_rel_plan plan = {0};
  host_call *call = wi_alloc(sizeof(*call));
  wi_rel_option *plain = wi_alloc_array(n + 1, sizeof(*plain));
  if (call == NULL || plain == NULL) {
    status = wi_err_nomem(&e, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < n; i++) {
    plain[i].name = (wi_str){options[i].name.p, options[i].name.n};
    plain[i].type = options[i].type;
    plain[i].is_null = options[i].is_null;
    plain[i].text = (wi_str){options[i].text.p, options[i].text.n};
  }
  WI_CHECK(host->ops->plan(host->self, left, right, plain, n, &plan, &e));
  call->ops = host->ops;
  call->call = plan.call;
  input_to_wb(&plan.left, &out->left);
  input_to_wb(&plan.right, &out->right);
  out->schema = plan.schema;
  out->canonical = wi_wb_str(plan.canonical);
  out->call = call;
  call = NULL;
done:
  wi_free(plain);
  wi_free(call);
  return report(status, &e, err);
}

static void relation_drop_call(void *p) {
  host_call *call = p;
  call->ops->drop_call(call->call);
  wi_free(call);
}

static int relation_open(void *p, void **out, wb_fn_err *err) {
  const host_call *call = p;
  weir_error e = WEIR_ERROR_INIT;
  weir_status status = WEIR_OK;
  host_state *state = wi_alloc(sizeof(*state));
  *out = NULL;
  if (state == NULL) {
    status = wi_err_nomem(&e, WI_ORIGIN);
    goto done;
  }
  state->ops = call->ops;
  WI_CHECK(call->ops->open(call->call, &state->state, &e));
  *out = state;
  state = NULL;
done:
  wi_free(state);
  return report(status, &e, err);
}

static uint64_t relation_scratch(void *p, uint64_t left_rows, uint64_t right_rows) {
  const host_state *state = p;
  return state->ops->scratch(state->state, left_rows, right_rows);
}

static int relation_run(void *p, const wb_rel_chunk *chunk, struct ArrowArray *out,
                        wb_fn_err *err) {
  const host_state *state = p;
  weir_error e = WEIR_ERROR_INIT;
  const wi_rel_chunk plain = {chunk->n_groups, chunk->left_offsets, chunk->right_offsets,
                              chunk->left,     chunk->right,        chunk->stopped,
                              chunk->stop};
  return report(state->ops->run(state->state, &plain, out, &e), &e, err);
}

static void relation_close(void *p) {
  host_state *state = p;
  state->ops->close(state->state);
  wi_free(state);
}

static void relation_release(void *self) {
  wi_free(self);
}

weir_status wi_br_session_add_relation(wi_engine *engine, wb_sess *sess, const char *name,
                                       const uint8_t identity[WI_DIGEST_SIZE],
                                       const wi_rel_ops *ops, const void *self,
                                       weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_relation_fn o = {0};
  host_relation *host = wi_alloc(sizeof(*host));
  if (host == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  host->ops = ops;
  host->self = self;
  WI_CHECK(wi_engine_use(engine, &t, err));
  o.struct_size = sizeof(o);
  o.name = wi_wb_str(name);
  memcpy(o.identity, identity, sizeof(o.identity));
  o.self = host;
  o.plan = relation_plan;
  o.drop_call = relation_drop_call;
  o.open = relation_open;
  o.scratch = relation_scratch;
  o.run = relation_run;
  o.close = relation_close;
  o.release = relation_release;
  WI_CHECK(wi_wb_status(t, t->wb_sess_add_relation(sess, &o, &from), &from, err));
  host = NULL; /* the engine releases it */
done:
  wi_free(host);
  return status;
}
