/* Inside src/storage: the local half, and what becomes of options. */
#ifndef WI_STORAGE_INTERNAL_H
#define WI_STORAGE_INTERNAL_H

#include "storage/storage.h"

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
typedef enum wi_store_op {
  WI_STORE_LIST = 1,
  WI_STORE_READ = 2,
  WI_STORE_PUT_NEW = 3,
  WI_STORE_REMOVE = 4,
  WI_STORE_REMOVE_ALL = 5,
  WI_STORE_SYNC = 6
} wi_store_op;
/* One operation with what it takes and where its results go. */
typedef struct wi_store_call {
  wi_store_op op;
  wi_store *store;
  const char *const *paths; /* one, but for REMOVE and SYNC */
  size_t n;
  const void *bytes; /* of PUT_NEW */
  size_t size;
  bool deep;                       /* LIST: at any depth */
  const char *after;               /* LIST: only paths after this one; NULL: all */
  bool (*sized)(const char *name); /* LIST: as of wi_store_list_from; NULL: each */
  wi_store_entries *entries;
  wi_buf *out;
  int64_t *mtime_us; /* may be NULL */
} wi_store_call;

weir_status wi_store_perform(const wi_store_call *call, weir_error *err);
wi_engine *wi_store_engine(const wi_store *store); /* NULL: none was given */

/* ---- leases (lease.c, lease_read.c) ---- */
typedef struct wi_lease_times {
  int64_t first_us;           /* until the first object */
  int64_t renew_us, again_us; /* between two; after one that failed */
  int64_t holds_us;           /* how long its holder believes it */
} wi_lease_times;
#define WI_LEASE_CLOCK "clock-" /* what a store's clock is read off */
/* As wi_leases_read, of a listing of the folder. */
weir_status wi_leases_see(wi_store *store, const wi_store_entries *entries,
                          int64_t now_us, wi_leases *out, weir_error *err);

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
