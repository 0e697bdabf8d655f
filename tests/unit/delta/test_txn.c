/* The loop that commits: bounds, unclear answers, and who comes between two operations. */
#include "unit/delta/txn_host.h"

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
