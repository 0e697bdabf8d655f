/* Passes over a small project with an engine: what a stop does and does not do, what others did
 * meanwhile, clocks that go backwards. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/hooks.h"
#include "run/private.h"
#include "unit/table/rows.h"

/* ---- a wall clock that goes back an hour each time somebody looks ---- */

static bool clock_falls;

int clock_gettime(clockid_t id, struct timespec *out) {
  static int hours;
  int code = (int)syscall(SYS_clock_gettime, id, out);
  if (code == 0 && clock_falls && id == CLOCK_REALTIME) {
    out->tv_sec -= 3600 * ++hours;
  }
  return code;
}

/* ---- a project: a, b, c -> one -> two; other -> aside ---- */

typedef struct bench {
  wt_project at;
  wi_spec *spec;
  wi_diags diags;
  wi_stop *stop;
  wi_pass *pass;
  wh_hooks hooks;
} bench;

static void make_table(const wt_project *at, const char *name) {
  static const char *const cells[] = {"1", "2", "3"};
  wi_session *session = kit_session(NULL, 0);
  wi_store *store = rows_store(session, at, name);
  struct ArrowArrayStream stream = rows_stream("k l", cells, 3);
  wi_write_request w = {
      .session = session, .uri = wi_store_uri(store), .mode = WI_WRITE_CREATE};
  wi_write_report report;
  kit_must(wi_write_stream(&w, &stream, &report, NULL) == WEIR_OK, name);
  wi_store_unref(&store);
  wi_session_free(&session);
}

static bool bench_make(bench *b) {
  static const wt_file files[] = {
      {"weir.yml",
       "name: shop\nwarehouse: ./lake\n"
       "sources: {a: {table: ./a}, b: {table: ./b}, c: {table: ./c}, "
       "other: {table: ./other}}\n"},
      {"views/one.sql", "SELECT a.k FROM a JOIN b ON a.k = b.k JOIN c ON a.k = c.k\n"},
      {"views/two.sql", "SELECT count(*) AS n FROM one\n"},
      {"views/aside.sql", "SELECT max(k) AS top FROM other\n"}};
  static const char *const tables[] = {"a", "b", "c", "other"};
  weir_error err = WEIR_ERROR_INIT;
  memset(b, 0, sizeof(*b));
  if (!wt_project_make(&b->at, WT_FILES(files))) {
    return false;
  }
  for (size_t i = 0; i < 4; i++) {
    make_table(&b->at, tables[i]);
  }
  wi_spec_options options = {.path = b->at.root, .threads = 1};
  kit_must(wi_spec_load(&options, &b->spec, &b->diags, &err) == WEIR_OK, err.message);
  return true;
}

static weir_status bench_decide(bench *b, weir_error *err) {
  static const wi_pass_select all = {0};
  WI_TRY(wi_stop_new(kit_engine(), NULL, &b->stop, err));
  WI_TRY(wi_pass_open(b->spec, kit_engine(), 1700000000000000, &b->diags, &b->pass, err));
  b->pass->stop = b->stop;
  return wi_pass_decide(b->pass, &all, err);
}

static void bench_end(bench *b) {
  wi_pass_free(&b->pass);
  wi_stop_free(&b->stop);
}

static void bench_free(bench *b) {
  bench_end(b);
  wi_spec_free(&b->spec);
  wi_diags_release(&b->diags);
  wt_project_remove(&b->at);
}

static wi_run_view *view_of(const bench *b, const char *name) {
  return &b->pass->views[wi_project_view_index(b->pass->project, name)];
}

static void fire(void *ctx) {
  wi_stop_fire(((bench *)ctx)->stop);
}

/* ---- stops (fault 15) ---- */

WT_TEST(pinning_looks_at_the_stop) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  WT_CHECK(bench_make(&b));
  wh_run(&b.hooks, WI_STORE_LIST, "_delta_log", 1, WH_AFTER, fire, &b);
  wh_on_new(&b.hooks);
  WT_EQ_INT(bench_decide(&b, &err), WEIR_E_CANCELLED);
  wh_off(&b.hooks);
  WT_EQ_INT(b.hooks.count[WI_STORE_LIST], 1); /* the other five logs were left alone */
  WT_EQ_INT(b.diags.n, 0);
  weir_error_release(&err);
  bench_free(&b);
}

WT_TEST(planning_looks_at_the_stop) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  WT_CHECK(bench_make(&b));
  /* Four tables and three views: the last list before planning. */
  wh_run(&b.hooks, WI_STORE_LIST, "_delta_log", 7, WH_AFTER, fire, &b);
  wh_on_new(&b.hooks);
  WT_EQ_INT(bench_decide(&b, &err), WEIR_E_CANCELLED);
  wh_off(&b.hooks);
  WT_EQ_INT(b.hooks.fired, 1);
  for (size_t i = 0; i < 3; i++) {
    WT_CHECK(b.pass->views[i].made.plan == NULL);
  }
  weir_error_release(&err);
  bench_end(&b);
  WT_OK(bench_decide(&b, &err)); /* the next pass is another */
  bench_free(&b);
}

