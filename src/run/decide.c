/* Reuse, adjust or full: decided from keys, with planning only where the planning key moved. */
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "run/private.h"

#define WI_ORIGIN "run"

/* ---- what consumers see ---- */

weir_status wi_view_snapshot(wi_pass *pass, wi_run_view *view, weir_error *err) {
  wb_store *handle = NULL;
  if (view->snap != NULL) {
    return WEIR_OK;
  }
  WI_TRY(wi_store_handle(view->store, &handle, err));
  return wi_br_snap_open(pass->engine, handle, view->version, &view->snap, err);
}

/* The schema of a view that was not planned now: its table's. */
static weir_status table_schema(wi_pass *pass, wi_run_view *view, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_pin pin = {0};
  if (view->has_schema) {
    return WEIR_OK;
  }
  WI_CHECK(wi_pin_resolve(pass->engine, view->store, view->version, &pin, err));
  WI_CHECK(wi_pin_complete(pass->engine, view->store, &pin,
                           view->snap == NULL ? &view->snap : &(wb_snap *){NULL}, err));
  WI_CHECK(wi_delta_schema_arrow(pin.schema_json, &view->schema, err));
  view->has_schema = true;
done:
  wi_pin_release(&pin);
  if (status != WEIR_OK) {
    wi_err_context(err, "view '%s'", view->spec->name);
  }
  return status;
}

static weir_status declare_view(wi_pass *pass, wi_run_view *view, weir_error *err) {
  weir_status status = WEIR_OK;
  struct ArrowSchema copy = {0};
  if (view->declared) {
    return WEIR_OK;
  }
  WI_CHECK(table_schema(pass, view, err));
  if (ArrowSchemaDeepCopy(&view->schema, &copy) != NANOARROW_OK) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(
      wi_session_declare(pass->session, WI_SCHEMA_MAIN, view->spec->name, &copy, err));
  view->declared = true;
done:
  if (copy.release != NULL) {
    copy.release(&copy);
  }
  return status;
}

/* ---- inputs ---- */

/* The identity of an input by name; "" if the name is none of the view's inputs. */
static const char *identity_of(const wi_pass *pass, const char *name) {
  const wi_run_source *source = wi_pass_source(pass, name);
  const wi_run_view *view = wi_pass_view(pass, name);
  return source != NULL ? source->identity : view != NULL ? view->identity : "";
}

typedef struct key_inputs {
  const char **names, **identities;
  size_t n;
} key_inputs;

static void key_inputs_release(key_inputs *in) {
  wi_free(in->names);
  wi_free(in->identities);
}

static weir_status key_inputs_alloc(key_inputs *in, size_t n, weir_error *err) {
  in->n = n;
  in->names = wi_alloc_array(n + 1, sizeof(char *));
  in->identities = wi_alloc_array(n + 1, sizeof(char *));
  return in->names != NULL && in->identities != NULL ? WEIR_OK
                                                     : wi_err_nomem(err, WI_ORIGIN);
}

static weir_status inputs_of_plan(const wi_pass *pass, const wi_view_plan *plan,
                                  key_inputs *in, weir_error *err) {
  WI_TRY(key_inputs_alloc(in, plan->n_inputs, err));
  for (size_t i = 0; i < plan->n_inputs; i++) {
    const char *plain = wi_input_plain(plan->inputs[i]);
    if (plain == NULL || identity_of(pass, plain)[0] == '\0') {
      return WI_ERR(err, WEIR_E_BUG, "the plan scans '%s', which the SQL does not name",
                    plan->inputs[i]);
    }
    in->names[i] = plain;
    in->identities[i] = identity_of(pass, plain);
  }
  return WEIR_OK;
}

static weir_status inputs_of_record(const wi_pass *pass, const wi_run_view *view,
                                    key_inputs *in, weir_error *err) {
  size_t n = json_array_size(view->last.inputs);
  WI_TRY(key_inputs_alloc(in, n, err));
  for (size_t i = 0; i < n; i++) {
    const char *name =
        json_string_value(json_object_get(json_array_get(view->last.inputs, i), "name"));
    in->names[i] = name != NULL ? name : "";
    in->identities[i] = identity_of(pass, in->names[i]);
  }
  return WEIR_OK;
}

