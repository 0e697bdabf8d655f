/* Loading the engine library, the runtime, and the conversions at the border. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "bridge/private.h"

#define WI_ORIGIN "bridge"

#define ENGINE_LIBRARY   "libweir_bridge.so"
#define STACK_BYTES      ((size_t)8 << 20)
#define SHUTDOWN_WAIT_MS 2000
/* Executions that do not yield keep nobody waiting as long as there are no more of them. */
#define ROOMS 8

struct wi_engine {
  atomic_int refs;
  pthread_mutex_t lock; /* guards loading only */
  atomic_bool loaded;
  wi_engine_table table;
  wb_rt *runtime;
  uint32_t threads;
  char *library;
};

weir_status wi_engine_new(const wi_engine_options *options, wi_engine **out,
                          weir_error *err) {
  *out = NULL;
  wi_engine *engine = wi_alloc(sizeof(*engine));
  if (engine == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&engine->refs, 1);
  atomic_init(&engine->loaded, false);
  pthread_mutex_init(&engine->lock, NULL);
  engine->threads = options->threads > 0 ? options->threads : 1;
  if (options->library != NULL) {
    engine->library = wi_strdup(options->library);
    if (engine->library == NULL) {
      wi_engine_unref(&engine);
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  *out = engine;
  return WEIR_OK;
}

wi_engine *wi_engine_ref(wi_engine *engine) {
  atomic_fetch_add(&engine->refs, 1);
  return engine;
}

void wi_engine_unref(wi_engine **engine) {
  wi_engine *e = *engine;
  *engine = NULL;
  if (e == NULL || atomic_fetch_sub(&e->refs, 1) != 1) {
    return;
  }
  if (e->runtime != NULL) {
    e->table.wb_rt_free(e->runtime, SHUTDOWN_WAIT_MS);
  }
  /* The library stays mapped: its threads may outlive the runtime by a moment. */
  pthread_mutex_destroy(&e->lock);
  wi_free(e->library);
  wi_free(e);
}

/* The engine library stands beside the library (or program) that holds this code, unless
 * the build or the caller says otherwise. */
static weir_status library_path(const wi_engine *engine, wi_buf *out, weir_error *err) {
  Dl_info info;
  wi_buf_clear(out);
  if (engine->library != NULL) {
    wi_buf_str(out, engine->library);
    return wi_buf_check(out, err, WI_ORIGIN);
  }
  memset(&info, 0, sizeof(info));
  if (dladdr((void *)(uintptr_t)&wi_engine_new, &info) != 0 && info.dli_fname != NULL) {
    const char *slash = strrchr(info.dli_fname, '/');
    if (slash != NULL) {
      wi_buf_add(out, info.dli_fname, (size_t)(slash - info.dli_fname) + 1);
    }
  }
  wi_buf_str(out, ENGINE_LIBRARY);
#ifdef WEIR_BRIDGE_DIR
  if (!wi_file_exists(wi_buf_text(out))) {
    wi_buf_clear(out);
    wi_buf_str(out, WEIR_BRIDGE_DIR "/" ENGINE_LIBRARY);
  }
#endif
  return wi_buf_check(out, err, WI_ORIGIN);
}

static weir_status resolve(void *library, const char *path, wi_engine_table *table,
                           weir_error *err) {
  static const struct {
    const char *name;
    size_t offset;
  } rows[] = {
#define WI_ENGINE_ROW(fn) {#fn, offsetof(wi_engine_table, fn)},
      WI_ENGINE_FUNCTIONS(WI_ENGINE_ROW) WI_ENGINE_TEST_FUNCTIONS(WI_ENGINE_ROW)
#undef WI_ENGINE_ROW
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    void *symbol = dlsym(library, rows[i].name);
    if (symbol == NULL) {
      return WI_ERR_HINT(
          err, WEIR_E_ENGINE_LOAD,
          "rebuild: the engine library and this library must be of one version",
          "'%s' has no function %s", path, rows[i].name);
    }
    memcpy((char *)table + rows[i].offset, &symbol, sizeof(symbol));
  }
  return WEIR_OK;
}

static weir_status load(wi_engine *engine, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf path = WI_BUF_INIT;
  wb_err from;
  wb_rt_options options = {sizeof(options), WB_ABI,      engine->threads,
                           engine->threads, STACK_BYTES, ROOMS};
  memset(&from, 0, sizeof(from));
  WI_CHECK(library_path(engine, &path, err));
  void *library = dlopen(wi_buf_text(&path), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == NULL) {
    const char *why = dlerror();
    status = WI_ERR_HINT(err, WEIR_E_ENGINE_LOAD,
                         "it is built by `make` and stands beside libweir.so",
                         "cannot load the engine library '%s': %s", wi_buf_text(&path),
                         why != NULL ? why : "unknown reason");
    goto done;
  }
  WI_CHECK(resolve(library, wi_buf_text(&path), &engine->table, err));
#ifdef __SANITIZE_THREAD__
  wi_tsan_wrap(&engine->table);
#endif
  int code = engine->table.wb_rt_new(&options, &engine->runtime, &from);
  WI_CHECK(wi_wb_status(&engine->table, code, &from, err));
done:
  wi_buf_release(&path);
  return status;
}

weir_status wi_engine_use(wi_engine *engine, const wi_engine_table **table,
                          weir_error *err) {
  weir_status status = WEIR_OK;
  *table = &engine->table;
  if (atomic_load_explicit(&engine->loaded, memory_order_acquire)) {
    return WEIR_OK;
  }
  pthread_mutex_lock(&engine->lock);
  if (!atomic_load_explicit(&engine->loaded, memory_order_relaxed)) {
    status = load(engine, err);
    if (status == WEIR_OK) {
      atomic_store_explicit(&engine->loaded, true, memory_order_release);
    }
  }
  pthread_mutex_unlock(&engine->lock);
  return status;
}

const wi_engine_table *wi_engine_loaded(const wi_engine *engine) {
  return engine != NULL && atomic_load_explicit(&engine->loaded, memory_order_acquire)
             ? &engine->table
             : NULL;
}

wb_rt *wi_engine_runtime(wi_engine *engine) {
  return engine->runtime;
}

/* ---- conversions ---- */

wb_str wi_wb_str(const char *text) {
  wb_str s = {text != NULL ? text : "", text != NULL ? strlen(text) : 0};
  return s;
}

static const char *origin_name(int32_t origin) {
  switch (origin) {
    case WB_ORIGIN_DATAFUSION:
      return "datafusion";
    case WB_ORIGIN_DELTA:
      return "delta-rs";
    case WB_ORIGIN_KERNEL:
      return "delta-kernel";
    case WB_ORIGIN_ARROW:
      return "arrow";
    case WB_ORIGIN_PARQUET:
      return "parquet";
    case WB_ORIGIN_STORE:
      return "store";
    case WB_ORIGIN_HOST:
      return "weir";
    default:
      return "bridge";
  }
}

weir_status wi_wb_status(const wi_engine_table *table, int code, wb_err *from,
                         weir_error *err) {
  if (code == 0) {
    return WEIR_OK;
  }
  bool first = err != NULL && err->code == WEIR_OK;
  weir_status status =
      wi_err_set(err, code, origin_name(from->origin), "%s",
                 from->message != NULL ? from->message : "the engine gave no reason");
  if (first && from->chain != NULL) {
    wi_err_causes(err, from->chain, strlen(from->chain));
  }
  if (first && from->line > 0) {
    wi_err_where(err, NULL, from->line, from->column);
  }
  if (first) {
    wi_wb_words(err, from->message);
    wi_err_hint(err, "%s", wi_errno_hint(from->os_error));
  }
  table->wb_err_free(from);
  return status;
}

weir_status wi_wb_strs(const char *const *texts, size_t n, wb_str **out,
                       weir_error *err) {
  *out = NULL;
  if (n == 0) {
    return WEIR_OK;
  }
  *out = wi_alloc_array(n, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    (*out)[i] = wi_wb_str(texts[i]);
  }
  return WEIR_OK;
}

weir_status wi_wb_cursor(const wi_engine_table *table, int code, wb_err *from,
                         struct ArrowArrayStream *stream, wi_cursor **out,
                         weir_error *err) {
  *out = NULL;
  weir_status status = wi_wb_status(table, code, from, err);
  return status != WEIR_OK ? status : wi_cursor_open(stream, out, err);
}

/* ---- calls that belong to no other noun ---- */

weir_status wi_engine_versions(wi_engine *engine, wi_map *out, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  struct ArrowArrayStream stream = {0};
  wi_cursor *cursor = NULL;
  wb_err from = {0};
  bool has = false;
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_wb_cursor(t, t->wb_versions(&stream, &from), &from, &stream, &cursor, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(cursor, &has, err));
    if (!has) {
      break;
    }
    wi_str name = wi_cursor_text(cursor, 0), version = wi_cursor_text(cursor, 1);
    char *key = wi_strndup(name.p, name.n);
    char *value = wi_strndup(version.p, version.n);
    bool kept = key != NULL && value != NULL && wi_map_put(out, key, value);
    wi_free(key);
    if (!kept) {
      wi_free(value);
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
done:
  wi_cursor_free(&cursor);
  return status;
}

weir_status wi_engine_ipc_write(wi_engine *engine, struct ArrowArrayStream *take, int fd,
                                weir_error *err) {
  WI_ENGINE_RETURN(engine, err, t->wb_ipc_write(take, fd, &from));
}
