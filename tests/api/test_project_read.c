/* What a project and a report tell as streams: their columns, and rows read back by SQL. */
#include "common/fixtures.h"
#include "common/test.h"

static const wt_file files[] = {
    {"weir.yml",
     "name: listed\n"
     "warehouse: ./lake\n"
     "sources:\n"
     "  facts: {table: ./nowhere/facts, description: raw}\n"
     "  rates: {table: ./nowhere/rates, version: 3}\n"
     "parameters:\n"
     "  least: {type: int64, default: 2, description: the least}\n"
     "  day: {type: date, default: run_date}\n"
     "  name: {type: string, default: x}\n"
     "  none: {type: int64}\n"},
    {"views/cleaned.sql",
     "/* weir\n"
     "materialized: table\n"
     "key: [id]\n"
     "partition_by: [part]\n"
     "tags: [nightly, core]\n"
     "description: Tidy facts.\n"
     "on_schema_change: fail\n"
     "constraints:\n"
     "  positive: \"value > 0\"\n"
     "  pair: {unique: [id, part]}\n"
     "columns:\n"
     "  id: {type: int64, not_null: true, description: what}\n"
     "*/\n"
     "SELECT id, part, value FROM facts WHERE value > $least AND $day IS NOT NULL\n"
     "AND $name = 'x'\n"},
    {"views/totals.sql",
     "/* weir\n"
     "materialized: table\n"
     "*/\n"
     "SELECT part, sum(value) AS total FROM cleaned GROUP BY part\n"},
    {"views/other.sql",
     "/* weir\nmaterialized: table\n*/\nSELECT * FROM rates WHERE $none > 1\n"},
};

/* A project whose two views need no source. */
static const wt_file small[] = {
    {"weir.yml", "name: small\nwarehouse: ./lake\n"},
    {"views/one.sql", "/* weir\nmaterialized: table\n*/\nSELECT 1 AS n\n"},
    {"views/two.sql",
     "/* weir\nmaterialized: table\nkey: [n]\n*/\n"
     "SELECT CAST(1 AS BIGINT) AS n FROM one UNION ALL SELECT 1\n"},
};

