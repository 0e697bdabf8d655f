/* A function whose registration fails stays the caller's: nothing releases it, neither then nor
 * with the session. */
#include <stdlib.h>

#include "bridge/hook.h"
#include "bridge/private.h"
#include "common/test.h"

static const wi_engine_table *t;
static wi_engine *engine;

static bool ready(void) {
  wi_engine_options options = {1, NULL};
  return engine != NULL || (wi_engine_new(&options, &engine, NULL) == WEIR_OK &&
                            wi_engine_use(engine, &t, NULL) == WEIR_OK);
}

/* The session's function of release: the object is an allocation of its own, so that the second
 * release of one is seen by whoever looks after memory, too. */
static int released;
static void release(void *self) {
  released++;
  free(self);
}

static void no(void) {}

/* A callback that is never called. */
#define NEVER(of, member) .member = (__typeof__(((of *)NULL)->member))(void (*)(void))no

static const wb_param one_param[] = {{.name = {"x", 1},
                                      .type_text = {"Int64", 5},
                                      .doc = {"a number", 8},
                                      .type_class = WB_T_INT64}};
#define DOC {{"s", 1}, {"d", 1}, {"f(x)", 4}, {"", 0}}

static int scalar(wb_sess *sess, void *self, wb_err *e) {
  const wb_scalar_fn fn = {.struct_size = sizeof fn,
                           .name = {"one_scalar", 10},
                           .volatility = WB_IMMUTABLE,
                           .params = one_param,
                           .n_params = 1,
                           .return_text = {"Int64", 5},
                           .doc = DOC,
                           .self = self,
                           NEVER(wb_scalar_fn, return_field),
                           NEVER(wb_scalar_fn, invoke),
                           .release = release};
  return t->wb_sess_add_scalar(sess, &fn, e);
}

static int aggregate(wb_sess *sess, void *self, wb_err *e) {
  const wb_aggregate_fn fn = {.struct_size = sizeof fn,
                              .name = {"one_aggregate", 13},
                              .volatility = WB_IMMUTABLE,
                              .params = one_param,
                              .n_params = 1,
                              .return_text = {"Int64", 5},
                              .doc = DOC,
                              .self = self,
                              NEVER(wb_aggregate_fn, return_field),
                              NEVER(wb_aggregate_fn, state_schema),
                              NEVER(wb_aggregate_fn, empty),
                              NEVER(wb_aggregate_fn, open),
                              NEVER(wb_aggregate_fn, update),
                              NEVER(wb_aggregate_fn, merge),
                              NEVER(wb_aggregate_fn, evaluate),
                              NEVER(wb_aggregate_fn, state),
                              NEVER(wb_aggregate_fn, size),
                              NEVER(wb_aggregate_fn, close),
                              .release = release};
  return t->wb_sess_add_aggregate(sess, &fn, e);
}

static int relation(wb_sess *sess, void *self, wb_err *e) {
  const wb_relation_fn fn = {.struct_size = sizeof fn,
                             .name = {"one_relation", 12},
                             .self = self,
                             NEVER(wb_relation_fn, plan),
                             NEVER(wb_relation_fn, drop_call),
                             NEVER(wb_relation_fn, open),
                             NEVER(wb_relation_fn, scratch),
                             NEVER(wb_relation_fn, run),
                             NEVER(wb_relation_fn, close),
                             .release = release};
  return t->wb_sess_add_relation(sess, &fn, e);
}

static int (*const kinds[])(wb_sess *, void *, wb_err *) = {scalar, aggregate, relation};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

static wb_sess *session(void) {
  const wb_sess_options o = {.struct_size = sizeof o,
                             .catalog = {"weir_catalog", 12},
                             .schema = {"main", 4},
                             .now_us = 1};
  wb_sess *sess = NULL;
  wb_err e = {0};
  return t->wb_sess_new(wi_engine_runtime(engine), &o, &sess, &e) == 0 ? sess : NULL;
}

WT_TEST(a_panic_leaves_the_object_to_the_caller) {
  WT_CHECK(ready());
  for (size_t i = 0; i < N_KINDS; i++) {
    wb_err e = {0};
    wb_sess *sess = session();
    void *object = malloc(16);
    released = 0;
    WT_CHECK(sess != NULL && object != NULL);
    WT_CHECK(wi_engine_panic_at(engine, "sess.register", NULL) == WEIR_OK);
    WT_EQ_INT(kinds[i](sess, object, &e), WEIR_E_PANIC);
    t->wb_err_free(&e);
    WT_EQ_INT(released, 0);
    t->wb_sess_free(sess);
    WT_EQ_INT(released, 0);
    free(object);
  }
}

WT_TEST(a_name_that_is_taken_leaves_it_too) {
  WT_CHECK(ready());
  for (size_t i = 0; i < N_KINDS; i++) {
    wb_err e = {0};
    wb_sess *sess = session();
    void *object = malloc(16), *second = malloc(16);
    released = 0;
    WT_CHECK(sess != NULL && object != NULL && second != NULL);
    WT_EQ_INT(kinds[i](sess, object, &e), 0);
    WT_EQ_INT(kinds[i](sess, second, &e), WEIR_E_DUPLICATE_NAME);
    t->wb_err_free(&e);
    WT_EQ_INT(released, 0);
    t->wb_sess_free(sess);
    WT_EQ_INT(released, 1); /* the first, which the session owned */
    free(second);
  }
}
