/* Lower and upper case by Unicode's full mappings: one character may become several, and the
 * last sigma of a word has a form of its own. */
#include <string.h>
#include <utf8proc.h>

#include "udf/kernel.h"

/* ---- ASCII, sixteen bytes at a time ---- */

/* What the compiler makes registers of; comparisons give -1 or 0 in each byte. */
typedef int8_t v16 __attribute__((vector_size(16)));

/* Letters from `low` to `high` change their case: none if low is above high. */
typedef struct letters {
  int8_t low, high;
} letters;

static letters letters_of(wi_case to) {
  return to == WI_CASE_LOWER   ? (letters){'A', 'Z'}
         : to == WI_CASE_UPPER ? (letters){'a', 'z'}
                               : (letters){1, 0};
}

static inline v16 load16(const char *p) {
  v16 x;
  memcpy(&x, p, sizeof x);
  return x;
}

static inline v16 all16(int8_t c) {
  return (v16){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c};
}

static inline bool any16(v16 x) {
  uint64_t half[2];
  memcpy(half, &x, sizeof half);
  return (half[0] | half[1]) != 0;
}

static inline v16 flipped(v16 x, letters l) {
  v16 flips = (x >= all16(l.low)) & (x <= all16(l.high));
  return x ^ (flips & all16(0x20));
}

/* Blanks that are not U+0020; `beside`: the bytes before or after each. */
static inline v16 odd_blanks(v16 x, v16 beside) {
  return ((x > all16(0x08)) & (x < all16(0x0E))) |
         ((x == all16(' ')) & (beside == all16(' ')));
}

/* Fewer than seventeen bytes, by way of visible ones after them. */
static void few(const char *p, size_t n, char in[17]) {
  memset(in, '0', 17);
  memcpy(in, p, n);
}

/* What the bytes that are not visible are; rarely asked. */
static unsigned look(const char *p, size_t n, bool collapse) {
  v16 wide = all16(0), odd = all16(0);
  char in[17];
  if (n <= 16) {
    few(p, n, in);
    wide = load16(in);
    odd = odd_blanks(load16(in), load16(in + 1));
  } else {
    for (size_t i = 0; i + 17 <= n; i += 16) {
      wide |= load16(p + i);
      odd |= odd_blanks(load16(p + i), load16(p + i + 1));
    }
    wide |= load16(p + n - 16);
    odd |= odd_blanks(load16(p + n - 16), load16(p + n - 17));
  }
  return (unsigned)WI_SCAN_HIDDEN |
         (any16(wide < all16(0)) ? (unsigned)WI_SCAN_WIDE : 0) |
         (collapse && any16(odd) ? (unsigned)WI_SCAN_BLANKS : 0);
}

unsigned wi_case_scan(const char *p, size_t n, wi_case to, bool collapse, char *out) {
  letters l = letters_of(to);
  v16 hidden = all16(0), x;
  if (n <= 16) {
    char in[17];
    few(p, n, in);
    x = load16(in);
    hidden = x < all16(0x21);
    x = flipped(x, l);
    memcpy(in, &x, sizeof x);
    memcpy(out, in, n);
  } else {
    for (size_t i = 0; i + 16 <= n; i += 16) {
      x = load16(p + i);
      hidden |= x < all16(0x21);
      x = flipped(x, l);
      memcpy(out + i, &x, sizeof x);
    }
    /* The last sixteen, some of them again: that changes nothing. */
    x = load16(p + n - 16);
    hidden |= x < all16(0x21);
    x = flipped(x, l);
    memcpy(out + n - 16, &x, sizeof x);
  }
  return any16(hidden) ? look(out, n, collapse) : 0;
}

size_t wi_case_squeeze(const char *p, size_t n, wi_case to, char *out) {
  letters flip = letters_of(to);
  unsigned char low = (unsigned char)flip.low;
  unsigned span = flip.high >= flip.low ? 26 : 0, before = 0;
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)p[i];
    unsigned white = (c == ' ') | ((unsigned char)(c - 0x09) < 5);
    unsigned flips = (unsigned char)(c - low) < span;
    out[k] = (char)(white != 0 ? ' ' : c ^ (flips << 5));
    k += 1 - (white & before);
    before = white;
  }
  return k;
}

