/* Statements: known before they run, planned once for the same values, run from many threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "common/fixtures.h"
#include "common/test.h"
#include "nanoarrow/nanoarrow.h"

static weir_session *session_of_four(void) {
  static const char *const cells[] = {"1", "a",  "0.5", "2", "b",  "1.5",
                                      "3", NULL, "2.5", "4", "dd", NULL};
  struct ArrowArrayStream rows;
  if (!wf_rows(&rows, "n:l! letter:t ratio:d", cells, 4)) {
    return NULL;
  }
  wf_input inputs[] = {{.name = "m", .rows = &rows}};
  return wf_session(inputs, 1);
}

static weir_parameter int_of(const char *name, int64_t value) {
  return (weir_parameter){name, WEIR_TYPE_INT64, 0, value, 0, NULL};
}

/* The rows for these values as text. */
static weir_status run(weir_statement *st, const weir_parameter *values, size_t n,
                       char *out, size_t size, weir_error *err) {
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  weir_execute_options o = WEIR_EXECUTE_OPTIONS_INIT;
  o.parameters = values;
  o.n_parameters = n;
  weir_status status = weir_statement_query(st, &o, &query, err);
  if (status == WEIR_OK) {
    status = weir_query_stream(query, &rows, err);
  }
  if (status == WEIR_OK) {
    status = wf_text(&rows, out, size, err);
  }
  weir_query_free(&query);
  return status;
}

/* "name:format name:format". */
static void schema_text(const struct ArrowSchema *schema, char *out, size_t size) {
  size_t at = 0;
  out[0] = '\0';
  for (int64_t i = 0; i < schema->n_children && at < size; i++) {
    at += (size_t)snprintf(out + at, size - at, "%s%s:%s", i > 0 ? " " : "",
                           schema->children[i]->name, schema->children[i]->format);
  }
}

static bool tells(weir_statement *st, bool parameters, const char *want) {
  struct ArrowSchema schema;
  weir_error err = WEIR_ERROR_INIT;
  char got[512];
  weir_status status = parameters ? weir_statement_parameters(st, &schema, &err)
                                  : weir_statement_schema(st, &schema, &err);
  if (status != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s", err.message);
    weir_error_release(&err);
    return false;
  }
  schema_text(&schema, got, sizeof got);
  schema.release(&schema);
  if (strcmp(got, want) != 0) {
    wt_fail(__FILE__, __LINE__, "it tells %s, not %s", got, want);
  }
  return strcmp(got, want) == 0;
}

WT_TEST(prepared_once_and_run_often) {
  weir_session *s = session_of_four();
  weir_statement *st = NULL;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_statement_prepare(s, "SELECT n, letter FROM m WHERE n > $least ORDER BY n",
                               NULL, &st, &err));
  WT_CHECK(tells(st, true, "least:l"));
  WT_CHECK(tells(st, false, "n:l letter:u"));
  static const struct {
    int64_t least;
    const char *rows;
  } runs[] = {{2, "3|NULL;4|dd;"},
              {2, "3|NULL;4|dd;"},
              {3, "4|dd;"},
              {9, ""},
              {2, "3|NULL;4|dd;"}};
  for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
    weir_parameter least = int_of("least", runs[i].least);
    WT_OK(run(st, &least, 1, got, sizeof got, &err));
    WT_EQ_STR(got, runs[i].rows);
  }
  weir_statement_free(&st);
  weir_session_free(&s);
}

/* What is announced is what streams have. */
WT_TEST(the_schema_is_the_streams) {
  static const char *const sqls[] = {
      "SELECT * FROM m",
      "SELECT count(*) AS c, max(letter) AS l FROM m",
      "SELECT n + $x AS y, $x AS x FROM m",
      "SELECT letter FROM m WHERE letter = $t LIMIT $x",
      "SELECT CAST($x AS BIGINT) AS x, [1, 2] AS l, {a: 1} AS s",
      "EXPLAIN SELECT n FROM m",
      "SHOW TABLES",
  };
  weir_parameter all[] = {int_of("x", 2), {"t", WEIR_TYPE_STRING, 0, 0, 0, "a"}};
  weir_session *s = session_of_four();
  WT_CHECK(s != NULL);
  for (size_t i = 0; i < sizeof sqls / sizeof sqls[0]; i++) {
    weir_statement *st = NULL;
    weir_query *query = NULL;
    struct ArrowArrayStream rows;
    struct ArrowSchema before, after;
    weir_error err = WEIR_ERROR_INIT;
    char want[512], got[512];
    weir_prepare_options prepare = WEIR_PREPARE_OPTIONS_INIT;
    weir_execute_options o = WEIR_EXECUTE_OPTIONS_INIT;
    weir_parameter types[] = {all[0], all[1]};
    o.parameters = strstr(sqls[i], "$x") != NULL ? all : all + 1;
    o.n_parameters =
        (size_t)((strstr(sqls[i], "$x") != NULL) + (strstr(sqls[i], "$t") != NULL));
    types[0].is_null = types[1].is_null = 1;
    prepare.parameters = o.parameters == all ? types : types + 1;
    prepare.n_parameters = o.n_parameters;
    WT_OK(weir_statement_prepare(s, sqls[i], &prepare, &st, &err));
    WT_OK(weir_statement_schema(st, &before, &err));
    WT_OK(weir_statement_query(st, &o, &query, &err));
    WT_OK(weir_query_stream(query, &rows, &err));
    WT_EQ_INT(rows.get_schema(&rows, &after), 0);
    schema_text(&before, want, sizeof want);
    schema_text(&after, got, sizeof got);
    WT_EQ_STR(got, want);
    before.release(&before);
    after.release(&after);
    rows.release(&rows);
    weir_query_free(&query);
    weir_statement_free(&st);
  }
  weir_session_free(&s);
}

