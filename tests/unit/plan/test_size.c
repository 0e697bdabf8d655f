/* Statements of any size: an answer or TOO_LARGE with a place, never a signal. */
#include "unit/plan/child.h"

/* `n` times a text, between two others; %d in it is the number of the time. */
static char *repeated(const char *before, const char *part, int n, const char *joint,
                      const char *after) {
  wi_buf out = WI_BUF_INIT;
  wi_buf_str(&out, before);
  for (int i = 0; i < n; i++) {
    wi_buf_str(&out, i > 0 ? joint : "");
    for (const char *p = part; *p != '\0'; p++) {
      if (p[0] == '%' && (p[1] == 'd' || p[1] == 'b')) {
        wi_buf_fmt(&out, "%d", p[1] == 'd' ? i : i - 1);
        p++;
      } else {
        wi_buf_add(&out, p, 1);
      }
    }
  }
  wi_buf_str(&out, after);
  char *text = wi_strdup(wi_buf_text(&out));
  wi_buf_release(&out);
  kit_must(text != NULL, "memory");
  return text;
}

/* `open` and `close` around a text, `n` times. */
static char *nested(const char *before, const char *open, int n, const char *inner,
                    const char *close, const char *after) {
  char *head = repeated(before, open, n, "", inner);
  char *all = repeated(head, close, n, "", after);
  wi_free(head);
  return all;
}

typedef enum wanted { ANSWER, TOO_LARGE, REFUSED, ANY } wanted;

static void look(const char *what, child_job job, wanted want) {
  child_result r = child(job);
  bool large = r.code == WEIR_E_TOO_LARGE;
  bool fine =
      r.signal == 0 && (want == ANY || (want == ANSWER && r.code == 0) ||
                        (want == REFUSED && r.code != 0 && r.code != WEIR_E_PANIC) ||
                        (want == TOO_LARGE && large && r.line > 0 && r.column > 0 &&
                         strstr(r.message, "more than ") != NULL && r.hint[0] != '\0'));
  if (!fine) {
    wt_fail(__FILE__, __LINE__, "%s: signal %d, code %d, at %u:%u, %s; %s", what,
            r.signal, r.code, r.line, r.column, r.message, r.hint);
  }
}

static void look_free(const char *what, char *sql, wanted want) {
  look(what, (child_job){.sql = sql, .relaxed = true}, want);
  wi_free(sql);
}

#define ONE " AS r FROM (SELECT 'a' AS v, 1 AS n, true AS b) t"

WT_TEST(long_chains) {
  look_free("||", repeated("SELECT ", "v", 20000, " || ", ONE), TOO_LARGE);
  look_free("+", repeated("SELECT ", "n", 20000, " + ", ONE), TOO_LARGE);
  look_free("AND", repeated("SELECT ", "n <> %d", 20000, " AND ", ONE), TOO_LARGE);
  look_free("OR",
            repeated("SELECT n FROM (SELECT 1 AS n) t WHERE ", "(n = %d AND n < 5)",
                     20000, " OR ", ""),
            TOO_LARGE);
  look_free("::", repeated("SELECT 1", "::BIGINT", 20000, "", ONE), TOO_LARGE);
  look_free("IS NULL", repeated("SELECT 1", " IS NULL", 20000, "", ONE), TOO_LARGE);
  look_free("AT TIME ZONE",
            repeated("SELECT TIMESTAMP '2020-01-01'", " AT TIME ZONE 'UTC'", 20000, "",
                     " AS r"),
            TOO_LARGE);
  look_free("[1]", repeated("SELECT x", "[1]", 20000, "", " FROM (SELECT [1] AS x)"),
            TOO_LARGE);
  look_free("UNION", repeated("", "SELECT %d AS n", 2000, " UNION ALL ", ""), TOO_LARGE);
  look_free("EXCEPT", repeated("", "SELECT %d AS n", 100000, " EXCEPT ", ""), TOO_LARGE);
  look_free("JOIN",
            repeated("SELECT 1 FROM ", "(SELECT 1 AS n) t%d", 2000, " CROSS JOIN ", ""),
            TOO_LARGE);
  look_free("a million terms", repeated("SELECT ", "1", 900000, "+", " AS r"), TOO_LARGE);
  look_free("too many words", repeated("SELECT ", "1", 1100000, ",", ""), TOO_LARGE);
}

