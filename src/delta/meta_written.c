/* metaData and protocol as their writers left them: an engine's snapshot tells only the members
 * that it knows, and what is made of those alone would take the others away. */
#include <string.h>

#include "delta/meta_internal.h"

#define WI_ORIGIN "delta"

typedef struct written {
  json_t *protocol, *metadata; /* owned; NULL: no commit that was read has one */
  bool inexact;
} written;

/* false: there is a newer one, or none. */
static bool take(json_t **to, const json_t *from) {
  if (*to != NULL || from == NULL) {
    return false;
  }
  *to = json_incref((json_t *)(uintptr_t)from);
  return true;
}

/* *gone: cleaned since the log was listed. */
static weir_status see_commit(wi_store *store, int64_t version, written *w, bool *gone,
                              weir_error *err) {
  wi_commit commit;
  bool there = false;
  WI_TRY(wi_commit_find_head(store, version, &commit, &there, err));
  *gone = !there;
  if (there) {
    bool taken = take(&w->protocol, commit.protocol);
    taken = take(&w->metadata, commit.metadata) || taken;
    w->inexact = w->inexact || (taken && commit.inexact);
    wi_commit_release(&commit);
  }
  return WEIR_OK;
}

/* The newest of each at or before the version. */
static weir_status walk(wi_store *store, int64_t version, written *w, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_log log = {.latest = -1};
  weir_error failed = WEIR_ERROR_INIT;
  int64_t found = -1;
  bool gone = false;
  status = wi_log_find(store, version, &log, &found, &failed);
  if (status == WEIR_E_VERSION_MISSING) { /* cleaned since it was opened */
    weir_error_release(&failed);
    return WEIR_OK;
  }
  wi_err_move(err, &failed);
  WI_TRY(status);
  /* At a checkpoint the log begins anew for everybody; opening the table has read no less. */
  int64_t first = wi_log_base(&log, version);
  for (int64_t v = version; v >= first && !gone && wi_log_has_commit(&log, v); v--) {
    WI_CHECK(see_commit(store, v, w, &gone, err));
    if (w->protocol != NULL && w->metadata != NULL) {
      break;
    }
  }
done:
  wi_log_release(&log);
  return status;
}

/* Where no commit has it, what was told is all there is. */
static weir_status or_told(json_t **action, const json_t *told, weir_error *err) {
  if (*action == NULL) {
    *action = json_deep_copy(told);
  }
  return *action != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

weir_status wi_meta_written(wi_store *store, int64_t version, wi_meta *told,
                            wi_meta **out, weir_error *err) {
  weir_status status = WEIR_OK;
  written w = {NULL, NULL, false};
  wi_meta *found = NULL;
  *out = NULL;
  WI_CHECK(walk(store, version, &w, err));
  if (w.protocol != NULL || w.metadata != NULL) {
    WI_CHECK(or_told(&w.protocol, told->protocol, err));
    WI_CHECK(or_told(&w.metadata, told->metadata, err));
    status = wi_meta_make(w.protocol, w.metadata, w.inexact, &found, err);
    w = (written){NULL, NULL, false};
    WI_CHECK(status);
  }
  *out = wi_meta_ref(found != NULL && wi_meta_agrees(told, found) ? found : told);
done:
  json_decref(w.protocol);
  json_decref(w.metadata);
  wi_meta_unref(&found);
  return status;
}
