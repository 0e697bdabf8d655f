/* The loop that commits, over logs that others clean and tables that others take away. */
#include "unit/delta/txn_host.h"

/* Others commit, write a checkpoint and clean the log up to it: of `from` and all that came after
 * only the newest is left. */
static void clean_log(void *ctx) {
  late *l = ctx;
  int64_t from = l->version;
  crafted_commit(l->store, from + 1, FOREIGN);
  crafted_commit(l->store, from + 2, FOREIGN);
  crafted_log(l->store, "00000000000000000002.checkpoint.parquet", "x");
  for (int64_t v = 0; v < from + 2; v++) {
    crafted_uncommit(l->store, v);
  }
}

static bool is_there(wi_store *store, int64_t version) {
  char path[64];
  wi_buf text = WI_BUF_INIT;
  wi_log_commit_path(version, path);
  bool there = wi_store_read(store, path, &text, NULL) == WEIR_OK;
  wi_buf_release(&text);
  return there;
}

/* The version after the base is free again, and no reader looks there. */
WT_TEST(a_log_cleaned_past_the_base_takes_no_commit) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wi_store *store = crafted_store("cleaned");
  base(store);
  late l = {store, 0, NULL};
  clean_log(&l);
  wi_txn txn = txn_at(store, 0, &h);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(!is_there(store, 1));
  WT_EQ_INT(latest(store), 2);
  weir_error_release(&err);
  wi_store_unref(&store);
}

/* Between the look and the put, too: then it is not called committed. */
WT_TEST(a_log_cleaned_around_the_put_is_seen) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("around");
  base(store);
  late l = {store, 0, NULL};
  wi_txn txn = txn_at(store, 0, &h);
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_BEFORE, clean_log, &l);
  wh_on_store(&hooks, store);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_AMBIGUOUS);
  WT_CHECK(strstr(err.message, "cleaned the log past it") != NULL);
  wh_off(&hooks);
  weir_error_release(&err);
  wi_store_unref(&store);
}

/* One commit by others; then up to `version` only that one is left, under a checkpoint. */
static void sweep_log(void *ctx) {
  late *l = ctx;
  char path[64];
  crafted_commit(l->store, l->version, l->text);
  snprintf(path, sizeof path, "%020" PRId64 ".checkpoint.parquet", l->version);
  crafted_log(l->store, path, "x");
  for (int64_t v = 0; v < l->version; v++) {
    crafted_uncommit(l->store, v);
  }
}

/* The same, and others put again what is missing before it, each into the gap. */
static void sweep_and_stray(void *ctx) {
  late *l = ctx;
  crafted_commit(l->store, 1, BATCH);
  sweep_log(l);
  crafted_commit(l->store, 0, FOREIGN);
}

/* What stands where the base was is a commit that nobody reads: it proves nothing. */
WT_TEST(a_commit_in_a_gap_is_not_taken_for_the_base) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("gap");
  base(store);
  host h = {.reads = store};
  late l = {store, 2, FOREIGN};
  wi_txn txn = txn_at(store, 0, &h);
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_BEFORE, sweep_and_stray, &l);
  wh_on_store(&hooks, store);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_AMBIGUOUS);
  WT_CHECK(is_there(store, 0) && is_there(store, 1) && is_there(store, 2));
  wh_off(&hooks);
  weir_error_release(&err);
  wi_store_unref(&store);
}

/* Version 1 was FOREIGN and is gone; in its place somebody has put a batch that no reader sees. */
static void stray_batch(void *ctx) {
  late *l = ctx;
  crafted_commit(l->store, 1, FOREIGN);
  sweep_log(l);
  crafted_commit(l->store, 1, BATCH);
}

/* Nor does it tell what came after the base: here that the batch is in the table. */
WT_TEST(a_commit_in_a_gap_is_not_judged) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("stray");
  base(store);
  host h = {.reads = store};
  late l = {store, 2, FOREIGN};
  wi_txn txn = txn_at(store, 0, &h);
  txn.claim.app = (wi_app){.id = "loader", .version = 7};
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_BEFORE, stray_batch, &l);
  wh_on_store(&hooks, store);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(strstr(err.message, "cannot be told") != NULL);
  wh_off(&hooks);
  weir_error_release(&err);
  wi_store_unref(&store);
}

