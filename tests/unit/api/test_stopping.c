/* A call that is stopped ends at once, whatever it is at, and takes nothing from the others: queries
 * of all operators at random moments, and stores that do not answer. WEIR_STOPS=N: so many moments
 * (200 in the long suites); WEIR_STOP_MS: what "at once" is on this machine. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "api/private.h"
#include "common/fixtures.h"
#include "common/test.h"
#include "common/web.h"

/* ---- time ---- */

/* Each of the plans below runs for minutes. */
#define AT_ONCE_MS 3000
#define STOPS      24

static int64_t setting(const char *name, int64_t usual) {
  const char *text = getenv(name);
  return text != NULL ? atoll(text) : usual;
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t longest;

static bool at_once(const char *what, int64_t since) {
  int64_t took = now_ms() - since;
  longest = took > longest ? took : longest;
  if (took <= setting("WEIR_STOP_MS", AT_ONCE_MS)) {
    return true;
  }
  wt_fail(__FILE__, __LINE__, "%s took %lld ms", what, (long long)took);
  return false;
}

/* Fires after a while, and knows when it did. */
typedef struct alarm_clock {
  weir_cancel *cancel;
  const atomic_int *begins; /* the while begins once this is not 0; NULL: now */
  int64_t after_ms, fired_ms;
  atomic_bool off;
  pthread_t thread;
} alarm_clock;

static void *ring(void *arg) {
  alarm_clock *a = arg;
  while (a->begins != NULL && atomic_load(a->begins) == 0 && !atomic_load(&a->off)) {
    usleep(1000);
  }
  int64_t at = now_ms() + a->after_ms;
  while (now_ms() < at && !atomic_load(&a->off)) {
    usleep(1000);
  }
  a->fired_ms = now_ms();
  weir_cancel_fire(a->cancel);
  return NULL;
}

static bool alarm_set(alarm_clock *a, int64_t after_ms, const atomic_int *begins) {
  *a = (alarm_clock){.begins = begins, .after_ms = after_ms};
  return weir_cancel_new(&a->cancel, NULL) == WEIR_OK &&
         pthread_create(&a->thread, NULL, ring, a) == 0;
}

static void alarm_end(alarm_clock *a) {
  atomic_store(&a->off, true);
  pthread_join(a->thread, NULL);
  weir_cancel_free(&a->cancel);
}

/* ---- two sessions of one engine, of two workers ---- */

typedef struct pair {
  wi_engine *engine;
  weir_session *a, *b;
  weir_session *merging; /* of its own: joins sort and merge */
} pair;

static weir_session *session_of(wi_engine *engine, bool merges) {
  static const wi_br_pair no_hash = {"datafusion.optimizer.prefer_hash_join", "false"};
  wi_session *session = NULL;
  weir_session *out = NULL;
  wi_session_options o = {.engine = engine, .threads = 2, .memory = (uint64_t)2 << 30};
  o.settings = merges ? &no_hash : NULL;
  o.n_settings = merges;
  if (wi_session_new(&o, &session, NULL) != WEIR_OK ||
      wi_session_seal(session, NULL) != WEIR_OK ||
      wi_api_session(session, engine, &out, NULL) != WEIR_OK) {
    wi_session_free(&session);
  }
  return out;
}

static bool pair_of(pair *p) {
  const wi_engine_options o = {.threads = 2};
  *p = (pair){NULL, NULL, NULL, NULL};
  if (wi_engine_new(&o, &p->engine, NULL) != WEIR_OK) {
    return false;
  }
  p->a = session_of(p->engine, false);
  p->b = session_of(p->engine, false);
  p->merging = session_of(p->engine, true);
  return p->a != NULL && p->b != NULL && p->merging != NULL;
}

static void pair_end(pair *p) {
  weir_session_free(&p->a);
  weir_session_free(&p->b);
  weir_session_free(&p->merging);
  wi_engine_unref(&p->engine);
}

/* ---- queries without an end ---- */

#define A_ROWS "range(0, 1000000) a"
#define B_ROWS "range(0, 1000000) b"

typedef struct endless {
  const char *name, *sql;
  bool merging;
} endless;

static const endless plans[] = {
    {"a nested loop that drops everything",
     "SELECT count(*) FROM " A_ROWS " JOIN " B_ROWS " ON a.value * b.value = -1", false},
    {"an outer nested loop",
     "SELECT count(b.value) FROM " A_ROWS " LEFT JOIN " B_ROWS
     " ON a.value * b.value < 0",
     false},
    {"a full nested loop",
     "SELECT count(b.value) FROM " A_ROWS " FULL JOIN " B_ROWS
     " ON a.value * b.value < 0",
     false},
    {"an anti join by a nested loop",
     "SELECT count(*) FROM " A_ROWS " WHERE NOT EXISTS (SELECT 1 FROM " B_ROWS
     " WHERE a.value * b.value = -1)",
     false},
    {"a cross join",
     "SELECT sum(a.value * 3 + b.value) FROM " A_ROWS " CROSS JOIN " B_ROWS, false},
    {"a cross join, row by row",
     "SELECT a.value, b.value FROM " A_ROWS " CROSS JOIN " B_ROWS, false},
    {"a hash join of few keys",
     "SELECT count(*) FROM " A_ROWS " JOIN " B_ROWS
     " ON a.value % 2 = b.value % 2 AND a.value * b.value = -1",
     false},
    {"a merge join of few keys",
     "SELECT count(*) FROM " A_ROWS " JOIN " B_ROWS
     " ON a.value % 2 = b.value % 2 AND a.value * b.value = -1",
     true},
    {"a merge join that keeps all",
     "SELECT sum(a.value + b.value) FROM " A_ROWS " JOIN " B_ROWS
     " ON a.value % 2 = b.value % 2",
     true},
    {"a semi join by merging",
     "SELECT count(*) FROM " A_ROWS " WHERE EXISTS (SELECT 1 FROM " B_ROWS
     " WHERE a.value % 2 = b.value % 2 AND a.value * b.value = -1)",
     true},
    {"a query that calls itself",
     "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) "
     "FROM t",
     false},
    {"long lists taken apart",
     "SELECT sum(u) FROM (SELECT unnest(range(0, 5000)) AS u FROM range(0, 1000000000))",
     false},
    {"a median of all rows before",
     "SELECT sum(m) FROM (SELECT median(value % 1000) OVER (ORDER BY value ROWS BETWEEN "
     "UNBOUNDED PRECEDING AND CURRENT ROW) AS m FROM range(0, 2000000))",
     false},
    {"a sort",
     "SELECT value FROM range(0, 4000000000) ORDER BY value * 7919 % 1000003, value",
     false},
    {"the last of many",
     "SELECT value FROM range(0, 400000000000) ORDER BY value * 7919 % 1000003, value "
     "LIMIT 5",
     false},
    {"groups",
     "SELECT count(*) FROM (SELECT value % 3000000, count(*) FROM range(0, 400000000000) "
     "GROUP BY "
     "1)",
     false},
    {"distinct rows of a union",
     "SELECT count(*) FROM (SELECT value % 1000000 FROM range(0, 400000000000) UNION "
     "SELECT value "
     "% 1000003 FROM range(0, 400000000000))",
     false},
    {"row numbers",
     "SELECT count(*) FROM (SELECT row_number() OVER (PARTITION BY value % 7 ORDER BY "
     "value) AS n "
     "FROM range(0, 4000000000)) WHERE n % 5 = 0",
     false},
    {"intervals",
     "SELECT count(*) FROM interval_align((SELECT 'x' AS path, value AS bstart, value + "
     "5 AS "
     "bend FROM range(0, 400000000)), (SELECT 'x' AS path, value AS bstart, value + 7 AS "
     "bend FROM range(0, 400000000)), how => 'left')",
     false},
};
enum { PLANS = sizeof plans / sizeof plans[0] };

/* Reads to the end, or to the failure. */
static weir_status drain(struct ArrowArrayStream *rows, weir_error *err) {
  for (;;) {
    struct ArrowArray batch = {0};
    int code = rows->get_next(rows, &batch);
    if (code != 0) {
      return weir_stream_error(rows, code, err);
    }
    if (batch.release == NULL) {
      return WEIR_OK;
    }
    batch.release(&batch);
  }
}

static weir_status run(weir_session *session, const char *sql, weir_cancel *cancel,
                       weir_error *err) {
  weir_status status = WEIR_OK;
  weir_prepare_options prepare = WEIR_PREPARE_OPTIONS_INIT;
  weir_execute_options execute = WEIR_EXECUTE_OPTIONS_INIT;
  weir_statement *statement = NULL;
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0};
  prepare.cancel = execute.cancel = cancel;
  WI_CHECK(weir_statement_prepare(session, sql, &prepare, &statement, err));
  WI_CHECK(weir_statement_query(statement, &execute, &query, err));
  WI_CHECK(weir_query_stream(query, &rows, err));
  status = drain(&rows, err);
done:
  if (rows.release != NULL) {
    rows.release(&rows);
  }
  weir_query_free(&query);
  weir_statement_free(&statement);
  return status;
}

