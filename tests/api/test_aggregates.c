/* weir's aggregates through SQL: the examples of the reference, windows of every shape, nulls,
 * DISTINCT, types, what is refused; and many rows with 1 and 8 threads and little memory
 * beside the same question asked of the engine's own functions. */
#include <stdlib.h>

#include "common/fixtures.h"
#include "common/test.h"

#define ROWS(v) " FROM (VALUES " v ") t"

WT_TEST(examples) {
  weir_session *s = wf_session(NULL, 0);
  wf_expect(s, "SELECT count_distinct_agg(x)" ROWS("('a'), (NULL), ('a')") "(x)", "2;");
  wf_expect(s, "SELECT count_distinct_agg(x) IGNORE NULLS" ROWS("('a'), (NULL)") "(x)",
            "1;");
  wf_expect(s, "SELECT asof_select(v, k)" ROWS("('a', 1), ('b', 3), ('c', 2)") "(v, k)",
            "b;");
  wf_expect(s, "SELECT arg_max(v, k)" ROWS("('b', 3), ('a', 3), ('c', 2)") "(v, k)",
            "a;");
  wf_expect(
      s, "SELECT arg_min(order_key => k, value => v)" ROWS("('b', 2), ('a', 3)") "(v, k)",
      "b;");
  wf_expect(s,
            "SELECT array_to_string(collect_set(x), ',', 'NULL')" ROWS(
                "('b'), (NULL), ('a'), ('b')") "(x)",
            "a,b,NULL;");
  wf_expect(s,
            "SELECT array_to_string(list_unique(x) IGNORE NULLS, ',', 'NULL')" ROWS(
                "('b'), (NULL), ('a')") "(x)",
            "a,b;");
  weir_session_free(&s);
}

WT_TEST(dictionaries_are_decoded) {
  weir_session *s = wf_session(NULL, 0);
  wf_expect(s,
            "SELECT arg_max(d, k), arg_min(k, d), any_value_det(d, k), "
            "array_to_string(collect_set(d), ','), count_distinct_agg(d), "
            "arrow_typeof(arg_max(d, k)) = arrow_typeof(arg_max(x, k)), "
            "multiset_hash(d) = multiset_hash(x) FROM (SELECT x, k, "
            "arrow_cast(x, 'Dictionary(Int32, Utf8)') AS d" ROWS(
                "('a', 1), ('b', 2), ('a', 3)") "(x, k)) u",
            "a|1|a|a,b|2|true|true;");
  wf_expect(s,
            "SELECT sum_exact(arrow_cast(x, 'Dictionary(Int32, Float64)'))" ROWS(
                "(CAST(1.5 AS DOUBLE)), (2.0), (1.5)") "(x)",
            "5;");
  weir_session_free(&s);
}

WT_TEST(nothing_and_only_nulls) {
  weir_session *s = wf_session(NULL, 0);
  wf_expect(s,
            "SELECT count_if(x > 0), arg_max(x, x), cardinality(collect_set(x)), "
            "collect_set(x) IS NULL, count_distinct_agg(x)" ROWS("(1)") "(x) WHERE x = 2",
            "0|NULL|0|false|0;");
  wf_expect(s,
            "SELECT count_if(b), arg_max(b, k), any_value_det(k, b), "
            "count_distinct_agg(b)" ROWS("(CAST(NULL AS BOOLEAN), 1)") "(b, k)",
            "0|NULL|NULL|1;");
  wf_expect(s, "SELECT arg_max(NULL, 1), count_distinct_agg(NULL)", "NULL|1;");
  wf_expect(
      s,
      "SELECT y, (SELECT count_distinct_agg(x)" ROWS(
          "(1), (2)") "(x) WHERE x = y) AS c FROM (VALUES (1), (9)) s(y) ORDER BY y",
      "1|1;9|0;");
  weir_session_free(&s);
}

