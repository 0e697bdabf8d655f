/* The scheduler over random graphs with stand-ins for the work. What tasks hand to each other is
 * plain memory here, for the thread sanitizer (make tsan). */
#include "run/schedule.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "bridge/bridge.h"
#include "common/test.h"

#define MOST 60

typedef struct stand_in {
  const wi_task_node *tasks;
  size_t n;
  long sum[MOST]; /* plain: written by the task, read by those that wait for it */
  bool failed[MOST];
  int runs[MOST];
  atomic_int at_once, most;
  atomic_bool stopped;
  size_t stop_at, fail_every;
} stand_in;

static void run_one(void *ctx, size_t task) {
  stand_in *s = ctx;
  int now = atomic_fetch_add(&s->at_once, 1) + 1;
  int most = atomic_load(&s->most);
  while (now > most && !atomic_compare_exchange_weak(&s->most, &most, now)) {
  }
  s->runs[task]++;
  s->sum[task] = 1;
  s->failed[task] = s->fail_every > 0 && task % s->fail_every == 1;
  for (size_t k = 0; k < s->tasks[task].n_inputs; k++) {
    size_t input = s->tasks[task].inputs[k];
    s->sum[task] += s->sum[input];
    s->failed[task] = s->failed[task] || s->failed[input];
    if (s->runs[input] != 1) {
      s->failed[task] = true;
    }
  }
  if (task == s->stop_at) {
    atomic_store(&s->stopped, true);
  }
  if (task % 7 == 0 && !atomic_load(&s->stopped)) {
    wi_sleep_us(200);
  }
  atomic_fetch_sub(&s->at_once, 1);
}

