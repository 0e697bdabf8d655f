/* The fixed text of every type, alone and within JSON. */
#include <math.h>

#include "udf/text/text.h"
#include "udf_test.h"

/* The text of row i of a column, alone; "error ..." when there is none. */
static void text_of(const tcol *c, int64_t i, char *out, size_t cap) {
  weir_error err = WEIR_ERROR_INIT;
  wi_arena arena = WI_ARENA_INIT;
  wi_shape shape;
  wi_text text;
  struct ArrowArrayView view;
  wi_text_init(&text);
  t_must(ArrowArrayViewInitFromSchema(&view, &c->schema, NULL));
  t_must(ArrowArrayViewSetArray(&view, &c->array, NULL));
  weir_status status = wi_shape_init(&shape, &c->schema, &arena, &err);
  if (status == WEIR_OK && wi_value_null(&shape, &view, i)) {
    snprintf(out, cap, "(null)");
  } else if (status == WEIR_OK) {
    wi_text_value(&text, &shape, &view, i);
    status = wi_text_check(&text, &err);
    snprintf(out, cap, "%s", wi_buf_text(&text.out));
  }
  if (status != WEIR_OK) {
    snprintf(out, cap, "error %s: %.150s", weir_error_code_name(status), err.message);
  }
  ArrowArrayViewReset(&view);
  wi_text_release(&text);
  wi_arena_release(&arena);
  weir_error_release(&err);
}

/* Checks the text of row i and frees the column. */
static void expect(tcol c, int64_t i, const char *expected) {
  char got[512];
  text_of(&c, i, got, sizeof got);
  t_free(&c);
  WT_EQ_STR(got, expected);
}

static tcol one_int(enum ArrowType type, int64_t v) {
  return t_ints(type, 1, &v);
}

static tcol one_double(enum ArrowType type, double v) {
  tcol c = t_begin(type);
  t_must(ArrowArrayAppendDouble(&c.array, v));
  t_end(&c);
  return c;
}

/* A column of a type with parameters, to be filled and ended. */
static tcol begin_format(const char *format) {
  tcol c;
  memset(&c, 0, sizeof c);
  ArrowSchemaInit(&c.schema);
  t_must(ArrowSchemaSetFormat(&c.schema, format));
  t_must(ArrowSchemaSetName(&c.schema, "c"));
  t_must(ArrowArrayInitFromSchema(&c.array, &c.schema, NULL));
  t_must(ArrowArrayStartAppending(&c.array));
  return c;
}

static tcol one_format(const char *format, int64_t v) {
  tcol c = begin_format(format);
  t_must(ArrowArrayAppendInt(&c.array, v));
  t_end(&c);
  return c;
}

WT_TEST(integers_and_booleans) {
  expect(one_int(NANOARROW_TYPE_INT8, -128), 0, "-128");
  expect(one_int(NANOARROW_TYPE_UINT8, 255), 0, "255");
  expect(one_int(NANOARROW_TYPE_INT16, -32768), 0, "-32768");
  expect(one_int(NANOARROW_TYPE_UINT16, 65535), 0, "65535");
  expect(one_int(NANOARROW_TYPE_INT32, INT32_MIN), 0, "-2147483648");
  expect(one_int(NANOARROW_TYPE_UINT32, UINT32_MAX), 0, "4294967295");
  expect(one_int(NANOARROW_TYPE_INT64, 0), 0, "0");
  expect(one_int(NANOARROW_TYPE_INT64, INT64_MIN + 1), 0, "-9223372036854775807");
  tcol big = t_begin(NANOARROW_TYPE_UINT64);
  t_must(ArrowArrayAppendUInt(&big.array, UINT64_MAX));
  t_end(&big);
  expect(big, 0, "18446744073709551615");
  tcol least = t_begin(NANOARROW_TYPE_INT64);
  t_must(ArrowArrayAppendInt(&least.array, INT64_MIN));
  t_end(&least);
  expect(least, 0, "-9223372036854775808");
  expect(t_bool(true), 0, "true");
  expect(t_bool(false), 0, "false");
}

