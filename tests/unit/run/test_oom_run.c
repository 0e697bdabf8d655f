/* Allocations of a run of three views fail, one in each trial: what fails says NO_MEMORY, each table is
 * the old or the new one, and the next run ends as one that nobody disturbed. Of each chain of calls
 * that allocates the first, the last and one between; about 60 trials, all of them with
 * WEIR_OOM_SITES=1, each single allocation with WEIR_OOM_ALL=1; both from WEIR_OOM_FROM on. */
#include "common/oom.h"
#include "unit/run/three.h"

enum { WANTED = 60, MOST = 10000000 };

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
    bool ended = strcmp(v->status, "pass") == 0 || strcmp(v->status, "reused") == 0;
    fine = skipped || is_told(v->error) || wrong(trial, v->view, v->error);
    for (int k = 0; k < 3; k++) {
      done[k] = done[k] || (ended && strcmp(v->view, three_views[k]) == 0);
    }
  }
  const weir_diagnostic *warnings = weir_report_warnings(report, &n);
  for (size_t i = 0; i < n && fine; i++) {
    fine = is_told(&warnings[i].error) || wrong(trial, "warning", &warnings[i].error);
  }
  return fine;
}

__attribute__((noinline)) static weir_status work(const wt_project *at,
                                                  weir_report **report, weir_error *err) {
  OOM_WORK_BEGINS();
  return three_run(at, report, err);
}

/* *hit: there is such an allocation; site: of that chain only, or -1. */
static bool disturb(long site, long nth, bool *hit) {
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  wt_project at;
  char trial[64];
  bool done[3] = {false, false, false};
  long live = atomic_load(&oom_live);
  snprintf(trial, sizeof trial, "site %ld, allocation %ld", site, nth);
  if (!three_make(&at)) {
    return false;
  }
  if (site < 0) {
    oom_fail(nth);
  } else {
    oom_fail_site((size_t)site, nth);
  }
  weir_status status = work(&at, &report, &err);
  oom_stop();
  *hit = oom_hit();
  bool fine = status == WEIR_E_RUN_FAILED || is_told(&err) || wrong(trial, "run", &err);
  fine = fine && (report == NULL || check_report(report, done, trial)) &&
         (three_check(&at, done, trial) || wrong(trial, "after it failed", NULL));
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

static size_t watch(void) {
  weir_error err = WEIR_ERROR_INIT;
  wt_project at;
  size_t n = 0;
  if (three_make(&at)) {
    oom_watch();
    weir_status status = work(&at, NULL, &err);
    n = oom_stop_watch();
    n = status == WEIR_OK ? n : 0;
    wt_project_remove(&at);
  }
  weir_error_release(&err);
  return n;
}

static bool wants(const char *name) {
  return getenv(name) != NULL;
}

/* Every single one, from WEIR_OOM_FROM on. */
static void each_one(void) {
  const char *from = getenv("WEIR_OOM_FROM");
  bool hit = true;
  long bad = 0, n = 0;
  for (long nth = from == NULL ? 0 : atol(from); hit; nth++) {
    bad += !disturb(-1, nth, &hit);
    n++;
  }
  printf("  %ld allocations\n", n);
  WT_CHECK(bad == 0 && n > 1000);
}

/* The first allocation of a chain, the last, and one between. */
static size_t of_chain(size_t site, size_t which, long *nth) {
  long times = oom_sites[site].times;
  *nth = which == 0 ? 0 : which == 1 ? times - 1 : times / 2;
  return times > 2 ? 3 : times > 1 ? 2 : 1;
}

WT_TEST(allocations_fail) {
  oom_json();
  size_t all = watch(), n = 0, met = 0, bad = 0;
  WT_CHECK(all > 500 && all < OOM_SITES);
  if (wants("WEIR_OOM_ALL")) {
    each_one();
    return;
  }
  bool every = wants("WEIR_OOM_SITES") || all < WANTED;
  const char *from = getenv("WEIR_OOM_FROM");
  size_t step = every ? 1 : all / WANTED;
  for (size_t site = from == NULL ? 0 : (size_t)atol(from); site < all; site += step) {
    long nth = 0;
    size_t kinds = of_chain(site, 0, &nth);
    for (size_t k = every ? 0 : n % kinds, end = every ? kinds : k + 1; k < end; k++) {
      bool hit = false;
      (void)of_chain(site, k, &nth);
      bad += !disturb((long)site, nth, &hit);
      met += hit;
      n++;
    }
  }
  printf("  %zu trials of %zu chains of calls, %zu of them met again\n", n, all, met);
  WT_CHECK(bad == 0 && n >= WANTED && met > n / 2);
}
