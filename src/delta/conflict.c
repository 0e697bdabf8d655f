/* One write against what others committed: tables/conflict.def, applied. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "delta/conflict.h"
#include "delta/internal.h"

#define WI_ORIGIN "delta"

#define RESULT_KEY "weir.result_key"

static const struct met_row {
  const char *name;
  wi_verdict verdict;
} rows[] = {
#define WI_CONFLICT_ROW(id, verdict, came, follows, reads, takes, example) \
  {#id, WI_VERDICT_##verdict},
#include "../../tables/conflict.def"
#undef WI_CONFLICT_ROW
};

const char *wi_met_name(wi_met met) {
  return rows[met].name;
}

wi_verdict wi_met_verdict(wi_met met) {
  return rows[met].verdict;
}

/* ---- is a file in a scope? ---- */

/* A file of which the log does not say where it belongs may belong anywhere. */
static bool in_partitions(const wi_scope *scope, const json_t *file) {
  wi_buf key = WI_BUF_INIT;
  const json_t *values = wi_delta_json_get(file, "partitionValues");
  bool known =
      values != NULL && wi_partition_key(scope->by, values, "", &key, NULL) == WEIR_OK;
  bool in = !known || wi_map_has(scope->names, wi_buf_text(&key));
  wi_buf_release(&key);
  return in;
}

static bool in_scope(const wi_scope *scope, const json_t *file) {
  const char *path = wi_delta_json_text(file, "path");
  switch (scope->kind) {
    case WI_SCOPE_FILES:
      return path != NULL && wi_map_has(scope->names, path);
    case WI_SCOPE_PARTITIONS:
      return in_partitions(scope, file);
    case WI_SCOPE_ALL:
      return true;
    case WI_SCOPE_NONE:
    default:
      return false;
  }
}

/* ---- what one commit meets ---- */

typedef struct met_set {
  bool met[WI_N_MET];
} met_set;

static bool changes_data(const json_t *file) {
  return !json_is_false(wi_delta_json_get(file, "dataChange"));
}

static void meet_file(const wi_claim *claim, const json_t *file, bool removed,
                      met_set *out) {
  bool changes = changes_data(file);
  bool taken = in_scope(&claim->takes, file), read = in_scope(&claim->reads, file);
  if (removed && taken && claim->takes.kind == WI_SCOPE_FILES) {
    out->met[WI_MET_TAKEN_GONE] = true;
  } else if (taken) {
    out->met[changes ? WI_MET_TAKEN_CHANGED : WI_MET_TAKEN_MOVED] = true;
  }
  if (read) {
    out->met[changes ? WI_MET_READ_CHANGED : WI_MET_READ_MOVED] = true;
  }
  if (!taken && !read) {
    out->met[WI_MET_ELSEWHERE] = true;
  }
}

static void meet_action(const wi_claim *claim, const json_t *action, met_set *out) {
  const json_t *add = wi_delta_json_get(action, "add");
  const json_t *remove = wi_delta_json_get(action, "remove");
  if (json_is_object(add)) {
    meet_file(claim, add, false, out);
  } else if (json_is_object(remove)) {
    meet_file(claim, remove, true, out);
  }
}

/* The row of our application's commit; QUIET: it is none. */
static wi_met meet_app(const wi_app *app, const wi_commit *commit, int64_t *version) {
  *version = app->id == NULL ? -1 : wi_commit_txn(commit, app->id);
  if (*version < 0 || *version < app->version) {
    return WI_MET_QUIET;
  }
  if (app->key == NULL) {
    return WI_MET_APP_BATCH;
  }
  const char *key = wi_commit_info_text(commit, RESULT_KEY);
  return key != NULL && strcmp(key, app->key) == 0 ? WI_MET_APP_SAME : WI_MET_APP_OTHER;
}