WT_TEST(floats_are_the_shortest_that_read_back) {
  expect(one_double(NANOARROW_TYPE_DOUBLE, 1.0), 0, "1");
  expect(one_double(NANOARROW_TYPE_DOUBLE, 0.1), 0, "0.1");
  expect(one_double(NANOARROW_TYPE_DOUBLE, 0.1 + 0.2), 0, "0.30000000000000004");
  expect(one_double(NANOARROW_TYPE_DOUBLE, -0.0), 0, "-0");
  expect(one_double(NANOARROW_TYPE_DOUBLE, 1e300), 0, "1e300");
  expect(one_double(NANOARROW_TYPE_DOUBLE, (double)NAN), 0, "NaN");
  expect(one_double(NANOARROW_TYPE_DOUBLE, -(double)INFINITY), 0, "-Infinity");
  expect(one_double(NANOARROW_TYPE_FLOAT, (double)0.1F), 0, "0.1");
  expect(one_double(NANOARROW_TYPE_FLOAT, (double)16777216.0F), 0, "16777216");
  expect(one_double(NANOARROW_TYPE_FLOAT, (double)3.4028235e38F), 0, "3.4028235e38");
  expect(one_double(NANOARROW_TYPE_FLOAT, (double)1e-45F), 0, "1e-45");
  expect(one_double(NANOARROW_TYPE_HALF_FLOAT, 1.5), 0, "1.5");
}

static tcol decimal(const char *format, int32_t bits, int32_t precision, int32_t scale,
                    const char *digits) {
  struct ArrowDecimal v;
  tcol c = begin_format(format);
  ArrowDecimalInit(&v, bits, precision, scale);
  t_must(ArrowDecimalSetDigits(&v, ArrowCharView(digits)));
  t_must(ArrowArrayAppendDecimal(&c.array, &v));
  t_end(&c);
  return c;
}

WT_TEST(decimals_are_plain) {
  expect(decimal("d:10,2", 128, 10, 2, "150"), 0, "1.50");
  expect(decimal("d:10,2", 128, 10, 2, "-5"), 0, "-0.05");
  expect(decimal("d:10,2", 128, 10, 2, "0"), 0, "0.00");
  expect(decimal("d:10,0", 128, 10, 0, "-12345"), 0, "-12345");
  expect(decimal("d:10,-2", 128, 10, -2, "12"), 0, "1200");
  expect(decimal("d:38,10", 128, 38, 10, "-99999999999999999999999999999999999999"), 0,
         "-9999999999999999999999999999.9999999999");
  expect(
      decimal("d:76,1,256", 256, 76, 1,
              "1234567890123456789012345678901234567890123456789012345678901234567890"),
      0, "123456789012345678901234567890123456789012345678901234567890123456789.0");
}

WT_TEST(dates) {
  expect(one_int(NANOARROW_TYPE_DATE32, 0), 0, "1970-01-01");
  expect(one_int(NANOARROW_TYPE_DATE32, -1), 0, "1969-12-31");
  expect(one_int(NANOARROW_TYPE_DATE32, 11016), 0, "2000-02-29");
  expect(one_int(NANOARROW_TYPE_DATE32, -719528), 0, "0000-01-01");
  expect(one_int(NANOARROW_TYPE_DATE32, -719529), 0, "-0001-12-31");
  expect(one_int(NANOARROW_TYPE_DATE32, 2932897), 0, "+10000-01-01");
  expect(one_int(NANOARROW_TYPE_DATE64, 86400000LL * 11016), 0, "2000-02-29");
  expect(one_int(NANOARROW_TYPE_DATE64, -86400000LL), 0, "1969-12-31");
  expect(one_int(NANOARROW_TYPE_DATE64, -1), 0, "1969-12-31T23:59:59.999000");
}

/* Every day of one whole 400-year era and a little more, against a calendar that counts.
 * */
