/* One view: from its decision to one commit. */
#include <stdlib.h>
#include <string.h>

#include "run/strategy.h"

#define WI_ORIGIN "run"

#define DEFAULT_RETRIES 10

/* ---- the stamp ---- */

/* The very list that the key was made of, with what is only known now: the version of each view's
 * table, and the files behind each source. */
static weir_status stamp_inputs(const wi_view_job *j, wi_key_inputs *out,
                                weir_error *err) {
  const wi_key_inputs *decided = &j->view->decision.inputs;
  wi_pass *pass = j->pass;
  WI_TRY(wi_key_inputs_alloc(out, decided->n, err));
  for (size_t i = 0; i < decided->n; i++) {
    wi_key_input *input = &out->items[i];
    *input = decided->items[i];
    (void)wi_pin_ref(input->pin);
    if (input->what == WI_KEY_VIEW) {
      size_t view = wi_project_view_index(pass->project, input->name);
      input->version = pass->views[view].outcome.version;
    } else if (input->pin != NULL) {
      size_t source = wi_project_source_index(pass->project, input->name);
      WI_TRY(wi_table_state(pass, pass->sources[source].table, input->state, err));
    }
  }
  return WEIR_OK;
}

static weir_status build_info(const wi_view_job *j, wi_info *out, weir_error *err) {
  const wi_run_view *v = j->view;
  const wi_session *session = j->pass->session;
  wi_stamp s = {0};
  s.text[WI_STAMP_RUN_ID] = j->pass->run_id;
  s.text[WI_STAMP_PROJECT] = j->pass->project->spec->name;
  s.text[WI_STAMP_VIEW] = v->refs->spec->name;
  s.text[WI_STAMP_PLANNING_KEY] = v->facts.digests.planning;
  s.text[WI_STAMP_RESULT_KEY] = v->decision.result_key;
  s.text[WI_STAMP_PLAN_DIGEST] = v->decision.plan_digest;
  s.text[WI_STAMP_FUNCTIONS_DIGEST] = v->made.plan->functions_digest;
  s.text[WI_STAMP_SETTINGS_DIGEST] = session->settings_digest;
  s.text[WI_STAMP_SESSION_DIGEST] = session->digest;
  s.text[WI_STAMP_SHAPE_DIGEST] = v->facts.digests.shape;
  s.text[WI_STAMP_GATE_DIGEST] = v->facts.digests.gate;
  s.text[WI_STAMP_SCHEMA_DIGEST] = v->decision.schema_digest;
  s.text[WI_STAMP_VIEW_DIGEST] = v->facts.digests.view;
  s.text[WI_STAMP_PARAMS] = v->facts.params;
  s.text[WI_STAMP_VOLATILE] = v->made.plan->is_volatile ? "1" : "0";
  s.text[WI_STAMP_DETERMINISM] =
      v->refs->spec->determinism == WI_DET_STRICT ? "strict" : "relaxed";
  weir_status status = stamp_inputs(j, &s.inputs, err);
  if (status == WEIR_OK) {
    status = wi_stamp_write(&s, &v->refs->spec->write_metadata, out, err);
  }
  wi_stamp_release(&s);
  return status;
}

/* ---- commit ---- */

/* What the header says of the table: the owner, its properties, columns and partitioning. What
 * others set beside it stays. */
