/* Borrowed strings, UTF-8, names, and the distance behind "did you mean". */
#include <string.h>

#include "util/util.h"

wi_str wi_str_of(const char *text) {
  wi_str s = {"", 0};
  if (text != NULL) {
    s.p = text;
    s.n = strlen(text);
  }
  return s;
}

bool wi_str_eq(wi_str a, const char *text) {
  return wi_str_cmp(a, wi_str_of(text)) == 0;
}

int wi_str_cmp(wi_str a, wi_str b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int order = n == 0 ? 0 : memcmp(a.p, b.p, n);
  if (order != 0) {
    return order;
  }
  return (a.n > b.n) - (a.n < b.n);
}

bool wi_starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool wi_ends_with(const char *text, const char *suffix) {
  size_t n = strlen(text), m = strlen(suffix);
  return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

char wi_ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool wi_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

bool wi_ascii_alnum(char c) {
  c = wi_ascii_lower(c);
  return wi_ascii_digit(c) || (c >= 'a' && c <= 'z');
}

bool wi_ascii_same_n(const char *a, const char *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (wi_ascii_lower(a[i]) != wi_ascii_lower(b[i])) {
      return false;
    }
    if (a[i] == '\0') {
      return true;
    }
  }
  return true;
}

bool wi_ascii_same(const char *a, const char *b) {
  return wi_ascii_same_n(a, b, strlen(a) + 1);
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

wi_str wi_str_trim(wi_str s) {
  while (s.n > 0 && is_blank(s.p[0])) {
    s.p++;
    s.n--;
  }
  while (s.n > 0 && is_blank(s.p[s.n - 1])) {
    s.n--;
  }
  return s;
}

/* The second byte's range is what excludes overlong forms, surrogates and above 10FFFF.
 * */
size_t wi_utf8_char(const char *p, size_t n) {
  if (n == 0) {
    return 0;
  }
  const unsigned char *u = (const unsigned char *)p;
  unsigned char low = 0x80, high = 0xBF;
  size_t len = 0;
  if (u[0] < 0x80) {
    return 1;
  }
  if (u[0] >= 0xC2 && u[0] <= 0xDF) {
    len = 2;
  } else if (u[0] >= 0xE0 && u[0] <= 0xEF) {
    len = 3;
    low = u[0] == 0xE0 ? 0xA0 : 0x80;
    high = u[0] == 0xED ? 0x9F : 0xBF;
  } else if (u[0] >= 0xF0 && u[0] <= 0xF4) {
    len = 4;
    low = u[0] == 0xF0 ? 0x90 : 0x80;
    high = u[0] == 0xF4 ? 0x8F : 0xBF;
  }
  if (len == 0 || n < len || u[1] < low || u[1] > high) {
    return 0;
  }
  for (size_t i = 2; i < len; i++) {
    if ((u[i] & 0xC0) != 0x80) {
      return 0;
    }
  }
  return len;
}

bool wi_utf8_valid(const char *p, size_t n) {
  for (size_t i = 0; i < n;) {
    size_t step = wi_utf8_char(p + i, n - i);
    if (step == 0) {
      return false;
    }
    i += step;
  }
  return true;
}

/* Length of the text without a character that the end of the field cut in two. */
static size_t whole_length(const char *text, size_t n) {
  size_t start = n;
  while (start > 0 && n - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) {
    start--;
  }
  if (start == 0 || (unsigned char)text[start - 1] < 0xC0) {
    return n;
  }
  start--;
  unsigned char lead = (unsigned char)text[start];
  size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  return n - start < want ? start : n;
}

size_t wi_text_fit(char *out, size_t cap, const char *text, size_t n) {
  static const char mark[] = "\xE2\x80\xA6";
  size_t kept = n < cap ? n : whole_length(text, cap - sizeof mark);
  memmove(out, text, kept);
  if (n >= cap) {
    memcpy(out + kept, mark, sizeof mark - 1);
    kept += sizeof mark - 1;
  }
  out[kept] = '\0';
  return kept;
}

bool wi_name_valid(const char *name) {
  size_t n = 0;
  if (name == NULL) {
    return false;
  }
  for (; name[n] != '\0'; n++) {
    char c = name[n];
    bool letter = (c >= 'a' && c <= 'z') || c == '_';
    bool digit = c >= '0' && c <= '9';
    if (n == 128 || !(letter || (digit && n > 0))) {
      return false;
    }
  }
  return n > 0;
}

static size_t min3(size_t a, size_t b, size_t c) {
  size_t m = a < b ? a : b;
  return m < c ? m : c;
}

/* Levenshtein's, by one row of the usual table. Without memory for a long row: the upper
 * bound. */
size_t wi_edit_distance(const char *a, const char *b) {
  size_t small[130];
  size_t n = strlen(a), m = strlen(b);
  size_t *row = small;
  if (m >= sizeof small / sizeof small[0]) {
    row = wi_alloc_array(m + 1, sizeof *row);
    if (row == NULL) {
      return n > m ? n : m;
    }
  }
  for (size_t j = 0; j <= m; j++) {
    row[j] = j;
  }
  for (size_t i = 1; i <= n; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t above = row[j];
      bool same = wi_ascii_lower(a[i - 1]) == wi_ascii_lower(b[j - 1]);
      row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (same ? 0 : 1));
      diagonal = above;
    }
  }
  size_t result = row[m];
  if (row != small) {
    wi_free(row);
  }
  return result;
}

