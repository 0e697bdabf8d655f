/* What a session tells its listener: names and fields that do not change, nothing secret, one call
 * at a time, and never from within the callback. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

#define SECRET "hunter2-secret"

typedef struct heard {
  char text[16384];
  size_t n;
  weir_session *session; /* used from within the callback */
  atomic_int inside, together, events, released;
} heard;

static void add(heard *h, const char *text) {
  size_t n = strlen(text);
  if (h->n + n < sizeof h->text) {
    memcpy(h->text + h->n, text, n + 1);
    h->n += n;
  }
}

static void listen(void *ctx, const weir_log_event *event) {
  heard *h = ctx;
  char back[64];
  weir_error err = WEIR_ERROR_INIT;
  if (atomic_fetch_add(&h->inside, 1) > 0) {
    atomic_fetch_add(&h->together, 1);
  }
  atomic_fetch_add(&h->events, 1);
  add(h, event->category);
  add(h, ".");
  add(h, event->name);
  for (size_t i = 0; i < event->n_fields; i++) {
    add(h, " ");
    add(h, event->fields[i].key);
    add(h, "=");
    add(h, event->fields[i].value);
  }
  add(h, " | ");
  add(h, event->message);
  add(h, "\n");
  if (h->session != NULL) {
    (void)wf_query(h->session, "SELECT 1", back, sizeof back, &err);
    weir_error_release(&err);
  }
  atomic_fetch_sub(&h->inside, 1);
}

static void forget(void *ctx) {
  atomic_fetch_add(&((heard *)ctx)->released, 1);
}

static weir_session *session_of(heard *h, weir_log_level level) {
  weir_log log = WEIR_LOG_INIT;
  weir_session_options o = WEIR_SESSION_OPTIONS_INIT;
  weir_session *s = NULL;
  weir_pair storage[] = {{"aws_access_key_id", "someone"},
                         {"aws_secret_access_key", SECRET}};
  log.event = listen;
  log.ctx = h;
  log.release = forget;
  log.level = level;
  o.log = &log;
  o.threads = 2;
  o.storage = storage;
  o.n_storage = 2;
  return weir_session_new(&o, &s, NULL) == WEIR_OK ? s : NULL;
}

static size_t count(const heard *h, const char *what) {
  size_t n = 0;
  for (const char *p = strstr(h->text, what); p != NULL; p = strstr(p + 1, what)) {
    n++;
  }
  return n;
}

WT_TEST(a_session_tells_what_it_does) {
  static const char *const cells[] = {"1"};
  static heard h;
  char folder[64], uri[96], want[160], got[64];
  weir_statement *st = NULL;
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  weir_write_result result;
  weir_error err = WEIR_ERROR_INIT;
  snprintf(folder, sizeof folder, "/tmp/weir-log-XXXXXX");
  WT_CHECK(mkdtemp(folder) != NULL);
  snprintf(uri, sizeof uri, "%s/t", folder);
  weir_session *s = session_of(&h, WEIR_LOG_INFO);
  WT_CHECK(s != NULL);
  WT_OK(weir_session_seal(s, &err));
  WT_EQ_INT(count(&h, "session.session_sealed digest="), 1);
  WT_OK(weir_statement_prepare(s, "SELECT '" SECRET "' AS x", NULL, &st, &err));
  WT_OK(weir_statement_query(st, NULL, &query, &err));
  WT_OK(weir_query_stream(query, &rows, &err));
  WT_OK(wf_text(&rows, got, sizeof got, &err));
  WT_EQ_STR(got, SECRET ";");
  WT_EQ_INT(count(&h, "statement.statement_prepared statement="), 1);
  WT_EQ_INT(count(&h, "statement.query_planned statement="), 1);
  WT_EQ_INT(count(&h, "statement.query_started statement="), 1);
  WT_CHECK(wf_rows(&rows, "n:l", cells, 1));
  WT_OK(weir_table_create(s, uri, &rows, NULL, &result, &err));
  weir_write_result_release(&result);
  snprintf(want, sizeof want,
           "table.commit_put uri=file://%s version=0 mode=create rows=1", uri);
  WT_EQ_INT(count(&h, want), 1);
  WT_CHECK(wf_rows(&rows, "other:l", cells, 1));
  WT_EQ_INT(weir_table_append(s, uri, &rows, NULL, &result, &err), WEIR_E_SCHEMA_CHANGED);
  weir_error_release(&err);
  WT_EQ_INT(count(&h, "table.write_failed "), 1);
  WT_EQ_INT(count(&h, "code=WEIR-SCHEMA-CHANGED"), 1);
  WT_EQ_INT(count(&h, SECRET), 0);
  weir_query_free(&query);
  weir_statement_free(&st);
  WT_EQ_INT(atomic_load(&h.released), 0);
  weir_session_free(&s);
  WT_EQ_INT(atomic_load(&h.released), 1);
  WT_CHECK(wf_remove(folder));
}