static weir_project *open_at(const char *root, const char *const *params, size_t n) {
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  options.path = root;
  options.threads = 2;
  options.params = params;
  options.n_params = n;
  if (weir_project_open(&options, &project, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no project: %s", err.message);
    weir_project_free(&project);
  }
  weir_error_release(&err);
  return project;
}

/* Checks the names and formats of a stream's columns: "name:u rows:l". */
static bool has_columns(struct ArrowArrayStream *stream, const char *expected) {
  struct ArrowSchema schema = {0};
  char got[2048] = "";
  if (stream->get_schema(stream, &schema) != 0) {
    wt_fail(__FILE__, __LINE__, "no schema");
    return false;
  }
  for (int64_t i = 0; i < schema.n_children; i++) {
    size_t n = strlen(got);
    snprintf(got + n, sizeof got - n, "%s%s:%s", i > 0 ? " " : "",
             schema.children[i]->name, schema.children[i]->format);
  }
  schema.release(&schema);
  if (strcmp(got, expected) != 0) {
    wt_fail(__FILE__, __LINE__, "the columns are\n  %s, not\n  %s", got, expected);
  }
  return strcmp(got, expected) == 0;
}

/* Reads a stream by SQL, as the table t; takes it. */
static bool rows_are(struct ArrowArrayStream *stream, const char *sql, const char *rows) {
  wf_input input = {.name = "t", .rows = stream};
  weir_session *session = wf_session(&input, 1);
  bool same = session != NULL && wf_expect(session, sql, rows);
  weir_session_free(&session);
  return same;
}

#define ERROR_COLUMNS \
  "code:u number:l class:u message:u file:u line:l column:l hint:u detail:u"

WT_TEST(columns_are_as_documented) {
  static const struct {
    weir_project_table table;
    const char *columns;
  } tables[] = {
      {WEIR_PROJECT_NODES,
       "name:u kind:u materialized:u file:u uri:u description:u inputs:+l version:l "
       "determinism:u on_schema_change:u key:+l partition_by:+l sort_by:+l tags:+l "
       "parameters:+l constraints:+l columns:+l properties:+l append_only:b "
       "target_file_size:l"},
      {WEIR_PROJECT_PLAN,
       "view:u action:u reason:u plan:u result_key:u status:u critical:b slack_us:l "
       "started:tsu:UTC finished:tsu:UTC version:l rows:l files:l bytes:l "
       "retries:l " ERROR_COLUMNS},
      {WEIR_PROJECT_HISTORY,
       "version:l timestamp:tsu:UTC operation:u mode:u run_id:u result_key:u engine:u "
       "rows:l files:l bytes:l"},
      {WEIR_PROJECT_LITTER, "what:u uri:u files:l bytes:l"},
      {WEIR_PROJECT_DIAGNOSTICS, "kind:u " ERROR_COLUMNS},
      {WEIR_PROJECT_INFO, "name:u root:u warehouse:u profile:u threads:l memory:l"},
      {WEIR_PROJECT_PARAMETERS, "name:u type:u value:u default:u description:u given:b"},
  };
  weir_error err = WEIR_ERROR_INIT;
  weir_project_read_options options = WEIR_PROJECT_READ_OPTIONS_INIT;
  weir_report *report = NULL;
  wt_project folder;
  struct ArrowArrayStream rows = {0};
  WT_CHECK(wt_project_make(&folder, small, 2));
  weir_project *project = open_at(folder.root, NULL, 0);
  WT_CHECK(project != NULL);
  WT_OK(weir_project_run_with(project, NULL, &report, &err));
  options.view = "one";
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    WT_OK(weir_project_read(project, tables[i].table, &options, &rows, &err));
    WT_CHECK(has_columns(&rows, tables[i].columns));
    rows.release(&rows);
  }
  WT_OK(weir_report_read(report, WEIR_REPORT_WARNINGS, &rows, &err));
  WT_CHECK(has_columns(&rows, ERROR_COLUMNS));
  rows.release(&rows);
  WT_OK(weir_report_read(report, WEIR_REPORT_SUMMARY, &rows, &err));
  WT_CHECK(has_columns(&rows,
                       "run_id:u status:u pass:l reused:l warn:l error:l skip:l "
                       "total:l"));
  rows.release(&rows);
  WT_EQ_INT(weir_project_read(project, (weir_project_table)99, NULL, &rows, &err),
            WEIR_E_USAGE);
  WT_CHECK(rows.release == NULL);
  weir_error_release(&err);
  WT_EQ_INT(weir_project_read(NULL, WEIR_PROJECT_INFO, NULL, &rows, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  WT_EQ_INT(weir_report_read(NULL, WEIR_REPORT_VIEWS, &rows, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  weir_report_free(&report);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(nodes_tell_the_header) {
  weir_error err = WEIR_ERROR_INIT;
  wt_project folder;
  struct ArrowArrayStream rows = {0};
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, NULL, 0);
  WT_CHECK(project != NULL);
  WT_OK(weir_project_read(project, WEIR_PROJECT_NODES, NULL, &rows, &err));
  /* The stream stands on its own. */
  weir_project_free(&project);
  WT_CHECK(rows_are(
      &rows,
      "SELECT name, kind, materialized, file, description, array_to_string(inputs, ' '), "
      "version, determinism, on_schema_change, array_to_string(key, ' '), "
      "array_to_string(partition_by, ' '), array_to_string(tags, ' ') FROM t",
      "facts|source|NULL|weir.yml|raw||NULL|NULL|NULL|||;"
      "rates|source|NULL|weir.yml|NULL||3|NULL|NULL|||;"
      "cleaned|view|table|views/cleaned.sql|Tidy facts.|facts|NULL|strict|fail|id|part|"
      "core nightly;"
      "other|view|table|views/other.sql|NULL|rates|NULL|strict|replace|||;"
      "totals|view|table|views/totals.sql|NULL|cleaned|NULL|strict|replace|||;"));
  project = open_at(folder.root, NULL, 0);
  WT_OK(weir_project_read(project, WEIR_PROJECT_NODES, NULL, &rows, &err));
  WT_CHECK(rows_are(&rows,
                    "SELECT c['name'], c['predicate'], array_to_string(c['unique'], ' ') "
                    "FROM (SELECT unnest(constraints) AS c FROM t) ORDER BY 1",
                    "pair|NULL|id part;positive|value > 0|;"));
  WT_OK(weir_project_read(project, WEIR_PROJECT_NODES, NULL, &rows, &err));
  WT_CHECK(rows_are(&rows,
                    "SELECT c['name'], c['type'], c['not_null'], c['description'] "
                    "FROM (SELECT unnest(columns) AS c FROM t)",
                    "id|int64|true|what;"));
  weir_project_free(&project);
  wt_project_remove(&folder);
}

/* The sources' tables are nowhere: whoever opened one would fail. */
WT_TEST(selecting_opens_no_table) {
  static const char *const select[] = {"cleaned+"}, *const exclude[] = {"cleaned"},
                           *const tagged[] = {"tag:night*"}, *const bad[] = {"cleand"};
  weir_error err = WEIR_ERROR_INIT;
  weir_select chosen = WEIR_SELECT_INIT;
  weir_project_read_options options = WEIR_PROJECT_READ_OPTIONS_INIT;
  wt_project folder;
  struct ArrowArrayStream rows = {0};
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, NULL, 0);
  WT_CHECK(project != NULL);
  options.select = &chosen;
  chosen.select = select;
  chosen.n_select = 1;
  WT_OK(weir_project_read(project, WEIR_PROJECT_NODES, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT name FROM t", "cleaned;totals;"));
  chosen.exclude = exclude;
  chosen.n_exclude = 1;
  WT_OK(weir_project_read(project, WEIR_PROJECT_NODES, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT name FROM t", "totals;"));
  chosen.n_exclude = 0;
  chosen.select = tagged;
  WT_OK(weir_project_read(project, WEIR_PROJECT_NODES, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT name FROM t", "cleaned;"));
  chosen.select = bad;
  WT_EQ_INT(weir_project_read(project, WEIR_PROJECT_NODES, &options, &rows, &err),
            WEIR_E_SELECTOR);
  WT_CHECK(rows.release == NULL && strstr(err.hint, "cleaned") != NULL);
  weir_error_release(&err);
  options.select = NULL;
  options.view = "rates";
  WT_OK(weir_project_read(project, WEIR_PROJECT_NODES, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT name FROM t", "rates;"));
  options.view = "rats";
  WT_EQ_INT(weir_project_read(project, WEIR_PROJECT_NODES, &options, &rows, &err),
            WEIR_E_UNKNOWN_TABLE);
  WT_CHECK(strstr(err.hint, "rates") != NULL);
  weir_error_release(&err);
  /* A plan does open them. */
  WT_EQ_INT(weir_project_read(project, WEIR_PROJECT_PLAN, NULL, &rows, &err),
            WEIR_E_PROJECT);
  weir_error_release(&err);
  WT_OK(weir_project_read(project, WEIR_PROJECT_DIAGNOSTICS, NULL, &rows, &err));
  WT_CHECK(rows_are(&rows,
                    "SELECT kind, code, count(*) FROM t GROUP BY kind, code ORDER BY 2",
                    "error|WEIR-PARAM-MISSING|1;error|WEIR-TABLE-MISSING|2;"));
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(parameters_and_the_project_itself) {
  static const char *const params[] = {"least=7", "name:null"};
  weir_error err = WEIR_ERROR_INIT;
  wt_project folder;
  struct ArrowArrayStream rows = {0};
  char expected[400];
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, params, 2);
  WT_CHECK(project != NULL);
  WT_OK(weir_project_read(project, WEIR_PROJECT_PARAMETERS, NULL, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT * FROM t",
                    "day|date|NULL|run_date|NULL|false;"
                    "least|int64|7|2|the least|true;"
                    "name|string|NULL|x|NULL|true;"
                    "none|int64|NULL|NULL|NULL|false;"));
  WT_OK(weir_project_read(project, WEIR_PROJECT_INFO, NULL, &rows, &err));
  snprintf(expected, sizeof expected, "listed|%s|file://%s/lake|NULL|2|NULL;",
           folder.root, folder.root);
  WT_CHECK(rows_are(&rows, "SELECT * FROM t", expected));
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(a_report_tells_views_and_errors) {
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  wt_project folder;
  struct ArrowArrayStream rows = {0};
  WT_CHECK(wt_project_make(&folder, WT_FILES(small)));
  weir_project *project = open_at(folder.root, NULL, 0);
  WT_CHECK(project != NULL);
  WT_OK(weir_project_read(project, WEIR_PROJECT_PLAN, NULL, &rows, &err));
  WT_CHECK(
      rows_are(&rows,
               "SELECT view, action, reason, status, length(plan), slack_us, started, "
               "version, rows, code FROM t",
               "one|full|never built|planned|64|NULL|NULL|NULL|NULL|NULL;"
               "two|full|never built|planned|64|NULL|NULL|NULL|NULL|NULL;"));
  WT_EQ_INT(weir_project_run_with(project, NULL, &report, &err), WEIR_E_RUN_FAILED);
  weir_error_release(&err);
  WT_OK(weir_report_read(report, WEIR_REPORT_VIEWS, &rows, &err));
  WT_CHECK(rows_are(&rows,
                    "SELECT view, status, version, rows, code, class, number FROM t",
                    "one|pass|0|1|NULL|NULL|NULL;"
                    "two|error|NULL|0|WEIR-KEY-VIOLATED|user|61;"));
  WT_OK(weir_report_read(report, WEIR_REPORT_SUMMARY, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT length(run_id), status, pass, error, total FROM t",
                    "36|failed|1|1|2;"));
  weir_report_free(&report);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(history_and_litter) {
  weir_error err = WEIR_ERROR_INIT;
  weir_select again = WEIR_SELECT_INIT;
  weir_run_options run = WEIR_RUN_OPTIONS_INIT;
  weir_project_read_options options = WEIR_PROJECT_READ_OPTIONS_INIT;
  weir_report *report = NULL;
  weir_cancel *cancel = NULL;
  wt_project folder;
  struct ArrowArrayStream rows = {0};
  WT_CHECK(wt_project_make(&folder, small, 2));
  weir_project *project = open_at(folder.root, NULL, 0);
  WT_CHECK(project != NULL);
  again.full_refresh = 1;
  run.select = &again;
  for (int i = 0; i < 3; i++) {
    WT_OK(weir_project_run_with(project, &run, &report, &err));
    weir_report_free(&report);
  }
  WT_EQ_INT(weir_project_read(project, WEIR_PROJECT_HISTORY, &options, &rows, &err),
            WEIR_E_USAGE);
  weir_error_release(&err);
  options.view = "one";
  WT_OK(weir_project_read(project, WEIR_PROJECT_HISTORY, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT version, rows, length(run_id) FROM t",
                    "2|1|36;1|1|36;0|1|36;"));
  options.limit = 1;
  WT_OK(weir_project_read(project, WEIR_PROJECT_HISTORY, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT version FROM t", "2;"));
  WT_OK(weir_cancel_new(&cancel, &err));
  weir_cancel_fire(cancel);
  options.cancel = cancel;
  WT_EQ_INT(weir_project_read(project, WEIR_PROJECT_HISTORY, &options, &rows, &err),
            WEIR_E_CANCELLED);
  weir_error_release(&err);
  weir_cancel_free(&cancel);
  options.cancel = NULL;
  options.view = "two";
  WT_EQ_INT(weir_project_read(project, WEIR_PROJECT_HISTORY, &options, &rows, &err),
            WEIR_E_UNKNOWN_TABLE);
  weir_error_release(&err);
  weir_project_free(&project);
  /* With the view gone, its table is litter. */
  char path[300];
  snprintf(path, sizeof path, "%s/views/one.sql", folder.root);
  WT_CHECK(remove(path) == 0);
  WT_CHECK(
      wt_project_write(&folder, "views/two.sql", small[1].text, strlen(small[1].text)));
  project = open_at(folder.root, NULL, 0);
  WT_CHECK(project != NULL);
  options.view = NULL;
  WT_OK(weir_project_read(project, WEIR_PROJECT_LITTER, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT count(*) FROM t", "0;"));
  options.orphans = 1;
  WT_OK(weir_project_read(project, WEIR_PROJECT_LITTER, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT what FROM t WHERE uri LIKE '%/one'", "orphan;"));
  WT_OK(weir_project_remove_litter(project, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT what FROM t", "orphan;"));
  WT_OK(weir_project_read(project, WEIR_PROJECT_LITTER, &options, &rows, &err));
  WT_CHECK(rows_are(&rows, "SELECT count(*) FROM t", "0;"));
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(kinds_have_names) {
  WT_EQ_STR(weir_node_kind_name(WEIR_NODE_SOURCE), "source");
  WT_EQ_STR(weir_node_kind_name(WEIR_NODE_VIEW), "view");
  WT_EQ_STR(weir_materialized_name(WEIR_MATERIALIZED_VIEW), "view");
  WT_EQ_STR(weir_action_name(WEIR_ACTION_NONE), "none");
  WT_EQ_STR(weir_action_name(WEIR_ACTION_STAND), "stand");
  WT_EQ_STR(weir_task_status_name(WEIR_TASK_SKIP), "skip");
  WT_EQ_STR(weir_run_status_name(WEIR_RUN_INTERRUPTED), "interrupted");
  WT_EQ_STR(weir_event_kind_name(WEIR_EVENT_RUN_FINISHED), "run_finished");
  WT_EQ_STR(weir_litter_kind_name(WEIR_LITTER_SPILL), "spill");
  WT_EQ_STR(weir_litter_kind_name((weir_litter_kind)0), "");
  WT_EQ_STR(weir_action_name((weir_action)77), "");
  WT_EQ_STR(weir_event_kind_name((weir_event_kind)-1), "");
}
