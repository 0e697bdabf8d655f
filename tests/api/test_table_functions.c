/* Table functions in statements of a session: what is pinned, when, and for how long. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

static const char *const cells[] = {"1", "a", "2", "b", "3", NULL};

/* A table of three rows at "orders", below the folder of the test. */
static bool make_orders(char folder[64]) {
  char uri[128];
  snprintf(folder, 64, "/tmp/weir-tables-XXXXXX");
  if (mkdtemp(folder) == NULL) {
    return false;
  }
  snprintf(uri, sizeof uri, "%s/orders", folder);
  return wf_table(uri, "n:l! letter:t", cells, 3, NULL);
}

static bool append(const char *folder, const char *const *more, size_t n) {
  char uri[128];
  struct ArrowArrayStream rows;
  weir_session *s = wf_session(NULL, 0);
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  weir_write_result done = {0};
  weir_error err = WEIR_ERROR_INIT;
  snprintf(uri, sizeof uri, "%s/orders", folder);
  bool fine = s != NULL && wf_rows(&rows, "n:l! letter:t", more, n) &&
              weir_table_append(s, uri, &rows, &o, &done, &err) == WEIR_OK;
  weir_write_result_release(&done);
  weir_error_release(&err);
  weir_session_free(&s);
  return fine;
}

/* The SQL with the folder in place of each @. */
static const char *with(const char *sql, const char *folder) {
  static char text[1024];
  size_t n = 0, length = strlen(folder);
  for (const char *p = sql; *p != '\0' && n + length + 1 < sizeof text; p++) {
    if (*p == '@') {
      memcpy(text + n, folder, length);
      n += length;
    } else {
      text[n++] = *p;
    }
  }
  text[n] = '\0';
  return text;
}

WT_TEST(each_statement_sees_the_newest_version_and_keeps_it) {
  static const char *const more[] = {"4", "d"};
  char folder[64];
  weir_error err = WEIR_ERROR_INIT;
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  char got[64];
  WT_CHECK(make_orders(folder));
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  const char *count = "SELECT count(*) FROM read_delta('@/orders')";
  WT_CHECK(wf_expect(s, with(count, folder), "3;"));
  WT_OK(weir_query_open(s, with(count, folder), NULL, 0, &query, &err));
  WT_CHECK(append(folder, more, 1));
  WT_OK(
      weir_query_stream(query, &rows, &err)); /* planned before: reads what was pinned */
  WT_OK(wf_text(&rows, got, sizeof got, &err));
  WT_EQ_STR(got, "3;");
  weir_query_free(&query);
  WT_CHECK(wf_expect(s, with(count, folder), "4;"));
  WT_CHECK(
      wf_expect(s, with("SELECT count(*) FROM read_delta('@/orders', 0)", folder), "3;"));
  WT_CHECK(wf_expect(s,
                     with("SELECT a.version, b.version FROM delta_snapshot('@/orders') "
                          "AS a, delta_snapshot('@/orders', 0) AS b",
                          folder),
                     "1|0;"));
  weir_session_free(&s);
  WT_CHECK(wf_remove(folder));
}

/* name|version rows of the session's pins. */
static bool pins(weir_session *s, char *out, size_t size) {
  struct ArrowArrayStream rows;
  weir_error err = WEIR_ERROR_INIT;
  bool fine = weir_session_read(s, WEIR_SESSION_PINS, &rows, &err) == WEIR_OK &&
              wf_text(&rows, out, size, &err) == WEIR_OK;
  weir_error_release(&err);
  return fine;
}

static size_t count(const char *text, const char *what) {
  size_t n = 0;
  for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what)) {
    n++;
  }
  return n;
}

WT_TEST(what_is_opened_becomes_one_pin_of_the_session) {
  char folder[64], want[160];
  static char text[8192];
  weir_session_digests before, after, again;
  weir_query *kept = NULL, *other = NULL, *files = NULL;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(make_orders(folder));
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  WT_OK(weir_session_digest(s, &before, &err));
  WT_CHECK(wf_expect(s,
                     with("SELECT count(*) FROM read_delta('@/orders') AS a JOIN "
                          "read_delta('file://@/./orders/') AS b ON a.n = b.n",
                          folder),
                     "3;"));
  WT_OK(weir_query_open(s, with("SELECT count(*) FROM read_delta('@/./orders/')", folder),
                        NULL, 0, &kept, &err));
  WT_OK(weir_query_open(
      s, with("SELECT count(*) FROM read_delta('file://@/orders')", folder), NULL, 0,
      &other, &err));
  WT_OK(weir_session_digest(s, &after, &err));
  WT_CHECK(strcmp(before.session, after.session) == 0);
  WT_CHECK(strcmp(before.envelope, after.envelope) != 0);
  WT_CHECK(pins(s, text, sizeof text));
  snprintf(want, sizeof want, "read_delta('file://%s/orders', 0)|delta|delta_native|",
           folder);
  WT_EQ_INT(count(text, want), 1);
  WT_EQ_INT(count(text, "read_delta("), 1);
  WT_OK(weir_query_open(
      s, with("SELECT size > 0 FROM delta_add_actions('@/orders')", folder), NULL, 0,
      &files, &err));
  weir_query_free(&kept);
  WT_CHECK(pins(s, text, sizeof text));
  WT_EQ_INT(count(text, "delta_add_actions("), 1);
  WT_EQ_INT(count(text, "read_delta("), 1);
  weir_query_free(&other);
  weir_query_free(&files);
  WT_CHECK(pins(s, text, sizeof text)); /* nobody reads them any more */
  WT_EQ_INT(count(text, "delta_add_actions("), 0);
  WT_EQ_INT(count(text, "read_delta("), 0);
  WT_OK(weir_session_digest(s, &again, &err));
  WT_EQ_STR(again.envelope, before.envelope);
  weir_session_free(&s);
  WT_CHECK(wf_remove(folder));
}

