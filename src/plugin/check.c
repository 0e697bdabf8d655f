/* What a plug-in says of itself, checked before any of it is used. Messages name what the
 * library has and what weir has. */
#include <inttypes.h>
#include <string.h>

#include "plugin/internal.h"

#define WI_ORIGIN "plugin"

enum { MAX_FUNCTIONS = 4096, MAX_PARAMS = 64, MAX_TEXTS = 64, MAX_TEXT = 64 * 1024 };

/* ---- the handshake ---- */

/* The first three fields are the same in every version of the ABI. */
weir_status wi_plugin_handshake(const weir_plugin *from, const wi_plugin_abi *abi,
                                weir_error *err) {
  const size_t first = offsetof(weir_plugin, name);
  weir_status status = WEIR_OK;
  if (from->struct_size < first) {
    status = WI_ERR(err, WEIR_E_PLUGIN,
                    "its description says that it has %" PRIu32
                    " bytes, and that of this weir's plug-in ABI %u.%u has %zu",
                    from->struct_size, abi->major, abi->minor, sizeof(weir_plugin));
  } else if (from->struct_size != sizeof(weir_plugin)) {
    status = WI_ERR(err, WEIR_E_PLUGIN,
                    "it is of plug-in ABI %u.%u with a description of %" PRIu32
                    " bytes, and this weir is of %u.%u with one of %zu bytes",
                    from->abi_major, from->abi_minor, from->struct_size, abi->major,
                    abi->minor, sizeof(weir_plugin));
  } else if (from->abi_major != abi->major) {
    status = WI_ERR(err, WEIR_E_PLUGIN,
                    "it is of plug-in ABI %u.%u, and this weir is of %u.%u",
                    from->abi_major, from->abi_minor, abi->major, abi->minor);
  } else if (from->abi_minor < abi->minor_needed) {
    status = WI_ERR(err, WEIR_E_PLUGIN,
                    "it is of plug-in ABI %u.%u, and this weir needs at least %u.%u",
                    from->abi_major, from->abi_minor, abi->major, abi->minor_needed);
  }
  if (status != WEIR_OK) {
    wi_err_hint(err, "compile the plug-in against this weir's weir/plugin.h");
  }
  return status;
}

/* ---- texts and lists ---- */

static weir_status text(const char *value, bool needed, const char *what,
                        weir_error *err) {
  if (value == NULL || value[0] == '\0') {
    return needed ? WI_ERR(err, WEIR_E_PLUGIN, "its description has no %s", what)
                  : WEIR_OK;
  }
  size_t n = strnlen(value, MAX_TEXT + 1);
  if (n > MAX_TEXT) {
    return WI_ERR(err, WEIR_E_PLUGIN, "the %s is longer than 64 KiB", what);
  }
  if (!wi_utf8_valid(value, n)) {
    return WI_ERR(err, WEIR_E_PLUGIN, "the %s is no valid UTF-8", what);
  }
  return WEIR_OK;
}

static weir_status list(const void *items, size_t n, size_t limit, const char *what,
                        weir_error *err) {
  if (n > 0 && items == NULL) {
    return WI_ERR(err, WEIR_E_PLUGIN, "the list of %s is NULL, and has to have %zu", what,
                  n);
  }
  return n <= limit ? WEIR_OK
                    : WI_ERR(err, WEIR_E_PLUGIN, "there are %zu %s; weir takes %zu", n,
                             what, limit);
}

static weir_status texts(const char *const *items, size_t n, const char *what,
                         weir_error *err) {
  WI_TRY(list(items, n, MAX_TEXTS, what, err));
  for (size_t i = 0; i < n; i++) {
    WI_TRY(text(items[i], true, what, err));
  }
  return WEIR_OK;
}

static weir_status name(const char *value, const char *what, weir_error *err) {
  WI_TRY(text(value, true, what, err));
  if (!wi_name_valid(value)) {
    return WI_ERR_HINT(err, WEIR_E_BAD_NAME,
                       "lower-case letters, digits and _, beginning with a letter or _",
                       "'%.200s' cannot be the %s", value, what);
  }
  return WEIR_OK;
}

static bool is_zero(const void *p, size_t n) {
  const uint8_t *bytes = p;
  for (size_t i = 0; i < n; i++) {
    if (bytes[i] != 0) {
      return false;
    }
  }
  return true;
}

