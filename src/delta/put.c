/* Putting a commit, and finding out what became of it when the store does not say. */
#include <inttypes.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

typedef enum holder {
  HOLDER_NONE = 1,  /* nobody has the version */
  HOLDER_OURS = 2,  /* our commit is there */
  HOLDER_OTHER = 3, /* somebody else's is */
  HOLDER_UNKNOWN = 4
} holder;

/* Bytes that do not parse are another's for certain: ours do. */
static bool is_ours(int64_t version, const char *commit_id, const wi_buf *ours,
                    const wi_buf *there) {
  wi_commit commit;
  if (ours->n == there->n &&
      memcmp(wi_buf_text(ours), wi_buf_text(there), ours->n) == 0) {
    return true;
  }
  if (wi_commit_parse(version, wi_buf_text(there), there->n, &commit, NULL) != WEIR_OK) {
    return false;
  }
  const char *id = wi_commit_info_text(&commit, WI_COMMIT_ID_KEY);
  bool same = id != NULL && strcmp(id, commit_id) == 0;
  wi_commit_release(&commit);
  return same;
}

static holder who_holds(wi_store *store, int64_t version, const char *commit_id,
                        const wi_buf *ours, weir_error *why) {
  char path[64];
  wi_buf there = WI_BUF_INIT;
  holder found = HOLDER_UNKNOWN;
  wi_log_commit_path(version, path);
  weir_status status = wi_store_read(store, path, &there, why);
  if (status == WEIR_E_NOT_FOUND) {
    found = HOLDER_NONE;
  } else if (status == WEIR_OK) {
    found = is_ours(version, commit_id, ours, &there) ? HOLDER_OURS : HOLDER_OTHER;
  }
  wi_buf_release(&there);
  return found;
}

static weir_status ambiguous(wi_store *store, int64_t version, const weir_error *first,
                             const weir_error *then, weir_error *err) {
  weir_status status = WI_ERR(
      err, WEIR_E_AMBIGUOUS,
      "it cannot be told whether version %" PRId64
      " of '%.200s' was committed: the put failed (%.300s), and so did looking (%.300s)",
      version, wi_store_uri(store), first->message, then->message);
  wi_err_hint(err,
              "when the store answers again, run again: a commit that is there is found");
  return status;
}

/* A commit that is there but was not synced could vanish with the power; then it was nothing. */
static weir_status make_durable(wi_store *store, int64_t version, const weir_error *first,
                                weir_error *err) {
  char path[64];
  const char *paths[] = {path};
  weir_error then = WEIR_ERROR_INIT;
  wi_log_commit_path(version, path);
  weir_status status = wi_store_sync(store, paths, 1, &then);
  if (status != WEIR_OK) {
    status = ambiguous(store, version, first, &then, err);
  }
  weir_error_release(&then);
  return status;
}

/* What the first put's failure means, after a look at the log. */
static weir_status settle(wi_store *store, int64_t version, const char *commit_id,
                          const wi_buf *bytes, weir_error *first, wi_put_result *result,
                          weir_error *err) {
  weir_status status = first->code;
  weir_error then = WEIR_ERROR_INIT;
  bool told = status == WEIR_E_EXISTS; /* the answer of a store that somebody was first */
  switch (who_holds(store, version, commit_id, bytes, &then)) {
    case HOLDER_OURS:
      status = make_durable(store, version, first, err);
      *result = status == WEIR_OK ? WI_PUT_DONE_FOUND : (wi_put_result)0;
      break;
    case HOLDER_OTHER:
      status = WEIR_OK;
      *result = told ? WI_PUT_LOST : WI_PUT_LOST_FOUND;
      break;
    case HOLDER_NONE:
      if (status ==
          WEIR_E_EXISTS) { /* there a moment ago: cleaned, or a store that errs */
        status = ambiguous(store, version, first, &then, err);
      } else {
        wi_err_move(err, first);
      }
      break;
    case HOLDER_UNKNOWN:
    default:
      status = ambiguous(store, version, first, &then, err);
      break;
  }
  weir_error_release(&then);
  return status;
}

/* Failures before any byte could have reached the log. */
static bool did_not_start(weir_status status) {
  weir_class cls = weir_error_class(status);
  return cls == WEIR_CLASS_USER || cls == WEIR_CLASS_BUG || status == WEIR_E_NO_MEMORY ||
         status == WEIR_E_ENGINE_LOAD || status == WEIR_E_NOT_DURABLE;
}

static weir_status put_and_settle(wi_store *store, int64_t version, const char *commit_id,
                                  const wi_buf *bytes, wi_put_result *result,
                                  weir_error *err) {
  char path[64];
  weir_error first = WEIR_ERROR_INIT;
  *result = (wi_put_result)0;
  if (version < 0 || bytes->n == 0) {
    return WI_ERR(err, WEIR_E_BUG,
                  "an empty commit, or one without a version, was to be put");
  }
  wi_log_commit_path(version, path);
  weir_status status =
      wi_store_put_new(store, path, wi_buf_text(bytes), bytes->n, &first);
  if (status == WEIR_OK) {
    *result = WI_PUT_DONE;
  } else if (did_not_start(status)) {
    wi_err_move(err, &first);
  } else {
    status = settle(store, version, commit_id, bytes, &first, result, err);
  }
  weir_error_release(&first);
  return status;
}

/* Whoever stops now has to be told whether it is there. */
weir_status wi_commit_put(wi_store *store, int64_t version, const char *commit_id,
                          const wi_buf *bytes, wi_put_result *result, weir_error *err) {
  wi_stop_scope before = wi_stop_ending();
  weir_status status = put_and_settle(store, version, commit_id, bytes, result, err);
  wi_stop_leave(before);
  return status;
}
