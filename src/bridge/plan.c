/* Plans: from SQL, rewritten, optimized, described. */
#include "bridge/private.h"

#define WI_ORIGIN "bridge"

_Static_assert((int)WI_BR_EDIT_ADD_KEY == (int)WB_EDIT_ADD_KEY &&
                   (int)WI_BR_EDIT_PEERS == (int)WB_EDIT_PEERS &&
                   (int)WI_BR_EDIT_ROWS == (int)WB_EDIT_ROWS &&
                   (int)WI_BR_EDIT_SET_FUNCTION == (int)WB_EDIT_SET_FUNCTION &&
                   (int)WI_BR_EDIT_STRIP_CAST == (int)WB_EDIT_STRIP_CAST &&
                   (int)WI_BR_EDIT_DROP_ORDER == (int)WB_EDIT_DROP_ORDER &&
                   (int)WI_BR_EDIT_DROP_NULLS == (int)WB_EDIT_DROP_NULLS,
               "edits as the bridge counts them");
_Static_assert((int)WI_BR_SORTS_NOT == (int)WB_SORTS_NOT &&
                   (int)WI_BR_SORTS_WORDS == (int)WB_SORTS_WORDS &&
                   (int)WI_BR_SORTS_BYTES == (int)WB_SORTS_BYTES &&
                   (int)WI_BR_SORTS_NESTED == (int)WB_SORTS_NESTED &&
                   (int)WI_BR_SORTS_BY_PARTS == (int)WB_SORTS_BY_PARTS &&
                   (int)WI_BR_SORTS_ALIKE == (int)WB_SORTS_ALIKE,
               "classes of sorting as the bridge counts them");
_Static_assert((int)WI_BR_FRAME_ROWS == (int)WB_FRAME_ROWS &&
                   (int)WI_BR_FRAME_RANGE == (int)WB_FRAME_RANGE &&
                   (int)WI_BR_FRAME_GROUPS == (int)WB_FRAME_GROUPS &&
                   (int)WI_BR_BOUND_FIRST == (int)WB_BOUND_FIRST &&
                   (int)WI_BR_BOUND_BEFORE == (int)WB_BOUND_BEFORE &&
                   (int)WI_BR_BOUND_CURRENT == (int)WB_BOUND_CURRENT &&
                   (int)WI_BR_BOUND_AFTER == (int)WB_BOUND_AFTER &&
                   (int)WI_BR_BOUND_LAST == (int)WB_BOUND_LAST,
               "frames as the bridge counts them");

_Static_assert((int)WI_BR_EXPR_NEGATED == (int)WB_EXPR_NEGATED &&
                   (int)WI_BR_EXPR_DISTINCT == (int)WB_EXPR_DISTINCT &&
                   (int)WI_BR_EXPR_IGNORE_NULLS == (int)WB_EXPR_IGNORE_NULLS &&
                   (int)WI_BR_EXPR_AGGREGATE == (int)WB_EXPR_AGGREGATE &&
                   (int)WI_BR_EXPR_CORRELATED == (int)WB_EXPR_CORRELATED &&
                   (int)WI_BR_EXPR_IS_FLOAT == (int)WB_EXPR_IS_FLOAT &&
                   (int)WI_BR_EXPR_IS_INTEGER == (int)WB_EXPR_IS_INTEGER &&
                   (int)WI_BR_EXPR_HAS_FLOATS == (int)WB_EXPR_HAS_FLOATS,
               "flags of expressions as the bridge counts them");

#include "../../tables/epoch.def"
_Static_assert(WI_PLAN_FORM == WB_PLAN_FORM, "plan tables of the form that is digested");

