/* Each operation of the store in each write, weir's own and the engine's, fails, loses its answer, or
 * is the last of its process: afterwards the table is the old or the new one, the error says that the
 * store failed, and the write, sent again, ends as one that nobody disturbed. */
#include "common/hooks.h"
#include "unit/table/writes.h"

typedef struct trial {
  wh_who who;
  wh_what how;
  write what;
  int nth; /* operation */
} trial;

/* Each operation; under a sanitizer, which is slow, each third. */
#ifdef __SANITIZE_ADDRESS__
enum { STEP = 3 };
#else
enum { STEP = 1 };
#endif

/* What a failing store may be told as: no fault of the table or of weir. */
static bool is_honest(weir_status status) {
  weir_class cls = weir_error_class(status);
  return cls == WEIR_CLASS_NONE || cls == WEIR_CLASS_IO || cls == WEIR_CLASS_AMBIGUOUS;
}

/* Nothing but what a log names, and what a dead process left. */
static size_t litter(const place *p, size_t files) {
  return data_files(p->store) - files;
}

static bool check_first(const place *p, const trial *t, weir_status status, bool dead,
                        const wi_write_report *report, const weir_error *err) {
  char rows[256];
  const char *old = old_rows[t->what] != NULL ? old_rows[t->what] : "";
  bool readable = read_rows(p, rows, sizeof rows);
  bool is_old = strcmp(rows, old) == 0 && (t->what != ADJUST || !has_property(p));
  bool is_new =
      strcmp(rows, new_rows[t->what]) == 0 && (t->what != ADJUST || has_property(p));
  bool fine = readable && (is_old || is_new) && (status != WEIR_OK || is_new) &&
              (dead || status == WEIR_OK || status == WEIR_E_AMBIGUOUS || is_old) &&
              is_honest(status) &&
              (status != WEIR_OK || report->checkpoint == WEIR_E_CHECKPOINT ||
               is_honest(report->checkpoint));
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "%s, operation %d: %s %s, checkpoint %s %s, rows %s",
            names[t->what], t->nth, weir_error_code_name(status), err->message,
            weir_error_code_name(report->checkpoint), report->checkpoint_failed, rows);
  }
  return fine;
}

static bool check_again(place *p, const trial *t, bool dead, bool ambiguous) {
  /* live ones and those that were replaced */
  static const size_t files[] = {2, 3, 3, 2, 2, 3};
  weir_error err = WEIR_ERROR_INIT;
  wi_write_report report;
  char rows[256];
  weir_status status = write_as(p, t->what, &report, &err);
  bool fine = status == WEIR_OK && read_rows(p, rows, sizeof rows) &&
              strcmp(rows, new_rows[t->what]) == 0 &&
              (t->what != ADJUST || has_property(p)) &&
              (dead || ambiguous || litter(p, files[t->what]) == 0);
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "%s, operation %d, again: %s %s, rows %s, litter %zu",
            names[t->what], t->nth, weir_error_code_name(status), err.message, rows,
            litter(p, files[t->what]));
  }
  weir_error_release(&err);
  return fine;
}

/* false: there is no such operation in the write, or something is wrong. */
static bool disturb(const trial *t, bool *fine) {
  weir_error err = WEIR_ERROR_INIT;
  wi_write_report report;
  wh_hooks h = {.who = t->who};
  place p;
  *fine = make(&p, t->what);
  if (!*fine) {
    return false;
  }
  wh_fault(&h, t->nth, t->how);
  wh_on_store(&h, p.store);
  wh_on_new(&h);
  weir_status status = write_as(&p, t->what, &report, &err);
  wh_off(&h);
  *fine = check_first(&p, t, status, h.dead, &report, &err) &&
          check_again(&p, t, h.dead, status == WEIR_E_AMBIGUOUS);
  weir_error_release(&err);
  leave(&p);
  return *fine && h.fired > 0;
}

static void each_operation(wh_who who, wh_what how) {
  for (int what = CREATE; what < N_WRITES; what++) {
    bool fine = true;
    trial t = {who, how, (write)what, 1};
    while (disturb(&t, &fine)) {
      t.nth += STEP;
    }
    printf("  %s: %d operations\n", names[what], t.nth - STEP);
    WT_CHECK(fine && t.nth > 2);
  }
}

WT_TEST(each_operation_fails) {
  each_operation(WH_OURS, WH_FAIL);
}

WT_TEST(each_operation_loses_its_answer) {
  each_operation(WH_OURS, WH_LOSE);
}

WT_TEST(each_operation_is_the_last) {
  each_operation(WH_OURS, WH_KILL);
}