/* A log that is cleaned up to the base's own version, or the next one's, is still its log. */
WT_TEST(a_log_cleaned_up_to_the_base_does_no_harm) {
  for (int64_t to = 1; to <= 2; to++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_commit_outcome out;
    char path[64];
    const char *paths[] = {path};
    wi_store *store = crafted_store(to == 1 ? "to_base" : "to_next");
    base(store);
    if (to == 2) {
      crafted_commit(store, 1, FOREIGN);
    }
    host h = {.reads = store};
    late l = {store, to, FOREIGN};
    wi_txn txn = txn_at(store, 1, &h);
    wh_hooks hooks = {0};
    wh_run(&hooks, WI_STORE_LIST, NULL, 1, WH_BEFORE, sweep_log, &l);
    if (to == 1) { /* its own JSON is gone, too */
      sweep_log(&l);
      wi_log_commit_path(1, path);
      WT_OK(wi_store_remove(store, paths, 1, &err));
      wh_reset(&hooks);
    }
    wh_on_store(&hooks, store);
    WT_OK(wi_txn_commit(&txn, &out, &err));
    WT_EQ_INT(out.end, WI_END_COMMITTED);
    WT_EQ_INT(out.version, to + 1);
    wh_off(&hooks);
    wi_store_unref(&store);
  }
}

/* A table that was made anew has other commits under the same numbers. */
static void make_anew(void *ctx) {
  late *l = ctx;
  crafted_uncommit(l->store, 0);
  for (int64_t v = 0; v <= l->version; v++) {
    crafted_commit(l->store, v, FOREIGN);
  }
}

WT_TEST(another_table_in_its_place_takes_no_commit) {
  for (int64_t last = 0; last <= 2; last++) {
    for (int fresh = 0; fresh < 2; fresh++) {
      weir_error err = WEIR_ERROR_INIT;
      wi_commit_outcome out;
      wh_hooks hooks = {0};
      char name[64];
      snprintf(name, sizeof name, "anew%lld.%d", (long long)last, fresh);
      wi_store *store = crafted_store(name);
      base(store);
      host h = {.reads = store};
      late l = {store, last, NULL};
      wi_txn txn = txn_at(store, 0, &h);
      txn.limits.fresh_us = fresh ? (int64_t)60 * 1000000 : 0;
      wh_run(&hooks, WI_STORE_LIST, NULL, 1, WH_BEFORE, make_anew, &l);
      wh_on_store(&hooks, store);
      WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
      WT_CHECK(!is_there(store, last + 1));
      wh_off(&hooks);
      weir_error_release(&err);
      wi_store_unref(&store);
    }
  }
}

/* Removed during the put, or made anew with fewer versions: what was put is no commit of a table. */
static void drop_table(void *ctx) {
  late *l = ctx;
  for (int64_t v = 0; v <= l->version; v++) {
    crafted_uncommit(l->store, v);
  }
  if (l->text != NULL) {
    crafted_commit(l->store, 0, l->text);
  }
}

WT_TEST(a_table_that_goes_during_the_put_has_no_commit) {
  for (int anew = 0; anew < 2; anew++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_commit_outcome out;
    wh_hooks hooks = {0};
    wi_store *store = crafted_store(anew ? "fewer" : "dropped");
    base(store);
    crafted_commit(store, 1, FOREIGN);
    crafted_commit(store, 2, FOREIGN);
    host h = {.reads = store};
    late l = {store, 2, anew ? FOREIGN : NULL};
    wi_txn txn = txn_at(store, 2, &h);
    wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_BEFORE, drop_table, &l);
    wh_on_store(&hooks, store);
    WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_AMBIGUOUS);
    wh_off(&hooks);
    weir_error_release(&err);
    wi_store_unref(&store);
  }
}

/* Where it is seen before the put, nothing is put into the empty log. */
WT_TEST(a_table_that_goes_before_the_put_takes_no_commit) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("goes");
  base(store);
  WT_EQ_INT(latest(store), 0);
  host h = {.reads = store};
  late l = {store, 0, NULL};
  wi_txn txn = txn_at(store, 0, &h);
  txn.limits.fresh_us = (int64_t)60 * 1000000; /* no listing would tell */
  wh_run(&hooks, WI_STORE_READ, NULL, 2, WH_BEFORE, drop_table, &l);
  wh_on_store(&hooks, store);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
  WT_EQ_INT(hooks.fired, 1);
  WT_CHECK(!is_there(store, 1));
  wh_off(&hooks);
  weir_error_release(&err);
  wi_store_unref(&store);
}

/* After a lost race it stands on what was judged, and not on a table that came into its place since. */
static void other_last(void *ctx) {
  late *l = ctx;
  crafted_uncommit(l->store, l->version);
  crafted_commit(l->store, l->version, l->text);
}

