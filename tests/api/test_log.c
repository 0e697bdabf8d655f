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
