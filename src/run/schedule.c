/* Views in parallel: a view starts when every view it reads is done. The only threads of weir
 * itself live here, for one run. */
#include <string.h>
#include <unistd.h>

#include "run/private.h"

#define WI_ORIGIN "run"

#define MAX_IN_FLIGHT 4
#define STACK_BYTES   ((size_t)8 << 20)

typedef struct scheduler {
  wi_pass *pass;
  pthread_mutex_t lock;
  pthread_cond_t moved;
  size_t *waiting; /* by view: inputs of this run that are not done */
  bool *queued;
  size_t left;     /* tasks not finished */
  uint64_t memory; /* of one view */
} scheduler;

static bool is_task(const wi_run_view *view) {
  return view->chosen;
}

static bool works(const wi_run_view *view) {
  return view->action == WI_ACTION_FULL || view->action == WI_ACTION_ADJUST;
}

/* ---- outcomes ---- */

static void tell(wi_pass *pass, wi_event event, const wi_run_view *view) {
  pthread_mutex_lock(&pass->lock);
  if (pass->watcher.event != NULL) {
    pass->watcher.event(pass->watcher.ctx, event, view, NULL);
  }
  pthread_mutex_unlock(&pass->lock);
}

/* Rows that others committed after this run looked, and that its result took the place of. */
static void warn_foreign(wi_pass *pass, const wi_run_view *view) {
  const wi_foreigns *all = &view->commit.foreign;
  wi_buf list = WI_BUF_INIT;
  for (size_t i = 0; i < all->n && i < WI_FOREIGN_KEPT; i++) {
    wi_buf_fmt(&list, "%sversion %lld by %s", i > 0 ? ", " : "",
               (long long)all->items[i].version, all->items[i].writer);
  }
  if (all->n > WI_FOREIGN_KEPT) {
    wi_buf_fmt(&list, " and %zu more before", all->n - WI_FOREIGN_KEPT);
  }
  if (all->n > 0) {
    wi_pass_warn(pass, WEIR_E_FOREIGN_COMMIT, "commit",
                 "%s: others changed rows while it ran, which its result replaced: %s",
                 view->spec->name, wi_buf_text(&list));
  }
  wi_buf_release(&list);
}

static void warn_superseded(wi_pass *pass, const wi_run_view *view) {
  static const char *const what[] = {
      [WI_THAN_UNKNOWN] = "another result, which another run committed",
      [WI_THAN_NEWER] = "a newer result",
      [WI_THAN_OLDER] =
          "a result from older inputs, which another run committed; run again",
      [WI_THAN_OTHER] = "another result, which another run committed"};
  wi_pass_warn(pass, WEIR_E_SUPERSEDED, "commit", "%s: superseded by %s; it stays",
               view->spec->name, what[view->commit.than]);
}

static void settle_done(wi_pass *pass, wi_run_view *view) {
  switch (view->commit.end) {
    case WI_END_SAME:
      view->status = WI_TASK_REUSED;
      snprintf(view->reason, sizeof(view->reason),
               "another run committed the same result");
      return;
    case WI_END_SUPERSEDED:
      view->status = WI_TASK_WARN;
      warn_superseded(pass, view);
      return;
    case WI_END_COMMITTED:
      warn_foreign(pass, view);
      view->status = WI_TASK_PASS;
      return;
    case WI_END_UNCHANGED:
    default:
      view->status = WI_TASK_PASS;
      return;
  }
}

/* An input that did not come to be keeps this view from running. */
static bool inputs_stand(const wi_pass *pass, wi_run_view *view) {
  for (size_t i = 0; i < view->n_views; i++) {
    const wi_run_view *up = &pass->views[view->views[i]];
    if (!up->chosen) {
      continue;
    }
    if (up->status == WI_TASK_ERROR || up->status == WI_TASK_SKIP) {
      snprintf(view->reason, sizeof(view->reason), "upstream %s failed", up->spec->name);
      return false;
    }
    if (up->status == WI_TASK_WARN) {
      snprintf(view->reason, sizeof(view->reason), "upstream %s was superseded",
               up->spec->name);
      return false;
    }
  }
  return true;
}

static weir_status open_inputs(wi_pass *pass, wi_run_view *view, weir_error *err) {
  weir_status status = WEIR_OK;
  /* One view at a time: snapshots of shared inputs are opened once. */
  pthread_mutex_lock(&pass->lock);
  for (size_t i = 0; i < view->n_views && status == WEIR_OK; i++) {
    status = wi_view_snapshot(pass, &pass->views[view->views[i]], err);
  }
  for (size_t i = 0; i < view->n_sources && status == WEIR_OK; i++) {
    status = wi_source_open(pass, &pass->sources[view->sources[i]], err);
  }
  pthread_mutex_unlock(&pass->lock);
  return status;
}

