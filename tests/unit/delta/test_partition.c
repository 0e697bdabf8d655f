/* Partition values: what each writer spells is one value, and what is none is said. */
#include "unit/delta/meta.h"

/* The spelling of a text as that type; NULL: it is none. Overwritten by the next call. */
static const char *spell(const char *type, const char *text) {
  static wi_buf out = WI_BUF_INIT;
  wi_partition_type t;
  wi_buf_clear(&out);
  if (!wi_partition_type_of(type, &t)) {
    return "(no type)";
  }
  return wi_partition_spell(t, wi_str_of(text), &out) ? wi_buf_text(&out) : NULL;
}

WT_TEST(every_writers_spelling) {
  static const struct {
    const char *type, *texts[10]; /* the first is ours */
  } same[] = {
      {"string", {"a b"}},
      {"binary", {"\001\xC3\xA4"}},
      {"boolean", {"true", "True", "TRUE"}},
      {"byte", {"-128", "-0128"}},
      {"short", {"7", "+7", "007"}},
      {"integer", {"0", "-0", "+0", "00"}},
      {"long", {"-9223372036854775808"}},
      {"long", {"9223372036854775807"}},
      {"float", {"1", "1.0", "1e0", "1.0E0", "+1.", "01.00"}},
      {"float", {"0.1", "0.10000000149011612", "1.0E-1", ".1"}},
      {"float", {"16777216", "1.6777216E7"}},
      {"float", {"0.000001", "1.0E-6", "1e-6"}},
      {"double", {"0.1", "1.0E-1", "0.10"}},
      {"double", {"0", "0.0", "-0.0", "-0", "0e7"}},
      {"double", {"100000000000000000000", "1.0E20", "1e20"}},
      {"double", {"-1.5", "-1.5E0"}},
      {"double", {"0.30000000000000004"}},
      {"double", {"NaN", "nan", "NAN", "-nan"}},
      {"double", {"Infinity", "inf", "+Inf", "INFINITY", "1e400"}},
      {"float", {"-Infinity", "-inf", "-1e39"}},
      {"decimal(10,2)", {"1.50", "1.5", "1.500", "01.5", "+1.5", "15e-1", "0.15E+1"}},
      {"decimal(10,2)", {"0.00", "0", "-0.0", "0E-18", "0E+5"}},
      {"decimal(10,0)", {"1200", "1.2E3", "1200.0"}},
      {"decimal(3,3)", {"-0.001", "-.001", "-1E-3"}},
      {"decimal(38,0)",
       {"99999999999999999999999999999999999999",
        "99999999999999999999999999999999999999.0"}},
      {"date", {"2024-01-02", "2024-1-2", "2024-01-2"}},
      {"timestamp",
       {"2024-01-01 00:00:00.000000", "2024-01-01 00:00:00", "2024-01-01T00:00:00.000Z",
        "2024-01-01T00:00:00Z", "2024-01-01 00:00:00.0", "2024-01-01T01:00:00+01:00",
        "2023-12-31 19:00:00-05:00", "2024-01-01", "2024-1-1 00:00:00"}},
      {"timestamp",
       {"1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999999Z",
        "1969-12-31 23:59:59.999999999"}},
      {"timestamp_ntz",
       {"2024-01-01 10:11:12.500000", "2024-01-01 10:11:12.5", "2024-01-01T10:11:12.500",
        "2024-01-01T10:11:12.5Z"}}};
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    for (size_t k = 0; k < 10 && same[i].texts[k] != NULL; k++) {
      const char *got = spell(same[i].type, same[i].texts[k]);
      if (got == NULL || strcmp(got, same[i].texts[0]) != 0) {
        wt_fail(__FILE__, __LINE__, "%s '%s' is %s", same[i].type, same[i].texts[k],
                got == NULL ? "none" : got);
      }
    }
  }
}

