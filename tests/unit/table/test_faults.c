/* Each operation of the store in each write fails, loses its answer, or is the last of its process:
 * afterwards the table is the old or the new one, and the write, sent again, ends as one that nobody
 * disturbed. What the engine does with its own handle is not disturbed. */
#include "common/hooks.h"
#include "unit/table/writes.h"

/* Nothing but what a log names, and what a dead process left. */
static size_t litter(const place *p, size_t files) {
  return data_files(p->store) - files;
}

static bool check_first(const place *p, write what, weir_status status, bool dead,
                        int nth) {
  char rows[256];
  const char *old = old_rows[what] != NULL ? old_rows[what] : "";
  bool readable = read_rows(p, rows, sizeof rows);
  bool is_old = strcmp(rows, old) == 0 && (what != ADJUST || !has_property(p));
  bool is_new = strcmp(rows, new_rows[what]) == 0 && (what != ADJUST || has_property(p));
  bool fine = readable && (is_old || is_new) && (status != WEIR_OK || is_new) &&
              (dead || status == WEIR_OK || status == WEIR_E_AMBIGUOUS || is_old);
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "%s, operation %d: status %s, rows %s", names[what], nth,
            weir_error_code_name(status), rows);
  }
  return fine;
}

static bool check_again(place *p, write what, bool dead, bool ambiguous, int nth) {
  static const size_t files[] = {2, 3, 3, 2,
                                 2}; /* live ones and those that were replaced */
  weir_error err = WEIR_ERROR_INIT;
  wi_write_report report;
  char rows[256];
  weir_status status = write_as(p, what, &report, &err);
  bool fine = status == WEIR_OK && read_rows(p, rows, sizeof rows) &&
              strcmp(rows, new_rows[what]) == 0 && (what != ADJUST || has_property(p)) &&
              (dead || ambiguous || litter(p, files[what]) == 0);
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "%s, operation %d, again: %s %s, rows %s, litter %zu",
            names[what], nth, weir_error_code_name(status), err.message, rows,
            litter(p, files[what]));
  }
  weir_error_release(&err);
  return fine;
}

/* Each operation; under a sanitizer, which is slow, each third. */
#ifdef __SANITIZE_ADDRESS__
enum { STEP = 3 };
#else
enum { STEP = 1 };
#endif

/* false: there is no such operation in the write, or something is wrong. */
static bool disturb(write what, wh_what how, int nth, bool *fine) {
  weir_error err = WEIR_ERROR_INIT;
  wi_write_report report;
  wh_hooks h = {0};
  place p;
  *fine = make(&p, what);
  if (!*fine) {
    return false;
  }
  wh_fault(&h, nth, how);
  wh_on_store(&h, p.store);
  wh_on_new(&h);
  weir_status status = write_as(&p, what, &report, &err);
  wh_off(&h);
  weir_error_release(&err);
  *fine = check_first(&p, what, status, h.dead, nth) &&
          check_again(&p, what, h.dead, status == WEIR_E_AMBIGUOUS, nth);
  leave(&p);
  return *fine && h.fired > 0;
}

static void each_operation(wh_what how) {
  for (int what = CREATE; what < N_WRITES; what++) {
    bool fine = true;
    int nth = 1;
    while (disturb((write)what, how, nth, &fine)) {
      nth += STEP;
    }
    printf("  %s: %d operations\n", names[what], nth - STEP);
    WT_CHECK(fine && nth > 2);
  }
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
