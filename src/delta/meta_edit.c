/* A writer's changes in the metaData that is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/meta_internal.h"

#define WI_ORIGIN "delta"

/* Takes the value. */
static weir_status set(json_t *object, const char *key, json_t *take, weir_error *err) {
  return json_object_set_new(object, key, take) == 0 ? WEIR_OK
                                                     : wi_err_nomem(err, WI_ORIGIN);
}

static weir_status set_text(json_t *object, const char *key, const char *text,
                            weir_error *err) {
  return set(object, key, json_string(text), err);
}

/* ---- a new table ---- */

static weir_status new_metadata(const wi_meta_edit *e, json_t **out, weir_error *err) {
  weir_status status = WEIR_OK;
  *out = json_object();
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_CHECK(set_text(*out, "id", e->id, err));
  if (e->name != NULL && e->name[0] != '\0') {
    WI_CHECK(set_text(*out, "name", e->name, err));
  }
  if (e->description != NULL && e->description[0] != '\0') {
    WI_CHECK(set_text(*out, "description", e->description, err));
  }
  WI_CHECK(set(*out, "format", json_pack("{s:s,s:{}}", "provider", "parquet", "options"),
               err));
  WI_CHECK(set_text(*out, "schemaString", "", err));
  WI_CHECK(set(*out, "partitionColumns", json_array(), err));
  WI_CHECK(set(*out, "configuration", json_object(), err));
  WI_CHECK(set(*out, "createdTime", json_integer(e->created_ms), err));
done:
  if (status != WEIR_OK) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}

/* ---- names, columns, partitions ---- */

static weir_status edit_text(json_t *metadata, const char *key, const char *text,
                             weir_error *err) {
  if (text == NULL) {
    return WEIR_OK;
  }
  if (text[0] == '\0') {
    (void)json_object_del(metadata, key);
    return WEIR_OK;
  }
  const char *has = wi_delta_json_text(metadata, key);
  return has != NULL && strcmp(has, text) == 0 ? WEIR_OK
                                               : set_text(metadata, key, text, err);
}

static weir_status dump_text(const json_t *value, char **out, weir_error *err) {
  wi_buf text = WI_BUF_INIT;
  wi_json j;
  wi_json_begin(&j, &text);
  wi_delta_json_put(&j, value);
  *out = wi_buf_take(&text);
  wi_buf_release(&text);
  return *out == NULL ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
}

/* *schema is what the table has then; the caller owns it. The text changes only if that does. */
static weir_status edit_columns(const wi_meta *base, const wi_meta_edit *e,
                                json_t *metadata, json_t **schema, weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *given = NULL;
  char *merged = NULL;
  wi_buf text = WI_BUF_INIT;
  if (e->how == WI_META_COLUMNS_KEEP) {
    *schema = json_incref(base->schema);
    return WEIR_OK;
  }
  WI_CHECK(wi_delta_schema_json(e->columns, &text, err));
  WI_CHECK(wi_delta_schema_load(wi_buf_text(&text), &given, err));
  if (base == NULL) {
    *schema = json_incref(given);
    WI_CHECK(set_text(metadata, "schemaString", wi_buf_text(&text), err));
    goto done;
  }
  WI_CHECK(wi_meta_columns_merge(base->schema, given, e->how, schema, err));
  if (!json_equal(*schema, base->schema)) {
    WI_CHECK(dump_text(*schema, &merged, err));
    WI_CHECK(set_text(metadata, "schemaString", merged, err));
  }
done:
  json_decref(given);
  wi_free(merged);
  wi_buf_release(&text);
  return status;
}

static bool has_column(const json_t *schema, const char *name) {
  const json_t *fields = json_object_get(schema, "fields");
  for (size_t i = 0; i < json_array_size(fields); i++) {
    const char *has = wi_delta_json_text(json_array_get(fields, i), "name");
    if (has != NULL && strcmp(has, name) == 0) {
      return true;
    }
  }
  return false;
}

static weir_status check_partitions(const json_t *metadata, const json_t *schema,
                                    weir_error *err) {
  const json_t *list = json_object_get(metadata, "partitionColumns");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *name = json_string_value(json_array_get(list, i));
    if (!has_column(schema, name)) {
      return WI_ERR(err, WEIR_E_UNKNOWN_COLUMN,
                    "the table is partitioned by '%.200s', which is none of its columns",
                    name);
    }
  }
  return WEIR_OK;
}

static weir_status edit_partitions(const wi_meta_edit *e, json_t *metadata,
                                   weir_error *err) {
  json_t *list = e->repartition ? json_array() : NULL;
  for (size_t i = 0; list != NULL && i < e->n_partition_columns; i++) {
    if (json_array_append_new(list, json_string(e->partition_columns[i])) != 0) {
      json_decref(list);
      list = NULL;
    }
  }
  if (!e->repartition) {
    return WEIR_OK;
  }
  if (list != NULL && json_equal(list, json_object_get(metadata, "partitionColumns"))) {
    json_decref(list);
    return WEIR_OK;
  }
  return set(metadata, "partitionColumns", list,
             err); /* NULL: no memory, and it says so */
}

