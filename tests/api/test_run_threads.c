/* What the threads of a run share, and those that others have beside it: pins of one table, the
 * watcher, tokens, a project whose run is stopped. Under the thread sanitizer (tests/CMakeLists.txt)
 * what is not ordered is seen in one run, so what threads meet is plain memory here. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

enum { VIEWS = 12, THREADS = 4 };

/* ---- a project: sources `facts` and `again` of one table, views that read both ---- */

typedef struct shop {
  wt_project at;
  char uri[192];
  weir_project *project;
} shop;

static bool shop_open(shop *s) {
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  options.path = s->at.root;
  options.threads = THREADS;
  weir_status status = weir_project_open(&options, &s->project, &err);
  if (status != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no project: %s", err.message);
  }
  weir_error_release(&err);
  return status == WEIR_OK;
}

static bool shop_make(shop *s) {
  static const wt_file files[] = {
      {"weir.yml",
       "name: shop\nwarehouse: ./lake\n"
       "sources: {facts: {table: ./facts}, again: {table: ./facts}}\n"}};
  static const char *const cells[] = {"1", "2", "3"};
  bool fine = wt_project_make(&s->at, WT_FILES(files));
  for (int i = 0; fine && i < VIEWS; i++) {
    char path[64], sql[128];
    snprintf(path, sizeof path, "views/v%02d.sql", i);
    int n = snprintf(sql, sizeof sql,
                     "SELECT a.k, b.k AS l FROM facts a JOIN again b ON a.k = b.k "
                     "WHERE a.k <> %d\n",
                     i);
    fine = wt_project_write(&s->at, path, sql, (size_t)n);
  }
  snprintf(s->uri, sizeof s->uri, "%s/facts", s->at.root);
  return fine && wf_table(s->uri, "k:l!", cells, 3, NULL) && shop_open(s);
}

static void shop_free(shop *s) {
  weir_project_free(&s->project);
  wt_project_remove(&s->at);
}

static bool add_row(const shop *s) {
  static const char *const cells[] = {"4"};
  weir_error err = WEIR_ERROR_INIT;
  weir_write_result result;
  struct ArrowArrayStream rows;
  weir_session *session = wf_session(NULL, 0);
  bool fine = session != NULL && wf_rows(&rows, "k:l!", cells, 1) &&
              weir_table_append(session, s->uri, &rows, NULL, &result, &err) == WEIR_OK;
  if (fine) {
    weir_write_result_release(&result);
  }
  weir_error_release(&err);
  weir_session_free(&session);
  return fine;
}

/* The inputs that a commit of a view tells of, as they stand in it. */
static bool inputs_of(const shop *s, int view, int version, char *out, size_t size) {
  char path[256];
  static char text[65536];
  snprintf(path, sizeof path, "%s/lake/v%02d/_delta_log/%020d.json", s->at.root, view,
           version);
  FILE *f = fopen(path, "rb");
  if (f == NULL) {
    wt_fail(__FILE__, __LINE__, "no %s", path);
    return false;
  }
  size_t n = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[n] = '\0';
  const char *begin = strstr(text, "\"weir.inputs\":");
  const char *end = begin != NULL ? strstr(begin, "]\"") : NULL;
  if (end == NULL || (size_t)(end - begin) >= size) {
    wt_fail(__FILE__, __LINE__, "%s has no inputs", path);
    return false;
  }
  memcpy(out, begin, (size_t)(end - begin));
  out[end - begin] = '\0';
  return true;
}

static size_t times(const char *text, const char *what) {
  size_t n = 0;
  for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what)) {
    n++;
  }
  return n;
}

/* ---- sources of one table (fault 11) ---- */

