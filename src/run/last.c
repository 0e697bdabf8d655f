/* A view's last result, as its own table's log tells it. */
#include <string.h>

#include "run/private.h"

static void see_foreign(const wi_commit *commit, wi_foreign_seen *out) {
  if (!out->any) { /* else a newer one was seen */
    out->any = true;
    out->version = commit->version;
    wi_commit_writer(commit, out->writer, sizeof(out->writer));
  }
}

typedef struct own { /* whose commits are looked for, and where */
  wi_engine *engine;
  const char *project, *view;
  wi_store *store;
  wi_log log;
} own;

/* The commit is out's then, if it counts; what is before one that doesn't tells nothing. */
static weir_status take(const own *o, wi_commit *commit, wi_last *out, weir_error *err) {
  weir_status status =
      wi_log_counts(o->engine, o->store, &o->log, commit, &out->found, err);
  if (status != WEIR_OK || !out->found) {
    wi_commit_release(commit);
    return status;
  }
  out->version = commit->version;
  out->commit = *commit;
  return wi_stamp_read(&out->commit, &out->stamp, err);
}

/* From the newest commit back to the first of this view's own, which no gap may come before. */
static weir_status walk_back(const own *o, wi_last *out, weir_error *err) {
  const wi_log *log = &o->log;
  for (int64_t v = log->latest; v >= 0; v--) {
    wi_commit commit = {0};
    weir_error gone = WEIR_ERROR_INIT;
    weir_status status = wi_commit_read(o->store, v, &commit, &gone);
    if (status != WEIR_OK) {
      return wi_err_except(status, WEIR_E_NOT_FOUND, &gone, err);
    }
    if (v == log->latest && commit.n_lines > 0) {
      memcpy(out->latest_digest, commit.digest, sizeof(out->latest_digest));
      out->latest_us = commit.timestamp_us;
    }
    if (wi_stamp_is_of(&commit, o->project, o->view)) {
      return take(o, &commit, out, err);
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

weir_status wi_last_read(wi_engine *engine, const char *project, const char *view,
                         wi_store *store, wi_last *out, weir_error *err) {
  weir_status status = WEIR_OK;
  own o = {engine, project, view, store, {0}};
  *out = (wi_last){.latest = -1, .version = -1};
  WI_CHECK(wi_log_list_any(store, &o.log, err));
  out->latest = o.log.latest;
  out->table = o.log.latest >= 0;
  WI_CHECK(walk_back(&o, out, err));
  if (out->table && out->latest_digest[0] == '\0') { /* its files stand for it */
    WI_CHECK(wi_pin_digest(engine, store, out->latest, out->latest_digest, err));
  }
done:
  wi_log_release(&o.log);
  if (status != WEIR_OK) {
    wi_last_release(out);
  }
  return status;
}

void wi_last_release(wi_last *last) {
  wi_stamp_release(&last->stamp);
  wi_commit_release(&last->commit);
  memset(last, 0, sizeof(*last));
}
