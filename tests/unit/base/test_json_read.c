/* Reading JSON: what is accepted and what comes out is what jansson's own reader says. */
#include <jansson.h>
#include <stdlib.h>

#include "base/base.h"
#include "common/test.h"

/* Both, with the same outcome. */
static bool agree(const char *text, size_t n) {
  weir_error err = WEIR_ERROR_INIT;
  json_t *ours = NULL;
  json_t *theirs = json_loadb(text, n, JSON_DECODE_ANY, NULL);
  weir_status status = wi_json_read(text, n, &ours, &err);
  bool good = theirs != NULL ? status == WEIR_OK && json_equal(ours, theirs)
                             : status == WEIR_E_BAD_VALUE && ours == NULL;
  if (!good) {
    fprintf(stderr, "%.*s: %s %s\n", (int)n, text, theirs != NULL ? "good" : "bad",
            err.message);
  }
  json_decref(ours);
  json_decref(theirs);
  weir_error_release(&err);
  return good;
}

WT_TEST(values_and_what_is_none) {
  static const char *const texts[] = {
      "{}", "[]", " [ ] ", "[1]", "[1,2]", "{\"a\":1}", "{\"a\":1,\"b\":[{}]}", "null",
      "true", "false", "\"x\"", "0", "-0", "-1", "9223372036854775807",
      "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "1.5",
      "-1.5e3", "1e5", "1E+5", "1e-5", "1e400", "-1e400", "1e-400", "0.1", "0e0",
      "5e-324", "123456789012345678901234567890.5", "{\"a\":1,\"a\":2}", "\"\\u00e9\"",
      "\"\\ud83d\\ude00\"", "\"\\n\\t\\\"\\\\\\/\\b\\f\\r\"", "\"\xC3\xA9\"",
      "\t[\n1\r,\n2]\n",
      /* wrong */
      "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}",
      "{\"a\":1,}", "{a:1}", "{'a':1}", "01", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+",
      "--1", "tru", "truex", "nul", "NaN", "Infinity", "\"", "\"\\", "\"\\x\"",
      "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
      "\"\\ud800x\"", "\"\n\"", "\"\x01\"", "\"\xFF\"", "\"\xC0\x80\"",
      "\"\xED\xA0\x80\"", "[1] x", "[1][2]", "{} {}", "1 2", "\"\\u0000\"", "// x",
      "[1 2]", "{\"a\" 1}", "\xEF\xBB\xBF{}", "{\"\\u0000\":1}", "[\"a\" \"b\"]", "\v1",
      "1a", "0x1", "1_0"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    WT_CHECK(agree(texts[i], strlen(texts[i])));
  }
  WT_CHECK(agree("[1]\0", 4) && agree("\"a\0b\"", 5));
}

/* Pieces of JSON in any order: mostly wrong, some right. */
WT_TEST(random_texts) {
  static const char *const parts[] = {
      "{",   "}",   "[",    "]",    ",", ":",           "\"a\"", "\"b\\n\"", "1",  "-2",
      "0.5", "1e2", "true", "null", " ", "\"\\u00e9\"", "\"",    "\\",       "00", "e"};
  srand(11);
  for (int i = 0; i < 60000; i++) {
    char text[256] = "";
    size_t n = 0;
    for (int k = 1 + rand() % 9; k > 0; k--) {
      const char *part = parts[(size_t)rand() % (sizeof parts / sizeof parts[0])];
      memcpy(text + n, part, strlen(part) + 1);
      n += strlen(part);
    }
    WT_CHECK(agree(text, n));
  }
}

/* Right ones, written from random trees, and each of them with one byte changed. */
static json_t *tree(int depth) {
  char key[8];
  int kind = rand() % (depth > 0 ? 8 : 6);
  json_t *v = kind == 6 ? json_array() : kind == 7 ? json_object() : NULL;
  for (int i = rand() % 4; v != NULL && i > 0; i--) {
    snprintf(key, sizeof key, "k%d", rand() % 5);
    if (kind == 6) {
      json_array_append_new(v, tree(depth - 1));
    } else {
      json_object_set_new(v, key, tree(depth - 1));
    }
  }
  return v != NULL   ? v
         : kind == 0 ? json_integer((json_int_t)rand() * rand() - rand())
         : kind == 1 ? json_real(rand() / 7.0 - 1e8)
         : kind == 2 ? json_string("t\xC3\xA9xt \"\\\n\x7F \xF0\x9F\x98\x80")
         : kind == 3 ? json_boolean(rand() % 2)
         : kind == 4 ? json_string("")
                     : json_null();
}

WT_TEST(random_trees) {
  srand(12);
  for (int i = 0; i < 3000; i++) {
    json_t *v = tree(4);
    size_t flags = i % 2 == 0 ? JSON_COMPACT : JSON_INDENT(2) | JSON_ENSURE_ASCII;
    char *text = json_dumps(v, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
    json_decref(v);
    WT_CHECK(text != NULL && agree(text, strlen(text)));
    size_t n = strlen(text);
    for (int k = 0; k < 5 && n > 0; k++) {
      text[(size_t)rand() % n] = "{}[]\",:0\x80 "[rand() % 10];
      WT_CHECK(agree(text, n));
    }
    free(text);
  }
}

WT_TEST(depth_has_an_end) {
  char text[4001];
  json_t *out = NULL;
  weir_error err = WEIR_ERROR_INIT;
  memset(text, '[', 2000);
  memset(text + 2000, ']', 2000);
  WT_EQ_INT(wi_json_read(text, 4000, &out, &err), WEIR_E_BAD_VALUE);
  WT_CHECK(out == NULL && strstr(err.message, "within each other") != NULL);
  WT_OK(wi_json_read(text + 1700, 600, &out, NULL));
  json_decref(out);
}

WT_TEST(says_where) {
  json_t *out = NULL;
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(wi_json_read("{\"a\": nope}", 11, &out, &err), WEIR_E_BAD_VALUE);
  WT_EQ_STR(err.message, "no JSON: no such value, at byte 6");
  weir_error_release(&err);
}

/* What others wrote is taken as it is, or said to be changed. */
WT_TEST(lax_reading) {
  static const struct {
    const char *text, *as; /* NULL: none */
    bool inexact;
  } cases[] = {{"[1,12345678901234567890,2.0]", "[1,12345678901234567000.0,2.0]", true},
               {"[-9223372036854775808]", "[-9223372036854775808]", false},
               {"\"a\\u0000b\"", "\"a\\u0000b\"", false},
               {"{\"a\\u0000b\":1}", NULL, false},
               {"[1e999]", NULL, false},
               {"[01]", NULL, false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    json_t *got = NULL, *want = NULL;
    bool inexact = false;
    weir_status status =
        wi_json_read_lax(cases[i].text, strlen(cases[i].text), &got, &inexact, NULL);
    if (cases[i].as != NULL) {
      want = json_loads(cases[i].as, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    }
    bool good = want == NULL ? status == WEIR_E_BAD_VALUE : json_equal(got, want) != 0;
    json_decref(got);
    json_decref(want);
    if (!good || (want != NULL && inexact != cases[i].inexact)) {
      wt_fail(__FILE__, __LINE__, "%s", cases[i].text);
    }
  }
}
