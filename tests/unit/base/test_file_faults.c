/* What the kernel can answer when a file is being made: each failing call in turn, by
 * the test's own linkat, renameat, fsync and write, which stand in front of the C
 * library's. */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"
#include "common/test.h"

static int link_error, rename_error, write_error;
static bool link_done_first; /* the link is made, and then the error is answered */
static int fsync_error, fsync_skip;
static size_t write_most; /* at most so many bytes per call; 0: all */
static int interrupts;    /* so many calls answer EINTR first */

static bool interrupted(void) {
  if (interrupts > 0) {
    interrupts--;
    errno = EINTR;
    return true;
  }
  return false;
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
  if (link_error == 0 || link_done_first) {
    int r = (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
    if (link_error == 0 || r != 0) {
      return r;
    }
  }
  errno = link_error;
  return -1;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
  if (rename_error != 0) {
    errno = rename_error;
    return -1;
  }
  return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int fsync(int fd) {
  if (interrupted()) {
    return -1;
  }
  if (fsync_error != 0 && fsync_skip-- <= 0) {
    errno = fsync_error;
    return -1;
  }
  return (int)syscall(SYS_fsync, fd);
}

ssize_t write(int fd, const void *p, size_t n) {
  if (fd > 2 && interrupted()) {
    return -1;
  }
  if (fd > 2 && write_error != 0) {
    errno = write_error;
    return -1;
  }
  if (fd > 2 && write_most > 0 && n > write_most) {
    n = write_most;
  }
  return syscall(SYS_write, fd, p, n);
}

typedef struct place {
  char folder[32], path[40];
} place;

static void calm(void) {
  link_error = rename_error = write_error = fsync_error = fsync_skip = interrupts = 0;
  link_done_first = false;
  write_most = 0;
}

static bool begin(place *p) {
  calm();
  snprintf(p->folder, sizeof p->folder, "/tmp/weir-fault-XXXXXX");
  if (mkdtemp(p->folder) == NULL) {
    return false;
  }
  snprintf(p->path, sizeof p->path, "%s/f", p->folder);
  return true;
}

/* Names in the folder; -1 if it cannot be listed. The folder is removed. */
static int end(const place *p) {
  wi_list names = WI_LIST_INIT;
  calm();
  if (wi_dir_list(p->folder, &names, NULL) != WEIR_OK) {
    return -1;
  }
  int n = (int)names.n;
  for (size_t i = 0; i < names.n; i++) {
    wi_free(names.items[i]);
  }
  wi_list_release(&names);
  return wi_dir_remove_all(p->folder, NULL) == WEIR_OK ? n : -1;
}

WT_TEST(no_hard_links_is_not_durable) {
  static const int codes[] = {EPERM, EOPNOTSUPP, ENOTSUP, EMLINK, ENOSYS};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    place p;
    WT_CHECK(begin(&p));
    link_error = codes[i];
    WT_EQ_INT(wi_file_put_new(p.path, "x", 1, &err), WEIR_E_NOT_DURABLE);
    WT_EQ_INT(err.code, WEIR_E_NOT_DURABLE);
    WT_CHECK(strstr(err.message, "hard link") != NULL &&
             strstr(err.hint, "ext4") != NULL);
    WT_EQ_INT(end(&p), 0);
  }
}

WT_TEST(other_link_failures) {
  static const struct {
    int code;
    weir_status status;
  } rows[] = {{EEXIST, WEIR_E_EXISTS},
              {EIO, WEIR_E_IO},
              {ENOSPC, WEIR_E_IO},
              {ENOENT, WEIR_E_NOT_FOUND}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    place p;
    WT_CHECK(begin(&p));
    link_error = rows[i].code;
    WT_EQ_INT(wi_file_put_new(p.path, "x", 1, &err), rows[i].status);
    WT_EQ_INT(end(&p), 0);
  }
}

/* A network file system's lost reply: the repeated request is told EEXIST, or times
 * out. */
WT_TEST(a_link_that_took_place_counts) {
  static const int codes[] = {EEXIST, ETIMEDOUT, EIO};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    weir_error err = WEIR_ERROR_INIT;
    wi_buf b = WI_BUF_INIT;
    place p;
    WT_CHECK(begin(&p));
    link_error = codes[i];
    link_done_first = true;
    WT_OK(wi_file_put_new(p.path, "mine", 4, &err));
    WT_OK(wi_file_read(p.path, 0, &b, &err));
    WT_EQ_STR(wi_buf_text(&b), "mine");
    wi_buf_release(&b);
    WT_EQ_INT(end(&p), 1);
  }
}

WT_TEST(an_unsynced_folder_is_ambiguous) {
  weir_error err = WEIR_ERROR_INIT;
  place p;
  WT_CHECK(begin(&p));
  fsync_error = EIO;
  fsync_skip = 1; /* the file's own sync is fine */
  WT_EQ_INT(wi_file_put_new(p.path, "x", 1, &err), WEIR_E_AMBIGUOUS);
  WT_CHECK(strstr(err.hint, "power cut") != NULL);
  WT_CHECK(wi_file_exists(p.path));
  WT_EQ_INT(end(&p), 1);
}

WT_TEST(a_file_that_cannot_be_synced_gets_no_name) {
  weir_error err = WEIR_ERROR_INIT;
  place p;
  WT_CHECK(begin(&p));
  fsync_error = EIO;
  WT_EQ_INT(wi_file_put_new(p.path, "x", 1, &err), WEIR_E_IO);
  weir_error_release(&err);
  WT_EQ_INT(wi_file_replace(p.path, "x", 1, &err), WEIR_E_IO);
  WT_EQ_INT(end(&p), 0);
}

WT_TEST(a_full_disk_keeps_the_old_file) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf b = WI_BUF_INIT;
  place p;
  WT_CHECK(begin(&p));
  WT_OK(wi_file_replace(p.path, "old", 3, &err));
  write_error = ENOSPC;
  WT_EQ_INT(wi_file_replace(p.path, "new", 3, &err), WEIR_E_IO);
  WT_CHECK(strstr(err.message, "No space left") != NULL &&
           strstr(err.hint, "space") != NULL);
  weir_error_release(&err);
  write_error = 0;
  rename_error = EACCES;
  WT_EQ_INT(wi_file_replace(p.path, "new", 3, &err), WEIR_E_IO);
  weir_error_release(&err);
  WT_OK(wi_file_read(p.path, 0, &b, &err));
  WT_EQ_STR(wi_buf_text(&b), "old");
  wi_buf_release(&b);
  WT_EQ_INT(end(&p), 1);
}

WT_TEST(short_and_interrupted_writes_go_on) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf b = WI_BUF_INIT;
  place p;
  WT_CHECK(begin(&p));
  write_most = 3;
  interrupts = 5;
  WT_OK(wi_file_put_new(p.path, "a longer text", 13, &err));
  WT_EQ_INT(interrupts, 0);
  WT_OK(wi_file_read(p.path, 0, &b, &err));
  WT_EQ_STR(wi_buf_text(&b), "a longer text");
  wi_buf_release(&b);
  WT_EQ_INT(end(&p), 1);
}

WT_TEST(an_unsynced_parent_fails_dir_make) {
  weir_error err = WEIR_ERROR_INIT;
  place p;
  WT_CHECK(begin(&p));
  fsync_error = EIO;
  WT_EQ_INT(wi_dir_make(p.path, &err), WEIR_E_IO);
  WT_EQ_INT(end(&p), 1);
}
