/* Values of every Arrow type as text, built with nanoarrow. */
#include "common/test.h"
#include "render.h"

typedef struct column { /* one column, filled by the test */
  struct ArrowSchema schema;
  struct ArrowArray array;
  struct ArrowArrayView view;
  wi_cli_field field;
  wi_cli_buf text;
  weir_error err;
} column;

static void column_schema(column *c, enum ArrowType type) {
  *c = (column){0};
  ArrowSchemaInit(&c->schema);
  (void)ArrowSchemaSetType(&c->schema, type);
  (void)ArrowSchemaSetName(&c->schema, "c");
}

static void column_start(column *c) {
  (void)ArrowArrayInitFromSchema(&c->array, &c->schema, NULL);
  (void)ArrowArrayStartAppending(&c->array);
}

static bool column_done(column *c) {
  return ArrowArrayFinishBuildingDefault(&c->array, NULL) == NANOARROW_OK &&
         ArrowArrayViewInitFromSchema(&c->view, &c->schema, NULL) == NANOARROW_OK &&
         ArrowArrayViewSetArray(&c->view, &c->array, NULL) == NANOARROW_OK &&
         wi_cli_field_init(&c->field, &c->schema, &c->err) == WEIR_OK;
}

/* All values, with bars between them. */
static const char *column_text(column *c, wi_cli_value_form form) {
  wi_cli_buf_clear(&c->text);
  for (int64_t i = 0; i < c->array.length; i++) {
    wi_cli_buf_str(&c->text, i > 0 ? "|" : "");
    wi_cli_value_add(&c->text, &c->field, &c->view, i, form);
  }
  return wi_cli_buf_text(&c->text);
}

static void column_release(column *c) {
  ArrowArrayViewReset(&c->view);
  if (c->array.release != NULL) {
    c->array.release(&c->array);
  }
  if (c->schema.release != NULL) {
    c->schema.release(&c->schema);
  }
  wi_cli_field_release(&c->field);
  wi_cli_buf_release(&c->text);
  weir_error_release(&c->err);
}

#define CHECK_FORM(c, form, want)               \
  do {                                          \
    WT_CHECK(column_done(&(c)));                \
    WT_EQ_STR(column_text(&(c), (form)), want); \
    column_release(&(c));                       \
  } while (0)

static void fill_ints(column *c, enum ArrowType type, const int64_t *values, size_t n) {
  column_schema(c, type);
  column_start(c);
  for (size_t i = 0; i < n; i++) {
    (void)ArrowArrayAppendInt(&c->array, values[i]);
  }
  (void)ArrowArrayAppendNull(&c->array, 1);
}

WT_TEST(integers) {
  column c;
  fill_ints(&c, NANOARROW_TYPE_INT8, (int64_t[]){-128, 127}, 2);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "-128|127|null");
  fill_ints(&c, NANOARROW_TYPE_INT16, (int64_t[]){-32768, 0}, 2);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "-32768|0|null");
  fill_ints(&c, NANOARROW_TYPE_INT64, (int64_t[]){INT64_MIN, INT64_MAX}, 2);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "-9223372036854775808|9223372036854775807|");
  fill_ints(&c, NANOARROW_TYPE_UINT32, (int64_t[]){4294967295}, 1);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "4294967295|null");
  column_schema(&c, NANOARROW_TYPE_UINT64);
  column_start(&c);
  (void)ArrowArrayAppendUInt(&c.array, UINT64_MAX);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "18446744073709551615");
}

static void fill_doubles(column *c, enum ArrowType type, const double *values, size_t n) {
  column_schema(c, type);
  column_start(c);
  for (size_t i = 0; i < n; i++) {
    (void)ArrowArrayAppendDouble(&c->array, values[i]);
  }
}

WT_TEST(floats) {
  column c;
  const double values[] = {1,
                           0.1,
                           -0.0,
                           1e300,
                           5e-324,
                           1.0 / 3,
                           1e15,
                           __builtin_nan(""),
                           __builtin_inf(),
                           -__builtin_inf()};
  fill_doubles(&c, NANOARROW_TYPE_DOUBLE, values, 10);
  CHECK_FORM(c, WI_CLI_VALUE_JSON,
             "1.0|0.1|-0.0|1e300|5e-324|0.3333333333333333|1e15|\"NaN\"|\"Infinity\"|"
             "\"-Infinity\"");
  fill_doubles(&c, NANOARROW_TYPE_DOUBLE, values + 7, 3);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "NaN|Infinity|-Infinity");
  fill_doubles(&c, NANOARROW_TYPE_FLOAT, (double[]){(double)0.1F, 16777216, 1e-45}, 3);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "0.1|16777216.0|1e-45");
  fill_doubles(&c, NANOARROW_TYPE_HALF_FLOAT, (double[]){0.5, 65504}, 2);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "0.5|65504.0");
}

