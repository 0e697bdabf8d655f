/* Published and generated results of the hash functions, in every layout of their inputs.
 * */
#include "udf_test.h"

#ifndef WT_ROOT
#define WT_ROOT "."
#endif

static const struct {
  const char *fn, *a, *b, *expected; /* b NULL: one argument */
} text_vectors[] = {
    {"stable_hash64", "alpha", NULL, "5982700193828047002"},
    {"stable_hash64", "", NULL, "7252660547403494068"},
    {"stable_hash64", "b", NULL, "320532805010673525"}, /* top bit set in the digest */
    {"stable_hash64", "a", NULL, "4681665781835383343"},
    {"stable_hash64", "x", NULL, "5395104992458594383"},
    {"stable_hash64",
     "Stra\xC3\x9F"
     "e",
     NULL, "4534862487770143250"},
    {"hash64", "alpha", NULL, "5982700193828047002"},
    {"stable_hash128", "alpha", NULL, "b52f7e54cd313e691148cc2c80345831"},
    {"stable_hash128", "beta", NULL, "3fbcb3213a60fe28c29ec4283042c6e2"},
    {"stable_hash128", "", NULL, "cae66941d9efbd404e4d88758ea67670"},
    {"hash128", "", NULL, "cae66941d9efbd404e4d88758ea67670"},
    {"prefixed_hash64", "ns", "gamma", "ns:8666994792918649077"},
    {"prefixed_hash", "ns", "gamma", "ns:8666994792918649077"},
    {"stable_id", "ns", "delta", "ns:7fe3792fbdd937674be221ed030739da"},
};
#define N_TEXT (sizeof text_vectors / sizeof text_vectors[0])

/* One vector at a row in the middle of a slice, other rows around it. */
static void check_vector(size_t k, enum ArrowType layout, bool scalar_prefix,
                         bool nulls) {
  const char *around = nulls ? NULL : "a rather longer text than inlined";
  const char *v1[] = {"skipped", around, text_vectors[k].a, "z", "cut"};
  const char *v2[] = {"skipped", "y", text_vectors[k].b, around, "cut"};
  const char *prefix = text_vectors[k].a;
  size_t n = text_vectors[k].b == NULL ? 1 : 2;
  char got[256];
  tcol whole[2] = {t_text(layout, 5, v1), t_text(layout, 5, v2)};
  tcol cols[2] = {t_slice(&whole[0], 1, 3), t_slice(&whole[1], 1, 3)};
  tcol literal = t_text(layout, 1, &prefix);
  literal.scalar = true;
  if (n == 2 && scalar_prefix) {
    cols[0] = literal;
  }
  t_eval(text_vectors[k].fn, n, cols, 3, 1, got, sizeof got);
  t_free(&whole[0]);
  t_free(&whole[1]);
  t_free(&literal);
  WT_EQ_STR(got, text_vectors[k].expected);
}

WT_TEST(reference_vectors_in_all_layouts) {
  for (size_t k = 0; k < N_TEXT; k++) {
    for (size_t l = 0; l < 3; l++) {
      for (int how = 0; how < 4; how++) {
        check_vector(k, text_layouts[l], (how & 1) != 0, (how & 2) != 0);
      }
    }
  }
}

static void check_call(const char *fn, size_t n, tcol *cols, const char *expected) {
  char got[256];
  t_eval(fn, n, cols, 1, 0, got, sizeof got);
  for (size_t i = 0; i < n; i++) {
    t_free(&cols[i]);
  }
  WT_EQ_STR(got, expected);
}
#define CALL(fn, expected, ...)                                                  \
  do {                                                                           \
    tcol call_cols[] = {__VA_ARGS__};                                            \
    check_call(fn, sizeof call_cols / sizeof call_cols[0], call_cols, expected); \
  } while (0)

WT_TEST(reference_vectors_of_parts) {
  CALL("stable_id_parts", "node:065ab5741cdfad44687cf119c1eb4ec9", t_literal("node"),
       t_literal("a"), t_literal("b"));
  CALL("stable_id_multi", "node:e572d4f485d45f5df562e024a5aa26e5", t_literal("node"),
       t_literal("a"), t_literal(NULL));
  CALL("stable_id_parts", "node:e572d4f485d45f5df562e024a5aa26e5", t_literal("node"),
       t_literal("a"), t_omitted()); /* an untyped NULL is a null part */
  CALL("prefixed_hash_parts64", "node:8668388485945676816", t_literal("node"),
       t_literal("a"), t_literal("b"));
  CALL("prefixed_hash_parts", "node:8982507147066422756", t_literal("node"),
       t_literal("a"), t_literal(NULL));
  CALL("stable_id_parts", "NULL", t_literal(NULL), t_literal("a"));
  CALL("span_id", "span:21dc7aaddff4d56a7a8fd6e95c196390", t_literal("span"),
       t_literal("a.py"), t_int(10), t_int(20));
  CALL("span_id", "span:21dc7aaddff4d56a7a8fd6e95c196390", t_literal("span"),
       t_literal("a.py"), t_int(10), t_int(20), t_omitted());
  CALL("span_id", "span:751e3138fd1669fe0d30cccf1609076a", t_literal("span"),
       t_literal("a.py"), t_int(10), t_int(20), t_literal("NAME"));
}

