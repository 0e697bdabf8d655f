/* Each allocation of each write fails once: the write says so or does without, and the table is
 * the old or the new one, and nothing leaks; sent again it ends as one that nobody disturbed. About 40 of each write,
 * all of them with WEIR_OOM_ALL=1. */
#include "common/oom.h"
#include "unit/table/writes.h"

enum { WANTED = 40, MOST = 100000 };

typedef struct trial {
  write what;
  long nth;
  weir_status status;
  weir_error err;
} trial;

static bool wrong(const trial *t, const char *what, const char *rows) {
  wt_fail(__FILE__, __LINE__, "%s, allocation %ld: %s: status %s %s, rows %s",
          names[t->what], t->nth, what, weir_error_code_name(t->status), t->err.message,
          rows);
  oom_show();
  return false;
}

static void attempt(place *p, trial *t) {
  wi_write_report report;
  weir_error_release(&t->err);
  oom_fail(t->nth);
  t->status = write_as(p, t->what, &report, &t->err);
  oom_stop();
}

/* *is_new: the write is in the table. */
static bool check(const place *p, const trial *t, bool *is_new) {
  char rows[256] = "";
  const char *old = old_rows[t->what] != NULL ? old_rows[t->what] : "";
  if (!read_rows(p, rows, sizeof rows)) {
    return wrong(t, "the table cannot be read", rows);
  }
  *is_new =
      strcmp(rows, new_rows[t->what]) == 0 && (t->what != ADJUST || has_property(p));
  if (!*is_new && strcmp(rows, old) != 0) {
    return wrong(t, "neither old nor new", rows);
  }
  if (t->status != (oom_hit() && t->status != WEIR_OK ? WEIR_E_NO_MEMORY : WEIR_OK)) {
    return wrong(t, "another error", rows);
  }
  return t->status != WEIR_OK || *is_new || wrong(t, "it said it was written", rows);
}

/* A failure that left the old table stands for the next trial, but now and then the write is sent
 * again first. */
static bool each_of(write what, long step, long *n) {
  trial t = {.what = what};
  place p;
  long live = atomic_load(&oom_live);
  bool fine = make(&p, what), is_new = false, hit = true;
  for (t.nth = 0; fine && hit && t.nth < MOST; t.nth += step) {
    attempt(&p, &t);
    hit = oom_hit();
    fine = check(&p, &t, &is_new);
    if (fine && (is_new || *n % 8 == 7)) {
      weir_error_release(&t.err);
      wi_write_report report;
      t.status = write_as(&p, what, &report, &t.err);
      fine = (is_new && what == CREATE && t.status == WEIR_E_TABLE_EXISTS) ||
             t.status == WEIR_OK || wrong(&t, "sent again", "");
      t.status = WEIR_OK;
      fine = fine && check(&p, &t, &is_new);
      leave(&p);
      weir_error_release(&t.err);
      fine = fine && (atomic_load(&oom_live) == live || wrong(&t, "a leak", ""));
      fine = make(&p, what) && fine;
    }
    (*n)++;
  }
  leave(&p);
  weir_error_release(&t.err);
  return fine && (atomic_load(&oom_live) == live || wrong(&t, "a leak", ""));
}

static long count(write what) {
  wi_write_report report;
  weir_error err = WEIR_ERROR_INIT;
  place p;
  long n = -1;
  if (make(&p, what)) {
    oom_fail(MOST);
    n = write_as(&p, what, &report, &err) == WEIR_OK ? MOST - atomic_load(&oom_left) : -1;
    oom_stop();
  }
  weir_error_release(&err);
  leave(&p);
  return n;
}

WT_TEST(each_allocation_fails) {
  oom_json();
  for (int what = CREATE; what < N_WRITES; what++) {
    long all = count((write)what), n = 0;
    WT_CHECK(all > 100);
    bool fine = each_of((write)what, oom_step(all, WANTED), &n);
    printf("  %s: %ld of %ld allocations\n", names[what], n, all);
    WT_CHECK(fine && n > WANTED / 2);
  }
}
