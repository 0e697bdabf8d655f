/* The functions of src/udf, given to the engine's session. */
#include <string.h>

#include "session/calls.h"
#include "session/private.h"
#include "udf/udf.h"

#define WI_ORIGIN "session"

/* A function as one session has it. The engine owns it: its plans may outlive the session. */
typedef struct session_fn {
  wi_fn fn; /* first, so that this is the function, too */
  wi_fn_config config;
} session_fn;

static weir_status session_fn_new(const wi_session *s, const wi_fn *fn, session_fn **out,
                                  weir_error *err) {
  *out = wi_alloc(sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  (*out)->fn = *fn;
  (*out)->config = s->functions;
  (*out)->fn.config = &(*out)->config;
  return WEIR_OK;
}

static void session_fn_release(const void *self) {
  wi_free((void *)(uintptr_t)self);
}

static weir_status return_field(const void *self, size_t n,
                                const struct ArrowSchema *const *args,
                                const struct ArrowArray *const *literals,
                                struct ArrowSchema *out, weir_error *err) {
  const wi_fn *fn = self;
  return fn->return_field(fn, n, args, literals, out, err);
}

#define MAX_ARGS 80

static weir_status invoke(const void *self, size_t n, const wi_br_arg *args, int64_t rows,
                          struct ArrowArray *out, weir_error *err) {
  const wi_fn *fn = self;
  wi_fn_arg plain[MAX_ARGS];
  if (n > MAX_ARGS) {
    return WI_ERR(err, WEIR_E_SQL_PLAN, "%s takes at most %d arguments, not %zu",
                  fn->name, MAX_ARGS, n);
  }
  for (size_t i = 0; i < n; i++) {
    plain[i].array = args[i].array;
    plain[i].schema = args[i].schema;
    plain[i].is_scalar = args[i].is_scalar;
  }
  return fn->invoke(fn, n, plain, rows, out, err);
}

/* What the engine is told of a function; `params` has room for all of its parameters. */
static void describe(const wi_fn *fn, wi_br_param *params, wi_br_function *f) {
  for (size_t i = 0; i < fn->n_params; i++) {
    params[i].name = fn->params[i].name;
    params[i].type_text = fn->params[i].type_text;
    params[i].doc = fn->params[i].doc;
    params[i].type_class = fn->params[i].type_class;
    params[i].optional = fn->params[i].optional;
    params[i].variadic = fn->params[i].variadic;
    params[i].literal = fn->params[i].literal;
  }
  f->name = fn->name;
  f->aliases = fn->aliases;
  f->n_aliases = fn->n_aliases;
  f->volatility = fn->volatility;
  f->params = params;
  f->n_params = fn->n_params;
  f->return_text = fn->return_text;
  f->section = fn->section;
  f->description = fn->description;
  f->syntax = fn->syntax;
  f->example = fn->example;
  f->short_circuits = fn->short_circuits;
  f->self = fn;
  f->return_field = return_field;
  f->invoke = invoke;
}

/* `f` has the function's identity and its release, which is called on failure. */
static weir_status give(wi_session *s, const wi_fn *fn, wi_br_function *f,
                        weir_error *err) {
  weir_status status = WEIR_OK;
  wi_br_param *params = wi_alloc_array(fn->n_params + 1, sizeof(*params));
  if (params == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
  } else {
    describe(fn, params, f);
    status = fn->agg != NULL ? wi_session_aggregate(s, fn, f, err)
                             : wi_br_session_add_function(s->engine, s->handle, f, err);
  }
  if (status != WEIR_OK) {
    f->release(fn);
  }
  wi_free(params);
  return status;
}

static weir_status add(wi_session *s, const wi_fn *row, weir_error *err) {
  wi_br_function f = {.release = session_fn_release};
  session_fn *own = NULL;
  WI_TRY(session_fn_new(s, row, &own, err));
  wi_udf_identity(&own->fn, f.identity);
  return give(s, &own->fn, &f, err);
}

static void foreign_release(const void *self) {
  wi_plugin *plugin = ((const wi_plugin_fn *)self)->plugin;
  wi_plugin_unref(&plugin);
}

weir_status wi_session_add_foreign(wi_session *s, const wi_plugin_fn *fn,
                                   weir_error *err) {
  wi_br_function f = {.release = foreign_release, .foreign = true};
  memcpy(f.identity, fn->identity, sizeof(f.identity));
  (void)wi_plugin_ref(fn->plugin);
  return give(s, &fn->fn, &f, err);
}

static weir_status add_relation(wi_session *s, const wi_fn *fn, weir_error *err) {
  uint8_t identity[WI_DIGEST_SIZE];
  wi_udf_identity(fn, identity);
  return wi_br_session_add_relation(s->engine, s->handle, fn->name, identity, fn->rel, fn,
                                    err);
}

/* Only those that are answered here: the engine has its own. */
static weir_status add_table(wi_session *s, const wi_fn *fn, weir_error *err) {
  uint8_t identity[WI_DIGEST_SIZE];
  if (wi_call_kind_of(fn) == WI_CALL_NONE) {
    return WEIR_OK;
  }
  wi_udf_identity(fn, identity);
  return wi_br_session_add_table_function(s->engine, s->handle, fn->name, identity,
                                          fn->volatility, err);
}

static weir_status add_any(wi_session *s, const wi_fn *fn, weir_error *err) {
  if (fn->engine != NULL) {
    /* One that goes by the engine's own name is only described here. */
    return strcmp(fn->engine, fn->name) == 0 ? WEIR_OK : wi_session_alias(s, fn, err);
  }
  switch ((wi_fn_kind)fn->kind) {
    case WI_FN_RELATION:
      return add_relation(s, fn, err);
    case WI_FN_TABLE:
      return add_table(s, fn, err);
    case WI_FN_SCALAR:
    case WI_FN_AGGREGATE:
    case WI_FN_WINDOW:
    default:
      return add(s, fn, err);
  }
}

weir_status wi_session_functions(wi_session *s, weir_error *err) {
  size_t n = 0;
  const wi_fn *const *list = wi_udf_list(&n);
  for (size_t i = 0; i < n; i++) {
    WI_TRY(add_any(s, list[i], err));
  }
  return wi_session_rules(s, err);
}
