/* JSON out: structure, escaping of any bytes, numbers that read back. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "common/test.h"

WT_TEST(structure) {
  wi_buf b = WI_BUF_INIT;
  wi_json j;
  wi_json_begin(&j, &b);
  wi_json_object(&j);
  wi_json_kt(&j, "a", "x{[:,");
  wi_json_kt(&j, "n", NULL);
  wi_json_ki(&j, "i", INT64_MIN);
  wi_json_kb(&j, "t", true);
  wi_json_key(&j, "empty");
  wi_json_array(&j);
  wi_json_array_end(&j);
  wi_json_key(&j, "list");
  wi_json_array(&j);
  wi_json_uint(&j, UINT64_MAX);
  wi_json_bool(&j, false);
  wi_json_null(&j);
  wi_json_raw(&j, "{\"r\":1}");
  wi_json_raw(&j, "");
  wi_json_object(&j);
  wi_json_object_end(&j);
  wi_json_array(&j);
  wi_json_text(&j, "[");
  wi_json_text(&j, "y");
  wi_json_array_end(&j);
  wi_json_double(&j, 0.5);
  wi_json_double(&j, NAN);
  wi_json_array_end(&j);
  wi_json_object_end(&j);
  WT_EQ_INT(j.depth, 0);
  WT_EQ_STR(
      wi_buf_text(&b),
      "{\"a\":\"x{[:,\",\"n\":null,\"i\":-9223372036854775808,\"t\":true,\"empty\":[],"
      "\"list\":[18446744073709551615,false,null,{\"r\":1},null,{},[\"[\",\"y\"],0.5,"
      "\"NaN\"]}");
  wi_buf_release(&b);
}

WT_TEST(records_follow_each_other) {
  wi_buf b = WI_BUF_INIT;
  wi_json j;
  for (int i = 0; i < 2; i++) {
    wi_json_begin(&j, &b);
    wi_json_object(&j);
    wi_json_ki(&j, "i", i);
    wi_json_object_end(&j);
    wi_buf_chr(&b, '\n');
  }
  WT_EQ_STR(wi_buf_text(&b), "{\"i\":0}\n{\"i\":1}\n");
  wi_buf_release(&b);
}

WT_TEST(deep_nesting) {
  wi_buf b = WI_BUF_INIT;
  wi_json j;
  wi_json_begin(&j, &b);
  for (int i = 0; i < 5000; i++) {
    wi_json_array(&j);
    wi_json_int(&j, 1);
  }
  for (int i = 0; i < 5000; i++) {
    wi_json_array_end(&j);
  }
  WT_EQ_INT(b.n, 5000 * 2 + 4999 + 5000);
  WT_CHECK(wi_starts_with(b.p, "[1,[1,[1,") && strstr(b.p, ",[1]]]") != NULL);
  wi_buf_release(&b);
}

WT_TEST(escapes) {
  wi_buf b = WI_BUF_INIT;
  wi_buf_json_text(&b, "a\"\\/\b\f\n\r\t\x01\x7F\0z", 13);
  WT_EQ_STR(wi_buf_text(&b),
            "\"a\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0001\\u007f\\u0000z\"");
  wi_buf_clear(&b);
  wi_buf_json_text(&b, "\xC3\xA9\xF0\x9F\x98\x80", 6);
  WT_EQ_STR(wi_buf_text(&b), "\"\xC3\xA9\xF0\x9F\x98\x80\"");
  wi_buf_clear(&b);
  wi_buf_json_text(&b, "a\xFFz\xE2\x82", 5);
  WT_EQ_STR(wi_buf_text(&b), "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
  wi_buf_clear(&b);
  wi_buf_json_text(&b, "", 0);
  WT_EQ_STR(wi_buf_text(&b), "\"\"");
  wi_buf_release(&b);
}

/* Reads a JSON string strictly; returns bytes written, or -1. */
static long unescape(const char *p, size_t n, char *out) {
  long used = 0;
  if (n < 2 || p[0] != '"' || p[n - 1] != '"' || !wi_utf8_valid(p, n)) {
    return -1;
  }
  for (size_t i = 1; i < n - 1; i++) {
    if ((unsigned char)p[i] < 0x20 || p[i] == '"') {
      return -1;
    }
    if (p[i] != '\\') {
      out[used++] = p[i];
      continue;
    }
    const char *from = "\"\\nrt", *to = "\"\\\n\r\t";
    const char *at = p[++i] == '\0' ? NULL : strchr(from, p[i]);
    unsigned v = 0;
    if (at != NULL) {
      out[used++] = to[at - from];
    } else if (p[i] == 'u' && i + 4 < n - 1 && sscanf(p + i + 1, "%4x", &v) == 1 &&
               v < 128) {
      out[used++] = (char)v;
      i += 4;
    } else {
      return -1;
    }
  }
  return used;
}

