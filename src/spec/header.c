/* The keys of a view's header. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const wi_key header_keys[] = {{"materialized", false},
                                     {"key", false},
                                     {"partition_by", false},
                                     {"sort_by", false},
                                     {"tags", false},
                                     {"parameters", false},
                                     {"constraints", false},
                                     {"columns", false},
                                     {"properties", false},
                                     {"write_metadata", false},
                                     {"target_file_size", false},
                                     {"max_commit_retries", false},
                                     {"description", false},
                                     {"determinism", false},
                                     {"on_schema_change", false},
                                     {"append_only", false},
                                     {"change_feed", true},
                                     {"require", true},
                                     {"was", true},
                                     {"enforce", true}};

/* ---- words ---- */

static void read_materialized(wi_reader *r, const wi_yaml *node, wi_spec_view *view) {
  static const char *const words[] = {"table", "view"};
  size_t at;
  if (node->kind == WI_YAML_SCALAR && strcmp(node->text, "incremental") == 0) {
    wi_reader_error_at(
        r, WEIR_E_NOT_YET, node, "write materialized: table",
        "this version of weir does not have materialized: incremental yet");
  } else if (wi_reader_word(r, node, "materialized", words, 2, &at)) {
    view->materialized = at == 0 ? WI_MAT_TABLE : WI_MAT_VIEW;
  }
}

static void read_words(wi_reader *r, const wi_yaml *node, wi_spec_view *view) {
  static const char *const determinism[] = {"strict", "relaxed"};
  static const char *const change[] = {"replace", "fail"};
  const wi_yaml *one = wi_yaml_get(node, "materialized");
  size_t at;
  if (one != NULL) {
    read_materialized(r, one, view);
  }
  one = wi_yaml_get(node, "determinism");
  if (one != NULL && wi_reader_word(r, one, "determinism", determinism, 2, &at)) {
    view->determinism = at == 0 ? WI_DET_STRICT : WI_DET_RELAXED;
  }
  one = wi_yaml_get(node, "on_schema_change");
  if (one != NULL && wi_reader_word(r, one, "on_schema_change", change, 2, &at)) {
    view->on_schema_change = at == 0 ? WI_SCHEMA_REPLACE : WI_SCHEMA_FAIL;
  }
  one = wi_yaml_get(node, "description");
  if (one != NULL) {
    view->description = wi_reader_text(r, one, "description");
  }
}

/* ---- lists of names ---- */

static void read_list(wi_reader *r, const wi_yaml *node, const char *key, wi_names *out) {
  const wi_yaml *list = wi_yaml_get(node, key);
  if (list != NULL) {
    wi_reader_names(r, list, key, out);
  }
}

static const wi_yaml *item_of(const wi_yaml *list, const char *text) {
  for (size_t i = 0; i < list->n; i++) {
    if (strcmp(list->items[i]->text, text) == 0) {
      return list->items[i];
    }
  }
  return list;
}

/* What a selector could not name is no tag. */
static void check_tags(wi_reader *r, const wi_yaml *node, wi_names *tags) {
  for (size_t i = 0; i < tags->n; i++) {
    if (strpbrk(tags->items[i], " ,\t\r\n+@*?:") != NULL) {
      wi_reader_error_at(
          r, WEIR_E_BAD_VALUE, item_of(node, tags->items[i]),
          "use letters, digits, _, - and .",
          "the tag '%.100s' holds a blank or one of , + @ * ? :", tags->items[i]);
    }
  }
  wi_names_sort(tags);
}

static void check_parameters(wi_reader *r, const wi_yaml *node, wi_names *names) {
  const wi_spec *spec = r->spec;
  for (size_t i = 0; r->params_read && i < names->n && !r->nomem; i++) {
    if (wi_spec_param_find(spec, names->items[i]) != NULL) {
      continue;
    }
    char near[256] = "", hint[320];
    const char **known = wi_alloc_array(spec->n_params + 1, sizeof *known);
    r->nomem = known == NULL;
    for (size_t k = 0; k < spec->n_params && known != NULL; k++) {
      known[k] = spec->params[k].name;
    }
    if (known != NULL) {
      wi_nearest(names->items[i], known, spec->n_params, near, sizeof near);
    }
    snprintf(hint, sizeof hint, "%s%s%s",
             near[0] == '\0' ? "declare it under parameters: in " : "did you mean ",
             near[0] == '\0' ? r->yml : near, near[0] == '\0' ? "" : "?");
    wi_reader_error_at(r, WEIR_E_PARAM_UNKNOWN, item_of(node, names->items[i]), hint,
                       "no parameter '%.100s' is declared in %s", names->items[i],
                       r->yml);
    wi_free(known);
  }
  wi_names_sort(names);
}

