/* Listings of _delta_log: what counts, what is ignored, gaps, ranges. */
#include "common/hooks.h"
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

/* ---- one listing, and what others do meanwhile ---- */

static void put_two(void *ctx) {
  crafted_commit(ctx, 2, C0);
  crafted_commit(ctx, 3, C0);
}

static void put_gone(void *ctx) {
  crafted_commit(ctx, 2, C0);
}

/* What a listing sees that begins before version 2 is put and ends after version 3 is. */
typedef struct torn {
  wi_store_hook hook;
  int listings, torn;
} torn;

static weir_status tear(void *ctx, const wi_store_call *call, weir_error *err) {
  torn *t = ctx;
  weir_status status = wi_store_perform(call, err);
  if (call->op != WI_STORE_LIST) {
    return status;
  }
  t->listings++;
  for (size_t i = 0; i < call->entries->n && t->torn > 0; i++) {
    wi_store_entry *e = &call->entries->items[i];
    if (wi_ends_with(e->path, "00000000000000000002.json")) {
      wi_free(e->path);
      *e = call->entries->items[--call->entries->n];
      t->torn--;
    }
  }
  return status;
}

WT_TEST(a_listing_that_missed_a_version_is_made_again) {
  weir_error err = WEIR_ERROR_INIT;
  for (int misses = 1; misses <= 3; misses++) {
    wi_log log;
    char name[16];
    snprintf(name, sizeof name, "torn%d", misses);
    wi_store *store = crafted_store(name);
    torn t = {.torn = misses};
    t.hook = (wi_store_hook){tear, &t, NULL};
    for (int64_t v = 0; v <= 3; v++) {
      crafted_commit(store, v, C0);
    }
    wi_store_set_hook(store, &t.hook);
    WT_OK(wi_log_list(store, &log, &err));
    WT_EQ_INT(log.latest, 3);
    WT_EQ_INT(log.n_commits, 4);
    WT_EQ_INT(t.listings, misses + 1);
    wi_log_release(&log);
    wi_store_unref(&store);
  }
}

WT_TEST(a_version_that_stays_away_is_a_gap) {
  weir_error err = WEIR_ERROR_INIT;
  wi_log log;
  wi_store *store = crafted_store("stays");
  torn t = {0};
  t.hook = (wi_store_hook){tear, &t, NULL};
  crafted_commit(store, 0, C0);
  crafted_commit(store, 1, C0);
  crafted_commit(store, 3, C0);
  wi_store_set_hook(store, &t.hook);
  WT_EQ_INT(wi_log_list(store, &log, &err), WEIR_E_LOG_CORRUPT);
  WT_EQ_INT(t.listings, 4);
  weir_error_release(&err);
  put_gone(store);
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.latest, 3);
  wi_log_release(&log);
  wi_store_unref(&store);
}

static void hint(wi_store *store, const char *text) {
  const char *path = "_delta_log/_last_checkpoint";
  (void)wi_store_remove(store, &path, 1, NULL);
  crafted_put(store, path, text);
}

/* Commits 0 to `to`, a checkpoint at `at`. */
static wi_store *with_checkpoint(const char *name, int64_t to, int64_t at,
                                 const char *bytes) {
  char file[80];
  wi_store *store = crafted_store(name);
  for (int64_t v = 0; v <= to; v++) {
    crafted_commit(store, v, C0);
  }
  snprintf(file, sizeof file, "%020" PRId64 ".checkpoint.parquet", at);
  crafted_log(store, file, bytes);
  snprintf(file, sizeof file, "{\"version\":%" PRId64 ",\"size\":3}", at);
  hint(store, file);
  return store;
}

