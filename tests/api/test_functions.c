/* weir's functions through SQL: the vectors of the reference over literals, which are folded,
 * and over columns of every text layout with nulls and slices; and how they are described. */
#include <stdlib.h>

#include "common/fixtures.h"
#include "common/test.h"

typedef struct vector {
  const char *fn;
  const char *args; /* as SQL over columns; a and b are texts, NULL parts are literal */
  const char *a, *b;
  const char *expected;
  bool number;
} vector;

static const vector vectors[] = {
    {"stable_hash64", "a", "alpha", NULL, "5982700193828047002", true},
    {"stable_hash64", "a", "", NULL, "7252660547403494068", true},
    {"stable_hash64", "a", "b", NULL, "320532805010673525", true},
    {"stable_hash64", "a", "a", NULL, "4681665781835383343", true},
    {"stable_hash64", "a", "x", NULL, "5395104992458594383", true},
    {"stable_hash64", "a",
     "Stra\xC3\x9F"
     "e",
     NULL, "4534862487770143250", true},
    {"hash64", "a", "alpha", NULL, "5982700193828047002", true},
    {"stable_hash128", "a", "alpha", NULL, "b52f7e54cd313e691148cc2c80345831", false},
    {"stable_hash128", "a", "beta", NULL, "3fbcb3213a60fe28c29ec4283042c6e2", false},
    {"stable_hash128", "a", "", NULL, "cae66941d9efbd404e4d88758ea67670", false},
    {"hash128", "a", "alpha", NULL, "b52f7e54cd313e691148cc2c80345831", false},
    {"prefixed_hash64", "a, b", "ns", "gamma", "ns:8666994792918649077", false},
    {"prefixed_hash", "a, b", "ns", "gamma", "ns:8666994792918649077", false},
    {"stable_id", "a, b", "ns", "delta", "ns:7fe3792fbdd937674be221ed030739da", false},
    {"stable_id_parts", "'node', a, b", "a", "b", "node:065ab5741cdfad44687cf119c1eb4ec9",
     false},
    {"stable_id_parts", "'node', a, NULL", "a", NULL,
     "node:e572d4f485d45f5df562e024a5aa26e5", false},
    {"stable_id_multi", "'node', a, b", "a", "b", "node:065ab5741cdfad44687cf119c1eb4ec9",
     false},
    {"prefixed_hash_parts64", "'node', a, b", "a", "b", "node:8668388485945676816",
     false},
    {"prefixed_hash_parts64", "'node', a, NULL", "a", NULL, "node:8982507147066422756",
     false},
    {"prefixed_hash_parts", "'node', a, b", "a", "b", "node:8668388485945676816", false},
    {"span_id", "a, b, 10, 20", "span", "a.py", "span:21dc7aaddff4d56a7a8fd6e95c196390",
     false},
    {"span_id", "a, b, 10, 20, 'NAME'", "span", "a.py",
     "span:751e3138fd1669fe0d30cccf1609076a", false},
    {"stable_hash_any", "CAST(a AS BIGINT)", "42", NULL,
     "755345b7ef54b0d592c17e04737ab3d9", false},
    {"stable_hash_any", "nullif(a, a)", "x", NULL, "a57b800059f43b1b7b599199eb6e1b74",
     false},
    {"stable_hash", "a", "alpha", NULL, "b52f7e54cd313e691148cc2c80345831", false},
};
#define N_VECTORS (sizeof vectors / sizeof vectors[0])

static void add_text(char *sql, size_t size, const char *text, size_t n) {
  size_t at = strlen(sql);
  if (at + n + 1 > size) {
    abort();
  }
  memcpy(sql + at, text, n);
  sql[at + n] = '\0';
}

/* The arguments with 'text' in place of the words a and b. */
static void literal_call(const vector *v, char *sql, size_t size) {
  bool quoted = false;
  add_text(sql, size, v->fn, strlen(v->fn));
  add_text(sql, size, "(", 1);
  for (const char *p = v->args; *p != '\0'; p++) {
    bool alone = (p == v->args || strchr(" (,", p[-1]) != NULL) &&
                 (p[1] == '\0' || strchr(" ),", p[1]) != NULL);
    quoted = *p == '\'' ? !quoted : quoted;
    if (!quoted && alone && (*p == 'a' || *p == 'b')) {
      const char *text = *p == 'a' ? v->a : v->b;
      add_text(sql, size, "'", 1);
      add_text(sql, size, text, strlen(text));
      add_text(sql, size, "'", 1);
    } else {
      add_text(sql, size, p, 1);
    }
  }
  add_text(sql, size, ")", 1);
}

