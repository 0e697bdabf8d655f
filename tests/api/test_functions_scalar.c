/* weir's functions of texts, positions and nested values through SQL: named arguments, folding,
 * fields, types and what is refused. */
#include "common/fixtures.h"
#include "common/test.h"

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

/* Calls of literals, their results, and what of the plan shows that they are literals. */
static const struct {
  const char *call, *rows, *literal;
} folded[] = {
    {"utf8_normalize('  Foo   BAR ')", "foo bar;", "Utf8(\"foo bar\")"},
    {"normalize_utf8(' A ', casefold => false)", "A;", "Utf8(\"A\")"},
    {"utf8_normalize('A  b', collapse_ws => false, form => 'NFC')", "a  b;",
     "Utf8(\"a  b\")"},
    {"utf8_normalize(' ')", "NULL;", "Utf8(NULL)"},
    {"null_if_blank(' a ')", "a;", "Utf8(\"a\")"},
    {"qname_normalize('Foo')", "foo;", "Utf8(\"foo\")"},
    {"qname_normalize('Foo', 'Pkg')", "pkg.foo;", "Utf8(\"pkg.foo\")"},
    {"qualname_normalize('Foo', lang => 'python')", "Foo;", "Utf8(\"Foo\")"},
    {"qname_normalize('Foo', 'Pkg', 'python')", "Pkg.Foo;", "Utf8(\"Pkg.Foo\")"},
    {"position_encoding_norm('UTF-8')", "1;", "Int32(1)"},
    {"position_encoding_norm(NULL)", "3;", "Int32(3)"},
    {"position_encoding_norm(2)", "2;", "Int32(2)"},
    {"col_to_byte('abcdef', 3, 'BYTE')", "3;", "Int64(3)"},
    {"col_to_byte(col => 9, line_text => 'abc', col_unit => NULL)", "3;", "Int64(3)"},
    {"canonicalize_byte_span(10, 'abcdef', 3, 20, 'ghijkl', 2, 'BYTE')", "{13,22};",
     "Struct({bstart:13,bend:22})"},
    {"interval_align_score(0, 5, 10, 20)", "-10;", "Float64(-10)"},
    {"cdf_change_rank('insert')", "2;", "Int32(2)"},
    {"cdf_is_upsert('update_postimage')", "true;", "Boolean(true)"},
    {"cdf_is_delete(' Delete ')", "true;", "Boolean(true)"},
    {"semantic_tag('node', 'n1')", "n1;", "Utf8(\"n1\")"},
};

WT_TEST(scalar_calls_of_literals_are_folded) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  for (size_t i = 0; i < sizeof folded / sizeof folded[0]; i++) {
    char sql[256], *text = NULL;
    snprintf(sql, sizeof sql, "SELECT %s AS r", folded[i].call);
    if (!wf_expect(s, sql, folded[i].rows) || !optimized(s, sql, &text)) {
      continue;
    }
    if (strstr(text, folded[i].literal) == NULL) {
      wt_fail(__FILE__, __LINE__, "%s is not folded: %s", sql, text);
    }
    weir_text_free(text);
  }
  weir_session_free(&s);
}

WT_TEST(items_and_defaults_keep_their_types) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  WT_CHECK(
      wf_expect(s,
                "SELECT array_to_string(list_unique_sorted([10, 9, NULL, 10]), ','), "
                "arrow_typeof(list_unique_sorted([CAST(1 AS SMALLINT)])), "
                "array_to_string(list_compact(['b', NULL, 'a']), ',')",
                "9,10|List(Int16)|b,a;"));
  WT_CHECK(wf_expect(s,
                     "SELECT map_get_default(map(['a'], [1]), 'a', 7), "
                     "map_get_default(map(['a'], [1]), 'b', CAST(7 AS INT)), "
                     "map_get_default(map(['a'], [1]), 'b', '8'), "
                     "map_get_default(map(['a'], [1]), 'b', NULL), "
                     "arrow_typeof(map_get_default(map(['a'], [1.5]), 'b', 8)), "
                     "map_get_default(NULL, 'a', 'none')",
                     "1|7|8|NULL|Float64|none;"));
  WT_CHECK(
      wf_expect(s,
                "SELECT arrow_typeof(struct_pick(span_make(1, 2), 'bend', 'col_unit')), "
                "struct_pick(span_make(1, 2), 'bend', 'bstart')",
                "Struct(\"bend\": Int64, \"col_unit\": Utf8)|{2,1};"));
  WT_CHECK(wf_expect(s,
                     "SELECT array_to_string(map_keys(map_normalize(map(['B', 'a', 'b'], "
                     "[1, 2, 3]))), ','), "
                     "array_to_string(map_values(map_normalize(map(['B', 'a', 'b'], "
                     "[1, 2, 3]))), ',')",
                     "a,b|2,3;"));
  weir_session_free(&s);
}

