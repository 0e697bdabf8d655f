/* New columns into the schema that is there: what stays keeps its comments, its metadata and what
 * else others wrote at it. */
#include <string.h>

#include "delta/meta_internal.h"

#define WI_ORIGIN "delta"

/* What a field's metadata says of its type: of no use to another one. */
static const char *const type_notes[] = {"__CHAR_VARCHAR_TYPE_STRING", "__COLLATIONS",
                                         "delta.typeChanges"};

static weir_status merge_type(const json_t *old, const json_t *new, json_t **out,
                              weir_error *err);

static weir_status copy_of(const json_t *value, json_t **out, weir_error *err) {
  *out = json_deep_copy(value);
  return *out == NULL ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
}

/* Takes the value. */
static weir_status set(json_t *object, const char *key, json_t *take, weir_error *err) {
  return json_object_set_new(object, key, take) == 0 ? WEIR_OK
                                                     : wi_err_nomem(err, WI_ORIGIN);
}

/* A switch that is on when it is absent is written only where it changes. */
static weir_status set_null(json_t *object, const char *key, const json_t *like,
                            weir_error *err) {
  bool was = !json_is_false(json_object_get(object, key));
  bool is = !json_is_false(json_object_get(like, key));
  return was == is ? WEIR_OK : set(object, key, json_boolean(is), err);
}

static const json_t *find(const json_t *fields, const char *name, bool exactly) {
  for (size_t i = 0; i < json_array_size(fields); i++) {
    const json_t *field = json_array_get(fields, i);
    const char *has = wi_delta_json_text(field, "name");
    if (has != NULL && (exactly ? strcmp(has, name) == 0 : wi_ascii_same(has, name))) {
      return field;
    }
  }
  return NULL;
}

/* Names that differ in case only are one column to Delta. */
static const json_t *field_named(const json_t *fields, const char *name) {
  const json_t *field = find(fields, name, true);
  return field != NULL ? field : find(fields, name, false);
}

static weir_status merge_field(const json_t *old, const json_t *new, json_t **out,
                               weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *type = NULL, *name = NULL;
  WI_TRY(copy_of(old, out, err));
  WI_CHECK(copy_of(json_object_get(new, "name"), &name, err));
  WI_CHECK(set(*out, "name", name, err));
  WI_CHECK(
      merge_type(json_object_get(old, "type"), json_object_get(new, "type"), &type, err));
  if (!json_equal(type, json_object_get(old, "type"))) {
    json_t *notes = json_object_get(*out, "metadata");
    for (size_t i = 0; i < sizeof type_notes / sizeof type_notes[0]; i++) {
      (void)json_object_del(notes, type_notes[i]);
    }
  }
  status = set(*out, "type", type, err);
  type = NULL;
  WI_CHECK(status);
  WI_CHECK(set_null(*out, "nullable", new, err));
done:
  json_decref(type);
  if (status != WEIR_OK) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}

/* The new fields in their order. */
static weir_status merge_fields(const json_t *old, const json_t *new, json_t **out,
                                weir_error *err) {
  weir_status status = WEIR_OK;
  *out = json_array();
  for (size_t i = 0; *out != NULL && i < json_array_size(new); i++) {
    const json_t *field = json_array_get(new, i);
    const json_t *had = field_named(old, wi_delta_json_text(field, "name"));
    json_t *made = NULL;
    WI_CHECK(had == NULL ? copy_of(field, &made, err)
                         : merge_field(had, field, &made, err));
    if (json_array_append_new(*out, made) != 0) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
  status = *out == NULL ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
done:
  if (status != WEIR_OK) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}

static weir_status merge_part(json_t *out, const char *key, const json_t *new,
                              weir_error *err) {
  json_t *type = NULL;
  WI_TRY(merge_type(json_object_get(out, key), json_object_get(new, key), &type, err));
  return set(out, key, type, err);
}

static weir_status merge_nested(const char *kind, const json_t *new, json_t *out,
                                weir_error *err) {
  if (strcmp(kind, "struct") == 0) {
    json_t *fields = NULL;
    WI_TRY(merge_fields(json_object_get(out, "fields"), json_object_get(new, "fields"),
                        &fields, err));
    return set(out, "fields", fields, err);
  }
  if (strcmp(kind, "array") == 0) {
    WI_TRY(merge_part(out, "elementType", new, err));
    return set_null(out, "containsNull", new, err);
  }
  WI_TRY(merge_part(out, "keyType", new, err));
  WI_TRY(merge_part(out, "valueType", new, err));
  return set_null(out, "valueContainsNull", new, err);
}

static weir_status merge_type(const json_t *old, const json_t *new, json_t **out,
                              weir_error *err) {
  const char *a = wi_delta_json_text(old, "type"), *b = wi_delta_json_text(new, "type");
  if (wi_delta_same_plain(old, new)) {
    return copy_of(old, out, err);
  }
  if (a == NULL || b == NULL || strcmp(a, b) != 0) {
    return copy_of(new, out, err);
  }
  WI_TRY(copy_of(old, out, err));
  weir_status status = merge_nested(b, new, *out, err);
  if (status != WEIR_OK) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}

/* ---- columns that are only added ---- */

static weir_status refuse(const json_t *field, const char *what, weir_error *err) {
  return WI_ERR(err, WEIR_E_SCHEMA_CHANGED, "column '%.200s' %s",
                wi_delta_json_text(field, "name"), what);
}

static weir_status add_field(const json_t *old, const json_t *field, json_t *fields,
                             weir_error *err) {
  const json_t *had = field_named(old, wi_delta_json_text(field, "name"));
  json_t *made = NULL;
  if (had == NULL) {
    if (json_is_false(json_object_get(field, "nullable"))) {
      return refuse(field,
                    "is new and may not be null, but the table has rows without it", err);
    }
    WI_TRY(copy_of(field, &made, err));
    return json_array_append_new(fields, made) == 0 ? WEIR_OK
                                                    : wi_err_nomem(err, WI_ORIGIN);
  }
  WI_TRY(merge_type(json_object_get(had, "type"), json_object_get(field, "type"), &made,
                    err));
  bool same = json_equal(made, json_object_get(had, "type")) != 0;
  json_decref(made);
  return same ? WEIR_OK : refuse(field, "is in the table with another type", err);
}

static weir_status add_fields(const json_t *old, const json_t *new, json_t **out,
                              weir_error *err) {
  const json_t *had = json_object_get(old, "fields");
  const json_t *fields = json_object_get(new, "fields");
  WI_TRY(copy_of(old, out, err));
  weir_status status = WEIR_OK;
  for (size_t i = 0; i < json_array_size(fields) && status == WEIR_OK; i++) {
    status =
        add_field(had, json_array_get(fields, i), json_object_get(*out, "fields"), err);
  }
  if (status != WEIR_OK) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}

weir_status wi_meta_columns_merge(const json_t *old, const json_t *new,
                                  wi_meta_columns how, json_t **out, weir_error *err) {
  *out = NULL;
  return how == WI_META_COLUMNS_ADD ? add_fields(old, new, out, err)
                                    : merge_type(old, new, out, err);
}
