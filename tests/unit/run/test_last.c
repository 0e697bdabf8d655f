/* A view's last result, read from logs made by hand. */
#include "run/run.h"

#include "unit/delta/crafted.h"

#define OWN(key)                                                                       \
  "{\"commitInfo\":{\"timestamp\":1700000000000,\"operation\":\"WRITE\","              \
  "\"weir.project\":\"shop\",\"weir.view\":\"daily\",\"weir.result_key\":\"" key       \
  "\","                                                                                \
  "\"weir.plan_digest\":\"p\",\"weir.planning_key\":\"k\",\"weir.params\":\"{}\","     \
  "\"weir.inputs\":\"[{\\\"name\\\":\\\"orders\\\",\\\"kind\\\":\\\"view\\\","         \
  "\\\"identity\\\":"                                                                  \
  "\\\"i\\\",\\\"version\\\":3}]\"}}\n"                                                \
  "{\"add\":{\"path\":\"a\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1," \
  "\"dataChange\":true}}\n"
#define OTHER(project_name, view_name)                                                 \
  "{\"commitInfo\":{\"timestamp\":1,\"weir.project\":\"" project_name                  \
  "\",\"weir.view\":\"" view_name                                                      \
  "\",\"weir.result_key\":\"x\"}}\n"                                                   \
  "{\"add\":{\"path\":\"b\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1," \
  "\"dataChange\":true}}\n"
static const char foreign[] =
    "{\"commitInfo\":{\"timestamp\":1700000001000,\"operation\":\"WRITE\"}}\n"
    "{\"add\":{\"path\":\"c\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"
    "\"dataChange\":true}}\n";
static const char maintenance[] =
    "{\"commitInfo\":{\"timestamp\":1700000002000,\"operation\":\"OPTIMIZE\"}}\n"
    "{\"add\":{\"path\":\"d\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"
    "\"dataChange\":false}}\n";

static weir_status read_log(const char *name, const char *const *commits, size_t n,
                            int64_t first, wi_last *out, weir_error *err) {
  wi_store *store = crafted_store(name);
  for (size_t i = 0; i < n; i++) {
    crafted_commit(store, first + (int64_t)i, commits[i]);
  }
  weir_status status = wi_last_read(NULL, "shop", "daily", store, out, err);
  wi_store_unref(&store);
  return status;
}

WT_TEST(no_table_is_no_error) {
  weir_error err = WEIR_ERROR_INIT;
  wi_last last;
  WT_OK(read_log("none", NULL, 0, 0, &last, &err));
  WT_CHECK(!last.table && !last.found && !last.rows.any);
  WT_EQ_INT(last.latest, -1);
  WT_EQ_INT(last.version, -1);
  wi_last_release(&last);
}

WT_TEST(the_own_newest_commit_is_the_last_result) {
  static const char *const log[] = {OWN("first"), OWN("second")};
  weir_error err = WEIR_ERROR_INIT;
  wi_last last;
  char digest[WI_DIGEST_HEX];
  WT_OK(read_log("own", log, 2, 0, &last, &err));
  WT_CHECK(last.table && last.found && !last.rows.any);
  WT_EQ_INT(last.latest, 1);
  WT_EQ_INT(last.version, 1);
  WT_EQ_STR(last.stamp.text[WI_STAMP_RESULT_KEY], "second");
  WT_EQ_STR(last.stamp.text[WI_STAMP_PLAN_DIGEST], "p");
  WT_EQ_STR(last.stamp.text[WI_STAMP_PLANNING_KEY], "k");
  WT_EQ_STR(last.stamp.text[WI_STAMP_PARAMS], "{}");
  WT_EQ_STR(last.stamp.text[WI_STAMP_GATE_DIGEST], ""); /* absent */
  WT_EQ_INT(last.latest_us, INT64_C(1700000000000000));
  WT_CHECK(last.stamp.inputs_known);
  WT_EQ_INT(last.stamp.inputs.n, 1);
  WT_EQ_STR(last.stamp.inputs.items[0].name, "orders");
  WT_EQ_INT(last.stamp.inputs.items[0].version, 3);
  wi_blake3_hex(log[1], strlen(log[1]), digest);
  WT_EQ_STR(last.latest_digest, digest);
  wi_last_release(&last);
  WT_CHECK(last.stamp.inputs.items == NULL);
}

WT_TEST(maintenance_after_it_changes_no_data) {
  static const char *const log[] = {OWN("key"), maintenance, maintenance};
  weir_error err = WEIR_ERROR_INIT;
  wi_last last;
  char digest[WI_DIGEST_HEX];
  WT_OK(read_log("maintained", log, 3, 0, &last, &err));
  WT_CHECK(last.found && !last.rows.any);
  WT_EQ_INT(last.version, 0);
  WT_EQ_INT(last.latest, 2);
  wi_blake3_hex(maintenance, strlen(maintenance), digest);
  WT_EQ_STR(last.latest_digest, digest);
  WT_EQ_INT(last.latest_us, INT64_C(1700000002000000));
  wi_last_release(&last);
}

