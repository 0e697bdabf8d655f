/* What weir adds to the engine's SQL: operators on nested values, other names of functions. */
#include "common/fixtures.h"
#include "common/test.h"

static const char *const cells[] = {"1", "a", "2", NULL, "3", "b"};

static weir_session *session(void) {
  struct ArrowArrayStream rows;
  wf_input t = {.name = "t", .rows = &rows};
  return wf_rows(&rows, "n:l s:t", cells, 3) ? wf_session(&t, 1) : NULL;
}

WT_TEST(arrows_give_fields_and_values) {
  weir_session *s = session();
  WT_CHECK(s != NULL);
  const char *from =
      "FROM (SELECT n, named_struct('a', n, 'b', named_struct('c', s)) AS r, "
      "MAP {'k': n, 'l': n + 1} AS m FROM t) AS q ORDER BY n";
  static const struct {
    const char *select, *rows;
  } cases[] = {
      {"r -> 'a' AS x", "1;2;3;"},
      {"r -> 'b' -> 'c' AS x", "a;NULL;b;"},
      {"(r -> 'a') + 1 AS x", "2;3;4;"},
      {"m -> 'l' AS x", "2;3;4;"},
      {"m -> 'none' AS x", "NULL;NULL;NULL;"},
      {"(m ->> 'k') || '!' AS x", "1!;2!;3!;"},
      {"arrow_typeof(r ->> 'a') AS x", "Utf8;Utf8;Utf8;"},
      {"arrow_typeof(r -> 'a') AS x", "Int64;Int64;Int64;"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT %s %s", cases[i].select, from);
    WT_CHECK(wf_expect(s, sql, cases[i].rows));
  }
  WT_CHECK(wf_expect_error(s, "SELECT n -> 'a' AS x FROM t", WEIR_E_SQL_PLAN));
  WT_CHECK(wf_expect_error(s, "SELECT named_struct('a', n) -> 'b' AS x FROM t",
                           WEIR_E_SQL_PLAN));
  WT_CHECK(wf_expect_error(
      s, "SELECT named_struct('a', named_struct('b', n)) ->> 'a' AS x FROM t",
      WEIR_E_SQL_PLAN));
  weir_session_free(&s);
}

WT_TEST(lists_contain_lists) {
  weir_session *s = session();
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(s,
                     "SELECT [1, 2, 3] @> [3, 1] AS a, [1] @> [1, 2] AS b, [1] <@ [2, 1] "
                     "AS c, [1, 5] <@ [2, 1] AS d",
                     "true|false|true|false;"));
  WT_CHECK(wf_expect(s, "SELECT n FROM t WHERE [n] <@ [2, 3] ORDER BY n", "2;3;"));
  WT_CHECK(wf_expect_error(s,
                           "SELECT named_struct('a', n) @> named_struct('a', 1) AS x "
                           "FROM t",
                           WEIR_E_SQL_PLAN));
  weir_session_free(&s);
}

static bool same_plan(weir_session *s, const char *one, const char *other) {
  char digests[2][65] = {"", ""};
  const char *const sql[] = {one, other};
  weir_error err = WEIR_ERROR_INIT;
  bool ok = true;
  for (int i = 0; i < 2; i++) {
    weir_query *q = NULL;
    ok = ok && weir_query_open(s, sql[i], NULL, 0, &q, &err) == WEIR_OK &&
         weir_query_plan_digest(q, digests[i], &err) == WEIR_OK;
    if (err.message[0] != '\0') {
      fprintf(stderr, "%s: %s\n", sql[i], err.message);
    }
    weir_error_release(&err);
    weir_query_free(&q);
  }
  return ok && strcmp(digests[0], digests[1]) == 0;
}

WT_TEST(other_names_are_the_engines_functions) {
  static const char *const pairs[][2] = {
      {"SELECT first_value_agg(n ORDER BY s) AS a FROM t",
       "SELECT first_value(n ORDER BY s) AS a FROM t"},
      {"SELECT last_value_agg(n ORDER BY n) FILTER (WHERE n < 3) AS a FROM t",
       "SELECT last_value(n ORDER BY n) FILTER (WHERE n < 3) AS a FROM t"},
      {"SELECT row_number_window() OVER (ORDER BY n) AS a FROM t",
       "SELECT row_number() OVER (ORDER BY n) AS a FROM t"},
      {"SELECT dedupe_best_by_score() OVER (PARTITION BY s ORDER BY n DESC) AS a FROM t",
       "SELECT row_number() OVER (PARTITION BY s ORDER BY n DESC) AS a FROM t"},
      {"SELECT lag_window(n, 1, 0) OVER (ORDER BY n) AS a FROM t",
       "SELECT lag(n, 1, 0) OVER (ORDER BY n) AS a FROM t"},
      {"SELECT Lead_Window(n) OVER (ORDER BY n) AS a FROM t",
       "SELECT lead(n) OVER (ORDER BY n) AS a FROM t"},
  };
  weir_session *s = session();
  WT_CHECK(s != NULL);
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    WT_CHECK(same_plan(s, pairs[i][0], pairs[i][1]));
  }
  WT_CHECK(wf_expect(s,
                     "SELECT lag_window(n, 1, 0) OVER (ORDER BY n) AS a FROM t ORDER BY "
                     "n",
                     "0;1;2;"));
  WT_CHECK(wf_expect_error(s, "SELECT \"Lag_Window\"(n) OVER (ORDER BY n) AS a FROM t",
                           WEIR_E_UNKNOWN_FUNCTION));
  weir_session_free(&s);
}

