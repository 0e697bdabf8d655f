/* What runs left: which folders are theirs, and which of those may go. */
#include <stdlib.h>
#include <string.h>

#include "maintain/internal.h"

#define WI_ORIGIN "maintain"

enum { RUN_ID = 36, MARK = 8 };

const char *wi_litter_kind_name(wi_litter_kind kind) {
  static const char *const names[] = {"", "staged", "orphan", "lease", "spill"};
  return names[kind];
}

void wi_litter_release(wi_litter *litter) {
  for (size_t i = 0; i < litter->n; i++) {
    wi_free(litter->items[i].uri);
  }
  wi_free(litter->items);
  *litter = (wi_litter){NULL, 0, 0};
}

/* ---- names ---- */

static int hex_of(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A run's id, which begins with the milliseconds of its start (base/clock.c). */
static bool read_run_id(const char *p, int64_t *started_us) {
  int64_t ms = 0;
  for (size_t i = 0; i < RUN_ID; i++) {
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    int digit = hex_of(p[i]);
    if (dash ? p[i] != '-' : digit < 0) {
      return false;
    }
    ms = i < 13 && !dash ? ms * 16 + digit : ms;
  }
  *started_us = ms * 1000;
  return p[14] == '7';
}

bool wi_folder_parse(wi_str name, wi_folder *out) {
  memset(out, 0, sizeof *out);
  if (name.n != RUN_ID && name.n != RUN_ID + 1 + MARK) {
    return false;
  }
  if (!read_run_id(name.p, &out->started_us)) {
    return false;
  }
  for (size_t i = RUN_ID; i < name.n; i++) {
    if (i == RUN_ID ? name.p[i] != '-' : hex_of(name.p[i]) < 0) {
      return false;
    }
  }
  memcpy(out->name, name.p, name.n);
  memcpy(out->run_id, name.p, RUN_ID);
  return true;
}

bool wi_is_unborn_commit(const char *path, int64_t *started_us) {
  static const char begin[] = "_delta_log/.weir-", end[] = ".tmp";
  return wi_starts_with(path, begin) &&
         strlen(path) == sizeof begin - 1 + RUN_ID + sizeof end - 1 &&
         read_run_id(path + sizeof begin - 1, started_us) &&
         strcmp(path + sizeof begin - 1 + RUN_ID, end) == 0;
}

bool wi_places_touch(const char *a, const char *b) {
  size_t x = strlen(a), y = strlen(b), n = x < y ? x : y;
  return strncmp(a, b, n) == 0 && (x == y || (x < y ? b[n] : a[n]) == '/');
}

/* ---- folders ---- */

void wi_folders_release(wi_folders *folders) {
  wi_free(folders->items);
  *folders = (wi_folders){NULL, 0, 0};
}

static wi_folder *add_folder(wi_folders *folders, const wi_folder *one) {
  if (folders->n == folders->cap) {
    size_t cap = folders->cap > 0 ? folders->cap * 2 : 16;
    wi_folder *grown = wi_realloc_array(folders->items, cap, sizeof *grown);
    if (grown == NULL) {
      return NULL;
    }
    folders->items = grown;
    folders->cap = cap;
  }
  folders->items[folders->n] = *one;
  return &folders->items[folders->n++];
}

static wi_str first_segment(const char *path) {
  const char *slash = strchr(path, '/');
  return (wi_str){path, slash != NULL ? (size_t)(slash - path) : 0};
}

weir_status wi_folders_read(const wi_store_entries *all, wi_folders *out,
                            weir_error *err) {
  wi_folder *last = NULL;
  *out = (wi_folders){NULL, 0, 0};
  for (size_t i = 0; i < all->n; i++) {
    const wi_store_entry *e = &all->items[i];
    wi_str first = first_segment(e->path);
    wi_folder one;
    if (last == NULL || !wi_str_eq(first, last->name)) {
      last = NULL;
      if (!wi_folder_parse(first, &one)) {
        continue;
      }
      last = add_folder(out, &one);
      if (last == NULL) {
        wi_folders_release(out);
        return wi_err_nomem(err, WI_ORIGIN);
      }
    }
    last->files++;
    last->bytes += e->size;
    last->newest_us = e->mtime_us > last->newest_us ? e->mtime_us : last->newest_us;
  }
  return WEIR_OK;
}

/* ---- what the log names ---- */

static int by_name(const void *a, const void *b) {
  return strcmp(((const wi_folder *)a)->name, ((const wi_folder *)b)->name);
}

static weir_status mark_path(wi_folders *folders, const char *raw, size_t *left,
                             weir_error *err) {
  wi_buf path = WI_BUF_INIT;
  wi_folder key = {{0}, {0}, 0, 0, 0, 0, false};
  wi_uri_decode_path(raw, &path); /* others may write our names with escapes */
  weir_status status = wi_buf_check(&path, err, WI_ORIGIN);
  wi_str first = first_segment(wi_buf_text(&path));
  if (first.n > 0 && first.n < sizeof key.name) {
    memcpy(key.name, first.p, first.n);
    wi_folder *found = bsearch(&key, folders->items, folders->n, sizeof key, by_name);
    if (found != NULL && !found->named) {
      found->named = true;
      --*left;
    }
  }
  wi_buf_release(&path);
  return status;
}

static weir_status mark_commit(wi_folders *folders, const wi_commit *commit, size_t *left,
                               weir_error *err) {
  static const char *const kinds[] = {"add", "remove", "cdc"};
  size_t i = 0;
  json_t *action = NULL;
  json_array_foreach(commit->actions, i, action) {
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
      const json_t *file = json_object_get(action, kinds[k]);
      const char *path = json_string_value(json_object_get(file, "path"));
      if (path != NULL) {
        WI_TRY(mark_path(folders, path, left, err));
      }
    }
  }
  return WEIR_OK;
}

