/* The plan's identity: blind to names, keen on all that can change a result. */
#include <pthread.h>

#include "unit/plan/kit.h"

static wi_session *session(void) {
  static const char columns[] = "id l, k i, x g, name vu, at tsu:UTC, flag b";
  static const kit_table tables[] = {
      {"main", "t", columns},
      {"main", "t2", columns},
      {"main", "u", "id l, y g"},
      {"main", "u2", "id l, y g"},
      {"main", "wide", "id l, k i, x g, name vu, extra l"}};
  static wi_session *one;
  if (one == NULL) { /* written once: threads read it */
    one = kit_session(tables, sizeof tables / sizeof tables[0]);
  }
  return one;
}

static weir_status facts_of(const char *sql, wi_plan_facts *facts, weir_error *err) {
  wb_plan *logical = NULL, *optimized = NULL;
  memset(facts, 0, sizeof *facts);
  weir_status status = wi_query_plan(session(), sql, NULL, 0, &logical, &optimized, err);
  wi_plan *tables = NULL;
  if (status == WEIR_OK) {
    status = wi_plan_read(kit_engine(), optimized, &tables, err);
  }
  if (status == WEIR_OK) {
    status = wi_plan_digest(tables, facts, err);
  }
  wi_plan_free(&tables);
  wi_br_plan_free(kit_engine(), &logical);
  wi_br_plan_free(kit_engine(), &optimized);
  return status;
}

enum { IDENTITY = WI_DIGEST_HEX + 64 };

/* Digest and inputs in their order: together they are what a result key holds of a plan, since
 * two plans that only swap tables of one shape have one digest. */
static bool identity_of(const char *sql, char out[IDENTITY]) {
  weir_error err = WEIR_ERROR_INIT;
  wi_plan_facts facts;
  wi_buf text = WI_BUF_INIT;
  bool fine = facts_of(sql, &facts, &err) == WEIR_OK;
  wi_buf_str(&text, facts.digest);
  for (size_t i = 0; i < facts.n_inputs; i++) {
    wi_buf_fmt(&text, " %s", facts.inputs[i]);
  }
  if (!fine || text.n >= IDENTITY) {
    wt_fail(__FILE__, __LINE__, "%s: %s (%s)", sql, err.message,
            err.detail != NULL ? err.detail : "");
  }
  snprintf(out, IDENTITY, "%s", wi_buf_text(&text));
  wi_buf_release(&text);
  wi_plan_facts_release(&facts);
  weir_error_release(&err);
  return fine;
}

static bool digest_of(const char *sql, char out[WI_DIGEST_HEX]) {
  weir_error err = WEIR_ERROR_INIT;
  wi_plan_facts facts;
  bool fine = facts_of(sql, &facts, &err) == WEIR_OK;
  if (fine) {
    memcpy(out, facts.digest, WI_DIGEST_HEX);
  } else {
    wt_fail(__FILE__, __LINE__, "%s: %s (%s)", sql, err.message,
            err.detail != NULL ? err.detail : "");
  }
  wi_plan_facts_release(&facts);
  weir_error_release(&err);
  return fine;
}

