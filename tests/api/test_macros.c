/* Functions written in SQL: what a call stands for, what a definition may hold, what of it
 * is in the session's identity. */
#include "common/fixtures.h"
#include "common/test.h"

static const char *const cells[] = {"1", "a",  "true", "2", "b",  "false",
                                    "2", NULL, NULL,   "5", "cc", "true"};

static weir_session *with(const char *sql) {
  struct ArrowArrayStream rows;
  weir_session *s = wf_session_open(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  bool ok = s != NULL && wf_rows(&rows, "n:l s:t b:b", cells, 4) &&
            weir_session_add_memory(s, "t", &rows, &err) == WEIR_OK &&
            weir_session_add_functions(s, sql, &err) == WEIR_OK &&
            weir_session_seal(s, &err) == WEIR_OK;
  if (!ok) {
    fprintf(stderr, "%s: %s\n", sql, err.message);
    weir_error_release(&err);
    weir_session_free(&s);
  }
  return s;
}

static bool refused(const char *sql, weir_status code, uint32_t line, uint32_t column) {
  weir_session *s = wf_session_open(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = weir_session_add_functions(s, sql, &err);
  bool ok = status == code && err.line == line && err.column == column;
  if (!ok) {
    fprintf(stderr, "%s\n  %d %u:%u %s\n", sql, (int)status, err.line, err.column,
            err.message);
  }
  weir_error_release(&err);
  weir_session_free(&s);
  return ok;
}

WT_TEST(calls_are_replaced_by_bodies) {
  weir_session *s = with(
      "CREATE FUNCTION plus(x BIGINT, y BIGINT) RETURNS BIGINT RETURN $1 * 10 + y;\n"
      "CREATE FUNCTION twice(x BIGINT) RETURN plus(x, x); -- an earlier one\n"
      "CREATE FUNCTION half(x DOUBLE) RETURN x / 2;\n"
      "CREATE FUNCTION small(x INT) RETURNS TEXT RETURN x;\n"
      "CREATE FUNCTION seven() RETURNS INT RETURN 7;\n"
      "CREATE FUNCTION part(p TEXT, ts TIMESTAMP) RETURN date_part(p, ts);\n"
      "CREATE FUNCTION \"Quoted\"(\"A b\" TEXT) RETURN upper(\"A b\");\n");
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(s, "SELECT plus(1 + 1, n) AS a FROM t ORDER BY n", "21;22;22;25;"));
  WT_CHECK(
      wf_expect(s, "SELECT plus(y => 1, x => n) AS a FROM t ORDER BY n", "11;21;21;51;"));
  WT_CHECK(wf_expect(s, "SELECT twice(twice(1)) AS a", "121;"));
  /* A whole number for a DOUBLE is one. */
  WT_CHECK(wf_expect(s,
                     "SELECT half(1) AS a, half(-3) AS b, half(n) AS c FROM t "
                     "WHERE n = 1",
                     "0.5|-1.5|0.5;"));
  WT_CHECK(wf_expect(s,
                     "SELECT arrow_typeof(small(3)) AS a, small(n) AS b FROM t "
                     "WHERE small(n) = '5'",
                     "Utf8View|5;"));
  WT_CHECK(wf_expect(s, "SELECT seven() + 1 AS a", "8;"));
  /* A literal stays a literal: this function takes no other. */
  WT_CHECK(
      wf_expect(s, "SELECT part('year', TIMESTAMP '2020-02-03T00:00:00') AS a", "2020;"));
  WT_CHECK(wf_expect(s, "SELECT \"Quoted\"(s) AS a FROM t WHERE n = 1", "A;"));
  WT_CHECK(wf_expect_error(s, "SELECT quoted(s) AS a FROM t", WEIR_E_UNKNOWN_FUNCTION));
  WT_CHECK(wf_expect(s,
                     "SELECT n FROM t GROUP BY n HAVING plus(n, 0) > 10 ORDER BY "
                     "plus(n, 0) DESC",
                     "5;2;"));
  WT_CHECK(wf_expect(s,
                     "SELECT seven() AS a FROM t WHERE n IN (SELECT plus(0, n) FROM t) "
                     "AND n = 5",
                     "7;"));
  weir_session_free(&s);
}

WT_TEST(the_wrong_arguments_are_refused) {
  weir_session *s = with("CREATE FUNCTION f(x BIGINT, y BIGINT) RETURN x + y");
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect_error(s, "SELECT f(1) AS a", WEIR_E_MACRO));
  WT_CHECK(wf_expect_error(s, "SELECT f(1, 2, 3) AS a", WEIR_E_MACRO));
  WT_CHECK(wf_expect_error(s, "SELECT f(1, x => 2) AS a", WEIR_E_MACRO));
  WT_CHECK(wf_expect_error(s, "SELECT f(1, z => 2) AS a", WEIR_E_MACRO));
  WT_CHECK(wf_expect_error(s, "SELECT f(*) AS a FROM t", WEIR_E_MACRO));
  WT_CHECK(wf_expect_error(s, "SELECT f(1, 2) OVER () AS a FROM t", WEIR_E_MACRO));
  WT_CHECK(wf_expect_error(s, "CREATE FUNCTION g(x INT) RETURN x", WEIR_E_READ_ONLY));
  weir_session_free(&s);
}

