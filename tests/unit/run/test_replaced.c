/* Tables that are taken away during a run, with another one put in their place which has as many
 * versions: what was read of one is not told of the other. */
#include "unit/run/meanwhile.h"

static const wt_file two_views[] = {
    {"weir.yml",
     "name: shop\nwarehouse: ./lake\nsources:\n  src: {table: ./src}\n"
     "parameters:\n  k: {type: int64, default: 0}\n"},
    {"views/daily.sql", "SELECT n + $k AS n FROM src\n"},
    {"views/late.sql", "SELECT n FROM daily\n"},
};
static const char with_contract[] =
    "/* weir\nconstraints:\n  positive: n > 0\n*/\nSELECT n + $k AS n FROM src\n";

/* Not each operation under the address sanitizer, which makes a run slow. */
#ifdef __SANITIZE_ADDRESS__
enum { STEP = 5 };
#else
enum { STEP = 1 };
#endif

/* Two folders change places, from wherever that is called. */
typedef struct swap {
  char a[256], b[256], between[256];
  bool swapped;
} swap;

static void swap_of(const wt_project *at, const wt_project *other, const char *table,
                    swap *out) {
  snprintf(out->a, sizeof out->a, "%s/%s", at->root, table);
  snprintf(out->b, sizeof out->b, "%s/%s", other->root, table);
  snprintf(out->between, sizeof out->between, "%s/swapped", other->root);
  out->swapped = false;
}

static void swap_now(void *ctx) {
  swap *s = ctx;
  if (rename(s->a, s->between) != 0 || rename(s->b, s->a) != 0 ||
      rename(s->between, s->b) != 0) {
    wt_fail(__FILE__, __LINE__, "%s was not replaced", s->a);
  }
  s->swapped = !s->swapped;
}

static void swap_back(void *ctx) {
  swap *s = ctx;
  if (s->swapped) {
    swap_now(s);
  }
}

static bool late_has(const wt_project *at, const char *rows) {
  return rows_are(at, "late", rows);
}

static bool make(wt_project *at, const char *const *cell) {
  char uri[256];
  if (!wt_project_make(at, WT_FILES(two_views))) {
    return false;
  }
  snprintf(uri, sizeof uri, "%s/src", at->root);
  return wf_table(uri, "n:l!", cell, 1, NULL);
}

/* One trial: `table` is swapped before the nth operation of anybody on it (`op`: before the nth time
 * that the engine begins to open it). It comes back when `reader` stages its rows (NULL: after the
 * run), and the next run has to make of it what belongs to it. *fired false: there are fewer. */
static void trial(const char *table, int op, const char *reader, int nth, bool *fired) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {.who = WH_BOTH};
  wt_project at, other;
  seen s;
  swap tables;
  WT_CHECK(make(&at, cells) && make(&other, cells + 1));
  WT_OK(run_with(&other, &s, "k=20", &err));
  swap_of(&at, &other, table, &tables);
  if (strcmp(table, "src") != 0) { /* it is there, to be built again by the run */
    WT_OK(run_with(&at, &s, "k=30", &err));
    WT_OK(run_with(&other, &s, "k=40", &err));
  }
  wh_run(&h, op, op != 0 ? "_last_checkpoint" : NULL, nth, WH_BEFORE, swap_now, &tables);
  wh_of(&h, tables.a);
  if (reader != NULL) {
    wh_run(&h, WH_ENGINE(PUT), NULL, 1, WH_BEFORE, swap_back, &tables);
    wh_of(&h, reader);
  }
  wh_on_new(&h);
  weir_status status = run(&at, &s, &err);
  wh_off(&h);
  *fired = h.rules[0].seen >= nth;
  weir_error_release(&err);
  if (status == WEIR_OK && !tables.swapped) {
    WT_CHECK(late_has(&at, "1;"));
  }
  if (tables.swapped) {
    swap_now(&tables);
  }
  WT_OK(run(&at, &s, &err));
  if (!view_has(&at, "1;") || !late_has(&at, "1;")) {
    wt_fail(__FILE__, __LINE__, "%s swapped before operation %d", table, nth);
  }
  wt_project_remove(&at);
  wt_project_remove(&other);
}

