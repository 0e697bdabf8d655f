/* A root and its bytes: local ones by C, others through the engine. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef WI_TEST
#include "storage/hook.h"
#endif
#include "storage/internal.h"

#define WI_ORIGIN "storage"

struct wi_store {
  atomic_size_t refs;
  char *uri;
  char *local; /* NULL: not local */
  wi_store_options options;
  wi_engine *engine;    /* NULL: none was given */
  pthread_mutex_t lock; /* of `handle` */
  wb_store *handle;
  wi_store_memo memo;
#ifdef WI_TEST
  const wi_store_hook *_Atomic hook; /* NULL */
#endif
};

/* ---- what a test puts before operations (hook.h) ---- */

#ifdef WI_TEST

static const wi_store_hook *_Atomic hook_of_new;

void wi_store_hook_new(const wi_store_hook *hook) {
  const wi_store_hook *old = atomic_exchange(&hook_of_new, hook);
  if (old != hook) {
    wi_store_links_cut(old);
  }
}

void wi_store_set_hook(wi_store *store, const wi_store_hook *hook) {
  const wi_store_hook *old = atomic_exchange(&store->hook, hook);
  if (old != hook) {
    wi_store_links_cut(old);
  }
  pthread_mutex_lock(&store->lock);
  if (hook != NULL && hook->engine != NULL && store->handle != NULL) {
    wi_br_store_free(store->engine, &store->handle);
  }
  pthread_mutex_unlock(&store->lock);
}

static void begin_hook(wi_store *store) {
  atomic_init(&store->hook, atomic_load(&hook_of_new));
}

static weir_status operate(const wi_store_call *call, weir_error *err) {
  const wi_store_hook *hook = atomic_load(&call->store->hook);
  return hook != NULL ? hook->around(hook->ctx, call, err) : wi_store_perform(call, err);
}

/* The engine's handle, just opened, asks the hook. */
static weir_status link_handle(wi_store *s, weir_error *err) {
  wi_br_store_hook link = {NULL, NULL, NULL};
  const wi_store_hook *hook = atomic_load(&s->hook);
  if (hook == NULL || hook->engine == NULL) {
    return WEIR_OK;
  }
  WI_TRY(wi_store_link_new(hook, s->uri, &link, err));
  weir_status status = wi_br_store_hook_on(s->engine, s->handle, &link, err);
  if (status != WEIR_OK) {
    wi_store_link_free(&link);
    wi_br_store_free(s->engine, &s->handle);
  }
  return status;
}

#else

static void begin_hook(wi_store *store) {
  (void)store;
}

static weir_status operate(const wi_store_call *call, weir_error *err) {
  return wi_store_perform(call, err);
}

static weir_status link_handle(wi_store *s, weir_error *err) {
  (void)s;
  (void)err;
  return WEIR_OK;
}

#endif

/* ---- a store ---- */

static void store_free(wi_store *s) {
  if (s->handle != NULL) {
    wi_br_store_free(s->engine, &s->handle);
  }
  wi_engine_unref(&s->engine);
  wi_store_options_release(&s->options);
  if (s->memo.release != NULL) {
    s->memo.release(s->memo.value);
  }
  pthread_mutex_destroy(&s->memo.lock);
  pthread_mutex_destroy(&s->lock);
  wi_free(s->uri);
  wi_free(s->local);
  wi_free(s);
}

static weir_status check_root(const wi_store *s, weir_error *err) {
  if (s->local == NULL && s->engine == NULL) {
    return WI_ERR(err, WEIR_E_BUG, "a store at '%s' without an engine", s->uri);
  }
  return WEIR_OK;
}

weir_status wi_store_open(wi_engine *engine, const char *canonical_uri,
                          const wi_br_pair *options, size_t n_options, wi_store **out,
                          weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf path = WI_BUF_INIT;
  *out = NULL;
  wi_store *s = wi_alloc(sizeof *s);
  if (s == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&s->refs, 1);
  begin_hook(s);
  /* Plain ones cannot fail to be made. */
  pthread_mutex_init(&s->lock, NULL);
  pthread_mutex_init(&s->memo.lock, NULL);
  s->engine = engine == NULL ? NULL : wi_engine_ref(engine);
  s->uri = wi_strdup(canonical_uri);
  if (wi_uri_local_path(canonical_uri, &path)) {
    s->local = wi_buf_take(&path);
  }
  bool is_local = wi_starts_with(canonical_uri, "file:");
  if (s->uri == NULL || (is_local && s->local == NULL)) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(check_root(s, err));
  WI_CHECK(wi_store_options_read(s->uri, options, n_options, &s->options, err));
  *out = s;
  s = NULL;
done:
  if (s != NULL) {
    store_free(s);
  }
  wi_buf_release(&path);
  return status;
}