WT_TEST(aggregates_and_windows_have_other_names) {
  weir_session *s = with(
      "CREATE FUNCTION total(x BIGINT) RETURN sum($1);\n"
      "CREATE FUNCTION many(x BIGINT) RETURNS INT RETURN count(x);\n"
      "CREATE FUNCTION place() RETURN (row_number());\n"
      "CREATE FUNCTION average(x BIGINT) RETURN sum(x) / count(x);\n"
      "CREATE FUNCTION gone(x BIGINT) RETURN max(x);\n"
      "DROP FUNCTION gone; DROP FUNCTION IF EXISTS gone");
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(s,
                     "SELECT total(n) AS a, total(DISTINCT n) AS b, "
                     "total(n) FILTER (WHERE b) AS c, average(n) AS d FROM t",
                     "10|8|6|2;"));
  WT_CHECK(wf_expect(s, "SELECT total(n) OVER (ORDER BY n) AS a FROM t ORDER BY 1",
                     "1;5;5;10;"));
  WT_CHECK(wf_expect(s, "SELECT many(DISTINCT n) AS a FROM t", "3;"));
  WT_CHECK(wf_expect(s, "SELECT place() OVER (ORDER BY n, s) AS a FROM t ORDER BY 1",
                     "1;2;3;4;"));
  WT_CHECK(wf_expect_error(s, "SELECT average(DISTINCT n) AS a FROM t", WEIR_E_MACRO));
  /* Dropping another name leaves what it stood for. */
  WT_CHECK(wf_expect(s, "SELECT max(n) AS a FROM t", "5;"));
  WT_CHECK(wf_expect_error(s, "SELECT gone(n) AS a FROM t", WEIR_E_UNKNOWN_FUNCTION));
  weir_session_free(&s);
}

WT_TEST(definitions_are_checked_at_their_place) {
  WT_CHECK(
      refused("CREATE FUNCTION\n  upper(x TEXT) RETURN x", WEIR_E_DUPLICATE_NAME, 2, 3));
  WT_CHECK(
      refused("CREATE FUNCTION f(x INT) RETURN x;\nCREATE FUNCTION f(x INT) RETURN 1",
              WEIR_E_DUPLICATE_NAME, 2, 17));
  WT_CHECK(refused("CREATE FUNCTION f(x INT) RETURN f(x)", WEIR_E_MACRO, 1, 33));
  WT_CHECK(refused("CREATE FUNCTION f(x INT) RETURN y", WEIR_E_MACRO, 1, 33));
  WT_CHECK(refused("CREATE FUNCTION f(x INT) RETURN $2", WEIR_E_MACRO, 1, 33));
  WT_CHECK(refused("CREATE FUNCTION f(x INT) RETURN $y", WEIR_E_MACRO, 1, 33));
  WT_CHECK(refused("CREATE FUNCTION f(x INT) RETURN\n (SELECT max(n) FROM t)",
                   WEIR_E_MACRO, 2, 3));
  WT_CHECK(refused("CREATE FUNCTION f(x INT) RETURN x IN (SELECT n FROM t)", WEIR_E_MACRO,
                   1, 39));
  WT_CHECK(
      refused("CREATE FUNCTION f(x INT) RETURN nope(x)", WEIR_E_UNKNOWN_FUNCTION, 1, 33));
  WT_CHECK(refused("CREATE FUNCTION f(x INT, x INT) RETURN x", WEIR_E_MACRO, 1, 17));
  WT_CHECK(refused("CREATE FUNCTION f(x nosuch) RETURN x", WEIR_E_MACRO, 1, 17));
  WT_CHECK(refused("CREATE FUNCTION f(x INT = 3) RETURN x", WEIR_E_MACRO, 1, 17));
  WT_CHECK(refused("CREATE FUNCTION f(x INT) RETURNS INT", WEIR_E_MACRO, 1, 17));
  WT_CHECK(refused("CREATE OR REPLACE FUNCTION f(x INT) RETURN x", WEIR_E_MACRO, 1, 28));
  WT_CHECK(refused("CREATE FUNCTION f(x INT) RETURN x IMMUTABLE", WEIR_E_MACRO, 1, 17));
  WT_CHECK(refused("CREATE FUNCTION a.f(x INT) RETURN x", WEIR_E_MACRO, 1, 17));
  WT_CHECK(refused("DROP FUNCTION f", WEIR_E_UNKNOWN_FUNCTION, 1, 15));
  WT_CHECK(refused("DROP FUNCTION upper", WEIR_E_MACRO, 1, 15));
  WT_CHECK(refused("SELECT 1", WEIR_E_MACRO, 1, 1));
  WT_CHECK(refused("CREATE FUNCTION f(", WEIR_E_SQL_SYNTAX, 1, 19));
}

