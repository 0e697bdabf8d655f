/* What a statement names, and where. */
#include "unit/plan/kit.h"

/* "name@line:column" of each, by blanks. */
static void join_refs(const wi_ref *refs, size_t n, bool places, wi_buf *out) {
  wi_buf_clear(out);
  for (size_t i = 0; i < n; i++) {
    wi_buf_fmt(out, "%s%s", i > 0 ? " " : "", refs[i].name);
    if (places) {
      wi_buf_fmt(out, "@%u:%u", (unsigned)refs[i].line, (unsigned)refs[i].column);
    }
  }
}

typedef struct refs_case {
  const char *sql, *relations, *functions, *table_functions, *params;
} refs_case;

static bool same(const char *what, const char *sql, const char *have, const char *want) {
  if (strcmp(have, want) != 0) {
    wt_fail(__FILE__, __LINE__, "%s of %s: '%s', not '%s'", what, sql, have, want);
    return false;
  }
  return true;
}

static void check_case(const refs_case *c) {
  weir_error err = WEIR_ERROR_INIT;
  wi_refs refs;
  wi_buf text = WI_BUF_INIT;
  WT_OK(wi_refs_read(kit_engine(), c->sql, &refs, &err));
  join_refs(refs.relations, refs.n_relations, false, &text);
  bool fine = same("relations", c->sql, wi_buf_text(&text), c->relations);
  join_refs(refs.functions, refs.n_functions, false, &text);
  fine = fine && same("functions", c->sql, wi_buf_text(&text), c->functions);
  join_refs(refs.table_functions, refs.n_table_functions, false, &text);
  fine = fine && same("table functions", c->sql, wi_buf_text(&text), c->table_functions);
  join_refs(refs.params, refs.n_params, false, &text);
  fine = fine && same("parameters", c->sql, wi_buf_text(&text), c->params) &&
         same("kind", c->sql, refs.statement, "query");
  (void)fine;
  wi_buf_release(&text);
  wi_refs_release(&refs);
}

