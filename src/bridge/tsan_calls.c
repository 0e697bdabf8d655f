/* For the thread sanitizer only (tsan.c): functions, aggregates and relation operators of C's with
 * the order of their callbacks. */
#include "bridge/tsan.h"

#ifdef __SANITIZE_THREAD__

/* ---- scalar functions ---- */

typedef struct held_fn {
  wb_scalar_fn fn;
  wi_tsan_edge e;
} held_fn;

static int fn_field(void *self, size_t n, const struct ArrowSchema *const *args,
                    const struct ArrowArray *const *literals, struct ArrowSchema *out,
                    wb_fn_err *err) {
  held_fn *h = self;
  enter(&h->e);
  int code = h->fn.return_field(h->fn.self, n, args, literals, out, err);
  leave(&h->e);
  return code;
}

static int fn_invoke(void *self, size_t n, const wb_arg *args, int64_t rows,
                     struct ArrowArray *out, wb_fn_err *err) {
  held_fn *h = self;
  enter(&h->e);
  for (size_t i = 0; i < n; i++) {
    wi_tsan_buffers(args[i].array, enter);
  }
  int code = h->fn.invoke(h->fn.self, n, args, rows, out, err);
  for (size_t i = 0; i < n; i++) {
    wi_tsan_buffers(args[i].array, leave);
  }
  wi_tsan_array_out(out);
  leave(&h->e);
  return code;
}

static void fn_release(void *self) {
  held_fn *h = self;
  last(&h->e);
  h->fn.release(h->fn.self);
  wi_free(h);
}

int wi_tsan_add_scalar(wb_sess *sess, const wb_scalar_fn *fn, wb_err *err) {
  held_fn *h = wi_tsan_make(sizeof(*h));
  wb_scalar_fn o = *fn;
  h->fn = *fn;
  o.self = h;
  o.return_field = fn_field;
  o.invoke = fn_invoke;
  o.release = fn_release;
  made(&h->e);
  int code = wi_tsan_engine.wb_sess_add_scalar(sess, &o, err);
  if (code != 0) {
    wi_free(h);
  }
  return code;
}

/* ---- aggregates ---- */

typedef struct held_agg {
  wb_aggregate_fn fn;
  wi_tsan_edge e;
} held_agg;

typedef struct held_acc {
  void *acc;
  size_t n_args;
  wi_tsan_edge turn;
} held_acc;

static int agg_field(void *self, const wb_agg_call *call, struct ArrowSchema *out,
                     wb_fn_err *err) {
  held_agg *h = self;
  enter(&h->e);
  int code = h->fn.return_field(h->fn.self, call, out, err);
  leave(&h->e);
  return code;
}

static int agg_schema(void *self, const wb_agg_call *call, struct ArrowSchema *out,
                      wb_fn_err *err) {
  held_agg *h = self;
  enter(&h->e);
  int code = h->fn.state_schema(h->fn.self, call, out, err);
  leave(&h->e);
  return code;
}

static int agg_empty(void *self, const struct ArrowSchema *result, struct ArrowArray *out,
                     wb_fn_err *err) {
  held_agg *h = self;
  enter(&h->e);
  int code = h->fn.empty(h->fn.self, result, out, err);
  wi_tsan_array_out(out);
  leave(&h->e);
  return code;
}

static int agg_open(void *self, const wb_agg_call *call, bool retracts, void **acc,
                    wb_fn_err *err) {
  held_agg *h = self;
  enter(&h->e);
  held_acc *a = wi_tsan_make(sizeof(*a));
  a->n_args = call->n_args;
  int code = h->fn.open(h->fn.self, call, retracts, &a->acc, err);
  *acc = code == 0 ? a : NULL;
  if (code != 0) {
    wi_free(a);
  } else {
    end_turn(&a->turn);
  }
  leave(&h->e);
  return code;
}

static held_acc *acc_enter(held_agg *h, void *acc) {
  held_acc *a = acc;
  enter(&h->e);
  take_turn(&a->turn);
  return a;
}

static int acc_leave(held_agg *h, held_acc *a, int code) {
  end_turn(&a->turn);
  leave(&h->e);
  return code;
}

