/* Settings: which there are, and what their values may be. */
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

#define WORD   0
#define FLAG   1
#define NUMBER 2
#define PREFIX "weir.functions."

typedef struct row {
  const char *key;
  int kind;
  const char *words;
  int64_t least, most;
} row;

static const row rows[] = {
#define WI_FN_WORD(name, bit, value, words) {PREFIX #name, WORD, words, 0, 0},
#define WI_FN_FLAG(name, bit, value)        {PREFIX #name, FLAG, "true false", 0, 0},
#define WI_FN_NUMBER(name, bit, value, least, most) \
  {PREFIX #name, NUMBER, NULL, least, most},
#include "../../tables/function_settings.def"
#undef WI_FN_WORD
#undef WI_FN_FLAG
#undef WI_FN_NUMBER
};
#define N_ROWS (sizeof rows / sizeof rows[0])

static weir_status unknown(const char *key, weir_error *err) {
  const char *names[N_ROWS];
  char near[256];
  weir_status status;
  for (size_t i = 0; i < N_ROWS; i++) {
    names[i] = rows[i].key;
  }
  wi_nearest(key, names, N_ROWS, near, sizeof near);
  if (wi_starts_with(key, PREFIX)) {
    status = WI_ERR(err, WEIR_E_UNKNOWN_KEY, "there is no setting '%.100s'", key);
  } else {
    status = WI_ERR(err, WEIR_E_UNKNOWN_KEY,
                    "'%.100s' cannot be set: the engine's settings are fixed, so that "
                    "results depend on what is written only",
                    key);
  }
  if (near[0] != '\0') {
    wi_err_hint(err, "did you mean %s?", near);
  } else {
    wi_err_hint(err, "only the settings " PREFIX "* of docs/project.md can be set");
  }
  return status;
}

/* Whether the value is one of the words. */
static bool word_of(const char *words, const char *value) {
  size_t n = strlen(value);
  for (const char *p = words; n > 0 && *p != '\0';) {
    size_t len = strcspn(p, " ");
    if (len == n && memcmp(p, value, n) == 0) {
      return true;
    }
    p += len;
    p += strspn(p, " ");
  }
  return false;
}

static bool number_of(const row *r, const char *value) {
  char *end = NULL;
  size_t n = strlen(value);
  if (n == 0 || n > 10 || strspn(value, "0123456789") != n) {
    return false;
  }
  long long v = strtoll(value, &end, 10);
  return *end == '\0' && v >= r->least && v <= r->most;
}

weir_status wi_setting_check(const char *key, const char *value, weir_error *err) {
  size_t i = 0;
  weir_status status;
  while (i < N_ROWS && strcmp(rows[i].key, key) != 0) {
    i++;
  }
  if (i == N_ROWS) {
    return unknown(key, err);
  }
  const row *r = &rows[i];
  if (r->kind == NUMBER ? number_of(r, value) : word_of(r->words, value)) {
    return WEIR_OK;
  }
  if (r->kind == NUMBER) {
    status = WI_ERR_HINT(
        err, WEIR_E_BAD_VALUE, WI_HINT("write %s: %lld", key, (long long)r->least),
        "the setting %s has to be a number from %lld to %lld, not '%.100s'", key,
        (long long)r->least, (long long)r->most, value);
  } else {
    status = WI_ERR_HINT(err, WEIR_E_BAD_VALUE, WI_HINT("write one of: %s", r->words),
                         "the setting %s cannot be '%.100s'", key, value);
  }
  return status;
}

void wi_setting_read_all(wi_reader *r, const wi_yaml *node) {
  wi_pairs *out = &r->spec->settings;
  if (node == NULL || wi_yaml_is_null(node) || !wi_reader_any_map(r, node, "settings")) {
    return;
  }
  out->keys = wi_reader_array(r, node->n, sizeof *out->keys);
  out->values = wi_reader_array(r, node->n, sizeof *out->values);
  for (size_t i = 0; i < node->n && !r->nomem; i++) {
    weir_error err = WEIR_ERROR_INIT;
    const char *key = node->keys[i]->text;
    const wi_yaml *value = node->items[i];
    bool plain = value->kind == WI_YAML_SCALAR && !wi_yaml_is_null(value);
    if (value->kind == WI_YAML_BAD) {
      continue;
    }
    if (wi_setting_check(key, plain ? value->text : "", &err) == WEIR_OK) {
      wi_pairs_put(out, key, value->text);
    } else {
      bool of_key = err.code == WEIR_E_UNKNOWN_KEY;
      wi_reader_take(r, of_key ? node->keys[i] : value, &err);
    }
  }
}
