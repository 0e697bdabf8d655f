/* Each operation of the stores of a run of three views fails, loses its answer, or is the last of its
 * process: afterwards each table is the old or the new one, and the next run ends as one that nobody
 * disturbed. What the engine does with its own handle is not disturbed. */
#include <stdlib.h>

#include "common/fixtures.h"
#include "common/hooks.h"
#include "common/test.h"

static const wt_file files[] = {
    {"weir.yml", "name: shop\nwarehouse: ./lake\nsources:\n  src: {table: ./src}\n"},
    {"views/v1.sql", "/* weir\nkey: [n]\n*/\nSELECT n FROM src\n"},
    {"views/v2.sql", "SELECT n + 10 AS n FROM v1\n"},
    {"views/v3.sql", "SELECT sum(n) AS n FROM v2\n"},
};
static const char *const views[] = {"v1", "v2", "v3"};
static const char *const old_rows[] = {"1;", "11;", "11;"};
static const char *const new_rows[] = {"1;2;", "11;12;", "23;"};
static const char *const cells[] = {"1", "2"};

static weir_status run(const wt_project *at, weir_error *err) {
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  weir_report *report = NULL;
  options.path = at->root;
  options.threads = 2;
  weir_status status = weir_project_open(&options, &project, err);
  if (status == WEIR_OK) {
    status = weir_project_run(project, NULL, NULL, &report, err);
  }
  weir_report_free(&report);
  weir_project_free(&project);
  return status;
}

/* A project that was built, and its source has a row more since. */
static bool make(wt_project *at) {
  weir_error err = WEIR_ERROR_INIT;
  weir_write_result r;
  struct ArrowArrayStream rows;
  char uri[256];
  if (!wt_project_make(at, WT_FILES(files))) {
    return false;
  }
  snprintf(uri, sizeof uri, "%s/src", at->root);
  weir_session *s = wf_session(NULL, 0);
  bool fine = s != NULL && wf_table(uri, "n:l!", cells, 1, NULL) &&
              run(at, &err) == WEIR_OK && wf_rows(&rows, "n:l!", cells + 1, 1) &&
              weir_table_append(s, uri, &rows, NULL, &r, &err) == WEIR_OK;
  if (fine) {
    weir_write_result_release(&r);
  } else {
    wt_fail(__FILE__, __LINE__, "no project: %s", err.message);
  }
  weir_error_release(&err);
  weir_session_free(&s);
  return fine;
}

/* Each view's rows are old or new; `all_new`: all are new. */
static bool check(const wt_project *at, bool all_new, wh_what how, int nth) {
  bool fine = true;
  for (int i = 0; i < 3 && fine; i++) {
    weir_error err = WEIR_ERROR_INIT;
    char uri[256], rows[256] = "";
    snprintf(uri, sizeof uri, "%s/lake/%s", at->root, views[i]);
    wf_input inputs[] = {{.name = "t", .uri = uri, .version = -1}};
    weir_session *s = wf_session(inputs, 1);
    fine =
        s != NULL &&
        wf_query(s, "SELECT n FROM t ORDER BY n", rows, sizeof rows, &err) == WEIR_OK &&
        (strcmp(rows, new_rows[i]) == 0 || (!all_new && strcmp(rows, old_rows[i]) == 0));
    weir_session_free(&s);
    if (!fine) {
      wt_fail(__FILE__, __LINE__, "way %d, operation %d%s: %s has %s %s", (int)how, nth,
              all_new ? ", the next run" : "", views[i], rows, err.message);
    }
    weir_error_release(&err);
  }
  return fine;
}

/* false: there is no such operation, or something is wrong. */
static bool disturb(wh_what how, int nth, bool *fine) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {0};
  wt_project at;
  *fine = make(&at);
  if (!*fine) {
    return false;
  }
  wh_run(&h, 0, NULL, nth, how, NULL, NULL);
  wh_of(&h, "/lake/v");
  wh_on_new(&h);
  (void)run(&at, &err);
  wh_off(&h);
  weir_error_release(&err);
  *fine = check(&at, false, how, nth);
  if (*fine && run(&at, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "way %d, operation %d: the next run: %s", (int)how, nth,
            err.message);
    *fine = false;
  }
  weir_error_release(&err);
  *fine = *fine && check(&at, true, how, nth);
  wt_project_remove(&at);
  return *fine && h.fired > 0;
}

static void each_operation(wh_what how) {
  bool fine = true;
  int nth = 1;
  while (disturb(how, nth, &fine)) {
    nth++;
  }
  printf("  %d operations\n", nth - 1);
  WT_CHECK(fine && nth > 10);
}

WT_TEST(each_operation_fails) {
  each_operation(WH_FAIL);
}

WT_TEST(each_operation_loses_its_answer) {
  each_operation(WH_LOSE);
}

WT_TEST(each_operation_is_the_last) {
  each_operation(WH_KILL);
}

WT_TEST(each_operation_is_the_last_one_done) {
  each_operation(WH_KILL_AFTER);
}
