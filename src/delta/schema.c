/* Delta's schema JSON: reading it as a tree, and writing it from Arrow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* ---- reading ---- */

static weir_status broken(weir_error *err, const char *why) {
  weir_status status =
      WI_ERR(err, WEIR_E_LOG_CORRUPT, "the table's schema cannot be read: %s", why);
  wi_err_hint(err,
              "the metaData action that holds it is damaged; restore the table's log");
  return status;
}

static bool is_struct(const json_t *type) {
  const char *kind = wi_delta_json_text(type, "type");
  return kind != NULL && strcmp(kind, "struct") == 0 &&
         json_is_array(json_object_get(type, "fields"));
}

weir_status wi_delta_schema_parse(const char *schema_json, json_t **out, bool *inexact,
                                  weir_error *err) {
  wi_delta_json_note note;
  weir_status status = wi_delta_json_load(schema_json, strlen(schema_json), out, &note);
  if (status == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (status != WEIR_OK) {
    return broken(err, schema_json[0] == '\0' ? "it is empty" : note.why);
  }
  if (!is_struct(*out)) {
    json_decref(*out);
    *out = NULL;
    return broken(err, "it is no struct with a list of fields");
  }
  *inexact = *inexact || note.inexact;
  return WEIR_OK;
}

weir_status wi_delta_schema_load(const char *schema_json, json_t **out, weir_error *err) {
  bool inexact = false;
  return wi_delta_schema_parse(schema_json, out, &inexact, err);
}

typedef struct walk {
  wi_delta_field_fn fn;
  void *ctx;
  wi_buf path;
  int depth;
} walk;

static weir_status walk_type(walk *w, const json_t *type, weir_error *err);

static weir_status walk_below(walk *w, const char *name, const json_t *type,
                              weir_error *err) {
  size_t n = w->path.n;
  if (!json_is_object(type)) {
    return WEIR_OK;
  }
  wi_buf_fmt(&w->path, ".%s", name);
  weir_status status = wi_buf_check(&w->path, err, WI_ORIGIN);
  if (status == WEIR_OK) {
    status = walk_type(w, type, err);
    w->path.n = n;
    w->path.p[n] = '\0';
  }
  return status;
}

static weir_status walk_field(walk *w, const json_t *field, weir_error *err) {
  const char *name = wi_delta_json_text(field, "name");
  size_t n = w->path.n;
  if (name == NULL) {
    return broken(err, "a field without a name");
  }
  wi_buf_fmt(&w->path, "%s%s", n == 0 ? "" : ".", name);
  WI_TRY(wi_buf_check(&w->path, err, WI_ORIGIN));
  weir_status status = w->fn(w->ctx, w->path.p, field, err);
  if (status == WEIR_OK) {
    status = walk_type(w, wi_delta_json_get(field, "type"), err);
  }
  w->path.n = n;
  w->path.p[n] = '\0';
  return status;
}

static weir_status walk_struct(walk *w, const json_t *type, weir_error *err) {
  const json_t *fields = json_object_get(type, "fields");
  for (size_t i = 0; i < json_array_size(fields); i++) {
    WI_TRY(walk_field(w, json_array_get(fields, i), err));
  }
  return WEIR_OK;
}

static weir_status walk_type(walk *w, const json_t *type, weir_error *err) {
  if (!json_is_object(type)) {
    return WEIR_OK;
  }
  if (w->depth == WI_SCHEMA_DEPTH) {
    return WI_ERR(err, WEIR_E_TOO_LARGE,
                  "column '%.200s' is nested deeper than %d levels",
                  wi_buf_text(&w->path), WI_SCHEMA_DEPTH);
  }
  w->depth++;
  weir_status status = walk_struct(w, type, err);
  if (status == WEIR_OK) {
    status = walk_below(w, "element", json_object_get(type, "elementType"), err);
  }
  if (status == WEIR_OK) {
    status = walk_below(w, "key", json_object_get(type, "keyType"), err);
  }
  if (status == WEIR_OK) {
    status = walk_below(w, "value", json_object_get(type, "valueType"), err);
  }
  w->depth--;
  return status;
}

weir_status wi_delta_schema_walk(const json_t *schema, wi_delta_field_fn fn, void *ctx,
                                 weir_error *err) {
  walk w = {fn, ctx, WI_BUF_INIT, 0};
  weir_status status = walk_type(&w, schema, err);
  wi_buf_release(&w.path);
  return status;
}

/* Names of types are strings at "type", "elementType", "keyType" and "valueType". */
static bool has_type(const json_t *type, const char *name, int depth) {
  static const char *const keys[] = {"type", "elementType", "keyType", "valueType"};
  if (json_is_string(type)) {
    return strcmp(json_string_value(type), name) == 0;
  }
  if (!json_is_object(type) || depth > 2 * WI_SCHEMA_DEPTH) {
    return false;
  }
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    if (has_type(json_object_get(type, keys[i]), name, depth + 1)) {
      return true;
    }
  }
  const json_t *fields = json_object_get(type, "fields");
  for (size_t i = 0; i < json_array_size(fields); i++) {
    if (has_type(json_array_get(fields, i), name, depth + 1)) {
      return true;
    }
  }
  return false;
}

bool wi_delta_type_within(const json_t *type, const char *name) {
  return has_type(type, name, 0);
}

bool wi_delta_same_plain(const json_t *a, const json_t *b) {
  char x[32], y[32];
  if (!json_is_string(a) || !json_is_string(b)) {
    return false;
  }
  return strcmp(json_string_value(a), json_string_value(b)) == 0 ||
         (wi_delta_plain_format(json_string_value(a), x) &&
          wi_delta_plain_format(json_string_value(b), y) && strcmp(x, y) == 0);
}

