/* Plans and runs of one project object, one after another: the clock, stopping, events, and
 * options of other releases. */
#include <stddef.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

static const wt_file files[] = {
    {"weir.yml",
     "name: served\n"
     "warehouse: ./lake\n"
     "parameters:\n"
     "  at: {type: timestamp, default: run_time}\n"},
    {"views/stamped.sql",
     "/* weir\nmaterialized: table\n*/\nSELECT CAST($at AS TIMESTAMP) AS at\n"},
    {"views/still.sql", "/* weir\nmaterialized: table\n*/\nSELECT 1 AS n\n"},
};

static weir_project *open_at(const char *root, int64_t now_us) {
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  options.path = root;
  options.threads = 2;
  options.now_us = now_us;
  if (weir_project_open(&options, &project, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no project: %s", err.message);
    weir_project_free(&project);
  }
  weir_error_release(&err);
  return project;
}

/* What came of a view in a report. */
static const char *status_of(const weir_report *report, const char *view) {
  size_t n = 0;
  const weir_view_result *views = weir_report_views(report, &n);
  for (size_t i = 0; i < n; i++) {
    if (strcmp(views[i].view, view) == 0) {
      return views[i].status;
    }
  }
  return "missing";
}

/* ---- the clock ---- */

/* A service opens its project once and runs it each day. */
WT_TEST(each_run_has_its_own_time) {
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  wt_project folder;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, 0);
  WT_CHECK(project != NULL);
  for (int i = 0; i < 2; i++) {
    WT_OK(weir_project_run(project, NULL, NULL, &report, &err));
    WT_EQ_STR(status_of(report, "stamped"), "pass");
    WT_EQ_STR(status_of(report, "still"), i == 0 ? "pass" : "reused");
    weir_report_free(&report);
    usleep(2000);
  }
  weir_project_free(&project);
  wt_project_remove(&folder);
}

/* Without a query the session has all tables: views, sources and records. */
WT_TEST(a_session_of_all_has_the_records) {
  static const char *const names[] = {"still",         "weir.runs",     "weir.tasks",
                                      "weir.plans",    "weir.pins",     "weir.commits",
                                      "weir.settings", "weir.warnings", "weir.plugins"};
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  weir_session *session = NULL;
  weir_query *query = NULL;
  wt_project folder;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, 0);
  WT_CHECK(project != NULL);
  WT_OK(weir_project_session(project, NULL, &session, &err)); /* nothing is built */
  weir_session_free(&session);
  WT_OK(weir_project_run(project, NULL, NULL, &report, &err));
  weir_report_free(&report);
  WT_OK(weir_project_session(project, NULL, &session, &err));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT count(*) AS n FROM %s", names[i]);
    WT_OK(weir_query_open(session, sql, NULL, 0, &query, &err));
    weir_query_free(&query);
  }
  weir_session_free(&session);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(a_pinned_clock_stays) {
  weir_error err = WEIR_ERROR_INIT;
  weir_run_options options = WEIR_RUN_OPTIONS_INIT;
  weir_report *report = NULL;
  wt_project folder;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, INT64_C(1767225600000000));
  WT_CHECK(project != NULL);
  static const struct {
    int64_t now_us;
    const char *status;
  } runs[] = {{0, "pass"},
              {0, "reused"},
              {INT64_C(1767312000000000), "pass"},
              {INT64_C(1767312000000000), "reused"},
              {0, "pass"}};
  for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
    options.now_us = runs[i].now_us;
    WT_OK(weir_project_run_with(project, &options, &report, &err));
    WT_EQ_STR(status_of(report, "stamped"), runs[i].status);
    weir_report_free(&report);
  }
  weir_project_free(&project);
  wt_project_remove(&folder);
}

/* ---- stopping ---- */