WT_TEST(names_and_formatting_change_nothing) {
  static const char *const pairs[][2] = {
      {"SELECT id FROM t WHERE x > 1", "select  id\nfrom t -- all\nwhere /* big */ x>1"},
      {"SELECT a.id FROM t AS a WHERE a.x > 1", "SELECT b.id FROM t2 AS b WHERE b.x > 1"},
      {"SELECT id FROM t", "SELECT id FROM t2"},
      {"SELECT t.id FROM t JOIN u ON t.id = u.id",
       "SELECT t2.id FROM t2 JOIN u2 ON t2.id = u2.id"},
      {"WITH a AS (SELECT id, x FROM t) SELECT id FROM a WHERE x > 1",
       "WITH zz AS (SELECT id, x FROM t) SELECT id FROM zz WHERE x > 1"},
      {"SELECT s.id FROM (SELECT id FROM t) AS s",
       "SELECT q.id FROM (SELECT id FROM t) AS q"},
      {"SELECT b AS o FROM (SELECT id + 1 AS b FROM t) AS s WHERE b > 2",
       "SELECT c AS o FROM (SELECT id + 1 AS c FROM t) AS s WHERE c > 2"},
      {"SELECT b.k, sum(b.x) AS s FROM t AS b GROUP BY b.k HAVING sum(b.x) > 1",
       "SELECT a.k, sum(a.x) AS s FROM t AS a GROUP BY a.k HAVING sum(a.x) > 1"},
      {"SELECT a.id FROM t AS a JOIN t AS b ON a.id = b.k",
       "SELECT p.id FROM t AS p JOIN t AS q ON p.id = q.k"},
      {"SELECT sum(x) OVER (PARTITION BY k ORDER BY id) AS s FROM t",
       "SELECT sum(x) OVER w AS s FROM t WINDOW w AS (PARTITION BY k ORDER BY id)"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    char a[WI_DIGEST_HEX], b[WI_DIGEST_HEX];
    if (digest_of(pairs[i][0], a) && digest_of(pairs[i][1], b) && strcmp(a, b) != 0) {
      wt_fail(__FILE__, __LINE__, "'%s' and '%s' differ", pairs[i][0], pairs[i][1]);
    }
  }
}

/* No two of these give the same rows for all inputs. */
static const char *const different[] = {
    "SELECT id FROM t WHERE x > 1",
    "SELECT id FROM t WHERE x > 2",
    "SELECT id FROM t WHERE x >= 1",
    "SELECT id FROM t WHERE id > 1",
    "SELECT k FROM t WHERE x > 1",
    "SELECT id AS other FROM t WHERE x > 1",
    "SELECT id, id AS id2 FROM t WHERE x > 1",
    "SELECT DISTINCT id FROM t WHERE x > 1",
    /* literals: value and type */
    "SELECT 1 AS a",
    "SELECT 2 AS a",
    "SELECT CAST(1 AS INT) AS a",
    "SELECT 1.0 AS a",
    "SELECT '1' AS a",
    "SELECT true AS a",
    "SELECT NULL AS a",
    "SELECT CAST(NULL AS BIGINT) AS a",
    "SELECT DATE '2024-01-01' AS a",
    "SELECT TIMESTAMP '2024-01-01T00:00:00' AS a",
    "SELECT 0.0 AS a",
    "SELECT -0.0 AS a",
    "SELECT 'a''b' AS a",
    "SELECT '' AS a",
    /* joins: kind, sides, nulls */
    "SELECT t.id FROM t JOIN u ON t.id = u.id",
    "SELECT u.id FROM u JOIN t ON t.id = u.id",
    "SELECT t.id FROM t LEFT JOIN u ON t.id = u.id",
    "SELECT t.id FROM t RIGHT JOIN u ON t.id = u.id",
    "SELECT t.id FROM t FULL JOIN u ON t.id = u.id",
    "SELECT t.id FROM t JOIN u ON t.id IS NOT DISTINCT FROM u.id",
    "SELECT t.id FROM t JOIN u ON t.id = u.id AND t.x < u.y",
    "SELECT t.id FROM t LEFT JOIN u ON t.id = u.id AND t.x < u.y",
    "SELECT t.id FROM t LEFT SEMI JOIN u ON t.id = u.id",
    "SELECT t.id FROM t LEFT ANTI JOIN u ON t.id = u.id",
    "SELECT t.id FROM t CROSS JOIN u",
    "SELECT a.id FROM t AS a JOIN t AS b ON a.id = b.k",
    "SELECT b.id FROM t AS a JOIN t AS b ON a.id = b.k",
    "SELECT a.id FROM t AS a JOIN t2 AS b ON a.id = b.k",
    /* windows */
    "SELECT sum(x) OVER (ORDER BY id) AS s FROM t",
    "SELECT sum(x) OVER (ORDER BY id DESC) AS s FROM t",
    "SELECT sum(x) OVER (ORDER BY id NULLS FIRST) AS s FROM t",
    "SELECT sum(x) OVER (ORDER BY k) AS s FROM t",
    "SELECT sum(x) OVER (PARTITION BY k ORDER BY id) AS s FROM t",
    "SELECT sum(x) OVER (PARTITION BY k) AS s FROM t",
    "SELECT sum(x) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM "
    "t",
    "SELECT sum(x) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM "
    "t",
    "SELECT sum(x) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s FROM "
    "t",
    "SELECT sum(x) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS s "
    "FROM t",
    "SELECT sum(x) OVER (ORDER BY id GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s "
    "FROM t",
    "SELECT lag(x) OVER (ORDER BY id) AS s FROM t",
    "SELECT lag(x) IGNORE NULLS OVER (ORDER BY id) AS s FROM t",
    "SELECT lag(x, 2) OVER (ORDER BY id) AS s FROM t",
    "SELECT lag(x, 1, 0.5) OVER (ORDER BY id) AS s FROM t",
    "SELECT lead(x) OVER (ORDER BY id) AS s FROM t",
    "SELECT first_value(x) OVER (ORDER BY id) AS s FROM t",
    "SELECT first_value(x) IGNORE NULLS OVER (ORDER BY id) AS s FROM t",
    /* aggregates */
    "SELECT sum(x) AS s FROM t",
    "SELECT sum(DISTINCT x) AS s FROM t",
    "SELECT sum(x) FILTER (WHERE flag) AS s FROM t",
    "SELECT sum(x) FILTER (WHERE NOT flag) AS s FROM t",
    "SELECT sum(x) AS s FROM t GROUP BY k",
    "SELECT sum(x) AS s FROM t GROUP BY k, id",
    "SELECT sum(x) AS s FROM t GROUP BY ROLLUP (k, id)",
    "SELECT sum(x) AS s FROM t GROUP BY CUBE (k, id)",
    "SELECT sum(x) AS s FROM t GROUP BY GROUPING SETS ((k), (id))",
    "SELECT array_agg(x ORDER BY id) AS s FROM t",
    "SELECT array_agg(x ORDER BY id DESC) AS s FROM t",
    "SELECT array_agg(x ORDER BY k) AS s FROM t",
    "SELECT first_value(x ORDER BY id) AS s FROM t",
    "SELECT first_value(x ORDER BY id) IGNORE NULLS AS s FROM t",
    "SELECT approx_percentile_cont(x, 0.5) AS s FROM t",
    "SELECT approx_percentile_cont(x, 0.9) AS s FROM t",
    "SELECT count(x) AS s FROM t",
    "SELECT count(DISTINCT x) AS s FROM t",
    /* order and limits */
    "SELECT id FROM t ORDER BY id LIMIT 1",
    "SELECT id FROM t ORDER BY id LIMIT 2",
    "SELECT id FROM t ORDER BY id LIMIT 1 OFFSET 1",
    "SELECT id FROM t ORDER BY id DESC LIMIT 1",
    "SELECT id FROM t ORDER BY id NULLS FIRST LIMIT 1",
    "SELECT id FROM t ORDER BY k LIMIT 1",
    /* sets */
    "SELECT id FROM t UNION ALL SELECT id FROM u",
    "SELECT id FROM t UNION SELECT id FROM u",
    "SELECT id FROM t INTERSECT SELECT id FROM u",
    "SELECT id FROM t EXCEPT SELECT id FROM u",
    "SELECT id FROM u EXCEPT SELECT id FROM t",
    "SELECT id FROM t UNION ALL SELECT id FROM t",
    "SELECT id FROM t UNION ALL SELECT id FROM t2",
    /* expressions */
    "SELECT name LIKE 'a%' AS a FROM t",
    "SELECT name NOT LIKE 'a%' AS a FROM t",
    "SELECT name ILIKE 'a%' AS a FROM t",
    "SELECT name LIKE 'a_' AS a FROM t",
    "SELECT name SIMILAR TO 'a%' AS a FROM t",
    "SELECT CAST(name AS BIGINT) AS a FROM t",
    "SELECT TRY_CAST(name AS BIGINT) AS a FROM t",
    "SELECT CAST(name AS INT) AS a FROM t",
    "SELECT CASE WHEN flag THEN 1 ELSE 2 END AS a FROM t",
    "SELECT CASE WHEN flag THEN 2 ELSE 1 END AS a FROM t",
    "SELECT CASE WHEN flag THEN 1 END AS a FROM t",
    "SELECT CASE k WHEN 1 THEN 1 ELSE 2 END AS a FROM t",
    "SELECT id + k AS a FROM t",
    "SELECT id - k AS a FROM t",
    "SELECT k - id AS a FROM t",
    "SELECT -id AS a FROM t",
    "SELECT id % 3 AS a FROM t",
    "SELECT id / 3 AS a FROM t",
    "SELECT x IS NULL AS a FROM t",
    "SELECT x IS NOT NULL AS a FROM t",
    "SELECT flag IS TRUE AS a FROM t",
    "SELECT flag IS NOT FALSE AS a FROM t",
    "SELECT id IN (1, 2, 3, 4, 5) AS a FROM t",
    "SELECT id IN (1, 2, 3, 4, 6) AS a FROM t",
    "SELECT id NOT IN (1, 2, 3, 4, 5) AS a FROM t",
    "SELECT id BETWEEN 1 AND 5 AS a FROM t",
    "SELECT lower(name) AS a FROM t",
    "SELECT upper(name) AS a FROM t",
    "SELECT substr(name, 1, 2) AS a FROM t",
    "SELECT substr(name, 1, 3) AS a FROM t",
    "SELECT date_trunc('day', at) AS a FROM t",
    "SELECT date_trunc('hour', at) AS a FROM t",
    "SELECT date_trunc('day', at AT TIME ZONE 'Europe/Berlin') AS a FROM t",
    "SELECT at + INTERVAL '1 day' AS a FROM t",
    "SELECT at + INTERVAL '1 month' AS a FROM t",
    /* subqueries */
    "SELECT id FROM t WHERE id IN (SELECT id FROM u)",
    "SELECT id FROM t WHERE id NOT IN (SELECT id FROM u)",
    "SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.id = t.k)",
    "SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.id = t.k)",
    "SELECT id FROM t WHERE x > (SELECT max(y) FROM u)",
    "SELECT id FROM t WHERE x > (SELECT min(y) FROM u)",
    /* tables of other shapes, values, recursion, lists */
    "SELECT id FROM u WHERE y > 1",
    "SELECT * FROM (VALUES (1), (2)) AS v (a)",
    "SELECT * FROM (VALUES (1), (3)) AS v (a)",
    "SELECT * FROM (VALUES (2), (1)) AS v (a)",
    "SELECT unnest([1, 2]) AS a",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) "
    "SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 2 FROM r WHERE n < 3) "
    "SELECT n FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT n + 1 FROM r WHERE n < 3) "
    "SELECT n FROM r",
    /* which column of one type, where */
    "SELECT id AS o FROM wide",
    "SELECT extra AS o FROM wide",
    "SELECT id - extra AS o FROM wide",
    "SELECT extra - id AS o FROM wide",
    "SELECT id - (extra - 1) AS o FROM wide",
    "SELECT id AS o FROM wide WHERE id > 1",
    "SELECT id AS o FROM wide WHERE extra > 1",
    "SELECT id AS o FROM wide ORDER BY id LIMIT 1",
    "SELECT id AS o FROM wide ORDER BY extra LIMIT 1",
    "SELECT sum(id) AS o FROM wide GROUP BY extra",
    "SELECT sum(extra) AS o FROM wide GROUP BY id",
    "SELECT sum(id) FILTER (WHERE extra > 0) AS o FROM wide",
    "SELECT sum(id) FILTER (WHERE id > 0) AS o FROM wide",
    "SELECT sum(extra) FILTER (WHERE id > 0) AS o FROM wide",
    "SELECT sum(k) OVER (PARTITION BY extra ORDER BY id) AS o FROM wide",
    "SELECT sum(k) OVER (PARTITION BY id ORDER BY extra) AS o FROM wide",
    "SELECT CASE WHEN id > 1 THEN id ELSE extra END AS o FROM wide",
    "SELECT CASE WHEN id > 1 THEN extra ELSE id END AS o FROM wide",
    "SELECT coalesce(id, extra) AS o FROM wide",
    "SELECT coalesce(extra, id) AS o FROM wide",
    "SELECT a.id AS o FROM wide AS a JOIN wide AS b ON a.id = b.extra",
    "SELECT a.id AS o FROM wide AS a JOIN wide AS b ON a.extra = b.id",
    "SELECT a.id AS o FROM wide AS a JOIN wide AS b ON a.id = b.id",
    "SELECT a.id AS o FROM wide AS a JOIN wide AS b ON a.k = b.k AND a.id < b.id",
    "SELECT a.id AS o FROM wide AS a JOIN wide AS b ON a.k = b.k AND b.id < a.id",
    "SELECT id AS o FROM wide EXCEPT SELECT extra FROM wide",
    "SELECT extra AS o FROM wide EXCEPT SELECT id FROM wide",
    "SELECT unnest(make_array(id, 1)) AS o FROM wide",
    "SELECT unnest(make_array(extra, 1)) AS o FROM wide",
    "SELECT id AS o FROM wide WHERE extra IN (SELECT id FROM t)",
    "SELECT id AS o FROM wide WHERE id IN (SELECT id FROM t)",
    "SELECT id AS o FROM wide WHERE id > (SELECT max(t.id) FROM t)",
    "SELECT id AS o FROM wide WHERE id > (SELECT min(t.id) FROM t)",
};
#define N_DIFFERENT (sizeof different / sizeof different[0])

