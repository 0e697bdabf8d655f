/* JSON as Delta's writers produce it: reading that tells damage from a lack of memory, and
 * writing that gives back what was read. */
#include <stdio.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* ---- is it JSON at all ---- */

/* The library that parses says "invalid token" when it has no memory for a token. This looks at
 * the text alone, needs no memory, and so knows better. It checks the grammar, not encodings and
 * ranges, for which the library has codes of its own. */
enum { DEPTH_MAX = 2048 };

static const char *check_value(const char *p, const char *end, int depth);

static const char *blanks(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')) {
    p++;
  }
  return p;
}

static const char *check_escape(const char *p, const char *end) {
  if (p == end) {
    return NULL;
  }
  if (*p != 'u') {
    return strchr("\"\\/bfnrt", *p) != NULL && *p != '\0' ? p + 1 : NULL;
  }
  for (int i = 1; i <= 4; i++) {
    if (end - p <= i || p[i] == '\0' || strchr("0123456789abcdefABCDEF", p[i]) == NULL) {
      return NULL;
    }
  }
  return p + 5;
}

/* After the opening quote. */
static const char *check_string(const char *p, const char *end) {
  while (p != NULL && p < end && *p != '"') {
    if ((unsigned char)*p < 0x20) {
      return NULL;
    }
    p = *p == '\\' ? check_escape(p + 1, end) : p + 1;
  }
  return p != NULL && p < end ? p + 1 : NULL;
}

static const char *digits(const char *p, const char *end) {
  const char *from = p;
  while (p < end && *p >= '0' && *p <= '9') {
    p++;
  }
  return p > from ? p : NULL;
}

static const char *check_number(const char *p, const char *end) {
  p += p < end && *p == '-' ? 1 : 0;
  p = p < end && *p == '0' ? p + 1 : digits(p, end);
  if (p != NULL && p < end && *p == '.') {
    p = digits(p + 1, end);
  }
  if (p != NULL && p < end && (*p == 'e' || *p == 'E')) {
    p++;
    p += p < end && (*p == '+' || *p == '-') ? 1 : 0;
    p = digits(p, end);
  }
  return p;
}

/* After the opening bracket. */
static const char *check_members(const char *p, const char *end, char close, int depth) {
  p = blanks(p, end);
  if (p < end && *p == close) {
    return p + 1;
  }
  for (;;) {
    if (close == '}') {
      p = blanks(p, end);
      p = p < end && *p == '"' ? check_string(p + 1, end) : NULL;
      p = p != NULL ? blanks(p, end) : NULL;
      p = p != NULL && p < end && *p == ':' ? p + 1 : NULL;
    }
    p = p != NULL ? check_value(p, end, depth + 1) : NULL;
    if (p == NULL || p == end) {
      return NULL;
    }
    if (*p == close) {
      return p + 1;
    }
    if (*p++ != ',') {
      return NULL;
    }
  }
}