static void run_view(scheduler *s, wi_run_view *view) {
  wi_pass *pass = s->pass;
  weir_error err = WEIR_ERROR_INIT;
  if (atomic_load(&pass->cancelled) || !inputs_stand(pass, view)) {
    view->status = WI_TASK_SKIP;
    if (atomic_load(&pass->cancelled)) {
      snprintf(view->reason, sizeof(view->reason), "interrupted");
    }
    return;
  }
  view->started_us = wi_now_us();
  if (!works(view)) {
    view->status = WI_TASK_REUSED;
    view->finished_us = view->started_us;
    return;
  }
  tell(pass, WI_EVENT_TASK_STARTED, view);
  weir_status status = open_inputs(pass, view, &err);
  if (status == WEIR_OK) {
    status = wi_view_execute(pass, view, s->memory, &err);
  }
  view->finished_us = wi_now_us();
  if (status == WEIR_OK) {
    settle_done(pass, view);
  } else if (status == WEIR_E_CANCELLED || atomic_load(&pass->cancelled)) {
    view->status = WI_TASK_SKIP;
    snprintf(view->reason, sizeof(view->reason), "interrupted");
  } else {
    view->status = WI_TASK_ERROR;
    wi_err_move(&view->error, &err);
  }
  weir_error_release(&err);
}

/* ---- the queue ---- */

static wi_run_view *next_ready(scheduler *s) {
  for (size_t i = 0; i < s->pass->spec->n_views; i++) {
    size_t v = s->pass->order[i];
    if (is_task(&s->pass->views[v]) && !s->queued[v] && s->waiting[v] == 0) {
      s->queued[v] = true;
      return &s->pass->views[v];
    }
  }
  return NULL;
}

static void finish(scheduler *s, const wi_run_view *done) {
  size_t index = (size_t)(done - s->pass->views);
  s->left--;
  for (size_t v = 0; v < s->pass->spec->n_views; v++) {
    const wi_run_view *view = &s->pass->views[v];
    for (size_t k = 0; is_task(view) && k < view->n_views; k++) {
      if (view->views[k] == index) {
        s->waiting[v]--;
      }
    }
  }
  pthread_cond_broadcast(&s->moved);
}

