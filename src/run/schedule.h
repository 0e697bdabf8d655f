/* Work in parallel: the only threads of weir itself. Knows nothing of views: who waits for whom
 * comes as indexes, the work behind one pointer, so that it runs under a thread sanitizer with a
 * stand-in. What one task writes, those that wait for it may read. */
#ifndef WI_RUN_SCHEDULE_H
#define WI_RUN_SCHEDULE_H

#include "graph/graph.h"

typedef struct wi_executor {
  void (*run)(void *ctx, size_t task); /* called from any thread, once a task */
  void *ctx;
} wi_executor;

/* Runs all tasks, each after its inputs, `threads` at once at most; among those that could start
 * the smallest index goes first. Whether a task has work to do after what became of its inputs is
 * the executor's to say. NO_MEMORY: nothing was run. BUG: tasks that wait for each other. */
weir_status wi_schedule(const wi_task_node *tasks, size_t n, size_t threads,
                        const wi_executor *executor, weir_error *err);

/* Runs 0 to n - 1 in no order, the caller's thread among them: it ends even where no thread can be
 * started. */
void wi_wave(size_t n, size_t threads, const wi_executor *executor);

#endif