static int agg_update(void *self, void *acc, const struct ArrowArray *const *args,
                      int64_t rows, const uint64_t *groups,
                      const struct ArrowArray *filter, uint64_t n_groups,
                      wb_fn_err *err) {
  held_agg *h = self;
  held_acc *a = acc_enter(h, acc);
  wi_tsan_buffers_of(a->n_args, args, enter);
  wi_tsan_buffers(filter, enter);
  int code = h->fn.update(h->fn.self, a->acc, args, rows, groups, filter, n_groups, err);
  wi_tsan_buffers_of(a->n_args, args, leave);
  wi_tsan_buffers(filter, leave);
  return acc_leave(h, a, code);
}

static int agg_retract(void *self, void *acc, const struct ArrowArray *const *args,
                       int64_t rows, wb_fn_err *err) {
  held_agg *h = self;
  held_acc *a = acc_enter(h, acc);
  wi_tsan_buffers_of(a->n_args, args, enter);
  int code = h->fn.retract(h->fn.self, a->acc, args, rows, err);
  wi_tsan_buffers_of(a->n_args, args, leave);
  return acc_leave(h, a, code);
}

static int agg_merge(void *self, void *acc, const struct ArrowArray *state,
                     const uint64_t *groups, uint64_t n_groups, wb_fn_err *err) {
  held_agg *h = self;
  held_acc *a = acc_enter(h, acc);
  wi_tsan_buffers(state, enter);
  int code = h->fn.merge(h->fn.self, a->acc, state, groups, n_groups, err);
  wi_tsan_buffers(state, leave);
  return acc_leave(h, a, code);
}

static int agg_evaluate(void *self, void *acc, uint64_t n, bool keep,
                        struct ArrowArray *out, wb_fn_err *err) {
  held_agg *h = self;
  held_acc *a = acc_enter(h, acc);
  int code = h->fn.evaluate(h->fn.self, a->acc, n, keep, out, err);
  wi_tsan_array_out(out);
  return acc_leave(h, a, code);
}

static int agg_state(void *self, void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                     wb_fn_err *err) {
  held_agg *h = self;
  held_acc *a = acc_enter(h, acc);
  int code = h->fn.state(h->fn.self, a->acc, n, keep, out, err);
  wi_tsan_array_out(out);
  return acc_leave(h, a, code);
}

static int agg_convert(void *self, const wb_agg_call *call,
                       const struct ArrowArray *const *args, int64_t rows,
                       const struct ArrowArray *filter, struct ArrowArray *out,
                       wb_fn_err *err) {
  held_agg *h = self;
  enter(&h->e);
  wi_tsan_buffers_of(call->n_args, args, enter);
  wi_tsan_buffers(filter, enter);
  int code = h->fn.convert(h->fn.self, call, args, rows, filter, out, err);
  wi_tsan_buffers_of(call->n_args, args, leave);
  wi_tsan_buffers(filter, leave);
  wi_tsan_array_out(out);
  leave(&h->e);
  return code;
}

static uint64_t agg_size(void *self, const void *acc) {
  held_agg *h = self;
  held_acc *a = acc_enter(h, (void *)(uintptr_t)acc);
  uint64_t size = h->fn.size(h->fn.self, a->acc);
  (void)acc_leave(h, a, 0);
  return size;
}

static void agg_close(void *self, void *acc) {
  held_agg *h = self;
  held_acc *a = acc_enter(h, acc);
  h->fn.close(h->fn.self, a->acc);
  wi_free(a);
  leave(&h->e);
}

static void agg_release(void *self) {
  held_agg *h = self;
  last(&h->e);
  if (h->fn.release != NULL) {
    h->fn.release(h->fn.self);
  }
  wi_free(h);
}

int wi_tsan_add_aggregate(wb_sess *sess, const wb_aggregate_fn *fn, wb_err *err) {
  held_agg *h = wi_tsan_make(sizeof(*h));
  wb_aggregate_fn o = *fn;
  h->fn = *fn;
  o.self = h;
  o.return_field = agg_field;
  o.state_schema = agg_schema;
  o.empty = fn->empty != NULL ? agg_empty : NULL;
  o.open = agg_open;
  o.update = agg_update;
  o.retract = fn->retract != NULL ? agg_retract : NULL;
  o.merge = agg_merge;
  o.evaluate = agg_evaluate;
  o.state = agg_state;
  o.convert = fn->convert != NULL ? agg_convert : NULL;
  o.size = agg_size;
  o.close = agg_close;
  o.release = agg_release;
  made(&h->e);
  int code = wi_tsan_engine.wb_sess_add_aggregate(sess, &o, err);
  if (code != 0) {
    wi_free(h);
  }
  return code;
}

