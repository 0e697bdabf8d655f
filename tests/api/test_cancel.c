/* A token stops the call that it was given to, and no other; a write that was stopped leaves the
 * table as it was. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

#define FOR_EVER "SELECT sum(value % 7) FROM range(0, 9000000000000000)"

static void *fire_soon(void *arg) {
  usleep(200 * 1000);
  weir_cancel_fire(arg);
  return NULL;
}

static long elapsed(const struct timespec *since) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec - since->tv_sec;
}

/* ---- queries ---- */

WT_TEST(a_token_ends_the_streams_it_was_given_to) {
  weir_session *s = wf_session(NULL, 0);
  weir_statement *st = NULL;
  weir_query *stopped = NULL, *other = NULL;
  weir_cancel *cancel = NULL;
  struct ArrowArrayStream rows;
  struct timespec began;
  weir_execute_options o = WEIR_EXECUTE_OPTIONS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  pthread_t thread;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_cancel_new(&cancel, &err));
  WT_OK(weir_statement_prepare(s, FOR_EVER, NULL, &st, &err));
  o.cancel = cancel;
  WT_OK(weir_statement_query(st, &o, &stopped, &err));
  WT_OK(weir_query_stream(stopped, &rows, &err));
  clock_gettime(CLOCK_MONOTONIC, &began);
  WT_EQ_INT(pthread_create(&thread, NULL, fire_soon, cancel), 0);
  WT_EQ_INT(wf_text(&rows, got, sizeof got, &err), WEIR_E_CANCELLED);
  WT_CHECK(elapsed(&began) < 20);
  weir_error_release(&err);
  pthread_join(thread, NULL);
  WT_EQ_INT(weir_statement_query(st, &o, &other, &err), WEIR_E_CANCELLED);
  WT_CHECK(other == NULL); /* it stays fired */
  weir_error_release(&err);
  WT_OK(weir_statement_query(st, NULL, &other, &err)); /* the statement is as it was */
  weir_query_free(&other);
  WT_CHECK(wf_expect(s, "SELECT 1", "1;"));
  weir_cancel_free(&cancel);
  weir_query_free(&stopped);
  weir_statement_free(&st);
  weir_session_free(&s);
}

/* Two executions of one statement; one is stopped. */
WT_TEST(each_execution_has_a_token_of_its_own) {
  weir_session *s = wf_session(NULL, 0);
  weir_statement *st = NULL;
  weir_query *a = NULL, *b = NULL;
  weir_cancel *ca = NULL, *cb = NULL;
  struct ArrowArrayStream rows;
  weir_execute_options o = WEIR_EXECUTE_OPTIONS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_cancel_new(&ca, &err));
  WT_OK(weir_cancel_new(&cb, &err));
  WT_OK(
      weir_statement_prepare(s, "SELECT count(*) FROM range(0, 1000)", NULL, &st, &err));
  o.cancel = ca;
  WT_OK(weir_statement_query(st, &o, &a, &err));
  o.cancel = cb;
  WT_OK(weir_statement_query(st, &o, &b, &err));
  weir_cancel_free(&cb); /* the query has a share */
  weir_cancel_fire(ca);
  WT_EQ_INT(weir_query_stream(a, &rows, &err), WEIR_E_CANCELLED);
  weir_error_release(&err);
  WT_OK(weir_query_stream(b, &rows, &err));
  WT_OK(wf_text(&rows, got, sizeof got, &err));
  WT_EQ_STR(got, "1000;");
  weir_query_free(&a);
  weir_query_free(&b);
  weir_cancel_free(&ca);
  weir_statement_free(&st);
  weir_session_free(&s);
}

WT_TEST(preparing_can_be_stopped) {
  weir_session *s = wf_session(NULL, 0);
  weir_statement *st = NULL;
  weir_cancel *cancel = NULL;
  weir_prepare_options o = WEIR_PREPARE_OPTIONS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(s != NULL);
  WT_OK(weir_cancel_new(&cancel, &err));
  weir_cancel_fire(cancel);
  o.cancel = cancel;
  WT_EQ_INT(weir_statement_prepare(s, "SELECT 1", &o, &st, &err), WEIR_E_CANCELLED);
  WT_CHECK(st == NULL);
  weir_error_release(&err);
  weir_cancel_free(&cancel);
  weir_session_free(&s);
}