size_t wi_case_ascii(const char *p, size_t n, wi_case to, bool collapse, char *out) {
  if ((wi_case_scan(p, n, to, collapse, out) & WI_SCAN_BLANKS) == 0) {
    return n;
  }
  return wi_case_squeeze(p, n, to, out);
}

/* ---- any text ---- */

/* Characters that words may have in them without ending: Unicode's Case_Ignorable. */
static bool case_ignorable(int32_t c) {
  static const uint16_t marks[] = {0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,
                                   0x5F4,  0x2018, 0x2019, 0x2024, 0x2027, 0xFE13,
                                   0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
  for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
    if (c == marks[i]) {
      return true;
    }
  }
  utf8proc_category_t g = utf8proc_category(c);
  return g == UTF8PROC_CATEGORY_MN || g == UTF8PROC_CATEGORY_ME ||
         g == UTF8PROC_CATEGORY_CF || g == UTF8PROC_CATEGORY_LM ||
         g == UTF8PROC_CATEGORY_SK;
}

/* Unicode's Cased, of characters that are not case-ignorable. */
static bool is_cased(int32_t c) {
  utf8proc_category_t g = utf8proc_category(c);
  return g == UTF8PROC_CATEGORY_LU || g == UTF8PROC_CATEGORY_LL ||
         g == UTF8PROC_CATEGORY_LT || c == 0xAA || c == 0xBA ||
         (c >= 0x2160 && c <= 0x217F) || (c >= 0x24B6 && c <= 0x24E9) ||
         (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
         (c >= 0x1F170 && c <= 0x1F189);
}

/* A letter before it in its word, and none after it. */
static bool final_sigma(const int32_t *points, size_t count, size_t at) {
  size_t i = at, k = at + 1;
  while (i > 0 && case_ignorable(points[i - 1])) {
    i--;
  }
  if (i == 0 || !is_cased(points[i - 1])) {
    return false;
  }
  while (k < count && case_ignorable(points[k])) {
    k++;
  }
  return k == count || !is_cased(points[k]);
}

static char *put(char *out, int32_t c) {
  return out + utf8proc_encode_char(c, (utf8proc_uint8_t *)out);
}

static char *put_lower(char *out, const int32_t *points, size_t count, size_t at) {
  int32_t c = points[at];
  if (c == 0x130) { /* the only one whose lower case is two characters */
    return put(put(out, 'i'), 0x307);
  }
  if (c == 0x3A3) {
    return put(out, final_sigma(points, count, at) ? 0x3C2 : 0x3C3);
  }
  return put(out, utf8proc_tolower(c));
}

typedef struct upper_row {
  int32_t from, to[3];
} upper_row;
static const upper_row upper_rows[] = {
#define WI_UPPER(c, a, b, d) {c, {a, b, d}},
#include "../../../tables/upper_special.def"
#undef WI_UPPER
};

static char *put_upper(char *out, int32_t c) {
  size_t low = 0, high = sizeof upper_rows / sizeof upper_rows[0];
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const upper_row *row = &upper_rows[middle];
    if (row->from == c) {
      out = put(put(out, row->to[0]), row->to[1]);
      return row->to[2] == 0 ? out : put(out, row->to[2]);
    }
    low = row->from < c ? middle + 1 : low;
    high = row->from < c ? high : middle;
  }
  return put(out, utf8proc_toupper(c));
}

size_t wi_case_write(const int32_t *points, size_t count, wi_case to, bool collapse,
                     char *out) {
  char *at = out;
  bool before = true; /* a blank at the start is none */
  for (size_t i = 0; i < count; i++) {
    bool white = collapse && wi_is_white(points[i]);
    if (white) {
      if (!before) {
        *at++ = ' ';
      }
    } else if (to == WI_CASE_LOWER) {
      at = put_lower(at, points, count, i);
    } else {
      at = to == WI_CASE_UPPER ? put_upper(at, points[i]) : put(at, points[i]);
    }
    before = white;
  }
  if (collapse && before && at > out) {
    at--;
  }
  return (size_t)(at - out);
}