static void read_lists(wi_reader *r, const wi_yaml *node, wi_spec_view *view) {
  read_list(r, node, "key", &view->key);
  read_list(r, node, "partition_by", &view->partition_by);
  read_list(r, node, "sort_by", &view->sort_by);
  read_list(r, node, "tags", &view->tags);
  read_list(r, node, "parameters", &view->parameters);
  if (view->tags.n > 0) {
    check_tags(r, wi_yaml_get(node, "tags"), &view->tags);
  }
  if (view->parameters.n > 0) {
    check_parameters(r, wi_yaml_get(node, "parameters"), &view->parameters);
  }
}

/* ---- constraints ---- */

static bool read_unique(wi_reader *r, const wi_yaml *list, wi_spec_constraint *out) {
  size_t before = r->diags->errors;
  wi_reader_names(r, list, "unique", &out->unique);
  if (out->unique.n == 0 && r->diags->errors == before && list->kind == WI_YAML_LIST) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, list, "write {unique: [col]}",
                       "a unique constraint needs at least one column");
  }
  return out->unique.n > 0;
}

/* name: "predicate", name: {unique: [cols]}, or unique: [cols] as a name of its own. */
static bool read_constraint(wi_reader *r, const wi_yaml *key, const wi_yaml *node,
                            wi_spec_constraint *out) {
  static const wi_key keys[] = {{"unique", false}};
  *out = (wi_spec_constraint){.name = key->text, .place = wi_reader_place(r, key)};
  if (!wi_reader_name(r, key, "constraint")) {
    return false;
  }
  if (node->kind == WI_YAML_LIST && strcmp(key->text, "unique") == 0) {
    return read_unique(r, node, out);
  }
  if (node->kind == WI_YAML_MAP) {
    const wi_yaml *list = wi_yaml_get(node, "unique");
    wi_reader_map(r, node, "a constraint", keys, 1);
    if (list == NULL && node->n == 0) {
      wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, "write {unique: [col]}",
                         "constraint '%s' is empty", key->text);
    }
    return list != NULL && read_unique(r, list, out);
  }
  out->predicate = wi_reader_text(r, node, "a constraint");
  if (out->predicate == NULL) {
    return false;
  }
  size_t before = r->diags->errors;
  bool some = wi_sql_check(r, out->predicate, node->line, node->column) != 0;
  if (!some && r->diags->errors == before) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, "write a predicate, as \"a > 0\"",
                       "constraint '%s' is empty", key->text);
  }
  return some;
}

static int by_constraint(const void *a, const void *b) {
  return strcmp(((const wi_spec_constraint *)a)->name,
                ((const wi_spec_constraint *)b)->name);
}

static void read_constraints(wi_reader *r, const wi_yaml *node, wi_spec_view *view) {
  if (node == NULL || wi_yaml_is_null(node) ||
      !wi_reader_any_map(r, node, "constraints")) {
    return;
  }
  view->constraints = wi_reader_array(r, node->n, sizeof *view->constraints);
  for (size_t i = 0; i < node->n && !r->nomem; i++) {
    wi_spec_constraint one;
    if (read_constraint(r, node->keys[i], node->items[i], &one)) {
      view->constraints[view->n_constraints++] = one;
    }
  }
  if (view->n_constraints > 1) {
    qsort(view->constraints, view->n_constraints, sizeof *view->constraints,
          by_constraint);
  }
}

/* ---- columns ---- */

static const char *const column_types[] = {
    "boolean", "int8",   "int16",  "int32", "int64",     "float32",
    "float64", "string", "binary", "date",  "timestamp", "timestamp_ntz"};

static const char *const type_synonyms[][2] = {
    {"bool", "boolean"},         {"byte", "int8"},          {"tinyint", "int8"},
    {"short", "int16"},          {"smallint", "int16"},     {"int", "int32"},
    {"integer", "int32"},        {"long", "int64"},         {"bigint", "int64"},
    {"float", "float32"},        {"real", "float32"},       {"double", "float64"},
    {"text", "string"},          {"varchar", "string"},     {"utf8", "string"},
    {"bytes", "binary"},         {"datetime", "timestamp"}, {"decimal", "decimal(18,2)"},
    {"numeric", "decimal(18,2)"}};

