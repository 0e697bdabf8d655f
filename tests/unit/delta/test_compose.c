/* Composing commits: what is written is read back as it was meant. */
#include "unit/delta/meta.h"

#define SCHEMA(type) STRUCT(FIELD("d", type))

static char c_path0[] = "p q/00000%.parquet", c_path1[] = "run/00001.parquet";
static char c_values0[] = "{\n \"d\": \"x\\ny\" }", c_values1[] = "{\"d\":null}";
static char c_stats[] = "{\"numRecords\":10}";
static char c_live0[] = "old%20raw", c_live1[] = "foreign:odd";
static char c_dv[] =
    "{\"storageType\":\"u\",\"pathOrInlineDv\":\"ab\",\"offset\":1,"
    "\"sizeInBytes\":36,\"cardinality\":2}";

static wi_staged_file c_files[] = {{c_path0, 100, 10, c_values0, c_stats},
                                   {c_path1, 50, 5, c_values1, NULL}};
static const wi_staged c_adds = {c_files, 2, 2, 15, 150};
static wi_remove c_lives[] = {{c_live0, 70, c_values1, NULL}, {c_live1, 30, NULL, c_dv}};
static const wi_removes c_removes = {c_lives, 2, 2};
static const char *const c_partition[] = {"d"};
static const wi_br_pair c_configuration[] = {{"delta.appendOnly", "false"},
                                             {"weir.owner", "p/v"}};
static const wi_br_pair c_info[] = {{"note", "a\"b\nc"}, {"weir.run_id", "r1"}};

static wi_meta *table_of(const char *schema) {
  return meta_with(NULL,
                   (wi_meta_edit){.id = "uuid",
                                  .name = "v",
                                  .description = "text\nof two lines",
                                  .repartition = true,
                                  .partition_columns = c_partition,
                                  .n_partition_columns = 1,
                                  .set = c_configuration,
                                  .n_set = 2,
                                  .created_ms = 1700000000000},
                   schema, NULL);
}

static wi_commit_def full_def(const wi_meta *table) {
  return (wi_commit_def){.operation = "WRITE",
                         .mode = "Overwrite",
                         .engine_info = "weir/0.1.0",
                         .partition_by_json = "[\"d\"]",
                         .commit_id = "id-1",
                         .timestamp_ms = 1700000000123,
                         .read_version = 4,
                         .blind_append = false,
                         .info = c_info,
                         .n_info = 2,
                         .app_id = "weir/p/v",
                         .app_version = 5,
                         .meta = table,
                         .adds = &c_adds,
                         .removes = &c_removes,
                         .data_change = true};
}

static const json_t *action(const wi_commit *c, size_t i, const char *kind) {
  return json_object_get(json_array_get(c->actions, i), kind);
}