/* Those that a checkpoint names: a commit that was cleaned may have a stray in its place, so that
 * the log looks whole. What it took away again no version that can be read needs, or the commit
 * that did is there. */
static weir_status mark_live(wi_engine *engine, wi_store *store, int64_t version,
                             wi_folders *folders, size_t *left, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_snap *snap = NULL;
  wi_removes files = {0};
  WI_CHECK(wi_snap_at(engine, store, version, &snap, err));
  WI_CHECK(wi_snap_live(snap, &files, err));
  for (size_t i = 0; i < files.n && *left > 0; i++) {
    WI_CHECK(mark_path(folders, files.items[i].path, left, err));
  }
done:
  wi_removes_release(&files);
  wi_snap_unref(&snap);
  return status;
}

weir_status wi_folders_mark(wi_engine *engine, wi_store *store, wi_folders *folders,
                            bool *whole, weir_error *err) {
  wi_log log = {0};
  weir_error first = WEIR_ERROR_INIT;
  size_t left = folders->n;
  *whole = true;
  weir_status status = wi_log_list_all(store, &log, &first);
  if (status == WEIR_E_TABLE_MISSING) {
    weir_error_release(&first);
    return WEIR_OK; /* a log without a commit names nothing */
  }
  qsort(folders->items, folders->n, sizeof *folders->items, by_name);
  for (size_t i = log.n_commits; i-- > 0 && left > 0 && status == WEIR_OK;) {
    wi_commit commit = {0};
    status = wi_commit_read(store, log.commits[i], &commit, &first);
    if (status == WEIR_OK) {
      status = mark_commit(folders, &commit, &left, &first);
      wi_commit_release(&commit);
    } else if (status == WEIR_E_NOT_FOUND) { /* somebody cleans the log */
      weir_error_release(&first);
      status = WEIR_OK;
      *whole = false;
    }
  }
  if (status == WEIR_OK && left > 0) {
    *whole = *whole && (int64_t)log.n_commits == log.latest + 1;
  }
  if (status == WEIR_OK && left > 0 && *whole && log.n_checkpoints > 0) {
    status = mark_live(engine, store, log.latest, folders, &left, &first);
    if (status != WEIR_OK && status != WEIR_E_NO_MEMORY) { /* nobody can tell */
      weir_error_release(&first);
      *whole = false;
      status = WEIR_OK;
    }
  }
  wi_log_release(&log);
  wi_err_move(err, &first);
  return status;
}

/* ---- the verdict ---- */

bool wi_folder_is_young(int64_t started_us, int64_t newest_us, int64_t now_us,
                        int64_t older_than_us) {
  int64_t last = newest_us > started_us ? newest_us : started_us;
  return now_us - last < older_than_us;
}

wi_litter_verdict wi_folder_judge(const wi_folder *folder, const wi_litter_facts *facts) {
  if (wi_folder_is_young(folder->started_us, folder->newest_us, facts->now_us,
                         facts->older_than_us)) {
    return WI_KEEP_YOUNG;
  }
  if (wi_map_has(facts->live, folder->run_id)) {
    return WI_KEEP_LIVES;
  }
  if (folder->named) {
    return WI_KEEP_NAMED;
  }
  return facts->whole_log ? WI_IS_LITTER : WI_KEEP_UNSURE;
}
