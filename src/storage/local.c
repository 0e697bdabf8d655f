/* Local roots. No engine: a commit on a disk has to be durable, which the engines' own local
 * store is not. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/internal.h"

#define WI_ORIGIN "storage"

/* A path of somebody's log may be anything; none may lead out of the root. */
static bool is_below(const char *path) {
  if (path[0] == '/' || path[0] == '\0') {
    return false;
  }
  for (const char *p = path; *p != '\0';) {
    size_t n = strcspn(p, "/");
    if (n == 2 && p[0] == '.' && p[1] == '.') {
      return false;
    }
    p += n;
    p += *p == '/' ? 1 : 0;
  }
  return true;
}

static weir_status full_path(const char *root, const char *path, wi_buf *out,
                             weir_error *err) {
  if (!is_below(path)) {
    return WI_ERR(err, WEIR_E_BAD_VALUE, "'%.300s' is not a path below '%.300s'", path,
                  root);
  }
  wi_path_join(out, root, path);
  return wi_buf_check(out, err, WI_ORIGIN);
}

static void names_release(wi_list *names) {
  for (size_t i = 0; i < names->n; i++) {
    wi_free(names->items[i]);
  }
  wi_list_release(names);
}

static weir_status push_folder(wi_list *folders, const char *path, weir_error *err) {
  char *copy = wi_strdup(path);
  if (copy == NULL || !wi_list_add(folders, copy)) {
    wi_free(copy);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return WEIR_OK;
}

/* One entry of a folder; what vanished since the folder was read is passed over. Links to
 * folders are not followed: they may lead out, or round in a circle. */
static weir_status see(const char *root, const char *path, wi_list *deeper,
                       wi_store_entries *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf full = WI_BUF_INIT;
  wi_file_info info;
  weir_error gone = WEIR_ERROR_INIT;
  wi_path_join(&full, root, path);
  WI_CHECK(wi_buf_check(&full, err, WI_ORIGIN));
  status = wi_file_stat(full.p, &info, &gone);
  if (status == WEIR_E_NOT_FOUND) {
    status = WEIR_OK;
  } else if (status != WEIR_OK) {
    wi_err_move(err, &gone);
  } else if (!info.is_dir) {
    status = wi_store_entries_add(out, path, info.size, info.mtime_ns / 1000, err);
  } else if (deeper != NULL && !info.is_link) {
    status = push_folder(deeper, path, err);
  }
done:
  weir_error_release(&gone);
  wi_buf_release(&full);
  return status;
}

static weir_status list_one(const char *root, const char *folder, wi_list *deeper,
                            wi_store_entries *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf full = WI_BUF_INIT, path = WI_BUF_INIT;
  wi_list names = WI_LIST_INIT;
  weir_error gone = WEIR_ERROR_INIT;
  wi_path_join(&full, root, folder);
  WI_CHECK(wi_buf_check(&full, err, WI_ORIGIN));
  status = wi_dir_list(full.p, &names, &gone);
  if (status != WEIR_OK) {
    if (status == WEIR_E_NOT_FOUND) {
      status = WEIR_OK;
    } else {
      wi_err_move(err, &gone);
    }
    goto done;
  }
  for (size_t i = 0; i < names.n; i++) {
    wi_buf_clear(&path);
    wi_buf_fmt(&path, "%s%s%s", folder, folder[0] == '\0' ? "" : "/",
               (const char *)names.items[i]);
    WI_CHECK(wi_buf_check(&path, err, WI_ORIGIN));
    WI_CHECK(see(root, path.p, deeper, out, err));
  }
done:
  weir_error_release(&gone);
  names_release(&names);
  wi_buf_release(&path);
  wi_buf_release(&full);
  return status;
}

/* One name of a listing from somewhere on. What the folder says of an entry's kind is enough,
 * unless it leads elsewhere. */
static weir_status see_name(const char *root, const char *path, const char *name,
                            unsigned char kind, bool (*sized)(const char *name),
                            wi_store_entries *out, weir_error *err) {
  if (kind == DT_DIR) {
    return WEIR_OK;
  }
  return kind == DT_REG && sized != NULL && !sized(name)
             ? wi_store_entries_add(out, path, 0, 0, err)
             : see(root, path, NULL, out, err);
}

/* The log of a busy table has ten thousand names, of which the last few matter. */
static weir_status read_tail(DIR *dir, const char *root, const char *folder,
                             const char *after, bool (*sized)(const char *name),
                             wi_store_entries *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf path = WI_BUF_INIT;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(dir);
    if (entry == NULL) {
      status = errno == 0 ? WEIR_OK
                          : WI_ERR(err, WEIR_E_IO, "cannot list '%s/%s': error %d", root,
                                   folder, errno);
      goto done;
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
      continue;
    }
    wi_buf_clear(&path);
    wi_buf_fmt(&path, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", entry->d_name);
    WI_CHECK(wi_buf_check(&path, err, WI_ORIGIN));
    if (after == NULL || strcmp(path.p, after) > 0) {
      WI_CHECK(see_name(root, path.p, entry->d_name, entry->d_type, sized, out, err));
    }
  }
done:
  wi_buf_release(&path);
  return status;
}

weir_status wi_local_list_from(const char *root, const char *folder, const char *after,
                               bool (*sized)(const char *name), wi_store_entries *out,
                               weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf full = WI_BUF_INIT;
  DIR *dir = NULL;
  if (!is_below(folder)) {
    return WI_ERR(err, WEIR_E_BAD_VALUE, "'%.300s' is not a folder below '%.300s'",
                  folder, root);
  }
  wi_path_join(&full, root, folder);
  WI_CHECK(wi_buf_check(&full, err, WI_ORIGIN));
  dir = opendir(full.p);
  if (dir != NULL) {
    status = read_tail(dir, root, folder, after, sized, out, err);
    closedir(dir);
  } else if (errno == ENOENT || errno == ENOTDIR) {
    status = WEIR_OK;
  } else {
    status = WI_ERR(err, WEIR_E_IO, "cannot list '%s': error %d", full.p, errno);
  }
done:
  wi_buf_release(&full);
  return status;
}

weir_status wi_local_list(const char *root, const char *folder, bool deep,
                          wi_store_entries *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_list folders = WI_LIST_INIT;
  if (folder[0] != '\0' && !is_below(folder)) {
    return WI_ERR(err, WEIR_E_BAD_VALUE, "'%.300s' is not a folder below '%.300s'",
                  folder, root);
  }
  WI_CHECK(push_folder(&folders, folder, err));
  for (size_t i = 0; i < folders.n; i++) {
    WI_CHECK(list_one(root, folders.items[i], deep ? &folders : NULL, out, err));
  }
done:
  names_release(&folders);
  return status;
}

weir_status wi_local_read(const char *root, const char *path, wi_buf *out,
                          int64_t *mtime_us, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf full = WI_BUF_INIT;
  wi_file_info info;
  WI_CHECK(full_path(root, path, &full, err));
  WI_CHECK(wi_file_read(full.p, WI_STORE_FILE_LIMIT, out, err));
  if (mtime_us != NULL) {
    WI_CHECK(wi_file_stat(full.p, &info, err));
    *mtime_us = info.mtime_ns / 1000;
  }
done:
  wi_buf_release(&full);
  return status;
}

static void cut_name(wi_buf *path) {
  while (path->n > 0 && path->p[path->n - 1] != '/') {
    path->n--;
  }
  path->n -= path->n > 1 ? 1 : 0;
  path->p[path->n] = '\0';
}

weir_status wi_local_put_new(const char *root, const char *path, const void *bytes,
                             size_t n, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf full = WI_BUF_INIT, folder = WI_BUF_INIT;
  weir_error first = WEIR_ERROR_INIT;
  WI_CHECK(full_path(root, path, &full, err));
  status = wi_file_put_new(full.p, bytes, n, &first);
  if (status == WEIR_E_NOT_FOUND) {
    wi_buf_add(&folder, full.p, full.n);
    WI_CHECK(wi_buf_check(&folder, err, WI_ORIGIN));
    cut_name(&folder);
    WI_CHECK(wi_dir_make(folder.p, err));
    status = wi_file_put_new(full.p, bytes, n, err);
  } else if (status != WEIR_OK) {
    wi_err_move(err, &first);
  }
done:
  weir_error_release(&first);
  wi_buf_release(&folder);
  wi_buf_release(&full);
  return status;
}

weir_status wi_local_remove(const char *root, const char *const *paths, size_t n,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf full = WI_BUF_INIT;
  for (size_t i = 0; i < n; i++) {
    WI_CHECK(full_path(root, paths[i], &full, err));
    WI_CHECK(wi_file_remove(full.p, err));
  }
done:
  wi_buf_release(&full);
  return status;
}

weir_status wi_local_remove_all(const char *root, const char *folder, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf full = WI_BUF_INIT;
  WI_CHECK(full_path(root, folder, &full, err));
  WI_CHECK(wi_dir_remove_all(full.p, err));
done:
  wi_buf_release(&full);
  return status;
}

/* The folders between a file and the root, and the root: each holds the name of the one below. */
static weir_status collect_folders(const char *path, wi_map *folders, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf part = WI_BUF_INIT;
  wi_buf_str(&part, path);
  WI_CHECK(wi_buf_check(&part, err, WI_ORIGIN));
  while (part.n > 0) {
    char *slash = strrchr(part.p, '/');
    part.n = slash == NULL ? 0 : (size_t)(slash - part.p);
    part.p[part.n] = '\0';
    if (wi_map_has(folders, part.p)) {
      break;
    }
    if (!wi_map_put(folders, part.p, NULL)) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
done:
  wi_buf_release(&part);
  return status;
}

weir_status wi_local_sync(const char *root, const char *const *paths, size_t n,
                          weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf full = WI_BUF_INIT;
  wi_map folders = WI_MAP_INIT;
  for (size_t i = 0; i < n; i++) {
    WI_CHECK(full_path(root, paths[i], &full, err));
    WI_CHECK(wi_file_sync(full.p, err));
    WI_CHECK(collect_folders(paths[i], &folders, err));
  }
  for (size_t i = 0; i < folders.n; i++) {
    wi_path_join(&full, root, folders.entries[i].key);
    WI_CHECK(wi_buf_check(&full, err, WI_ORIGIN));
    WI_CHECK(wi_dir_sync(full.p, err));
  }
done:
  wi_map_release(&folders);
  wi_buf_release(&full);
  return status;
}