WT_TEST(types_come_from_the_sql_or_the_caller) {
  weir_session *s = session_of_four();
  weir_statement *st = NULL;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema schema;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_statement_prepare(s,
                               "SELECT count(*) AS c FROM m WHERE n = $i AND letter = $s "
                               "AND ratio < $f",
                               NULL, &st, &err));
  WT_CHECK(tells(st, true, "f:g i:l s:u"));
  WT_CHECK(tells(st, false, "c:l"));
  weir_parameter wrong[] = {{"i", WEIR_TYPE_STRING, 0, 0, 0, "1"},
                            {"s", WEIR_TYPE_STRING, 0, 0, 0, "a"},
                            {"f", WEIR_TYPE_FLOAT64, 0, 0, 9, NULL}};
  WT_EQ_INT(run(st, wrong, 3, got, sizeof got, &err), WEIR_E_PARAM_TYPE);
  WT_CHECK(strstr(err.message, "$i") != NULL && strstr(err.message, "int64") != NULL);
  weir_error_release(&err);
  wrong[0] = int_of("i", 1);
  WT_OK(run(st, wrong, 3, got, sizeof got, &err));
  WT_EQ_STR(got, "1;");
  weir_statement_free(&st);

  WT_OK(weir_statement_prepare(s, "SELECT $x AS x", NULL, &st, &err)); /* open */
  WT_CHECK(tells(st, true, "x:n"));
  WT_EQ_INT(weir_statement_schema(st, &schema, &err), WEIR_E_PARAM_TYPE);
  WT_CHECK(schema.release == NULL && strstr(err.message, "$x") != NULL);
  weir_error_release(&err);
  weir_parameter x = int_of("x", 7);
  WT_OK(run(st, &x, 1, got, sizeof got, &err));
  WT_EQ_STR(got, "7;");
  x = (weir_parameter){"x", WEIR_TYPE_STRING, 0, 0, 0, "seven"};
  WT_OK(run(st, &x, 1, got, sizeof got, &err));
  WT_EQ_STR(got, "seven;");
  weir_statement_free(&st);

  weir_prepare_options o = WEIR_PREPARE_OPTIONS_INIT;
  x = (weir_parameter){"x", WEIR_TYPE_DATE, 1, 0, 0, NULL};
  o.parameters = &x;
  o.n_parameters = 1;
  WT_OK(weir_statement_prepare(s, "SELECT $x AS x", &o, &st, &err));
  WT_CHECK(tells(st, true, "x:tdD"));
  WT_CHECK(tells(st, false, "x:tdD"));
  weir_statement_free(&st);
  weir_session_free(&s);
}

