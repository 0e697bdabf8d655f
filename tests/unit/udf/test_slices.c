/* The result on a slice is the slice of the result; a scalar is a column of one value;
 * and the layout of a text does not matter. Random columns, a fixed seed. */
#include "udf_test.h"

#define ROWS   203
#define ROUNDS 60

static uint64_t rng_state;
static uint32_t rng(uint32_t below) { /* xorshift: the same on every machine */
  rng_state ^= rng_state << 13;
  rng_state ^= rng_state >> 7;
  rng_state ^= rng_state << 17;
  return (uint32_t)(rng_state >> 33) % below;
}

static const char *random_text(char *out) {
  static const char *const pieces[] = {
      "a", "Z",        " ", "\xC3\xA9", "\xEF\xAC\x81", "__", "\xF0\x9F\x98\x80",
      "0", "e\xCC\x81"};
  uint32_t n = rng(3) == 0 ? rng(30) : rng(8);
  out[0] = '\0';
  for (uint32_t i = 0; i < n; i++) {
    strcat(out, pieces[rng(9)]);
  }
  return out;
}

/* A text column and the same values in another layout; with_nulls 0: no validity. */
static void random_texts(tcol *a, tcol *b, bool with_nulls) {
  static char texts[ROWS][160];
  const char *p[ROWS];
  for (size_t i = 0; i < ROWS; i++) {
    p[i] = with_nulls && rng(5) == 0 ? NULL : random_text(texts[i]);
  }
  *a = t_text(text_layouts[rng(3)], ROWS, p);
  *b = t_text(text_layouts[rng(3)], ROWS, p);
}

static tcol random_ints(enum ArrowType type, uint32_t below, bool with_nulls) {
  int64_t v[ROWS];
  for (size_t i = 0; i < ROWS; i++) {
    v[i] = with_nulls && rng(5) == 0 ? T_NULL : (int64_t)rng(below);
  }
  return t_ints(type, ROWS, v);
}

static tcol random_lists(void) {
  tcol c;
  memset(&c, 0, sizeof c);
  ArrowSchemaInit(&c.schema);
  t_must(ArrowSchemaSetType(&c.schema, NANOARROW_TYPE_LIST));
  t_must(ArrowSchemaSetType(c.schema.children[0], NANOARROW_TYPE_INT16));
  t_must(ArrowArrayInitFromSchema(&c.array, &c.schema, NULL));
  t_must(ArrowArrayStartAppending(&c.array));
  for (size_t i = 0; i < ROWS; i++) {
    for (uint32_t k = rng(4); k > 0; k--) {
      t_must(ArrowArrayAppendInt(c.array.children[0], rng(1000)));
    }
    t_must(rng(6) == 0 ? ArrowArrayAppendNull(&c.array, 1)
                       : ArrowArrayFinishElement(&c.array));
  }
  t_end(&c);
  return c;
}

static tcol random_spans(bool with_nulls) {
  weir_error err = WEIR_ERROR_INIT;
  tcol args[5] = {random_ints(NANOARROW_TYPE_INT64, 40, with_nulls),
                  random_ints(NANOARROW_TYPE_INT64, 40, with_nulls),
                  random_ints(NANOARROW_TYPE_INT32, 2, with_nulls), t_omitted(),
                  random_ints(NANOARROW_TYPE_BOOL, 2, with_nulls)};
  tcol out;
  memset(&out, 0, sizeof out);
  t_must(t_field("span_make", 5, args, &out.schema, &err));
  t_must(t_call("span_make", 5, args, ROWS, &out.array, &err));
  for (size_t i = 0; i < 5; i++) {
    t_free(&args[i]);
  }
  return out;
}

/* Shows row `a` of one result and row `b` of another; whether they are the same. */
static bool same(const struct ArrowSchema *field, const struct ArrowArray *x, int64_t a,
                 const struct ArrowArray *y, int64_t b) {
  char left[512], right[512];
  t_show(field, x, a, left, sizeof left);
  t_show(field, y, b, right, sizeof right);
  return strcmp(left, right) == 0;
}

/* Calls on [from, from + n) of the columns and compares with rows of `whole`. */
static void check_slice(const char *fn, size_t n_cols, const tcol *cols,
                        const struct ArrowSchema *field, const struct ArrowArray *whole,
                        int64_t from, int64_t n) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArray part;
  tcol slices[T_MAX_ARGS];
  for (size_t i = 0; i < n_cols; i++) {
    slices[i] = cols[i].scalar ? cols[i] : t_slice(&cols[i], from, n);
  }
  WT_OK(t_call(fn, n_cols, slices, n, &part, &err));
  WT_EQ_INT(part.length, n);
  int64_t nulls = 0;
  for (int64_t i = 0; i < n; i++) {
    char text[512];
    t_show(field, &part, i, text, sizeof text);
    nulls += strcmp(text, "NULL") == 0 ? 1 : 0;
    WT_CHECK(same(field, &part, i, whole, from + i));
  }
  WT_EQ_INT(part.null_count, nulls);
  part.release(&part);
}

