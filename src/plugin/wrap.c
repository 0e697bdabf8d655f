/* The functions of a plug-in as functions of weir. */
#include <string.h>

#include "plugin/internal.h"

#define WI_ORIGIN "plugin"

/* The classes have the numbers of weir/plugin.h. */
_Static_assert((int)WEIR_PLUGIN_ANY == (int)WI_T_ANY &&
                   (int)WEIR_PLUGIN_TEXT == (int)WI_T_TEXT &&
                   (int)WEIR_PLUGIN_INT64 == (int)WI_T_INT64 &&
                   (int)WEIR_PLUGIN_INT32 == (int)WI_T_INT32 &&
                   (int)WEIR_PLUGIN_BOOL == (int)WI_T_BOOL &&
                   (int)WEIR_PLUGIN_FLOAT64 == (int)WI_T_FLOAT64 &&
                   (int)WEIR_PLUGIN_STRUCT == (int)WI_T_STRUCT &&
                   (int)WEIR_PLUGIN_LIST == (int)WI_T_LIST &&
                   (int)WEIR_PLUGIN_MAP == (int)WI_T_MAP &&
                   (int)WEIR_PLUGIN_ANY_FLAT == (int)WI_T_ANY_FLAT &&
                   (int)WEIR_PLUGIN_IMMUTABLE == (int)WI_FN_IMMUTABLE &&
                   (int)WEIR_PLUGIN_STABLE == (int)WI_FN_STABLE &&
                   (int)WEIR_PLUGIN_VOLATILE == (int)WI_FN_VOLATILE,
               "numbers of weir/plugin.h and udf.h differ");
/* An argument is handed over as it is. */
_Static_assert(offsetof(weir_plugin_arg, array) == 0 &&
                   offsetof(weir_plugin_arg, schema) == sizeof(void *),
               "the layout of weir_plugin_arg");

enum { MAX_ARGS = 80 };

static const wi_plugin_fn *of(const wi_fn *fn) {
  return (const wi_plugin_fn *)fn;
}

/* What the callback said; a text without an end, or that is none, is not shown. */
static weir_status failed(const wi_plugin_fn *f, weir_status code,
                          weir_plugin_error *said, weir_error *err) {
  said->message[sizeof(said->message) - 1] = '\0';
  size_t n = strlen(said->message);
  bool shown = n > 0 && wi_utf8_valid(said->message, n);
  return WI_ERR(err, code, "%s of plug-in %s: %.800s", f->fn.name, f->plugin->from->name,
                shown ? said->message : "failed without saying why");
}

static weir_status return_field(const wi_fn *fn, size_t n,
                                const struct ArrowSchema *const *args,
                                const struct ArrowArray *const *literals,
                                struct ArrowSchema *out, weir_error *err) {
  const wi_plugin_fn *f = of(fn);
  const struct ArrowArray *none[MAX_ARGS] = {NULL};
  weir_plugin_error said = {.struct_size = sizeof(said)};
  memset(out, 0, sizeof(*out));
  if (n > MAX_ARGS) {
    return WI_ERR(err, WEIR_E_SQL_PLAN, "%s takes at most %d arguments, not %zu",
                  fn->name, MAX_ARGS, n);
  }
  int code = f->from->return_field(f->from->self, n, args,
                                   literals != NULL ? literals : none, out, &said);
  if (code != 0 && out->release != NULL) {
    out->release(out);
  }
  if (code != 0) {
    memset(out, 0, sizeof(*out));
    return failed(f, WEIR_E_SQL_PLAN, &said, err);
  }
  if (out->release == NULL || out->format == NULL) {
    return WI_ERR(err, WEIR_E_PLUGIN, "%s of plug-in %s said no type for its result",
                  fn->name, f->plugin->from->name);
  }
  return WEIR_OK;
}

static weir_status invoke(const wi_fn *fn, size_t n, const wi_fn_arg *args, int64_t rows,
                          struct ArrowArray *out, weir_error *err) {
  const wi_plugin_fn *f = of(fn);
  weir_plugin_arg given[MAX_ARGS];
  weir_plugin_error said = {.struct_size = sizeof(said)};
  memset(out, 0, sizeof(*out));
  if (n > MAX_ARGS) {
    return WI_ERR(err, WEIR_E_SQL_PLAN, "%s takes at most %d arguments, not %zu",
                  fn->name, MAX_ARGS, n);
  }
  for (size_t i = 0; i < n; i++) {
    given[i] = (weir_plugin_arg){args[i].array, args[i].schema, args[i].is_scalar, 0};
  }
  int code = f->from->invoke(f->from->self, n, given, rows, out, &said);
  if (code != 0 && out->release != NULL) {
    out->release(out);
  }
  if (code != 0) {
    memset(out, 0, sizeof(*out));
    return failed(f, WEIR_E_EXECUTION, &said, err);
  }
  if (out->release == NULL || (out->n_buffers > 0 && out->buffers == NULL) ||
      (out->n_children > 0 && out->children == NULL)) {
    return WI_ERR(err, WEIR_E_PLUGIN, "%s of plug-in %s gave no array", fn->name,
                  f->plugin->from->name);
  }
  return WEIR_OK;
}

