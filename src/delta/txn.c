/* The loop that commits. */
#include <inttypes.h>
#include <string.h>

#include "delta/internal.h"
#include "delta/txn.h"

#define WI_ORIGIN "commit"

#define BACKOFF_MAX_US ((uint64_t)2000000)

typedef struct attempt {
  const wi_txn *txn;
  wi_txn_base base;
  int64_t base_version; /* what it stands on */
  wi_log_look look;     /* from before the put */
  char commit_id[37];
  int64_t began_ns;
  int64_t now_us; /* of the bytes that are put */
  wi_gone_commits gone;
  uint32_t waits;
} attempt;

/* ---- waiting ---- */

static int64_t spent_us(const attempt *a) {
  return (wi_monotonic_ns() - a->began_ns) / 1000;
}

/* Writers that lost to each other must not meet again: half of the wait is by chance, which the
 * commit's own id gives. */
static uint64_t wait_us(const attempt *a) {
  uint64_t wait = a->txn->limits.backoff_us, salt = 1469598103934665603u;
  for (uint32_t i = 0; i < a->waits && wait < BACKOFF_MAX_US; i++) {
    wait *= 2;
  }
  for (const char *p = a->commit_id; *p != '\0'; p++) {
    salt = (salt ^ (unsigned char)*p) * 1099511628211u;
  }
  salt = (salt ^ a->waits) * 1099511628211u;
  wait = wait < BACKOFF_MAX_US ? wait : BACKOFF_MAX_US;
  return wait == 0 ? 0 : wait / 2 + (salt >> 20) % (wait / 2 + 1);
}

/* false: the time is over. */
static bool back_off(attempt *a) {
  uint64_t wait = wait_us(a);
  a->waits++;
  if (a->txn->limits.time_us > 0 &&
      spent_us(a) + (int64_t)wait > a->txn->limits.time_us) {
    return false;
  }
  if (wait > 0) {
    wi_sleep_us((uint32_t)wait);
  }
  return true;
}

static weir_status gave_up(const attempt *a, const wi_commit_outcome *out,
                           weir_error *err) {
  wi_err_hint(err, "run again");
  return WI_ERR(err, WEIR_E_CONFLICT,
                "'%s': %" PRIu32 " commit%s lost to others, in %" PRId64 " ms",
                wi_store_uri(a->txn->store), out->retries,
                out->retries == 1 ? " was" : "s in a row were", spent_us(a) / 1000);
}

/* ---- is the base the newest version? ---- */

/* A put takes a version that nobody has. But where others have committed since, written a
 * checkpoint and cleaned the log up to it, nobody has the version any more: the put succeeds, and
 * no reader ever looks there. So the log is looked at, unless it was a moment ago: two commits, a
 * checkpoint and its cleaning take others longer. */
static int64_t fresh_us(const attempt *a) {
  int64_t us = a->txn->limits.fresh_us;
  return wi_store_local(a->txn->store) != NULL ? us : 10 * us;
}

static weir_status base_is_gone(const attempt *a, weir_error *err) {
  wi_err_hint(err, "run again: the next run starts from the table as it is now");
  return WI_ERR(err, WEIR_E_CONFLICT,
                "version %" PRId64
                " of '%s', from which this write started, is not there any more: "
                "somebody removed the table, or put another one there",
                a->base_version, wi_store_uri(a->txn->store));
}

/* Another table in its place may have as many versions; where nothing is in its place, a listing
 * says whether a checkpoint is. */
static weir_status check_base(attempt *a, weir_error *err) {
  wi_commit_mark mark;
  if (a->base_version < 0 || a->base.digest == NULL) {
    return WEIR_OK;
  }
  WI_TRY(wi_commit_find_mark(a->txn->store, a->base_version, &mark, err));
  if (!mark.there) {
    WI_TRY(wi_log_newest(a->txn->store, a->base_version, 0, &a->look, err));
    return a->look.newest < a->base_version ? base_is_gone(a, err) : WEIR_OK;
  }
  return wi_commit_mark_other(&mark, a->base.digest) ? base_is_gone(a, err) : WEIR_OK;
}

static weir_status look_before(attempt *a, bool *newer, weir_error *err) {
  *newer = false;
  WI_TRY(wi_log_newest(a->txn->store, a->base_version, fresh_us(a), &a->look, err));
  if (a->look.newest < a->base_version) {
    return base_is_gone(a, err);
  }
  *newer = a->look.newest > a->base_version;
  return *newer ? WEIR_OK : check_base(a, err);
}

