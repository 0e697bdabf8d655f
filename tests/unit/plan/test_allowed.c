/* What is refused whatever the determinism: what writes, and correlated NOT IN. */
#include "plan/tables.h"
#include "unit/plan/kit.h"

static wi_session *session(void) {
  static const kit_table tables[] = {{"main", "t", "a l, b l, s vu"},
                                     {"main", "u", "a l, b i, s vu"}};
  static wi_session *one;
  one = one != NULL ? one : kit_session(tables, 2);
  return one;
}

static weir_status plan(const char *sql, weir_error *err) {
  wb_plan *logical = NULL, *optimized = NULL;
  weir_status status = wi_query_plan(session(), sql, NULL, 0, &logical, &optimized, err);
  wi_br_plan_free(kit_engine(), &logical);
  wi_br_plan_free(kit_engine(), &optimized);
  return status;
}

static void expect(const char *sql, weir_status want) {
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = plan(sql, &err);
  if (status != want) {
    wt_fail(__FILE__, __LINE__, "%s: %d, '%s'", sql, (int)status, err.message);
  }
  weir_error_release(&err);
}

WT_TEST(what_does_not_only_read_is_refused) {
  static const char *const writing[] = {
      "CREATE TABLE x AS SELECT 1",
      "CREATE VIEW x AS SELECT 1",
      "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION '/tmp/x'",
      "DROP TABLE t",
      "INSERT INTO t SELECT * FROM u",
      "DELETE FROM t",
      "UPDATE t SET a = 1",
      "COPY t TO '/tmp/x.parquet'",
      "SET datafusion.execution.batch_size = 1",
      "RESET datafusion.execution.batch_size",
      "PREPARE p AS SELECT 1",
      "EXECUTE p",
      "DEALLOCATE p",
      "BEGIN",
      "COMMIT",
      "TRUNCATE TABLE t",
      "EXPLAIN INSERT INTO t SELECT * FROM u",
      "EXPLAIN ANALYZE COPY t TO '/tmp/x.parquet'",
      "SELECT 1 AS a INTO x",
      "WITH w AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM w",
      "WITH w AS (DELETE FROM t RETURNING a) SELECT * FROM w",
      "WITH w AS (UPDATE t SET a = 1 RETURNING a) SELECT * FROM w",
      "SELECT * FROM (WITH w AS (DELETE FROM t RETURNING a) SELECT * FROM w) AS q",
      "SELECT 1 WHERE EXISTS (WITH w AS (DELETE FROM t RETURNING a) SELECT * FROM w)",
      "CREATE FUNCTION f() RETURNS INT RETURN 1"};
  static const char *const reading[] = {"EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1",
                                        "DESCRIBE t", "SHOW TABLES", "SELECT 1"};
  weir_error err = WEIR_ERROR_INIT;
  for (size_t i = 0; i < sizeof writing / sizeof writing[0]; i++) {
    expect(writing[i], WEIR_E_READ_ONLY);
  }
  for (size_t i = 0; i < sizeof reading / sizeof reading[0]; i++) {
    expect(reading[i], WEIR_OK);
  }
  WT_EQ_INT(plan("DROP TABLE t", &err), WEIR_E_READ_ONLY);
  WT_CHECK(wi_starts_with(err.message, "DROP TABLE is not a query"));
  weir_error_release(&err);
}

/* The plan says it too, whatever became of the words. */
WT_TEST(a_plan_that_writes_is_refused) {
  static const char *const writing[] = {"CREATE TABLE x AS SELECT 1",
                                        "DROP TABLE t",
                                        "COPY t TO '/tmp/x.parquet'",
                                        "SET a.b = 1",
                                        "PREPARE p AS SELECT 1",
                                        "SELECT 1 AS a INTO x",
                                        "DELETE FROM t",
                                        "EXPLAIN DELETE FROM t"};
  for (size_t i = 0; i < sizeof writing / sizeof writing[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    const wi_br_statement statement = {.sql = writing[i]};
    wb_plan *made = NULL;
    wi_plan *tables = NULL;
    weir_status status =
        wi_br_plan_sql(kit_engine(), session()->handle, &statement, &made, &err);
    if (status == WEIR_OK) {
      status = wi_plan_read(kit_engine(), made, &tables, &err);
    }
    if (status == WEIR_OK) {
      status = wi_plan_allowed(tables, &err);
    }
    if (status != WEIR_E_READ_ONLY) {
      wt_fail(__FILE__, __LINE__, "%s: %d, '%s'", writing[i], (int)status, err.message);
    }
    wi_plan_free(&tables);
    wi_br_plan_free(kit_engine(), &made);
    weir_error_release(&err);
  }
}

WT_TEST(correlated_not_in_is_refused) {
  static const struct {
    const char *sql;
    bool refused;
  } cases[] = {
      {"SELECT a FROM t WHERE a NOT IN (SELECT b FROM u WHERE u.s = t.s)", true},
      {"SELECT a FROM t WHERE NOT (a IN (SELECT b FROM u WHERE u.s = t.s))", true},
      {"SELECT a FROM t WHERE NOT (b = 1 OR a IN (SELECT b FROM u WHERE u.s = t.s))",
       true},
      {"SELECT a FROM t WHERE (a IN (SELECT b FROM u WHERE u.s = t.s)) IS NULL", true},
      {"SELECT a FROM t WHERE (a IN (SELECT b FROM u WHERE u.s = t.s)) IS NOT NULL",
       true},
      {"SELECT a FROM t WHERE (a IN (SELECT b FROM u WHERE u.s = t.s)) IS FALSE", true},
      {"SELECT a FROM t WHERE (a IN (SELECT b FROM u WHERE u.s = t.s)) IS NOT FALSE",
       true},
      {"SELECT a FROM t WHERE (a IN (SELECT b FROM u WHERE u.s = t.s)) IS UNKNOWN", true},
      {"SELECT a FROM t WHERE (a IN (SELECT b FROM u WHERE u.s = t.s)) IS NOT UNKNOWN",
       true},
      {"SELECT a FROM t WHERE (a IN (SELECT b FROM u WHERE u.s = t.s)) = (b = 1)", true},
      {"SELECT a FROM t WHERE b = 1 OR a NOT IN (SELECT b FROM u WHERE u.s = t.s)", true},
      {"SELECT 1 FROM u x WHERE x.a IN (SELECT a FROM t WHERE a NOT IN "
       "(SELECT b FROM u WHERE u.s = t.s))",
       true},
      {"SELECT a FROM t WHERE a NOT IN (SELECT b FROM u)", false},
      {"SELECT a FROM t WHERE a IN (SELECT b FROM u WHERE u.s = t.s)", false},
      {"SELECT a FROM t WHERE (a IN (SELECT b FROM u WHERE u.s = t.s)) IS TRUE", false},
      {"SELECT a FROM t WHERE b = 1 OR a IN (SELECT b FROM u WHERE u.s = t.s)", false},
      {"SELECT a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.s = t.s AND u.b = t.a)",
       false}};
  weir_error err = WEIR_ERROR_INIT;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    expect(cases[i].sql, cases[i].refused ? WEIR_E_NOT_IN_CORRELATED : WEIR_OK);
  }
  WT_EQ_INT(
      plan("SELECT a FROM t WHERE a NOT IN\n (SELECT a FROM u WHERE u.s = t.s)", &err),
      WEIR_E_NOT_IN_CORRELATED);
  WT_EQ_INT(err.line, 2);
  WT_CHECK(strstr(err.hint, "NOT EXISTS") != NULL);
  weir_error_release(&err);
}