static void meet(const wi_claim *claim, const wi_commit *commit, met_set *out) {
  out->met[WI_MET_QUIET] = true;
  out->met[WI_MET_NEW_TABLE] = claim->create;
  out->met[WI_MET_PROTOCOL] = commit->protocol != NULL;
  out->met[WI_MET_METADATA] = commit->metadata != NULL;
  for (size_t i = 0; i < json_array_size(commit->actions); i++) {
    meet_action(claim, json_array_get(commit->actions, i), out);
  }
}

/* ---- summing up ---- */

static void add_gone(const wi_commit *commit, wi_gone_commits *list) {
  if (list->n >= WI_GONE_KEPT) {
    memmove(list->items, list->items + 1, sizeof list->items - sizeof list->items[0]);
  }
  size_t at = list->n < WI_GONE_KEPT ? list->n : WI_GONE_KEPT - 1;
  list->items[at].version = commit->version;
  wi_commit_writer(commit, list->items[at].writer, sizeof list->items[at].writer);
  list->n++;
}

static void keep(wi_judged *judged, wi_met met, const wi_commit *commit) {
  judged->verdict = wi_met_verdict(met);
  judged->met = met;
  judged->version = commit->version;
  judged->timestamp_us = commit->timestamp_us;
  memcpy(judged->digest, commit->digest, sizeof judged->digest);
  wi_commit_writer(commit, judged->writer, sizeof judged->writer);
}

/* Of several commits of our application the newest says what the table holds now; a batch is
 * in the first one that has its version. */
static void keep_app(wi_met met, int64_t version, const wi_commit *commit,
                     wi_judged *judged) {
  if (met == WI_MET_APP_BATCH && judged->verdict == WI_VERDICT_UNCHANGED) {
    return;
  }
  keep(judged, met, commit);
  judged->app_version = version;
}

void wi_judge_commit(const wi_claim *claim, const wi_commit *commit, wi_judged *judged) {
  met_set found = {0};
  int64_t app_version = -1;
  judged->to = commit->version;
  snprintf(judged->to_digest, sizeof judged->to_digest, "%s",
           commit->n_lines > 0 ? commit->digest : "");
  wi_met app = meet_app(&claim->app, commit, &app_version);
  if (app != WI_MET_QUIET) {
    keep_app(app, app_version, commit, judged);
    return;
  }
  meet(claim, commit, &found);
  if (found.met[WI_MET_TAKEN_CHANGED] && app_version < 0) {
    add_gone(commit, &judged->gone);
  }
  for (int met = WI_N_MET - 1; met > 0; met--) {
    if (found.met[met] && wi_met_verdict((wi_met)met) > judged->verdict) {
      keep(judged, (wi_met)met, commit);
      break;
    }
  }
}

static weir_status judge_version(wi_store *store, int64_t version, const wi_claim *claim,
                                 wi_judged *out, weir_error *err) {
  wi_commit commit;
  weir_error gone = WEIR_ERROR_INIT;
  weir_status status = wi_commit_read(store, version, &commit, &gone);
  if (status == WEIR_E_NOT_FOUND) {
    weir_error_release(&gone);
    status =
        WI_ERR(err, WEIR_E_CONFLICT,
               "version %" PRId64
               " of '%.300s' was committed meanwhile, and its commit is gone already",
               version, wi_store_uri(store));
    wi_err_hint(err, "somebody cleaned the log during the run; run again");
    return status;
  }
  if (status != WEIR_OK) {
    wi_err_move(err, &gone);
    return status;
  }
  wi_judge_commit(claim, &commit, out);
  wi_commit_release(&commit);
  return status;
}

weir_status wi_judge_since(wi_store *store, int64_t from, const wi_claim *claim,
                           wi_judged *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_log log = {.latest = -1};
  *out = (wi_judged)WI_JUDGED_INIT;
  out->to = from;
  WI_CHECK(wi_log_list(store, &log, err));
  for (int64_t v = from + 1; v <= log.latest; v++) {
    WI_CHECK(judge_version(store, v, claim, out, err));
  }
done:
  wi_log_release(&log);
  return status;
}
