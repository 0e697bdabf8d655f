/* Statistics: bounds are never narrower than the values. */
#include "unit/delta/crafted.h"
#include "unit/delta/rows.h"

/* The JSON of one column, as {min, max} texts; absent ones are "(none)". */
static char got_min[1024], got_max[1024], whole[8192];

static wi_str str(const char *text) {
  wi_str none = {NULL, 0};
  return text == NULL ? none : wi_str_of(text);
}

static void keep(const json_t *stats, const char *part, char *out) {
  const json_t *value = json_object_get(json_object_get(stats, part), "c");
  snprintf(out, 1024, "(none)");
  if (json_is_string(value)) {
    snprintf(out, 1024, "%s", json_string_value(value));
  } else if (value != NULL) {
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    snprintf(out, 1024, "%s", text);
    free(text);
  }
}

static void one(const char *type, const char *min, const char *max) {
  wi_stats *stats = wi_stats_new();
  wi_buf text = WI_BUF_INIT;
  if (wi_stats_add(stats, wi_str_of("c"), wi_str_of(type), 0, str(min), str(max), NULL) !=
          0 ||
      wi_stats_write(stats, 3, &text, NULL) != 0) {
    abort();
  }
  snprintf(whole, sizeof whole, "%s", text.p);
  json_t *json = json_loads(text.p, JSON_ALLOW_NUL, NULL);
  if (json == NULL) {
    abort();
  }
  keep(json, "minValues", got_min);
  keep(json, "maxValues", got_max);
  json_decref(json);
  wi_buf_release(&text);
  wi_stats_free(&stats);
}

WT_TEST(numbers_are_numbers) {
  one("Int64", "-9223372036854775808", "9223372036854775807");
  WT_EQ_STR(whole,
            "{\"numRecords\":3,\"minValues\":{\"c\":-9223372036854775808},"
            "\"maxValues\":{\"c\":9223372036854775807},\"nullCount\":{\"c\":0}}");
  one("Decimal128(38, 2)", "-99999999999999999999999999999999999.99", "0.10");
  WT_CHECK(
      strstr(whole, "\"minValues\":{\"c\":-99999999999999999999999999999999999.99}") !=
      NULL);
  WT_CHECK(strstr(whole, "\"maxValues\":{\"c\":0.10}") != NULL);
  one("Float64", "-1.5", "1e300");
  WT_CHECK(strstr(whole, "\"minValues\":{\"c\":-1.5},\"maxValues\":{\"c\":1e300}") !=
           NULL);
}

WT_TEST(floats_that_json_cannot_hold_are_left_out) {
  static const char *const bad[] = {"NaN", "inf", "-inf", "Infinity", "",    "1.",
                                    ".5",  "01",  "1e",   "+1",       "0x1", "1 "};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    one("Float64", bad[i], bad[i]);
    WT_EQ_STR(got_min, "(none)");
    WT_EQ_STR(got_max, "(none)");
  }
}

WT_TEST(zeros_of_both_signs_are_within) {
  static const char *const zeros[] = {"0", "-0", "0.0", "-0.0", "0e5"};
  for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++) {
    one("Float64", zeros[i], zeros[i]);
    WT_CHECK(strstr(whole, "\"minValues\":{\"c\":-0.0},\"maxValues\":{\"c\":0.0}") !=
             NULL);
  }
  one("Int64", "0", "0");
  WT_CHECK(strstr(whole, "\"minValues\":{\"c\":0},\"maxValues\":{\"c\":0}") != NULL);
}

WT_TEST(dates_and_times) {
  one("Date32", "1582-10-15", "9999-12-31");
  WT_EQ_STR(got_min, "1582-10-15");
  WT_EQ_STR(got_max, "9999-12-31");
  one("Date32", "-0001-01-01", "+10000-01-01");
  WT_EQ_STR(got_min, "(none)");
  WT_EQ_STR(got_max, "(none)");
  one("Timestamp(µs, \"UTC\")", "2024-01-02T03:04:05.678901Z",
      "2024-01-02T03:04:05.678901Z");
  WT_EQ_STR(got_min, "2024-01-02T03:04:05.678Z");
  WT_EQ_STR(got_max, "2024-01-02T03:04:05.679Z");
  one("Timestamp(µs)", "2024-01-02T03:04:05.678000", "2024-12-31T23:59:59.999001");
  WT_EQ_STR(got_min, "2024-01-02T03:04:05.678");
  WT_EQ_STR(got_max, "2025-01-01T00:00:00.000");
  one("Timestamp(µs, \"UTC\")", "1900-01-01T00:00:00.000001Z",
      "1969-12-31T23:59:59.999999Z");
  WT_EQ_STR(got_min, "1900-01-01T00:00:00.000Z");
  WT_EQ_STR(got_max, "1970-01-01T00:00:00.000Z");
  one("Timestamp(µs, \"UTC\")", "9999-12-31T23:59:59.999001Z",
      "9999-12-31T23:59:59.999001Z");
  WT_EQ_STR(got_min, "9999-12-31T23:59:59.999Z");
  WT_EQ_STR(got_max, "(none)"); /* rounded up it would be year 10000 */
  one("Timestamp(µs, \"UTC\")", "+10000-01-01T00:00:00.000000Z", "nonsense");
  WT_EQ_STR(got_min, "(none)");
  WT_EQ_STR(got_max, "(none)");
}