/* Views start, commit and tell of their inputs at once; all tell the same. */
WT_TEST(sources_of_one_table_share_what_is_known_of_it) {
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  shop s = {0};
  char first[4096], inputs[4096];
  WT_CHECK(shop_make(&s));
  for (int version = 0; version < 3; version++) {
    WT_CHECK(version == 0 || add_row(&s));
    WT_OK(weir_project_run(s.project, NULL, NULL, &report, &err));
    WT_EQ_INT(weir_report_summary(report).pass, VIEWS);
    weir_report_free(&report);
    WT_CHECK(inputs_of(&s, 0, version, first, sizeof first));
    WT_EQ_INT(times(first, s.uri), 2);
    for (int i = 1; i < VIEWS; i++) {
      WT_CHECK(inputs_of(&s, i, version, inputs, sizeof inputs));
      WT_EQ_STR(inputs, first);
    }
  }
  shop_free(&s);
}

/* ---- stops from elsewhere ---- */

typedef struct stopper {
  weir_project *project;
  weir_cancel *cancel; /* NULL: through the project */
  atomic_bool views, over;
  int events[8]; /* plain: one call at a time, and none after the run */
  int after_us;  /* -1: when views are at work */
} stopper;

static void *stop_soon(void *arg) {
  stopper *p = arg;
  while (p->after_us < 0 && !atomic_load(&p->views) && !atomic_load(&p->over)) {
    usleep(100);
  }
  usleep(p->after_us > 0 ? (useconds_t)p->after_us : 0);
  do { /* what is not running yet cannot be stopped through the project */
    if (p->cancel != NULL) {
      weir_cancel_fire(p->cancel);
    } else {
      weir_project_cancel(p->project);
    }
    usleep(100);
  } while (p->cancel == NULL && !atomic_load(&p->over));
  return NULL;
}

static void count_event(void *ctx, const weir_event *event) {
  stopper *p = ctx;
  p->events[event->kind]++;
  if (event->kind == WEIR_EVENT_TASK_STARTED) {
    atomic_store(&p->views, true);
  }
}

static weir_status run_watched(const shop *s, stopper *p, weir_report **out,
                               weir_error *err) {
  weir_run_options options = WEIR_RUN_OPTIONS_INIT;
  options.cancel = p->cancel;
  options.on_event = count_event;
  options.event_ctx = p;
  return weir_project_run_with(s->project, &options, out, err);
}

/* Whenever it comes, the run ends as stopped or as done, and the next one does the rest. */
WT_TEST(a_run_is_stopped_from_another_thread) {
  static const int after_us[] = {0, 1000, -1, -1};
  shop s = {0};
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  WT_CHECK(shop_make(&s));
  for (int round = 0; round < 4; round++) {
    stopper p = {.project = s.project, .after_us = after_us[round]};
    pthread_t thread;
    if (round % 2 == 0) {
      WT_OK(weir_cancel_new(&p.cancel, &err));
    }
    WT_EQ_INT(pthread_create(&thread, NULL, stop_soon, &p), 0);
    weir_status status = run_watched(&s, &p, &report, &err);
    atomic_store(&p.over, true);
    pthread_join(thread, NULL);
    WT_CHECK(status == WEIR_OK || status == WEIR_E_CANCELLED);
    WT_CHECK(report == NULL || p.events[WEIR_EVENT_RUN_FINISHED] == 1);
    weir_error_release(&err);
    weir_report_free(&report);
    weir_cancel_free(&p.cancel);
    WT_CHECK(add_row(&s));
  }
  stopper p = {0};
  WT_OK(run_watched(&s, &p, &report, &err));
  WT_EQ_INT(weir_report_summary(report).pass, VIEWS);
  WT_EQ_INT(p.events[WEIR_EVENT_TASK_STARTED], VIEWS);
  WT_EQ_INT(p.events[WEIR_EVENT_TASK_FINISHED], VIEWS);
  weir_report_free(&report);
  shop_free(&s);
}

/* ---- one token, many calls ---- */

typedef struct caller {
  weir_session *session;
  weir_statement *statement;
  weir_cancel *cancel;
  int stopped, done, wrong;
} caller;

