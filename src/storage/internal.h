/* Inside src/storage: the local half, and what becomes of options. */
#ifndef WI_STORAGE_INTERNAL_H
#define WI_STORAGE_INTERNAL_H

#include "storage/hook.h"

/* No file of a log is larger: what is, is none, and would take all memory. */
#define WI_STORE_FILE_LIMIT ((size_t)1 << 30)

/* ---- options (options.c) ---- */
typedef struct wi_store_option {
  char *key, *value;
} wi_store_option;
typedef struct wi_store_options {
  wi_store_option *items; /* sorted by key, lower case, each key once */
  size_t n, cap;
} wi_store_options;
/* Checks the given ones and adds those of the environment that fit the scheme. */
weir_status wi_store_options_read(const char *uri, const wi_br_pair *given,
                                  size_t n_given, wi_store_options *out, weir_error *err);
/* Overwrites the values before their memory goes back. */
void wi_store_options_release(wi_store_options *options);

/* ---- entries (store.c) ---- */
weir_status wi_store_entries_add(wi_store_entries *entries, const char *path,
                                 uint64_t size, int64_t mtime_us, weir_error *err);

/* ---- stores (store.c) ---- */
wi_engine *wi_store_engine(const wi_store *store); /* NULL: none was given */

/* ---- leases (lease_read.c) ---- */
#define WI_LEASE_CLOCK "clock-" /* what a store's clock is read off */
/* As wi_leases_read, of a listing of the folder. */
weir_status wi_leases_see(wi_store *store, const wi_store_entries *entries,
                          int64_t now_us, wi_leases *out, weir_error *err);

/* ---- what a hook hears of the engine's handle (link.c) ---- */
/* What a handle on the root `uri` is opened with. */
weir_status wi_store_link_new(const wi_store_hook *hook, const char *uri,
                              wi_br_store_hook *out, weir_error *err);
/* Where the handle could not be opened. */
void wi_store_link_free(wi_br_store_hook *link);
/* From now on no handle asks this hook; waits for those that are asking. */
void wi_store_links_cut(const wi_store_hook *hook);

/* ---- local roots (local.c); `root` is an absolute folder ---- */
weir_status wi_local_list(const char *root, const char *folder, bool deep,
                          wi_store_entries *out, weir_error *err);
/* One folder, as wi_store_list_from. */
weir_status wi_local_list_from(const char *root, const char *folder, const char *after,
                               bool (*sized)(const char *name), wi_store_entries *out,
                               weir_error *err);
weir_status wi_local_read(const char *root, const char *path, wi_buf *out,
                          int64_t *mtime_us, weir_error *err);
weir_status wi_local_put_new(const char *root, const char *path, const void *bytes,
                             size_t n, weir_error *err);
weir_status wi_local_remove(const char *root, const char *const *paths, size_t n,
                            weir_error *err);
weir_status wi_local_remove_all(const char *root, const char *folder, weir_error *err);
weir_status wi_local_sync(const char *root, const char *const *paths, size_t n,
                          weir_error *err);

#endif
