/* Queries: streams, cancelling, parameters, and that nothing but reading is possible. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/fixtures.h"
#include "common/test.h"

static weir_session *session_of_three(void) {
  static const char *const cells[] = {"1", "a", "2", "b", "3", NULL};
  struct ArrowArrayStream rows;
  if (!wf_rows(&rows, "n:l! letter:t", cells, 3)) {
    return NULL;
  }
  wf_input inputs[] = {{.name = "m", .rows = &rows}};
  return wf_session(inputs, 1);
}

/* ---- streams ---- */

WT_TEST(a_query_streams_once) {
  weir_session *s = session_of_three();
  weir_query *query = NULL;
  struct ArrowArrayStream first, second;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT n FROM m ORDER BY n", NULL, 0, &query, &err));
  WT_OK(weir_query_stream(query, &first, &err));
  WT_EQ_INT(weir_query_stream(query, &second, &err), WEIR_E_STREAM_USED);
  WT_CHECK(second.release == NULL);
  weir_error_release(&err);
  WT_OK(wf_text(&first, got, sizeof got, &err)); /* which does not harm the first */
  WT_EQ_STR(got, "1;2;3;");
  WT_EQ_INT(weir_query_stream(query, &second, &err), WEIR_E_STREAM_USED);
  weir_error_release(&err);
  weir_query_free(&query);
  weir_session_free(&s);
}

WT_TEST(streams_outlive_the_query) {
  weir_session *s = session_of_three();
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT sum(n) FROM m", NULL, 0, &query, &err));
  WT_OK(weir_query_stream(query, &rows, &err));
  weir_query_free(&query);
  weir_query_free(&query); /* twice is fine */
  WT_OK(wf_text(&rows, got, sizeof got, &err));
  WT_EQ_STR(got, "6;");
  weir_session_free(&s);
}

WT_TEST(streams_may_be_left_unread) {
  wf_seed seed = {5, 100000, 0, 0};
  struct ArrowArrayStream rows, out;
  WT_CHECK(wf_seeded(&rows, &seed));
  wf_input inputs[] = {{.name = "t", .rows = &rows, .once = true}};
  weir_session *s = wf_session(inputs, 1);
  weir_query *query = NULL;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArray batch;
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT * FROM t", NULL, 0, &query, &err));
  WT_OK(weir_query_stream(query, &out, &err));
  WT_EQ_INT(out.get_next(&out, &batch), 0);
  WT_CHECK(batch.release != NULL && batch.length > 0);
  out.release(&out);
  batch.release(&batch); /* a batch stands on its own */
  weir_query_free(&query);
  WT_CHECK(wf_expect(s, "SELECT 1", "1;"));
  weir_session_free(&s);
}

WT_TEST(failures_while_reading_have_codes) {
  weir_session *s = session_of_three();
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect_error(s, "SELECT 1 / (n - 2) FROM m", WEIR_E_EXECUTION));
  WT_CHECK(wf_expect_error(s, "SELECT CAST(letter AS BIGINT) FROM m", WEIR_E_EXECUTION));
  WT_CHECK(wf_expect(s, "SELECT count(*) FROM m", "3;"));
  weir_session_free(&s);
}

WT_TEST(ipc_bytes_are_written) {
  weir_session *s = session_of_three();
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  weir_error err = WEIR_ERROR_INIT;
  FILE *file = tmpfile();
  uint8_t bytes[4] = {0};
  WT_CHECK(s != NULL && file != NULL);
  WT_OK(weir_query_open(s, "SELECT n, letter FROM m", NULL, 0, &query, &err));
  WT_OK(weir_query_stream(query, &rows, &err));
  WT_OK(weir_stream_write_ipc(s, &rows, fileno(file), &err));
  WT_CHECK(rows.release == NULL);
  WT_EQ_INT(pread(fileno(file), bytes, 4, 0), 4);
  WT_CHECK(memcmp(bytes, "\xFF\xFF\xFF\xFF", 4) == 0); /* a message's continuation mark */
  WT_CHECK(lseek(fileno(file), 0, SEEK_END) > 200);
  fclose(file);
  weir_query_free(&query);
  weir_session_free(&s);
}