WT_TEST(a_log_is_listed_from_its_last_checkpoint_on) {
  weir_error err = WEIR_ERROR_INIT;
  wi_log log;
  int64_t found = 0;
  wi_store *store = with_checkpoint("from", 8, 5, "x");
  wh_hooks h = {0};
  wh_on_store(&h, store);
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.first, 5);
  WT_EQ_INT(log.latest, 8);
  WT_EQ_INT(log.n_commits, 4);
  WT_EQ_INT(log.n_checkpoints, 1);
  WT_EQ_INT(h.count[WI_STORE_LIST], 1);
  WT_EQ_INT(h.count[WI_STORE_READ], 1);
  wi_log_release(&log);
  /* A version that the listing knows costs nothing; an older one is looked for. */
  WT_OK(wi_log_find(store, 6, &log, &found, &err));
  WT_EQ_INT(found, 6);
  WT_EQ_INT(h.calls, 2);
  wi_log_release(&log);
  WT_OK(wi_log_find(store, 2, &log, &found, &err));
  WT_EQ_INT(log.first, 0);
  WT_EQ_INT(log.n_commits, 9);
  wi_log_release(&log);
  WT_EQ_INT(wi_log_find(store, 9, &log, &found, &err), WEIR_E_VERSION_MISSING);
  WT_CHECK(strstr(err.message, "0 to 8") != NULL);
  weir_error_release(&err);
  wh_off(&h);
  wi_store_unref(&store);
}

WT_TEST(after_the_first_listing_only_the_tail_is_read) {
  weir_error err = WEIR_ERROR_INIT;
  wi_log log;
  wi_store *store = crafted_store("tail");
  wh_hooks h = {0};
  crafted_commit(store, 0, C0);
  crafted_commit(store, 1, C0);
  WT_OK(wi_log_list(store, &log, &err));
  wi_log_release(&log);
  put_two(store);
  crafted_log(store, "00000000000000000003.checkpoint.parquet", "x");
  wh_on_store(&h, store);
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.latest, 3);
  WT_EQ_INT(log.n_commits, 4);
  WT_EQ_INT(log.n_checkpoints, 1);
  WT_EQ_INT(h.calls, 1);
  wi_log_release(&log);
  /* Another table in its place: nothing of the old one is left. */
  WT_OK(wi_store_remove_all(store, "_delta_log", &err));
  WT_EQ_INT(wi_log_list(store, &log, &err), WEIR_E_TABLE_MISSING);
  weir_error_release(&err);
  crafted_commit(store, 0, C0);
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.latest, 0);
  wi_log_release(&log);
  wh_off(&h);
  wi_store_unref(&store);
}

WT_TEST(a_hint_that_lies_is_passed_over_and_told_once) {
  static const char *const lies[] = {"{\"version\":7,\"size\":1}", "{\"version\":-3}",
                                     "{\"version\":\"x\"}", "half a {", ""};
  for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_buf told = WI_BUF_INIT;
    wi_log log;
    char name[16];
    snprintf(name, sizeof name, "lie%zu", i);
    wi_store *store = with_checkpoint(name, 4, 3, "x");
    hint(store, lies[i]);
    WT_OK(wi_log_list(store, &log, &err));
    WT_EQ_INT(log.first, 0);
    WT_EQ_INT(log.latest, 4);
    WT_EQ_INT(log.n_commits, 5);
    wi_log_release(&log);
    WT_CHECK(wi_log_tell(store, &told));
    WT_CHECK(strstr(wi_buf_text(&told), "last checkpoint") != NULL);
    WT_CHECK(!wi_log_tell(store, &told));
    wi_buf_release(&told);
    wi_store_unref(&store);
  }
}

