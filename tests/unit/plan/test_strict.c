/* Strict determinism: what is refused, what is told, what passes. */
#include "plan/tables.h"
#include "unit/plan/kit.h"

static wi_session *session(void) {
  static const kit_table tables[] = {{"main", "t", "id l, k l, x g, name vu"},
                                     {"main", "u", "id l, y f"}};
  static wi_session *one;
  one = one != NULL ? one : kit_session(tables, 2);
  return one;
}

static weir_status check(const char *sql, bool strict, wi_strict_facts *facts,
                         weir_error *err) {
  wb_plan *logical = NULL, *optimized = NULL;
  wi_plan *tables = NULL;
  weir_status status = wi_query_plan(session(), sql, NULL, 0, &logical, &optimized, err);
  if (status == WEIR_OK) {
    status = wi_plan_read(kit_engine(), logical, &tables, err);
  }
  if (status == WEIR_OK) {
    status = wi_strict_check(tables, strict, facts, err);
  }
  wi_plan_free(&tables);
  wi_br_plan_free(kit_engine(), &logical);
  wi_br_plan_free(kit_engine(), &optimized);
  return status;
}

typedef struct refused {
  const char *sql, *word; /* a word of the message */
} refused;

static void check_refused(const refused *cases, size_t n, weir_status want) {
  for (size_t i = 0; i < n; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_strict_facts facts;
    weir_status status = check(cases[i].sql, true, &facts, &err);
    if (status != want || strstr(err.message, cases[i].word) == NULL ||
        err.hint[0] == '\0') {
      wt_fail(__FILE__, __LINE__, "%s: %d, '%s', hint '%s'", cases[i].sql, (int)status,
              err.message, err.hint);
    }
    weir_error_release(&err);
    if (check(cases[i].sql, false, &facts, &err) != WEIR_OK) {
      wt_fail(__FILE__, __LINE__, "relaxed %s: %s", cases[i].sql, err.message);
      weir_error_release(&err);
    } else if (want == WEIR_E_VOLATILE && !facts.is_volatile) {
      wt_fail(__FILE__, __LINE__, "relaxed %s is not told as volatile", cases[i].sql);
    }
  }
}

WT_TEST(volatile_functions_and_clocks_are_refused) {
  static const refused cases[] = {
      {"SELECT random() AS r", "random"},
      {"SELECT id FROM t WHERE random() < 0.5", "random"},
      {"SELECT uuid() AS u FROM t", "uuid"},
      {"SELECT now() AS n FROM t", "now"},
      {"SELECT current_timestamp AS n", "now"},
      {"SELECT current_date AS n", "current_date"},
      {"SELECT current_time AS n", "current_time"},
      {"SELECT id FROM (SELECT id, random() AS r FROM t) AS s ORDER BY r", "random"},
      {"SELECT id FROM t WHERE id IN (SELECT id FROM u WHERE y < random())", "random"},
      {"SELECT (SELECT max(id) FROM u WHERE y < random()) AS m FROM t", "random"},
      {"SELECT sum(x * random()) OVER (PARTITION BY k) AS s FROM t", "random"},
  };
  check_refused(cases, sizeof cases / sizeof cases[0], WEIR_E_VOLATILE);
}

WT_TEST(what_takes_rows_in_no_order_is_refused) {
  static const refused cases[] = {
      {"SELECT array_agg(x) AS a FROM t", "array_agg"},
      {"SELECT string_agg(name, ',') AS a FROM t GROUP BY k", "string_agg"},
      {"SELECT first_value(x) AS a FROM t GROUP BY k", "first_value"},
      {"SELECT last_value(x) AS a FROM t GROUP BY k", "last_value"},
      {"SELECT nth_value(x, 2) AS a FROM t GROUP BY k", "nth_value"},
      {"SELECT row_number() OVER () AS n FROM t", "row_number"},
      {"SELECT row_number() OVER (PARTITION BY k) AS n FROM t", "row_number"},
      {"SELECT lag(x) OVER (PARTITION BY k) AS n FROM t", "lag"},
      {"SELECT lead(x) OVER () AS n FROM t", "lead"},
      {"SELECT ntile(4) OVER () AS n FROM t", "ntile"},
      {"SELECT first_value(x) OVER (PARTITION BY k) AS n FROM t", "first_value"},
      {"SELECT sum(id) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n FROM t",
       "sum"},
      {"SELECT count(*) OVER (ROWS UNBOUNDED PRECEDING) AS n FROM t", "count"},
      {"SELECT DISTINCT ON (k) k, id FROM t", "DISTINCT ON"},
      {"SELECT id FROM t LIMIT 3", "LIMIT"},
      {"SELECT id FROM t OFFSET 3", "LIMIT"},
      {"SELECT id FROM (SELECT id FROM t LIMIT 3) AS s ORDER BY id", "LIMIT"},
      {"SELECT s.id FROM u JOIN (SELECT id FROM t LIMIT 3) AS s USING (id)", "LIMIT"},
      {"SELECT id FROM u WHERE id IN (SELECT id FROM t LIMIT 3)", "LIMIT"},
      {"SELECT id FROM t UNION ALL (SELECT id FROM u LIMIT 1)", "LIMIT"},
      /* Sorted in one use, as it comes in another. */
      {"SELECT array_sort(a) AS s, a AS b FROM (SELECT array_agg(x) AS a FROM t) AS q",
       "array_agg"},
      {"SELECT array_sort(array_agg(x)) AS s, array_agg(id) AS b FROM t", "array_agg"},
  };
  check_refused(cases, sizeof cases / sizeof cases[0], WEIR_E_ORDER_NEEDED);
}