/* ---- what a run reads ---- */

WT_TEST(a_run_with_nothing_to_do_reads_each_log_once) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  WT_CHECK(bench_make(&b));
  WT_OK(bench_decide(&b, &err));
  WT_OK(wi_pass_execute(b.pass, NULL, &err));
  bench_end(&b);
  wh_on_new(&b.hooks);
  WT_OK(bench_decide(&b, &err));
  wh_off(&b.hooks);
  for (size_t i = 0; i < 3; i++) {
    WT_EQ_INT(b.pass->views[i].decision.action, WI_ACTION_REUSE);
    WT_CHECK(b.pass->views[i].made.plan == NULL);
  }
  WT_EQ_INT(b.hooks.count[WI_STORE_LIST], 7); /* four tables, three views */
  /* Of each the newest commit, and before the listing the hint where to begin it. */
  WT_EQ_INT(b.hooks.count[WI_STORE_READ], 14);
  WT_EQ_INT(b.hooks.calls, 21);
  bench_free(&b);
}

/* ---- what a stop does not hide (fault 14) ---- */

/* The commit of `one` may have happened or not, nobody can say; and somebody pressed Ctrl-C. */
WT_TEST(an_unclear_commit_after_a_stop_is_told) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  WT_CHECK(bench_make(&b));
  WT_OK(bench_decide(&b, &err));
  wh_run(&b.hooks, WI_STORE_PUT_NEW, "_delta_log/", 0, WH_LOSE, fire, &b);
  wh_of(&b.hooks, "lake/one");
  wh_run(&b.hooks, WI_STORE_READ, "_delta_log/0", 0, WH_FAIL, NULL, NULL);
  wh_of(&b.hooks, "lake/one");
  wh_on_store(&b.hooks, view_of(&b, "one")->store);
  WT_EQ_INT(wi_pass_execute(b.pass, NULL, &err), WEIR_E_CANCELLED);
  wh_off(&b.hooks);
  WT_CHECK(wi_stop_fired(b.stop));
  const wi_outcome *o = &view_of(&b, "one")->outcome;
  WT_EQ_INT(o->status, WI_TASK_ERROR);
  WT_EQ_INT(o->error.code, WEIR_E_AMBIGUOUS);
  WT_EQ_STR(wi_view_reason(view_of(&b, "two")), "interrupted");
  WT_EQ_INT(b.pass->summary.error, 1);
  weir_error_release(&err);
  bench_free(&b);
}

/* ---- durations (fault 16) ---- */

WT_TEST(durations_are_not_of_the_wall_clock) {
  weir_error err = WEIR_ERROR_INIT;
  bench b;
  WT_CHECK(bench_make(&b));
  clock_falls = true;
  WT_OK(bench_decide(&b, &err));
  WT_OK(wi_pass_execute(b.pass, NULL, &err));
  clock_falls = false;
  for (size_t i = 0; i < 3; i++) {
    const wi_outcome *o = &b.pass->views[i].outcome;
    int64_t took = o->finished_us - o->started_us;
    WT_EQ_INT(o->status, WI_TASK_PASS);
    WT_CHECK(took > 0 && took < 60000000);
    WT_CHECK(o->slack_us >= 0);
  }
  int64_t whole = b.pass->time.finished_us - b.pass->time.started_us;
  WT_CHECK(whole > 0 && whole < 60000000);
  for (size_t i = 0; i < b.pass->n_tables; i++) {
    const wi_run_table *t = &b.pass->tables[i];
    WT_CHECK(t->finished_us >= t->started_us);
  }
  bench_free(&b);
}

/* ---- warnings ---- */

static void last_warning(void *ctx, wi_event event, const wi_run_view *view,
                         const weir_error *warning) {
  (void)view;
  if (event == WI_EVENT_WARNING) {
    snprintf(ctx, 64, "%.63s", warning->message);
  }
}

WT_TEST(the_watcher_hears_each_warning_itself) {
  static wi_pass pass;
  char heard[64] = "", said[64];
  pthread_mutex_init(&pass.lock, NULL);
  pass.watcher = (wi_watcher){last_warning, heard};
  for (int i = 0; i < 1010; i++) { /* beyond 1,000 they are no longer kept */
    wi_pass_warn(&pass, WEIR_E_MEMORY, "test", "warning %d", i);
    snprintf(said, sizeof(said), "warning %d", i);
    WT_EQ_STR(heard, said);
  }
  WT_EQ_INT(pass.warnings.warnings, 1010);
  wi_diags_release(&pass.warnings);
  pthread_mutex_destroy(&pass.lock);
}
