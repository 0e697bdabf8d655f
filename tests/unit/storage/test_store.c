/* Local roots: listing, reading, putting, removing; options of all kinds of roots. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/test.h"
#include "storage/storage.h"

static char root[64];

static void remove_root(void) {
  wi_dir_remove_all(root, NULL);
}

static wi_store *open_root(const char *folder) {
  char uri[256];
  wi_store *store = NULL;
  if (root[0] == '\0') {
    snprintf(root, sizeof root, "/tmp/weir-store-XXXXXX");
    if (mkdtemp(root) == NULL) {
      abort();
    }
    atexit(remove_root);
  }
  snprintf(uri, sizeof uri, "file://%s/%s", root, folder);
  if (wi_store_open(NULL, uri, NULL, 0, &store, NULL) != WEIR_OK) {
    abort();
  }
  return store;
}

static weir_status put(wi_store *store, const char *path, const char *text,
                       weir_error *err) {
  return wi_store_put_new(store, path, text, strlen(text), err);
}

WT_TEST(put_makes_folders_and_is_once_only) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf out = WI_BUF_INIT;
  int64_t mtime = 0;
  wi_store *store = open_root("put");
  WT_EQ_INT(wi_store_read(store, "_delta_log/a", &out, &err), WEIR_E_NOT_FOUND);
  weir_error_release(&err);
  WT_OK(put(store, "_delta_log/a", "one", &err));
  WT_EQ_INT(put(store, "_delta_log/a", "two", &err), WEIR_E_EXISTS);
  weir_error_release(&err);
  WT_OK(wi_store_read_timed(store, "_delta_log/a", &out, &mtime, &err));
  WT_EQ_STR(out.p, "one");
  WT_CHECK(mtime > wi_now_us() - 60 * 1000000LL && mtime <= wi_now_us() + 1000000);
  wi_buf_release(&out);
  wi_store_unref(&store);
}

static bool not_small(const char *name) {
  return strncmp(name, "small", 5) != 0;
}

WT_TEST(a_listing_begins_where_it_is_told_to) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_entries entries;
  wi_store *store = open_root("from");
  WT_OK(wi_store_list_from(store, "log", "log/5", NULL, &entries, &err));
  WT_EQ_INT(entries.n, 0);
  WT_OK(put(store, "log/1.json", "one", &err));
  WT_OK(put(store, "log/5.json", "five", &err));
  WT_OK(put(store, "log/7.json", "seven", &err));
  WT_OK(put(store, "log/small", "nothing", &err));
  WT_OK(put(store, "log/6.json/deeper", "x", &err));
  WT_OK(put(store, "other/9", "x", &err));
  WT_OK(wi_store_list_from(store, "log", "log/5", not_small, &entries, &err));
  WT_EQ_INT(entries.n, 3);
  WT_EQ_STR(entries.items[0].path, "log/5.json");
  WT_EQ_INT(entries.items[0].size, 4);
  WT_CHECK(entries.items[0].mtime_us > 0);
  WT_EQ_STR(entries.items[1].path, "log/7.json");
  WT_EQ_STR(entries.items[2].path, "log/small");
  WT_EQ_INT(entries.items[2].size, 0);
  wi_store_entries_release(&entries);
  WT_OK(wi_store_list_from(store, "log", "log/5.json", NULL, &entries, &err));
  WT_EQ_INT(entries.n, 2);
  WT_EQ_INT(entries.items[1].size, 7);
  wi_store_entries_release(&entries);
  WT_EQ_INT(wi_store_list_from(store, "../log", NULL, not_small, &entries, &err),
            WEIR_E_BAD_VALUE);
  weir_error_release(&err);
  wi_store_unref(&store);
}

WT_TEST(lists_are_sorted_and_know_depth) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_entries entries;
  wi_store *store = open_root("list");
  WT_OK(wi_store_list(store, "absent", &entries, &err));
  WT_EQ_INT(entries.n, 0);
  WT_OK(put(store, "d/b", "bb", &err));
  WT_OK(put(store, "d/a", "a", &err));
  WT_OK(put(store, "d/sub/c", "ccc", &err));
  WT_OK(put(store, "d/sub/deep/e", "", &err));
  WT_OK(put(store, "other", "", &err));
  WT_OK(wi_store_list(store, "d", &entries, &err));
  WT_EQ_INT(entries.n, 2);
  WT_EQ_STR(entries.items[0].path, "d/a");
  WT_EQ_STR(entries.items[1].path, "d/b");
  WT_EQ_INT(entries.items[1].size, 2);
  wi_store_entries_release(&entries);
  WT_OK(wi_store_list_all(store, "d", &entries, &err));
  WT_EQ_INT(entries.n, 4);
  WT_EQ_STR(entries.items[2].path, "d/sub/c");
  WT_EQ_STR(entries.items[3].path, "d/sub/deep/e");
  wi_store_entries_release(&entries);
  WT_OK(wi_store_list_all(store, "", &entries, &err));
  WT_EQ_INT(entries.n, 5);
  wi_store_entries_release(&entries);
  wi_store_unref(&store);
}

WT_TEST(links_to_folders_are_not_followed) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_entries entries;
  char link[128];
  wi_store *store = open_root("links");
  WT_OK(put(store, "d/a", "a", &err));
  snprintf(link, sizeof link, "%s/links/d/round", root);
  WT_CHECK(symlink("..", link) == 0);
  WT_OK(wi_store_list_all(store, "", &entries, &err));
  WT_EQ_INT(entries.n, 1);
  wi_store_entries_release(&entries);
  WT_OK(wi_store_remove_all(store, "d", &err));
  WT_CHECK(wi_file_exists(wi_store_local(store)));
  wi_store_unref(&store);
}

WT_TEST(removing_and_syncing) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store_entries entries;
  wi_store *store = open_root("remove");
  static const char *const both[] = {"v/run/0.parquet", "v/run/1.parquet"};
  static const char *const gone[] = {"v/run/0.parquet", "v/absent"};
  WT_OK(put(store, both[0], "x", &err));
  WT_OK(put(store, both[1], "y", &err));
  WT_OK(wi_store_sync(store, both, 2, &err));
  WT_OK(wi_store_remove(store, gone, 2, &err));
  WT_OK(wi_store_list_all(store, "", &entries, &err));
  WT_EQ_INT(entries.n, 1);
  wi_store_entries_release(&entries);
  WT_EQ_INT(wi_store_sync(store, gone, 1, &err), WEIR_E_NOT_FOUND);
  weir_error_release(&err);
  WT_OK(wi_store_remove_all(store, "v", &err));
  WT_OK(wi_store_remove_all(store, "v", &err));
  WT_OK(wi_store_list_all(store, "", &entries, &err));
  WT_EQ_INT(entries.n, 0);
  wi_store_entries_release(&entries);
  WT_OK(wi_store_remove(store, NULL, 0, &err));
  wi_store_unref(&store);
}

WT_TEST(no_path_leads_out_of_the_root) {
  wi_store *store = open_root("inside");
  static const char *const bad[] = {"../x", "/etc/passwd", "a/../../x", "..", "", "a/.."};
  wi_buf out = WI_BUF_INIT;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    WT_EQ_INT(wi_store_read(store, bad[i], &out, NULL), WEIR_E_BAD_VALUE);
    WT_EQ_INT(wi_store_remove(store, &bad[i], 1, NULL), WEIR_E_BAD_VALUE);
    WT_EQ_INT(wi_store_remove_all(store, bad[i], NULL), WEIR_E_BAD_VALUE);
    WT_EQ_INT(put(store, bad[i], "", NULL), WEIR_E_BAD_VALUE);
  }
  WT_CHECK(wi_file_exists("/etc/passwd"));
  wi_buf_release(&out);
  wi_store_unref(&store);
}

typedef struct racer {
  wi_store *store;
  pthread_barrier_t *barrier;
  const char *path;
  weir_status status;
} racer;

static void *race(void *arg) {
  racer *r = arg;
  pthread_barrier_wait(r->barrier);
  r->status = put(r->store, r->path, "x", NULL);
  return NULL;
}

WT_TEST(the_first_put_into_an_absent_folder_has_one_winner) {
  enum { THREADS = 8, ROUNDS = 20 };
  wi_store *store = open_root("race");
  for (int round = 0; round < ROUNDS; round++) {
    char path[64];
    pthread_barrier_t barrier;
    pthread_t threads[THREADS];
    racer racers[THREADS];
    int wins = 0, losses = 0;
    snprintf(path, sizeof path, "t%d/_delta_log/00000000000000000000.json", round);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
      racers[i] = (racer){wi_store_ref(store), &barrier, path, WEIR_E_BUG};
      WT_CHECK(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
      pthread_join(threads[i], NULL);
      wins += racers[i].status == WEIR_OK ? 1 : 0;
      losses += racers[i].status == WEIR_E_EXISTS ? 1 : 0;
      wi_store_unref(&racers[i].store);
    }
    pthread_barrier_destroy(&barrier);
    WT_EQ_INT(wins, 1);
    WT_EQ_INT(losses, THREADS - 1);
  }
  wi_store_unref(&store);
}

/* ---- what threads share ---- */