WT_TEST(what_is_fixed_passes) {
  static const char *const cases[] = {
      "SELECT array_agg(x ORDER BY x) AS a FROM t",
      "SELECT array_sort(array_agg(x)) AS a FROM t GROUP BY k",
      "SELECT string_agg(name, ',' ORDER BY name) AS a FROM t",
      "SELECT first_value(x ORDER BY id) AS a FROM t GROUP BY k",
      "SELECT row_number() OVER (ORDER BY id) AS n FROM t",
      "SELECT lag(x) OVER (PARTITION BY k ORDER BY id) AS n FROM t",
      "SELECT max(x) OVER (PARTITION BY k) AS n FROM t",
      "SELECT sum(id) OVER () AS n FROM t",
      "SELECT rank() OVER () AS n FROM t",
      "SELECT sum(id) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "
      "n "
      "FROM t",
      "SELECT sum(id) OVER (RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS n FROM "
      "t",
      "SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n "
      "FROM t",
      "SELECT DISTINCT ON (k) k, id FROM t ORDER BY k, id",
      "SELECT DISTINCT k FROM t",
      "SELECT id FROM t ORDER BY id LIMIT 3",
      "SELECT id FROM t ORDER BY id LIMIT 3 OFFSET 2",
      "SELECT k FROM (SELECT id AS k FROM t) AS s ORDER BY k LIMIT 3",
      "SELECT s.id FROM u JOIN (SELECT id FROM t ORDER BY id LIMIT 3) AS s USING (id)",
      "SELECT count(*) AS n, count(DISTINCT k) AS d, min(x) AS m FROM t",
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_strict_facts facts;
    if (check(cases[i], true, &facts, &err) != WEIR_OK) {
      wt_fail(__FILE__, __LINE__, "%s: %s", cases[i], err.message);
    } else if (facts.is_volatile) {
      wt_fail(__FILE__, __LINE__, "%s is told as volatile", cases[i]);
    }
    weir_error_release(&err);
  }
}

/* The facts of the plan with exact aggregates in the place of others. */
static weir_status check_replaced(const char *sql, wi_strict_facts *facts,
                                  weir_error *err) {
  wb_plan *logical = NULL, *optimized = NULL, *replaced = NULL;
  wi_plan *before = NULL, *after = NULL;
  wi_exact exact = {0};
  wi_strict_facts foretold = {0};
  weir_status status = wi_query_plan(session(), sql, NULL, 0, &logical, &optimized, err);
  if (status == WEIR_OK) {
    status = wi_plan_read(kit_engine(), logical, &before, err);
  }
  if (status == WEIR_OK) {
    status = wi_plan_exact(before, &exact, err);
  }
  if (status == WEIR_OK) {
    status = wi_strict_check(&exact.plan, false, &foretold, err);
  }
  if (status == WEIR_OK) {
    const wi_br_edits edits = {.items = exact.edits.items, .n = exact.edits.n};
    status = wi_br_plan_edit(kit_engine(), logical, &edits, &replaced, err);
  }
  if (status == WEIR_OK) {
    status = wi_plan_read(kit_engine(), replaced, &after, err);
  }
  if (status == WEIR_OK) {
    status = wi_strict_check(after, false, facts, err);
    if (foretold.order_sensitive != facts->order_sensitive ||
        foretold.is_volatile != facts->is_volatile) {
      wt_fail(__FILE__, __LINE__, "%s: not as it was foretold", sql);
    }
  }
  wi_exact_release(&exact);
  wi_plan_free(&before);
  wi_plan_free(&after);
  wi_br_plan_free(kit_engine(), &optimized);
  if (status == WEIR_OK) {
    status = wi_br_plan_optimize(kit_engine(), replaced, &optimized, err);
  }
  wi_br_plan_free(kit_engine(), &logical);
  wi_br_plan_free(kit_engine(), &optimized);
  wi_br_plan_free(kit_engine(), &replaced);
  return status;
}