static weir_status read_refs(wi_engine *engine, const char *sql, const wb_str *operators,
                             size_t n, wi_cursor **out, weir_error *err) {
  const wb_sql_limits limits = wi_wb_limits();
  WI_ENGINE_RETURN_ROWS(
      engine, out, err,
      t->wb_sql_refs(wi_wb_str(sql), &limits, operators, n, &stream, &from));
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

static void value_to_wb(const wi_br_value *from, wb_value *to) {
  to->name = wi_wb_str(from->name);
  to->type = from->type;
  to->is_null = from->is_null;
  to->i64 = from->i64;
  to->f64 = from->f64;
  to->text = wi_wb_str(from->text);
}

/* The calls and, behind each other, their arguments. */
static void calls_to_wb(const wi_br_statement *s, wb_call *calls, wb_value *args) {
  for (size_t i = 0; i < s->n_calls; i++) {
    const wi_br_call *from = &s->calls[i];
    calls[i].function = wi_wb_str(from->function);
    calls[i].args = args;
    calls[i].n_args = from->n_args;
    calls[i].schema = wi_wb_str(from->schema);
    calls[i].table = wi_wb_str(from->table);
    calls[i].tag = wi_wb_str(from->tag);
    calls[i].columns = from->columns;
    for (size_t k = 0; k < from->n_args; k++) {
      value_to_wb(&from->args[k], args++);
    }
  }
}

/* A statement's values and calls as the engine takes them; wi_free both. */
static weir_status statement_to_wb(const wi_br_statement *s, wb_value **values,
                                   wb_call **calls, weir_error *err) {
  size_t n_args = 0;
  for (size_t i = 0; i < s->n_calls; i++) {
    n_args += s->calls[i].n_args;
  }
  *values = wi_alloc_array(s->n_values + n_args + 1, sizeof(**values));
  *calls = wi_alloc_array(s->n_calls + 1, sizeof(**calls));
  if (*values == NULL || *calls == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < s->n_values; i++) {
    value_to_wb(&s->values[i], &(*values)[i]);
  }
  calls_to_wb(s, *calls, *values + s->n_values);
  return WEIR_OK;
}

weir_status wi_br_plan_sql(wi_engine *engine, wb_sess *sess,
                           const wi_br_statement *statement, wb_plan **out,
                           weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_value *values = NULL;
  wb_call *calls = NULL;
  const wb_cancel *stop = NULL;
  *out = NULL;
  WI_CHECK(statement_to_wb(statement, &values, &calls, err));
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_stop_now(&stop, err));
  int code = t->wb_plan_sql(sess, wi_wb_str(statement->sql), values, statement->n_values,
                            calls, statement->n_calls, stop, out, &from);
  status = wi_wb_status(t, code, &from, err);
  wi_wb_syntax(err, statement->sql);
done:
  wi_free(values);
  wi_free(calls);
  return status;
}

weir_status wi_br_sql_params(wi_engine *engine, wb_sess *sess,
                             const wi_br_statement *statement, wi_cursor **out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  struct ArrowArrayStream stream = {0};
  wb_value *values = NULL;
  wb_call *calls = NULL;
  *out = NULL;
  WI_CHECK(statement_to_wb(statement, &values, &calls, err));
  WI_CHECK(wi_engine_use(engine, &t, err));
  int code =
      t->wb_sql_params(sess, wi_wb_str(statement->sql), values, statement->n_values,
                       calls, statement->n_calls, &stream, &from);
  status = wi_wb_cursor(t, code, &from, &stream, out, err);
done:
  wi_free(values);
  wi_free(calls);
  return status;
}

weir_status wi_br_plan_edit(wi_engine *engine, const wb_plan *plan,
                            const wi_br_edits *edits, wb_plan **out, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_engine_table *t = NULL;
  wb_err from = {0};
  wb_str *sort = NULL;
  *out = NULL;
  wb_edit *rows = wi_alloc_array(edits->n + 1, sizeof(*rows));
  if (rows == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < edits->n; i++) {
    const wi_br_edit *e = &edits->items[i];
    rows[i] = (wb_edit){e->kind, e->node, e->ord, e->column, wi_wb_str(e->function)};
  }
  WI_CHECK(wi_engine_use(engine, &t, err));
  WI_CHECK(wi_wb_strs(edits->sort, edits->n_sort, &sort, err));
  status = wi_wb_status(t,
                        t->wb_plan_edit(plan, rows, edits->n, edits->target, sort,
                                        edits->n_sort, out, &from),
                        &from, err);
done:
  wi_free(rows);
  wi_free(sort);
  return status;
}

weir_status wi_br_plan_optimize(wi_engine *engine, const wb_plan *plan, wb_plan **out,
                                weir_error *err) {
  *out = NULL;
  WI_ENGINE_RETURN_STOPPED(engine, err, t->wb_plan_optimize(plan, stop, out, &from));
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