WT_TEST(a_cancel_stops_no_later_call) {
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  wt_project folder;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, 0);
  WT_CHECK(project != NULL);
  weir_project_cancel(project);
  WT_OK(weir_project_plan(project, NULL, &report, &err));
  weir_report_free(&report);
  weir_project_cancel(project);
  WT_OK(weir_project_run(project, NULL, NULL, &report, &err));
  WT_EQ_STR(weir_report_summary(report).status, "ok");
  weir_report_free(&report);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(a_token_stops_the_call_that_has_not_begun) {
  weir_error err = WEIR_ERROR_INIT;
  weir_run_options options = WEIR_RUN_OPTIONS_INIT;
  weir_report *report = NULL;
  weir_cancel *cancel = NULL;
  wt_project folder;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, 0);
  WT_CHECK(project != NULL);
  WT_OK(weir_cancel_new(&cancel, &err));
  weir_cancel_fire(cancel);
  options.cancel = cancel;
  WT_EQ_INT(weir_project_plan_with(project, &options, &report, &err), WEIR_E_CANCELLED);
  WT_CHECK(report == NULL);
  weir_error_release(&err);
  WT_EQ_INT(weir_project_run_with(project, &options, &report, &err), WEIR_E_CANCELLED);
  WT_CHECK(report == NULL);
  weir_error_release(&err);
  weir_cancel_free(&cancel);
  options.cancel = NULL;
  WT_OK(weir_project_run_with(project, &options, &report, &err));
  weir_report_free(&report);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

typedef struct watch {
  weir_project *project; /* cancelled through it, or through the token */
  weir_cancel *cancel;
  int events[8];
  uint32_t total;
  int wrong;
} watch;

static void on_event(void *ctx, const weir_event *event) {
  watch *w = ctx;
  w->events[event->kind]++;
  w->wrong += event->struct_size != sizeof(*event) || event->summary == NULL;
  if (event->kind == WEIR_EVENT_RUN_STARTED) {
    w->total = event->summary->total;
  }
  if (event->view != NULL) {
    w->wrong += strcmp(event->view->action, weir_action_name(event->action)) != 0 ||
                strcmp(event->view->status, weir_task_status_name(event->status)) != 0;
  }
  if (event->kind == WEIR_EVENT_TASK_STARTED && w->project != NULL) {
    weir_project_cancel(w->project);
  }
  if (event->kind == WEIR_EVENT_TASK_STARTED && w->cancel != NULL) {
    weir_cancel_fire(w->cancel);
  }
}

WT_TEST(events_have_kinds) {
  weir_error err = WEIR_ERROR_INIT;
  weir_run_options options = WEIR_RUN_OPTIONS_INIT;
  weir_report *report = NULL;
  watch w = {0};
  wt_project folder;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, 0);
  WT_CHECK(project != NULL);
  options.on_event = on_event;
  options.event_ctx = &w;
  WT_OK(weir_project_run_with(project, &options, &report, &err));
  WT_EQ_INT(w.events[WEIR_EVENT_RUN_STARTED], 1);
  WT_EQ_INT(w.events[WEIR_EVENT_TASK_STARTED], 2);
  WT_EQ_INT(w.events[WEIR_EVENT_TASK_FINISHED], 2);
  WT_EQ_INT(w.events[WEIR_EVENT_RUN_FINISHED], 1);
  WT_EQ_INT(w.total, 2);
  WT_EQ_INT(w.wrong, 0);
  weir_report_free(&report);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(a_stopped_run_can_be_run_again) {
  for (int by_token = 0; by_token < 2; by_token++) {
    weir_error err = WEIR_ERROR_INIT;
    weir_run_options options = WEIR_RUN_OPTIONS_INIT;
    weir_report *report = NULL;
    watch w = {0};
    wt_project folder;
    WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
    weir_project *project = open_at(folder.root, 0);
    WT_CHECK(project != NULL);
    WT_OK(weir_cancel_new(&w.cancel, &err));
    options.on_event = on_event;
    options.event_ctx = &w;
    options.cancel = w.cancel;
    if (!by_token) {
      options.cancel = NULL;
      weir_cancel_free(&w.cancel);
      w.project = project;
    }
    WT_EQ_INT(weir_project_run_with(project, &options, &report, &err), WEIR_E_CANCELLED);
    WT_CHECK(report != NULL);
    WT_EQ_STR(weir_report_summary(report).status, "interrupted");
    weir_error_release(&err);
    weir_report_free(&report);
    weir_cancel_free(&w.cancel);
    WT_OK(weir_project_run_with(project, NULL, &report, &err));
    WT_EQ_STR(status_of(report, "stamped"), "pass");
    weir_report_free(&report);
    weir_project_free(&project);
    wt_project_remove(&folder);
  }
}

/* ---- options of other releases ---- */

typedef struct larger_select {
  weir_select known;
  uint64_t later;
} larger_select;

