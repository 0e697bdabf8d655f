/* The values of partitions: what writers spell, and the one spelling of ours. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* ---- types ---- */

bool wi_partition_type_of_format(const char *format, wi_partition_type *out) {
  static const struct {
    const char *format;
    wi_partition_kind kind;
  } kinds[] = {{"vu", WI_PARTITION_STRING},
               {"u", WI_PARTITION_STRING},
               {"U", WI_PARTITION_STRING},
               {"vz", WI_PARTITION_BINARY},
               {"z", WI_PARTITION_BINARY},
               {"Z", WI_PARTITION_BINARY},
               {"b", WI_PARTITION_BOOLEAN},
               {"c", WI_PARTITION_BYTE},
               {"s", WI_PARTITION_SHORT},
               {"i", WI_PARTITION_INTEGER},
               {"l", WI_PARTITION_LONG},
               {"f", WI_PARTITION_FLOAT},
               {"g", WI_PARTITION_DOUBLE},
               {"tdD", WI_PARTITION_DATE},
               {"tsu:UTC", WI_PARTITION_TIMESTAMP},
               {"tsu:", WI_PARTITION_TIMESTAMP_NTZ}};
  unsigned precision, scale;
  *out = (wi_partition_type){WI_PARTITION_STRING, 0, 0};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (strcmp(format, kinds[i].format) == 0) {
      out->kind = kinds[i].kind;
      return true;
    }
  }
  if (sscanf(format, "d:%u,%u", &precision, &scale) != 2) {
    return false;
  }
  *out = (wi_partition_type){WI_PARTITION_DECIMAL, (uint8_t)precision, (uint8_t)scale};
  return true;
}

bool wi_partition_type_of(const char *name, wi_partition_type *out) {
  char format[32];
  *out = (wi_partition_type){WI_PARTITION_STRING, 0, 0};
  return wi_delta_plain_format(name, format) && wi_partition_type_of_format(format, out);
}

/* ---- numbers as digits ---- */

/* Digits d1 d2 ... dn mean d1d2...dn * 10^exponent; none mean 0. */
typedef struct number {
  bool negative;
  int exponent;
  size_t n;
  char digits[128];
} number;

enum { EXPONENT_MAX = 10000 };

/* Leading zeros are no digits; false: more of them than any value of ours has. */
static bool take_digit(number *v, char c) {
  if (v->n == 0 && c == '0') {
    return true;
  }
  if (v->n == sizeof v->digits) {
    return false;
  }
  v->digits[v->n++] = c;
  return true;
}

static bool read_exponent(wi_str s, int *out) {
  bool negative = s.n > 0 && s.p[0] == '-';
  size_t i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;
  *out = 0;
  if (i == s.n) {
    return false;
  }
  for (; i < s.n; i++) {
    if (!wi_ascii_digit(s.p[i]) || *out > EXPONENT_MAX) {
      return false;
    }
    *out = *out * 10 + (s.p[i] - '0');
  }
  *out = negative ? -*out : *out;
  return true;
}

/* [+-]digits[.digits][e[+-]digits], with a digit on one side of the point at least. */
static bool read_number(wi_str s, number *v) {
  bool point = false, any = false;
  size_t i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;
  *v = (number){.negative = s.n > 0 && s.p[0] == '-'};
  for (; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
    if (s.p[i] == '.' && !point) {
      point = true;
      continue;
    }
    if (!wi_ascii_digit(s.p[i]) || !take_digit(v, s.p[i])) {
      return false;
    }
    any = true;
    v->exponent -= point ? 1 : 0;
  }
  int exponent = 0;
  if (i < s.n && !read_exponent((wi_str){s.p + i + 1, s.n - i - 1}, &exponent)) {
    return false;
  }
  v->exponent += exponent;
  v->negative = v->negative && v->n > 0;
  return any;
}

static void drop_zeros(number *v) {
  while (v->n > 0 && v->digits[v->n - 1] == '0') {
    v->n--;
    v->exponent++;
  }
}

/* Without an exponent, with `scale` digits behind the point, at least. */
static void put_number(const number *v, int scale, wi_buf *out) {
  int last = v->n == 0 || v->exponent > 0 ? 0 : v->exponent; /* place of the last digit */
  int first = v->n == 0 ? 0 : v->exponent + (int)v->n - 1;
  last = -scale < last ? -scale : last;
  wi_buf_str(out, v->negative ? "-" : "");
  for (int place = first > 0 ? first : 0; place >= last; place--) {
    bool there = v->n > 0 && place >= v->exponent && place <= first;
    wi_buf_str(out, place == -1 ? "." : "");
    wi_buf_chr(out, there ? v->digits[first - place] : '0');
  }
}

static bool spell_decimal(wi_partition_type type, wi_str text, wi_buf *out) {
  number v;
  if (!read_number(text, &v)) {
    return false;
  }
  drop_zeros(&v);
  int places = v.n == 0 ? 0 : v.exponent + (int)v.n; /* before the point */
  if (v.n > 0 &&
      (v.exponent < -(int)type.scale || places > type.precision - type.scale)) {
    return false;
  }
  put_number(&v, type.scale, out);
  return true;
}