WT_TEST(what_is_no_value) {
  static const char *const bad[][2] = {{"boolean", "1"},
                                       {"boolean", "yes"},
                                       {"boolean", "truely"},
                                       {"byte", "128"},
                                       {"byte", "-129"},
                                       {"short", "32768"},
                                       {"integer", "2147483648"},
                                       {"long", "9223372036854775808"},
                                       {"long", "-9223372036854775809"},
                                       {"long", "1.0"},
                                       {"long", "1e3"},
                                       {"long", " 1"},
                                       {"long", "-"},
                                       {"long", "x"},
                                       {"float", "1,5"},
                                       {"float", "0x10"},
                                       {"float", "."},
                                       {"float", "1e"},
                                       {"double", "1.2.3"},
                                       {"double", "1-2"},
                                       {"double", "infinit"},
                                       {"double", "nan(1)"},
                                       {"decimal(10,2)", "1.501"},
                                       {"decimal(10,2)", "123456789"},
                                       {"decimal(10,2)", "1e8"},
                                       {"decimal(10,2)", "NaN"},
                                       {"decimal(10,2)", "1.5f"},
                                       {"date", "2024-02-30"},
                                       {"date", "2024-01-01 00:00:00"},
                                       {"date", "24-01-01"},
                                       {"date", "2024-001-1"},
                                       {"date", "0000-01-01"},
                                       {"date", "2024-13-01"},
                                       {"timestamp", "2024-01-01 24:00:00"},
                                       {"timestamp", "2024-01-01 10:00"},
                                       {"timestamp", "2024-01-01 10:00:00."},
                                       {"timestamp", "2024-01-01x10:00:00"},
                                       {"timestamp", "2024-01-01 10:00:00 Europe/Berlin"},
                                       {"timestamp", "2024-01-01 "},
                                       {"timestamp", "0001-01-01T00:00:00+01:00"},
                                       {"timestamp_ntz", "2024-01-01T10:00:00+01:00"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    const char *got = spell(bad[i][0], bad[i][1]);
    if (got != NULL) {
      wt_fail(__FILE__, __LINE__, "%s '%s' is %s", bad[i][0], bad[i][1], got);
    }
  }
  wi_partition_type t;
  WT_CHECK(!wi_partition_type_of("variant", &t));
  WT_CHECK(!wi_partition_type_of("decimal(50,1)", &t));
}

WT_TEST(the_order_of_values) {
  static const char *const rising[][9] = {
      {"double", "-inf", "-1e300", "-2", "-0.1", "0", "0.001", "9.5", NULL},
      {"double", "9.5", "10", "1e20", "1e300", "inf", "nan", NULL},
      {"long", "-100", "-99", "-1", "0", "1", "9", "10", NULL},
      {"decimal(10,2)", "-10.5", "-2.25", "-2.2", "0", "0.1", "0.11", "10", NULL},
      {"date", "0001-01-01", "1999-12-31", "2000-1-1", NULL},
      {"timestamp", "2024-01-01T01:00:00+02:00", "2024-01-01", "2024-01-01 00:00:00.1",
       NULL},
      {"boolean", "false", "true", NULL},
      {"string", "A", "a", "aa", NULL}};
  for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++) {
    wi_partition_type t;
    WT_CHECK(wi_partition_type_of(rising[i][0], &t));
    for (size_t a = 1; rising[i][a] != NULL; a++) {
      for (size_t b = 1; rising[i][b] != NULL; b++) {
        wi_buf x = WI_BUF_INIT, y = WI_BUF_INIT;
        bool read = wi_partition_spell(t, wi_str_of(rising[i][a]), &x) &&
                    wi_partition_spell(t, wi_str_of(rising[i][b]), &y);
        int order =
            read ? wi_partition_order(t, (wi_str){x.p, x.n}, (wi_str){y.p, y.n}) : 99;
        wi_buf_release(&x);
        wi_buf_release(&y);
        if ((order > 0) - (order < 0) != (a > b) - (a < b)) {
          wt_fail(__FILE__, __LINE__, "%s: %s and %s", rising[i][0], rising[i][a],
                  rising[i][b]);
        }
      }
    }
  }
}

/* ---- keys of files ---- */

static const char two[] =
    STRUCT(FIELD("t", "timestamp") "," FIELD("s", "string") "," FIELD("v", "long"));

static wi_partitioning *by(const char *schema, const char *columns) {
  wi_buf more = WI_BUF_INIT;
  wi_partitioning *p = NULL;
  wi_buf_fmt(&more, ",\"partitionColumns\":%s", columns);
  wi_meta *m = meta_of(PROTOCOL(1, 2), schema, more.p);
  if (wi_partitioning_new(m, &p, NULL) != WEIR_OK) {
    p = NULL;
  }
  wi_meta_unref(&m);
  wi_buf_release(&more);
  return p;
}

