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

static int by_key(const void *a, const void *b) {
  return strcmp(((const wi_br_pair *)a)->key, ((const wi_br_pair *)b)->key);
}

/* The owner, what the header asks for, and nothing else: what it no longer asks for goes. */
static weir_status properties(const wi_view_job *j, wi_br_pair **out, size_t *n,
                              weir_error *err) {
  const wi_pairs *wanted = &j->view->refs->spec->properties;
  *out = wi_alloc_array(wanted->n + 2, sizeof(**out));
  *n = 0;
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  (*out)[(*n)++] = (wi_br_pair){WI_OWNER_KEY, j->owner};
  for (size_t i = 0; i < wanted->n; i++) {
    (*out)[(*n)++] = (wi_br_pair){wanted->keys[i], wanted->values[i]};
  }
  if (j->view->refs->spec->append_only) {
    (*out)[(*n)++] = (wi_br_pair){"delta.appendOnly", "true"};
  }
  qsort(*out, *n, sizeof(**out), by_key);
  return WEIR_OK;
}

static weir_status check_schema_change(const wi_view_job *j, const char *schema,
                                       weir_error *err) {
  if (j->base.version < 0 || strcmp(j->base.schema_json, schema) == 0 ||
      j->view->refs->spec->on_schema_change != WI_SCHEMA_FAIL) {
    return WEIR_OK;
  }
  wi_err_hint(err, "on_schema_change: replace lets the table follow the query");
  return WI_ERR(err, WEIR_E_SCHEMA_CHANGED,
                "the query's columns are not the table's, and on_schema_change is fail");
}

static weir_status put(wi_view_job *j, const char *schema, const wi_info *info,
                       const wi_br_pair *config, size_t n_config, weir_error *err) {
  wi_run_view *v = j->view;
  const wi_spec_view *spec = v->refs->spec;
  const wi_strategy *how = wi_strategy_of(v->decision.action);
  const char *gate =
      v->facts.last.found ? v->facts.last.stamp.text[WI_STAMP_GATE_DIGEST] : "";
  bool fresh = j->base.version < 0;
  bool same_schema = !fresh && strcmp(j->base.schema_json, schema) == 0;
  bool same_table = same_schema && wi_view_partitioned_as_said(spec, &j->base) &&
                    strcmp(v->facts.digests.gate, gate) == 0;
  bool new_type = strstr(schema, "timestamp_ntz") != NULL &&
                  (fresh || strstr(j->base.schema_json, "timestamp_ntz") == NULL);
  char id[37];
  wi_table_def table = {0};
  wi_commit_request c = {0};
  wi_uuid7(id);
  table.id = fresh ? id : j->base.table_id;
  table.name = spec->name;
  table.description = spec->description;
  table.schema_json = schema;
  table.partition_columns = spec->partition_by.items;
  table.n_partition_columns = spec->partition_by.n;
  table.configuration = config;
  table.n_configuration = n_config;
  table.created_ms = j->pass->project->now_us / 1000;
  c.session = j->pass->session;
  c.store = v->store;
  c.mode = how->mode;
  c.base = fresh ? NULL : &j->base;
  c.base_snap = j->base_snap;
  c.table = same_table ? NULL : &table;
  c.with_protocol = fresh || new_type;
  c.staged = how->writes_rows ? &j->staged : NULL;
  c.partition_columns = spec->partition_by.items;
  c.n_partition_columns = spec->partition_by.n;
  c.owner = j->owner;
  c.app_id = j->app_id;
  c.app_version = -1;
  c.result_key = v->decision.result_key;
  c.operation = how->operation;
  c.info = info->pairs;
  c.n_info = info->n;
  c.max_retries = spec->max_commit_retries >= 0 ? (uint32_t)spec->max_commit_retries
                                                : DEFAULT_RETRIES;
  v->outcome.mode = c.mode;
  return wi_table_commit(&c, &v->outcome.commit, err);
}

static weir_status commit(wi_view_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_info info = {0};
  wi_br_pair *config = NULL;
  wi_buf schema = WI_BUF_INIT;
  size_t n_config = 0;
  WI_CHECK(build_info(j, &info, err));
  WI_CHECK(properties(j, &config, &n_config, err));
  WI_CHECK(wi_delta_schema_json(&j->view->made.plan->schema, &schema, err));
  WI_CHECK(check_schema_change(j, wi_buf_text(&schema), err));
  WI_CHECK(put(j, wi_buf_text(&schema), &info, config, n_config, err));
  j->committed = j->view->outcome.commit.end == WI_END_COMMITTED;
done:
  wi_info_release(&info);
  wi_free(config);
  wi_buf_release(&schema);
  return status;
}

/* ---- the whole ---- */

static weir_status open_base(wi_view_job *j, weir_error *err) {
  wi_engine *engine = j->pass->project->engine;
  const wi_run_view *v = j->view;
  j->base = (wi_pin){.version = -1};
  if (!v->facts.last.table) {
    return WEIR_OK;
  }
  /* The version that was decided upon, not a newer one: what came since is found at the put. */
  WI_TRY(wi_pin_resolve(engine, v->store, v->facts.last.latest, &j->base, err));
  WI_TRY(wi_pin_complete(engine, v->store, &j->base, &j->base_snap, err));
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
  wi_br_snap_free(j->pass->project->engine, &j->base_snap);
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
  wi_stage_prefix(pass->run_id, view->refs->spec->name, j.prefix);
  WI_CHECK(wi_stop_token(pass->stop, &j.cancel, &first));
  WI_CHECK(open_base(&j, &first));
  WI_CHECK(how->stage(&j, &first));
  WI_CHECK(wi_lease_check(pass->lease, &first));
  WI_CHECK(commit(&j, &first));
  take_facts(&j);
done:
  if (!j.committed && status != WEIR_E_AMBIGUOUS) {
    wi_stage_remove(view->store, j.prefix);
  }
  job_release(&j);
  wi_err_move(err, &first);
  return status;
}
