/* Projects: opened, listed, planned, run. */
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

static weir_status project_alloc(weir_project **out, weir_error *err) {
  weir_project *p = wi_alloc(sizeof(*p));
  *out = p;
  if (p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  pthread_mutex_init(&p->lock, NULL);
  return WEIR_OK;
}

/* The files have errors; those of names and of planning are found too, for one list of all. */
static weir_status look_further(weir_project *p, weir_error *err) {
  static const wi_pass_select all = {0};
  wi_engine *engine = NULL;
  wi_pass *pass = NULL;
  weir_error ignored = WEIR_ERROR_INIT;
  size_t before = p->diags.errors;
  if (wi_api_engine(0, &engine, &ignored) == WEIR_OK &&
      wi_pass_open(p->spec, engine, p->now_us, &p->diags, &pass, &ignored) == WEIR_OK) {
    (void)wi_pass_decide(pass, &all, &ignored);
  }
  wi_pass_free(&pass);
  wi_engine_unref(&engine);
  weir_error_release(&ignored);
  if (p->diags.errors > before) {
    weir_error_release(err);
    return WI_ERR(err, WEIR_E_PROJECT, "the project has %zu errors", p->diags.errors);
  }
  return WEIR_E_PROJECT;
}

weir_status weir_project_open(const weir_project_options *options, weir_project **out,
                              weir_error *err) {
  static const weir_project_options none = WEIR_PROJECT_OPTIONS_INIT;
  const weir_project_options *o = options != NULL ? options : &none;
  wi_spec_options spec = {0};
  *out = NULL;
  if (o->struct_size != sizeof(*o)) {
    return WI_ERR(err, WEIR_E_USAGE, "weir_project_options has an unknown size");
  }
  WI_TRY(project_alloc(out, err));
  weir_project *p = *out;
  spec.path = o->path;
  spec.profile = o->profile;
  spec.warehouse = o->warehouse;
  spec.threads = o->threads < INT32_MAX ? (int32_t)o->threads : INT32_MAX;
  spec.memory = o->memory < INT64_MAX ? (int64_t)o->memory : INT64_MAX;
  spec.params = o->params;
  spec.n_params = o->n_params;
  p->now_us = o->now_us != 0 ? o->now_us : wi_now_us();
  weir_status status = wi_spec_load(&spec, &p->spec, &p->diags, err);
  if (status != WEIR_OK) {
    return status == WEIR_E_PROJECT && p->spec != NULL ? look_further(p, err) : status;
  }
  int32_t threads = p->spec->profile.threads;
  return wi_api_engine(threads > 0 ? (uint32_t)threads : 0, &p->engine, err);
}

void weir_project_free(weir_project **project) {
  weir_project *p = *project;
  *project = NULL;
  if (p == NULL) {
    return;
  }
  wi_pass_free(&p->parsed);
  wi_spec_free(&p->spec);
  wi_diags_release(&p->diags);
  wi_engine_unref(&p->engine);
  wi_free(p->shown);
  wi_free(p->nodes);
  wi_arena_release(&p->node_arena);
  pthread_mutex_destroy(&p->lock);
  wi_free(p);
}

const weir_diagnostic *weir_project_diagnostics(const weir_project *project, size_t *n) {
  /* The list it gives is a cache, not state: rebuilding it changes nothing that is seen. */
  weir_project *p = (weir_project *)(uintptr_t)project;
  *n = 0;
  wi_free(p->shown);
  p->shown = wi_alloc_array(p->diags.n + 1, sizeof(*p->shown));
  if (p->shown == NULL) {
    return NULL;
  }
  for (size_t i = 0; i < p->diags.n; i++) {
    p->shown[i].is_warning = p->diags.items[i].warning;
    p->shown[i].error = p->diags.items[i].error;
  }
  *n = p->diags.n;
  return p->shown;
}

const char *weir_project_name(const weir_project *project) {
  return project->spec != NULL && project->spec->name != NULL ? project->spec->name : "";
}

const char *weir_project_root(const weir_project *project) {
  return project->spec != NULL && project->spec->root != NULL ? project->spec->root : "";
}

const char *weir_project_warehouse(const weir_project *project) {
  return project->spec != NULL && project->spec->warehouse != NULL
             ? project->spec->warehouse
             : "";
}

/* ---- passes ---- */

/* Errors of an earlier call are gone; warnings of opening stay. */
static void forget_errors(weir_project *p) {
  size_t n = 0;
  for (size_t i = 0; i < p->diags.n; i++) {
    wi_diag *d = &p->diags.items[i];
    if (d->warning && d->error.code != WEIR_E_PARAM_UNKNOWN) {
      p->diags.items[n++] = *d;
    } else {
      weir_error_release(&d->error);
    }
  }
  p->diags.n = n;
  p->diags.errors = 0;
  p->diags.warnings = n;
}

static weir_status check_usable(const weir_project *p, weir_error *err) {
  if (p->spec == NULL || p->engine == NULL) {
    return WI_ERR(err, WEIR_E_PROJECT, "the project could not be opened");
  }
  return WEIR_OK;
}

static weir_status begin(weir_project *p, wi_pass **pass, weir_error *err) {
  *pass = NULL;
  WI_TRY(check_usable(p, err));
  forget_errors(p);
  WI_TRY(wi_pass_open(p->spec, p->engine, p->now_us, &p->diags, pass, err));
  pthread_mutex_lock(&p->lock);
  p->pass = *pass;
  bool cancelled = p->cancelled;
  pthread_mutex_unlock(&p->lock);
  return cancelled ? WI_ERR(err, WEIR_E_CANCELLED, "asked to stop") : WEIR_OK;
}

static void end(weir_project *p, wi_pass **pass) {
  pthread_mutex_lock(&p->lock);
  p->pass = NULL;
  pthread_mutex_unlock(&p->lock);
  wi_pass_free(pass);
}

void weir_project_cancel(weir_project *p) {
  pthread_mutex_lock(&p->lock);
  p->cancelled = true;
  if (p->pass != NULL) {
    wi_pass_cancel(p->pass);
  }
  pthread_mutex_unlock(&p->lock);
}

static void selection(const weir_select *from, wi_pass_select *to) {
  memset(to, 0, sizeof(*to));
  if (from != NULL) {
    to->select = from->select;
    to->n_select = from->n_select;
    to->exclude = from->exclude;
    to->n_exclude = from->n_exclude;
    to->full_refresh = from->full_refresh != 0;
  }
}

static weir_status check_warnings(const weir_project *p, const wi_pass *pass,
                                  const weir_select *select, weir_error *err) {
  size_t n = p->diags.warnings + pass->warnings.warnings;
  if (select == NULL || !select->warn_error || n == 0) {
    return WEIR_OK;
  }
  return WI_ERR(err, WEIR_E_WARN_ERROR, "%zu warning%s, and warnings count as errors", n,
                n == 1 ? "" : "s");
}

weir_status weir_project_plan(weir_project *p, const weir_select *select,
                              weir_report **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_pass *pass = NULL;
  wi_pass_select chosen;
  *out = NULL;
  selection(select, &chosen);
  WI_CHECK(begin(p, &pass, err));
  WI_CHECK(wi_pass_decide(pass, &chosen, err));
  WI_CHECK(wi_report_new(pass, false, out, err));
  WI_CHECK(check_warnings(p, pass, select, err));
done:
  end(p, &pass);
  return status;
}

/* ---- running, with events for the caller ---- */

typedef struct event_bridge {
  const weir_observer *observer;
  const wi_pass *pass;
} event_bridge;

static void on_event(void *ctx, wi_event event, const wi_run_view *view,
                     const weir_error *warning) {
  static const char *const names[] = {"run_started", "task_started", "task_finished",
                                      "warning", "run_finished"};
  const event_bridge *b = ctx;
  const wi_run_summary *sum = &b->pass->summary;
  weir_view_result result;
  weir_summary summary = {0};
  summary.run_id = b->pass->run_id;
  summary.status = sum->cancelled ? "interrupted" : sum->error > 0 ? "failed" : "ok";
  summary.pass = sum->pass;
  summary.reused = sum->reused;
  summary.warn = sum->warn;
  summary.error = sum->error;
  summary.skip = sum->skip;
  summary.total = sum->total;
  if (event == WI_EVENT_RUN_STARTED) {
    for (size_t i = 0; i < b->pass->spec->n_views; i++) {
      summary.total += b->pass->views[i].chosen;
    }
  }
  if (view != NULL) {
    wi_view_result_fill(view, true, &result);
  }
  b->observer->event(b->observer->ctx, names[event], view != NULL ? &result : NULL,
                     warning, &summary);
}

weir_status weir_project_run(weir_project *p, const weir_select *select,
                             const weir_observer *observer, weir_report **out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  wi_pass *pass = NULL;
  wi_pass_select chosen;
  event_bridge bridge = {observer, NULL};
  wi_watcher watcher = {on_event, &bridge};
  weir_error first = WEIR_ERROR_INIT;
  *out = NULL;
  selection(select, &chosen);
  WI_CHECK(begin(p, &pass, &first));
  bridge.pass = pass;
  WI_CHECK(wi_pass_decide(pass, &chosen, &first));
  WI_CHECK(check_warnings(p, pass, select, &first));
  weir_status ended = wi_pass_execute(pass, observer != NULL ? &watcher : NULL, &first);
  weir_error ignored = WEIR_ERROR_INIT;
  status = wi_report_new(pass, true, out, ended == WEIR_OK ? &first : &ignored);
  weir_error_release(&ignored);
  status = ended != WEIR_OK ? ended : status;
  if (status == WEIR_OK) {
    status = check_warnings(p, pass, select, &first);
  }
done:
  end(p, &pass);
  wi_err_move(err, &first);
  return status;
}

/* ---- listing ---- */

static const char *const *input_names(weir_project *p, const wi_run_view *view,
                                      size_t *n) {
  const char **names =
      wi_arena_array(&p->node_arena, view->n_views + view->n_sources + 1, sizeof(*names));
  *n = 0;
  if (names == NULL) {
    return NULL;
  }
  for (size_t i = 0; i < view->n_sources; i++) {
    names[(*n)++] = p->parsed->sources[view->sources[i]].spec->name;
  }
  for (size_t i = 0; i < view->n_views; i++) {
    names[(*n)++] = p->spec->views[view->views[i]].name;
  }
  for (size_t i = 1; i < *n; i++) { /* two sorted runs: insertion is enough */
    for (size_t k = i; k > 0 && strcmp(names[k - 1], names[k]) > 0; k--) {
      const char *swap = names[k];
      names[k] = names[k - 1];
      names[k - 1] = swap;
    }
  }
  return names;
}

static weir_status fill_nodes(weir_project *p, weir_error *err) {
  wi_buf uri = WI_BUF_INIT;
  weir_status status = WEIR_OK;
  const wi_spec *spec = p->spec;
  for (size_t i = 0; i < p->parsed->n_sources; i++) {
    const wi_spec_source *source = p->parsed->sources[i].spec;
    weir_node *node = &p->nodes[p->n_nodes++];
    node->name = source->name;
    node->kind = "source";
    node->materialized = "";
    node->file = i < spec->n_sources ? "weir.yml" : source->place.file;
    node->uri = source->uri;
    node->description = source->description;
  }
  for (size_t i = 0; i < spec->n_views; i++) {
    weir_node *node = &p->nodes[p->n_nodes++];
    WI_CHECK(wi_view_uri(spec, spec->views[i].name, &uri, err));
    node->name = spec->views[i].name;
    node->kind = "view";
    node->materialized = spec->views[i].materialized == WI_MAT_TABLE ? "table" : "view";
    node->file = spec->views[i].file;
    node->uri = wi_arena_dup(&p->node_arena, wi_buf_text(&uri));
    node->description = spec->views[i].description;
    node->inputs = input_names(p, &p->parsed->views[i], &node->n_inputs);
    if (node->uri == NULL || node->inputs == NULL) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
done:
  wi_buf_release(&uri);
  return status;
}

weir_status weir_project_nodes(weir_project *p, const weir_node **out, size_t *n,
                               weir_error *err) {
  *out = NULL;
  *n = 0;
  WI_TRY(check_usable(p, err));
  if (p->nodes == NULL) {
    forget_errors(p);
    WI_TRY(wi_pass_open(p->spec, p->engine, p->now_us, &p->diags, &p->parsed, err));
    if (p->diags.errors > 0) {
      wi_pass_free(&p->parsed);
      wi_spec_sort_diags(&p->diags);
      return WI_ERR(err, WEIR_E_PROJECT, "the project has %zu error%s", p->diags.errors,
                    p->diags.errors == 1 ? "" : "s");
    }
    p->nodes =
        wi_alloc_array(p->parsed->n_sources + p->spec->n_views + 1, sizeof(*p->nodes));
    if (p->nodes == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    WI_TRY(fill_nodes(p, err));
  }
  *out = p->nodes;
  *n = p->n_nodes;
  return WEIR_OK;
}

/* ---- history ---- */

static uint64_t metric(const wi_commit *commit, const char *key) {
  const json_t *metrics = json_object_get(commit->commit_info, "operationMetrics");
  const json_t *value = json_object_get(metrics, key);
  if (json_is_integer(value)) {
    return (uint64_t)json_integer_value(value);
  }
  const char *text = json_string_value(value);
  return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static char *info_text(const wi_commit *commit, const char *key) {
  const char *text = wi_commit_info_text(commit, key);
  return wi_strdup(text != NULL ? text : "");
}

static weir_status fill_entry(const wi_commit *commit, weir_history_entry *out,
                              weir_error *err) {
  const char *mode = json_string_value(json_object_get(
      json_object_get(commit->commit_info, "operationParameters"), "mode"));
  out->version = commit->version;
  out->timestamp_us = commit->timestamp_us;
  out->operation = info_text(commit, "operation");
  out->mode = wi_strdup(mode != NULL ? mode : "");
  out->run_id = info_text(commit, "weir.run_id");
  out->result_key = info_text(commit, "weir.result_key");
  out->engine = info_text(commit, "engineInfo");
  out->rows = metric(commit, "numOutputRows");
  out->files = commit->adds;
  out->bytes = commit->add_bytes;
  return out->operation != NULL && out->mode != NULL && out->run_id != NULL &&
                 out->result_key != NULL && out->engine != NULL
             ? WEIR_OK
             : wi_err_nomem(err, WI_ORIGIN);
}

static weir_status unknown_view(const weir_project *p, const char *view,
                                weir_error *err) {
  char near[256] = "";
  const char **names = wi_alloc_array(p->spec->n_views + 1, sizeof(*names));
  for (size_t i = 0; names != NULL && i < p->spec->n_views; i++) {
    names[i] = p->spec->views[i].name;
  }
  if (names != NULL) {
    wi_nearest(view, names, p->spec->n_views, near, sizeof(near));
  }
  wi_free(names);
  if (near[0] != '\0') {
    wi_err_hint(err, "did you mean %s?", near);
  }
  if (wi_spec_source_find(p->spec, view) != NULL) {
    wi_err_hint(err, "only views have a history that weir writes");
    return WI_ERR(err, WEIR_E_UNKNOWN_TABLE, "'%s' is a source, not a view", view);
  }
  return WI_ERR(err, WEIR_E_UNKNOWN_TABLE, "the project has no view '%s'", view);
}

static weir_status project_store(weir_project *p, const char *uri, wi_store **out,
                                 weir_error *err) {
  const wi_pairs *storage = &p->spec->profile.storage;
  wi_br_pair *pairs = wi_alloc_array(storage->n + 1, sizeof(*pairs));
  if (pairs == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < storage->n; i++) {
    pairs[i] = (wi_br_pair){storage->keys[i], storage->values[i]};
  }
  weir_status status = wi_store_open(p->engine, uri, pairs, storage->n, out, err);
  wi_free(pairs);
  return status;
}

weir_status weir_project_history(weir_project *p, const char *view, size_t limit,
                                 weir_history_entry **out, size_t *n, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  wi_store *store = NULL;
  wi_log log = {0};
  wi_commit commit = {0};
  *out = NULL;
  *n = 0;
  WI_TRY(check_usable(p, err));
  if (wi_spec_view_find(p->spec, view) == NULL) {
    return unknown_view(p, view, err);
  }
  WI_CHECK(wi_view_uri(p->spec, view, &uri, err));
  WI_CHECK(project_store(p, wi_buf_text(&uri), &store, err));
  WI_CHECK(wi_log_list_all(store, &log, err));
  size_t most = limit > 0 && limit < log.n_commits ? limit : log.n_commits;
  *out = wi_alloc_array(most + 1, sizeof(**out));
  if (*out == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < most; i++) {
    WI_CHECK(wi_commit_read(store, log.commits[log.n_commits - 1 - i], &commit, err));
    *n = i + 1;
    WI_CHECK(fill_entry(&commit, &(*out)[i], err));
    wi_commit_release(&commit);
  }
done:
  wi_commit_release(&commit);
  if (status != WEIR_OK && *out != NULL) {
    weir_history_free(*out, *n);
    *out = NULL;
    *n = 0;
  }
  wi_log_release(&log);
  wi_store_unref(&store);
  wi_buf_release(&uri);
  return status;
}

void weir_history_free(weir_history_entry *entries, size_t n) {
  for (size_t i = 0; entries != NULL && i < n; i++) {
    wi_free(entries[i].operation);
    wi_free(entries[i].mode);
    wi_free(entries[i].run_id);
    wi_free(entries[i].result_key);
    wi_free(entries[i].engine);
  }
  wi_free(entries);
}
