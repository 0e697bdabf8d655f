/* Putting commits: one winner a version, and the truth after an unclear failure. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "unit/delta/crafted.h"

#define COMMIT(id) "{\"commitInfo\":{\"timestamp\":1,\"weir.commit_id\":\"" id "\"}}\n"

static wi_put_result result;

static weir_status put(wi_store *store, int64_t version, const char *id,
                       weir_error *err) {
  wi_buf bytes = WI_BUF_INIT;
  wi_buf_fmt(&bytes, COMMIT("%s"), id);
  weir_status status = wi_commit_put(store, version, id, &bytes, &result, err);
  wi_buf_release(&bytes);
  return status;
}

WT_TEST(the_first_wins_and_the_second_has_lost) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store *store = crafted_store("put");
  WT_OK(put(store, 0, "a", &err));
  WT_EQ_INT(result, WI_PUT_DONE);
  WT_OK(put(store, 0, "b", &err));
  WT_EQ_INT(result, WI_PUT_LOST);
  WT_EQ_INT(err.code, WEIR_OK);
  wi_store_unref(&store);
}

WT_TEST(a_commit_that_is_there_already_is_found_by_its_id) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store *store = crafted_store("found");
  WT_OK(put(store, 0, "a", &err));
  WT_OK(put(store, 0, "a", &err)); /* the store did it, and said that somebody had */
  WT_EQ_INT(result, WI_PUT_DONE_FOUND);
  /* The same id in other bytes is ours as well. */
  crafted_commit(store, 1, "{\"txn\":{\"appId\":\"x\",\"version\":1}}\r\n" COMMIT("c"));
  WT_OK(put(store, 1, "c", &err));
  WT_EQ_INT(result, WI_PUT_DONE_FOUND);
  wi_store_unref(&store);
}

WT_TEST(damage_at_the_version_is_somebody_elses) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store *store = crafted_store("damage");
  crafted_commit(store, 0, "garbage");
  crafted_commit(store, 1, "");
  WT_OK(put(store, 0, "a", &err));
  WT_EQ_INT(result, WI_PUT_LOST);
  WT_OK(put(store, 1, "a", &err));
  WT_EQ_INT(result, WI_PUT_LOST);
  wi_store_unref(&store);
}

WT_TEST(an_unreadable_version_is_ambiguous) {
  weir_error err = WEIR_ERROR_INIT;
  char link[256];
  wi_store *store = crafted_store("unreadable");
  crafted_log(store, "x", "x");
  snprintf(link, sizeof link, "%s/_delta_log/00000000000000000000.json",
           wi_store_local(store));
  WT_CHECK(symlink("/", link) == 0); /* somebody has the name, and nobody can read it */
  WT_EQ_INT(put(store, 0, "a", &err), WEIR_E_AMBIGUOUS);
  WT_EQ_INT(result, 0);
  WT_CHECK(err.hint[0] != '\0' && weir_error_class(err.code) == WEIR_CLASS_AMBIGUOUS);
  weir_error_release(&err);
  wi_store_unref(&store);
}

WT_TEST(a_folder_in_its_place_is_refused) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store *store = crafted_store("folder");
  crafted_log(store, "00000000000000000000.json/inside", "x");
  WT_EQ_INT(put(store, 0, "a", &err), WEIR_E_BAD_VALUE);
  WT_EQ_INT(result, 0);
  WT_CHECK(strstr(err.message, "00000000000000000000.json") != NULL);
  weir_error_release(&err);
  wi_store_unref(&store);
}

WT_TEST(a_dangling_name_is_ambiguous_too) {
  weir_error err = WEIR_ERROR_INIT;
  char link[256];
  wi_store *store = crafted_store("dangling");
  crafted_log(store, "x", "x");
  snprintf(link, sizeof link, "%s/_delta_log/00000000000000000000.json",
           wi_store_local(store));
  WT_CHECK(symlink("nowhere", link) == 0);
  WT_EQ_INT(put(store, 0, "a", &err), WEIR_E_AMBIGUOUS); /* taken, and nothing to read */
  weir_error_release(&err);
  wi_store_unref(&store);
}

WT_TEST(a_failure_that_left_nothing_is_itself) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store *store = crafted_store("failure");
  crafted_put(store, "_delta_log", "a file where the folder should be");
  weir_status status = put(store, 0, "a", &err);
  WT_CHECK(status != WEIR_OK && status != WEIR_E_AMBIGUOUS);
  WT_EQ_INT(err.code, status);
  WT_EQ_INT(result, 0);
  weir_error_release(&err);
  wi_store_unref(&store);
}

WT_TEST(nothing_empty_is_put) {
  wi_buf none = WI_BUF_INIT;
  wi_store *store = crafted_store("empty");
  WT_EQ_INT(wi_commit_put(store, 0, "a", &none, &result, NULL), WEIR_E_BUG);
  WT_EQ_INT(put(store, -1, "a", NULL), WEIR_E_BUG);
  wi_store_unref(&store);
}

typedef struct racer {
  wi_store *store;
  pthread_barrier_t *barrier;
  int id, wins, losses, errors;
} racer;

enum { THREADS = 8, VERSIONS = 50 };

static void *race(void *arg) {
  racer *r = arg;
  for (int64_t version = 0; version < VERSIONS; version++) {
    char id[32];
    wi_buf bytes = WI_BUF_INIT;
    wi_put_result got = (wi_put_result)0;
    snprintf(id, sizeof id, "%d/%d", r->id, (int)version);
    wi_buf_fmt(&bytes, COMMIT("%s"), id);
    pthread_barrier_wait(r->barrier);
    weir_status status = wi_commit_put(r->store, version, id, &bytes, &got, NULL);
    r->wins += status == WEIR_OK && got == WI_PUT_DONE ? 1 : 0;
    r->losses += status == WEIR_OK && got == WI_PUT_LOST ? 1 : 0;
    r->errors += status != WEIR_OK ? 1 : 0;
    wi_buf_release(&bytes);
  }
  return NULL;
}

WT_TEST(each_version_has_exactly_one_winner) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store *store = crafted_store("race");
  pthread_barrier_t barrier;
  pthread_t threads[THREADS];
  racer racers[THREADS];
  int wins = 0, losses = 0, errors = 0;
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    racers[i] = (racer){store, &barrier, i, 0, 0, 0};
    WT_CHECK(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    wins += racers[i].wins;
    losses += racers[i].losses;
    errors += racers[i].errors;
  }
  pthread_barrier_destroy(&barrier);
  WT_EQ_INT(errors, 0);
  WT_EQ_INT(wins, VERSIONS);
  WT_EQ_INT(losses, VERSIONS * (THREADS - 1));
  wi_log log;
  WT_OK(wi_log_list(store, &log, &err));
  WT_EQ_INT(log.latest, VERSIONS - 1);
  WT_EQ_INT(log.n_commits, VERSIONS);
  wi_log_release(&log);
  /* What is in the log says who won, as often as each was told so. */
  int said[THREADS] = {0};
  for (int64_t v = 0; v < VERSIONS; v++) {
    wi_commit c;
    WT_OK(wi_commit_read(store, v, &c, &err));
    said[atoi(wi_commit_info_text(&c, "weir.commit_id"))]++;
    wi_commit_release(&c);
  }
  for (int i = 0; i < THREADS; i++) {
    WT_EQ_INT(said[i], racers[i].wins);
  }
  wi_store_unref(&store);
}