/* One that needs the workers. */
static bool answers(weir_session *session) {
  return wf_expect(
      session,
      "SELECT count(*), sum(n) FROM (SELECT value % 7, count(*) AS n FROM range(0, "
      "20000) GROUP BY 1)",
      "7|20000;");
}

/* One moment: what is run, when it is stopped, and what comes after. */
static bool stop_one(const pair *p, const endless *plan, int64_t after_ms) {
  weir_error err = WEIR_ERROR_INIT;
  alarm_clock alarm;
  if (!alarm_set(&alarm, after_ms, NULL)) {
    return false;
  }
  weir_status status =
      run(plan->merging ? p->merging : p->a, plan->sql, alarm.cancel, &err);
  bool fine = status == WEIR_E_CANCELLED && at_once(plan->name, alarm.fired_ms);
  if (status != WEIR_E_CANCELLED) {
    wt_fail(__FILE__, __LINE__, "%s, stopped after %lld ms: %d %s", plan->name,
            (long long)after_ms, (int)status, err.message);
  }
  int64_t then = now_ms(), ended = longest;
  longest = 0;
  fine = fine && answers(plan->merging ? p->merging : p->a) &&
         at_once("the next query", then);
  then = now_ms();
  fine = fine && answers(p->b) && at_once("another session", then);
  if (getenv("WEIR_STOPS") != NULL) {
    printf(
        "  %s after %lld ms: at most %lld ms to the end so far, then answers in %lld "
        "ms\n",
        plan->name, (long long)after_ms, (long long)ended, (long long)longest);
  }
  longest = ended;
  alarm_end(&alarm);
  weir_error_release(&err);
  return fine;
}

