/* Values as people write them. */
#include "common/fixtures.h"
#include "common/test.h"

WT_TEST(parameters_by_what_they_read_as) {
  static const char *const texts[] = {"b=true",
                                      "i=-12",
                                      "f=1e-3",
                                      "s=12 apples",
                                      "n:null",
                                      "t:string=true",
                                      "d:date=2024-02-29",
                                      "z:timestamp=1970-01-01T00:00:01.5Z",
                                      "e=",
                                      "a=b=c",
                                      "h=0x10",
                                      "w:float64=2"};
  static const struct {
    const char *name;
    weir_type type;
    int64_t i64;
    double f64;
    const char *text;
  } expected[] = {{"b", WEIR_TYPE_BOOLEAN, 1, 0, NULL},
                  {"i", WEIR_TYPE_INT64, -12, 0, NULL},
                  {"f", WEIR_TYPE_FLOAT64, 0, 1e-3, NULL},
                  {"s", WEIR_TYPE_STRING, 0, 0, "12 apples"},
                  {"n", WEIR_TYPE_STRING, 0, 0, NULL},
                  {"t", WEIR_TYPE_STRING, 0, 0, "true"},
                  {"d", WEIR_TYPE_DATE, 19782, 0, NULL},
                  {"z", WEIR_TYPE_TIMESTAMP, 1500000, 0, NULL},
                  {"e", WEIR_TYPE_STRING, 0, 0, ""},
                  {"a", WEIR_TYPE_STRING, 0, 0, "b=c"},
                  {"h", WEIR_TYPE_STRING, 0, 0, "0x10"},
                  {"w", WEIR_TYPE_FLOAT64, 0, 2, NULL}};
  weir_error err = WEIR_ERROR_INIT;
  weir_parameter *p = NULL;
  size_t n = sizeof texts / sizeof *texts;
  WT_OK(weir_parameters_parse(texts, n, &p, &err));
  for (size_t i = 0; i < n; i++) {
    WT_EQ_STR(p[i].name, expected[i].name);
    WT_EQ_INT(p[i].type, expected[i].type);
    WT_EQ_INT(p[i].is_null, i == 4);
    WT_EQ_INT(p[i].i64, expected[i].i64);
    WT_CHECK(p[i].f64 == expected[i].f64);
    if (expected[i].text != NULL) {
      WT_EQ_STR(p[i].text, expected[i].text);
    }
  }
  weir_parameters_free(&p);
  WT_CHECK(p == NULL);
  weir_parameters_free(&p);
  weir_parameters_free(NULL);
}

WT_TEST(parameters_that_are_none) {
  static const char *const bad[] = {"x",
                                    "=1",
                                    ":int64=1",
                                    "x:int64=1.5",
                                    "x:int64=9223372036854775808",
                                    "x:float64=nan",
                                    "x:boolean=yes",
                                    "x:date=2026-02-30",
                                    "x:timestamp=2026-01-31T12:00:00",
                                    "x:timestamp=2026-01-31T12:00:00.1234567Z",
                                    "x:decimal=1",
                                    "x:string=\xff"};
  static const char *const twice[] = {"x=1", "y=1", "x=2"};
  weir_error err = WEIR_ERROR_INIT;
  weir_parameter *p = NULL;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    weir_status status = weir_parameters_parse(&bad[i], 1, &p, &err);
    if (status != WEIR_E_PARAM_TYPE || p != NULL || err.hint[0] == '\0') {
      wt_fail(__FILE__, __LINE__, "%s gave %s", bad[i], weir_error_code_name(status));
    }
    weir_error_release(&err);
  }
  WT_EQ_INT(weir_parameters_parse(twice, 3, &p, &err), WEIR_E_PARAM_TYPE);
  WT_CHECK(strstr(err.message, "given before") != NULL);
  weir_error_release(&err);
  WT_EQ_INT(weir_parameters_parse(NULL, 1, &p, &err), WEIR_E_USAGE);
  weir_error_release(&err);
  WT_OK(weir_parameters_parse(NULL, 0, &p, &err));
  weir_parameters_free(&p);
}