WT_TEST(each_operation_is_the_last_one_done) {
  each_operation(WH_OURS, WH_KILL_AFTER);
}

WT_TEST(each_operation_of_the_engine_fails) {
  each_operation(WH_ENGINES, WH_FAIL);
}

WT_TEST(each_operation_of_the_engine_loses_its_answer) {
  each_operation(WH_ENGINES, WH_LOSE);
}

WT_TEST(each_operation_of_the_engine_is_the_last) {
  each_operation(WH_ENGINES, WH_KILL);
}

WT_TEST(each_operation_of_the_engine_is_the_last_one_done) {
  each_operation(WH_ENGINES, WH_KILL_AFTER);
}

/* ---- a file that is written in parts; a store keeps those of one that nobody gives up ---- */

enum { LARGE_ROWS = 1000, LARGE_TEXT = 20000 };

/* Of noise, so that it does not become small. */
static struct ArrowArrayStream large_rows(void) {
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
  static char texts[LARGE_ROWS][LARGE_TEXT + 1];
  static const char *table[2 * LARGE_ROWS];
  uint64_t state = 1;
  bool made = table[1] != NULL;
  for (size_t i = 0; i < LARGE_ROWS && !made; i++) {
    for (size_t k = 0; k < LARGE_TEXT; k++) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      texts[i][k] = letters[state >> 58];
    }
  }
  for (size_t i = 0; i < LARGE_ROWS; i++) {
    table[2 * i] = "5";
    table[2 * i + 1] = texts[i];
  }
  return rows_stream("id l, name u", table, LARGE_ROWS);
}

static weir_status write_large(const place *p, weir_error *err) {
  struct ArrowArrayStream stream = large_rows();
  wi_write_report report;
  const wi_write_request w = {.session = p->session,
                              .uri = wi_store_uri(p->store),
                              .mode = WI_WRITE_APPEND,
                              .app = {.id = APP, .version = 2}};
  return wi_write_stream(&w, &stream, &report, err);
}

static bool counts(const place *p, const char *rows) {
  wf_input inputs[] = {{.name = "t", .uri = wi_store_uri(p->store), .version = -1}};
  weir_session *s = wf_session(inputs, 1);
  bool fine =
      s != NULL && wf_expect(s, "SELECT count(*), count(DISTINCT name) FROM t", rows);
  weir_session_free(&s);
  return fine;
}

static bool disturb_large(wh_hooks *h, int given_up) {
  weir_error err = WEIR_ERROR_INIT;
  place p;
  bool fine = make(&p, REPLACE_ALL);
  wh_on_new(h);
  weir_status status = fine ? write_large(&p, &err) : WEIR_OK;
  wh_off(h);
  fine = fine && h->fired == h->n_rules && h->count[WH_ENGINE(ABORT)] == given_up &&
         status != WEIR_OK && is_honest(status) && counts(&p, "2|2;") &&
         litter(&p, 1) == 0 && write_large(&p, NULL) == WEIR_OK &&
         counts(&p, "1002|1002;") && litter(&p, 2) == 0;
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "way %d of %s %d: %s %s", (int)h->rules[0].what,
            wh_op_name(h->rules[0].op), h->rules[0].nth, weir_error_code_name(status),
            err.message);
  }
  weir_error_release(&err);
  leave(&p);
  return fine;
}

WT_TEST(each_part_of_a_large_file_fails_or_loses_its_answer) {
  static const struct {
    int op, nth;
  } ops[] = {{WH_ENGINE(UPLOAD), 1},
             {WH_ENGINE(PART), 1},
             {WH_ENGINE(PART), 2},
             {WH_ENGINE(COMPLETE), 1}};
  for (size_t i = 0; i < 4; i++) {
    for (int how = WH_FAIL; how <= WH_LOSE; how++) {
      wh_hooks h = {.who = WH_ENGINES};
      wh_run(&h, ops[i].op, NULL, ops[i].nth, (wh_what)how, NULL, NULL);
      WT_CHECK(disturb_large(&h, ops[i].op != WH_ENGINE(UPLOAD)));
    }
  }
}

WT_TEST(the_parts_of_a_large_file_cannot_be_given_up) {
  wh_hooks h = {.who = WH_ENGINES};
  wh_run(&h, WH_ENGINE(PART), NULL, 2, WH_FAIL, NULL, NULL);
  wh_run(&h, WH_ENGINE(ABORT), NULL, 1, WH_FAIL, NULL, NULL);
  WT_CHECK(disturb_large(&h, 1));
}