WT_TEST(what_can_change_a_result_changes_the_digest) {
  static char digests[N_DIFFERENT][IDENTITY];
  static bool made[N_DIFFERENT];
  for (size_t i = 0; i < N_DIFFERENT; i++) {
    made[i] = identity_of(different[i], digests[i]);
    for (size_t k = 0; k < i; k++) {
      if (made[i] && made[k] && strcmp(digests[i], digests[k]) == 0) {
        wt_fail(__FILE__, __LINE__, "'%s' and '%s' have one identity", different[k],
                different[i]);
      }
    }
  }
}

WT_TEST(the_order_of_a_join_counts_even_for_one_output) {
  char a[WI_DIGEST_HEX], b[WI_DIGEST_HEX];
  WT_CHECK(digest_of("SELECT t.k FROM t JOIN u ON t.id = u.id", a));
  WT_CHECK(digest_of("SELECT t.k FROM u JOIN t ON t.id = u.id", b));
  WT_CHECK(strcmp(a, b) != 0);
}

WT_TEST(twenty_plannings_give_one_digest) {
  for (size_t i = 0; i < N_DIFFERENT; i += 7) {
    char first[WI_DIGEST_HEX], again[WI_DIGEST_HEX];
    WT_CHECK(digest_of(different[i], first));
    for (int k = 1; k < 20; k++) {
      WT_CHECK(digest_of(different[i], again));
      WT_EQ_STR(again, first);
    }
  }
}

