/* Buffers, numbers, times and names as text. */
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* ---- memory ---- */

static void *must(void *ptr) {
  if (ptr == NULL) {
    fputs("error[WEIR-NO-MEMORY]: the machine is out of memory\n", stderr);
    _Exit(1);
  }
  return ptr;
}

void *wi_cli_alloc(size_t count, size_t size) {
  return must(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

void *wi_cli_realloc(void *ptr, size_t count, size_t size) {
  size_t bytes = 0;
  return must(__builtin_mul_overflow(count, size, &bytes) ? NULL
                                                          : realloc(ptr, bytes + 1));
}

/* ---- buffer ---- */

/* Nothing is lost: the command ends where there is no memory. */
static void whole(const wi_cli_buf *b) {
  if (b->failed) {
    (void)must(NULL);
  }
}

void wi_cli_buf_add(wi_cli_buf *b, const void *bytes, size_t n) {
  wi_buf_add(b, bytes, n);
  whole(b);
}

void wi_cli_buf_str(wi_cli_buf *b, const char *text) {
  if (text != NULL) {
    wi_cli_buf_add(b, text, strlen(text));
  }
}

void wi_cli_buf_chr(wi_cli_buf *b, char c) {
  wi_cli_buf_add(b, &c, 1);
}

void wi_cli_buf_pad(wi_cli_buf *b, char c, size_t n) {
  (void)wi_buf_reserve(b, n);
  whole(b);
  memset(b->p + b->n, c, n);
  b->n += n;
  b->p[b->n] = '\0';
}

void wi_cli_buf_uint(wi_cli_buf *b, uint64_t v) {
  char text[20];
  size_t at = sizeof text;
  do {
    text[--at] = (char)('0' + v % 10);
    v /= 10;
  } while (v > 0);
  wi_cli_buf_add(b, text + at, sizeof text - at);
}

void wi_cli_buf_int(wi_cli_buf *b, int64_t v) {
  if (v < 0) {
    wi_cli_buf_chr(b, '-');
  }
  wi_cli_buf_uint(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* With zeros in front, up to `digits`. */
static void add_digits(wi_cli_buf *b, int64_t v, int digits) {
  char text[20];
  for (int i = digits - 1; i >= 0; i--, v /= 10) {
    text[i] = (char)('0' + v % 10);
  }
  wi_cli_buf_add(b, text, (size_t)digits);
}

void wi_cli_buf_fmt(wi_cli_buf *b, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  wi_buf_vfmt(b, fmt, args);
  va_end(args);
  whole(b);
}

/* ---- numbers ---- */

void wi_cli_double_text(wi_cli_buf *b, double v, bool single) {
  char text[32];
  if (single) {
    wi_float_text((float)v, text);
  } else {
    wi_double_text(v, text);
  }
  wi_cli_buf_str(b, text);
  wi_cli_buf_str(b, isfinite(v) && strpbrk(text, ".e") == NULL ? ".0" : "");
}

void wi_cli_grouped(wi_cli_buf *b, uint64_t v) {
  char text[24];
  int n = snprintf(text, sizeof text, "%llu", (unsigned long long)v);
  for (int i = 0; i < n; i++) {
    if (i > 0 && (n - i) % 3 == 0) {
      wi_cli_buf_chr(b, ',');
    }
    wi_cli_buf_chr(b, text[i]);
  }
}

void wi_cli_bytes_text(wi_cli_buf *b, uint64_t bytes) {
  static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) {
    wi_cli_buf_fmt(b, "%llu B", (unsigned long long)bytes);
    return;
  }
  double v = (double)bytes / 1000;
  size_t unit = 0;
  while (v >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
    v /= 1000;
    unit++;
  }
  wi_cli_buf_fmt(b, "%.1f %s", v, units[unit]);
}

/* ---- dates and times: the proleptic Gregorian calendar ---- */

static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

void wi_cli_date_text(wi_cli_buf *b, int64_t days) {
  char text[32];
  wi_date_text(days, text);
  wi_cli_buf_str(b, text);
}

static int64_t power_of_ten(int digits) {
  int64_t v = 1;
  for (int i = 0; i < digits; i++) {
    v *= 10;
  }
  return v;
}

void wi_cli_time_text(wi_cli_buf *b, int64_t value, int digits) {
  int64_t one = power_of_ten(digits), second = floor_div(value, one);
  int64_t nanos = (value - second * one) * power_of_ten(9 - digits);
  add_digits(b, second / 3600, 2);
  wi_cli_buf_chr(b, ':');
  add_digits(b, second / 60 % 60, 2);
  wi_cli_buf_chr(b, ':');
  add_digits(b, second % 60, 2);
  wi_cli_buf_chr(b, '.');
  if (nanos % 1000 != 0) {
    add_digits(b, nanos, 9);
  } else {
    add_digits(b, nanos / 1000, 6);
  }
}

void wi_cli_timestamp_text(wi_cli_buf *b, int64_t value, int digits, bool zoned) {
  int64_t day = 86400 * power_of_ten(digits), days = floor_div(value, day);
  wi_cli_date_text(b, days);
  wi_cli_buf_chr(b, 'T');
  /* Not value - days * day: the first day of nanoseconds begins below their range. */
  int64_t rest = value % day;
  wi_cli_time_text(b, rest < 0 ? rest + day : rest, digits);
  wi_cli_buf_str(b, zoned ? "Z" : "");
}

/* ---- characters ---- */

/* Decodes one character; an invalid byte counts as one that cannot be shown. */
static size_t decode(const char *p, size_t n, uint32_t *out) {
  unsigned char c = (unsigned char)p[0];
  size_t want = c < 0x80   ? 1
                : c < 0xc2 ? 0
                : c < 0xe0 ? 2
                : c < 0xf0 ? 3
                : c < 0xf5 ? 4
                           : 0;
  if (want == 0 || want > n) {
    *out = 0xfffd;
    return 1;
  }
  static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  *out = c & masks[want];
  for (size_t i = 1; i < want; i++) {
    if (((unsigned char)p[i] & 0xc0) != 0x80) {
      *out = 0xfffd;
      return 1;
    }
    *out = *out << 6 | ((unsigned char)p[i] & 0x3f);
  }
  return want;
}

/* A control character of the upper half, or one that turns the direction of what follows. */
static bool drives(uint32_t c) {
  return (c >= 0x80 && c < 0xa0) || c == 0x200e || c == 0x200f ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* ---- JSON ---- */

void wi_cli_json_ntext(wi_cli_buf *b, const char *p, size_t n) {
  wi_cli_buf_chr(b, '"');
  size_t from = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)p[i];
    uint32_t wide = 0;
    size_t bytes = c == 0xc2 || c == 0xe2 ? decode(p + i, n - i, &wide) : 1;
    if (bytes > 1 && drives(wide)) { /* JSON can say it without the character itself */
      wi_cli_buf_add(b, p + from, i - from);
      wi_cli_buf_fmt(b, "\\u%04x", (unsigned)wide);
      i += bytes - 1;
      from = i + 1;
      continue;
    }
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
      continue;
    }
    wi_cli_buf_add(b, p + from, i - from);
    from = i + 1;
    const char *at = strchr("\"\"\\\\\bb\ff\nn\rr\tt", c);
    if (c != '\0' && c != 0x7f && at != NULL) {
      /* Pairs of a character and its letter; no letter is a control character. */
      wi_cli_buf_chr(b, '\\');
      wi_cli_buf_chr(b, at[1]);
    } else {
      wi_cli_buf_fmt(b, "\\u%04x", c);
    }
  }
  wi_cli_buf_add(b, p + from, n - from);
  wi_cli_buf_chr(b, '"');
}

void wi_cli_json_text(wi_cli_buf *b, const char *text) {
  if (text == NULL) {
    wi_cli_buf_str(b, "null");
  } else {
    wi_cli_json_ntext(b, text, strlen(text));
  }
}

void wi_cli_json_key(wi_cli_buf *b, const char *key) {
  if (b->n > 0 && strchr("{[\n", b->p[b->n - 1]) == NULL) {
    wi_cli_buf_chr(b, ',');
  }
  wi_cli_json_text(b, key);
  wi_cli_buf_chr(b, ':');
}

void wi_cli_json_kt(wi_cli_buf *b, const char *key, const char *text) {
  wi_cli_json_key(b, key);
  wi_cli_json_text(b, text);
}

void wi_cli_json_ki(wi_cli_buf *b, const char *key, int64_t v) {
  wi_cli_json_key(b, key);
  wi_cli_buf_int(b, v);
}

void wi_cli_json_ku(wi_cli_buf *b, const char *key, uint64_t v) {
  wi_cli_json_key(b, key);
  wi_cli_buf_uint(b, v);
}

void wi_cli_json_kb(wi_cli_buf *b, const char *key, bool v) {
  wi_cli_json_key(b, key);
  wi_cli_buf_str(b, v ? "true" : "false");
}

/* ---- screens ---- */

static size_t char_width(uint32_t c) {
  if (c < 0x7f) {
    return 1;
  }
  int width = wcwidth((wchar_t)c);
  return width < 0 ? 1 : (size_t)width;
}

size_t wi_cli_fit(const char *p, size_t n, size_t width, size_t *taken) {
  size_t at = 0, used = 0;
  while (at < n) {
    uint32_t c;
    size_t bytes = decode(p + at, n - at, &c), columns = char_width(c);
    if (used + columns > width) {
      break;
    }
    used += columns;
    at += bytes;
  }
  *taken = used;
  return at;
}

size_t wi_cli_width(const char *p, size_t n) {
  size_t used;
  (void)wi_cli_fit(p, n, SIZE_MAX, &used);
  return used;
}

void wi_cli_visible(wi_cli_buf *b, const char *p, size_t n, bool lines) {
  for (size_t i = 0; i < n;) {
    uint32_t c;
    size_t bytes = decode(p + i, n - i, &c);
    if (c == '\n' && lines) {
      wi_cli_buf_chr(b, '\n');
    } else if (c == '\n') {
      wi_cli_buf_str(b, "\\n");
    } else if (c == '\r') {
      wi_cli_buf_str(b, "\\r");
    } else if (c == '\t') {
      wi_cli_buf_str(b, lines ? "  " : "\\t");
    } else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
      wi_cli_buf_fmt(b, "\\x%02x", (unsigned)c);
    } else if (drives(c)) {
      wi_cli_buf_fmt(b, "\\u%04x", (unsigned)c);
    } else if (c == 0xfffd) {
      wi_cli_buf_str(b, "\xef\xbf\xbd");
    } else {
      wi_cli_buf_add(b, p + i, bytes);
    }
    i += bytes;
  }
}