/* The same after a put that took its time. What cannot be told is not called committed. */
static weir_status look_after(attempt *a, weir_error *err) {
  const wi_txn *t = a->txn;
  weir_status status = WEIR_OK;
  bool goes_on = true;
  weir_error why = WEIR_ERROR_INIT;
  if (wi_log_is_fresh(&a->look, fresh_us(a))) {
    return WEIR_OK;
  }
  for (uint32_t tried = 0; tried <= t->limits.unclear; tried++) {
    weir_error_release(&why);
    status = wi_log_goes_on(t->store, a->base_version, a->base.digest, &goes_on, &why);
    if (status == WEIR_OK || wi_stop_fired(t->stop) || !back_off(a)) {
      break;
    }
  }
  if (status != WEIR_OK || !goes_on) {
    wi_err_hint(
        err,
        "run again: a view's commit, or one with an app_id, is found if it counts; "
        "look at the table before other rows are sent again");
    status = WI_ERR(
        err, WEIR_E_AMBIGUOUS,
        "version %" PRId64
        " of '%.200s' was put, and it cannot be told whether it counts: %.300s",
        a->base_version + 1, wi_store_uri(t->store),
        status != WEIR_OK ? why.message
                          : "others cleaned the log past it meanwhile, or put another "
                            "table there");
  }
  weir_error_release(&why);
  return status;
}

/* ---- one put ---- */

static weir_status compose(attempt *a, wi_buf *out, weir_error *err) {
  const wi_txn *t = a->txn;
  wi_commit_def def = *t->def;
  a->now_us = wi_now_us();
  def.commit_id = a->commit_id;
  def.timestamp_ms = a->now_us / 1000;
  def.read_version = a->base_version;
  def.base_digest = a->base.digest;
  def.blind_append =
      t->claim.reads.kind == WI_SCOPE_NONE && t->claim.takes.kind == WI_SCOPE_NONE;
  def.app_id = t->claim.app.id;
  def.app_version = t->claim.app.version;
  const wi_meta *then = a->base.to_be != NULL ? a->base.to_be : a->base.is;
  def.base_meta = a->base.is;
  def.meta = a->base.to_be;
  def.partition_by_json = then != NULL ? wi_meta_partition_json(then) : "[]";
  def.removes = a->base.removes;
  wi_buf_clear(out);
  return wi_commit_compose(&def, out, err);
}

static bool may_try_again(weir_status status) {
  weir_class cls = weir_error_class(status);
  return status == WEIR_E_AMBIGUOUS ||
         (cls == WEIR_CLASS_IO && status != WEIR_E_NO_MEMORY &&
          status != WEIR_E_NOT_DURABLE);
}

/* Puts the same bytes until the answer is clear: whoever has the version by then is told by the
 * commit's id. Where one try may have happened, a later failure does not say that it did not. */
static weir_status put(attempt *a, const wi_buf *bytes, wi_put_result *result,
                       wi_commit_outcome *out, weir_error *err) {
  const wi_txn *t = a->txn;
  weir_status status = WEIR_OK;
  weir_error kept = WEIR_ERROR_INIT;
  for (uint32_t tried = 0;; tried++) {
    weir_error one = WEIR_ERROR_INIT;
    status =
        wi_commit_put(t->store, a->base_version + 1, a->commit_id, bytes, result, &one);
    out->unclear += status != WEIR_OK || wi_put_was_unclear(*result);
    if (kept.code != WEIR_E_AMBIGUOUS) {
      wi_err_move(&kept, &one);
    }
    weir_error_release(&one);
    if (status == WEIR_OK || !may_try_again(status) || tried >= t->limits.unclear ||
        wi_stop_fired(t->stop) || !back_off(a)) {
      break;
    }
  }
  if (status != WEIR_OK) {
    status = kept.code;
    wi_err_move(err, &kept);
  }
  weir_error_release(&kept);
  return status;
}

/* ---- after a lost race ---- */

static void add_gone_all(wi_gone_commits *all, const wi_gone_commits *more) {
  size_t kept = more->n < WI_GONE_KEPT ? more->n : WI_GONE_KEPT;
  for (size_t i = 0; i < kept; i++) {
    if (all->n >= WI_GONE_KEPT) {
      memmove(all->items, all->items + 1, sizeof all->items - sizeof all->items[0]);
    }
    all->items[all->n < WI_GONE_KEPT ? all->n : WI_GONE_KEPT - 1] = more->items[i];
    all->n++;
  }
  all->n += more->n - kept;
}

static void end_by(wi_commit_end end, const wi_judged *judged, wi_commit_outcome *out) {
  out->end = end;
  out->version = judged->version;
  out->timestamp_us = judged->timestamp_us;
  out->app_version = judged->app_version;
  memcpy(out->digest, judged->digest, sizeof out->digest);
}

static weir_status stop(const attempt *a, const wi_judged *judged, weir_error *err) {
  const char *uri = wi_store_uri(a->txn->store);
  if (judged->verdict == WI_VERDICT_EXISTS) {
    return WI_ERR(err, WEIR_E_TABLE_EXISTS, "somebody created '%s' meanwhile", uri);
  }
  wi_err_hint(err, "run again: the next run starts from the table as it is now");
  return WI_ERR(err, WEIR_E_CONFLICT,
                "version %" PRId64 " of '%s', committed by %s meanwhile, %s",
                judged->version, uri, judged->writer,
                judged->met == WI_MET_TAKEN_GONE
                    ? "removed files that this write replaces"
                    : "changed rows that this write has read or checked");
}

