/* Sessions: their life, what can be read of them, many in one process, their tables. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

static const char *const two_rows[] = {"1", "a", "2", NULL};

static bool letters(struct ArrowArrayStream *out) {
  return wf_rows(out, "n:l! letter:t", two_rows, 2);
}

/* ---- life ---- */

WT_TEST(planning_before_sealing_is_refused) {
  weir_session *s = wf_session_open(NULL, 0);
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect_error(s, "SELECT 1 AS a", WEIR_E_NOT_SEALED));
  weir_error err = WEIR_ERROR_INIT;
  WT_OK(weir_session_seal(s, &err));
  WT_CHECK(wf_expect(s, "SELECT 1 AS a", "1;"));
  weir_session_free(&s);
}

WT_TEST(registering_after_sealing_is_refused) {
  weir_session *s = wf_session(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows;
  WT_CHECK(s != NULL && letters(&rows));
  WT_EQ_INT(weir_session_add_memory(s, "late", &rows, &err), WEIR_E_NOT_SEALED);
  WT_CHECK(rows.release == NULL); /* taken all the same */
  weir_error_release(&err);
  WT_CHECK(letters(&rows));
  WT_EQ_INT(weir_session_add_stream(s, "late", &rows, &err), WEIR_E_NOT_SEALED);
  WT_CHECK(rows.release == NULL);
  weir_error_release(&err);
  WT_EQ_INT(weir_session_add_delta(s, "late", "/tmp/no-such-table", -1, &err),
            WEIR_E_NOT_SEALED);
  weir_error_release(&err);
  WT_EQ_INT(weir_session_seal(s, &err), WEIR_E_NOT_SEALED);
  weir_error_release(&err);
  WT_CHECK(wf_expect_error(s, "SELECT * FROM late", WEIR_E_UNKNOWN_TABLE));
  weir_session_free(&s);
}

WT_TEST(names_are_checked_and_unique) {
  static const char *const bad[] = {"", "A", "1a", "a-b", "a.b", "a b"};
  weir_session *s = wf_session_open(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows;
  WT_CHECK(s != NULL);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    WT_CHECK(letters(&rows));
    WT_EQ_INT(weir_session_add_memory(s, bad[i], &rows, &err), WEIR_E_BAD_NAME);
    weir_error_release(&err);
  }
  WT_CHECK(letters(&rows));
  WT_OK(weir_session_add_memory(s, "t", &rows, &err));
  WT_CHECK(letters(&rows));
  WT_EQ_INT(weir_session_add_memory(s, "t", &rows, &err), WEIR_E_DUPLICATE_NAME);
  weir_error_release(&err);
  WT_CHECK(letters(&rows));
  WT_EQ_INT(weir_session_add_stream(s, "t", &rows, &err), WEIR_E_DUPLICATE_NAME);
  weir_error_release(&err);
  WT_OK(weir_session_seal(s, &err)); /* the first is as it was */
  WT_CHECK(wf_expect(s, "SELECT * FROM t ORDER BY n", "1|a;2|NULL;"));
  weir_session_free(&s);
}

WT_TEST(options_of_another_size_are_refused) {
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  options.struct_size = 4;
  WT_EQ_INT(weir_session_new(&options, &s, &err), WEIR_E_USAGE);
  WT_CHECK(s == NULL);
  weir_error_release(&err);
  weir_session_free(&s); /* NULL is allowed */
}

/* ---- tables ---- */

WT_TEST(memory_tables_are_read_again_and_streams_once) {
  struct ArrowArrayStream rows, once;
  wf_seed seed = {7, 5000, 0, 0};
  WT_CHECK(letters(&rows) && wf_seeded(&once, &seed));
  wf_input inputs[] = {{.name = "m", .rows = &rows},
                       {.name = "s", .rows = &once, .once = true}};
  weir_session *s = wf_session(inputs, 2);
  char sum[64];
  snprintf(sum, sizeof sum, "5000|%lld;", (long long)wf_seeded_sum(&seed));
  WT_CHECK(s != NULL);
  for (int i = 0; i < 3; i++) {
    WT_CHECK(wf_expect(s, "SELECT n, letter FROM m ORDER BY n", "1|a;2|NULL;"));
  }
  WT_CHECK(wf_expect(s, "SELECT a.n, b.n FROM m a JOIN m b ON a.n < b.n", "1|2;"));
  WT_CHECK(wf_expect(s, "SELECT count(*), sum(value) FROM s", sum));
  WT_CHECK(wf_expect_error(s, "SELECT count(*) FROM s", WEIR_E_STREAM_USED));
  WT_CHECK(wf_expect(s, "SELECT count(*) FROM m", "2;"));
  weir_session_free(&s);
}

static int broken_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  (void)stream;
  memset(out, 0, sizeof *out);
  return 5; /* EIO */
}

