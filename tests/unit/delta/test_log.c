/* Listings of _delta_log: what counts, what is ignored, gaps, ranges. */
#include "unit/delta/crafted.h"

#define C0 "{\"commitInfo\":{\"timestamp\":1}}\n"

WT_TEST(an_absent_or_empty_log_is_no_table) {
  weir_error err = WEIR_ERROR_INIT;
  wi_log log;
  wi_store *store = crafted_store("absent");
  WT_EQ_INT(wi_log_list(store, &log, &err), WEIR_E_TABLE_MISSING);
  WT_EQ_INT(log.latest, -1);
  weir_error_release(&err);
  crafted_log(store, "_last_checkpoint", "{}");
  crafted_log(store, "00000000000000000000.crc", "{}");
  WT_EQ_INT(wi_log_list(store, &log, &err), WEIR_E_TABLE_MISSING);
  WT_CHECK(strstr(err.message, "neither a commit nor a checkpoint") != NULL);
  weir_error_release(&err);
  wi_store_unref(&store);
}

WT_TEST(commits_are_listed_and_the_rest_is_ignored) {
  weir_error err = WEIR_ERROR_INIT;
  wi_log log;
  wi_store *store = crafted_store("plain");
  static const char *const stray[] = {
      "00000000000000000099.crc",
      "00000000000000000002.json.tmp",
      "00000000000000000000.00000000000000000001.compacted.json",
      "0000000000000000007.json",   /* 19 digits */
      "000000000000000000007.json", /* 21 */
      "99999999999999999999.json",  /* beyond 64 bits */
      "0000000000000000000a.json",
      "00000000000000000009.checkpoint.tmp",
      "00000000000000000009.checkpoint.parquet.tmp",
      "00000000000000000009.checkpoint.not-a-uuid.json",
      "00000000000000000009.checkpoint.0000000003.0000000002."
      "parquet",
      "README",
      ".hidden.json",
      "_last_checkpoint",
      "_commits/00000000000000000002.a.json",
      "_staged_commits/00000000000000000002.json",
      "_sidecars/a.parquet",
      "00000000000000000003.json/inside"};
  crafted_commit(store, 0, C0);
  crafted_commit(store, 1, C0);
  for (size_t i = 0; i < sizeof stray / sizeof stray[0]; i++) {
    crafted_log(store, stray[i], "junk");
  }
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.latest, 1);
  WT_EQ_INT(log.n_commits, 2);
  WT_EQ_INT(log.n_checkpoints, 0);
  WT_CHECK(log.commit_mtimes_us[1] >= log.commit_mtimes_us[0]);
  WT_CHECK(wi_log_has_commit(&log, 1) && !wi_log_has_commit(&log, 2));
  WT_OK(wi_log_check_version(&log, 0, "t", &err));
  WT_OK(wi_log_check_version(&log, 1, "t", &err));
  WT_EQ_INT(wi_log_check_version(&log, 2, "t", &err), WEIR_E_VERSION_MISSING);
  WT_CHECK(strstr(err.message, "0 to 1") != NULL);
  weir_error_release(&err);
  WT_EQ_INT(wi_log_check_version(&log, -2, "t", &err), WEIR_E_VERSION_MISSING);
  weir_error_release(&err);
  wi_log_release(&log);
  wi_store_unref(&store);
}