WT_TEST(rows_of_others_after_it_are_foreign) {
  static const char *const log[] = {OWN("key"), foreign, maintenance};
  weir_error err = WEIR_ERROR_INIT;
  wi_last last;
  WT_OK(read_log("foreign", log, 3, 0, &last, &err));
  WT_CHECK(last.found && last.rows.any);
  WT_EQ_INT(last.version, 0);
  wi_last_release(&last);
}

WT_TEST(rows_of_others_before_it_are_settled) {
  static const char *const log[] = {OWN("old"), foreign, OWN("new")};
  weir_error err = WEIR_ERROR_INIT;
  wi_last last;
  WT_OK(read_log("settled", log, 3, 0, &last, &err));
  WT_CHECK(last.found && !last.rows.any);
  WT_EQ_STR(last.stamp.text[WI_STAMP_RESULT_KEY], "new");
  wi_last_release(&last);
}

WT_TEST(commits_of_another_view_or_project_are_foreign) {
  static const char *const logs[][2] = {{OWN("key"), OTHER("shop", "weekly")},
                                        {OWN("key"), OTHER("mart", "daily")}};
  for (size_t i = 0; i < 2; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_last last;
    WT_OK(read_log(i == 0 ? "view" : "project", logs[i], 2, 0, &last, &err));
    WT_CHECK(last.found && last.rows.any);
    WT_EQ_INT(last.version, 0);
    WT_EQ_STR(last.stamp.text[WI_STAMP_RESULT_KEY], "key");
    wi_last_release(&last);
  }
}

WT_TEST(a_table_without_own_commits_has_no_result) {
  static const char *const log[] = {foreign, OTHER("mart", "daily")};
  weir_error err = WEIR_ERROR_INIT;
  wi_last last;
  WT_OK(read_log("strange", log, 2, 0, &last, &err));
  WT_CHECK(last.table && !last.found && last.rows.any);
  WT_EQ_INT(last.latest, 1);
  WT_EQ_INT(last.version, -1);
  wi_last_release(&last);
}

WT_TEST(unreadable_inputs_are_none) {
  static const char *const log[] = {
      "{\"commitInfo\":{\"timestamp\":1,\"weir.project\":\"shop\",\"weir.view\":"
      "\"daily\","
      "\"weir.inputs\":\"[oops\"}}\n"};
  weir_error err = WEIR_ERROR_INIT;
  wi_last last;
  WT_OK(read_log("inputs", log, 1, 0, &last, &err));
  WT_CHECK(last.found && !last.stamp.inputs_known && last.stamp.inputs.n == 0);
  WT_EQ_STR(last.stamp.text[WI_STAMP_RESULT_KEY], "");
  wi_last_release(&last);
}

WT_TEST(a_broken_commit_is_an_error) {
  static const char *const log[] = {OWN("key"), "{\"commitInfo\":"};
  static const char *const gap[] = {OWN("key")};
  weir_error err = WEIR_ERROR_INIT;
  wi_last last;
  WT_EQ_INT(read_log("broken", log, 2, 0, &last, &err), WEIR_E_LOG_CORRUPT);
  WT_CHECK(!last.table && last.stamp.inputs.items == NULL);
  weir_error_release(&err);
  WT_EQ_INT(read_log("gap", gap, 1, 3, &last, &err), WEIR_E_LOG_CORRUPT);
  weir_error_release(&err);
}

/* Faults M5: a foreign ALTER is seen, and who did it. */
WT_TEST(columns_of_others_after_it_are_seen) {
  static const char altered[] =
      "{\"commitInfo\":{\"timestamp\":1,\"engineInfo\":\"spark\"}}\n"
      "{\"metaData\":{\"id\":\"x\",\"schemaString\":\"{}\",\"partitionColumns\":[]}}\n";
  static const char raised[] =
      "{\"commitInfo\":{\"timestamp\":1}}\n"
      "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n";
  static const char *const log[] = {altered, OWN("key"), raised, altered, maintenance};
  weir_error err = WEIR_ERROR_INIT;
  wi_last last;
  WT_OK(read_log("altered", log, 5, 0, &last, &err));
  WT_CHECK(last.found && !last.rows.any && last.columns.any);
  WT_EQ_INT(last.columns.version, 3);
  WT_EQ_STR(last.columns.writer, "spark");
  wi_last_release(&last);
  WT_OK(read_log("settled_columns", log, 2, 0, &last, &err));
  WT_CHECK(!last.columns.any);
  wi_last_release(&last);
}
