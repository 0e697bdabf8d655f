/* metaData and protocol: read, changed as an edit of what is there, compared. */
#include "unit/delta/meta.h"

#define NOTED                       \
  FIELD_OF("k", "\"long\"", "true", \
           "{\"comment\":\"the key\",\"team.rate\":0.1,\"delta.x\":null}")

static const char rich[] =
    ",\"name\":\"n\",\"description\":\"d\",\"format\":{\"provider\":\"parquet\","
    "\"options\":{\"a\":\"b\"}},\"partitionColumns\":[\"p\"],\"configuration\":"
    "{\"team\":\"x\",\"delta.appendOnly\":\"FALSE\",\"bare\":7,\"on\":true,"
    "\"none\":null},\"createdTime\":1700000000123,\"unknown\":{\"z\":[1,2.5,null],"
    "\"a\":\"\\u0000\"}";

WT_TEST(what_is_read) {
  const char *const *names;
  const wi_br_pair *pairs;
  wi_meta *m = meta_of(
      "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,"
      "\"readerFeatures\":[\"timestampNtz\",\"columnMapping\"],"
      "\"writerFeatures\":[\"timestampNtz\"]}}",
      STRUCT(NOTED "," FIELD("p", "string")), rich);
  WT_EQ_STR(wi_meta_id(m), "tid");
  WT_EQ_STR(wi_meta_name(m), "n");
  WT_EQ_STR(wi_meta_description(m), "d");
  WT_CHECK(wi_meta_created_ms(m) == 1700000000123);
  WT_EQ_INT(wi_meta_partition_columns(m, &names), 1);
  WT_EQ_STR(names[0], "p");
  WT_EQ_INT(wi_meta_properties(m, &pairs), 4);
  WT_EQ_STR(pairs[0].key, "bare");
  WT_EQ_STR(pairs[0].value, "7");
  WT_EQ_STR(wi_meta_property(m, "on"), "true");
  WT_CHECK(wi_meta_is_on(m, "on"));
  WT_CHECK(!wi_meta_is_on(m, "delta.appendOnly"));
  WT_CHECK(wi_meta_property(m, "delta.appendonly") == NULL);
  WT_CHECK(wi_meta_property(m, "none") == NULL);
  WT_EQ_INT(wi_meta_reader_features(m, &names), 2);
  WT_EQ_STR(names[0], "columnMapping");
  WT_CHECK(wi_meta_has_feature(m, "timestampNtz"));
  WT_CHECK(!wi_meta_has_feature(m, "appendOnly"));
  WT_CHECK(wi_meta_has_type(m, "string"));
  WT_CHECK(!wi_meta_has_type(m, "p"));
  wi_meta *again = wi_meta_ref(m);
  wi_meta_unref(&m);
  WT_CHECK(m == NULL);
  WT_EQ_STR(wi_meta_id(again), "tid");
  wi_meta_unref(&again);
}

