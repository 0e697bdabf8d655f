/* A session that works for long holds no more than what is in use, and what was made with it may
 * be freed in any order. */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

/* Under the thread sanitizer the threads are what counts. */
#ifdef __SANITIZE_THREAD__
enum { TIMES = 20 };
#else
enum { TIMES = 200 };
#endif

typedef struct place {
  char folder[64], uri[96];
  weir_session *session;
} place;

static bool place_of(place *out) {
  static const char *const cells[] = {"0"};
  memset(out, 0, sizeof *out);
  snprintf(out->folder, sizeof out->folder, "/tmp/weir-bounded-XXXXXX");
  if (mkdtemp(out->folder) == NULL) {
    return false;
  }
  snprintf(out->uri, sizeof out->uri, "%s/t", out->folder);
  out->session = wf_session(NULL, 0);
  return out->session != NULL && wf_table(out->uri, "n:l!", cells, 1, NULL);
}

static void leave(place *at) {
  weir_session_free(&at->session);
  wf_remove(at->folder);
}

/* One row more. */
static bool append(const place *at, weir_session *session) {
  static const char *const cells[] = {"1"};
  struct ArrowArrayStream rows;
  weir_write_result result;
  weir_error err = WEIR_ERROR_INIT;
  bool fine = wf_rows(&rows, "n:l!", cells, 1) &&
              weir_table_append(session, at->uri, &rows, NULL, &result, &err) == WEIR_OK;
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "append: %s", err.message);
    weir_error_release(&err);
    return false;
  }
  weir_write_result_release(&result);
  return true;
}

static bool number(weir_session *session, const char *sql, long *out) {
  weir_error err = WEIR_ERROR_INIT;
  char got[64] = "";
  bool fine = wf_query(session, sql, got, sizeof got, &err) == WEIR_OK;
  *out = strtol(got, NULL, 10);
  weir_error_release(&err);
  return fine;
}

/* Tables that the session's catalog has, pins that it lists. */
static bool tables_and_pins(weir_session *session, long *tables, long *pins) {
  struct ArrowArrayStream rows;
  struct ArrowArray batch = {0};
  weir_error err = WEIR_ERROR_INIT;
  if (!number(session, "SELECT count(*) FROM information_schema.tables", tables) ||
      weir_session_read(session, WEIR_SESSION_PINS, &rows, &err) != WEIR_OK) {
    return false;
  }
  *pins = 0;
  while (rows.get_next(&rows, &batch) == 0 && batch.release != NULL) {
    *pins += (long)batch.length;
    batch.release(&batch);
  }
  rows.release(&rows);
  return true;
}

