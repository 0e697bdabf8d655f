/* A task graph as pure data: who waits for whom, how long each took, and what that means for
 * the whole. No threads, no tables. */
#ifndef WI_GRAPH_GRAPH_H
#define WI_GRAPH_GRAPH_H

#include "base/base.h"

typedef struct wi_task_node {
  const size_t
      *inputs; /* indexes of tasks that must be done before; all smaller than its own */
  size_t n_inputs;
  int64_t duration_us;
} wi_task_node;

typedef struct wi_task_times {
  int64_t earliest_us; /* start, if nothing but the inputs is waited for */
  int64_t slack_us;    /* how much longer it could take without making the whole longer */
  bool critical;       /* on the one longest path that is named */
} wi_task_times;

/* Tasks must be in topological order. The critical path is the longest by duration, ties to
 * the smaller index; with all durations zero it is the longest by number of tasks. */
weir_status wi_graph_times(const wi_task_node *tasks, size_t n, wi_task_times *out,
                           weir_error *err);

#endif
