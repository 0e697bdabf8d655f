/* Borrowed strings, UTF-8 against an independent decoder, names, distances. */
#include <stdlib.h>

#include "base/base.h"
#include "common/test.h"

WT_TEST(compare_and_trim) {
  WT_CHECK(wi_str_eq(wi_str_of("ab"), "ab"));
  WT_CHECK(!wi_str_eq(wi_str_of("ab"), "abc"));
  WT_CHECK(wi_str_eq(wi_str_of(NULL), ""));
  WT_CHECK(wi_str_cmp(wi_str_of("a"), wi_str_of("ab")) < 0);
  WT_CHECK(wi_str_cmp(wi_str_of("\xC3"), wi_str_of("z")) > 0);
  WT_CHECK(wi_str_cmp((wi_str){NULL, 0}, wi_str_of("")) == 0);
  WT_CHECK(wi_str_eq(wi_str_trim(wi_str_of(" \t\r\na b\n ")), "a b"));
  WT_CHECK(wi_str_eq(wi_str_trim(wi_str_of(" \t")), ""));
  WT_CHECK(wi_starts_with("views/a", "views/") && !wi_starts_with("vi", "views"));
  WT_CHECK(wi_ends_with("a.sql", ".sql") && !wi_ends_with("sql", ".sql"));
  WT_CHECK(wi_starts_with("a", "") && wi_ends_with("a", ""));
}

/* By the definition: decode by the lead's length, then refuse what is not minimal. */
static bool slow_valid(const unsigned char *p, size_t n) {
  for (size_t i = 0; i < n;) {
    size_t len = p[i] < 0x80         ? 1
                 : (p[i] >> 5) == 6  ? 2
                 : (p[i] >> 4) == 14 ? 3
                 : (p[i] >> 3) == 30 ? 4
                                     : 0;
    if (len == 0 || i + len > n) {
      return false;
    }
    uint32_t v = len == 1 ? p[i] : p[i] & (0x7Fu >> len);
    for (size_t j = 1; j < len; j++) {
      if ((p[i + j] >> 6) != 2) {
        return false;
      }
      v = v << 6 | (p[i + j] & 0x3Fu);
    }
    size_t need = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;
    if (need != len || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF)) {
      return false;
    }
    i += len;
  }
  return true;
}

/* All of two and three bytes, and every four bytes with a lead of F0 to F5. */
WT_TEST(utf8_agrees_with_the_definition) {
  for (uint32_t v = 0; v < 0x1000000; v += v < 0xC00000 ? 97 : 1) {
    unsigned char p[3] = {(unsigned char)(v >> 16), (unsigned char)(v >> 8),
                          (unsigned char)v};
    WT_CHECK(wi_utf8_valid((const char *)p, 3) == slow_valid(p, 3));
    WT_CHECK(wi_utf8_valid((const char *)p, 2) == slow_valid(p, 2));
  }
  for (uint32_t v = 0; v < 6u << 24; v += 61) {
    unsigned char p[4] = {(unsigned char)(0xF0 + (v >> 24)), (unsigned char)(v >> 16),
                          (unsigned char)(v >> 8), (unsigned char)v};
    WT_CHECK(wi_utf8_valid((const char *)p, 4) == slow_valid(p, 4));
  }
  WT_EQ_INT(wi_utf8_char("\xF0\x9F\x98\x80", 4), 4);
  WT_EQ_INT(wi_utf8_char("\xF0\x9F\x98\x80", 3), 0);
  WT_EQ_INT(wi_utf8_char("", 0), 0);
}

WT_TEST(names) {
  char longest[130];
  memset(longest, 'a', sizeof longest);
  longest[128] = '\0';
  WT_CHECK(wi_name_valid(longest));
  longest[128] = 'a';
  longest[129] = '\0';
  WT_CHECK(!wi_name_valid(longest));
  WT_CHECK(wi_name_valid("_a1") && wi_name_valid("x"));
  WT_CHECK(!wi_name_valid("") && !wi_name_valid(NULL) && !wi_name_valid("1a"));
  WT_CHECK(!wi_name_valid("A") && !wi_name_valid("a-b") && !wi_name_valid("\xC3\xA9"));
}