static const char *broken_text(struct ArrowArrayStream *stream) {
  (void)stream;
  return "the disk is on fire";
}

WT_TEST(a_failing_input_fails_the_call_or_the_query) {
  struct ArrowArrayStream rows;
  weir_session *s = wf_session_open(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(s != NULL && letters(&rows));
  int (*good_next)(struct ArrowArrayStream *, struct ArrowArray *) = rows.get_next;
  rows.get_next = broken_next;
  rows.get_last_error = broken_text;
  WT_CHECK(weir_session_add_memory(s, "m", &rows, &err) != WEIR_OK);
  WT_CHECK(strstr(err.message, "on fire") != NULL);
  weir_error_release(&err);
  WT_CHECK(rows.release == NULL && letters(&rows) && rows.get_next == good_next);
  rows.get_next = broken_next;
  rows.get_last_error = broken_text;
  WT_OK(weir_session_add_stream(s, "s", &rows, &err)); /* read by the query only */
  WT_OK(weir_session_seal(s, &err));
  char got[64];
  WT_CHECK(wf_query(s, "SELECT count(*) FROM s", got, sizeof got, &err) != WEIR_OK);
  WT_CHECK(strstr(err.message, "on fire") != NULL);
  weir_error_release(&err);
  WT_CHECK(wf_expect(s, "SELECT 2", "2;"));
  weir_session_free(&s);
}

WT_TEST(delta_tables_are_pinned_when_registered) {
  wt_project folder;
  char uri[256];
  static const char *const more[] = {"3", "c"};
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  WT_CHECK(wf_table(uri, "n:l! letter:t", two_rows, 2, NULL));
  wf_input at_latest[] = {{.name = "t", .uri = uri, .version = -1}};
  weir_session *before = wf_session(at_latest, 1), *writer = wf_session(NULL, 0);
  weir_write_result result;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows;
  WT_CHECK(before != NULL && writer != NULL && wf_rows(&rows, "n:l! letter:t", more, 1));
  WT_OK(weir_table_append(writer, uri, &rows, NULL, &result, &err));
  WT_EQ_INT(result.version, 1);
  weir_write_result_release(&result);
  weir_session *after = wf_session(at_latest, 1);
  wf_input at_zero[] = {{.name = "t", .uri = uri, .version = 0}};
  weir_session *zero = wf_session(at_zero, 1);
  WT_CHECK(after != NULL && zero != NULL);
  WT_CHECK(wf_expect(before, "SELECT count(*) FROM t", "2;"));
  WT_CHECK(wf_expect(zero, "SELECT count(*) FROM t", "2;"));
  WT_CHECK(wf_expect(after, "SELECT max(n) FROM t", "3;"));
  weir_session *missing = wf_session_open(NULL, 0);
  WT_EQ_INT(weir_session_add_delta(missing, "t", uri, 9, &err), WEIR_E_VERSION_MISSING);
  weir_error_release(&err);
  WT_EQ_INT(weir_session_add_delta(missing, "t", folder.root, -1, &err),
            WEIR_E_TABLE_MISSING);
  weir_error_release(&err);
  weir_session_free(&missing);
  weir_session_free(&before);
  weir_session_free(&after);
  weir_session_free(&zero);
  weir_session_free(&writer);
  wt_project_remove(&folder);
}

/* ---- what can be read of a session ---- */

static bool table_text(weir_session *s, weir_session_table table, char *out,
                       size_t size) {
  struct ArrowArrayStream stream;
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = weir_session_read(s, table, &stream, &err);
  if (status == WEIR_OK) {
    status = wf_text(&stream, out, size, &err);
  }
  if (status != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "session table %d: %s", (int)table, err.message);
  }
  weir_error_release(&err);
  return status == WEIR_OK;
}