WT_TEST(dates_day_by_day) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int32_t first = -135140; /* 1600-01-01 */
  wi_text text;
  struct ArrowArrayView view;
  wi_shape shape = {.type = NANOARROW_TYPE_DATE32};
  tcol c = t_begin(NANOARROW_TYPE_DATE32);
  for (int32_t i = 0; i < 150000; i++) {
    t_must(ArrowArrayAppendInt(&c.array, first + i));
  }
  t_end(&c);
  wi_text_init(&text);
  t_must(ArrowArrayViewInitFromSchema(&view, &c.schema, NULL));
  t_must(ArrowArrayViewSetArray(&view, &c.array, NULL));
  int wrong = 0, year = 1600, month = 0, day = 1;
  for (int64_t i = 0; i < c.array.length; i++) {
    char expected[48];
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    snprintf(expected, sizeof expected, "%04d-%02d-%02d", year, month + 1, day);
    wi_buf_clear(&text.out);
    wi_text_value(&text, &shape, &view, i);
    wrong += strcmp(wi_buf_text(&text.out), expected) != 0 ? 1 : 0;
    if (++day > lengths[month] + (month == 1 && leap ? 1 : 0)) {
      day = 1;
      month = (month + 1) % 12;
      year += month == 0 ? 1 : 0;
    }
  }
  ArrowArrayViewReset(&view);
  wi_text_release(&text);
  t_free(&c);
  WT_EQ_INT(wrong, 0);
}

WT_TEST(timestamps_and_times) {
  expect(one_format("tsu:", 1767322845000006), 0, "2026-01-02T03:00:45.000006");
  expect(one_format("tsu:UTC", 1767322845000006), 0, "2026-01-02T03:00:45.000006Z");
  expect(one_format("tsu:Europe/Berlin", 0), 0, "1970-01-01T00:00:00.000000Z");
  expect(one_format("tss:", 1767322845), 0, "2026-01-02T03:00:45.000000");
  expect(one_format("tsm:", 1767322845123), 0, "2026-01-02T03:00:45.123000");
  expect(one_format("tsn:", 1767322845123456000), 0, "2026-01-02T03:00:45.123456");
  /* not cut: two times that differ have two texts */
  expect(one_format("tsn:", 1767322845123456001), 0, "2026-01-02T03:00:45.123456001");
  expect(one_format("tsu:", -1), 0, "1969-12-31T23:59:59.999999");
  expect(one_format("tsn:", INT64_MIN + 1), 0, "1677-09-21T00:12:43.145224193");
  expect(one_format("tss:", INT64_MAX), 0, "+292277026596-12-04T15:30:07.000000");
  expect(one_format("tts", 3723), 0, "01:02:03.000000");
  expect(one_format("ttm", 3723004), 0, "01:02:03.004000");
  expect(one_format("ttu", 86399999999), 0, "23:59:59.999999");
  expect(one_format("ttn", 1), 0, "00:00:00.000000001");
}

static tcol bytes(enum ArrowType type, const void *p, int64_t n) {
  struct ArrowBufferView v = {{p}, n};
  tcol c = t_begin(type);
  t_must(ArrowArrayAppendBytes(&c.array, v));
  t_end(&c);
  return c;
}

WT_TEST(bytes_are_hex_and_text_is_itself) {
  expect(bytes(NANOARROW_TYPE_BINARY, "\x00\xFF\x10", 3), 0, "00ff10");
  expect(bytes(NANOARROW_TYPE_LARGE_BINARY, "", 0), 0, "");
  expect(bytes(NANOARROW_TYPE_BINARY_VIEW, "0123456789abcdef", 16), 0,
         "30313233343536373839616263646566");
  tcol fixed = begin_format("w:2");
  struct ArrowBufferView v = {{"\xAB\xCD"}, 2};
  t_must(ArrowArrayAppendBytes(&fixed.array, v));
  t_end(&fixed);
  expect(fixed, 0, "abcd");
  const char *texts[] = {"a \"quoted\" one"};
  for (size_t l = 0; l < 3; l++) {
    expect(t_text(text_layouts[l], 1, texts), 0, texts[0]);
  }
}

/* ---- nested ---- */

/* list of int32: [1, null, 3], null, [], [4] */
static tcol int_lists(enum ArrowType type) {
  tcol c;
  memset(&c, 0, sizeof c);
  ArrowSchemaInit(&c.schema);
  t_must(ArrowSchemaSetType(&c.schema, type));
  t_must(ArrowSchemaSetType(c.schema.children[0], NANOARROW_TYPE_INT32));
  t_must(ArrowArrayInitFromSchema(&c.array, &c.schema, NULL));
  t_must(ArrowArrayStartAppending(&c.array));
  struct ArrowArray *items = c.array.children[0];
  t_must(ArrowArrayAppendInt(items, 1));
  t_must(ArrowArrayAppendNull(items, 1));
  t_must(ArrowArrayAppendInt(items, 3));
  t_must(ArrowArrayFinishElement(&c.array));
  t_must(ArrowArrayAppendNull(&c.array, 1));
  t_must(ArrowArrayFinishElement(&c.array));
  t_must(ArrowArrayAppendInt(items, 4));
  t_must(ArrowArrayFinishElement(&c.array));
  t_end(&c);
  return c;
}