static bool optimized(weir_session *s, const char *sql, char **out) {
  weir_query *query = NULL;
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = weir_query_open(s, sql, NULL, 0, &query, &err);
  if (status == WEIR_OK) {
    status = weir_query_plan_text(query, WEIR_PLAN_OPTIMIZED, out, &err);
  }
  if (status != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s: %s", sql, err.message);
  }
  weir_error_release(&err);
  weir_query_free(&query);
  return status == WEIR_OK;
}

static void check_folded(weir_session *s, const vector *v) {
  char sql[512] = "SELECT ", literal[128], rows[128], *text = NULL;
  literal_call(v, sql, sizeof sql);
  add_text(sql, sizeof sql, " AS r", 5);
  snprintf(rows, sizeof rows, "%s;", v->expected);
  snprintf(literal, sizeof literal, v->number ? "Int64(%s)" : "Utf8(\"%s\")",
           v->expected);
  if (!wf_expect(s, sql, rows) || !optimized(s, sql, &text)) {
    return;
  }
  char call[64];
  snprintf(call, sizeof call, "%s(", v->fn);
  if (strstr(text, literal) == NULL || strstr(text, call) != NULL) {
    wt_fail(__FILE__, __LINE__, "%s is not folded: %s", sql, text);
  }
  weir_text_free(text);
}

WT_TEST(vectors_over_literals_are_folded) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  for (size_t i = 0; i < N_VECTORS; i++) {
    check_folded(s, &vectors[i]);
  }
  weir_session_free(&s);
}

/* Rows: the vector, a null, others; where `cut` is set, the first and last are cut off. */
static void check_column(const vector *v, char layout, bool cut) {
  const char *cells[] = {"0",  "cut off", "cut off", "1",       v->a,
                         v->b, "2",       NULL,      NULL,      "3",
                         v->a, v->b,      "9",       "cut off", "cut off"};
  char columns[64], sql[512], expected[256];
  struct ArrowArrayStream rows;
  snprintf(columns, sizeof columns, "n:l! a:%c b:%c", layout, layout);
  if (cut ? !wf_sliced(&rows, columns, cells, 5) : !wf_rows(&rows, columns, cells, 5)) {
    return;
  }
  wf_input inputs[] = {{.name = "m", .rows = &rows}};
  weir_session *s = wf_session(inputs, 1);
  if (s == NULL) {
    return;
  }
  snprintf(sql, sizeof sql, "SELECT n, %s(%s) AS r FROM m WHERE n IN (1, 3) ORDER BY n",
           v->fn,
           strcmp(v->args, "CAST(a AS BIGINT)") == 0 ? "TRY_CAST(a AS BIGINT)" : v->args);
  snprintf(expected, sizeof expected, "1|%s;3|%s;", v->expected, v->expected);
  bool same = wf_expect(s, sql, expected) &&
              wf_expect(s, "SELECT count(*) FROM m", cut ? "3;" : "5;");
  if (!same) {
    wt_fail(__FILE__, __LINE__, "that was layout %c%s", layout, cut ? ", sliced" : "");
  }
  /* All rows at once: a null goes through where it does, and nothing shifts. */
  snprintf(sql, sizeof sql,
           "SELECT count(*), count(DISTINCT r) > 0 FROM (SELECT n, %s(%s) "
           "AS r FROM m)",
           v->fn,
           strcmp(v->args, "CAST(a AS BIGINT)") == 0 ? "TRY_CAST(a AS BIGINT)" : v->args);
  (void)wf_expect(s, sql, cut ? "3|true;" : "5|true;");
  weir_session_free(&s);
}

WT_TEST(vectors_over_columns_in_all_layouts) {
  for (size_t i = 0; i < N_VECTORS; i++) {
    for (const char *layout = "tTv"; *layout != '\0'; layout++) {
      check_column(&vectors[i], *layout, false);
      check_column(&vectors[i], *layout, true);
    }
  }
}

