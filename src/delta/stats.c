/* A file's statistics in the form of add.stats. Readers skip files by them, so a bound may be
 * wide or absent, never narrow. */
#include <stdlib.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

enum { TEXT_MAX = 32 }; /* characters of a text bound */

typedef struct node {
  struct node *next, *children, *last;
  char *name;
  char *min, *max;    /* JSON; NULL: none */
  int64_t null_count; /* -1: unknown */
  bool leaf;
  bool spoiled; /* two columns have this dotted path: nothing is said of either */
} node;

struct wi_stats {
  wi_arena arena;
  node root;
};

wi_stats *wi_stats_new(void) {
  return wi_alloc(sizeof(wi_stats));
}

void wi_stats_free(wi_stats **stats) {
  if (*stats != NULL) {
    wi_arena_release(&(*stats)->arena);
    wi_free(*stats);
  }
  *stats = NULL;
}

/* ---- bounds ---- */

static bool is_digits(const char *p, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (p[i] < '0' || p[i] > '9') {
      return false;
    }
  }
  return n > 0;
}

static size_t digit_run(wi_str s, size_t at) {
  size_t n = 0;
  while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9') {
    n++;
  }
  return n;
}

/* JSON's grammar of numbers; "inf" and "NaN" are none. */
static bool is_number(wi_str s) {
  size_t at = s.n > 0 && s.p[0] == '-' ? 1 : 0;
  size_t whole = digit_run(s, at);
  if (whole == 0 || (whole > 1 && s.p[at] == '0')) {
    return false;
  }
  at += whole;
  if (at < s.n && s.p[at] == '.') {
    size_t n = digit_run(s, at + 1);
    if (n == 0) {
      return false;
    }
    at += 1 + n;
  }
  if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
    at++;
    at += at < s.n && (s.p[at] == '-' || s.p[at] == '+') ? 1 : 0;
    size_t n = digit_run(s, at);
    if (n == 0) {
      return false;
    }
    at += n;
  }
  return at == s.n;
}

static bool is_zero(wi_str s) {
  for (size_t i = 0; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
    if (s.p[i] >= '1' && s.p[i] <= '9') {
      return false;
    }
  }
  return true;
}

static void number_bound(wi_str s, bool is_float, bool is_max, wi_buf *out) {
  if (!is_number(s)) {
    return;
  }
  /* Where -0.0 and 0.0 differ, the bounds hold both. */
  if (is_float && is_zero(s)) {
    wi_buf_str(out, is_max ? "0.0" : "-0.0");
    return;
  }
  wi_buf_add(out, s.p, s.n);
}

static void date_bound(wi_str s, wi_buf *out) {
  bool plain = s.n == 10 && is_digits(s.p, 4) && s.p[4] == '-' && is_digits(s.p + 5, 2) &&
               s.p[7] == '-' && is_digits(s.p + 8, 2);
  if (plain) {
    wi_buf_json_text(out, s.p, s.n);
  }
}

/* "2024-01-02T03:04:05.678901Z", the zone absent for timestamp_ntz -> milliseconds, up for max. */
static void time_bound(wi_str s, bool is_max, wi_buf *out) {
  enum { SECONDS = 19, MICROS = 26, MILLIS = 23 };
  char text[32];
  int64_t us = 0;
  bool zone = s.n == MICROS + 1 && s.p[MICROS] == 'Z';
  if (s.n != MICROS && !zone) {
    return;
  }
  memcpy(text, s.p, MICROS);
  text[MICROS] = 'Z';
  text[MICROS + 1] = '\0';
  if (text[SECONDS] != '.' || !wi_time_parse(text, &us)) {
    return;
  }
  if (is_max && memcmp(text + MILLIS, "000", 3) != 0) {
    wi_time_text(us + 999, text);
  }
  if (text[SECONDS] != '.') { /* over the end of year 9999 */
    return;
  }
  text[MILLIS] = zone ? 'Z' : '\0';
  text[MILLIS + (zone ? 1 : 0)] = '\0';
  wi_buf_json_text(out, text, strlen(text));
}

/* The code point of a valid character of n bytes. */
static uint32_t decode(const char *p, size_t n) {
  static const uint8_t masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  uint32_t c = (uint32_t)((unsigned char)p[0] & masks[n]);
  for (size_t i = 1; i < n; i++) {
    c = c << 6 | ((unsigned char)p[i] & 0x3F);
  }
  return c;
}

static size_t encode(uint32_t c, char out[4]) {
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const uint8_t heads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = n - 1; i > 0; i--) {
    out[i] = (char)(0x80 | (c & 0x3F));
    c >>= 6;
  }
  out[0] = (char)(heads[n] | c);
  return n;
}

/* The least text above all that start with `prefix`: its last character that has a next one is
 * raised, what follows is cut. The order of bytes is that of code points. */
static bool raise(wi_str prefix, wi_buf *out) {
  size_t at = prefix.n;
  while (at > 0) {
    size_t start = at - 1;
    while (start > 0 && ((unsigned char)prefix.p[start] & 0xC0) == 0x80) {
      start--;
    }
    uint32_t c = decode(prefix.p + start, at - start) + 1;
    c = c == 0xD800 ? 0xE000 : c; /* surrogates are no characters */
    if (c <= 0x10FFFF) {
      char next[4];
      size_t n = encode(c, next);
      wi_buf_add(out, prefix.p, start);
      wi_buf_add(out, next, n);
      return true;
    }
    at = start;
  }
  return false;
}

