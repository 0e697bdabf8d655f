/* JSON in, as jansson's values. Its own reader does not look whether what it reads was kept: where
 * memory runs out it stops the process or takes a number without its last digits, so only its
 * values are used, whose constructors say when they failed. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define WI_ORIGIN "json"

enum { MOST_DEPTH = 512 };

typedef struct reader {
  const char *p, *end, *begin;
  const char *wrong; /* NULL: nothing is */
  bool nomem;
  bool lax, inexact; /* what others wrote is taken as far as it can be */
  int depth;
} reader;

static json_t *value(reader *r);

static json_t *fail(reader *r, const char *why) {
  r->wrong = r->wrong != NULL ? r->wrong : why;
  return NULL;
}

static json_t *out_of_memory(reader *r) {
  r->nomem = true;
  return NULL;
}

/* A value just made; NULL says that there was no memory for it. */
static json_t *made(reader *r, json_t *v) {
  return v != NULL ? v : out_of_memory(r);
}

static void blanks(reader *r) {
  while (r->p < r->end &&
         (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r')) {
    r->p++;
  }
}

static bool take(reader *r, char c) {
  blanks(r);
  if (r->p == r->end || *r->p != c) {
    return false;
  }
  r->p++;
  return true;
}

/* ---- texts ---- */

static bool hex4(reader *r, uint32_t *out) {
  *out = 0;
  for (int i = 0; i < 4; i++, r->p++) {
    char c = r->p < r->end ? wi_ascii_lower(*r->p) : ' ';
    bool letter = c >= 'a' && c <= 'f';
    if (!letter && !wi_ascii_digit(c)) {
      return false;
    }
    *out = *out << 4 | (uint32_t)(letter ? c - 'a' + 10 : c - '0');
  }
  return true;
}

static void put_char(wi_buf *b, uint32_t c) {
  if (c < 0x80) {
    wi_buf_chr(b, (char)c);
  } else if (c < 0x800) {
    wi_buf_chr(b, (char)(0xC0 | c >> 6));
    wi_buf_chr(b, (char)(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    wi_buf_chr(b, (char)(0xE0 | c >> 12));
    wi_buf_chr(b, (char)(0x80 | (c >> 6 & 0x3F)));
    wi_buf_chr(b, (char)(0x80 | (c & 0x3F)));
  } else {
    wi_buf_chr(b, (char)(0xF0 | c >> 18));
    wi_buf_chr(b, (char)(0x80 | (c >> 12 & 0x3F)));
    wi_buf_chr(b, (char)(0x80 | (c >> 6 & 0x3F)));
    wi_buf_chr(b, (char)(0x80 | (c & 0x3F)));
  }
}

/* Behind "\u". */
static bool unicode(reader *r, wi_buf *b) {
  uint32_t high, low;
  if (!hex4(r, &high) || (high == 0 && !r->lax) || (high >= 0xDC00 && high <= 0xDFFF)) {
    return false;
  }
  if (high >= 0xD800 && high <= 0xDBFF) {
    if (r->end - r->p < 2 || r->p[0] != '\\' || r->p[1] != 'u') {
      return false;
    }
    r->p += 2;
    if (!hex4(r, &low) || low < 0xDC00 || low > 0xDFFF) {
      return false;
    }
    high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }
  put_char(b, high);
  return true;
}

/* Behind a backslash. */
static bool escaped(reader *r, wi_buf *b) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  char c = r->p < r->end ? *r->p++ : '\0';
  const char *at = c == '\0' ? NULL : strchr(from, c);
  if (c == 'u') {
    return unicode(r, b);
  }
  if (at != NULL) {
    wi_buf_chr(b, to[at - from]);
  }
  return at != NULL;
}

/* Behind the opening quote. False: wrong, or out of memory. */
static bool text(reader *r, wi_buf *b) {
  for (;;) {
    const char *plain = r->p;
    while (r->p < r->end && *r->p != '"' && *r->p != '\\' &&
           (unsigned char)*r->p >= 0x20) {
      r->p++;
    }
    size_t n = (size_t)(r->p - plain);
    if (!wi_utf8_valid(plain, n)) {
      return fail(r, "a text is no UTF-8") != NULL;
    }
    wi_buf_add(b, plain, n);
    if (r->p == r->end || (unsigned char)*r->p < 0x20) {
      return fail(r, "a text does not end") != NULL;
    }
    if (*r->p++ == '"') {
      return b->failed ? out_of_memory(r) != NULL : true;
    }
    if (!escaped(r, b)) {
      return fail(r, "no such escape") != NULL;
    }
  }
}

static json_t *text_value(reader *r) {
  wi_buf b = WI_BUF_INIT;
  json_t *v = NULL;
  if (text(r, &b)) {
    v = made(r, json_stringn_nocheck(wi_buf_text(&b), b.n));
  }
  wi_buf_release(&b);
  return v;
}

/* ---- numbers ---- */

static bool digits(reader *r) {
  const char *first = r->p;
  while (r->p < r->end && wi_ascii_digit(*r->p)) {
    r->p++;
  }
  return r->p > first;
}

/* From the first digit; the locale's decimal point stands in for ours. */
static json_t *real(reader *r, const char *from) {
  char small[128];
  size_t n = (size_t)(r->p - from);
  char *copy = n < sizeof small ? small : wi_alloc(n + 1);
  if (copy == NULL) {
    return out_of_memory(r);
  }
  memcpy(copy, from, n);
  copy[n] = '\0';
  double v = 0;
  bool good = wi_double_parse(copy, &v);
  if (copy != small) {
    wi_free(copy);
  }
  return good ? made(r, json_real(v)) : fail(r, "a number is out of range");
}

static json_t *integer(reader *r, const char *from) {
  bool negative = *from == '-';
  json_int_t v = 0;
  for (const char *p = from + (negative ? 1 : 0); p < r->p; p++) {
    if (__builtin_mul_overflow(v, 10, &v) ||
        __builtin_sub_overflow(v, *p - '0',
                               &v)) { /* downwards: the range is wider there */
      return fail(r, "a number is out of range");
    }
  }
  if (!negative && __builtin_sub_overflow((json_int_t)0, v, &v)) {
    return fail(r, "a number is out of range");
  }
  return made(r, json_integer(v));
}

static json_t *number(reader *r) {
  const char *from = r->p;
  bool whole = true;
  r->p += *r->p == '-' ? 1 : 0;
  const char *first = r->p;
  if (!digits(r) || (*first == '0' && r->p - first > 1)) {
    return fail(r, "no such value");
  }
  if (r->p < r->end && *r->p == '.') {
    whole = false;
    r->p++;
    if (!digits(r)) {
      return fail(r, "a number ends in its point");
    }
  }
  if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
    whole = false;
    r->p++;
    r->p += r->p < r->end && (*r->p == '-' || *r->p == '+') ? 1 : 0;
    if (!digits(r)) {
      return fail(r, "a number has no exponent");
    }
  }
  json_t *v = whole ? integer(r, from) : real(r, from);
  if (v == NULL && whole && r->lax && !r->nomem) {
    r->wrong = NULL;
    r->inexact = true;
    v = real(r, from);
  }
  return v;
}

/* ---- the rest ---- */

static json_t *word(reader *r) {
  static const char *const words[] = {"true", "false", "null"};
  for (size_t i = 0; i < 3; i++) {
    size_t n = strlen(words[i]);
    if ((size_t)(r->end - r->p) >= n && memcmp(r->p, words[i], n) == 0) {
      r->p += n;
      return i == 0 ? json_true() : i == 1 ? json_false() : json_null();
    }
  }
  return fail(r, "no such value");
}

static json_t *array(reader *r) {
  json_t *all = made(r, json_array());
  bool more = all != NULL && !take(r, ']');
  while (more) {
    json_t *one = value(r);
    if (one == NULL || json_array_append_new(all, one) != 0) {
      r->nomem = r->nomem || one != NULL;
      json_decref(all);
      return NULL;
    }
    more = take(r, ',');
    if (!more && !take(r, ']')) {
      json_decref(all);
      return fail(r, "an array does not end");
    }
  }
  return all;
}

static bool member(reader *r, json_t *all) {
  wi_buf key = WI_BUF_INIT;
  json_t *one = NULL;
  bool good = false;
  if (!take(r, '"')) {
    fail(r, "a member has no name");
  } else if (text(r, &key) &&
             (take(r, ':') || fail(r, "a member has no value") != NULL)) {
    one = value(r);
  }
  if (one != NULL && memchr(wi_buf_text(&key), '\0', key.n) != NULL) {
    json_decref(one);
    fail(r, "a member's name holds a NUL");
  } else if (one != NULL) {
    good = json_object_setn_new_nocheck(all, wi_buf_text(&key), key.n, one) == 0;
    r->nomem = r->nomem || !good;
  }
  wi_buf_release(&key);
  return good;
}

static json_t *object(reader *r) {
  json_t *all = made(r, json_object());
  bool more = all != NULL && !take(r, '}');
  while (more) {
    if (!member(r, all)) {
      json_decref(all);
      return NULL;
    }
    more = take(r, ',');
    if (!more && !take(r, '}')) {
      json_decref(all);
      return fail(r, "an object does not end");
    }
  }
  return all;
}

static json_t *value(reader *r) {
  blanks(r);
  if (r->p == r->end) {
    return fail(r, "the text ends too early");
  }
  if (r->depth == MOST_DEPTH) {
    return fail(r, "too many values within each other");
  }
  r->depth++;
  char c = *r->p;
  json_t *v = NULL;
  if (c == '{' || c == '[' || c == '"') {
    r->p++;
    v = c == '{' ? object(r) : c == '[' ? array(r) : text_value(r);
  } else {
    v = c == '-' || wi_ascii_digit(c) ? number(r) : word(r);
  }
  r->depth--;
  return v;
}

static weir_status read_all(reader *r, json_t **out, weir_error *err) {
  json_t *v = value(r);
  blanks(r);
  *out = NULL;
  if (v != NULL && r->p < r->end) {
    json_decref(v);
    v = fail(r, "something stands behind the value");
  }
  if (v != NULL) {
    *out = v;
    return WEIR_OK;
  }
  return r->nomem ? wi_err_nomem(err, WI_ORIGIN)
                  : WI_ERR(err, WEIR_E_BAD_VALUE, "no JSON: %s, at byte %zu", r->wrong,
                           (size_t)(r->p - r->begin));
}

weir_status wi_json_read(const char *p, size_t n, json_t **out, weir_error *err) {
  reader r = {.p = p, .end = p + n, .begin = p};
  return read_all(&r, out, err);
}

weir_status wi_json_read_lax(const char *p, size_t n, json_t **out, bool *inexact,
                             weir_error *err) {
  reader r = {.p = p, .end = p + n, .begin = p, .lax = true};
  weir_status status = read_all(&r, out, err);
  *inexact = r.inexact;
  return status;
}