WT_TEST(types_without_bounds) {
  one("Boolean", "false", "true");
  WT_EQ_STR(got_min, "(none)");
  one("BinaryView", "a", "b");
  WT_EQ_STR(got_max, "(none)");
  WT_CHECK(strstr(whole, "\"nullCount\":{\"c\":0}") != NULL);
  one("Int64", NULL, NULL);
  WT_EQ_STR(got_min, "(none)");
}

#define A31 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

WT_TEST(texts_are_cut_at_32_characters_and_the_max_rises) {
  one("Utf8View", A31 "b", A31 "b");
  WT_EQ_STR(got_min, A31 "b");
  WT_EQ_STR(got_max, A31 "b"); /* fits: exact */
  one("Utf8View", A31 "bc", A31 "bc");
  WT_EQ_STR(got_min, A31 "b");
  WT_EQ_STR(got_max, A31 "c");
  one("Utf8", A31 "\xC3\xBFx", A31 "\xC3\xBFx"); /* U+00FF -> U+0100 */
  WT_EQ_STR(got_min, A31 "\xC3\xBF");
  WT_EQ_STR(got_max, A31 "\xC4\x80");
  one("Utf8", "a", A31 "\x7Fx"); /* one byte becomes two */
  WT_EQ_STR(got_max, A31 "\xC2\x80");
  one("Utf8", "a", A31 "\xED\x9F\xBFx"); /* before the surrogates */
  WT_EQ_STR(got_max, A31 "\xEE\x80\x80");
  one("LargeUtf8", "a",
      A31 "\xF4\x8F\xBF\xBFx"); /* U+10FFFF cannot rise: the one before does */
  WT_EQ_STR(got_max, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
  one("Utf8", "", "");
  WT_EQ_STR(got_min, "");
  WT_EQ_STR(got_max, "");
  one("Utf8", "\xFF", "\xFF");
  WT_EQ_STR(got_min, "(none)");
}

WT_TEST(a_text_of_nothing_but_the_last_character_has_no_max) {
  char text[33 * 4 + 1];
  for (int i = 0; i < 33; i++) {
    memcpy(text + 4 * i, "\xF4\x8F\xBF\xBF", 4);
  }
  text[33 * 4] = '\0';
  one("Utf8", text, text);
  WT_EQ_INT(strlen(got_min), 32 * 4);
  WT_EQ_STR(got_max, "(none)");
}

static uint32_t seed = 20240601;

static uint32_t next(uint32_t below) {
  seed = seed * 1664525u + 1013904223u;
  return (seed >> 8) % below;
}

static size_t put_char(uint32_t c, char *out) {
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  if (c < 0x800) {
    out[0] = (char)(0xC0 | c >> 6);
    out[1] = (char)(0x80 | (c & 63));
    return 2;
  }
  if (c < 0x10000) {
    out[0] = (char)(0xE0 | c >> 12);
    out[1] = (char)(0x80 | (c >> 6 & 63));
    out[2] = (char)(0x80 | (c & 63));
    return 3;
  }
  out[0] = (char)(0xF0 | c >> 18);
  out[1] = (char)(0x80 | (c >> 12 & 63));
  out[2] = (char)(0x80 | (c >> 6 & 63));
  out[3] = (char)(0x80 | (c & 63));
  return 4;
}

static uint32_t random_char(void) {
  static const uint32_t edges[] = {1,        0x7F,   0x80,   0x7FF,   0x800,
                                   0xD7FF,   0xE000, 0xFFFF, 0x10000, 0x10FFFE,
                                   0x10FFFF, 'a',    'z'};
  if (next(3) > 0) {
    return edges[next(sizeof edges / sizeof edges[0])];
  }
  uint32_t c = 1 + next(0x10FFFF);
  return c >= 0xD800 && c < 0xE000 ? 'x' : c;
}

WT_TEST(random_texts_stay_within_their_bounds) {
  for (int round = 0; round < 20000; round++) {
    char text[64 * 4 + 1];
    size_t n = 0, length = next(60);
    for (size_t i = 0; i < length; i++) {
      n += put_char(random_char(), text + n);
    }
    text[n] = '\0';
    one("Utf8View", text, text);
    WT_CHECK(strcmp(got_min, "(none)") != 0 && strcmp(got_min, text) <= 0);
    bool none = strcmp(got_max, "(none)") == 0;
    WT_CHECK(none || strcmp(got_max, text) >= 0);
    size_t chars = 0;
    for (const char *p = got_max; *p != '\0' && !none; p++) {
      chars += ((unsigned char)*p & 0xC0) != 0x80 ? 1 : 0;
    }
    WT_CHECK(chars <= 32);
    WT_CHECK(none || wi_utf8_valid(got_max, strlen(got_max)));
    if (none) { /* only where no character of the first 32 can rise */
      for (size_t i = 0; i < 32; i++) {
        WT_CHECK(memcmp(text + 4 * i, "\xF4\x8F\xBF\xBF", 4) == 0);
      }
    }
  }
}

WT_TEST(columns_nest_by_their_dots) {
  wi_stats *stats = wi_stats_new();
  wi_buf text = WI_BUF_INIT;
  wi_str none = {NULL, 0};
  wi_str i64 = wi_str_of("Int64");
  weir_error err = WEIR_ERROR_INIT;
  WT_OK(wi_stats_add(stats, wi_str_of("a"), i64, 1, str("1"), str("2"), &err));
  WT_OK(wi_stats_add(stats, wi_str_of("s.x.y"), i64, 2, str("3"), none, &err));
  WT_OK(wi_stats_add(stats, wi_str_of("s.x.z"), i64, -1, none, str("4"), &err));
  WT_OK(wi_stats_add(stats, wi_str_of("s.w"), i64, 5, none, none, &err));
  WT_OK(wi_stats_write(stats, 9, &text, &err));
  WT_EQ_STR(text.p,
            "{\"numRecords\":9,\"minValues\":{\"a\":1,\"s\":{\"x\":{\"y\":3}}},"
            "\"maxValues\":{\"a\":2,\"s\":{\"x\":{\"z\":4}}},"
            "\"nullCount\":{\"a\":1,\"s\":{\"x\":{\"y\":2},\"w\":5}}}");
  wi_buf_clear(&text);
  wi_stats_free(&stats);
  /* A column "a.b" beside a struct a with b: nothing can be said of either. */
  stats = wi_stats_new();
  WT_OK(wi_stats_add(stats, wi_str_of("a.b"), i64, 1, str("1"), str("2"), &err));
  WT_OK(wi_stats_add(stats, wi_str_of("a.c"), i64, 1, str("5"), str("6"), &err));
  WT_OK(wi_stats_add(stats, wi_str_of("a.b"), i64, 2, str("3"), str("4"), &err));
  WT_OK(wi_stats_add(stats, wi_str_of("t"), i64, 2, str("3"), str("4"), &err));
  WT_OK(wi_stats_add(stats, wi_str_of("t.u"), i64, 2, str("3"), str("4"), &err));
  WT_OK(wi_stats_write(stats, 0, &text, &err));
  WT_EQ_STR(
      text.p,
      "{\"numRecords\":0,\"minValues\":{\"a\":{\"c\":5}},\"maxValues\":{\"a\":{\"c\":6}},"
      "\"nullCount\":{\"a\":{\"c\":1}}}");
  wi_buf_release(&text);
  wi_stats_free(&stats);
}

/* file_ord, path, size, rows, partition_values, column, type, null_count, min, max */
#define STAGED "ltlltttltt"

WT_TEST(staged_files_are_read_with_their_statistics) {
  weir_error err = WEIR_ERROR_INIT;
  wi_staged staged;
  static const char *const cells[] = {"0",
                                      "p/r/00000.parquet",
                                      "100",
                                      "10",
                                      "{\"d\":\"x\"}",
                                      NULL,
                                      NULL,
                                      NULL,
                                      NULL,
                                      NULL,
                                      "0",
                                      "p/r/00000.parquet",
                                      "100",
                                      "10",
                                      "{\"d\":\"x\"}",
                                      "a",
                                      "Int64",
                                      "1",
                                      "5",
                                      "7",
                                      "0",
                                      "p/r/00000.parquet",
                                      "100",
                                      "10",
                                      "{\"d\":\"x\"}",
                                      "b",
                                      "Utf8View",
                                      "0",
                                      "",
                                      "z",
                                      "0",
                                      "p/r/00000.parquet",
                                      "100",
                                      "10",
                                      "{\"d\":\"x\"}",
                                      "c",
                                      "Int64",
                                      "0",
                                      "1",
                                      "1",
                                      "1",
                                      "p/r/00001.parquet",
                                      "50",
                                      "0",
                                      "{\"d\":null}",
                                      NULL,
                                      NULL,
                                      NULL,
                                      NULL,
                                      NULL};
  static const struct {
    const char *count, *list, *stats;
  } limits[] = {
      {NULL, NULL,
       "{\"numRecords\":10,\"minValues\":{\"a\":5,\"b\":\"\",\"c\":1},\"maxValues\":"
       "{\"a\":7,\"b\":\"z\",\"c\":1},\"nullCount\":{\"a\":1,\"b\":0,\"c\":0}}"},
      {"-1", NULL,
       "{\"numRecords\":10,\"minValues\":{\"a\":5,\"b\":\"\",\"c\":1},\"maxValues\":"
       "{\"a\":7,\"b\":\"z\",\"c\":1},\"nullCount\":{\"a\":1,\"b\":0,\"c\":0}}"},
      {"1", NULL,
       "{\"numRecords\":10,\"minValues\":{\"a\":5},\"maxValues\":{\"a\":7},"
       "\"nullCount\":{\"a\":1}}"},
      {"1", " B , `c`, nothing.here",
       "{\"numRecords\":10,\"minValues\":{\"b\":\"\",\"c\":1},\"maxValues\":"
       "{\"b\":\"z\",\"c\":1},\"nullCount\":{\"b\":0,\"c\":0}}"},
      {NULL, " ",
       "{\"numRecords\":10,\"minValues\":{},\"maxValues\":{},\"nullCount\":{}}"},
      {"0", NULL,
       "{\"numRecords\":10,\"minValues\":{},\"maxValues\":{},\"nullCount\":{}}"}};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    wi_cursor *rows = rows_cursor(STAGED, cells, 5);
    wi_stats_columns columns;
    WT_OK(wi_stats_columns_read(limits[i].count, limits[i].list, &columns, &err));
    WT_OK(wi_staged_read(rows, &columns, &staged, &err));
    wi_stats_columns_release(&columns);
    wi_cursor_free(&rows);
    WT_EQ_INT(staged.n, 2);
    WT_EQ_INT(staged.rows, 10);
    WT_EQ_INT(staged.bytes, 150);
    WT_EQ_STR(staged.files[0].path, "p/r/00000.parquet");
    WT_EQ_STR(staged.files[0].partition_values, "{\"d\":\"x\"}");
    WT_EQ_STR(staged.files[0].stats, limits[i].stats);
    WT_EQ_STR(staged.files[1].stats,
              "{\"numRecords\":0,\"minValues\":{},\"maxValues\":{},\"nullCount\":{}}");
    wi_staged_release(&staged);
  }
  wi_cursor *none = rows_cursor(STAGED, NULL, 0);
  WT_OK(wi_staged_read(none, NULL, &staged, &err));
  WT_EQ_INT(staged.n, 0);
  wi_cursor_free(&none);
  none = rows_cursor("lt", NULL, 0);
  WT_EQ_INT(wi_staged_read(none, NULL, &staged, NULL), WEIR_E_BUG);
  wi_cursor_free(&none);
}

