/* Only in a build for tests (WI_TEST, docs/build.md): code that runs around every operation of a
 * store, so that a test can meet any interleaving, fail an operation, lose its answer, or keep the
 * bytes elsewhere.
 *
 * All of list, read, put, remove and sync go through `around`, also on local roots. What the
 * engine does with its own handle (wi_store_handle: snapshots, data files, checkpoints) it asks
 * `engine` about, before each operation; what it does for C on other roots is asked about once,
 * through `around`. */
#ifndef WI_STORAGE_HOOK_H
#define WI_STORAGE_HOOK_H

#include "bridge/hook.h"
#include "storage/internal.h"

/* Plus a wi_br_store_op: an operation of the engine. */
enum { WI_STORE_ENGINE = 16 };

typedef struct wi_store_hook {
  /* Stands in for the operation; wi_store_perform does what would have been done. */
  weir_status (*around)(void *ctx, const wi_store_call *call, weir_error *err);
  void *ctx;
  /* NULL: the engine asks nobody. Called on threads of the engine, many at once, which must not
   * wait for an engine, nor take a hook off. `uri` is the store's, `path` is below it. `again` is
   * 0; answers: 0: it is done; below 0: it fails, undone; above 0: it is done, and then asked
   * about once more, with `again` as that answer: below 0 its own answer is lost. */
  int32_t (*engine)(void *ctx, const char *uri, int op, const char *path, int32_t again);
} wi_store_hook;

/* Of this store; NULL takes it off: the engine asks it no more. The hook outlives the store's
 * last operation. One with `engine` closes the store's handle, if it is open, and the next one
 * asks it: to be set while nobody uses the store. Snapshots that are open ask what they did. */
void wi_store_set_hook(wi_store *store, const wi_store_hook *hook);
/* Of every store that is opened from now on: calls open their own. NULL: of none, and the engine
 * asks the one that it was no more, whoever opened its handles. */
void wi_store_hook_new(const wi_store_hook *hook);

/* Leases of short lives, and objects instead of locks on local roots too; NULL: as usual. */
void wi_lease_set_times(const wi_lease_times *times);

/* ---- between hook.c and store.c ---- */
/* What the engine's handle on the root `uri` asks. */
weir_status wi_store_link_new(const wi_store_hook *hook, const char *uri,
                              wi_br_store_hook *out, weir_error *err);
/* Where the handle does not. */
void wi_store_link_free(wi_br_store_hook *link);
/* From now on no handle asks this hook; waits for those that are asking. */
void wi_store_links_cut(const wi_store_hook *hook);

#endif