WT_TEST(checkpoints_of_all_kinds_stand_in_for_commits) {
  static const char *const kinds[][3] = {
      {"00000000000000000005.checkpoint.parquet", NULL, NULL},
      {"00000000000000000005.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json", NULL,
       NULL},
      {"00000000000000000005.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet",
       NULL, NULL},
      {"00000000000000000005.checkpoint.0000000001.0000000003.parquet",
       "00000000000000000005.checkpoint.0000000002.0000000003.parquet",
       "00000000000000000005.checkpoint.0000000003.0000000003.parquet"}};
  for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_log log;
    char name[32];
    snprintf(name, sizeof name, "checkpoint%zu", k);
    wi_store *store = crafted_store(name);
    for (size_t i = 0; i < 3 && kinds[k][i] != NULL; i++) {
      crafted_log(store, kinds[k][i], "x");
    }
    /* Alone: the commit of its own version is gone. */
    WT_OK(wi_log_list(store, &log, &err));
    WT_EQ_INT(log.latest, 5);
    WT_EQ_INT(log.n_commits, 0);
    WT_EQ_INT(log.n_checkpoints, 1);
    WT_CHECK(log.checkpoint_mtimes_us[0] > 0);
    WT_OK(wi_log_check_version(&log, 5, "t", &err));
    WT_EQ_INT(wi_log_check_version(&log, 4, "t", &err), WEIR_E_VERSION_MISSING);
    WT_CHECK(strstr(err.message, "5 to 5") != NULL);
    weir_error_release(&err);
    wi_log_release(&log);
    crafted_commit(store, 3, C0); /* older than the checkpoint: no matter */
    crafted_commit(store, 6, C0);
    crafted_commit(store, 7, C0);
    WT_OK(wi_log_list(store, &log, &err));
    WT_EQ_INT(log.latest, 7);
    WT_OK(wi_log_check_version(&log, 6, "t", &err));
    WT_EQ_INT(wi_log_check_version(&log, 3, "t", NULL), WEIR_E_VERSION_MISSING);
    wi_log_release(&log);
    wi_store_unref(&store);
  }
}

WT_TEST(an_incomplete_checkpoint_counts_for_nothing) {
  weir_error err = WEIR_ERROR_INIT;
  wi_log log;
  wi_store *store = crafted_store("incomplete");
  crafted_log(store, "00000000000000000001.checkpoint.0000000002.0000000002.parquet",
              "x");
  WT_EQ_INT(wi_log_list(store, &log, &err), WEIR_E_LOG_CORRUPT);
  weir_error_release(&err);
  crafted_commit(store, 2, C0);
  WT_EQ_INT(wi_log_list(store, &log, &err), WEIR_E_LOG_CORRUPT);
  WT_CHECK(strstr(err.message, "lacks some of its parts") != NULL);
  weir_error_release(&err);
  /* A part of a checkpoint in another number of parts does not complete it. */
  crafted_log(store, "00000000000000000001.checkpoint.0000000001.0000000003.parquet",
              "x");
  WT_EQ_INT(wi_log_list(store, &log, NULL), WEIR_E_LOG_CORRUPT);
  crafted_commit(store, 0, C0);
  crafted_commit(store, 1, C0);
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.latest, 2);
  WT_EQ_INT(log.n_checkpoints, 0);
  wi_log_release(&log);
  wi_store_unref(&store);
}

WT_TEST(gaps_are_found_where_they_matter) {
  weir_error err = WEIR_ERROR_INIT;
  wi_log log;
  wi_store *store = crafted_store("gap");
  crafted_commit(store, 0, C0);
  crafted_commit(store, 1, C0);
  crafted_commit(store, 3, C0);
  WT_EQ_INT(wi_log_list(store, &log, &err), WEIR_E_LOG_CORRUPT);
  WT_CHECK(strstr(err.message, "version 2 is missing") != NULL);
  WT_CHECK(strstr(err.hint, "00000000000000000002.json") != NULL);
  WT_EQ_INT(log.n_commits, 0);
  weir_error_release(&err);
  crafted_log(store, "00000000000000000003.checkpoint.parquet", "x");
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.latest, 3);
  WT_OK(wi_log_check_version(&log, 1, "t", &err));
  WT_EQ_INT(wi_log_check_version(&log, 2, "t", NULL), WEIR_E_VERSION_MISSING);
  WT_OK(wi_log_check_version(&log, 3, "t", &err));
  wi_log_release(&log);
  crafted_commit(store, 5, C0);
  WT_EQ_INT(wi_log_list(store, &log, NULL), WEIR_E_LOG_CORRUPT);
  wi_store_unref(&store);
  store = crafted_store("headless");
  crafted_commit(store, 1, C0);
  WT_EQ_INT(wi_log_list(store, &log, NULL), WEIR_E_LOG_CORRUPT);
  wi_store_unref(&store);
}

