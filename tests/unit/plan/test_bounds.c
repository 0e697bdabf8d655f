/* Functions that a number makes as large as it likes: refused before they take the memory, and
 * the same as ever below that. */
#include "unit/plan/child.h"

#define MB ((uint64_t)1 << 20)
/* 200 rows that each ask for a two hundredth. */
#define ROWS "FROM range(200) AS t(n)"

static void refused(const char *call, const char *from) {
  char sql[400];
  snprintf(sql, sizeof sql, "SELECT CAST(%s AS STRING) AS r %s", call, from);
  const child_job job = {.sql = sql, .memory = 200 * MB, .seconds = 30, .relaxed = true};
  child_result r = child(job);
  if (r.signal != 0 || r.code != WEIR_E_TOO_LARGE || strstr(r.message, "bytes") == NULL ||
      strstr(r.message, "more than 52428800") == NULL) {
    wt_fail(__FILE__, __LINE__, "%s: signal %d, code %d, %s", call, r.signal, r.code,
            r.message);
  }
}

WT_TEST(too_much_is_refused) {
  static const char *const calls[][2] = {
      {"array_repeat(1, 2000000000)", "array_repeat(n, 20000000)"},
      {"array_repeat('text', 100000000)", "array_repeat('text', n * 100000)"},
      {"array_resize([1], 2000000000, 0)", "array_resize([n], 20000000, 0)"},
      {"rpad('a', 2000000000)", "rpad('a', CAST(n AS INT) + 20000000)"},
      {"lpad('a', 2000000000, 'xy')", "lpad('a', CAST(n AS INT) + 20000000, 'xy')"},
      {"repeat('a', 1900000000)", "repeat('abcd', n * 1000000)"},
      {"generate_series(1, 300000000)", "generate_series(n, 20000000)"},
      {"range(300000000)", "range(n * 1000000)"},
      {"array_repeat('', 100000000)", "array_repeat('', n * 100000)"},
      {"range(300000000, 0, -1)", "range(0, -20000000, -1 - n % 2)"},
      {"generate_series(TIMESTAMP '2000-01-01', TIMESTAMP '2100-01-01', INTERVAL '1 "
       "second')",
       "generate_series(TIMESTAMP '2000-01-01', TIMESTAMP '2100-01-01', INTERVAL '1 "
       "minute')"},
      {"replace(repeat('a', 10000), 'a', repeat('b', 10000))",
       "replace(concat(repeat('a', 1000), n), 'a', repeat('b', 1000))"},
      {"array_to_string(range(10000), repeat('b', 10000))",
       "array_to_string(range(1000 + n), repeat('b', 1000))"},
  };
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    refused(calls[i][0], "");
    refused(calls[i][1], ROWS);
  }
}

WT_TEST(the_rest_is_as_it_was) {
  static const char *const cases[][2] = {
      {"concat_ws('|', array_repeat(1, 3), array_repeat('x', 0), array_repeat([1], 2))",
       "[1, 1, 1]|[]|[[1], [1]]"},
      {"concat_ws('|', array_resize([1, 2, 3], 5, 0), array_resize([1, 2, 3], 2))",
       "[1, 2, 3, 0, 0]|[1, 2]"},
      {"concat_ws('|', lpad('a', 4, 'xy'), rpad('a', 4), lpad('abc', 2), rpad('a', 0))",
       "xyxa|a   |ab|"},
      {"concat_ws('|', repeat('ab', 3), repeat('ab', 0), repeat('ab', -1))", "ababab||"},
      {"concat_ws('|', range(3), generate_series(3), range(1, 10, 4), range(3, 0, -1))",
       "[0, 1, 2]|[0, 1, 2, 3]|[1, 5, 9]|[3, 2, 1]"},
      {"CAST(range(DATE '2020-01-01', DATE '2020-03-01', INTERVAL '1 month') AS STRING)",
       "[2020-01-01, 2020-02-01]"},
      {"concat_ws('|', replace('abab', 'b', 'xyz'), replace('ab', '', '-'))",
       "axyzaxyz|ab"},
      {"array_to_string([1, 2, NULL, 3], ', ', 'no')", "1, 2, no, 3"},
      {"coalesce(repeat(NULL, 1000000000), lpad('a', NULL), CAST(array_repeat(1, NULL) "
       "AS STRING), 'none')",
       "none"},
      {"concat_ws('|', array_repeat('', 3), array_repeat(CAST(NULL AS INT), 2))",
       "[, , ]|[, ]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char sql[400];
    snprintf(sql, sizeof sql, "SELECT %s AS r", cases[i][0]);
    child_result r = child((child_job){.sql = sql, .memory = 200 * MB});
    bool fine =
        r.signal == 0 && r.code == 0 && r.rows == 1 && strcmp(r.text, cases[i][1]) == 0;
    if (!fine) {
      wt_fail(__FILE__, __LINE__, "%s: signal %d, code %d, %s, %s", sql, r.signal, r.code,
              r.message, r.text);
    }
  }
}

/* What fits into the bound is made, for columns too. */
WT_TEST(large_ones_within_the_bound) {
  const char *sql =
      "SELECT CAST(sum(cardinality(array_repeat(n, 20000))) AS STRING) AS r "
      "FROM range(200) AS t(n)";
  child_result r = child((child_job){.sql = sql, .memory = 200 * MB});
  WT_EQ_INT(r.signal, 0);
  WT_EQ_INT(r.code, 0);
  WT_EQ_STR(r.text, "4000000");
}

/* What cannot match is not counted, rows of a window come at once, and a slice of lists is not
 * all that it was cut from. */
WT_TEST(what_a_call_makes_is_counted_and_no_more) {
  static const char *const sql[] = {
      "SELECT CAST(sum(length(replace(s, '&', '&amp;'))) AS STRING) AS r FROM (SELECT "
      "concat(repeat('x', 1999), '&') AS s FROM range(8192)) AS t",
      "SELECT CAST(sum(length(rpad(s, 100))) AS STRING) AS r FROM (SELECT s, count(*) "
      "OVER "
      "() AS c FROM (SELECT 'x' AS s FROM range(800000)) AS t) AS u WHERE c > 0",
      "SELECT CAST(sum(cardinality(array_repeat(l, 3))) AS STRING) AS r FROM (SELECT l, "
      "count(*) OVER () AS c FROM (SELECT make_array(n, n, n) AS l FROM range(400000) AS "
      "t(n)) AS u LIMIT 10) AS v"};
  static const char *const wanted[] = {"16416768", "80000000", "90"};
  for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++) {
    child_result r =
        child((child_job){.sql = sql[i], .memory = 200 * MB, .relaxed = true});
    WT_EQ_INT(r.signal, 0);
    WT_EQ_INT(r.code, 0);
    WT_EQ_STR(r.text, wanted[i]);
  }
}
