/* For tests only: empty in every other build. */
#include "bridge/hook.h"

#include "bridge/private.h"

#ifdef WI_TEST

weir_status wi_engine_panic_at(wi_engine *engine, const char *point, weir_error *err) {
  WI_ENGINE_RETURN(engine, err, t->wb_test_panic_at(wi_wb_str(point), &from));
}

weir_status wi_br_store_hook_on(wi_engine *engine, wb_store *store,
                                const wi_br_store_hook *hook, weir_error *err) {
  const wb_store_hook asked = {sizeof asked, hook->ctx, hook->ask, hook->release};
  WI_ENGINE_RETURN(engine, err, t->wb_test_store_hook(store, &asked, &from));
}

#endif