WT_TEST(selections_of_other_releases) {
  static const char *const names[] = {"still"};
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  wt_project folder;
  size_t n = 0;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *project = open_at(folder.root, 0);
  WT_CHECK(project != NULL);
  larger_select select = {.known = {.select = names, .n_select = 1}};
  /* 0: nobody looked at it in 0.1; without the excluded; today's; a later one's. */
  const uint32_t sizes[] = {0, offsetof(weir_select, exclude), sizeof(weir_select),
                            sizeof(larger_select)};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    select.known.struct_size = sizes[i];
    WT_OK(weir_project_plan(project, &select.known, &report, &err));
    (void)weir_report_views(report, &n);
    WT_EQ_INT(n, 1);
    weir_report_free(&report);
  }
  /* A field beyond the size is not read. */
  select.known.struct_size = offsetof(weir_select, exclude);
  select.known.n_exclude = 77;
  WT_OK(weir_project_plan(project, &select.known, &report, &err));
  weir_report_free(&report);
  select.known.n_exclude = 0;
  select.known.struct_size = sizeof select;
  select.later = 1;
  WT_EQ_INT(weir_project_plan(project, &select.known, &report, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  select.known.struct_size = sizeof(weir_select);
  select.known.select = NULL;
  WT_EQ_INT(weir_project_plan(project, &select.known, &report, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  weir_project_free(&project);
  wt_project_remove(&folder);
}

WT_TEST(null_arguments_are_told) {
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  weir_project *none = NULL;
  weir_history_entry *entries = NULL;
  weir_clean_item *items = NULL;
  const weir_node *nodes = NULL;
  weir_session *session = NULL;
  struct ArrowArrayStream rows = {0};
  size_t n = 0;
  const weir_status got[] = {
      weir_project_session(NULL, NULL, &session, &err),
      weir_project_session(NULL, NULL, NULL, &err),
      weir_project_open(NULL, NULL, &err),
      weir_project_nodes(NULL, &nodes, &n, &err),
      weir_project_plan(NULL, NULL, &report, &err),
      weir_project_run(NULL, NULL, NULL, &report, &err),
      weir_project_run(NULL, NULL, NULL, NULL, &err),
      weir_project_plan_with(NULL, NULL, &report, &err),
      weir_project_run_with(NULL, NULL, &report, &err),
      weir_project_read(NULL, WEIR_PROJECT_NODES, NULL, &rows, &err),
      weir_project_read(NULL, WEIR_PROJECT_NODES, NULL, NULL, &err),
      weir_project_remove_litter(NULL, NULL, &rows, &err),
      weir_report_read(NULL, WEIR_REPORT_VIEWS, &rows, &err),
      weir_project_history(NULL, "v", 0, &entries, &n, &err),
      weir_project_clean(NULL, 0, 0, &items, &n, &err),
      weir_project_init(NULL, NULL, &err),
  };
  weir_error_release(&err);
  for (size_t i = 0; i < sizeof got / sizeof *got; i++) {
    if (got[i] != WEIR_E_USAGE) {
      wt_fail(__FILE__, __LINE__, "call %zu gave %s", i, weir_error_code_name(got[i]));
    }
  }
  WT_EQ_STR(weir_project_name(NULL), "");
  WT_EQ_STR(weir_project_root(NULL), "");
  WT_EQ_STR(weir_project_warehouse(NULL), "");
  WT_CHECK(weir_project_diagnostics(NULL, &n) == NULL && n == 0);
  WT_CHECK(weir_report_views(NULL, &n) == NULL && weir_report_warnings(NULL, &n) == NULL);
  WT_CHECK(weir_project_diagnostics(NULL, NULL) == NULL);
  WT_CHECK(weir_report_views(NULL, NULL) == NULL &&
           weir_report_warnings(NULL, NULL) == NULL);
  WT_EQ_STR(weir_report_summary(NULL).run_id, "");
  weir_project_cancel(NULL);
  weir_project_free(&none);
  weir_project_free(NULL);
  weir_report_free(NULL);
}

WT_TEST(project_options_of_other_releases) {
  weir_error err = WEIR_ERROR_INIT;
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  wt_project folder;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  options.path = folder.root;
  options.struct_size = offsetof(weir_project_options, profile);
  options.profile = "there is no such profile";
  WT_OK(weir_project_open(&options, &project, &err));
  weir_project_free(&project);
  options.struct_size = 3;
  WT_EQ_INT(weir_project_open(&options, &project, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  WT_EQ_INT(weir_project_open(&options, NULL, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  wt_project_remove(&folder);
}
