/* What others committed since a version, as far as a writer must care. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* Paths are gathered first and sorted once: there can be a hundred thousand. */
typedef struct gathered {
  wi_meanwhile *out;
  wi_list paths;
  const char *app_id;
} gathered;

void wi_meanwhile_release(wi_meanwhile *m) {
  wi_free(m->app_commit_info);
  wi_map_release(&m->removed_paths);
  *m = (wi_meanwhile){.latest = -1, .app_version = -1, .app_commit = -1};
}

static weir_status gather_paths(gathered *g, const wi_commit *commit, weir_error *err) {
  for (size_t i = 0; i < json_array_size(commit->actions); i++) {
    const json_t *remove =
        wi_delta_json_get(json_array_get(commit->actions, i), "remove");
    const char *path = wi_delta_json_text(remove, "path");
    if (path == NULL) {
      continue;
    }
    char *copy = wi_strdup(path);
    if (copy == NULL || !wi_list_add(&g->paths, copy)) {
      wi_free(copy);
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  return WEIR_OK;
}

static weir_status keep_info(wi_meanwhile *m, const json_t *info, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf text = WI_BUF_INIT;
  wi_free(m->app_commit_info);
  m->app_commit_info = NULL;
  if (info != NULL) {
    WI_CHECK(wi_delta_json_dump(info, false, &text, err));
    m->app_commit_info = wi_buf_take(&text);
  }
done:
  wi_buf_release(&text);
  return status;
}

static weir_status gather(gathered *g, const wi_commit *commit, weir_error *err) {
  wi_meanwhile *m = g->out;
  m->protocol = m->protocol || commit->protocol != NULL;
  m->metadata = m->metadata || commit->metadata != NULL;
  m->data_change = m->data_change || commit->data_change || commit->cdcs > 0;
  m->adds = m->adds || commit->adds > 0;
  m->removes = m->removes || commit->removes > 0;
  if (commit->removes > 0) {
    WI_TRY(gather_paths(g, commit, err));
  }
  int64_t version = g->app_id == NULL ? -1 : wi_commit_txn(commit, g->app_id);
  if (version >= 0) {
    m->app_version = version > m->app_version ? version : m->app_version;
    m->app_commit = commit->version;
    m->app_commit_us = commit->timestamp_us;
    WI_TRY(keep_info(m, commit->commit_info, err));
  }
  return WEIR_OK;
}

static weir_status read_one(gathered *g, wi_store *store, int64_t version,
                            weir_error *err) {
  wi_commit commit;
  weir_error gone = WEIR_ERROR_INIT;
  weir_status status = wi_commit_read(store, version, &commit, &gone);
  if (status == WEIR_E_NOT_FOUND) {
    weir_error_release(&gone);
    status =
        WI_ERR(err, WEIR_E_VERSION_MISSING,
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
  status = gather(g, &commit, err);
  wi_commit_release(&commit);
  return status;
}

static int by_text(const void *a, const void *b) {
  const char *const *x = a, *const *y = b;
  return strcmp(*x, *y);
}

/* In order, each goes to the end of the map. */
static weir_status map_paths(gathered *g, weir_error *err) {
  if (g->paths.n > 1) {
    qsort(g->paths.items, g->paths.n, sizeof *g->paths.items, by_text);
  }
  for (size_t i = 0; i < g->paths.n; i++) {
    if (!wi_map_put(&g->out->removed_paths, g->paths.items[i], NULL)) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  return WEIR_OK;
}

weir_status wi_meanwhile_read(wi_store *store, int64_t base, const char *app_id,
                              wi_meanwhile *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_log log = {.latest = -1};
  gathered g = {out, WI_LIST_INIT, app_id};
  *out = (wi_meanwhile){.latest = -1, .app_version = -1, .app_commit = -1};
  WI_CHECK(wi_log_list(store, &log, err));
  out->latest = log.latest;
  for (int64_t v = base + 1; v <= log.latest; v++) {
    WI_CHECK(read_one(&g, store, v, err));
  }
  WI_CHECK(map_paths(&g, err));
done:
  for (size_t i = 0; i < g.paths.n; i++) {
    wi_free(g.paths.items[i]);
  }
  wi_list_release(&g.paths);
  wi_log_release(&log);
  if (status != WEIR_OK) {
    wi_meanwhile_release(out);
  }
  return status;
}
