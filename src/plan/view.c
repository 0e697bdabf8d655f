/* One view, from its SQL to an optimized plan with a digest. */
#include <string.h>

#include "plan/private.h"
#include "plan/tables.h"

#define WI_ORIGIN "plan"

weir_status wi_query_plan(wi_session *session, const char *sql, const wi_br_value *values,
                          size_t n_values, wb_plan **logical, wb_plan **optimized,
                          weir_error *err) {
  const wi_br_statement statement = {.sql = sql, .values = values, .n_values = n_values};
  return wi_statement_plan(session, NULL, &statement, logical, optimized, err);
}

/* What a statement's syntax tree says of it; `refs` NULL: it is read for this. */
static weir_status check_refs(wi_session *s, const wi_refs *refs, const char *sql,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  weir_error ignored = WEIR_ERROR_INIT;
  wi_refs read = {0};
  if (refs == NULL) {
    if (wi_refs_read(s->engine, sql, &read, &ignored) != WEIR_OK) {
      weir_error_release(&ignored); /* planning tells it, with more words */
      return WEIR_OK;
    }
    refs = &read;
  }
  WI_CHECK(wi_statement_reads(refs, err));
  WI_CHECK(wi_functions_check(s, refs, err));
done:
  wi_refs_release(&read);
  return status;
}

/* A logical plan, with its tables, that may be executed. */
static weir_status plan_sql(wi_session *s, const wi_refs *refs,
                            const wi_br_statement *statement, wb_plan **out,
                            wi_plan **tables, weir_error *err) {
  WI_TRY(check_refs(s, refs, statement->sql, err));
  WI_TRY(wi_br_plan_sql(s->engine, s->handle, statement, out, err));
  WI_TRY(wi_plan_read(s->engine, *out, tables, err));
  return wi_plan_allowed(*tables, err);
}

weir_status wi_statement_plan(wi_session *session, const wi_refs *refs,
                              const wi_br_statement *statement, wb_plan **logical,
                              wb_plan **optimized, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_plan *tables = NULL;
  *logical = *optimized = NULL;
  if (!session->sealed) {
    return WI_ERR_HINT(err, WEIR_E_NOT_SEALED, "call weir_session_seal first",
                       "planning before the session is sealed");
  }
  WI_CHECK(plan_sql(session, refs, statement, logical, &tables, err));
  WI_CHECK(wi_br_plan_optimize(session->engine, *logical, optimized, err));
done:
  wi_plan_free(&tables);
  if (status != WEIR_OK) {
    wi_br_plan_free(session->engine, logical);
  }
  return status;
}

/* Columns that must not be null: the key, and those declared so. */
static weir_status not_null_columns(const wi_spec_view *view, const char ***out,
                                    size_t *n, weir_error *err) {
  *n = 0;
  *out = wi_alloc_array(view->key.n + view->n_columns + 1, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < view->key.n; i++) {
    (*out)[(*n)++] = view->key.items[i];
  }
  for (size_t i = 0; i < view->n_columns; i++) {
    if (view->columns[i].not_null) {
      (*out)[(*n)++] = view->columns[i].name;
    }
  }
  return WEIR_OK;
}

static weir_status check_columns_exist(const wi_names *names, const char *what,
                                       const struct ArrowSchema *schema,
                                       weir_error *err) {
  for (size_t k = 0; k < names->n; k++) {
    bool found = false;
    for (int64_t i = 0; i < schema->n_children && !found; i++) {
      found = strcmp(schema->children[i]->name, names->items[k]) == 0;
    }
    if (!found) {
      return wi_no_such_column(what, names->items[k], schema, err);
    }
  }
  return WEIR_OK;
}

static weir_status check_statistics(const wi_spec_view *view,
                                    const struct ArrowSchema *schema, weir_error *err) {
  for (size_t i = 0; i < view->properties.n; i++) {
    wi_stats_columns columns;
    if (strcmp(view->properties.keys[i], "delta.dataSkippingStatsColumns") != 0) {
      continue;
    }
    WI_TRY(wi_stats_columns_read(NULL, view->properties.values[i], &columns, err));
    weir_status status = wi_stats_columns_check(
        &columns, schema, view->partition_by.items, view->partition_by.n, err);
    wi_stats_columns_release(&columns);
    return status;
  }
  return WEIR_OK;
}

