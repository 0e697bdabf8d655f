/* Listing _delta_log: from the last checkpoint on, then only what came since. What a store's
 * listing said is kept with the store, so that all that looks at one table in a run reads one
 * listing and its tail. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* A listing is no snapshot: while others commit it may have a version and miss the one before.
 * One that is really gone stays away however often one looks. */
enum { LOOKS = 4, FIRST_WAIT_US = 2000 };

/* ---- what is kept ---- */

typedef struct kept {
  wi_log log;
  bool listed;
  wi_log_look look;   /* when, and what the newest was */
  int64_t told_empty; /* of what was passed over, what has been told */
  bool told_hint;
  int64_t empty_commit, told_commit; /* the newest that was read */
} kept;

static void kept_release(void *value) {
  kept *k = value;
  if (k != NULL) {
    wi_log_release(&k->log);
    wi_free(k);
  }
}

/* The lock is the caller's. */
static kept *kept_of(wi_store_memo *memo) {
  if (memo->value == NULL) {
    kept *k = wi_alloc(sizeof *k);
    if (k != NULL) {
      k->log.latest = -1;
      k->log.empty_checkpoint = -1;
      k->told_empty = k->empty_commit = k->told_commit = -1;
      memo->value = k;
      memo->release = kept_release;
    }
  }
  return memo->value;
}

static weir_status copy_versions(const int64_t *from, size_t n, int64_t **out,
                                 weir_error *err) {
  *out = wi_alloc_array(n + 1, sizeof **out);
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (n > 0) {
    memcpy(*out, from, n * sizeof **out);
  }
  return WEIR_OK;
}

static weir_status copy_log(const wi_log *from, wi_log *out, weir_error *err) {
  weir_status status = WEIR_OK;
  *out = *from;
  out->commits = out->checkpoints = out->checkpoint_mtimes_us = NULL;
  WI_CHECK(copy_versions(from->commits, from->n_commits, &out->commits, err));
  WI_CHECK(copy_versions(from->checkpoints, from->n_checkpoints, &out->checkpoints, err));
  WI_CHECK(copy_versions(from->checkpoint_mtimes_us, from->n_checkpoints,
                         &out->checkpoint_mtimes_us, err));
done:
  if (status != WEIR_OK) {
    wi_log_release(out);
  }
  return status;
}

/* ---- one look ---- */

/* All names of a version come after this. */
static void path_before(int64_t version, char out[64]) {
  snprintf(out, 64, "%s/%020" PRId64, WI_LOG_FOLDER, version);
}

/* Lists from `first` on (0: everything) into the names; *nothing: not even a stray file. */
static weir_status look(wi_store *store, int64_t first, wi_log_names *names,
                        bool *nothing, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store_entries entries = {NULL, 0, 0};
  char after[64];
  path_before(first, after);
  WI_CHECK(wi_store_list_from(store, WI_LOG_FOLDER, first > 0 ? after : NULL,
                              wi_log_names_checkpoint, &entries, err));
  for (size_t i = 0; i < entries.n; i++) {
    if (first <= 0 || strcmp(entries.items[i].path, after) > 0) {
      WI_CHECK(wi_log_names_see(names, &entries.items[i], err));
    }
  }
  *nothing = entries.n == 0;
done:
  wi_store_entries_release(&entries);
  return status;
}

static bool has_checkpoint(const wi_log *log, int64_t version) {
  for (size_t i = log->n_checkpoints; i-- > 0;) {
    if (log->checkpoints[i] <= version) {
      return log->checkpoints[i] == version;
    }
  }
  return false;
}

/* The version in _last_checkpoint; -1: there is no such file, -2: it says nothing usable. */
static weir_status last_checkpoint(wi_store *store, int64_t *version, weir_error *err) {
  wi_buf text = WI_BUF_INIT;
  weir_error gone = WEIR_ERROR_INIT;
  json_t *hint = NULL;
  wi_delta_json_note note;
  *version = -1;
  weir_status status =
      wi_store_read(store, WI_LOG_FOLDER "/_last_checkpoint", &text, &gone);
  if (status == WEIR_E_NOT_FOUND) {
    weir_error_release(&gone);
    return WEIR_OK;
  }
  if (status == WEIR_OK) {
    status = wi_delta_json_load(wi_buf_text(&text), text.n, &hint, &note);
    int64_t said = status == WEIR_OK ? wi_delta_json_int(hint, "version", -2) : -2;
    *version = said < 0 ? -2 : said;
    status = status == WEIR_E_NO_MEMORY ? wi_err_nomem(&gone, WI_ORIGIN) : WEIR_OK;
  }
  json_decref(hint);
  wi_err_move(err, &gone);
  wi_buf_release(&text);
  return status;
}