WT_TEST(dictionaries_are_decoded) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
#define DICT "arrow_cast(' UTF-16 ', 'Dictionary(Int32, Utf8)')"
  WT_CHECK(wf_expect(s,
                     "SELECT utf8_normalize(" DICT "), position_encoding_norm(" DICT
                     "), stable_hash_any(" DICT ") = stable_hash_any('UTF-16'), "
                     "stable_id_parts('x', " DICT
                     ") = stable_id_parts('x', ' UTF-16 '), cdf_change_rank(" DICT ")",
                     "utf-16|2|true|true|-1;"));
  weir_session_free(&s);
}

WT_TEST(fields_say_what_values_mean) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(
      s,
      "SELECT arrow_metadata(x, 'semantic_type'), arrow_metadata(y, 'semantic_type') "
      "FROM (SELECT semantic_tag(' Node ', n) AS x, semantic_tag('score', n) AS y "
      "FROM (VALUES (1), (2)) t(n))",
      "NodeId|score;NodeId|score;"));
  WT_CHECK(wf_expect(s,
                     "SELECT arrow_metadata(struct_pick(span_make(1, 2), 'bend'), "
                     "'semantic_type')",
                     "Span;"));
  weir_session_free(&s);
}

/* A default that would fail is computed once and not taken out of the call. */
/* What two calls have in common stays in both, where it may be left alone: taken out, it would
 * be computed for every row. The same in other functions is taken out. */
WT_TEST(a_default_stays_in_its_call) {
  weir_session *s = wf_session(NULL, 0);
  char *text = NULL;
  WT_CHECK(s != NULL);
  static const char sql[] =
      "SELECT map_get_default(m, 'a', k * 100 + 1) AS x, "
      "map_get_default(m, 'b', k * 100 + 1) AS y "
      "FROM (SELECT map(['a', 'b'], [k, k]) AS m, k FROM (VALUES (1), (2)) t(k))";
  WT_CHECK(wf_expect(s, sql, "1|1;2|2;"));
  WT_CHECK(optimized(s, sql, &text));
  const char *at = strstr(text, "* Int64(100)");
  WT_CHECK(at != NULL && strstr(at + 1, "* Int64(100)") != NULL);
  weir_text_free(text);
  text = NULL;
  static const char shared[] =
      "SELECT abs(k * 100 + 1) AS x, sqrt(k * 100 + 1) AS y "
      "FROM (VALUES (1), (2)) t(k)";
  WT_CHECK(optimized(s, shared, &text));
  at = strstr(text, "* Int64(100)");
  WT_CHECK(at != NULL && strstr(text, "__common_expr") != NULL);
  WT_CHECK(at != NULL && strstr(at + 1, "* Int64(100)") == NULL);
  weir_text_free(text);
  weir_session_free(&s);
}

/* The default is cast to the type of the map's values, whatever its width. */
WT_TEST(a_default_of_another_width) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  WT_CHECK(wf_expect(s,
                     "SELECT map_get_default(map(['Key'], [k]), 'Kay', "
                     "arrow_cast(k, 'Int32')) AS r FROM (VALUES (1), (2)) t(k)",
                     "1;2;"));
  WT_CHECK(
      wf_expect(s,
                "SELECT map_get_default(map(['Key'], [arrow_cast(k, 'Int32')]), 'Kay', "
                "k) AS r FROM (VALUES (1), (2)) t(k)",
                "1;2;"));
  weir_session_free(&s);
}