WT_TEST(nulls_of_columns) {
  static const char *const cells[] = {"1", NULL, "2", "alpha"};
  for (const char *layout = "tTv"; *layout != '\0'; layout++) {
    char columns[32];
    struct ArrowArrayStream rows;
    snprintf(columns, sizeof columns, "n:l! a:%c", *layout);
    WT_CHECK(wf_rows(&rows, columns, cells, 2));
    wf_input inputs[] = {{.name = "m", .rows = &rows}};
    weir_session *s = wf_session(inputs, 1);
    WT_CHECK(s != NULL);
    WT_CHECK(wf_expect(s,
                       "SELECT stable_hash64(a), stable_hash128(a), stable_id('p', a), "
                       "stable_id(a, 'v'), prefixed_hash64('p', a), "
                       "stable_id_parts(a, 'x'), span_id(a, 'p', 1, 2) "
                       "FROM m WHERE n = 1",
                       "NULL|NULL|NULL|NULL|NULL|NULL|NULL;"));
    WT_CHECK(wf_expect(s,
                       "SELECT stable_id_parts('node', 'a', a) = "
                       "stable_id_parts('node', 'a', NULL), stable_hash_any(a) "
                       "FROM m WHERE n = 1",
                       "true|a57b800059f43b1b7b599199eb6e1b74;"));
    weir_session_free(&s);
  }
}

/* ---- spans ---- */

WT_TEST(spans_by_literals_and_names) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(s, "SELECT span_make(10, 25)", "{10,25,0,byte,true};"));
  WT_CHECK(wf_expect(s, "SELECT span(10, 25)", "{10,25,0,byte,true};"));
  WT_CHECK(
      wf_expect(s, "SELECT span_make(1, 2, col_unit => 'utf8')", "{1,2,0,utf8,true};"));
  WT_CHECK(wf_expect(s, "SELECT span_make(1, 2, end_exclusive => false)",
                     "{1,2,0,byte,false};"));
  WT_CHECK(wf_expect(s, "SELECT span_make(1, 2, end_exclusive => false, line_base => 1)",
                     "{1,2,1,byte,false};"));
  WT_CHECK(
      wf_expect(s, "SELECT span_make(bend => 2, bstart => 1)", "{1,2,0,byte,true};"));
  WT_CHECK(wf_expect(s, "SELECT span_make(NULL, 2, CAST(NULL AS INT), NULL, NULL)",
                     "{NULL,2,NULL,byte,true};"));
  WT_CHECK(wf_expect(s, "SELECT span_len(span_make(10, 25))", "15;"));
  WT_CHECK(
      wf_expect(s, "SELECT span_len(span_make(10, 25, end_exclusive => false))", "16;"));
  WT_CHECK(wf_expect(s, "SELECT span_len(span_make(25, 10))", "-15;"));
  WT_CHECK(wf_expect(s, "SELECT span_len(span_make(NULL, 10))", "NULL;"));
  WT_CHECK(wf_expect(s,
                     "SELECT span_overlaps(span_make(0, 10), span_make(9, 20)) AS a, "
                     "span_overlaps(span_make(0, 10), span_make(10, 20)) AS b, "
                     "span_overlaps(span_make(0, 10, end_exclusive => false), "
                     "span_make(10, 20)) AS c, "
                     "span_overlaps(span_make(5, 5), span_make(5, 5)) AS d, "
                     "span_overlaps(span_make(0, NULL), span_make(9, 20)) AS e",
                     "true|false|true|false|NULL;"));
  WT_CHECK(wf_expect(s,
                     "SELECT span_contains(span_make(0, 10), span_make(2, 10)) AS a, "
                     "span_contains(span_make(0, 10), span_make(2, 11)) AS b, "
                     "span_contains(span_make(0, 10), "
                     "span_make(2, 10, end_exclusive => false)) AS c, "
                     "span_contains(span_make(0, 10), span_make(NULL, 1)) AS d",
                     "true|false|false|NULL;"));
  WT_CHECK(wf_expect(s, "SELECT stable_hash_any(NULL, null_sentinel => 'alpha')",
                     "b52f7e54cd313e691148cc2c80345831;"));
  WT_CHECK(wf_expect(s, "SELECT stable_hash_any('alpha', canonical => false)",
                     "b52f7e54cd313e691148cc2c80345831;"));
  weir_session_free(&s);
}

