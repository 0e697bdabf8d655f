/* A project of three views that was built, and its source has a row more since: for tests that
 * disturb the run that follows. */
#ifndef TESTS_UNIT_RUN_THREE_H
#define TESTS_UNIT_RUN_THREE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fixtures.h"
#include "common/test.h"

static const wt_file files[] = {
    {"weir.yml", "name: shop\nwarehouse: ./lake\nsources:\n  src: {table: ./src}\n"},
    {"views/v1.sql", "/* weir\nkey: [n]\n*/\nSELECT n FROM src\n"},
    {"views/v2.sql", "SELECT n + 10 AS n FROM v1\n"},
    {"views/v3.sql", "SELECT sum(n) AS n FROM v2\n"},
};
static const char *const three_views[] = {"v1", "v2", "v3"};
static const char *const old_rows[] = {"1;", "11;", "11;"};
static const char *const new_rows[] = {"1;2;", "11;12;", "23;"};
static const char *const cells[] = {"1", "2"};

/* *report (NULL: not wanted) is the caller's. */
static inline weir_status three_run(const wt_project *at, weir_report **out,
                                    weir_error *err) {
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *project = NULL;
  weir_report *report = NULL;
  options.path = at->root;
  options.threads = 2;
  weir_status status = weir_project_open(&options, &project, err);
  if (status == WEIR_OK) {
    status = weir_project_run(project, NULL, NULL, &report, err);
  }
  if (out != NULL) {
    *out = report;
    report = NULL;
  }
  weir_report_free(&report);
  weir_project_free(&project);
  return status;
}

static inline bool three_build(wt_project *at) {
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
              three_run(at, NULL, &err) == WEIR_OK &&
              wf_rows(&rows, "n:l!", cells + 1, 1) &&
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

static wt_project three_first; /* built once; trials work on copies */

static inline void three_forget(void) {
  wt_project_remove(&three_first);
}

/* A project that was built, and its source has a row more since. */
static inline bool three_make(wt_project *at) {
  if (three_first.root[0] == '\0') {
    if (!three_build(&three_first)) {
      return false;
    }
    (void)atexit(three_forget);
  }
  return wt_project_copy(&three_first, at);
}

/* Each view's rows are old or new, and new where must_be_new says so; `what` is for the failure. */
static inline bool three_check(const wt_project *at, const bool must_be_new[3],
                               const char *what) {
  wf_input inputs[3];
  char uris[3][256];
  for (int i = 0; i < 3; i++) {
    snprintf(uris[i], sizeof uris[i], "%s/lake/%s", at->root, three_views[i]);
    inputs[i] = (wf_input){.name = three_views[i], .uri = uris[i], .version = -1};
  }
  weir_session *s = wf_session(inputs, 3);
  bool fine = s != NULL;
  for (int i = 0; i < 3 && fine; i++) {
    weir_error err = WEIR_ERROR_INIT;
    char sql[64], rows[256] = "";
    snprintf(sql, sizeof sql, "SELECT n FROM %s ORDER BY n", three_views[i]);
    fine = wf_query(s, sql, rows, sizeof rows, &err) == WEIR_OK &&
           (strcmp(rows, new_rows[i]) == 0 ||
            (!must_be_new[i] && strcmp(rows, old_rows[i]) == 0));
    if (!fine) {
      wt_fail(__FILE__, __LINE__, "%s: %s has %s %s", what, three_views[i], rows,
              err.message);
    }
    weir_error_release(&err);
  }
  weir_session_free(&s);
  return fine;
}

static const bool three_any[3] = {false, false, false}, three_all[3] = {true, true, true};

#endif
