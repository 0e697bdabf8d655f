/* A run of three views of which one operation of the stores is disturbed: afterwards each table is the
 * old or the new one, the errors say that a store failed, and the next run ends as one that nobody
 * disturbed. */
#ifndef TESTS_UNIT_RUN_FAULTS_H
#define TESTS_UNIT_RUN_FAULTS_H

#include <stdlib.h>

#include "common/hooks.h"
#include "unit/run/three.h"

/* Each operation; under a sanitizer, which is slow, each third. */
#ifdef __SANITIZE_ADDRESS__
enum { STEP = 3 };
#else
enum { STEP = 1 };
#endif

/* What a failing store may be told as: no fault of the table or of weir. */
static inline bool is_honest(const weir_error *err) {
  weir_class cls = err == NULL ? WEIR_CLASS_NONE : weir_error_class(err->code);
  return cls == WEIR_CLASS_NONE || cls == WEIR_CLASS_IO || cls == WEIR_CLASS_AMBIGUOUS;
}

static inline bool check_errors(const weir_report *report, const weir_error *err,
                                const char *what) {
  size_t n = 0;
  const weir_view_result *views = report != NULL ? weir_report_views(report, &n) : NULL;
  bool fine = err->code == WEIR_E_RUN_FAILED || is_honest(err);
  const weir_error *bad = err;
  for (size_t i = 0; i < n && fine; i++) {
    bad = views[i].error;
    fine = is_honest(bad);
  }
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "%s: told as %s %s", what,
            weir_error_code_name(bad->code), bad->message);
  }
  return fine;
}

typedef struct trial {
  wh_who who;
  int ops; /* as of wh_rule: any, or those that change a store */
  wh_what how;
  int nth;
} trial;

/* The project of three.h, built once and then put back as it was. */
static inline bool again(wt_project *at, bool first) {
  char command[512];
  if (first && !three_make(at)) {
    return false;
  }
  snprintf(command, sizeof command,
           first ? "cp -a '%s' '%s.built'" : "rm -rf '%s' && cp -a '%s.built' '%s'",
           at->root, at->root, at->root);
  return system(command) == 0;
}

static inline void leave(wt_project *at) {
  char built[256];
  snprintf(built, sizeof built, "%s.built", at->root);
  (void)wi_dir_remove_all(built, NULL);
  wt_project_remove(at);
}

/* false: there is no such operation, or something is wrong. */
static inline bool disturb(const wt_project *at, const trial *t, bool *fine) {
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  wh_hooks h = {.who = t->who};
  char what[64];
  snprintf(what, sizeof what, "way %d, operation %d", (int)t->how, t->nth);
  wh_run(&h, t->ops, NULL, t->nth, t->how, NULL, NULL);
  wh_on_new(&h);
  (void)three_run(at, &report, &err);
  wh_off(&h);
  *fine = check_errors(report, &err, what) && three_check(at, three_any, what);
  weir_report_free(&report);
  weir_error_release(&err);
  if (*fine && three_run(at, NULL, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s: the next run: %s", what, err.message);
    *fine = false;
  }
  weir_error_release(&err);
  *fine = *fine && three_check(at, three_all, what);
  return *fine && h.fired > 0;
}

static inline void each_operation(wh_who who, int ops, wh_what how) {
  bool fine = true;
  wt_project at;
  trial t = {who, ops, how, 1};
  while (fine && again(&at, t.nth == 1) && disturb(&at, &t, &fine)) {
    t.nth += STEP;
  }
  leave(&at);
  printf("  %d operations\n", t.nth - STEP);
  WT_CHECK(fine && t.nth > (ops == WH_CHANGES ? 4 : 10));
}

#endif