/* ---- cancelling ---- */

static void *cancel_soon(void *arg) {
  struct timespec wait = {0, 200 * 1000 * 1000};
  nanosleep(&wait, NULL);
  weir_query_cancel(arg);
  return NULL;
}

WT_TEST(cancelling_from_another_thread_ends_the_stream) {
  weir_session *s = session_of_three();
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  struct timespec before, after;
  weir_error err = WEIR_ERROR_INIT;
  pthread_t thread;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT sum(value % 7) FROM range(0, 9000000000000000)", NULL,
                        0, &query, &err));
  WT_OK(weir_query_stream(query, &rows, &err));
  clock_gettime(CLOCK_MONOTONIC, &before);
  WT_EQ_INT(pthread_create(&thread, NULL, cancel_soon, query), 0);
  weir_status status = wf_text(&rows, got, sizeof got, &err);
  pthread_join(thread, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  WT_EQ_INT(status, WEIR_E_CANCELLED);
  WT_EQ_INT(err.code, WEIR_E_CANCELLED);
  WT_CHECK(after.tv_sec - before.tv_sec < 20);
  weir_error_release(&err);
  weir_query_free(&query);
  WT_CHECK(wf_expect(s, "SELECT count(*) FROM m", "3;"));
  weir_session_free(&s);
}

WT_TEST(cancelling_before_reading_works_too) {
  weir_session *s = session_of_three();
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT n FROM m", NULL, 0, &query, &err));
  weir_query_cancel(query);
  weir_query_cancel(query);
  weir_status status = weir_query_stream(query, &rows, &err);
  if (status == WEIR_OK) {
    status = wf_text(&rows, got, sizeof got, &err);
  }
  WT_EQ_INT(status, WEIR_E_CANCELLED);
  weir_error_release(&err);
  weir_query_free(&query);
  weir_session_free(&s);
}

/* ---- read-only ---- */

WT_TEST(statements_are_refused) {
  static const char *const refused[] = {
      "CREATE TABLE x (a INT)",
      "CREATE TABLE x AS SELECT 1 AS a",
      "CREATE VIEW x AS SELECT 1 AS a",
      "CREATE SCHEMA x",
      "CREATE DATABASE x",
      "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/tmp/x.parquet'",
      "CREATE FUNCTION f(BIGINT) RETURNS BIGINT RETURN $1 + 1",
      "CREATE INDEX i ON m (n)",
      "DROP TABLE m",
      "DROP VIEW m",
      "INSERT INTO m VALUES (4, 'd')",
      "UPDATE m SET n = 5",
      "DELETE FROM m",
      "TRUNCATE TABLE m",
      "COPY m TO '/tmp/weir-must-not-appear.csv'",
      "COPY (SELECT 1 AS a) TO '/tmp/weir-must-not-appear.csv'",
      "SET datafusion.execution.batch_size = 1",
      "RESET datafusion.execution.batch_size",
      "BEGIN",
      "START TRANSACTION",
      "COMMIT",
      "ROLLBACK",
      "PREPARE p AS SELECT 1",
      "EXECUTE p",
      "DEALLOCATE p",
      "EXPLAIN ANALYZE INSERT INTO m VALUES (4, 'd')",
      "EXPLAIN DELETE FROM m",
  };
  weir_session *s = session_of_three();
  WT_CHECK(s != NULL);
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    wf_expect_error(s, refused[i], WEIR_E_READ_ONLY);
  }
  WT_CHECK(access("/tmp/weir-must-not-appear.csv", F_OK) != 0);
  WT_CHECK(wf_expect(s, "SELECT count(*), sum(n) FROM m", "3|6;"));
  WT_CHECK(wf_expect(s,
                     "SELECT value FROM information_schema.df_settings "
                     "WHERE name = 'datafusion.execution.batch_size'",
                     "8192;"));
  weir_session_free(&s);
}