/* Lower case and no blanks; what stands in <...> is of the plan's type map, and names in
 * it keep their case. */
static char *normal_type(wi_reader *r, const char *text) {
  char *copy = wi_reader_dup(r, text);
  if (copy == NULL) {
    return NULL;
  }
  bool nested = strchr(text, '<') != NULL;
  size_t n = 0;
  for (const char *p = text; *p != '\0'; p++) {
    if (*p != ' ' && *p != '\t') {
      copy[n++] = nested ? *p : wi_ascii_lower(*p);
    }
  }
  copy[n] = '\0';
  return copy;
}

static bool decimal_ok(const char *text) {
  unsigned precision = 0, scale = 0;
  int end = 0;
  if (sscanf(text, "decimal(%2u,%2u)%n", &precision, &scale, &end) != 2 || end == 0) {
    return false;
  }
  return text[end] == '\0' && precision >= 1 && precision <= 38 && scale <= precision;
}

static bool type_known(const char *type) {
  for (size_t i = 0; i < COUNT(column_types); i++) {
    if (strcmp(type, column_types[i]) == 0) {
      return true;
    }
  }
  size_t n = strlen(type);
  bool nested = strchr(type, '<') != NULL && type[n - 1] == '>' &&
                (wi_starts_with(type, "array<") || wi_starts_with(type, "map<") ||
                 wi_starts_with(type, "struct<"));
  return nested || decimal_ok(type);
}

static const char *read_column_type(wi_reader *r, const wi_yaml *node) {
  char near[256], hint[512];
  const char *text = wi_reader_text(r, node, "a column's type");
  const char *type = text == NULL ? NULL : normal_type(r, text);
  if (type == NULL || type_known(type)) {
    return type;
  }
  wi_nearest(type, column_types, COUNT(column_types), near, sizeof near);
  for (size_t i = 0; i < COUNT(type_synonyms); i++) {
    if (strcmp(type, type_synonyms[i][0]) == 0) {
      snprintf(near, sizeof near, "%s", type_synonyms[i][1]);
    }
  }
  snprintf(hint, sizeof hint, "%s%s",
           near[0] != '\0'
               ? "write "
               : "types are boolean, int8 to int64, float32, float64, string, "
                 "binary, date, timestamp, timestamp_ntz, decimal(p,s), "
                 "array<...>, map<...>, struct<...>",
           near);
  wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, hint, "'%.100s' is no type of a column",
                     text);
  return NULL;
}

static void read_column(wi_reader *r, const wi_yaml *key, const wi_yaml *node,
                        wi_spec_column *out) {
  static const wi_key keys[] = {
      {"type", false}, {"description", false}, {"not_null", false}};
  *out =
      (wi_spec_column){.name = key->text, .type = "", .place = wi_reader_place(r, key)};
  const wi_yaml *type = node;
  if (node->kind == WI_YAML_MAP) {
    const wi_yaml *description = wi_yaml_get(node, "description");
    const wi_yaml *not_null = wi_yaml_get(node, "not_null");
    wi_reader_map(r, node, "a column", keys, 3);
    if (description != NULL) {
      out->description = wi_reader_text(r, description, "description");
    }
    if (not_null != NULL) {
      wi_reader_bool(r, not_null, "not_null", &out->not_null);
    }
    type = wi_yaml_get(node, "type");
  }
  if (type == NULL) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, key, "write {type: int64}",
                       "column '%.100s' has no type", key->text);
    return;
  }
  const char *text = read_column_type(r, type);
  out->type = text == NULL ? "" : text;
}

/* One entry of the list form: {name: type}. */
static bool list_column(wi_reader *r, const wi_yaml *item) {
  if (item->kind == WI_YAML_BAD) {
    return false;
  }
  if (item->kind != WI_YAML_MAP || item->n != 1) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, item, "write - name: type",
                       "each entry of columns has to be one name with its type");
    return false;
  }
  return true;
}