WT_TEST(deep_nests) {
  look_free("()", nested("SELECT ", "(", 5000, "1", ")", " AS r"), TOO_LARGE);
  look_free("(SELECT)", nested("", "(", 5000, "SELECT 1 AS r", ")", ""), TOO_LARGE);
  look_free("(t)", nested("SELECT * FROM ", "(", 5000, "(SELECT 1) t", ")", ""),
            TOO_LARGE);
  /* Where the parser's own limit is, it would try each cast a second way. */
  for (int n = 46; n < 52; n++) {
    look_free("casts", nested("SELECT ", "CAST(", n, "1", " AS INT)", " AS r"),
              TOO_LARGE);
  }
  look_free("casts", nested("SELECT ", "CAST(", 45, "1", " AS INT)", " AS r"), ANSWER);
  look_free("f()", nested("SELECT ", "abs(", 5000, "1", ")", " AS r"), TOO_LARGE);
  look_free("subqueries", nested("", "SELECT * FROM (", 5000, "SELECT 1 AS r", ")", ""),
            TOO_LARGE);
  look_free("scalar subqueries", nested("", "SELECT (", 5000, "SELECT 1", ")", ""),
            TOO_LARGE);
  look_free("EXISTS",
            nested("SELECT 1 WHERE ", "EXISTS (SELECT 1 WHERE ", 5000, "true", ")", ""),
            TOO_LARGE);
  look_free("CASE", nested("SELECT ", "CASE WHEN b THEN 1 ELSE ", 5000, "2", " END", ONE),
            TOO_LARGE);
  look_free("[]", nested("SELECT ", "[", 5000, "1", "]", " AS r"), TOO_LARGE);
  look_free("types", nested("SELECT CAST(NULL AS ", "STRUCT<a ", 5000, "INT", ">", ")"),
            TOO_LARGE);
  look_free("brackets of types",
            repeated("SELECT CAST(NULL AS INT", "[]", 50000, "", ") AS r"), TOO_LARGE);
  look_free("EXPLAIN", repeated("", "EXPLAIN", 50000, " ", " SELECT 1"), TOO_LARGE);
  look_free("EXPLAIN ANALYZE", repeated("", "EXPLAIN ANALYZE", 50000, " ", " SELECT 1"),
            TOO_LARGE);
  look_free("INTERVAL", repeated("SELECT ", "INTERVAL", 5000, " ", " '1 day'"),
            TOO_LARGE);
  look_free("-", repeated("SELECT ", "-", 5000, " ", "1"), TOO_LARGE);
  look_free("NOT", repeated("SELECT ", "NOT", 5000, " ", " true"), REFUSED);
  look_free("PIVOT",
            repeated("SELECT * FROM (SELECT 1 AS a, 2 AS b) t ",
                     "PIVOT (sum(a) FOR b IN (1))", 3000, " ", ""),
            TOO_LARGE);
  look_free("patterns",
            repeated("SELECT * FROM t MATCH_RECOGNIZE (PATTERN (a", "*", 50000, "",
                     ") DEFINE a AS true)"),
            TOO_LARGE);
}

WT_TEST(wide_ones_are_answered) {
  look_free(
      "IN",
      repeated("SELECT n FROM (SELECT 1 AS n) t WHERE n IN (", "%d", 100000, ",", ")"),
      ANSWER);
  look_free("CASE", repeated("SELECT CASE ", "WHEN n = %d THEN 2", 2000, " ", " END" ONE),
            ANSWER);
  look_free("VALUES",
            repeated("SELECT count(*) AS r FROM (VALUES ", "(%d)", 20000, ",", ") t"),
            ANSWER);
  look_free("AND", repeated("SELECT ", "n <> %d", 300, " AND ", ONE), ANSWER);
  look_free("UNION", repeated("", "SELECT %d AS n", 300, " UNION ALL ", ""), ANSWER);
  look_free(
      "columns named case",
      repeated("SELECT ", "t.case AS c%d", 60, ", ", " FROM (SELECT 1 AS \"case\") t"),
      ANSWER);
  look_free("columns named list",
            repeated("SELECT 1 AS r FROM (SELECT 1 AS list) t WHERE ", "list < %d", 60,
                     " OR ", ""),
            ANSWER);
  look_free("48 brackets", nested("SELECT ", "(", 44, "1", ")", " AS r"), ANSWER);
}

#define DOUBLING ", c%d AS (SELECT a.n FROM c%b a JOIN c%b b ON a.n = b.n)"

/* Names of c0 to c(n - 1), each with the one before twice. */
static char *ctes(const char *part, int n, const char *last) {
  wi_buf out = WI_BUF_INIT;
  char *text = repeated("WITH ", part, n, "", "");
  /* The first has no other before it. */
  const char *rest = strstr(text, ", c1 ");
  wi_buf_fmt(&out, "WITH c0 AS (SELECT 1 AS n)%s SELECT * FROM %s",
             rest != NULL ? rest : "", last);
  wi_free(text);
  text = wi_strdup(wi_buf_text(&out));
  wi_buf_release(&out);
  return text;
}

