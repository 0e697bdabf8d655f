/* Local files. What is written here must survive a power cut, not only a kill: a file is
 * synced before it gets its name, and the folder after. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

#define WI_ORIGIN "file"

/* ---- errors ---- */

static weir_status code_of(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return WEIR_E_NOT_FOUND;
    case EEXIST:
      return WEIR_E_EXISTS;
    case ENOMEM:
      return WEIR_E_NO_MEMORY;
    default:
      return WEIR_E_IO;
  }
}

const char *wi_errno_hint(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return "check the path";
    case EACCES:
    case EPERM:
      return "check the owner and the permissions of the path";
    case ENOSPC:
    case EDQUOT:
      return "free space on this file system, then try again";
    case EROFS:
      return "the file system is read-only; choose another place";
    case EMFILE:
    case ENFILE:
      return "too many open files; raise the limit (ulimit -n)";
    case EFBIG:
      return "the file system or the process's limit (ulimit -f) allows no file so large";
    case EIO:
      return "the disk reported a failure; look at the system's log before trying again";
    default:
      return "";
  }
}

static weir_status fail_hinted(weir_error *err, weir_status status, int code,
                               const char *hint, const char *verb, const char *path) {
  char text[128];
  const char *why = strerror_r(code, text, sizeof text);
  return WI_ERR_HINT(err, status, hint, "cannot %s '%s': %s", verb, path, why);
}

static weir_status fail_as(weir_error *err, weir_status status, int code,
                           const char *verb, const char *path) {
  return fail_hinted(err, status, code, wi_errno_hint(code), verb, path);
}

static weir_status fail(weir_error *err, int code, const char *verb, const char *path) {
  return fail_as(err, code_of(code), code, verb, path);
}

/* ---- descriptors ---- */