static bool spell_whole(wi_partition_kind kind, wi_str text, wi_buf *out) {
  static const char *const most[] = {"127", "32767", "2147483647", "9223372036854775807"};
  static const char *const least[] = {"128", "32768", "2147483648",
                                      "9223372036854775808"};
  number v;
  if (memchr(text.p, '.', text.n) != NULL || memchr(text.p, 'e', text.n) != NULL ||
      memchr(text.p, 'E', text.n) != NULL || !read_number(text, &v)) {
    return false;
  }
  size_t i = (size_t)(kind - WI_PARTITION_BYTE);
  const char *limit = v.negative ? least[i] : most[i];
  size_t n = strlen(limit);
  if (v.n > n || (v.n == n && memcmp(v.digits, limit, n) > 0)) {
    return false;
  }
  put_number(&v, 0, out);
  return true;
}

/* ---- floats ---- */

static bool alike(wi_str text, const char *word) {
  return text.n == strlen(word) && wi_ascii_same_n(text.p, word, text.n);
}

/* NaN and the infinities, in what Java, Rust and Python make of them. */
static const char *odd_float(wi_str text) {
  bool negative = text.n > 0 && text.p[0] == '-';
  if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+')) {
    text.p++;
    text.n--;
  }
  if (alike(text, "nan")) {
    return "NaN";
  }
  if (alike(text, "inf") || alike(text, "infinity")) {
    return negative ? "-Infinity" : "Infinity";
  }
  return NULL;
}

static bool same_float(double a, double b) {
  return !(a < b) && !(a > b);
}

/* The fewest digits that give the float again; the point of the locale is skipped. */
static void float_digits(double value, bool single, number *v) {
  bool small = fabs(value) < (single ? 1.17549435e-38 : 2.2250738585072014e-308);
  int digits = small ? 1 : single ? 6 : 15;
  char text[48];
  for (;; digits++) {
    snprintf(text, sizeof text, "%.*e", digits - 1, value);
    double back = single ? (double)strtof(text, NULL) : strtod(text, NULL);
    if (same_float(back, value) || digits == 17) {
      break;
    }
  }
  *v = (number){.negative = value < 0};
  const char *e = strchr(text, 'e');
  for (const char *p = text; p < e; p++) {
    if (wi_ascii_digit(*p)) {
      v->digits[v->n++] = *p;
    }
  }
  v->exponent = (int)strtol(e + 1, NULL, 10) - ((int)v->n - 1);
  drop_zeros(v);
}

/* Of any number of digits: the library rounds them. */
static bool float_shape(wi_str s) {
  size_t i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;
  size_t points = 0, digits = 0;
  int exponent = 0;
  for (; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
    points += s.p[i] == '.' ? 1 : 0;
    digits += wi_ascii_digit(s.p[i]) ? 1 : 0;
    if (!wi_ascii_digit(s.p[i]) && s.p[i] != '.') {
      return false;
    }
  }
  return points <= 1 && digits > 0 &&
         (i == s.n || read_exponent((wi_str){s.p + i + 1, s.n - i - 1}, &exponent));
}

static bool spell_float(bool single, wi_str text, wi_buf *out) {
  size_t at = out->n;
  number v;
  const char *odd = odd_float(text);
  if (odd != NULL) {
    wi_buf_str(out, odd);
    return true;
  }
  locale_t c = float_shape(text) ? newlocale(LC_ALL_MASK, "C", (locale_t)0) : (locale_t)0;
  if (c == (locale_t)0) {
    return false;
  }
  wi_buf_add(out, text.p, text.n); /* ends it with a NUL for the library */
  const char *copy = wi_buf_text(out) + (out->failed ? 0 : at);
  double value = single ? (double)strtof_l(copy, NULL, c) : strtod_l(copy, NULL, c);
  freelocale(c);
  if (!out->failed) {
    out->n = at;
    out->p[at] = '\0';
  }
  if (isinf(value)) { /* too large for the type: what readers make of it */
    wi_buf_str(out, value < 0 ? "-Infinity" : "Infinity");
    return true;
  }
  if (same_float(value, 0)) {
    wi_buf_str(out, "0");
    return true;
  }
  float_digits(value, single, &v);
  put_number(&v, 0, out);
  return true;
}

/* ---- dates and times ---- */

/* One or two digits at *at, as two. */
static bool two_digits(wi_str s, size_t *at, char out[2]) {
  size_t n = 0;
  while (n < 2 && *at + n < s.n && wi_ascii_digit(s.p[*at + n])) {
    n++;
  }
  if (n == 0) {
    return false;
  }
  out[0] = n == 2 ? s.p[*at] : '0';
  out[1] = s.p[*at + n - 1];
  *at += n;
  return true;
}