/* A source that moved only by commits that changed no row counts as unmoved. */
static weir_status forgive_maintenance(wi_pass *pass, const wi_run_view *view,
                                       key_inputs *in, bool *forgiven, weir_error *err) {
  for (size_t i = 0; i < in->n && i < json_array_size(view->last.inputs); i++) {
    const json_t *entry = json_array_get(view->last.inputs, i);
    const char *recorded = json_string_value(json_object_get(entry, "identity"));
    const char *table_id = json_string_value(json_object_get(entry, "table_id"));
    wi_run_source *source = wi_pass_source(pass, in->names[i]);
    int64_t version = json_integer_value(json_object_get(entry, "version"));
    bool maintained = false;
    bool rows =
        source != NULL && (source->call == WI_CALL_NONE || source->call == WI_CALL_ROWS);
    if (!rows || recorded == NULL || table_id == NULL ||
        strcmp(recorded, in->identities[i]) == 0 || version >= source->pin.version ||
        strcmp(table_id, source->pin.table_id) != 0) {
      continue;
    }
    WI_TRY(wi_log_only_maintained(source->store, version, source->pin.version,
                                  &maintained, err));
    if (maintained) {
      in->identities[i] = recorded;
      *forgiven = true;
    }
  }
  return WEIR_OK;
}

/* ---- planning ---- */

static weir_status declare_inputs(wi_pass *pass, wi_run_view *view, weir_error *err) {
  for (size_t i = 0; i < view->n_sources; i++) {
    WI_TRY(wi_source_declare(pass, &pass->sources[view->sources[i]], err));
  }
  for (size_t i = 0; i < view->n_views; i++) {
    WI_TRY(declare_view(pass, &pass->views[view->views[i]], err));
  }
  return WEIR_OK;
}

static weir_status plan_view(wi_pass *pass, wi_run_view *view, weir_error *err) {
  WI_TRY(declare_inputs(pass, view, err));
  WI_TRY(wi_view_plan_with_calls(pass, view, &view->plan, err));
  if (view->has_schema) {
    view->schema.release(&view->schema);
    view->has_schema = false;
  }
  if (ArrowSchemaDeepCopy(&view->plan->schema, &view->schema) != NANOARROW_OK) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  view->has_schema = true;
  memcpy(view->schema_digest, view->plan->schema_digest, sizeof(view->schema_digest));
  memcpy(view->plan_digest, view->plan->digest, sizeof(view->plan_digest));
  return wi_view_gate(pass, view, err);
}

/* ---- the decision ---- */

static void decide(wi_run_view *view, wi_action action, const char *reason) {
  view->action = action;
  snprintf(view->reason, sizeof(view->reason), "%s", reason);
}

/* The rows stand; does what the header promises of them stand too? */
static void decide_kept(wi_run_view *view, bool forgiven) {
  if (strcmp(view->gate_digest, view->last.gate_digest) != 0) {
    decide(view, WI_ACTION_ADJUST, "contract changed");
  } else {
    decide(view, WI_ACTION_REUSE, forgiven ? "maintained" : "");
  }
}

/* Why it must be full whatever the keys say; NULL if nothing forces it. */
static const char *forced_reason(const wi_pass *pass, const wi_run_view *view) {
  const wi_last *last = &view->last;
  if (!last->table) {
    return "never built";
  }
  if (!last->found) {
    return "record lost";
  }
  if (pass->full_refresh && view->chosen) {
    return "forced";
  }
  if (last->foreign_data) {
    return "foreign commit";
  }
  return strcmp(last->is_volatile, "1") == 0 ? "volatile" : NULL;
}

/* With an unchanged planning key nothing is planned: the plan is the recorded one. */
static weir_status decide_by_record(wi_pass *pass, wi_run_view *view, weir_error *err) {
  weir_status status = WEIR_OK;
  key_inputs in = {0};
  bool forgiven = false;
  WI_CHECK(inputs_of_record(pass, view, &in, err));
  wi_result_key(pass, view, view->last.plan_digest, in.identities, in.n,
                view->result_key);
  if (strcmp(view->result_key, view->last.result_key) != 0) {
    WI_CHECK(forgive_maintenance(pass, view, &in, &forgiven, err));
    wi_result_key(pass, view, view->last.plan_digest, in.identities, in.n,
                  view->result_key);
  }
  snprintf(view->plan_digest, sizeof(view->plan_digest), "%s", view->last.plan_digest);
  snprintf(view->schema_digest, sizeof(view->schema_digest), "%s",
           view->last.schema_digest);
  if (strcmp(view->result_key, view->last.result_key) == 0) {
    decide_kept(view, forgiven);
    if (view->action == WI_ACTION_ADJUST) {
      WI_CHECK(plan_view(pass, view, err));
    }
    goto done;
  }
  wi_view_reason(pass, view, in.names, in.identities, in.n);
  WI_CHECK(plan_view(pass, view, err));
done:
  key_inputs_release(&in);
  return status;
}

