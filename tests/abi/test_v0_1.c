/* A program of 0.1: it sees the headers of that version only, calls every function they
 * declare, and is run with the library as it is now. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/project.h"
#include "common/test.h"
#include "layout.h"
#include "nanoarrow/nanoarrow.h"
#include "weir/weir.h"

/* 2026-01-01T00:00:00Z */
#define NOW_US INT64_C(1767225600000000)

/* ---- layout ---- */

static const layout_row *find_now(const char *what) {
  for (size_t i = 0; i < n_layout_now; i++) {
    if (strcmp(layout_now[i].what, what) == 0) {
      return &layout_now[i];
    }
  }
  return NULL;
}

WT_TEST(every_member_is_where_it_was) {
  WT_CHECK(n_layout_then > 100);
  for (size_t i = 0; i < n_layout_then; i++) {
    const layout_row *then = &layout_then[i], *now = find_now(then->what);
    if (now == NULL || now->offset != then->offset || now->size != then->size) {
      wt_fail(__FILE__, __LINE__, "%s is %zu, %zu; it was %zu, %zu", then->what,
              now != NULL ? now->offset : 0, now != NULL ? now->size : 0, then->offset,
              then->size);
    }
  }
}

WT_TEST(codes_keep_their_meaning) {
  static const struct {
    const char *symbol;
    weir_status code;
    weir_class cls;
    int exit_code;
  } rows[] = {
#define WEIR_ERROR_ROW(symbol, number, cls, exit_code, doc) \
  {#symbol, number, WEIR_CLASS_##cls, exit_code},
#include "weir/errors.def"
#undef WEIR_ERROR_ROW
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char name[64] = "WEIR-";
    for (size_t k = 0; rows[i].symbol[k] != '\0'; k++) {
      name[5 + k] = rows[i].symbol[k] == '_' ? '-' : rows[i].symbol[k];
    }
    WT_EQ_STR(weir_error_code_name(rows[i].code), name);
    WT_EQ_INT(weir_error_class(rows[i].code), rows[i].cls);
    WT_EQ_INT(weir_error_exit_code(rows[i].code), rows[i].exit_code);
    WT_CHECK(strlen(weir_error_doc(rows[i].code)) > 0);
  }
  WT_EQ_STR(weir_class_name(WEIR_CLASS_CONFLICT), "conflict");
}

/* ---- rows ---- */

/* id, part: `n` rows from `first` on. */
static bool make_rows(struct ArrowArrayStream *out, int64_t first, int64_t n) {
  struct ArrowSchema schema = {0};
  struct ArrowArray array = {0};
  ArrowSchemaInit(&schema);
  bool ok =
      ArrowSchemaSetTypeStruct(&schema, 2) == NANOARROW_OK &&
      ArrowSchemaSetType(schema.children[0], NANOARROW_TYPE_INT64) == NANOARROW_OK &&
      ArrowSchemaSetName(schema.children[0], "id") == NANOARROW_OK &&
      ArrowSchemaSetType(schema.children[1], NANOARROW_TYPE_STRING) == NANOARROW_OK &&
      ArrowSchemaSetName(schema.children[1], "part") == NANOARROW_OK &&
      ArrowArrayInitFromSchema(&array, &schema, NULL) == NANOARROW_OK &&
      ArrowArrayStartAppending(&array) == NANOARROW_OK;
  for (int64_t i = first; i < first + n && ok; i++) {
    ok = ArrowArrayAppendInt(array.children[0], i) == NANOARROW_OK &&
         ArrowArrayAppendString(array.children[1],
                                ArrowCharView(i % 2 == 0 ? "even" : "odd")) ==
             NANOARROW_OK &&
         ArrowArrayFinishElement(&array) == NANOARROW_OK;
  }
  ok = ok && ArrowArrayFinishBuildingDefault(&array, NULL) == NANOARROW_OK &&
       ArrowBasicArrayStreamInit(out, &schema, 1) == NANOARROW_OK;
  if (ok) {
    ArrowBasicArrayStreamSetArray(out, 0, &array);
  } else {
    wt_fail(__FILE__, __LINE__, "no rows");
  }
  return ok;
}

static int64_t count_rows(struct ArrowArrayStream *stream) {
  int64_t n = 0;
  for (;;) {
    struct ArrowArray batch = {0};
    if (stream->get_next(stream, &batch) != 0) {
      return -1;
    }
    if (batch.release == NULL) {
      return n;
    }
    n += batch.length;
    batch.release(&batch);
  }
}

/* The rows of a query; -1 when it failed. */
static int64_t query_rows(weir_session *session, const char *sql, weir_error *err) {
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0};
  int64_t n = -1;
  if (weir_query_open(session, sql, NULL, 0, &query, err) == WEIR_OK &&
      weir_query_stream(query, &rows, err) == WEIR_OK) {
    n = count_rows(&rows);
    rows.release(&rows);
  }
  weir_query_free(&query);
  return n;
}