WT_TEST(booleans_and_nulls) {
  column c;
  fill_ints(&c, NANOARROW_TYPE_BOOL, (int64_t[]){1, 0}, 2);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "true|false|null");
  column_schema(&c, NANOARROW_TYPE_NA);
  column_start(&c);
  (void)ArrowArrayAppendNull(&c.array, 2);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "null|null");
}

WT_TEST(texts_of_all_layouts) {
  static const enum ArrowType types[] = {
      NANOARROW_TYPE_STRING, NANOARROW_TYPE_LARGE_STRING, NANOARROW_TYPE_STRING_VIEW};
  for (size_t i = 0; i < 3; i++) {
    column c;
    column_schema(&c, types[i]);
    column_start(&c);
    (void)ArrowArrayAppendString(&c.array, ArrowCharView("a \"b\"\\\n\x01"));
    (void)ArrowArrayAppendString(&c.array,
                                 ArrowCharView("more than twelve bytes \xc3\xa9"));
    (void)ArrowArrayAppendString(&c.array, ArrowCharView(""));
    CHECK_FORM(c, WI_CLI_VALUE_JSON,
               "\"a \\\"b\\\"\\\\\\n\\u0001\"|\"more than twelve bytes \xc3\xa9\"|\"\"");
  }
}

static void append_bytes(column *c, const char *bytes, int64_t n) {
  (void)ArrowArrayAppendBytes(&c->array, (struct ArrowBufferView){{bytes}, n});
}

WT_TEST(bytes) {
  column c;
  column_schema(&c, NANOARROW_TYPE_BINARY);
  column_start(&c);
  append_bytes(&c, "\x00\xff", 2);
  append_bytes(&c, "abc", 3);
  append_bytes(&c, "", 0);
  append_bytes(&c, "x", 1);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "\"AP8=\"|\"YWJj\"|\"\"|\"eA==\"");
  column_schema(&c, NANOARROW_TYPE_BINARY_VIEW);
  column_start(&c);
  append_bytes(&c, "\x00\xff", 2);
  CHECK_FORM(c, WI_CLI_VALUE_SCREEN, "00ff");
  column_schema(&c, NANOARROW_TYPE_UNINITIALIZED);
  (void)ArrowSchemaSetTypeFixedSize(&c.schema, NANOARROW_TYPE_FIXED_SIZE_BINARY, 2);
  column_start(&c);
  append_bytes(&c, "ab", 2);
  append_bytes(&c, "cd", 2);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "YWI=|Y2Q=");
}

static void decimal_column(column *c, enum ArrowType type, int32_t bits,
                           int32_t precision, int32_t scale, const char *digits) {
  struct ArrowDecimal value;
  column_schema(c, NANOARROW_TYPE_UNINITIALIZED);
  (void)ArrowSchemaSetTypeDecimal(&c->schema, type, precision, scale);
  column_start(c);
  ArrowDecimalInit(&value, bits, precision, scale);
  (void)ArrowDecimalSetDigits(&value, ArrowCharView(digits));
  (void)ArrowArrayAppendDecimal(&c->array, &value);
}

WT_TEST(decimals) {
  column c;
  decimal_column(&c, NANOARROW_TYPE_DECIMAL128, 128, 38, 2,
                 "-12345678901234567890123456");
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "\"-123456789012345678901234.56\"");
  decimal_column(&c, NANOARROW_TYPE_DECIMAL128, 128, 10, 4, "5");
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "0.0005");
  decimal_column(
      &c, NANOARROW_TYPE_DECIMAL256, 256, 76, 0,
      "9999999999999999999999999999999999999999999999999999999999999999999999999999");
  CHECK_FORM(
      c, WI_CLI_VALUE_PLAIN,
      "9999999999999999999999999999999999999999999999999999999999999999999999999999");
  decimal_column(&c, NANOARROW_TYPE_DECIMAL32, 32, 9, 3, "-1001");
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "-1.001");
  decimal_column(&c, NANOARROW_TYPE_DECIMAL64, 64, 18, 1, "123");
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "12.3");
}

