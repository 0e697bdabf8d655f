/* Leases: how who cleans a root knows that somebody is at work there.
 *
 * A folder of this machine is locked, shared, for as long as the work lasts; who cleans wants it
 * alone. A store has no locks. There, work that lasts longer than a minute puts an object
 * `_weir/leases/<run id>.<n>`, and a new one with the next n every other minute, after which the
 * last one goes. Work younger than WI_LEASE_LIFE_US needs none: nothing so young is litter. Who
 * is about to commit asks whether the lease still holds: it stops counting for its holder five
 * minutes before it does for others. Whether a lease lives is judged by the store's clock and by
 * what the object says (lease_read.c). Who puts a first object removes those that are dead: below
 * many tables nobody else ever looks. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef WI_TEST
#include "storage/hook.h"
#endif
#include "storage/internal.h"

#define WI_ORIGIN "lease"

#define SECOND_US ((int64_t)1000000)
#define PATH_SIZE 96

static const wi_lease_times usual = {60 * SECOND_US, 120 * SECOND_US, 15 * SECOND_US,
                                     WI_LEASE_LIFE_US - 5 * 60 * SECOND_US};

struct wi_lease {
  wi_store *store;
  char run_id[37];
  int fd; /* of a locked folder; -1 */
  bool by_object;
  wi_lease_times times;
  wi_stop *stop; /* of what the thread waits for */
  pthread_t thread;
  pthread_mutex_t lock; /* of what follows */
  pthread_cond_t moved;
  bool over;
  uint32_t first, next;          /* the objects that may be there: first <= n < next */
  int64_t wall_us, monotonic_us; /* when it last was certain that others see us alive */
};

#ifdef WI_TEST
static const wi_lease_times *_Atomic times_of_tests;

void wi_lease_set_times(const wi_lease_times *times) {
  atomic_store(&times_of_tests, times);
}

static const wi_lease_times *given_times(void) {
  return atomic_load(&times_of_tests);
}
#else
static const wi_lease_times *given_times(void) {
  return NULL;
}
#endif

bool wi_lease_by_object(const wi_store *store) {
  return wi_store_local(store) == NULL || given_times() != NULL;
}

static int64_t monotonic_us(void) {
  return wi_monotonic_ns() / 1000;
}

static void object_path(const wi_lease *l, uint32_t n, char out[PATH_SIZE]) {
  snprintf(out, PATH_SIZE, "%s/%s.%u", WI_LEASE_FOLDER, l->run_id, (unsigned)n);
}

/* ---- the object ---- */

static weir_status put_object(wi_lease *l, uint32_t n, int64_t now_us, weir_error *err) {
  char path[PATH_SIZE], expires[32];
  wi_buf text = WI_BUF_INIT;
  wi_json j;
  wi_time_text(now_us + WI_LEASE_LIFE_US, expires);
  wi_json_begin(&j, &text);
  wi_json_object(&j);
  wi_json_kt(&j, "run_id", l->run_id);
  wi_json_kt(&j, "expires", expires);
  wi_json_object_end(&j);
  weir_status status = wi_buf_check(&text, err, WI_ORIGIN);
  if (status == WEIR_OK) {
    object_path(l, n, path);
    status = wi_store_put_new(l->store, path, text.p, text.n, err);
  }
  wi_buf_release(&text);
  return status;
}

static void remove_objects(wi_lease *l, uint32_t from, uint32_t to) {
  for (uint32_t n = from; n < to; n++) {
    char path[PATH_SIZE];
    const char *paths[] = {path};
    object_path(l, n, path);
    (void)wi_store_remove(l->store, paths, 1, NULL);
  }
}

/* The next object, then away with those before it; false: try again soon. The lock is not held:
 * only this thread puts. */
static bool renew(wi_lease *l) {
  int64_t wall = wi_now_us(), monotonic = monotonic_us();
  uint32_t n = l->next, first = l->first;
  pthread_mutex_lock(&l->lock);
  l->next = n + 1; /* whatever the answer is, it may be there */
  pthread_mutex_unlock(&l->lock);
  if (put_object(l, n, wall, NULL) != WEIR_OK) {
    return false;
  }
  remove_objects(l, first, n);
  pthread_mutex_lock(&l->lock);
  l->first = n;
  l->wall_us = wall; /* from before the put: others count from the put on */
  l->monotonic_us = monotonic;
  pthread_mutex_unlock(&l->lock);
  return true;
}

/* Each old one is read: the lease itself must be renewed in time. */
enum { MOST_SWEPT = 100 };

/* The store's clock is read off our own object. Whatever fails, the next one will do it. */
static void sweep(wi_lease *l) {
  wi_leases leases = WI_LEASES_INIT;
  wi_store_entries entries = {NULL, 0, 0};
  char own[PATH_SIZE];
  int64_t now_us = 0;
  object_path(l, l->first, own);
  if (wi_store_list(l->store, WI_LEASE_FOLDER, &entries, NULL) == WEIR_OK) {
    for (size_t i = 0; i < entries.n; i++) {
      bool ours = strcmp(entries.items[i].path, own) == 0;
      now_us = ours ? entries.items[i].mtime_us : now_us;
    }
    entries.n = entries.n > MOST_SWEPT ? MOST_SWEPT : entries.n;
    (void)wi_leases_see(l->store, &entries, now_us, &leases, NULL);
    (void)wi_store_remove(l->store, (const char *const *)leases.dead.items, leases.dead.n,
                          NULL);
  }
  wi_leases_release(&leases);
  wi_store_entries_release(&entries);
}

