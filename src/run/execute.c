/* One view's work: bind its inputs, stage, gate, commit. */
#include <stdlib.h>
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

#define DEFAULT_RETRIES 10

typedef struct view_job {
  wi_pass *pass;
  wi_run_view *view;
  uint64_t memory;
  wi_pin base;
  wb_snap *base_snap;
  wb_bind *bind;
  wi_staged staged;
  char owner[300], app_id[320], prefix[48];
  bool committed;
} view_job;

/* ---- inputs ---- */

static weir_status bind_input(view_job *j, const char *key, weir_error *err) {
  const char *name = wi_input_plain(key);
  wi_run_source *source = wi_pass_source(j->pass, name);
  wi_run_view *view = wi_pass_view(j->pass, name);
  const wb_snap *snap = NULL;
  if (source != NULL) {
    snap = source->same != NULL ? source->same->snap : source->snap;
  } else if (view != NULL) {
    snap = view->snap;
  }
  if (source != NULL && source->call != WI_CALL_NONE &&
      (snap != NULL || source->store == NULL)) {
    return wi_call_bind(j->pass->session, source->call, &source->pin, snap, j->bind, name,
                        err);
  }
  if (snap == NULL) {
    return WI_ERR(err, WEIR_E_BUG, "the input '%s' has no snapshot", name);
  }
  return wi_br_bind_delta(j->pass->engine, j->bind, WI_SCHEMA_MAIN, name, snap, NULL, 0,
                          err);
}

static weir_status bind_inputs(view_job *j, weir_error *err) {
  WI_TRY(wi_br_bind_new(j->pass->engine, &j->bind, err));
  for (size_t i = 0; i < j->view->plan->n_inputs; i++) {
    WI_TRY(bind_input(j, j->view->plan->inputs[i], err));
  }
  return WEIR_OK;
}

/* ---- stage and gate ---- */

static int32_t indexed_columns(const wi_spec_view *view) {
  for (size_t i = 0; i < view->properties.n; i++) {
    if (strcmp(view->properties.keys[i], "delta.dataSkippingNumIndexedCols") == 0) {
      return (int32_t)strtol(view->properties.values[i], NULL, 10);
    }
  }
  return 32;
}

static weir_status stage(view_job *j, weir_error *err) {
  const wi_spec_view *spec = j->view->spec;
  wi_stage_request r = {0};
  bool no_hash_join = false;
  r.session = j->pass->session;
  r.plan = j->view->plan->plan;
  r.bind = j->bind;
  r.store = j->view->store;
  r.prefix = j->prefix;
  r.partition_columns = spec->partition_by.items;
  r.n_partition_columns = spec->partition_by.n;
  r.target_file_bytes = spec->target_file_size > 0 ? (uint64_t)spec->target_file_size : 0;
  r.indexed_columns = indexed_columns(spec);
  r.order_sensitive = j->view->plan->order_sensitive;
  r.memory = j->memory;
  r.partitions = j->pass->session->threads;
  r.cancel = j->pass->cancel;
  WI_TRY(wi_stage(&r, &j->staged, &j->view->peak_bytes, &no_hash_join, err));
  if (no_hash_join) {
    wi_pass_warn(j->pass, WEIR_E_MEMORY, "execute",
                 "%s ran without hash joins, because they did not fit the memory limit",
                 spec->name);
  }
  return WEIR_OK;
}

static weir_status gate(view_job *j, weir_error *err) {
  const wi_spec_view *spec = j->view->spec;
  return wi_gate_run(j->view->gate, j->view->store, &j->staged, spec->partition_by.items,
                     spec->partition_by.n, j->memory, j->pass->cancel, err);
}

/* ---- commit ---- */

/* What the header says of the table: the owner, its properties, columns and partitioning. What
 * others set beside it stays. */