/* ---- properties ---- */

/* Properties that would ask more of writers than this version does; their keys know no case. */
static bool needs_more(const wi_br_pair *p) {
  static const char *const switches[] = {
      "delta.enableChangeDataFeed",  "delta.enableDeletionVectors",
      "delta.enableRowTracking",     "delta.enableInCommitTimestamps",
      "delta.enableTypeWidening",    "delta.enableIcebergCompatV1",
      "delta.enableIcebergCompatV2", "delta.enableIcebergCompatV3",
      "delta.enableVariantShredding"};
  for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
    if (wi_ascii_same(p->key, switches[i])) {
      return !wi_ascii_same(p->value, "false");
    }
  }
  if (wi_ascii_same(p->key, "delta.columnMapping.mode")) {
    return !wi_ascii_same(p->value, "none");
  }
  if (wi_ascii_same(p->key, "delta.checkpointPolicy")) {
    return !wi_ascii_same(p->value, "classic");
  }
  return wi_ascii_same_n(p->key, "delta.feature.", 14) ||
         wi_ascii_same_n(p->key, "delta.constraints.", 18) ||
         wi_ascii_same(p->key, "delta.minReaderVersion") ||
         wi_ascii_same(p->key, "delta.minWriterVersion");
}

static weir_status check_property(const wi_br_pair *p, weir_error *err) {
  if (!needs_more(p)) {
    return WEIR_OK;
  }
  weir_status status = WI_ERR(err, WEIR_E_NOT_YET,
                              "the table property '%.80s' needs a feature that this "
                              "version of weir does not write",
                              p->key);
  wi_err_hint(err, "take the property out");
  return status;
}

static bool sets(const wi_meta_edit *e, const char *key) {
  for (size_t i = 0; i < e->n_set; i++) {
    if (strcmp(e->set[i].key, key) == 0) {
      return true;
    }
  }
  return false;
}

/* What the header before this one set goes, unless this one sets it too. */
static weir_status drop_ours(const wi_meta_edit *e, json_t *metadata, json_t *properties,
                             weir_error *err) {
  wi_delta_json_note note;
  json_t *ours = NULL;
  const char *text = wi_delta_json_text(properties, WI_META_OURS);
  if (text == NULL) {
    return WEIR_OK;
  }
  if (wi_delta_json_load(text, strlen(text), &ours, &note) == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  const json_t *keys = json_object_get(ours, "properties");
  for (size_t i = 0; i < json_array_size(keys); i++) {
    const char *key = json_string_value(json_array_get(keys, i));
    if (key != NULL && !sets(e, key)) {
      (void)json_object_del(properties, key);
    }
  }
  if (json_is_true(json_object_get(ours, "description")) && e->description == NULL) {
    (void)json_object_del(metadata, "description");
  }
  json_decref(ours);
  (void)json_object_del(properties, WI_META_OURS);
  return WEIR_OK;
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const wi_br_pair *)a)->key, ((const wi_br_pair *)b)->key);
}

/* Which properties this header set, so that a later one can take them off. */
static weir_status list_ours(const wi_meta_edit *e, const wi_br_pair *sorted,
                             json_t *properties, weir_error *err) {
  wi_buf text = WI_BUF_INIT;
  wi_json j;
  size_t n = 0;
  bool described = e->description != NULL && e->description[0] != '\0';
  wi_json_begin(&j, &text);
  wi_json_object(&j);
  if (described) {
    wi_json_kb(&j, "description", true);
  }
  wi_json_key(&j, "properties");
  wi_json_array(&j);
  for (size_t i = 0; i < e->n_set; i++) {
    if (!wi_starts_with(sorted[i].key, "weir.")) {
      wi_json_text(&j, sorted[i].key);
      n++;
    }
  }
  wi_json_array_end(&j);
  wi_json_object_end(&j);
  weir_status status = wi_buf_check(&text, err, WI_ORIGIN);
  if (status == WEIR_OK && (n > 0 || described)) {
    status = set_text(properties, WI_META_OURS, wi_buf_text(&text), err);
  }
  wi_buf_release(&text);
  return status;
}

