/* The settings that functions read: from texts and back, and as part of an identity. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/spec.h"
#include "udf/udf.h"

#define WI_ORIGIN "udf"

#define PREFIX "weir.functions."

const wi_fn_config wi_fn_config_default = {
#define WI_FN_WORD(name, bit, value, words)         .name = (value),
#define WI_FN_FLAG(name, bit, value)                .name = (value),
#define WI_FN_NUMBER(name, bit, value, least, most) .name = (value),
#include "../../tables/function_settings.def"
#undef WI_FN_WORD
#undef WI_FN_FLAG
#undef WI_FN_NUMBER
};

/* The word of the table that the text is, so that it outlives its caller. */
static const char *kept_word(const char *text) {
  static const char *const words[] = {"NFC",   "NFD",   "NFKC",  "NFKD",  "byte", "utf8",
                                      "utf16", "utf32", "lower", "upper", "none"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcmp(words[i], text) == 0) {
      return words[i];
    }
  }
  return NULL;
}

static weir_status set(wi_fn_config *c, const char *key, const char *value,
                       weir_error *err) {
  WI_TRY(wi_setting_check(key, value, err));
  const char *name = key + strlen(PREFIX);
#define WI_FN_WORD(member, bit, from, words)                                \
  if (strcmp(name, #member) == 0) {                                         \
    c->member = kept_word(value);                                           \
    return c->member != NULL                                                \
               ? WEIR_OK                                                    \
               : WI_ERR(err, WEIR_E_BUG, "no word '%s' of %s", value, key); \
  }
#define WI_FN_FLAG(member, bit, from)       \
  if (strcmp(name, #member) == 0) {         \
    c->member = strcmp(value, "true") == 0; \
    return WEIR_OK;                         \
  }
#define WI_FN_NUMBER(member, bit, from, least, most) \
  if (strcmp(name, #member) == 0) {                  \
    c->member = (int32_t)strtol(value, NULL, 10);    \
    return WEIR_OK;                                  \
  }
#include "../../tables/function_settings.def"
#undef WI_FN_WORD
#undef WI_FN_FLAG
#undef WI_FN_NUMBER
  return WI_ERR(err, WEIR_E_BUG, "the setting %s is checked but not kept", key);
}

weir_status wi_fn_config_read(const char *const *keys, const char *const *values,
                              size_t n, wi_fn_config *out, weir_error *err) {
  *out = wi_fn_config_default;
  for (size_t i = 0; i < n; i++) {
    WI_TRY(set(out, keys[i], values[i], err));
  }
  return WEIR_OK;
}

static void entry(wi_fn_setting *out, const char *key, uint32_t bit, const char *word,
                  int64_t number) {
  out->key = key;
  out->bit = bit;
  if (word != NULL) {
    snprintf(out->value, sizeof out->value, "%s", word);
  } else {
    snprintf(out->value, sizeof out->value, "%lld", (long long)number);
  }
}

void wi_fn_config_list(const wi_fn_config *c, wi_fn_setting out[WI_FN_N_SETTINGS]) {
#define WI_FN_WORD(name, bit, value, words) \
  entry(out++, PREFIX #name, WI_FN_SET_##bit, c->name, 0);
#define WI_FN_FLAG(name, bit, value) \
  entry(out++, PREFIX #name, WI_FN_SET_##bit, c->name ? "true" : "false", 0);
#define WI_FN_NUMBER(name, bit, value, least, most) \
  entry(out++, PREFIX #name, WI_FN_SET_##bit, NULL, c->name);
#include "../../tables/function_settings.def"
#undef WI_FN_WORD
#undef WI_FN_FLAG
#undef WI_FN_NUMBER
}