WT_TEST(reference_vectors_of_any) {
  CALL("stable_hash_any", "755345b7ef54b0d592c17e04737ab3d9", t_int(42));
  CALL("stable_hash", "a57b800059f43b1b7b599199eb6e1b74", t_omitted());
  CALL("stable_hash_any", "a57b800059f43b1b7b599199eb6e1b74", t_literal(NULL),
       t_omitted(), t_omitted());
  /* trimmed and composed: the hash of "alpha"; as it is when canonical is false */
  CALL("stable_hash_any", "b52f7e54cd313e691148cc2c80345831",
       t_literal("\xC2\xA0 \xEF\xBD\x81lpha\t"));
  CALL("stable_hash_any", "b52f7e54cd313e691148cc2c80345831", t_literal("alpha"),
       t_bool(false));
  CALL("stable_hash_any", "b52f7e54cd313e691148cc2c80345831", t_literal(NULL),
       t_omitted(), t_literal("alpha"));
}

/* The collisions that the documentation admits. */
WT_TEST(parts_collide_as_documented) {
  CALL("stable_id_parts", "node:e572d4f485d45f5df562e024a5aa26e5", t_literal("node"),
       t_literal("a"), t_literal("__NULL__"));
  CALL("stable_id_parts", "node:065ab5741cdfad44687cf119c1eb4ec9", t_literal("node"),
       t_literal("a\x1F"
                 "b"));
}

WT_TEST(nulls_go_through) {
  const char *texts[] = {"alpha", NULL, "beta", NULL};
  static const char *const fns[] = {"stable_hash64", "stable_hash128"};
  for (size_t l = 0; l < 3; l++) {
    tcol col = t_text(text_layouts[l], 4, texts);
    for (size_t f = 0; f < 2; f++) {
      weir_error err = WEIR_ERROR_INIT;
      struct ArrowArray out;
      WT_OK(t_call(fns[f], 1, &col, 4, &out, &err));
      WT_EQ_INT(out.null_count, 2);
      WT_EQ_INT(((const uint8_t *)out.buffers[0])[0], 5);
      out.release(&out);
    }
    t_free(&col);
  }
}

WT_TEST(null_scalars_make_all_null) {
  const char *texts[] = {"alpha", "b", NULL};
  tcol cols[2] = {t_literal(NULL), t_text(NANOARROW_TYPE_STRING, 3, texts)};
  static const char *const fns[] = {"stable_id", "prefixed_hash64", "stable_id_parts"};
  for (size_t f = 0; f < 3; f++) {
    weir_error err = WEIR_ERROR_INIT;
    struct ArrowArray out;
    WT_OK(t_call(fns[f], 2, cols, 3, &out, &err));
    WT_EQ_INT(out.length, 3);
    WT_EQ_INT(out.null_count, 3);
    out.release(&out);
  }
  t_free(&cols[0]);
  t_free(&cols[1]);
}

/* No rows, with and without buffers, and nothing but scalars beside. */
WT_TEST(empty_input) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArray out;
  static const void *none[8];
  for (size_t l = 0; l < 3; l++) {
    tcol cols[2] = {t_literal("ns"), t_text(text_layouts[l], 0, NULL)};
    WT_OK(t_call("stable_hash64", 1, &cols[1], 0, &out, &err));
    WT_EQ_INT(out.length, 0);
    out.release(&out);
    tcol bare = t_slice(&cols[1], 0, 0);
    bare.array.buffers = none;
    WT_OK(t_call("stable_hash64", 1, &bare, 0, &out, &err));
    out.release(&out);
    WT_OK(t_call("stable_hash_any", 1, &bare, 0, &out, &err));
    out.release(&out);
    WT_OK(t_call("stable_id_parts", 2, cols, 0, &out, &err));
    WT_EQ_INT(out.length, 0);
    out.release(&out);
    t_free(&cols[0]);
    t_free(&cols[1]);
  }
}

