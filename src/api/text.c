/* Values as people write them. */
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

/* ---- parameters: one block, the array and then the texts that it points to ---- */

static weir_status bad(const char *text, const char *why, weir_error *err) {
  wi_err_hint(err,
              "write NAME=VALUE, NAME:TYPE=VALUE (int64, float64, string, boolean, date, "
              "timestamp) or NAME:null");
  return WI_ERR(err, WEIR_E_PARAM_TYPE, "--param %.200s: %s", text, why);
}

static const char *why_not(wi_type type) {
  static const char *const why[] = {"",
                                    "the value is no int64",
                                    "the value is no float64",
                                    "the value is not UTF-8",
                                    "the value is not true or false",
                                    "the value is no date, as 2026-01-31",
                                    "the value is no timestamp, as 2026-01-31T12:00:00Z"};
  return why[type];
}

static bool read_as(wi_type type, const char *text, weir_parameter *p) {
  wi_arena arena = WI_ARENA_INIT;
  wi_value value;
  weir_error ignored = WEIR_ERROR_INIT;
  bool fits = wi_value_parse(&arena, type, text, &value, &ignored) == WEIR_OK;
  weir_error_release(&ignored);
  wi_arena_release(&arena);
  if (fits) {
    p->type = (weir_type)type;
    p->i64 = type == WI_TYPE_BOOLEAN ? value.boolean : value.i64;
    p->f64 = value.f64;
    p->text = text;
  }
  return fits;
}

static weir_status parse_one(char *copy, const char *whole, weir_parameter *p,
                             weir_error *err) {
  size_t name = strcspn(copy, ":="), n = strcspn(copy, "=");
  char *type = copy + name + 1, *value = copy + n + 1;
  wi_type wanted = WI_TYPE_STRING;
  if (name == 0) {
    return bad(whole, "the name is missing", err);
  }
  p->name = copy;
  p->type = WEIR_TYPE_STRING;
  if (strcmp(copy + name, ":null") == 0) {
    p->is_null = 1;
    copy[name] = '\0';
    return WEIR_OK;
  }
  if (copy[n] != '=') {
    return bad(whole, "a value is missing", err);
  }
  copy[n] = '\0';
  if (name < n) {
    copy[name] = '\0';
    if (!wi_type_parse(type, &wanted)) {
      return bad(whole, "there is no such type", err);
    }
  } else if (read_as(WI_TYPE_BOOLEAN, value, p) || read_as(WI_TYPE_INT64, value, p) ||
             read_as(WI_TYPE_FLOAT64, value, p)) {
    return WEIR_OK;
  }
  return read_as(wanted, value, p) ? WEIR_OK : bad(whole, why_not(wanted), err);
}

static weir_status parse_all(const char *const *texts, size_t n, char *room,
                             weir_parameter *items, weir_error *err) {
  for (size_t i = 0; i < n; i++) {
    size_t size = strlen(texts[i]) + 1;
    memcpy(room, texts[i], size);
    WI_TRY(parse_one(room, texts[i], &items[i], err));
    room += size;
    for (size_t k = 0; k < i; k++) {
      if (strcmp(items[k].name, items[i].name) == 0) {
        return bad(texts[i], "this parameter was given before", err);
      }
    }
  }
  return WEIR_OK;
}

weir_status weir_parameters_parse(const char *const *texts, size_t n,
                                  weir_parameter **out, weir_error *err) {
  size_t size = 1;
  WI_ARG(out, err);
  *out = NULL;
  WI_TRY(wi_arg_texts(__func__, "texts", texts, n, err));
  for (size_t i = 0; i < n; i++) {
    size += strlen(texts[i]) + 1;
  }
  size_t items = (size / sizeof(weir_parameter)) + 1;
  weir_parameter *block = wi_alloc_array(n + items, sizeof(*block));
  if (block == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  weir_status status = parse_all(texts, n, (char *)(block + n), block, err);
  if (status != WEIR_OK) {
    wi_free(block);
    return status;
  }
  *out = block;
  return WEIR_OK;
}

void weir_parameters_free(weir_parameter **parameters) {
  if (parameters != NULL) {
    wi_free(*parameters);
    *parameters = NULL;
  }
}

/* ---- times and sizes ---- */

weir_status weir_timestamp_parse(const char *text, int64_t *us, weir_error *err) {
  WI_ARG(us, err);
  *us = 0;
  WI_ARG(text, err);
  if (wi_time_parse(text, us)) {
    return WEIR_OK;
  }
  wi_err_hint(err, "write it with its offset, as 2026-01-31T12:00:00Z");
  return WI_ERR(err, WEIR_E_BAD_VALUE, "'%.200s' is no timestamp", text);
}

weir_status weir_size_parse(const char *text, uint64_t *bytes, weir_error *err) {
  int64_t value = 0;
  WI_ARG(bytes, err);
  *bytes = 0;
  WI_ARG(text, err);
  if (wi_size_parse(text, &value)) {
    *bytes = (uint64_t)value;
    return WEIR_OK;
  }
  wi_err_hint(err, "write it as 4096, 512MB or 1.5GiB");
  return WI_ERR(err, WEIR_E_BAD_VALUE, "'%.200s' is no size", text);
}

weir_status weir_duration_parse(const char *text, int64_t *us, weir_error *err) {
  static const struct {
    char unit;
    int64_t seconds;
  } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
  WI_ARG(us, err);
  *us = 0;
  WI_ARG(text, err);
  size_t digits = strspn(text, "0123456789");
  bool fits =
      digits > 0 && digits <= 6 && text[digits] != '\0' && text[digits + 1] == '\0';
  for (size_t i = 0; fits && i < sizeof(units) / sizeof(units[0]); i++) {
    if (text[digits] == units[i].unit) {
      *us = (int64_t)strtol(text, NULL, 10) * units[i].seconds * 1000000;
      return WEIR_OK;
    }
  }
  wi_err_hint(err, "write it as 90s, 30m, 24h, 7d or 2w");
  return WI_ERR(err, WEIR_E_BAD_VALUE, "'%.200s' is no duration", text);
}

/* ---- tables ---- */

/* What follows the last @ is a version if it is a number: an @ may be part of a URI. */
weir_status weir_session_add_table(weir_session *session, const char *text,
                                   weir_error *err) {
  weir_status status = WEIR_OK;
  char *copy = NULL;
  int64_t version = -1;
  WI_ARG(session, err);
  WI_ARG(text, err);
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text || equals[1] == '\0') {
    wi_err_hint(err, "for example orders=./lake/orders@3");
    return WI_ERR(err, WEIR_E_USAGE, "%.300s: the form is NAME=URI[@VERSION]", text);
  }
  copy = wi_strdup(text);
  if (copy == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  char *uri = copy + (equals - text) + 1, *at = strrchr(uri, '@');
  uri[-1] = '\0';
  if (at != NULL && at[1] != '\0' && strspn(at + 1, "0123456789") == strlen(at + 1)) {
    wi_arena arena = WI_ARENA_INIT;
    wi_value value = {0};
    weir_error ignored = WEIR_ERROR_INIT;
    status = wi_value_parse(&arena, WI_TYPE_INT64, at + 1, &value, &ignored);
    weir_error_release(&ignored);
    wi_arena_release(&arena);
    if (status != WEIR_OK) {
      status = WI_ERR(err, WEIR_E_USAGE, "%.300s: the version is too large", text);
      goto done;
    }
    version = value.i64;
    *at = '\0';
  }
  status = weir_session_add_delta(session, copy, uri, version, err);
done:
  wi_free(copy);
  return status;
}