/* The date that the text begins with, as YYYY-MM-DD; returns its length, 0: there is none. */
static size_t read_date(wi_str s, char out[16]) {
  size_t at = 4;
  int32_t days;
  memcpy(out, "0000-00-00", 11);
  if (s.n < 8 || s.p[4] != '-') {
    return 0;
  }
  memcpy(out, s.p, 4);
  at++;
  if (!two_digits(s, &at, out + 5) || at == s.n || s.p[at] != '-') {
    return 0;
  }
  at++;
  return two_digits(s, &at, out + 8) && wi_date_parse(out, &days) ? at : 0;
}

static bool spell_date(wi_str text, wi_buf *out) {
  char date[16];
  if (read_date(text, date) != text.n) {
    return false;
  }
  wi_buf_str(out, date);
  return true;
}

/* A clock's time and its zone behind a date, as base reads them: "T10:00:00.123456Z". */
static bool read_clock(wi_str s, bool zoned, char *out) {
  static const char shape[] = "00:00:00";
  size_t at = sizeof shape - 1, kept = 0;
  if (s.n < at) {
    return false;
  }
  *out++ = 'T';
  memcpy(out, s.p, at);
  out += at;
  if (at < s.n && s.p[at] == '.') {
    size_t digits = 0;
    *out++ = '.';
    for (at++; at < s.n && wi_ascii_digit(s.p[at]); at++, digits++) {
      if (kept < 6) {
        *out++ = s.p[at];
        kept++;
      }
    }
    if (digits == 0) {
      return false;
    }
  }
  size_t rest = s.n - at;
  bool utc = rest == 0 || (rest == 1 && s.p[at] == 'Z');
  if (!utc && (!zoned || rest != 6)) {
    return false;
  }
  memcpy(out, utc ? "Z" : s.p + at, utc ? 1 : rest);
  out[utc ? 1 : rest] = '\0';
  return true;
}

static bool spell_time(bool zoned, wi_str text, wi_buf *out) {
  char whole[64];
  int64_t us = 0;
  size_t n = read_date(text, whole);
  if (n == 0) {
    return false;
  }
  memcpy(whole + 10, "T00:00:00Z", 11);
  if (n < text.n &&
      ((text.p[n] != ' ' && text.p[n] != 'T') ||
       !read_clock((wi_str){text.p + n + 1, text.n - n - 1}, zoned, whole + 10))) {
    return false;
  }
  if (!wi_time_parse(whole, &us)) {
    return false;
  }
  char spelled[32];
  wi_time_text(us, spelled);
  spelled[10] = ' ';
  spelled[26] = '\0';
  wi_buf_str(out, spelled);
  return true;
}

static bool spell_boolean(wi_str text, wi_buf *out) {
  bool yes = alike(text, "true");
  wi_buf_str(out, yes ? "true" : "false");
  return yes || alike(text, "false");
}

bool wi_partition_spell(wi_partition_type type, wi_str text, wi_buf *out) {
  switch (type.kind) {
    case WI_PARTITION_BOOLEAN:
      return spell_boolean(text, out);
    case WI_PARTITION_BYTE:
    case WI_PARTITION_SHORT:
    case WI_PARTITION_INTEGER:
    case WI_PARTITION_LONG:
      return spell_whole(type.kind, text, out);
    case WI_PARTITION_FLOAT:
    case WI_PARTITION_DOUBLE:
      return spell_float(type.kind == WI_PARTITION_FLOAT, text, out);
    case WI_PARTITION_DECIMAL:
      return spell_decimal(type, text, out);
    case WI_PARTITION_DATE:
      return spell_date(text, out);
    case WI_PARTITION_TIMESTAMP:
    case WI_PARTITION_TIMESTAMP_NTZ:
      return spell_time(type.kind == WI_PARTITION_TIMESTAMP, text, out);
    case WI_PARTITION_STRING:
    case WI_PARTITION_BINARY:
    default:
      wi_buf_add(out, text.p, text.n);
      return true;
  }
}

/* ---- order ---- */

/* 0 to 4: -Infinity, negative, not negative, Infinity, NaN. */
static int rank_of(wi_str s) {
  if (s.p[0] == '-') {
    return s.p[1] == 'I' ? 0 : 1;
  }
  return s.p[0] == 'I' ? 3 : s.p[0] == 'N' ? 4 : 2;
}

static size_t whole_digits(wi_str s) {
  const char *point = memchr(s.p, '.', s.n);
  return point == NULL ? s.n : (size_t)(point - s.p);
}

/* As spelled: no exponent, no leading zeros, so that the longer is the larger. */
static int order_numbers(wi_str a, wi_str b) {
  int x = rank_of(a), y = rank_of(b);
  if (x != y || x == 0 || x >= 3) {
    return (x > y) - (x < y);
  }
  if (x == 1) {
    return order_numbers((wi_str){b.p + 1, b.n - 1}, (wi_str){a.p + 1, a.n - 1});
  }
  size_t m = whole_digits(a), n = whole_digits(b);
  return m != n ? (m > n) - (m < n) : wi_str_cmp(a, b);
}

int wi_partition_order(wi_partition_type type, wi_str a, wi_str b) {
  bool numeric = type.kind >= WI_PARTITION_BYTE && type.kind <= WI_PARTITION_DECIMAL;
  return numeric ? order_numbers(a, b) : wi_str_cmp(a, b);
}
