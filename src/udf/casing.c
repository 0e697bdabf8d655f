/* Lower and upper case by Unicode's full mappings: one character may become several, and the
 * last sigma of a word has a form of its own. */
#include <string.h>
#include <utf8proc.h>

#include "udf/kernel.h"

/* ---- ASCII, eight bytes at a time ---- */

#define ONES  0x0101010101010101U
#define HIGHS 0x8080808080808080U

/* 0x80 in each byte of ASCII that is from `low` to `high`. */
static uint64_t in_range(uint64_t w, uint64_t low, uint64_t high) {
  uint64_t seven = w & ~HIGHS;
  uint64_t above = seven + ONES * (0x7F - high), from = seven + ONES * (0x80 - low);
  return (from & ~above) & ~w & HIGHS;
}

static uint64_t cased(uint64_t w, wi_case to) {
  if (to == WI_CASE_NONE) {
    return w;
  }
  return w ^ (to == WI_CASE_LOWER ? in_range(w, 'A', 'Z') : in_range(w, 'a', 'z')) >> 2;
}

static bool white_byte(unsigned char c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D);
}

static char cased_byte(char c, wi_case to) {
  bool flips = to == WI_CASE_LOWER   ? c >= 'A' && c <= 'Z'
               : to == WI_CASE_UPPER ? c >= 'a' && c <= 'z'
                                     : false;
  return flips ? (char)(c ^ 0x20) : c;
}

/* Blanks that follow one, or that are not U+0020; *before: the byte before was a blank. */
static uint64_t odd_blanks(uint64_t w, bool *before) {
  uint64_t blank = in_range(w, ' ', ' ');
  uint64_t twice = blank & (blank << 8 | (*before ? 0x80U : 0U));
  *before = (blank >> 63) != 0;
  return twice | in_range(w, 0x09, 0x0D);
}

bool wi_case_plain(const char *p, size_t n, wi_case to, bool collapse, char *out) {
  uint64_t odd = 0, w;
  bool before = false;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    memcpy(&w, p + i, 8);
    odd |= w & HIGHS;
    if (collapse) {
      odd |= odd_blanks(w, &before);
    }
    w = cased(w, to);
    memcpy(out + i, &w, 8);
  }
  w = ONES * 'a'; /* what is beyond the end is nothing odd */
  memcpy(&w, p + i, n - i);
  odd |= w & HIGHS;
  if (collapse) {
    odd |= odd_blanks(w, &before);
  }
  w = cased(w, to);
  memcpy(out + i, &w, n - i);
  return odd == 0;
}

size_t wi_case_ascii(const char *p, size_t n, wi_case to, bool collapse, char *out) {
  size_t k = 0;
  bool before = false;
  if (wi_case_plain(p, n, to, collapse, out)) {
    return n;
  }
  for (size_t i = 0; i < n; i++) {
    bool white = collapse && white_byte((unsigned char)p[i]);
    out[k] = white ? ' ' : cased_byte(p[i], to);
    k += white && before ? 0 : 1;
    before = white;
  }
  return k;
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
#include "../../tables/upper_special.def"
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
