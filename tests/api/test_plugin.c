/* Plug-ins through the public API: calls, bad results, names that are taken, the manifest. */
#include <stdlib.h>

#include "common/fixtures.h"
#include "common/test.h"

#define LIBRARY(name) WT_BUILD "/tests/plugins/" name ".so"

static weir_session *with(const char *const *libraries, size_t n, const char *rows_of) {
  struct ArrowArrayStream rows = {0};
  static const char *const cells[] = {"1", "a", NULL, "b", "3", "c"};
  wf_input input = {.name = "m", .rows = &rows};
  weir_error err = WEIR_ERROR_INIT;
  if (!wf_rows(&rows, rows_of, cells, 3)) {
    return NULL;
  }
  weir_session *s = wf_session_open(&input, 1);
  for (size_t i = 0; s != NULL && i < n; i++) {
    if (weir_session_add_plugin(s, libraries[i], &err) != WEIR_OK) {
      wt_fail(__FILE__, __LINE__, "%s: %s", libraries[i], err.message);
    }
  }
  if (s != NULL && weir_session_seal(s, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "seal: %s", err.message);
  }
  weir_error_release(&err);
  return s;
}

static weir_session *good(void) {
  const char *library = LIBRARY("odd_good");
  return with(&library, 1, "x:l t:t");
}

WT_TEST(functions_of_a_plugin_are_called) {
  weir_session *s = good();
  WT_CHECK(s != NULL);
  wf_expect(s, "SELECT x, odd_plus(x) FROM m ORDER BY x", "1|2;3|4;NULL|NULL;");
  wf_expect(s, "SELECT odd_plus(41)", "42;");
  wf_expect(s, "SELECT odd_one(x => 1)", "2;");
  wf_expect(s, "SELECT odd_plus(NULL)", "NULL;");
  wf_expect(s, "SELECT sum(odd_plus(x)) FROM m WHERE odd_plus(x) > 1", "6;");
  wf_expect(s, "SELECT odd_plus(value) FROM range(2)", "1;2;");
  wf_expect(s, "SELECT odd_text(x) FROM m LIMIT 2", "\xC3\xA9;\xC3\xA9;");
  wf_expect_error(s, "SELECT odd_plus(t) FROM m", WEIR_E_SQL_PLAN);
  wf_expect_error(s, "SELECT odd_plus()", WEIR_E_SQL_PLAN);
  weir_session_free(&s);
}

typedef struct failure {
  const char *sql;
  weir_status code;
  const char *says;
} failure;

static const failure failures[] = {
    {"SELECT odd_fails(x) FROM m", WEIR_E_EXECUTION,
     "odd_fails of plug-in odd: row 7 is on fire"},
    {"SELECT odd_fails_silently(x) FROM m", WEIR_E_EXECUTION, "without saying why"},
    {"SELECT odd_field_fails(x) FROM m", WEIR_E_SQL_PLAN, "no such type on a Sunday"},
    {"SELECT odd_field_none(x) FROM m", WEIR_E_PLUGIN, "no type for its result"},
    {"SELECT odd_field_garbage(x) FROM m", WEIR_E_PLUGIN, "gave a type that is none"},
    {"SELECT odd_nothing(x) FROM m", WEIR_E_PLUGIN, "gave no array"},
    {"SELECT odd_too_many(x) FROM m", WEIR_E_PLUGIN, "returned 4 rows, not 3"},
    {"SELECT odd_too_few(x) FROM m", WEIR_E_PLUGIN, "returned 2 rows, not 3"},
    {"SELECT odd_null_count(x) FROM m", WEIR_E_PLUGIN, "bad array"},
    {"SELECT odd_null_anyway(x) FROM m", WEIR_E_PLUGIN, "nulls and had said it has none"},
    {"SELECT odd_wrong_type(x) FROM m", WEIR_E_PLUGIN, "bad array"},
    {"SELECT odd_no_values(x) FROM m", WEIR_E_PLUGIN, "bad array"},
    {"SELECT odd_negative(x) FROM m", WEIR_E_PLUGIN, "bad array"},
    {"SELECT odd_text_utf8(x) FROM m", WEIR_E_PLUGIN, "bad array"},
    {"SELECT odd_text_offsets(x) FROM m", WEIR_E_PLUGIN, "bad array"},
    {"SELECT odd_text_negative(x) FROM m", WEIR_E_PLUGIN, "bad array"},
};
#define N_FAILURES (sizeof(failures) / sizeof(failures[0]))