WT_TEST(whatever_is_stopped_ends_at_once_and_keeps_nobody) {
  pair p;
  uint64_t random = 20261130;
  WT_CHECK(pair_of(&p));
  WT_CHECK(answers(p.a) && answers(p.b));
  int64_t n = setting("WEIR_STOPS", STOPS);
  for (int64_t i = 0; i < n && !wt_failed(); i++) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const endless *plan = &plans[i < PLANS ? (uint64_t)i : (random >> 33) % PLANS];
    (void)stop_one(&p, plan, (int64_t)((random >> 20) % 400));
  }
  pair_end(&p);
}

/* ---- meanwhile ---- */

/* A query at work until the end of the test, or for a minute. */
typedef struct busy {
  weir_session *session;
  const char *sql;
  alarm_clock alarm;
  pthread_t thread;
  atomic_int status;
} busy;

static void *work(void *arg) {
  busy *b = arg;
  weir_error err = WEIR_ERROR_INIT;
  atomic_store(&b->status, run(b->session, b->sql, b->alarm.cancel, &err));
  weir_error_release(&err);
  return NULL;
}

static bool busy_begin(busy *b, weir_session *session, const char *sql) {
  b->session = session;
  b->sql = sql;
  atomic_init(&b->status, -1);
  if (!alarm_set(&b->alarm, 60000, NULL) ||
      pthread_create(&b->thread, NULL, work, b) != 0) {
    return false;
  }
  usleep(1000 * 1000); /* all its threads are at it */
  return true;
}

/* Whether it was at work still; ends it. */
static bool busy_end(busy *b) {
  bool at_work = atomic_load(&b->status) == -1;
  alarm_end(&b->alarm);
  pthread_join(b->thread, NULL);
  return at_work && atomic_load(&b->status) == WEIR_E_CANCELLED;
}