WT_TEST(an_empty_checkpoint_counts_for_nothing) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf told = WI_BUF_INIT;
  wi_log log;
  char path[64];
  const char *paths[] = {path};
  wi_store *store = with_checkpoint("empty", 6, 5, "");
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.n_checkpoints, 0);
  WT_EQ_INT(log.latest, 6);
  wi_log_release(&log);
  WT_CHECK(wi_log_tell(store, &told));
  WT_CHECK(strstr(wi_buf_text(&told), "version 5") != NULL);
  wi_buf_release(&told);
  wi_store_unref(&store);
  /* It stands in for no commit, nor does one part without a byte. */
  store = with_checkpoint("empty_only", 6, 5, "");
  crafted_log(store, "00000000000000000004.checkpoint.0000000001.0000000002.parquet",
              "x");
  crafted_log(store, "00000000000000000004.checkpoint.0000000002.0000000002.parquet", "");
  wi_log_commit_path(2, path);
  WT_OK(wi_store_remove(store, paths, 1, &err));
  WT_EQ_INT(wi_log_list(store, &log, &err), WEIR_E_LOG_CORRUPT);
  WT_CHECK(strstr(err.message, "version 2 is missing") != NULL);
  weir_error_release(&err);
  wi_store_unref(&store);
  store = crafted_store("empty_alone");
  crafted_log(store, "00000000000000000004.checkpoint.parquet", "");
  WT_EQ_INT(wi_log_list(store, &log, &err), WEIR_E_LOG_CORRUPT);
  weir_error_release(&err);
  wi_store_unref(&store);
}

/* ---- many commits ---- */

WT_TEST(ten_thousand_commits_behind_a_checkpoint_cost_what_ten_do) {
  enum { COMMITS = 10000, BEHIND = 10 };
  weir_error err = WEIR_ERROR_INIT;
  wi_log log;
  wh_hooks h = {0};
  wi_store *store = with_checkpoint("many", 0, COMMITS - BEHIND, "x");
  for (int v = 1; v < COMMITS; v++) { /* not durably: that would take a minute */
    char path[400];
    snprintf(path, sizeof path, "%s/_delta_log/%020d.json", wi_store_local(store), v);
    FILE *file = fopen(path, "w");
    WT_CHECK(file != NULL && fputs(C0, file) >= 0 && fclose(file) == 0);
  }
  wh_on_store(&h, store);
  int64_t began = wi_monotonic_ns();
  WT_OK(wi_log_list(store, &log, &err));
  int64_t first = wi_monotonic_ns() - began;
  WT_EQ_INT(log.latest, COMMITS - 1);
  WT_EQ_INT(log.n_commits, BEHIND);
  wi_log_release(&log);
  began = wi_monotonic_ns();
  WT_OK(wi_log_list(store, &log, &err));
  int64_t again = wi_monotonic_ns() - began;
  wi_log_release(&log);
  wi_store_set_hook(store, NULL);
  began = wi_monotonic_ns();
  WT_OK(wi_log_list_all(store, &log, &err));
  int64_t all = wi_monotonic_ns() - began;
  WT_EQ_INT(log.n_commits, COMMITS);
  wi_log_release(&log);
  WT_EQ_INT(h.calls, 3); /* the hint, a listing, its tail */
  printf("  listing %d commits: %.1f ms, its tail %.1f ms, all of it %.1f ms\n", COMMITS,
         (double)first / 1e6, (double)again / 1e6, (double)all / 1e6);
  wi_store_unref(&store);
}

/* Readers take it as a commit of nothing; whoever wrote it may have meant more. */
WT_TEST(an_empty_commit_is_told_once) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf told = WI_BUF_INIT;
  wi_commit commit;
  wi_store *store = crafted_store("empty_commit");
  crafted_commit(store, 0, "{\"commitInfo\":{\"timestamp\":1}}\n");
  crafted_commit(store, 1, "");
  WT_OK(wi_commit_read(store, 0, &commit, &err));
  wi_commit_release(&commit);
  WT_EQ_INT(wi_log_tell(store, &told), WEIR_OK);
  WT_OK(wi_commit_read(store, 1, &commit, &err));
  wi_commit_release(&commit);
  WT_EQ_INT(wi_log_tell(store, &told), WEIR_E_LOG_CORRUPT);
  WT_CHECK(strstr(wi_buf_text(&told), "version 1") != NULL);
  WT_EQ_INT(wi_log_tell(store, &told), WEIR_OK);
  wi_buf_release(&told);
  wi_store_unref(&store);
}