WT_TEST(several_statements_are_refused) {
  weir_session *s = session_of_three();
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect_error(s, "SELECT 1; SELECT 2", WEIR_E_SQL_SYNTAX));
  WT_CHECK(wf_expect_error(s, "", WEIR_E_SQL_SYNTAX));
  WT_CHECK(wf_expect_error(s, "SELEC 1", WEIR_E_SQL_SYNTAX));
  WT_CHECK(wf_expect(s, "SELECT 1;", "1;"));
  weir_session_free(&s);
}

/* The form with the path in place of its @. */
static void put_path(char *sql, size_t size, const char *form, const char *path) {
  size_t before = strcspn(form, "@");
  int n = snprintf(sql, size, "%.*s%s%s", (int)before, form, path, form + before + 1);
  if (n < 0 || (size_t)n >= size) {
    abort();
  }
}

/* A real file of each kind lies there, so that a refusal is not for lack of one. */
WT_TEST(files_cannot_be_read_by_path) {
  static const wt_file files[] = {{"a.csv", "x,y\n1,2\n"}, {"a.json", "{\"x\": 1}\n"}};
  static const char *const forms[] = {
      "SELECT * FROM '@'",
      "SELECT * FROM \"@\"",
      "SELECT * FROM \"file://@\"",
      "SELECT n FROM m JOIN '@' ON true",
      "SELECT n FROM m WHERE n IN (SELECT x FROM '@')",
      "WITH c AS (SELECT * FROM '@') SELECT * FROM c",
      "TABLE '@'",
  };
  static const char *const functions[] = {
      "read_parquet",     "read_csv",         "read_json",
      "read_avro",        "parquet_metadata", "metadata_cache",
      "list_files_cache", "statistics_cache", "glob",
      "parquet_scan"};
  wt_project folder;
  char file[256], uri[256], sql[1024];
  static const char *const cells[] = {"1"};
  weir_session *s = session_of_three();
  WT_CHECK(s != NULL && wt_project_make(&folder, WT_FILES(files)));
  snprintf(uri, sizeof uri, "%s/t", folder.root);
  WT_CHECK(wf_table(uri, "x:l", cells, 1, NULL));
  char paths[4][256];
  WT_CHECK(wf_data_file(uri, 0, file, sizeof file));
  snprintf(paths[0], sizeof paths[0], "%s", file);
  snprintf(paths[1], sizeof paths[1], "%s/a.csv", folder.root);
  snprintf(paths[2], sizeof paths[2], "%s/a.json", folder.root);
  snprintf(paths[3], sizeof paths[3], "%s/*.csv", folder.root);
  for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
    for (size_t p = 0; p < 4; p++) {
      char got[256];
      weir_error err = WEIR_ERROR_INIT;
      put_path(sql, sizeof sql, forms[f], paths[p]);
      weir_status status = wf_query(s, sql, got, sizeof got, &err);
      if (status != WEIR_E_UNKNOWN_TABLE && status != WEIR_E_SQL_SYNTAX) {
        wt_fail(__FILE__, __LINE__, "%s gave %d: %s%s", sql, (int)status, err.message,
                got);
      }
      weir_error_release(&err);
    }
  }
  for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
    snprintf(sql, sizeof sql, "SELECT * FROM %s('%s')", functions[f], file);
    bool to_come = strstr(functions[f], "_cache") != NULL;
    wf_expect_error(s, sql, to_come ? WEIR_E_NOT_YET : WEIR_E_UNKNOWN_FUNCTION);
    snprintf(sql, sizeof sql, "SELECT * FROM m, LATERAL %s('%s')", functions[f], file);
    char got[256];
    weir_error err = WEIR_ERROR_INIT;
    WT_CHECK(wf_query(s, sql, got, sizeof got, &err) != WEIR_OK);
    weir_error_release(&err);
  }
  weir_session_free(&s);
  wt_project_remove(&folder);
}

