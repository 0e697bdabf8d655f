/* Unicode: normal form KC and trimming. */
#include <string.h>
#include <utf8proc.h>

#include "udf/kernel.h"

#define WI_ORIGIN "udf"

void wi_normal_release(wi_normal *n) {
  wi_free(n->points);
  *n = (wi_normal)WI_NORMAL_INIT;
}

static bool is_ascii(wi_str s) {
  unsigned char any = 0;
  for (size_t i = 0; i < s.n; i++) {
    any = (unsigned char)(any | (unsigned char)s.p[i]);
  }
  return any < 0x80;
}

/* reencode works in place and wants one place more than there are characters. */
static bool points_reserve(wi_normal *n, size_t need) {
  if (need + 1 <= n->cap) {
    return true;
  }
  size_t cap = need + need / 2 + 64;
  int32_t *points = wi_realloc_array(n->points, cap, sizeof *points);
  if (points == NULL) {
    return false;
  }
  n->points = points;
  n->cap = cap;
  return true;
}

weir_status wi_normal_nfkc(wi_normal *n, wi_str in, wi_str *out, weir_error *err) {
  const utf8proc_option_t form = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
  *out = in;
  if (is_ascii(in)) {
    return WEIR_OK;
  }
  if (!points_reserve(n, in.n)) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  const utf8proc_uint8_t *text = (const utf8proc_uint8_t *)in.p;
  utf8proc_ssize_t k = utf8proc_decompose(text, (utf8proc_ssize_t)in.n, n->points,
                                          (utf8proc_ssize_t)n->cap - 1, form);
  if (k > (utf8proc_ssize_t)n->cap - 1) { /* it only counted */
    if (!points_reserve(n, (size_t)k)) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    k = utf8proc_decompose(text, (utf8proc_ssize_t)in.n, n->points,
                           (utf8proc_ssize_t)n->cap - 1, form);
  }
  if (k >= 0) {
    k = utf8proc_reencode(n->points, k, form);
  }
  if (k < 0) {
    return WI_ERR(err, WEIR_E_EXECUTION, "a text cannot be normalised: %s",
                  utf8proc_errmsg(k));
  }
  *out = (wi_str){(const char *)n->points, (size_t)k};
  return WEIR_OK;
}

/* The White_Space property, which Unicode has not changed since 6.3. */
static bool is_white(utf8proc_int32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

static size_t white_at(const char *p, size_t n) {
  utf8proc_int32_t c = -1;
  utf8proc_ssize_t k =
      utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, &c);
  return k > 0 && is_white(c) ? (size_t)k : 0;
}

wi_str wi_trim_white(wi_str s) {
  size_t k;
  while (s.n > 0 && (k = white_at(s.p, s.n)) > 0) {
    s.p += k;
    s.n -= k;
  }
  while (s.n > 0) {
    size_t at = s.n - 1;
    while (at > 0 && ((unsigned char)s.p[at] & 0xC0) == 0x80) {
      at--;
    }
    if (white_at(s.p + at, s.n - at) != s.n - at) {
      break;
    }
    s.n = at;
  }
  return s;
}