WT_TEST(windows) {
  weir_session *s = wf_session(NULL, 0);
  wf_expect(s,
            "SELECT array_to_string(list_unique(x) OVER (ORDER BY i ROWS 1 PRECEDING), "
            "',')" ROWS("(1, 'a'), (2, 'b'), (3, 'c')") "(i, x) ORDER BY i",
            "a;a,b;b,c;");
  wf_expect(s,
            "SELECT count_distinct_agg(x) OVER (ORDER BY i ROWS 1 PRECEDING)" ROWS(
                "(1, 'a'), (2, 'b'), (3, 'b')") "(i, x) ORDER BY i",
            "1;2;1;");
  wf_expect(
      s,
      "SELECT count_distinct_agg(x) IGNORE NULLS OVER (ORDER BY i ROWS 1 "
      "PRECEDING)" ROWS("(1, 'a'), (2, 'b'), (3, 'a'), (4, NULL)") "(i, x) ORDER BY i",
      "1;2;2;1;");
  wf_expect(s,
            "SELECT any_value_det(x, k) OVER w, arg_max(x, k) OVER w, count_if(k > 1) "
            "OVER w" ROWS("(1, 'a', 3), (2, 'b', 1), (3, 'c', NULL), (4, 'd', 2), "
                          "(5, 'e', 2)")
            "(i, x, k) WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) "
            "ORDER BY i",
            "b|a|1;b|a|1;b|d|1;d|d|2;d|d|2;");
  wf_expect(s,
            "SELECT arg_max(x, k) OVER (ORDER BY i), count_distinct_agg(k) OVER (), "
            "array_to_string(collect_set(k) OVER (ORDER BY i), ',')" ROWS(
                "(1, 'a', 3), (2, 'b', 1), (3, 'c', 3)") "(i, x, k) ORDER BY i",
            "a|2|3;a|2|1,3;a|2|1,3;");
  weir_session_free(&s);
}

WT_TEST(types) {
  weir_session *s = wf_session(NULL, 0);
  wf_expect(s,
            "SELECT arg_max(v, k)" ROWS("(1.5, DATE '2024-01-02'), (2.5, DATE "
                                        "'2023-01-02')") "(v, k)",
            "1.5;");
  wf_expect(
      s,
      "SELECT arg_max(x, x), arg_min(x, x), count_distinct_agg(x)" ROWS(
          "(CAST('NaN' AS DOUBLE)), (-0.0), (0.0), (CAST('Infinity' AS DOUBLE))") "(x)",
      "nan|-0|3;");
  wf_expect(s,
            "SELECT arg_min(b, k), arg_max(b, k)" ROWS(
                "(true, X'0001'), (false, X'00')") "(b, k)",
            "false|true;");
  wf_expect(
      s,
      "SELECT array_length(collect_set(x)), array_to_string(arg_min(x, x), ',')" ROWS(
          "([2, 1]), ([1, 3]), ([1]), ([1, 3])") "(x)",
      "3|1;");
  wf_expect(s,
            "SELECT arg_min(x, x)['a'], arg_max(k, x)" ROWS(
                "(named_struct('a', 2, 'b', 'x'), 1), (named_struct('a', 2, 'b', 'y'), "
                "2)") "(x, k)",
            "2|2;");
  wf_expect(
      s, "SELECT arg_max(x, CAST(x AS DECIMAL(30, 2)))" ROWS("(-3), (-10), (-4)") "(x)",
      "-3;");
  weir_session_free(&s);
}

WT_TEST(clauses) {
  weir_session *s = wf_session(NULL, 0);
  wf_expect(s, "SELECT count_distinct_agg(DISTINCT x)" ROWS("(1), (1), (2)") "(x)", "2;");
  wf_expect(
      s,
      "SELECT arg_max(DISTINCT v, k), count_distinct_agg(k) FILTER (WHERE k < 3)" ROWS(
          "('a', 1), ('a', 1), ('b', 3)") "(v, k)",
      "b|1;");
  wf_expect_error(s, "SELECT count_if(DISTINCT x)" ROWS("(true)") "(x)", WEIR_E_SQL_PLAN);
  wf_expect_error(s, "SELECT count_if(x) IGNORE NULLS" ROWS("(true)") "(x)",
                  WEIR_E_SQL_PLAN);
  wf_expect_error(s, "SELECT count_if(x)" ROWS("(1)") "(x)", WEIR_E_SQL_PLAN);
  wf_expect_error(s, "SELECT arg_max(x)" ROWS("(1)") "(x)", WEIR_E_SQL_PLAN);
  wf_expect_error(s, "SELECT arg_max(x, INTERVAL '1 month')" ROWS("(1)") "(x)",
                  WEIR_E_SQL_PLAN);
  weir_session_free(&s);
}

/* ---- many rows ---- */

/* The thread sanitizer looks at each access. */
#ifdef __SANITIZE_THREAD__
enum { ROWS_MANY = 12000 };
#else
enum { ROWS_MANY = 60000 };
#endif

/* Each aggregate beside what the engine's own functions say of the same rows; one row of
 * differences, all 0. Groups are ids by %s, so that there are few or very many. */