WT_TEST(times_and_sizes) {
  static const char *const no_times[] = {"2026-01-02T03:04:05", "2026-02-30T00:00:00Z",
                                         "2026-01-02T24:00:00Z", "2026-01-02", ""};
  static const char *const no_sizes[] = {"0", "1.5",           "2 apples",
                                         "",  "99999999999TB", "-1"};
  weir_error err = WEIR_ERROR_INIT;
  uint64_t n = 0;
  int64_t us = 0;
  WT_OK(weir_timestamp_parse("2026-01-02T03:04:05.5+02:00", &us, &err));
  WT_EQ_INT(us, 1767315845500000);
  for (size_t i = 0; i < sizeof no_times / sizeof *no_times; i++) {
    WT_EQ_INT(weir_timestamp_parse(no_times[i], &us, NULL), WEIR_E_BAD_VALUE);
  }
  WT_OK(weir_size_parse("2GB", &n, &err));
  WT_EQ_INT(n, 2000000000);
  WT_OK(weir_size_parse("1.5GiB", &n, &err));
  WT_EQ_INT(n, 1610612736);
  WT_OK(weir_size_parse("4096", &n, &err));
  WT_EQ_INT(n, 4096);
  for (size_t i = 0; i < sizeof no_sizes / sizeof *no_sizes; i++) {
    WT_EQ_INT(weir_size_parse(no_sizes[i], &n, NULL), WEIR_E_BAD_VALUE);
  }
}

WT_TEST(lengths_of_time) {
  static const struct {
    const char *text;
    int64_t seconds;
  } rows[] = {{"0s", 0},      {"90s", 90},    {"30m", 1800},
              {"24h", 86400}, {"7d", 604800}, {"2w", 1209600}};
  static const char *const bad[] = {"",
                                    "h",
                                    "1",
                                    "-1h",
                                    "1.5h",
                                    "1 h",
                                    "1y",
                                    "99999999999999999999s",
                                    "9223372036854775807d"};
  weir_error err = WEIR_ERROR_INIT;
  int64_t us = 0;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    WT_OK(weir_duration_parse(rows[i].text, &us, &err));
    WT_EQ_INT(us, rows[i].seconds * 1000000);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (weir_duration_parse(bad[i], &us, NULL) != WEIR_E_BAD_VALUE || us != 0) {
      wt_fail(__FILE__, __LINE__, "%s gave %lld", bad[i], (long long)us);
    }
  }
}

WT_TEST(tables_by_one_text) {
  static const char *const rows[] = {"1", "2"};
  static const char *const bad[] = {"t", "t=", "=x", "", "t=/x@99999999999999999999"};
  weir_error err = WEIR_ERROR_INIT;
  wt_project folder;
  char text[400], uri[200];
  WT_CHECK(wt_project_make(&folder, NULL, 0));
  snprintf(uri, sizeof uri, "%s/a@b", folder.root); /* what is after the @ is no number */
  WT_CHECK(wf_table(uri, "id:l", rows, 2, NULL));
  weir_session *session = wf_session_open(NULL, 0);
  WT_CHECK(session != NULL);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    WT_EQ_INT(weir_session_add_table(session, bad[i], &err), WEIR_E_USAGE);
    weir_error_release(&err);
  }
  snprintf(text, sizeof text, "t=%s", uri);
  WT_OK(weir_session_add_table(session, text, &err));
  snprintf(text, sizeof text, "v=%s@0", uri);
  WT_OK(weir_session_add_table(session, text, &err));
  snprintf(text, sizeof text, "w=%s@7", uri);
  WT_EQ_INT(weir_session_add_table(session, text, &err), WEIR_E_VERSION_MISSING);
  weir_error_release(&err);
  WT_OK(weir_session_seal(session, &err));
  WT_CHECK(wf_expect(session, "SELECT count(*) FROM t JOIN v ON t.id = v.id", "2;"));
  weir_session_free(&session);
  wt_project_remove(&folder);
}
