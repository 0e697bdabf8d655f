/* May weir read this table, and may it write it? What a table asks for is its protocol and, for
 * the older protocols that imply features, what its schema and properties use. */
#include <stdio.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* What the engine's scan takes; all others of the reader's list are refused by name. */
static const char *const readable[] = {"columnMapping",        "deletionVectors",
                                       "timestampNtz",         "typeWidening",
                                       "typeWidening-preview", "v2Checkpoint"};
/* What weir writes, or what asks nothing of a writer that only appends and replaces. Those that
 * older versions imply may be listed, as a protocol that was raised does; where a table uses one,
 * its properties and columns say so, and it is refused for that. */
static const char *const writable[] = {
    "appendOnly",       "invariants",    "changeDataFeed",  "checkConstraints",
    "generatedColumns", "columnMapping", "identityColumns", "timestampNtz"};

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

static bool maps_columns(const wi_meta *meta) {
  const char *mode = wi_meta_property(meta, "delta.columnMapping.mode");
  return mode != NULL && !wi_ascii_same(mode, "none");
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
  bool has = pin->min_reader == 2 || has_feature(pin->reader_features, "columnMapping");
  if (!has || !maps_columns(pin->meta)) {
    return WEIR_OK;
  }
  return wi_delta_schema_walk(wi_meta_schema_tree(pin->meta), check_physical_name, NULL,
                              err);
}

static weir_status check_schema(const wi_pin *pin, weir_error *err) {
  struct ArrowSchema schema = {0};
  weir_status status = wi_meta_arrow(pin->meta, &schema, err);
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

static weir_status check_properties(const wi_pin *pin, weir_error *err) {
  static const char constraint[] = "delta.constraints.";
  const wi_br_pair *pairs = NULL;
  size_t n = wi_meta_properties(pin->meta, &pairs);
  if (wi_meta_is_on(pin->meta, "delta.enableChangeDataFeed")) {
    return refuse_write(pin, "the property", wi_str_of("delta.enableChangeDataFeed"),
                        "set it to false; this version of weir writes no change feed",
                        err);
  }
  if (maps_columns(pin->meta)) {
    return refuse_write(pin, "the property", wi_str_of("delta.columnMapping.mode"),
                        drop_hint, err);
  }
  for (size_t i = 0; i < n; i++) {
    if (wi_starts_with(pairs[i].key, constraint)) {
      return refuse_write(pin, "the constraint",
                          wi_str_of(pairs[i].key + strlen(constraint)),
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
  wi_pin seen = *pin; /* the walk's context is not const */
  if (!pin->full) {
    return not_full(pin, err);
  }
  WI_TRY(check_writer(pin, err));
  WI_TRY(check_properties(pin, err));
  return wi_delta_schema_walk(wi_meta_schema_tree(pin->meta), check_column, &seen, err);
}