static weir_status decide_by_plan(wi_pass *pass, wi_run_view *view, const char *forced,
                                  weir_error *err) {
  weir_status status = WEIR_OK;
  key_inputs in = {0};
  bool forgiven = false;
  WI_CHECK(plan_view(pass, view, err));
  WI_CHECK(inputs_of_plan(pass, view->plan, &in, err));
  wi_result_key(pass, view, view->plan->digest, in.identities, in.n, view->result_key);
  if (forced != NULL) {
    decide(view, WI_ACTION_FULL, forced);
    goto done;
  }
  if (strcmp(view->result_key, view->last.result_key) != 0 &&
      strcmp(view->plan->digest, view->last.plan_digest) == 0) {
    WI_CHECK(forgive_maintenance(pass, view, &in, &forgiven, err));
    wi_result_key(pass, view, view->plan->digest, in.identities, in.n, view->result_key);
  }
  if (strcmp(view->result_key, view->last.result_key) == 0 && !view->plan->is_volatile) {
    decide_kept(view, forgiven);
    goto done;
  }
  wi_view_reason(pass, view, in.names, in.identities, in.n);
done:
  key_inputs_release(&in);
  return status;
}

/* Every build of a volatile view is another input. */
static void volatile_identity(wi_run_view *view, const char *result_key,
                              const char *run_id) {
  wi_digest d;
  wi_digest_begin(&d, "weir.volatile");
  wi_digest_text(&d, result_key);
  wi_digest_text(&d, run_id);
  wi_digest_end_hex(&d, view->identity);
}

/* What consumers' keys hold of it. Foreign rows on top of a result are another input. */
static void settle_identity(const wi_pass *pass, wi_run_view *view) {
  bool stands = view->action == WI_ACTION_STAND;
  if (stands && (view->last.foreign_data || !view->last.found)) {
    wi_digest d;
    wi_digest_begin(&d, "weir.foreign");
    wi_digest_u64(&d, (uint64_t)view->last.latest);
    wi_digest_text(&d, view->last.latest_digest);
    wi_digest_end_hex(&d, view->identity);
    return;
  }
  if (stands && strcmp(view->last.is_volatile, "1") == 0) {
    volatile_identity(view, view->last.result_key, view->last.run_id);
    return;
  }
  if (!stands && view->plan != NULL && view->plan->is_volatile) {
    volatile_identity(view, view->result_key, pass->run_id);
    return;
  }
  snprintf(view->identity, sizeof(view->identity), "%s",
           stands ? view->last.result_key : view->result_key);
}

/* Not chosen: read as it stands, and said so if it is stale. */
static weir_status stand(wi_pass *pass, wi_run_view *view, weir_error *err) {
  if (!view->last.table) {
    wi_err_hint(err,
                "select it too: --select %s, or +NAME for a view with all that it reads",
                view->spec->name);
    return WI_ERR(err, WEIR_E_UPSTREAM_UNBUILT,
                  "the view '%s' is not selected and was never built", view->spec->name);
  }
  if (view->action == WI_ACTION_FULL) {
    wi_pass_warn(pass, WEIR_E_UPSTREAM_UNBUILT, "decide", "stale upstream %s (%s)",
                 view->spec->name, view->reason);
  }
  view->action = WI_ACTION_STAND;
  if (view->has_schema) { /* of the plan: consumers read the table as it is */
    view->schema.release(&view->schema);
    view->has_schema = false;
  }
  WI_TRY(table_schema(pass, view, err));
  return wi_schema_digest(&view->schema, view->schema_digest, err);
}

weir_status wi_view_decide(wi_pass *pass, wi_run_view *view, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  WI_CHECK(wi_view_uri(pass->spec, view->spec->name, &uri, err));
  WI_CHECK(wi_session_store(pass->session, wi_buf_text(&uri), &view->store, err));
  WI_CHECK(wi_last_read(pass->spec, view->spec->name, view->store, &view->last, err));
  view->version = view->last.latest;
  wi_shape_digest(view->spec, view->shape_digest);
  wi_gate_digest(view->spec, view->gate_digest);
  for (size_t i = 0; i < view->n_sources; i++) {
    WI_CHECK(
        wi_source_know(pass, &pass->sources[view->sources[i]], view->last.inputs, err));
  }
  wi_planning_key(pass, view);
  const char *forced = forced_reason(pass, view);
  if (forced != NULL && view->chosen && view->last.found && view->last.foreign_data) {
    wi_pass_warn(pass, WEIR_E_FOREIGN_COMMIT, "decide",
                 "%s: version %lld, written by %s, changed rows; the view is built again",
                 view->spec->name, (long long)view->last.foreign_version,
                 view->last.foreign_writer);
  }
  if (forced == NULL && strcmp(view->planning_key, view->last.planning_key) == 0) {
    WI_CHECK(decide_by_record(pass, view, err));
  } else {
    WI_CHECK(decide_by_plan(pass, view, forced, err));
  }
  if (!view->chosen) {
    WI_CHECK(stand(pass, view, err));
  }
  settle_identity(pass, view);
done:
  wi_buf_release(&uri);
  return status;
}
