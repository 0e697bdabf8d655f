/* Plans: from SQL, rewritten, optimized, described. */
#include "bridge/private.h"

#define WI_ORIGIN "bridge"

static weir_status read_refs(wi_engine *engine, const char *sql, const wb_str *operators,
                             size_t n, wi_cursor **out, weir_error *err) {
  WI_ENGINE_RETURN_ROWS(engine, out, err,
                        t->wb_sql_refs(wi_engine_runtime(engine), wi_wb_str(sql),
                                       operators, n, &stream, &from));
}

weir_status wi_br_sql_refs(wi_engine *engine, const char *sql,
                           const char *const *operators, size_t n_operators,
                           wi_cursor **out, weir_error *err) {
  wb_str *names = NULL;
  *out = NULL;
  WI_TRY(wi_wb_strs(operators, n_operators, &names, err));
  weir_status status = read_refs(engine, sql, names, n_operators, out, err);
  wi_free(names);
  wi_wb_syntax(err, sql);
  return status;
}

weir_status wi_br_plan_sql(wi_engine *engine, wb_sess *sess, const char *sql,
                           const wi_br_value *values, size_t n_values, bool read_only,
                           wb_plan **out, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  *out = NULL;
  wb_value *rows = wi_alloc_array(n_values + 1, sizeof(*rows));
  if (rows == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_CHECK(wi_engine_use(engine, &t, err));
  for (size_t i = 0; i < n_values; i++) {
    rows[i].name = wi_wb_str(values[i].name);
    rows[i].type = values[i].type;
    rows[i].is_null = values[i].is_null;
    rows[i].i64 = values[i].i64;
    rows[i].f64 = values[i].f64;
    rows[i].text = wi_wb_str(values[i].text);
  }
  int code = t->wb_plan_sql(sess, wi_wb_str(sql), rows, n_values,
                            read_only ? WB_PLAN_READ_ONLY : 0, out, &from);
  status = wi_wb_status(t, code, &from, err);
  wi_wb_syntax(err, sql);
done:
  wi_free(rows);
  return status;
}

weir_status wi_br_plan_tie_break(wi_engine *engine, const wb_plan *plan, wb_plan **out,
                                 weir_error *err) {
  *out = NULL;
  WI_ENGINE_RETURN(engine, err, t->wb_plan_tie_break(plan, out, &from));
}

weir_status wi_br_plan_cast(wi_engine *engine, const wb_plan *plan,
                            const struct ArrowSchema *target, wb_plan **out,
                            weir_error *err) {
  *out = NULL;
  WI_ENGINE_RETURN(engine, err, t->wb_plan_cast(plan, target, out, &from));
}

weir_status wi_br_plan_sort(wi_engine *engine, const wb_plan *plan,
                            const char *const *columns, size_t n, wb_plan **out,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_str *names = NULL;
  *out = NULL;
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_wb_strs(columns, n, &names, err));
  status = wi_wb_status(t, t->wb_plan_sort(plan, names, n, out, &from), &from, err);
done:
  wi_free(names);
  return status;
}

weir_status wi_br_plan_optimize(wi_engine *engine, const wb_plan *plan, wb_plan **out,
                                weir_error *err) {
  *out = NULL;
  WI_ENGINE_RETURN(engine, err, t->wb_plan_optimize(plan, out, &from));
}

weir_status wi_br_plan_schema(wi_engine *engine, const wb_plan *plan,
                              struct ArrowSchema *out, weir_error *err) {
  WI_ENGINE_RETURN(engine, err, t->wb_plan_schema(plan, out, &from));
}

weir_status wi_br_plan_table_read(wi_engine *engine, const wb_plan *plan,
                                  wi_br_plan_table which, wi_cursor **out,
                                  weir_error *err) {
  WI_ENGINE_RETURN_ROWS(engine, out, err,
                        t->wb_plan_table_read(plan, (int32_t)which, &stream, &from));
}

weir_status wi_br_plan_text(wi_engine *engine, const wb_plan *plan, int32_t format,
                            wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_buf text = {0};
  wi_buf_clear(out);
  WI_TRY(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_wb_status(t, t->wb_plan_text(plan, format, &text, &from), &from, err));
  wi_buf_add(out, text.p, text.n);
  status = wi_buf_check(out, err, WI_ORIGIN);
done:
  t->wb_buf_free(&text);
  return status;
}

void wi_br_plan_free(wi_engine *engine, wb_plan **plan) {
  WI_ENGINE_FREE(engine, plan, wb_plan_free);
}