static void time_column(column *c, enum ArrowType type, enum ArrowTimeUnit unit,
                        const char *zone, const int64_t *values, size_t n) {
  column_schema(c, NANOARROW_TYPE_UNINITIALIZED);
  (void)ArrowSchemaSetTypeDateTime(&c->schema, type, unit, zone);
  column_start(c);
  for (size_t i = 0; i < n; i++) {
    (void)ArrowArrayAppendInt(&c->array, values[i]);
  }
}

WT_TEST(dates) {
  column c;
  fill_ints(&c, NANOARROW_TYPE_DATE32,
            (int64_t[]){0, -1, 19782, -719162, 2932896, 2932897}, 6);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN,
             "1970-01-01|1969-12-31|2024-02-29|0001-01-01|9999-12-31|+010000-01-01|");
  fill_ints(&c, NANOARROW_TYPE_DATE64, (int64_t[]){86400000, -1}, 2);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "\"1970-01-02\"|\"1969-12-31\"|null");
}

WT_TEST(timestamps) {
  column c;
  time_column(&c, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_SECOND, "UTC",
              (int64_t[]){0, -1}, 2);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN,
             "1970-01-01T00:00:00.000000Z|1969-12-31T23:59:59.000000Z");
  time_column(&c, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MILLI, NULL,
              (int64_t[]){1500, -1}, 2);
  CHECK_FORM(c, WI_CLI_VALUE_JSON,
             "\"1970-01-01T00:00:01.500000\"|\"1969-12-31T23:59:59.999000\"");
  time_column(&c, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO, "Europe/Berlin",
              (int64_t[]){1700000000123456}, 1);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "2023-11-14T22:13:20.123456Z");
  /* Six digits, but nothing is lost where nanoseconds are there. */
  time_column(&c, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_NANO, NULL,
              (int64_t[]){1000, 1001, INT64_MIN}, 3);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN,
             "1970-01-01T00:00:00.000001|1970-01-01T00:00:00.000001001|"
             "1677-09-21T00:12:43.145224192");
}

WT_TEST(times_and_durations) {
  column c;
  time_column(&c, NANOARROW_TYPE_TIME32, NANOARROW_TIME_UNIT_MILLI, NULL,
              (int64_t[]){86399999}, 1);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "23:59:59.999000");
  time_column(&c, NANOARROW_TYPE_TIME64, NANOARROW_TIME_UNIT_NANO, NULL, (int64_t[]){1},
              1);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "00:00:00.000000001");
  time_column(&c, NANOARROW_TYPE_DURATION, NANOARROW_TIME_UNIT_MILLI, NULL,
              (int64_t[]){90061050, -1, 0}, 3);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "PT90061.05S|PT-0.001S|PT0S");
}

static void append_interval(column *c, enum ArrowType type, int32_t months, int32_t days,
                            int32_t ms, int64_t ns) {
  struct ArrowInterval interval;
  ArrowIntervalInit(&interval, type);
  interval.months = months;
  interval.days = days;
  interval.ms = ms;
  interval.ns = ns;
  (void)ArrowArrayAppendInterval(&c->array, &interval);
}

WT_TEST(intervals) {
  column c;
  enum ArrowType type = NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO;
  column_schema(&c, type);
  column_start(&c);
  append_interval(&c, type, 14, -3, 0, 1500000000);
  append_interval(&c, type, 0, 0, 0, 0);
  append_interval(&c, type, 0, 1, 0, 0);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "P14M-3DT1.5S|PT0S|P1D");
  type = NANOARROW_TYPE_INTERVAL_DAY_TIME;
  column_schema(&c, type);
  column_start(&c);
  append_interval(&c, type, 0, 2, -250, 0);
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "P2DT-0.25S");
}

/* [1, null], [], null */
static void fill_lists(column *c, enum ArrowType type) {
  column_schema(c, type);
  (void)ArrowSchemaSetType(c->schema.children[0], NANOARROW_TYPE_INT32);
  column_start(c);
  (void)ArrowArrayAppendInt(c->array.children[0], 1);
  (void)ArrowArrayAppendNull(c->array.children[0], 1);
  (void)ArrowArrayFinishElement(&c->array);
  (void)ArrowArrayFinishElement(&c->array);
  (void)ArrowArrayAppendNull(&c->array, 1);
}

