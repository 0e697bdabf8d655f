/* Spans: making, measuring, comparing. */
#include "udf_test.h"

/* A span column made by span_make from four columns of three rows; the caller frees. */
static tcol spans(const int64_t *start, const int64_t *end, const int64_t *exclusive,
                  size_t n) {
  weir_error err = WEIR_ERROR_INIT;
  tcol args[5] = {t_ints(NANOARROW_TYPE_INT64, n, start),
                  t_ints(NANOARROW_TYPE_INT64, n, end), t_omitted(), t_omitted(),
                  t_ints(NANOARROW_TYPE_BOOL, n, exclusive)};
  tcol out;
  memset(&out, 0, sizeof out);
  t_must(t_field("span_make", 5, args, &out.schema, &err));
  t_must(t_call("span_make", 5, args, (int64_t)n, &out.array, &err));
  for (size_t i = 0; i < 5; i++) {
    t_free(&args[i]);
  }
  return out;
}

static tcol span_of(int64_t start, int64_t end, bool exclusive) {
  int64_t flag = exclusive ? 1 : 0;
  return spans(&start, &end, &flag, 1);
}

static void expect(const char *fn, size_t n, tcol *cols, const char *expected) {
  char got[256];
  t_eval(fn, n, cols, 1, 0, got, sizeof got);
  for (size_t i = 0; i < n; i++) {
    t_free(&cols[i]);
  }
  WT_EQ_STR(got, expected);
}
#define EXPECT(fn, expected, ...)                                                  \
  do {                                                                             \
    tcol expect_cols[] = {__VA_ARGS__};                                            \
    expect(fn, sizeof expect_cols / sizeof expect_cols[0], expect_cols, expected); \
  } while (0)

WT_TEST(make_fills_in_defaults) {
  EXPECT("span_make",
         "{bstart: 1, bend: 2, line_base: 0, col_unit: byte, end_exclusive: true}",
         t_int(1), t_int(2));
  EXPECT("span",
         "{bstart: 1, bend: 2, line_base: 0, col_unit: utf8, end_exclusive: false}",
         t_int(1), t_int(2), t_omitted(), t_literal("utf8"), t_bool(false));
  int64_t one = 1, null = T_NULL;
  EXPECT("span_make",
         "{bstart: NULL, bend: 2, line_base: NULL, col_unit: byte, end_exclusive: true}",
         t_ints(NANOARROW_TYPE_INT64, 1, &null), t_int(2),
         t_ints(NANOARROW_TYPE_INT32, 1, &null), t_literal(NULL),
         t_ints(NANOARROW_TYPE_BOOL, 1, &null));
  EXPECT("span_make",
         "{bstart: 5, bend: 2, line_base: 1, col_unit: byte, end_exclusive: true}",
         t_int(5), t_int(2), t_ints(NANOARROW_TYPE_INT32, 1, &one));
}

WT_TEST(make_of_columns_and_scalars) {
  const int64_t starts[] = {99, 1, T_NULL, 3};
  const char *units[] = {"cut", "utf8", NULL, "utf16"};
  char got[2][128];
  for (size_t l = 0; l < 3; l++) {
    tcol whole[2] = {t_ints(NANOARROW_TYPE_INT64, 4, starts),
                     t_text(text_layouts[l], 4, units)};
    tcol cols[4] = {t_slice(&whole[0], 1, 3), t_int(7), t_omitted(),
                    t_slice(&whole[1], 1, 3)};
    t_eval("span_make", 4, cols, 3, 1, got[0], sizeof got[0]);
    t_eval("span_make", 4, cols, 3, 2, got[1], sizeof got[1]);
    t_free(&whole[0]);
    t_free(&whole[1]);
    t_free(&cols[1]);
    t_free(&cols[2]);
    WT_EQ_STR(
        got[0],
        "{bstart: NULL, bend: 7, line_base: 0, col_unit: byte, end_exclusive: true}");
    WT_EQ_STR(got[1],
              "{bstart: 3, bend: 7, line_base: 0, col_unit: utf16, end_exclusive: true}");
  }
}

WT_TEST(length_respects_the_end) {
  EXPECT("span_len", "15", span_of(10, 25, true));
  EXPECT("span_len", "16", span_of(10, 25, false));
  EXPECT("span_len", "0", span_of(7, 7, true));
  EXPECT("span_len", "1", span_of(7, 7, false));
  EXPECT("span_len", "-5", span_of(10, 5, true));
  EXPECT("span_len", "NULL", span_of(T_NULL, 5, true));
  EXPECT("span_len", "NULL", span_of(5, T_NULL, true));
  EXPECT("span_len", "NULL", t_omitted());
  EXPECT("span_len", "9223372036854775807", span_of(1, INT64_MAX, false));
  EXPECT("span_len", "-9223372036854775808", span_of(INT64_MAX, -2, false));
}

WT_TEST(length_out_of_range_is_an_error) {
  char got[256];
  tcol far[] = {span_of(-2, INT64_MAX, true), span_of(0, INT64_MAX, false)};
  for (size_t i = 0; i < 2; i++) {
    t_eval("span_len", 1, &far[i], 1, 0, got, sizeof got);
    t_free(&far[i]);
    WT_CHECK(strncmp(got, "error WEIR-EXECUTION: span_len: the length", 42) == 0);
  }
}

