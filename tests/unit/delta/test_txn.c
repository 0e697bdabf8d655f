/* The loop that commits: bounds, unclear answers, and who comes between two operations. */
#include "common/hooks.h"
#include "delta/txn.h"
#include "unit/delta/crafted.h"

static const wi_commit_def def = {.operation = "WRITE", .engine_info = "weir/test"};

typedef struct host {
  int64_t on[32]; /* what it was to stand on */
  int n;
  wi_store *reads; /* it tells the digests of its bases; NULL: it does not */
  wi_commit_mark base;
} host;

static weir_status stand(void *ctx, int64_t version, const wi_judged *judged,
                         wi_txn_base *out, weir_error *err) {
  host *h = ctx;
  (void)judged;
  h->on[h->n++ % 32] = version;
  if (h->reads != NULL) {
    WI_TRY(wi_commit_find_mark(h->reads, version, &h->base, err));
    if (!h->base.says) { /* as a pin does */
      snprintf(h->base.digest, sizeof h->base.digest, "that of its files");
    }
    out->digest = h->base.digest;
  }
  return WEIR_OK;
}

static wi_txn txn_at(wi_store *store, int64_t version, host *h) {
  return (wi_txn){.store = store,
                  .read_version = version,
                  .claim = {.app = {.version = -1}},
                  .def = &def,
                  .host = {stand, h},
                  .limits = {.lost = 5, .unclear = 2}};
}

#define FOREIGN                                                            \
  "{\"commitInfo\":{\"engineInfo\":\"spark\"}}\n{\"add\":{\"path\":\"x\"," \
  "\"partitionValues\":{},\"size\":1,\"dataChange\":true}}\n"
#define BATCH "{\"txn\":{\"appId\":\"loader\",\"version\":7}}\n"

static void base(wi_store *store) {
  crafted_commit(store, 0, "{\"commitInfo\":{\"timestamp\":1}}\n");
}

static int64_t latest(wi_store *store) {
  wi_log log = {0};
  int64_t version = wi_log_list(store, &log, NULL) == WEIR_OK ? log.latest : -1;
  wi_log_release(&log);
  return version;
}

typedef struct late {
  wi_store *store;
  int64_t version;
  const char *text;
} late;

static void put_late(void *ctx) {
  late *l = ctx;
  crafted_commit(l->store, l->version++, l->text);
}

WT_TEST(it_stands_on_what_was_judged_and_on_nothing_newer) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("judged");
  base(store);
  crafted_commit(store, 1, FOREIGN);
  crafted_commit(store, 2, FOREIGN);
  late l = {store, 3, FOREIGN};
  wi_txn txn = txn_at(store, 0, &h);
  /* The first listing is of whether the base is the newest, the second is judged. */
  wh_run(&hooks, WI_STORE_LIST, NULL, 2, WH_AFTER, put_late, &l);
  wh_on_store(&hooks, store);
  WT_OK(wi_txn_commit(&txn, &out, &err));
  wh_off(&hooks);
  WT_EQ_INT(out.end, WI_END_COMMITTED);
  WT_EQ_INT(out.version, 4);
  WT_EQ_INT(out.retries, 2);
  WT_EQ_INT(h.n, 3);
  WT_EQ_INT(h.on[0], 0);
  WT_EQ_INT(h.on[1], 2); /* not 3, which nobody had judged */
  WT_EQ_INT(h.on[2], 3);
  wi_store_unref(&store);
}

/* The same where the version may be ours by then. */
static void put_late_or_never(void *ctx) {
  late *l = ctx;
  char path[64];
  wi_log_commit_path(l->version, path);
  if (wi_store_put_new(l->store, path, l->text, strlen(l->text), NULL) == WEIR_OK) {
    l->version++;
  }
}

/* Wherever the other one comes in, the batch is there once. */
WT_TEST(a_batch_is_there_once_wherever_the_other_comes) {
  weir_error err = WEIR_ERROR_INIT;
  for (int nth = 1; nth < 12; nth++) {
    char name[32];
    wi_commit_outcome out;
    host h = {0};
    wh_hooks hooks = {0};
    snprintf(name, sizeof name, "once%d", nth);
    wi_store *store = crafted_store(name);
    base(store);
    crafted_commit(store, 1, FOREIGN);
    late l = {store, 2, BATCH};
    wi_txn txn = txn_at(store, 0, &h);
    txn.claim.app = (wi_app){.id = "loader", .version = 7};
    wh_run(&hooks, 0, NULL, nth, WH_BEFORE, put_late_or_never, &l);
    wh_on_store(&hooks, store);
    WT_OK(wi_txn_commit(&txn, &out, &err));
    wh_off(&hooks);
    WT_EQ_INT(out.end, l.version == 2 ? WI_END_COMMITTED : WI_END_UNCHANGED);
    WT_EQ_INT(out.version, 2);
    WT_EQ_INT(latest(store), 2);
    wi_store_unref(&store);
    if (hooks.fired == 0) {
      return;
    }
  }
  wt_fail(__FILE__, __LINE__, "there is no end of operations");
}