wi_store *wi_store_ref(wi_store *store) {
  atomic_fetch_add(&store->refs, 1);
  return store;
}

void wi_store_unref(wi_store **store) {
  wi_store *s = *store;
  *store = NULL;
  if (s != NULL && atomic_fetch_sub(&s->refs, 1) == 1) {
    store_free(s);
  }
}

wi_engine *wi_store_engine(const wi_store *store) {
  return store->engine;
}

const char *wi_store_uri(const wi_store *store) {
  return store->uri;
}

wi_store_memo *wi_store_memo_of(wi_store *store) {
  return &store->memo;
}

const char *wi_store_local(const wi_store *store) {
  return store->local;
}

static weir_status open_handle(wi_store *s, weir_error *err) {
  /* Options are about object stores; the profile's go to each of its roots. */
  size_t n = s->local == NULL ? s->options.n : 0;
  wi_br_pair *pairs = wi_alloc_array(n + 1, sizeof *pairs);
  if (pairs == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    pairs[i] = (wi_br_pair){s->options.items[i].key, s->options.items[i].value};
  }
  weir_status status = wi_br_store_open(s->engine, s->uri, pairs, n, &s->handle, err);
  wi_free(pairs);
  return status == WEIR_OK ? link_handle(s, err) : status;
}

weir_status wi_store_handle(wi_store *s, wb_store **out, weir_error *err) {
  weir_status status = WEIR_OK;
  *out = NULL;
  if (s->engine == NULL) {
    return WI_ERR(err, WEIR_E_BUG, "the store at '%s' was opened without an engine",
                  s->uri);
  }
  pthread_mutex_lock(&s->lock);
  if (s->handle == NULL) {
    status = open_handle(s, err);
  }
  *out = s->handle;
  pthread_mutex_unlock(&s->lock);
  return status;
}

/* ---- entries ---- */

void wi_store_entries_release(wi_store_entries *entries) {
  for (size_t i = 0; i < entries->n; i++) {
    wi_free(entries->items[i].path);
  }
  wi_free(entries->items);
  *entries = (wi_store_entries){NULL, 0, 0};
}

