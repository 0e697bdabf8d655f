/* metaData and protocol, parsed once. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/meta_internal.h"

#define WI_ORIGIN "delta"

/* ---- counting ---- */

wi_meta *wi_meta_ref(wi_meta *meta) {
  if (meta != NULL) {
    atomic_fetch_add_explicit(&meta->holders, 1, memory_order_relaxed);
  }
  return meta;
}

void wi_meta_unref(wi_meta **meta) {
  wi_meta *m = *meta;
  *meta = NULL;
  if (m == NULL || atomic_fetch_sub_explicit(&m->holders, 1, memory_order_acq_rel) != 1) {
    return;
  }
  json_decref(m->protocol);
  json_decref(m->metadata);
  json_decref(m->schema);
  wi_arena_release(&m->arena);
  wi_free(m);
}

/* ---- reading ---- */

static weir_status damaged(weir_error *err, const char *what) {
  weir_status status = WI_ERR(err, WEIR_E_LOG_CORRUPT, "%s", what);
  wi_err_hint(err,
              "restore the table's log from a copy; weir never repairs a damaged log");
  return status;
}

static int by_text(const void *a, const void *b) {
  const char *const *x = a, *const *y = b;
  return strcmp(*x, *y);
}

/* A list of texts; they stay the JSON's. An absent list is an empty one. */
static weir_status read_names(wi_meta *m, const json_t *list, const char *wrong,
                              wi_meta_names *out, weir_error *err) {
  size_t n = json_array_size(list);
  if (list != NULL && !json_is_array(list)) {
    return damaged(err, wrong);
  }
  out->items = wi_arena_array(&m->arena, n + 1, sizeof *out->items);
  if (out->items == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    out->items[i] = json_string_value(json_array_get(list, i));
    if (out->items[i] == NULL) {
      return damaged(err, wrong);
    }
  }
  out->n = n;
  return WEIR_OK;
}

static weir_status read_features(wi_meta *m, const char *key, wi_meta_names *out,
                                 weir_error *err) {
  const json_t *list = wi_delta_json_get(m->protocol, key);
  WI_TRY(read_names(m, list, "the protocol action's features are no list of names", out,
                    err));
  if (out->n > 1) {
    qsort(out->items, out->n, sizeof *out->items, by_text);
  }
  return WEIR_OK;
}

static weir_status read_protocol(wi_meta *m, weir_error *err) {
  int64_t reader = wi_delta_json_int(m->protocol, "minReaderVersion", -1);
  int64_t writer = wi_delta_json_int(m->protocol, "minWriterVersion", -1);
  if (reader < 0 || reader > INT32_MAX || writer < 0 || writer > INT32_MAX) {
    return damaged(err, "the protocol action has no versions");
  }
  m->min_reader = (int32_t)reader;
  m->min_writer = (int32_t)writer;
  WI_TRY(read_features(m, "readerFeatures", &m->readers, err));
  return read_features(m, "writerFeatures", &m->writers, err);
}

/* Values are texts; what some writers leave as bare numbers and switches is what Delta's own
 * reader makes of it. A null is no value. */
static const char *property_text(wi_meta *m, const json_t *value) {
  switch (json_typeof(value)) {
    case JSON_STRING:
      return json_string_value(value);
    case JSON_TRUE:
      return "true";
    case JSON_FALSE:
      return "false";
    case JSON_INTEGER:
      return wi_arena_fmt(&m->arena, "%lld", (long long)json_integer_value(value));
    case JSON_REAL: {
      char text[32];
      wi_double_text(json_real_value(value), text);
      return wi_arena_dup(&m->arena, text);
    }
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
    default:
      return NULL;
  }
}

static int by_key(const void *a, const void *b) {
  return strcmp(((const wi_br_pair *)a)->key, ((const wi_br_pair *)b)->key);
}

