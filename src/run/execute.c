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
  char owner[300], app_id[320], prefix[WI_STAGE_PREFIX];
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

/* What the header says, else what the table has; NULL: neither. */
static const char *property(const view_job *j, const char *key, wi_buf *text) {
  const wi_pairs *header = &j->view->spec->properties;
  for (size_t i = 0; i < header->n; i++) {
    if (strcmp(header->keys[i], key) == 0) {
      return header->values[i];
    }
  }
  return j->base.version >= 0 && wi_base_property(&j->base, key, text) ? wi_buf_text(text)
                                                                       : NULL;
}

static weir_status read_stats(const view_job *j, wi_stats_columns *out, weir_error *err) {
  wi_buf count = WI_BUF_INIT, list = WI_BUF_INIT;
  weir_status status = wi_stats_columns_of_table(
      property(j, "delta.dataSkippingNumIndexedCols", &count),
      property(j, "delta.dataSkippingStatsColumns", &list), out, err);
  wi_buf_release(&count);
  wi_buf_release(&list);
  return status;
}

static weir_status stage(view_job *j, weir_error *err) {
  const wi_spec_view *spec = j->view->spec;
  wi_stage_request r = {0};
  wi_stats_columns stats;
  bool no_hash_join = false;
  WI_TRY(read_stats(j, &stats, err));
  r.session = j->pass->session;
  r.plan = j->view->plan->plan;
  r.bind = j->bind;
  r.store = j->view->store;
  r.prefix = j->prefix;
  r.partition_columns = spec->partition_by.items;
  r.n_partition_columns = spec->partition_by.n;
  r.target_file_bytes = spec->target_file_size > 0 ? (uint64_t)spec->target_file_size : 0;
  r.stats = &stats;
  r.order_sensitive = j->view->plan->order_sensitive;
  r.memory = j->memory;
  r.partitions = j->pass->session->threads;
  r.cancel = j->pass->cancel;
  weir_status status = wi_stage(&r, &j->staged, &j->view->peak_bytes, &no_hash_join, err);
  wi_stats_columns_release(&stats);
  if (no_hash_join) {
    wi_pass_warn(j->pass, WEIR_E_MEMORY, "execute",
                 "%s ran without hash joins, because they did not fit the memory limit",
                 spec->name);
  }
  return status;
}

static weir_status gate(view_job *j, weir_error *err) {
  const wi_spec_view *spec = j->view->spec;
  return wi_gate_run(j->view->gate, j->view->store, &j->staged, spec->partition_by.items,
                     spec->partition_by.n, j->memory, j->pass->cancel, err);
}

/* ---- commit ---- */

static int by_key(const void *a, const void *b) {
  return strcmp(((const wi_br_pair *)a)->key, ((const wi_br_pair *)b)->key);
}

/* The owner, what the header asks for, and nothing else: what it no longer asks for goes. */
static weir_status properties(const view_job *j, wi_br_pair **out, size_t *n,
                              weir_error *err) {
  const wi_pairs *wanted = &j->view->spec->properties;
  *out = wi_alloc_array(wanted->n + 2, sizeof(**out));
  *n = 0;
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  (*out)[(*n)++] = (wi_br_pair){WI_OWNER_KEY, j->owner};
  for (size_t i = 0; i < wanted->n; i++) {
    (*out)[(*n)++] = (wi_br_pair){wanted->keys[i], wanted->values[i]};
  }
  if (j->view->spec->append_only) {
    (*out)[(*n)++] = (wi_br_pair){"delta.appendOnly", "true"};
  }
  qsort(*out, *n, sizeof(**out), by_key);
  return WEIR_OK;
}

static bool same_partitioning(const view_job *j) {
  json_t *have = json_loads(j->base.partition_columns, 0, NULL);
  const wi_names *want = &j->view->spec->partition_by;
  bool same = json_array_size(have) == want->n;
  for (size_t i = 0; i < want->n && same; i++) {
    const char *name = json_string_value(json_array_get(have, i));
    same = name != NULL && strcmp(name, want->items[i]) == 0;
  }
  json_decref(have);
  return same;
}