WT_TEST(spans_of_columns) {
  static const char *const cells[] = {"8",    "9",    "8",  "byte", "10", "25",  "1",
                                      "utf8", NULL,   "25", NULL,   NULL, "25",  "10",
                                      "0",    "byte", "8",  "9",    "8",  "byte"};
  struct ArrowArrayStream rows;
  WT_CHECK(wf_sliced(&rows, "s:l e:l base:i unit:v", cells, 5));
  wf_input inputs[] = {{.name = "m", .rows = &rows}};
  weir_session *s = wf_session(inputs, 1);
  WT_CHECK(s != NULL);
  WT_CHECK(
      wf_expect(s,
                "SELECT span_make(s, e, base, unit), span_len(span_make(s, e)) FROM m "
                "ORDER BY s NULLS LAST",
                "{10,25,1,utf8,true}|15;{25,10,0,byte,true}|-15;"
                "{NULL,25,NULL,byte,true}|NULL;"));
  WT_CHECK(wf_expect(s, "SELECT span_id('span', 'a.py', s, e - 5) FROM m WHERE s = 10",
                     "span:21dc7aaddff4d56a7a8fd6e95c196390;"));
  weir_session_free(&s);
}

WT_TEST(wrong_calls_are_refused_when_planned) {
  static const char *const calls[] = {
      "stable_hash64()",
      "stable_hash64('a', 'b')",
      "stable_id('a')",
      "stable_id_parts()",
      "stable_id_parts('p')",
      "span_make(1)",
      "span_make(1, 2, colour => 3)",
      "span_len(1)",
      "span_contains(span_make(1, 2), 3)",
      "span_make(1, 2, col_unit => 'a', col_unit => 'b')"};
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    char sql[256];
    weir_query *query = NULL;
    weir_error err = WEIR_ERROR_INIT;
    snprintf(sql, sizeof sql, "SELECT %s", calls[i]);
    weir_status status = weir_query_open(s, sql, NULL, 0, &query, &err);
    if (status == WEIR_OK || weir_error_class(status) != WEIR_CLASS_USER) {
      wt_fail(__FILE__, __LINE__, "%s gave %d %s", sql, (int)status, err.message);
    }
    weir_error_release(&err);
    weir_query_free(&query);
  }
  weir_session_free(&s);
}

/* ---- descriptions ---- */

WT_TEST(functions_are_described) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  WT_CHECK(
      wf_expect(s,
                "SELECT DISTINCT routine_name FROM information_schema.routines WHERE "
                "routine_name LIKE 'stable%' OR routine_name LIKE 'prefixed%' OR "
                "routine_name LIKE 'span%' OR routine_name LIKE 'hash%' "
                "ORDER BY routine_name",
                "hash128;hash64;prefixed_hash;prefixed_hash64;prefixed_hash_parts;"
                "prefixed_hash_parts64;span;span_contains;span_id;span_len;span_make;"
                "span_overlaps;stable_hash;stable_hash128;stable_hash64;"
                "stable_hash_any;stable_id;stable_id_multi;stable_id_parts;"));
  WT_CHECK(wf_expect(s,
                     "SELECT DISTINCT data_type, function_type, is_deterministic, "
                     "syntax_example FROM information_schema.routines "
                     "WHERE routine_name = 'stable_hash64'",
                     "Int64|SCALAR|true|stable_hash64(value);"));
  WT_CHECK(
      wf_expect(s,
                "SELECT count(*) FROM information_schema.routines WHERE routine_name "
                "IN ('stable_hash64', 'stable_id', 'span_make', 'span_id') AND "
                "(description IS NULL OR length(description) < 20)",
                "0;"));
  WT_CHECK(wf_expect(s,
                     "SELECT DISTINCT ordinal_position, parameter_mode, parameter_name, "
                     "data_type FROM information_schema.parameters WHERE specific_name = "
                     "'stable_id' AND rid = 0 ORDER BY parameter_mode, ordinal_position",
                     "1|IN|prefix|String;2|IN|value|String;1|OUT|NULL|String;"));
  weir_session_free(&s);
}