WT_TEST(parameters_are_all_given_and_no_others) {
  weir_session *s = session_of_four();
  weir_statement *st = NULL;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  weir_parameter values[] = {int_of("low", 1), int_of("high", 3), int_of("low", 2)};
  weir_prepare_options o = WEIR_PREPARE_OPTIONS_INIT;
  WT_CHECK(s != NULL);
  o.parameters = values;
  o.n_parameters = 1;
  WT_EQ_INT(weir_statement_prepare(s, "SELECT 1", &o, &st, &err), WEIR_E_PARAM_UNKNOWN);
  WT_CHECK(st == NULL);
  weir_error_release(&err);
  WT_OK(weir_statement_prepare(s, "SELECT count(*) FROM m WHERE n BETWEEN $low AND $high",
                               NULL, &st, &err));
  WT_EQ_INT(run(st, values, 1, got, sizeof got, &err), WEIR_E_PARAM_MISSING);
  WT_CHECK(strstr(err.message, "$high") != NULL);
  weir_error_release(&err);
  WT_EQ_INT(run(st, values, 3, got, sizeof got, &err), WEIR_E_USAGE); /* twice */
  weir_error_release(&err);
  values[1].name = "hihg";
  WT_EQ_INT(run(st, values, 2, got, sizeof got, &err), WEIR_E_PARAM_UNKNOWN);
  WT_CHECK(strstr(err.hint, "$high") != NULL);
  WT_CHECK(strstr(err.message, "'$hihg', and its parameter '$high' has no") != NULL);
  weir_error_release(&err);
  values[1] = int_of("high", 3);
  values[1].type = (weir_type)99;
  WT_EQ_INT(run(st, values, 2, got, sizeof got, &err), WEIR_E_PARAM_TYPE);
  weir_error_release(&err);
  values[1] = int_of("high", 3);
  WT_OK(run(st, values, 2, got, sizeof got, &err));
  WT_EQ_STR(got, "3;");
  values[1].is_null = 1;
  WT_OK(run(st, values, 2, got, sizeof got, &err));
  WT_EQ_STR(got, "0;");
  weir_statement_free(&st);
  weir_session_free(&s);
}

WT_TEST(what_is_wrong_is_told_when_it_is_prepared) {
  static const struct {
    const char *sql;
    weir_status code;
  } wrong[] = {{"SELECT * FROM mm", WEIR_E_UNKNOWN_TABLE},
               {"SELECT $x FROM mm", WEIR_E_UNKNOWN_TABLE},
               {"SELECT nn FROM m", WEIR_E_UNKNOWN_COLUMN},
               {"SELECT nn FROM m WHERE $x IS NULL", WEIR_E_UNKNOWN_COLUMN},
               {"SELEC 1", WEIR_E_SQL_SYNTAX},
               {"SELECT 1; SELECT 2", WEIR_E_SQL_SYNTAX},
               {"DROP TABLE m", WEIR_E_READ_ONLY},
               {"INSERT INTO m VALUES ($x, 'a', 1)", WEIR_E_READ_ONLY},
               {"SELECT * FROM read_parquet('/tmp/x')", WEIR_E_UNKNOWN_FUNCTION}};
  weir_session *s = session_of_four();
  weir_session *open = wf_session_open(NULL, 0);
  weir_statement *st = NULL;
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(s != NULL && open != NULL);
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    weir_status status = weir_statement_prepare(s, wrong[i].sql, NULL, &st, &err);
    if (status != wrong[i].code) {
      wt_fail(__FILE__, __LINE__, "%s gave %d: %s", wrong[i].sql, (int)status,
              err.message);
    }
    WT_CHECK(st == NULL);
    weir_error_release(&err);
  }
  WT_EQ_INT(weir_statement_prepare(open, "SELECT 1", NULL, &st, &err), WEIR_E_NOT_SEALED);
  weir_error_release(&err);
  weir_session_free(&open);
  weir_session_free(&s);
}

/* ---- table functions ---- */

WT_TEST(a_table_without_a_version_is_the_newest_of_each_run) {
  static const char *const cells[] = {"1", "2", "3"};
  char folder[64], uri[96], sql[192], got[64];
  struct ArrowArrayStream rows;
  weir_write_result result;
  weir_statement *st = NULL, *by_name = NULL;
  weir_query *kept = NULL;
  weir_error err = WEIR_ERROR_INIT;
  snprintf(folder, sizeof folder, "/tmp/weir-statement-XXXXXX");
  WT_CHECK(mkdtemp(folder) != NULL);
  snprintf(uri, sizeof uri, "%s/t", folder);
  WT_CHECK(wf_table(uri, "n:l", cells, 3, NULL));
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  snprintf(sql, sizeof sql, "SELECT count(*) FROM read_delta('%s')", uri);
  WT_OK(weir_statement_prepare(s, sql, NULL, &st, &err));
  WT_OK(weir_statement_query(st, NULL, &kept, &err));
  WT_CHECK(wf_rows(&rows, "n:l", cells, 3));
  WT_OK(weir_table_append(s, uri, &rows, NULL, &result, &err));
  weir_write_result_release(&result);
  WT_OK(run(st, NULL, 0, got, sizeof got, &err));
  WT_EQ_STR(got, "6;");
  WT_OK(weir_query_stream(kept, &rows, &err)); /* planned before */
  WT_OK(wf_text(&rows, got, sizeof got, &err));
  WT_EQ_STR(got, "3;");
  weir_query_free(&kept);

  weir_parameter place = {"place", WEIR_TYPE_STRING, 0, 0, 0, uri};
  weir_prepare_options o = WEIR_PREPARE_OPTIONS_INIT;
  o.parameters = &place;
  o.n_parameters = 1;
  WT_OK(weir_statement_prepare(s, "SELECT count(*) FROM read_delta($place)", &o, &by_name,
                               &err));
  WT_OK(run(by_name, &place, 1, got, sizeof got, &err));
  WT_EQ_STR(got, "6;");
  weir_statement_free(&by_name);
  weir_statement_free(&st);
  weir_session_free(&s);
  WT_CHECK(wf_remove(folder));
}

