/* May weir read this table, and may it write it? What a table asks for is its protocol and, for
 * the older protocols that imply features, what its schema and properties use. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* What the engine's scan takes; all others of the reader's list are refused by name. */
static const char *const readable[] = {"columnMapping", "deletionVectors", "timestampNtz",
                                       "v2Checkpoint"};
/* What weir writes, or what asks nothing of a writer that only appends and replaces. */
static const char *const writable[] = {"appendOnly", "invariants", "changeDataFeed",
                                       "timestampNtz"};

enum { READER_MAX = 3, WRITER_MAX = 7, WRITER_FEATURES = 7 };

static bool is_in(const char *const *names, size_t n, wi_str one) {
  for (size_t i = 0; i < n; i++) {
    if (wi_str_eq(one, names[i])) {
      return true;
    }
  }
  return false;
}

#define WI_IS_IN(names, one) is_in(names, sizeof(names) / sizeof((names)[0]), (one))

/* The next of a comma-joined list; false: there is none. */
static bool next_feature(const char **at, wi_str *out) {
  if (*at == NULL || **at == '\0') {
    return false;
  }
  size_t n = strcspn(*at, ",");
  *out = (wi_str){*at, n};
  *at += n + ((*at)[n] == ',' ? 1 : 0);
  return true;
}

static bool has_feature(const char *list, const char *name) {
  wi_str one;
  while (next_feature(&list, &one)) {
    if (wi_str_eq(one, name)) {
      return true;
    }
  }
  return false;
}

/* ---- properties ---- */

/* The property's text; false without one. `out` holds 64 bytes, longer ones are cut. */
static bool property(const json_t *configuration, const char *key, char out[64]) {
  const char *text = wi_delta_json_text(configuration, key);
  snprintf(out, 64, "%s", text == NULL ? "" : text);
  return text != NULL;
}

static bool is_on(const json_t *configuration, const char *key) {
  char text[64];
  return property(configuration, key, text) && strcasecmp(text, "true") == 0;
}

static bool maps_columns(const json_t *configuration) {
  char text[64];
  return property(configuration, "delta.columnMapping.mode", text) &&
         strcasecmp(text, "none") != 0;
}