/* ---- writes ---- */

typedef struct place {
  char folder[64], uri[96];
  weir_session *session;
} place;

static bool place_of(place *out) {
  static const char *const cells[] = {"1", "a"};
  memset(out, 0, sizeof *out);
  snprintf(out->folder, sizeof out->folder, "/tmp/weir-cancel-XXXXXX");
  if (mkdtemp(out->folder) == NULL) {
    return false;
  }
  snprintf(out->uri, sizeof out->uri, "%s/t", out->folder);
  out->session = wf_session(NULL, 0);
  return out->session != NULL && wf_table(out->uri, "n:l! part:t", cells, 1, NULL);
}

static void leave(place *at) {
  weir_session_free(&at->session);
  wf_remove(at->folder);
}

/* Rows without an end, which fire the token after some batches. */
typedef struct endless {
  struct ArrowArrayStream inner;
  weir_cancel *cancel;
  int batches, fire_at;
  bool at_end; /* ends there */
} endless;

static int endless_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  endless *e = stream->private_data;
  return e->inner.get_schema(&e->inner, out);
}

static int endless_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  static const char *const cells[] = {"7", "b"};
  endless *e = stream->private_data;
  struct ArrowArrayStream one;
  memset(out, 0, sizeof *out);
  if (++e->batches == e->fire_at) {
    weir_cancel_fire(e->cancel);
    if (e->at_end) {
      return 0;
    }
  }
  if (!wf_rows(&one, "n:l! part:t", cells, 1)) {
    return EIO;
  }
  int code = one.get_next(&one, out);
  one.release(&one);
  return code;
}

static const char *endless_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static void endless_release(struct ArrowArrayStream *stream) {
  endless *e = stream->private_data;
  e->inner.release(&e->inner);
  free(e);
  memset(stream, 0, sizeof *stream);
}

static bool endless_open(const endless *like, struct ArrowArrayStream *out) {
  static const char *const cells[] = {"7", "b"};
  endless *e = malloc(sizeof *e);
  if (e == NULL) {
    return false;
  }
  *e = *like;
  *out = (struct ArrowArrayStream){endless_schema, endless_next, endless_error,
                                   endless_release, e};
  if (!wf_rows(&e->inner, "n:l! part:t", cells, 1)) {
    free(e);
    return false;
  }
  return true;
}

static weir_status put_rows(const place *at, int kind, const endless *e,
                            weir_cancel *cancel, weir_error *err) {
  struct ArrowArrayStream rows;
  weir_write_result result;
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  char other[128];
  if (!endless_open(e, &rows)) {
    return -1;
  }
  o.cancel = cancel;
  snprintf(other, sizeof other, "%s/new", at->folder);
  weir_status status =
      kind == 0 ? weir_table_append(at->session, at->uri, &rows, &o, &result, err)
      : kind == 1
          ? weir_table_create(at->session, other, &rows, &o, &result, err)
          : weir_table_replace(at->session, at->uri, NULL, 0, &rows, &o, &result, err);
  weir_write_result_release(&result);
  return status;
}

