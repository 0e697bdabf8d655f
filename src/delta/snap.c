/* One version of one table as the engine opened it, for all that read it: its log is replayed for
 * the first of them only. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "delta/files.h"
#include "delta/internal.h"

#define WI_ORIGIN "delta"

enum { SNAP_TRIES = 4, SNAP_WAIT_US = 5000 };

struct wi_snap {
  atomic_size_t holders;
  wi_engine *engine;
  wi_store *store;
  wb_snap *handle;
  pthread_mutex_t lock; /* held while what is below is read, by whoever comes first */
  wi_meta *meta;        /* NULL until asked for */
  wi_files *files;      /* NULL until asked for */
};

/* What is read once changes nothing that a holder could see. */
static wi_snap *unlocked(const wi_snap *snap) {
  return (wi_snap *)(uintptr_t)snap;
}

wi_snap *wi_snap_ref(wi_snap *snap) {
  if (snap != NULL) {
    atomic_fetch_add(&snap->holders, 1);
  }
  return snap;
}

void wi_snap_unref(wi_snap **snap) {
  wi_snap *one = *snap;
  *snap = NULL;
  if (one == NULL || atomic_fetch_sub(&one->holders, 1) != 1) {
    return;
  }
  wi_br_snap_free(one->engine, &one->handle);
  wi_files_unref(&one->files);
  wi_meta_unref(&one->meta);
  wi_store_unref(&one->store);
  pthread_mutex_destroy(&one->lock);
  wi_free(one);
}

/* ---- opening ---- */

static weir_status keep(wi_engine *engine, wi_store *store, wb_snap **handle,
                        wi_snap **out, weir_error *err) {
  wi_snap *snap = wi_alloc(sizeof *snap);
  if (snap == NULL) {
    wi_br_snap_free(engine, handle);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&snap->holders, 1);
  pthread_mutex_init(&snap->lock, NULL);
  snap->engine = engine;
  snap->store = wi_store_ref(store);
  snap->handle = *handle;
  *handle = NULL;
  *out = snap;
  return WEIR_OK;
}

/* Others write checkpoints and clean what is older: what the listing named may be gone when it is
 * read, and a later listing names something else. A log that lacks it for good says so again. */
weir_status wi_snap_open(wi_engine *engine, wi_store *store, int64_t version,
                         wi_snap **out, weir_error *err) {
  wb_store *place = NULL;
  wb_snap *handle = NULL;
  *out = NULL;
  WI_TRY(wi_store_handle(store, &place, err));
  for (uint32_t tried = 1;; tried++) {
    weir_error failed = WEIR_ERROR_INIT;
    weir_status status = wi_br_snap_open(engine, place, version, &handle, &failed);
    bool odd = status == WEIR_E_FILE_MISSING || status == WEIR_E_LOG_CORRUPT;
    if (status == WEIR_OK) {
      return keep(engine, store, &handle, out, err);
    }
    if (!odd || tried == SNAP_TRIES) {
      wi_err_move(err, &failed);
      return status;
    }
    weir_error_release(&failed);
    wi_sleep_us(tried * SNAP_WAIT_US);
  }
}

/* ---- what is in it ---- */

weir_status wi_snap_rows(const wi_snap *snap, wi_cursor **out, weir_error *err) {
  return wi_br_snap_files(snap->engine, snap->handle, out, err);
}

weir_status wi_snap_txn(const wi_snap *snap, const char *app_id, int64_t *version,
                        weir_error *err) {
  return wi_br_snap_txn(snap->engine, snap->handle, app_id, version, err);
}

weir_status wi_snap_checkpoint(const wi_snap *snap, weir_error *err) {
  return wi_br_snap_checkpoint(snap->engine, snap->handle, err);
}

/* The lock is the caller's. */
static weir_status read_meta(wi_snap *snap, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf protocol = WI_BUF_INIT, metadata = WI_BUF_INIT;
  if (snap->meta != NULL) {
    return WEIR_OK;
  }
  WI_CHECK(wi_br_snap_actions(snap->engine, snap->handle, &protocol, &metadata, err));
  WI_CHECK(
      wi_meta_parse(wi_buf_text(&protocol), wi_buf_text(&metadata), &snap->meta, err));
done:
  wi_buf_release(&protocol);
  wi_buf_release(&metadata);
  return status;
}

weir_status wi_snap_meta(const wi_snap *snap, wi_meta **out, weir_error *err) {
  wi_snap *one = unlocked(snap);
  pthread_mutex_lock(&one->lock);
  weir_status status = read_meta(one, err);
  *out = wi_meta_ref(one->meta);
  pthread_mutex_unlock(&one->lock);
  return status;
}

static weir_status read_files(wi_snap *snap, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  if (snap->files != NULL) {
    return WEIR_OK;
  }
  WI_CHECK(read_meta(snap, err));
  WI_CHECK(wi_snap_rows(snap, &rows, err));
  WI_CHECK(wi_files_read(snap->meta, wi_store_uri(snap->store), rows, &snap->files, err));
done:
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_snap_files(const wi_snap *snap, wi_files **out, weir_error *err) {
  wi_snap *one = unlocked(snap);
  pthread_mutex_lock(&one->lock);
  weir_status status = read_files(one, err);
  *out = wi_files_ref(one->files);
  pthread_mutex_unlock(&one->lock);
  if (status != WEIR_OK) {
    wi_err_context(err, "table '%.600s'", wi_store_uri(one->store));
  }
  return status;
}

/* ---- as an input ---- */

static void release_both(struct ArrowSchema *columns, struct ArrowArrayStream *files) {
  if (columns->release != NULL) {
    columns->release(columns);
  }
  if (files->release != NULL) {
    files->release(files);
  }
}

weir_status wi_snap_bind(const wi_snap *snap, wb_bind *bind, const char *schema,
                         const char *name, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_meta *meta = NULL;
  struct ArrowSchema columns = {0};
  struct ArrowArrayStream files = {0};
  WI_CHECK(wi_snap_meta(snap, &meta, err));
  WI_CHECK(wi_files_columns(meta, &columns, err));
  WI_CHECK(wi_files_stream(unlocked(snap), &files, err));
  wi_br_table table = {snap->handle, NULL, &columns, &files};
  WI_CHECK(wi_br_bind_table(snap->engine, bind, schema, name, &table, err));
done:
  wi_meta_unref(&meta);
  release_both(&columns, &files);
  return status;
}

weir_status wi_staged_bind(const wi_staged_rows *rows, wi_engine *engine, wb_bind *bind,
                           const char *schema, const char *name, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_partitioning *partitioning = NULL;
  wi_files *list = NULL;
  wb_store *place = NULL;
  struct ArrowSchema columns = {0};
  struct ArrowArrayStream files = {0};
  WI_CHECK(wi_store_handle(rows->store, &place, err));
  WI_CHECK(wi_partitioning_of(rows->columns, rows->partition_columns,
                              rows->n_partition_columns, &partitioning, err));
  WI_CHECK(wi_files_of_staged(rows->staged, &partitioning, &list, err));
  WI_CHECK(wi_files_stream_of(list, &files, err));
  if (ArrowSchemaDeepCopy(rows->columns, &columns) != NANOARROW_OK) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  wi_br_table table = {NULL, place, &columns, &files};
  WI_CHECK(wi_br_bind_table(engine, bind, schema, name, &table, err));
done:
  wi_partitioning_free(&partitioning);
  wi_files_unref(&list);
  release_both(&columns, &files);
  return status;
}