WT_TEST(names_are_collected_folded_and_once) {
  static const refs_case cases[] = {
      {"SELECT 1", "", "", "", ""},
      {"SELECT * FROM interval_align(Refs, (SELECT lower(a) FROM defs), mode => $m)",
       "defs refs", "lower", "interval_align", "m"},
      {"WITH d AS (SELECT 1) SELECT (SELECT 1 FROM INTERVAL_ALIGN(d, (main.\"R\"))) "
       "FROM t",
       "main.R t", "", "interval_align", ""},
      {"SELECT * FROM Orders JOIN items USING (id)", "items orders", "", "", ""},
      {"SELECT * FROM \"Orders\", orders, ORDERS", "Orders orders", "", "", ""},
      {"SELECT * FROM main.orders, weir.\"a.b\"", "main.orders weir.\"a.b\"", "", "", ""},
      {"SELECT (SELECT max(x) FROM a) FROM b WHERE EXISTS (SELECT 1 FROM c)", "a b c",
       "max", "", ""},
      {"SELECT x FROM a UNION ALL (SELECT x FROM b EXCEPT SELECT x FROM c)", "a b c", "",
       "", ""},
      {"SELECT Lower(upper(x)), count(*) OVER (ORDER BY abs(y)) FROM t", "t",
       "abs count lower upper", "", ""},
      {"SELECT x FROM t WHERE y > $low AND y < $high OR y = $low", "t", "", "",
       "high low"},
      {"SELECT * FROM range(1, 3) AS r JOIN t ON t.id = r.value", "t", "", "range", ""},
      {"SELECT 'FROM nowhere $x' -- FROM nothing\n FROM t /* JOIN u */", "t", "", "", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    check_case(&cases[i]);
  }
}

WT_TEST(ctes_hide_tables_only_where_they_are_seen) {
  static const refs_case cases[] = {
      {"WITH a AS (SELECT * FROM t) SELECT * FROM a", "t", "", "", ""},
      /* A CTE does not see itself, unless it is recursive. */
      {"WITH t AS (SELECT * FROM t) SELECT * FROM t", "t", "", "", ""},
      {"WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3) "
       "SELECT * FROM t",
       "", "", "", ""},
      /* A later one sees an earlier one, not the other way round. */
      {"WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM b", "b", "", "",
       ""},
      /* Gone with its query. */
      {"SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) AS s, a", "a", "", "", ""},
      /* Seen by subqueries below. */
      {"WITH a AS (SELECT 1 AS x) SELECT * FROM u WHERE x IN (SELECT x FROM a)", "u", "",
       "", ""},
      /* A qualified name is never a CTE's. */
      {"WITH a AS (SELECT 1) SELECT * FROM main.a, A", "main.a", "", "", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    check_case(&cases[i]);
  }
}

WT_TEST(places_are_those_of_the_first_use) {
  weir_error err = WEIR_ERROR_INIT;
  wi_refs refs;
  wi_buf text = WI_BUF_INIT;
  WT_OK(wi_refs_read(kit_engine(),
                     "SELECT abs(x),\n"
                     "  $day\n"
                     "FROM orders\n"
                     "  JOIN items ON $day = abs(y) AND $all\n"
                     "UNION SELECT x, y FROM orders",
                     &refs, &err));
  join_refs(refs.relations, refs.n_relations, true, &text);
  WT_EQ_STR(wi_buf_text(&text), "items@4:8 orders@3:6");
  join_refs(refs.functions, refs.n_functions, true, &text);
  WT_EQ_STR(wi_buf_text(&text), "abs@1:8");
  join_refs(refs.params, refs.n_params, true, &text);
  WT_EQ_STR(wi_buf_text(&text), "all@4:35 day@2:3");
  wi_refs_release(&refs);
  wi_buf_release(&text);
}

WT_TEST(table_functions_come_once_for_each_list_of_arguments) {
  weir_error err = WEIR_ERROR_INIT;
  wi_refs refs;
  wi_buf text = WI_BUF_INIT;
  WT_OK(wi_refs_read(kit_engine(),
                     "SELECT * FROM F('b', 2) AS x, f('a', $v), f('b', 2), g()\n"
                     "WHERE y IN (SELECT z FROM f('b', -2))",
                     &refs, &err));
  join_refs(refs.table_functions, refs.n_table_functions, true, &text);
  WT_EQ_STR(wi_buf_text(&text), "f@1:31 f@2:27 f@1:15 g@1:54");
  WT_EQ_STR(refs.table_functions[0].args,
            "[{\"kind\":\"text\",\"text\":\"a\"},{\"kind\":\"param\",\"text\":\"v\"}]");
  WT_EQ_STR(refs.table_functions[1].args,
            "[{\"kind\":\"text\",\"text\":\"b\"},{\"kind\":\"int\",\"text\":\"-2\"}]");
  WT_EQ_STR(refs.table_functions[3].args, "[]");
  WT_CHECK(refs.params[0].args == NULL);
  wi_refs_release(&refs);
  wi_buf_release(&text);
}

WT_TEST(the_kind_of_statement_is_told) {
  static const char *const cases[][2] = {
      {"SELECT 1", "query"},
      {"EXPLAIN SELECT 1", "explain"},
      {"CREATE TABLE a (b INT)", "ddl"},
      {"INSERT INTO a VALUES (1)", "dml"},
      {"COPY t TO 'x.csv'", "copy"},
      {"SET a.b = 1", "set"},
      {"SHOW TABLES", "other"},
      {"VALUES (1), (2)", "query"},
  };
  weir_error err = WEIR_ERROR_INIT;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    wi_refs refs;
    WT_OK(wi_refs_read(kit_engine(), cases[i][0], &refs, &err));
    WT_EQ_STR(refs.statement, cases[i][1]);
    wi_refs_release(&refs);
  }
}

WT_TEST(what_does_not_parse_has_a_place) {
  static const struct {
    const char *sql;
    uint32_t line;
  } cases[] = {{"SELECT 1\nFROM t WHERE GROUP 1", 2},
               {"SELECT\n\n(1", 3},
               {"", 0},
               {"SELECT 1; SELECT 2", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_refs refs;
    WT_EQ_INT(wi_refs_read(kit_engine(), cases[i].sql, &refs, &err), WEIR_E_SQL_SYNTAX);
    WT_CHECK(refs.relations == NULL && refs.statement == NULL);
    WT_CHECK(cases[i].line == 0 || err.line == cases[i].line);
    weir_error_release(&err);
  }
}
