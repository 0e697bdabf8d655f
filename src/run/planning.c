/* The second step of the facts: a view's plan over inputs that are declared by their schema. */
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "run/private.h"

#define WI_ORIGIN "run"

/* ---- a view's table as it is ---- */

static bool partitioned_as_said(const wi_spec_view *view, const wi_pin *pin) {
  const char *const *has = NULL;
  bool same = wi_meta_partition_columns(pin->meta, &has) == view->partition_by.n;
  for (size_t i = 0; i < view->partition_by.n && same; i++) {
    same = strcmp(has[i], view->partition_by.items[i]) == 0;
  }
  return same;
}

weir_status wi_view_table_schema(wi_pass *pass, wi_run_view *view,
                                 bool *same_partitioning, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_pin pin = {.version = -1};
  wi_schema_drop(&view->made.schema);
  wi_snap_unref(&view->read.snap);
  WI_CHECK(wi_pin_at(pass->project->engine, view->store, view->outcome.version, &pin,
                     &view->read.snap, err));
  WI_CHECK(wi_view_check(view, err));
  WI_CHECK(wi_meta_arrow(pin.meta, &view->made.schema, err));
  WI_CHECK(wi_schema_digest(&view->made.schema, view->facts.digests.table, err));
  *same_partitioning = partitioned_as_said(view->refs->spec, &pin);
done:
  wi_pin_release(&pin);
  if (status != WEIR_OK) {
    wi_err_context(err, "view '%s'", view->refs->spec->name);
  }
  return status;
}

/* ---- declarations ---- */

static weir_status declare_view(wi_pass *pass, wi_run_view *view, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema copy = {0};
  bool ignored = false;
  if (view->made.declared) {
    return WEIR_OK;
  }
  if (view->made.schema.release == NULL) { /* it was not planned now */
    WI_CHECK(wi_view_table_schema(pass, view, &ignored, err));
  }
  if (ArrowSchemaDeepCopy(&view->made.schema, &copy) != NANOARROW_OK) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(wi_session_declare(pass->session, WI_SCHEMA_MAIN, view->refs->spec->name,
                              &copy, err));
  view->made.declared = true;
done:
  wi_schema_drop(&copy);
  return status;
}

static weir_status declare_source(wi_pass *pass, wi_run_source *source, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema schema = {0};
  const wi_pin *full = NULL;
  if (source->declared || source->table == NULL) {
    return WEIR_OK;
  }
  WI_CHECK(wi_table_open(pass, source->table, NULL, &full, err));
  if (source->of->call != WI_CALL_NONE) {
    goto done; /* the plan itself is told of it */
  }
  WI_CHECK(wi_meta_arrow(full->meta, &schema, err));
  WI_CHECK(wi_session_declare(pass->session, WI_SCHEMA_MAIN, source->of->spec->name,
                              &schema, err));
  source->declared = true;
done:
  wi_schema_drop(&schema);
  if (status != WEIR_OK) {
    wi_source_explain(source->of, err);
  }
  return status;
}

/* ---- table functions ---- */

static weir_status to_engine(wi_pass *pass, const wi_run_source *source,
                             const wi_call *call, wi_arena *arena,
                             struct ArrowSchema *columns, wi_br_call *out,
                             weir_error *err) {
  char tag[64];
  const wi_pin *full = NULL;
  if (source->table != NULL) {
    WI_TRY(wi_table_open(pass, source->table, NULL, &full, err));
  }
  WI_TRY(wi_call_columns(source->of->call, full, columns, err));
  wi_call_tag(call->kind, call->fn, tag);
  out->function = call->fn->name;
  out->args = call->args;
  out->n_args = call->n_args;
  out->schema = WI_SCHEMA_CALLS;
  out->table = source->of->spec->name;
  out->tag = wi_arena_dup(arena, tag);
  out->columns = columns;
  return out->tag != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

static weir_status plan_with_calls(wi_pass *pass, wi_run_view *view, weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_view_refs *refs = view->refs;
  wi_arena arena = WI_ARENA_INIT;
  size_t n = refs->calls.n;
  wi_br_call *calls = wi_alloc_array(n + 1, sizeof(*calls));
  struct ArrowSchema *columns = wi_alloc_array(n + 1, sizeof(*columns));
  if (calls == NULL || columns == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < n; i++) {
    WI_CHECK(to_engine(pass, &pass->sources[refs->call_sources[i]], &refs->calls.items[i],
                       &arena, &columns[i], &calls[i], err));
  }
  WI_CHECK(wi_view_plan_new(pass->session, refs->spec, &refs->sql, refs->values,
                            refs->n_values, calls, n, &view->made.plan, err));
done:
  for (size_t i = 0; columns != NULL && i < n; i++) {
    wi_schema_drop(&columns[i]);
  }
  wi_free(columns);
  wi_free(calls);
  wi_arena_release(&arena);
  return status;
}

/* ---- the plan ---- */

weir_status wi_view_make_plan(wi_pass *pass, wi_run_view *view, weir_error *err) {
  for (size_t i = 0; i < view->refs->n_sources; i++) {
    WI_TRY(declare_source(pass, &pass->sources[view->refs->sources[i]], err));
  }
  for (size_t i = 0; i < view->refs->n_views; i++) {
    WI_TRY(declare_view(pass, &pass->views[view->refs->views[i]], err));
  }
  WI_TRY(plan_with_calls(pass, view, err));
  if (view->chosen) { /* consumers of one that is not read its table as it is */
    wi_schema_drop(&view->made.schema);
    if (ArrowSchemaDeepCopy(&view->made.plan->schema, &view->made.schema) !=
        NANOARROW_OK) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  view->facts.plan = view->made.plan;
  return wi_view_gate(pass, view, err);
}