WT_TEST(any_bytes_give_valid_json) {
  srand(11);
  wi_buf b = WI_BUF_INIT;
  for (int round = 0; round < 20000; round++) {
    char in[40], want[160], out[400];
    size_t n = (size_t)(rand() % 40), w = 0;
    for (size_t i = 0; i < n; i++) {
      in[i] =
          (char)(rand() % 4 == 0 ? rand() % 128 : 0xC0 + rand() % 56 - (rand() % 2) * 64);
    }
    for (size_t i = 0; i < n;) {
      size_t step = wi_utf8_char(in + i, n - i);
      memcpy(want + w, step == 0 ? "\xEF\xBF\xBD" : in + i, step == 0 ? 3 : step);
      w += step == 0 ? 3 : step;
      i += step == 0 ? 1 : step;
    }
    wi_buf_clear(&b);
    wi_buf_json_text(&b, in, n);
    long used = unescape(b.p, b.n, out);
    WT_EQ_INT(used, w);
    WT_CHECK(memcmp(out, want, w) == 0);
  }
  wi_buf_release(&b);
}

WT_TEST(doubles_as_documented) {
  static const struct {
    double v;
    const char *text;
  } rows[] = {{1, "1"},
              {0.1, "0.1"},
              {-0.0, "-0"},
              {0, "0"},
              {1e300, "1e300"},
              {1e-7, "1e-7"},
              {1.0 / 3, "0.3333333333333333"},
              {0.1 + 0.2, "0.30000000000000004"},
              {123456789012345680.0, "1.2345678901234568e17"},
              {9007199254740993.0, "9007199254740992"},
              {100000, "100000"},
              {-1.5e-10, "-1.5e-10"},
              {DBL_MAX, "1.7976931348623157e308"},
              {DBL_MIN, "2.2250738585072014e-308"},
              {5e-324, "5e-324"},
              {(double)NAN, "NaN"},
              {(double)INFINITY, "Infinity"},
              {-(double)INFINITY, "-Infinity"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char out[32];
    wi_double_text(rows[i].v, out);
    WT_EQ_STR(out, rows[i].text);
  }
}

static size_t digits_in(const char *text) {
  size_t n = 0, zeros = 0;
  for (; *text != '\0' && *text != 'e'; text++) {
    if (*text >= '1' && *text <= '9') {
      n += zeros + 1;
      zeros = 0;
    } else if (*text == '0' && n > 0) {
      zeros++;
    }
  }
  return n;
}

WT_TEST(random_doubles_read_back_and_are_shortest) {
  srand(5);
  for (int i = 0; i < 50000; i++) {
    uint64_t bits = 0;
    for (int k = 0; k < 5; k++) {
      bits = bits << 15 ^ (uint64_t)rand();
    }
    if (i % 5 == 0) {
      bits &= UINT64_C(0x800FFFFFFFFFFFFF); /* a subnormal */
    }
    double v, back;
    memcpy(&v, &bits, sizeof v);
    if (i % 7 == 0) {
      v = rand() % 100000 / 1000.0;
    }
    if (!isfinite(v)) {
      continue;
    }
    char out[32], shorter[40];
    wi_double_text(v, out);
    back = strtod(out, NULL);
    WT_CHECK(memcmp(&back, &v, sizeof v) == 0);
    size_t n = digits_in(out);
    if (n > 1) {
      snprintf(shorter, sizeof shorter, "%.*e", (int)n - 2, v);
      back = strtod(shorter, NULL);
      WT_CHECK(memcmp(&back, &v, sizeof v) != 0);
    }
  }
}

/* A host may have set a locale with another decimal point; this checks one if installed,
 * and the plain one in any case. */
WT_TEST(doubles_ignore_the_locale) {
  static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "C"};
  for (size_t i = 0; i < 3; i++) {
    char out[32];
    if (setlocale(LC_NUMERIC, locales[i]) == NULL) {
      continue;
    }
    wi_double_text(1234.5, out);
    setlocale(LC_NUMERIC, "C");
    WT_EQ_STR(out, "1234.5");
  }
}
