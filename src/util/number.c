/* Numbers as text and back, without the host's locale. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/util.h"

/* ---- floats ---- */

/* printf writes the host's decimal point and an exponent as e+05; we want '.' and e5. */
static void tidy_number(const char *in, char *out) {
  while (*in != '\0') {
    if ((*in >= '0' && *in <= '9') || *in == '-') {
      *out++ = *in++;
    } else if (*in == 'e') {
      *out++ = *in++;
      if (*in == '-') {
        *out++ = '-';
      }
      in += *in == '-' || *in == '+' ? 1 : 0;
      while (*in == '0') {
        in++;
      }
    } else {
      *out++ = '.';
      do { /* a decimal point may be several bytes long */
        in++;
      } while (*in != '\0' && *in != 'e' && (*in < '0' || *in > '9'));
    }
  }
  *out = '\0';
}

/* The words for what has no digits; false: it has. */
static bool named(double v, char out[32]) {
  const char *name = isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity";
  if (isfinite(v)) {
    return false;
  }
  memcpy(out, name, strlen(name) + 1);
  return true;
}

/* Any 15 digits survive a normal double, so fewer show as dropped zeros; a subnormal has fewer
 * digits than that. */
void wi_double_text(double v, char out[32]) {
  char text[40];
  if (named(v, out)) {
    return;
  }
  for (int digits = v != 0 && fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    double back = strtod(text, NULL);
    if (!(back < v) && !(back > v)) {
      break;
    }
  }
  tidy_number(text, out);
}

/* The same with the 6 digits of a float. */
void wi_float_text(float v, char out[32]) {
  char text[40];
  if (named((double)v, out)) {
    return;
  }
  bool tiny = v < FLT_MIN && v > -FLT_MIN && (v < 0 || v > 0);
  for (int digits = tiny ? 1 : 6; digits <= 9; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, (double)v);
    float back = strtof(text, NULL);
    if (!(back < v) && !(back > v)) {
      break;
    }
  }
  tidy_number(text, out);
}

static const char *skip_digits(const char *p) {
  while (wi_ascii_digit(*p)) {
    p++;
  }
  return p;
}

/* Digits, at most one point, an exponent: what strtod takes beyond that is refused. */
static bool float_shape(const char *text) {
  const char *p = text[0] == '-' || text[0] == '+' ? text + 1 : text;
  const char *end = skip_digits(p);
  size_t digits = (size_t)(end - p);
  if (*end == '.') {
    p = end + 1;
    end = skip_digits(p);
    digits += (size_t)(end - p);
  }
  if (digits == 0) {
    return false;
  }
  if (*end == 'e' || *end == 'E') {
    p = end[1] == '-' || end[1] == '+' ? end + 2 : end + 1;
    end = skip_digits(p);
    if (end == p) {
      return false;
    }
  }
  return *end == '\0';
}

/* The host program's locale may write 1,5: ours never does. */
bool wi_double_parse(const char *text, double *out) {
  *out = 0;
  if (!float_shape(text)) {
    return false;
  }
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (c == (locale_t)0) {
    return false;
  }
  *out = strtod_l(text, NULL, c);
  freelocale(c);
  return isfinite(*out);
}

/* ---- counts and sizes ---- */

bool wi_count_parse(const char *text, uint64_t *out) {
  uint64_t v = 0;
  *out = 0;
  for (const char *p = text; *p != '\0'; p++) {
    if (!wi_ascii_digit(*p) || __builtin_mul_overflow(v, 10U, &v) ||
        __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v)) {
      return false;
    }
  }
  *out = v;
  return *text != '\0';
}

typedef struct unit {
  const char *name;
  int64_t bytes;
} unit;

static const unit units[] = {{"", 1},
                             {"b", 1},
                             {"kb", 1000},
                             {"mb", 1000000},
                             {"gb", 1000000000},
                             {"tb", 1000000000000},
                             {"kib", INT64_C(1) << 10},
                             {"mib", INT64_C(1) << 20},
                             {"gib", INT64_C(1) << 30},
                             {"tib", INT64_C(1) << 40}};

static int64_t unit_bytes(const char *text) {
  while (*text == ' ') {
    text++;
  }
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (wi_ascii_same(text, units[i].name)) {
      return units[i].bytes;
    }
  }
  return 0;
}

bool wi_size_parse(const char *text, int64_t *bytes) {
  const char *p = text;
  int64_t whole = 0, part = 0, scale = 1, total = 0;
  for (; wi_ascii_digit(*p); p++) {
    if (__builtin_mul_overflow(whole, 10, &whole) ||
        __builtin_add_overflow(whole, *p - '0', &whole)) {
      return false;
    }
  }
  if (p == text) {
    return false;
  }
  if (*p == '.') {
    const char *first = ++p;
    for (; wi_ascii_digit(*p) && p - first < 6; p++) {
      part = part * 10 + (*p - '0');
      scale *= 10;
    }
    if (p == first) {
      return false;
    }
  }
  int64_t one = unit_bytes(p);
  if (one == 0 || (scale > 1 && one == 1) || __builtin_mul_overflow(whole, one, &total) ||
      __builtin_add_overflow(total, part * one / scale, &total) || total == 0) {
    return false;
  }
  *bytes = total;
  return true;
}
