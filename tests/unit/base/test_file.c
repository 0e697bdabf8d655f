/* Files: the race for a name, what is left behind, links, folders, paths. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "common/test.h"

/* A folder of the test's own, removed at the end of the program. */
static char root[64];

static void remove_root(void) {
  wi_dir_remove_all(root, NULL);
}

/* Joined path in one of several slots, so that a call can name more than one. */
static const char *at(const char *name) {
  static char slots[4][512];
  static size_t next;
  if (root[0] == '\0') {
    snprintf(root, sizeof root, "/tmp/weir-file-XXXXXX");
    if (mkdtemp(root) == NULL) {
      abort();
    }
    atexit(remove_root);
  }
  char *slot = slots[next++ % 4];
  snprintf(slot, sizeof slots[0], "%s/%s", root, name);
  return slot;
}

static size_t count_in(const char *folder) {
  wi_list names = WI_LIST_INIT;
  if (wi_dir_list(folder, &names, NULL) != WEIR_OK) {
    return SIZE_MAX;
  }
  size_t n = names.n;
  for (size_t i = 0; i < n; i++) {
    wi_free(names.items[i]);
  }
  wi_list_release(&names);
  return n;
}

typedef struct racer {
  pthread_barrier_t *barrier;
  const char *path;
  char text[32];
  weir_status status;
} racer;

static void *race(void *arg) {
  racer *r = arg;
  pthread_barrier_wait(r->barrier);
  r->status = wi_file_put_new(r->path, r->text, strlen(r->text), NULL);
  return NULL;
}

WT_TEST(put_new_has_one_winner) {
  enum { THREADS = 8, ROUNDS = 50 };
  const char *folder = at("race");
  WT_CHECK(wi_dir_make(folder, NULL) == WEIR_OK);
  for (int round = 0; round < ROUNDS; round++) {
    char path[600];
    pthread_barrier_t barrier;
    pthread_t threads[THREADS];
    racer racers[THREADS];
    snprintf(path, sizeof path, "%s/%d", folder, round);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
      racers[i] = (racer){&barrier, path, "", WEIR_E_BUG};
      snprintf(racers[i].text, sizeof racers[i].text, "writer %d", i);
      WT_CHECK(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
    }
    int winner = -1, wins = 0, losses = 0;
    for (int i = 0; i < THREADS; i++) {
      pthread_join(threads[i], NULL);
      wins += racers[i].status == WEIR_OK ? 1 : 0;
      losses += racers[i].status == WEIR_E_EXISTS ? 1 : 0;
      winner = racers[i].status == WEIR_OK ? i : winner;
    }
    pthread_barrier_destroy(&barrier);
    WT_EQ_INT(wins, 1);
    WT_EQ_INT(losses, THREADS - 1);
    wi_buf text = WI_BUF_INIT;
    WT_CHECK(wi_file_read(path, 0, &text, NULL) == WEIR_OK);
    bool same = strcmp(wi_buf_text(&text), racers[winner].text) == 0;
    wi_buf_release(&text);
    WT_CHECK(same);
  }
  WT_EQ_INT(count_in(folder), ROUNDS); /* no temporary name is left */
}

WT_TEST(put_new_refusals) {
  weir_error err = WEIR_ERROR_INIT;
  WT_OK(wi_dir_make(at("put"), &err));
  WT_OK(wi_file_put_new(at("put/a"), "x", 1, &err));
  WT_EQ_INT(wi_file_put_new(at("put/a"), "y", 1, &err), WEIR_E_EXISTS);
  WT_CHECK(strstr(err.message, "put/a") != NULL);
  weir_error_release(&err);
  WT_EQ_INT(wi_file_put_new(at("put"), "y", 1, &err), WEIR_E_BAD_VALUE); /* a folder */
  weir_error_release(&err);
  WT_EQ_INT(wi_file_put_new(at("absent/a"), "y", 1, &err), WEIR_E_NOT_FOUND);
  WT_CHECK(err.hint[0] != '\0');
  weir_error_release(&err);
  WT_EQ_INT(wi_file_put_new(at("put/"), "y", 1, &err), WEIR_E_IO);
  weir_error_release(&err);
  WT_CHECK(symlink("nowhere", at("put/dangling")) == 0);
  WT_EQ_INT(wi_file_put_new(at("put/dangling"), "y", 1, &err), WEIR_E_EXISTS);
  weir_error_release(&err);
  WT_EQ_INT(count_in(at("put")), 2);
}

/* /proc refuses to make any file. */
WT_TEST(put_new_where_nothing_can_be_made) {
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = wi_file_put_new("/proc/weir", "x", 1, &err);
  WT_CHECK(status == WEIR_E_NOT_FOUND || status == WEIR_E_IO);
  WT_CHECK(strstr(err.message, "/proc/weir") != NULL);
}