WT_TEST(live_files_are_read) {
  weir_error err = WEIR_ERROR_INIT;
  wi_removes live;
  static const char *const cells[] = {
      "a%20b", "10", "5",  "{}", "{\"d\":null}", NULL, NULL,
      NULL,    "c",  "20", "6",  NULL,           NULL, "{\"storageType\":\"u\"}",
      NULL,    NULL};
  wi_cursor *rows = rows_cursor("tllttttt", cells, 2);
  WT_OK(wi_removes_read(rows, &live, &err));
  wi_cursor_free(&rows);
  WT_EQ_INT(live.n, 2);
  WT_EQ_STR(live.items[0].path, "a%20b");
  WT_EQ_INT(live.items[0].size, 10);
  WT_EQ_STR(live.items[0].partition_values, "{\"d\":null}");
  WT_CHECK(live.items[0].dv == NULL && live.items[1].partition_values == NULL);
  WT_EQ_STR(live.items[1].dv, "{\"storageType\":\"u\"}");
  wi_removes_release(&live);
}

/* ---- which columns ---- */

WT_TEST(lists_of_columns_are_read_as_spark_reads_them) {
  static const struct {
    const char *list, *names[4];
    size_t n;
  } good[] = {{"", {NULL}, 0},
              {"a", {"a"}, 1},
              {"a,B , s.Inner", {"a", "b", "s.inner"}, 3},
              {"`a,comma`,`it``s`,`a.dot`.`x`", {"a,comma", "it`s", "a.dot.x"}, 3},
              {"gr\xc3\xb6\xc3\x9f"
               "e",
               {"gr\xc3\xb6\xc3\x9f"
                "e"},
               1}};
  static const char *const bad[] = {",",  "a,", "a,,b", "a b",  "a.",
                                    ".a", "`a", "``",   "a`b`", "a-b"};
  weir_error err = WEIR_ERROR_INIT;
  wi_stats_columns columns;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    WT_OK(wi_stats_columns_read("7", good[i].list, &columns, &err));
    WT_CHECK(columns.listed);
    WT_EQ_INT(columns.names.n, good[i].n);
    for (size_t k = 0; k < columns.names.n; k++) {
      WT_EQ_STR(columns.names.items[k], good[i].names[k]);
    }
    wi_stats_columns_release(&columns);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    WT_EQ_INT(wi_stats_columns_read("7", bad[i], &columns, &err), WEIR_E_BAD_VALUE);
    WT_CHECK(!columns.listed && columns.leaves == 7);
    weir_error_release(&err);
  }
  WT_OK(wi_stats_columns_read("many", NULL, &columns, &err));
  WT_EQ_INT(columns.leaves, 32);
}