/* Looks until there is no gap, or what is missing stays away. */
static weir_status look_again(wi_store *store, int64_t first, wi_log *out,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  wi_log_names names = {.empty = -1};
  bool nothing = false;
  for (int looked = 1;; looked++) {
    wi_log_release(out);
    wi_log_names_release(&names);
    WI_CHECK(look(store, first, &names, &nothing, err));
    if (names.commits.n == 0 && names.checkpoints.n == 0) {
      status = wi_log_no_table(&names, nothing, wi_store_uri(store), err);
      goto done;
    }
    wi_log_take(out, &names);
    out->first = first;
    if (!wi_log_has_gap(out)) {
      break;
    }
    if (looked == LOOKS) {
      status = wi_log_gap(&names, out, wi_store_uri(store), err);
      goto done;
    }
    wi_sleep_us((uint32_t)FIRST_WAIT_US << (2 * looked));
  }
done:
  wi_log_names_release(&names);
  if (status != WEIR_OK) {
    wi_log_release(out);
  }
  return status;
}

/* From the last checkpoint on, if the log tells the truth about it. */
static weir_status list_fresh(wi_store *store, wi_log *out, weir_error *err) {
  int64_t hint = -1;
  WI_TRY(last_checkpoint(store, &hint, err));
  if (hint > 0) {
    weir_error why = WEIR_ERROR_INIT;
    weir_status status = look_again(store, hint, out, &why);
    if (status == WEIR_OK && has_checkpoint(out, hint)) {
      return WEIR_OK;
    }
    wi_log_release(out);
    if (status != WEIR_OK && status != WEIR_E_TABLE_MISSING &&
        status != WEIR_E_LOG_CORRUPT) {
      wi_err_move(err, &why);
      return status;
    }
    weir_error_release(&why);
  }
  WI_TRY(look_again(store, 0, out, err));
  out->hint_lies = hint == -2 || (hint > 0 && !has_checkpoint(out, hint));
  return WEIR_OK;
}

/* ---- the tail ---- */

static bool knows_latest(const wi_log *tail, int64_t latest) {
  return wi_log_has_commit(tail, latest) || has_checkpoint(tail, latest);
}

static void put_versions(int64_t *out, const int64_t *head, size_t n_head,
                         const int64_t *tail, size_t n_tail) {
  for (size_t i = 0; i < n_head; i++) {
    out[i] = head[i];
  }
  for (size_t i = 0; i < n_tail; i++) {
    out[n_head + i] = tail[i];
  }
}