/* Two neighbours typed in the wrong order: one slip, though two edits. */
static bool is_swap(const char *a, const char *b) {
  size_t i = 0;
  while (a[i] != '\0' && a[i] == b[i]) {
    i++;
  }
  return a[i] != '\0' && b[i] != '\0' && a[i + 1] != '\0' && a[i] == b[i + 1] &&
         a[i + 1] == b[i] && strcmp(a + i + 2, b + i + 2) == 0;
}

typedef struct near_name {
  const char *name;
  size_t distance;
} near_name;

/* Keeps the best three, by distance and then by bytes. */
static size_t near_insert(near_name best[3], size_t n, near_name one) {
  size_t at = n;
  while (at > 0 && (one.distance < best[at - 1].distance ||
                    (one.distance == best[at - 1].distance &&
                     strcmp(one.name, best[at - 1].name) < 0))) {
    at--;
  }
  if (at == 3) {
    return n;
  }
  n = n < 3 ? n + 1 : 3;
  for (size_t i = n - 1; i > at; i--) {
    best[i] = best[i - 1];
  }
  best[at] = one;
  return n;
}

/* The best three, in order. */
static size_t nearest(const char *name, const char *const *names, size_t n,
                      near_name best[3]) {
  size_t found = 0, len = strlen(name), limit = (len + 2) / 3;
  for (size_t i = 0; i < n; i++) {
    size_t other = strlen(names[i]);
    size_t apart = other > len ? other - len : len - other;
    if (apart > limit) {
      continue;
    }
    near_name one = {names[i],
                     is_swap(name, names[i]) ? 1 : wi_edit_distance(name, names[i])};
    if (one.distance <= limit) {
      found = near_insert(best, found, one);
    }
  }
  return found;
}

const char *wi_nearest_one(const char *name, const char *const *names, size_t n) {
  near_name best[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
  (void)nearest(name, names, n, best);
  return best[0].name;
}

void wi_nearest(const char *name, const char *const *names, size_t n, char *out,
                size_t cap) {
  near_name best[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
  size_t found = nearest(name, names, n, best), used = 0;
  if (cap == 0) {
    return;
  }
  out[0] = '\0';
  for (size_t i = 0; i < found; i++) {
    const char *joint = i == 0 ? "" : i + 1 == found ? " or " : ", ";
    size_t j = strlen(joint), k = strlen(best[i].name);
    if (j >= cap - used || k >= cap - used - j) {
      return;
    }
    memcpy(out + used, joint, j);
    memcpy(out + used + j, best[i].name, k + 1);
    used += j + k;
  }
}