WT_TEST(a_removed_table_is_gone_for_the_next_run) {
  weir_session *s = session_of_four();
  weir_statement *st = NULL;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_statement_prepare(s, "SELECT count(*) FROM m", NULL, &st, &err));
  WT_OK(run(st, NULL, 0, got, sizeof got, &err));
  WT_OK(weir_session_remove(s, "m", &err));
  WT_EQ_INT(run(st, NULL, 0, got, sizeof got, &err), WEIR_E_UNKNOWN_TABLE);
  weir_error_release(&err);
  weir_statement_free(&st);
  weir_session_free(&s);
}

/* ---- lifetimes, threads, cost ---- */

WT_TEST(a_statement_outlives_its_session_and_a_query_its_statement) {
  weir_session *s = session_of_four();
  weir_statement *st = NULL;
  weir_query *query = NULL;
  struct ArrowArrayStream rows;
  weir_error err = WEIR_ERROR_INIT;
  char got[64];
  WT_CHECK(s != NULL);
  WT_OK(weir_statement_prepare(s, "SELECT sum(n) FROM m", NULL, &st, &err));
  weir_session_free(&s);
  WT_OK(weir_statement_query(st, NULL, &query, &err));
  weir_statement_free(&st);
  WT_OK(weir_query_stream(query, &rows, &err));
  weir_query_free(&query);
  WT_OK(wf_text(&rows, got, sizeof got, &err));
  WT_EQ_STR(got, "10;");
}

typedef struct work {
  weir_statement *statement;
  atomic_int failures;
} work;

static void *run_often(void *arg) {
  work *w = arg;
  for (int64_t i = 0; i < 40; i++) {
    weir_parameter least = int_of("least", i % 5);
    weir_error err = WEIR_ERROR_INIT;
    char got[64], want[16];
    snprintf(want, sizeof want, "%d;", (int)(4 - i % 5));
    if (run(w->statement, &least, 1, got, sizeof got, &err) != WEIR_OK ||
        strcmp(got, want) != 0) {
      atomic_fetch_add(&w->failures, 1);
    }
    weir_error_release(&err);
  }
  return NULL;
}

WT_TEST(threads_run_one_statement_with_values_of_their_own) {
  weir_session *s = session_of_four();
  work w = {0};
  pthread_t threads[4];
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(s != NULL);
  WT_OK(weir_statement_prepare(s, "SELECT count(*) FROM m WHERE n > $least", NULL,
                               &w.statement, &err));
  for (size_t i = 0; i < 4; i++) {
    WT_EQ_INT(pthread_create(&threads[i], NULL, run_often, &w), 0);
  }
  for (size_t i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
  WT_EQ_INT(atomic_load(&w.failures), 0);
  weir_statement_free(&w.statement);
  weir_session_free(&s);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Digests are the plan's: the one that was kept and a new one are the same, and not planning is
 * cheaper than planning. */
WT_TEST(the_same_values_are_planned_once) {
  static const char sql[] =
      "SELECT a.n, count(*) AS c, sum(b.ratio) AS r FROM m a JOIN m b ON a.n = b.n "
      "LEFT JOIN m c ON b.letter = c.letter WHERE a.n > 1 GROUP BY a.n ORDER BY a.n";
  enum { TIMES = 50 };
  weir_session *s = session_of_four();
  weir_statement *st = NULL;
  weir_query *query = NULL;
  weir_error err = WEIR_ERROR_INIT;
  char kept[65], fresh[65];
  WT_CHECK(s != NULL);
  WT_OK(weir_statement_prepare(s, sql, NULL, &st, &err));
  double began = seconds();
  for (int i = 0; i < TIMES; i++) {
    WT_OK(weir_statement_query(st, NULL, &query, &err));
    WT_OK(weir_query_plan_digest(query, kept, &err));
    weir_query_free(&query);
  }
  double prepared = seconds() - began;
  began = seconds();
  for (int i = 0; i < TIMES; i++) {
    WT_OK(weir_query_open(s, sql, NULL, 0, &query, &err));
    WT_OK(weir_query_plan_digest(query, fresh, &err));
    weir_query_free(&query);
  }
  double opened = seconds() - began;
  printf("# %d queries: %.1f ms prepared, %.1f ms opened\n", TIMES, prepared * 1e3,
         opened * 1e3);
  WT_EQ_STR(kept, fresh);
  WT_CHECK(prepared < opened);
  weir_statement_free(&st);
  weir_session_free(&s);
}
