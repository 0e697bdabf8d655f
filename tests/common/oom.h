/* Allocations that fail, for one test program: alloc.c is compiled in here with calls that can
 * fail, so what is tested is to be linked as an archive, whose own alloc.c is then left out. JSON
 * fails too; what the engine, Arrow's builders and the C library allocate does not.
 *
 *     oom_json();                        // once
 *     oom_fail(nth); ... the work under test ... oom_stop();
 *     if (oom_hit()) ...                 // there was an nth allocation, and it failed
 */
#ifndef TESTS_COMMON_OOM_H
#define TESTS_COMMON_OOM_H

#include <execinfo.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

static atomic_long oom_left = -1; /* calls until one fails; below zero: never */
static atomic_bool oom_was_hit;
static atomic_long oom_live; /* blocks that are not freed, for leaks */
static void *oom_frames[24];
static int oom_depth;

/* Threads share the count. */
static inline bool oom_fails(void) {
  long left = atomic_load(&oom_left);
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
  atomic_store(&oom_was_hit, false);
  atomic_store(&oom_left, nth);
}

static inline void oom_stop(void) {
  atomic_store(&oom_left, -1);
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