WT_TEST(while_a_join_runs_another_session_opens_a_table_and_answers) {
  static const wf_seed seed = {.seed = 7, .rows = 5000};
  static const int which[] = {0, 2, 4, 7, 12};
  char folder[] = "/tmp/weir-stopping-XXXXXX", uri[64], sql[200], expected[32], got[64];
  weir_error err = WEIR_ERROR_INIT;
  pair p;
  WT_CHECK(mkdtemp(folder) != NULL && pair_of(&p));
  snprintf(uri, sizeof uri, "%s/t", folder);
  WT_CHECK(wf_seeded_table(uri, &seed, 3));
  snprintf(sql, sizeof sql, "SELECT sum(value) FROM read_delta('%s')", uri);
  snprintf(expected, sizeof expected, "%lld;", (long long)wf_seeded_sum(&seed));
  for (size_t i = 0; i < sizeof which / sizeof which[0] && !wt_failed(); i++) {
    const endless *plan = &plans[which[i]];
    busy b;
    WT_CHECK(busy_begin(&b, plan->merging ? p.merging : p.a, plan->sql));
    int64_t began = now_ms();
    weir_status status = wf_query(p.b, sql, got, sizeof got, &err);
    bool soon = at_once("a table of another session", began);
    WT_CHECK(busy_end(&b));
    WT_OK(status);
    WT_CHECK(soon);
    WT_EQ_STR(got, expected);
  }
  pair_end(&p);
  wf_remove(folder);
}

/* ---- stores ---- */

#define SECRET "never-shown"

static weir_status store_of(const ww_server *server, wi_engine *engine, const char *uri,
                            wi_store **out, weir_error *err) {
  char endpoint[64];
  snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", ww_port(server));
  const wi_br_pair options[] = {{"aws_endpoint_url", endpoint},
                                {"aws_allow_http", "true"},
                                {"aws_region", "r"},
                                {"aws_access_key_id", "k"},
                                {"aws_secret_access_key", SECRET}};
  return wi_store_open(engine, uri, options, 5, out, err);
}

typedef struct failing {
  atomic_int asked;
  int fails; /* so many of the first requests */
} failing;

static int fails_first(void *ctx, const char *method, const char *target) {
  failing *f = ctx;
  (void)method;
  (void)target;
  return atomic_fetch_add(&f->asked, 1) < f->fails ? 503 : 200;
}

/* The pause before a second try is a timer, which must not wait for the join either. */
WT_TEST(while_a_join_runs_a_store_that_failed_once_is_asked_again_in_time) {
  failing f = {.fails = 2};
  ww_server *server = ww_start(fails_first, &f);
  weir_error err = WEIR_ERROR_INIT;
  wi_store *store = NULL;
  wi_buf bytes = WI_BUF_INIT;
  busy b;
  pair p;
  WT_CHECK(server != NULL && pair_of(&p));
  WT_OK(store_of(server, p.engine, "s3://bucket/t", &store, &err));
  WT_CHECK(busy_begin(&b, p.a, plans[0].sql));
  int64_t began = now_ms();
  weir_status status = wi_store_read(store, "object", &bytes, &err);
  bool soon = at_once("a second and a third try", began);
  WT_CHECK(busy_end(&b));
  WT_OK(status);
  WT_CHECK(soon);
  WT_EQ_STR(wi_buf_text(&bytes), "hello");
  WT_EQ_INT(f.asked, 3);
  wi_buf_release(&bytes);
  wi_store_unref(&store);
  pair_end(&p);
  ww_stop(&server);
}

/* ---- stores that do not answer ---- */

typedef struct mute {
  const char *method, *part; /* of a target; these requests get no answer. NULL: any */
  atomic_int waiting;
} mute;

static int never(void *ctx, const char *method, const char *target) {
  mute *m = ctx;
  if ((m->method == NULL || strcmp(m->method, method) == 0) &&
      (m->part == NULL || strstr(target, m->part) != NULL)) {
    atomic_fetch_add(&m->waiting, 1);
    return -1;
  }
  return 0;
}

typedef struct dead {
  mute mute;
  ww_server *server;
  alarm_clock alarm;
  weir_session *session; /* with the token for calls that take none */
} dead;

static bool dead_begin(dead *d, const char *method, const char *part) {
  weir_session_options o = WEIR_SESSION_OPTIONS_INIT;
  char endpoint[64];
  *d = (dead){.mute = {.method = method, .part = part}};
  d->server = ww_start(never, &d->mute);
  if (d->server == NULL || !alarm_set(&d->alarm, 200, &d->mute.waiting)) {
    return false;
  }
  snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", ww_port(d->server));
  const weir_pair storage[] = {{"aws_endpoint_url", endpoint},
                               {"aws_allow_http", "true"},
                               {"aws_region", "r"},
                               {"aws_access_key_id", "k"},
                               {"aws_secret_access_key", SECRET}};
  o.threads = 2;
  o.storage = storage;
  o.n_storage = 5;
  o.cancel = d->alarm.cancel;
  return weir_session_new(&o, &d->session, NULL) == WEIR_OK;
}

