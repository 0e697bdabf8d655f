/* Typed scalars and sizes from text. */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "spec/spec.h"

#define WI_ORIGIN "spec"

static const char *const type_names[] = {"?",       "int64", "float64",  "string",
                                         "boolean", "date",  "timestamp"};

const char *wi_type_name(wi_type type) {
  return type_names[type >= WI_TYPE_INT64 && type <= WI_TYPE_TIMESTAMP ? type : 0];
}

bool wi_type_parse(const char *text, wi_type *out) {
  for (int i = WI_TYPE_INT64; i <= WI_TYPE_TIMESTAMP; i++) {
    if (strcmp(text, type_names[i]) == 0) {
      *out = (wi_type)i;
      return true;
    }
  }
  return false;
}

static const char *skip_digits(const char *p) {
  while (*p >= '0' && *p <= '9') {
    p++;
  }
  return p;
}

static bool int_parse(const char *text, int64_t *out) {
  const char *digits = text[0] == '-' || text[0] == '+' ? text + 1 : text;
  const char *end = skip_digits(digits);
  if (end == digits || *end != '\0') {
    return false;
  }
  errno = 0;
  *out = strtoll(text, NULL, 10);
  return errno == 0;
}

/* Digits, at most one point, an exponent: what strtod takes beyond that is refused. */
static bool float_shape(const char *text) {
  const char *p = text[0] == '-' || text[0] == '+' ? text + 1 : text;
  const char *end = skip_digits(p);
  size_t digits = (size_t)(end - p);
  if (*end == '.') {
    p = end + 1;
    end = skip_digits(p);
    digits += (size_t)(end - p);
  }
  if (digits == 0) {
    return false;
  }
  if (*end == 'e' || *end == 'E') {
    p = end[1] == '-' || end[1] == '+' ? end + 2 : end + 1;
    end = skip_digits(p);
    if (end == p) {
      return false;
    }
  }
  return *end == '\0';
}

/* The host program's locale may write 1,5: ours never does. */
static bool float_parse(const char *text, double *out) {
  if (!float_shape(text)) {
    return false;
  }
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (c == (locale_t)0) {
    return false;
  }
  *out = strtod_l(text, NULL, c);
  freelocale(c);
  return isfinite(*out);
}

static bool scalar_parse(wi_type type, const char *text, wi_value *out) {
  int32_t days = 0;
  switch (type) {
    case WI_TYPE_INT64:
      return int_parse(text, &out->i64);
    case WI_TYPE_FLOAT64:
      return float_parse(text, &out->f64);
    case WI_TYPE_STRING:
      return wi_utf8_valid(text, strlen(text));
    case WI_TYPE_BOOLEAN:
      out->boolean = strcmp(text, "true") == 0;
      return out->boolean || strcmp(text, "false") == 0;
    case WI_TYPE_DATE:
      if (!wi_date_parse(text, &days)) {
        return false;
      }
      out->i64 = days;
      return true;
    case WI_TYPE_TIMESTAMP:
      return wi_time_parse(text, &out->i64);
  }
  return false;
}

static const char *expected(wi_type type) {
  switch (type) {
    case WI_TYPE_INT64:
      return "an integer of 64 bits, as -12";
    case WI_TYPE_FLOAT64:
      return "a finite number, as 0.5 or 1e-3";
    case WI_TYPE_STRING:
      return "UTF-8 text";
    case WI_TYPE_BOOLEAN:
      return "true or false";
    case WI_TYPE_DATE:
      return "a date, as 2026-01-31";
    case WI_TYPE_TIMESTAMP:
      return "a timestamp with its offset, as 2026-01-31T12:00:00Z or ...+02:00";
  }
  return "a value";
}

weir_status wi_value_parse(wi_arena *arena, wi_type type, const char *text, wi_value *out,
                           weir_error *err) {
  *out = (wi_value){.type = type, .is_null = true};
  wi_value value = {.type = type};
  if (!scalar_parse(type, text, &value)) {
    bool shown = wi_utf8_valid(text, strlen(text));
    weir_status status = WI_ERR(err, WEIR_E_PARAM_TYPE, "'%.200s' is no %s",
                                shown ? text : "(not UTF-8)", wi_type_name(type));
    wi_err_hint(err, "write %s", expected(type));
    return status;
  }
  value.text = wi_arena_dup(arena, text);
  if (value.text == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *out = value;
  return WEIR_OK;
}

typedef struct unit {
  const char *name;
  int64_t bytes;
} unit;

static const unit units[] = {{"", 1},
                             {"b", 1},
                             {"kb", 1000},
                             {"mb", 1000000},
                             {"gb", 1000000000},
                             {"tb", 1000000000000},
                             {"kib", INT64_C(1) << 10},
                             {"mib", INT64_C(1) << 20},
                             {"gib", INT64_C(1) << 30},
                             {"tib", INT64_C(1) << 40}};

static int64_t unit_bytes(const char *text) {
  while (*text == ' ') {
    text++;
  }
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (strcasecmp(text, units[i].name) == 0) {
      return units[i].bytes;
    }
  }
  return 0;
}

bool wi_size_parse(const char *text, int64_t *bytes) {
  const char *p = text;
  int64_t whole = 0, part = 0, scale = 1, total = 0;
  for (; *p >= '0' && *p <= '9'; p++) {
    if (__builtin_mul_overflow(whole, 10, &whole) ||
        __builtin_add_overflow(whole, *p - '0', &whole)) {
      return false;
    }
  }
  if (p == text) {
    return false;
  }
  if (*p == '.') {
    const char *first = ++p;
    for (; *p >= '0' && *p <= '9' && p - first < 6; p++) {
      part = part * 10 + (*p - '0');
      scale *= 10;
    }
    if (p == first) {
      return false;
    }
  }
  int64_t one = unit_bytes(p);
  if (one == 0 || (scale > 1 && one == 1) || __builtin_mul_overflow(whole, one, &total) ||
      __builtin_add_overflow(total, part * one / scale, &total) || total == 0) {
    return false;
  }
  *bytes = total;
  return true;
}
