/* What stops one call: the caller's token, the call's own, and the engine's behind both. */
#include <pthread.h>
#include <stdatomic.h>

#include "bridge/private.h"

#define WI_ORIGIN "bridge"

struct weir_cancel {
  atomic_uint refs; /* the caller's, and one for each stop */
  atomic_bool fired;
  pthread_mutex_t lock; /* of the list */
  wi_stop *stops;
};

struct wi_stop {
  wi_engine *engine;
  weir_cancel *cancel; /* NULL: none was given */
  atomic_bool fired;
  pthread_mutex_t lock; /* of the tokens, which are made when they are asked for */
  wb_cancel *token;
  wb_cancel *late;       /* the same, for what comes to its end after it */
  wi_stop *next, **link; /* in the list of `cancel`, guarded by its lock */
};

/* ---- the caller's token ---- */

weir_status weir_cancel_new(weir_cancel **out, weir_error *err) {
  if (out == NULL) {
    return WI_ERR(err, WEIR_E_USAGE, "weir_cancel_new: the argument 'out' is NULL");
  }
  weir_cancel *c = wi_alloc(sizeof(*c));
  *out = c;
  if (c == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&c->refs, 1);
  atomic_init(&c->fired, false);
  pthread_mutex_init(&c->lock, NULL);
  return WEIR_OK;
}

void weir_cancel_fire(weir_cancel *cancel) {
  if (cancel == NULL || atomic_exchange(&cancel->fired, true)) {
    return;
  }
  /* A stop leaves the list under this lock before it goes. */
  pthread_mutex_lock(&cancel->lock);
  for (wi_stop *s = cancel->stops; s != NULL; s = s->next) {
    wi_stop_fire(s);
  }
  pthread_mutex_unlock(&cancel->lock);
}

int weir_cancel_fired(const weir_cancel *cancel) {
  return cancel != NULL && atomic_load(&cancel->fired);
}

static void cancel_unref(weir_cancel *c) {
  if (c != NULL && atomic_fetch_sub(&c->refs, 1) == 1) {
    pthread_mutex_destroy(&c->lock);
    wi_free(c);
  }
}

void weir_cancel_free(weir_cancel **cancel) {
  if (cancel != NULL) {
    cancel_unref(*cancel);
    *cancel = NULL;
  }
}

/* ---- a call's ---- */

weir_status wi_stop_new(wi_engine *engine, weir_cancel *cancel, wi_stop **out,
                        weir_error *err) {
  wi_stop *s = wi_alloc(sizeof(*s));
  *out = s;
  if (s == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  s->engine = wi_engine_ref(engine);
  atomic_init(&s->fired, false);
  pthread_mutex_init(&s->lock, NULL);
  if (cancel != NULL) {
    atomic_fetch_add(&cancel->refs, 1);
    s->cancel = cancel;
    pthread_mutex_lock(&cancel->lock);
    s->next = cancel->stops;
    s->link = &cancel->stops;
    if (s->next != NULL) {
      s->next->link = &s->next;
    }
    cancel->stops = s;
    pthread_mutex_unlock(&cancel->lock);
    if (atomic_load(&cancel->fired)) { /* before, or while it was put there */
      wi_stop_fire(s);
    }
  }
  return WEIR_OK;
}

/* Under the lock. */
static void token_fire(wi_stop *s) {
  const wi_engine_table *t = wi_engine_loaded(s->engine);
  if (t != NULL && s->token != NULL) {
    t->wb_cancel_fire(s->token);
  }
}

void wi_stop_fire(wi_stop *s) {
  atomic_store(&s->fired, true);
  pthread_mutex_lock(&s->lock);
  token_fire(s);
  pthread_mutex_unlock(&s->lock);
}

bool wi_stop_fired(const wi_stop *s) {
  return s != NULL && atomic_load(&s->fired);
}

weir_status wi_stop_check(const wi_stop *s, weir_error *err) {
  return wi_stop_fired(s) ? WI_ERR(err, WEIR_E_CANCELLED, "the call was asked to stop")
                          : WEIR_OK;
}

static weir_status token_new(wi_stop *s, const wb_cancel *of, uint64_t late_ms,
                             wb_cancel **out, weir_error *err) {
  WI_ENGINE_RETURN(s->engine, err, t->wb_cancel_new(of, late_ms, out, &from));
}

static weir_status tokens(wi_stop *s, bool ending, const wb_cancel **out,
                          weir_error *err) {
  if (s->token == NULL) {
    WI_TRY(token_new(s, NULL, 0, &s->token, err));
    if (atomic_load(&s->fired)) {
      token_fire(s);
    }
  }
  if (ending && s->late == NULL) {
    WI_TRY(token_new(s, s->token, WI_STOP_LATE_MS, &s->late, err));
  }
  *out = ending ? s->late : s->token;
  return WEIR_OK;
}

static weir_status token_of(wi_stop *s, bool ending, const wb_cancel **out,
                            weir_error *err) {
  *out = NULL;
  if (s == NULL) {
    return WEIR_OK;
  }
  pthread_mutex_lock(&s->lock);
  weir_status status = tokens(s, ending, out, err);
  pthread_mutex_unlock(&s->lock);
  return status;
}

weir_status wi_stop_token(wi_stop *s, const wb_cancel **out, weir_error *err) {
  return token_of(s, false, out, err);
}

weir_cancel *wi_stop_cancel(const wi_stop *s) {
  return s != NULL ? s->cancel : NULL;
}

void wi_stop_free(wi_stop **stop) {
  wi_stop *s = *stop;
  *stop = NULL;
  if (s == NULL) {
    return;
  }
  if (s->cancel != NULL) {
    pthread_mutex_lock(&s->cancel->lock);
    *s->link = s->next;
    if (s->next != NULL) {
      s->next->link = s->link;
    }
    pthread_mutex_unlock(&s->cancel->lock);
    cancel_unref(s->cancel);
  }
  WI_ENGINE_FREE(s->engine, &s->late, wb_cancel_free);
  WI_ENGINE_FREE(s->engine, &s->token, wb_cancel_free);
  wi_engine_unref(&s->engine);
  pthread_mutex_destroy(&s->lock);
  wi_free(s);
}

/* ---- a thread's ---- */

static _Thread_local wi_stop_scope here;

wi_stop_scope wi_stop_here(void) {
  return here;
}

wi_stop_scope wi_stop_enter(wi_stop *stop) {
  wi_stop_scope before = here;
  here = (wi_stop_scope){stop, false};
  return before;
}

wi_stop_scope wi_stop_ending(void) {
  wi_stop_scope before = here;
  here.ending = true;
  return before;
}

void wi_stop_leave(wi_stop_scope before) {
  here = before;
}

weir_status wi_stop_now(const wb_cancel **out, weir_error *err) {
  return token_of(here.stop, here.ending, out, err);
}