/* ---- a log that others clean ---- */

/* Others commit, write a checkpoint and clean the log up to it: of `from` and all that came after
 * only the newest is left. */
static void clean_log(void *ctx) {
  late *l = ctx;
  int64_t from = l->version;
  char path[64];
  const char *paths[] = {path};
  crafted_commit(l->store, from + 1, FOREIGN);
  crafted_commit(l->store, from + 2, FOREIGN);
  crafted_log(l->store, "00000000000000000002.checkpoint.parquet", "x");
  for (int64_t v = 0; v < from + 2; v++) {
    wi_log_commit_path(v, path);
    (void)wi_store_remove(l->store, paths, 1, NULL);
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
  const char *paths[] = {path};
  crafted_commit(l->store, l->version, l->text);
  snprintf(path, sizeof path, "%020" PRId64 ".checkpoint.parquet", l->version);
  crafted_log(l->store, path, "x");
  for (int64_t v = 0; v < l->version; v++) {
    wi_log_commit_path(v, path);
    (void)wi_store_remove(l->store, paths, 1, NULL);
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
  char path[64];
  const char *paths[] = {path};
  wi_log_commit_path(0, path);
  (void)wi_store_remove(l->store, paths, 1, NULL);
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

/* Where no second put is allowed either: what is there already is no conflict. */
WT_TEST(what_is_there_is_found_without_another_put) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wi_store *store = crafted_store("found");
  base(store);
  crafted_commit(store, 1, FOREIGN);
  wi_txn txn = txn_at(store, 0, &h);
  txn.limits.lost = 0;
  txn.claim.app = (wi_app){.id = "loader", .version = 7};
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(strstr(err.message, ": 1 commit was lost") != NULL);
  weir_error_release(&err);
  crafted_commit(store, 2, BATCH);
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(out.end, WI_END_UNCHANGED);
  WT_EQ_INT(out.version, 2);
  WT_EQ_INT(latest(store), 2);
  wi_store_unref(&store);
}

WT_TEST(lost_races_are_bounded_and_counted) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("bounded");
  base(store);
  late l = {store, 1, FOREIGN};
  wi_txn txn = txn_at(store, 0, &h);
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 0, WH_BEFORE, put_late, &l);
  wh_on_store(&hooks, store);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
  WT_EQ_INT(hooks.fired, 6);
  WT_EQ_INT(out.retries, 6);
  WT_CHECK(strstr(err.message, "6 commits in a row") != NULL);
  weir_error_release(&err);
  wh_off(&hooks);
  /* And by time, where waiting would pass it. */
  wh_reset(&hooks);
  l.version = latest(store) + 1;
  txn.read_version = latest(store);
  txn.limits = (wi_txn_limits){.lost = 1000, .backoff_us = 4000, .time_us = 60000};
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 0, WH_BEFORE, put_late, &l);
  wh_on_store(&hooks, store);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CONFLICT);
  WT_CHECK(out.retries >= 1 && out.retries < 20); /* far from a thousand */
  weir_error_release(&err);
  wh_off(&hooks);
  wi_store_unref(&store);
}

/* Before it has lost, the commit decides; afterwards nothing of it is there. */
WT_TEST(it_stops_between_two_attempts) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wi_stop *stop = NULL;
  wi_engine *engine = NULL; /* holds the token; it is never loaded */
  const wi_engine_options options = {0};
  wi_store *store = crafted_store("stop");
  base(store);
  WT_OK(wi_engine_new(&options, &engine, &err));
  WT_OK(wi_stop_new(engine, NULL, &stop, &err));
  wi_stop_fire(stop);
  wi_txn txn = txn_at(store, 0, &h);
  txn.stop = stop;
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(out.version, 1);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_CANCELLED);
  WT_EQ_INT(latest(store), 1);
  weir_error_release(&err);
  wi_stop_free(&stop);
  wi_engine_unref(&engine);
  wi_store_unref(&store);
}