static weir_status edit_of(view_job *j, const char *id, wi_br_pair **pairs,
                           wi_meta_edit *out, weir_error *err) {
  const wi_spec_view *spec = j->view->spec;
  const wi_pairs *wanted = &spec->properties;
  size_t n = 0;
  *pairs = wi_alloc_array(wanted->n + 2, sizeof(**pairs));
  if (*pairs == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  (*pairs)[n++] = (wi_br_pair){WI_OWNER_KEY, j->owner};
  for (size_t i = 0; i < wanted->n; i++) {
    (*pairs)[n++] = (wi_br_pair){wanted->keys[i], wanted->values[i]};
  }
  if (spec->append_only) {
    (*pairs)[n++] = (wi_br_pair){"delta.appendOnly", "true"};
  }
  *out = (wi_meta_edit){.id = id,
                        .created_ms = j->pass->now_us / 1000,
                        .name = spec->name,
                        .description = spec->description,
                        .how = WI_META_COLUMNS_REPLACE,
                        .columns = &j->view->plan->schema,
                        .repartition = true,
                        .partition_columns = spec->partition_by.items,
                        .n_partition_columns = spec->partition_by.n,
                        .set = *pairs,
                        .n_set = n,
                        .managed = true};
  return WEIR_OK;
}

static weir_status check_schema_change(const view_job *j, const wi_meta_edit *edit,
                                       weir_error *err) {
  const unsigned columns = WI_META_COLUMNS_GREW | WI_META_COLUMNS_BROKE;
  wi_meta *then = NULL;
  if (j->base.version < 0 || j->view->spec->on_schema_change != WI_SCHEMA_FAIL) {
    return WEIR_OK;
  }
  WI_TRY(wi_meta_apply(j->base.meta, edit, &then, err));
  bool changes = (wi_meta_diff(j->base.meta, then) & columns) != 0;
  wi_meta_unref(&then);
  if (!changes) {
    return WEIR_OK;
  }
  wi_err_hint(err, "on_schema_change: replace lets the table follow the query");
  return WI_ERR(err, WEIR_E_SCHEMA_CHANGED,
                "the query's columns are not the table's, and on_schema_change is fail");
}

static weir_status put(view_job *j, const wi_meta_edit *edit, const wi_info *info,
                       weir_error *err) {
  wi_run_view *v = j->view;
  bool adjusts = v->action == WI_ACTION_ADJUST;
  int32_t retries = (int32_t)v->spec->max_commit_retries;
  wi_commit_request c = {
      .session = j->pass->session,
      .store = v->store,
      .mode = adjusts ? WI_WRITE_ADJUST : WI_WRITE_OVERWRITE,
      .base = j->base.version >= 0 ? &j->base : NULL,
      .base_snap = j->base_snap,
      .edit = edit,
      .staged = adjusts ? NULL : &j->staged,
      .owner = j->owner,
      .app = {.id = j->app_id, .version = -1, .key = v->result_key},
      .operation = adjusts ? "SET TBLPROPERTIES" : "WRITE",
      .info = info->pairs,
      .n_info = info->n,
      .max_retries = retries >= 0 ? (uint32_t)retries : DEFAULT_RETRIES};
  v->mode = c.mode;
  return wi_table_commit(&c, &v->commit, err);
}

static weir_status commit(view_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_info info = {0};
  wi_br_pair *pairs = NULL;
  wi_meta_edit edit;
  char id[37];
  wi_uuid7(id);
  WI_CHECK(wi_info_build(j->pass, j->view, &info, err));
  WI_CHECK(edit_of(j, id, &pairs, &edit, err));
  WI_CHECK(check_schema_change(j, &edit, err));
  WI_CHECK(put(j, &edit, &info, err));
  j->committed = j->view->commit.end == WI_END_COMMITTED;
done:
  wi_info_release(&info);
  wi_free(pairs);
  return status;
}

/* ---- the whole ---- */

static weir_status open_base(view_job *j, weir_error *err) {
  wi_run_view *v = j->view;
  wb_store *handle = NULL;
  memset(&j->base, 0, sizeof(j->base));
  j->base.version = -1;
  if (!v->last.table) {
    return WEIR_OK;
  }
  /* The version that was decided upon, not a newer one: what came since is found at the put. */
  WI_TRY(wi_store_handle(v->store, &handle, err));
  WI_TRY(wi_pin_resolve(j->pass->engine, v->store, v->last.latest, &j->base, err));
  WI_TRY(wi_pin_complete(j->pass->engine, v->store, &j->base, &j->base_snap, err));
  return wi_base_gate(&j->base, j->owner, err);
}

static weir_status rebuild(view_job *j, weir_error *err) {
  WI_TRY(bind_inputs(j, err));
  WI_TRY(stage(j, err));
  WI_TRY(gate(j, err));
  return commit(j, err);
}

static weir_status adjust(view_job *j, weir_error *err) {
  WI_TRY(
      wi_gate_run_snapshot(j->view->gate, j->base_snap, j->memory, j->pass->cancel, err));
  return commit(j, err);
}

static void take_facts(view_job *j) {
  wi_run_view *v = j->view;
  v->version = v->commit.version;
  if (j->committed) {
    weir_error ignored = WEIR_ERROR_INIT;
    v->rows = j->staged.rows;
    v->files = j->staged.n;
    v->bytes = j->staged.bytes;
    if (!wi_commit_checkpoint(j->pass->session, v->store, v->version, &ignored)) {
      wi_pass_warn(j->pass, ignored.code, "checkpoint",
                   "%s: no checkpoint at version %lld: %s", v->spec->name,
                   (long long)v->version, ignored.message);
    }
    weir_error_release(&ignored);
  }
}

static void job_release(view_job *j) {
  wi_staged_release(&j->staged);
  wi_br_bind_free(j->pass->engine, &j->bind);
  wi_br_snap_free(j->pass->engine, &j->base_snap);
  wi_pin_release(&j->base);
}

weir_status wi_view_execute(wi_pass *pass, wi_run_view *view, uint64_t memory,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  weir_error first = WEIR_ERROR_INIT;
  view_job j = {0};
  j.pass = pass;
  j.view = view;
  j.memory = memory;
  snprintf(j.owner, sizeof(j.owner), "%s/%s", pass->spec->name, view->spec->name);
  snprintf(j.app_id, sizeof(j.app_id), WI_APP_PREFIX "%s", j.owner);
  snprintf(j.prefix, sizeof(j.prefix), "%s/", pass->run_id);
  WI_CHECK(open_base(&j, &first));
  WI_CHECK(view->action == WI_ACTION_ADJUST ? adjust(&j, &first) : rebuild(&j, &first));
  take_facts(&j);
done:
  if (!j.committed && status != WEIR_E_AMBIGUOUS) {
    (void)wi_store_remove_all(view->store, j.prefix, NULL);
  }
  job_release(&j);
  wi_err_move(err, &first);
  return status;
}
