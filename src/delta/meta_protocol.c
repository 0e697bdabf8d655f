/* A protocol that only rises: the union of what a table's protocol says and what it needs. */
#include <string.h>

#include "delta/meta_internal.h"

#define WI_ORIGIN "delta"

/* What the older versions imply, in the order they came. */
static const struct {
  const char *name;
  int32_t since;
} implied[] = {{"appendOnly", 2},     {"invariants", 2},       {"checkConstraints", 3},
               {"changeDataFeed", 4}, {"generatedColumns", 4}, {"columnMapping", 5},
               {"identityColumns", 6}};

int32_t wi_meta_implied_since(const char *feature) {
  for (size_t i = 0; i < sizeof implied / sizeof implied[0]; i++) {
    if (strcmp(implied[i].name, feature) == 0) {
      return implied[i].since;
    }
  }
  return 0;
}

static int32_t version_of(const json_t *protocol, const char *key) {
  return (int32_t)wi_delta_json_int(protocol, key, 0);
}

static weir_status set_version(json_t *protocol, const char *key, int32_t version,
                               weir_error *err) {
  return json_object_set_new(protocol, key, json_integer(version)) == 0
             ? WEIR_OK
             : wi_err_nomem(err, WI_ORIGIN);
}

/* Adds the name to the list of that key, which is made if it is absent. */
static weir_status list_feature(json_t *protocol, const char *key, const char *name,
                                weir_error *err) {
  json_t *list = json_object_get(protocol, key);
  if (!json_is_array(list)) {
    list = json_array();
    if (json_object_set_new(protocol, key, list) != 0) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *has = json_string_value(json_array_get(list, i));
    if (has != NULL && strcmp(has, name) == 0) {
      return WEIR_OK;
    }
  }
  return json_array_append_new(list, json_string(name)) == 0
             ? WEIR_OK
             : wi_err_nomem(err, WI_ORIGIN);
}

/* To a writer's list, with all that the version so far implied. */
static weir_status to_writer_list(json_t *protocol, weir_error *err) {
  int32_t had = version_of(protocol, "minWriterVersion");
  if (had >= WI_FEATURE_WRITER) {
    return WEIR_OK;
  }
  WI_TRY(set_version(protocol, "minWriterVersion", WI_FEATURE_WRITER, err));
  for (size_t i = 0; i < sizeof implied / sizeof implied[0]; i++) {
    if (implied[i].since <= had) {
      WI_TRY(list_feature(protocol, "writerFeatures", implied[i].name, err));
    }
  }
  return WEIR_OK;
}

static weir_status to_reader_list(json_t *protocol, weir_error *err) {
  int32_t had = version_of(protocol, "minReaderVersion");
  if (had >= WI_FEATURE_READER) {
    return WEIR_OK;
  }
  WI_TRY(set_version(protocol, "minReaderVersion", WI_FEATURE_READER, err));
  if (had == 2) { /* the one feature that readers knew by a version */
    WI_TRY(list_feature(protocol, "readerFeatures", "columnMapping", err));
    return list_feature(protocol, "writerFeatures", "columnMapping", err);
  }
  return WEIR_OK;
}

/* A feature of readers and writers that no older version implies. */
static weir_status need_reader_feature(json_t *protocol, const char *name,
                                       weir_error *err) {
  WI_TRY(to_writer_list(protocol, err));
  WI_TRY(to_reader_list(protocol, err));
  WI_TRY(list_feature(protocol, "readerFeatures", name, err));
  return list_feature(protocol, "writerFeatures", name, err);
}

/* A feature of writers that an older version implies. */
static weir_status need_writer_feature(json_t *protocol, const char *name,
                                       weir_error *err) {
  int32_t since = wi_meta_implied_since(name);
  int32_t had = version_of(protocol, "minWriterVersion");
  if (had < WI_FEATURE_WRITER) {
    return had >= since ? WEIR_OK : set_version(protocol, "minWriterVersion", since, err);
  }
  return list_feature(protocol, "writerFeatures", name, err);
}

static bool is_on(const json_t *properties, const char *key) {
  const json_t *value = json_object_get(properties, key);
  const char *text = json_string_value(value);
  return json_is_true(value) || (text != NULL && wi_ascii_same(text, "true"));
}

weir_status wi_meta_raise(const wi_meta *base, const json_t *schema,
                          const json_t *properties, json_t **out, weir_error *err) {
  weir_status status = WEIR_OK;
  *out = base != NULL
             ? json_deep_copy(base->protocol)
             : json_pack("{s:i,s:i}", "minReaderVersion", 1, "minWriterVersion", 2);
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (wi_delta_type_within(schema, "timestamp_ntz")) {
    WI_CHECK(need_reader_feature(*out, "timestampNtz", err));
  }
  if (is_on(properties, "delta.appendOnly")) {
    WI_CHECK(need_writer_feature(*out, "appendOnly", err));
  }
done:
  if (status != WEIR_OK) {
    json_decref(*out);
    *out = NULL;
  }
  return status;
}