/* ---- sessions, queries, tables ---- */

static weir_session *session_open(weir_error *err) {
  static const weir_pair settings[] = {{"weir.functions.span_default_line_base", "1"}};
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *session = NULL;
  options.threads = 2;
  options.memory = UINT64_C(512) << 20;
  options.now_us = NOW_US;
  options.settings = settings;
  options.n_settings = 1;
  return weir_session_new(&options, &session, err) == WEIR_OK ? session : NULL;
}

WT_TEST(a_session_of_0_1) {
  static const struct {
    weir_session_table table;
    int64_t least;
  } tables[] = {{WEIR_SESSION_SETTINGS, 1},     {WEIR_SESSION_FUNCTIONS, 1},
                {WEIR_SESSION_RULES, 1},        {WEIR_SESSION_PINS, 1},
                {WEIR_SESSION_MACROS, 1},       {WEIR_SESSION_PLUGINS, 1},
                {WEIR_SESSION_FUNCTION_DOCS, 1}};
  weir_error err = WEIR_ERROR_INIT;
  weir_session_digests digests;
  weir_session *session = session_open(&err);
  struct ArrowArrayStream rows = {0};
  WT_CHECK(strlen(weir_version()) > 0);
  WT_CHECK(session != NULL);
  WT_CHECK(make_rows(&rows, 0, 10));
  WT_OK(weir_session_add_memory(session, "kept", &rows, &err));
  WT_CHECK(make_rows(&rows, 0, 5));
  WT_OK(weir_session_add_stream(session, "once", &rows, &err));
  WT_OK(weir_session_add_functions(
      session, "CREATE FUNCTION old_inc(x BIGINT) RETURNS BIGINT RETURN x + 1", &err));
  WT_OK(weir_session_add_plugin(session, WT_BUILD "/tests/plugins/plugin_v0_1.so", &err));
  WT_OK(weir_session_seal(session, &err));
  WT_OK(weir_session_digest(session, &digests, &err));
  WT_EQ_INT(strlen(digests.session), 64);
  WT_EQ_INT(strlen(digests.envelope), 64);
  WT_EQ_INT(strlen(digests.functions), 64);
  WT_EQ_INT(strlen(digests.settings), 64);
  WT_EQ_INT(strlen(digests.rules), 64);
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    WT_OK(weir_session_read(session, tables[i].table, &rows, &err));
    WT_CHECK(count_rows(&rows) >= tables[i].least);
    rows.release(&rows);
  }
  WT_EQ_INT(query_rows(session, "SELECT id FROM kept WHERE old_twice(id) > 6", &err), 6);
  WT_EQ_INT(query_rows(session, "SELECT old_inc(id) FROM once", &err), 5);
  weir_session_free(&session);
  WT_CHECK(session == NULL);
  weir_session_free(&session);
}

WT_TEST(a_query_of_0_1) {
  weir_parameter values[] = {{.name = "least", .type = WEIR_TYPE_INT64, .i64 = 3},
                             {.name = "name", .type = WEIR_TYPE_STRING, .text = "odd"}};
  weir_error err = WEIR_ERROR_INIT;
  weir_session *session = session_open(&err);
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0}, again = {0};
  char digest[65] = "", *text = NULL;
  WT_CHECK(session != NULL);
  WT_CHECK(make_rows(&rows, 0, 10));
  WT_OK(weir_session_add_memory(session, "kept", &rows, &err));
  WT_OK(weir_session_seal(session, &err));
  WT_OK(weir_query_open(session, "SELECT id FROM kept WHERE id > $least AND part = $name",
                        values, 2, &query, &err));
  WT_OK(weir_query_plan_text(query, WEIR_PLAN_LOGICAL, &text, &err));
  WT_CHECK(text != NULL && text[0] != '\0');
  weir_text_free(text);
  WT_OK(weir_query_plan_text(query, WEIR_PLAN_OPTIMIZED, &text, &err));
  weir_text_free(text);
  WT_OK(weir_query_plan_digest(query, digest, &err));
  WT_EQ_INT(strlen(digest), 64);
  WT_OK(weir_query_stream(query, &rows, &err));
  WT_EQ_INT(weir_query_stream(query, &again, &err), WEIR_E_STREAM_USED);
  weir_error_release(&err);
  (void)weir_query_peak_memory(query);
  int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  WT_OK(weir_stream_write_ipc(session, &rows, fd, &err));
  close(fd);
  weir_query_free(&query);
  weir_session_free(&session);
}