/* The C library asks the locale: in one of 8 bits it folds other letters too. */
WT_TEST(ascii_is_the_same_for_every_byte) {
  for (int i = 0; i < 256; i++) {
    char c = (char)i;
    bool upper = i >= 'A' && i <= 'Z', lower = i >= 'a' && i <= 'z';
    bool digit = i >= '0' && i <= '9';
    WT_EQ_INT(wi_ascii_lower(c), upper ? (char)(i + 32) : c);
    WT_EQ_INT(wi_ascii_digit(c), digit);
    WT_EQ_INT(wi_ascii_alnum(c), upper || lower || digit);
  }
  WT_CHECK(wi_ascii_same("Delta.X", "dELTA.x") && !wi_ascii_same("a", "ab"));
  WT_CHECK(!wi_ascii_same("ab", "a") && wi_ascii_same("", ""));
  WT_CHECK(!wi_ascii_same("\xC4", "\xE4") && !wi_ascii_same("I", "\xC4\xB1"));
  WT_CHECK(wi_ascii_same_n("abX", "ABy", 2) && !wi_ascii_same_n("abX", "ABy", 3));
  WT_CHECK(wi_ascii_same_n("ab", "AB", 9));
}

WT_TEST(distances) {
  WT_EQ_INT(wi_edit_distance("", ""), 0);
  WT_EQ_INT(wi_edit_distance("", "abc"), 3);
  WT_EQ_INT(wi_edit_distance("kitten", "sitting"), 3);
  WT_EQ_INT(wi_edit_distance("saturday", "sunday"), 3);
  WT_EQ_INT(wi_edit_distance("flaw", "lawn"), 2);
  WT_EQ_INT(wi_edit_distance("Abc", "aBc"), 0);
}

static size_t slow_distance(const char *a, const char *b) {
  if (*a == '\0' || *b == '\0') {
    return strlen(a) + strlen(b);
  }
  if (*a == *b) {
    return slow_distance(a + 1, b + 1);
  }
  size_t x = slow_distance(a + 1, b), y = slow_distance(a, b + 1),
         z = slow_distance(a + 1, b + 1);
  x = x < y ? x : y;
  return 1 + (x < z ? x : z);
}

WT_TEST(distances_agree_with_the_definition) {
  srand(7);
  for (int i = 0; i < 300; i++) {
    char a[8] = "", b[8] = "";
    int n = rand() % 7, m = rand() % 7;
    for (int j = 0; j < n; j++) {
      a[j] = (char)('a' + rand() % 3);
    }
    for (int j = 0; j < m; j++) {
      b[j] = (char)('a' + rand() % 3);
    }
    WT_EQ_INT(wi_edit_distance(a, b), slow_distance(a, b));
  }
}

WT_TEST(distance_of_long_texts) {
  char a[1001], b[1001];
  memset(a, 'a', 1000);
  memset(b, 'a', 1000);
  a[1000] = b[1000] = '\0';
  b[500] = 'b';
  WT_EQ_INT(wi_edit_distance(a, b), 1);
}

WT_TEST(nearest) {
  static const char *const names[] = {"orders", "order", "orderz", "customers", "bdders"};
  char out[64];
  wi_nearest("ordrs", names, 5, out, sizeof out);
  WT_EQ_STR(out, "orders, order or orderz");
  wi_nearest("custmers", names, 5, out, sizeof out);
  WT_EQ_STR(out, "customers");
  wi_nearest("CUSTOMERS", names, 5, out, sizeof out);
  WT_EQ_STR(out, "customers");
  static const char *const shorts[] = {"day", "n"};
  wi_nearest("dya", shorts, 2, out, sizeof out);
  WT_EQ_STR(out, "day");
  wi_nearest("yda", shorts, 2, out, sizeof out);
  WT_EQ_STR(out, "");
  wi_nearest("zzzzzz", names, 5, out, sizeof out);
  WT_EQ_STR(out, "");
  wi_nearest("x", names, 0, out, sizeof out);
  WT_EQ_STR(out, "");
  wi_nearest("ordrs", names, 5, out, 10);
  WT_EQ_STR(out, "orders");
  wi_nearest("ordrs", names, 5, out, 1);
  WT_EQ_STR(out, "");
}