WT_TEST(everything_comes_back) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf out = WI_BUF_INIT;
  wi_commit c;
  wi_meta *table = table_of(SCHEMA("long"));
  wi_commit_def def = full_def(table);
  WT_OK(wi_commit_compose(&def, &out, &err));
  wi_meta_unref(&table);
  WT_OK(wi_commit_parse(5, out.p, out.n, &c, &err));
  size_t lines = 0;
  for (const char *p = out.p; *p != '\0'; p++) {
    lines += *p == '\n' ? 1 : 0;
  }
  WT_EQ_INT(lines, 8);
  WT_EQ_INT(json_array_size(c.actions), 8);
  WT_CHECK(out.p[out.n - 1] == '\n');
  static const char *const kinds[] = {"commitInfo", "protocol", "metaData", "txn",
                                      "remove",     "remove",   "add",      "add"};
  for (size_t i = 0; i < 8; i++) {
    WT_CHECK(json_is_object(action(&c, i, kinds[i])));
  }
  WT_EQ_INT(c.adds, 2);
  WT_EQ_INT(c.add_bytes, 150);
  WT_EQ_INT(c.removes, 2);
  WT_CHECK(c.data_change);
  WT_EQ_INT(c.timestamp_us, 1700000000123000);
  WT_EQ_INT(wi_commit_txn(&c, "weir/p/v"), 5);
  WT_EQ_STR(wi_commit_info_text(&c, "weir.commit_id"), "id-1");
  WT_EQ_STR(wi_commit_info_text(&c, "note"), "a\"b\nc");
  WT_EQ_STR(wi_commit_info_text(&c, "operation"), "WRITE");
  WT_EQ_INT(wi_delta_json_int(c.commit_info, "readVersion", -1), 4);
  const json_t *parameters = json_object_get(c.commit_info, "operationParameters");
  WT_EQ_STR(wi_delta_json_text(parameters, "partitionBy"), "[\"d\"]");
  const json_t *metrics = json_object_get(c.commit_info, "operationMetrics");
  WT_EQ_STR(wi_delta_json_text(metrics, "numFiles"), "2");
  WT_EQ_STR(wi_delta_json_text(metrics, "numOutputRows"), "15");
  WT_EQ_STR(wi_delta_json_text(metrics, "numRemovedBytes"), "100");
  WT_EQ_STR(wi_delta_json_text(c.metadata, "schemaString"), SCHEMA("long"));
  WT_EQ_STR(wi_delta_json_text(c.metadata, "description"), "text\nof two lines");
  WT_EQ_STR(
      wi_delta_json_text(json_object_get(c.metadata, "configuration"), "weir.owner"),
      "p/v");
  const json_t *add = action(&c, 6, "add"), *plain = action(&c, 7, "add");
  WT_EQ_STR(wi_delta_json_text(add, "path"), "p%20q/00000%25.parquet");
  WT_EQ_STR(wi_delta_json_text(json_object_get(add, "partitionValues"), "d"), "x\ny");
  WT_EQ_STR(wi_delta_json_text(add, "stats"), c_stats);
  WT_CHECK(json_is_null(json_object_get(json_object_get(plain, "partitionValues"), "d")));
  WT_CHECK(json_object_get(plain, "stats") == NULL);
  const json_t *r0 = action(&c, 4, "remove"), *r1 = action(&c, 5, "remove");
  WT_EQ_STR(wi_delta_json_text(r0, "path"), "old%20raw"); /* as it was read */
  WT_CHECK(json_is_true(json_object_get(r0, "extendedFileMetadata")));
  WT_EQ_INT(wi_delta_json_int(r0, "deletionTimestamp", 0), 1700000000123);
  WT_EQ_STR(wi_delta_json_text(r1, "path"), "foreign:odd");
  WT_CHECK(json_object_get(r1, "extendedFileMetadata") == NULL);
  WT_EQ_INT(wi_delta_json_int(json_object_get(r1, "deletionVector"), "cardinality", 0),
            2);
  wi_commit_release(&c);
  wi_buf_release(&out);
}

WT_TEST(a_commit_that_says_little) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf out = WI_BUF_INIT;
  wi_commit c;
  wi_commit_def def = {.operation = "WRITE",
                       .engine_info = "weir/0.1.0",
                       .commit_id = "id",
                       .timestamp_ms = 1,
                       .read_version = -1,
                       .app_id = "a"};
  WT_OK(wi_commit_compose(&def, &out, &err));
  WT_OK(wi_commit_parse(1, out.p, out.n, &c, &err));
  WT_EQ_INT(json_array_size(c.actions), 2);
  WT_CHECK(!c.data_change && json_object_get(c.commit_info, "readVersion") == NULL);
  wi_commit_release(&c);
  wi_buf_release(&out);
}

static const json_t *protocol_of(const char *schema, wi_commit *c) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf out = WI_BUF_INIT;
  wi_meta *table = table_of(schema);
  wi_commit_def def = full_def(table);
  if (wi_commit_compose(&def, &out, &err) != WEIR_OK ||
      wi_commit_parse(0, out.p, out.n, c, &err) != WEIR_OK) {
    abort();
  }
  wi_meta_unref(&table);
  wi_buf_release(&out);
  return c->protocol;
}

