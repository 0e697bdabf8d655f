/* Everything below the project's own nouns: errors, strings, buffers, arenas, sorted maps,
 * digests, JSON, clock, environment, files. No module may be used by this one.
 *
 * Conventions used everywhere: a function that can fail returns weir_status and takes a
 * weir_error last (NULL allowed); outputs are emptied first; one `done:` label releases. */
#ifndef WI_BASE_BASE_H
#define WI_BASE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/util.h"
#include "weir/error.h"

/* ---- errors (error.c) ---- */

/* Sets code, origin and message; returns `code`, so `return WI_ERR(...)` works.
 * An already set error is kept: the lowest layer knows best. */
weir_status wi_err_set(weir_error *err, weir_status code, const char *origin,
                       const char *fmt, ...) WEIR_PRINTF(4, 5);
weir_status wi_err_vset(weir_error *err, weir_status code, const char *origin,
                        const char *fmt, va_list args) WEIR_PRINTF(4, 0);
/* WI_ORIGIN is #defined by each file to its module name before use. */
#define WI_ERR(err, code, ...) wi_err_set((err), (code), WI_ORIGIN, __VA_ARGS__)
/* Puts text before the message ("view 'x': ..."); ": " is added when the text does not end
 * with it. Nothing happens while no error is set. */
