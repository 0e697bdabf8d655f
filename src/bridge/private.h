/* Inside src/bridge: the table of engine functions and the two conversions everything uses. */
#ifndef WI_BRIDGE_PRIVATE_H
#define WI_BRIDGE_PRIVATE_H

#include "bridge/bridge.h"
#include "wb.h"

/* Every function that C calls; engine.c resolves them by these names. The formatter takes
 * the list for an expression and never comes to rest. */
/* clang-format off */
#define WI_ENGINE_FUNCTIONS(X) \
  X(wb_versions) X(wb_err_free) X(wb_buf_free) \
  X(wb_ipc_write) X(wb_rt_new) X(wb_rt_free) X(wb_cancel_new) X(wb_cancel_fire) \
  X(wb_cancel_free) X(wb_sess_new) X(wb_sess_add_scalar) X(wb_sess_add_aggregate) \
  X(wb_sess_add_macros) X(wb_sess_add_relation) X(wb_sess_add_table_fn) \
  X(wb_sess_add_rule) X(wb_sess_seal) \
  X(wb_sess_table_read) X(wb_sess_free) X(wb_input_declare) X(wb_bind_new) \
  X(wb_bind_copy) X(wb_sql_params) \
  X(wb_bind_table) X(wb_bind_stream) \
  X(wb_bind_free) X(wb_sql_refs) X(wb_plan_sql) X(wb_plan_edit) \
  X(wb_plan_optimize) X(wb_plan_schema) X(wb_plan_table_read) \
  X(wb_plan_text) X(wb_plan_free) X(wb_exec_new) X(wb_exec_stream) X(wb_exec_stage) \
  X(wb_exec_table_read) X(wb_exec_free) X(wb_store_open) \
  X(wb_obj_get) X(wb_obj_list) X(wb_obj_put) X(wb_obj_delete) X(wb_store_free) \
  X(wb_snap_open) X(wb_snap_table_read) X(wb_snap_txn) X(wb_snap_checkpoint) X(wb_snap_free)
#ifdef WI_TEST
#define WI_ENGINE_TEST_FUNCTIONS(X) X(wb_test_panic_at) X(wb_test_store_hook)
#else
#define WI_ENGINE_TEST_FUNCTIONS(X)
#endif
/* clang-format on */

typedef struct wi_engine_table {
#define WI_ENGINE_MEMBER(name) __typeof__(&name) name;
  WI_ENGINE_FUNCTIONS(WI_ENGINE_MEMBER)
  WI_ENGINE_TEST_FUNCTIONS(WI_ENGINE_MEMBER)
#undef WI_ENGINE_MEMBER
} wi_engine_table;

/* Loads the library and starts the runtime on first use. */
weir_status wi_engine_use(wi_engine *engine, const wi_engine_table **table,
                          weir_error *err);
/* NULL if the engine was never used: for the free functions. */
const wi_engine_table *wi_engine_loaded(const wi_engine *engine);
wb_rt *wi_engine_runtime(wi_engine *engine);
/* The engine's token of what stops this thread's work; NULL: nothing does (stop.c). */
weir_status wi_stop_now(const wb_cancel **out, weir_error *err);

/* The body of a wrapper: `expr` calls through `t` and reports into `&from`. */
#define WI_ENGINE_RETURN(engine, err, expr)       \
  do {                                            \
    const wi_engine_table *t = NULL;              \
    wb_err from = {0};                            \
    WI_TRY(wi_engine_use((engine), &t, (err)));   \
    return wi_wb_status(t, (expr), &from, (err)); \
  } while (0)
/* The same for calls that fill `&stream`; the cursor over it goes to `out`. */
#define WI_ENGINE_RETURN_ROWS(engine, out, err, expr)             \
  do {                                                            \
    const wi_engine_table *t = NULL;                              \
    wb_err from = {0};                                            \
    struct ArrowArrayStream stream = {0};                         \
    *(out) = NULL;                                                \
    WI_TRY(wi_engine_use((engine), &t, (err)));                   \
    return wi_wb_cursor(t, (expr), &from, &stream, (out), (err)); \
  } while (0)
/* The same with `stop`, the token of what stops this thread's work. */
#define WI_ENGINE_RETURN_STOPPED(engine, err, expr) \
  do {                                              \
    const wb_cancel *stop = NULL;                   \
    WI_TRY(wi_stop_now(&stop, (err)));              \
    WI_ENGINE_RETURN((engine), (err), (expr));      \
  } while (0)
#define WI_ENGINE_RETURN_ROWS_STOPPED(engine, out, err, expr) \
  do {                                                        \
    const wb_cancel *stop = NULL;                             \
    *(out) = NULL;                                            \
    WI_TRY(wi_stop_now(&stop, (err)));                        \
    WI_ENGINE_RETURN_ROWS((engine), (out), (err), (expr));    \
  } while (0)
/* The body of a free function. */
#define WI_ENGINE_FREE(engine, handle, fn)               \
  do {                                                   \
    const wi_engine_table *t = wi_engine_loaded(engine); \
    if (t != NULL && *(handle) != NULL) {                \
      t->fn(*(handle));                                  \
    }                                                    \
    *(handle) = NULL;                                    \
  } while (0)

#ifdef __SANITIZE_THREAD__
/* tsan.c: hand-overs through the engine, which the sanitizer does not see. */
void wi_tsan_wrap(wi_engine_table *table);
#endif

wb_str wi_wb_str(const char *text);
/* Moves the engine's error into err and frees it; returns `code`. */
weir_status wi_wb_status(const wi_engine_table *table, int code, wb_err *from,
                         weir_error *err);
/* words.c: the engines' messages in weir's words. `whole` is the message as the engine said it,
 * which the record may hold the start of; NULL is fine. */
void wi_wb_words(weir_error *err, const char *whole);
/* The parser's: without the place, which is a field of its own, and with the end of the SQL as
 * the place where it ends too early. */
void wi_wb_syntax(weir_error *err, const char *sql);
/* What a statement may have at most (tables/sql_limits.def). */
wb_sql_limits wi_wb_limits(void);
/* An error of a callback, for the engine. */
void wi_wb_report(const weir_error *from, wb_fn_err *to);
/* Fills fn->n_params places. */
void wi_wb_params(const wi_br_param *params, size_t n, wb_param *out);
/* An array of wb_str over NUL-terminated texts; NULL with n = 0 is fine. */
weir_status wi_wb_strs(const char *const *texts, size_t n, wb_str **out, weir_error *err);

/* Opens a cursor over a stream that a call filled, or turns the call's error around. */
weir_status wi_wb_cursor(const wi_engine_table *table, int code, wb_err *from,
                         struct ArrowArrayStream *stream, wi_cursor **out,
                         weir_error *err);

#endif