WT_TEST(exact_sums_are_not_sensitive_to_order) {
  static const struct {
    const char *sql;
    bool sensitive;
  } cases[] = {
      {"SELECT sum(x) AS s, sum(x) + 1 AS t, sum_exact(x) AS u FROM t", false},
      {"SELECT k, avg(x) AS s FROM t GROUP BY k", false},
      {"SELECT sum(y) AS s, avg(y) AS a, sum(DISTINCT x) AS d FROM u, t", false},
      {"SELECT stddev(x) AS a, stddev_samp(x) AS b, stddev_pop(x) AS c FROM t", false},
      {"SELECT var(x) AS a, var_samp(x) AS b, var_sample(x) AS c, var_pop(x) AS d, "
       "var_population(x) AS e FROM t",
       false},
      {"SELECT avg(id) AS a, var(id) AS b FROM t", false},
      {"SELECT sum(x) FILTER (WHERE id > 1) AS s FROM t", false},
      {"SELECT sum(x ORDER BY id) AS s FROM t", false},
      {"SELECT sum(x) OVER (PARTITION BY k) AS s, avg(x) OVER (ORDER BY id ROWS 3 "
       "PRECEDING) AS a FROM t",
       false},
      {"SELECT sum(sum(x)) OVER () AS s FROM t GROUP BY k", false},
      {"SELECT id FROM t WHERE x > (SELECT sum(y) FROM u)", false},
      {"SELECT k FROM t GROUP BY k HAVING sum(x) > 1 ORDER BY sum(x)", false},
      {"SELECT k, id, sum(x) AS s FROM t GROUP BY ROLLUP (k, id)", false},
      {"SELECT corr(x, x) AS s FROM t", true},
      {"SELECT sum(x) AS a, covar_samp(x, x) AS s FROM t", true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_strict_facts facts = {0};
    if (check_replaced(cases[i].sql, &facts, &err) != WEIR_OK ||
        facts.order_sensitive != cases[i].sensitive) {
      wt_fail(__FILE__, __LINE__, "%s: told %d, %s", cases[i].sql, facts.order_sensitive,
              err.message);
    }
    weir_error_release(&err);
  }
}

WT_TEST(sums_of_floats_are_told_as_sensitive_to_order) {
  static const struct {
    const char *sql;
    bool sensitive;
  } cases[] = {
      {"SELECT sum(x) AS s FROM t", true},
      {"SELECT avg(x) AS s FROM t GROUP BY k", true},
      {"SELECT sum(y) AS s FROM u", true},
      {"SELECT stddev(x) AS s FROM t", true},
      {"SELECT corr(x, x) AS s FROM t", true},
      {"SELECT approx_median(id) AS s FROM t", true},
      {"SELECT approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY id) AS s FROM t", true},
      {"SELECT approx_distinct(id) AS s FROM t", false},
      {"SELECT sum(x) OVER (PARTITION BY k) AS s FROM t", true},
      {"SELECT id FROM t WHERE x > (SELECT sum(y) FROM u)", true},
      {"SELECT k FROM t GROUP BY k HAVING sum(x) > 1", true},
      {"SELECT sum_exact(x) AS s FROM t", false},
      {"SELECT sum(id) AS s FROM t", false},
      {"SELECT sum(CAST(x AS DECIMAL(20, 4))) AS s FROM t", false},
      {"SELECT max(x) AS a, min(x) AS b, count(x) AS c, median(x) AS m FROM t", false},
      {"SELECT lag(x) OVER (ORDER BY id) AS a FROM t", false},
      {"SELECT x + 1 AS a FROM t", false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    for (int strict = 0; strict < 2; strict++) {
      weir_error err = WEIR_ERROR_INIT;
      wi_strict_facts facts = {0};
      if (check(cases[i].sql, strict == 1, &facts, &err) != WEIR_OK ||
          facts.order_sensitive != cases[i].sensitive) {
        wt_fail(__FILE__, __LINE__, "%s: told %d, %s", cases[i].sql,
                facts.order_sensitive, err.message);
      }
      weir_error_release(&err);
    }
  }
}

/* A function that an upgrade of the engine brings must not come in unseen. */
WT_TEST(each_aggregate_and_window_function_of_the_engine_is_in_the_list) {
  weir_error err = WEIR_ERROR_INIT;
  wi_cursor *rows = NULL;
  bool more = true;
  int found = 0;
  WT_OK(wi_br_session_table_read(kit_engine(), session()->handle, WI_BR_FUNCTIONS, &rows,
                                 &err));
  while (wi_cursor_next(rows, &more, &err) == WEIR_OK && more) {
    wi_str name = wi_cursor_text(rows, 0), kind = wi_cursor_text(rows, 1);
    bool calls = wi_str_eq(kind, "aggregate") || wi_str_eq(kind, "window");
    if (!calls || !wi_str_eq(wi_cursor_text(rows, 5), "builtin")) {
      continue;
    }
    found++;
    if (wi_order_fn_find(name) == NULL) {
      wt_fail(__FILE__, __LINE__, "tables/order.def has no row of " WI_STR_FMT,
              WI_STR_ARG(name));
    }
  }
  WT_CHECK(found > 40);
  wi_cursor_free(&rows);
}
