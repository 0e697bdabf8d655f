/* When a table gets a checkpoint, and that it survives a power cut. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

enum { DEFAULT_INTERVAL = 20 };

bool wi_checkpoint_due(int64_t version, const char *interval) {
  int64_t every = 0;
  size_t digits = interval != NULL ? strspn(interval, "0123456789") : 0;
  if (digits > 0 && digits <= 9 && interval[digits] == '\0') {
    for (const char *p = interval; *p != '\0'; p++) {
      every = every * 10 + (*p - '0');
    }
  }
  every = every > 0 ? every : DEFAULT_INTERVAL;
  return version > 0 && version % every == 0;
}

/* The engine's own put is not synced. */
static weir_status make_durable(wi_store *store, int64_t version, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store_entries entries = {NULL, 0, 0};
  const char **paths = NULL;
  char after[64], begin[80];
  size_t n = 0;
  snprintf(after, sizeof after, "%s/%020" PRId64, WI_LOG_FOLDER, version);
  snprintf(begin, sizeof begin, "%s.checkpoint.", after);
  WI_CHECK(wi_store_list_from(store, WI_LOG_FOLDER, after, NULL, &entries, err));
  paths = wi_alloc_array(entries.n + 1, sizeof *paths);
  if (paths == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  bool whole = false;
  for (size_t i = 0; i < entries.n; i++) {
    const wi_store_entry *e = &entries.items[i];
    bool checkpoint = wi_starts_with(e->path, begin);
    whole = whole || (checkpoint && e->size > 0);
    if (checkpoint || strcmp(e->path, WI_LOG_FOLDER "/_last_checkpoint") == 0) {
      paths[n++] = e->path;
    }
  }
  if (!whole) {
    status =
        WI_ERR(err, WEIR_E_CHECKPOINT,
               "the checkpoint at version %" PRId64 " of '%.300s' is not there, or empty",
               version, wi_store_uri(store));
    goto done;
  }
  WI_CHECK(wi_store_sync(store, paths, n, err));
done:
  wi_free(paths);
  wi_store_entries_release(&entries);
  return status;
}

weir_status wi_delta_checkpoint(wi_engine *engine, wi_store *store, int64_t version,
                                weir_error *err) {
  wi_snap *snap = NULL;
  WI_TRY(wi_snap_open(engine, store, version, &snap, err));
  weir_status status = wi_snap_checkpoint(snap, err);
  wi_snap_unref(&snap);
  return status == WEIR_OK && wi_store_local(store) != NULL
             ? make_durable(store, version, err)
             : status;
}