WT_TEST(the_protocol_is_the_least_that_the_schema_needs) {
  wi_commit c;
  const json_t *p = protocol_of(SCHEMA("timestamp"), &c);
  WT_EQ_INT(wi_delta_json_int(p, "minReaderVersion", 0), 1);
  WT_EQ_INT(wi_delta_json_int(p, "minWriterVersion", 0), 2);
  WT_CHECK(json_object_get(p, "readerFeatures") == NULL);
  wi_commit_release(&c);
  p = protocol_of(SCHEMA("timestamp_ntz"), &c);
  WT_EQ_INT(wi_delta_json_int(p, "minReaderVersion", 0), 3);
  WT_EQ_INT(wi_delta_json_int(p, "minWriterVersion", 0), 7);
  WT_EQ_INT(json_array_size(json_object_get(p, "readerFeatures")), 1);
  WT_EQ_INT(json_array_size(json_object_get(p, "writerFeatures")), 3);
  wi_commit_release(&c);
}

WT_TEST(properties_that_need_a_feature_are_refused) {
  static const wi_br_pair bad[] = {
      {"delta.enableChangeDataFeed", "true"}, {"delta.enableDeletionVectors", "true"},
      {"delta.ENABLEROWTRACKING", "true"},    {"delta.columnMapping.mode", "name"},
      {"delta.checkpointPolicy", "v2"},       {"delta.feature.x", "supported"},
      {"delta.constraints.c", "k > 0"},       {"delta.minWriterVersion", "7"}};
  struct ArrowSchema columns = columns_of(SCHEMA("long"));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_meta *made = NULL;
    wi_meta_edit edit = {.id = "uuid",
                         .how = WI_META_COLUMNS_REPLACE,
                         .columns = &columns,
                         .set = &bad[i],
                         .n_set = 1};
    WT_EQ_INT(wi_meta_apply(NULL, &edit, &made, &err), WEIR_E_NOT_YET);
    WT_CHECK(strstr(err.message, bad[i].key) != NULL);
    WT_CHECK(made == NULL);
    weir_error_release(&err);
  }
  columns.release(&columns);
}

WT_TEST(definitions_that_make_no_sense) {
  wi_buf out = WI_BUF_INIT;
  static const wi_br_pair reserved[] = {{"operation", "x"}},
                          ours[] = {{"weir.commit_id", "x"}};
  static const wi_br_pair unsorted[] = {{"b", "x"}, {"a", "y"}},
                          twice[] = {{"a", "x"}, {"a", "y"}};
  wi_commit_def def = full_def(NULL);
  def.info = reserved;
  def.n_info = 1;
  WT_EQ_INT(wi_commit_compose(&def, &out, NULL), WEIR_E_BAD_VALUE);
  def.info = ours;
  WT_EQ_INT(wi_commit_compose(&def, &out, NULL), WEIR_E_BAD_VALUE);
  def.info = unsorted;
  def.n_info = 2;
  WT_EQ_INT(wi_commit_compose(&def, &out, NULL), WEIR_E_BUG);
  def.info = twice;
  WT_EQ_INT(wi_commit_compose(&def, &out, NULL), WEIR_E_BUG);
  def = full_def(NULL);
  def.commit_id = "";
  WT_EQ_INT(wi_commit_compose(&def, &out, NULL), WEIR_E_BUG);
  def = full_def(NULL);
  static char not_json[] = "{\"d\":";
  wi_staged_file file = {c_path1, 1, 1, not_json, NULL};
  wi_staged one = {&file, 1, 1, 1, 1};
  def.adds = &one;
  WT_EQ_INT(wi_commit_compose(&def, &out, NULL), WEIR_E_BUG);
  WT_EQ_INT(out.n, 0);
  wi_buf_release(&out);
}
