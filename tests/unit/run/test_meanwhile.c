/* What others commit to a view's table while a run builds it: said with its code, its version and
 * its writer. */
#include <stdlib.h>

#include "common/fixtures.h"
#include "common/hooks.h"
#include "common/test.h"
#include "delta/delta.h"

static const char *const cells[] = {"1", "2"};
static const wt_file files[] = {
    {"weir.yml", "name: shop\nwarehouse: ./lake\nsources:\n  src: {table: ./src}\n"},
    {"views/daily.sql", "/* weir\nkey: [n]\n*/\nSELECT n FROM src\n"},
};
static const char foreign[] =
    "{\"commitInfo\":{\"timestamp\":1,\"engineInfo\":\"spark 4\"}}\n{\"add\":{\"path\":"
    "\"other.parquet\",\"partitionValues\":{},\"size\":10,\"modificationTime\":1,"
    "\"dataChange\":true}}\n";

typedef struct seen {
  int warnings;
  weir_status code;
  char message[1200];
} seen;

static void on_event(void *ctx, const char *kind, const weir_view_result *view,
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

static weir_status run(const wt_project *at, seen *s, weir_error *err) {
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  weir_report *report = NULL;
  weir_observer observer = {.event = on_event, .ctx = s};
  memset(s, 0, sizeof *s);
  options.path = at->root;
  weir_status status = weir_project_open(&options, &project, err);
  if (status == WEIR_OK) {
    status = weir_project_run(project, NULL, &observer, &report, err);
  }
  weir_report_free(&report);
  weir_project_free(&project);
  return status;
}

static void put_foreign(void *ctx) {
  wi_store *store = NULL;
  if (wi_store_open(NULL, ctx, NULL, 0, &store, NULL) != WEIR_OK ||
      wi_store_put_new(store, "_delta_log/00000000000000000001.json", foreign,
                       strlen(foreign), NULL) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "the foreign commit did not come in");
  }
  wi_store_unref(&store);
}

WT_TEST(foreign_rows_of_the_run_go_with_a_warning) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {0};
  wt_project at;
  seen s;
  char uri[256], table[256];
  weir_write_result r;
  struct ArrowArrayStream rows;
  WT_CHECK(wt_project_make(&at, WT_FILES(files)));
  snprintf(uri, sizeof uri, "%s/src", at.root);
  snprintf(table, sizeof table, "file://%s/lake/daily", at.root);
  WT_CHECK(wf_table(uri, "n:l!", cells, 1, NULL));
  WT_OK(run(&at, &s, &err));
  WT_EQ_INT(s.warnings, 0);
  weir_session *session = wf_session(NULL, 0);
  WT_CHECK(session != NULL && wf_rows(&rows, "n:l!", cells + 1, 1));
  WT_OK(weir_table_append(session, uri, &rows, NULL, &r, &err));
  weir_write_result_release(&r);
  weir_session_free(&session);
  wh_run(&h, WI_STORE_PUT_NEW, "_delta_log", 1, WH_BEFORE, put_foreign, table);
  wh_of(&h, "lake/daily");
  wh_on_new(&h);
  WT_OK(run(&at, &s, &err));
  wh_off(&h);
  WT_EQ_INT(h.fired, 1);
  WT_EQ_INT(s.warnings, 1);
  WT_EQ_INT(s.code, WEIR_E_FOREIGN_COMMIT);
  WT_CHECK(strstr(s.message, "version 1 by spark 4") != NULL &&
           strstr(s.message, "daily") != NULL);
  WT_OK(run(&at, &s, &err)); /* and that was all */
  WT_EQ_INT(s.warnings, 0);
  wt_project_remove(&at);
}

/* ---- a run that is overtaken by a whole other one ---- */

typedef struct overtaker {
  const wt_project *at;
  weir_status status;
} overtaker;

