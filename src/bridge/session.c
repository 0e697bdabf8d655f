/* Sessions of the engine, and the adapter that lets it call functions written in C. */
#include <string.h>

#include "bridge/private.h"

#define WI_ORIGIN "bridge"

static weir_status pairs_to_wb(const wi_br_pair *pairs, size_t n, wb_kv **out,
                               weir_error *err) {
  *out = NULL;
  if (n == 0) {
    return WEIR_OK;
  }
  *out = wi_alloc_array(n, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    (*out)[i].key = wi_wb_str(pairs[i].key);
    (*out)[i].value = wi_wb_str(pairs[i].value);
  }
  return WEIR_OK;
}

weir_status wi_br_session_new(wi_engine *engine, const wi_br_session_options *options,
                              wb_sess **out, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_kv *settings = NULL, *host = NULL;
  *out = NULL;
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(pairs_to_wb(options->settings, options->n_settings, &settings, err));
  WI_CHECK(pairs_to_wb(options->host_settings, options->n_host_settings, &host, err));
  wb_sess_options o = {0};
  o.struct_size = sizeof(o);
  o.settings = settings;
  o.n_settings = options->n_settings;
  o.catalog = wi_wb_str(options->catalog);
  o.schema = wi_wb_str(options->schema);
  o.now_us = options->now_us;
  o.host_settings = host;
  o.n_host_settings = options->n_host_settings;
  /* No table is a folder that the engine lists: of these it has nothing to keep. */
  o.footer_cache_bytes = options->footers;
  o.statistics_cache_bytes = o.list_cache_bytes = 0;
  o.limits = wi_wb_limits();
  int code = t->wb_sess_new(wi_engine_runtime(engine), &o, out, &from);
  status = wi_wb_status(t, code, &from, err);
done:
  wi_free(host);
  wi_free(settings);
  return status;
}

/* ---- functions from C ---- */

typedef struct host_fn {
  wi_br_function fn;
} host_fn;

void wi_wb_report(const weir_error *from, wb_fn_err *to) {
  to->code = from->code;
  (void)wi_text_fit(to->message, sizeof(to->message), from->message,
                    strlen(from->message));
}

static int host_return_field(void *self, size_t n, const struct ArrowSchema *const *args,
                             const struct ArrowArray *const *literals,
                             struct ArrowSchema *out, wb_fn_err *err) {
  const host_fn *host = self;
  weir_error e = WEIR_ERROR_INIT;
  weir_status status = host->fn.return_field(host->fn.self, n, args, literals, out, &e);
  if (status != WEIR_OK) {
    wi_wb_report(&e, err);
  }
  weir_error_release(&e);
  return status;
}

#define HOST_MAX_ARGS 80

static int host_invoke(void *self, size_t n, const wb_arg *args, int64_t rows,
                       struct ArrowArray *out, wb_fn_err *err) {
  const host_fn *host = self;
  weir_error e = WEIR_ERROR_INIT;
  weir_status status = WEIR_OK;
  wi_br_arg plain[HOST_MAX_ARGS];
  if (n > HOST_MAX_ARGS) {
    status = WI_ERR(&e, WEIR_E_SQL_PLAN, "%s takes at most %d arguments, not %zu",
                    host->fn.name, HOST_MAX_ARGS, n);
  } else {
    for (size_t i = 0; i < n; i++) {
      plain[i].array = args[i].array;
      plain[i].schema = args[i].schema;
      plain[i].is_scalar = args[i].is_scalar != 0;
    }
    status = host->fn.invoke(host->fn.self, n, plain, rows, out, &e);
  }
  if (status != WEIR_OK) {
    wi_wb_report(&e, err);
  }
  weir_error_release(&e);
  return status;
}

static void host_release(void *self) {
  host_fn *host = self;
  if (host->fn.release != NULL) {
    host->fn.release(host->fn.self);
  }
  wi_free(host);
}

void wi_wb_params(const wi_br_param *params, size_t n, wb_param *out) {
  for (size_t i = 0; i < n; i++) {
    out[i].name = wi_wb_str(params[i].name);
    out[i].type_text = wi_wb_str(params[i].type_text);
    out[i].doc = wi_wb_str(params[i].doc);
    out[i].type_class = params[i].type_class;
    out[i].optional = params[i].optional;
    out[i].variadic = params[i].variadic;
    out[i].literal = params[i].literal;
  }
}

