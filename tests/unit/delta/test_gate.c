/* What weir reads, what it writes, and what it says when it does not. */
#include "unit/delta/crafted.h"

#define PLAIN                                                                        \
  "{\"type\":\"struct\",\"fields\":[{\"name\":\"k\",\"type\":\"long\",\"nullable\":" \
  "true,\"metadata\":{}}]}"

/* The actions as a snapshot gives them; schema and configuration are JSON. */
static weir_status make(wi_pin *pin, bool wrapped, const char *protocol,
                        const char *schema, const char *configuration, weir_error *err) {
  wi_buf p = WI_BUF_INIT, m = WI_BUF_INIT;
  *pin = (wi_pin){.version = 3, .uri = wi_strdup("file:///t")};
  wi_buf_fmt(&p, wrapped ? "{\"protocol\":%s}" : "%s", protocol);
  wi_buf_str(&m, wrapped ? "{\"metaData\":" : "");
  wi_buf_str(&m, "{\"id\":\"tid\",\"schemaString\":");
  wi_buf_json_text(&m, schema, strlen(schema));
  wi_buf_fmt(&m, ",\"partitionColumns\":[\"k\"],\"configuration\":%s}%s", configuration,
             wrapped ? "}" : "");
  weir_status status = wi_pin_fill(pin, p.p, m.p, err);
  wi_buf_release(&p);
  wi_buf_release(&m);
  return status;
}

static weir_status gate(bool write, const char *protocol, const char *schema,
                        const char *configuration, weir_error *err) {
  wi_pin pin;
  weir_status status = make(&pin, false, protocol, schema, configuration, err);
  if (status == WEIR_OK) {
    status = write ? wi_gate_write(&pin, err) : wi_gate_read(&pin, err);
  }
  wi_pin_release(&pin);
  return status;
}

WT_TEST(both_forms_of_the_actions_are_read) {
  char digest[2][WI_DIGEST_HEX];
  for (int wrapped = 0; wrapped < 2; wrapped++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_pin pin;
    WT_OK(
        make(&pin, wrapped == 1,
             "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
             "[\"v2Checkpoint\",\"columnMapping\"],\"writerFeatures\":[\"v2Checkpoint\","
             "\"columnMapping\",\"appendOnly\"]}",
             wrapped == 1 ? PLAIN : " " PLAIN " ", "{\"b\":\"2\",\"a\":\"1\"}", &err));
    WT_CHECK(pin.full);
    WT_EQ_INT(pin.min_reader, 3);
    WT_EQ_INT(pin.min_writer, 7);
    WT_EQ_STR(pin.reader_features, "columnMapping,v2Checkpoint");
    WT_EQ_STR(pin.writer_features, "appendOnly,columnMapping,v2Checkpoint");
    WT_EQ_STR(pin.table_id, "tid");
    WT_EQ_STR(wi_meta_partition_json(pin.meta), "[\"k\"]");
    WT_EQ_STR(wi_meta_properties_json(pin.meta), "{\"a\":\"1\",\"b\":\"2\"}");
    memcpy(digest[wrapped], pin.schema_digest, WI_DIGEST_HEX);
    wi_pin_release(&pin);
  }
  WT_EQ_STR(digest[0], digest[1]); /* blanks in the schema do not matter */
}

WT_TEST(actions_that_are_missing_or_damaged) {
  static const char *const bad[][2] = {
      {"", "{}"},
      {"{}", "{}"},
      {"null", "{}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":2}", ""},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":2}", "{}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":2}", "{\"schemaString\":\"{\"}"},
      {"{\"minReaderVersion\":99999999999}", "{}"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_pin pin = {.uri = wi_strdup("file:///t")};
    weir_status status = wi_pin_fill(&pin, bad[i][0], bad[i][1], &err);
    bool named = strstr(err.message, "file:///t") != NULL;
    wi_pin_release(&pin);
    weir_error_release(&err);
    WT_EQ_INT(status, WEIR_E_LOG_CORRUPT);
    WT_CHECK(named);
  }
}

WT_TEST(readable_protocols) {
  static const char *const good[] = {
      "{\"minReaderVersion\":1,\"minWriterVersion\":1}",
      "{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["
      "\"rowTracking\"]}",
      "{\"minReaderVersion\":2,\"minWriterVersion\":5}",
      "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[]}",
      "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["
      "\"columnMapping\","
      "\"deletionVectors\",\"timestampNtz\",\"v2Checkpoint\"],\"writerFeatures\":[\"x\"]"
      "}"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    WT_OK(gate(false, good[i], PLAIN, "{}", &err));
  }
}

WT_TEST(unreadable_features_are_named) {
  static const char *const features[] = {
      "variantType",    "variantType-preview", "variantShredding",
      "catalogManaged", "catalogOwned",        "vacuumProtocolCheck",
      "somethingNew",   "columnMapping2",      "deletionVector"};
  for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    char protocol[256], quoted[64];
    snprintf(protocol, sizeof protocol,
             "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
             "[\"deletionVectors\",\"%s\"],\"writerFeatures\":[\"%s\"]}",
             features[i], features[i]);
    snprintf(quoted, sizeof quoted, "'%s'", features[i]);
    WT_EQ_INT(gate(false, protocol, PLAIN, "{}", &err), WEIR_E_FEATURE_UNSUPPORTED);
    WT_CHECK(strstr(err.message, quoted) != NULL);
    WT_CHECK(strstr(err.message, "file:///t") != NULL);
    weir_error_release(&err);
  }
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(
      gate(false, "{\"minReaderVersion\":4,\"minWriterVersion\":7}", PLAIN, "{}", &err),
      WEIR_E_FEATURE_UNSUPPORTED);
  WT_CHECK(strstr(err.message, "reader version 4") != NULL);
  weir_error_release(&err);
}