/* ---- relation operators ---- */

typedef struct held_rel {
  wb_relation_fn fn;
  wi_tsan_edge e;
} held_rel;

typedef struct held_call {
  held_rel *rel;
  void *call;
  size_t n_left, n_right; /* columns that run reads */
  wi_tsan_edge e;
} held_call;

typedef struct held_state {
  held_call *of;
  void *state;
  wi_tsan_edge turn;
} held_state;

static int rel_plan(void *self, const struct ArrowSchema *left,
                    const struct ArrowSchema *right, const wb_rel_option *options,
                    size_t n, wb_rel_plan *out, wb_fn_err *err) {
  held_rel *h = self;
  enter(&h->e);
  int code = h->fn.plan(h->fn.self, left, right, options, n, out, err);
  if (code == 0) {
    held_call *c = wi_tsan_make(sizeof(*c));
    c->rel = h;
    c->call = out->call;
    c->n_left = out->left.n_values;
    c->n_right = out->right.n_values;
    out->call = c;
    made(&c->e);
  }
  leave(&h->e);
  return code;
}

static void rel_drop_call(void *call) {
  held_call *c = call;
  last(&c->e);
  c->rel->fn.drop_call(c->call);
  leave(&c->rel->e);
  wi_free(c);
}

static int rel_open(void *call, void **state, wb_fn_err *err) {
  held_call *c = call;
  held_state *s = wi_tsan_make(sizeof(*s));
  enter(&c->e);
  s->of = c;
  int code = c->rel->fn.open(c->call, &s->state, err);
  *state = code == 0 ? s : NULL;
  if (code != 0) {
    wi_free(s);
  } else {
    end_turn(&s->turn);
  }
  leave(&c->e);
  return code;
}

static uint64_t rel_scratch(void *state, uint64_t left_rows, uint64_t right_rows) {
  held_state *s = state;
  take_turn(&s->turn);
  uint64_t bytes = s->of->rel->fn.scratch(s->state, left_rows, right_rows);
  end_turn(&s->turn);
  return bytes;
}

static int rel_run(void *state, const wb_rel_chunk *chunk, struct ArrowArray *out,
                   wb_fn_err *err) {
  held_state *s = state;
  take_turn(&s->turn);
  wi_tsan_buffers_of(s->of->n_left, chunk->left, enter);
  wi_tsan_buffers_of(s->of->n_right, chunk->right, enter);
  int code = s->of->rel->fn.run(s->state, chunk, out, err);
  wi_tsan_buffers_of(s->of->n_left, chunk->left, leave);
  wi_tsan_buffers_of(s->of->n_right, chunk->right, leave);
  wi_tsan_array_out(out);
  end_turn(&s->turn);
  return code;
}

static void rel_close(void *state) {
  held_state *s = state;
  take_turn(&s->turn);
  s->of->rel->fn.close(s->state);
  leave(&s->of->e);
  wi_free(s);
}

static void rel_release(void *self) {
  held_rel *h = self;
  last(&h->e);
  h->fn.release(h->fn.self);
  wi_free(h);
}

int wi_tsan_add_relation(wb_sess *sess, const wb_relation_fn *fn, wb_err *err) {
  held_rel *h = wi_tsan_make(sizeof(*h));
  wb_relation_fn o = *fn;
  h->fn = *fn;
  o.self = h;
  o.plan = rel_plan;
  o.drop_call = rel_drop_call;
  o.open = rel_open;
  o.scratch = rel_scratch;
  o.run = rel_run;
  o.close = rel_close;
  o.release = rel_release;
  made(&h->e);
  int code = wi_tsan_engine.wb_sess_add_relation(sess, &o, err);
  if (code != 0) {
    wi_free(h);
  }
  return code;
}

#endif