static int open_at(int folder, const char *name, int flags) {
  int fd;
  do {
    fd = openat(folder, name, flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

static int sync_fd(int fd) {
  int r;
  do {
    r = fsync(fd);
  } while (r != 0 && errno == EINTR);
  return r;
}

/* Keeps errno, since it is called on the way out of failures. */
static void close_fd(int fd) {
  int saved = errno;
  if (fd >= 0) {
    close(fd);
  }
  errno = saved;
}

static int write_all(int fd, const char *p, size_t n) {
  while (n > 0) {
    ssize_t w = write(fd, p, n);
    if (w < 0 && errno != EINTR) {
      return -1;
    }
    if (w > 0) {
      p += w;
      n -= (size_t)w;
    }
  }
  return 0;
}

/* ---- reading ---- */

static weir_status too_large(const char *path, size_t limit, weir_error *err) {
  return WI_ERR(err, WEIR_E_TOO_LARGE, "'%s' is larger than %zu bytes", path, limit);
}

/* A folder, a pipe, a device: what has no end, or none before somebody else says so. */
static weir_status not_a_file(const char *path, weir_error *err) {
  return WI_ERR_HINT(err, WEIR_E_IO, "remove it, or put a file there",
                     "cannot read '%s': it is no regular file", path);
}

static weir_status read_fd(int fd, const char *path, size_t limit, wi_buf *out,
                           weir_error *err) {
  for (;;) {
    /* A file is read into what was reserved for it, and the read that finds its end too. */
    if (out->cap - out->n < 2 && !wi_buf_reserve(out, out->n == 0 ? 4096 : 65536)) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    ssize_t r = read(fd, out->p + out->n, out->cap - out->n - 1);
    if (r < 0) {
      if (errno == EINTR) {
        continue;
      }
      return fail(err, errno, "read", path);
    }
    if (r == 0) {
      return WEIR_OK;
    }
    out->n += (size_t)r;
    out->p[out->n] = '\0';
    if (limit > 0 && out->n > limit) {
      return too_large(path, limit, err);
    }
  }
}

weir_status wi_file_read(const char *path, size_t limit, wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  struct stat st;
  wi_buf_clear(out);
  /* A pipe would wait for somebody who writes, at opening already. */
  int fd = open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    return fail(err, errno, "read", path);
  }
  if (fstat(fd, &st) != 0) {
    status = fail(err, errno, "read", path);
    goto done;
  }
  if (!S_ISREG(st.st_mode)) {
    status =
        S_ISDIR(st.st_mode) ? fail(err, EISDIR, "read", path) : not_a_file(path, err);
    goto done;
  }
  if (st.st_size > 0) {
    if (limit > 0 && (uint64_t)st.st_size > limit) {
      status = too_large(path, limit, err);
      goto done;
    }
    if ((uint64_t)st.st_size >= PTRDIFF_MAX ||
        !wi_buf_reserve(out, (size_t)st.st_size + 1)) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
  WI_CHECK(read_fd(fd, path, limit, out, err));
done:
  if (status != WEIR_OK) {
    wi_buf_clear(out);
  }
  close_fd(fd);
  return status;
}

/* File systems hold times further away than 64 bits of nanoseconds reach: the nearest then. */
static int64_t nanoseconds(struct timespec t) {
  int64_t ns = 0;
  if (__builtin_mul_overflow((int64_t)t.tv_sec, INT64_C(1000000000), &ns) ||
      __builtin_add_overflow(ns, (int64_t)t.tv_nsec, &ns)) {
    return t.tv_sec < 0 ? INT64_MIN : INT64_MAX;
  }
  return ns;
}

weir_status wi_file_stat(const char *path, wi_file_info *out, weir_error *err) {
  struct stat st;
  memset(out, 0, sizeof *out);
  if (lstat(path, &st) != 0) {
    return fail(err, errno, "look at", path);
  }
  bool is_link = S_ISLNK(st.st_mode);
  if (is_link && stat(path, &st) != 0) {
    return fail(err, errno, "follow", path);
  }
  out->size = (uint64_t)st.st_size;
  out->mtime_ns = nanoseconds(st.st_mtim);
  out->ctime_ns = nanoseconds(st.st_ctim);
  out->inode = (uint64_t)st.st_ino;
  out->is_dir = S_ISDIR(st.st_mode);
  out->is_link = is_link;
  return WEIR_OK;
}

bool wi_file_exists(const char *path) {
  struct stat st;
  return stat(path, &st) == 0;
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_dots(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static weir_status read_names(DIR *dir, const char *path, wi_list *names,
                              weir_error *err) {
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(dir);
    if (entry == NULL) {
      return errno == 0 ? WEIR_OK : fail(err, errno, "list", path);
    }
    if (is_dots(entry->d_name)) {
      continue;
    }
    char *name = wi_strdup(entry->d_name);
    if (name == NULL || !wi_list_add(names, name)) {
      wi_free(name);
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
}

weir_status wi_dir_list(const char *path, wi_list *names, weir_error *err) {
  names->n = 0;
  DIR *dir = opendir(path);
  if (dir == NULL) {
    return fail(err, errno, "list", path);
  }
  weir_status status = read_names(dir, path, names, err);
  closedir(dir);
  if (status != WEIR_OK) {
    for (size_t i = 0; i < names->n; i++) {
      wi_free(names->items[i]);
    }
    names->n = 0;
  } else if (names->n > 1) {
    qsort(names->items, names->n, sizeof *names->items, by_bytes);
  }
  return status;
}

/* ---- syncing and folders ---- */

static weir_status sync_path(const char *path, int flags, weir_error *err) {
  weir_status status = WEIR_OK;
  int fd = open_at(AT_FDCWD, path, O_RDONLY | O_NOCTTY | flags);
  if (fd < 0) {
    return fail(err, errno, "sync", path);
  }
  if (sync_fd(fd) != 0) {
    status = fail(err, errno, "sync", path);
  }
  close_fd(fd);
  return status;
}

weir_status wi_dir_sync(const char *path, weir_error *err) {
  return sync_path(path, O_DIRECTORY, err);
}

weir_status wi_file_sync(const char *path, weir_error *err) {
  return sync_path(path, 0, err);
}

/* Splits into the folder (as "." or "/" if need be) and the last name. */
static weir_status split(const char *path, wi_buf *folder, const char **name,
                         weir_error *err) {
  const char *slash = strrchr(path, '/');
  *name = slash == NULL ? path : slash + 1;
  wi_buf_clear(folder);
  if (slash == NULL) {
    wi_buf_str(folder, ".");
  } else {
    wi_buf_add(folder, path, slash == path ? 1 : (size_t)(slash - path));
  }
  if (**name == '\0' || is_dots(*name)) {
    return WI_ERR(err, WEIR_E_IO, "'%s' does not name a file", path);
  }
  return wi_buf_check(folder, err, WI_ORIGIN);
}

static bool is_folder(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static weir_status make_one(const char *path, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf parent = WI_BUF_INIT;
  const char *name = NULL;
  if (is_folder(path)) {
    return WEIR_OK;
  }
  if (mkdir(path, 0777) != 0) {
    int code = errno;
    if (code == EEXIST && !is_folder(path)) {
      return fail_as(err, WEIR_E_IO, ENOTDIR, "make folder", path);
    }
    if (code != EEXIST) {
      return fail(err, code, "make folder", path);
    }
    /* Somebody was faster, but may not have synced the parent yet. */
  }
  WI_CHECK(split(path, &parent, &name, err));
  WI_CHECK(wi_dir_sync(wi_buf_text(&parent), err));
done:
  wi_buf_release(&parent);
  return status;
}

weir_status wi_dir_lock(const char *path, bool alone, int *fd, weir_error *err) {
  int code = 0;
  *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*fd < 0) {
    return errno == ENOENT ? WEIR_OK : fail(err, errno, "open", path);
  }
  do {
    code = flock(*fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 ? 0 : errno;
  } while (code == EINTR);
  if (code == 0) {
    return WEIR_OK;
  }
  close(*fd);
  *fd = -1;
  return code == EWOULDBLOCK ? fail_as(err, WEIR_E_LOCKED, code, "lock", path)
                             : fail(err, code, "lock", path);
}

void wi_dir_share(int fd) {
  if (fd >= 0) {
    (void)flock(fd, LOCK_SH | LOCK_NB); /* nobody else has it */
  }
}

weir_status wi_dir_make(const char *path, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf part = WI_BUF_INIT;
  if (path[0] == '\0') {
    return fail(err, ENOENT, "make folder", path);
  }
  for (size_t i = 0, n = strlen(path); i < n;) {
    size_t start = i;
    while (i < n && path[i] == '/') {
      i++;
    }
    size_t word = i;
    while (i < n && path[i] != '/') {
      i++;
    }
    wi_buf_add(&part, path + start, i - start);
    WI_CHECK(wi_buf_check(&part, err, WI_ORIGIN));
    if (i > word) {
      WI_CHECK(make_one(part.p, err));
    }
  }
done:
  wi_buf_release(&part);
  return status;
}

/* ---- writing ---- */

/* A file under a temporary name in the target's folder. */
typedef struct staged {
  wi_buf folder;
  const char *name; /* in the caller's path */
  const char *path;
  int folder_fd, fd;
  char temp[56];
  bool made;
} staged;

#define STAGED_INIT {WI_BUF_INIT, NULL, NULL, -1, -1, "", false}

static void staged_release(staged *s) {
  close_fd(s->fd);
  if (s->made) {
    unlinkat(s->folder_fd, s->temp, 0);
  }
  close_fd(s->folder_fd);
  wi_buf_release(&s->folder);
}

static weir_status staged_open(staged *s, const char *path, weir_error *err) {
  s->path = path;
  WI_TRY(split(path, &s->folder, &s->name, err));
  s->folder_fd = open_at(AT_FDCWD, s->folder.p, O_RDONLY | O_DIRECTORY);
  return s->folder_fd < 0 ? fail(err, errno, "open the folder of", path) : WEIR_OK;
}

static weir_status staged_write(staged *s, const void *bytes, size_t n, weir_error *err) {
  char id[37];
  wi_uuid7(id);
  snprintf(s->temp, sizeof s->temp, ".weir-%s.tmp", id);
  s->fd = open_at(s->folder_fd, s->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
  if (s->fd < 0) {
    /* An existing temporary name is not the target's; do not report EXISTS. */
    return fail_as(err, errno == EEXIST ? WEIR_E_IO : code_of(errno), errno,
                   "make a temporary file beside", s->path);
  }
  s->made = true;
  if (write_all(s->fd, bytes, n) != 0) {
    return fail(err, errno, "write", s->path);
  }
  return sync_fd(s->fd) != 0 ? fail(err, errno, "sync", s->path) : WEIR_OK;
}

/* A network file system can do the link and lose the reply, and then the repeated request
 * fails; the number of names of the temporary file tells. -1: it cannot be told. */
static int link_happened(const staged *s) {
  struct stat st;
  if (fstatat(s->folder_fd, s->temp, &st, AT_SYMLINK_NOFOLLOW) != 0) {
    return -1;
  }
  return st.st_nlink > 1 ? 1 : 0;
}

static weir_status exists(const char *path, weir_error *err) {
  return WI_ERR(err, WEIR_E_EXISTS, "'%s' is there already", path);
}

static weir_status link_failed(const staged *s, int code, weir_error *err) {
  switch (code) {
    case EPERM:
    case EOPNOTSUPP: /* ENOTSUP is the same number */
    case ENOSYS:
    case EMLINK:
      return fail_hinted(
          err, WEIR_E_NOT_DURABLE, code,
          "a commit on a local disk needs hard links; put the warehouse on a "
          "file system that has them (ext4, xfs, btrfs, zfs)",
          "make a hard link for", s->path);
    default:
      break;
  }
  int happened = link_happened(s);
  if (happened == 1) {
    return WEIR_OK;
  }
  if (code == EEXIST) {
    return exists(s->path, err);
  }
  if (happened < 0) {
    return fail_hinted(err, WEIR_E_AMBIGUOUS, code,
                       "look whether the file is there before trying again",
                       "tell whether the link was made for", s->path);
  }
  return fail(err, code, "link", s->path);
}

/* Nobody was first: no writer makes a folder there, and what a reader finds is no file. */
static weir_status no_file(const char *path, weir_error *err) {
  wi_err_hint(err, "remove it, or give it another name");
  return WI_ERR(err, WEIR_E_BAD_VALUE,
                "'%s' is a folder, or no file for another reason, where a file is to be",
                path);
}

weir_status wi_file_put_new(const char *path, const void *bytes, size_t n,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  struct stat st;
  staged s = STAGED_INIT;
  WI_CHECK(staged_open(&s, path, err));
  /* Only saves the write; the link decides. */
  if (fstatat(s.folder_fd, s.name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
    status = S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? exists(path, err)
                                                        : no_file(path, err);
    goto done;
  }
  WI_CHECK(staged_write(&s, bytes, n, err));
  if (linkat(s.folder_fd, s.temp, s.folder_fd, s.name, 0) != 0) {
    WI_CHECK(link_failed(&s, errno, err));
  }
  /* A temporary name that stays is litter, not a failure: the file is there. */
  unlinkat(s.folder_fd, s.temp, 0);
  s.made = false;
  if (sync_fd(s.folder_fd) != 0) {
    status =
        fail_hinted(err, WEIR_E_AMBIGUOUS, errno,
                    "the file was made but may not survive a power cut; look whether "
                    "it is there before trying again",
                    "sync the folder of", path);
  }
done:
  staged_release(&s);
  return status;
}

weir_status wi_file_replace(const char *path, const void *bytes, size_t n,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  staged s = STAGED_INIT;
  WI_CHECK(staged_open(&s, path, err));
  WI_CHECK(staged_write(&s, bytes, n, err));
  if (renameat(s.folder_fd, s.temp, s.folder_fd, s.name) != 0) {
    status = fail(err, errno, "replace", path);
    goto done;
  }
  s.made = false;
  if (sync_fd(s.folder_fd) != 0) {
    status = fail(err, errno, "sync the folder of", path);
  }
done:
  staged_release(&s);
  return status;
}

/* ---- removing ---- */

weir_status wi_file_remove(const char *path, weir_error *err) {
  if (unlink(path) != 0 && errno != ENOENT) {
    return fail(err, errno, "remove", path);
  }
  return WEIR_OK;
}

/* An open folder on the way down, and its name in the one above. */
typedef struct level {
  DIR *dir;
  char *name;
  uint32_t rounds; /* how often it was found not empty after its end was read */
} level;

typedef wi_vec(level) walk;

static weir_status walk_push(walk *w, int above, const char *name, weir_error *err) {
  int fd = open_at(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (fd < 0) {
    if (errno == ENOENT) { /* removed by somebody else meanwhile */
      return WEIR_OK;
    }
    /* O_NOFOLLOW says ELOOP or ENOTDIR of a link; here that is not "absent". */
    return fail_as(err, errno == ENOTDIR ? WEIR_E_IO : code_of(errno), errno,
                   "remove folder", name);
  }
  level one = {fdopendir(fd), wi_strdup(name), 0};
  level *place = one.dir == NULL || one.name == NULL ? NULL : wi_vec_add(w);
  if (place == NULL) {
    if (one.dir != NULL) {
      closedir(one.dir);
    } else {
      close_fd(fd);
    }
    wi_free(one.name);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *place = one;
  return WEIR_OK;
}

static void walk_pop(walk *w) {
  level *top = &w->items[--w->n];
  closedir(top->dir);
  wi_free(top->name);
}

/* The top folder was read to its end: remove it from the one above. Some file systems
 * skip entries while others are being removed, hence the second look at one not empty.
 * */
static weir_status walk_leave(walk *w, weir_error *err) {
  level *top = &w->items[w->n - 1];
  int above = w->n > 1 ? dirfd(w->items[w->n - 2].dir) : AT_FDCWD;
  if (unlinkat(above, top->name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
    walk_pop(w);
    return WEIR_OK;
  }
  if ((errno == ENOTEMPTY || errno == EEXIST) && top->rounds < 8) {
    top->rounds++;
    rewinddir(top->dir);
    return WEIR_OK;
  }
  return fail_as(err, WEIR_E_IO, errno, "remove folder", top->name);
}

static weir_status walk_step(walk *w, weir_error *err) {
  const level *top = &w->items[w->n - 1];
  errno = 0;
  const struct dirent *entry = readdir(top->dir);
  if (entry == NULL) {
    return errno == 0 ? walk_leave(w, err) : fail(err, errno, "list", top->name);
  }
  if (is_dots(entry->d_name) || unlinkat(dirfd(top->dir), entry->d_name, 0) == 0 ||
      errno == ENOENT) {
    return WEIR_OK;
  }
  int code = errno;
  struct stat st;
  /* Linux says EISDIR and POSIX EPERM for a folder, so look rather than guess. */
  if (fstatat(dirfd(top->dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? WEIR_OK : fail(err, errno, "look at", entry->d_name);
  }
  if (!S_ISDIR(st.st_mode)) {
    return fail(err, code, "remove", entry->d_name);
  }
  return walk_push(w, dirfd(top->dir), entry->d_name, err);
}

weir_status wi_dir_remove_all(const char *path, weir_error *err) {
  weir_status status = WEIR_OK;
  weir_error own = WEIR_ERROR_INIT;
  walk w = {NULL, 0, 0};
  struct stat st;
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/') { /* "link/" would be followed */
    n--;
  }
  char *root = wi_strndup(path, n);
  if (root == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (strcmp(root, "/") == 0 || root[0] == '\0') {
    status = WI_ERR(&own, WEIR_E_IO, "refused to remove it");
    goto done;
  }
  if (lstat(root, &st) != 0 && errno == ENOENT) {
    goto done;
  }
  WI_CHECK(walk_push(&w, AT_FDCWD, root, &own));
  while (w.n > 0) {
    WI_CHECK(walk_step(&w, &own));
  }
done:
  while (w.n > 0) {
    walk_pop(&w);
  }
  wi_free(w.items);
  if (status != WEIR_OK && err != NULL && err->code == WEIR_OK) {
    wi_err_context(&own, "folder '%s'", root);
    wi_err_move(err, &own);
  }
  weir_error_release(&own);
  wi_free(root);
  return status;
}

/* ---- paths ---- */

static void drop_last(wi_buf *out) {
  while (out->n > 1 && out->p[out->n - 1] != '/') {
    out->n--;
  }
  if (out->n > 1) {
    out->n--;
  }
  out->p[out->n] = '\0';
}

/* `out` is absolute and without links; appends one component and resolves it. */
static weir_status enter(wi_buf *out, const char *name, size_t n, const char *path,
                         weir_error *err) {
  if (n == 0 || (n == 1 && name[0] == '.')) {
    return WEIR_OK;
  }
  if (n == 2 && name[0] == '.' && name[1] == '.') {
    drop_last(out);
    return WEIR_OK;
  }
  if (out->n > 1) {
    wi_buf_chr(out, '/');
  }
  wi_buf_add(out, name, n);
  WI_TRY(wi_buf_check(out, err, WI_ORIGIN));
  char *real = realpath(out->p, NULL);
  if (real == NULL) {
    return errno == ENOENT ? WEIR_OK : fail_as(err, WEIR_E_IO, errno, "resolve", path);
  }
  wi_buf_clear(out);
  wi_buf_str(out, real);
  free(real);
  return wi_buf_check(out, err, WI_ORIGIN);
}

weir_status wi_path_absolute(const char *path, wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf_clear(out);
  if (path[0] == '\0') {
    return fail(err, ENOENT, "resolve", path);
  }
  char *start = realpath(path[0] == '/' ? "/" : ".", NULL);
  if (start == NULL) {
    return fail(err, errno, "resolve", path);
  }
  wi_buf_str(out, start);
  free(start);
  WI_CHECK(wi_buf_check(out, err, WI_ORIGIN));
  for (const char *p = path; *p != '\0';) {
    size_t n = strcspn(p, "/");
    WI_CHECK(enter(out, p, n, path, err));
    p += n + (p[n] == '/' ? 1 : 0);
  }
done:
  if (status != WEIR_OK) {
    wi_buf_clear(out);
  }
  return status;
}

void wi_path_join(wi_buf *out, const char *base, const char *name) {
  wi_buf_clear(out);
  if (name[0] != '/') {
    wi_buf_str(out, base);
    if (base[0] != '\0' && !wi_ends_with(base, "/")) {
      wi_buf_chr(out, '/');
    }
  }
  wi_buf_str(out, name);
}