WT_TEST(a_source_is_read_as_it_was_pinned) {
  bool fired = true;
  for (int nth = 1; fired; nth += STEP) {
    trial("src", 0, NULL, nth, &fired);
    WT_CHECK(nth < 100 && (nth > 4 || fired));
  }
}

WT_TEST(a_view_is_read_as_it_was_built) {
  bool fired = true;
  for (int nth = 1; fired; nth += STEP) {
    trial("lake/daily", 0, NULL, nth, &fired);
    WT_CHECK(nth < 200 && (nth > 4 || fired));
  }
}

/* Also where it is back before the view that read it commits. */
WT_TEST(what_is_opened_is_what_was_pinned) {
  static const char *const tables[][2] = {{"src", "lake/daily"},
                                          {"lake/daily", "lake/late"}};
  for (size_t t = 0; t < 2; t++) {
    bool fired = true;
    for (int nth = 1; fired; nth += STEP) {
      trial(tables[t][0], WH_ENGINE(GET), tables[t][1], nth, &fired);
      WT_CHECK(nth < 50 && (nth > 1 || fired));
    }
  }
}

/* And where the view that is read was built before, and is reused. */
WT_TEST(what_is_reused_is_what_was_found) {
  static const char again[] = "SELECT n + 0 AS n FROM daily\n";
  bool fired = true;
  for (int nth = 1; fired; nth += STEP) {
    weir_error err = WEIR_ERROR_INIT;
    wh_hooks h = {.who = WH_BOTH};
    wt_project at, other;
    seen s;
    swap tables;
    WT_CHECK(make(&at, cells) && make(&other, cells));
    WT_OK(run(&at, &s, &err));
    WT_OK(run_with(&other, &s, "k=20", &err));
    WT_CHECK(wt_project_write(&at, "views/late.sql", again, strlen(again)));
    swap_of(&at, &other, "lake/daily", &tables);
    wh_run(&h, WH_ENGINE(GET), "_last_checkpoint", nth, WH_BEFORE, swap_now, &tables);
    wh_of(&h, tables.a);
    wh_run(&h, WH_ENGINE(PUT), NULL, 1, WH_BEFORE, swap_back, &tables);
    wh_of(&h, "lake/late");
    wh_on_new(&h);
    (void)run(&at, &s, &err);
    wh_off(&h);
    fired = h.rules[0].seen >= nth;
    swap_back(&tables);
    weir_error_release(&err);
    WT_OK(run(&at, &s, &err));
    WT_CHECK(view_has(&at, "1;") && late_has(&at, "1;"));
    wt_project_remove(&at);
    wt_project_remove(&other);
    WT_CHECK(nth < 50 && (nth > 1 || fired));
  }
}

/* Rows that a view replaces are those of the table that it was decided for. */
WT_TEST(a_base_is_the_table_that_was_decided_upon) {
  bool fired = true;
  for (int nth = 1; fired; nth += STEP) {
    weir_error err = WEIR_ERROR_INIT;
    wh_hooks h = {.who = WH_BOTH};
    wt_project at, other;
    seen s;
    swap tables;
    WT_CHECK(make(&at, cells) && make(&other, cells));
    WT_OK(run(&at, &s, &err));
    WT_OK(run_with(&other, &s, "k=20", &err));
    swap_of(&at, &other, "lake/daily", &tables);
    wh_run(&h, WH_ENGINE(GET), "_last_checkpoint", nth, WH_BEFORE, swap_now, &tables);
    wh_of(&h, tables.a);
    wh_run(&h, WH_ENGINE(PUT), NULL, 0, WH_BEFORE, swap_back, &tables);
    wh_of(&h, tables.a);
    wh_on_new(&h);
    (void)run_with(&at, &s, "k=30", &err);
    wh_off(&h);
    fired = h.rules[0].seen >= nth;
    swap_back(&tables);
    weir_error_release(&err);
    WT_OK(run_with(&at, &s, "k=30", &err));
    WT_CHECK(view_has(&at, "31;") && late_has(&at, "31;"));
    wt_project_remove(&at);
    wt_project_remove(&other);
    WT_CHECK(nth < 50 && (nth > 1 || fired));
  }
}

