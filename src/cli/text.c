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

void wi_cli_buf_release(wi_cli_buf *b) {
  free(b->p);
  *b = (wi_cli_buf)WI_CLI_BUF_INIT;
}

void wi_cli_buf_clear(wi_cli_buf *b) {
  b->n = 0;
  if (b->p != NULL) {
    b->p[0] = '\0';
  }
}

static void reserve(wi_cli_buf *b, size_t extra) {
  if (b->cap - b->n > extra) {
    return;
  }
  size_t cap = b->cap < 64 ? 64 : b->cap;
  while (cap - b->n <= extra) {
    if (cap > SIZE_MAX / 2) {
      (void)must(NULL);
    }
    cap *= 2;
  }
  b->p = wi_cli_realloc(b->p, cap, 1);
  b->cap = cap;
}

void wi_cli_buf_add(wi_cli_buf *b, const void *bytes, size_t n) {
  reserve(b, n);
  if (n > 0) {
    memcpy(b->p + b->n, bytes, n);
  }
  b->n += n;
  b->p[b->n] = '\0';
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
  reserve(b, n);
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
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, fmt, args);
  (void)must(n < 0 ? NULL : b); /* only for want of memory */
  reserve(b, (size_t)n);
  vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
  b->n += (size_t)n;
  va_end(again);
  va_end(args);
}

const char *wi_cli_buf_text(const wi_cli_buf *b) {
  return b->p == NULL ? "" : b->p;
}

/* ---- numbers ---- */

static bool reads_back(const char *text, double v, bool single) {
  if (single) {
    float back = strtof(text, NULL), want = (float)v;
    return !(back < want) && !(back > want);
  }
  double back = strtod(text, NULL);
  return !(back < v) && !(back > v);
}

void wi_cli_double_text(wi_cli_buf *b, double v, bool single) {
  if (isnan(v)) {
    wi_cli_buf_str(b, "NaN");
    return;
  }
  if (isinf(v)) {
    wi_cli_buf_str(b, v > 0 ? "Infinity" : "-Infinity");
    return;
  }
  /* Any 15 (single: 6) digits survive a normal number, so fewer show as dropped zeros; a
   * subnormal has fewer digits than that. */
  bool tiny = v != 0 && fabs(v) < (single ? 1.17549435e-38 : 2.2250738585072014e-308);
  int most = single ? 9 : 17, digits = tiny ? 1 : single ? 6 : 15;
  char text[48];
  for (; digits <= most; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    if (reads_back(text, v, single)) {
      break;
    }
  }
  char *e = strchr(text, 'e');
  if (e == NULL) {
    wi_cli_buf_str(b, text);
    wi_cli_buf_str(b, strchr(text, '.') == NULL ? ".0" : "");
    return;
  }
  wi_cli_buf_add(b, text, (size_t)(e - text) + 1);
  e++;
  if (*e == '-') {
    wi_cli_buf_chr(b, '-');
  }
  e += strspn(e, "+-0");
  wi_cli_buf_str(b, *e == '\0' ? "0" : e);
}

bool wi_cli_count_parse(const char *text, uint64_t *out) {
  uint64_t v = 0;
  if (*text == '\0') {
    return false;
  }
  for (const char *p = text; *p != '\0'; p++) {
    if (*p < '0' || *p > '9' || __builtin_mul_overflow(v, 10U, &v) ||
        __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v)) {
      return false;
    }
  }
  *out = v;
  return true;
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

static void civil(int64_t days, int64_t *year, int *month, int *day) {
  /* Years begin in March here, so that the leap day is the last one. */
  int64_t z = days + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  *day = (int)(doy - (153 * mp + 2) / 5) + 1;
  *month = (int)(mp < 10 ? mp + 3 : mp - 9);
  *year = yoe + era * 400 + (*month <= 2 ? 1 : 0);
}

void wi_cli_date_text(wi_cli_buf *b, int64_t days) {
  int64_t year;
  int month, day;
  civil(days, &year, &month, &day);
  /* ISO 8601 wants a sign where four digits do not do. */
  bool wide = year < 0 || year > 9999;
  if (wide) {
    wi_cli_buf_chr(b, year < 0 ? '-' : '+');
  }
  int64_t size = year < 0 ? -year : year;
  add_digits(b, size, size > 999999 ? 12 : wide ? 6 : 4);
  wi_cli_buf_chr(b, '-');
  add_digits(b, month, 2);
  wi_cli_buf_chr(b, '-');
  add_digits(b, day, 2);
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

/* ---- names ---- */

static size_t distance(const char *a, const char *b) {
  size_t row[65], na = strlen(a), nb = strlen(b);
  if (na > 64 || nb > 64) {
    return SIZE_MAX;
  }
  for (size_t k = 0; k <= nb; k++) {
    row[k] = k;
  }
  for (size_t i = 1; i <= na; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t k = 1; k <= nb; k++) {
      size_t best = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
      best = row[k] + 1 < best ? row[k] + 1 : best;
      best = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
      diagonal = row[k];
      row[k] = best;
    }
  }
  return row[nb];
}

/* Two neighbours typed in the wrong order: one slip, though two edits. */
static bool is_swap(const char *a, const char *b) {
  size_t i = 0;
  while (a[i] != '\0' && a[i] == b[i]) {
    i++;
  }
  return a[i] != '\0' && a[i + 1] != '\0' && a[i] == b[i + 1] && a[i + 1] == b[i] &&
         strcmp(a + i + 2, b + i + 2) == 0;
}

const char *wi_cli_nearest(const char *name, const char *const *names, size_t n) {
  const char *best = NULL;
  size_t least = strlen(name) < 4 ? 2 : 4; /* exclusive */
  for (size_t i = 0; i < n; i++) {
    size_t d = is_swap(name, names[i]) ? 1 : distance(name, names[i]);
    if (d < least && d < strlen(names[i])) {
      least = d;
      best = names[i];
    }
  }
  return best;
}