typedef struct job {
  size_t from;
  char digests[N_DIFFERENT][WI_DIGEST_HEX];
  bool fine;
} job;

static void *plan_all(void *arg) {
  job *j = arg;
  j->fine = true;
  for (size_t i = 0; i < N_DIFFERENT; i++) {
    size_t at = (i + j->from) % N_DIFFERENT;
    j->fine = j->fine && digest_of(different[at], j->digests[at]);
  }
  return NULL;
}

WT_TEST(threads_give_one_digest) {
  enum { THREADS = 4 };
  static job jobs[THREADS];
  pthread_t threads[THREADS];
  (void)session(); /* made before the threads */
  for (size_t i = 0; i < THREADS; i++) {
    jobs[i].from = i * N_DIFFERENT / THREADS;
    WT_CHECK(pthread_create(&threads[i], NULL, plan_all, &jobs[i]) == 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
  }
  for (size_t i = 0; i < THREADS; i++) {
    WT_CHECK(jobs[i].fine);
    WT_CHECK(memcmp(jobs[i].digests, jobs[0].digests, sizeof jobs[0].digests) == 0);
  }
}

WT_TEST(inputs_are_numbered_as_they_first_appear) {
  weir_error err = WEIR_ERROR_INIT;
  wi_plan_facts facts;
  WT_OK(facts_of("SELECT u.id FROM u JOIN t ON u.id = t.id JOIN u AS v ON v.id = t.k",
                 &facts, &err));
  WT_EQ_INT(facts.n_inputs, 2);
  WT_EQ_STR(facts.inputs[0], "main.u");
  WT_EQ_STR(facts.inputs[1], "main.t");
  wi_plan_facts_release(&facts);
  WT_CHECK(facts.inputs == NULL);
}

WT_TEST(only_called_functions_are_in_the_functions_digest) {
  static const char *const sql[] = {
      "SELECT lower(name) AS a FROM t", "SELECT lower(name) AS b FROM t WHERE x > 1",
      "SELECT upper(name) AS a FROM t", "SELECT lower(upper(name)) AS a FROM t",
      "SELECT name AS a FROM t"};
  char digests[5][WI_DIGEST_HEX];
  for (size_t i = 0; i < 5; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_plan_facts facts;
    WT_OK(facts_of(sql[i], &facts, &err));
    memcpy(digests[i], facts.functions_digest, WI_DIGEST_HEX);
    wi_plan_facts_release(&facts);
  }
  WT_EQ_STR(digests[0], digests[1]);
  WT_CHECK(strcmp(digests[0], digests[2]) != 0);
  WT_CHECK(strcmp(digests[0], digests[3]) != 0);
  WT_CHECK(strcmp(digests[0], digests[4]) != 0);
  WT_CHECK(strcmp(digests[2], digests[4]) != 0);
}

WT_TEST(planning_before_sealing_is_refused) {
  weir_error err = WEIR_ERROR_INIT;
  wi_session_options options = {0};
  wi_session *open = NULL;
  wb_plan *logical = NULL, *optimized = NULL;
  options.engine = kit_engine();
  WT_OK(wi_session_new(&options, &open, &err));
  WT_EQ_INT(wi_query_plan(open, "SELECT 1", NULL, 0, &logical, &optimized, &err),
            WEIR_E_NOT_SEALED);
  WT_CHECK(logical == NULL && optimized == NULL);
  weir_error_release(&err);
  wi_session_free(&open);
}

/* ---- operators over relations ---- */

#define ALIGN(left, right, options)                             \
  "SELECT * FROM interval_align(" left ", " right               \
  ", left_path => 'name', "                                     \
  "left_start => 'id', left_end => 'k', right_path => 'name', " \
  "right_start => 'id', right_end => 'k'" options ") AS a"

WT_TEST(operators_are_what_they_do) {
  static const char *const same[][2] = {
      {ALIGN("t", "t2", ""),
       ALIGN("t", "t2", ", mode => 'contained_best', how => 'INNER'")},
      {ALIGN("t", "t2", ""), ALIGN("t", "(SELECT * FROM t2)", "")},
      {"WITH zz AS (SELECT * FROM t) " ALIGN("zz", "t2", ""),
       "WITH q AS (SELECT * FROM t) " ALIGN("q", "t2", "")},
  };
  static const char *const unlike[] = {
      ALIGN("t", "t2", ", mode => 'EXACT'"),
      ALIGN("t", "t2", ", mode => 'OVERLAP_MAX'"),
      ALIGN("t", "t2", ", how => 'left'"),
      ALIGN("t", "t2", ", tie_breakers => 'x'"),
      ALIGN("t", "t2", ", tie_breakers => 'x desc'"),
      ALIGN("t", "t2", ", tie_breakers => 'at'"),
      ALIGN("t", "t2", ", right_columns => 'x'"),
      ALIGN("t", "t2", ", emit_match_meta => false"),
      ALIGN("t", "t2", ", match_kind_col => 'kind'"),
      ALIGN("t2", "t", ""),
      ALIGN("t", "(SELECT * FROM t2 WHERE flag)", ""),
      "SELECT * FROM interval_align(t, t2, left_path => 'name', left_start => 'k', "
      "left_end => 'id', right_path => 'name', right_start => 'id', right_end => 'k')",
  };
  char one[IDENTITY], two[IDENTITY];
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    WT_CHECK(identity_of(same[i][0], one) && identity_of(same[i][1], two));
    WT_EQ_STR(one, two);
  }
  WT_CHECK(identity_of(ALIGN("t", "t2", ""), one));
  for (size_t i = 0; i < sizeof unlike / sizeof unlike[0]; i++) {
    WT_CHECK(identity_of(unlike[i], two));
    if (strcmp(one, two) == 0) {
      wt_fail(__FILE__, __LINE__, "no difference: %s", unlike[i]);
    }
  }
}

/* Names of inputs do not enter, and the operator is among the functions of the plan. */
WT_TEST(operators_are_blind_to_names) {
  char one[WI_DIGEST_HEX], two[WI_DIGEST_HEX];
  weir_error err = WEIR_ERROR_INIT;
  wi_plan_facts with, without;
  WT_CHECK(digest_of(ALIGN("t", "t2", ""), one) && digest_of(ALIGN("t2", "t", ""), two));
  WT_EQ_STR(one, two);
  WT_OK(facts_of(ALIGN("t", "t2", ""), &with, &err));
  WT_OK(facts_of("SELECT * FROM t JOIN t2 ON t.name = t2.name", &without, &err));
  WT_CHECK(strcmp(with.functions_digest, without.functions_digest) != 0);
  wi_plan_facts_release(&with);
  wi_plan_facts_release(&without);
}