static void add_column(wi_reader *r, wi_map *seen, const wi_yaml *key,
                       const wi_yaml *node, wi_spec_view *view) {
  if (key->text[0] == '\0') {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, key, NULL,
                       "a column may not have an empty name");
    return;
  }
  if (wi_map_has(seen, key->text)) {
    wi_reader_error_at(r, WEIR_E_DUPLICATE_NAME, key, "take one of them out",
                       "columns names '%.100s' twice", key->text);
    return;
  }
  r->nomem = r->nomem || !wi_map_put(seen, key->text, r);
  read_column(r, key, node, &view->columns[view->n_columns]);
  view->n_columns++;
}

static void read_columns(wi_reader *r, const wi_yaml *node, wi_spec_view *view) {
  wi_map seen = WI_MAP_INIT;
  if (node == NULL || node->kind == WI_YAML_BAD) {
    return;
  }
  if (node->kind != WI_YAML_LIST && node->kind != WI_YAML_MAP) {
    wi_reader_error_at(r, WEIR_E_BAD_VALUE, node, "write columns: {name: type, ...}",
                       "columns has to be a map or a list of names and types, not %s",
                       wi_yaml_kind_name(node));
    return;
  }
  view->columns = wi_reader_array(r, node->n, sizeof *view->columns);
  for (size_t i = 0; i < node->n && !r->nomem; i++) {
    const wi_yaml *item = node->items[i];
    if (node->kind == WI_YAML_MAP) {
      add_column(r, &seen, node->keys[i], item, view);
    } else if (list_column(r, item)) {
      add_column(r, &seen, item->keys[0], item->items[0], view);
    }
  }
  wi_map_release(&seen);
}

/* ---- numbers ---- */

static void read_numbers(wi_reader *r, const wi_yaml *node, wi_spec_view *view) {
  const wi_yaml *size = wi_yaml_get(node, "target_file_size");
  const wi_yaml *retries = wi_yaml_get(node, "max_commit_retries");
  const wi_yaml *append = wi_yaml_get(node, "append_only");
  int64_t n = 0;
  if (size != NULL && wi_reader_size(r, size, "target_file_size", &n)) {
    if (n < 1000000 || n > INT64_C(10) << 30) {
      wi_reader_error_at(r, WEIR_E_BAD_VALUE, size, NULL,
                         "target_file_size has to be from 1MB to 10GiB, not %.100s",
                         size->text);
    } else {
      view->target_file_size = n;
    }
  }
  if (retries != NULL && wi_reader_int(r, retries, "max_commit_retries", 0, 100, &n)) {
    view->max_commit_retries = (int32_t)n;
  }
  if (append != NULL) {
    wi_reader_bool(r, append, "append_only", &view->append_only);
  }
}

/* Rules that need more than one key: what would have no effect is refused. */
static void check_together(wi_reader *r, const wi_yaml *node, const wi_spec_view *view) {
  static const char *const table_only[] = {
      "key",         "partition_by",    "sort_by",          "constraints",
      "properties",  "write_metadata",  "target_file_size", "max_commit_retries",
      "append_only", "on_schema_change"};
  for (size_t i = 0; i < COUNT(table_only) && view->materialized == WI_MAT_VIEW; i++) {
    const wi_yaml *key = wi_yaml_key(node, table_only[i]);
    if (key != NULL) {
      wi_reader_error_at(
          r, WEIR_E_BAD_VALUE, key, "take it out, or write materialized: table",
          "%s has no meaning with materialized: view, which has no table", key->text);
    }
  }
  for (size_t i = 0; i < view->properties.n; i++) {
    bool other =
        strcmp(view->properties.keys[i], "delta.appendOnly") == 0 &&
        wi_yaml_get(node, "append_only") != NULL &&
        strcmp(view->properties.values[i], view->append_only ? "true" : "false") != 0;
    if (other) {
      wi_reader_error_at(
          r, WEIR_E_BAD_VALUE, wi_yaml_key(node, "append_only"),
          "keep append_only and take delta.appendOnly out",
          "append_only and the property delta.appendOnly contradict each other");
    }
  }
}

void wi_header_read(wi_reader *r, const wi_yaml *node, wi_spec_view *view) {
  if (!wi_reader_map(r, node, "a header", header_keys, COUNT(header_keys))) {
    return;
  }
  wi_reader_refuse_env(r, node, false);
  read_words(r, node, view);
  read_lists(r, node, view);
  read_constraints(r, wi_yaml_get(node, "constraints"), view);
  read_columns(r, wi_yaml_get(node, "columns"), view);
  wi_property_read_all(r, node, view);
  read_numbers(r, node, view);
  check_together(r, node, view);
}