WT_TEST(overlaps) {
  EXPECT("span_overlaps", "true", span_of(0, 10, true), span_of(9, 20, true));
  EXPECT("span_overlaps", "false", span_of(0, 10, true), span_of(10, 20, true));
  EXPECT("span_overlaps", "true", span_of(0, 10, false), span_of(10, 20, true));
  EXPECT("span_overlaps", "false", span_of(5, 5, true), span_of(5, 10, true));
  EXPECT("span_overlaps", "false", span_of(5, 5, true), span_of(5, 5, true));
  EXPECT("span_overlaps", "true", span_of(5, 5, false), span_of(5, 5, false));
  EXPECT("span_overlaps", "NULL", span_of(5, T_NULL, false), span_of(5, 5, false));
  EXPECT("span_overlaps", "NULL", span_of(5, 6, false), t_omitted());
  /* the end of an inclusive span does not wrap */
  EXPECT("span_overlaps", "true", span_of(0, INT64_MAX, false), span_of(5, 6, true));
}

WT_TEST(contains) {
  EXPECT("span_contains", "true", span_of(0, 10, true), span_of(0, 10, true));
  EXPECT("span_contains", "true", span_of(0, 9, false), span_of(2, 10, true));
  EXPECT("span_contains", "false", span_of(0, 10, true), span_of(2, 10, false));
  EXPECT("span_contains", "false", span_of(1, 10, true), span_of(0, 5, true));
  EXPECT("span_contains", "NULL", span_of(1, 10, true), span_of(T_NULL, 5, true));
}

/* A null struct value is a null span, whatever its children hold. */
WT_TEST(null_spans_and_slices) {
  const int64_t start[] = {0, 10, 20, 30}, end[] = {5, 16, 27, 38},
                flag[] = {1, 0, T_NULL, 1};
  char got[64];
  tcol all = spans(start, end, flag, 4);
  tcol part = t_slice(&all, 1, 3);
  static const uint8_t bits[] = {0x07};
  const void *buffers[] = {bits};
  t_eval("span_len", 1, &part, 3, 0, got, sizeof got);
  WT_EQ_STR(got, "7");
  t_eval("span_len", 1, &part, 3, 1, got, sizeof got);
  WT_EQ_STR(got, "7");
  t_eval("span_len", 1, &part, 3, 2, got, sizeof got);
  WT_EQ_STR(got, "8");
  part.array.buffers = buffers;
  part.array.null_count = -1;
  t_eval("span_len", 1, &part, 3, 1, got, sizeof got);
  WT_EQ_STR(got, "7");
  t_eval("span_len", 1, &part, 3, 2, got, sizeof got);
  WT_EQ_STR(got, "NULL");
  t_free(&all);
}

/* Fields are found by name, in any order and integer width; without end_exclusive the end
 * is exclusive. */
WT_TEST(spans_made_otherwise) {
  char got[128];
  tcol c;
  memset(&c, 0, sizeof c);
  ArrowSchemaInit(&c.schema);
  t_must(ArrowSchemaSetTypeStruct(&c.schema, 2));
  t_must(ArrowSchemaSetType(c.schema.children[0], NANOARROW_TYPE_INT32));
  t_must(ArrowSchemaSetName(c.schema.children[0], "bend"));
  t_must(ArrowSchemaSetType(c.schema.children[1], NANOARROW_TYPE_INT64));
  t_must(ArrowSchemaSetName(c.schema.children[1], "bstart"));
  t_must(ArrowArrayInitFromSchema(&c.array, &c.schema, NULL));
  t_must(ArrowArrayStartAppending(&c.array));
  t_must(ArrowArrayAppendInt(c.array.children[0], 25));
  t_must(ArrowArrayAppendInt(c.array.children[1], 10));
  t_must(ArrowArrayFinishElement(&c.array));
  t_end(&c);
  t_eval("span_len", 1, &c, 1, 0, got, sizeof got);
  WT_EQ_STR(got, "15");
  t_must(ArrowSchemaSetName(c.schema.children[0], "stop"));
  t_eval("span_len", 1, &c, 1, 0, got, sizeof got);
  t_free(&c);
  WT_EQ_STR(got,
            "error WEIR-SQL-PLAN: span_len: span has no field bend, so it is not a span");
}

WT_TEST(no_rows) {
  weir_error err = WEIR_ERROR_INIT;
  const int64_t start[] = {1}, end[] = {5}, flag[] = {1};
  struct ArrowArray out;
  tcol one = spans(start, end, flag, 1), none = t_slice(&one, 1, 0);
  tcol both[2] = {none, none};
  tcol numbers[2] = {t_ints(NANOARROW_TYPE_INT64, 0, NULL), t_int(4)};
  WT_OK(t_call("span_len", 1, &none, 0, &out, &err));
  out.release(&out);
  WT_OK(t_call("span_overlaps", 2, both, 0, &out, &err));
  out.release(&out);
  WT_OK(t_call("span_make", 2, numbers, 0, &out, &err));
  WT_EQ_INT(out.length, 0);
  WT_EQ_INT(out.n_children, 5);
  out.release(&out);
  t_free(&one);
  t_free(&numbers[0]);
  t_free(&numbers[1]);
}