static weir_status check_partitions(const wi_spec_view *view,
                                    const struct ArrowSchema *schema, weir_error *err) {
  WI_TRY(check_columns_exist(&view->partition_by, "partition_by", schema, err));
  WI_TRY(check_columns_exist(&view->sort_by, "sort_by", schema, err));
  if (view->partition_by.n > 0 && view->partition_by.n >= (size_t)schema->n_children) {
    return WI_ERR_HINT(
        err, WEIR_E_BAD_VALUE,
        "leave at least one column out; its values are what the files hold",
        "partition_by names every column of the view");
  }
  for (size_t k = 0; k < view->partition_by.n; k++) {
    for (int64_t i = 0; i < schema->n_children; i++) {
      const struct ArrowSchema *c = schema->children[i];
      if (strcmp(c->name, view->partition_by.items[k]) == 0 && c->format[0] == '+') {
        return WI_ERR(err, WEIR_E_BAD_VALUE, "partition_by: '%s' is nested", c->name);
      }
    }
  }
  return WEIR_OK;
}

/* By partition columns, then sort_by: the writer keeps one file open. To be freed. */
static weir_status sort_columns(const wi_spec_view *view, const char ***out,
                                wi_br_edits *edits, weir_error *err) {
  const char **columns =
      wi_alloc_array(view->partition_by.n + view->sort_by.n + 1, sizeof(*columns));
  *out = columns;
  if (columns == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  edits->sort = columns;
  for (size_t i = 0; i < view->partition_by.n; i++) {
    columns[edits->n_sort++] = view->partition_by.items[i];
  }
  for (size_t i = 0; i < view->sort_by.n; i++) {
    columns[edits->n_sort++] = view->sort_by.items[i];
  }
  return WEIR_OK;
}

/* Replaces *plan by what `status_of` made of it. */
static void swap_plan(wi_engine *engine, wb_plan **plan, wb_plan **made) {
  wi_br_plan_free(engine, plan);
  *plan = *made;
  *made = NULL;
}

static weir_status map_types(wi_session *s, const wi_spec_view *view, const wb_plan *plan,
                             wi_view_plan *out, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema raw = {0};
  const char **not_null = NULL;
  size_t n = 0;
  WI_CHECK(wi_br_plan_schema(s->engine, plan, &raw, err));
  WI_CHECK(not_null_columns(view, &not_null, &n, err));
  WI_CHECK(wi_typemap(&raw, not_null, n, &out->schema, err));
  WI_CHECK(wi_columns_check(view, &out->schema, err));
  WI_CHECK(check_partitions(view, &out->schema, err));
  WI_CHECK(check_statistics(view, &out->schema, err));
  WI_CHECK(wi_schema_digest(&out->schema, out->schema_digest, err));
done:
  wi_free(not_null);
  if (raw.release != NULL) {
    raw.release(&raw);
  }
  return status;
}

/* What strict changes of a plan. */
typedef struct changes {
  wi_exact exact;
  wi_br_edit *items; /* to be freed */
  size_t n;
} changes;

static void changes_release(changes *c) {
  wi_exact_release(&c->exact);
  wi_free(c->items);
}

/* Exact aggregates in the place of float sums; then, of the plan with those, what breaks ties. */
static weir_status make_strict(const wi_plan *t, wi_strict_facts *facts, changes *out,
                               weir_error *err) {
  weir_status status = WEIR_OK;
  wi_br_edit *ties = NULL;
  size_t n = 0;
  WI_CHECK(wi_plan_exact(t, &out->exact, err));
  /* What is left decides whether rows have to come in one order. */
  WI_CHECK(wi_strict_check(&out->exact.plan, false, facts, err));
  WI_CHECK(wi_plan_ties(&out->exact.plan, &ties, &n, err));
  size_t first = out->exact.edits.n;
  out->items = wi_alloc_array(first + n + 1, sizeof(*out->items));
  if (out->items == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  if (first > 0) {
    memcpy(out->items, out->exact.edits.items, first * sizeof(*out->items));
  }
  if (n > 0) {
    memcpy(out->items + first, ties, n * sizeof(*out->items));
  }
  out->n = first + n;
done:
  wi_free(ties);
  return status;
}

/* The optimized plan's identity, and what it was made with. */
static weir_status describe(wi_session *s, const changes *done_by, wi_view_plan *out,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  wi_plan *t = NULL;
  wi_plan_facts facts = {0};
  WI_CHECK(wi_plan_read(s->engine, out->plan, &t, err));
  WI_CHECK(wi_plan_digest(t, &facts, err));
  WI_CHECK(wi_plan_reach(s, t, done_by->exact.rules.items, done_by->exact.rules.n,
                         &out->reach, err));
  memcpy(out->digest, facts.digest, sizeof(out->digest));
  memcpy(out->functions_digest, facts.functions_digest, sizeof(out->functions_digest));
  out->inputs = facts.inputs;
  out->n_inputs = facts.n_inputs;
  facts.inputs = NULL;
  facts.n_inputs = 0;
done:
  wi_plan_free(&t);
  wi_plan_facts_release(&facts);
  return status;
}

static weir_status plan_steps(wi_session *s, const wi_spec_view *view,
                              const wi_refs *refs, const wi_br_statement *statement,
                              wi_view_plan *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wb_plan *made = NULL, **plan = &out->plan;
  wi_plan *t = NULL;
  changes changed = {0};
  const char **sort = NULL;
  wi_br_edits edits = {.target = &out->schema};
  wi_strict_facts facts = {0};
  bool strict = view->determinism == WI_DET_STRICT;
  WI_CHECK(plan_sql(s, refs, statement, plan, &t, err));
  WI_CHECK(wi_strict_check(t, strict, &facts, err));
  if (strict) {
    WI_CHECK(make_strict(t, &facts, &changed, err));
    edits.items = changed.items;
    edits.n = changed.n;
  }
  WI_CHECK(map_types(s, view, *plan, out, err));
  WI_CHECK(sort_columns(view, &sort, &edits, err));
  WI_CHECK(wi_br_plan_edit(s->engine, *plan, &edits, &made, err));
  swap_plan(s->engine, plan, &made);
  WI_CHECK(wi_br_plan_optimize(s->engine, *plan, &made, err));
  swap_plan(s->engine, plan, &made);
  out->order_sensitive = strict && facts.order_sensitive;
  out->is_volatile = facts.is_volatile;
  WI_CHECK(describe(s, &changed, out, err));
done:
  changes_release(&changed);
  wi_plan_free(&t);
  wi_free(sort);
  return status;
}

weir_status wi_view_plan_new(wi_session *s, const wi_spec_view *view, const wi_refs *refs,
                             const wi_br_value *values, size_t n_values,
                             const wi_br_call *calls, size_t n_calls, wi_view_plan **out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_br_statement statement = {view->sql, values, n_values, calls, n_calls};
  *out = NULL;
  wi_view_plan *v = wi_alloc(sizeof(*v));
  if (v == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  v->engine = wi_engine_ref(s->engine);
  WI_CHECK(plan_steps(s, view, refs, &statement, v, err));
  *out = v;
  v = NULL;
done:
  if (status != WEIR_OK && err != NULL) {
    /* The SQL keeps the file's lines, so the engine's place is the file's. */
    uint32_t line = err->line > 0 ? err->line : view->sql_line;
    if (err->file[0] == '\0') {
      wi_err_where(err, view->file, line, err->column);
    }
  }
  wi_view_plan_free(&v);
  return status;
}

void wi_view_plan_free(wi_view_plan **plan) {
  wi_view_plan *v = *plan;
  *plan = NULL;
  if (v == NULL) {
    return;
  }
  wi_br_plan_free(v->engine, &v->plan);
  if (v->schema.release != NULL) {
    v->schema.release(&v->schema);
  }
  for (size_t i = 0; i < v->n_inputs; i++) {
    wi_free(v->inputs[i]);
  }
  wi_free(v->inputs);
  wi_reach_release(&v->reach);
  wi_engine_unref(&v->engine);
  wi_free(v);
}
