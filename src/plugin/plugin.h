/* Functions from shared libraries (weir/plugin.h): loading, the handshake, the checks of what
 * a plug-in says of itself, and its functions as wi_fn. Nothing here knows the engine;
 * src/session gives the functions to it.
 *
 * Lifecycle: open -> ref for each function that the engine has -> unref. The library itself
 * stays loaded for the life of the process: arrays that it made may outlive every session.
 * Threads: immutable once open. */
#ifndef WI_PLUGIN_PLUGIN_H
#define WI_PLUGIN_PLUGIN_H

#include <stdatomic.h>

#include "udf/udf.h"
#include "weir/plugin.h"

/* What this side of the ABI has and needs. */
typedef struct wi_plugin_abi {
  uint16_t major, minor;
  uint16_t minor_needed;
  uint64_t capabilities;
} wi_plugin_abi;
extern const wi_plugin_abi wi_plugin_abi_own;

typedef struct wi_plugin wi_plugin;

typedef struct wi_plugin_fn {
  wi_fn fn; /* first: callbacks get this one and find the rest */
  const weir_plugin_function *from;
  wi_plugin *plugin;
  uint8_t identity[WI_DIGEST_SIZE]; /* content of the library, name, signature */
} wi_plugin_fn;

struct wi_plugin {
  atomic_uint refs;
  wi_arena arena;
  const char *path;         /* absolute */
  char hash[WI_DIGEST_HEX]; /* BLAKE3 of the file */
  const weir_plugin *from;  /* in the library */
  wi_plugin_fn *functions;
  size_t n_functions;
};

/* `path` is absolute or relative to the working folder. PLUGIN says with both sides what does
 * not fit; BAD_NAME and DUPLICATE_NAME are about names within the library, NOT_YET about a
 * kind of function that is only planned. */
weir_status wi_plugin_open(const char *path, const wi_plugin_abi *abi, wi_plugin **out,
                           weir_error *err);
wi_plugin *wi_plugin_ref(wi_plugin *plugin);
void wi_plugin_unref(wi_plugin **plugin);

/* "scalar, table": the bits of weir_plugin.capabilities, unknown ones as hexadecimal. */
void wi_plugin_capabilities(uint64_t bits, wi_buf *out);

#endif