WT_TEST(damage_is_named) {
  static const char *const bad[][2] = {
      {PROTOCOL(1, 2),
       "{\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[]}"
       "\",\"partitionColumns\":\"k\"}"},
      {PROTOCOL(1, 2),
       "{\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[]}"
       "\",\"configuration\":[]}"},
      {PROTOCOL(1, 2),
       "{\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[]}"
       "\",\"configuration\":{\"a\":{}}}"},
      {"{\"minReaderVersion\":3,\"minWriterVersion\":7,\"writerFeatures\":[1]}",
       "{\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[]}\"}"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    wi_meta *m = NULL;
    weir_error err = WEIR_ERROR_INIT;
    WT_EQ_INT(wi_meta_parse(bad[i][0], bad[i][1], &m, &err), WEIR_E_LOG_CORRUPT);
    WT_CHECK(m == NULL);
    weir_error_release(&err);
  }
}

/* ---- edits ---- */

static const char *member(const wi_commit *c, const char *key) {
  return wi_delta_json_text(c->metadata, key);
}

WT_TEST(a_new_table) {
  static const char *const parts[] = {"k"};
  static const wi_br_pair set[] = {{"b", "2"}, {"a", "1"}};
  wi_meta_edit e = {.id = "new",
                    .created_ms = 5,
                    .name = "n",
                    .repartition = true,
                    .partition_columns = parts,
                    .n_partition_columns = 1,
                    .set = set,
                    .n_set = 2};
  wi_meta *m = meta_with(NULL, e, STRUCT(FIELD("k", "long")), NULL);
  wi_commit c = meta_lines(NULL, m);
  WT_EQ_INT(json_array_size(c.actions), 2);
  WT_EQ_INT(wi_delta_json_int(c.protocol, "minReaderVersion", 0), 1);
  WT_EQ_INT(wi_delta_json_int(c.protocol, "minWriterVersion", 0), 2);
  WT_EQ_INT(json_object_size(c.protocol), 2);
  WT_EQ_STR(member(&c, "id"), "new");
  WT_EQ_STR(member(&c, "schemaString"), STRUCT(FIELD("k", "long")));
  WT_CHECK(json_object_get(c.metadata, "description") == NULL);
  wi_commit_release(&c);
  wi_meta_unref(&m);
  e.partition_columns = (const char *const[]){"K"};
  weir_status status;
  m = meta_with(NULL, e, STRUCT(FIELD("k", "long")), &status);
  WT_EQ_INT(status, WEIR_E_UNKNOWN_COLUMN);
}

WT_TEST(nothing_changed_is_the_base) {
  static const wi_br_pair set[] = {{"team", "x"}};
  wi_meta *base = meta_of(PROTOCOL(1, 2), STRUCT(NOTED "," FIELD("p", "string")), rich);
  wi_meta_edit e = {.id = "other", .created_ms = 9, .name = "n", .set = set, .n_set = 1};
  wi_meta *m =
      meta_with(base, e, STRUCT(FIELD("k", "long") "," FIELD("p", "string")), NULL);
  WT_CHECK(m == base);
  wi_commit c = meta_lines(base, m);
  WT_EQ_INT(json_array_size(c.actions), 0);
  wi_commit_release(&c);
  wi_meta_unref(&m);
  wi_meta_unref(&base);
}

/* Fault 4: what the writer does not name is as it was found. */
WT_TEST(what_others_wrote_stays) {
  static const wi_br_pair set[] = {{"mine", "1"}};
  wi_meta *base = meta_of(PROTOCOL(1, 2), STRUCT(NOTED "," FIELD("p", "string")), rich);
  wi_meta_edit e = {.set = set, .n_set = 1};
  wi_meta *m = meta_with(
      base, e, STRUCT(FIELD("p", "string") "," FIELD("k", "long") "," FIELD("v", "date")),
      NULL);
  WT_EQ_INT(wi_meta_diff(base, m), WI_META_COLUMNS_GREW | WI_META_PROPERTIES);
  wi_commit c = meta_lines(base, m);
  WT_EQ_INT(json_array_size(c.actions), 1); /* the protocol is the same */
  WT_EQ_STR(member(&c, "schemaString"),
            STRUCT(FIELD("p", "string") "," NOTED "," FIELD("v", "date")));
  WT_EQ_STR(member(&c, "name"), "n");
  WT_EQ_STR(member(&c, "description"), "d");
  wi_buf text = WI_BUF_INIT;
  WT_CHECK(wi_meta_write(base, m, &text, NULL) == WEIR_OK);
  WT_CHECK(strstr(text.p,
                  "\"createdTime\":1700000000123,\"unknown\":{\"z\":[1,2.5,null],"
                  "\"a\":\"\\u0000\"}}}\n") != NULL);
  WT_CHECK(strstr(text.p,
                  "\"configuration\":{\"team\":\"x\",\"delta.appendOnly\":\"FALSE\","
                  "\"bare\":7,\"on\":true,\"none\":null,\"mine\":\"1\"}") != NULL);
  wi_buf_release(&text);
  wi_commit_release(&c);
  wi_meta_unref(&m);
  wi_meta_unref(&base);
}

#define NESTED(note, more)                                                              \
  STRUCT(FIELD_OF(                                                                      \
      "s",                                                                              \
      "{\"type\":\"struct\",\"fields\":[" FIELD_OF("a", "\"decimal(10,2)\"", "true",    \
                                                   note) more "]}",                     \
      "true",                                                                           \
      note) "," FIELD_OF("l",                                                           \
                         "{\"type\":\"array\",\"elementType\":{\"type\":\"struct\","    \
                         "\"fields\":[" FIELD_OF("e", "\"long\"", "true",               \
                                                 note) "]},\"containsNull\":true}",     \
                         "true",                                                        \
                         note) "," FIELD_OF("m",                                        \
                                            "{\"type\":\"map\",\"keyType\":\"string\"," \
                                            "\"valueType\":{\"type\":"                  \
                                            "\"struct\",\"fields\":[" FIELD_OF(         \
                                                "v", "\"long\"", "true",                \
                                                note) "]},"                             \
                                                      "\"valueContainsNull\":true}",    \
                                            "true", note))

WT_TEST(notes_of_nested_fields_stay) {
  wi_meta *base = meta_of(PROTOCOL(1, 2), NESTED("{\"comment\":\"c\"}", ""), "");
  wi_meta *m = meta_with(base, (wi_meta_edit){0},
                         NESTED("{}", "," FIELD("b", "decimal(4,0)")), NULL);
  WT_EQ_STR(wi_meta_schema(m),
            NESTED("{\"comment\":\"c\"}", "," FIELD("b", "decimal(4,0)")));
  WT_EQ_INT(wi_meta_diff(base, m), WI_META_COLUMNS_GREW);
  WT_EQ_INT(wi_meta_diff(m, base), WI_META_COLUMNS_BROKE);
  wi_meta_unref(&m);
  wi_meta_unref(&base);
}

WT_TEST(columns_that_go_and_change) {
  wi_meta *base = meta_of(
      PROTOCOL(1, 2),
      STRUCT(FIELD_OF("Key", "\"long\"", "true", "{\"comment\":\"c\"}") "," FIELD_OF(
          "t", "\"string\"", "true",
          "{\"comment\":\"c\",\"__CHAR_VARCHAR_TYPE_STRING\":\"char(3)"
          "\"}") "," FIELD("gone", "date") "," FIELD_OF("d", "\"decimal( 10 , 2 )\"",
                                                        "true", "{}")),
      "");
  wi_meta *m = meta_with(base, (wi_meta_edit){0},
                         STRUCT(FIELD_OF("key", "\"long\"", "false", "{}") "," FIELD(
                             "t", "long") "," FIELD("d", "decimal(10,2)")),
                         NULL);
  WT_EQ_STR(
      wi_meta_schema(m),
      STRUCT(FIELD_OF("key", "\"long\"", "false", "{\"comment\":\"c\"}") "," FIELD_OF(
          "t", "\"long\"", "true",
          "{\"comment\":\"c\"}") "," FIELD_OF("d", "\"decimal( 10 , 2 )\"", "true",
                                              "{}")));
  wi_meta_unref(&m);
  wi_meta_unref(&base);
}

WT_TEST(columns_are_added) {
  static const struct {
    const char *schema;
    weir_status status;
    const char *result;
  } cases[] = {
      {STRUCT(FIELD("v", "date") "," FIELD("k", "long")), WEIR_OK,
       STRUCT(NOTED "," FIELD("v", "date"))},
      {STRUCT(FIELD("V", "date") "," FIELD("K", "long")), WEIR_OK,
       STRUCT(NOTED "," FIELD("V", "date"))},
      {STRUCT(FIELD("k", "string")), WEIR_E_SCHEMA_CHANGED, NULL},
      {STRUCT(FIELD_OF("v", "\"date\"", "false", "{}")), WEIR_E_SCHEMA_CHANGED, NULL}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    weir_status status;
    wi_meta *base = meta_of(PROTOCOL(1, 2), STRUCT(NOTED), "");
    wi_meta *m = meta_with(base, (wi_meta_edit){.how = WI_META_COLUMNS_ADD},
                           cases[i].schema, &status);
    WT_EQ_INT(status, cases[i].status);
    if (m != NULL) {
      WT_EQ_STR(wi_meta_schema(m), cases[i].result);
    }
    wi_meta_unref(&m);
    wi_meta_unref(&base);
  }
}

/* ---- protocols ---- */

WT_TEST(a_protocol_only_rises) {
  static const struct {
    const char *before, *schema, *property, *after;
  } cases[] = {
      {"{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
       "[\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\",\"changeDataFeed\"]"
       "}",
       STRUCT(FIELD("timestamp_ntz", "long")), "true",
       "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
       "[\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\",\"changeDataFeed\","
       "\"appendOnly\"]}"},
      {"{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
       "[\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\"],\"more\":1}",
       STRUCT(FIELD("t", "timestamp_ntz")), "false",
       "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":"
       "[\"deletionVectors\",\"timestampNtz\"],\"writerFeatures\":[\"deletionVectors\","
       "\"timestampNtz\"],\"more\":1}"},
      {PROTOCOL(1, 2), STRUCT(FIELD("timestamp_ntz", "string")), "true", PROTOCOL(1, 2)},
      {PROTOCOL(1, 1), STRUCT(FIELD("k", "string")), "TRUE", PROTOCOL(1, 2)},
      {PROTOCOL(1, 1), STRUCT(FIELD("k", "string")), "no", PROTOCOL(1, 1)},
      {PROTOCOL(1, 1), STRUCT(FIELD("t", "timestamp_ntz")), "no",
       "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"writerFeatures\":"
       "[\"timestampNtz\"],\"readerFeatures\":[\"timestampNtz\"]}"},
      {PROTOCOL(1, 2), STRUCT(FIELD("t", "timestamp_ntz")), "no",
       "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"writerFeatures\":"
       "[\"appendOnly\",\"invariants\",\"timestampNtz\"],\"readerFeatures\":"
       "[\"timestampNtz\"]}"},
      {PROTOCOL(1, 4), STRUCT(FIELD("t", "timestamp_ntz")), "no",
       "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"writerFeatures\":"
       "[\"appendOnly\",\"invariants\",\"checkConstraints\",\"changeDataFeed\","
       "\"generatedColumns\",\"timestampNtz\"],\"readerFeatures\":[\"timestampNtz\"]}"},
      {PROTOCOL(2, 6), STRUCT(FIELD("t", "timestamp_ntz")), "no",
       "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"writerFeatures\":"
       "[\"appendOnly\",\"invariants\",\"checkConstraints\",\"changeDataFeed\","
       "\"generatedColumns\",\"columnMapping\",\"identityColumns\",\"timestampNtz\"],"
       "\"readerFeatures\":[\"columnMapping\",\"timestampNtz\"]}"},
      {"{\"minReaderVersion\":2,\"minWriterVersion\":7,\"writerFeatures\":"
       "[\"columnMapping\"]}",
       STRUCT(FIELD("t", "timestamp_ntz")), "no",
       "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"writerFeatures\":"
       "[\"columnMapping\",\"timestampNtz\"],\"readerFeatures\":[\"columnMapping\","
       "\"timestampNtz\"]}"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const wi_br_pair set[] = {{"delta.appendOnly", cases[i].property}};
    wi_meta *base = meta_of(cases[i].before, STRUCT(FIELD("was", "long")), "");
    wi_meta *m =
        meta_with(base, (wi_meta_edit){.set = set, .n_set = 1}, cases[i].schema, NULL);
    wi_commit c = meta_lines(NULL, m);
    json_t *want = json_loads(cases[i].after, 0, NULL);
    char *got = json_dumps(c.protocol, JSON_COMPACT);
    bool same = json_equal(want, c.protocol);
    if (!same) {
      wt_fail(__FILE__, __LINE__, "case %zu: %s", i, got);
    }
    free(got);
    json_decref(want);
    wi_commit_release(&c);
    wi_meta_unref(&m);
    wi_meta_unref(&base);
  }
}

/* ---- properties ---- */

static const char *ours_after(wi_meta **at, const wi_br_pair *set, size_t n,
                              const char *description) {
  wi_meta *next = meta_with(
      *at,
      (wi_meta_edit){.set = set, .n_set = n, .managed = true, .description = description},
      NULL, NULL);
  wi_meta_unref(at);
  *at = next;
  return wi_meta_properties_json(next);
}

WT_TEST(what_a_header_no_longer_says_goes) {
  static const wi_br_pair first[] = {
      {"weir.owner", "o"}, {"delta.appendOnly", "true"}, {"mine", "1"}};
  wi_meta *m =
      meta_of(PROTOCOL(1, 2), STRUCT(FIELD("k", "long")),
              ",\"configuration\":{\"foreign\":\"f\"},\"description\":\"theirs\"");
  WT_EQ_STR(
      ours_after(&m, first, 3, NULL),
      "{\"delta.appendOnly\":\"true\",\"foreign\":\"f\",\"mine\":\"1\",\"weir.header\":"
      "\"{\\\"properties\\\":[\\\"delta.appendOnly\\\",\\\"mine\\\"]}\","
      "\"weir.owner\":\"o\"}");
  WT_EQ_STR(wi_meta_description(m), "theirs");
  WT_EQ_STR(ours_after(&m, first, 1, "ours"),
            "{\"foreign\":\"f\",\"weir.header\":\"{\\\"description\\\":true,"
            "\\\"properties\\\":[]}\",\"weir.owner\":\"o\"}");
  WT_EQ_STR(wi_meta_description(m), "ours");
  WT_EQ_STR(ours_after(&m, first, 1, NULL), "{\"foreign\":\"f\",\"weir.owner\":\"o\"}");
  WT_CHECK(wi_meta_description(m) == NULL);
  wi_meta_unref(&m);
}

WT_TEST(properties_that_need_more_are_refused) {
  static const wi_br_pair bad[] = {{"delta.enablechangedatafeed", "TRUE"},
                                   {"delta.feature.x", "supported"},
                                   {"DELTA.columnmapping.mode", "name"}};
  static const wi_br_pair good[] = {{"delta.enableChangeDataFeed", "False"},
                                    {"delta.columnMapping.mode", "NONE"}};
  wi_meta *base = meta_of(PROTOCOL(1, 2), STRUCT(FIELD("k", "long")), "");
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_status status;
    (void)meta_with(base, (wi_meta_edit){.set = &bad[i], .n_set = 1}, NULL, &status);
    WT_EQ_INT(status, WEIR_E_NOT_YET);
  }
  wi_meta *m = meta_with(base, (wi_meta_edit){.set = good, .n_set = 2}, NULL, NULL);
  WT_CHECK(m != NULL);
  wi_meta_unref(&m);
  wi_meta_unref(&base);
}

WT_TEST(numbers_that_would_not_come_back_are_refused) {
  static const wi_br_pair set[] = {{"a", "1"}};
  weir_status status;
  wi_meta *base = meta_of(PROTOCOL(1, 2), STRUCT(FIELD("k", "long")),
                          ",\"big\":123456789012345678901");
  wi_meta *m = meta_with(base, (wi_meta_edit){.set = set, .n_set = 1}, NULL, &status);
  WT_EQ_INT(status, WEIR_E_FOREIGN_FEATURE);
  m = meta_with(base, (wi_meta_edit){0}, NULL, &status);
  WT_CHECK(m == base); /* it stays as it is */
  wi_meta_unref(&m);
  wi_meta_unref(&base);
}

/* ---- comparing ---- */

WT_TEST(what_is_different) {
  static const char protocol[] = PROTOCOL(1, 2);
  static const char plain[] = STRUCT(NOTED "," FIELD("p", "string"));
  static const struct {
    const char *protocol, *schema, *more;
    unsigned flags;
  } cases[] = {
      {protocol, " " STRUCT(NOTED "," FIELD("p", "string")) " ", "", 0},
      {protocol, plain, ",\"name\":null", 0},
      {protocol, plain, ",\"name\":\"x\"", WI_META_TEXTS},
      {protocol, plain, ",\"partitionColumns\":[\"p\"]", WI_META_PARTITIONING},
      {protocol, plain, ",\"configuration\":{\"a\":\"b\"}", WI_META_PROPERTIES},
      {PROTOCOL(1, 3), plain, "", WI_META_PROTOCOL},
      {protocol, STRUCT(FIELD("p", "string") "," NOTED), "", WI_META_COLUMNS_GREW},
      {protocol, STRUCT(NOTED "," FIELD("p", "string") "," FIELD("q", "date")), "",
       WI_META_COLUMNS_GREW},
      {protocol, STRUCT(NOTED), "", WI_META_COLUMNS_BROKE},
      {protocol, STRUCT(NOTED "," FIELD("p", "binary")), "", WI_META_COLUMNS_BROKE},
      {protocol, STRUCT(NOTED "," FIELD_OF("p", "\"string\"", "false", "{}")), "",
       WI_META_COLUMNS_BROKE},
      {protocol,
       STRUCT(NOTED
              "," FIELD("p", "string") "," FIELD_OF("q", "\"date\"", "false", "{}")),
       "", WI_META_COLUMNS_BROKE},
      {protocol,
       STRUCT(NOTED "," FIELD_OF("p", "\"string\"", "true", "{\"comment\":\"c\"}")), "",
       WI_META_FIELD_NOTES},
      {protocol,
       STRUCT(NOTED "," FIELD_OF("p", "\"string\"", "true",
                                 "{\"delta.generationExpression\":\"1\"}")),
       "", WI_META_COLUMNS_BROKE}};
  wi_meta *base = meta_of(protocol, plain, "");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    wi_meta *m = meta_of(cases[i].protocol, cases[i].schema, cases[i].more);
    WT_EQ_INT(wi_meta_diff(base, m), cases[i].flags);
    WT_CHECK(wi_meta_same(base, m) == (cases[i].flags == 0));
    wi_meta_unref(&m);
  }
  WT_EQ_INT(wi_meta_diff(base, NULL), WI_META_ALL);
  WT_EQ_INT(wi_meta_diff(NULL, NULL), 0);
  wi_meta_unref(&base);
}