/* ---- one function ---- */

static weir_status param(const weir_plugin_param *p, weir_error *err) {
  WI_TRY(name(p->name, "name of a parameter", err));
  WI_TRY(text(p->type_text, false, "type text of a parameter", err));
  WI_TRY(text(p->doc, false, "documentation of a parameter", err));
  if (p->type < WEIR_PLUGIN_ANY || p->type > WEIR_PLUGIN_ANY_FLAT) {
    return WI_ERR(err, WEIR_E_PLUGIN,
                  "parameter %s has the type %" PRId32 ", and weir knows 0 to %d",
                  p->name, p->type, WEIR_PLUGIN_ANY_FLAT);
  }
  if (p->optional > 1 || p->variadic > 1 || p->literal > 1 || p->zero != 0 ||
      !is_zero(p->reserved, sizeof(p->reserved))) {
    return WI_ERR(err, WEIR_E_PLUGIN,
                  "parameter %s: a flag is neither 0 nor 1, or what is reserved is not 0",
                  p->name);
  }
  return WEIR_OK;
}

static weir_status kind(const weir_plugin_function *f, weir_error *err) {
  static const char *const names[] = {"", "scalar", "aggregate", "table", "asynchronous"};
  if (f->kind > WEIR_PLUGIN_SCALAR && f->kind <= WEIR_PLUGIN_ASYNC) {
    return WI_ERR(err, WEIR_E_NOT_YET,
                  "it is of the kind %s, and this weir takes scalar functions only",
                  names[f->kind]);
  }
  if (f->kind != WEIR_PLUGIN_SCALAR) {
    return WI_ERR(err, WEIR_E_PLUGIN,
                  "it is of the kind %" PRId32 ", which this weir does not know",
                  f->kind);
  }
  if (f->volatility < WEIR_PLUGIN_IMMUTABLE || f->volatility > WEIR_PLUGIN_VOLATILE) {
    return WI_ERR(err, WEIR_E_PLUGIN,
                  "its volatility is %" PRId32 ", and weir knows 1 to 3", f->volatility);
  }
  return WEIR_OK;
}

static weir_status callbacks(const weir_plugin_function *f, weir_error *err) {
  const char *missing = f->return_field == NULL ? "return_field"
                        : f->invoke == NULL     ? "invoke"
                                                : NULL;
  return missing == NULL ? WEIR_OK
                         : WI_ERR(err, WEIR_E_PLUGIN, "its callback %s is NULL", missing);
}

static weir_status documentation(const weir_plugin_function *f, weir_error *err) {
  WI_TRY(text(f->returns, true, "type of the result", err));
  WI_TRY(text(f->section, false, "section", err));
  WI_TRY(text(f->description, false, "description", err));
  WI_TRY(text(f->syntax, false, "syntax", err));
  WI_TRY(text(f->example, false, "example", err));
  WI_TRY(text(f->example_result, false, "example's result", err));
  return texts(f->tags, f->n_tags, "tags", err);
}

static weir_status function(const weir_plugin_function *f, bool strict, weir_error *err) {
  WI_TRY(kind(f, err));
  WI_TRY(callbacks(f, err));
  if (strict && (f->flags != 0 || !is_zero(f->reserved, sizeof(f->reserved)))) {
    return WI_ERR(err, WEIR_E_PLUGIN, "its flags or what is reserved are not 0");
  }
  WI_TRY(list(f->params, f->n_params, MAX_PARAMS, "parameters", err));
  if (f->n_params > 0 && f->param_size != sizeof(weir_plugin_param)) {
    return WI_ERR(err, WEIR_E_PLUGIN,
                  "its parameters have %" PRIu32
                  " bytes each, and those of this weir %zu",
                  f->param_size, sizeof(weir_plugin_param));
  }
  for (size_t i = 0; i < f->n_params; i++) {
    WI_TRY(param(&f->params[i], err));
  }
  WI_TRY(list(f->aliases, f->n_aliases, MAX_TEXTS, "aliases", err));
  for (size_t i = 0; i < f->n_aliases; i++) {
    WI_TRY(name(f->aliases[i], "alias", err));
  }
  return documentation(f, err);
}

