/* Typed parameters: declared in weir.yml, given on the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

static const wi_key param_keys[] = {
    {"type", false}, {"default", false}, {"description", false}};

/* Words of other systems, so that the hint names ours. */
static const char *const synonyms[][2] = {
    {"int", "int64"},      {"integer", "int64"},     {"long", "int64"},
    {"bigint", "int64"},   {"int32", "int64"},       {"float", "float64"},
    {"double", "float64"}, {"real", "float64"},      {"decimal", "float64"},
    {"text", "string"},    {"varchar", "string"},    {"str", "string"},
    {"bool", "boolean"},   {"datetime", "timestamp"}};

static bool read_type(wi_reader *r, const wi_yaml *node, wi_type *out) {
  static const char *const names[] = {"int64",   "float64", "string",
                                      "boolean", "date",    "timestamp"};
  const char *text = wi_reader_text(r, node, "type");
  char near[256], hint[320];
  if (text == NULL) {
    return false;
  }
  if (wi_type_parse(text, out)) {
    return true;
  }
  wi_nearest(text, names, 6, near, sizeof near);
  for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++) {
    if (strcmp(text, synonyms[i][0]) == 0) {
      snprintf(near, sizeof near, "%s", synonyms[i][1]);
    }
  }
  snprintf(hint, sizeof hint, "%s%s",
           near[0] == '\0'
               ? "the types are int64, float64, string, boolean, date, timestamp"
               : "write ",
           near);
  wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, hint,
                     "'%.100s' is no type of a parameter", text);
  return false;
}

/* run_date and run_time: the run's clock; of a string parameter they are its text. */
static bool read_clock(wi_reader *r, const wi_yaml *node, wi_spec_param *param) {
  bool date = strcmp(node->text, "run_date") == 0;
  if ((!date && strcmp(node->text, "run_time") != 0) || param->type == WI_TYPE_STRING) {
    return false;
  }
  if (param->type != (date ? WI_TYPE_DATE : WI_TYPE_TIMESTAMP)) {
    wi_reader_error_at(r, WEIR_E_PARAM_TYPE, node,
                       "run_date is a date, run_time a timestamp",
                       "the default %s does not fit the type %s of parameter '%s'",
                       node->text, wi_type_name(param->type), param->name);
    return true;
  }
  param->default_kind = date ? WI_DEFAULT_RUN_DATE : WI_DEFAULT_RUN_TIME;
  return true;
}

static void read_default(wi_reader *r, const wi_yaml *node, wi_spec_param *param) {
  weir_error err = WEIR_ERROR_INIT;
  if (node == NULL || node->kind == WI_YAML_BAD) {
    return;
  }
  if (node->kind != WI_YAML_SCALAR) {
    wi_reader_error_at(r, WEIR_E_PARAM_TYPE, node, NULL,
                       "the default of parameter '%s' has to be a single value, not %s",
                       param->name, wi_yaml_kind_name(node));
    return;
  }
  if (wi_yaml_is_null(node)) {
    param->default_value = (wi_value){.type = param->type, .is_null = true};
  } else if (read_clock(r, node, param)) {
    return;
  } else if (wi_value_parse(&r->spec->arena, param->type, node->text,
                            &param->default_value, &err) != WEIR_OK) {
    wi_err_context(&err, "the default of parameter '%s'", param->name);
    wi_reader_take(r, node, &err);
    return;
  }
  param->default_kind = WI_DEFAULT_VALUE;
  param->value = param->default_value;
  param->has_value = true;
}

static bool read_one(wi_reader *r, const wi_yaml *key, const wi_yaml *node,
                     wi_spec_param *param) {
  *param = (wi_spec_param){.name = key->text, .place = wi_reader_place(r, key)};
  if (node->kind == WI_YAML_SCALAR) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, "write {type: int64, default: 1}",
                       "parameter '%.100s' has to be a map with its type, not %s",
                       key->text, wi_yaml_kind_name(node));
    return false;
  }
  if (!wi_reader_map(r, node, "a parameter", param_keys, 3)) {
    return false;
  }
  const wi_yaml *description = wi_yaml_get(node, "description");
  if (description != NULL) {
    param->description = wi_reader_text(r, description, "description");
  }
  const wi_yaml *type = wi_yaml_get(node, "type");
  if (type == NULL) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, key, "write {type: int64, default: 1}",
                       "parameter '%.100s' has no type", key->text);
    return false;
  }
  if (!read_type(r, type, &param->type)) {
    return false;
  }
  read_default(r, wi_yaml_get(node, "default"), param);
  return true;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const wi_spec_param *)a)->name, ((const wi_spec_param *)b)->name);
}