/* Before the first row, while rows come, and behind the last one. */
WT_TEST(a_write_that_is_stopped_leaves_the_table_as_it_was) {
  static const struct {
    int fire_at;
    bool at_end;
  } when[] = {{0, false}, {1, false}, {500, false}, {3, true}};
  place at;
  WT_CHECK(place_of(&at));
  for (int kind = 0; kind < 3; kind++) {
    for (size_t i = 0; i < sizeof when / sizeof when[0]; i++) {
      weir_error err = WEIR_ERROR_INIT;
      weir_cancel *cancel = NULL;
      struct timespec began;
      WT_OK(weir_cancel_new(&cancel, &err));
      endless e = {
          .cancel = cancel, .fire_at = when[i].fire_at, .at_end = when[i].at_end};
      if (when[i].fire_at == 0) {
        weir_cancel_fire(cancel);
      }
      char *before = wf_listing(at.folder);
      clock_gettime(CLOCK_MONOTONIC, &began);
      WT_EQ_INT(put_rows(&at, kind, &e, cancel, &err), WEIR_E_CANCELLED);
      WT_EQ_INT(err.code, WEIR_E_CANCELLED);
      WT_CHECK(elapsed(&began) < 20);
      weir_error_release(&err);
      char *after = wf_listing(at.folder);
      WT_EQ_STR(after, before);
      free(before);
      free(after);
      weir_cancel_free(&cancel);
    }
  }
  char sql[160];
  snprintf(sql, sizeof sql, "SELECT n, part FROM read_delta('%s')", at.uri);
  WT_CHECK(wf_expect(at.session, sql, "1|a;"));
  leave(&at);
}

/* Rows that come slowly, and that count what is done to them. */
typedef struct slow {
  struct ArrowArrayStream inner;
  atomic_int inside, calls, released;
} slow;

static int slow_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  slow *s = stream->private_data;
  return s->inner.get_schema(&s->inner, out);
}

static int slow_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  static const char *const cells[] = {"7", "b"};
  slow *s = stream->private_data;
  struct ArrowArrayStream one;
  memset(out, 0, sizeof *out);
  s->inside++;
  s->calls++;
  usleep(500 * 1000);
  int code = EIO;
  if (wf_rows(&one, "n:l! part:t", cells, 1)) {
    code = one.get_next(&one, out);
    one.release(&one);
  }
  s->inside--;
  return code;
}

static void slow_release(struct ArrowArrayStream *stream) {
  slow *s = stream->private_data;
  s->released++;
  s->inner.release(&s->inner);
  memset(stream, 0, sizeof *stream);
}

/* The token is fired while the engine waits for rows. When the call has returned the caller may
 * free all that its stream needs. */
WT_TEST(a_stopped_write_has_let_go_of_its_stream) {
  static const char *const cells[] = {"7", "b"};
  place at;
  weir_error err = WEIR_ERROR_INIT;
  weir_cancel *cancel = NULL;
  weir_write_result result;
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  pthread_t thread;
  slow s = {0};
  struct ArrowArrayStream rows = {slow_schema, slow_next, endless_error, slow_release,
                                  &s};
  WT_CHECK(place_of(&at) && wf_rows(&s.inner, "n:l! part:t", cells, 1));
  WT_OK(weir_cancel_new(&cancel, &err));
  o.cancel = cancel;
  WT_EQ_INT(pthread_create(&thread, NULL, fire_soon, cancel), 0);
  WT_EQ_INT(weir_table_append(at.session, at.uri, &rows, &o, &result, &err),
            WEIR_E_CANCELLED);
  WT_EQ_INT(s.inside, 0);
  WT_EQ_INT(s.released, 1);
  int calls = s.calls;
  WT_CHECK(calls > 0);
  usleep(1200 * 1000);
  WT_EQ_INT(s.calls, calls);
  WT_EQ_INT(s.released, 1);
  pthread_join(thread, NULL);
  weir_write_result_release(&result);
  weir_error_release(&err);
  weir_cancel_free(&cancel);
  leave(&at);
}

WT_TEST(a_token_that_is_not_fired_stops_nothing) {
  static const char *const cells[] = {"2", "b"};
  place at;
  weir_error err = WEIR_ERROR_INIT;
  weir_cancel *cancel = NULL;
  struct ArrowArrayStream rows;
  weir_write_result result;
  weir_write_options o = WEIR_WRITE_OPTIONS_INIT;
  WT_CHECK(place_of(&at) && wf_rows(&rows, "n:l! part:t", cells, 1));
  WT_OK(weir_cancel_new(&cancel, &err));
  o.cancel = cancel;
  WT_OK(weir_table_append(at.session, at.uri, &rows, &o, &result, &err));
  WT_EQ_INT(result.version, 1);
  weir_write_result_release(&result);
  weir_cancel_fire(cancel); /* after the fact */
  weir_cancel_free(&cancel);
  leave(&at);
}