/* ---- the whole ---- */

static weir_status functions(const weir_plugin *from, bool strict, weir_error *err) {
  for (size_t i = 0; i < from->n_functions; i++) {
    const weir_plugin_function *f = from->functions[i];
    if (f == NULL || f->struct_size != sizeof(*f)) {
      return WI_ERR(err, WEIR_E_PLUGIN,
                    "function %zu of it has a description of %" PRIu32
                    " bytes, and one of this weir has %zu",
                    i + 1, f == NULL ? 0 : f->struct_size, sizeof(*f));
    }
    WI_TRY(name(f->name, "name of a function", err));
    weir_status status = function(f, strict, err);
    if (status != WEIR_OK) {
      wi_err_context(err, "function %s", f->name);
      return status;
    }
  }
  return WEIR_OK;
}

static const char *name_at(const weir_plugin_function *f, size_t i) {
  return i == 0 ? f->name : f->aliases[i - 1];
}

/* Sorting keeps this cheap for a library of thousands. */
static weir_status distinct(const weir_plugin *from, weir_error *err) {
  wi_map owners = WI_MAP_INIT;
  weir_status status = WEIR_OK;
  for (size_t i = 0; i < from->n_functions && status == WEIR_OK; i++) {
    const weir_plugin_function *f = from->functions[i];
    for (size_t k = 0; k <= f->n_aliases && status == WEIR_OK; k++) {
      const char *other = wi_map_get(&owners, name_at(f, k));
      if (other != NULL) {
        status = WI_ERR(err, WEIR_E_DUPLICATE_NAME,
                        "the name %s is there twice, in its functions %s and %s",
                        name_at(f, k), other, f->name);
      } else if (!wi_map_put(&owners, name_at(f, k), (void *)(uintptr_t)f->name)) {
        status = wi_err_nomem(err, WI_ORIGIN);
      }
    }
  }
  wi_map_release(&owners);
  return status;
}

static weir_status capabilities(const weir_plugin *from, const wi_plugin_abi *abi,
                                weir_error *err) {
  uint64_t lacking = from->needs & ~abi->capabilities;
  wi_buf has = WI_BUF_INIT, lacks = WI_BUF_INIT;
  weir_status status = WEIR_OK;
  if (lacking != 0) {
    wi_plugin_capabilities(abi->capabilities, &has);
    wi_plugin_capabilities(lacking, &lacks);
    status = WI_ERR(err, WEIR_E_PLUGIN, "it needs the capabilities %s; this weir has %s",
                    wi_buf_text(&lacks), wi_buf_text(&has));
  }
  wi_buf_release(&has);
  wi_buf_release(&lacks);
  return status;
}

weir_status wi_plugin_check(const weir_plugin *from, const wi_plugin_abi *abi,
                            weir_error *err) {
  /* What a newer minor puts there is optional, or it is a bit of `needs`. */
  bool strict = from->abi_minor <= abi->minor;
  WI_TRY(name(from->name, "name of a plug-in", err));
  WI_TRY(text(from->version, true, "version", err));
  WI_TRY(text(from->build_id, false, "build id", err));
  WI_TRY(capabilities(from, abi, err));
  if (strict && !is_zero(from->reserved, sizeof(from->reserved))) {
    return WI_ERR(err, WEIR_E_PLUGIN, "what is reserved in its description is not 0");
  }
  if (from->n_functions == 0) {
    return WI_ERR(err, WEIR_E_PLUGIN, "it has no function");
  }
  WI_TRY(list(from->functions, from->n_functions, MAX_FUNCTIONS, "functions", err));
  WI_TRY(functions(from, strict, err));
  return distinct(from, err);
}

void wi_plugin_capabilities(uint64_t bits, wi_buf *out) {
  static const char *const names[] = {"scalar", "aggregate", "table", "async"};
  const size_t n = sizeof(names) / sizeof(names[0]);
  const char *comma = "";
  for (size_t i = 0; i < n; i++) {
    if ((bits >> i & 1) != 0) {
      wi_buf_fmt(out, "%s%s", comma, names[i]);
      comma = ", ";
    }
  }
  if (bits >> n != 0) {
    wi_buf_fmt(out, "%s0x%" PRIx64, comma, bits >> n << n);
  }
}