static uint32_t random_of(uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

static size_t inputs[MOST][MOST];

static void random_graph(uint32_t *seed, wi_task_node *tasks, size_t n) {
  for (size_t i = 0; i < n; i++) {
    size_t k = 0;
    uint32_t density = random_of(seed) % 5 + 1;
    for (size_t j = 0; j < i; j++) {
      if (random_of(seed) % (density * 4) == 0) {
        inputs[i][k++] = j;
      }
    }
    tasks[i] = (wi_task_node){inputs[i], k, 0};
  }
}

/* What it must come to, one after another. */
static void expected(const wi_task_node *tasks, size_t n, size_t fail_every, long *sum,
                     bool *failed) {
  for (size_t i = 0; i < n; i++) {
    sum[i] = 1;
    failed[i] = fail_every > 0 && i % fail_every == 1;
    for (size_t k = 0; k < tasks[i].n_inputs; k++) {
      sum[i] += sum[tasks[i].inputs[k]];
      failed[i] = failed[i] || failed[tasks[i].inputs[k]];
    }
  }
}

WT_TEST(random_graphs_come_to_what_one_thread_would) {
  static stand_in s;
  uint32_t seed = 7;
  for (int round = 0; round < 150; round++) {
    wi_task_node tasks[MOST];
    long sum[MOST];
    bool failed[MOST];
    weir_error err = WEIR_ERROR_INIT;
    size_t n = random_of(&seed) % MOST + 1;
    size_t threads = random_of(&seed) % 6 + 1;
    random_graph(&seed, tasks, n);
    memset(&s, 0, sizeof(s));
    s.tasks = tasks;
    s.n = n;
    s.fail_every = random_of(&seed) % 3 == 0 ? 5 : 0;
    s.stop_at = random_of(&seed) % 4 == 0 ? random_of(&seed) % n : SIZE_MAX;
    expected(tasks, n, s.fail_every, sum, failed);
    const wi_executor executor = {run_one, &s};
    WT_OK(wi_schedule(tasks, n, threads, &executor, &err));
    WT_CHECK((size_t)atomic_load(&s.most) <= threads);
    for (size_t i = 0; i < n; i++) {
      WT_EQ_INT(s.runs[i], 1);
      WT_EQ_INT(s.sum[i], sum[i]);
      WT_EQ_INT(s.failed[i], failed[i]);
    }
  }
}

typedef struct order {
  size_t seen[MOST], n;
} order;

static void note(void *ctx, size_t task) {
  order *o = ctx;
  o->seen[o->n++] = task;
}

WT_TEST(one_thread_takes_the_smallest_that_is_ready) {
  static const size_t one[] = {3}, two[] = {0, 1};
  const wi_task_node tasks[] = {{one, 1, 0}, {NULL, 0, 0}, {two, 2, 0}, {NULL, 0, 0}};
  weir_error err = WEIR_ERROR_INIT;
  order o = {{0}, 0};
  const wi_executor executor = {note, &o};
  WT_OK(wi_schedule(tasks, 4, 1, &executor, &err));
  static const size_t want[] = {1, 3, 0, 2};
  WT_EQ_INT(memcmp(o.seen, want, sizeof(want)), 0);
}

WT_TEST(a_circle_ends_with_an_error) {
  static const size_t to_second[] = {1}, to_first[] = {0};
  const wi_task_node tasks[] = {{to_second, 1, 0}, {to_first, 1, 0}, {NULL, 0, 0}};
  for (size_t threads = 1; threads <= 4; threads++) {
    weir_error err = WEIR_ERROR_INIT;
    order o = {{0}, 0};
    const wi_executor executor = {note, &o};
    WT_EQ_INT(wi_schedule(tasks, 3, threads, &executor, &err), WEIR_E_BUG);
    WT_EQ_INT(o.n, 1);
    weir_error_release(&err);
  }
}

WT_TEST(no_tasks_are_done_at_once) {
  weir_error err = WEIR_ERROR_INIT;
  order o = {{0}, 0};
  const wi_executor executor = {note, &o};
  WT_OK(wi_schedule(NULL, 0, 4, &executor, &err));
  wi_wave(0, 4, &executor);
  WT_EQ_INT(o.n, 0);
}

static void count_one(void *ctx, size_t task) {
  int *counts = ctx;
  counts[task]++; /* each index is one thread's alone */
}

WT_TEST(a_wave_reaches_each_index_once) {
  static int counts[1000];
  for (size_t threads = 0; threads <= 20; threads += 4) {
    const wi_executor executor = {count_one, counts};
    memset(counts, 0, sizeof(counts));
    wi_wave(1000, threads, &executor);
    for (size_t i = 0; i < 1000; i++) {
      WT_EQ_INT(counts[i], 1);
    }
  }
}

/* What stops whoever waits stops the threads that work for it. */
static void count_stopped(void *ctx, size_t task) {
  int *counts = ctx;
  counts[task] = wi_stop_here().stop != NULL && wi_stop_here().ending;
}

WT_TEST(threads_take_over_what_stops_the_one_that_waits) {
  static const wi_task_node tasks[64];
  const wi_engine_options none = {.threads = 1, .library = "/nowhere/none.so"};
  weir_error err = WEIR_ERROR_INIT;
  wi_engine *engine = NULL;
  wi_stop *stop = NULL;
  int counts[64] = {0};
  const wi_executor executor = {count_stopped, counts};
  WT_OK(wi_engine_new(&none, &engine, &err));
  WT_OK(wi_stop_new(engine, NULL, &stop, &err));
  for (int how = 0; how < 2; how++) {
    memset(counts, 0, sizeof(counts));
    wi_stop_scope outer = wi_stop_enter(stop);
    (void)wi_stop_ending();
    if (how == 0) {
      wi_wave(64, 4, &executor);
    } else {
      WT_OK(wi_schedule(tasks, 64, 4, &executor, &err));
    }
    wi_stop_leave(outer);
    for (size_t i = 0; i < 64; i++) {
      WT_EQ_INT(counts[i], 1);
    }
  }
  wi_stop_free(&stop);
  wi_engine_unref(&engine);
}