/* ---- out of memory (fault 20) ---- */

static long left = -1; /* allocations of the JSON library until one fails */

static void *limited(size_t n) {
  if (left == 0) {
    return NULL;
  }
  left -= left > 0 ? 1 : 0;
  return malloc(n);
}

WT_TEST(no_memory_never_looks_like_damage) {
  static const wi_br_pair set[] = {{"mine", "1"}};
  wi_meta *base = meta_of(PROTOCOL(1, 4), STRUCT(NOTED "," FIELD("p", "string")), rich);
  struct ArrowSchema columns =
      columns_of(STRUCT(FIELD("t", "timestamp_ntz") "," FIELD("p", "string")));
  wi_commit c = meta_lines(NULL, base);
  char *p = json_dumps(c.protocol, 0), *m = json_dumps(c.metadata, 0);
  wi_commit_release(&c);
  json_set_alloc_funcs(limited, free);
  bool done = false;
  for (long n = 0; n < 5000 && !done; n++) {
    wi_meta *read = NULL, *made = NULL;
    wi_meta_edit e = {
        .how = WI_META_COLUMNS_REPLACE, .columns = &columns, .set = set, .n_set = 1};
    left = n;
    weir_status status = wi_meta_parse(p, m, &read, NULL);
    status = status == WEIR_OK ? wi_meta_apply(read, &e, &made, NULL) : status;
    done = left > 0;
    left = -1;
    if (status != (made == NULL ? WEIR_E_NO_MEMORY : WEIR_OK)) {
      wt_fail(__FILE__, __LINE__, "allocation %ld gave %d", n, (int)status);
      done = true;
    }
    wi_meta_unref(&made);
    wi_meta_unref(&read);
  }
  left = -1;
  json_set_alloc_funcs(malloc, free);
  free(p);
  free(m);
  columns.release(&columns);
  wi_meta_unref(&base);
  WT_CHECK(done);
}

WT_TEST(no_memory_in_a_commit) {
  static const char line[] = "{\"commitInfo\":{\"a\":[1,2.5,\"x\",true,null]}}\n";
  json_set_alloc_funcs(limited, free);
  bool done = false;
  for (long n = 0; n < 500 && !done; n++) {
    wi_commit c = {0};
    left = n;
    weir_status status = wi_commit_parse(0, line, sizeof line - 1, &c, NULL);
    done = left > 0;
    left = -1;
    if (status != WEIR_OK && status != WEIR_E_NO_MEMORY) {
      wt_fail(__FILE__, __LINE__, "allocation %ld gave %d", n, (int)status);
      done = true;
    }
    wi_commit_release(&c);
  }
  json_set_alloc_funcs(malloc, free);
  WT_CHECK(done);
}
