/* Each operation of the stores of a run of three views fails, loses its answer, or is the last of its
 * process: afterwards each table is the old or the new one, and the next run ends as one that nobody
 * disturbed. What the engine does with its own handle is not disturbed. */
#include "common/hooks.h"
#include "unit/run/three.h"

/* Each operation; under a sanitizer, which is slow, each third. */
#ifdef __SANITIZE_ADDRESS__
enum { STEP = 3 };
#else
enum { STEP = 1 };
#endif

/* false: there is no such operation, or something is wrong. */
static bool disturb(wh_what how, int nth, bool *fine) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {0};
  wt_project at;
  char what[64];
  snprintf(what, sizeof what, "way %d, operation %d", (int)how, nth);
  *fine = three_make(&at);
  if (!*fine) {
    return false;
  }
  wh_run(&h, 0, NULL, nth, how, NULL, NULL);
  wh_of(&h, "/lake/");
  wh_on_new(&h);
  (void)three_run(&at, NULL, &err);
  wh_off(&h);
  weir_error_release(&err);
  *fine = three_check(&at, three_any, what);
  if (*fine && three_run(&at, NULL, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s: the next run: %s", what, err.message);
    *fine = false;
  }
  weir_error_release(&err);
  *fine = *fine && three_check(&at, three_all, what);
  wt_project_remove(&at);
  return *fine && h.fired > 0;
}

static void each_operation(wh_what how) {
  bool fine = true;
  int nth = 1;
  while (disturb(how, nth, &fine)) {
    nth += STEP;
  }
  printf("  %d operations\n", nth - STEP);
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