static weir_status load_configuration(const wi_pin *pin, json_t **out, weir_error *err) {
  wi_delta_json_note note;
  const char *text = pin->configuration == NULL ? "{}" : pin->configuration;
  weir_status status = wi_delta_json_load(text, strlen(text), out, &note);
  if (status == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (status != WEIR_OK) {
    return WI_ERR(err, WEIR_E_LOG_CORRUPT, "the properties of '%s' cannot be read: %s",
                  pin->uri, note.why);
  }
  return WEIR_OK;
}

/* ---- reading ---- */

static weir_status refuse_read(const wi_pin *pin, wi_str feature, weir_error *err) {
  weir_status status =
      WI_ERR(err, WEIR_E_FEATURE_UNSUPPORTED,
             "the table '%.600s' needs the reader feature '%.*s', which this "
             "version cannot read",
             pin->uri, feature.n > 100 ? 100 : (int)feature.n, feature.p);
  wi_err_hint(
      err, "drop the feature with the tool that added it, or read a copy of the table");
  return status;
}

weir_status wi_gate_protocol(const wi_pin *pin, weir_error *err) {
  if (pin->min_reader > READER_MAX) {
    weir_status status =
        WI_ERR(err, WEIR_E_FEATURE_UNSUPPORTED,
               "the table '%.600s' needs reader version %d; this version reads "
               "up to %d",
               pin->uri, (int)pin->min_reader, (int)READER_MAX);
    wi_err_hint(err,
                "read a copy of the table that an older writer made, or a newer weir");
    return status;
  }
  const char *at = pin->reader_features;
  wi_str feature;
  while (pin->min_reader == READER_MAX && next_feature(&at, &feature)) {
    if (!WI_IS_IN(readable, feature)) {
      return refuse_read(pin, feature, err);
    }
  }
  return WEIR_OK;
}

static weir_status check_physical_name(void *ctx, const char *path, const json_t *field,
                                       weir_error *err) {
  (void)ctx;
  const json_t *metadata = wi_delta_json_get(field, "metadata");
  if (wi_delta_json_text(metadata, "delta.columnMapping.physicalName") != NULL) {
    return WEIR_OK;
  }
  weir_status status =
      WI_ERR(err, WEIR_E_LOG_CORRUPT,
             "the table maps column names, but column '%.300s' has no physical "
             "name",
             path);
  wi_err_hint(err, "the metaData action is damaged; restore the table's log");
  return status;
}

/* Column mapping counts only where the protocol has it. */
static weir_status check_mapping(const wi_pin *pin, weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *configuration = NULL, *schema = NULL;
  bool has = pin->min_reader == 2 || has_feature(pin->reader_features, "columnMapping");
  WI_CHECK(load_configuration(pin, &configuration, err));
  if (has && maps_columns(configuration)) {
    WI_CHECK(wi_delta_schema_load(pin->schema_json, &schema, err));
    WI_CHECK(wi_delta_schema_walk(schema, check_physical_name, NULL, err));
  }
done:
  json_decref(configuration);
  json_decref(schema);
  return status;
}

static weir_status check_schema(const wi_pin *pin, weir_error *err) {
  struct ArrowSchema schema = {0};
  weir_status status = wi_delta_schema_arrow(pin->schema_json, &schema, err);
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  return status;
}

static weir_status not_full(const wi_pin *pin, weir_error *err) {
  return WI_ERR(err, WEIR_E_BUG,
                "the protocol of '%.600s' was asked for before it was read",
                pin->uri == NULL ? "" : pin->uri);
}

weir_status wi_gate_read(const wi_pin *pin, weir_error *err) {
  if (!pin->full) {
    return not_full(pin, err);
  }
  WI_TRY(wi_gate_protocol(pin, err));
  weir_status status = check_mapping(pin, err);
  if (status == WEIR_OK) {
    status = check_schema(pin, err);
  }
  if (status != WEIR_OK) {
    wi_err_context(err, "table '%.600s'", pin->uri);
  }
  return status;
}

/* ---- writing ---- */

static weir_status refuse_write(const wi_pin *pin, const char *what, wi_str name,
                                const char *next, weir_error *err) {
  weir_status status = WI_ERR(err, WEIR_E_FOREIGN_FEATURE,
                              "the table '%.600s' has %s '%.*s', which weir cannot write",
                              pin->uri, what, name.n > 100 ? 100 : (int)name.n, name.p);
  wi_err_hint(err, "%s", next);
  return status;
}

static const char drop_hint[] =
    "drop the feature with the tool that added it (ALTER TABLE ... DROP FEATURE), or "
    "remove the "
    "table, and weir makes it again";

static weir_status check_writer(const wi_pin *pin, weir_error *err) {
  char version[32];
  if (pin->min_writer > WRITER_MAX || pin->min_reader > READER_MAX) {
    snprintf(version, sizeof version, "%d/%d", (int)pin->min_reader,
             (int)pin->min_writer);
    return refuse_write(pin, "the protocol version", wi_str_of(version), drop_hint, err);
  }
  const char *at = pin->writer_features;
  wi_str feature;
  while (pin->min_writer == WRITER_FEATURES && next_feature(&at, &feature)) {
    if (!WI_IS_IN(writable, feature)) {
      return refuse_write(pin, "the writer feature", feature, drop_hint, err);
    }
  }
  return WEIR_OK;
}

static weir_status check_properties(const wi_pin *pin, json_t *configuration,
                                    weir_error *err) {
  if (is_on(configuration, "delta.enableChangeDataFeed")) {
    return refuse_write(pin, "the property", wi_str_of("delta.enableChangeDataFeed"),
                        "set it to false; this version of weir writes no change feed",
                        err);
  }
  if (maps_columns(configuration)) {
    return refuse_write(pin, "the property", wi_str_of("delta.columnMapping.mode"),
                        drop_hint, err);
  }
  const char *key;
  json_t *value;
  json_object_foreach(configuration, key, value) {
    if (wi_starts_with(key, "delta.constraints.")) {
      return refuse_write(pin, "the constraint",
                          wi_str_of(key + strlen("delta.constraints.")),
                          "drop the constraint, and put it into the view's header", err);
    }
  }
  return WEIR_OK;
}

/* What a writer would have to compute or check for a column. */
static weir_status check_column(void *ctx, const char *path, const json_t *field,
                                weir_error *err) {
  static const char *const keys[] = {"delta.invariants", "delta.generationExpression",
                                     "delta.identity.start"};
  const wi_pin *pin = ctx;
  const json_t *metadata = wi_delta_json_get(field, "metadata");
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    if (wi_delta_json_get(metadata, keys[i]) != NULL) {
      weir_status status =
          refuse_write(pin, "the column property", wi_str_of(keys[i]),
                       "take it off the column, or remove the table, and weir "
                       "makes it again",
                       err);
      wi_err_context(err, "column '%.200s'", path);
      return status;
    }
  }
  return WEIR_OK;
}

weir_status wi_gate_write(const wi_pin *pin, weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *configuration = NULL, *schema = NULL;
  wi_pin seen = *pin; /* the walk's context is not const */
  if (!pin->full) {
    return not_full(pin, err);
  }
  WI_CHECK(check_writer(pin, err));
  WI_CHECK(load_configuration(pin, &configuration, err));
  WI_CHECK(check_properties(pin, configuration, err));
  WI_CHECK(wi_delta_schema_load(pin->schema_json, &schema, err));
  WI_CHECK(wi_delta_schema_walk(schema, check_column, &seen, err));
done:
  json_decref(configuration);
  json_decref(schema);
  return status;
}