static weir_status edit_of(wi_view_job *j, const char *id, wi_br_pair **pairs,
                           wi_meta_edit *out, weir_error *err) {
  const wi_spec_view *spec = j->view->refs->spec;
  const wi_pairs *wanted = &spec->properties;
  size_t n = 0;
  *pairs = wi_alloc_array(wanted->n + 2, sizeof(**pairs));
  if (*pairs == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  (*pairs)[n++] = (wi_br_pair){WI_OWNER_KEY, j->owner};
  bool said = false; /* the header may say it both ways */
  for (size_t i = 0; i < wanted->n; i++) {
    (*pairs)[n++] = (wi_br_pair){wanted->keys[i], wanted->values[i]};
    said = said || strcmp(wanted->keys[i], "delta.appendOnly") == 0;
  }
  if (spec->append_only && !said) {
    (*pairs)[n++] = (wi_br_pair){"delta.appendOnly", "true"};
  }
  *out = (wi_meta_edit){.id = id,
                        .created_ms = j->pass->project->now_us / 1000,
                        .name = spec->name,
                        .description = spec->description,
                        .how = WI_META_COLUMNS_REPLACE,
                        .columns = &j->view->made.plan->schema,
                        .repartition = true,
                        .partition_columns = spec->partition_by.items,
                        .n_partition_columns = spec->partition_by.n,
                        .set = *pairs,
                        .n_set = n,
                        .managed = true};
  return WEIR_OK;
}

static weir_status check_schema_change(const wi_view_job *j, const wi_meta_edit *edit,
                                       weir_error *err) {
  const unsigned columns = WI_META_COLUMNS_GREW | WI_META_COLUMNS_BROKE;
  wi_meta *then = NULL;
  if (j->base.version < 0 || j->view->refs->spec->on_schema_change != WI_SCHEMA_FAIL) {
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

static weir_status put(wi_view_job *j, const wi_meta_edit *edit, const wi_info *info,
                       weir_error *err) {
  wi_run_view *v = j->view;
  const wi_strategy *how = wi_strategy_of(v->decision.action);
  int64_t retries = v->refs->spec->max_commit_retries;
  const wi_commit_request c = {
      .session = j->pass->session,
      .store = v->store,
      .mode = how->mode,
      .base = j->base.version >= 0 ? &j->base : NULL,
      .base_snap = j->base_snap,
      .edit = edit,
      .staged = how->writes_rows ? &j->staged : NULL,
      .owner = j->owner,
      .app = {.id = j->app_id, .version = -1, .key = v->decision.result_key},
      .operation = how->operation,
      .info = info->pairs,
      .n_info = info->n,
      .max_retries = retries >= 0 ? (uint32_t)retries : DEFAULT_RETRIES,
      .stop = j->pass->stop};
  v->outcome.mode = c.mode;
  return wi_table_commit(&c, &v->outcome.commit, err);
}

static weir_status commit(wi_view_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_info info = {0};
  wi_br_pair *pairs = NULL;
  wi_meta_edit edit;
  char id[37];
  wi_uuid7(id);
  WI_CHECK(build_info(j, &info, err));
  WI_CHECK(edit_of(j, id, &pairs, &edit, err));
  WI_CHECK(check_schema_change(j, &edit, err));
  WI_CHECK(put(j, &edit, &info, err));
  j->committed = j->view->outcome.commit.end == WI_END_COMMITTED;
done:
  wi_info_release(&info);
  wi_free(pairs);
  return status;
}

/* ---- the whole ---- */

/* What was decided and read is known by versions; a table in another's place has them, too. */
static weir_status check_read(const wi_view_job *j, weir_error *err) {
  const wi_key_inputs *inputs = &j->view->decision.inputs;
  const wi_last *own = &j->view->facts.last;
  WI_TRY(wi_commit_check(j->view->store, own->latest, own->latest_digest, err));
  for (size_t i = 0; i < inputs->n; i++) {
    const wi_key_input *in = &inputs->items[i];
    if (in->what == WI_KEY_VIEW) {
      size_t up = wi_project_view_index(j->pass->project, in->name);
      WI_TRY(wi_view_check(&j->pass->views[up], err));
    } else if (in->pin != NULL) {
      size_t source = wi_project_source_index(j->pass->project, in->name);
      WI_TRY(wi_commit_check(j->pass->sources[source].table->store, in->pin->version,
                             in->pin->commit_digest, err));
    }
  }
  return WEIR_OK;
}

static weir_status open_base(wi_view_job *j, weir_error *err) {
  const wi_run_view *v = j->view;
  j->base = (wi_pin){.version = -1};
  if (!v->facts.last.table) {
    return WEIR_OK;
  }
  /* The version that was decided upon, not a newer one: what came since is found at the put. */
  WI_TRY(wi_pin_at(j->pass->project->engine, v->store, v->facts.last.latest, &j->base,
                   &j->base_snap, err));
  return wi_base_gate(&j->base, j->owner, err);
}

static void checkpoint(const wi_view_job *j) {
  int64_t version = j->view->outcome.version;
  wi_table_props props = wi_view_props(j);
  weir_error failed = WEIR_ERROR_INIT;
  if (!wi_table_checkpoint(&props, j->pass->session, j->view->store, version, &failed)) {
    wi_pass_warn(j->pass, failed.code, "checkpoint",
                 "%s: no checkpoint at version %lld: %s", j->view->refs->spec->name,
                 (long long)version, failed.message);
  }
  weir_error_release(&failed);
}

static void take_facts(wi_view_job *j) {
  wi_outcome *o = &j->view->outcome;
  o->version = o->commit.version;
  if (j->committed) {
    o->rows = j->staged.rows;
    o->files = j->staged.n;
    o->bytes = j->staged.bytes;
    checkpoint(j);
  }
}

static void job_release(wi_view_job *j) {
  wi_staged_release(&j->staged);
  wi_br_bind_free(j->pass->project->engine, &j->bind);
  wi_snap_unref(&j->base_snap);
  wi_pin_release(&j->base);
}

weir_status wi_view_execute(wi_pass *pass, wi_run_view *view, uint64_t memory,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  weir_error first = WEIR_ERROR_INIT;
  wi_view_job j = {0};
  const wi_strategy *how = wi_strategy_of(view->decision.action);
  j.pass = pass;
  j.view = view;
  j.memory = memory;
  snprintf(j.owner, sizeof(j.owner), "%s/%s", pass->project->spec->name,
           view->refs->spec->name);
  snprintf(j.app_id, sizeof(j.app_id), WI_APP_PREFIX "%s", j.owner);
  j.first = wi_stage_is_first(view->store);
  wi_stage_prefix(pass->run_id, view->refs->spec->name, j.prefix);
  WI_CHECK(wi_stop_token(pass->stop, &j.cancel, &first));
  WI_CHECK(open_base(&j, &first));
  WI_CHECK(how->stage(&j, &first));
  WI_CHECK(wi_lease_check(pass->lease, &first));
  WI_CHECK(check_read(&j, &first));
  WI_CHECK(commit(&j, &first));
  take_facts(&j);
done:
  if (!j.committed && status != WEIR_E_AMBIGUOUS) {
    wi_stage_remove(view->store, j.prefix, j.first);
  }
  job_release(&j);
  wi_err_move(err, &first);
  return status;
}
