/* What runs tell the listener of their project, and what they tell as writes do. */
#include "api/private.h"

/* ---- of any write ---- */

/* Rows that others committed after this write looked, and that it took the place of. */
static void tell_gone(wi_log_sink *log, const char *uri, const wi_gone_commits *all) {
  size_t kept = all->n < WI_GONE_KEPT ? all->n : WI_GONE_KEPT;
  wi_log_event event;
  for (size_t i = 0; i < kept; i++) {
    wi_log_begin(&event, log, WEIR_LOG_WARNING, "table", "others_replaced");
    wi_log_place(&event, "uri", uri);
    wi_log_int(&event, "version", all->items[i].version);
    wi_log_text(&event, "writer", all->items[i].writer);
    wi_log_int(&event, "commits", (int64_t)all->n);
    wi_log_send(&event,
                "rows of version %lld, which others committed meanwhile, were "
                "replaced",
                (long long)all->items[i].version);
  }
}

void wi_tell_commit(wi_log_sink *log, const char *uri, const wi_commit_outcome *o) {
  wi_log_event event;
  if (o->retries > 0) {
    wi_log_begin(&event, log, WEIR_LOG_WARNING, "table", "commit_lost");
    wi_log_place(&event, "uri", uri);
    wi_log_int(&event, "retries", o->retries);
    wi_log_send(&event, "commits were lost to others: %u", o->retries);
  }
  if (o->unclear > 0) {
    wi_log_begin(&event, log, WEIR_LOG_WARNING, "table", "commit_unclear");
    wi_log_place(&event, "uri", uri);
    wi_log_int(&event, "answers", o->unclear);
    wi_log_send(&event, "answers of the store that said nothing, or not the truth: %u",
                o->unclear);
  }
  tell_gone(log, uri, &o->gone);
}

void wi_tell_lease(wi_log_sink *log, const char *uri, weir_status status) {
  wi_log_event event;
  if (status == WEIR_E_LEASE_LOST) {
    wi_log_begin(&event, log, WEIR_LOG_WARNING, "table", "lease_lost");
    wi_log_place(&event, "uri", uri);
    wi_log_send(&event, "nobody could see for too long that this work lives");
  }
}

/* ---- of runs ---- */

static void begin(wi_log_event *event, wi_log_sink *log, weir_log_level level,
                  const char *name, const wi_pass *pass) {
  wi_log_begin(event, log, level, "run", name);
  wi_log_text(event, "run_id", pass->run_id);
}

static void tell_started(wi_log_sink *log, const wi_pass *pass, uint32_t views) {
  wi_log_event event;
  begin(&event, log, WEIR_LOG_INFO, "run_started", pass);
  wi_log_text(&event, "project", pass->project->spec->name);
  wi_log_int(&event, "views", views);
  wi_log_send(&event, "a run of %u view%s", views, views == 1 ? "" : "s");
  for (size_t i = 0; i < pass->project->n_sources; i++) {
    const wi_run_table *table = pass->sources[i].table;
    if (table == NULL || table->pin == NULL) {
      continue;
    }
    begin(&event, log, WEIR_LOG_DEBUG, "source_pinned", pass);
    wi_log_text(&event, "source", pass->sources[i].of->spec->name);
    wi_log_place(&event, "uri", table->uri);
    wi_log_int(&event, "version", table->pin->version);
    wi_log_send(&event, "a source is read at version %lld",
                (long long)table->pin->version);
  }
}

static void tell_view_started(wi_log_sink *log, const wi_pass *pass,
                              const wi_run_view *view) {
  wi_log_event event;
  begin(&event, log, WEIR_LOG_DEBUG, "view_started", pass);
  wi_log_text(&event, "view", view->refs->spec->name);
  wi_log_text(&event, "action", weir_action_name((weir_action)view->decision.action));
  wi_log_send(&event, "a view is at work");
}

static void tell_built(wi_log_sink *log, const wi_pass *pass, const wi_run_view *view) {
  const wi_outcome *o = &view->outcome;
  wi_log_event event;
  begin(&event, log, WEIR_LOG_INFO, "view_built", pass);
  wi_log_text(&event, "view", view->refs->spec->name);
  wi_log_text(&event, "action", weir_action_name((weir_action)view->decision.action));
  wi_log_int(&event, "version", o->version);
  wi_log_int(&event, "rows", (int64_t)o->rows);
  wi_log_int(&event, "files", (int64_t)o->files);
  wi_log_int(&event, "bytes", (int64_t)o->bytes);
  wi_log_int(&event, "duration_us", o->finished_us - o->started_us);
  wi_log_send(&event, "a view was built: version %lld", (long long)o->version);
}

