/* A pass: opened, its views chosen and decided one after another, freed. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

const char *wi_task_status_name(wi_task_status status) {
  static const char *const names[] = {"planned", "pass",  "reused",
                                      "warn",    "error", "skip"};
  return names[status];
}

const char *wi_view_reason(const wi_run_view *view) {
  return view->outcome.reason[0] != '\0' ? view->outcome.reason : view->decision.reason;
}

/* ---- opening and freeing ---- */

static weir_status pass_alloc(wi_pass *p, weir_error *err) {
  const wi_project *project = p->project;
  p->sources = wi_alloc_array(project->n_sources + 1, sizeof(*p->sources));
  p->views = wi_alloc_array(project->spec->n_views + 1, sizeof(*p->views));
  if (p->sources == NULL || p->views == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < project->n_sources; i++) {
    p->sources[i].of = &project->sources[i];
  }
  for (size_t i = 0; i < project->spec->n_views; i++) {
    wi_run_view *view = &p->views[i];
    view->refs = &project->views[i];
    view->blocked = view->refs->blocked;
    view->outcome.version = -1;
    view->outcome.slack_us = -1;
    pthread_mutex_init(&view->read.lock, NULL);
  }
  return WEIR_OK;
}

weir_status wi_pass_open(const wi_spec *spec, wi_engine *engine, int64_t now_us,
                         wi_diags *diags, wi_pass **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_pass *p = wi_alloc(sizeof(*p));
  *out = NULL;
  if (p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  pthread_mutex_init(&p->lock, NULL);
  wi_uuid7(p->run_id);
  wi_spec_digest(spec, p->spec_digest);
  WI_CHECK(wi_project_open(spec, engine, now_us, diags, &p->project, err));
  WI_CHECK(pass_alloc(p, err));
  *out = p;
  p = NULL;
done:
  wi_pass_free(&p);
  return status;
}

static void view_release(wi_run_view *v) {
  for (size_t i = 0; i < v->facts.n_inputs; i++) {
    wi_pin_unref(&v->facts.inputs[i].now.pin);
  }
  wi_free(v->facts.inputs);
  wi_last_release(&v->facts.last);
  wi_buf_release(&v->params);
  wi_decision_release(&v->decision);
  wi_gate_free(&v->made.gate);
  wi_view_plan_free(&v->made.plan);
  if (v->made.schema.release != NULL) {
    v->made.schema.release(&v->made.schema);
  }
  wi_snap_unref(&v->read.snap);
  pthread_mutex_destroy(&v->read.lock);
  wi_store_unref(&v->store);
  weir_error_release(&v->outcome.error);
}

static void table_release(wi_run_table *t) {
  wi_snap_unref(&t->snap);
  wi_pin_unref(&t->pin);
  wi_pin_unref(&t->full);
  weir_error_release(&t->failed);
  wi_store_unref(&t->store);
  wi_free(t->uri);
  pthread_mutex_destroy(&t->lock);
}

void wi_pass_free(wi_pass **pass) {
  wi_pass *p = *pass;
  *pass = NULL;
  if (p == NULL) {
    return;
  }
  for (size_t i = 0; p->views != NULL && i < p->project->spec->n_views; i++) {
    view_release(&p->views[i]);
  }
  for (size_t i = 0; i < p->n_tables; i++) {
    table_release(&p->tables[i]);
  }
  wi_free(p->views);
  wi_free(p->sources);
  wi_free(p->tables);
  wi_diags_release(&p->warnings);
  wi_session_free(&p->session);
  wi_project_free(&p->project);
  pthread_mutex_destroy(&p->lock);
  wi_free(p);
}

/* ---- choosing ---- */

static void mark_needed(wi_pass *pass) {
  /* Against the order, so that one pass reaches every ancestor. */
  for (size_t i = pass->project->spec->n_views; i-- > 0;) {
    wi_run_view *view = &pass->views[pass->project->order[i]];
    view->needed = view->needed || view->chosen;
    for (size_t k = 0; view->needed && k < view->refs->n_views; k++) {
      pass->views[view->refs->views[k]].needed = true;
    }
  }
}

static weir_status choose(wi_pass *pass, const wi_pass_select *select, weir_error *err) {
  const wi_project *project = pass->project;
  size_t n = project->spec->n_views;
  bool *chosen = wi_alloc_array(n + 1, sizeof(*chosen));
  if (chosen == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  weir_status status =
      wi_spec_select(project->spec, project->refs, select->select, select->n_select,
                     select->exclude, select->n_exclude, chosen, err);
  for (size_t i = 0; status == WEIR_OK && i < n; i++) {
    pass->views[i].chosen = chosen[i];
  }
  wi_free(chosen);
  if (status == WEIR_OK) {
    mark_needed(pass);
  }
  return status;
}

/* ---- deciding ---- */

static void warn_foreign(wi_pass *pass, const wi_run_view *view) {
  const wi_last *last = &view->facts.last;
  bool rows = last->rows.any;
  const wi_foreign_seen *who = rows ? &last->rows : &last->columns;
  if (view->chosen && last->found && (rows || view->facts.reshaped)) {
    wi_pass_warn(pass, WEIR_E_FOREIGN_COMMIT, "decide",
                 "%s: version %lld, written by %s, changed %s; the view is built again",
                 view->facts.name, (long long)who->version, who->writer,
                 rows ? "rows" : "columns");
  }
}

static weir_status decide_view(wi_pass *pass, wi_run_view *view, weir_error *err) {
  WI_TRY(wi_view_gather(pass, view, err));
  WI_TRY(wi_decide(&view->facts, &view->decision, err));
  if (view->decision.needs_plan) {
    wi_decision_release(&view->decision);
    WI_TRY(wi_view_make_plan(pass, view, err));
    WI_TRY(wi_decide(&view->facts, &view->decision, err));
  }
  warn_foreign(pass, view);
  if (view->decision.stale) {
    wi_pass_warn(pass, WEIR_E_UPSTREAM_UNBUILT, "decide", "stale upstream %s (%s)",
                 view->facts.name, view->decision.reason);
  }
  if (wi_view_works(view)) { /* consumers read what is committed, not what was there */
    wi_snap_unref(&view->read.snap);
  }
  return WEIR_OK;
}

static bool above_blocked(const wi_pass *pass, const wi_run_view *view) {
  for (size_t i = 0; i < view->refs->n_views; i++) {
    if (pass->views[view->refs->views[i]].blocked) {
      return true;
    }
  }
  return false;
}

static weir_status decide_all(wi_pass *pass, weir_error *err) {
  const wi_project *project = pass->project;
  for (size_t i = 0; i < project->spec->n_views && !wi_stop_fired(pass->stop); i++) {
    wi_run_view *view = &pass->views[project->order[i]];
    weir_error one = WEIR_ERROR_INIT;
    if (!view->needed) {
      continue;
    }
    if (view->blocked || above_blocked(pass, view)) {
      view->blocked = true; /* its own errors would only follow from those above */
      continue;
    }
    if (decide_view(pass, view, &one) != WEIR_OK) {
      view->blocked = true;
      if (one.file[0] == '\0') {
        wi_err_where(&one, view->refs->spec->file, view->refs->spec->sql_line, 0);
      }
      wi_diags_take(project->diags, &one, false);
    }
    weir_error_release(&one);
  }
  WI_TRY(wi_stop_check(pass->stop, err)); /* what was left out is no error */
  return project->diags->errors > 0 ? wi_project_broken(project->diags, err) : WEIR_OK;
}

/* What was passed over in the logs that were listed. */
static void tell_logs(wi_pass *pass) {
  wi_buf text = WI_BUF_INIT;
  for (size_t i = 0; i < pass->n_tables + pass->project->spec->n_views; i++) {
    wi_store *store = i < pass->n_tables ? pass->tables[i].store
                                         : pass->views[i - pass->n_tables].store;
    wi_buf_clear(&text);
    weir_status odd = store != NULL ? wi_log_tell(store, &text) : WEIR_OK;
    if (odd != WEIR_OK) {
      wi_pass_warn(pass, odd, "log", "%s", wi_buf_text(&text));
    }
  }
  wi_buf_release(&text);
}

weir_status wi_pass_decide(wi_pass *pass, const wi_pass_select *select, weir_error *err) {
  const wi_project *project = pass->project;
  const wi_spec *spec = project->spec;
  pass->time.started_us = wi_now_us();
  pass->time.began_ns = wi_monotonic_ns();
  pass->full_refresh = select->full_refresh;
  WI_TRY(choose(pass, select, err));
  WI_TRY(wi_project_session(spec, project->engine, project->now_us, &pass->session, err));
  WI_TRY(wi_project_functions_all(spec, pass->session, project->diags, err));
  WI_TRY(wi_session_seal(pass->session, err));
  WI_TRY(wi_stop_check(pass->stop, err));
  WI_TRY(wi_pass_read_facts(pass, err));
  WI_TRY(decide_all(pass, err));
  tell_logs(pass);
  return wi_pass_times(pass, err);
}

void wi_pass_warn(wi_pass *pass, weir_status code, const char *stage, const char *fmt,
                  ...) {
  weir_error warning = WEIR_ERROR_INIT;
  va_list args;
  va_start(args, fmt);
  (void)wi_err_vset(&warning, code, stage, fmt, args);
  va_end(args);
  pthread_mutex_lock(&pass->lock);
  if (pass->watcher.event != NULL) {
    pass->watcher.event(pass->watcher.ctx, WI_EVENT_WARNING, NULL, &warning);
  }
  wi_diags_take(&pass->warnings, &warning, true);
  pthread_mutex_unlock(&pass->lock);
  weir_error_release(&warning);
}
