/* Object stores and Delta snapshots, as the engines open them. */
#include "bridge/private.h"

#define WI_ORIGIN "bridge"

weir_status wi_br_store_open(wi_engine *engine, const char *url,
                             const wi_br_pair *options, size_t n_options, wb_store **out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  *out = NULL;
  wb_kv *rows = wi_alloc_array(n_options + 1, sizeof(*rows));
  if (rows == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_CHECK(wi_engine_use(engine, &t, err));
  for (size_t i = 0; i < n_options; i++) {
    rows[i].key = wi_wb_str(options[i].key);
    rows[i].value = wi_wb_str(options[i].value);
  }
  int code = t->wb_store_open(wi_engine_runtime(engine), wi_wb_str(url), rows, n_options,
                              out, &from);
  status = wi_wb_status(t, code, &from, err);
done:
  wi_free(rows);
  return status;
}

weir_status wi_br_obj_get(wi_engine *engine, const wb_store *store,
                          const char *const *paths, size_t n, uint64_t max_bytes,
                          wi_cursor **out, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  struct ArrowArrayStream stream = {0};
  wb_str *names = NULL;
  const wb_cancel *stop = NULL;
  *out = NULL;
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_stop_now(&stop, err));
  WI_CHECK(wi_wb_strs(paths, n, &names, err));
  int code = t->wb_obj_get(store, names, n, max_bytes, stop, &stream, &from);
  status = wi_wb_cursor(t, code, &from, &stream, out, err);
done:
  wi_free(names);
  return status;
}

weir_status wi_br_obj_list(wi_engine *engine, const wb_store *store, const char *prefix,
                           const char *start_after, bool recursive, wi_cursor **out,
                           weir_error *err) {
  WI_ENGINE_RETURN_ROWS_STOPPED(
      engine, out, err,
      t->wb_obj_list(store, wi_wb_str(prefix), wi_wb_str(start_after), recursive, stop,
                     &stream, &from));
}

weir_status wi_br_obj_put(wi_engine *engine, const wb_store *store, const char *path,
                          const void *bytes, size_t n, bool if_absent, weir_error *err) {
  WI_ENGINE_RETURN_STOPPED(
      engine, err,
      t->wb_obj_put(store, wi_wb_str(path), bytes, n, if_absent, stop, &from));
}

weir_status wi_br_obj_delete(wi_engine *engine, const wb_store *store,
                             const char *const *paths, size_t n, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_str *names = NULL;
  const wb_cancel *stop = NULL;
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_stop_now(&stop, err));
  WI_CHECK(wi_wb_strs(paths, n, &names, err));
  status = wi_wb_status(t, t->wb_obj_delete(store, names, n, stop, &from), &from, err);
done:
  wi_free(names);
  return status;
}

void wi_br_store_free(wi_engine *engine, wb_store **store) {
  WI_ENGINE_FREE(engine, store, wb_store_free);
}

weir_status wi_br_snap_open(wi_engine *engine, const wb_store *store, int64_t version,
                            wb_snap **out, weir_error *err) {
  *out = NULL;
  WI_ENGINE_RETURN_STOPPED(engine, err,
                           t->wb_snap_open(store, version, stop, out, &from));
}

static weir_status snap_table(wi_engine *engine, const wb_snap *snap, int32_t which,
                              wi_cursor **out, weir_error *err) {
  WI_ENGINE_RETURN_ROWS_STOPPED(engine, out, err,
                                t->wb_snap_table_read(snap, which, stop, &stream, &from));
}

weir_status wi_br_snap_actions(wi_engine *engine, const wb_snap *snap, wi_buf *protocol,
                               wi_buf *metadata, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  wi_buf_clear(protocol);
  wi_buf_clear(metadata);
  WI_TRY(snap_table(engine, snap, WB_SNAP_ACTIONS, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str json = wi_cursor_text(rows, 1);
    wi_buf *to = wi_str_eq(wi_cursor_text(rows, 0), "protocol") ? protocol : metadata;
    wi_buf_add(to, json.p, json.n);
  }
  WI_CHECK(wi_buf_check(protocol, err, WI_ORIGIN));
  WI_CHECK(wi_buf_check(metadata, err, WI_ORIGIN));
done:
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_br_snap_files(wi_engine *engine, const wb_snap *snap, wi_cursor **out,
                             weir_error *err) {
  return snap_table(engine, snap, WB_SNAP_FILES, out, err);
}

weir_status wi_br_snap_txn(wi_engine *engine, const wb_snap *snap, const char *app_id,
                           int64_t *version, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  bool found = false;
  int64_t latest = -1;
  const wb_cancel *stop = NULL;
  *version = -1;
  WI_TRY(wi_engine_use(engine, &t, err));
  WI_TRY(wi_stop_now(&stop, err));
  int code = t->wb_snap_txn(snap, wi_wb_str(app_id), stop, &found, &latest, &from);
  status = wi_wb_status(t, code, &from, err);
  /* 0 is a version like another: only `found` says that there is one. */
  *version = status == WEIR_OK && found ? latest : -1;
  return status;
}

weir_status wi_br_snap_checkpoint(wi_engine *engine, const wb_snap *snap,
                                  weir_error *err) {
  WI_ENGINE_RETURN_STOPPED(engine, err, t->wb_snap_checkpoint(snap, stop, &from));
}

void wi_br_snap_free(wi_engine *engine, wb_snap **snap) {
  WI_ENGINE_FREE(engine, snap, wb_snap_free);
}