WT_TEST(unreadable_paths) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf b = WI_BUF_INIT;
  WT_EQ_INT(wi_file_read(at("no/such"), 0, &b, &err), WEIR_E_NOT_FOUND);
  WT_CHECK(strstr(err.message, "No such file") != NULL);
  weir_error_release(&err);
  WT_EQ_INT(wi_file_read(at("."), 0, &b, &err), WEIR_E_IO);
  WT_CHECK(strstr(err.message, "directory") != NULL);
  wi_buf_release(&b);
}

WT_TEST(replace_and_read) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf b = WI_BUF_INIT;
  static char large[300000];
  memset(large, 'L', sizeof large);
  WT_OK(wi_dir_make(at("rep"), &err));
  WT_OK(wi_file_replace(at("rep/f"), "first", 5, &err));
  WT_OK(wi_file_replace(at("rep/f"), large, sizeof large, &err));
  WT_OK(wi_file_read(at("rep/f"), 0, &b, &err));
  WT_EQ_INT(b.n, sizeof large);
  WT_CHECK(memcmp(b.p, large, sizeof large) == 0);
  WT_CHECK(b.cap < sizeof large + 4096); /* the end is found without growing */
  WT_OK(wi_file_read(at("rep/f"), sizeof large, &b, &err));
  WT_EQ_INT(wi_file_read(at("rep/f"), sizeof large - 1, &b, &err), WEIR_E_TOO_LARGE);
  WT_EQ_INT(b.n, 0);
  weir_error_release(&err);
  WT_OK(wi_file_replace(at("rep/f"), NULL, 0, &err));
  WT_OK(wi_file_read(at("rep/f"), 1, &b, &err));
  WT_EQ_INT(b.n, 0);
  WT_EQ_INT(count_in(at("rep")), 1);
  WT_OK(wi_file_sync(at("rep/f"), &err));
  WT_OK(wi_dir_sync(at("rep"), &err));
  WT_EQ_INT(wi_dir_sync(at("rep/none"), &err), WEIR_E_NOT_FOUND);
  wi_buf_release(&b);
}

/* Not a regular file: the size is not known before. */
WT_TEST(reads_what_has_no_size) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf b = WI_BUF_INIT;
  WT_OK(wi_file_read("/proc/self/status", 0, &b, &err));
  WT_CHECK(b.n > 100 && strlen(b.p) == b.n);
  WT_EQ_INT(wi_file_read("/dev/zero", 100000, &b, &err), WEIR_E_IO);
  wi_buf_release(&b);
}

WT_TEST(stat_and_links) {
  weir_error err = WEIR_ERROR_INIT;
  wi_file_info info;
  WT_OK(wi_dir_make(at("st/d"), &err));
  WT_OK(wi_file_put_new(at("st/f"), "12345", 5, &err));
  WT_CHECK(symlink("f", at("st/l")) == 0 && symlink("d", at("st/ld")) == 0);
  WT_CHECK(symlink("none", at("st/x")) == 0);
  WT_OK(wi_file_stat(at("st/f"), &info, &err));
  WT_CHECK(info.size == 5 && !info.is_dir && !info.is_link && info.inode != 0);
  WT_CHECK(info.mtime_ns > INT64_C(1500000000000000000));
  WT_OK(wi_file_stat(at("st/l"), &info, &err));
  WT_CHECK(info.size == 5 && info.is_link && !info.is_dir);
  WT_OK(wi_file_stat(at("st/ld"), &info, &err));
  WT_CHECK(info.is_dir && info.is_link);
  WT_EQ_INT(wi_file_stat(at("st/x"), &info, &err), WEIR_E_NOT_FOUND);
  WT_CHECK(info.size == 0 && !info.is_link);
  WT_CHECK(wi_file_exists(at("st/f")) && wi_file_exists(at("st/d")));
  WT_CHECK(!wi_file_exists(at("st/x")) && !wi_file_exists(at("st/none")));
}

/* 64 bits of nanoseconds end in 2262, the times of files do not. */
WT_TEST(times_that_are_far_away) {
  weir_error err = WEIR_ERROR_INIT;
  wi_file_info info;
  struct stat st;
  WT_OK(wi_dir_make(at("far"), &err));
  WT_OK(wi_file_put_new(at("far/f"), "", 0, &err));
  struct timespec times[2] = {{0, 0}, {13569465600, 5}}; /* 2400-01-01 */
  WT_CHECK(utimensat(AT_FDCWD, at("far/f"), times, 0) == 0);
  WT_CHECK(stat(at("far/f"), &st) == 0);
  WT_OK(wi_file_stat(at("far/f"), &info, &err));
  WT_CHECK(info.mtime_ns > INT64_C(1500000000000000000));
  if (st.st_mtim.tv_sec == times[1].tv_sec) { /* some file systems cut it */
    WT_CHECK(info.mtime_ns == INT64_MAX);
  }
}

