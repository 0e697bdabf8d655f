/* Declared inputs and what they are bound to for one execution. */
#include "bridge/private.h"

#define WI_ORIGIN "bridge"

weir_status wi_br_declare(wi_engine *engine, wb_sess *sess, const char *schema,
                          const char *table, struct ArrowSchema *take, weir_error *err) {
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_input_declare(sess, wi_wb_str(schema), wi_wb_str(table), take, &from));
}

weir_status wi_br_undeclare(wi_engine *engine, wb_sess *sess, const char *schema,
                            const char *table, weir_error *err) {
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_input_declare(sess, wi_wb_str(schema), wi_wb_str(table), NULL, &from));
}

weir_status wi_br_bind_new(wi_engine *engine, wb_bind **out, weir_error *err) {
  *out = NULL;
  WI_ENGINE_RETURN(engine, err, t->wb_bind_new(out, &from));
}

weir_status wi_br_bind_table(wi_engine *engine, wb_bind *bind, const char *schema,
                             const char *name, const wi_br_table *table,
                             weir_error *err) {
  wb_table given = {.struct_size = sizeof given,
                    .snap = table->snap,
                    .store = table->store,
                    .columns = table->columns,
                    .files = table->files};
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_bind_table(bind, wi_wb_str(schema), wi_wb_str(name), &given, &from));
}

weir_status wi_br_bind_stream(wi_engine *engine, wb_bind *bind, const char *schema,
                              const char *table, struct ArrowArrayStream *take,
                              weir_error *err) {
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_bind_stream(bind, wi_wb_str(schema), wi_wb_str(table), take, false, &from));
}

weir_status wi_br_bind_memory(wi_engine *engine, wb_bind *bind, const char *schema,
                              const char *table, struct ArrowArrayStream *take,
                              weir_error *err) {
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_bind_stream(bind, wi_wb_str(schema), wi_wb_str(table), take, true, &from));
}

weir_status wi_br_bind_remove(wi_engine *engine, wb_bind *bind, const char *schema,
                              const char *table, weir_error *err) {
  WI_ENGINE_RETURN(
      engine, err,
      t->wb_bind_table(bind, wi_wb_str(schema), wi_wb_str(table), NULL, &from));
}

weir_status wi_br_bind_copy(wi_engine *engine, const wb_bind *from_bind,
                            const wb_plan *plan, wb_bind **out, weir_error *err) {
  *out = NULL;
  WI_ENGINE_RETURN(engine, err, t->wb_bind_copy(from_bind, plan, out, &from));
}

void wi_br_bind_free(wi_engine *engine, wb_bind **bind) {
  WI_ENGINE_FREE(engine, bind, wb_bind_free);
}