static void text_bound(wi_str s, bool is_max, wi_buf *out) {
  wi_buf raised = WI_BUF_INIT;
  size_t at = 0;
  if (!wi_utf8_valid(s.p, s.n)) {
    return;
  }
  for (int i = 0; i < TEXT_MAX && at < s.n; i++) {
    at += wi_utf8_char(s.p + at, s.n - at);
  }
  wi_str prefix = {s.p, at};
  if (is_max && at < s.n) {
    if (raise(prefix, &raised) && !raised.failed) {
      wi_buf_json_text(out, raised.p, raised.n);
    }
    out->failed = out->failed || raised.failed;
  } else {
    wi_buf_json_text(out, prefix.p, prefix.n);
  }
  wi_buf_release(&raised);
}

static bool begins(wi_str s, const char *prefix) {
  size_t n = strlen(prefix);
  return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

/* Appends the bound as JSON; nothing if there is none. `type` is the engine's name of it. */
static void bound(wi_str type, wi_str s, bool is_max, wi_buf *out) {
  if (wi_str_eq(type, "Utf8") || wi_str_eq(type, "LargeUtf8") ||
      wi_str_eq(type, "Utf8View")) {
    text_bound(s, is_max, out);
  } else if (begins(type, "Timestamp")) {
    time_bound(s, is_max, out);
  } else if (begins(type, "Date")) {
    date_bound(s, out);
  } else if (begins(type, "Int") || begins(type, "UInt") || begins(type, "Decimal")) {
    number_bound(s, false, is_max, out);
  } else if (begins(type, "Float")) {
    number_bound(s, true, is_max, out);
  }
}

/* ---- the tree ---- */

/* Columns come in order, so the one looked for is mostly the last. */
static node *child_of(wi_stats *stats, node *above, const char *name, size_t n,
                      bool *made) {
  *made = false;
  node *last = above->last;
  if (last != NULL && strlen(last->name) == n && memcmp(last->name, name, n) == 0) {
    return last;
  }
  for (node *c = above->children; c != NULL; c = c->next) {
    if (strlen(c->name) == n && memcmp(c->name, name, n) == 0) {
      return c;
    }
  }
  node *c = wi_arena_alloc(&stats->arena, sizeof *c);
  if (c == NULL) {
    return NULL;
  }
  c->name = wi_arena_ndup(&stats->arena, name, n);
  c->null_count = -1;
  if (c->name == NULL) {
    return NULL;
  }
  if (last == NULL) {
    above->children = c;
  } else {
    last->next = c;
  }
  above->last = c;
  *made = true;
  return c;
}

static weir_status keep_bound(wi_stats *stats, wi_str type, wi_str s, bool is_max,
                              char **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf text = WI_BUF_INIT;
  if (s.p == NULL) {
    return WEIR_OK;
  }
  bound(type, s, is_max, &text);
  WI_CHECK(wi_buf_check(&text, err, WI_ORIGIN));
  if (text.n > 0) {
    *out = wi_arena_ndup(&stats->arena, text.p, text.n);
    status = *out == NULL ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
  }
done:
  wi_buf_release(&text);
  return status;
}

weir_status wi_stats_add(wi_stats *stats, wi_str column, wi_str type, int64_t null_count,
                         wi_str min, wi_str max, weir_error *err) {
  node *at = &stats->root;
  bool made = false;
  for (size_t i = 0; i <= column.n;) {
    size_t n = 0;
    while (i + n < column.n && column.p[i + n] != '.') {
      n++;
    }
    at = child_of(stats, at, column.p + i, n, &made);
    if (at == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    if (at->leaf && i + n < column.n) { /* "a" is a column, and now "a.b" is one */
      at->spoiled = true;
      return WEIR_OK;
    }
    i += n + 1;
  }
  if (!made) {
    at->spoiled = true;
    return WEIR_OK;
  }
  at->leaf = true;
  at->null_count = null_count;
  WI_TRY(keep_bound(stats, type, min, false, &at->min, err));
  return keep_bound(stats, type, max, true, &at->max, err);
}

/* ---- writing ---- */

typedef enum part { PART_MIN, PART_MAX, PART_NULLS } part;

static bool has_own(const node *c, part which) {
  switch (which) {
    case PART_MIN:
      return c->min != NULL;
    case PART_MAX:
      return c->max != NULL;
    case PART_NULLS:
      return c->null_count >= 0;
    default:
      return false;
  }
}

static bool has_any(const node *c, part which) {
  if (c->spoiled) {
    return false;
  }
  if (c->leaf) {
    return has_own(c, which);
  }
  for (const node *below = c->children; below != NULL; below = below->next) {
    if (has_any(below, which)) {
      return true;
    }
  }
  return false;
}

static void put_node(wi_json *j, const node *c, part which) {
  if (c->leaf) {
    if (which == PART_NULLS) {
      wi_json_int(j, c->null_count);
    } else {
      wi_json_raw(j, which == PART_MIN ? c->min : c->max);
    }
    return;
  }
  wi_json_object(j);
  for (const node *below = c->children; below != NULL; below = below->next) {
    if (has_any(below, which)) {
      wi_json_key(j, below->name);
      put_node(j, below, which);
    }
  }
  wi_json_object_end(j);
}

weir_status wi_stats_write(const wi_stats *stats, uint64_t rows, wi_buf *out,
                           weir_error *err) {
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_object(&j);
  wi_json_key(&j, "numRecords");
  wi_json_uint(&j, rows);
  wi_json_key(&j, "minValues");
  put_node(&j, &stats->root, PART_MIN);
  wi_json_key(&j, "maxValues");
  put_node(&j, &stats->root, PART_MAX);
  wi_json_key(&j, "nullCount");
  put_node(&j, &stats->root, PART_NULLS);
  wi_json_object_end(&j);
  return wi_buf_check(out, err, WI_ORIGIN);
}