WT_TEST(unreadable_types_are_refused_with_the_table) {
  weir_error err = WEIR_ERROR_INIT;
  WT_EQ_INT(
      gate(false, "{\"minReaderVersion\":1,\"minWriterVersion\":2}",
           "{\"type\":\"struct\",\"fields\":[{\"name\":\"v\",\"type\":\"variant\"}]}",
           "{}", &err),
      WEIR_E_FEATURE_UNSUPPORTED);
  WT_CHECK(strstr(err.message, "'v'") != NULL &&
           strstr(err.message, "file:///t") != NULL);
  weir_error_release(&err);
}

WT_TEST(mapped_columns_need_physical_names_where_mapping_counts) {
  const char *mapped = "{\"delta.columnMapping.mode\":\"name\"}";
  const char *with =
      "{\"type\":\"struct\",\"fields\":[{\"name\":\"k\",\"type\":\"long\",\"metadata\":{"
      "\"delta.columnMapping.physicalName\":\"c1\",\"delta.columnMapping.id\":1}}]}";
  const char *v2 = "{\"minReaderVersion\":2,\"minWriterVersion\":5}";
  const char *v1 = "{\"minReaderVersion\":1,\"minWriterVersion\":2}";
  weir_error err = WEIR_ERROR_INIT;
  WT_OK(gate(false, v2, with, mapped, &err));
  WT_EQ_INT(gate(false, v2, PLAIN, mapped, &err), WEIR_E_LOG_CORRUPT);
  weir_error_release(&err);
  WT_OK(gate(false, v2, PLAIN, "{\"delta.columnMapping.mode\":\"none\"}", &err));
  WT_OK(gate(false, v1, PLAIN, mapped, &err));
}

WT_TEST(writable_tables) {
  static const char *const good[][2] = {
      {"{\"minReaderVersion\":1,\"minWriterVersion\":1}", "{}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":2}",
       "{\"delta.appendOnly\":\"true\"}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":4}",
       "{\"delta.enableChangeDataFeed\":\"false\"}"},
      {"{\"minReaderVersion\":2,\"minWriterVersion\":6}", "{}"},
      {"{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["
       "\"timestampNtz\"],"
       "\"writerFeatures\":[\"timestampNtz\",\"appendOnly\",\"invariants\","
       "\"changeDataFeed\"]}",
       "{}"},
      /* A raised protocol lists what the older version implied; nothing uses it. */
      {"{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":["
       "\"timestampNtz\",\"columnMapping\"],\"writerFeatures\":[\"appendOnly\","
       "\"invariants\",\"checkConstraints\",\"changeDataFeed\",\"generatedColumns\","
       "\"columnMapping\",\"identityColumns\",\"timestampNtz\"]}",
       "{}"}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    WT_OK(gate(true, good[i][0], PLAIN, good[i][1], &err));
  }
}

WT_TEST(foreign_features_are_named) {
  static const char *const features[] = {
      "rowTracking",       "deletionVectors", "domainMetadata", "typeWidening",
      "inCommitTimestamp", "clustering",      "futureOne"};
  for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    char protocol[256], quoted[64];
    snprintf(protocol, sizeof protocol,
             "{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["
             "\"appendOnly\","
             "\"%s\"]}",
             features[i]);
    snprintf(quoted, sizeof quoted, "'%s'", features[i]);
    WT_EQ_INT(gate(true, protocol, PLAIN, "{}", &err), WEIR_E_FOREIGN_FEATURE);
    WT_CHECK(strstr(err.message, quoted) != NULL && err.hint[0] != '\0');
    weir_error_release(&err);
  }
}

WT_TEST(what_old_protocols_imply_counts_where_it_is_used) {
  static const char *const bad[][3] = {
      {"{\"minReaderVersion\":1,\"minWriterVersion\":4}", PLAIN,
       "{\"delta.enableChangeDataFeed\":\"true\"}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":3}", PLAIN,
       "{\"delta.constraints.positive\":\"k > 0\"}"},
      {"{\"minReaderVersion\":2,\"minWriterVersion\":5}", PLAIN,
       "{\"delta.columnMapping.mode\":\"id\"}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":2}",
       "{\"type\":\"struct\",\"fields\":[{\"name\":\"k\",\"type\":\"long\",\"metadata\":{"
       "\"delta.invariants\":\"x\"}}]}",
       "{}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":4}",
       "{\"type\":\"struct\",\"fields\":[{\"name\":\"s\",\"type\":{\"type\":\"struct\","
       "\"fields\":[{\"name\":\"k\",\"type\":\"long\",\"metadata\":{"
       "\"delta.generationExpression\":\"x\"}}]}}]}",
       "{}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":6}",
       "{\"type\":\"struct\",\"fields\":[{\"name\":\"k\",\"type\":\"long\",\"metadata\":{"
       "\"delta.identity.start\":1}}]}",
       "{}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["
       "\"checkConstraints\"]}",
       PLAIN, "{\"delta.constraints.positive\":\"k > 0\"}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":["
       "\"identityColumns\"]}",
       "{\"type\":\"struct\",\"fields\":[{\"name\":\"k\",\"type\":\"long\",\"metadata\":{"
       "\"delta.identity.start\":1}}]}",
       "{}"},
      {"{\"minReaderVersion\":1,\"minWriterVersion\":8}", PLAIN, "{}"},
      {"{\"minReaderVersion\":4,\"minWriterVersion\":7}", PLAIN, "{}"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    WT_EQ_INT(gate(true, bad[i][0], bad[i][1], bad[i][2], &err), WEIR_E_FOREIGN_FEATURE);
    weir_error_release(&err);
  }
}