static const char *check_word(const char *p, const char *end, const char *word) {
  size_t n = strlen(word);
  return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

/* A value with the blanks around it; NULL: there is none. */
static const char *check_value(const char *p, const char *end, int depth) {
  p = blanks(p, end);
  if (p == end || depth > DEPTH_MAX) {
    return NULL;
  }
  switch (*p) {
    case '{':
      p = check_members(p + 1, end, '}', depth);
      break;
    case '[':
      p = check_members(p + 1, end, ']', depth);
      break;
    case '"':
      p = check_string(p + 1, end);
      break;
    case 't':
      p = check_word(p, end, "true");
      break;
    case 'f':
      p = check_word(p, end, "false");
      break;
    case 'n':
      p = check_word(p, end, "null");
      break;
    default:
      p = check_number(p, end);
      break;
  }
  return p != NULL ? blanks(p, end) : NULL;
}

static bool is_json(const char *text, size_t n) {
  return check_value(text, text + n, 0) == text + n;
}

/* ---- reading ---- */

/* Whether a failure says nothing about the text: then there was no memory. */
static bool lacked_memory(const char *text, size_t n, const json_error_t *e) {
  switch (json_error_code(e)) {
    case json_error_out_of_memory:
      return true;
    case json_error_unknown:
    case json_error_invalid_syntax:
    case json_error_premature_end_of_input:
    case json_error_end_of_input_expected:
      return is_json(text, n);
    case json_error_stack_overflow:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_invalid_utf8:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_character:
    case json_error_null_value:
    case json_error_null_byte_in_key:
    case json_error_duplicate_key:
    case json_error_numeric_overflow:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
    default:
      return false;
  }
}

weir_status wi_delta_json_load(const char *text, size_t n, json_t **out,
                               wi_delta_json_note *note) {
  json_error_t e = {0}; /* without memory nobody fills it */
  size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
  note->inexact = false;
  note->why[0] = '\0';
  *out = json_loadb(text, n, flags, &e);
  if (*out == NULL && json_error_code(&e) == json_error_numeric_overflow) {
    note->inexact = true;
    *out = json_loadb(text, n, flags | JSON_DECODE_INT_AS_REAL, &e);
  }
  if (*out != NULL) {
    return WEIR_OK;
  }
  snprintf(note->why, sizeof note->why, "%.140s at column %d", e.text, e.column);
  return lacked_memory(text, n, &e) ? WEIR_E_NO_MEMORY : WEIR_E_LOG_CORRUPT;
}

const json_t *wi_delta_json_get(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  return json_is_null(value) ? NULL : value;
}

const char *wi_delta_json_text(const json_t *object, const char *key) {
  return json_string_value(json_object_get(object, key));
}

int64_t wi_delta_json_int(const json_t *object, const char *key, int64_t fallback) {
  const json_t *value = json_object_get(object, key);
  if (json_is_integer(value)) {
    return (int64_t)json_integer_value(value);
  }
  double real = json_is_real(value) ? json_real_value(value) : 1e300;
  return real > -9e18 && real < 9e18 ? (int64_t)real : fallback;
}

static int fold(char c) {
  return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool wi_delta_alike_n(const char *a, const char *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (fold(a[i]) != fold(b[i])) {
      return false;
    }
    if (a[i] == '\0') {
      return true;
    }
  }
  return true;
}

bool wi_delta_alike(const char *a, const char *b) {
  return wi_delta_alike_n(a, b, SIZE_MAX);
}

/* ---- writing ---- */

static int dump_to(const char *p, size_t n, void *ctx) {
  wi_buf *out = ctx;
  wi_buf_add(out, p, n);
  return out->failed ? -1 : 0;
}

weir_status wi_delta_json_dump(const json_t *value, bool sorted, wi_buf *out,
                               weir_error *err) {
  size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | (sorted ? JSON_SORT_KEYS : 0);
  if (json_dump_callback(value, dump_to, out, flags) != 0) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return wi_buf_check(out, err, WI_ORIGIN);
}

/* The shortest text of a real that is still one: "1" would come back as a whole number. */
static void put_real(wi_json *j, double v) {
  char text[40];
  wi_double_text(v, text);
  if (strpbrk(text, ".e") == NULL) {
    memcpy(text + strlen(text), ".0", sizeof ".0");
  }
  wi_json_raw(j, text);
}

void wi_delta_json_put(wi_json *j, const json_t *value) {
  const char *key;
  json_t *member;
  switch (json_typeof(value)) {
    case JSON_OBJECT:
      wi_json_object(j);
      json_object_foreach((json_t *)(uintptr_t)value, key, member) {
        wi_json_key(j, key);
        wi_delta_json_put(j, member);
      }
      wi_json_object_end(j);
      break;
    case JSON_ARRAY:
      wi_json_array(j);
      for (size_t i = 0; i < json_array_size(value); i++) {
        wi_delta_json_put(j, json_array_get(value, i));
      }
      wi_json_array_end(j);
      break;
    case JSON_STRING:
      wi_json_ntext(j, json_string_value(value), json_string_length(value));
      break;
    case JSON_INTEGER:
      wi_json_int(j, json_integer_value(value));
      break;
    case JSON_REAL:
      put_real(j, json_real_value(value));
      break;
    case JSON_TRUE:
    case JSON_FALSE:
      wi_json_bool(j, json_is_true(value));
      break;
    case JSON_NULL:
    default:
      wi_json_null(j);
      break;
  }
}
