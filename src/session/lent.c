/* A caller's stream, lent to the engine for one call. An execution that was stopped may still be
 * inside it when the call has its answer, and may let go of it later, on a thread of its own. What
 * the engine gets is a stand-in that can be called at any time, and the caller's own stream is
 * called and released before the call returns, never after. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "session/session.h"

#define WI_ORIGIN "session"

struct wi_lent {
  atomic_uint shares;               /* the call's, and the engine's */
  pthread_mutex_t lock;             /* held while the caller's stream is called */
  struct ArrowArrayStream real;     /* `release` NULL: given back */
  char *error;                      /* as last asked for; the engine's */
  struct ArrowArrayStream stand_in; /* until the engine takes it */
};

static void unref(wi_lent *l) {
  if (atomic_fetch_sub(&l->shares, 1) == 1) {
    pthread_mutex_destroy(&l->lock);
    wi_free(l->error);
    wi_free(l);
  }
}

static void give_back(wi_lent *l) {
  pthread_mutex_lock(&l->lock);
  if (l->real.release != NULL) {
    l->real.release(&l->real);
    l->real.release = NULL;
  }
  pthread_mutex_unlock(&l->lock);
}

static int lent_schema(struct ArrowArrayStream *self, struct ArrowSchema *out) {
  wi_lent *l = self->private_data;
  int code = ECANCELED;
  memset(out, 0, sizeof(*out));
  pthread_mutex_lock(&l->lock);
  if (l->real.release != NULL) {
    code = l->real.get_schema(&l->real, out);
  }
  pthread_mutex_unlock(&l->lock);
  return code;
}

static int lent_next(struct ArrowArrayStream *self, struct ArrowArray *out) {
  wi_lent *l = self->private_data;
  int code = ECANCELED;
  memset(out, 0, sizeof(*out));
  pthread_mutex_lock(&l->lock);
  if (l->real.release != NULL) {
    code = l->real.get_next(&l->real, out);
  }
  pthread_mutex_unlock(&l->lock);
  return code;
}

/* A copy: the stream may be given back while the engine's thread reads it. */
static const char *lent_error(struct ArrowArrayStream *self) {
  wi_lent *l = self->private_data;
  pthread_mutex_lock(&l->lock);
  if (l->real.release != NULL) {
    const char *text = l->real.get_last_error(&l->real);
    wi_free(l->error);
    l->error = text != NULL ? wi_strdup(text) : NULL;
  }
  pthread_mutex_unlock(&l->lock);
  return l->error;
}

static void lent_release(struct ArrowArrayStream *self) {
  wi_lent *l = self->private_data;
  give_back(l);
  unref(l);
  self->release = NULL;
}

weir_status wi_stream_lend(struct ArrowArrayStream *take, wi_lent **out,
                           weir_error *err) {
  wi_lent *l = wi_alloc(sizeof(*l));
  *out = l;
  if (l == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&l->shares, 2);
  pthread_mutex_init(&l->lock, NULL);
  l->real = *take;
  take->release = NULL;
  l->stand_in =
      (struct ArrowArrayStream){lent_schema, lent_next, lent_error, lent_release, l};
  return WEIR_OK;
}

struct ArrowArrayStream *wi_stream_lent(wi_lent *lent) {
  return &lent->stand_in;
}

void wi_stream_recall(wi_lent **lent) {
  wi_lent *l = *lent;
  *lent = NULL;
  if (l == NULL) {
    return;
  }
  give_back(l);
  if (l->stand_in.release != NULL) {
    l->stand_in.release(&l->stand_in);
  }
  unref(l);
}