static void tell_view_finished(wi_log_sink *log, const wi_pass *pass,
                               const wi_run_view *view) {
  static const struct {
    weir_log_level level;
    const char *name, *message;
  } ends[] = {
      [WI_TASK_REUSED] = {WEIR_LOG_INFO, "view_reused", "a view has its result already"},
      [WI_TASK_WARN] = {WEIR_LOG_WARNING, "view_superseded",
                        "a view has another run's result"},
      [WI_TASK_ERROR] = {WEIR_LOG_WARNING, "view_failed", "a view failed"},
      [WI_TASK_SKIP] = {WEIR_LOG_WARNING, "view_skipped", "a view was left out"}};
  const wi_outcome *o = &view->outcome;
  const char *uri = view->store != NULL ? wi_store_uri(view->store) : "";
  wi_log_event event;
  wi_tell_commit(log, uri, &o->commit);
  wi_tell_lease(log, uri, o->error.code);
  if (o->status == WI_TASK_PASS || o->status == WI_TASK_PLANNED) {
    tell_built(log, pass, view);
    return;
  }
  begin(&event, log, ends[o->status].level, ends[o->status].name, pass);
  wi_log_text(&event, "view", view->refs->spec->name);
  if (o->status == WI_TASK_ERROR) {
    wi_log_text(&event, "code", weir_error_code_name(o->error.code));
  } else if (o->status == WI_TASK_REUSED || o->status == WI_TASK_WARN) {
    wi_log_int(&event, "version",
               o->status == WI_TASK_WARN ? o->commit.version : view->outcome.version);
  }
  wi_log_send(&event, "%s", ends[o->status].message);
}

static void tell_finished(wi_log_sink *log, const wi_pass *pass) {
  const wi_run_summary *s = &pass->summary;
  wi_log_event event;
  begin(&event, log, s->error > 0 || s->cancelled ? WEIR_LOG_WARNING : WEIR_LOG_INFO,
        "run_finished", pass);
  wi_log_text(&event, "status",
              weir_run_status_name(s->cancelled   ? WEIR_RUN_INTERRUPTED
                                   : s->error > 0 ? WEIR_RUN_FAILED
                                                  : WEIR_RUN_OK));
  wi_log_int(&event, "pass", s->pass);
  wi_log_int(&event, "reused", s->reused);
  wi_log_int(&event, "warn", s->warn);
  wi_log_int(&event, "error", s->error);
  wi_log_int(&event, "skip", s->skip);
  wi_log_int(&event, "duration_us", pass->time.finished_us - pass->time.started_us);
  wi_log_send(&event, "a run has ended");
}

void wi_tell_run(wi_log_sink *log, const wi_pass *pass, wi_event what,
                 const wi_run_view *view, const weir_error *warning, uint32_t views) {
  wi_log_event event;
  switch (what) {
    case WI_EVENT_RUN_STARTED:
      tell_started(log, pass, views);
      return;
    case WI_EVENT_TASK_STARTED:
      tell_view_started(log, pass, view);
      return;
    case WI_EVENT_TASK_FINISHED:
      tell_view_finished(log, pass, view);
      return;
    case WI_EVENT_RUN_FINISHED:
      tell_finished(log, pass);
      return;
    case WI_EVENT_WARNING:
    default:
      begin(&event, log, WEIR_LOG_WARNING, "run_warning", pass);
      wi_log_text(&event, "code", weir_error_code_name(warning->code));
      wi_log_send(&event, "a warning: %s", weir_error_code_name(warning->code));
      return;
  }
}

void wi_tell_run_failed(wi_log_sink *log, const char *project, weir_status status) {
  wi_log_event event;
  wi_log_begin(&event, log, WEIR_LOG_WARNING, "run", "run_failed");
  wi_log_text(&event, "project", project);
  wi_log_text(&event, "code", weir_error_code_name(status));
  wi_log_send(&event, "a run did not come to its end: %s", weir_error_code_name(status));
}

/* Of one listener, whoever tells: one call at a time. */
static void pass_on(void *ctx, const weir_log_event *event) {
  wi_log_sink *log = ctx;
  pthread_mutex_lock(&log->lock);
  log->to.event(log->to.ctx, event);
  pthread_mutex_unlock(&log->lock);
}

void wi_tell_for(wi_log_sink *log, wi_session *session) {
  weir_log to = WEIR_LOG_INIT;
  if (log->to.event != NULL) {
    to.level = log->to.level;
    to.event = pass_on;
    to.ctx = log;
    wi_log_sink_listen(&session->log, &to);
  }
}