WT_TEST(errors_of_0_1) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session *session = session_open(&err);
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0};
  struct ArrowArray batch = {0};
  WT_CHECK(session != NULL);
  WT_OK(weir_session_seal(session, &err));
  WT_EQ_INT(
      weir_query_open(session, "SELECT\n  nothing FROM nowhere", NULL, 0, &query, &err),
      WEIR_E_UNKNOWN_TABLE);
  WT_EQ_INT(err.code, WEIR_E_UNKNOWN_TABLE);
  WT_EQ_INT(err.line, 2);
  WT_CHECK(err.column > 0 && err.message[0] != '\0' && err.origin[0] != '\0');
  weir_error_release(&err);
  weir_error_release(&err);
  /* A cancelled query ends with its code, told through the stream. */
  WT_OK(weir_query_open(session, "SELECT count(*) FROM range(1, 4000000000)", NULL, 0,
                        &query, &err));
  WT_OK(weir_query_stream(query, &rows, &err));
  weir_query_cancel(query);
  int code = rows.get_next(&rows, &batch);
  WT_CHECK(code != 0);
  WT_EQ_INT(weir_stream_error(&rows, code, &err), WEIR_E_CANCELLED);
  weir_error_release(&err);
  rows.release(&rows);
  weir_query_free(&query);
  weir_session_free(&session);
}

WT_TEST(tables_of_0_1) {
  static const char *const by[] = {"part"}, *const ids[] = {"id"}, *const odd[] = {"odd"};
  static const weir_pair about[] = {{"old.note", "of 0.1"}};
  const weir_partition partition = {odd};
  weir_write_options options = WEIR_WRITE_OPTIONS_INIT, plain = WEIR_WRITE_OPTIONS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  weir_write_result result = {0};
  struct ArrowArrayStream rows = {0};
  weir_session *session = session_open(&err);
  wt_project folder;
  char uri[200];
  int64_t version = 0;
  WT_CHECK(session != NULL && wt_project_make(&folder, NULL, 0));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  WT_OK(weir_session_seal(session, &err));
  WT_OK(weir_table_version(session, uri, &version, &err));
  WT_EQ_INT(version, -1);
  options.partition_by = by;
  options.n_partition_by = 1;
  options.not_null = ids;
  options.n_not_null = 1;
  options.metadata = about;
  options.n_metadata = 1;
  options.description = "made by a program of 0.1";
  WT_CHECK(make_rows(&rows, 0, 10));
  WT_OK(weir_table_create(session, uri, &rows, &options, &result, &err));
  WT_EQ_INT(result.version, 0);
  WT_EQ_INT(result.rows, 10);
  WT_EQ_INT(result.files, 2);
  WT_EQ_STR(result.mode, "create");
  WT_CHECK(result.timestamp_us > 0 && result.bytes > 0 && result.snapshot_key != NULL &&
           result.uri != NULL);
  weir_write_result_release(&result);
  plain.app_id = "old";
  plain.app_version = 7;
  for (int i = 0; i < 2; i++) {
    WT_CHECK(make_rows(&rows, 10, 4));
    WT_OK(weir_table_append(session, uri, &rows, &plain, &result, &err));
    WT_EQ_STR(result.mode, i == 0 ? "append" : "unchanged");
    WT_EQ_STR(result.app_id, "old");
    WT_EQ_INT(result.app_version, 7);
    weir_write_result_release(&result);
  }
  struct ArrowArrayStream replacing = {0};
  WT_CHECK(make_rows(&replacing, 21, 1));
  WT_OK(weir_table_replace(session, uri, &partition, 1, &replacing, NULL, &result, &err));
  WT_EQ_STR(result.mode, "replace");
  WT_EQ_INT(result.rows, 1);
  WT_CHECK(result.removed_files > 0);
  weir_write_result_release(&result);
  weir_write_result_release(&result);
  WT_OK(weir_table_version(session, uri, &version, &err));
  WT_EQ_INT(version, 2);
  weir_session_free(&session);
  session = session_open(&err);
  WT_CHECK(session != NULL);
  WT_OK(weir_session_add_delta(session, "t", uri, -1, &err));
  WT_OK(weir_session_add_delta(session, "t0", uri, 0, &err));
  WT_OK(weir_session_seal(session, &err));
  WT_EQ_INT(query_rows(session, "SELECT * FROM t", &err), 8);
  WT_EQ_INT(query_rows(session, "SELECT * FROM t0", &err), 10);
  weir_session_free(&session);
  wt_project_remove(&folder);
}