WT_TEST(the_level_is_the_least_that_is_told) {
  static heard h;
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = session_of(&h, WEIR_LOG_WARNING);
  WT_CHECK(s != NULL);
  WT_OK(weir_session_seal(s, &err));
  WT_CHECK(wf_expect(s, "SELECT 1", "1;"));
  WT_EQ_INT(atomic_load(&h.events), 0);
  weir_session_free(&s);
}

WT_TEST(the_listener_is_released_where_no_session_was_made) {
  static heard h;
  weir_log log = WEIR_LOG_INIT;
  weir_session_options o = WEIR_SESSION_OPTIONS_INIT;
  weir_pair unknown = {"weir.functions.no_such", "1"};
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  log.event = listen;
  log.ctx = &h;
  log.release = forget;
  o.log = &log;
  o.settings = &unknown;
  o.n_settings = 1;
  WT_EQ_INT(weir_session_new(&o, &s, &err), WEIR_E_UNKNOWN_KEY);
  weir_error_release(&err);
  WT_EQ_INT(atomic_load(&h.released), 1);
  log.event = NULL;
  WT_EQ_INT(weir_session_new(&o, &s, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  WT_EQ_INT(atomic_load(&h.released), 2);
}

/* What a callback makes weir do is not told, or it would never end. */
WT_TEST(callbacks_do_not_nest) {
  static heard h;
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = session_of(&h, WEIR_LOG_DEBUG);
  WT_CHECK(s != NULL);
  WT_OK(weir_session_seal(s, &err));
  h.session = s;
  int before = atomic_load(&h.events);
  WT_CHECK(wf_expect(s, "SELECT 1", "1;"));
  WT_EQ_INT(atomic_load(&h.events) - before, 2); /* planned, started */
  WT_EQ_INT(atomic_load(&h.together), 0);
  h.session = NULL;
  weir_session_free(&s);
}

static void *query_often(void *arg) {
  for (int i = 0; i < 50; i++) {
    char got[16];
    weir_error err = WEIR_ERROR_INIT;
    (void)wf_query(arg, "SELECT 1", got, sizeof got, &err);
    weir_error_release(&err);
  }
  return NULL;
}

WT_TEST(one_call_at_a_time) {
  static heard h;
  pthread_t threads[4];
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = session_of(&h, WEIR_LOG_INFO);
  WT_CHECK(s != NULL);
  WT_OK(weir_session_seal(s, &err));
  for (size_t i = 0; i < 4; i++) {
    WT_EQ_INT(pthread_create(&threads[i], NULL, query_often, s), 0);
  }
  for (size_t i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
  WT_EQ_INT(atomic_load(&h.together), 0);
  WT_EQ_INT(atomic_load(&h.events), 1 + 2 * 4 * 50);
  weir_session_free(&s);
}

/* ---- runs of a project ---- */

static const wt_file files[] = {
    {"weir.yml", "name: served\nwarehouse: ./lake\nsources:\n  raw: {table: ./raw}\n"},
    {"views/fine.sql",
     "/* weir\nmaterialized: table\nproperties: {delta.checkpointInterval: 1}\n*/\n"
     "SELECT n, '" SECRET "' AS word FROM raw\n"},
    {"views/wrong.sql",
     "/* weir\nmaterialized: table\nconstraints:\n  small: \"n < 0\"\n*/\n"
     "SELECT n FROM fine\n"},
    {"views/below.sql", "/* weir\nmaterialized: table\n*/\nSELECT n FROM wrong\n"},
};

static weir_project *project_of(heard *h, const char *root) {
  static const char *const cells[] = {"1"};
  char uri[256];
  weir_log log = WEIR_LOG_INIT;
  weir_project_options o = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *p = NULL;
  weir_error err = WEIR_ERROR_INIT;
  snprintf(uri, sizeof uri, "%s/raw", root);
  log.event = listen;
  log.ctx = h;
  log.release = forget;
  log.level = WEIR_LOG_DEBUG;
  o.path = root;
  o.threads = 2;
  o.log = &log;
  if (!wf_table(uri, "n:l", cells, 1, NULL) ||
      weir_project_open(&o, &p, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no project: %s", err.message);
  }
  weir_error_release(&err);
  return p;
}

static void forget_text(heard *h) {
  h->text[0] = '\0';
  h->n = 0;
}

WT_TEST(a_project_tells_of_its_runs) {
  static heard h;
  wt_project folder;
  char want[512];
  weir_error err = WEIR_ERROR_INIT;
  weir_report *report = NULL;
  weir_select again = WEIR_SELECT_INIT;
  weir_run_options o = WEIR_RUN_OPTIONS_INIT;
  static const char *const one[] = {"fine"};
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  weir_project *p = project_of(&h, folder.root);
  WT_CHECK(p != NULL);
  WT_EQ_INT(weir_project_run(p, NULL, NULL, &report, &err), WEIR_E_RUN_FAILED);
  weir_error_release(&err);
  weir_report_free(&report);
  WT_EQ_INT(count(&h, "run.run_started run_id="), 1);
  WT_EQ_INT(count(&h, " project=served views=3 |"), 1);
  snprintf(want, sizeof want, " source=raw uri=file://%s/raw version=0 |", folder.root);
  WT_EQ_INT(count(&h, want), 1);
  WT_EQ_INT(count(&h, "run.view_started "), 2);
  WT_EQ_INT(count(&h, " view=fine action=full version=0 rows=1 files=1 bytes="), 1);
  WT_EQ_INT(count(&h, " view=wrong code=WEIR-CONSTRAINT |"), 1);
  WT_EQ_INT(count(&h, "run.view_skipped "), 1);
  WT_EQ_INT(count(&h, " status=failed pass=1 reused=0 warn=0 error=1 skip=1 "), 1);
  WT_EQ_INT(count(&h, "run.run_failed "), 0);
  WT_EQ_INT(count(&h, SECRET), 0);
  /* Reused; then built again, with a checkpoint. */
  forget_text(&h);
  o.select = &again;
  again.select = one;
  again.n_select = 1;
  WT_OK(weir_project_run_with(p, &o, &report, &err));
  weir_report_free(&report);
  WT_EQ_INT(count(&h, "run.view_reused "), 1);
  WT_EQ_INT(count(&h, " view=fine version=0 |"), 1);
  WT_EQ_INT(count(&h, " status=ok pass=0 reused=1 "), 1);
  again.full_refresh = 1;
  WT_OK(weir_project_run_with(p, &o, &report, &err));
  weir_report_free(&report);
  snprintf(want, sizeof want,
           "table.checkpoint_written uri=file://%s/lake/fine version=1 |", folder.root);
  WT_EQ_INT(count(&h, want), 1);
  /* What does not even begin. */
  forget_text(&h);
  again.n_select = 1;
  static const char *const none[] = {"no_such"};
  again.select = none;
  WT_EQ_INT(weir_project_run_with(p, &o, &report, &err), WEIR_E_SELECTOR);
  weir_error_release(&err);
  WT_EQ_INT(count(&h, "run.run_failed project=served code=WEIR-SELECTOR |"), 1);
  WT_EQ_INT(count(&h, "run.run_started "), 0);
  WT_EQ_INT(atomic_load(&h.together), 0);
  WT_EQ_INT(atomic_load(&h.released), 0);
  weir_project_free(&p);
  WT_EQ_INT(atomic_load(&h.released), 1);
  wt_project_remove(&folder);
}

WT_TEST(the_listener_is_released_where_no_project_was_made) {
  static heard h;
  weir_log log = WEIR_LOG_INIT;
  weir_project_options o = WEIR_PROJECT_OPTIONS_INIT;
  weir_project *p = NULL;
  weir_error err = WEIR_ERROR_INIT;
  log.ctx = &h;
  log.release = forget;
  o.log = &log;
  o.path = "/nowhere/at/all";
  WT_EQ_INT(weir_project_open(&o, &p, &err), WEIR_E_USAGE); /* no callback */
  WT_CHECK(p == NULL);
  WT_EQ_INT(atomic_load(&h.released), 1);
  weir_error_release(&err);
  log.event = listen;
  WT_EQ_INT(weir_project_open(&o, &p, &err), WEIR_E_NO_PROJECT);
  weir_error_release(&err);
  weir_project_free(&p);
  WT_EQ_INT(atomic_load(&h.released), 2);
}

/* Races and checkpoints of writes, too. */
WT_TEST(a_write_tells_of_its_checkpoint) {
  static const char *const cells[] = {"1"};
  static heard h;
  wt_project folder;
  char uri[256];
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  weir_session *s = session_of(&h, WEIR_LOG_INFO);
  WT_OK(weir_session_seal(s, &err));
  for (int i = 0; i <= 20; i++) {
    struct ArrowArrayStream rows;
    weir_write_result result;
    WT_CHECK(wf_rows(&rows, "n:l", cells, 1));
    WT_OK(i == 0 ? weir_table_create(s, uri, &rows, NULL, &result, &err)
                 : weir_table_append(s, uri, &rows, NULL, &result, &err));
    weir_write_result_release(&result);
  }
  WT_EQ_INT(count(&h, "table.checkpoint_written uri=file:///"), 1);
  WT_EQ_INT(count(&h, "/t version=20 |"), 1);
  weir_session_free(&s);
  wt_project_remove(&folder);
}

static const char *raced_uri;
static int (*usual_next)(struct ArrowArrayStream *, struct ArrowArray *);
static void race(const char *uri) {
  static const char *const cells[] = {"5"};
  weir_session *s = wf_session(NULL, 0);
  struct ArrowArrayStream rows;
  weir_write_result result;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(wf_rows(&rows, "n:l", cells, 1));
  WT_OK(weir_table_append(s, uri, &rows, NULL, &result, &err));
  weir_write_result_release(&result);
  weir_session_free(&s);
}

static int next_after_race(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  if (raced_uri != NULL) {
    race(raced_uri);
    raced_uri = NULL;
  }
  return usual_next(stream, out);
}

/* Rows that nobody saw but their writer must not go without a word. */
WT_TEST(a_replace_tells_whose_rows_it_took_meanwhile) {
  static const char *const cells[] = {"1"};
  static heard h;
  wt_project folder;
  char uri[256], want[512];
  struct ArrowArrayStream rows;
  weir_write_result result;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  weir_session *s = session_of(&h, WEIR_LOG_WARNING);
  WT_OK(weir_session_seal(s, &err));
  WT_CHECK(wf_table(uri, "n:l", cells, 1, NULL) && wf_rows(&rows, "n:l", cells, 1));
  raced_uri = uri;
  usual_next = rows.get_next;
  rows.get_next = next_after_race;
  WT_OK(weir_table_replace(s, uri, NULL, 0, &rows, NULL, &result, &err));
  WT_EQ_INT(result.version, 2);
  WT_EQ_INT(result.retries, 1);
  weir_write_result_release(&result);
  snprintf(want, sizeof want,
           "table.others_replaced uri=file://%s version=1 writer=weir/", uri);
  WT_EQ_INT(count(&h, want), 1);
  WT_EQ_INT(count(&h, " commits=1 |"), 1);
  WT_EQ_INT(count(&h, "table.commit_lost "), 1);
  weir_session_free(&s);
  wt_project_remove(&folder);
}
