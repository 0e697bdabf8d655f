/* The chosen views as tasks: who waits for whom, what became of each, how long it took. */
#include <stdarg.h>
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

#define MAX_IN_FLIGHT 4

/* The chosen views in their order. */
typedef struct task_graph {
  wi_arena arena;
  wi_task_node *tasks;
  size_t *views; /* by task */
  size_t *place; /* by view: its task */
  size_t n;
} task_graph;

static weir_status graph_build(const wi_pass *pass, task_graph *g, weir_error *err) {
  size_t all = pass->project->spec->n_views;
  memset(g, 0, sizeof(*g));
  g->tasks = wi_arena_array(&g->arena, all + 1, sizeof(*g->tasks));
  g->views = wi_arena_array(&g->arena, all + 1, sizeof(*g->views));
  g->place = wi_arena_array(&g->arena, all + 1, sizeof(*g->place));
  if (g->tasks == NULL || g->views == NULL || g->place == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < all; i++) {
    size_t v = pass->project->order[i];
    const wi_view_refs *refs = pass->views[v].refs;
    wi_task_node *task = &g->tasks[g->n];
    if (!pass->views[v].chosen) {
      continue;
    }
    size_t *inputs = wi_arena_array(&g->arena, refs->n_views + 1, sizeof(*inputs));
    if (inputs == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    for (size_t k = 0; k < refs->n_views; k++) {
      if (pass->views[refs->views[k]].chosen) {
        inputs[task->n_inputs++] = g->place[refs->views[k]];
      }
    }
    task->inputs = inputs;
    g->views[g->n] = v;
    g->place[v] = g->n++;
  }
  return WEIR_OK;
}

weir_status wi_pass_times(wi_pass *pass, weir_error *err) {
  task_graph g;
  weir_status status = graph_build(pass, &g, err);
  wi_task_times *times = wi_arena_array(&g.arena, g.n + 1, sizeof(*times));
  for (size_t i = 0; i < g.n; i++) {
    const wi_outcome *o = &pass->views[g.views[i]].outcome;
    g.tasks[i].duration_us = o->finished_us - o->started_us;
  }
  if (status == WEIR_OK) {
    status = times == NULL ? wi_err_nomem(err, WI_ORIGIN)
                           : wi_graph_times(g.tasks, g.n, times, err);
  }
  for (size_t i = 0; status == WEIR_OK && i < g.n; i++) {
    pass->views[g.views[i]].outcome.critical = times[i].critical;
    pass->views[g.views[i]].outcome.slack_us = times[i].slack_us;
  }
  wi_arena_release(&g.arena);
  return status;
}

/* ---- what became of one ---- */

static void tell(wi_pass *pass, wi_event event, const wi_run_view *view) {
  pthread_mutex_lock(&pass->lock);
  if (pass->watcher.event != NULL) {
    pass->watcher.event(pass->watcher.ctx, event, view, NULL);
  }
  pthread_mutex_unlock(&pass->lock);
}

static void end(wi_run_view *view, wi_task_status status, const char *reason, ...)
    WEIR_PRINTF(3, 4);
static void end(wi_run_view *view, wi_task_status status, const char *reason, ...) {
  va_list args;
  view->outcome.status = status;
  if (reason != NULL) {
    va_start(args, reason);
    vsnprintf(view->outcome.reason, sizeof(view->outcome.reason), reason, args);
    va_end(args);
  }
}

/* Another run's result stands. Its inputs, as that commit has them, say whether it is newer. */
static const char *how_superseded(const wi_pass *pass, const wi_run_view *view) {
  const wi_spec *spec = pass->project->spec;
  wi_commit commit = {0};
  wi_stamp stamp = {0};
  wi_input_age age = WI_AGE_UNKNOWN;
  if (wi_commit_read(view->store, view->outcome.commit.version, &commit, NULL) ==
          WEIR_OK &&
      wi_stamp_is_of(&commit, spec->name, view->refs->spec->name) &&
      wi_stamp_read(&commit, &stamp, NULL) == WEIR_OK && stamp.inputs_known) {
    age = wi_key_inputs_age(&stamp.inputs, &view->decision.inputs);
  }
  wi_stamp_release(&stamp);
  wi_commit_release(&commit);
  return age == WI_AGE_NEWER   ? "superseded by a newer result, which stays"
         : age == WI_AGE_OLDER ? "superseded by a result of older inputs, which another "
                                 "run committed meanwhile; it stays until the next run"
                               : "superseded by another run's result, which stays";
}

/* Rows that others committed after this run looked, and that its result took the place of. */
static void warn_gone(wi_pass *pass, const wi_run_view *view) {
  const wi_gone_commits *all = &view->outcome.commit.gone;
  wi_buf list = WI_BUF_INIT;
  for (size_t i = 0; i < all->n && i < WI_GONE_KEPT; i++) {
    wi_buf_fmt(&list, "%sversion %lld by %s", i > 0 ? ", " : "",
               (long long)all->items[i].version, all->items[i].writer);
  }
  if (all->n > WI_GONE_KEPT) {
    wi_buf_fmt(&list, ", and %zu before", all->n - WI_GONE_KEPT);
  }
  if (all->n > 0) {
    wi_pass_warn(pass, WEIR_E_FOREIGN_COMMIT, "commit",
                 "%s: others changed rows while it ran, which its result replaced: %s",
                 view->refs->spec->name, wi_buf_text(&list));
  }
  wi_buf_release(&list);
}

static void settle_done(wi_pass *pass, wi_run_view *view) {
  switch (view->outcome.commit.end) {
    case WI_END_SAME:
      end(view, WI_TASK_REUSED, "another run committed the same result");
      return;
    case WI_END_SUPERSEDED:
      end(view, WI_TASK_WARN, NULL);
      wi_pass_warn(pass, WEIR_E_SUPERSEDED, "commit", "%s: %s", view->refs->spec->name,
                   how_superseded(pass, view));
      return;
    case WI_END_COMMITTED:
    case WI_END_UNCHANGED:
    default:
      warn_gone(pass, view);
      end(view, WI_TASK_PASS, NULL);
      return;
  }
}

/* An input that did not come to be keeps this view from running. */
static bool inputs_stand(const wi_pass *pass, wi_run_view *view) {
  for (size_t i = 0; i < view->refs->n_views; i++) {
    const wi_run_view *up = &pass->views[view->refs->views[i]];
    wi_task_status status = up->chosen ? up->outcome.status : WI_TASK_REUSED;
    if (status == WI_TASK_ERROR || status == WI_TASK_SKIP || status == WI_TASK_WARN) {
      end(view, WI_TASK_SKIP, "upstream %s %s", up->refs->spec->name,
          status == WI_TASK_WARN   ? "was superseded"
          : status == WI_TASK_SKIP ? "was skipped"
                                   : "failed");
      return false;
    }
  }
  return true;
}

/* A failure is told as what it is, also after somebody asked to stop: only what the stop itself
 * ended is interrupted. */
static void run_view(wi_pass *pass, wi_run_view *view, uint64_t memory) {
  weir_error err = WEIR_ERROR_INIT;
  wi_outcome *o = &view->outcome;
  if (wi_stop_fired(pass->stop)) {
    end(view, WI_TASK_SKIP, "interrupted");
    return;
  }
  if (!inputs_stand(pass, view)) {
    return;
  }
  o->started_us = o->finished_us = wi_now_us();
  if (!wi_view_works(view)) {
    end(view, WI_TASK_REUSED, NULL);
    return;
  }
  int64_t began = wi_monotonic_ns();
  tell(pass, WI_EVENT_TASK_STARTED, view);
  weir_status status = wi_view_execute(pass, view, memory, &err);
  o->finished_us = o->started_us + (wi_monotonic_ns() - began) / 1000;
  if (status == WEIR_OK) {
    settle_done(pass, view);
  } else if (status == WEIR_E_CANCELLED) {
    end(view, WI_TASK_SKIP, "interrupted");
  } else {
    end(view, WI_TASK_ERROR, NULL);
    wi_err_move(&o->error, &err);
  }
  weir_error_release(&err);
}

typedef struct work {
  wi_pass *pass;
  const task_graph *graph;
  uint64_t memory; /* of one view */
} work;

static void run_task(void *ctx, size_t task) {
  const work *w = ctx;
  wi_run_view *view = &w->pass->views[w->graph->views[task]];
  run_view(w->pass, view, w->memory);
  tell(w->pass, WI_EVENT_TASK_FINISHED, view);
}

/* ---- all of them ---- */

static size_t count_working(const wi_pass *pass) {
  size_t n = 0;
  for (size_t v = 0; v < pass->project->spec->n_views; v++) {
    n += wi_view_works(&pass->views[v]);
  }
  return n;
}

weir_status wi_pass_work(wi_pass *pass, weir_error *err) {
  task_graph g;
  work w = {pass, &g, 0};
  const wi_executor executor = {run_task, &w};
  size_t threads = count_working(pass);
  threads = threads > pass->session->threads ? pass->session->threads : threads;
  threads = threads > MAX_IN_FLIGHT ? MAX_IN_FLIGHT : threads < 1 ? 1 : threads;
  w.memory = pass->session->pool / threads;
  weir_status status = graph_build(pass, &g, err);
  if (status == WEIR_OK) {
    status = wi_schedule(g.tasks, g.n, threads, &executor, err);
  }
  wi_arena_release(&g.arena);
  return status;
}

/* ---- the run ---- */

/* What was found while deciding, before anybody watched. */
static void tell_earlier_warnings(wi_pass *pass) {
  pthread_mutex_lock(&pass->lock);
  for (size_t i = 0; pass->watcher.event != NULL && i < pass->warnings.n; i++) {
    pass->watcher.event(pass->watcher.ctx, WI_EVENT_WARNING, NULL,
                        &pass->warnings.items[i].error);
  }
  pthread_mutex_unlock(&pass->lock);
}

static void count(wi_pass *pass) {
  wi_run_summary *sum = &pass->summary;
  memset(sum, 0, sizeof(*sum));
  for (size_t v = 0; v < pass->project->spec->n_views; v++) {
    const wi_run_view *view = &pass->views[v];
    if (!view->chosen) {
      continue;
    }
    wi_task_status status = view->outcome.status;
    sum->total++;
    sum->pass += status == WI_TASK_PASS;
    sum->reused += status == WI_TASK_REUSED;
    sum->warn += status == WI_TASK_WARN;
    sum->error += status == WI_TASK_ERROR;
    sum->skip += status == WI_TASK_SKIP;
  }
  sum->cancelled = wi_stop_fired(pass->stop);
}

/* So that `weir clean` takes no staged file from under a run. Where a folder cannot be made or
 * locked there is nothing to hold: the views' own errors tell what is wrong with it. */
static weir_status hold_warehouse(wi_pass *pass, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store *store = NULL;
  if (count_working(pass) == 0 ||
      wi_session_store(pass->session, pass->project->spec->warehouse, &store, NULL) !=
          WEIR_OK) {
    return WEIR_OK;
  }
  if (wi_lease_by_object(store)) {
    status = wi_lease_take(store, pass->run_id, pass->stop, &pass->lease, err);
  } else if (wi_dir_make(wi_store_local(store), NULL) == WEIR_OK) {
    (void)wi_lease_take(store, pass->run_id, pass->stop, &pass->lease, NULL);
  }
  wi_store_unref(&store);
  return status;
}

weir_status wi_pass_execute(wi_pass *pass, const wi_watcher *watcher, weir_error *err) {
  if (watcher != NULL) {
    pass->watcher = *watcher;
  }
  tell(pass, WI_EVENT_RUN_STARTED, NULL);
  tell_earlier_warnings(pass);
  WI_TRY(hold_warehouse(pass, err));
  weir_status worked = wi_pass_work(pass, err);
  wi_lease_release(&pass->lease);
  WI_TRY(worked);
  pass->time.finished_us =
      pass->time.started_us + (wi_monotonic_ns() - pass->time.began_ns) / 1000;
  WI_TRY(wi_pass_times(pass, err));
  count(pass);
  wi_pass_record(pass);
  tell(pass, WI_EVENT_RUN_FINISHED, NULL);
  if (pass->summary.cancelled) {
    return WI_ERR(err, WEIR_E_CANCELLED, "the run was interrupted");
  }
  if (pass->summary.error > 0) {
    return WI_ERR(err, WEIR_E_RUN_FAILED, "%u of %u views failed", pass->summary.error,
                  pass->summary.total);
  }
  return WEIR_OK;
}