void wi_err_context(weir_error *err, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* Sets the place; file may be NULL, zero line or column means unknown. */
void wi_err_where(weir_error *err, const char *file, uint32_t line, uint32_t column);
/* As WI_ERR, with what to do next. The hint of an error that was set before is left alone. */
weir_status wi_err_hinted(weir_error *err, weir_status code, const char *origin,
                          const char *hint, const char *fmt, ...) WEIR_PRINTF(5, 6);
#define WI_ERR_HINT(err, code, hint, ...) \
  wi_err_hinted((err), (code), WI_ORIGIN, (hint), __VA_ARGS__)
/* A hint with values in it, for the call that it stands in. */
#define WI_HINT(...) \
  wi_hint_text((char[sizeof(((weir_error *)NULL)->hint) + 1]){0}, __VA_ARGS__)
const char *wi_hint_text(char out[513], const char *fmt, ...) WEIR_PRINTF(2, 3);
/* What to do next, for an error that has no hint. */
void wi_err_hint(weir_error *err, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* Instead of the hint that the error has: only who knows better says so. */
void wi_err_hint_replace(weir_error *err, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* Other words for the same error; `text` may be part of the message. */
void wi_err_reword(weir_error *err, const char *text);
/* What can be done about an errno; "" if nothing is known. */
const char *wi_errno_hint(int code);
weir_status wi_err_nomem(weir_error *err, const char *origin);
weir_status wi_buf_check(const wi_buf *b, weir_error *err, const char *origin);
/* Copies `text` as the detail, replacing an earlier one; silently none without memory. */
void wi_err_detail(weir_error *err, const char *text, size_t n);
/* The same for a chain of causes, one a line: the detail is all of it, and weir_error_cause gives
 * them one by one. */
void wi_err_causes(weir_error *err, const char *lines, size_t n);
/* With a detail of its own; what `to` held is not released. */
void wi_err_copy(const weir_error *from, weir_error *to);
/* Moves *src to *dst (released first); src is emptied. */
void wi_err_move(weir_error *dst, weir_error *src);
/* The same for the end of a call that was given src, but for one code that is no failure to its
 * caller: OK then, and nothing is moved. */
weir_status wi_err_except(weir_status status, weir_status code, weir_error *src,
                          weir_error *dst);
/* In a function with a `weir_status status` and a `done:` label. */
#define WI_CHECK(call)       \
  do {                       \
    status = (call);         \
    if (status != WEIR_OK) { \
      goto done;             \
    }                        \
  } while (0)
/* Only in a function that owns nothing. */
#define WI_TRY(call)               \
  do {                             \
    weir_status wi_try_s = (call); \
    if (wi_try_s != WEIR_OK) {     \
      return wi_try_s;             \
    }                              \
  } while (0)

/* ---- secrets (secret.c): values that no error may show, of all projects of the process ---- */
typedef struct wi_secret wi_secret;
/* From here on a value is cut out of the middle of a word too; a shorter one ("1", "true") would
 * take half of what people have to read, and is cut where it stands alone. */
#define WI_SECRET_LONG 6
/* *out is NULL for an empty value; false: no memory. Each is to be dropped once. */
bool wi_secret_add(const char *value, wi_secret **out);
void wi_secret_drop(wi_secret *secret); /* NULL is fine */
bool wi_secret_any(void);
/* Hides them in the n bytes, which only become fewer, and ends the text with a NUL. `cut`: it
 * went on, perhaps with the rest of one. */
size_t wi_secret_cut(char *text, size_t n, bool cut);

/* ---- arena (arena.c): one phase's objects, freed together ---- */
typedef struct wi_arena {
  struct wi_arena_block *head;
} wi_arena;
#define WI_ARENA_INIT {NULL}
void wi_arena_release(wi_arena *a);
void *wi_arena_alloc(wi_arena *a,
                     size_t size); /* zeroed, aligned to 16; NULL: no memory */
void *wi_arena_array(wi_arena *a, size_t count, size_t size);
char *wi_arena_dup(wi_arena *a, const char *text);
char *wi_arena_ndup(wi_arena *a, const char *text, size_t n);
char *wi_arena_fmt(wi_arena *a, const char *fmt, ...) WEIR_PRINTF(2, 3);

/* ---- sorted map from text to pointer (map.c): iteration is by key bytes ---- */
typedef struct wi_map_entry {
  char *key;
  void *value;
} wi_map_entry;
typedef struct wi_map {
  wi_map_entry *entries;
  size_t n, cap;
} wi_map;
#define WI_MAP_INIT {NULL, 0, 0}
void wi_map_release(wi_map *m); /* keys only; values are the caller's */
void *wi_map_get(const wi_map *m, const char *key); /* NULL if absent */
bool wi_map_has(const wi_map *m, const char *key);
/* Copies the key; replaces an existing value. false: no memory. */
bool wi_map_put(wi_map *m, const char *key, void *value);
void wi_map_remove(wi_map *m, const char *key);

/* ---- list of pointers (list.c) ---- */
typedef struct wi_list {
  void **items;
  size_t n, cap;
} wi_list;
#define WI_LIST_INIT {NULL, 0, 0}
void wi_list_release(wi_list *l); /* items are the caller's */
bool wi_list_add(wi_list *l, void *item);

/* ---- JSON in (json_read.c) ---- */
/* One value, by the rules of RFC 8259 (of equal keys the last counts), NUL in texts and
 * numbers out of range refused. NO_MEMORY and BAD_VALUE (with the place) are never mixed up,
 * which jansson's own reader does: it aborts or misreads where memory runs out. */
struct json_t;
weir_status wi_json_read(const char *p, size_t n, struct json_t **out, weir_error *err);
/* The same for what others wrote: NUL in texts is taken, and a whole number of more than 64 bits is
 * a real, which *inexact tells. */
weir_status wi_json_read_lax(const char *p, size_t n, struct json_t **out, bool *inexact,
                             weir_error *err);

/* ---- digests (digest.c): BLAKE3-256 with every field length-prefixed ---- */
#define WI_DIGEST_SIZE 32
#define WI_DIGEST_HEX  65 /* with the NUL */
typedef struct wi_digest {
  _Alignas(16) uint8_t state[1920]; /* holds a blake3_hasher; asserted in digest.c */
} wi_digest;
void wi_digest_begin(wi_digest *d, const char *domain);
void wi_digest_bytes(wi_digest *d, const void *p, size_t n); /* length, then the bytes */
void wi_digest_text(wi_digest *d, const char *text);         /* NULL differs from "" */
void wi_digest_u64(wi_digest *d, uint64_t v);
void wi_digest_end(wi_digest *d, uint8_t out[WI_DIGEST_SIZE]);
void wi_digest_end_hex(wi_digest *d, char out[WI_DIGEST_HEX]);
void wi_hex(const uint8_t *p, size_t n, char *out); /* 2n characters and a NUL */
/* BLAKE3-256 of plain bytes (no prefix), as hex: for files and commits. */
void wi_blake3_hex(const void *p, size_t n, char out[WI_DIGEST_HEX]);

/* ---- clock and identifiers (clock.c): the only readers of time and randomness ---- */
int64_t wi_now_us(void); /* Unix time in microseconds, UTC */
int64_t wi_monotonic_ns(void);
void wi_sleep_us(uint32_t us);
void wi_uuid7(char out[37]); /* lower hex with dashes */

/* ---- environment (env.c) ---- */
const char *wi_env(const char *name); /* NULL if unset */

/* ---- files (file.c): local paths; errors carry the path ---- */
typedef struct wi_file_info {
  uint64_t size;
  int64_t mtime_ns, ctime_ns;
  uint64_t inode;
  bool is_dir, is_link;
} wi_file_info;
/* All return NOT_FOUND when the path, or the folder it is to be in, is absent; IO with the
 * system's words for any other failure. */
/* The buffer is cleared first. limit 0: none; larger: TOO_LARGE. */
weir_status wi_file_read(const char *path, size_t limit, wi_buf *out, weir_error *err);
/* Describes what the path leads to; is_link says that the path itself is a symlink. */
weir_status wi_file_stat(const char *path, wi_file_info *out, weir_error *err);
bool wi_file_exists(const char *path);
/* With parents; each new entry is synced. A folder that is there already is fine. */
weir_status wi_dir_make(const char *path, weir_error *err);
/* Names (not paths) in the folder, sorted by bytes, without "." and ".."; NOT_FOUND if the
 * folder is absent. Caller frees each with wi_free. */
weir_status wi_dir_list(const char *path, wi_list *names, weir_error *err);
weir_status wi_dir_sync(const char *path, weir_error *err);
/* An advisory lock on a folder, until *fd is closed or the process ends: many may share it, or
 * one has it alone. Waits for nobody (LOCKED). *fd is -1 without an error where the folder is
 * absent. */
weir_status wi_dir_lock(const char *path, bool alone, int *fd, weir_error *err);
/* Who has it alone shares it from here on; -1: nothing happens. */
void wi_dir_share(int fd);
weir_status wi_file_sync(const char *path, weir_error *err);
/* Writes through a temporary name, syncs, links to `path` only if absent (EXISTS; BAD_VALUE where
 * a folder has the name), syncs the folder. Needs hard links: NOT_DURABLE where the file system has none. AMBIGUOUS: the
 * name is there, or may be, but is not known to survive a power cut. */
weir_status wi_file_put_new(const char *path, const void *bytes, size_t n,
                            weir_error *err);
/* Writes through a temporary name and renames over `path`, durably. */
weir_status wi_file_replace(const char *path, const void *bytes, size_t n,
                            weir_error *err);
weir_status wi_file_remove(const char *path, weir_error *err); /* absent is fine */
/* Removes a folder with all it holds; never follows links; absent is fine. */
weir_status wi_dir_remove_all(const char *path, weir_error *err);
/* Absolute form with symlinks of the existing part resolved; the rest may be absent. */
weir_status wi_path_absolute(const char *path, wi_buf *out, weir_error *err);
/* Clears `out` first; an absolute name stands alone. */
void wi_path_join(wi_buf *out, const char *base, const char *name);

/* ---- warnings and lists of errors (diag.c) ---- */
/* What a pass over a project collects: all of them, in order found. */
typedef struct wi_diag {
  weir_error error;
  bool warning;
} wi_diag;
typedef struct wi_diags {
  wi_diag *items;
  size_t n, cap;
  size_t errors, warnings;
  bool
      no_memory; /* one of the errors is a lack of it, which says nothing of the project */
} wi_diags;
#define WI_DIAGS_INIT {NULL, 0, 0, 0, 0, false}
void wi_diags_release(wi_diags *d);
/* Takes the error's contents (it is emptied). Beyond 1,000 entries they are only counted. */
void wi_diags_take(wi_diags *d, weir_error *err, bool warning);
void wi_diags_add(wi_diags *d, bool warning, weir_status code, const char *origin,
                  const char *file, uint32_t line, uint32_t column, const char *hint,
                  const char *fmt, ...) WEIR_PRINTF(9, 10);

#endif