static const char *const beside =
    "WITH g AS (SELECT id %% %d AS g, id, value, word FROM t), "
    "ours AS (SELECT g, count_if(value > 0) AS c, arg_max(word, id) AS a, "
    "any_value_det(id, value) AS m, count_distinct_agg(word) IGNORE NULLS AS d, "
    "collect_set(value) IGNORE NULLS AS l FROM g GROUP BY g), "
    "theirs AS (SELECT g, sum(CASE WHEN value > 0 THEN 1 ELSE 0 END) AS c, "
    "last_value(word ORDER BY id) FILTER (WHERE word IS NOT NULL) AS a, "
    "first_value(id ORDER BY value, id) FILTER (WHERE value IS NOT NULL) AS m, "
    "count(DISTINCT word) AS d, array_sort(array_agg(DISTINCT value) FILTER (WHERE value "
    "IS NOT NULL)) AS l FROM g GROUP BY g) "
    "SELECT count(*), count_if(ours.c <> theirs.c), "
    "count_if(ours.a IS DISTINCT FROM theirs.a), "
    "count_if(ours.m IS DISTINCT FROM theirs.m), count_if(ours.d <> theirs.d), "
    "count_if(array_to_string(ours.l, ',') <> coalesce(array_to_string(theirs.l, ','), "
    "'')) "
    "FROM ours JOIN theirs ON ours.g = theirs.g";

static weir_session *many(uint32_t threads, uint64_t memory, int64_t batch_rows) {
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  wf_seed seed = {.seed = 7, .rows = ROWS_MANY, .batch_rows = batch_rows};
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows;
  options.threads = threads;
  options.memory = memory;
  if (!wf_seeded(&rows, &seed)) {
    return NULL;
  }
  weir_status status = weir_session_new(&options, &s, &err);
  if (status == WEIR_OK) {
    status = weir_session_add_memory(s, "t", &rows, &err);
  }
  if (status == WEIR_OK) {
    status = weir_session_seal(s, &err);
  }
  if (status != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no session: %s", err.message);
    weir_session_free(&s);
  }
  weir_error_release(&err);
  return s;
}

static void check_many(uint32_t threads, uint64_t memory, int64_t batch_rows) {
  static const int groups[] = {1, 10, ROWS_MANY / 3};
  weir_session *s = many(threads, memory, batch_rows);
  for (size_t i = 0; i < 3; i++) {
    char sql[2048], rows[64];
    snprintf(sql, sizeof sql, beside, groups[i]);
    snprintf(rows, sizeof rows, "%d|0|0|0|0|0;", groups[i]);
    wf_expect(s, sql, rows);
  }
  weir_session_free(&s);
}

WT_TEST(many_rows_one_thread) {
  check_many(1, (uint64_t)512 << 20, 1024);
}

WT_TEST(many_rows_eight_threads) {
  check_many(8, (uint64_t)512 << 20, 8192);
}

/* Groups that do not fit in the memory come back from disk the same. */
WT_TEST(little_memory) {
  static const char sql[] =
      "SELECT count(*), sum(c), sum(m), sum(d), sum(array_length(l)) FROM (SELECT id % "
      "50000 AS g, count_if(value > 0) AS c, any_value_det(id, value) AS m, "
      "count_distinct_agg(word) AS d, collect_set(id) AS l, arg_max(word, id) AS a FROM "
      "t "
      "GROUP BY 1)";
  char plenty[128], little[128];
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = many(2, (uint64_t)1 << 30, 1024);
  WT_EQ_INT(wf_query(s, sql, plenty, sizeof plenty, &err), WEIR_OK);
  weir_session_free(&s);
  s = many(2, (uint64_t)24 << 20, 1024);
  if (wf_query(s, sql, little, sizeof little, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s", err.message);
  }
  WT_EQ_STR(little, plenty);
  weir_session_free(&s);
  weir_error_release(&err);
}

/* A query that is dropped half-way frees its accumulators (the sanitizers look). */
WT_TEST(dropped_half_way) {
  weir_session *s = many(2, (uint64_t)256 << 20, 1024);
  for (int i = 0; i < 5; i++) {
    weir_query *query = NULL;
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowArrayStream stream;
    struct ArrowArray batch = {0};
    WT_EQ_INT(
        weir_query_open(s,
                        "SELECT id, collect_set(word) OVER (PARTITION BY part ORDER "
                        "BY id ROWS 9 PRECEDING), arg_max(word, value) OVER (PARTITION "
                        "BY id % 5000) FROM t",
                        NULL, 0, &query, &err),
        WEIR_OK);
    WT_EQ_INT(weir_query_stream(query, &stream, &err), WEIR_OK);
    WT_EQ_INT(stream.get_next(&stream, &batch), 0);
    if (batch.release != NULL) {
      batch.release(&batch);
    }
    stream.release(&stream);
    weir_query_free(&query);
    weir_error_release(&err);
  }
  weir_session_free(&s);
}