WT_TEST(what_only_shows_is_allowed) {
  weir_session *s = session_of_three();
  char got[4096];
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(s != NULL);
  WT_OK(wf_query(s, "EXPLAIN SELECT n FROM m", got, sizeof got, &err));
  WT_CHECK(strstr(got, "logical_plan") != NULL);
  WT_OK(wf_query(s, "SHOW TABLES", got, sizeof got, &err));
  WT_CHECK(strstr(got, "main|m") != NULL);
  WT_CHECK(wf_expect(s, "VALUES (1, 'a')", "1|a;"));
  WT_CHECK(wf_expect(s, "SELECT value FROM generate_series(1, 3)", "1;2;3;"));
  weir_session_free(&s);
}

WT_TEST(unknown_names_have_places_and_neighbours) {
  weir_session *s = session_of_three();
  char got[64];
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(s != NULL);
  WT_EQ_INT(wf_query(s, "SELECT *\nFROM mm", got, sizeof got, &err),
            WEIR_E_UNKNOWN_TABLE);
  WT_EQ_INT(err.line, 2);
  WT_EQ_INT(err.column, 6);
  WT_CHECK(strstr(err.message, "'mm'") != NULL && strstr(err.hint, "m?") != NULL);
  weir_error_release(&err);
  WT_EQ_INT(wf_query(s, "SELECT n,\n  lettre FROM m", got, sizeof got, &err),
            WEIR_E_UNKNOWN_COLUMN);
  WT_EQ_INT(err.line, 2);
  WT_EQ_INT(err.column, 3);
  weir_error_release(&err);
  WT_CHECK(
      wf_expect_error(s, "SELECT no_such_function(n) FROM m", WEIR_E_UNKNOWN_FUNCTION));
  weir_session_free(&s);
}

/* ---- parameters ---- */

static const weir_parameter all_types[] = {
    {"i", WEIR_TYPE_INT64, 0, INT64_MIN, 0, NULL},
    {"f", WEIR_TYPE_FLOAT64, 0, 0, 0.1, NULL},
    {"s", WEIR_TYPE_STRING, 0, 0, 0, "it's $f; -- \xC3\xA9\n\"x\""},
    {"b", WEIR_TYPE_BOOLEAN, 0, 1, 0, NULL},
    {"d", WEIR_TYPE_DATE, 0, -1, 0, NULL},
    {"t", WEIR_TYPE_TIMESTAMP, 0, 1767225600000001, 0, NULL},
};

static bool with_values(weir_session *s, const char *sql, const weir_parameter *values,
                        size_t n, const char *expected) {
  char got[1024];
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = wf_query_with(s, sql, values, n, got, sizeof got, &err);
  bool same = status == WEIR_OK && strcmp(got, expected) == 0;
  if (!same) {
    wt_fail(__FILE__, __LINE__, "%s gave %d %s %s, not %s", sql, (int)status, got,
            err.message, expected);
  }
  weir_error_release(&err);
  return same;
}

WT_TEST(parameters_of_all_types) {
  weir_session *s = session_of_three();
  WT_CHECK(s != NULL);
  WT_CHECK(with_values(s, "SELECT $i, $f, $s, $b, $d, $t", all_types, 6,
                       "-9223372036854775808|0.10000000000000001|it's $f; -- "
                       "\xC3\xA9\n\"x\"|true|-1|1767225600000001;"));
  WT_CHECK(with_values(s,
                       "SELECT arrow_typeof($i), arrow_typeof($f), arrow_typeof($b), "
                       "arrow_typeof($d)",
                       all_types, 6, "Int64|Float64|Boolean|Date32;"));
  WT_CHECK(with_values(s, "SELECT CAST($d AS VARCHAR), CAST($t AS VARCHAR)", all_types, 6,
                       "1969-12-31|2026-01-01T00:00:00.000001Z;"));
  weir_parameter two = {"two", WEIR_TYPE_INT64, 0, 2, 0, NULL};
  WT_CHECK(with_values(s, "SELECT letter FROM m WHERE n = $two", &two, 1, "b;"));
  WT_CHECK(with_values(s, "SELECT n FROM m ORDER BY n LIMIT $two", &two, 1, "1;2;"));
  WT_CHECK(with_values(s, "SELECT '$two', $two + $two", &two, 1, "$two|4;"));
  weir_session_free(&s);
}

