/* What only a build for tests has (WI_TEST, and an engine library with hooks: docs/build.md). */
#ifndef WI_BRIDGE_HOOK_H
#define WI_BRIDGE_HOOK_H

#include "bridge/bridge.h"

/* The next time the engine passes this point, it panics; "" clears. Points: wb.h. */
weir_status wi_engine_panic_at(wi_engine *engine, const char *point, weir_error *err);

typedef enum wi_br_store_op { /* as WB_STORE_* */
                              WI_BR_STORE_PUT = 1,
                              WI_BR_STORE_UPLOAD = 2,
                              WI_BR_STORE_PART = 3,
                              WI_BR_STORE_COMPLETE = 4,
                              WI_BR_STORE_ABORT = 5,
                              WI_BR_STORE_GET = 6,
                              WI_BR_STORE_BYTES = 7,
                              WI_BR_STORE_RANGES = 8,
                              WI_BR_STORE_HEAD = 9,
                              WI_BR_STORE_LIST = 10,
                              WI_BR_STORE_DELETE = 11,
                              WI_BR_STORE_COPY = 12,
                              WI_BR_STORE_RENAME = 13
} wi_br_store_op;
/* Asked on threads of the engine, many at once, before each operation that it does by itself, as
 * wb.h says of wb_store_hook; wi_br_obj_* are none. */
typedef struct wi_br_store_hook {
  int32_t (*ask)(void *ctx, uint32_t op, const char *path, int32_t again);
  void (*release)(void *ctx); /* once, after the last question */
  void *ctx;                  /* the caller's still when it is not taken */
} wi_br_store_hook;
/* Of a store that was just opened. */
weir_status wi_br_store_hook_on(wi_engine *engine, wb_store *store,
                                const wi_br_store_hook *hook, weir_error *err);

#endif
