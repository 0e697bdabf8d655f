/* The table of functions, and what makes one function the same as another. */
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "udf/describe.h"

static const wi_fn *const functions[] = {
#define WI_FUNCTION(name) &wi_fn_##name,
#include "udf/functions.def"
#undef WI_FUNCTION
};

const wi_fn *const *wi_udf_list(size_t *n) {
  *n = COUNT(functions);
  return functions;
}

static bool has_name(const wi_fn *fn, const char *name) {
  if (strcmp(fn->name, name) == 0) {
    return true;
  }
  for (size_t i = 0; i < fn->n_aliases; i++) {
    if (strcmp(fn->aliases[i], name) == 0) {
      return true;
    }
  }
  return false;
}

const wi_fn *wi_udf_find(const char *name_or_alias) {
  for (size_t i = 0; i < COUNT(functions); i++) {
    if (has_name(functions[i], name_or_alias)) {
      return functions[i];
    }
  }
  return NULL;
}

void wi_udf_data_version(const wi_fn *fn, char out[WI_UDF_DATA_VERSION]) {
  out[0] = '\0';
  if (fn->data_version != NULL) {
    snprintf(out, WI_UDF_DATA_VERSION, "%s %s", fn->data_version,
             utf8proc_unicode_version());
  }
}

/* The values of the settings that the function reads, none for most. */
static void digest_settings(wi_digest *d, const wi_fn *fn) {
  wi_fn_setting values[WI_FN_N_SETTINGS];
  wi_fn_config_list(wi_fn_config_of(fn), values);
  wi_digest_u64(d, fn->settings);
  for (size_t i = 0; i < WI_FN_N_SETTINGS; i++) {
    if ((fn->settings & values[i].bit) != 0) {
      wi_digest_text(d, values[i].value);
    }
  }
}

void wi_udf_identity(const wi_fn *fn, uint8_t out[WI_DIGEST_SIZE]) {
  char data[WI_UDF_DATA_VERSION];
  wi_digest d;
  wi_udf_data_version(fn, data);
  wi_digest_begin(&d, "weir.function.2");
  wi_digest_text(&d, fn->name);
  wi_digest_u64(&d, fn->version);
  wi_digest_text(&d, data);
  wi_digest_u64(&d, (uint64_t)fn->kind);
  digest_settings(&d, fn);
  wi_digest_u64(&d, (uint64_t)fn->volatility);
  wi_digest_text(&d, fn->return_text);
  wi_digest_u64(&d, fn->n_params);
  for (size_t i = 0; i < fn->n_params; i++) {
    const wi_fn_param *p = &fn->params[i];
    wi_digest_text(&d, p->name);
    wi_digest_text(&d, p->type_text);
    wi_digest_u64(&d, (uint64_t)p->type_class);
    wi_digest_u64(
        &d, (p->optional ? 1U : 0U) | (p->variadic ? 2U : 0U) | (p->literal ? 4U : 0U));
  }
  wi_digest_end(&d, out);
}

const char *wi_fn_kind_text(const wi_fn *fn) {
  static const char *const kinds[] = {"scalar", "aggregate", "window", "table",
                                      "relation"};
  return fn->kind >= 0 && (size_t)fn->kind < sizeof(kinds) / sizeof(kinds[0])
             ? kinds[fn->kind]
             : "scalar";
}

const char *wi_fn_volatility_text(const wi_fn *fn) {
  return fn->volatility == WI_FN_IMMUTABLE ? "immutable"
         : fn->volatility == WI_FN_STABLE  ? "stable"
                                           : "volatile";
}