WT_TEST(a_text_is_carried_out_as_a_whole) {
  weir_session *s = wf_session_open(NULL, 0);
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(
      weir_session_add_functions(
          s, "CREATE FUNCTION f(x INT) RETURN x; CREATE FUNCTION f() RETURN 1", &err),
      WEIR_E_DUPLICATE_NAME);
  weir_error_release(&err);
  WT_OK(weir_session_add_functions(s, "CREATE FUNCTION f() RETURN 2", &err));
  WT_OK(weir_session_add_functions(s, "CREATE FUNCTION g() RETURN f() + 1", &err));
  WT_OK(weir_session_seal(s, &err));
  WT_CHECK(wf_expect(s, "SELECT g() AS a", "3;"));
  WT_EQ_INT(weir_session_add_functions(s, "CREATE FUNCTION h() RETURN 2", &err),
            WEIR_E_NOT_SEALED);
  weir_error_release(&err);
  weir_session_free(&s);
}

static bool digest_of(const char *sql, weir_session_digests *out) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = with(sql);
  bool ok = s != NULL && weir_session_digest(s, out, &err) == WEIR_OK;
  weir_error_release(&err);
  weir_session_free(&s);
  return ok;
}

WT_TEST(texts_are_part_of_the_identity) {
  weir_session_digests a, same, b, none;
  WT_CHECK(digest_of("CREATE FUNCTION f(x INT) RETURN x + 1", &a));
  WT_CHECK(digest_of("create function f(x int) -- a comment\n return x+1;", &same));
  WT_CHECK(digest_of("CREATE FUNCTION f(x INT) RETURN x + 2", &b));
  WT_CHECK(digest_of("CREATE FUNCTION f(x INT) RETURN x + 2; DROP FUNCTION f", &none));
  WT_EQ_STR(a.functions, same.functions);
  WT_EQ_STR(a.session, same.session);
  WT_CHECK(strcmp(a.functions, b.functions) != 0 && strcmp(a.session, b.session) != 0);
  WT_CHECK(strcmp(a.functions, none.functions) != 0);
}

WT_TEST(they_are_listed) {
  weir_session *s = with(
      "CREATE FUNCTION f(x INT) RETURN x + 1; CREATE FUNCTION g(y INT) "
      "RETURNS INT RETURN f(y) * 2");
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows;
  char text[4096];
  WT_CHECK(s != NULL);
  WT_OK(weir_session_read(s, WEIR_SESSION_MACROS, &rows, &err));
  WT_OK(wf_text(&rows, text, sizeof text, &err));
  WT_EQ_STR(text,
            "f|CREATE FUNCTION f(x INT) RETURN x + 1;"
            "g|CREATE FUNCTION g(y INT) RETURNS INT RETURN (CAST(y AS INT) + 1) * 2;");
  weir_session_free(&s);
}
