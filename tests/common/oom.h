/* Allocations that fail, for one test program: alloc.c is compiled in here with calls that can
 * fail, so what is tested is to be linked as an archive, whose own alloc.c is then left out. JSON
 * fails too; what the engine, Arrow's builders and the C library allocate does not.
 *
 *     oom_json();                        // once
 *     oom_fail(nth); ... the work under test ... oom_stop();
 *     if (oom_hit()) ...                 // there was an nth allocation, and it failed
 *
 * or, where a count would be too many of the same kind, by the chains of calls that allocate:
 *
 *     oom_watch(); ... the work (with OOM_WORK_BEGINS) ... n = oom_stop_watch();
 *     oom_fail_site(i, 0); ... the work again ... oom_stop();
 */
#ifndef TESTS_COMMON_OOM_H
#define TESTS_COMMON_OOM_H

#include <execinfo.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_long oom_left = -1; /* calls until one fails; below zero: never */
static atomic_bool oom_was_hit;
static atomic_long oom_live; /* blocks that are not freed, for leaks */
static void *oom_frames[24];
static int oom_depth;

typedef struct oom_site {
  uint64_t chain;
  long times;
} oom_site;
enum { OOM_SITES = 16384, OOM_COUNTED = 0, OOM_WATCHED = 1, OOM_AT_SITE = 2 };
static oom_site oom_sites[OOM_SITES];
static size_t oom_n_sites;
static int oom_how;        /* constant while work is under test */
static uint64_t oom_chain; /* that fails */
static pthread_mutex_t oom_lock = PTHREAD_MUTEX_INITIALIZER;

static void *oom_top; /* calls above the work's own: where it returns to */

/* Called by a function that is not inlined and does the work, watched or failing. */
#define OOM_WORK_BEGINS() (oom_top = __builtin_return_address(0))

/* The chain of calls that asks for memory. */
static uint64_t oom_here(void) {
  void *frames[24];
  int depth = backtrace(frames, 24);
  uint64_t h = 1469598103934665603u;
  for (int i = 0; i < depth && frames[i] != oom_top; i++) {
    h = (h ^ (uint64_t)(uintptr_t)frames[i]) * 1099511628211u;
  }
  return h;
}

static bool oom_note(uint64_t chain) {
  size_t i = 0;
  pthread_mutex_lock(&oom_lock);
  while (i < oom_n_sites && oom_sites[i].chain != chain) {
    i++;
  }
  if (i < OOM_SITES) {
    oom_sites[i].chain = chain;
    oom_sites[i].times++;
    oom_n_sites = i == oom_n_sites ? i + 1 : oom_n_sites;
  }
  pthread_mutex_unlock(&oom_lock);
  return false;
}

/* Threads share the count. */
static inline bool oom_fails(void) {
  long left = atomic_load(&oom_left);
  if (left < 0) {
    return false;
  }
  if (oom_how != OOM_COUNTED) {
    uint64_t chain = oom_here();
    if (oom_how == OOM_WATCHED) {
      return oom_note(chain);
    }
    if (chain != oom_chain) {
      return false;
    }
  }
  while (left >= 0 && !atomic_compare_exchange_weak(&oom_left, &left, left - 1)) {
  }
  if (left != 0) {
    return false;
  }
  oom_depth = backtrace(oom_frames, 24);
  atomic_store(&oom_was_hit, true);
  return true;
}

static inline void *oom_counted(void *p) {
  atomic_fetch_add(&oom_live, p != NULL);
  return p;
}

static inline void *oom_calloc(size_t count, size_t size) {
  return oom_fails() ? NULL : oom_counted(calloc(count, size));
}

static inline void *oom_realloc(void *old, size_t size) {
  void *p = oom_fails() ? NULL : realloc(old, size);
  return old == NULL ? oom_counted(p) : p;
}

static inline void *oom_malloc(size_t size) {
  return oom_fails() ? NULL : oom_counted(malloc(size));
}

static inline void oom_free(void *p) {
  atomic_fetch_sub(&oom_live, p != NULL);
  free(p);
}

#define calloc  oom_calloc
#define realloc oom_realloc
#define free    oom_free
#include "util/alloc.c"
#undef calloc
#undef realloc
#undef free

static inline void oom_json(void) {
  void *frame[1];
  (void)backtrace(frame, 1); /* loads what it needs, which allocates */
  json_set_alloc_funcs(oom_malloc, oom_free);
}

static inline void oom_fail(long nth) {
  oom_how = OOM_COUNTED;
  atomic_store(&oom_was_hit, false);
  atomic_store(&oom_left, nth);
}

static inline void oom_stop(void) {
  atomic_store(&oom_left, -1);
}

static inline void oom_watch(void) {
  oom_how = OOM_WATCHED;
  oom_n_sites = 0;
  memset(oom_sites, 0, sizeof oom_sites);
  atomic_store(&oom_left, 0);
}

/* How many chains there were, in the order in which they were met first. */
static inline size_t oom_stop_watch(void) {
  oom_stop();
  return oom_n_sites;
}

/* The allocation of this chain that comes after `nth` others of it. */
static inline void oom_fail_site(size_t site, long nth) {
  oom_how = OOM_AT_SITE;
  oom_chain = oom_sites[site].chain;
  atomic_store(&oom_was_hit, false);
  atomic_store(&oom_left, nth);
}

static inline bool oom_hit(void) {
  return atomic_load(&oom_was_hit);
}

/* Where it failed. */
static inline void oom_show(void) {
  fflush(stdout);
  backtrace_symbols_fd(oom_frames, oom_depth, 1);
}

/* From one allocation to the next that fails: all with WEIR_OOM_ALL, else about `wanted` of all. */
static inline long oom_step(long all, long wanted) {
  return getenv("WEIR_OOM_ALL") != NULL || all < wanted ? 1 : all / wanted;
}

#endif
