/* The hook itself: each operation is seen, may be preceded, followed, failed, lost. */
#include <stdlib.h>
#include <unistd.h>

#include "common/hooks.h"
#include "common/test.h"
#include "unit/plan/kit.h"

static char root[64];

static wi_store *open_store(void) {
  char uri[128];
  wi_store *store = NULL;
  snprintf(root, sizeof root, "/tmp/weir-hook-XXXXXX");
  if (mkdtemp(root) == NULL) {
    abort();
  }
  snprintf(uri, sizeof uri, "file://%s", root);
  if (wi_store_open(NULL, uri, NULL, 0, &store, NULL) != WEIR_OK) {
    abort();
  }
  return store;
}

static void close_store(wi_store **store) {
  wi_store_unref(store);
  (void)wi_dir_remove_all(root, NULL);
}

static bool has(wi_store *store, const char *path) {
  wi_buf bytes = WI_BUF_INIT;
  bool there = wi_store_read(store, path, &bytes, NULL) == WEIR_OK;
  wi_buf_release(&bytes);
  return there;
}

static void put_other(void *ctx) {
  (void)wi_store_put_new(ctx, "a/other", "x", 1, NULL);
}

WT_TEST(each_operation_is_seen_once) {
  wh_hooks h = {0};
  wi_store *store = open_store();
  wi_store_entries entries;
  const char *paths[] = {"a/one"};
  wh_on_store(&h, store);
  WT_CHECK(wi_store_put_new(store, "a/one", "1", 1, NULL) == WEIR_OK);
  WT_CHECK(has(store, "a/one"));
  WT_CHECK(wi_store_sync(store, paths, 1, NULL) == WEIR_OK);
  WT_CHECK(wi_store_list(store, "a", &entries, NULL) == WEIR_OK);
  WT_EQ_INT(entries.n, 1);
  wi_store_entries_release(&entries);
  WT_CHECK(wi_store_remove(store, paths, 1, NULL) == WEIR_OK);
  WT_CHECK(wi_store_remove_all(store, "a", NULL) == WEIR_OK);
  WT_EQ_INT(h.calls, 6);
  for (int op = WI_STORE_LIST; op <= WI_STORE_SYNC; op++) {
    WT_EQ_INT(h.count[op], 1);
  }
  wh_off(&h);
  WT_CHECK(!has(store, "a/one"));
  WT_EQ_INT(h.calls, 6);
  close_store(&store);
}

WT_TEST(others_come_before_and_after) {
  wh_hooks h = {0};
  wi_store *store = open_store();
  wi_store_entries entries;
  wh_run(&h, WI_STORE_LIST, "a", 1, WH_AFTER, put_other, store);
  wh_on_store(&h, store);
  WT_CHECK(wi_store_list(store, "a", &entries, NULL) == WEIR_OK);
  WT_EQ_INT(entries.n, 0); /* it came after the listing was taken */
  wi_store_entries_release(&entries);
  WT_CHECK(has(store, "a/other"));
  wh_reset(&h);
  wh_run(&h, WI_STORE_PUT_NEW, NULL, 1, WH_BEFORE, put_other, store);
  WT_CHECK(wi_store_remove_all(store, "a", NULL) == WEIR_OK);
  WT_EQ_INT(wi_store_put_new(store, "a/other", "mine", 4, NULL), WEIR_E_EXISTS);
  WT_EQ_INT(h.fired, 1);
  wh_off(&h);
  close_store(&store);
}

WT_TEST(operations_fail_lose_their_answer_and_die) {
  wh_hooks h = {0};
  wi_store *store = open_store();
  wh_fault(&h, 1, WH_FAIL);
  wh_on_store(&h, store);
  WT_EQ_INT(wi_store_put_new(store, "one", "1", 1, NULL), WEIR_E_IO);
  WT_CHECK(!has(store, "one"));
  wh_reset(&h);
  wh_fault(&h, 1, WH_LOSE);
  WT_EQ_INT(wi_store_put_new(store, "one", "1", 1, NULL), WEIR_E_IO);
  WT_CHECK(has(store, "one"));
  wh_reset(&h);
  wh_fault(&h, 2, WH_KILL);
  WT_CHECK(has(store, "one"));
  WT_EQ_INT(wi_store_put_new(store, "two", "1", 1, NULL), WEIR_E_IO);
  WT_CHECK(!has(store, "one"));
  wh_off(&h);
  WT_CHECK(has(store, "one") && !has(store, "two"));
  close_store(&store);
}

static weir_status look_for_table(wi_store *store) {
  wb_store *handle = NULL;
  wb_snap *snap = NULL;
  weir_status status = wi_store_handle(store, &handle, NULL);
  status =
      status == WEIR_OK ? wi_br_snap_open(kit_engine(), handle, -1, &snap, NULL) : status;
  wi_br_snap_free(kit_engine(), &snap);
  return status;
}

/* What weir does on a root that is no folder goes through the engine's handle, too. */
WT_TEST(the_engine_is_asked_about_what_it_does_by_itself) {
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {.who = WH_BOTH};
  wi_store *store = NULL;
  wi_store_entries entries;
  WT_OK(wi_store_open(kit_engine(), "memory:///t", NULL, 0, &store, &err));
  wh_on_store(&h, store);
  WT_OK(wi_store_put_new(store, "a/one", "1", 1, &err));
  WT_CHECK(has(store, "a/one"));
  WT_OK(wi_store_list(store, "a", &entries, &err));
  WT_EQ_INT(entries.n, 1);
  wi_store_entries_release(&entries);
  WT_EQ_INT(h.calls, 3);
  WT_EQ_INT(look_for_table(store), WEIR_E_TABLE_MISSING);
  WT_EQ_INT(h.count[WH_ENGINE(GET)], 1); /* the hint at a checkpoint */
  WT_CHECK(h.count[WH_ENGINE(LIST)] > 0);
  WT_EQ_INT(h.count[WI_STORE_READ] + h.count[WI_STORE_LIST], 2);
  wh_fault(&h, 0, WH_FAIL);
  WT_EQ_INT(look_for_table(store), WEIR_E_STORE);
  WT_CHECK(!has(store, "a/one"));
  wh_off(&h);
  int calls = h.calls;
  WT_EQ_INT(look_for_table(store), WEIR_E_TABLE_MISSING);
  WT_CHECK(has(store, "a/one"));
  WT_EQ_INT(h.calls, calls);
  wi_store_unref(&store);
}

static void count_one(void *ctx) {
  ++*(int *)ctx;
}

WT_TEST(others_come_before_and_after_the_engine) {
  int before = 0, after = 0;
  weir_error err = WEIR_ERROR_INIT;
  wh_hooks h = {.who = WH_ENGINES};
  wi_store *store = NULL;
  WT_OK(wi_store_open(kit_engine(), "memory:///t", NULL, 0, &store, &err));
  wh_run(&h, WH_ENGINE(GET), "_last_checkpoint", 1, WH_BEFORE, count_one, &before);
  wh_run(&h, WH_ENGINE(LIST), "_delta_log", 1, WH_AFTER, count_one, &after);
  wh_on_store(&h, store);
  WT_EQ_INT(look_for_table(store), WEIR_E_TABLE_MISSING);
  wh_off(&h);
  WT_EQ_INT(before, 1);
  WT_EQ_INT(after, 1);
  wi_store_unref(&store);
}