static weir_status set_properties(const wi_meta_edit *e, const wi_br_pair *sorted,
                                  json_t *properties, weir_error *err) {
  for (size_t i = 0; i < e->n_set; i++) {
    if (i > 0 && strcmp(sorted[i - 1].key, sorted[i].key) == 0) {
      return WI_ERR(err, WEIR_E_BUG, "the property '%.80s' was set twice", sorted[i].key);
    }
    WI_TRY(check_property(&sorted[i], err));
    const char *has = wi_delta_json_text(properties, sorted[i].key);
    if (has == NULL || strcmp(has, sorted[i].value) != 0) {
      WI_TRY(set_text(properties, sorted[i].key, sorted[i].value, err));
    }
  }
  return WEIR_OK;
}

static weir_status edit_properties(const wi_meta_edit *e, json_t *metadata,
                                   weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *properties = json_object_get(metadata, "configuration");
  wi_br_pair *sorted = wi_alloc_array(e->n_set + 1, sizeof *sorted);
  if (sorted == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (e->n_set > 0) {
    memcpy(sorted, e->set, e->n_set * sizeof *sorted);
    qsort(sorted, e->n_set, sizeof *sorted, by_key);
  }
  if (!json_is_object(properties) && (e->n_set > 0 || e->managed)) {
    properties = json_object();
    WI_CHECK(set(metadata, "configuration", properties, err));
  }
  if (e->managed) {
    WI_CHECK(drop_ours(e, metadata, properties, err));
  }
  for (size_t i = 0; i < e->n_unset; i++) {
    (void)json_object_del(properties, e->unset[i]);
  }
  WI_CHECK(set_properties(e, sorted, properties, err));
  if (e->managed) {
    WI_CHECK(list_ours(e, sorted, properties, err));
  }
done:
  wi_free(sorted);
  return status;
}

/* ---- the whole ---- */

static weir_status check_edit(const wi_meta *base, const wi_meta_edit *e,
                              weir_error *err) {
  bool lacks_columns = e->how != WI_META_COLUMNS_KEEP && e->columns == NULL;
  bool lacks_table = base == NULL && (e->id == NULL || e->how != WI_META_COLUMNS_REPLACE);
  if (lacks_columns || lacks_table) {
    return WI_ERR(err, WEIR_E_BUG, "a table without an id or a schema");
  }
  return WEIR_OK;
}

/* Numbers that need more than 64 bits would come out as others. */
static weir_status check_exact(const wi_meta *base, weir_error *err) {
  if (base == NULL || !base->inexact) {
    return WEIR_OK;
  }
  weir_status status =
      WI_ERR(err, WEIR_E_FOREIGN_FEATURE,
             "the metaData action holds a number of more than 64 bits, which weir cannot "
             "write again as it is");
  wi_err_hint(err, "take it out of the table's or a column's metadata");
  return status;
}

static weir_status apply(const wi_meta *base, const wi_meta_edit *e, json_t *metadata,
                         json_t **protocol, weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *schema = NULL;
  WI_CHECK(edit_columns(base, e, metadata, &schema, err));
  WI_CHECK(edit_partitions(e, metadata, err));
  WI_CHECK(check_partitions(metadata, schema, err));
  WI_CHECK(edit_properties(e, metadata, err));
  WI_CHECK(edit_text(metadata, "name", e->name, err));
  WI_CHECK(edit_text(metadata, "description", e->description, err));
  WI_CHECK(wi_meta_raise(base, schema, json_object_get(metadata, "configuration"),
                         protocol, err));
done:
  json_decref(schema);
  return status;
}

weir_status wi_meta_apply(wi_meta *base, const wi_meta_edit *edit, wi_meta **out,
                          weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *metadata = NULL, *protocol = NULL;
  *out = NULL;
  WI_CHECK(check_edit(base, edit, err));
  if (base == NULL) {
    WI_CHECK(new_metadata(edit, &metadata, err));
  } else if ((metadata = json_deep_copy(base->metadata)) == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(apply(base, edit, metadata, &protocol, err));
  if (base != NULL && json_equal(metadata, base->metadata) &&
      json_equal(protocol, base->protocol)) {
    *out = wi_meta_ref(base);
    goto done;
  }
  WI_CHECK(check_exact(base, err));
  status = wi_meta_make(protocol, metadata, false, out, err);
  protocol = metadata = NULL;
done:
  json_decref(protocol);
  json_decref(metadata);
  return status;
}

static void write_action(const char *name, const json_t *action, wi_buf *out) {
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_object(&j);
  wi_json_key(&j, name);
  wi_delta_json_put(&j, action);
  wi_json_object_end(&j);
  wi_buf_chr(out, '\n');
}

weir_status wi_meta_write(const wi_meta *base, const wi_meta *meta, wi_buf *out,
                          weir_error *err) {
  if (base == NULL || !json_equal(base->protocol, meta->protocol)) {
    write_action("protocol", meta->protocol, out);
  }
  if (base == NULL || !json_equal(base->metadata, meta->metadata)) {
    write_action("metaData", meta->metadata, out);
  }
  return wi_buf_check(out, err, WI_ORIGIN);
}
