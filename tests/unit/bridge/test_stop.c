/* What stops a call, without an engine: tokens, stops, and their ends in any order. */
#include <pthread.h>
#include <stdatomic.h>

#include "bridge/bridge.h"
#include "common/test.h"

static wi_engine *engine_of_none(void) {
  const wi_engine_options o = {.threads = 1, .library = "/nowhere/none.so"};
  wi_engine *engine = NULL;
  return wi_engine_new(&o, &engine, NULL) == WEIR_OK ? engine : NULL;
}

WT_TEST(a_token_stops_what_was_given_it) {
  weir_error err = WEIR_ERROR_INIT;
  wi_engine *engine = engine_of_none();
  weir_cancel *cancel = NULL;
  wi_stop *a = NULL, *b = NULL, *other = NULL, *late = NULL;
  WT_CHECK(engine != NULL);
  WT_OK(weir_cancel_new(&cancel, &err));
  WT_OK(wi_stop_new(engine, cancel, &a, &err));
  WT_OK(wi_stop_new(engine, cancel, &b, &err));
  WT_OK(wi_stop_new(engine, NULL, &other, &err));
  WT_OK(wi_stop_check(a, &err));
  WT_EQ_INT(weir_cancel_fired(cancel), 0);
  weir_cancel_fire(cancel);
  weir_cancel_fire(cancel);
  WT_EQ_INT(weir_cancel_fired(cancel), 1);
  WT_EQ_INT(wi_stop_check(a, &err), WEIR_E_CANCELLED);
  weir_error_release(&err);
  WT_CHECK(wi_stop_fired(b) && !wi_stop_fired(other));
  WT_OK(wi_stop_new(engine, cancel, &late, &err)); /* level, not edge */
  WT_CHECK(wi_stop_fired(late));
  wi_stop_free(&a);
  weir_cancel_free(&cancel); /* before its stops */
  WT_CHECK(cancel == NULL);
  weir_cancel_free(&cancel);
  WT_CHECK(wi_stop_fired(b));
  wi_stop_free(&b);
  wi_stop_free(&late);
  wi_stop_free(&other);
  wi_stop_free(&other);
  wi_engine_unref(&engine);
}

WT_TEST(a_stop_fires_alone) {
  weir_error err = WEIR_ERROR_INIT;
  wi_engine *engine = engine_of_none();
  weir_cancel *cancel = NULL;
  wi_stop *a = NULL, *b = NULL;
  WT_CHECK(engine != NULL);
  WT_OK(weir_cancel_new(&cancel, &err));
  WT_OK(wi_stop_new(engine, cancel, &a, &err));
  WT_OK(wi_stop_new(engine, cancel, &b, &err));
  wi_stop_fire(a);
  WT_CHECK(wi_stop_fired(a) && !wi_stop_fired(b));
  WT_EQ_INT(weir_cancel_fired(cancel), 0);
  wi_stop_free(&a);
  wi_stop_free(&b);
  weir_cancel_free(&cancel);
  wi_engine_unref(&engine);
}

WT_TEST(null_is_nothing_that_stops) {
  weir_error err = WEIR_ERROR_INIT;
  const wb_cancel *token = NULL;
  weir_cancel_fire(NULL);
  weir_cancel_free(NULL);
  WT_EQ_INT(weir_cancel_fired(NULL), 0);
  WT_EQ_INT(weir_cancel_new(NULL, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  WT_CHECK(!wi_stop_fired(NULL));
  WT_OK(wi_stop_check(NULL, &err));
  WT_OK(wi_stop_token(NULL, &token, &err));
  WT_CHECK(token == NULL);
}

/* ---- what stops a thread ---- */

static void *sees_nothing(void *arg) {
  bool *nothing = arg;
  wi_stop_scope here = wi_stop_here();
  *nothing = here.stop == NULL && !here.ending;
  return NULL;
}

WT_TEST(scopes_are_of_one_thread_and_nest) {
  weir_error err = WEIR_ERROR_INIT;
  wi_engine *engine = engine_of_none();
  wi_stop *a = NULL, *b = NULL;
  pthread_t thread;
  bool nothing = false;
  WT_CHECK(engine != NULL && wi_stop_here().stop == NULL);
  WT_OK(wi_stop_new(engine, NULL, &a, &err));
  WT_OK(wi_stop_new(engine, NULL, &b, &err));
  wi_stop_scope outer = wi_stop_enter(a);
  WT_CHECK(outer.stop == NULL && wi_stop_here().stop == a);
  wi_stop_scope ending = wi_stop_ending();
  WT_CHECK(wi_stop_here().stop == a && wi_stop_here().ending);
  wi_stop_scope inner = wi_stop_enter(b); /* another piece of work, which begins */
  WT_CHECK(wi_stop_here().stop == b && !wi_stop_here().ending);
  WT_EQ_INT(pthread_create(&thread, NULL, sees_nothing, &nothing), 0);
  pthread_join(thread, NULL);
  WT_CHECK(nothing);
  wi_stop_leave(inner);
  WT_CHECK(wi_stop_here().stop == a && wi_stop_here().ending);
  wi_stop_leave(ending);
  WT_CHECK(wi_stop_here().stop == a && !wi_stop_here().ending);
  wi_stop_leave(outer);
  WT_CHECK(wi_stop_here().stop == NULL);
  wi_stop_free(&a);
  wi_stop_free(&b);
  wi_engine_unref(&engine);
}

/* ---- fired while calls begin and end ---- */

typedef struct race {
  weir_cancel *cancel;
  wi_engine *engine;
  atomic_int missed;
  atomic_bool go;
} race;

static void *begin_and_end(void *arg) {
  race *r = arg;
  while (!atomic_load(&r->go)) {
  }
  for (int i = 0; i < 2000; i++) {
    wi_stop *stop = NULL;
    bool before = weir_cancel_fired(r->cancel) != 0;
    if (wi_stop_new(r->engine, r->cancel, &stop, NULL) != WEIR_OK ||
        (before && !wi_stop_fired(stop))) {
      atomic_fetch_add(&r->missed, 1);
    }
    wi_stop_free(&stop);
  }
  return NULL;
}

static void *fire(void *arg) {
  race *r = arg;
  while (!atomic_load(&r->go)) {
  }
  weir_cancel_fire(r->cancel);
  return NULL;
}

WT_TEST(no_call_misses_a_token_that_was_fired_before) {
  for (int round = 0; round < 20; round++) {
    race r = {.engine = engine_of_none()};
    pthread_t threads[3];
    WT_CHECK(r.engine != NULL);
    WT_EQ_INT(weir_cancel_new(&r.cancel, NULL), WEIR_OK);
    WT_EQ_INT(pthread_create(&threads[0], NULL, begin_and_end, &r), 0);
    WT_EQ_INT(pthread_create(&threads[1], NULL, begin_and_end, &r), 0);
    WT_EQ_INT(pthread_create(&threads[2], NULL, fire, &r), 0);
    atomic_store(&r.go, true);
    for (size_t i = 0; i < 3; i++) {
      pthread_join(threads[i], NULL);
    }
    WT_EQ_INT(atomic_load(&r.missed), 0);
    weir_cancel_free(&r.cancel);
    wi_engine_unref(&r.engine);
  }
}