static bool append_row(const wt_project *at, const char *const *cell) {
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

static void overtake(void *ctx) {
  overtaker *o = ctx;
  weir_error err = WEIR_ERROR_INIT;
  seen s;
  o->status = append_row(o->at, cells + 1) ? run(o->at, &s, &err) : WEIR_E_BUG;
  weir_error_release(&err);
}

/* Wherever the other run comes in, it pinned the newer version of the source, and its result is
 * what the table holds in the end. */
WT_TEST(an_older_result_never_lies_on_a_newer_one) {
  weir_error err = WEIR_ERROR_INIT;
  for (int nth = 1; nth <= 4; nth++) {
    wh_hooks h = {0};
    wt_project at;
    seen s;
    char uri[256], view[256];
    WT_CHECK(wt_project_make(&at, WT_FILES(files)));
    snprintf(uri, sizeof uri, "%s/src", at.root);
    snprintf(view, sizeof view, "%s/lake/daily", at.root);
    WT_CHECK(wf_table(uri, "n:l!", cells, 1, NULL));
    overtaker o = {&at, WEIR_OK};
    wh_run(&h, WI_STORE_LIST, "_delta_log", nth, WH_AFTER, overtake, &o);
    wh_on_new(&h);
    WT_OK(run(&at, &s, &err));
    wh_off(&h);
    WT_EQ_INT(h.fired, 1);
    WT_EQ_INT(o.status, WEIR_OK);
    wf_input inputs[] = {{.name = "t", .uri = view, .version = -1}};
    weir_session *session = wf_session(inputs, 1);
    WT_CHECK(session != NULL && wf_expect(session, "SELECT n FROM t ORDER BY n", "1;2;"));
    weir_session_free(&session);
    wt_project_remove(&at);
  }
}

/* ---- logs that are cleaned during a run ---- */

#define MAINTAINED                                                                     \
  "{\"commitInfo\":{\"timestamp\":1,\"operation\":\"OPTIMIZE\"}}\n{\"add\":{\"path\":" \
  "\"%s\",\"partitionValues\":{},\"size\":%llu,\"modificationTime\":1,"                \
  "\"dataChange\":false}}\n"

typedef struct others { /* who commit to a table */
  wi_engine *engine;
  wi_store *store;
} others;

static weir_status others_open(const wt_project *at, const char *table, others *out,
                               weir_error *err) {
  const wi_engine_options options = {2, NULL};
  char uri[256];
  *out = (others){NULL, NULL};
  snprintf(uri, sizeof uri, "file://%s/%s", at->root, table);
  weir_status status = wi_engine_new(&options, &out->engine, err);
  return status != WEIR_OK ? status
                           : wi_store_open(out->engine, uri, NULL, 0, &out->store, err);
}

static void others_close(others *s) {
  wi_store_unref(&s->store);
  wi_engine_unref(&s->engine);
}

/* The files of the version before once more, which changes no row. */
static weir_status maintain(others *s, int64_t version, weir_error *err) {
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

static bool remove_first(others *s) {
  char paths[2][64];
  const char *const both[] = {paths[0], paths[1]};
  wi_log_commit_path(0, paths[0]);
  wi_log_commit_path(1, paths[1]);
  return wi_store_remove(s->store, both, 2, NULL) == WEIR_OK;
}

/* The log below version 2 goes, and where version 1 was somebody puts a commit that changes no row
 * and that no reader sees. */
static void clean_and_stray(void *ctx) {
  others *s = ctx;
  char path[64], text[512];
  wi_log_commit_path(1, path);
  snprintf(text, sizeof text, MAINTAINED, "stray.parquet", 1ULL);
  if (!remove_first(s) ||
      wi_store_put_new(s->store, path, text, strlen(text), NULL) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "the log was not cleaned");
  }
}

/* Whenever that comes, the row of version 1 is not taken for maintenance. */
WT_TEST(a_commit_in_a_gap_is_no_maintenance) {
  weir_error err = WEIR_ERROR_INIT;
  for (int nth = 1, fired = 1; fired == 1; nth++) {
    wh_hooks h = {0};
    wt_project at;
    seen s;
    others src;
    char uri[256], view[256];
    WT_CHECK(wt_project_make(&at, WT_FILES(files)));
    snprintf(uri, sizeof uri, "%s/src", at.root);
    snprintf(view, sizeof view, "%s/lake/daily", at.root);
    WT_CHECK(wf_table(uri, "n:l!", cells, 1, NULL));
    WT_OK(run(&at, &s, &err));
    WT_CHECK(append_row(&at, cells + 1));
    WT_OK(others_open(&at, "src", &src, &err));
    WT_OK(maintain(&src, 2, &err));
    WT_OK(wi_delta_checkpoint(src.engine, src.store, 2, &err));
    wh_run(&h, WI_STORE_READ, "_delta_log", nth, WH_BEFORE, clean_and_stray, &src);
    wh_of(&h, "/src");
    wh_on_new(&h);
    weir_status status = run(&at, &s, &err);
    wh_off(&h);
    fired = h.fired;
    wf_input inputs[] = {{.name = "t", .uri = view, .version = -1}};
    weir_session *session = wf_session(inputs, 1);
    WT_CHECK(session != NULL);
    const char *now = status == WEIR_OK ? "1;2;" : "1;";
    WT_CHECK(wf_expect(session, "SELECT n FROM t ORDER BY n", now));
    WT_CHECK(nth > 1 || fired == 1);
    weir_session_free(&session);
    weir_error_release(&err);
    others_close(&src);
    wt_project_remove(&at);
    WT_CHECK(nth < 30);
  }
}

/* Versions 1 and 2 by others, which change no row; under a checkpoint only the second is left. What
 * takes version 1 now comes into the gap. */
static void maintain_and_clean(void *ctx) {
  others *s = ctx;
  weir_error err = WEIR_ERROR_INIT;
  if (maintain(s, 1, &err) != WEIR_OK || maintain(s, 2, &err) != WEIR_OK ||
      wi_delta_checkpoint(s->engine, s->store, 2, &err) != WEIR_OK || !remove_first(s)) {
    wt_fail(__FILE__, __LINE__, "the log was not cleaned: %s", err.message);
  }
  weir_error_release(&err);
  wi_sleep_us(200000); /* nothing that was listed before is fresh */
}

/* A result that no reader sees is not reused. */
WT_TEST(a_result_in_a_gap_is_none) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {0};
  wt_project at;
  seen s;
  others view;
  char uri[256], table[256];
  WT_CHECK(wt_project_make(&at, WT_FILES(files)));
  snprintf(uri, sizeof uri, "%s/src", at.root);
  snprintf(table, sizeof table, "%s/lake/daily", at.root);
  WT_CHECK(wf_table(uri, "n:l!", cells, 1, NULL));
  WT_OK(run(&at, &s, &err));
  WT_CHECK(append_row(&at, cells + 1));
  WT_OK(others_open(&at, "lake/daily", &view, &err));
  wh_run(&h, WI_STORE_PUT_NEW, "_delta_log", 1, WH_BEFORE, maintain_and_clean, &view);
  wh_of(&h, "lake/daily");
  wh_on_new(&h);
  WT_EQ_INT(run(&at, &s, &err), WEIR_E_RUN_FAILED);
  wh_off(&h);
  WT_EQ_INT(h.fired, 1);
  weir_error_release(&err);
  WT_OK(run(&at, &s, &err));
  wf_input inputs[] = {{.name = "t", .uri = table, .version = -1}};
  weir_session *session = wf_session(inputs, 1);
  WT_CHECK(session != NULL && wf_expect(session, "SELECT n FROM t ORDER BY n", "1;2;"));
  weir_session_free(&session);
  others_close(&view);
  wt_project_remove(&at);
}

/* One that others' checkpoint came after is. */
WT_TEST(a_result_before_a_checkpoint_stands) {
  weir_error err = WEIR_ERROR_INIT;
  wt_project at;
  seen s;
  others view;
  char uri[256];
  wi_log log = {.latest = -1};
  WT_CHECK(wt_project_make(&at, WT_FILES(files)));
  snprintf(uri, sizeof uri, "%s/src", at.root);
  WT_CHECK(wf_table(uri, "n:l!", cells, 1, NULL));
  WT_OK(run(&at, &s, &err));
  WT_OK(others_open(&at, "lake/daily", &view, &err));
  WT_OK(maintain(&view, 1, &err));
  WT_OK(wi_delta_checkpoint(view.engine, view.store, 1, &err));
  WT_OK(run(&at, &s, &err));
  WT_OK(wi_log_list_all(view.store, &log, &err));
  WT_EQ_INT(log.latest, 1); /* nothing was built */
  WT_EQ_INT(log.n_checkpoints, 1);
  wi_log_release(&log);
  others_close(&view);
  wt_project_remove(&at);
}