weir_status wi_store_entries_add(wi_store_entries *entries, const char *path,
                                 uint64_t size, int64_t mtime_us, weir_error *err) {
  char *copy = wi_strdup(path);
  wi_store_entry *place = copy == NULL ? NULL : wi_vec_add(entries);
  if (place == NULL) {
    wi_free(copy);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *place = (wi_store_entry){copy, size, mtime_us};
  return WEIR_OK;
}

static int by_path(const void *a, const void *b) {
  const wi_store_entry *x = a, *y = b;
  return strcmp(x->path, y->path);
}

static weir_status add_text_entry(wi_store_entries *out, const wi_cursor *rows,
                                  weir_error *err) {
  wi_str path = wi_cursor_text(rows, 0);
  char *copy = wi_strndup(path.p, path.n);
  if (copy == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  weir_status status = wi_store_entries_add(out, copy, (uint64_t)wi_cursor_int(rows, 1),
                                            wi_cursor_int(rows, 2), err);
  wi_free(copy);
  return status;
}

/* A store can begin its listing anywhere, but only of all depths. */
static weir_status list_remote(wi_store *s, const wi_store_call *c, weir_error *err) {
  weir_status status = WEIR_OK;
  wb_store *handle = NULL;
  wi_cursor *rows = NULL;
  const char *folder = c->paths[0];
  size_t above = folder[0] == '\0' ? 0 : strlen(folder) + 1;
  bool deep = c->deep || c->after != NULL;
  WI_CHECK(wi_store_handle(s, &handle, err));
  WI_CHECK(wi_br_obj_list(s->engine, handle, folder, c->after != NULL ? c->after : "",
                          deep, &rows, err));
  for (bool has = true; has;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    wi_str path = has ? wi_cursor_text(rows, 0) : (wi_str){"", 0};
    bool inside = c->deep ||
                  (path.n > above && memchr(path.p + above, '/', path.n - above) == NULL);
    if (has && inside) {
      WI_CHECK(add_text_entry(c->entries, rows, err));
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

static weir_status list(wi_store *s, const wi_store_call *how, const char *folder,
                        wi_store_entries *out, weir_error *err) {
  wi_store_call call = *how;
  call.op = WI_STORE_LIST;
  call.store = s;
  call.paths = &folder;
  call.n = 1;
  call.entries = out;
  *out = (wi_store_entries){NULL, 0, 0};
  weir_status status = operate(&call, err);
  if (status != WEIR_OK) {
    wi_store_entries_release(out);
  } else if (out->n > 1) {
    qsort(out->items, out->n, sizeof *out->items, by_path);
  }
  return status;
}

weir_status wi_store_list(wi_store *s, const char *folder, wi_store_entries *out,
                          weir_error *err) {
  return list(s, &(wi_store_call){0}, folder, out, err);
}

weir_status wi_store_list_from(wi_store *s, const char *folder, const char *after,
                               bool (*sized)(const char *name), wi_store_entries *out,
                               weir_error *err) {
  return list(s, &(wi_store_call){.after = after, .sized = sized}, folder, out, err);
}

weir_status wi_store_list_all(wi_store *s, const char *folder, wi_store_entries *out,
                              weir_error *err) {
  return list(s, &(wi_store_call){.deep = true}, folder, out, err);
}

/* ---- bytes ---- */

enum { GET_FOUND = 2, GET_MTIME = 4, GET_BYTES = 6 };

/* Of an object that is read whole: parts of a log and small records, never rows. */
#define READ_MOST ((uint64_t)1 << 30)

static weir_status read_remote(wi_store *s, const char *path, wi_buf *out,
                               int64_t *mtime_us, weir_error *err) {
  weir_status status = WEIR_OK;
  wb_store *handle = NULL;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_store_handle(s, &handle, err));
  WI_CHECK(wi_br_obj_get(s->engine, handle, &path, 1, READ_MOST, &rows, err));
  WI_CHECK(wi_cursor_next(rows, &has, err));
  if (!has) {
    status = WI_ERR(err, WEIR_E_BUG, "the engine gave no row for '%s'", path);
  } else if (wi_cursor_int(rows, GET_FOUND) == 0) {
    status = WI_ERR(err, WEIR_E_NOT_FOUND, "'%s' is not there", path);
  } else {
    wi_str bytes = wi_cursor_text(rows, GET_BYTES);
    wi_buf_add(out, bytes.p, bytes.n);
    status = wi_buf_check(out, err, WI_ORIGIN);
    if (mtime_us != NULL) {
      *mtime_us = wi_cursor_int(rows, GET_MTIME);
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_store_read_timed(wi_store *s, const char *path, wi_buf *out,
                                int64_t *mtime_us, weir_error *err) {
  wi_buf_clear(out);
  if (mtime_us != NULL) {
    *mtime_us = 0;
  }
  return operate(&(wi_store_call){.op = WI_STORE_READ,
                                  .store = s,
                                  .paths = &path,
                                  .n = 1,
                                  .out = out,
                                  .mtime_us = mtime_us},
                 err);
}

weir_status wi_store_read(wi_store *s, const char *path, wi_buf *out, weir_error *err) {
  return wi_store_read_timed(s, path, out, NULL, err);
}

/* A store that failed may have done it before it failed. */
static bool may_have_happened(weir_status status) {
  weir_class cls = weir_error_class(status);
  return status != WEIR_E_NO_MEMORY && status != WEIR_E_NOT_FOUND &&
         (cls == WEIR_CLASS_IO || cls == WEIR_CLASS_CANCELLED || cls == WEIR_CLASS_PANIC);
}

static weir_status put_remote(wi_store *s, const char *path, const void *bytes, size_t n,
                              weir_error *err) {
  wb_store *handle = NULL;
  WI_TRY(wi_store_handle(s, &handle, err));
  weir_status status = wi_br_obj_put(s->engine, handle, path, bytes, n, true, err);
  if (may_have_happened(status)) {
    status = WEIR_E_AMBIGUOUS;
    if (err != NULL) {
      err->code = status;
      wi_err_context(err, "the put of '%s' failed and may have happened all the same",
                     path);
    }
  }
  return status;
}

weir_status wi_store_put_new(wi_store *s, const char *path, const void *bytes, size_t n,
                             weir_error *err) {
  return operate(&(wi_store_call){.op = WI_STORE_PUT_NEW,
                                  .store = s,
                                  .paths = &path,
                                  .n = 1,
                                  .bytes = bytes,
                                  .size = n},
                 err);
}

static weir_status remove_remote(wi_store *s, const char *const *paths, size_t n,
                                 weir_error *err) {
  wb_store *handle = NULL;
  WI_TRY(wi_store_handle(s, &handle, err));
  return wi_br_obj_delete(s->engine, handle, paths, n, err);
}

weir_status wi_store_remove(wi_store *s, const char *const *paths, size_t n,
                            weir_error *err) {
  return n == 0 ? WEIR_OK
                : operate(
                      &(wi_store_call){
                          .op = WI_STORE_REMOVE, .store = s, .paths = paths, .n = n},
                      err);
}

static weir_status remove_all_remote(wi_store *s, const char *folder, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_store_entries entries = {NULL, 0, 0};
  const char **paths = NULL;
  if (folder[0] == '\0') {
    return WI_ERR(err, WEIR_E_BAD_VALUE, "will not remove all of '%s'", s->uri);
  }
  WI_CHECK(wi_store_list_all(s, folder, &entries, err));
  paths = wi_alloc_array(entries.n + 1, sizeof *paths);
  if (paths == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < entries.n; i++) {
    paths[i] = entries.items[i].path;
  }
  WI_CHECK(wi_store_remove(s, paths, entries.n, err));
done:
  wi_free(paths);
  wi_store_entries_release(&entries);
  return status;
}

weir_status wi_store_remove_all(wi_store *s, const char *folder, weir_error *err) {
  return operate(
      &(wi_store_call){.op = WI_STORE_REMOVE_ALL, .store = s, .paths = &folder, .n = 1},
      err);
}

void wi_store_remove_empty(wi_store *s) {
  if (s->local != NULL) {
    (void)rmdir(s->local); /* refuses what is not empty */
  }
}

weir_status wi_store_sync(wi_store *s, const char *const *paths, size_t n,
                          weir_error *err) {
  return operate(
      &(wi_store_call){.op = WI_STORE_SYNC, .store = s, .paths = paths, .n = n}, err);
}

/* ---- the operations themselves ---- */

static weir_status perform_local(const wi_store_call *c, const char *root,
                                 weir_error *err) {
  switch (c->op) {
    case WI_STORE_LIST:
      return c->after != NULL || c->sized != NULL
                 ? wi_local_list_from(root, c->paths[0], c->after, c->sized, c->entries,
                                      err)
                 : wi_local_list(root, c->paths[0], c->deep, c->entries, err);
    case WI_STORE_READ:
      return wi_local_read(root, c->paths[0], c->out, c->mtime_us, err);
    case WI_STORE_PUT_NEW:
      return wi_local_put_new(root, c->paths[0], c->bytes, c->size, err);
    case WI_STORE_REMOVE:
      return wi_local_remove(root, c->paths, c->n, err);
    case WI_STORE_REMOVE_ALL:
      return wi_local_remove_all(root, c->paths[0], err);
    case WI_STORE_SYNC:
    default:
      return wi_local_sync(root, c->paths, c->n, err);
  }
}

weir_status wi_store_perform(const wi_store_call *c, weir_error *err) {
  wi_store *s = c->store;
  if (s->local != NULL) {
    return perform_local(c, s->local, err);
  }
  switch (c->op) {
    case WI_STORE_LIST:
      return list_remote(s, c, err);
    case WI_STORE_READ:
      return read_remote(s, c->paths[0], c->out, c->mtime_us, err);
    case WI_STORE_PUT_NEW:
      return put_remote(s, c->paths[0], c->bytes, c->size, err);
    case WI_STORE_REMOVE:
      return remove_remote(s, c->paths, c->n, err);
    case WI_STORE_REMOVE_ALL:
      return remove_all_remote(s, c->paths[0], err);
    case WI_STORE_SYNC:
    default:
      return WEIR_OK;
  }
}