static void *open_handle(void *arg) {
  racer *r = arg;
  wb_store *handle = NULL;
  pthread_barrier_wait(r->barrier);
  r->status = wi_store_handle(r->store, &handle, NULL);
  r->path = (const char *)handle;
  return NULL;
}

/* The engine and its handle are made by whoever needs them first. */
WT_TEST(a_handle_is_opened_once) {
  enum { THREADS = 6 };
  weir_error err = WEIR_ERROR_INIT;
  const wi_engine_options options = {1, NULL};
  wi_engine *engine = NULL;
  wi_store *stores[2] = {NULL, NULL};
  pthread_barrier_t barrier;
  pthread_t threads[THREADS];
  racer racers[THREADS];
  WT_OK(wi_engine_new(&options, &engine, &err));
  WT_OK(wi_store_open(engine, "memory:///one", NULL, 0, &stores[0], &err));
  WT_OK(wi_store_open(engine, "memory:///two", NULL, 0, &stores[1], &err));
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) {
    racers[i] = (racer){stores[i % 2], &barrier, NULL, WEIR_E_BUG};
    WT_CHECK(pthread_create(&threads[i], NULL, open_handle, &racers[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    WT_EQ_INT(racers[i].status, WEIR_OK);
    WT_CHECK(racers[i].path != NULL && racers[i].path == racers[i % 2].path);
  }
  pthread_barrier_destroy(&barrier);
  wi_store_unref(&stores[0]);
  wi_store_unref(&stores[1]);
  wi_engine_unref(&engine);
}

/* ---- options ---- */

static weir_status open_with(const char *key, const char *value, weir_error *err) {
  wi_br_pair pair = {key, value};
  wi_store *store = NULL;
  weir_status status = wi_store_open(NULL, "file:///nowhere", &pair, 1, &store, err);
  wi_store_unref(&store);
  return status;
}

WT_TEST(unsafe_options_are_refused_and_secrets_not_shown) {
  static const char *const bad[][2] = {
      {"aws_conditional_put", "disabled"},   {"AWS_CONDITIONAL_PUT", "dynamo:hunter2"},
      {"conditional_put", "disabled"},       {"aws_s3_allow_unsafe_rename", "true"},
      {"AWS_S3_ALLOW_UNSAFE_RENAME", "1"},   {"aws_s3_locking_provider", "hunter2"},
      {"DELTA_DYNAMO_TABLE_NAME", "hunter2"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    weir_status status = open_with(bad[i][0], bad[i][1], &err);
    bool leaked =
        strstr(err.message, "hunter2") != NULL || strstr(err.hint, "hunter2") != NULL;
    bool hint = err.hint[0] != '\0';
    weir_error_release(&err);
    WT_EQ_INT(status, WEIR_E_STORE_UNSAFE);
    WT_CHECK(!leaked && hint);
  }
}

WT_TEST(safe_options_pass_and_malformed_ones_do_not) {
  weir_error err = WEIR_ERROR_INIT;
  WT_OK(open_with("aws_conditional_put", "etag", &err));
  WT_OK(open_with("aws_s3_allow_unsafe_rename", "false", &err));
  WT_OK(open_with("aws_region", "eu-central-1", &err));
  WT_EQ_INT(open_with("aws region", "x", &err), WEIR_E_BAD_VALUE);
  weir_error_release(&err);
  WT_EQ_INT(open_with("", "x", &err), WEIR_E_BAD_VALUE);
  weir_error_release(&err);
  wi_br_pair twice[] = {{"aws_region", "a"}, {"AWS_REGION", "b"}};
  wi_store *store = NULL;
  WT_EQ_INT(wi_store_open(NULL, "file:///nowhere", twice, 2, &store, &err),
            WEIR_E_BAD_VALUE);
  WT_CHECK(store == NULL);
  weir_error_release(&err);
}

WT_TEST(a_remote_root_needs_an_engine) {
  weir_error err = WEIR_ERROR_INIT;
  wi_store *store = NULL;
  WT_EQ_INT(wi_store_open(NULL, "s3://bucket/t", NULL, 0, &store, &err), WEIR_E_BUG);
  weir_error_release(&err);
  wb_store *handle = NULL;
  store = open_root("handle");
  WT_EQ_INT(wi_store_handle(store, &handle, &err), WEIR_E_BUG);
  weir_error_release(&err);
  wi_store_unref(&store);
}
