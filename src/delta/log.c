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

static void versions_release(wi_versions *v) {
  wi_free(v->items);
  wi_free(v->mtimes);
  *v = (wi_versions){NULL, NULL, 0, 0};
}

static weir_status versions_add(wi_versions *v, int64_t version, int64_t mtime,
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

void wi_log_names_release(wi_log_names *c) {
  versions_release(&c->commits);
  versions_release(&c->checkpoints);
  wi_free(c->parts);
  *c = (wi_log_names){.empty = -1};
}

static wi_log_parts *parts_of(wi_log_names *c, int64_t version, int64_t total) {
  for (size_t i = c->n_parts; i > 0 && c->parts[i - 1].version == version; i--) {
    if (c->parts[i - 1].total == total) {
      return &c->parts[i - 1];
    }
  }
  if (c->n_parts == c->cap_parts) {
    size_t cap = c->cap_parts == 0 ? 8 : c->cap_parts * 2;
    wi_log_parts *grown = wi_realloc_array(c->parts, cap, sizeof *grown);
    if (grown == NULL) {
      return NULL;
    }
    c->parts = grown;
    c->cap_parts = cap;
  }
  c->parts[c->n_parts] = (wi_log_parts){version, total, 0, 0};
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

static weir_status see_checkpoint(wi_log_names *c, int64_t version, const char *rest,
                                  const wi_store_entry *entry, weir_error *err) {
  int64_t part = 0, total = 0, mtime = entry->mtime_us;
  bool whole = strcmp(rest, "parquet") == 0 || is_uuid_checkpoint(rest);
  if (!whole && !is_part(rest, &part, &total)) {
    return WEIR_OK;
  }
  if (entry->size == 0) { /* what a power cut leaves of one that nobody synced */
    c->empty = version;
    return WEIR_OK;
  }
  if (whole) {
    return versions_add(&c->checkpoints, version, mtime, err);
  }
  wi_log_parts *p = parts_of(c, version, total);
  if (p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  p->found++; /* names differ, so each part is counted once */
  p->mtime = mtime > p->mtime ? mtime : p->mtime;
  return p->found == total ? versions_add(&c->checkpoints, version, p->mtime, err)
                           : WEIR_OK;
}

bool wi_log_names_checkpoint(const char *name) {
  return strlen(name) > VERSION_DIGITS + 1 &&
         wi_starts_with(name + VERSION_DIGITS, ".checkpoint.");
}

weir_status wi_log_names_see(wi_log_names *c, const wi_store_entry *entry,
                             weir_error *err) {
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
    return see_checkpoint(c, version, rest + strlen("checkpoint."), entry, err);
  }
  return WEIR_OK;
}

/* Names come sorted, so versions do; of several checkpoints of one version one is kept. */
static void drop_doubles(wi_versions *v) {
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

int64_t wi_log_base(const wi_log *log, int64_t version) {
  int64_t base = -1;
  for (size_t i = 0; i < log->n_checkpoints && log->checkpoints[i] <= version; i++) {
    base = log->checkpoints[i];
  }
  return base;
}

/* The first version that is missing between the base and `version`; -1: none is. */
static int64_t first_missing(const wi_log *log, int64_t version) {
  int64_t next = wi_log_base(log, version) + 1;
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

bool wi_log_has_gap(const wi_log *log) {
  return first_missing(log, log->latest) >= 0;
}

weir_status wi_log_gap(const wi_log_names *c, const wi_log *log, const char *uri,
                       weir_error *err) {
  int64_t missing = first_missing(log, log->latest);
  const char *partial =
      c->empty >= 0 ? "; a checkpoint is empty and cannot stand in" : "";
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

weir_status wi_log_no_table(const wi_log_names *c, bool nothing, const char *uri,
                            weir_error *err) {
  if (c->n_parts > 0 || c->empty >= 0) {
    return WI_ERR(err, WEIR_E_LOG_CORRUPT,
                  "the log of '%s' holds nothing but a checkpoint that %s", uri,
                  c->empty >= 0 ? "is empty" : "lacks parts");
  }
  weir_status status =
      WI_ERR(err, WEIR_E_TABLE_MISSING, "there is no Delta table at '%s': %s", uri,
             nothing ? "it has no _delta_log, or an empty one"
                     : "its _delta_log holds neither a commit nor a checkpoint");
  wi_err_hint(err, "check the path; a table's folder is the one that holds _delta_log");
  return status;
}

/* ---- the log ---- */

void wi_log_take(wi_log *log, wi_log_names *c) {
  drop_doubles(&c->checkpoints);
  *log = (wi_log){.latest = -1};
  log->commits = c->commits.items;
  log->n_commits = c->commits.n;
  log->checkpoints = c->checkpoints.items;
  log->checkpoint_mtimes_us = c->checkpoints.mtimes;
  log->n_checkpoints = c->checkpoints.n;
  wi_free(c->commits.mtimes);
  c->commits = (wi_versions){NULL, NULL, 0, 0};
  c->checkpoints = (wi_versions){NULL, NULL, 0, 0};
  int64_t commit = log->n_commits > 0 ? log->commits[log->n_commits - 1] : -1;
  int64_t checkpoint =
      log->n_checkpoints > 0 ? log->checkpoints[log->n_checkpoints - 1] : -1;
  log->latest = commit > checkpoint ? commit : checkpoint;
  log->empty_checkpoint = c->empty;
}

void wi_log_release(wi_log *log) {
  wi_free(log->commits);
  wi_free(log->checkpoints);
  wi_free(log->checkpoint_mtimes_us);
  *log = (wi_log){.latest = -1};
}

bool wi_log_covers(const wi_log *log, int64_t version) {
  return version >= 0 && version <= log->latest && first_missing(log, version) < 0;
}

weir_status wi_log_check_version(const wi_log *log, int64_t version, const char *uri,
                                 weir_error *err) {
  if (wi_log_covers(log, version)) {
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

weir_status wi_log_is_commit(wi_store *store, int64_t version, const char *digest,
                             bool *is, bool *names_files, weir_error *err) {
  wi_commit commit;
  bool there = false;
  *is = *names_files = false;
  WI_TRY(wi_commit_find_head(store, version, &commit, &there, err));
  if (!there) {
    return WEIR_OK;
  }
  *is = strcmp(commit.digest, digest) == 0;
  *names_files = commit.adds + commit.removes > 0;
  wi_commit_release(&commit);
  return WEIR_OK;
}

weir_status wi_log_only_maintained(wi_store *store, int64_t from, int64_t to,
                                   bool *maintained, weir_error *err) {
  *maintained = false;
  if (from < 0 || from > to) {
    return WEIR_OK;
  }
  for (int64_t v = from + 1; v <= to; v++) {
    wi_commit commit;
    bool there = false;
    WI_TRY(wi_commit_find_head(store, v, &commit, &there, err));
    if (!there) {
      return WEIR_OK;
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