WT_TEST(ctes_count_as_often_as_they_are_named) {
  char *sql = ctes(DOUBLING, 14, "c13");
  look("thirteen", (child_job){.sql = sql, .seconds = 10, .relaxed = true}, TOO_LARGE);
  wi_free(sql);
  sql = ctes(DOUBLING, 200, "c199");
  look("beyond counting", (child_job){.sql = sql, .seconds = 10, .relaxed = true},
       TOO_LARGE);
  wi_free(sql);
  look_free("few", ctes(DOUBLING, 6, "c5"), ANSWER);
  look_free("a chain", ctes(", c%d AS (SELECT n + 1 AS n FROM c%b)", 100, "c99"), ANSWER);
  look_free("a long chain", ctes(", c%d AS (SELECT n + 1 AS n FROM c%b)", 5000, "c4999"),
            TOO_LARGE);
  /* Other names in the same scope, and the same names in others, are counted apart. */
  look_free("scopes",
            repeated("SELECT t0.n AS r FROM ",
                     "(WITH a AS (SELECT 1 AS n), b AS (SELECT a.n FROM a, a AS x) "
                     "SELECT * FROM b) t%d",
                     20, ", ", ""),
            ANSWER);
}

WT_TEST(macros_are_counted_before_they_are_expanded) {
  char *macros = repeated("CREATE FUNCTION m0(x TEXT) RETURN x || x", "", 0, "", "");
  char *all = NULL;
  wi_buf text = WI_BUF_INIT;
  wi_buf_str(&text, macros);
  for (int i = 1; i < 40; i++) {
    wi_buf_fmt(&text, "; CREATE FUNCTION m%d(x TEXT) RETURN m%d(x) || m%d(x)", i, i - 1,
               i - 1);
  }
  all = wi_strdup(wi_buf_text(&text));
  wi_buf_release(&text);
  look("bodies", (child_job){.sql = "SELECT m39('a') AS r", .macros = all, .seconds = 20},
       TOO_LARGE);
  char *sql = nested("SELECT ", "m0(", 40, "'a'", ")", " AS r");
  look("calls", (child_job){.sql = sql, .macros = macros, .seconds = 20}, TOO_LARGE);
  wi_free(sql);
  sql = nested("SELECT ", "m0(", 4, "'a'", ")", " AS r");
  look("few", (child_job){.sql = sql, .macros = macros}, ANSWER);
  wi_free(sql);
  /* Bodies that are deep, on a thread with little stack. */
  char *deep = repeated("CREATE FUNCTION deep(x TEXT) RETURN ", "x", 450, " || ",
                        "; CREATE FUNCTION more(x TEXT) RETURN deep(x) || 'b'");
  look("deep",
       (child_job){
           .sql = "SELECT length(more('a')) AS r", .macros = deep, .stack = 512 << 10},
       ANSWER);
  wi_free(deep);
  deep = repeated("CREATE FUNCTION deep(x TEXT) RETURN ", "x", 900, " || ",
                  "; CREATE FUNCTION twice(x TEXT) RETURN deep(deep(x))");
  look("too deep",
       (child_job){.sql = "SELECT twice('a') AS r", .macros = deep, .stack = 512 << 10},
       TOO_LARGE);
  wi_free(deep);
  wi_free(all);
  wi_free(macros);
}

WT_TEST(little_stack_is_enough) {
  char *const all[] = {
      repeated("SELECT ", "v", 400, " || ", ONE),
      repeated("SELECT ", "n <> %d", 400, " AND ", ONE),
      repeated("", "SELECT %d AS n", 400, " UNION ALL ", ""),
      repeated("SELECT n FROM (SELECT 1 AS n) t WHERE ", "n = %d", 900, " OR ", ""),
      repeated("SELECT 1 AS r FROM ", "(SELECT 1 AS n) t%d", 60, " CROSS JOIN ", ""),
      nested("SELECT ", "(", 44, "1", ")", " AS r"),
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    look(all[i], (child_job){.sql = all[i], .stack = 512 << 10, .relaxed = i != 1},
         ANSWER);
    wi_free(all[i]);
  }
  char *large = repeated("SELECT ", "v", 20000, " || ", ONE);
  look("refused", (child_job){.sql = large, .stack = 512 << 10}, TOO_LARGE);
  wi_free(large);
}

/* The place is where the chain begins, or the bracket that is one too many. */
WT_TEST(places) {
  char *sql = repeated("SELECT 1,\n  ", "v", 3000, " || ", ONE);
  child_result r = child((child_job){.sql = sql});
  wi_free(sql);
  WT_EQ_INT(r.code, WEIR_E_TOO_LARGE);
  WT_EQ_INT(r.line, 2);
  WT_EQ_INT(r.column, 3);
  WT_CHECK(strstr(r.message, "3000") != NULL || strstr(r.message, "3001") != NULL ||
           strstr(r.message, "3002") != NULL);
  WT_CHECK(strstr(r.message, "more than 1000") != NULL);
  sql = nested("SELECT\n ", "(", 60, "1", ")", " AS r");
  r = child((child_job){.sql = sql});
  wi_free(sql);
  WT_EQ_INT(r.code, WEIR_E_TOO_LARGE);
  WT_EQ_INT(r.line, 2);
  WT_EQ_INT(r.column, 47);
  WT_CHECK(strstr(r.message, "60") != NULL);
}
