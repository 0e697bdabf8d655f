/* Settings of functions, given to a session: what they change, where they show, and what of the
 * session's identity they are. */
#include "common/fixtures.h"
#include "common/test.h"

static weir_status open_with(const char *key, const char *value, weir_session **out,
                             weir_error *err) {
  const weir_pair pair = {key, value};
  weir_session_options o = WEIR_SESSION_OPTIONS_INIT;
  o.threads = 2;
  o.now_us = 1;
  o.settings = &pair;
  o.n_settings = key != NULL ? 1 : 0;
  weir_status status = weir_session_new(&o, out, err);
  return status == WEIR_OK ? weir_session_seal(*out, err) : status;
}

static weir_session *with(const char *key, const char *value) {
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  if (open_with(key, value, &s, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s=%s: %s", key, value, err.message);
  }
  weir_error_release(&err);
  return s;
}

WT_TEST(settings_are_the_defaults_of_span_make) {
  static const char *const sql = "SELECT span_make(1, 2)";
  weir_session *s = with(NULL, NULL);
  WT_CHECK(wf_expect(s, sql, "{1,2,0,byte,true};"));
  weir_session_free(&s);
  s = with("weir.functions.span_default_line_base", "1");
  WT_CHECK(wf_expect(s, sql, "{1,2,1,byte,true};"));
  WT_CHECK(wf_expect(s, "SELECT span_make(1, 2, line_base => 0)", "{1,2,0,byte,true};"));
  weir_session_free(&s);
  s = with("weir.functions.span_default_col_unit", "utf16");
  WT_CHECK(wf_expect(s, sql, "{1,2,0,utf16,true};"));
  weir_session_free(&s);
  s = with("weir.functions.span_default_end_exclusive", "false");
  WT_CHECK(wf_expect(s, sql, "{1,2,0,byte,false};"));
  WT_CHECK(wf_expect(s, "SELECT span_len(span_make(1, 2))", "2;"));
  weir_session_free(&s);
}

WT_TEST(settings_are_shown) {
  weir_session *s = with("weir.functions.utf8_normalize_form", "NFD");
  WT_CHECK(wf_expect(s,
                     "SELECT name, value FROM information_schema.df_settings WHERE name "
                     "LIKE 'weir.functions.%' ORDER BY name",
                     "weir.functions.map_normalize_key_case|lower;"
                     "weir.functions.map_normalize_sort_keys|true;"
                     "weir.functions.span_default_col_unit|byte;"
                     "weir.functions.span_default_end_exclusive|true;"
                     "weir.functions.span_default_line_base|0;"
                     "weir.functions.utf8_normalize_casefold|true;"
                     "weir.functions.utf8_normalize_collapse_ws|true;"
                     "weir.functions.utf8_normalize_form|NFD;"));
  struct ArrowArrayStream rows;
  weir_error err = WEIR_ERROR_INIT;
  static char text[65536];
  WT_OK(weir_session_read(s, WEIR_SESSION_SETTINGS, &rows, &err));
  WT_OK(wf_text(&rows, text, sizeof text, &err));
  WT_CHECK(strstr(text, "weir.functions.utf8_normalize_form|NFD;") != NULL);
  weir_session_free(&s);
}

/* Through the functions, not through the settings: a view without them keeps its key. */
WT_TEST(settings_are_identity_through_functions) {
  weir_session_digests plain, same, other;
  weir_error err = WEIR_ERROR_INIT;
  weir_session *s = with(NULL, NULL);
  WT_OK(weir_session_digest(s, &plain, &err));
  weir_session_free(&s);
  s = with("weir.functions.span_default_line_base", "0");
  WT_OK(weir_session_digest(s, &same, &err));
  weir_session_free(&s);
  s = with("weir.functions.span_default_line_base", "1");
  WT_OK(weir_session_digest(s, &other, &err));
  weir_session_free(&s);
  WT_EQ_STR(plain.session, same.session);
  WT_EQ_STR(plain.settings, other.settings);
  WT_CHECK(strcmp(plain.functions, other.functions) != 0);
  WT_CHECK(strcmp(plain.session, other.session) != 0);
}

static void refused(const char *key, const char *value, weir_status code,
                    const char *says) {
  weir_session *s = NULL;
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(open_with(key, value, &s, &err), code);
  WT_CHECK(s == NULL);
  if (strstr(err.message, says) == NULL && strstr(err.hint, says) == NULL) {
    wt_fail(__FILE__, __LINE__, "%s=%s: %s (%s)", key, value, err.message, err.hint);
  }
  weir_error_release(&err);
}

WT_TEST(settings_that_are_none) {
  refused("weir.functions.utf8_normalize_form", "NFX", WEIR_E_BAD_VALUE,
          "NFC NFD NFKC NFKD");
  refused("weir.functions.utf8_normalize_form", "nfc", WEIR_E_BAD_VALUE, "nfc");
  refused("weir.functions.utf8_normalize_form", "", WEIR_E_BAD_VALUE, "write one of");
  refused("weir.functions.map_normalize_sort_keys", "yes", WEIR_E_BAD_VALUE, "true");
  refused("weir.functions.span_default_line_base", "-1", WEIR_E_BAD_VALUE, "from 0");
  refused("weir.functions.span_default_line_base", "2147483648", WEIR_E_BAD_VALUE,
          "2147483647");
  refused("weir.functions.span_default_linebase", "1", WEIR_E_UNKNOWN_KEY,
          "did you mean weir.functions.span_default_line_base");
  refused("datafusion.execution.batch_size", "1", WEIR_E_UNKNOWN_KEY,
          "the engine's settings are fixed");
  refused("", "1", WEIR_E_UNKNOWN_KEY, "fixed");
}