/* Whether it hung, was stopped, and ended then. */
static bool dead_end(dead *d, const char *what, weir_status status,
                     weir_status expected) {
  bool soon = at_once(what, d->alarm.fired_ms != 0 ? d->alarm.fired_ms : now_ms());
  bool hung = atomic_load(&d->mute.waiting) > 0;
  weir_session_free(&d->session);
  alarm_end(&d->alarm);
  ww_stop(&d->server);
  if (status != expected || !hung) {
    wt_fail(__FILE__, __LINE__, "%s gave %d, %d requests hung", what, (int)status,
            (int)d->mute.waiting);
  }
  return soon && hung && status == expected;
}

static weir_status append_to(dead *d, const char *uri, bool create, weir_cancel *cancel,
                             weir_error *err) {
  static const char *const cells[] = {"1", "2"};
  struct ArrowArrayStream rows;
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  weir_write_result result;
  o.cancel = cancel;
  if (!wf_rows(&rows, "n:l!", cells, 2)) {
    return -1;
  }
  weir_status status = create
                           ? weir_table_create(d->session, uri, &rows, &o, &result, err)
                           : weir_table_append(d->session, uri, &rows, &o, &result, err);
  weir_write_result_release(&result);
  return status;
}

WT_TEST(a_store_that_does_not_answer_holds_no_call) {
  static const char uri[] = "s3://bucket/t";
  weir_error err = WEIR_ERROR_INIT;
  int64_t version = 0;
  dead d;
  WT_CHECK(dead_begin(&d, NULL, NULL));
  weir_status status = weir_session_add_delta(d.session, "t", uri, -1, &err);
  WT_CHECK(dead_end(&d, "adding a table", status, WEIR_E_CANCELLED));
  weir_error_release(&err);
  WT_CHECK(dead_begin(&d, NULL, NULL));
  status = weir_table_version(d.session, uri, &version, &err);
  WT_CHECK(dead_end(&d, "asking for a version", status, WEIR_E_CANCELLED));
  weir_error_release(&err);
  WT_CHECK(dead_begin(&d, NULL, NULL));
  WT_OK(weir_session_seal(d.session, &err));
  status =
      run(d.session, "SELECT * FROM read_delta('s3://bucket/t')", d.alarm.cancel, &err);
  WT_CHECK(dead_end(&d, "a statement that opens", status, WEIR_E_CANCELLED));
  weir_error_release(&err);
  WT_CHECK(dead_begin(&d, NULL, NULL));
  WT_OK(weir_session_seal(d.session, &err));
  weir_query *query = NULL;
  status = weir_query_open(d.session, "SELECT * FROM read_delta('s3://bucket/t')", NULL,
                           0, &query, &err);
  WT_CHECK(dead_end(&d, "a query that opens", status, WEIR_E_CANCELLED));
  weir_error_release(&err);
}

/* At the first request, at an upload, and at the commit, of which then nobody knows. */
WT_TEST(a_write_to_a_store_that_stops_answering_ends_when_it_is_stopped) {
  static const char uri[] = "s3://bucket/t";
  static const struct {
    const char *name, *method, *part;
    weir_status expected;
  } when[] = {{"a write that lists", "GET", NULL, WEIR_E_CANCELLED},
              {"a write that uploads", "PUT", ".parquet", WEIR_E_CANCELLED},
              {"a write that commits", "PUT", "_delta_log", WEIR_E_AMBIGUOUS}};
  for (size_t i = 0; i < sizeof when / sizeof when[0] && !wt_failed(); i++) {
    weir_error err = WEIR_ERROR_INIT;
    dead d;
    WT_CHECK(dead_begin(&d, when[i].method, when[i].part));
    WT_OK(weir_session_seal(d.session, &err));
    weir_status status = append_to(&d, uri, true, d.alarm.cancel, &err);
    bool fine = dead_end(&d, when[i].name, status, when[i].expected);
    if (!fine) {
      printf("  %s\n", err.message);
    }
    WT_CHECK(strstr(err.message, SECRET) == NULL);
    weir_error_release(&err);
  }
}

/* ---- projects ---- */