WT_TEST(lists) {
  static const enum ArrowType types[] = {NANOARROW_TYPE_LIST, NANOARROW_TYPE_LARGE_LIST,
                                         NANOARROW_TYPE_LIST_VIEW,
                                         NANOARROW_TYPE_LARGE_LIST_VIEW};
  for (size_t i = 0; i < 4; i++) {
    column c;
    fill_lists(&c, types[i]);
    CHECK_FORM(c, WI_CLI_VALUE_JSON, "[1,null]|[]|null");
  }
  column c;
  column_schema(&c, NANOARROW_TYPE_UNINITIALIZED);
  (void)ArrowSchemaSetTypeFixedSize(&c.schema, NANOARROW_TYPE_FIXED_SIZE_LIST, 2);
  (void)ArrowSchemaSetType(c.schema.children[0], NANOARROW_TYPE_INT32);
  column_start(&c);
  for (int i = 0; i < 4; i++) {
    (void)ArrowArrayAppendInt(c.array.children[0], i);
    (void)(i % 2 == 1 ? ArrowArrayFinishElement(&c.array) : 0);
  }
  CHECK_FORM(c, WI_CLI_VALUE_PLAIN, "[0,1]|[2,3]");
}

WT_TEST(a_slice_of_lists_starts_in_the_middle) {
  column c;
  fill_lists(&c, NANOARROW_TYPE_LIST);
  WT_CHECK(ArrowArrayFinishBuildingDefault(&c.array, NULL) == NANOARROW_OK);
  c.array.offset = 1;
  c.array.length = 2;
  WT_CHECK(ArrowArrayViewInitFromSchema(&c.view, &c.schema, NULL) == NANOARROW_OK);
  WT_CHECK(ArrowArrayViewSetArray(&c.view, &c.array, NULL) == NANOARROW_OK);
  WT_EQ_INT(wi_cli_field_init(&c.field, &c.schema, &c.err), WEIR_OK);
  WT_EQ_STR(column_text(&c, WI_CLI_VALUE_JSON), "[]|null");
  column_release(&c);
}

static void struct_schema(column *c, const char *first, const char *second) {
  column_schema(c, NANOARROW_TYPE_UNINITIALIZED);
  (void)ArrowSchemaSetTypeStruct(&c->schema, 2);
  (void)ArrowSchemaSetType(c->schema.children[0], NANOARROW_TYPE_INT64);
  (void)ArrowSchemaSetType(c->schema.children[1], NANOARROW_TYPE_STRING);
  (void)ArrowSchemaSetName(c->schema.children[0], first);
  (void)ArrowSchemaSetName(c->schema.children[1], second);
}

WT_TEST(structs) {
  column c;
  struct_schema(&c, "a", "b \"c\"");
  column_start(&c);
  (void)ArrowArrayAppendInt(c.array.children[0], 1);
  (void)ArrowArrayAppendString(c.array.children[1], ArrowCharView("x"));
  (void)ArrowArrayFinishElement(&c.array);
  (void)ArrowArrayAppendNull(&c.array, 1);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "{\"a\":1,\"b \\\"c\\\"\":\"x\"}|null");
}

WT_TEST(equal_names_are_refused) {
  column c;
  struct_schema(&c, "a", "a");
  WT_EQ_INT(wi_cli_field_init(&c.field, &c.schema, &c.err), WEIR_OK);
  WT_EQ_INT(wi_cli_field_unique(&c.field, true, true, &c.err), WEIR_E_OUTPUT_NAME);
  WT_CHECK(strstr(c.err.message, "'a'") != NULL);
  WT_CHECK(strstr(c.err.hint, "AS") != NULL);
  column_release(&c);
}

