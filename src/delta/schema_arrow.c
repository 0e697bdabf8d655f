/* Delta's schema JSON as an Arrow schema in the layouts that inputs are declared with. Names of
 * the parts of lists and maps are those of the engine's own reader. */
#include <stdio.h>
#include <string.h>

#include "delta/internal.h"
#include "nanoarrow/nanoarrow.h"

#define WI_ORIGIN "delta"

/* Where in the schema we are, for messages. */
typedef struct place {
  const struct place *above;
  const char *name;
  int depth;
} place;

static void place_text(const place *p, wi_buf *out) {
  if (p == NULL) {
    return;
  }
  place_text(p->above, out);
  if (p->name != NULL) {
    wi_buf_fmt(out, "%s%s", out->n == 0 ? "" : ".", p->name);
  }
}

static weir_status fail(const place *at, weir_status code, const char *what,
                        const char *hint, weir_error *err) {
  wi_buf path = WI_BUF_INIT;
  place_text(at, &path);
  weir_status status = WI_ERR(err, code, "column '%.300s' %s", wi_buf_text(&path), what);
  wi_err_hint(err, "%s", hint);
  wi_buf_release(&path);
  return status;
}

static weir_status damaged(const place *at, const char *what, weir_error *err) {
  return fail(at, WEIR_E_LOG_CORRUPT, what,
              "the metaData action of the table is damaged; restore the table's log",
              err);
}

static weir_status unreadable(const place *at, const char *name, weir_error *err) {
  char what[160];
  snprintf(what, sizeof what, "has the type '%.80s', which this version cannot read",
           name);
  return fail(at, WEIR_E_FEATURE_UNSUPPORTED, what,
              "read the table through a copy without this column", err);
}

static weir_status na(int code, weir_error *err) {
  if (code == NANOARROW_OK) {
    return WEIR_OK;
  }
  return code == ENOMEM
             ? wi_err_nomem(err, WI_ORIGIN)
             : WI_ERR(err, WEIR_E_BUG, "cannot build an Arrow schema (%d)", code);
}

/* "decimal", "decimal(10)", "decimal(10,2)", with blanks: Spark's defaults are 10 and 0. */
static bool decimal_format(const char *name, char out[32]) {
  int precision = 10, scale = 0, used = -1;
  if (!wi_starts_with(name, "decimal")) {
    return false;
  }
  const char *p = name + strlen("decimal");
  if (*p != '\0') {
    if (sscanf(p, " ( %9d , %9d ) %n", &precision, &scale, &used) != 2 || used < 0) {
      used = -1;
      scale = 0;
      if (sscanf(p, " ( %9d ) %n", &precision, &used) != 1 || used < 0) {
        return false;
      }
    }
    if (p[used] != '\0') {
      return false;
    }
  }
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
    return false;
  }
  snprintf(out, 32, "d:%d,%d", precision, scale);
  return true;
}

static const char *plain_format(const char *name) {
  static const char *const names[][2] = {{"string", "vu"},
                                         {"long", "l"},
                                         {"integer", "i"},
                                         {"short", "s"},
                                         {"byte", "c"},
                                         {"float", "f"},
                                         {"double", "g"},
                                         {"boolean", "b"},
                                         {"binary", "vz"},
                                         {"date", "tdD"},
                                         {"timestamp", "tsu:UTC"},
                                         {"timestamp_ntz", "tsu:"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(name, names[i][0]) == 0) {
      return names[i][1];
    }
  }
  return NULL;
}

bool wi_delta_plain_format(const char *name, char out[32]) {
  const char *format = plain_format(name);
  if (format != NULL) {
    snprintf(out, 32, "%s", format);
  }
  return format != NULL || decimal_format(name, out);
}

static weir_status set_type(struct ArrowSchema *out, const json_t *type, const place *at,
                            weir_error *err);

static weir_status set_plain(struct ArrowSchema *out, const char *name, const place *at,
                             weir_error *err) {
  char format[32];
  if (!wi_delta_plain_format(name, format)) {
    return unreadable(at, name, err);
  }
  return na(ArrowSchemaSetFormat(out, format), err);
}

/* Names the node, gives it its type and its nullability. */
static weir_status set_child(struct ArrowSchema *out, const char *name,
                             const json_t *type, bool nullable, const place *at,
                             weir_error *err) {
  WI_TRY(set_type(out, type, at, err));
  WI_TRY(na(ArrowSchemaSetName(out, name), err));
  out->flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  return WEIR_OK;
}

static weir_status children(struct ArrowSchema *out, const char *format, size_t n,
                            weir_error *err) {
  WI_TRY(na(ArrowSchemaSetFormat(out, format), err));
  WI_TRY(na(ArrowSchemaAllocateChildren(out, (int64_t)n), err));
  for (size_t i = 0; i < n; i++) {
    ArrowSchemaInit(out->children[i]);
  }
  return WEIR_OK;
}

static bool flag(const json_t *object, const char *key) {
  return !json_is_false(json_object_get(object, key));
}

