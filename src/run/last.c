/* A view's last result, as its own table's log tells it. */
#include <stdio.h>
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

static void see_foreign(const wi_commit *commit, wi_foreign_seen *out) {
  const char *writer = wi_commit_info_text(commit, "engineInfo");
  if (out->any) {
    return; /* a newer one was seen */
  }
  out->any = true;
  out->version = commit->version;
  snprintf(out->writer, sizeof(out->writer), "%s",
           writer != NULL ? writer : "an unnamed writer");
}

/* From the newest commit back to the first of this view's own. */
static weir_status walk_back(const char *project, const char *view, wi_store *store,
                             const wi_log *log, wi_last *out, weir_error *err) {
  size_t left = log->n_commits;
  for (int64_t v = log->first - 1; left > 0 || v >= 0;) {
    wi_commit commit = {0};
    weir_error gone = WEIR_ERROR_INIT;
    bool listed = left > 0; /* then those from before the last checkpoint, one by one */
    weir_status status =
        wi_commit_read(store, listed ? log->commits[--left] : v--, &commit, &gone);
    if (status != WEIR_OK) {
      bool end = status == WEIR_E_NOT_FOUND && !listed;
      wi_err_move(end ? NULL : err, &gone);
      return end ? WEIR_OK : status;
    }
    if (commit.version == log->latest) {
      memcpy(out->latest_digest, commit.digest, sizeof(out->latest_digest));
      out->latest_us = commit.timestamp_us;
    }
    if (wi_stamp_is_of(&commit, project, view)) {
      out->found = true;
      out->version = commit.version;
      out->commit = commit;
      return wi_stamp_read(&out->commit, &out->stamp, err);
    }
    if (commit.data_change) {
      see_foreign(&commit, &out->rows);
    }
    if (commit.metadata != NULL || commit.protocol != NULL) {
      see_foreign(&commit, &out->columns);
    }
    wi_commit_release(&commit);
  }
  return WEIR_OK;
}

weir_status wi_last_read(const char *project, const char *view, wi_store *store,
                         wi_last *out, weir_error *err) {
  weir_error first = WEIR_ERROR_INIT;
  wi_log log = {0};
  memset(out, 0, sizeof(*out));
  out->latest = out->version = -1;
  weir_status status = wi_log_list(store, &log, &first);
  if (status == WEIR_E_TABLE_MISSING) {
    weir_error_release(&first);
    return WEIR_OK;
  }
  if (status == WEIR_OK) {
    out->table = true;
    out->latest = log.latest;
    status = walk_back(project, view, store, &log, out, &first);
  }
  wi_log_release(&log);
  if (status != WEIR_OK) {
    wi_last_release(out);
  }
  wi_err_move(err, &first);
  return status;
}

void wi_last_release(wi_last *last) {
  wi_stamp_release(&last->stamp);
  wi_commit_release(&last->commit);
  memset(last, 0, sizeof(*last));
}