/* ---- projects ---- */

typedef struct seen {
  int started, finished, tasks_started, tasks_finished, warnings;
  uint32_t total;
  char action[16], status[16];
} seen;

static void on_event(void *ctx, const char *kind, const weir_view_result *view,
                     const weir_error *warning, const weir_summary *summary) {
  seen *s = ctx;
  s->started += strcmp(kind, "run_started") == 0;
  s->tasks_started += strcmp(kind, "task_started") == 0;
  s->warnings += strcmp(kind, "warning") == 0 && warning != NULL;
  s->finished += strcmp(kind, "run_finished") == 0;
  s->total = summary != NULL ? summary->total : 0;
  if (strcmp(kind, "task_finished") == 0) {
    s->tasks_finished++;
    snprintf(s->action, sizeof s->action, "%s", view->action);
    snprintf(s->status, sizeof s->status, "%s", view->status);
  }
}

static weir_project *project_open(const char *root, const char *const *params,
                                  size_t n_params, weir_error *err) {
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  options.path = root;
  options.threads = 2;
  options.memory = UINT64_C(512) << 20;
  options.params = params;
  options.n_params = n_params;
  options.now_us = NOW_US;
  if (weir_project_open(&options, &project, err) != WEIR_OK) {
    weir_project_free(&project);
  }
  return project;
}