/* A parameter whose declaration is wrong stays out of the list only without a usable
 * type. */
void wi_param_read_all(wi_reader *r, const wi_yaml *node) {
  if (node == NULL || wi_yaml_is_null(node) ||
      !wi_reader_any_map(r, node, "parameters")) {
    return;
  }
  wi_spec *spec = r->spec;
  spec->params = wi_reader_array(r, node->n, sizeof *spec->params);
  for (size_t i = 0; i < node->n && !r->nomem; i++) {
    wi_spec_param param;
    bool named = wi_reader_name(r, node->keys[i], "parameter");
    bool typed = read_one(r, node->keys[i], node->items[i], &param);
    if (!typed) {
      param.type =
          WI_TYPE_STRING; /* known by name, so that no use of it is one more error */
    }
    if (named) {
      spec->params[spec->n_params++] = param;
    }
  }
  if (spec->n_params > 1) {
    qsort(spec->params, spec->n_params, sizeof *spec->params, by_name);
  }
}

/* ---- the command line ---- */

static void take(wi_reader *r, weir_error *err) {
  wi_diags_take(r->diags, err, false);
}

static wi_spec_param *find_given(wi_reader *r, wi_str name, const char *text) {
  wi_spec *spec = r->spec;
  weir_error err = WEIR_ERROR_INIT;
  wi_buf copy = WI_BUF_INIT;
  wi_spec_param *found = NULL;
  const char **names = wi_alloc_array(spec->n_params + 1, sizeof *names);
  char near[256];
  wi_buf_add(&copy, name.p, name.n);
  for (size_t i = 0; i < spec->n_params && names != NULL; i++) {
    names[i] = spec->params[i].name;
    found = strcmp(names[i], wi_buf_text(&copy)) == 0 ? &spec->params[i] : found;
  }
  if (names == NULL || copy.failed) {
    r->nomem = true;
  } else if (found == NULL) {
    wi_nearest(wi_buf_text(&copy), names, spec->n_params, near, sizeof near);
    WI_ERR(&err, WEIR_E_PARAM_UNKNOWN,
           "--param %.100s: weir.yml declares no parameter '%.100s'", text,
           wi_buf_text(&copy));
    if (near[0] != '\0') {
      wi_err_hint(&err, "did you mean %s?", near);
    } else {
      wi_err_hint(&err, "declare it under parameters: in %s", r->yml);
    }
    take(r, &err);
  }
  wi_free(names);
  wi_buf_release(&copy);
  return found;
}

/* What is left of "=" or of a final ":null" is the name. */
static bool split(const char *text, wi_str *name, const char **value) {
  const char *equals = strchr(text, '=');
  *value = NULL;
  if (equals != NULL) {
    *name = (wi_str){text, (size_t)(equals - text)};
    *value = equals + 1;
    return true;
  }
  if (wi_ends_with(text, ":null")) {
    *name = (wi_str){text, strlen(text) - 5};
    return true;
  }
  return false;
}

static void apply_one(wi_reader *r, const char *text) {
  weir_error err = WEIR_ERROR_INIT;
  const char *value;
  wi_str name;
  if (!wi_utf8_valid(text, strlen(text)) || !split(text, &name, &value)) {
    bool shown = wi_utf8_valid(text, strlen(text));
    WI_ERR_HINT(
        &err, WEIR_E_USAGE, "write --param name=value, or --param name:null for null",
        "--param %.100s is not of the form name=value", shown ? text : "(not UTF-8)");
    take(r, &err);
    return;
  }
  wi_spec_param *param = find_given(r, name, text);
  if (param == NULL) {
    return;
  }
  if (param->given) {
    WI_ERR_HINT(&err, WEIR_E_DUPLICATE_NAME, "keep one of them",
                "--param gives '%s' twice", param->name);
    take(r, &err);
    return;
  }
  param->given = true;
  if (value == NULL) {
    param->value = (wi_value){.type = param->type, .is_null = true};
  } else if (wi_value_parse(&r->spec->arena, param->type, value, &param->value, &err) !=
             WEIR_OK) {
    r->nomem = r->nomem || err.code == WEIR_E_NO_MEMORY;
    wi_err_context(&err, "--param %s", param->name);
    take(r, &err);
    return;
  }
  param->has_value = true;
}

void wi_param_apply(wi_reader *r, const char *const *given, size_t n) {
  for (size_t i = 0; i < n && !r->nomem; i++) {
    apply_one(r, given[i]);
  }
}