WT_TEST(lists) {
  const enum ArrowType types[] = {NANOARROW_TYPE_LIST, NANOARROW_TYPE_LARGE_LIST,
                                  NANOARROW_TYPE_LIST_VIEW,
                                  NANOARROW_TYPE_LARGE_LIST_VIEW};
  for (size_t k = 0; k < 4; k++) {
    expect(int_lists(types[k]), 0, "[1,null,3]");
    expect(int_lists(types[k]), 1, "(null)");
    expect(int_lists(types[k]), 2, "[]");
    expect(int_lists(types[k]), 3, "[4]");
    tcol whole = int_lists(types[k]), slice = t_slice(&whole, 2, 2);
    char got[64];
    text_of(&slice, 1, got, sizeof got);
    t_free(&whole);
    WT_EQ_STR(got, "[4]");
  }
}

WT_TEST(fixed_size_lists) {
  tcol c;
  memset(&c, 0, sizeof c);
  ArrowSchemaInit(&c.schema);
  t_must(ArrowSchemaSetTypeFixedSize(&c.schema, NANOARROW_TYPE_FIXED_SIZE_LIST, 2));
  t_must(ArrowSchemaSetType(c.schema.children[0], NANOARROW_TYPE_DOUBLE));
  t_must(ArrowArrayInitFromSchema(&c.array, &c.schema, NULL));
  t_must(ArrowArrayStartAppending(&c.array));
  for (int i = 0; i < 4; i++) {
    t_must(ArrowArrayAppendDouble(c.array.children[0], i == 3 ? (double)NAN : i + 0.5));
    if (i % 2 == 1) {
      t_must(ArrowArrayFinishElement(&c.array));
    }
  }
  t_end(&c);
  tcol slice = t_slice(&c, 1, 1);
  char got[64];
  text_of(&slice, 0, got, sizeof got);
  WT_EQ_STR(got, "[2.5,\"NaN\"]");
  expect(c, 0, "[0.5,1.5]");
}

/* struct {z: text, a: date, B: binary, m: decimal(5,1)}: fields come out by name */
static tcol records(void) {
  static const char *const names[] = {"z", "a", "B", "m"};
  static const char *const formats[] = {"u", "tdD", "z", "d:5,1"};
  struct ArrowDecimal v;
  tcol c;
  memset(&c, 0, sizeof c);
  ArrowSchemaInit(&c.schema);
  t_must(ArrowSchemaSetTypeStruct(&c.schema, 4));
  for (int64_t i = 0; i < 4; i++) {
    t_must(ArrowSchemaSetFormat(c.schema.children[i], formats[i]));
    t_must(ArrowSchemaSetName(c.schema.children[i], names[i]));
  }
  t_must(ArrowArrayInitFromSchema(&c.array, &c.schema, NULL));
  t_must(ArrowArrayStartAppending(&c.array));
  t_must(ArrowArrayAppendEmpty(&c.array, 1));
  t_must(ArrowArrayAppendString(c.array.children[0], ArrowCharView("q\"\n\xC3\xA9")));
  t_must(ArrowArrayAppendInt(c.array.children[1], 1));
  t_must(ArrowArrayAppendNull(c.array.children[2], 1));
  ArrowDecimalInit(&v, 128, 5, 1);
  ArrowDecimalSetInt(&v, 15);
  t_must(ArrowArrayAppendDecimal(c.array.children[3], &v));
  t_must(ArrowArrayFinishElement(&c.array));
  t_end(&c);
  return c;
}

WT_TEST(structs_are_sorted_by_name) {
  const char *expected =
      "{\"B\":null,\"a\":\"1970-01-02\",\"m\":1.5,\"z\":\"q\\\"\\n\xC3\xA9\"}";
  expect(records(), 1, expected);
  tcol whole = records(), slice = t_slice(&whole, 1, 1);
  char got[256];
  text_of(&slice, 0, got, sizeof got);
  t_free(&whole);
  WT_EQ_STR(got, expected);
}