/* By the clock that nobody sets: one set back would put the next object off by as much. */
static void wait_until(wi_lease *l, int64_t us) {
  struct timespec until = {(time_t)(us / SECOND_US), (long)(us % SECOND_US) * 1000};
  pthread_cond_timedwait(&l->moved, &l->lock, &until);
}

static void *renewer(void *arg) {
  wi_lease *l = arg;
  wi_stop_enter(l->stop);
  int64_t next = monotonic_us() + l->times.first_us;
  bool swept = false;
  pthread_mutex_lock(&l->lock);
  while (!l->over) {
    if (monotonic_us() < next) {
      wait_until(l, next);
      continue;
    }
    pthread_mutex_unlock(&l->lock);
    bool fine = renew(l);
    if (fine && !swept) {
      sweep(l);
      swept = true;
    }
    pthread_mutex_lock(&l->lock);
    next = monotonic_us() + (fine ? l->times.renew_us : l->times.again_us);
  }
  pthread_mutex_unlock(&l->lock);
  return NULL;
}

/* ---- taking and giving back ---- */

static weir_status start(wi_lease *l, weir_error *err) {
  pthread_condattr_t attributes;
  wi_engine *engine = wi_store_engine(l->store);
  if (engine != NULL) {
    WI_TRY(wi_stop_new(engine, NULL, &l->stop, err));
  }
  l->wall_us = wi_now_us();
  l->monotonic_us = monotonic_us();
  pthread_mutex_init(&l->lock, NULL);
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&l->moved, &attributes);
  pthread_condattr_destroy(&attributes);
  if (pthread_create(&l->thread, NULL, renewer, l) != 0) {
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->moved);
    return WI_ERR(err, WEIR_E_NO_MEMORY, "no thread could be started to keep a lease");
  }
  return WEIR_OK;
}

/* Shared with others at work; whoever cleans there has it alone, and is waited for. */
static weir_status share(wi_lease *l, const wi_stop *stop, weir_error *err) {
  for (;;) {
    weir_error locked = WEIR_ERROR_INIT;
    weir_status status = wi_dir_lock(wi_store_local(l->store), false, &l->fd, &locked);
    if (status != WEIR_E_LOCKED) {
      wi_err_move(err, &locked);
      return status;
    }
    weir_error_release(&locked);
    if (wi_stop_fired(stop)) {
      return WI_ERR(err, WEIR_E_CANCELLED, "stopped while '%s' was cleaned",
                    wi_store_uri(l->store));
    }
    wi_sleep_us(20000);
  }
}

weir_status wi_lease_take(wi_store *store, const char *run_id, const wi_stop *stop,
                          wi_lease **out, weir_error *err) {
  const wi_lease_times *times = given_times();
  weir_status status = WEIR_OK;
  *out = NULL;
  wi_lease *l = wi_alloc(sizeof *l);
  if (l == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  l->store = wi_store_ref(store);
  snprintf(l->run_id, sizeof l->run_id, "%s", run_id);
  l->fd = -1;
  l->by_object = wi_lease_by_object(store);
  l->times = times != NULL ? *times : usual;
  status = l->by_object ? start(l, err) : share(l, stop, err);
  if (status == WEIR_OK) {
    *out = l;
  } else {
    wi_stop_free(&l->stop);
    wi_store_unref(&l->store);
    wi_free(l);
  }
  return status;
}

weir_status wi_lease_check(wi_lease *l, weir_error *err) {
  if (l == NULL || !l->by_object) {
    return WEIR_OK;
  }
  pthread_mutex_lock(&l->lock);
  int64_t wall = wi_now_us() - l->wall_us, monotonic = monotonic_us() - l->monotonic_us;
  pthread_mutex_unlock(&l->lock);
  int64_t silent = wall > monotonic ? wall : monotonic; /* a machine may have slept */
  if (silent < l->times.holds_us) {
    return WEIR_OK;
  }
  wi_err_hint(err, "run again");
  return WI_ERR(err, WEIR_E_LEASE_LOST,
                "for %lld seconds nobody could see at '%.200s' that this run lives, so "
                "that what it staged may be gone",
                (long long)(silent / SECOND_US), wi_store_uri(l->store));
}

void wi_lease_release(wi_lease **lease) {
  wi_lease *l = *lease;
  *lease = NULL;
  if (l == NULL) {
    return;
  }
  if (l->by_object) {
    wi_stop_scope before = wi_stop_ending();
    if (l->stop != NULL) {
      wi_stop_fire(l->stop); /* the object that it may put all the same is known */
    }
    pthread_mutex_lock(&l->lock);
    l->over = true;
    pthread_cond_signal(&l->moved);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    remove_objects(l, l->first, l->next);
    wi_stop_leave(before);
    wi_stop_free(&l->stop);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->moved);
  }
  if (l->fd >= 0) {
    close(l->fd);
  }
  wi_store_unref(&l->store);
  wi_free(l);
}