WT_TEST(keys_of_one_partition_are_equal) {
  static const char *const files[] = {"{\"t\":\"2024-01-01 00:00:00\",\"s\":\"\"}",
                                      "{\"s\":null,\"t\":\"2024-01-01T00:00:00.000Z\"}",
                                      "{\"t\":\"2024-01-01 00:00:00.000000\"}"};
  static const char *const given[] = {"2024-01-01T00:00:00Z", ""};
  static const char *const nulls[] = {NULL, NULL};
  wi_partitioning *p = by(two, "[\"t\",\"s\"]");
  weir_error err = WEIR_ERROR_INIT;
  WT_CHECK(p != NULL);
  WT_EQ_INT(wi_partitioning_size(p), 2);
  WT_EQ_STR(wi_partitioning_column(p, 1), "s");
  WT_EQ_INT(wi_partitioning_type(p, 0).kind, WI_PARTITION_TIMESTAMP);
  wi_buf key = WI_BUF_INIT;
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    wi_buf_clear(&key);
    WT_OK(wi_partition_key_text(p, files[i], "f", &key, &err));
    WT_EQ_STR(key.p, "[\"2024-01-01 00:00:00.000000\",null]");
  }
  wi_buf_clear(&key);
  WT_OK(wi_partition_key_given(p, given, &key, &err));
  WT_EQ_STR(key.p, "[\"2024-01-01 00:00:00.000000\",null]");
  wi_buf_clear(&key);
  WT_OK(wi_partition_key_given(p, nulls, &key, &err));
  WT_EQ_STR(key.p, "[null,null]");
  wi_buf_clear(&key);
  WT_OK(wi_partition_key_text(p, NULL, "f", &key, &err));
  WT_EQ_STR(key.p, "[null,null]");
  wi_buf_release(&key);
  wi_partitioning_free(&p);
}

WT_TEST(bad_values_are_named) {
  static const char *const given[] = {"never", "x"};
  static const char *const bad[] = {"{\"t\":\"never\",\"s\":\"x\"}", "{\"t\":7}", "[]",
                                    "{"};
  wi_partitioning *p = by(two, "[\"t\",\"s\"]");
  wi_buf key = WI_BUF_INIT;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_buf_clear(&key);
    WT_EQ_INT(wi_partition_key_text(p, bad[i], "a/file", &key, &err), WEIR_E_LOG_CORRUPT);
    WT_CHECK(strstr(err.message, "'a/file'") != NULL);
    WT_CHECK(i > 1 || strstr(err.message, "'t'") != NULL);
    weir_error_release(&err);
  }
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(wi_partition_key_given(p, given, &key, &err), WEIR_E_BAD_VALUE);
  WT_CHECK(strstr(err.message, "'never'") != NULL && strstr(err.message, "'t'") != NULL);
  weir_error_release(&err);
  wi_buf_release(&key);
  wi_partitioning_free(&p);
  WT_CHECK(by(two, "[\"T\"]") == NULL);
  WT_CHECK(by(STRUCT(FIELD_OF("a",
                              "{\"type\":\"array\",\"elementType\":\"long\","
                              "\"containsNull\":true}",
                              "true", "{}")),
              "[\"a\"]") == NULL);
}

WT_TEST(mapped_names_are_followed) {
  wi_meta *m = meta_of(
      PROTOCOL(2, 5),
      STRUCT(FIELD_OF("p", "\"long\"", "true",
                      "{\"delta.columnMapping.physicalName\":\"col-1\"}")),
      ",\"partitionColumns\":[\"p\"],\"configuration\":{\"delta.columnMapping.mode\":"
      "\"name\"}");
  wi_partitioning *p = NULL;
  weir_error err = WEIR_ERROR_INIT;
  wi_buf key = WI_BUF_INIT;
  WT_OK(wi_partitioning_new(m, &p, &err));
  WT_OK(wi_partition_key_text(p, "{\"col-1\":\"07\"}", "f", &key, &err));
  WT_EQ_STR(key.p, "[\"7\"]");
  wi_buf_release(&key);
  wi_partitioning_free(&p);
  wi_meta_unref(&m);
}