WT_TEST(an_answer_that_is_lost_is_looked_for) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("answer");
  base(store);
  wi_txn txn = txn_at(store, 0, &h);
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_LOSE, NULL, NULL);
  wh_on_store(&hooks, store);
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(out.end, WI_END_COMMITTED);
  WT_EQ_INT(out.version, 1);
  WT_EQ_INT(out.unclear, 1);
  WT_EQ_INT(out.retries, 0);
  WT_EQ_INT(latest(store), 1);
  /* Neither put nor look give an answer, once: the put is tried again and found. */
  wh_reset(&hooks);
  txn.read_version = 1;
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_LOSE, NULL, NULL);
  wh_run(&hooks, WI_STORE_READ, NULL, 1, WH_FAIL, NULL, NULL);
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(out.version, 2);
  WT_EQ_INT(out.unclear, 2);
  WT_EQ_INT(latest(store), 2);
  /* A put that failed for certain is tried again, too. */
  wh_reset(&hooks);
  txn.read_version = 2;
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_FAIL, NULL, NULL);
  WT_OK(wi_txn_commit(&txn, &out, &err));
  WT_EQ_INT(out.version, 3);
  WT_EQ_INT(out.unclear, 1);
  WT_EQ_INT(latest(store), 3);
  wh_off(&hooks);
  wi_store_unref(&store);
}

WT_TEST(what_stays_unclear_is_ambiguous) {
  weir_error err = WEIR_ERROR_INIT;
  wi_commit_outcome out;
  host h = {0};
  wh_hooks hooks = {0};
  wi_store *store = crafted_store("unclear");
  base(store);
  WT_EQ_INT(latest(store), 0);
  wi_txn txn = txn_at(store, 0, &h);
  txn.limits.fresh_us =
      (int64_t)60 * 1000000; /* no read but of the version that was put */
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 1, WH_LOSE, NULL, NULL);
  wh_run(&hooks, WI_STORE_PUT_NEW, NULL, 0, WH_FAIL, NULL, NULL);
  wh_run(&hooks, WI_STORE_READ, NULL, 0, WH_FAIL, NULL, NULL);
  wh_on_store(&hooks, store);
  WT_EQ_INT(wi_txn_commit(&txn, &out, &err), WEIR_E_AMBIGUOUS);
  WT_EQ_INT(err.code, WEIR_E_AMBIGUOUS);
  WT_EQ_INT(out.unclear, 3);
  weir_error_release(&err);
  wh_off(&hooks);
  wi_store_unref(&store);
}

/* Whichever operation fails, loses its answer or is the last one of a process: the commit is there
 * once or not at all, OK means that it is, and an error that is not AMBIGUOUS that it is not. */
WT_TEST(each_operation_fails_once) {
  static const wh_what ways[] = {WH_FAIL, WH_LOSE, WH_KILL, WH_KILL_AFTER};
  for (size_t w = 0; w < 4; w++) {
    for (int nth = 1;; nth++) {
      char name[32];
      weir_error err = WEIR_ERROR_INIT;
      wi_commit_outcome out;
      host h = {0};
      wh_hooks hooks = {0};
      snprintf(name, sizeof name, "each%zu.%d", w, nth);
      wi_store *store = crafted_store(name);
      base(store);
      crafted_commit(store, 1, FOREIGN);
      wi_txn txn = txn_at(store, 0, &h);
      txn.claim.app = (wi_app){.id = "loader", .version = 7};
      wh_fault(&hooks, nth, ways[w]);
      wh_on_store(&hooks, store);
      weir_status status = wi_txn_commit(&txn, &out, &err);
      wh_off(&hooks);
      bool there = latest(store) == 2;
      WT_CHECK(status != WEIR_OK || there);
      WT_CHECK(status == WEIR_OK || status == WEIR_E_AMBIGUOUS || !there || hooks.dead);
      weir_error_release(&err);
      /* The batch is sent again, by a process that is well. */
      WT_OK(wi_txn_commit(&txn, &out, &err));
      WT_EQ_INT(out.end, there ? WI_END_UNCHANGED : WI_END_COMMITTED);
      WT_EQ_INT(out.version, 2);
      WT_EQ_INT(latest(store), 2);
      wi_store_unref(&store);
      if (hooks.fired == 0) {
        break;
      }
      WT_CHECK(nth < 50);
    }
  }
}