static weir_status check_schema_change(const view_job *j, const char *schema,
                                       weir_error *err) {
  if (j->base.version < 0 || strcmp(j->base.schema_json, schema) == 0 ||
      j->view->spec->on_schema_change != WI_SCHEMA_FAIL) {
    return WEIR_OK;
  }
  wi_err_hint(err, "on_schema_change: replace lets the table follow the query");
  return WI_ERR(err, WEIR_E_SCHEMA_CHANGED,
                "the query's columns are not the table's, and on_schema_change is fail");
}

static weir_status put(view_job *j, const char *schema, const wi_info *info,
                       const wi_br_pair *config, size_t n_config, weir_error *err) {
  wi_run_view *v = j->view;
  bool fresh = j->base.version < 0;
  bool same_schema = !fresh && strcmp(j->base.schema_json, schema) == 0;
  bool same_table = same_schema && same_partitioning(j) &&
                    strcmp(v->gate_digest, v->last.found ? v->last.gate_digest : "") == 0;
  bool new_type = strstr(schema, "timestamp_ntz") != NULL &&
                  (fresh || strstr(j->base.schema_json, "timestamp_ntz") == NULL);
  char id[37];
  wi_table_def table = {0};
  wi_commit_request c = {0};
  wi_uuid7(id);
  table.id = fresh ? id : j->base.table_id;
  table.name = v->spec->name;
  table.description = v->spec->description;
  table.schema_json = schema;
  table.partition_columns = v->spec->partition_by.items;
  table.n_partition_columns = v->spec->partition_by.n;
  table.configuration = config;
  table.n_configuration = n_config;
  table.created_ms = j->pass->now_us / 1000;
  c.session = j->pass->session;
  c.store = v->store;
  c.mode = v->action == WI_ACTION_ADJUST ? WI_WRITE_ADJUST : WI_WRITE_OVERWRITE;
  c.base = fresh ? NULL : &j->base;
  c.base_snap = j->base_snap;
  c.table = same_table ? NULL : &table;
  c.with_protocol = fresh || new_type;
  c.staged = v->action == WI_ACTION_ADJUST ? NULL : &j->staged;
  c.partition_columns = v->spec->partition_by.items;
  c.n_partition_columns = v->spec->partition_by.n;
  c.owner = j->owner;
  c.app_id = j->app_id;
  c.app_version = -1;
  c.result_key = v->result_key;
  c.operation = v->action == WI_ACTION_ADJUST ? "SET TBLPROPERTIES" : "WRITE";
  c.info = info->pairs;
  c.n_info = info->n;
  c.max_retries = v->spec->max_commit_retries >= 0 ? (uint32_t)v->spec->max_commit_retries
                                                   : DEFAULT_RETRIES;
  v->mode = c.mode;
  return wi_table_commit(&c, &v->commit, err);
}

static weir_status commit(view_job *j, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_info info = {0};
  wi_br_pair *config = NULL;
  wi_buf schema = WI_BUF_INIT;
  size_t n_config = 0;
  WI_CHECK(wi_info_build(j->pass, j->view, &info, err));
  WI_CHECK(properties(j, &config, &n_config, err));
  WI_CHECK(wi_delta_schema_json(&j->view->plan->schema, &schema, err));
  WI_CHECK(check_schema_change(j, wi_buf_text(&schema), err));
  WI_CHECK(put(j, wi_buf_text(&schema), &info, config, n_config, err));
  j->committed = j->view->commit.end == WI_END_COMMITTED;
done:
  wi_info_release(&info);
  wi_free(config);
  wi_buf_release(&schema);
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

static void checkpoint(const view_job *j) {
  wi_buf interval = WI_BUF_INIT;
  weir_error failed = WEIR_ERROR_INIT;
  if (!wi_commit_checkpoint(j->pass->session, j->view->store, j->view->version,
                            property(j, "delta.checkpointInterval", &interval),
                            &failed)) {
    wi_pass_warn(j->pass, failed.code, "checkpoint",
                 "%s: no checkpoint at version %lld: %s", j->view->spec->name,
                 (long long)j->view->version, failed.message);
  }
  weir_error_release(&failed);
  wi_buf_release(&interval);
}

static void take_facts(view_job *j) {
  wi_run_view *v = j->view;
  v->version = v->commit.version;
  if (j->committed) {
    v->rows = j->staged.rows;
    v->files = j->staged.n;
    v->bytes = j->staged.bytes;
    checkpoint(j);
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
  wi_stage_prefix(pass->run_id, view->spec->name, j.prefix);
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