WT_TEST(a_macro_cannot_take_another_name_of_a_function) {
  weir_session *s = wf_session_open(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(weir_session_add_functions(s, "CREATE FUNCTION lag_window() RETURN 1", &err),
            WEIR_E_DUPLICATE_NAME);
  weir_error_release(&err);
  WT_OK(weir_session_add_functions(
      s, "CREATE FUNCTION best() RETURN dedupe_best_by_score()", &err));
  WT_OK(weir_session_seal(s, &err));
  WT_CHECK(wf_expect(s,
                     "SELECT best() OVER (ORDER BY x) AS a FROM (VALUES (1), (2)) AS "
                     "v(x) ORDER BY a",
                     "1;2;"));
  weir_session_free(&s);
}

WT_TEST(a_column_called_like_no_function_is_a_column) {
  weir_session *s = session();
  WT_CHECK(wf_expect(s, "SELECT user FROM (SELECT n AS user FROM t) AS q ORDER BY user",
                     "1;2;3;"));
  weir_session_free(&s);
}

WT_TEST(rules_are_listed_with_what_they_do) {
  weir_session *s = session();
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows;
  static char text[16384];
  WT_OK(weir_session_read(s, WEIR_SESSION_RULES, &rows, &err));
  WT_OK(wf_text(&rows, text, sizeof text, &err));
  WT_CHECK(strstr(text, "operator|0|->|1|left=Struct function=get_field;") != NULL);
  WT_CHECK(strstr(text, "operator|3|->>|1|left=Map function=get_field as_text;") != NULL);
  WT_CHECK(strstr(text, "replace|0|sum|1|argument=Float function=sum_exact;") != NULL);
  WT_CHECK(
      strstr(text, "replace|1|avg|1|argument=Float function=avg_exact strip_cast;") !=
      NULL);
  WT_CHECK(strstr(text, "analyzer|0|") != NULL);
  weir_session_free(&s);
}

WT_TEST(a_star_stands_for_all_columns) {
  weir_session *s = session();
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(s,
                     "SELECT multiset_hash(*) = multiset_hash(n, s) AS a, "
                     "multiset_hash(t.*) = multiset_hash(n, s) AS b FROM t",
                     "true|true;"));
  WT_CHECK(
      wf_expect(s,
                "SELECT count(*) AS a FROM (SELECT n, multiset_hash(*) OVER "
                "(PARTITION BY n) AS h, row_number() OVER (ORDER BY s) AS r FROM t) "
                "AS q JOIN (SELECT n, multiset_hash(n, s) AS h FROM t GROUP BY n) AS "
                "p ON q.n = p.n AND q.h = p.h",
                "3;"));
  WT_CHECK(wf_expect(s,
                     "SELECT n FROM t GROUP BY n HAVING multiset_hash(*) = (SELECT "
                     "multiset_hash(*) FROM t WHERE n = 2)",
                     "2;"));
  WT_CHECK(same_plan(s, "SELECT multiset_hash(*) AS a FROM t",
                     "SELECT multiset_hash(n, s) AS a FROM t"));
  static const char *const others[] = {
      "sum_exact(*)",         "sum_exact(t.*)",           "sum(*)",
      "sum_exact(*) OVER ()", "lag(*) OVER (ORDER BY n)", "lower(*)"};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT %s AS a FROM t", others[i]);
    WT_CHECK(wf_expect_error(s, sql, WEIR_E_SQL_PLAN));
  }
  WT_CHECK(wf_expect(s, "SELECT count(*) AS a, count(s) AS b FROM t", "3|2;"));
  WT_CHECK(wf_expect(s, "SELECT count(*) OVER () AS a FROM t", "3;3;3;"));
  weir_session_free(&s);
}