static void *call_until_stopped(void *arg) {
  caller *c = arg;
  for (int i = 0; i < 2000 && c->stopped == 0 && c->wrong == 0; i++) {
    weir_execute_options o = WEIR_EXECUTE_OPTIONS_INIT;
    weir_error err = WEIR_ERROR_INIT;
    weir_query *query = NULL;
    struct ArrowArrayStream rows;
    char got[64];
    o.cancel = c->cancel;
    weir_status status = weir_statement_query(c->statement, &o, &query, &err);
    if (status == WEIR_OK) {
      status = weir_query_stream(query, &rows, &err);
    }
    if (status == WEIR_OK) {
      status = wf_text(&rows, got, sizeof got, &err);
    }
    c->done += status == WEIR_OK;
    c->stopped += status == WEIR_E_CANCELLED;
    c->wrong += status != WEIR_OK && status != WEIR_E_CANCELLED;
    weir_query_free(&query);
    weir_error_release(&err);
  }
  return NULL;
}

static void hear(void *ctx, const weir_log_event *event) {
  size_t *n = ctx; /* plain: one call at a time */
  *n += strlen(event->message) > 0;
}

/* Queries begin and end on three threads while a fourth fires what they all were given, and the
 * session's listener hears of them. */
WT_TEST(a_token_is_fired_while_calls_come_and_go) {
  for (int round = 0; round < 4; round++) {
    weir_error err = WEIR_ERROR_INIT;
    weir_log log = WEIR_LOG_INIT;
    weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
    weir_session *session = NULL;
    weir_statement *statement = NULL;
    weir_cancel *cancel = NULL;
    pthread_t threads[3], firing;
    caller callers[3];
    size_t heard = 0;
    log.event = hear;
    log.ctx = &heard;
    options.log = &log;
    options.threads = 2;
    WT_OK(weir_cancel_new(&cancel, &err));
    WT_OK(weir_session_new(&options, &session, &err));
    WT_OK(weir_session_seal(session, &err));
    WT_OK(weir_statement_prepare(session, "SELECT sum(value) FROM range(0, 1000)", NULL,
                                 &statement, &err));
    stopper p = {.cancel = cancel, .after_us = 5000 + 20000 * round};
    for (size_t i = 0; i < 3; i++) {
      callers[i] = (caller){.session = session, .statement = statement, .cancel = cancel};
      WT_EQ_INT(pthread_create(&threads[i], NULL, call_until_stopped, &callers[i]), 0);
    }
    WT_EQ_INT(pthread_create(&firing, NULL, stop_soon, &p), 0);
    pthread_join(firing, NULL);
    for (size_t i = 0; i < 3; i++) {
      pthread_join(threads[i], NULL);
      WT_EQ_INT(callers[i].stopped, 1);
      WT_EQ_INT(callers[i].wrong, 0);
    }
    weir_cancel_free(&cancel);
    weir_statement_free(&statement);
    weir_session_free(&session);
    WT_CHECK(heard >= 2);
  }
}

/* ---- functions on the engine's threads ---- */

/* Each batch is some thread's; what a function keeps beside its arguments they would share. */
WT_TEST(functions_are_called_by_many_threads) {
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  wf_seed seed = {.seed = 5, .rows = 16000, .batch_rows = 500};
  weir_session *session = NULL;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows;
  options.threads = THREADS;
  WT_CHECK(wf_seeded(&rows, &seed));
  WT_OK(weir_session_new(&options, &session, &err));
  WT_OK(weir_session_add_memory(session, "t", &rows, &err));
  WT_OK(weir_session_seal(session, &err));
  WT_CHECK(wf_expect(
      session,
      "SELECT count(*), count(DISTINCT i) FROM (SELECT stable_id_parts('row', id, word) "
      "AS i FROM (SELECT id, word, count(*) AS n FROM t GROUP BY id, word))",
      "16000|16000;"));
  weir_session_free(&session);
}