WT_TEST(the_session_tables_are_readable) {
  wt_project folder;
  char uri[256], expected[512];
  char *text = malloc(1 << 20);
  struct ArrowArrayStream rows, once;
  WT_CHECK(text != NULL && wt_project_make(&folder, NULL, 0));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  WT_CHECK(wf_table(uri, "n:l! letter:t", two_rows, 2, NULL));
  WT_CHECK(letters(&rows) && letters(&once));
  wf_input inputs[] = {{.name = "d", .uri = uri, .version = -1},
                       {.name = "m", .rows = &rows},
                       {.name = "s", .rows = &once, .once = true}};
  weir_session *s = wf_session(inputs, 3);
  WT_CHECK(s != NULL);
  WT_CHECK(table_text(s, WEIR_SESSION_SETTINGS, text, 1 << 20));
  WT_CHECK(strstr(text, "datafusion.execution.batch_size|8192;") != NULL);
  WT_CHECK(table_text(s, WEIR_SESSION_FUNCTIONS, text, 1 << 20));
  WT_CHECK(strstr(text, "stable_hash64|scalar|immutable|") != NULL);
  WT_CHECK(strstr(text, "|builtin;") != NULL && strstr(text, "|host;") != NULL);
  WT_CHECK(table_text(s, WEIR_SESSION_RULES, text, 1 << 20));
  WT_CHECK(strstr(text, "optimizer|0|") != NULL && strstr(text, "analyzer|0|") != NULL);
  WT_CHECK(table_text(s, WEIR_SESSION_PINS, text, 1 << 20));
  snprintf(expected, sizeof expected, "d|delta|delta_native|file://%s|0|", uri);
  WT_CHECK(strstr(text, expected) != NULL);
  WT_CHECK(strstr(text, "m|memory|memory|NULL|NULL|NULL|NULL|") != NULL);
  WT_CHECK(strstr(text, "s|stream|stream|NULL|") != NULL);
  struct ArrowArrayStream none;
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(weir_session_read(s, (weir_session_table)99, &none, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  weir_session_free(&s);
  wt_project_remove(&folder);
  free(text);
}

WT_TEST(information_schema_is_readable) {
  struct ArrowArrayStream rows;
  WT_CHECK(letters(&rows));
  wf_input inputs[] = {{.name = "m", .rows = &rows}};
  weir_session *s = wf_session(inputs, 1);
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(s,
                     "SELECT table_schema, table_name FROM information_schema.tables "
                     "WHERE table_schema <> 'information_schema' ORDER BY table_name",
                     "main|m;"));
  WT_CHECK(wf_expect(s,
                     "SELECT column_name, data_type, is_nullable FROM "
                     "information_schema.columns WHERE table_name = 'm' "
                     "ORDER BY ordinal_position",
                     "n|Int64|NO;letter|Utf8|YES;"));
  WT_CHECK(wf_expect(s,
                     "SELECT count(DISTINCT routine_name) FROM "
                     "information_schema.routines WHERE routine_name IN "
                     "('stable_hash64', 'abs', 'sum', 'row_number')",
                     "4;"));
  WT_CHECK(
      wf_expect(s, "SELECT count(*) > 100 FROM information_schema.parameters", "true;"));
  WT_CHECK(wf_expect(s,
                     "SELECT value FROM information_schema.df_settings "
                     "WHERE name = 'datafusion.execution.batch_size'",
                     "8192;"));
  WT_CHECK(wf_expect(s,
                     "SELECT count(*) FROM information_schema.schemata "
                     "WHERE schema_name = 'main'",
                     "1;"));
  weir_session_free(&s);
}

/* ---- many sessions ---- */

#define N_THREADS  8
#define N_SESSIONS 4

typedef struct worker {
  uint64_t seed;
  int bad;
} worker;

static int one_session(uint64_t seed_value) {
  wf_seed seed = {seed_value, 20000, 0, 0};
  struct ArrowArrayStream rows;
  char expected[64], got[64];
  weir_error err = WEIR_ERROR_INIT;
  if (!wf_seeded(&rows, &seed)) {
    return 1;
  }
  wf_input inputs[] = {{.name = "t", .rows = &rows}};
  weir_session *s = wf_session(inputs, 1);
  snprintf(expected, sizeof expected, "%lld;", (long long)wf_seeded_sum(&seed));
  int bad = s == NULL ||
            wf_query(s, "SELECT sum(value) FROM t", got, sizeof got, &err) != WEIR_OK ||
            strcmp(got, expected) != 0;
  weir_error_release(&err);
  weir_session_free(&s);
  return bad;
}

static void *work(void *arg) {
  worker *w = arg;
  for (uint64_t i = 0; i < N_SESSIONS; i++) {
    w->bad += one_session(w->seed * 100 + i);
  }
  return NULL;
}

WT_TEST(many_sessions_live_in_one_process) {
  pthread_t threads[N_THREADS];
  worker workers[N_THREADS];
  for (size_t i = 0; i < N_THREADS; i++) {
    workers[i] = (worker){i, 0};
    WT_EQ_INT(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  int bad = 0;
  for (size_t i = 0; i < N_THREADS; i++) {
    pthread_join(threads[i], NULL);
    bad += workers[i].bad;
  }
  WT_EQ_INT(bad, 0);
}

typedef struct asker {
  weir_session *session;
  const char *expected;
  int bad;
} asker;

static void *ask(void *arg) {
  asker *a = arg;
  for (int i = 0; i < 10; i++) {
    weir_error err = WEIR_ERROR_INIT;
    char got[64];
    a->bad += wf_query(a->session, "SELECT sum(value), count(*) FROM t", got, sizeof got,
                       &err) != WEIR_OK ||
              strcmp(got, a->expected) != 0;
    weir_error_release(&err);
  }
  return NULL;
}

WT_TEST(one_sealed_session_serves_many_threads) {
  wf_seed seed = {3, 10000, 0, 0};
  struct ArrowArrayStream rows;
  char expected[64];
  WT_CHECK(wf_seeded(&rows, &seed));
  wf_input inputs[] = {{.name = "t", .rows = &rows}};
  weir_session *s = wf_session(inputs, 1);
  WT_CHECK(s != NULL);
  snprintf(expected, sizeof expected, "%lld|10000;", (long long)wf_seeded_sum(&seed));
  pthread_t threads[N_THREADS];
  asker askers[N_THREADS];
  for (size_t i = 0; i < N_THREADS; i++) {
    askers[i] = (asker){s, expected, 0};
    WT_EQ_INT(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
  }
  int bad = 0;
  for (size_t i = 0; i < N_THREADS; i++) {
    pthread_join(threads[i], NULL);
    bad += askers[i].bad;
  }
  weir_session_free(&s);
  WT_EQ_INT(bad, 0);
}

/* ---- spilling ---- */

static weir_session *small_session(const char *spill, struct ArrowArrayStream *rows) {
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  options.threads = 1;
  options.memory = (uint64_t)12 << 20;
  options.spill_dir = spill;
  if (weir_session_new(&options, &s, &err) != WEIR_OK ||
      weir_session_add_stream(s, "t", rows, &err) != WEIR_OK ||
      weir_session_seal(s, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s", err.message);
    weir_session_free(&s);
  }
  weir_error_release(&err);
  return s;
}

/* What lies in the user's spill folder is the user's, and other sessions spill there too. */
WT_TEST(spilling_leaves_the_folder_as_it_was) {
  static const wt_file files[] = {{"spill/precious.txt", "mine"}};
  wt_project folder;
  char spill[256];
  wf_seed seed = {11, 400000, 8192, 0};
  struct ArrowArrayStream rows, batches = {0};
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(wt_project_make(&folder, WT_FILES(files)));
  snprintf(spill, sizeof spill, "%s/spill", folder.root);
  char *before = wf_listing(spill);
  WT_CHECK(wf_seeded(&rows, &seed));
  weir_session *s = small_session(spill, &rows);
  weir_query *query = NULL;
  struct ArrowArray batch = {0};
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT * FROM t ORDER BY ratio, word, id", NULL, 0, &query,
                        &err));
  WT_OK(weir_query_stream(query, &batches, &err));
  int code = batches.get_next(&batches, &batch);
  WT_OK(code == 0 ? WEIR_OK : weir_stream_error(&batches, code, &err));
  batch.release(&batch);
  char *during = wf_listing(spill);
  WT_CHECK(strcmp(before, during) != 0); /* it did spill */
  /* Another session of the same folder ends meanwhile. */
  WT_CHECK(wf_seeded(&rows, &seed));
  weir_session *other = small_session(spill, &rows);
  WT_CHECK(other != NULL);
  weir_session_free(&other);
  int64_t n = 0;
  for (;;) {
    code = batches.get_next(&batches, &batch);
    WT_OK(code == 0 ? WEIR_OK : weir_stream_error(&batches, code, &err));
    if (batch.release == NULL) {
      break;
    }
    n += batch.length;
    batch.release(&batch);
  }
  WT_CHECK(n > 300000 && n < 400000); /* the first batch was counted out */
  WT_CHECK(weir_query_peak_memory(query) > 0);
  WT_CHECK(weir_query_peak_memory(query) <= (uint64_t)12 << 20);
  batches.release(&batches);
  weir_query_free(&query);
  weir_session_free(&s);
  char *after = wf_listing(spill);
  WT_EQ_STR(after, before);
  free(before);
  free(during);
  free(after);
  wt_project_remove(&folder);
}