static weir_status read_properties(wi_meta *m, weir_error *err) {
  json_t *all = json_object_get(m->metadata, "configuration");
  const char *key;
  json_t *value;
  all = json_is_null(all) ? NULL : all;
  if (all != NULL && !json_is_object(all)) {
    return damaged(err, "the metaData action's configuration is no object");
  }
  m->properties =
      wi_arena_array(&m->arena, json_object_size(all) + 1, sizeof *m->properties);
  if (m->properties == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  json_object_foreach(all, key, value) {
    if (json_is_null(value)) {
      continue;
    }
    if (json_is_object(value) || json_is_array(value)) {
      return damaged(err, "the metaData action has a property that is no text");
    }
    wi_br_pair pair = {key, property_text(m, value)};
    if (pair.value == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    m->properties[m->n_properties++] = pair;
  }
  if (m->n_properties > 1) {
    qsort(m->properties, m->n_properties, sizeof *m->properties, by_key);
  }
  return WEIR_OK;
}

static weir_status read_schema(wi_meta *m, weir_error *err) {
  wi_buf canonical = WI_BUF_INIT;
  wi_digest d;
  m->schema_text = wi_delta_json_text(m->metadata, "schemaString");
  if (m->schema_text == NULL) {
    return damaged(err, "the metaData action has no schema");
  }
  WI_TRY(wi_delta_schema_parse(m->schema_text, &m->schema, &m->inexact, err));
  weir_status status = wi_delta_json_dump(m->schema, true, &canonical, err);
  if (status == WEIR_OK) {
    wi_digest_begin(&d, "weir.schema");
    wi_digest_bytes(&d, canonical.p, canonical.n);
    wi_digest_end_hex(&d, m->schema_digest);
  }
  wi_buf_release(&canonical);
  return status;
}

static weir_status keep_json(wi_meta *m, const char *key, const char *fallback,
                             const char **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf text = WI_BUF_INIT;
  const json_t *value = wi_delta_json_get(m->metadata, key);
  if (value != NULL) {
    status = wi_delta_json_dump(value, true, &text, err);
  }
  if (status == WEIR_OK) {
    *out = wi_arena_dup(&m->arena, value == NULL ? fallback : wi_buf_text(&text));
    status = *out == NULL ? wi_err_nomem(err, WI_ORIGIN) : WEIR_OK;
  }
  wi_buf_release(&text);
  return status;
}

weir_status wi_meta_make(json_t *protocol, json_t *metadata, bool inexact, wi_meta **out,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  wi_meta *m = wi_alloc(sizeof *m);
  *out = NULL;
  if (m == NULL) {
    json_decref(protocol);
    json_decref(metadata);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&m->holders, 1);
  m->protocol = protocol;
  m->metadata = metadata;
  m->inexact = inexact;
  WI_CHECK(read_protocol(m, err));
  WI_CHECK(read_schema(m, err));
  WI_CHECK(read_names(m, wi_delta_json_get(metadata, "partitionColumns"),
                      "the metaData action's partition columns are no list of names",
                      &m->partitions, err));
  WI_CHECK(read_properties(m, err));
  WI_CHECK(keep_json(m, "partitionColumns", "[]", &m->partition_json, err));
  WI_CHECK(keep_json(m, "configuration", "{}", &m->properties_json, err));
  *out = m;
  m = NULL;
done:
  wi_meta_unref(&m);
  return status;
}

/* An action from its text, without the name around it. */
static weir_status load_action(const char *text, const char *name, json_t **out,
                               bool *inexact, weir_error *err) {
  wi_delta_json_note note;
  weir_status status = wi_delta_json_load(text, strlen(text), out, &note);
  if (status == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (status != WEIR_OK) {
    return WI_ERR(err, WEIR_E_LOG_CORRUPT, "the %s action cannot be read: %s", name,
                  text[0] == '\0' ? "it is empty" : note.why);
  }
  json_t *inner = json_object_get(*out, name);
  if (json_is_object(inner)) {
    json_incref(inner);
    json_decref(*out);
    *out = inner;
  }
  *inexact = *inexact || note.inexact;
  if (!json_is_object(*out)) {
    json_decref(*out);
    *out = NULL;
    return WI_ERR(err, WEIR_E_LOG_CORRUPT, "the table has no %s action", name);
  }
  return WEIR_OK;
}

weir_status wi_meta_parse(const char *protocol, const char *metadata, wi_meta **out,
                          weir_error *err) {
  json_t *p = NULL, *m = NULL;
  bool inexact = false;
  *out = NULL;
  weir_status status = load_action(protocol, "protocol", &p, &inexact, err);
  if (status == WEIR_OK) {
    status = load_action(metadata, "metaData", &m, &inexact, err);
  }
  if (status != WEIR_OK) {
    json_decref(p);
    return status;
  }
  return wi_meta_make(p, m, inexact, out, err);
}

weir_status wi_meta_of(const json_t *protocol, const json_t *metadata, wi_meta **out,
                       weir_error *err) {
  *out = NULL;
  if (!json_is_object(protocol) || !json_is_object(metadata)) {
    return damaged(err, json_is_object(protocol) ? "the table has no metaData action"
                                                 : "the table has no protocol action");
  }
  json_t *p = json_deep_copy(protocol), *m = json_deep_copy(metadata);
  if (p == NULL || m == NULL) {
    json_decref(p);
    json_decref(m);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return wi_meta_make(p, m, false, out, err);
}

/* ---- asking ---- */

const char *wi_meta_id(const wi_meta *meta) {
  const char *id = wi_delta_json_text(meta->metadata, "id");
  return id == NULL ? "" : id;
}

const char *wi_meta_name(const wi_meta *meta) {
  return wi_delta_json_text(meta->metadata, "name");
}

const char *wi_meta_description(const wi_meta *meta) {
  return wi_delta_json_text(meta->metadata, "description");
}

int64_t wi_meta_created_ms(const wi_meta *meta) {
  return wi_delta_json_int(meta->metadata, "createdTime", -1);
}

const char *wi_meta_schema(const wi_meta *meta) {
  return meta->schema_text;
}

const json_t *wi_meta_schema_tree(const wi_meta *meta) {
  return meta->schema;
}

const char *wi_meta_schema_digest(const wi_meta *meta) {
  return meta->schema_digest;
}

size_t wi_meta_partition_columns(const wi_meta *meta, const char *const **names) {
  *names = meta->partitions.items;
  return meta->partitions.n;
}

const char *wi_meta_property(const wi_meta *meta, const char *key) {
  wi_br_pair wanted = {key, NULL};
  if (meta->n_properties == 0) {
    return NULL;
  }
  const wi_br_pair *found =
      bsearch(&wanted, meta->properties, meta->n_properties, sizeof wanted, by_key);
  return found == NULL ? NULL : found->value;
}

bool wi_meta_is_on(const wi_meta *meta, const char *key) {
  const char *text = wi_meta_property(meta, key);
  return text != NULL && wi_ascii_same(text, "true");
}

size_t wi_meta_properties(const wi_meta *meta, const wi_br_pair **pairs) {
  *pairs = meta->properties;
  return meta->n_properties;
}

int32_t wi_meta_min_reader(const wi_meta *meta) {
  return meta->min_reader;
}

int32_t wi_meta_min_writer(const wi_meta *meta) {
  return meta->min_writer;
}

size_t wi_meta_reader_features(const wi_meta *meta, const char *const **names) {
  *names = meta->readers.items;
  return meta->readers.n;
}

size_t wi_meta_writer_features(const wi_meta *meta, const char *const **names) {
  *names = meta->writers.items;
  return meta->writers.n;
}

bool wi_meta_has_feature(const wi_meta *meta, const char *feature) {
  if (meta->min_writer < WI_FEATURE_WRITER) {
    int32_t since = wi_meta_implied_since(feature);
    return since > 0 && meta->min_writer >= since;
  }
  for (size_t i = 0; i < meta->writers.n; i++) {
    if (strcmp(meta->writers.items[i], feature) == 0) {
      return true;
    }
  }
  return false;
}

bool wi_meta_has_type(const wi_meta *meta, const char *type) {
  return wi_delta_type_within(meta->schema, type);
}

const char *wi_meta_partition_json(const wi_meta *meta) {
  return meta->partition_json;
}

const char *wi_meta_properties_json(const wi_meta *meta) {
  return meta->properties_json;
}