/* Its newest version has a checkpoint alone. */
static bool cut(const wt_project *at) {
  weir_error err = WEIR_ERROR_INIT;
  others view;
  char path[64];
  const char *const paths[] = {path};
  wi_log_commit_path(1, path);
  bool fine = others_open(at, "lake/daily", &view, &err) == WEIR_OK &&
              maintain(&view, 1, &err) == WEIR_OK &&
              wi_delta_checkpoint(view.engine, view.store, 1, &err) == WEIR_OK &&
              wi_store_remove(view.store, paths, 1, &err) == WEIR_OK;
  others_close(&view);
  weir_error_release(&err);
  return fine;
}

/* No commit says what it is, and the run does not build it: its files do. */
WT_TEST(an_upstream_that_stands_is_told_by_its_files) {
  weir_error err = WEIR_ERROR_INIT;
  wt_project at, other;
  seen s;
  swap tables;
  WT_CHECK(make(&at, cells) && make(&other, cells + 1));
  WT_OK(run(&at, &s, &err));
  WT_OK(run_with(&other, &s, "k=20", &err));
  WT_CHECK(cut(&at) && cut(&other));
  WT_OK(run_only(&at, &s, NULL, "late", &err));
  WT_CHECK(late_has(&at, "1;"));
  swap_of(&at, &other, "lake/daily", &tables);
  swap_now(&tables);
  WT_OK(run_only(&at, &s, NULL, "late", &err));
  WT_CHECK(late_has(&at, "22;"));
  wt_project_remove(&at);
  wt_project_remove(&other);
}

/* A view whose contract changed is vouched for: those rows, and no others. Only between the last look
 * and the put itself nobody can tell. */
static void vouch(int op, int nth, bool *fired) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {.who = WH_BOTH};
  wt_project at, other;
  seen s;
  swap tables;
  WT_CHECK(make(&at, cells) && make(&other, cells));
  WT_OK(run(&at, &s, &err));
  WT_OK(run_with(&other, &s, "k=20", &err));
  WT_CHECK(
      wt_project_write(&at, "views/daily.sql", with_contract, strlen(with_contract)));
  swap_of(&at, &other, "lake/daily", &tables);
  wh_run(&h, op, NULL, nth, WH_BEFORE, swap_now, &tables);
  wh_of(&h, tables.a);
  wh_on_new(&h);
  (void)run(&at, &s, &err); /* the other table stays in the place */
  wh_off(&h);
  *fired = h.fired > 0;
  weir_error_release(&err);
  WT_OK(run(&at, &s, &err));
  if (!view_has(&at, "1;") || !late_has(&at, "1;")) {
    wt_fail(__FILE__, __LINE__, "swapped before the %dth %s", nth, wh_op_name(op));
  }
  wt_project_remove(&at);
  wt_project_remove(&other);
}

WT_TEST(rows_are_vouched_for_as_they_were_seen) {
  static const int ops[] = {WI_STORE_LIST, WI_STORE_READ, WH_ENGINE(GET), WH_ENGINE(LIST),
                            WH_ENGINE(RANGES)};
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
    bool fired = true;
    for (int nth = 1; fired; nth += STEP) {
      vouch(ops[i], nth, &fired);
      WT_CHECK(nth < 50 && (nth > 1 || fired));
    }
  }
}