WT_TEST(what_was_judged_is_what_it_stands_on) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("judged_other");
  base(store);
  crafted_commit(store, 1, FOREIGN);
  host h = {.reads = store};
  late l = {store, 1, BATCH};
  wi_txn txn = txn_at(store, 0, &h);
  /* The second reading of the base's commit is after the judgement. */
  wh_run(&hooks, WI_STORE_READ, "00000000000000000000.json", 2, WH_AFTER, other_last, &l);
  wh_on_store(&hooks, store);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
  WT_EQ_INT(hooks.fired, 1);
  WT_CHECK(!is_there(store, 2));
  wh_off(&hooks);
  weir_error_release(&err);
  wi_store_unref(&store);
}

/* Others went on from a base without a line, and wrote a checkpoint. */
static void two_and_checkpoint(void *ctx) {
  late *l = ctx;
  crafted_commit(l->store, 2, FOREIGN);
  crafted_commit(l->store, 3, FOREIGN);
  crafted_log(l->store, "00000000000000000003.checkpoint.parquet", "x");
}

WT_TEST(others_that_go_on_from_an_empty_commit_do_no_harm) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("empty_base");
  base(store);
  crafted_commit(store, 1, "\n");
  host h = {.reads = store};
  late l = {store, 2, FOREIGN};
  wi_txn txn = txn_at(store, 1, &h);
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_BEFORE, two_and_checkpoint, &l);
  wh_on_store(&hooks, store);
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(out.version, 4);
  wh_off(&hooks);
  wi_store_unref(&store);
}

/* The base goes between the listing that shows it and its reading: what follows may be a stray. */
static void remove_base(void *ctx) {
  late *l = ctx;
  crafted_uncommit(l->store, 1);
}

WT_TEST(a_base_that_goes_after_the_listing_proves_nothing) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("goes_late");
  base(store);
  crafted_commit(store, 1, FOREIGN);
  host h = {.reads = store};
  late l = {store, 2, FOREIGN};
  wi_txn txn = txn_at(store, 1, &h);
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_BEFORE, two_and_checkpoint, &l);
  /* Stood on, looked at before the put, and after judging. */
  wh_run(&hooks, WI_STORE_READ, "00000000000000000001.json", 3, WH_BEFORE, remove_base,
         &l);
  wh_on_store(&hooks, store);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
  WT_EQ_INT(hooks.fired, 2);
  wh_off(&hooks);
  weir_error_release(&err);
  wi_store_unref(&store);
}

/* A commit without a line is one, and its digest stands for nothing. */
WT_TEST(a_base_that_says_nothing_takes_a_commit) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  wi_store *store = crafted_store("says_nothing");
  base(store);
  crafted_commit(store, 1, "\n");
  host h = {0};
  wi_txn txn = txn_at(store, 1, &h);
  h.reads = store;
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(out.version, 2);
  wi_store_unref(&store);
}

static void go_on(void *ctx) {
  late *l = ctx;
  crafted_commit(l->store, l->version, FOREIGN);
  crafted_log(l->store, "00000000000000000002.checkpoint.parquet", "x");
}

/* Who commits right after us stands on ours, also where a checkpoint follows. */
WT_TEST(others_that_go_on_from_a_commit_do_no_harm) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("goes_on");
  base(store);
  late l = {store, 2, NULL};
  wi_txn txn = txn_at(store, 0, &h);
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_AFTER, go_on, &l);
  wh_on_store(&hooks, store);
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(out.version, 1);
  wh_off(&hooks);
  weir_error_release(&err);
  wi_store_unref(&store);
}

WT_TEST(a_table_that_is_gone_takes_no_commit) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  char path[64];
  const char *paths[] = {path};
  wi_store *store = crafted_store("gone");
  base(store);
  wi_log_commit_path(0, path);
  WT_OK(wi_store_remove(store, paths, 1, &err));
  wi_txn txn = txn_at(store, 0, &h);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(!is_there(store, 1));
  weir_error_release(&err);
  wi_store_unref(&store);
}

/* Where the log was listed a moment ago, it is not listed again. */
WT_TEST(a_commit_right_after_its_base_lists_nothing) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("fresh");
  base(store);
  WT_EQ_INT(latest(store), 0);
  wi_txn txn = txn_at(store, 0, &h);
  txn.limits.fresh_us = (int64_t)60 * 1000000;
  wh_on_store(&hooks, store);
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(hooks.count[WI_STORE_LIST], 0);
  WT_EQ_INT(hooks.count[WI_STORE_PUT_NEW], 1);
  txn.read_version = 1; /* what the listing did not see yet is not taken for gone */
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(hooks.count[WI_STORE_LIST], 1);
  txn.read_version = 2; /* not trusting any: around the put */
  txn.limits.fresh_us = 0;
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(hooks.count[WI_STORE_LIST], 3);
  wh_off(&hooks);
  weir_error_release(&err);
  wi_store_unref(&store);
}
