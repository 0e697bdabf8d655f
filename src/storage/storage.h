/* One storage profile per table root: its canonical URI, its options, and its bytes. Local
 * roots are read and written by C itself, durably; other stores go through the engine.
 *
 * Threads: a store may be shared between threads. Paths are relative to the root, with '/'. */
#ifndef WI_STORAGE_STORAGE_H
#define WI_STORAGE_STORAGE_H

#include <pthread.h>

#include "bridge/bridge.h"

/* ---- places (uri.c) ---- */
/* The one spelling of a table's place. Local: file:///abs/path with symlinks of the existing
 * part resolved, percent-encoded, no trailing slash; other schemes: lower-case scheme, no
 * doubled or trailing slashes; a bucket keeps its case, since stores tell cases apart. `text` is
 * a path or a URI; relative paths go to `base` (NULL: cwd). BAD_VALUE: unknown scheme, user info
 * or query part in the URI. */
weir_status wi_uri_canonical(const char *text, const char *base, wi_buf *out,
                             weir_error *err);
/* The decoded path of a file:// URI; false for other schemes, or without memory. */
bool wi_uri_local_path(const char *uri, wi_buf *path);
/* A file's path as Delta's add.path has it (RFC 2396): what is no unreserved character, and is
 * not '/' or one of "=+,;@&$", becomes %XX of its UTF-8 bytes. Appends. */
void wi_uri_encode_path(const char *path, wi_buf *out);
/* The inverse, leaving what is no escape as it is. Appends. */
void wi_uri_decode_path(const char *text, wi_buf *out);

/* ---- stores (store.c) ---- */

typedef struct wi_store wi_store;
/* Opens nothing yet. `options` may hold secrets; their values appear in no error. Unsafe ones
 * (aws_conditional_put=disabled, aws_s3_allow_unsafe_rename, any lock provider) are STORE_UNSAFE.
 * Keys are taken in lower case; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
 * AWS_REGION, AWS_ENDPOINT_URL, AWS_ALLOW_HTTP and the like (and those of Google and Azure for
 * their schemes) are read from the environment where not given. `engine` may be NULL for a local
 * root of which no handle is asked for. */
weir_status wi_store_open(wi_engine *engine, const char *canonical_uri,
                          const wi_br_pair *options, size_t n_options, wi_store **out,
                          weir_error *err);
wi_store *wi_store_ref(wi_store *store);
void wi_store_unref(wi_store **store);
const char *wi_store_uri(const wi_store *store);
const char *wi_store_local(const wi_store *store); /* absolute folder, or NULL */
/* The engine's handle on the same root, opened on first use; owned by the store. */
weir_status wi_store_handle(wi_store *store, wb_store **out, weir_error *err);

/* What a module above knows of this root, kept as long as the store: delta keeps its listing.
 * Made empty; `release` is called with the store's end. */
typedef struct wi_store_memo {
  pthread_mutex_t lock; /* of the members below; the user takes it */
  void *value;
  void (*release)(void *value);
} wi_store_memo;
wi_store_memo *wi_store_memo_of(wi_store *store);

typedef struct wi_store_entry {
  char *path; /* relative to the root */
  uint64_t size;
  int64_t mtime_us;
} wi_store_entry;
typedef struct wi_store_entries {
  wi_store_entry *items; /* sorted by path */
  size_t n, cap;
} wi_store_entries;
void wi_store_entries_release(wi_store_entries *entries);
/* What is directly below `folder` (no recursion); an absent folder is an empty list. */
weir_status wi_store_list(wi_store *store, const char *folder, wi_store_entries *out,
                          weir_error *err);
/* What is directly below `folder` and comes after `after`, a path as entries have them (NULL:
 * everything). On a local root the sizes and times of names that `sized` denies are not asked
 * for: they are 0. Folders may be among those. */
weir_status wi_store_list_from(wi_store *store, const char *folder, const char *after,
                               bool (*sized)(const char *name), wi_store_entries *out,
                               weir_error *err);
/* Everything below `folder`, at any depth. */
weir_status wi_store_list_all(wi_store *store, const char *folder, wi_store_entries *out,
                              weir_error *err);
/* NOT_FOUND if it is not there. */
weir_status wi_store_read(wi_store *store, const char *path, wi_buf *out,
                          weir_error *err);
/* The same, with the time of its last change; `mtime_us` may be NULL. */
weir_status wi_store_read_timed(wi_store *store, const char *path, wi_buf *out,
                                int64_t *mtime_us, weir_error *err);
/* Put if absent: EXISTS when somebody was first, AMBIGUOUS when it may have happened. Local:
 * durable, folders above are made. */
weir_status wi_store_put_new(wi_store *store, const char *path, const void *bytes,
                             size_t n, weir_error *err);
/* Absent ones are fine. */
weir_status wi_store_remove(wi_store *store, const char *const *paths, size_t n,
                            weir_error *err);
/* Removes everything below `folder` and the folder; absent is fine. `folder` "" is refused. */
weir_status wi_store_remove_all(wi_store *store, const char *folder, weir_error *err);
/* Removes a local root itself if it is an empty folder: what a first write made and left. */
void wi_store_remove_empty(wi_store *store);
/* Makes staged files durable before a commit names them: local files and folders are synced. */
weir_status wi_store_sync(wi_store *store, const char *const *paths, size_t n,
                          weir_error *err);

/* ---- leases (lease.c): that somebody is at work below a root ---- */
#define WI_LEASE_FOLDER "_weir/leases"
/* How long others believe a lease object that is not renewed; on a store nothing younger is
 * litter. */
#define WI_LEASE_LIFE_US ((int64_t)15 * 60 * 1000000)
typedef struct wi_lease wi_lease;
/* Local: waits while somebody cleans there, but no longer than until `stop` (CANCELLED); holds
 * nothing where the folder is absent. On a store a thread renews it. */
weir_status wi_lease_take(wi_store *store, const char *run_id, const wi_stop *stop,
                          wi_lease **out, weir_error *err);
/* To be asked before a commit: LEASE_LOST when others may have taken the run for dead. */
weir_status wi_lease_check(wi_lease *lease, weir_error *err);
void wi_lease_release(wi_lease **lease);
/* Whether objects, and no locks, tell of work at this root. */
bool wi_lease_by_object(const wi_store *store);

/* Which of them live (lease_read.c). */
typedef struct wi_leases {
  wi_map live;  /* run ids */
  wi_list dead; /* paths of objects that count no more, wi_free each */
} wi_leases;
#define WI_LEASES_INIT {WI_MAP_INIT, WI_LIST_INIT}
void wi_leases_release(wi_leases *leases);
/* Adds those below a root. `now_us`: the store's clock. An object lives while it is younger than
 * WI_LEASE_LIFE_US by that clock, or says so itself. What somebody read the clock off, and left,
 * is dead at that age. */
weir_status wi_leases_read(wi_store *store, int64_t now_us, wi_leases *out,
                           weir_error *err);
/* The store's clock, read off an object that is put and removed again. */
weir_status wi_store_clock(wi_store *store, int64_t *now_us, weir_error *err);

#endif
