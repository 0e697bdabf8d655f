/* Critical path and slack, by one pass forward and one back. */
#include <string.h>

#include "graph/graph.h"

#define WI_ORIGIN "graph"

/* Every task weighs at least one unit, so that a graph without times has a longest path too;
 * a microsecond weighs more than all those units together. */
static int64_t weight(const wi_task_node *task, size_t n) {
  return task->duration_us * (int64_t)(n + 1) + 1;
}

weir_status wi_graph_times(const wi_task_node *tasks, size_t n, wi_task_times *out,
                           weir_error *err) {
  weir_status status = WEIR_OK;
  int64_t *start = wi_alloc_array(n + 1, sizeof(*start));
  int64_t *tail = wi_alloc_array(n + 1, sizeof(*tail)); /* longest path after the task */
  size_t *before = wi_alloc_array(n + 1, sizeof(*before));
  if (start == NULL || tail == NULL || before == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  memset(out, 0, n * sizeof(*out));
  size_t last = SIZE_MAX;
  int64_t length = -1;
  for (size_t i = 0; i < n; i++) {
    before[i] = SIZE_MAX;
    for (size_t k = 0; k < tasks[i].n_inputs; k++) {
      size_t in = tasks[i].inputs[k];
      int64_t end = start[in] + weight(&tasks[in], n);
      if (end > start[i]) {
        start[i] = end;
        before[i] = in;
      }
    }
    if (start[i] + weight(&tasks[i], n) > length) {
      length = start[i] + weight(&tasks[i], n);
      last = i;
    }
  }
  for (size_t i = n; i-- > 0;) {
    int64_t through = weight(&tasks[i], n) + tail[i];
    for (size_t k = 0; k < tasks[i].n_inputs; k++) {
      size_t in = tasks[i].inputs[k];
      tail[in] = through > tail[in] ? through : tail[in];
    }
  }
  for (size_t i = 0; i < n; i++) {
    int64_t unit = (int64_t)(n + 1);
    out[i].earliest_us = start[i] / unit;
    /* Each part by itself: the units of tasks must not borrow a microsecond. */
    out[i].slack_us =
        length / unit - start[i] / unit - tasks[i].duration_us - tail[i] / unit;
  }
  for (size_t i = last; i != SIZE_MAX; i = before[i]) {
    out[i].critical = true;
  }
done:
  wi_free(start);
  wi_free(tail);
  wi_free(before);
  return status;
}
