/* Typed scalars and sizes from text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static bool scalar_parse(wi_type type, const char *text, wi_value *out) {
  int32_t days = 0;
  switch (type) {
    case WI_TYPE_INT64:
      return int_parse(text, &out->i64);
    case WI_TYPE_FLOAT64:
      return wi_double_parse(text, &out->f64);
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
    return WI_ERR_HINT(err, WEIR_E_PARAM_TYPE, WI_HINT("write %s", expected(type)),
                       "'%.200s' is no %s", shown ? text : "(not UTF-8)",
                       wi_type_name(type));
  }
  value.text = wi_arena_dup(arena, text);
  if (value.text == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *out = value;
  return WEIR_OK;
}