WT_TEST(a_project_of_0_1) {
  static const char *const params[] = {"upto=20"}, *const chosen[] = {"squares"},
                           *const none[] = {"nothing_like_it"};
  weir_error err = WEIR_ERROR_INIT;
  weir_select select = WEIR_SELECT_INIT;
  weir_report *report = NULL;
  wt_project folder;
  char root[200];
  size_t n = 0;
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(root, sizeof root, "%s/p", folder.root);
  WT_OK(weir_project_init(root, "old_project", &err));
  weir_project *project = project_open(root, params, 1, &err);
  WT_CHECK(project != NULL);
  WT_EQ_STR(weir_project_name(project), "old_project");
  WT_EQ_STR(weir_project_root(project), root);
  WT_CHECK(strstr(weir_project_warehouse(project), "/lake") != NULL);
  (void)weir_project_diagnostics(project, &n);
  WT_EQ_INT(n, 0);

  const weir_node *nodes = NULL;
  WT_OK(weir_project_nodes(project, &nodes, &n, &err));
  WT_EQ_INT(n, 1);
  WT_EQ_STR(nodes[0].name, "squares");
  WT_EQ_STR(nodes[0].kind, "view");
  WT_EQ_STR(nodes[0].materialized, "table");
  WT_EQ_STR(nodes[0].file, "views/squares.sql");
  WT_CHECK(strlen(nodes[0].uri) > 0 && strlen(nodes[0].description) > 0);
  WT_EQ_INT(nodes[0].n_inputs, 0);

  select.select = chosen;
  select.n_select = 1;
  WT_OK(weir_project_plan(project, &select, &report, &err));
  const weir_view_result *views = weir_report_views(report, &n);
  WT_EQ_INT(n, 1);
  WT_EQ_STR(views[0].view, "squares");
  WT_EQ_STR(views[0].action, "full");
  WT_EQ_STR(views[0].status, "planned");
  WT_EQ_INT(strlen(views[0].plan), 64);
  WT_EQ_INT(strlen(views[0].result_key), 64);
  WT_CHECK(views[0].error == NULL && views[0].slack_us == -1 && views[0].reason[0] != 0);
  weir_summary summary = weir_report_summary(report);
  WT_EQ_STR(summary.run_id, "");
  WT_EQ_STR(summary.status, "ok");
  WT_EQ_INT(summary.total, 1);
  (void)weir_report_warnings(report, &n);
  WT_EQ_INT(n, 0);
  weir_report_free(&report);
  select.select = none;
  WT_EQ_INT(weir_project_plan(project, &select, &report, &err), WEIR_E_SELECTOR);
  weir_error_release(&err);
  weir_report_free(&report);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(runs_of_0_1) {
  weir_error err = WEIR_ERROR_INIT;
  weir_select select = WEIR_SELECT_INIT;
  seen s = {0};
  weir_observer observer = {on_event, &s};
  weir_report *report = NULL;
  weir_session *session = NULL;
  weir_history_entry *entries = NULL;
  weir_clean_item *items = NULL;
  wt_project folder;
  char root[200];
  size_t n = 0;
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(root, sizeof root, "%s/p", folder.root);
  WT_OK(weir_project_init(root, NULL, &err));
  weir_project *project = project_open(root, NULL, 0, &err);
  WT_CHECK(project != NULL);
  WT_OK(weir_project_run(project, NULL, &observer, &report, &err));
  WT_EQ_INT(s.started, 1);
  WT_EQ_INT(s.finished, 1);
  WT_EQ_INT(s.tasks_started, 1);
  WT_EQ_INT(s.tasks_finished, 1);
  WT_EQ_INT(s.total, 1);
  WT_EQ_STR(s.action, "full");
  WT_EQ_STR(s.status, "pass");
  const weir_view_result *views = weir_report_views(report, &n);
  WT_EQ_INT(n, 1);
  WT_EQ_STR(views[0].status, "pass");
  WT_EQ_INT(views[0].rows, 10);
  WT_CHECK(views[0].files > 0 && views[0].bytes > 0);
  WT_EQ_INT(views[0].version, 0);
  WT_CHECK(views[0].started_us > 0 && views[0].finished_us >= views[0].started_us);
  WT_EQ_INT(strlen(weir_report_summary(report).run_id), 36);
  WT_EQ_INT(weir_report_summary(report).pass, 1);
  weir_report_free(&report);
  weir_report_free(&report);

  WT_OK(weir_project_run(project, NULL, NULL, &report, &err));
  WT_EQ_INT(weir_report_summary(report).reused, 1);
  weir_report_free(&report);
  select.full_refresh = 1;
  select.warn_error = 1;
  WT_OK(weir_project_run(project, &select, NULL, &report, &err));
  WT_EQ_INT(weir_report_summary(report).pass, 1);
  weir_report_free(&report);

  WT_OK(weir_project_history(project, "squares", 0, &entries, &n, &err));
  WT_EQ_INT(n, 2);
  WT_EQ_INT(entries[0].version, 1);
  WT_EQ_INT(entries[1].version, 0);
  WT_EQ_INT(entries[1].rows, 10);
  WT_CHECK(entries[0].timestamp_us > 0 && entries[0].files > 0 && entries[0].bytes > 0);
  WT_CHECK(entries[0].operation[0] != '\0' && entries[0].mode[0] != '\0' &&
           entries[0].engine[0] != '\0');
  WT_EQ_INT(strlen(entries[0].run_id), 36);
  WT_EQ_INT(strlen(entries[0].result_key), 64);
  weir_history_free(entries, n);
  WT_OK(weir_project_history(project, "squares", 1, &entries, &n, &err));
  WT_EQ_INT(n, 1);
  weir_history_free(entries, n);

  WT_OK(weir_project_session(project, "SELECT * FROM squares", &session, &err));
  WT_EQ_INT(query_rows(session, "SELECT * FROM squares", &err), 10);
  weir_session_free(&session);
  WT_OK(weir_project_session(project, NULL, &session, &err));
  weir_session_free(&session);

  WT_OK(weir_project_clean(project, 1, 0, &items, &n, &err));
  WT_EQ_INT(n, 0);
  weir_clean_free(items, n);
  weir_project_cancel(project); /* nothing runs */
  weir_project_free(&project);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(a_project_with_errors_of_0_1) {
  static const wt_file files[] = {
      {"weir.yml", "name: broken\nwarehouse: ./lake\n"},
      {"views/a.sql", "/* weir\nmaterialized: table\n*/\nSELECT missing FROM nowhere\n"}};
  weir_error err = WEIR_ERROR_INIT;
  weir_project *project = NULL;
  weir_report *report = NULL;
  wt_project folder;
  size_t n = 0;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  project = project_open(folder.root, NULL, 0, &err);
  WT_CHECK(project != NULL);
  WT_EQ_INT(weir_project_plan(project, NULL, &report, &err), WEIR_E_PROJECT);
  weir_error_release(&err);
  const weir_diagnostic *found = weir_project_diagnostics(project, &n);
  WT_EQ_INT(n, 1);
  WT_EQ_INT(found[0].is_warning, 0);
  WT_EQ_INT(found[0].error.code, WEIR_E_UNKNOWN_TABLE);
  WT_EQ_STR(found[0].error.file, "views/a.sql");
  weir_report_free(&report);
  weir_project_free(&project);
  wt_project_remove(&folder);
}