/* Resident kilobytes of this process. */
static long resident(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  long pages = 0, all = 0;
  if (file == NULL || fscanf(file, "%ld %ld", &all, &pages) != 2) {
    pages = 0;
  }
  if (file != NULL) {
    fclose(file);
  }
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

WT_TEST(writes_and_moving_reads_leave_nothing_in_the_session) {
  place at;
  char sql[192], want[32];
  long tables = 0, pins = 0, more_tables = 0, more_pins = 0;
  WT_CHECK(place_of(&at));
  weir_session *s = at.session;
  snprintf(sql, sizeof sql, "SELECT count(*) FROM read_delta('%s')", at.uri);
  WT_CHECK(wf_expect(s, sql, "1;"));
  WT_CHECK(tables_and_pins(s, &tables, &pins));
  WT_EQ_INT(pins, 0);
  for (int i = 0; i < TIMES; i++) {
    WT_CHECK(append(&at, s));
    snprintf(want, sizeof want, "%d;", i + 2);
    WT_CHECK(wf_expect(s, sql, want));
  }
  WT_CHECK(tables_and_pins(s, &more_tables, &more_pins));
  WT_EQ_INT(more_tables, tables);
  WT_EQ_INT(more_pins, pins);
  leave(&at);
}

/* The address sanitizer keeps what was freed, up to 256 MiB; leaks it sees by itself. The thread
 * sanitizer keeps what threads did. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAX_GROWN_KIB ((256 + 24) * 1024)
#else
#define MAX_GROWN_KIB (24 * 1024)
#endif

/* A snapshot of a table with many files is large enough to be seen. */
WT_TEST(memory_stays_bounded_over_moving_reads) {
  place at;
  char sql[192];
  WT_CHECK(place_of(&at));
  for (int i = 0; i < TIMES; i++) {
    WT_CHECK(append(&at, at.session));
  }
  snprintf(sql, sizeof sql, "SELECT count(*) FROM delta_add_actions('%s')", at.uri);
  long early = 0, n = 0;
  for (int i = 0; i < TIMES; i++) {
    WT_CHECK(append(&at, at.session));
    WT_CHECK(number(at.session, sql, &n));
    WT_EQ_INT(n, TIMES + i + 2);
    early = i == TIMES / 4 ? resident() : early;
  }
  long grown = resident() - early;
  printf("# grew by %ld KiB over %d moving reads\n", grown, 3 * TIMES / 4);
  WT_CHECK(grown < MAX_GROWN_KIB);
  leave(&at);
}

WT_TEST(an_open_query_keeps_what_it_reads) {
  place at;
  char sql[192];
  long tables = 0, pins = 0;
  weir_query *a = NULL, *b = NULL;
  struct ArrowArrayStream rows;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(place_of(&at));
  snprintf(sql, sizeof sql, "SELECT count(*) FROM read_delta('%s')", at.uri);
  WT_OK(weir_query_open(at.session, sql, NULL, 0, &a, &err));
  WT_OK(weir_query_open(at.session, sql, NULL, 0, &b, &err));
  WT_CHECK(tables_and_pins(at.session, &tables, &pins));
  WT_EQ_INT(pins, 1); /* one for both */
  WT_CHECK(append(&at, at.session));
  weir_query_free(&a);
  WT_CHECK(tables_and_pins(at.session, &tables, &pins));
  WT_EQ_INT(pins, 1);
  WT_OK(weir_query_stream(b, &rows, &err));
  weir_query_free(&b);
  WT_CHECK(tables_and_pins(at.session, &tables, &pins));
  WT_EQ_INT(pins, 1); /* the stream's */
  WT_OK(wf_text(&rows, got, sizeof got, &err));
  WT_EQ_STR(got, "1;"); /* as it was when it was planned */
  WT_CHECK(tables_and_pins(at.session, &tables, &pins));
  WT_EQ_INT(pins, 0);
  leave(&at);
}

/* ---- children hold their parents ---- */

static int entries(const char *folder) {
  DIR *dir = opendir(folder);
  int n = 0;
  for (struct dirent *e = NULL; dir != NULL && (e = readdir(dir)) != NULL;) {
    n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
  }
  if (dir != NULL) {
    closedir(dir);
  }
  return n;
}

/* Sorts more than its memory holds, so that it writes to the folder while it is read. */
WT_TEST(a_stream_outlives_its_session_and_its_spilled_rows) {
  char folder[64];
  weir_session *s = NULL;
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  struct ArrowArray batch = {0};
  weir_session_options o = WEIR_SESSION_OPTIONS_INIT;
  weir_error err = WEIR_ERROR_INIT;
  int64_t n = 0;
  snprintf(folder, sizeof folder, "/tmp/weir-spill-XXXXXX");
  WT_CHECK(mkdtemp(folder) != NULL);
  o.threads = 1;
  o.memory = 24 * 1024 * 1024;
  o.spill_dir = folder;
  WT_OK(weir_session_new(&o, &s, &err));
  WT_OK(weir_session_seal(s, &err));
  WT_OK(weir_query_open(s,
                        "SELECT value, repeat('x', 40) AS pad FROM range(0, 1000000) "
                        "ORDER BY value % 1009, value",
                        NULL, 0, &query, &err));
  WT_OK(weir_query_stream(query, &rows, &err));
  WT_EQ_INT(rows.get_next(&rows, &batch), 0);
  WT_CHECK(entries(folder) == 1); /* spilled, or this shows nothing */
  weir_session_free(&s);
  weir_query_free(&query);
  WT_CHECK(entries(folder) == 1);
  while (batch.release != NULL) {
    n += batch.length;
    batch.release(&batch);
    WT_EQ_INT(rows.get_next(&rows, &batch), 0);
  }
  WT_EQ_INT(n, 1000000);
  rows.release(&rows);
  WT_EQ_INT(entries(folder), 0); /* it went with the last one */
  WT_EQ_INT(rmdir(folder), 0);
}

WT_TEST(a_query_may_be_run_after_its_session_was_freed) {
  static const char *const cells[] = {"1", "2"};
  struct ArrowArrayStream in, rows;
  weir_query *query = NULL;
  weir_error err = WEIR_ERROR_INIT;
  char got[64], digest[65];
  WT_CHECK(wf_rows(&in, "n:l!", cells, 2));
  wf_input inputs[] = {{.name = "m", .rows = &in}};
  weir_session *s = wf_session(inputs, 1);
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT sum(n) FROM m", NULL, 0, &query, &err));
  weir_session_free(&s);
  WT_OK(weir_query_plan_digest(query, digest, &err));
  WT_OK(weir_query_stream(query, &rows, &err));
  WT_OK(wf_text(&rows, got, sizeof got, &err));
  WT_EQ_STR(got, "3;");
  weir_query_free(&query);
}

/* ---- taking a table out ---- */

WT_TEST(a_table_can_be_removed) {
  static const char *const cells[] = {"1", "2"};
  struct ArrowArrayStream in, rows;
  weir_query *before = NULL, *after = NULL;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(wf_rows(&in, "n:l!", cells, 2));
  wf_input inputs[] = {{.name = "orders", .rows = &in}};
  weir_session *s = wf_session(inputs, 1);
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT sum(n) FROM orders", NULL, 0, &before, &err));
  WT_EQ_INT(weir_session_remove(s, "order", &err), WEIR_E_UNKNOWN_TABLE);
  WT_CHECK(strstr(err.hint, "orders") != NULL);
  weir_error_release(&err);
  WT_OK(weir_session_remove(s, "orders", &err));
  WT_EQ_INT(weir_query_open(s, "SELECT n FROM orders", NULL, 0, &after, &err),
            WEIR_E_UNKNOWN_TABLE);
  weir_error_release(&err);
  WT_EQ_INT(weir_session_remove(s, "orders", &err), WEIR_E_UNKNOWN_TABLE);
  weir_error_release(&err);
  long tables = 0, pins = 0;
  WT_CHECK(tables_and_pins(s, &tables, &pins));
  WT_EQ_INT(pins, 0);
  WT_OK(weir_query_stream(before, &rows, &err)); /* it was open */
  WT_OK(wf_text(&rows, got, sizeof got, &err));
  WT_EQ_STR(got, "3;");
  weir_query_free(&before);
  weir_session_free(&s);
}

WT_TEST(a_name_is_free_after_removal_and_after_a_failure) {
  static const char *const cells[] = {"1"};
  struct ArrowArrayStream first, second, bad;
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = wf_session_open(NULL, 0);
  WT_CHECK(s != NULL && wf_rows(&first, "n:l!", cells, 1) &&
           wf_rows(&second, "n:l! m:l", (const char *const[]){"5", "6"}, 1) &&
           wf_rows(&bad, "n:l!", cells, 1));
  bad.get_next = NULL;
  WT_EQ_INT(weir_session_add_memory(s, "t", &bad, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  WT_OK(weir_session_add_memory(s, "t", &first, &err));
  WT_OK(weir_session_remove(s, "t", &err));
  WT_OK(weir_session_add_memory(s, "t", &second, &err));
  WT_OK(weir_session_seal(s, &err));
  WT_CHECK(wf_expect(s, "SELECT n + m FROM t", "11;"));
  weir_session_free(&s);
}
