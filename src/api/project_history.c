/* The commits of a view's table. */
#include <stdlib.h>
#include <string.h>

#include "api/private.h"
#include "api/sheet.h"

#define WI_ORIGIN "api"

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
    wi_err_hint(err, "did you mean %s? `weir ls` lists all", near);
  }
  if (wi_spec_source_find(p->spec, view) != NULL) {
    wi_err_hint(err, "only views have a history that weir writes");
    return WI_ERR(err, WEIR_E_UNKNOWN_TABLE, "'%s' is a source, not a view", view);
  }
  return WI_ERR(err, WEIR_E_UNKNOWN_TABLE, "the project has no view '%s'", view);
}

static weir_status project_store(const weir_project *p, const char *uri, wi_store **out,
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

typedef struct request {
  weir_project *p;
  const char *view;
  uint64_t limit;      /* 0: all */
  weir_cancel *cancel; /* NULL: none */
} request;

static weir_status read_history(const request *q, weir_history_entry **out, size_t *n,
                                weir_error *err) {
  const weir_project *p = q->p;
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  wi_store *store = NULL;
  wi_log log = {0};
  wi_commit commit = {0};
  wi_stop *stop = NULL;
  WI_TRY(wi_api_usable(p, err));
  if (wi_spec_view_find(p->spec, q->view) == NULL) {
    return unknown_view(p, q->view, err);
  }
  WI_TRY(wi_api_stop(p->engine, q->cancel, p->standing, &stop, err));
  wi_stop_scope before = wi_stop_enter(stop);
  WI_CHECK(wi_view_uri(p->spec, q->view, &uri, err));
  WI_CHECK(project_store(p, wi_buf_text(&uri), &store, err));
  WI_CHECK(wi_log_list_all(store, &log, err));
  size_t most =
      q->limit > 0 && q->limit < log.n_commits ? (size_t)q->limit : log.n_commits;
  *out = wi_alloc_array(most + 1, sizeof(**out));
  if (*out == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < most; i++) {
    WI_CHECK(wi_stop_check(stop, err));
    WI_CHECK(wi_commit_read(store, log.commits[log.n_commits - 1 - i], &commit, err));
    *n = i + 1;
    WI_CHECK(fill_entry(&commit, &(*out)[i], err));
    wi_commit_release(&commit);
  }
done:
  wi_stop_leave(before);
  wi_stop_free(&stop);
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

weir_status weir_project_history(weir_project *p, const char *view, size_t limit,
                                 weir_history_entry **out, size_t *n, weir_error *err) {
  request q = {p, view, limit, NULL};
  WI_ARG(out, err);
  WI_ARG(n, err);
  *out = NULL;
  *n = 0;
  WI_ARG(p, err);
  WI_ARG(view, err);
  return read_history(&q, out, n, err);
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

/* ---- as a table ---- */

static const wi_col history_cols[] = {
    {"version", WI_COL_INT, NULL, 0},    {"timestamp", WI_COL_TIME, NULL, 0},
    {"operation", WI_COL_TEXT, NULL, 0}, {"mode", WI_COL_TEXT, NULL, 0},
    {"run_id", WI_COL_TEXT, NULL, 0},    {"result_key", WI_COL_TEXT, NULL, 0},
    {"engine", WI_COL_TEXT, NULL, 0},    {"rows", WI_COL_INT, NULL, 0},
    {"files", WI_COL_INT, NULL, 0},      {"bytes", WI_COL_INT, NULL, 0}};

static void put_known(wi_sheet *r, const char *name, const char *text) {
  wi_sheet_text(r, name, text[0] != '\0' ? text : NULL);
}

weir_status wi_api_read_history(weir_project *p, const wi_read *o,
                                struct ArrowArrayStream *out, weir_error *err) {
  request q = {p, o->options.view, o->options.limit, o->options.cancel};
  weir_history_entry *entries = NULL;
  wi_sheet r;
  size_t n = 0;
  if (q.view == NULL) {
    return WI_ERR(err, WEIR_E_USAGE, "the history of which view? `view` is NULL");
  }
  WI_TRY(read_history(&q, &entries, &n, err));
  wi_sheet_begin(&r, history_cols, sizeof(history_cols) / sizeof(history_cols[0]));
  for (size_t i = 0; i < n; i++) {
    const weir_history_entry *e = &entries[i];
    wi_sheet_int(&r, "version", e->version);
    wi_sheet_time(&r, "timestamp", e->timestamp_us);
    put_known(&r, "operation", e->operation);
    put_known(&r, "mode", e->mode);
    put_known(&r, "run_id", e->run_id);
    put_known(&r, "result_key", e->result_key);
    put_known(&r, "engine", e->engine);
    wi_sheet_int(&r, "rows", (int64_t)e->rows);
    wi_sheet_int(&r, "files", (int64_t)e->files);
    wi_sheet_int(&r, "bytes", (int64_t)e->bytes);
    wi_sheet_end_row(&r);
  }
  weir_history_free(entries, n);
  return wi_sheet_take(&r, out, err);
}
