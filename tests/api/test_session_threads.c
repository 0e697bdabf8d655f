/* One sealed session and many threads: each meets the session as it is at one moment while others
 * add and drop what they read. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

/* The thread sanitizer needs no luck. */
#ifdef __SANITIZE_THREAD__
enum { VERSIONS = 24, ROUNDS = 2 };
#else
enum { VERSIONS = 24, ROUNDS = 6 };
#endif

typedef struct work {
  weir_session *session;
  char uri[96];
  atomic_int failures, running;
  atomic_int next; /* of versions to read */
} work;

static bool count_of(weir_session *session, const char *sql, const char *want) {
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  bool fine =
      wf_query(session, sql, got, sizeof got, &err) == WEIR_OK && strcmp(got, want) == 0;
  weir_error_release(&err);
  return fine;
}

/* Each of these makes an input of the session, and drops it. */
static void *read_versions(void *arg) {
  work *w = arg;
  char sql[192], want[16];
  for (int i; (i = atomic_fetch_add(&w->next, 1)) < VERSIONS * ROUNDS;) {
    int version = i % VERSIONS;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM read_delta('%s', %d)", w->uri,
             version);
    snprintf(want, sizeof want, "%d;", version + 1);
    if (!count_of(w->session, sql, want)) {
      atomic_fetch_add(&w->failures, 1);
    }
  }
  atomic_fetch_sub(&w->running, 1);
  return NULL;
}

/* Walks the names, since there is no such table. */
static void *look_for_names(void *arg) {
  work *w = arg;
  while (atomic_load(&w->running) > 0) {
    weir_query *query = NULL;
    weir_error err = WEIR_ERROR_INIT;
    weir_status status =
        weir_query_open(w->session, "SELECT * FROM no_such_table", NULL, 0, &query, &err);
    if (status != WEIR_E_UNKNOWN_TABLE || strstr(err.hint, "the tables are m") == NULL) {
      atomic_fetch_add(&w->failures, 1);
    }
    weir_error_release(&err);
    weir_query_free(&query);
  }
  return NULL;
}

static void *read_pins(void *arg) {
  work *w = arg;
  static _Thread_local char text[65536];
  while (atomic_load(&w->running) > 0) {
    struct ArrowArrayStream rows;
    weir_session_digests digests;
    weir_error err = WEIR_ERROR_INIT;
    if (weir_session_read(w->session, WEIR_SESSION_PINS, &rows, &err) != WEIR_OK ||
        wf_text(&rows, text, sizeof text, &err) != WEIR_OK ||
        strstr(text, "m|memory") == NULL ||
        weir_session_digest(w->session, &digests, &err) != WEIR_OK) {
      atomic_fetch_add(&w->failures, 1);
    }
    weir_error_release(&err);
  }
  return NULL;
}

static weir_session *session_of_one(void) {
  static const char *const cells[] = {"1"};
  struct ArrowArrayStream rows;
  if (!wf_rows(&rows, "n:l!", cells, 1)) {
    return NULL;
  }
  wf_input inputs[] = {{.name = "m", .rows = &rows}};
  return wf_session(inputs, 1);
}

WT_TEST(inputs_come_and_go_while_others_look) {
  char folder[64];
  static work w;
  wf_seed seed = {3, VERSIONS, 1, 0};
  pthread_t threads[5];
  snprintf(folder, sizeof folder, "/tmp/weir-threads-XXXXXX");
  WT_CHECK(mkdtemp(folder) != NULL);
  snprintf(w.uri, sizeof w.uri, "%s/t", folder);
  WT_CHECK(wf_seeded_table(w.uri, &seed, VERSIONS));
  w.session = session_of_one();
  WT_CHECK(w.session != NULL);
  atomic_store(&w.running, 2);
  WT_EQ_INT(pthread_create(&threads[0], NULL, read_versions, &w), 0);
  WT_EQ_INT(pthread_create(&threads[1], NULL, read_versions, &w), 0);
  WT_EQ_INT(pthread_create(&threads[2], NULL, look_for_names, &w), 0);
  WT_EQ_INT(pthread_create(&threads[3], NULL, look_for_names, &w), 0);
  WT_EQ_INT(pthread_create(&threads[4], NULL, read_pins, &w), 0);
  for (size_t i = 0; i < 5; i++) {
    pthread_join(threads[i], NULL);
  }
  WT_EQ_INT(atomic_load(&w.failures), 0);
  weir_session_free(&w.session);
  WT_CHECK(wf_remove(folder));
}

/* ---- a table is taken out while others query it ---- */

typedef struct removal {
  weir_session *session;
  atomic_int answered, refused, other;
  atomic_bool go;
} removal;

static void *query_until_gone(void *arg) {
  removal *r = arg;
  while (!atomic_load(&r->go)) {
  }
  for (;;) {
    weir_error err = WEIR_ERROR_INIT;
    char got[64];
    weir_status status = wf_query(r->session, "SELECT n FROM m", got, sizeof got, &err);
    weir_error_release(&err);
    if (status == WEIR_OK && strcmp(got, "1;") == 0) {
      atomic_fetch_add(&r->answered, 1);
    } else if (status == WEIR_E_UNKNOWN_TABLE) {
      atomic_fetch_add(&r->refused, 1);
      return NULL;
    } else {
      atomic_fetch_add(&r->other, 1);
      return NULL;
    }
  }
}

WT_TEST(a_removed_table_is_there_or_not) {
  for (int round = 0; round < 10; round++) {
    removal r = {.session = session_of_one()};
    pthread_t threads[3];
    weir_error err = WEIR_ERROR_INIT;
    WT_CHECK(r.session != NULL);
    for (size_t i = 0; i < 3; i++) {
      WT_EQ_INT(pthread_create(&threads[i], NULL, query_until_gone, &r), 0);
    }
    atomic_store(&r.go, true);
    while (atomic_load(&r.answered) < 3 + round) {
      usleep(100);
    }
    WT_OK(weir_session_remove(r.session, "m", &err));
    for (size_t i = 0; i < 3; i++) {
      pthread_join(threads[i], NULL);
    }
    WT_EQ_INT(atomic_load(&r.other), 0);
    WT_EQ_INT(atomic_load(&r.refused), 3);
    weir_session_free(&r.session);
  }
}