static weir_status act_on(attempt *a, const wi_judged *judged, bool *ended,
                          wi_commit_outcome *out, weir_error *err) {
  *ended = true;
  switch (judged->verdict) {
    case WI_VERDICT_SAME:
      end_by(WI_END_SAME, judged, out);
      return WEIR_OK;
    case WI_VERDICT_SUPERSEDED:
      end_by(WI_END_SUPERSEDED, judged, out);
      return WEIR_OK;
    case WI_VERDICT_UNCHANGED:
      end_by(WI_END_UNCHANGED, judged, out);
      return WEIR_OK;
    case WI_VERDICT_EXISTS:
    case WI_VERDICT_CONFLICT:
      return stop(a, judged, err);
    case WI_VERDICT_PASS:
    case WI_VERDICT_RELIST:
    case WI_VERDICT_REGATE:
    default:
      *ended = false;
      add_gone_all(&a->gone, &judged->gone);
      return WEIR_OK;
  }
}

/* Never on what is newest: what came after the reading is found at the next put, and judged. */
static weir_status stand_on(attempt *a, int64_t version, const wi_judged *judged,
                            weir_error *err) {
  a->base_version = version;
  a->base = (wi_txn_base){NULL, NULL, NULL, NULL};
  WI_TRY(a->txn->host.stand_on(a->txn->host.ctx, version, judged, &a->base, err));
  return judged == NULL ? WEIR_OK
                        : wi_commit_check(a->txn->store, version, judged->to_digest, err);
}

/* What was judged must be what came after the base, and no commit that somebody put into a gap. */
static weir_status judge(const attempt *a, wi_judged *judged, weir_error *err) {
  const wi_txn *t = a->txn;
  bool goes_on = true;
  WI_TRY(wi_judge_since(t->store, a->base_version, &t->claim, judged, err));
  WI_TRY(wi_log_goes_on(t->store, a->base_version, a->base.digest, &goes_on, err));
  if (goes_on) {
    return WEIR_OK;
  }
  wi_err_hint(err, "run again: the next run starts from the table as it is now");
  return WI_ERR(
      err, WEIR_E_CONFLICT,
      "what was committed to '%s' after version %" PRId64
      ", from which this write started, cannot be told: somebody cleaned the log "
      "past it meanwhile, or put another table there",
      wi_store_uri(t->store), a->base_version);
}

static weir_status lost(attempt *a, bool *ended, wi_commit_outcome *out,
                        weir_error *err) {
  wi_judged judged;
  out->retries++;
  WI_TRY(wi_stop_check(a->txn->stop, err));
  /* Also where no further put is allowed: the result may be there already. */
  bool last = out->retries > a->txn->limits.lost || !back_off(a);
  WI_TRY(judge(a, &judged, err));
  WI_TRY(act_on(a, &judged, ended, out, err));
  if (*ended) {
    return WEIR_OK;
  }
  if (last) {
    return gave_up(a, out, err);
  }
  if (judged.to <= a->base_version) {
    return WI_ERR(err, WEIR_E_AMBIGUOUS,
                  "version %" PRId64 " of '%s' is taken, and the log does not list it",
                  a->base_version + 1, wi_store_uri(a->txn->store));
  }
  return stand_on(a, judged.to, &judged, err);
}

/* ---- the loop ---- */

weir_status wi_txn_commit(const wi_txn *txn, wi_commit_outcome *out, weir_error *err) {
  weir_status status = WEIR_OK;
  attempt a = {.txn = txn, .began_ns = wi_monotonic_ns()};
  wi_buf bytes = WI_BUF_INIT;
  *out = (wi_commit_outcome){.version = -1, .app_version = -1};
  wi_uuid7(a.commit_id);
  WI_CHECK(stand_on(&a, txn->read_version, NULL, err));
  for (bool ended = false, newer = false; !ended;) {
    wi_put_result result = (wi_put_result)0;
    WI_CHECK(look_before(&a, &newer, err));
    if (!newer) {
      WI_CHECK(compose(&a, &bytes, err));
      WI_CHECK(put(&a, &bytes, &result, out, err));
    }
    if (wi_put_is_done(result)) {
      wi_stop_scope before = wi_stop_ending();
      status = look_after(&a, err);
      wi_stop_leave(before);
      WI_CHECK(status);
      out->end = WI_END_COMMITTED;
      out->version = a.base_version + 1;
      out->timestamp_us = a.now_us / 1000 * 1000;
      out->app_version = txn->claim.app.id != NULL ? txn->claim.app.version : -1;
      wi_blake3_hex(bytes.p, bytes.n, out->digest);
      out->removed_files = a.base.removes != NULL ? a.base.removes->n : 0;
      out->gone = a.gone;
      break;
    }
    WI_CHECK(lost(&a, &ended, out, err));
  }
done:
  wi_buf_release(&bytes);
  return status;
}
