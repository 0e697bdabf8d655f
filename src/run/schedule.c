/* Tasks in parallel, each when all that it waits for is done. */
#include "run/schedule.h"

#include <pthread.h>
#include <stdatomic.h>

#include "bridge/bridge.h"

#define WI_ORIGIN "run"

#define MAX_THREADS 16
/* Each thread is stopped by what stops the one that waits for it (wi_stop_leave puts it there). */
#define STACK_BYTES ((size_t)8 << 20)

static size_t start_threads(size_t n, void *(*body)(void *), void *arg,
                            pthread_t *threads) {
  pthread_attr_t attributes;
  size_t started = 0;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  while (started < n && pthread_create(&threads[started], &attributes, body, arg) == 0) {
    started++;
  }
  pthread_attr_destroy(&attributes);
  return started;
}

/* ---- a graph ---- */

typedef struct scheduler {
  const wi_task_node *tasks;
  size_t n;
  const wi_executor *executor;
  pthread_mutex_t lock;
  pthread_cond_t moved;
  size_t *waiting; /* by task: inputs that are not done; SIZE_MAX: it was started */
  size_t left;     /* not finished */
  size_t running;
  wi_stop_scope stop; /* of whoever waits for them all */
} scheduler;

static size_t next_ready(scheduler *s) {
  for (size_t i = 0; i < s->n; i++) {
    if (s->waiting[i] == 0) {
      s->waiting[i] = SIZE_MAX;
      return i;
    }
  }
  return SIZE_MAX;
}

static void finish(scheduler *s, size_t done) {
  s->left--;
  s->running--;
  for (size_t i = 0; i < s->n; i++) {
    for (size_t k = 0; s->waiting[i] != SIZE_MAX && k < s->tasks[i].n_inputs; k++) {
      s->waiting[i] -= s->tasks[i].inputs[k] == done;
    }
  }
  pthread_cond_broadcast(&s->moved);
}

static void *worker(void *arg) {
  scheduler *s = arg;
  wi_stop_leave(s->stop);
  pthread_mutex_lock(&s->lock);
  while (s->left > 0) {
    size_t task = next_ready(s);
    if (task == SIZE_MAX && s->running == 0) {
      break; /* a circle: nobody will ever be done */
    }
    if (task == SIZE_MAX) {
      pthread_cond_wait(&s->moved, &s->lock);
      continue;
    }
    s->running++;
    pthread_mutex_unlock(&s->lock);
    s->executor->run(s->executor->ctx, task);
    pthread_mutex_lock(&s->lock);
    finish(s, task);
  }
  pthread_cond_broadcast(&s->moved);
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

weir_status wi_schedule(const wi_task_node *tasks, size_t n, size_t threads,
                        const wi_executor *executor, weir_error *err) {
  pthread_t started[MAX_THREADS];
  scheduler s = {
      .tasks = tasks, .n = n, .executor = executor, .left = n, .stop = wi_stop_here()};
  s.waiting = wi_alloc_array(n + 1, sizeof(*s.waiting));
  if (s.waiting == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    s.waiting[i] = tasks[i].n_inputs;
  }
  pthread_mutex_init(&s.lock, NULL);
  pthread_cond_init(&s.moved, NULL);
  threads = threads > MAX_THREADS ? MAX_THREADS : threads > n ? n : threads;
  size_t k = start_threads(threads, worker, &s, started);
  if (k == 0 && n > 0) {
    (void)worker(&s); /* no thread to be had: this one does all */
  }
  while (k > 0) {
    pthread_join(started[--k], NULL);
  }
  size_t left = s.left;
  pthread_cond_destroy(&s.moved);
  pthread_mutex_destroy(&s.lock);
  wi_free(s.waiting);
  return left == 0 ? WEIR_OK
                   : WI_ERR(err, WEIR_E_BUG, "%zu tasks wait for each other", left);
}

/* ---- a wave ---- */

typedef struct wave {
  size_t n;
  atomic_size_t next;
  const wi_executor *executor;
  wi_stop_scope stop;
} wave;

static void *ride(void *arg) {
  wave *w = arg;
  wi_stop_leave(w->stop);
  for (size_t i = atomic_fetch_add(&w->next, 1); i < w->n;
       i = atomic_fetch_add(&w->next, 1)) {
    w->executor->run(w->executor->ctx, i);
  }
  return NULL;
}

void wi_wave(size_t n, size_t threads, const wi_executor *executor) {
  pthread_t started[MAX_THREADS];
  wave w = {.n = n, .executor = executor, .stop = wi_stop_here()};
  atomic_init(&w.next, 0);
  threads = threads > MAX_THREADS ? MAX_THREADS : threads > n ? n : threads;
  size_t k = threads > 1 ? start_threads(threads - 1, ride, &w, started) : 0;
  (void)ride(&w);
  while (k > 0) {
    pthread_join(started[--k], NULL);
  }
}