/* ---- descriptions ---- */

/* "f(a, b[, c])" */
static const char *syntax_of(wi_arena *arena, const weir_plugin_function *from) {
  wi_buf b = WI_BUF_INIT;
  wi_buf_fmt(&b, "%s(", from->name);
  for (size_t i = 0; i < from->n_params; i++) {
    const weir_plugin_param *p = &from->params[i];
    wi_buf_fmt(&b, "%s%s%s%s%s", p->optional ? "[" : "", i > 0 ? ", " : "", p->name,
               p->optional ? "]" : "", p->variadic ? ", ..." : "");
  }
  wi_buf_chr(&b, ')');
  const char *text = b.failed ? NULL : wi_arena_dup(arena, wi_buf_text(&b));
  wi_buf_release(&b);
  return text;
}

static void identify(wi_plugin_fn *f) {
  const wi_fn *fn = &f->fn;
  wi_digest d;
  wi_digest_begin(&d, "weir.plugin.function.1");
  wi_digest_text(&d, f->plugin->hash);
  wi_digest_text(&d, fn->name);
  wi_digest_u64(&d, (uint64_t)fn->kind);
  wi_digest_u64(&d, (uint64_t)fn->volatility);
  wi_digest_text(&d, fn->return_text);
  wi_digest_u64(&d, fn->n_params);
  for (size_t i = 0; i < fn->n_params; i++) {
    const wi_fn_param *p = &fn->params[i];
    wi_digest_text(&d, p->name);
    wi_digest_u64(&d, (uint64_t)p->type_class);
    wi_digest_u64(
        &d, (p->optional ? 1U : 0U) | (p->variadic ? 2U : 0U) | (p->literal ? 4U : 0U));
  }
  wi_digest_end(&d, f->identity);
}

static const char *or_empty(const char *text) {
  return text != NULL ? text : "";
}

static bool wrap_params(wi_arena *arena, const weir_plugin_function *from, wi_fn *fn) {
  wi_fn_param *params = wi_arena_array(arena, from->n_params + 1, sizeof(*params));
  if (params == NULL) {
    return false;
  }
  for (size_t i = 0; i < from->n_params; i++) {
    const weir_plugin_param *p = &from->params[i];
    params[i] = (wi_fn_param){.name = p->name,
                              .type_text = or_empty(p->type_text),
                              .doc = or_empty(p->doc),
                              .type_class = p->type,
                              .optional = p->optional != 0,
                              .variadic = p->variadic != 0,
                              .literal = p->literal != 0};
  }
  fn->params = params;
  fn->n_params = from->n_params;
  return true;
}

static bool wrap(wi_plugin *plugin, const weir_plugin_function *from, wi_plugin_fn *out) {
  const char *section = from->section;
  if (section == NULL) {
    section = wi_arena_fmt(&plugin->arena, "Functions of %s", plugin->from->name);
  }
  out->from = from;
  out->plugin = plugin;
  out->fn = (wi_fn){
      .name = from->name,
      .aliases = from->aliases,
      .n_aliases = from->n_aliases,
      .return_text = from->returns,
      .section = section,
      .description = or_empty(from->description),
      .syntax = from->syntax != NULL ? from->syntax : syntax_of(&plugin->arena, from),
      .example = or_empty(from->example),
      .example_result = or_empty(from->example_result),
      .tags = from->tags,
      .n_tags = from->n_tags,
      .volatility = from->volatility,
      .version = 1,
      .return_field = return_field,
      .invoke = invoke,
      .kind = WI_FN_SCALAR};
  return section != NULL && out->fn.syntax != NULL &&
         wrap_params(&plugin->arena, from, &out->fn);
}

weir_status wi_plugin_wrap(wi_plugin *plugin, weir_error *err) {
  size_t n = plugin->from->n_functions;
  plugin->functions = wi_arena_array(&plugin->arena, n, sizeof(*plugin->functions));
  if (plugin->functions == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    if (!wrap(plugin, plugin->from->functions[i], &plugin->functions[i])) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    identify(&plugin->functions[i]);
  }
  plugin->n_functions = n;
  return WEIR_OK;
}
