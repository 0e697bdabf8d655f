/* Unicode: normal forms and trimming. */
#include <string.h>
#include <utf8proc.h>

#include "udf/kernel.h"

#define WI_ORIGIN "udf"

void wi_normal_release(wi_normal *n) {
  wi_free(n->points);
  *n = (wi_normal)WI_NORMAL_INIT;
}

bool wi_is_ascii(wi_str s) {
  uint64_t any = 0, eight;
  size_t i = 0;
  for (; i + 8 <= s.n; i += 8) {
    memcpy(&eight, s.p + i, 8);
    any |= eight;
  }
  for (; i < s.n; i++) {
    any |= (unsigned char)s.p[i];
  }
  return (any & 0x8080808080808080U) == 0;
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

static weir_status normal_error(utf8proc_ssize_t code, weir_error *err) {
  return WI_ERR(err, WEIR_E_EXECUTION, "a text cannot be normalised: %s",
                utf8proc_errmsg(code));
}

/* Decomposed as the options say; *count characters in n->points. */
static weir_status decompose(wi_normal *n, wi_str in, int options, size_t *count,
                             weir_error *err) {
  const utf8proc_option_t form = (utf8proc_option_t)options;
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
  *count = k < 0 ? 0 : (size_t)k;
  return k < 0 ? normal_error(k, err) : WEIR_OK;
}

static int form_options(wi_form form) {
  switch (form) {
    case WI_FORM_NFC:
      return UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    case WI_FORM_NFD:
      return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    case WI_FORM_NFKD:
      return UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
    case WI_FORM_NFKC:
    default:
      return UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
  }
}

weir_status wi_normal_points(wi_normal *n, wi_form form, wi_str in, size_t *count,
                             weir_error *err) {
  int options = form_options(form);
  WI_TRY(decompose(n, in, options, count, err));
  utf8proc_ssize_t k = utf8proc_normalize_utf32(n->points, (utf8proc_ssize_t)*count,
                                                (utf8proc_option_t)options);
  *count = k < 0 ? 0 : (size_t)k;
  return k < 0 ? normal_error(k, err) : WEIR_OK;
}

weir_status wi_points_read(wi_normal *n, wi_str in, size_t *count, weir_error *err) {
  *count = 0;
  if (!points_reserve(n, in.n)) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t at = 0; at < in.n;) {
    utf8proc_ssize_t k =
        utf8proc_iterate((const utf8proc_uint8_t *)in.p + at,
                         (utf8proc_ssize_t)(in.n - at), &n->points[*count]);
    if (k <= 0) {
      return normal_error(k, err);
    }
    at += (size_t)k;
    ++*count;
  }
  return WEIR_OK;
}

weir_status wi_normal_nfkc(wi_normal *n, wi_str in, wi_str *out, weir_error *err) {
  const int form = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
  size_t count = 0;
  *out = in;
  if (wi_is_ascii(in)) {
    return WEIR_OK;
  }
  WI_TRY(decompose(n, in, form, &count, err));
  utf8proc_ssize_t k =
      utf8proc_reencode(n->points, (utf8proc_ssize_t)count, (utf8proc_option_t)form);
  if (k < 0) {
    return normal_error(k, err);
  }
  *out = (wi_str){(const char *)n->points, (size_t)k};
  return WEIR_OK;
}

/* The White_Space property, which Unicode has not changed since 6.3. */
bool wi_is_white(int32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

static bool white_byte(char c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D);
}

static size_t white_at(const char *p, size_t n) {
  utf8proc_int32_t c = -1;
  utf8proc_ssize_t k =
      utf8proc_iterate((const utf8proc_uint8_t *)p, (utf8proc_ssize_t)n, &c);
  return k > 0 && wi_is_white(c) ? (size_t)k : 0;
}

wi_str wi_trim_white(wi_str s) {
  size_t k;
  /* Most texts begin and end with a visible ASCII character. */
  if (s.n > 0 && (unsigned char)(s.p[0] - 0x21) < 0x5E &&
      (unsigned char)(s.p[s.n - 1] - 0x21) < 0x5E) {
    return s;
  }
  while (s.n > 0 && white_byte(s.p[0])) {
    s.p++;
    s.n--;
  }
  while (s.n > 0 && white_byte(s.p[s.n - 1])) {
    s.n--;
  }
  if (s.n > 0 && (signed char)(s.p[0] | s.p[s.n - 1]) >= 0) {
    return s; /* ASCII at both ends */
  }
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