WT_TEST(a_struct_stands_for_its_leaves_and_names_must_be_there) {
  weir_error err = WEIR_ERROR_INIT;
  wi_stats_columns columns;
  struct ArrowSchema schema;
  const char *const partitions[] = {"day"};
  ArrowSchemaInit(&schema);
  WT_EQ_INT(ArrowSchemaSetTypeStruct(&schema, 2), NANOARROW_OK);
  WT_EQ_INT(ArrowSchemaSetTypeStruct(schema.children[0], 1), NANOARROW_OK);
  WT_EQ_INT(ArrowSchemaSetName(schema.children[0], "Pos"), NANOARROW_OK);
  WT_EQ_INT(ArrowSchemaSetType(schema.children[0]->children[0], NANOARROW_TYPE_INT64),
            NANOARROW_OK);
  WT_EQ_INT(ArrowSchemaSetName(schema.children[0]->children[0], "X"), NANOARROW_OK);
  WT_EQ_INT(ArrowSchemaSetType(schema.children[1], NANOARROW_TYPE_STRING), NANOARROW_OK);
  WT_EQ_INT(ArrowSchemaSetName(schema.children[1], "day"), NANOARROW_OK);
  WT_OK(wi_stats_columns_read(NULL, "pos", &columns, &err));
  WT_OK(wi_stats_columns_check(&columns, &schema, partitions, 1, &err));
  WT_CHECK(wi_stats_columns_has(&columns, wi_str_of("Pos.X"), 99));
  WT_CHECK(!wi_stats_columns_has(&columns, wi_str_of("Position"), 0));
  WT_CHECK(!wi_stats_columns_has(&columns, wi_str_of("day"), 0));
  wi_stats_columns_release(&columns);
  WT_OK(wi_stats_columns_read(NULL, "pos.x", &columns, &err));
  WT_OK(wi_stats_columns_check(&columns, &schema, partitions, 1, &err));
  wi_stats_columns_release(&columns);
  WT_OK(wi_stats_columns_read(NULL, "pos.x.y", &columns, &err));
  WT_EQ_INT(wi_stats_columns_check(&columns, &schema, partitions, 1, &err),
            WEIR_E_UNKNOWN_COLUMN);
  weir_error_release(&err);
  wi_stats_columns_release(&columns);
  WT_OK(wi_stats_columns_read(NULL, "DAY", &columns, &err));
  WT_EQ_INT(wi_stats_columns_check(&columns, &schema, partitions, 1, &err),
            WEIR_E_BAD_VALUE);
  weir_error_release(&err);
  wi_stats_columns_release(&columns);
  ArrowSchemaRelease(&schema);
}

WT_TEST(checkpoints_come_when_the_table_says) {
  WT_CHECK(!wi_checkpoint_due(0, NULL) && !wi_checkpoint_due(19, NULL));
  WT_CHECK(wi_checkpoint_due(20, NULL) && wi_checkpoint_due(40, "x") &&
           !wi_checkpoint_due(10, "x"));
  WT_CHECK(wi_checkpoint_due(3, "3") && !wi_checkpoint_due(20, "3") &&
           !wi_checkpoint_due(0, "3"));
  WT_CHECK(wi_checkpoint_due(20, "0") && !wi_checkpoint_due(7, "0"));
}