WT_TEST(a_table_made_anew_is_another_input) {
  static const char *const other[] = {"7"};
  char folder[64], uri[128];
  weir_query *kept = NULL;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(make_orders(folder));
  snprintf(uri, sizeof uri, "%s/orders", folder);
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(s, with("SELECT max(n) FROM read_delta('@/orders')", folder), "3;"));
  /* While this one is open the session knows the old table by its place and version. */
  WT_OK(weir_query_open(s, with("SELECT max(n) FROM read_delta('@/orders')", folder),
                        NULL, 0, &kept, &err));
  WT_CHECK(wf_remove(uri));
  WT_CHECK(wf_expect_error(s, with("SELECT * FROM read_delta('@/orders')", folder),
                           WEIR_E_TABLE_MISSING));
  WT_CHECK(wf_table(uri, "m:l!", other, 1, NULL));
  WT_CHECK(wf_expect(s, with("SELECT max(m) FROM read_delta('@/orders')", folder), "7;"));
  WT_CHECK(
      wf_expect(s, with("SELECT max(m) FROM read_delta('@/orders', 0)", folder), "7;"));
  weir_query_free(&kept);
  WT_CHECK(
      wf_expect(s, with("SELECT max(m) FROM read_delta('@/orders', 0)", folder), "7;"));
  weir_session_free(&s);
  WT_CHECK(wf_remove(folder));
}

typedef struct reader {
  weir_session *session;
  const char *sql;
  bool fine;
} reader;

static void *read_often(void *arg) {
  reader *r = arg;
  char got[64];
  r->fine = true;
  for (int i = 0; i < 20 && r->fine; i++) {
    weir_error err = WEIR_ERROR_INIT;
    r->fine = wf_query(r->session, r->sql, got, sizeof got, &err) == WEIR_OK &&
              strcmp(got, "6|0;") == 0;
    weir_error_release(&err);
  }
  return NULL;
}

WT_TEST(statements_of_one_session_may_call_at_once) {
  char folder[64];
  static char text[8192];
  pthread_t threads[4];
  WT_CHECK(make_orders(folder));
  reader r[4];
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  const char *sql = with(
      "SELECT sum(n), max(version) FROM read_delta('@/orders'), "
      "delta_snapshot('@/orders')",
      folder);
  for (int i = 0; i < 4; i++) {
    r[i] = (reader){s, sql, false};
    WT_EQ_INT(pthread_create(&threads[i], NULL, read_often, &r[i]), 0);
  }
  for (int i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
    WT_CHECK(r[i].fine);
  }
  WT_CHECK(pins(s, text, sizeof text));
  WT_EQ_INT(count(text, "read_delta("), 0);
  WT_EQ_INT(count(text, "delta_snapshot("), 0);
  weir_session_free(&s);
  WT_CHECK(wf_remove(folder));
}

WT_TEST(plans_of_two_places_are_one_plan_and_of_two_functions_two) {
  static const char *const text_cells[] = {"x", "y"};
  char folder[64], uri[128], digest[4][65];
  static const char *const queries[] = {
      "SELECT table_uri FROM read_delta('@/one')",
      "SELECT table_uri FROM read_delta('@/two')",
      "SELECT table_uri FROM delta_add_actions('@/one')",
      "SELECT table_uri FROM delta_snapshot('@/one')"};
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(make_orders(folder));
  for (int i = 0; i < 2; i++) {
    snprintf(uri, sizeof uri, "%s/%s", folder, i == 0 ? "one" : "two");
    WT_CHECK(wf_table(uri, "table_uri:t", text_cells, 2, NULL));
  }
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  for (int i = 0; i < 4; i++) {
    weir_query *query = NULL;
    WT_OK(weir_query_open(s, with(queries[i], folder), NULL, 0, &query, &err));
    WT_OK(weir_query_plan_digest(query, digest[i], &err));
    weir_query_free(&query);
  }
  WT_EQ_STR(digest[0], digest[1]);
  WT_CHECK(strcmp(digest[0], digest[2]) != 0);
  WT_CHECK(strcmp(digest[0], digest[3]) != 0 && strcmp(digest[2], digest[3]) != 0);
  weir_session_free(&s);
  WT_CHECK(wf_remove(folder));
}

WT_TEST(names_of_functions_cannot_be_tables) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(s, "SELECT count(*) > 100 FROM udf_registry()", "true;"));
  WT_CHECK(wf_expect_error(s, "SELECT * FROM \"$call\".\"udf_registry()\"",
                           WEIR_E_UNKNOWN_TABLE));
  WT_CHECK(wf_expect_error(s, "SELECT * FROM udf_registry", WEIR_E_UNKNOWN_TABLE));
  weir_session_free(&s);
}