WT_TEST(folders) {
  weir_error err = WEIR_ERROR_INIT;
  wi_list names = WI_LIST_INIT;
  WT_OK(wi_dir_make(at("dirs//x/./y/"), &err));
  WT_OK(wi_dir_make(at("dirs/x/y"), &err));
  WT_OK(wi_file_put_new(at("dirs/b"), "", 0, &err));
  WT_OK(wi_file_put_new(at("dirs/B"), "", 0, &err));
  WT_OK(wi_file_put_new(at("dirs/.h"), "", 0, &err));
  WT_EQ_INT(wi_dir_make(at("dirs/b"), &err), WEIR_E_IO);
  weir_error_release(&err);
  WT_CHECK(wi_dir_make(at("dirs/b/c"), &err) != WEIR_OK);
  weir_error_release(&err);
  WT_OK(wi_dir_list(at("dirs"), &names, &err));
  WT_EQ_INT(names.n, 4);
  static const char *const want[] = {".h", "B", "b", "x"};
  for (size_t i = 0; i < 4; i++) {
    WT_EQ_STR((const char *)names.items[i], want[i]);
    wi_free(names.items[i]);
  }
  WT_EQ_INT(wi_dir_list(at("dirs/none"), &names, &err), WEIR_E_NOT_FOUND);
  WT_EQ_INT(names.n, 0);
  wi_list_release(&names);
}

WT_TEST(removal_does_not_follow_links) {
  weir_error err = WEIR_ERROR_INIT;
  WT_OK(wi_dir_make(at("keep"), &err));
  WT_OK(wi_file_put_new(at("keep/f"), "x", 1, &err));
  WT_OK(wi_dir_make(at("gone/a/b/c"), &err));
  for (int i = 0; i < 300; i++) {
    char name[32];
    snprintf(name, sizeof name, "gone/a/b/f%d", i);
    int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    WT_CHECK(fd >= 0);
    close(fd);
  }
  WT_CHECK(symlink("../../keep", at("gone/a/link")) == 0);
  WT_CHECK(symlink(at("keep"), at("top")) == 0);
  WT_OK(wi_dir_remove_all(at("gone/"), &err));
  WT_CHECK(!wi_file_exists(at("gone")));
  WT_OK(wi_dir_remove_all(at("gone"), &err));
  WT_CHECK(wi_dir_remove_all(at("top/"), &err) != WEIR_OK);
  weir_error_release(&err);
  WT_EQ_INT(wi_dir_remove_all(at("keep/f"), &err), WEIR_E_IO);
  WT_CHECK(strstr(err.message, "keep/f") != NULL);
  weir_error_release(&err);
  WT_CHECK(wi_dir_remove_all("/", &err) != WEIR_OK);
  weir_error_release(&err);
  WT_CHECK(wi_file_exists(at("keep/f")));
  WT_OK(wi_file_remove(at("keep/f"), &err));
  WT_OK(wi_file_remove(at("keep/f"), &err));
  WT_CHECK(wi_file_remove(at("keep"), &err) != WEIR_OK);
  WT_CHECK(wi_file_exists(at("keep")));
}

WT_TEST(absolute_paths) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf b = WI_BUF_INIT;
  char *real = realpath(at("."), NULL);
  char want[600];
  WT_CHECK(real != NULL);
  WT_OK(wi_dir_make(at("abs/d"), &err));
  WT_CHECK(symlink("abs/d", at("ln")) == 0 && symlink("loop", at("loop")) == 0);
  static const char *const rows[][2] = {{"ln/new/../x//y/.", "abs/d/x/y"},
                                        {"ln/..", "abs"},
                                        {"none/../ln/z", "abs/d/z"},
                                        {"abs/./d/", "abs/d"},
                                        {"none/a/b", "none/a/b"}};
  for (size_t i = 0; i < 5; i++) {
    WT_OK(wi_path_absolute(at(rows[i][0]), &b, &err));
    snprintf(want, sizeof want, "%s/%s", real, rows[i][1]);
    WT_EQ_STR(wi_buf_text(&b), want);
  }
  WT_OK(wi_path_absolute("/../..", &b, &err));
  WT_EQ_STR(wi_buf_text(&b), "/");
  WT_EQ_INT(wi_path_absolute(at("loop/x"), &b, &err), WEIR_E_IO);
  WT_EQ_STR(wi_buf_text(&b), "");
  weir_error_release(&err);
  char *here = realpath(".", NULL);
  WT_OK(wi_path_absolute("surely-absent", &b, &err));
  snprintf(want, sizeof want, "%s/surely-absent", here);
  WT_EQ_STR(wi_buf_text(&b), want);
  WT_EQ_INT(wi_path_absolute("", &b, &err), WEIR_E_NOT_FOUND);
  free(here);
  free(real);
  wi_buf_release(&b);
}

WT_TEST(joins) {
  wi_buf b = WI_BUF_INIT;
  static const char *const rows[][3] = {{"a", "b", "a/b"},
                                        {"a/", "b", "a/b"},
                                        {"", "b", "b"},
                                        {"/", "b", "/b"},
                                        {"a", "/b", "/b"}};
  for (size_t i = 0; i < 5; i++) {
    wi_path_join(&b, rows[i][0], rows[i][1]);
    WT_EQ_STR(wi_buf_text(&b), rows[i][2]);
  }
  wi_buf_release(&b);
}
