/* Running a plan into Parquet files that no log names yet. */
#include <stdio.h>

#include "table/table.h"

#define WI_ORIGIN "table"

#define DEFAULT_FILE_BYTES ((uint64_t)128 << 20)
#define ZSTD_LEVEL         1

void wi_stage_prefix(const char *run_id, const char *table, char out[WI_STAGE_PREFIX]) {
  char hex[WI_DIGEST_HEX];
  wi_digest d;
  wi_digest_begin(&d, "weir.stage");
  wi_digest_text(&d, table);
  wi_digest_end_hex(&d, hex);
  snprintf(out, WI_STAGE_PREFIX, "%.36s-%.8s/", run_id, hex);
}

bool wi_stage_is_first(const wi_store *store) {
  return wi_store_local(store) != NULL && !wi_file_exists(wi_store_local(store));
}

void wi_stage_remove(wi_store *store, const char *prefix, bool first) {
  wi_stop_scope before = wi_stop_ending();
  (void)wi_store_remove_all(store, prefix, NULL);
  wi_stop_leave(before);
  if (first) {
    wi_store_remove_empty(store);
  }
}

static weir_status run_once(const wi_stage_request *r, const wi_exec_room *room,
                            wi_attempt attempt, wi_staged *out, uint64_t *peak,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  wi_session *s = r->session;
  wb_exec *exec = NULL;
  wb_store *handle = NULL;
  wi_cursor *rows = NULL;
  wi_br_exec_options options;
  wi_br_stage_options stage = {0};
  wi_exec_options(s, room, attempt, &options);
  wi_stage_options(room->memory, wi_store_local(r->store) != NULL, &stage);
  stage.prefix = r->prefix;
  stage.partition_columns = r->partition_columns;
  stage.n_partition_columns = r->n_partition_columns;
  stage.sort_columns = r->sort_columns;
  stage.n_sort_columns = r->n_sort_columns;
  stage.target_file_bytes =
      r->target_file_bytes > 0 ? r->target_file_bytes : DEFAULT_FILE_BYTES;
  stage.compression = "zstd";
  stage.compression_level = ZSTD_LEVEL;
  WI_CHECK(wi_store_handle(r->store, &handle, err));
  WI_CHECK(wi_br_exec_new(s->engine, s->handle, r->plan, r->bind, &options, r->cancel,
                          &exec, err));
  WI_CHECK(wi_br_exec_stage(s->engine, exec, handle, &stage, &rows, err));
  WI_CHECK(wi_staged_read(rows, r->stats, out, err));
done:
  if (exec != NULL) {
    uint64_t held = wi_br_exec_peak_bytes(s->engine, exec);
    *peak = held > *peak ? held : *peak;
  }
  wi_cursor_free(&rows);
  wi_br_exec_free(s->engine, &exec);
  return status;
}

static weir_status make_root(const wi_stage_request *r, weir_error *err) {
  const char *local = wi_store_local(r->store);
  return local != NULL ? wi_dir_make(local, err) : WEIR_OK;
}

static weir_status sync_staged(const wi_stage_request *r, const wi_staged *staged,
                               weir_error *err) {
  const char **paths = wi_alloc_array(staged->n + 1, sizeof(*paths));
  if (paths == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < staged->n; i++) {
    paths[i] = staged->files[i].path;
  }
  weir_status status = wi_store_sync(r->store, paths, staged->n, err);
  wi_free(paths);
  return status;
}

weir_status wi_stage(const wi_stage_request *r, wi_staged *out, uint64_t *peak_bytes,
                     bool *planned_again, weir_error *err) {
  weir_error first = WEIR_ERROR_INIT;
  const wi_exec_room room = {r->memory, r->partitions, r->order_sensitive};
  wi_attempt attempt = WI_ATTEMPT_FIRST;
  bool first_build = wi_stage_is_first(r->store);
  uint64_t none = 0;
  peak_bytes = peak_bytes != NULL ? peak_bytes : &none;
  *peak_bytes = 0;
  WI_TRY(make_root(r, err));
  weir_status status = run_once(r, &room, attempt, out, peak_bytes, &first);
  if (wi_exec_again(status, &room, &attempt)) {
    weir_error again = WEIR_ERROR_INIT;
    wi_staged_release(out);
    status = wi_store_remove_all(r->store, r->prefix, &again);
    if (status == WEIR_OK) {
      status = run_once(r, &room, attempt, out, peak_bytes, &again);
    }
    status = wi_exec_said(status, &first, &again);
  }
  if (status == WEIR_OK) {
    status = sync_staged(r, out, &first);
  }
  if (status == WEIR_E_MEMORY && r->order_sensitive) {
    wi_err_hint_replace(
        &first,
        "raise --memory; `determinism: relaxed` lets this view spill, at the "
        "price of the last bits of its float sums");
  } else if (status == WEIR_E_MEMORY) {
    wi_err_hint_replace(&first,
                        "raise --memory, or run fewer views at once with --threads");
  }
  if (planned_again != NULL) {
    *planned_again = attempt != WI_ATTEMPT_FIRST && status == WEIR_OK;
  }
  if (status != WEIR_OK) {
    wi_stage_remove(r->store, r->prefix, first_build);
    wi_staged_release(out);
  }
  wi_err_move(err, &first);
  return status;
}
