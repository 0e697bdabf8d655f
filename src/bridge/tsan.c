/* For the thread sanitizer only. It does not see how the engine hands work from thread to thread,
 * as the engine is not built under it; it would take every hand-over of ours through the engine for
 * a race. So in such a build the calls by which callbacks and arrays of C's go to the engine are
 * wrapped, and each thing carries the order that wb.h promises for it, and no more: what is not
 * promised (two calls of one function, say) stays a race.
 *
 *   a function, a call of a relation   made before its callbacks, which come before its release
 *   an accumulator, a state, a stream  one callback before the next
 *   memory of an array                 filled before it is read, read before it is freed */
#include "bridge/tsan.h"

#ifdef __SANITIZE_THREAD__

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Of the runtime; no header has it. The block that an address is in, if it is on the heap. */
extern const char *__tsan_locate_address(uintptr_t addr, char *name, uintptr_t name_size,
                                         uintptr_t *block, uintptr_t *size);

wi_engine_table wi_tsan_engine;

void *wi_tsan_make(size_t size) {
  void *p = wi_alloc(size);
  if (p == NULL) {
    abort();
  }
  return p;
}

/* ---- memory of arrays: its two places are in the block itself ---- */

/* Empty buffers of the engine point to no memory, to a small number. */
enum { LOWEST = 65536 };

void wi_tsan_buffers(const struct ArrowArray *a, void (*visit)(wi_tsan_edge *block)) {
  for (int64_t i = 0; a != NULL && i < a->n_buffers; i++) {
    uintptr_t at = (uintptr_t)a->buffers[i], block = 0, size = 0;
    const char *kind =
        at < LOWEST ? "" : __tsan_locate_address(at, NULL, 0, &block, &size);
    if (strcmp(kind, "heap") == 0) { /* where a block has 16 bytes at least */
      visit((wi_tsan_edge *)block);
    }
  }
  for (int64_t i = 0; a != NULL && i < a->n_children; i++) {
    wi_tsan_buffers(a->children[i], visit);
  }
  if (a != NULL) {
    wi_tsan_buffers(a->dictionary, visit);
  }
}

void wi_tsan_buffers_of(size_t n, const struct ArrowArray *const *arrays,
                        void (*visit)(wi_tsan_edge *block)) {
  for (size_t i = 0; i < n; i++) {
    wi_tsan_buffers(arrays[i], visit);
  }
}

/* An array that goes over the border, with its own end. */
typedef struct crossing {
  void (*release)(struct ArrowArray *);
  void *private_data;
  void (*visit)(wi_tsan_edge *block);
  wi_tsan_edge turn; /* what is not in buffers */
} crossing;

static void release_array(struct ArrowArray *a) {
  crossing *c = a->private_data;
  take_turn(&c->turn);
  wi_tsan_buffers(a, c->visit);
  a->release = c->release;
  a->private_data = c->private_data;
  wi_free(c);
  a->release(a);
}

static void cross(struct ArrowArray *a, void (*visit)(wi_tsan_edge *block)) {
  crossing *c = wi_tsan_make(sizeof(*c));
  *c = (crossing){.release = a->release, .private_data = a->private_data, .visit = visit};
  a->release = release_array;
  a->private_data = c;
  end_turn(&c->turn);
}

/* Ours, to the engine: it releases it when nobody reads it any more. */
void wi_tsan_array_out(struct ArrowArray *a) {
  if (a->release != NULL) {
    wi_tsan_buffers(a, made);
    cross(a, last);
  }
}

/* The engine's, to us: there may be memory of ours in it, and we may be the last to read it. */
static void array_in(struct ArrowArray *a) {
  if (a->release != NULL) {
    wi_tsan_buffers(a, enter);
    cross(a, leave);
  }
}

/* ---- streams, both ways ---- */

typedef struct held_stream {
  struct ArrowArrayStream inner;
  wi_tsan_edge turn;
  void (*crossed)(struct ArrowArray *);
} held_stream;

static int stream_schema(struct ArrowArrayStream *self, struct ArrowSchema *out) {
  held_stream *h = self->private_data;
  take_turn(&h->turn);
  int code = h->inner.get_schema(&h->inner, out);
  end_turn(&h->turn);
  return code;
}

static int stream_next(struct ArrowArrayStream *self, struct ArrowArray *out) {
  held_stream *h = self->private_data;
  take_turn(&h->turn);
  int code = h->inner.get_next(&h->inner, out);
  if (code == 0) {
    h->crossed(out);
  }
  end_turn(&h->turn);
  return code;
}

static const char *stream_error(struct ArrowArrayStream *self) {
  held_stream *h = self->private_data;
  take_turn(&h->turn);
  const char *text = h->inner.get_last_error(&h->inner);
  end_turn(&h->turn);
  return text;
}

static void stream_release(struct ArrowArrayStream *self) {
  held_stream *h = self->private_data;
  take_turn(&h->turn);
  h->inner.release(&h->inner);
  wi_free(h);
  memset(self, 0, sizeof(*self));
}

static void stream_crosses(struct ArrowArrayStream *s,
                           void (*crossed)(struct ArrowArray *)) {
  if (s->release == NULL) {
    return;
  }
  held_stream *h = wi_tsan_make(sizeof(*h));
  *h = (held_stream){.inner = *s, .crossed = crossed};
  *s = (struct ArrowArrayStream){stream_schema, stream_next, stream_error, stream_release,
                                 h};
  end_turn(&h->turn);
}

static int bind_stream(wb_bind *bind, wb_str schema, wb_str table,
                       struct ArrowArrayStream *take, bool collect, wb_err *err) {
  stream_crosses(take, wi_tsan_array_out);
  return wi_tsan_engine.wb_bind_stream(bind, schema, table, take, collect, err);
}

static int bind_table(wb_bind *bind, wb_str schema, wb_str name, const wb_table *table,
                      wb_err *err) {
  if (table != NULL) {
    stream_crosses(table->files, wi_tsan_array_out);
  }
  return wi_tsan_engine.wb_bind_table(bind, schema, name, table, err);
}

static int exec_stream(wb_exec *exec, struct ArrowArrayStream *out, wb_err *err) {
  int code = wi_tsan_engine.wb_exec_stream(exec, out, err);
  if (code == 0) {
    stream_crosses(out, array_in);
  }
  return code;
}

/* ---- all of them ---- */

void wi_tsan_wrap(wi_engine_table *table) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  if (wi_tsan_engine.wb_versions == NULL) {
    wi_tsan_engine = *table;
  }
  pthread_mutex_unlock(&lock);
  table->wb_sess_add_scalar = wi_tsan_add_scalar;
  table->wb_sess_add_aggregate = wi_tsan_add_aggregate;
  table->wb_sess_add_relation = wi_tsan_add_relation;
  table->wb_bind_stream = bind_stream;
  table->wb_bind_table = bind_table;
  table->wb_exec_stream = exec_stream;
}

#endif