static tcol int_maps(bool null_key) {
  tcol c;
  memset(&c, 0, sizeof c);
  ArrowSchemaInit(&c.schema);
  t_must(ArrowSchemaSetType(&c.schema, NANOARROW_TYPE_MAP));
  t_must(ArrowSchemaSetType(c.schema.children[0]->children[0], NANOARROW_TYPE_INT32));
  t_must(ArrowSchemaSetType(c.schema.children[0]->children[1], NANOARROW_TYPE_STRING));
  t_must(ArrowArrayInitFromSchema(&c.array, &c.schema, NULL));
  t_must(ArrowArrayStartAppending(&c.array));
  static const int keys[] = {7, 30, 7, 2};
  static const char *const values[] = {"first", NULL, "second", "x"};
  struct ArrowArray *entries = c.array.children[0];
  for (int i = 0; i < 4; i++) {
    t_must(null_key ? ArrowArrayAppendNull(entries->children[0], 1)
                    : ArrowArrayAppendInt(entries->children[0], keys[i]));
    t_must(values[i] == NULL
               ? ArrowArrayAppendNull(entries->children[1], 1)
               : ArrowArrayAppendString(entries->children[1], ArrowCharView(values[i])));
    t_must(ArrowArrayFinishElement(entries));
  }
  t_must(ArrowArrayFinishElement(&c.array));
  t_must(ArrowArrayFinishElement(&c.array));
  t_end(&c);
  return c;
}

WT_TEST(maps_are_sorted_by_key) {
  expect(int_maps(false), 0,
         "{\"2\":\"x\",\"30\":null,\"7\":\"first\",\"7\":\"second\"}");
  expect(int_maps(false), 1, "{}");
  expect(int_maps(true), 0, "error WEIR-EXECUTION: a map with a null key has no text");
}

WT_TEST(dictionaries_are_their_values) {
  tcol c;
  const char *words[] = {"no", NULL, "yes"};
  memset(&c, 0, sizeof c);
  tcol values = t_text(NANOARROW_TYPE_STRING, 3, words);
  ArrowSchemaInit(&c.schema);
  t_must(ArrowSchemaSetType(&c.schema, NANOARROW_TYPE_INT8));
  t_must(ArrowSchemaAllocateDictionary(&c.schema));
  ArrowSchemaMove(&values.schema, c.schema.dictionary);
  t_must(ArrowArrayInitFromSchema(&c.array, &c.schema, NULL));
  c.array.dictionary->release(c.array.dictionary);
  ArrowArrayMove(&values.array, c.array.dictionary);
  t_must(ArrowArrayStartAppending(&c.array));
  t_must(ArrowArrayAppendInt(&c.array, 2));
  t_must(ArrowArrayAppendInt(&c.array, 1));
  t_must(ArrowArrayAppendNull(&c.array, 1));
  t_end(&c);
  char got[3][32];
  for (int64_t i = 0; i < 3; i++) {
    text_of(&c, i, got[i], sizeof got[i]);
  }
  t_free(&c);
  WT_EQ_STR(got[0], "yes");
  WT_EQ_STR(got[1], "(null)");
  WT_EQ_STR(got[2], "(null)");
}

WT_TEST(types_without_a_text_are_refused_at_planning) {
  char got[256];
  tcol cols[2] = {t_literal("p"), one_format("tDs", 5)};
  t_eval("stable_id_parts", 2, cols, 1, 0, got, sizeof got);
  t_free(&cols[0]);
  WT_EQ_STR(got,
            "error WEIR-SQL-PLAN: stable_id_parts: a value of type duration('s') has no "
            "fixed text");
  t_eval("stable_hash_any", 1, &cols[1], 1, 0, got, sizeof got);
  t_free(&cols[1]);
  WT_CHECK(strstr(got, "WEIR-SQL-PLAN") != NULL);
}

/* The rules reach the hash: the hash of a list is that of its JSON text. */
WT_TEST(hashes_are_of_these_texts) {
  char of_list[64], of_text[64];
  tcol list = int_lists(NANOARROW_TYPE_LIST), text = t_literal("[1,null,3]");
  t_eval("stable_hash_any", 1, &list, 4, 0, of_list, sizeof of_list);
  t_eval("stable_hash_any", 1, &text, 1, 0, of_text, sizeof of_text);
  t_free(&list);
  t_free(&text);
  WT_EQ_STR(of_list, of_text);
}