weir_status wi_br_session_add_function(wi_engine *engine, wb_sess *sess,
                                       const wi_br_function *fn, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_str *aliases = NULL;
  wb_param *params = NULL;
  host_fn *host = NULL;
  wb_scalar_fn o = {0};
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_wb_strs(fn->aliases, fn->n_aliases, &aliases, err));
  params = wi_alloc_array(fn->n_params + 1, sizeof(*params));
  host = wi_alloc(sizeof(*host));
  if (params == NULL || host == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  wi_wb_params(fn->params, fn->n_params, params);
  host->fn = *fn;
  o.struct_size = sizeof(o);
  o.name = wi_wb_str(fn->name);
  o.aliases = aliases;
  o.n_aliases = fn->n_aliases;
  memcpy(o.identity, fn->identity, sizeof(o.identity));
  o.volatility = fn->volatility;
  o.params = params;
  o.n_params = fn->n_params;
  o.return_text = wi_wb_str(fn->return_text);
  o.doc.section = wi_wb_str(fn->section);
  o.doc.description = wi_wb_str(fn->description);
  o.doc.syntax = wi_wb_str(fn->syntax);
  o.doc.example = wi_wb_str(fn->example);
  o.self = host;
  o.return_field = host_return_field;
  o.invoke = host_invoke;
  o.release = host_release;
  o.flags = (fn->short_circuits ? (uint32_t)WB_FN_SHORT_CIRCUITS : 0) |
            (fn->foreign ? (uint32_t)WB_FN_FOREIGN : 0);
  WI_CHECK(wi_wb_status(t, t->wb_sess_add_scalar(sess, &o, &from), &from, err));
  host = NULL; /* the engine releases it with the function */
done:
  wi_free(aliases);
  wi_free(params);
  wi_free(host);
  return status;
}

_Static_assert((int)WI_BR_RULE_OPERATOR == (int)WB_RULE_OPERATOR &&
                   (int)WI_BR_RULE_REPLACE == (int)WB_RULE_REPLACE &&
                   (int)WI_BR_RULE_ALIAS == (int)WB_RULE_ALIAS &&
                   (int)WI_BR_RULE_BOUND == (int)WB_RULE_BOUND &&
                   (int)WI_BR_BYTES_TIMES == (int)WB_BYTES_TIMES &&
                   (int)WI_BR_BYTES_ITEMS == (int)WB_BYTES_ITEMS &&
                   (int)WI_BR_BYTES_LENGTH == (int)WB_BYTES_LENGTH &&
                   (int)WI_BR_BYTES_SERIES == (int)WB_BYTES_SERIES &&
                   (int)WI_BR_BYTES_REPLACE == (int)WB_BYTES_REPLACE &&
                   (int)WI_BR_BYTES_JOIN == (int)WB_BYTES_JOIN &&
                   (int)WI_BR_BYTES_COPIES == (int)WB_BYTES_COPIES &&
                   (int)WI_BR_RULE_SWAPPED == (int)WB_RULE_SWAPPED &&
                   (int)WI_BR_RULE_AS_TEXT == (int)WB_RULE_AS_TEXT &&
                   (int)WI_BR_RULE_STRIP_CAST == (int)WB_RULE_STRIP_CAST,
               "the same numbers");

weir_status wi_br_session_add_rule(wi_engine *engine, wb_sess *sess,
                                   const wi_br_rule *rule, weir_error *err) {
  wb_rule o = {0};
  o.kind = (int32_t)rule->kind;
  o.name = wi_wb_str(rule->name);
  o.function = wi_wb_str(rule->function);
  o.type_class = rule->type_class;
  o.flags = rule->flags;
  o.version = rule->version;
  o.bytes = (int32_t)rule->bytes;
  o.item = rule->item;
  o.times = rule->times;
  o.limit = rule->limit;
  WI_ENGINE_RETURN(engine, err, t->wb_sess_add_rule(sess, &o, &from));
}

static weir_status add_macros(wi_engine *engine, wb_sess *sess, const char *sql,
                              weir_error *err) {
  WI_ENGINE_RETURN(engine, err, t->wb_sess_add_macros(sess, wi_wb_str(sql), &from));
}

weir_status wi_br_session_add_macros(wi_engine *engine, wb_sess *sess, const char *sql,
                                     weir_error *err) {
  weir_status status = add_macros(engine, sess, sql, err);
  if (status != WEIR_OK) {
    wi_wb_syntax(err, sql);
  }
  return status;
}

weir_status wi_br_session_add_table_function(wi_engine *engine, wb_sess *sess,
                                             const char *name,
                                             const uint8_t identity[WI_DIGEST_SIZE],
                                             int32_t volatility, weir_error *err) {
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_sess_add_table_fn(sess, wi_wb_str(name), identity, volatility, &from));
}

weir_status wi_br_session_seal(wi_engine *engine, wb_sess *sess, weir_error *err) {
  WI_ENGINE_RETURN(engine, err, t->wb_sess_seal(sess, &from));
}

weir_status wi_br_session_table_read(wi_engine *engine, wb_sess *sess,
                                     wi_br_session_table which, wi_cursor **out,
                                     weir_error *err) {
  WI_ENGINE_RETURN_ROWS(engine, out, err,
                        t->wb_sess_table_read(sess, (int32_t)which, &stream, &from));
}

void wi_br_session_free(wi_engine *engine, wb_sess **sess) {
  WI_ENGINE_FREE(engine, sess, wb_sess_free);
}