static void *worker(void *arg) {
  scheduler *s = arg;
  pthread_mutex_lock(&s->lock);
  while (s->left > 0) {
    wi_run_view *view = next_ready(s);
    if (view == NULL) {
      pthread_cond_wait(&s->moved, &s->lock);
      continue;
    }
    pthread_mutex_unlock(&s->lock);
    run_view(s, view);
    tell(s->pass, WI_EVENT_TASK_FINISHED, view);
    pthread_mutex_lock(&s->lock);
    finish(s, view);
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

static size_t count_waiting(scheduler *s) {
  size_t working = 0;
  for (size_t v = 0; v < s->pass->spec->n_views; v++) {
    const wi_run_view *view = &s->pass->views[v];
    if (!is_task(view)) {
      continue;
    }
    s->left++;
    working += works(view);
    for (size_t k = 0; k < view->n_views; k++) {
      s->waiting[v] += is_task(&s->pass->views[view->views[k]]);
    }
  }
  return working;
}

static weir_status run_threads(scheduler *s, size_t n, weir_error *err) {
  pthread_t threads[MAX_IN_FLIGHT];
  pthread_attr_t attributes;
  size_t started = 0;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  while (started < n && pthread_create(&threads[started], &attributes, worker, s) == 0) {
    started++;
  }
  pthread_attr_destroy(&attributes);
  if (started == 0) {
    return WI_ERR(err, WEIR_E_NO_MEMORY, "no thread could be started");
  }
  for (size_t i = 0; i < started; i++) {
    pthread_join(threads[i], NULL);
  }
  return WEIR_OK;
}

weir_status wi_pass_schedule(wi_pass *pass, weir_error *err) {
  weir_status status = WEIR_OK;
  scheduler s = {0};
  s.pass = pass;
  pthread_mutex_init(&s.lock, NULL);
  pthread_cond_init(&s.moved, NULL);
  s.waiting = wi_alloc_array(pass->spec->n_views + 1, sizeof(*s.waiting));
  s.queued = wi_alloc_array(pass->spec->n_views + 1, sizeof(*s.queued));
  if (s.waiting == NULL || s.queued == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  size_t n = count_waiting(&s);
  n = n > pass->session->threads ? pass->session->threads : n;
  n = n > MAX_IN_FLIGHT ? MAX_IN_FLIGHT : n < 1 ? 1 : n;
  s.memory = pass->session->memory / n;
  status = run_threads(&s, n, err);
done:
  wi_free(s.waiting);
  wi_free(s.queued);
  pthread_cond_destroy(&s.moved);
  pthread_mutex_destroy(&s.lock);
  return status;
}

/* ---- times ---- */

weir_status wi_pass_times(wi_pass *pass, weir_error *err) {
  weir_status status = WEIR_OK;
  size_t n = 0, all = pass->spec->n_views;
  wi_task_node *nodes = wi_alloc_array(all + 1, sizeof(*nodes));
  wi_task_times *times = wi_alloc_array(all + 1, sizeof(*times));
  size_t *place = wi_alloc_array(all + 1, sizeof(*place)); /* view -> node */
  wi_list inputs = WI_LIST_INIT;
  if (nodes == NULL || times == NULL || place == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < all; i++) {
    size_t v = pass->order[i];
    const wi_run_view *view = &pass->views[v];
    if (!is_task(view)) {
      continue;
    }
    size_t *mine = wi_alloc_array(view->n_views + 1, sizeof(*mine));
    if (mine == NULL || !wi_list_add(&inputs, mine)) {
      wi_free(mine);
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
    for (size_t k = 0; k < view->n_views; k++) {
      if (is_task(&pass->views[view->views[k]])) {
        mine[nodes[n].n_inputs++] = place[view->views[k]];
      }
    }
    nodes[n].inputs = mine;
    nodes[n].duration_us = view->finished_us - view->started_us;
    place[v] = n++;
  }
  WI_CHECK(wi_graph_times(nodes, n, times, err));
  for (size_t v = 0; v < all; v++) {
    if (is_task(&pass->views[v])) {
      pass->views[v].critical = times[place[v]].critical;
      pass->views[v].slack_us = times[place[v]].slack_us;
    }
  }
done:
  for (size_t i = 0; i < inputs.n; i++) {
    wi_free(inputs.items[i]);
  }
  wi_list_release(&inputs);
  wi_free(nodes);
  wi_free(times);
  wi_free(place);
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
  for (size_t v = 0; v < pass->spec->n_views; v++) {
    const wi_run_view *view = &pass->views[v];
    if (!is_task(view)) {
      continue;
    }
    sum->total++;
    sum->pass += view->status == WI_TASK_PASS;
    sum->reused += view->status == WI_TASK_REUSED;
    sum->warn += view->status == WI_TASK_WARN;
    sum->error += view->status == WI_TASK_ERROR;
    sum->skip += view->status == WI_TASK_SKIP;
  }
  sum->cancelled = atomic_load(&pass->cancelled);
}

/* Shares a local warehouse with other runs, so that `weir clean`, which wants it alone, takes no
 * staged file from under a run. -1: nothing to hold, or no lock to be had; the views' own errors
 * tell what is wrong with the folder. */
static int hold_warehouse(wi_pass *pass) {
  wi_store *store = NULL;
  bool any = false;
  int fd = -1;
  for (size_t v = 0; v < pass->spec->n_views; v++) {
    any = any || (is_task(&pass->views[v]) && works(&pass->views[v]));
  }
  if (any &&
      wi_session_store(pass->session, pass->spec->warehouse, &store, NULL) == WEIR_OK &&
      wi_store_local(store) != NULL &&
      wi_dir_make(wi_store_local(store), NULL) == WEIR_OK) {
    (void)wi_dir_lock(wi_store_local(store), false, &fd, NULL);
  }
  wi_store_unref(&store);
  return fd;
}

weir_status wi_pass_execute(wi_pass *pass, const wi_watcher *watcher, weir_error *err) {
  if (watcher != NULL) {
    pass->watcher = *watcher;
  }
  tell(pass, WI_EVENT_RUN_STARTED, NULL);
  tell_earlier_warnings(pass);
  int held = hold_warehouse(pass);
  weir_status scheduled = wi_pass_schedule(pass, err);
  if (held >= 0) {
    close(held);
  }
  WI_TRY(scheduled);
  pass->finished_us = wi_now_us();
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