static void fill_map(column *c, enum ArrowType key) {
  column_schema(c, NANOARROW_TYPE_MAP);
  struct ArrowSchema *entries = c->schema.children[0];
  (void)ArrowSchemaSetType(entries->children[0], key);
  entries->children[0]->flags &= ~ARROW_FLAG_NULLABLE;
  (void)ArrowSchemaSetType(entries->children[1], NANOARROW_TYPE_INT64);
  column_start(c);
  for (int i = 0; i < 2; i++) {
    struct ArrowArray *pairs = c->array.children[0];
    if (key == NANOARROW_TYPE_STRING) {
      (void)ArrowArrayAppendString(pairs->children[0], ArrowCharView(i == 0 ? "k" : "l"));
    } else {
      (void)ArrowArrayAppendInt(pairs->children[0], i);
    }
    (void)ArrowArrayAppendInt(pairs->children[1], 10 + i);
    (void)ArrowArrayFinishElement(pairs);
  }
  (void)ArrowArrayFinishElement(&c->array);
  (void)ArrowArrayFinishElement(&c->array);
}

WT_TEST(maps) {
  column c;
  fill_map(&c, NANOARROW_TYPE_STRING);
  CHECK_FORM(c, WI_CLI_VALUE_JSON, "{\"k\":10,\"l\":11}|{}");
  fill_map(&c, NANOARROW_TYPE_INT32);
  CHECK_FORM(c, WI_CLI_VALUE_JSON,
             "[{\"key\":0,\"value\":10},{\"key\":1,\"value\":11}]|[]");
}

WT_TEST(dictionaries_are_decoded) {
  column c;
  column_schema(&c, NANOARROW_TYPE_INT8);
  (void)ArrowSchemaAllocateDictionary(&c.schema);
  ArrowSchemaInit(c.schema.dictionary);
  (void)ArrowSchemaSetType(c.schema.dictionary, NANOARROW_TYPE_STRING);
  column_start(&c);
  (void)ArrowArrayAppendString(c.array.dictionary, ArrowCharView("zero"));
  (void)ArrowArrayAppendNull(c.array.dictionary, 1);
  (void)ArrowArrayAppendInt(&c.array, 1);
  (void)ArrowArrayAppendInt(&c.array, 0);
  (void)ArrowArrayAppendNull(&c.array, 1);
  WT_CHECK(column_done(&c));
  WT_EQ_STR(column_text(&c, WI_CLI_VALUE_JSON), "null|\"zero\"|null");
  WT_CHECK(wi_cli_value_is_null(&c.field, &c.view, 0));
  WT_CHECK(!wi_cli_value_is_null(&c.field, &c.view, 1));
  WT_CHECK(wi_cli_value_is_null(&c.field, &c.view, 2));
  column_release(&c);
}

WT_TEST(run_end_encoding_is_refused_with_the_cast) {
  column c;
  column_schema(&c, NANOARROW_TYPE_UNINITIALIZED);
  (void)ArrowSchemaSetTypeRunEndEncoded(&c.schema, NANOARROW_TYPE_INT32);
  (void)ArrowSchemaSetType(c.schema.children[1], NANOARROW_TYPE_INT64);
  WT_EQ_INT(wi_cli_field_init(&c.field, &c.schema, &c.err), WEIR_E_NOT_YET);
  WT_CHECK(strstr(c.err.message, "run_end_encoded") != NULL);
  WT_CHECK(strstr(c.err.hint, "arrow_cast(\"c\"") != NULL);
  column_release(&c);
}

static const char *visible(wi_cli_buf *b, const char *text) {
  wi_cli_buf_clear(b);
  wi_cli_visible(b, text, strlen(text), false);
  return wi_cli_buf_text(b);
}

WT_TEST(data_cannot_drive_a_terminal) {
  wi_cli_buf b = WI_CLI_BUF_INIT;
  WT_EQ_STR(visible(&b, "a\033[2Jb\r\n\t\x7f"), "a\\x1b[2Jb\\r\\n\\t\\x7f");
  WT_EQ_STR(visible(&b, "\xc2\x9b"), "\\x9b"); /* the one-byte form of escape [ */
  WT_EQ_STR(visible(&b, "caf\xc3\xa9 \xff"), "caf\xc3\xa9 \xef\xbf\xbd");
  WT_EQ_STR(visible(&b,
                    "a\xe2\x80\xae"
                    "b\xe2\x81\xa6"),
            "a\\u202eb\\u2066");
  wi_cli_buf_clear(&b);
  wi_cli_json_text(&b, "\xc2\x9b[2J \xe2\x80\xae \xe2\x82\xac \xc2\xa0");
  WT_EQ_STR(wi_cli_buf_text(&b), "\"\\u009b[2J \\u202e \xe2\x82\xac \xc2\xa0\"");
  wi_cli_buf_release(&b);
}