/* Planning reads what is there; a run stages, and commits. */
static weir_status of_project(int what, const char *root, weir_cancel *cancel,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  weir_project_options open = WEIR_PROJECT_OPTIONS_INIT;
  weir_run_options o = WEIR_RUN_OPTIONS_INIT;
  weir_project_read_options read = WEIR_PROJECT_READ_OPTIONS_INIT;
  weir_project *project = NULL;
  weir_session *session = NULL;
  weir_report *report = NULL;
  struct ArrowArrayStream rows = {0};
  open.path = root;
  open.profile = "far";
  open.threads = 2;
  open.cancel = what >= 2 ? cancel : NULL;
  o.cancel = what < 2 ? cancel : NULL;
  read.view = "v";
  WI_CHECK(weir_project_open(&open, &project, err));
  status =
      what == 0   ? weir_project_plan_with(project, &o, &report, err)
      : what == 1 ? weir_project_run_with(project, &o, &report, err)
      : what == 2 ? weir_project_read(project, WEIR_PROJECT_HISTORY, &read, &rows, err)
      : what == 3 ? weir_project_read(project, WEIR_PROJECT_LITTER, &read, &rows, err)
                  : weir_project_session(project, "SELECT * FROM v", &session, err);
done:
  if (rows.release != NULL) {
    rows.release(&rows);
  }
  weir_report_free(&report);
  weir_session_free(&session);
  weir_project_free(&project);
  return status;
}

WT_TEST(a_project_whose_store_does_not_answer_is_stopped_by_its_token) {
  static const char *const names[] = {"planning", "running", "history", "litter",
                                      "a session"};
  for (int what = 0; what < 5 && !wt_failed(); what++) {
    weir_error err = WEIR_ERROR_INIT;
    char yml[600];
    wt_project at;
    dead d;
    WT_CHECK(dead_begin(&d, NULL, NULL));
    snprintf(yml, sizeof yml,
             "name: p\nwarehouse: lake\nprofiles:\n  far:\n    warehouse: "
             "s3://bucket/lake\n    storage:\n"
             "      aws_endpoint_url: http://127.0.0.1:%d\n      aws_allow_http: 'true'\n"
             "      aws_region: r\n      aws_access_key_id: k\n"
             "      aws_secret_access_key: ${env:WEIR_TEST_STOPPING}\n",
             ww_port(d.server));
    const wt_file files[] = {{"weir.yml", yml}, {"views/v.sql", "SELECT 1 AS n\n"}};
    setenv("WEIR_TEST_STOPPING", SECRET, 1);
    WT_CHECK(wt_project_make(&at, WT_FILES(files)));
    weir_status status = of_project(what, at.root, d.alarm.cancel, &err);
    if (!dead_end(&d, names[what], status, WEIR_E_CANCELLED)) {
      printf("  %s\n", err.message);
    }
    weir_error_release(&err);
    wt_project_remove(&at);
  }
}

/* A run whose upload, or whose commit, hangs. Of a commit nobody knows whether it is there; the
 * run itself was interrupted. */
WT_TEST(a_run_is_stopped_while_its_store_hangs) {
  static const struct {
    const char *name, *part;
  } when[] = {{"a run that uploads", ".parquet"}, {"a run that commits", "_delta_log"}};
  for (size_t i = 0; i < 2 && !wt_failed(); i++) {
    weir_error err = WEIR_ERROR_INIT;
    char yml[600];
    wt_project at;
    dead d;
    WT_CHECK(dead_begin(&d, "PUT", when[i].part));
    snprintf(yml, sizeof yml,
             "name: p\nwarehouse: lake\nprofiles:\n  far:\n    warehouse: "
             "s3://bucket/lake\n    storage:\n"
             "      aws_endpoint_url: http://127.0.0.1:%d\n      aws_allow_http: 'true'\n"
             "      aws_region: r\n      aws_access_key_id: k\n"
             "      aws_secret_access_key: ${env:WEIR_TEST_STOPPING}\n",
             ww_port(d.server));
    const wt_file files[] = {{"weir.yml", yml}, {"views/v.sql", "SELECT 1 AS n\n"}};
    setenv("WEIR_TEST_STOPPING", SECRET, 1);
    WT_CHECK(wt_project_make(&at, WT_FILES(files)));
    weir_status status = of_project(1, at.root, d.alarm.cancel, &err);
    WT_CHECK(dead_end(&d, when[i].name, status, WEIR_E_CANCELLED));
    weir_error_release(&err);
    wt_project_remove(&at);
  }
}