/* One row as scalars gives that row. */
static void check_scalar(const char *fn, size_t n_cols, const tcol *cols,
                         const struct ArrowSchema *field, const struct ArrowArray *whole,
                         int64_t row) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArray one;
  tcol slices[T_MAX_ARGS];
  for (size_t i = 0; i < n_cols; i++) {
    slices[i] = cols[i].scalar ? cols[i] : t_slice(&cols[i], row, 1);
    slices[i].scalar = true;
  }
  WT_OK(t_call(fn, n_cols, slices, 1, &one, &err));
  WT_CHECK(same(field, &one, 0, whole, row));
  one.release(&one);
}

static void check_function(const char *fn, size_t n_cols, const tcol *cols) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema field;
  struct ArrowArray whole;
  WT_OK(t_field(fn, n_cols, cols, &field, &err));
  WT_OK(t_call(fn, n_cols, cols, ROWS, &whole, &err));
  for (int k = 0; k < 4; k++) {
    int64_t from = rng(ROWS + 1);
    check_slice(fn, n_cols, cols, &field, &whole, from, rng((uint32_t)(ROWS + 1 - from)));
    check_scalar(fn, n_cols, cols, &field, &whole, rng(ROWS));
  }
  whole.release(&whole);
  field.release(&field);
}

WT_TEST(slices_of_text_functions) {
  rng_state = 0x9E3779B97F4A7C15U;
  for (int round = 0; round < ROUNDS && !wt_failed(); round++) {
    tcol a, b, c, d;
    random_texts(&a, &b, round % 3 != 0);
    random_texts(&c, &d, round % 2 != 0);
    tcol pair[2] = {a, c}, with_literal[2] = {t_literal("node"), b};
    check_function("stable_hash64", 1, &a);
    check_function("stable_hash128", 1, &b);
    check_function("stable_id", 2, pair);
    check_function("stable_id", 2, with_literal);
    check_function("prefixed_hash64", 2, pair);
    check_function("stable_hash_any", 1, &d);
    t_free(&a);
    t_free(&b);
    t_free(&c);
    t_free(&d);
    t_free(&with_literal[0]);
  }
}

WT_TEST(slices_of_parts_functions) {
  rng_state = 0xD1B54A32D192ED03U;
  for (int round = 0; round < ROUNDS && !wt_failed(); round++) {
    tcol cols[7], other;
    random_texts(&cols[0], &other, round % 2 == 0);
    cols[1] = random_ints(NANOARROW_TYPE_INT16, 30000, true);
    cols[2] = random_lists();
    cols[3] = t_omitted();
    cols[4] = random_ints(NANOARROW_TYPE_BOOL, 2, true);
    cols[5] = random_spans(true);
    cols[6] = t_int(-7);
    check_function("stable_id_parts", 7, cols);
    check_function("prefixed_hash_parts64", 7, cols);
    check_function("stable_hash_any", 1, &cols[5]);
    tcol id[5] = {t_literal("span"), other, random_ints(NANOARROW_TYPE_INT64, 99, true),
                  random_ints(NANOARROW_TYPE_INT64, 99, false), cols[0]};
    check_function("span_id", 5, id);
    check_function("span_id", 4, id);
    t_free(&id[0]);
    t_free(&id[2]);
    t_free(&id[3]);
    t_free(&other);
    for (size_t i = 0; i < 7; i++) {
      t_free(&cols[i]);
    }
  }
}

WT_TEST(slices_of_span_functions) {
  rng_state = 0x2545F4914F6CDD1DU;
  for (int round = 0; round < ROUNDS && !wt_failed(); round++) {
    tcol two[2] = {random_spans(round % 2 == 0), random_spans(round % 3 == 0)};
    tcol make[5] = {random_ints(NANOARROW_TYPE_INT64, 99, true),
                    random_ints(NANOARROW_TYPE_INT64, 99, false),
                    random_ints(NANOARROW_TYPE_INT32, 3, true), t_omitted(), t_omitted()};
    tcol unit;
    t_free(&make[3]);
    random_texts(&make[3], &unit, true);
    check_function("span_len", 1, two);
    check_function("span_overlaps", 2, two);
    check_function("span_contains", 2, two);
    check_function("span_make", 5, make);
    t_free(&unit);
    t_free(&two[0]);
    t_free(&two[1]);
    for (size_t i = 0; i < 5; i++) {
      t_free(&make[i]);
    }
  }
}

static void check_layouts(const char *fn, size_t n_cols, const tcol *x, const tcol *y) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowSchema field;
  struct ArrowArray left, right;
  WT_OK(t_field(fn, n_cols, x, &field, &err));
  WT_OK(t_call(fn, n_cols, x, ROWS, &left, &err));
  WT_OK(t_call(fn, n_cols, y, ROWS, &right, &err));
  for (int64_t i = 0; i < ROWS; i++) {
    WT_CHECK(same(&field, &left, i, &right, i));
  }
  left.release(&left);
  right.release(&right);
  field.release(&field);
}

WT_TEST(layouts_agree) {
  rng_state = 0x853C49E6748FEA9BU;
  for (int round = 0; round < ROUNDS && !wt_failed(); round++) {
    tcol x[2], y[2];
    random_texts(&x[0], &y[0], true);
    random_texts(&x[1], &y[1], false);
    check_layouts("stable_hash64", 1, x, y);
    check_layouts("stable_id", 2, x, y);
    check_layouts("stable_id_parts", 2, x, y);
    check_layouts("stable_hash_any", 1, x, y);
    for (size_t i = 0; i < 2; i++) {
      t_free(&x[i]);
      t_free(&y[i]);
    }
  }
}