WT_TEST(what_a_plugin_does_wrong_is_an_error) {
  weir_session *s = good();
  WT_CHECK(s != NULL);
  for (size_t i = 0; i < N_FAILURES; i++) {
    weir_error err = WEIR_ERROR_INIT;
    char rows[200];
    weir_status status = wf_query(s, failures[i].sql, rows, sizeof(rows), &err);
    if (status != failures[i].code || strstr(err.message, failures[i].says) == NULL) {
      wt_fail(__FILE__, __LINE__, "%s gave %s: %s", failures[i].sql,
              weir_error_code_name(status), err.message);
    }
    weir_error_release(&err);
  }
  weir_session_free(&s);
}

typedef struct clash {
  const char *library;
  const char *says[3];
} clash;

static const clash clashes[] = {
    {LIBRARY("odd_of_engine"), {"plug-in odder", "lower", "engine"}},
    {LIBRARY("odd_of_weir"), {"plug-in odder", "stable_id", "weir's own"}},
    {LIBRARY("odd_of_good"), {"plug-in odder", "odd_plus", "odd_good.so"}},
    {LIBRARY("odd_of_good_alias"), {"plug-in odder", "odd_plus", "odd_good.so"}},
    {LIBRARY("odd_name_of_good"), {"two plug-ins named odd", "odd_good.so", "name_of"}},
    {LIBRARY("odd_good"), {"two plug-ins", "odd_good.so", ""}},
};

WT_TEST(a_name_that_is_taken_is_refused_with_both_sides) {
  for (size_t i = 0; i < sizeof(clashes) / sizeof(clashes[0]); i++) {
    weir_error err = WEIR_ERROR_INIT;
    weir_session *s = wf_session_open(NULL, 0);
    WT_CHECK(s != NULL);
    WT_OK(weir_session_add_plugin(s, LIBRARY("odd_good"), &err));
    weir_status status = weir_session_add_plugin(s, clashes[i].library, &err);
    if (status != WEIR_E_DUPLICATE_NAME) {
      wt_fail(__FILE__, __LINE__, "%s gave %d", clashes[i].library, (int)status);
    }
    for (size_t k = 0; k < 3; k++) {
      if (strstr(err.message, clashes[i].says[k]) == NULL) {
        wt_fail(__FILE__, __LINE__, "%s: no '%s' in: %s", clashes[i].library,
                clashes[i].says[k], err.message);
      }
    }
    weir_error_release(&err);
    weir_session_free(&s);
  }
}

/* odd_plus is the function's name, odd_one its alias. */
static void check_macro_clash(const char *name, bool macro_first) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = wf_session_open(NULL, 0);
  char sql[100];
  WT_CHECK(s != NULL);
  snprintf(sql, sizeof(sql), "CREATE FUNCTION %s(x INT) RETURN x", name);
  weir_status status = macro_first
                           ? weir_session_add_functions(s, sql, &err)
                           : weir_session_add_plugin(s, LIBRARY("odd_good"), &err);
  WT_EQ_INT(status, WEIR_OK);
  status = macro_first ? weir_session_add_plugin(s, LIBRARY("odd_good"), &err)
                       : weir_session_add_functions(s, sql, &err);
  char macro[40];
  snprintf(macro, sizeof(macro), "macro %s", name);
  if (status != WEIR_E_DUPLICATE_NAME || strstr(err.message, macro) == NULL ||
      strstr(err.message, "plug-in odd ") == NULL ||
      strstr(err.message, "odd_good.so") == NULL || err.hint[0] == '\0') {
    wt_fail(__FILE__, __LINE__, "%s, macro %s: %s: %s", name,
            macro_first ? "first" : "second", weir_error_code_name(status), err.message);
  }
  weir_error_release(&err);
  weir_session_free(&s);
}