/* Readers fold case, so names that differ only in it are one name twice. */
static weir_status see_name(wi_map *seen, const char *name, const place *at,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  char *folded = wi_strdup(name);
  if (folded == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (char *p = folded; *p != '\0'; p++) {
    *p = wi_ascii_lower(*p);
  }
  if (wi_map_has(seen, folded)) {
    status = damaged(at, "is in the schema twice (case does not count)", err);
  } else if (!wi_map_put(seen, folded, NULL)) {
    status = wi_err_nomem(err, WI_ORIGIN);
  }
  wi_free(folded);
  return status;
}

static weir_status set_field(struct ArrowSchema *out, const json_t *field, wi_map *seen,
                             const place *at, weir_error *err) {
  const char *name = wi_delta_json_text(field, "name");
  if (name == NULL) {
    return damaged(at, "has a field without a name", err);
  }
  place here = {at, name, at->depth + 1};
  WI_TRY(see_name(seen, name, &here, err));
  return set_child(out, name, json_object_get(field, "type"), flag(field, "nullable"),
                   &here, err);
}

static weir_status set_struct(struct ArrowSchema *out, const json_t *type,
                              const place *at, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_map seen = WI_MAP_INIT;
  const json_t *fields = json_object_get(type, "fields");
  if (!json_is_array(fields)) {
    return damaged(at, "is a struct without a list of fields", err);
  }
  size_t n = json_array_size(fields);
  WI_CHECK(children(out, "+s", n, err));
  for (size_t i = 0; i < n; i++) {
    WI_CHECK(set_field(out->children[i], json_array_get(fields, i), &seen, at, err));
  }
done:
  wi_map_release(&seen);
  return status;
}

static weir_status set_list(struct ArrowSchema *out, const json_t *type, const place *at,
                            weir_error *err) {
  place below = {at, "element", at->depth + 1};
  WI_TRY(children(out, "+l", 1, err));
  return set_child(out->children[0], "element", json_object_get(type, "elementType"),
                   flag(type, "containsNull"), &below, err);
}

static weir_status set_map(struct ArrowSchema *out, const json_t *type, const place *at,
                           weir_error *err) {
  place key = {at, "key", at->depth + 1}, value = {at, "value", at->depth + 1};
  WI_TRY(children(out, "+m", 1, err));
  struct ArrowSchema *entries = out->children[0];
  WI_TRY(children(entries, "+s", 2, err));
  WI_TRY(na(ArrowSchemaSetName(entries, "key_value"), err));
  entries->flags = 0;
  WI_TRY(set_child(entries->children[0], "key", json_object_get(type, "keyType"), false,
                   &key, err));
  if (strcmp(entries->children[0]->format, "vu") == 0) {
    /* The engine's map access compares keys with plain text and knows no views there. */
    WI_TRY(na(ArrowSchemaSetFormat(entries->children[0], "u"), err));
  }
  return set_child(entries->children[1], "value", json_object_get(type, "valueType"),
                   flag(type, "valueContainsNull"), &value, err);
}

static weir_status set_type(struct ArrowSchema *out, const json_t *type, const place *at,
                            weir_error *err) {
  if (at->depth > WI_SCHEMA_DEPTH) {
    return fail(at, WEIR_E_TOO_LARGE, "is nested too deeply", "flatten the column", err);
  }
  if (json_is_string(type)) {
    return set_plain(out, json_string_value(type), at, err);
  }
  const char *kind = wi_delta_json_text(type, "type");
  if (kind == NULL) {
    return damaged(at, "has no type", err);
  }
  if (strcmp(kind, "struct") == 0) {
    return set_struct(out, type, at, err);
  }
  if (strcmp(kind, "array") == 0) {
    return set_list(out, type, at, err);
  }
  if (strcmp(kind, "map") == 0) {
    return set_map(out, type, at, err);
  }
  return unreadable(at, kind, err);
}

static weir_status tree_arrow(const json_t *schema, struct ArrowSchema *out,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  place root = {NULL, NULL, 0};
  struct ArrowSchema built;
  ArrowSchemaInit(&built);
  memset(out, 0, sizeof *out);
  WI_CHECK(set_type(&built, schema, &root, err));
  WI_CHECK(na(ArrowSchemaSetName(&built, ""), err));
  ArrowSchemaMove(&built, out);
done:
  if (built.release != NULL) {
    built.release(&built);
  }
  return status;
}

weir_status wi_delta_schema_arrow(const char *schema_json, struct ArrowSchema *out,
                                  weir_error *err) {
  json_t *schema = NULL;
  memset(out, 0, sizeof *out);
  WI_TRY(wi_delta_schema_load(schema_json, &schema, err));
  weir_status status = tree_arrow(schema, out, err);
  json_decref(schema);
  return status;
}

weir_status wi_meta_arrow(const wi_meta *meta, struct ArrowSchema *out, weir_error *err) {
  return tree_arrow(wi_meta_schema_tree(meta), out, err);
}
