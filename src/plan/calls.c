/* Table functions in a statement: which of them there are, and what a call's arguments say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

#define WI_ORIGIN "plan"

/* ---- names ---- */

/* Of the engine, without a row in src/udf. */
static const char *const engine_functions[] = {"generate_series", "unnest"};

static const char *const to_come[][2] = {
    {"read_delta_cdf", "it comes with change feeds"},
    {"list_files_cache", "it comes with the caches"},
    {"metadata_cache", "it comes with the caches"},
    {"predicate_cache", "it comes with the caches"},
    {"statistics_cache", "it comes with the caches"},
};

static bool stands_in_from(const wi_fn *fn) {
  return fn->kind == WI_FN_TABLE || fn->kind == WI_FN_RELATION;
}

static const wi_fn *find(const char *name) {
  const wi_fn *fn = wi_udf_find(name);
  return fn != NULL && stands_in_from(fn) ? fn : NULL;
}

static bool engine_knows(const char *name) {
  for (size_t i = 0; i < sizeof(engine_functions) / sizeof(engine_functions[0]); i++) {
    if (strcmp(name, engine_functions[i]) == 0) {
      return true;
    }
  }
  return false;
}

static void hint_names(const char *name, weir_error *err) {
  size_t n = 0, k = 0;
  char near[256] = "";
  wi_buf hint = WI_BUF_INIT;
  const wi_fn *const *all = wi_udf_list(&n);
  const char **names = wi_alloc_array(n + 2, sizeof(*names));
  for (size_t i = 0; names != NULL && i < n; i++) {
    if (stands_in_from(all[i])) {
      names[k++] = all[i]->name;
    }
  }
  if (names != NULL) {
    names[k++] = "generate_series";
    wi_nearest(name, names, k, near, sizeof(near));
    wi_buf_str(&hint, "the table functions are ");
    for (size_t i = 0; i < k; i++) {
      wi_buf_fmt(&hint, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    if (near[0] != '\0') {
      wi_err_hint(err, "did you mean %s?", near);
    } else if (strcmp(name, "read_parquet") == 0 || strcmp(name, "read_csv") == 0) {
      wi_err_hint(err, "weir reads Delta tables, and no single files: read_delta(uri)");
    } else {
      wi_err_hint(err, "%s", wi_buf_text(&hint));
    }
  }
  wi_free(names);
  wi_buf_release(&hint);
}

weir_status wi_table_function_check(const char *name, weir_error *err) {
  if (find(name) != NULL || engine_knows(name)) {
    return WEIR_OK;
  }
  for (size_t i = 0; i < sizeof(to_come) / sizeof(to_come[0]); i++) {
    if (strcmp(name, to_come[i][0]) == 0) {
      return WI_ERR_HINT(err, WEIR_E_NOT_YET, to_come[i][1],
                         "this version has no table function '%s' yet", name);
    }
  }
  hint_names(name, err);
  return WI_ERR(err, WEIR_E_UNKNOWN_FUNCTION, "there is no table function '%s'", name);
}

/* ---- arguments ---- */

static weir_status misused(const wi_fn *fn, const char *what, weir_error *err) {
  return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, WI_HINT("write it as %s", fn->syntax),
                     "%s: %s", fn->name, what);
}

static const wi_br_value *value_of(const wi_br_value *values, size_t n,
                                   const char *name) {
  for (size_t i = 0; i < n; i++) {
    if (strcmp(values[i].name, name) == 0) {
      return &values[i];
    }
  }
  return NULL;
}

/* A decimal that fits; the parser saw to the digits. */
static bool read_int(const char *text, int64_t *out) {
  char *end = NULL;
  errno = 0;
  long long n = strtoll(text, &end, 10);
  *out = n;
  return errno == 0 && end != text && *end == '\0';
}

/* What stands at one place: a literal, or a parameter's value. */
static weir_status argument(const wi_fn *fn, const json_t *said, wi_arena *arena,
                            const wi_br_value *values, size_t n_values, wi_br_value *out,
                            weir_error *err) {
  const char *kind = json_string_value(json_object_get(said, "kind"));
  const char *text = json_string_value(json_object_get(said, "text"));
  if (kind == NULL || text == NULL) {
    return WI_ERR(err, WEIR_E_BUG, "an argument of %s without a kind", fn->name);
  }
  memset(out, 0, sizeof(*out));
  if (json_object_get(said, "name") != NULL) {
    return misused(fn, "its arguments have no names, only places", err);
  }
  if (strcmp(kind, "param") == 0) {
    const wi_br_value *value = value_of(values, n_values, text);
    if (value == NULL) {
      return WI_ERR(err, WEIR_E_PARAM_UNKNOWN, "the parameter '$%s' has no value", text);
    }
    *out = *value;
    out->name = NULL;
    return WEIR_OK;
  }
  if (strcmp(kind, "text") == 0) {
    out->type = WI_TYPE_STRING;
    out->text = wi_arena_dup(arena, text);
    return out->text != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
  }
  if (strcmp(kind, "int") == 0) {
    out->type = WI_TYPE_INT64;
    return read_int(text, &out->i64) ? WEIR_OK
                                     : misused(fn, "a number is out of range", err);
  }
  if (strcmp(kind, "null") == 0) {
    out->is_null = true;
    return WEIR_OK;
  }
  return misused(fn, "its arguments are literals or parameters, nothing computed", err);
}

static weir_status check_argument(const wi_fn *fn, size_t i, const wi_br_value *value,
                                  weir_error *err) {
  const wi_fn_param *param = &fn->params[i];
  bool text = param->type_class == WI_T_TEXT;
  if (value->is_null) {
    return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, WI_HINT("write it as %s", fn->syntax),
                       "%s: %s is null", fn->name, param->name);
  }
  if (value->type != (text ? WI_TYPE_STRING : WI_TYPE_INT64)) {
    return WI_ERR_HINT(err, WEIR_E_SQL_PLAN, WI_HINT("write it as %s", fn->syntax),
                       "%s: %s is not %s", fn->name, param->name,
                       text ? "a text" : "an integer");
  }
  return WEIR_OK;
}