WT_TEST(too_much_text_is_an_error) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArray out;
  size_t n = 1 << 20;
  char *prefix = malloc(n + 1);
  WT_CHECK(prefix != NULL);
  memset(prefix, 'p', n);
  prefix[n] = '\0';
  tcol cols[2] = {t_literal(prefix), t_begin(NANOARROW_TYPE_STRING)};
  t_must(ArrowArrayAppendEmpty(&cols[1].array, 2100));
  t_end(&cols[1]);
  weir_status status = t_call("stable_id", 2, cols, 2100, &out, &err);
  t_free(&cols[0]);
  t_free(&cols[1]);
  free(prefix);
  WT_EQ_INT(status, WEIR_E_TOO_LARGE);
  WT_CHECK(out.release == NULL);
  WT_CHECK(err.hint[0] != '\0');
}

WT_TEST(wrong_lengths_and_types_are_errors) {
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArray out;
  const char *texts[] = {"alpha", "b"};
  tcol text = t_text(NANOARROW_TYPE_STRING, 2, texts), number = t_int(1);
  weir_status short_status = t_call("stable_hash64", 1, &text, 3, &out, &err);
  weir_error_release(&err);
  weir_status type_status = t_call("stable_hash64", 1, &number, 1, &out, &err);
  weir_error_release(&err);
  tcol two[2] = {text, text};
  weir_status count_status = t_call("stable_hash128", 2, two, 2, &out, &err);
  WT_CHECK(strstr(err.message, "stable_hash128") != NULL);
  weir_error_release(&err);
  tcol any[2] = {text, t_ints(NANOARROW_TYPE_BOOL, 2, (const int64_t[]){1, 0})};
  weir_status literal_status = t_call("stable_hash_any", 2, any, 2, &out, &err);
  weir_error_release(&err);
  t_free(&text);
  t_free(&number);
  t_free(&any[1]);
  WT_EQ_INT(short_status, WEIR_E_BUG);
  WT_EQ_INT(type_status, WEIR_E_SQL_PLAN);
  WT_EQ_INT(count_status, WEIR_E_SQL_PLAN);
  WT_EQ_INT(literal_status, WEIR_E_SQL_PLAN);
}

/* ---- tests/data/udf_vectors.txt ---- */

static int nibble(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Decodes in place; the text may hold any byte but NUL. */
static char *unhex(char *hex) {
  char *to = hex;
  for (const char *p = hex; p[0] != '\0' && p[1] != '\0'; p += 2) {
    *to++ = (char)(nibble(p[0]) * 16 + nibble(p[1]));
  }
  *to = '\0';
  return hex;
}

static tcol vector_arg(char *code, enum ArrowType layout) {
  if (code[0] == 'i') {
    char *end = NULL;
    long long v = strtoll(code + 2, &end, 10);
    tcol c = t_begin(NANOARROW_TYPE_INT64);
    t_must(ArrowArrayAppendInt(&c.array, v));
    t_end(&c);
    c.scalar = true;
    return c;
  }
  if (code[0] == 'm') {
    return t_int(T_NULL);
  }
  if (code[0] == 'b') {
    return t_bool(code[2] == '1');
  }
  const char *text = code[0] == 'n' ? NULL : unhex(code + 2);
  tcol c = t_text(layout, 1, &text);
  c.scalar = true;
  return c;
}

static void check_line(char *line, size_t number) {
  char *fields[T_MAX_ARGS + 2], *save = NULL;
  tcol cols[T_MAX_ARGS];
  static char got[16384], expected[16384];
  size_t n = 0;
  for (char *f = strtok_r(line, "\t\n", &save); f != NULL && n < T_MAX_ARGS + 2;
       f = strtok_r(NULL, "\t\n", &save)) {
    fields[n++] = f;
  }
  WT_CHECK(n >= 3);
  for (size_t i = 1; i + 1 < n; i++) {
    cols[i - 1] = vector_arg(fields[i], text_layouts[(number + i) % 3]);
  }
  t_eval(fields[0], n - 2, cols, 1, 0, got, sizeof got);
  for (size_t i = 0; i < n - 2; i++) {
    t_free(&cols[i]);
  }
  char *want = fields[n - 1];
  snprintf(expected, sizeof expected, "%s",
           want[0] == 'n'   ? "NULL"
           : want[0] == 'i' ? want + 2
           : want[0] == 'f' ? want + 2
           : want[0] == 'b' ? (want[2] == '1' ? "true" : "false")
           : want[0] == 'x' ? "error"
                            : unhex(want + 2));
  if (want[0] == 'x' ? strncmp(got, expected, 5) != 0 : strcmp(got, expected) != 0) {
    wt_fail(__FILE__, __LINE__, "line %zu: %s gives %s, not %s", number, fields[0], got,
            expected);
  }
}

WT_TEST(generated_vectors) {
  static char line[65536];
  FILE *f = fopen(WT_ROOT "/tests/data/udf_vectors.txt", "r");
  size_t n = 0;
  WT_CHECK(f != NULL);
  while (fgets(line, sizeof line, f) != NULL) {
    check_line(line, ++n);
  }
  fclose(f);
  WT_CHECK(n > 2000);
}