WT_TEST(only_maintenance_is_told_from_changes) {
  weir_error err = WEIR_ERROR_INIT;
  bool maintained = false;
  wi_store *store = crafted_store("maintained");
  crafted_commit(store, 0, C0);
  crafted_commit(store, 1,
                 "{\"remove\":{\"path\":\"a\",\"dataChange\":false}}\n"
                 "{\"add\":{\"path\":\"b\",\"dataChange\":false}}\n");
  crafted_commit(store, 2, "{\"txn\":{\"appId\":\"x\",\"version\":1}}\n");
  crafted_commit(store, 3, "{\"metaData\":{\"id\":\"x\"}}\n");
  crafted_commit(store, 4,
                 "{\"add\":{\"path\":\"c\"}}\n"); /* no dataChange: counts as one */
  crafted_commit(store, 5, "{\"protocol\":{\"minReaderVersion\":1}}\n");
  crafted_commit(store, 6, "{\"cdc\":{\"path\":\"c\",\"dataChange\":false}}\n");
  crafted_commit(store, 7, "{\"remove\":{\"path\":\"c\",\"dataChange\":true}}\n");
  static const int expect[] = {-1, 1, 1, 0, 0, 0, 0, 0};
  for (int64_t v = 1; v <= 7; v++) {
    WT_OK(wi_log_only_maintained(store, v - 1, v, &maintained, &err));
    WT_EQ_INT(maintained, expect[v]);
  }
  WT_OK(wi_log_only_maintained(store, 0, 2, &maintained, &err));
  WT_EQ_INT(maintained, true);
  WT_OK(wi_log_only_maintained(store, 0, 4, &maintained, &err));
  WT_EQ_INT(maintained, false);
  WT_OK(wi_log_only_maintained(store, 5, 5, &maintained, &err));
  WT_EQ_INT(maintained, true);
  WT_OK(wi_log_only_maintained(store, 3, 2, &maintained, &err)); /* went back: no */
  WT_EQ_INT(maintained, false);
  WT_OK(wi_log_only_maintained(store, 7, 8, &maintained, &err)); /* gone */
  WT_EQ_INT(maintained, false);
  wi_store_unref(&store);
}

WT_TEST(the_cheap_pin_needs_no_engine) {
  weir_error err = WEIR_ERROR_INIT;
  wi_pin pin;
  char digest[WI_DIGEST_HEX];
  wi_store *store = crafted_store("pin");
  WT_EQ_INT(wi_pin_resolve(NULL, store, -1, &pin, &err), WEIR_E_TABLE_MISSING);
  weir_error_release(&err);
  crafted_commit(store, 0, C0);
  crafted_commit(store, 1, "{\"commitInfo\":{\"timestamp\":1700000000123}}\n");
  WT_OK(wi_pin_resolve(NULL, store, -1, &pin, &err));
  WT_EQ_INT(pin.version, 1);
  WT_EQ_INT(pin.timestamp_us, 1700000000123000);
  WT_EQ_STR(pin.uri, wi_store_uri(store));
  WT_CHECK(!pin.full);
  wi_blake3_hex("{\"commitInfo\":{\"timestamp\":1700000000123}}\n", 43, digest);
  WT_EQ_STR(pin.commit_digest, digest);
  WT_EQ_INT(wi_gate_read(&pin, NULL), WEIR_E_BUG); /* not complete yet */
  wi_pin_release(&pin);
  WT_OK(wi_pin_resolve(NULL, store, 0, &pin, &err));
  WT_EQ_INT(pin.version, 0);
  wi_pin_release(&pin);
  wi_pin_release(&pin);
  WT_EQ_INT(wi_pin_resolve(NULL, store, 2, &pin, &err), WEIR_E_VERSION_MISSING);
  weir_error_release(&err);
  crafted_commit(store, 2, "{\"commitInfo\":{\"timestamp\"");
  WT_EQ_INT(wi_pin_resolve(NULL, store, -1, &pin, &err), WEIR_E_LOG_CORRUPT);
  WT_CHECK(strstr(err.message, "00000000000000000002.json") != NULL);
  weir_error_release(&err);
  wi_store_unref(&store);
}