WT_TEST(a_macro_and_a_function_of_one_name_are_refused_with_both_sides) {
  check_macro_clash("odd_plus", true);
  check_macro_clash("odd_plus", false);
  check_macro_clash("odd_one", true);
  check_macro_clash("odd_one", false);
}

WT_TEST(bad_parameters_and_late_plugins_are_refused) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = wf_session_open(NULL, 0);
  WT_CHECK(s != NULL);
  weir_status status =
      weir_session_add_plugin(s, LIBRARY("odd_param_after_optional"), &err);
  WT_EQ_INT(status, WEIR_E_BAD_VALUE);
  WT_CHECK(strstr(err.message, "plug-in odder") != NULL);
  weir_error_release(&err);
  weir_session_free(&s);
  s = wf_session(NULL, 0);
  WT_EQ_INT(weir_session_add_plugin(s, LIBRARY("odd_good"), &err), WEIR_E_NOT_SEALED);
  weir_error_release(&err);
  weir_session_free(&s);
}

static bool digest(const char *library, weir_session_digests *out) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = library != NULL ? with(&library, 1, "x:l t:t") : wf_session(NULL, 0);
  bool done = s != NULL && weir_session_digest(s, out, &err) == WEIR_OK;
  weir_error_release(&err);
  weir_session_free(&s);
  return done;
}

WT_TEST(a_plugin_is_part_of_the_functions_digest) {
  weir_session_digests none, one, again, changed;
  WT_CHECK(digest(NULL, &none) && digest(LIBRARY("odd_good"), &one));
  WT_CHECK(digest(LIBRARY("odd_good"), &again) &&
           digest(LIBRARY("odd_good_changed"), &changed));
  WT_CHECK(strcmp(none.functions, one.functions) != 0);
  WT_EQ_STR(one.functions, again.functions);
  WT_EQ_STR(one.settings, none.settings);
  WT_CHECK(strcmp(one.functions, changed.functions) != 0);
  WT_CHECK(strcmp(one.session, changed.session) != 0);
}

WT_TEST(the_manifest_is_listed) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream;
  char text[4000];
  weir_session *s = good();
  WT_CHECK(s != NULL);
  WT_OK(weir_session_read(s, WEIR_SESSION_PLUGINS, &stream, &err));
  WT_OK(wf_text(&stream, text, sizeof(text), &err));
  WT_CHECK(strncmp(text, "odd|0.9-test|abc|1.0|scalar|/", 28) == 0);
  WT_CHECK(strstr(text, "/odd_good.so|") != NULL);
  WT_CHECK(strstr(text, "|odd_plus,odd_fails,") != NULL);
  char *all = calloc(1, 1 << 20);
  WT_OK(weir_session_read(s, WEIR_SESSION_FUNCTIONS, &stream, &err));
  WT_OK(wf_text(&stream, all, 1 << 20, &err));
  WT_CHECK(strstr(all, "|odd_one|plugin;") != NULL);
  WT_CHECK(strstr(all, "|host;") != NULL && strstr(all, "|builtin;") != NULL);
  free(all);
  weir_session_free(&s);
}

/* A plan keeps the functions that it calls. */
WT_TEST(a_query_outlives_its_session) {
  weir_error err = WEIR_ERROR_INIT;
  weir_query *query = NULL;
  struct ArrowArrayStream stream = {0};
  char text[200];
  weir_session *s = good();
  WT_CHECK(s != NULL);
  WT_OK(
      weir_query_open(s, "SELECT odd_plus(x) FROM m WHERE x = 3", NULL, 0, &query, &err));
  WT_OK(weir_query_stream(query, &stream, &err));
  weir_query_free(&query);
  weir_session_free(&s);
  WT_OK(wf_text(&stream, text, sizeof(text), &err));
  WT_EQ_STR(text, "4;");
}