static void refused(weir_session *s, const char *call, weir_status code,
                    const char *says) {
  char sql[256], out[256];
  weir_error err = WEIR_ERROR_INIT;
  snprintf(sql, sizeof sql, "SELECT %s AS r FROM (VALUES ('x', 1)) t(s, n)", call);
  weir_status status = wf_query(s, sql, out, sizeof out, &err);
  if (status != code || strstr(err.message, says) == NULL) {
    wt_fail(__FILE__, __LINE__, "%s: %s %s", call, weir_error_code_name(status),
            err.message);
  }
  weir_error_release(&err);
}

WT_TEST(what_functions_refuse) {
  weir_session *s = wf_session(NULL, 0);
  WT_CHECK(s != NULL);
  refused(s, "utf8_normalize(s, 'NFX')", WEIR_E_SQL_PLAN, "no normal form 'NFX'");
  refused(s, "utf8_normalize(s, s)", WEIR_E_SQL_PLAN, "must be a literal");
  refused(s, "utf8_normalize(n)", WEIR_E_SQL_PLAN, "utf8_normalize");
  refused(s, "map_get_default(map([s], [n]), s, 1)", WEIR_E_SQL_PLAN,
          "must be a literal");
  refused(s, "map_get_default(map([s], [n]), NULL, 1)", WEIR_E_SQL_PLAN, "not null");
  refused(s, "map_get_default(map([n], [n]), 'a', 1)", WEIR_E_SQL_PLAN, "not text");
  refused(s, "map_get_default(map([s], [n]), 'a', [1])", WEIR_E_SQL_PLAN,
          "the default is");
  refused(s, "map_normalize(map([s], [n]), 'title')", WEIR_E_SQL_PLAN, "no key case");
  refused(s, "struct_pick(span_make(n, n), 'bent')", WEIR_E_SQL_PLAN, "no field 'bent'");
  refused(s, "struct_pick(span_make(n, n), 'bend', 'bend')", WEIR_E_SQL_PLAN, "twice");
  refused(s, "struct_pick(span_make(n, n), ' ')", WEIR_E_SQL_PLAN, "empty");
  refused(s, "struct_pick(span_make(n, n), s)", WEIR_E_SQL_PLAN, "must be a literal");
  refused(s, "list_unique_sorted([[n]])", WEIR_E_SQL_PLAN, "cannot order");
  refused(s, "semantic_tag(' ', n)", WEIR_E_SQL_PLAN, "not empty");
  refused(s, "semantic_tag(s, n)", WEIR_E_SQL_PLAN, "must be a literal");
  refused(s, "position_encoding_norm(1.5)", WEIR_E_SQL_PLAN, "text or an integer");
  refused(s, "col_to_byte(s || '😀', n + 1, 'utf16')", WEIR_E_EXECUTION,
          "inside a character");
  weir_session_free(&s);
}

WT_TEST(settings_change_what_is_left_out) {
  const weir_pair pairs[] = {{"weir.functions.utf8_normalize_form", "NFC"},
                             {"weir.functions.utf8_normalize_casefold", "false"},
                             {"weir.functions.map_normalize_key_case", "none"}};
  weir_session_options o = WEIR_SESSION_OPTIONS_INIT;
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  o.threads = 1;
  o.settings = pairs;
  o.n_settings = 3;
  WT_OK(weir_session_new(&o, &s, &err));
  WT_OK(weir_session_seal(s, &err));
  WT_CHECK(wf_expect(s,
                     "SELECT utf8_normalize(' \xEF\xAC\x81 A'), "
                     "utf8_normalize('\xEF\xAC\x81 A', 'NFKC', true)",
                     "\xEF\xAC\x81 A|fi a;"));
  WT_CHECK(wf_expect(s, "SELECT map_keys(map_normalize(map(['B'], [1])))[1]", "B;"));
  weir_session_free(&s);
}