/* ---- writing ---- */

static weir_status no_form(const struct ArrowSchema *s, weir_error *err) {
  return WI_ERR(err, WEIR_E_BUG,
                "column '%.200s' has the type '%.40s', which no table can hold",
                s->name == NULL ? "" : s->name, s->format);
}

/* "d:10,2" or "d:10,2,128" -> "decimal(10,2)" */
static bool decimal_name(const char *format, char out[48]) {
  if (!wi_starts_with(format, "d:")) {
    return false;
  }
  char *end = NULL;
  long precision = strtol(format + 2, &end, 10);
  long scale = *end == ',' ? strtol(end + 1, &end, 10) : -1;
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision ||
      (*end != '\0' && strcmp(end, ",128") != 0)) {
    return false;
  }
  snprintf(out, 48, "decimal(%ld,%ld)", precision, scale);
  return true;
}

static const char *plain_name(const char *format) {
  static const char *const names[][2] = {
      {"b", "boolean"}, {"c", "byte"},    {"s", "short"},           {"i", "integer"},
      {"l", "long"},    {"f", "float"},   {"g", "double"},          {"u", "string"},
      {"U", "string"},  {"vu", "string"}, {"z", "binary"},          {"Z", "binary"},
      {"vz", "binary"}, {"tdD", "date"},  {"tsu:", "timestamp_ntz"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(format, names[i][0]) == 0) {
      return names[i][1];
    }
  }
  /* With any zone it is an instant, and the zone only how to show it. */
  return wi_starts_with(format, "tsu:") ? "timestamp" : NULL;
}

static weir_status put_type(wi_json *j, const struct ArrowSchema *s, int depth,
                            weir_error *err);

static bool is_nullable(const struct ArrowSchema *s) {
  return (s->flags & ARROW_FLAG_NULLABLE) != 0;
}

static weir_status put_struct(wi_json *j, const struct ArrowSchema *s, int depth,
                              weir_error *err) {
  wi_json_object(j);
  wi_json_kt(j, "type", "struct");
  wi_json_key(j, "fields");
  wi_json_array(j);
  for (int64_t i = 0; i < s->n_children; i++) {
    const struct ArrowSchema *child = s->children[i];
    wi_json_object(j);
    wi_json_kt(j, "name", child->name == NULL ? "" : child->name);
    wi_json_key(j, "type");
    WI_TRY(put_type(j, child, depth + 1, err));
    wi_json_kb(j, "nullable", is_nullable(child));
    wi_json_key(j, "metadata");
    wi_json_object(j);
    wi_json_object_end(j);
    wi_json_object_end(j);
  }
  wi_json_array_end(j);
  wi_json_object_end(j);
  return WEIR_OK;
}

static weir_status put_list(wi_json *j, const struct ArrowSchema *s, int depth,
                            weir_error *err) {
  wi_json_object(j);
  wi_json_kt(j, "type", "array");
  wi_json_key(j, "elementType");
  WI_TRY(put_type(j, s->children[0], depth + 1, err));
  wi_json_kb(j, "containsNull", is_nullable(s->children[0]));
  wi_json_object_end(j);
  return WEIR_OK;
}

static weir_status put_map(wi_json *j, const struct ArrowSchema *s, int depth,
                           weir_error *err) {
  const struct ArrowSchema *entries = s->children[0];
  if (entries->n_children != 2) {
    return no_form(s, err);
  }
  wi_json_object(j);
  wi_json_kt(j, "type", "map");
  wi_json_key(j, "keyType");
  WI_TRY(put_type(j, entries->children[0], depth + 1, err));
  wi_json_key(j, "valueType");
  WI_TRY(put_type(j, entries->children[1], depth + 1, err));
  wi_json_kb(j, "valueContainsNull", is_nullable(entries->children[1]));
  wi_json_object_end(j);
  return WEIR_OK;
}

static bool is_list(const struct ArrowSchema *s) {
  bool named = strcmp(s->format, "+l") == 0 || strcmp(s->format, "+L") == 0 ||
               strcmp(s->format, "+vl") == 0 || strcmp(s->format, "+vL") == 0 ||
               wi_starts_with(s->format, "+w:");
  return named && s->n_children == 1;
}

static weir_status put_type(wi_json *j, const struct ArrowSchema *s, int depth,
                            weir_error *err) {
  char decimal[48];
  if (s->dictionary != NULL || depth > WI_SCHEMA_DEPTH) {
    return no_form(s, err);
  }
  if (strcmp(s->format, "+s") == 0) {
    return put_struct(j, s, depth, err);
  }
  if (is_list(s)) {
    return put_list(j, s, depth, err);
  }
  if (strcmp(s->format, "+m") == 0 && s->n_children == 1) {
    return put_map(j, s, depth, err);
  }
  const char *name = decimal_name(s->format, decimal) ? decimal : plain_name(s->format);
  if (name == NULL) {
    return no_form(s, err);
  }
  wi_json_text(j, name);
  return WEIR_OK;
}

weir_status wi_delta_schema_json(const struct ArrowSchema *schema, wi_buf *out,
                                 weir_error *err) {
  wi_json j;
  wi_buf_clear(out);
  if (strcmp(schema->format, "+s") != 0) {
    return no_form(schema, err);
  }
  wi_json_begin(&j, out);
  weir_status status = put_type(&j, schema, 0, err);
  if (status == WEIR_OK) {
    status = wi_buf_check(out, err, WI_ORIGIN);
  }
  if (status != WEIR_OK) {
    wi_buf_clear(out);
  }
  return status;
}
