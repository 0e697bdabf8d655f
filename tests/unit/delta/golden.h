/* The golden tables and their descriptions. */
#ifndef TESTS_UNIT_DELTA_GOLDEN_H
#define TESTS_UNIT_DELTA_GOLDEN_H

#include "unit/delta/crafted.h"

typedef struct table {
  const char *name;
  const json_t *description; /* case.json */
  const json_t *state;       /* expected_state.json; NULL: none */
  wi_store *store;
} table;

typedef void (*check)(const table *t);

/* WEIR_GOLDEN, or beside the checkout. */
static inline const char *golden(void) {
  const char *said = getenv("WEIR_GOLDEN");
  return said != NULL && said[0] != '\0' ? said : WT_ROOT "/../shared/golden";
}

static inline json_t *load(const char *name, const char *file) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s/%s", golden(), name, file);
  return json_load_file(path, 0, NULL);
}

static inline void check_one(const char *name, const json_t *description,
                             const json_t *state, const char *folder, check fn) {
  weir_error err = WEIR_ERROR_INIT;
  char path[1024];
  wi_buf uri = WI_BUF_INIT;
  table t = {name, description, state, NULL};
  snprintf(path, sizeof path, "%s/%s/%s", golden(), name, folder);
  if (wi_uri_canonical(path, NULL, &uri, &err) != WEIR_OK ||
      wi_store_open(NULL, uri.p, NULL, 0, &t.store, &err) != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s: %s", name, err.message);
  } else {
    fn(&t);
  }
  wi_store_unref(&t.store);
  wi_buf_release(&uri);
  weir_error_release(&err);
}

static inline void check_case(const char *name, check fn) {
  json_t *description = load(name, "case.json"),
         *state = load(name, "expected_state.json");
  const char *key;
  json_t *one, *tables = json_object_get(description, "tables");
  if (description == NULL) {
    wt_fail(__FILE__, __LINE__, "%s has no case.json", name);
  } else if (tables != NULL) {
    json_object_foreach(tables, key, one) {
      check_one(name, one, NULL, json_string_value(json_object_get(one, "path")), fn);
    }
  } else {
    check_one(name, description, state, "table", fn);
  }
  json_decref(description);
  json_decref(state);
}

static inline void check_all(check fn) {
  char path[1024];
  snprintf(path, sizeof path, "%s/index.json", golden());
  json_t *index = json_load_file(path, 0, NULL);
  size_t n = json_array_size(index);
  if (n < 100) {
    wt_fail(__FILE__, __LINE__, "the golden tables are not at %s; set WEIR_GOLDEN",
            golden());
  }
  for (size_t i = 0; i < n; i++) {
    check_case(wi_delta_json_text(json_array_get(index, i), "name"), fn);
  }
  json_decref(index);
}

static inline bool kind_is(const table *t, const char *kind) {
  const char *said = wi_delta_json_text(t->description, "error_kind");
  return said != NULL && strcmp(said, kind) == 0;
}

static inline bool has_text(const table *t, const char *feature) {
  const json_t *features = json_object_get(t->description, "features");
  for (size_t i = 0; i < json_array_size(features); i++) {
    if (strcmp(json_string_value(json_array_get(features, i)), feature) == 0) {
      return true;
    }
  }
  return false;
}

static inline bool has_feature(const table *t, const char *prefix, const char *const *but,
                               size_t n) {
  const json_t *features = json_object_get(t->description, "features");
  for (size_t i = 0; i < json_array_size(features); i++) {
    const char *one = json_string_value(json_array_get(features, i));
    bool excepted = !wi_starts_with(one, prefix);
    for (size_t k = 0; k < n && !excepted; k++) {
      excepted = strcmp(one + strlen(prefix), but[k]) == 0;
    }
    if (!excepted) {
      return true;
    }
  }
  return false;
}

static inline weir_status expected_gate(const table *t) {
  static const char *const readable[] = {"columnMapping",        "deletionVectors",
                                         "timestampNtz",         "typeWidening",
                                         "typeWidening-preview", "v2Checkpoint"};
  static const char *const types[] = {"string",  "long",  "integer",   "short",
                                      "byte",    "float", "double",    "boolean",
                                      "binary",  "date",  "timestamp", "timestamp_ntz",
                                      "decimal", "array", "map",       "struct"};
  if (kind_is(t, "bad_schema") || kind_is(t, "bad_column_mapping") ||
      kind_is(t, "corrupt_log_no_metadata") || kind_is(t, "corrupt_log_no_protocol") ||
      kind_is(t, "corrupt_log_no_metadata_or_protocol")) {
    return WEIR_E_LOG_CORRUPT;
  }
  if (kind_is(t, "unsupported_reader_version") ||
      has_feature(t, "reader:", readable, sizeof readable / sizeof readable[0]) ||
      has_feature(t, "type:", types, sizeof types / sizeof types[0])) {
    return WEIR_E_FEATURE_UNSUPPORTED;
  }
  return WEIR_OK;
}

#endif
