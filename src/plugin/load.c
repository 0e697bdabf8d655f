/* Opening a library: its content's hash, dlopen, the symbol, the handshake. */
#include <dlfcn.h>
#include <string.h>

#include "plugin/internal.h"
#include "weir/session.h"

#define WI_ORIGIN "plugin"

const wi_plugin_abi wi_plugin_abi_own = {
    .major = WEIR_PLUGIN_ABI_MAJOR,
    .minor = WEIR_PLUGIN_ABI_MINOR,
    .minor_needed = WEIR_PLUGIN_ABI_MINOR,
    .capabilities = WEIR_PLUGIN_CAN_SCALAR,
};

enum { FILE_LIMIT = 1024 * 1024 * 1024 };

typedef const weir_plugin *entry_point(const weir_plugin_host *host);

static weir_status read_library(const char *path, wi_buf *file, weir_error *err) {
  weir_error own = WEIR_ERROR_INIT;
  wi_file_info info;
  if (wi_file_stat(path, &info, NULL) == WEIR_OK && info.is_dir) {
    return WI_ERR(err, WEIR_E_PLUGIN, "it is a folder, not a shared library");
  }
  weir_status status = wi_file_read(path, FILE_LIMIT, file, &own);
  if (status == WEIR_E_NOT_FOUND) {
    status = WI_ERR_HINT(err, WEIR_E_PLUGIN, "build the library, or correct its path",
                         "there is no such file");
  } else if (status != WEIR_OK) {
    wi_err_move(err, &own);
  }
  weir_error_release(&own);
  return status;
}

/* The library is never unloaded: results hold callbacks of it, and may be held by anybody. */
static weir_status load(const char *path, void **symbol, weir_error *err) {
  weir_status status = WEIR_OK;
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == NULL) {
    const char *why = dlerror();
    return WI_ERR(err, WEIR_E_PLUGIN, "it cannot be loaded as a shared library: %.600s",
                  why != NULL ? why : "no reason given");
  }
  *symbol = dlsym(handle, WEIR_PLUGIN_SYMBOL);
  if (*symbol == NULL) {
    status = WI_ERR_HINT(err, WEIR_E_PLUGIN,
                         WI_HINT("a plug-in is compiled against weir/plugin.h of ABI %d",
                                 WEIR_PLUGIN_ABI_MAJOR),
                         "it has no symbol " WEIR_PLUGIN_SYMBOL
                         ", which this weir calls to learn its functions");
  }
  (void)dlclose(handle); /* drops the reference, not the library */
  return status;
}

static weir_status describe(void *symbol, const wi_plugin_abi *abi,
                            const weir_plugin **out, weir_error *err) {
  const weir_plugin_host host = {.struct_size = sizeof(host),
                                 .abi_major = abi->major,
                                 .abi_minor = abi->minor,
                                 .capabilities = abi->capabilities,
                                 .version = weir_version()};
  entry_point *entry = NULL;
  memcpy(&entry, &symbol, sizeof(entry)); /* ISO C has no cast from object to function */
  *out = entry(&host);
  if (*out == NULL) {
    return WI_ERR(err, WEIR_E_PLUGIN, "it refuses this weir, which has plug-in ABI %u.%u",
                  abi->major, abi->minor);
  }
  return wi_plugin_handshake(*out, abi, err);
}

static weir_status open_at(wi_plugin *p, const wi_plugin_abi *abi, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf file = WI_BUF_INIT;
  void *symbol = NULL;
  WI_CHECK(read_library(p->path, &file, err));
  wi_blake3_hex(wi_buf_text(&file), file.n, p->hash);
  WI_CHECK(load(p->path, &symbol, err));
  if (!wi_plugin_is_loaded_from(symbol, &file)) {
    status = WI_ERR_HINT(err, WEIR_E_PLUGIN, "a changed library needs a new process",
                         "this process has loaded it before, with another content");
    goto done;
  }
  WI_CHECK(describe(symbol, abi, &p->from, err));
  WI_CHECK(wi_plugin_check(p->from, abi, err));
  WI_CHECK(wi_plugin_wrap(p, err));
done:
  wi_buf_release(&file);
  return status;
}

weir_status wi_plugin_open(const char *path, const wi_plugin_abi *abi, wi_plugin **out,
                           weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf absolute = WI_BUF_INIT;
  *out = NULL;
  wi_plugin *p = wi_alloc(sizeof(*p));
  if (p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&p->refs, 1);
  p->arena = (wi_arena)WI_ARENA_INIT;
  WI_CHECK(wi_path_absolute(path, &absolute, err));
  p->path = wi_arena_dup(&p->arena, wi_buf_text(&absolute));
  if (p->path == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(open_at(p, abi, err));
  *out = p;
  p = NULL;
done:
  if (status != WEIR_OK) {
    wi_err_context(err, "plug-in %.300s", path);
  }
  wi_plugin_unref(&p);
  wi_buf_release(&absolute);
  return status;
}

wi_plugin *wi_plugin_ref(wi_plugin *plugin) {
  atomic_fetch_add(&plugin->refs, 1);
  return plugin;
}

void wi_plugin_unref(wi_plugin **plugin) {
  wi_plugin *p = *plugin;
  *plugin = NULL;
  if (p != NULL && atomic_fetch_sub(&p->refs, 1) == 1) {
    wi_arena arena = p->arena;
    wi_free(p);
    wi_arena_release(&arena);
  }
}
