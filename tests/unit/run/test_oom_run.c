/* Allocations of a run of three views fail, one in each trial: what fails says NO_MEMORY, each table is
 * the old or the new one, and the next run ends as one that nobody disturbed. About 40 of all, all of
 * them with WEIR_OOM_ALL=1. */
#include "common/oom.h"
#include "unit/run/three.h"

enum { WANTED = 40, MOST = 10000000 };

static bool is_told(const weir_error *err) {
  return err == NULL || err->code == WEIR_OK || err->code == WEIR_E_NO_MEMORY;
}

static bool wrong(const char *trial, const char *what, const weir_error *err) {
  wt_fail(__FILE__, __LINE__, "%s: %s: %s %s", trial, what,
          weir_error_code_name(err == NULL ? WEIR_OK : err->code),
          err == NULL ? "" : err->message);
  oom_show();
  return false;
}

/* What the run says of each view; a view without an error was committed or is up to date. */
static bool check_report(const weir_report *report, bool done[3], const char *trial) {
  size_t n = 0;
  const weir_view_result *views = weir_report_views(report, &n);
  bool fine = true;
  for (size_t i = 0; i < n && fine; i++) {
    const weir_view_result *v = &views[i];
    bool skipped = strcmp(v->status, "skip") == 0;
    fine = skipped || is_told(v->error) || wrong(trial, v->view, v->error);
    for (int k = 0; k < 3; k++) {
      done[k] = done[k] || (strcmp(v->view, three_views[k]) == 0 && v->error == NULL &&
                            !skipped && strcmp(v->status, "error") != 0);
    }
  }
  const weir_diagnostic *warnings = weir_report_warnings(report, &n);
  for (size_t i = 0; i < n && fine; i++) {
    fine = is_told(&warnings[i].error) || wrong(trial, "warning", &warnings[i].error);
  }
  return fine;
}

/* *hit: there is such an allocation. */
static bool disturb(long nth, bool *hit) {
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  wt_project at;
  char trial[64];
  bool done[3] = {false, false, false};
  long live = atomic_load(&oom_live);
  snprintf(trial, sizeof trial, "allocation %ld", nth);
  if (!three_make(&at)) {
    return false;
  }
  oom_fail(nth);
  weir_status status = three_run(&at, &report, &err);
  oom_stop();
  *hit = oom_hit();
  bool fine = status == WEIR_E_RUN_FAILED || is_told(&err) || wrong(trial, "run", &err);
  fine = fine && (report == NULL || check_report(report, done, trial)) &&
         three_check(&at, done, trial);
  weir_report_free(&report);
  weir_error_release(&err);
  if (fine && three_run(&at, NULL, &err) != WEIR_OK) {
    fine = wrong(trial, "the next run", &err);
  }
  weir_error_release(&err);
  fine = fine && three_check(&at, three_all, trial);
  wt_project_remove(&at);
  return fine && (atomic_load(&oom_live) == live || wrong(trial, "a leak", NULL));
}

static long count(void) {
  weir_error err = WEIR_ERROR_INIT;
  wt_project at;
  long n = -1;
  if (three_make(&at)) {
    oom_fail(MOST);
    n = three_run(&at, NULL, &err) == WEIR_OK ? MOST - atomic_load(&oom_left) : -1;
    oom_stop();
    wt_project_remove(&at);
  }
  weir_error_release(&err);
  return n;
}

WT_TEST(allocations_fail) {
  oom_json();
  long all = count(), n = 0, bad = 0;
  WT_CHECK(all > 1000);
  const char *from = getenv("WEIR_OOM_FROM");
  bool hit = true;
  for (long nth = from == NULL ? 0 : atol(from); hit; nth += oom_step(all, WANTED)) {
    bad += !disturb(nth, &hit);
    n++;
  }
  printf("  %ld of %ld allocations\n", n, all);
  WT_CHECK(bad == 0 && n > WANTED / 2);
}