WT_TEST(typed_nulls_are_parameters) {
  weir_session *s = session_of_three();
  weir_parameter values[6];
  WT_CHECK(s != NULL);
  memcpy(values, all_types, sizeof values);
  for (size_t i = 0; i < 6; i++) {
    values[i].is_null = 1;
  }
  WT_CHECK(with_values(s, "SELECT $i AS i, $f AS f, $s AS s, $b AS b, $d AS d, $t AS t",
                       values, 6, "NULL|NULL|NULL|NULL|NULL|NULL;"));
  WT_CHECK(
      with_values(s, "SELECT arrow_typeof($i) a, arrow_typeof($b) b, arrow_typeof($d) c",
                  values, 6, "Int64|Boolean|Date32;"));
  WT_CHECK(with_values(s, "SELECT count(*) FROM m WHERE letter = $s", values, 6, "0;"));
  weir_session_free(&s);
}

WT_TEST(bad_parameters_have_errors) {
  weir_session *s = session_of_three();
  char got[64];
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect_error(s, "SELECT $missing", WEIR_E_PARAM_UNKNOWN));
  weir_parameter text = {"s", WEIR_TYPE_STRING, 0, 0, 0, "no number"};
  WT_CHECK(wf_query_with(s, "SELECT n FROM m LIMIT $s", &text, 1, got, sizeof got,
                         &err) != WEIR_OK);
  weir_error_release(&err);
  weir_parameter other = {"litter", WEIR_TYPE_STRING, 0, 0, 0, "x"}; /* both are told */
  WT_EQ_INT(wf_query_with(s, "SELECT $letter", &other, 1, got, sizeof got, &err),
            WEIR_E_PARAM_UNKNOWN);
  WT_CHECK(strstr(err.message, "$letter") != NULL && strstr(err.hint, "$litter") != NULL);
  weir_error_release(&err);
  weir_parameter odd = {"s", (weir_type)77, 0, 0, 0, "x"};
  WT_CHECK(wf_query_with(s, "SELECT $s", &odd, 1, got, sizeof got, &err) != WEIR_OK);
  weir_error_release(&err);
  weir_session_free(&s);
}

/* ---- plans ---- */

WT_TEST(plans_are_texts_and_digests) {
  weir_session *s = session_of_three();
  weir_query *a = NULL, *b = NULL, *c = NULL;
  weir_error err = WEIR_ERROR_INIT;
  char *text = NULL, one[65], two[65], three[65];
  WT_CHECK(s != NULL);
  WT_OK(weir_query_open(s, "SELECT n FROM m WHERE n > 1 + 1", NULL, 0, &a, &err));
  WT_OK(weir_query_open(s, "select  n -- the same\nfrom m where n > (1 + 1)", NULL, 0, &b,
                        &err));
  WT_OK(weir_query_open(s, "SELECT n FROM m WHERE n > 3", NULL, 0, &c, &err));
  WT_OK(weir_query_plan_text(a, WEIR_PLAN_LOGICAL, &text, &err));
  WT_CHECK(strstr(text, "m") != NULL && strstr(text, "Filter") != NULL);
  weir_text_free(text);
  WT_OK(weir_query_plan_text(a, WEIR_PLAN_OPTIMIZED, &text, &err));
  WT_CHECK(strstr(text, "Int64(2)") != NULL);
  weir_text_free(text);
  weir_text_free(NULL);
  WT_OK(weir_query_plan_digest(a, one, &err));
  WT_OK(weir_query_plan_digest(b, two, &err));
  WT_OK(weir_query_plan_digest(c, three, &err));
  WT_EQ_INT(strlen(one), 64);
  WT_EQ_STR(one, two);
  WT_CHECK(strcmp(one, three) != 0);
  weir_query_free(&a);
  weir_query_free(&b);
  weir_query_free(&c);
  weir_session_free(&s);
}