/* What was kept below the tail, and the tail. */
static weir_status join(const wi_log *head, const wi_log *tail, wi_log *out,
                        weir_error *err) {
  size_t commits = 0, checkpoints = 0;
  *out = *tail;
  out->first = head->first;
  out->hint_lies = head->hint_lies;
  out->empty_checkpoint =
      tail->empty_checkpoint >= 0 ? tail->empty_checkpoint : head->empty_checkpoint;
  while (commits < head->n_commits && head->commits[commits] < tail->first) {
    commits++;
  }
  while (checkpoints < head->n_checkpoints &&
         head->checkpoints[checkpoints] < tail->first) {
    checkpoints++;
  }
  out->n_commits = commits + tail->n_commits;
  out->n_checkpoints = checkpoints + tail->n_checkpoints;
  out->commits = wi_alloc_array(out->n_commits + 1, sizeof(int64_t));
  out->checkpoints = wi_alloc_array(out->n_checkpoints + 1, sizeof(int64_t));
  out->checkpoint_mtimes_us = wi_alloc_array(out->n_checkpoints + 1, sizeof(int64_t));
  if (out->commits == NULL || out->checkpoints == NULL ||
      out->checkpoint_mtimes_us == NULL) {
    wi_log_release(out);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  put_versions(out->commits, head->commits, commits, tail->commits, tail->n_commits);
  put_versions(out->checkpoints, head->checkpoints, checkpoints, tail->checkpoints,
               tail->n_checkpoints);
  put_versions(out->checkpoint_mtimes_us, head->checkpoint_mtimes_us, checkpoints,
               tail->checkpoint_mtimes_us, tail->n_checkpoints);
  return WEIR_OK;
}

/* *grown false: the log is not the one that was listed before, or has a gap. */
static weir_status list_tail(wi_store *store, const wi_log *head, wi_log *out,
                             bool *grown, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_log_names names = {.empty = -1};
  wi_log tail = {.latest = -1};
  bool nothing = false;
  *grown = false;
  *out = (wi_log){.latest = -1};
  WI_CHECK(look(store, head->latest, &names, &nothing, err));
  wi_log_take(&tail, &names);
  tail.first = head->latest;
  if (knows_latest(&tail, head->latest)) {
    WI_CHECK(join(head, &tail, out, err));
    *grown = !wi_log_has_gap(out);
  }
done:
  wi_log_names_release(&names);
  wi_log_release(&tail);
  if (!*grown) {
    wi_log_release(out);
  }
  return status;
}

/* ---- listing ---- */

/* What is kept, as a copy; *log has latest -1 if nothing is. No request is made under the lock. */
static weir_status take_kept(wi_store_memo *memo, wi_log *log, weir_error *err) {
  *log = (wi_log){.latest = -1};
  pthread_mutex_lock(&memo->lock);
  const kept *k = memo->value;
  weir_status status = k != NULL && k->listed ? copy_log(&k->log, log, err) : WEIR_OK;
  pthread_mutex_unlock(&memo->lock);
  return status;
}

static wi_log_look look_now(void) {
  return (wi_log_look){-1, wi_now_us(), wi_monotonic_ns() / 1000};
}

/* Without memory nothing is kept: it only saves requests. */
static void keep(wi_store_memo *memo, const wi_log *log, const wi_log_look *at) {
  wi_log copy = {.latest = -1};
  if (copy_log(log, &copy, NULL) != WEIR_OK) {
    return;
  }
  pthread_mutex_lock(&memo->lock);
  kept *k = kept_of(memo);
  if (k != NULL) {
    wi_log_release(&k->log);
    k->log = copy;
    k->listed = true;
    k->look = *at;
    k->look.newest = log->latest;
  } else {
    wi_log_release(&copy);
  }
  pthread_mutex_unlock(&memo->lock);
}

static void forget(wi_store_memo *memo) {
  pthread_mutex_lock(&memo->lock);
  kept *k = memo->value;
  if (k != NULL) {
    k->listed = false;
  }
  pthread_mutex_unlock(&memo->lock);
}

/* From what was known before, if that goes on. */
static weir_status list_now(wi_store *store, const wi_log *head, wi_log *out,
                            weir_error *err) {
  bool grown = false;
  if (head->latest >= 0) {
    WI_TRY(list_tail(store, head, out, &grown, err));
  }
  return grown ? WEIR_OK : list_fresh(store, out, err);
}

static weir_status list(wi_store *store, int64_t known, wi_log *out, weir_error *err) {
  wi_store_memo *memo = wi_store_memo_of(store);
  wi_log head;
  *out = (wi_log){.latest = -1};
  WI_TRY(take_kept(memo, &head, err));
  if (wi_log_covers(&head, known)) {
    *out = head;
    return WEIR_OK;
  }
  const wi_log_look at =
      look_now(); /* before it is asked: it may be older than the answer */
  weir_status status = list_now(store, &head, out, err);
  wi_log_release(&head);
  if (status == WEIR_OK) {
    keep(memo, out, &at);
  } else {
    forget(memo);
  }
  return status;
}

weir_status wi_log_list(wi_store *store, wi_log *out, weir_error *err) {
  return list(store, -1, out, err);
}

weir_status wi_log_list_any(wi_store *store, wi_log *out, weir_error *err) {
  weir_error first = WEIR_ERROR_INIT;
  weir_status status = wi_log_list(store, out, &first);
  return wi_err_except(status, WEIR_E_TABLE_MISSING, &first, err);
}

weir_status wi_log_list_all(wi_store *store, wi_log *out, weir_error *err) {
  *out = (wi_log){.latest = -1};
  return look_again(store, 0, out, err);
}

weir_status wi_log_find(wi_store *store, int64_t version, wi_log *out, int64_t *found,
                        weir_error *err) {
  WI_TRY(list(store, version, out, err));
  *found = version == -1 ? out->latest : version;
  if (wi_log_covers(out, *found)) {
    return WEIR_OK;
  }
  if (out->first > 0) { /* older than what was looked at, or no version at all */
    wi_log_release(out);
    WI_TRY(wi_log_list_all(store, out, err));
  }
  weir_status status = wi_log_check_version(out, *found, wi_store_uri(store), err);
  if (status != WEIR_OK) {
    wi_log_release(out);
  }
  return status;
}

/* ---- what a commit stands on ---- */

/* By both clocks: one may be set, the other stands still while a machine sleeps. */
bool wi_log_is_fresh(const wi_log_look *look, int64_t fresh_us) {
  int64_t wall = wi_now_us() - look->wall_us;
  int64_t monotonic = wi_monotonic_ns() / 1000 - look->monotonic_us;
  return wall >= 0 && wall < fresh_us && monotonic < fresh_us;
}

weir_status wi_log_newest(wi_store *store, int64_t version, int64_t fresh_us,
                          wi_log_look *out, weir_error *err) {
  wi_store_memo *memo = wi_store_memo_of(store);
  wi_log log = {.latest = -1};
  *out = look_now();
  pthread_mutex_lock(&memo->lock);
  const kept *k = memo->value;
  bool known = k != NULL && k->listed && k->look.newest >= version &&
               wi_log_is_fresh(&k->look, fresh_us);
  if (known) {
    *out = k->look;
  }
  pthread_mutex_unlock(&memo->lock);
  if (known) {
    return WEIR_OK;
  }
  weir_status status = wi_log_list_any(store, &log, err);
  out->newest = log.latest;
  wi_log_release(&log);
  return status;
}

/* What cleans a log leaves the newest checkpoint and what came after it. So nothing is missing after
 * `version` where no checkpoint is above the one that follows it, or where all commits from its own
 * on are there, which would have gone sooner. */
static weir_status look_whole(wi_store *store, int64_t version, bool *whole, bool *above,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  wi_log_names names = {.empty = -1};
  wi_log tail = {.latest = -1};
  int64_t first = version > 0 ? version : 0;
  bool nothing = false;
  WI_CHECK(look(store, first, &names, &nothing, err));
  wi_log_take(&tail, &names);
  *above =
      tail.n_checkpoints > 0 && tail.checkpoints[tail.n_checkpoints - 1] > version + 1;
  /* Its own commit goes only where a checkpoint stands for it, or for the next. */
  *whole = version < 0 || wi_log_has_commit(&tail, version) ||
           has_checkpoint(&tail, version) || has_checkpoint(&tail, version + 1);
  for (int64_t v = first; v <= tail.latest && *above && *whole; v++) {
    *whole = wi_log_has_commit(&tail, v);
  }
done:
  wi_log_names_release(&names);
  wi_log_release(&tail);
  return status;
}

weir_status wi_log_goes_on(wi_store *store, int64_t version, const char *digest,
                           bool *goes_on, weir_error *err) {
  wi_commit_mark mark;
  bool above = false;
  WI_TRY(look_whole(store, version, goes_on, &above, err));
  if (!*goes_on) { /* a hole may be of the listing; what was there before it began is seen now */
    WI_TRY(look_whole(store, version, goes_on, &above, err));
  }
  if (!*goes_on || version < 0 || digest == NULL) {
    return WEIR_OK;
  }
  WI_TRY(wi_commit_find_mark(store, version, &mark, err));
  bool other = wi_commit_mark_other(&mark, digest);
  *goes_on = above ? mark.there && !other : !other;
  return WEIR_OK;
}

void wi_log_note_empty(wi_store *store, int64_t version) {
  wi_store_memo *memo = wi_store_memo_of(store);
  pthread_mutex_lock(&memo->lock);
  kept *k = kept_of(memo);
  if (k != NULL && version > k->empty_commit) {
    k->empty_commit = version;
  }
  pthread_mutex_unlock(&memo->lock);
}

weir_status wi_log_tell(wi_store *store, wi_buf *out) {
  wi_store_memo *memo = wi_store_memo_of(store);
  weir_status code = WEIR_OK;
  pthread_mutex_lock(&memo->lock);
  kept *k = memo->value;
  if (k != NULL && k->log.hint_lies && !k->told_hint) {
    wi_buf_fmt(out,
               "the log of '%s' names a last checkpoint that is not there, which counts "
               "for nothing",
               wi_store_uri(store));
    k->told_hint = true;
    code = WEIR_E_CHECKPOINT;
  }
  if (k != NULL && k->log.empty_checkpoint > k->told_empty) {
    k->told_empty = k->log.empty_checkpoint;
    wi_buf_fmt(out,
               "%sthe checkpoint at version %" PRId64
               " of '%s' is empty and counts for nothing",
               code != WEIR_OK ? "; " : "", k->told_empty, wi_store_uri(store));
    code = WEIR_E_CHECKPOINT;
  }
  if (k != NULL && k->empty_commit > k->told_commit) {
    k->told_commit = k->empty_commit;
    wi_buf_fmt(
        out,
        "%sthe commit at version %" PRId64
        " of '%s' is empty, as a write that was torn leaves it; it counts as a commit "
        "without rows",
        code != WEIR_OK ? "; " : "", k->told_commit, wi_store_uri(store));
    code = WEIR_E_LOG_CORRUPT;
  }
  pthread_mutex_unlock(&memo->lock);
  return code;
}