static weir_status check_arity(const wi_fn *fn, size_t n, weir_error *err) {
  size_t least = 0;
  while (least < fn->n_params && !fn->params[least].optional) {
    least++;
  }
  if (n >= least && n <= fn->n_params && n <= WI_CALL_ARGS) {
    return WEIR_OK;
  }
  wi_err_hint(err, "write it as %s", fn->syntax);
  if (least == fn->n_params) {
    return WI_ERR(err, WEIR_E_SQL_PLAN, "%s takes %zu argument%s, not %zu", fn->name,
                  least, least == 1 ? "" : "s", n);
  }
  return WI_ERR(err, WEIR_E_SQL_PLAN, "%s takes %zu to %zu arguments, not %zu", fn->name,
                least, fn->n_params, n);
}

static weir_status read_call(const wi_ref *ref, const json_t *args, wi_arena *arena,
                             const wi_br_value *values, size_t n_values, wi_call *out,
                             weir_error *err) {
  size_t n = json_array_size(args);
  out->line = ref->line;
  out->column = ref->column;
  out->version = -1;
  WI_TRY(check_arity(out->fn, n, err));
  for (size_t i = 0; i < n; i++) {
    WI_TRY(argument(out->fn, json_array_get(args, i), arena, values, n_values,
                    &out->args[i], err));
    WI_TRY(check_argument(out->fn, i, &out->args[i], err));
  }
  out->n_args = n;
  if (n < 2) {
    return WEIR_OK;
  }
  out->version = out->args[1].i64;
  return out->version >= 0 ? WEIR_OK : misused(out->fn, "a version is zero or more", err);
}

weir_status wi_calls_read(const wi_refs *refs, const wi_br_value *values, size_t n_values,
                          wi_calls *out, weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *args = NULL;
  memset(out, 0, sizeof(*out));
  out->items = wi_alloc_array(refs->n_table_functions + 1, sizeof(*out->items));
  if (out->items == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < refs->n_table_functions; i++) {
    const wi_ref *ref = &refs->table_functions[i];
    wi_call *call = &out->items[out->n];
    call->fn = find(ref->name);
    call->kind = call->fn != NULL ? wi_call_kind_of(call->fn) : WI_CALL_NONE;
    if (call->kind == WI_CALL_NONE) {
      continue;
    }
    wi_str text = wi_str_of(ref->args);
    status = wi_json_read(text.p, text.n, &args, NULL);
    status = status == WEIR_E_NO_MEMORY ? wi_err_nomem(err, WI_ORIGIN)
             : args == NULL
                 ? WI_ERR(err, WEIR_E_BUG, "the arguments of %s do not parse", ref->name)
                 : read_call(ref, args, &out->arena, values, n_values, call, err);
    if (status != WEIR_OK) {
      wi_err_where(err, NULL, ref->line, ref->column);
      goto done;
    }
    json_decref(args);
    args = NULL;
    out->n++;
  }
done:
  json_decref(args);
  if (status != WEIR_OK) {
    wi_calls_release(out);
  }
  return status;
}

void wi_calls_release(wi_calls *calls) {
  wi_free(calls->items);
  wi_arena_release(&calls->arena);
  memset(calls, 0, sizeof(*calls));
}
