/* Parameters: their values, and who may use them. */
#include <string.h>

#include "project/private.h"

#define WI_ORIGIN "run"

weir_status wi_param_bind(const wi_spec_param *param, int64_t now_us, wi_br_value *out,
                          weir_error *err) {
  memset(out, 0, sizeof(*out));
  out->name = param->name;
  out->type = (int32_t)param->type;
  if (param->has_value) {
    out->is_null = param->value.is_null;
    out->i64 = param->type == WI_TYPE_BOOLEAN ? param->value.boolean : param->value.i64;
    out->f64 = param->value.f64;
    out->text = param->value.text;
    return WEIR_OK;
  }
  if (param->default_kind == WI_DEFAULT_RUN_TIME) {
    out->i64 = now_us;
    return WEIR_OK;
  }
  if (param->default_kind == WI_DEFAULT_RUN_DATE) {
    out->i64 = now_us / 86400000000 - (now_us % 86400000000 < 0 ? 1 : 0);
    return WEIR_OK;
  }
  wi_err_hint(err, "--param %s=... or a `default:` in weir.yml", param->name);
  return WI_ERR(err, WEIR_E_PARAM_MISSING, "the parameter '%s' has no value",
                param->name);
}

static bool header_allows(const wi_spec_view *view, const char *name) {
  for (size_t i = 0; i < view->parameters.n; i++) {
    if (strcmp(view->parameters.items[i], name) == 0) {
      return true;
    }
  }
  return view->parameters.n == 0;
}

static void unknown_param(wi_project *project, const wi_spec_view *view,
                          const wi_ref *ref) {
  const wi_spec *spec = project->spec;
  char near[256] = "", hint[320];
  bool number = ref->name[0] >= '0' && ref->name[0] <= '9';
  const char **names = wi_alloc_array(spec->n_params + 1, sizeof(*names));
  for (size_t i = 0; names != NULL && i < spec->n_params; i++) {
    names[i] = spec->params[i].name;
  }
  if (names != NULL) {
    wi_nearest(ref->name, names, spec->n_params, near, sizeof(near));
  }
  snprintf(hint, sizeof(hint),
           number ? "parameters have names: write $name, and declare name under "
                    "`parameters:` in weir.yml"
           : near[0] != '\0' ? "did you mean $%s?"
                             : "declare it under `parameters:` in weir.yml%s",
           near);
  wi_diags_add(project->diags, false, WEIR_E_PARAM_UNKNOWN, WI_ORIGIN, view->file,
               ref->line, ref->column, hint, "the parameter '$%s' is not declared",
               ref->name);
  wi_free(names);
}

weir_status wi_params_bind(wi_project *project, wi_view_refs *view, bool *used,
                           weir_error *err) {
  view->values = wi_alloc_array(view->sql.n_params + 1, sizeof(*view->values));
  if (view->values == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < view->sql.n_params; i++) {
    const wi_ref *ref = &view->sql.params[i];
    const wi_spec_param *param = wi_spec_param_find(project->spec, ref->name);
    weir_error one = WEIR_ERROR_INIT;
    bool known = param != NULL && header_allows(view->spec, ref->name);
    if (project->params_unknown &&
        (!known || (!param->has_value && param->default_kind == WI_DEFAULT_NONE))) {
      view->blocked = true; /* most likely it only follows from what was said already */
      continue;
    }
    if (!known) {
      unknown_param(project, view->spec, ref);
      continue;
    }
    used[param - project->spec->params] = true;
    if (wi_param_bind(param, project->now_us, &view->values[view->n_values], &one) ==
        WEIR_OK) {
      view->n_values++;
    } else {
      wi_err_where(&one, view->spec->file, ref->line, ref->column);
      wi_diags_take(project->diags, &one, false);
    }
    weir_error_release(&one);
  }
  return WEIR_OK;
}

void wi_params_warn_unused(wi_project *project, const bool *used) {
  for (size_t i = 0; project->diags->errors == 0 && i < project->spec->n_params; i++) {
    const wi_spec_param *p = &project->spec->params[i];
    if (!used[i]) {
      wi_diags_add(project->diags, true, WEIR_E_PARAM_UNKNOWN, WI_ORIGIN, p->place.file,
                   p->place.line, p->place.column, "",
                   "the parameter '%s' is used by no view of the project", p->name);
    }
  }
}

/* ---- of one view ---- */

static void add_value(wi_digest *d, const wi_br_value *v) {
  uint64_t bits = 0;
  memcpy(&bits, &v->f64, sizeof(bits));
  wi_digest_text(d, v->name);
  wi_digest_u64(d, (uint64_t)v->type);
  wi_digest_u64(d, v->is_null);
  wi_digest_u64(d, (uint64_t)v->i64);
  wi_digest_u64(d, bits);
  wi_digest_text(d, v->text);
}

void wi_params_digest(const wi_view_refs *view, wi_digest *into) {
  wi_digest_u64(into, view->n_values);
  for (size_t i = 0; i < view->n_values; i++) {
    add_value(into, &view->values[i]);
  }
}

static void value_json(wi_json *j, const wi_br_value *v) {
  char text[32];
  if (v->is_null) {
    wi_json_null(j);
    return;
  }
  switch ((wi_type)v->type) {
    case WI_TYPE_FLOAT64:
      wi_json_double(j, v->f64);
      return;
    case WI_TYPE_STRING:
      wi_json_text(j, v->text);
      return;
    case WI_TYPE_BOOLEAN:
      wi_json_bool(j, v->i64 != 0);
      return;
    case WI_TYPE_DATE:
      wi_date_text(v->i64, text);
      wi_json_text(j, text);
      return;
    case WI_TYPE_TIMESTAMP:
      wi_time_text(v->i64, text);
      wi_json_text(j, text);
      return;
    case WI_TYPE_INT64:
    default:
      wi_json_int(j, v->i64);
      return;
  }
}

weir_status wi_params_json(const wi_view_refs *view, wi_buf *out, weir_error *err) {
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_object(&j);
  for (size_t i = 0; i < view->n_values; i++) {
    wi_json_key(&j, view->values[i].name);
    value_json(&j, &view->values[i]);
  }
  wi_json_object_end(&j);
  return wi_buf_check(out, err, WI_ORIGIN);
}
