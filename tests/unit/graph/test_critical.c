/* Times of task graphs against the obvious slow way: every path. */
#include <stdlib.h>

#include "common/test.h"
#include "graph/graph.h"

enum { MAX = 10 };

typedef struct dag {
  size_t n;
  size_t inputs[MAX][MAX];
  wi_task_node nodes[MAX];
} dag;

/* A path's length: time first, then the number of tasks. */
typedef struct length {
  int64_t us;
  int64_t tasks;
} length;

static bool longer(length a, length b) {
  return a.us != b.us ? a.us > b.us : a.tasks > b.tasks;
}

static uint32_t next(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 16;
}

static void random_dag(uint32_t *seed, uint32_t spread, dag *g) {
  g->n = 1 + next(seed) % MAX;
  uint32_t density = next(seed) % 4 + 1;
  for (size_t i = 0; i < g->n; i++) {
    size_t k = 0;
    for (size_t j = 0; j < i; j++) {
      if (next(seed) % 4 < density) {
        g->inputs[i][k++] = j;
      }
    }
    g->nodes[i].inputs = g->inputs[i];
    g->nodes[i].n_inputs = k;
    g->nodes[i].duration_us = spread == 0 ? 0 : next(seed) % spread;
  }
}

static bool reads(const dag *g, size_t task, size_t input) {
  for (size_t k = 0; k < g->nodes[task].n_inputs; k++) {
    if (g->nodes[task].inputs[k] == input) {
      return true;
    }
  }
  return false;
}

/* Every set of tasks that is a chain is a path: the longest of all, and through each task. */
static void brute_force(const dag *g, length *whole, length *through, int64_t *earliest) {
  *whole = (length){-1, -1};
  for (size_t i = 0; i < g->n; i++) {
    through[i] = (length){-1, -1};
    earliest[i] = 0;
  }
  for (uint32_t set = 1; set < 1u << g->n; set++) {
    length l = {0, 0};
    size_t before = SIZE_MAX;
    bool path = true;
    for (size_t i = 0; i < g->n && path; i++) {
      if ((set >> i & 1u) != 0) {
        path = before == SIZE_MAX || reads(g, i, before);
        before = i;
        l.us += g->nodes[i].duration_us;
        l.tasks++;
      }
    }
    if (!path) {
      continue;
    }
    *whole = longer(l, *whole) ? l : *whole;
    for (size_t i = 0; i < g->n; i++) {
      if ((set >> i & 1u) != 0 && longer(l, through[i])) {
        through[i] = l;
      }
    }
    int64_t start = l.us - g->nodes[before].duration_us;
    earliest[before] = start > earliest[before] ? start : earliest[before];
  }
}

static bool check_dag(const dag *g, uint32_t seed) {
  weir_error err = WEIR_ERROR_INIT;
  wi_task_times times[MAX];
  length whole, through[MAX], named = {0, 0};
  int64_t earliest[MAX];
  size_t before = SIZE_MAX;
  if (wi_graph_times(g->nodes, g->n, times, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "seed %u: %s", (unsigned)seed, err.message);
    return false;
  }
  brute_force(g, &whole, through, earliest);
  for (size_t i = 0; i < g->n; i++) {
    if (times[i].earliest_us != earliest[i] ||
        times[i].slack_us != whole.us - through[i].us) {
      wt_fail(__FILE__, __LINE__,
              "seed %u, task %zu: earliest %lld not %lld, slack %lld not %lld",
              (unsigned)seed, i, (long long)times[i].earliest_us, (long long)earliest[i],
              (long long)times[i].slack_us, (long long)(whole.us - through[i].us));
      return false;
    }
    if (times[i].critical) {
      named.us += g->nodes[i].duration_us;
      named.tasks++;
      if (before != SIZE_MAX && !reads(g, i, before)) {
        wt_fail(__FILE__, __LINE__, "seed %u: the critical tasks are no path",
                (unsigned)seed);
        return false;
      }
      before = i;
    }
  }
  if (named.us != whole.us || named.tasks != whole.tasks) {
    wt_fail(__FILE__, __LINE__,
            "seed %u: the critical path takes %lld us over %lld tasks", (unsigned)seed,
            (long long)named.us, (long long)named.tasks);
    return false;
  }
  return true;
}

static void check_many(uint32_t first, uint32_t spread) {
  dag g;
  memset(&g, 0, sizeof g);
  for (uint32_t seed = first; seed < first + 2000; seed++) {
    uint32_t state = seed;
    random_dag(&state, spread, &g);
    if (!check_dag(&g, seed)) {
      return;
    }
  }
}

WT_TEST(random_graphs_agree_with_every_path) {
  check_many(1, 50000);
}

WT_TEST(small_durations_make_ties_and_agree) {
  check_many(100000, 3);
}

WT_TEST(without_times_the_longest_chain_is_critical) {
  check_many(200000, 0);
}

WT_TEST(ties_go_to_the_smaller_index) {
  weir_error err = WEIR_ERROR_INIT;
  static const size_t both[] = {0, 1};
  const wi_task_node nodes[] = {{NULL, 0, 5}, {NULL, 0, 5}, {both, 2, 7}, {both, 2, 7}};
  wi_task_times times[4];
  WT_OK(wi_graph_times(nodes, 4, times, &err));
  WT_CHECK(times[0].critical && !times[1].critical && times[2].critical &&
           !times[3].critical);
  WT_EQ_INT(times[3].slack_us, 0);
}

WT_TEST(no_tasks_are_fine) {
  weir_error err = WEIR_ERROR_INIT;
  wi_task_times none;
  WT_OK(wi_graph_times(NULL, 0, &none, &err));
}

WT_TEST(hours_of_many_tasks_do_not_overflow) {
  enum { LONG = 2000 };
  weir_error err = WEIR_ERROR_INIT;
  static size_t before[LONG];
  static wi_task_node nodes[LONG];
  static wi_task_times times[LONG];
  const int64_t hour = INT64_C(3600) * 1000000;
  for (size_t i = 0; i < LONG; i++) {
    before[i] = i > 0 ? i - 1 : 0;
    nodes[i] = (wi_task_node){&before[i], i > 0, hour};
  }
  WT_OK(wi_graph_times(nodes, LONG, times, &err));
  WT_EQ_INT(times[LONG - 1].earliest_us, (LONG - 1) * hour);
  WT_EQ_INT(times[LONG - 1].slack_us, 0);
  WT_CHECK(times[0].critical && times[LONG - 1].critical);
}
