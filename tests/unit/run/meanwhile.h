/* A project of one view over one source, its runs, and others that commit to its tables meanwhile. */
#ifndef TESTS_UNIT_RUN_MEANWHILE_H
#define TESTS_UNIT_RUN_MEANWHILE_H

#include <stdlib.h>

#include "common/fixtures.h"
#include "common/hooks.h"
#include "common/test.h"
#include "delta/delta.h"

static const char *const cells[] = {"1", "2"};
static const wt_file files[] = {
    {"weir.yml",
     "name: shop\nwarehouse: ./lake\nsources:\n  src: {table: ./src}\n"
     "parameters:\n  k: {type: int64, default: 0}\n"},
    {"views/daily.sql", "/* weir\nkey: [n]\n*/\nSELECT n + $k AS n FROM src\n"},
};

typedef struct seen {
  int warnings;
  weir_status code;
  char message[1200];
} seen;

static inline void on_event(void *ctx, const char *kind, const weir_view_result *view,
                            const weir_error *warning, const weir_summary *summary) {
  seen *s = ctx;
  (void)kind;
  (void)view;
  (void)summary;
  if (warning != NULL) {
    s->warnings++;
    s->code = warning->code;
    snprintf(s->message, sizeof s->message, "%s", warning->message);
  }
}

/* `k`: the parameter, as "k=10" (NULL: its default); `view`: only this one (NULL: all). */
static inline weir_status run_only(const wt_project *at, seen *s, const char *k,
                                   const char *view, weir_error *err) {
  weir_select select = WEIR_SELECT_INIT;
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  weir_report *report = NULL;
  weir_observer observer = {.event = on_event, .ctx = s};
  memset(s, 0, sizeof *s);
  options.path = at->root;
  options.params = &k;
  options.n_params = k != NULL;
  select.select = &view;
  select.n_select = view != NULL;
  weir_status status = weir_project_open(&options, &project, err);
  if (status == WEIR_OK) {
    status = weir_project_run(project, &select, &observer, &report, err);
  }
  weir_report_free(&report);
  weir_project_free(&project);
  return status;
}

static inline weir_status run_with(const wt_project *at, seen *s, const char *k,
                                   weir_error *err) {
  return run_only(at, s, k, NULL, err);
}

static inline weir_status run(const wt_project *at, seen *s, weir_error *err) {
  return run_with(at, s, NULL, err);
}

static inline bool append_row(const wt_project *at, const char *const *cell) {
  weir_error err = WEIR_ERROR_INIT;
  weir_write_result r;
  struct ArrowArrayStream rows;
  char uri[256];
  snprintf(uri, sizeof uri, "%s/src", at->root);
  weir_session *session = wf_session(NULL, 0);
  bool fine = session != NULL && wf_rows(&rows, "n:l!", cell, 1) &&
              weir_table_append(session, uri, &rows, NULL, &r, &err) == WEIR_OK;
  weir_write_result_release(&r);
  weir_error_release(&err);
  weir_session_free(&session);
  return fine;
}

/* The project, and its source with one row. */
static inline bool begin(wt_project *at) {
  char uri[256];
  if (!wt_project_make(at, WT_FILES(files))) {
    return false;
  }
  snprintf(uri, sizeof uri, "%s/src", at->root);
  return wf_table(uri, "n:l!", cells, 1, NULL);
}

/* Rows of a view, in order, as "1;2;". */
static inline bool rows_are(const wt_project *at, const char *view, const char *rows) {
  char table[256];
  snprintf(table, sizeof table, "%s/lake/%s", at->root, view);
  wf_input inputs[] = {{.name = "t", .uri = table, .version = -1}};
  weir_session *session = wf_session(inputs, 1);
  bool has = session != NULL && wf_expect(session, "SELECT n FROM t ORDER BY n", rows);
  weir_session_free(&session);
  return has;
}

static inline bool view_has(const wt_project *at, const char *rows) {
  return rows_are(at, "daily", rows);
}

/* ---- others ---- */

#define MAINTAINED                                                                     \
  "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"OPTIMIZE\"}}\n{\"add\":{\"path\":" \
  "\"%s\",\"partitionValues\":{},\"size\":%llu,\"modificationTime\":1,"                \
  "\"dataChange\":false}}\n"

typedef struct others { /* who commit to a table */
  wi_engine *engine;
  wi_store *store;
} others;

static inline weir_status others_open(const wt_project *at, const char *table,
                                      others *out, weir_error *err) {
  const wi_engine_options options = {2, NULL};
  char uri[256];
  *out = (others){NULL, NULL};
  snprintf(uri, sizeof uri, "file://%s/%s", at->root, table);
  weir_status status = wi_engine_new(&options, &out->engine, err);
  return status != WEIR_OK ? status
                           : wi_store_open(out->engine, uri, NULL, 0, &out->store, err);
}

static inline void others_close(others *s) {
  wi_store_unref(&s->store);
  wi_engine_unref(&s->engine);
}

/* The files of the version before once more, which changes no row. */
static inline weir_status maintain(others *s, int64_t version, weir_error *err) {
  wi_commit last;
  char path[64];
  wi_buf text = WI_BUF_INIT;
  WI_TRY(wi_commit_read(s->store, version - 1, &last, err));
  for (size_t i = 0; i < json_array_size(last.actions); i++) {
    const json_t *add = json_object_get(json_array_get(last.actions, i), "add");
    if (add != NULL) {
      wi_buf_fmt(&text, MAINTAINED, json_string_value(json_object_get(add, "path")),
                 (unsigned long long)json_integer_value(json_object_get(add, "size")));
    }
  }
  wi_commit_release(&last);
  wi_log_commit_path(version, path);
  weir_status status = wi_store_put_new(s->store, path, wi_buf_text(&text), text.n, err);
  wi_buf_release(&text);
  return status;
}

static inline bool remove_first(others *s) {
  char paths[2][64];
  const char *const both[] = {paths[0], paths[1]};
  wi_log_commit_path(0, paths[0]);
  wi_log_commit_path(1, paths[1]);
  return wi_store_remove(s->store, both, 2, NULL) == WEIR_OK;
}

#endif
