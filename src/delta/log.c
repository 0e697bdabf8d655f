/* What lies in _delta_log, by its names: commits, complete checkpoints, gaps. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

enum { VERSION_DIGITS = 20, PART_DIGITS = 10 };

void wi_log_commit_path(int64_t version, char out[64]) {
  snprintf(out, 64, "%s/%020" PRId64 ".json", WI_LOG_FOLDER, version);
}

/* Exactly `width` digits that fit; -1: not so. */
static int64_t digits(const char *p, size_t width) {
  int64_t v = 0;
  for (size_t i = 0; i < width; i++) {
    if (p[i] < '0' || p[i] > '9' || v > (INT64_MAX - (p[i] - '0')) / 10) {
      return -1;
    }
    v = v * 10 + (p[i] - '0');
  }
  return v;
}

/* ---- collecting ---- */

typedef struct versions {
  int64_t *items, *mtimes;
  size_t n, cap;
} versions;

static void versions_release(versions *v) {
  wi_free(v->items);
  wi_free(v->mtimes);
  *v = (versions){NULL, NULL, 0, 0};
}

static weir_status versions_add(versions *v, int64_t version, int64_t mtime,
                                weir_error *err) {
  if (v->n == v->cap) {
    size_t cap = v->cap == 0 ? 64 : v->cap * 2;
    int64_t *items = wi_realloc_array(v->items, cap, sizeof *items);
    v->items = items == NULL ? v->items : items;
    int64_t *mtimes = wi_realloc_array(v->mtimes, cap, sizeof *mtimes);
    v->mtimes = mtimes == NULL ? v->mtimes : mtimes;
    if (items == NULL || mtimes == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    v->cap = cap;
  }
  v->items[v->n] = version;
  v->mtimes[v->n++] = mtime;
  return WEIR_OK;
}

/* A checkpoint in parts; only all of them together count. */
typedef struct parts {
  int64_t version, total, found, mtime;
} parts;

typedef struct collected {
  versions commits, checkpoints;
  parts *parts;
  size_t n_parts, cap_parts;
} collected;

static void collected_release(collected *c) {
  versions_release(&c->commits);
  versions_release(&c->checkpoints);
  wi_free(c->parts);
  c->parts = NULL;
}

static parts *parts_of(collected *c, int64_t version, int64_t total) {
  for (size_t i = c->n_parts; i > 0 && c->parts[i - 1].version == version; i--) {
    if (c->parts[i - 1].total == total) {
      return &c->parts[i - 1];
    }
  }
  if (c->n_parts == c->cap_parts) {
    size_t cap = c->cap_parts == 0 ? 8 : c->cap_parts * 2;
    parts *grown = wi_realloc_array(c->parts, cap, sizeof *grown);
    if (grown == NULL) {
      return NULL;
    }
    c->parts = grown;
    c->cap_parts = cap;
  }
  c->parts[c->n_parts] = (parts){version, total, 0, 0};
  return &c->parts[c->n_parts++];
}

/* "0000000001.0000000003.parquet" */
static bool is_part(const char *rest, int64_t *part, int64_t *total) {
  if (strlen(rest) != 2 * PART_DIGITS + strlen("..parquet") || rest[PART_DIGITS] != '.' ||
      strcmp(rest + 2 * PART_DIGITS + 1, ".parquet") != 0) {
    return false;
  }
  *part = digits(rest, PART_DIGITS);
  *total = digits(rest + PART_DIGITS + 1, PART_DIGITS);
  return *part >= 1 && *part <= *total;
}

/* "80a083e8-7026-4e79-81be-64bd76c43a11.json" */
static bool is_uuid_checkpoint(const char *rest) {
  if (strspn(rest, "0123456789abcdefABCDEF-") != 36) {
    return false;
  }
  return strcmp(rest + 36, ".json") == 0 || strcmp(rest + 36, ".parquet") == 0;
}

static weir_status see_checkpoint(collected *c, int64_t version, const char *rest,
                                  int64_t mtime, weir_error *err) {
  int64_t part = 0, total = 0;
  if (strcmp(rest, "parquet") == 0 || is_uuid_checkpoint(rest)) {
    return versions_add(&c->checkpoints, version, mtime, err);
  }
  if (!is_part(rest, &part, &total)) {
    return WEIR_OK;
  }
  parts *p = parts_of(c, version, total);
  if (p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  p->found++; /* names differ, so each part is counted once */
  p->mtime = mtime > p->mtime ? mtime : p->mtime;
  return p->found == total ? versions_add(&c->checkpoints, version, p->mtime, err)
                           : WEIR_OK;
}

static weir_status see(collected *c, const wi_store_entry *entry, weir_error *err) {
  const char *name = strrchr(entry->path, '/');
  name = name == NULL ? entry->path : name + 1;
  if (strlen(name) <= VERSION_DIGITS + 1 || name[VERSION_DIGITS] != '.') {
    return WEIR_OK;
  }
  int64_t version = digits(name, VERSION_DIGITS);
  const char *rest = name + VERSION_DIGITS + 1;
  if (version < 0) {
    return WEIR_OK;
  }
  if (strcmp(rest, "json") == 0) {
    return versions_add(&c->commits, version, entry->mtime_us, err);
  }
  if (wi_starts_with(rest, "checkpoint.")) {
    return see_checkpoint(c, version, rest + strlen("checkpoint."), entry->mtime_us, err);
  }
  return WEIR_OK;
}

/* Names come sorted, so versions do; of several checkpoints of one version one is kept. */
static void drop_doubles(versions *v) {
  size_t kept = 0;
  for (size_t i = 0; i < v->n; i++) {
    if (kept > 0 && v->items[kept - 1] == v->items[i]) {
      continue;
    }
    v->items[kept] = v->items[i];
    v->mtimes[kept++] = v->mtimes[i];
  }
  v->n = kept;
}

/* ---- judging ---- */

/* Where `version` is among the commits; SIZE_MAX: it is not. */
static size_t commit_index(const wi_log *log, int64_t version) {
  size_t low = 0, high = log->n_commits;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (log->commits[mid] < version) {
      low = mid + 1;
    } else {
      high = mid;
    }
  }
  return low < log->n_commits && log->commits[low] == version ? low : SIZE_MAX;
}

bool wi_log_has_commit(const wi_log *log, int64_t version) {
  return commit_index(log, version) != SIZE_MAX;
}

/* The newest checkpoint not after `version`; -1: none. */
static int64_t base_of(const wi_log *log, int64_t version) {
  int64_t base = -1;
  for (size_t i = 0; i < log->n_checkpoints && log->checkpoints[i] <= version; i++) {
    base = log->checkpoints[i];
  }
  return base;
}

/* The first version that is missing between the base and `version`; -1: none is. */
static int64_t first_missing(const wi_log *log, int64_t version) {
  int64_t next = base_of(log, version) + 1;
  if (next > version) {
    return -1;
  }
  size_t at = commit_index(log, next);
  if (at == SIZE_MAX) {
    return next;
  }
  while (next < version) {
    at++;
    next++;
    if (at >= log->n_commits || log->commits[at] != next) {
      return next;
    }
  }
  return -1;
}

static weir_status check_gap(const collected *c, const wi_log *log, const char *uri,
                             weir_error *err) {
  int64_t missing = first_missing(log, log->latest);
  if (missing < 0) {
    return WEIR_OK;
  }
  const char *partial = "";
  for (size_t i = 0; i < c->n_parts; i++) {
    partial = c->parts[i].found < c->parts[i].total
                  ? "; a checkpoint lacks some of its parts and cannot stand in"
                  : partial;
  }
  weir_status status = WI_ERR(err, WEIR_E_LOG_CORRUPT,
                              "the log of '%s' has a gap: version %" PRId64
                              " is missing, and version %" PRId64 " is there%s",
                              uri, missing, log->latest, partial);
  wi_err_hint(err,
              "restore %s/%020" PRId64 ".json from a copy of the table, or the table",
              WI_LOG_FOLDER, missing);
  return status;
}

static weir_status no_table(const collected *c, bool empty, const char *uri,
                            weir_error *err) {
  if (c->n_parts > 0) {
    return WI_ERR(err, WEIR_E_LOG_CORRUPT,
                  "the log of '%s' holds nothing but a checkpoint that lacks parts", uri);
  }
  weir_status status =
      WI_ERR(err, WEIR_E_TABLE_MISSING, "there is no Delta table at '%s': %s", uri,
             empty ? "it has no _delta_log, or an empty one"
                   : "its _delta_log holds neither a commit nor a checkpoint");
  wi_err_hint(err, "check the path; a table's folder is the one that holds _delta_log");
  return status;
}

static void take(wi_log *log, collected *c) {
  log->commits = c->commits.items;
  log->commit_mtimes_us = c->commits.mtimes;
  log->n_commits = c->commits.n;
  log->checkpoints = c->checkpoints.items;
  log->checkpoint_mtimes_us = c->checkpoints.mtimes;
  log->n_checkpoints = c->checkpoints.n;
  c->commits = (versions){NULL, NULL, 0, 0};
  c->checkpoints = (versions){NULL, NULL, 0, 0};
  int64_t commit = log->n_commits > 0 ? log->commits[log->n_commits - 1] : -1;
  int64_t checkpoint =
      log->n_checkpoints > 0 ? log->checkpoints[log->n_checkpoints - 1] : -1;
  log->latest = commit > checkpoint ? commit : checkpoint;
}

weir_status wi_log_list(wi_store *store, wi_log *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store_entries entries = {NULL, 0, 0};
  collected c = {0};
  *out = (wi_log){.latest = -1};
  WI_CHECK(wi_store_list(store, WI_LOG_FOLDER, &entries, err));
  for (size_t i = 0; i < entries.n; i++) {
    WI_CHECK(see(&c, &entries.items[i], err));
  }
  drop_doubles(&c.checkpoints);
  if (c.commits.n == 0 && c.checkpoints.n == 0) {
    status = no_table(&c, entries.n == 0, wi_store_uri(store), err);
    goto done;
  }
  take(out, &c);
  WI_CHECK(check_gap(&c, out, wi_store_uri(store), err));
done:
  collected_release(&c);
  wi_store_entries_release(&entries);
  if (status != WEIR_OK) {
    wi_log_release(out);
  }
  return status;
}

void wi_log_release(wi_log *log) {
  wi_free(log->commits);
  wi_free(log->commit_mtimes_us);
  wi_free(log->checkpoints);
  wi_free(log->checkpoint_mtimes_us);
  *log = (wi_log){.latest = -1};
}

weir_status wi_log_check_version(const wi_log *log, int64_t version, const char *uri,
                                 weir_error *err) {
  if (version >= 0 && version <= log->latest && first_missing(log, version) < 0) {
    return WEIR_OK;
  }
  bool from_start = log->n_commits > 0 && log->commits[0] == 0;
  int64_t first = from_start || log->n_checkpoints == 0 ? 0 : log->checkpoints[0];
  weir_status status;
  if (version < 0 || version > log->latest) {
    status = WI_ERR(err, WEIR_E_VERSION_MISSING,
                    "the table '%s' has no version %" PRId64 "; it has %" PRId64
                    " to %" PRId64,
                    uri, version, first, log->latest);
  } else {
    status =
        WI_ERR(err, WEIR_E_VERSION_MISSING,
               "version %" PRId64
               " of the table '%s' can no longer be read: its log was cleaned; versions "
               "%" PRId64 " to %" PRId64 " can",
               version, uri, first, log->latest);
  }
  wi_err_hint(err,
              "choose a version in this range, or leave the version out for the latest");
  return status;
}

weir_status wi_log_only_maintained(wi_store *store, int64_t from, int64_t to,
                                   bool *maintained, weir_error *err) {
  *maintained = false;
  if (from < 0 || from > to) {
    return WEIR_OK;
  }
  for (int64_t v = from + 1; v <= to; v++) {
    wi_commit commit;
    weir_error gone = WEIR_ERROR_INIT;
    weir_status status = wi_commit_read_head(store, v, &commit, &gone);
    if (status == WEIR_E_NOT_FOUND) {
      weir_error_release(&gone);
      return WEIR_OK;
    }
    if (status != WEIR_OK) {
      wi_err_move(err, &gone);
      return status;
    }
    bool moved = commit.data_change || commit.cdcs > 0 || commit.metadata != NULL ||
                 commit.protocol != NULL;
    wi_commit_release(&commit);
    if (moved) {
      return WEIR_OK;
    }
  }
  *maintained = true;
  return WEIR_OK;
}
