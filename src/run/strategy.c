/* Full: the rows are made again. Adjust: those that are there are checked. */
#include "run/strategy.h"

#include <string.h>

#define WI_ORIGIN "run"

/* ---- inputs ---- */

static weir_status bind_source(wi_view_job *j, const wi_run_source *source,
                               weir_error *err) {
  const wi_snap *snap = NULL;
  const wi_pin *full = NULL;
  const char *name = source->of->spec->name;
  wi_session *session = j->pass->session;
  char state[WI_DIGEST_HEX];
  if (source->table != NULL) {
    WI_TRY(wi_table_open(j->pass, source->table, &snap, &full, err));
    /* The commit tells of it. Read now: once views compute, the engine's threads may be theirs for
     * long, and no stop reaches a reading that waits for one. */
    WI_TRY(wi_table_state(j->pass, source->table, state, err));
  }
  if (source->of->call != WI_CALL_NONE) {
    return wi_call_bind(session, source->of->call, full, snap, j->bind, name, err);
  }
  return wi_snap_bind(snap, j->bind, WI_SCHEMA_MAIN, name, err);
}

static weir_status bind_view(wi_view_job *j, wi_run_view *view, weir_error *err) {
  WI_TRY(wi_view_snapshot(j->pass, view, err));
  return wi_snap_bind(view->read.snap, j->bind, WI_SCHEMA_MAIN, view->refs->spec->name,
                      err);
}

static weir_status bind_inputs(wi_view_job *j, weir_error *err) {
  const wi_key_inputs *inputs = &j->view->decision.inputs;
  const wi_project *project = j->pass->project;
  WI_TRY(wi_br_bind_new(project->engine, &j->bind, err));
  for (size_t i = 0; i < inputs->n; i++) {
    const char *name = inputs->items[i].name;
    if (inputs->items[i].what == WI_KEY_VIEW) {
      size_t view = wi_project_view_index(project, name);
      WI_TRY(bind_view(j, &j->pass->views[view], err));
    } else {
      size_t source = wi_project_source_index(project, name);
      WI_TRY(bind_source(j, &j->pass->sources[source], err));
    }
  }
  return WEIR_OK;
}

/* ---- stage and gate ---- */

wi_table_props wi_view_props(const wi_view_job *j) {
  const wi_pairs *header = &j->view->refs->spec->properties;
  return (wi_table_props){header->keys, header->values, header->n, 1, &j->base};
}

static weir_status stage(wi_view_job *j, weir_error *err) {
  const wi_spec_view *spec = j->view->refs->spec;
  wi_stage_request r = {0};
  wi_stats_columns stats;
  bool planned_again = false;
  wi_table_props props = wi_view_props(j);
  WI_TRY(wi_table_stats(&props, &stats, err));
  r.session = j->pass->session;
  r.plan = j->view->made.plan->plan;
  r.bind = j->bind;
  r.store = j->view->store;
  r.prefix = j->prefix;
  r.partition_columns = spec->partition_by.items;
  r.n_partition_columns = spec->partition_by.n;
  r.sort_columns = spec->sort_by.items;
  r.n_sort_columns = spec->sort_by.n;
  r.target_file_bytes = spec->target_file_size > 0 ? (uint64_t)spec->target_file_size : 0;
  r.stats = &stats;
  r.order_sensitive = j->view->made.plan->order_sensitive;
  r.memory = j->memory;
  r.partitions = j->pass->session->threads;
  r.cancel = j->cancel;
  weir_status status =
      wi_stage(&r, &j->staged, &j->view->outcome.peak_bytes, &planned_again, err);
  wi_stats_columns_release(&stats);
  if (planned_again) {
    wi_pass_warn(j->pass, WEIR_E_MEMORY, "execute",
                 "%s was planned again in less memory: as planned first it did not fit",
                 spec->name);
  }
  return status;
}

static weir_status gate(wi_view_job *j, weir_error *err) {
  const wi_spec_view *spec = j->view->refs->spec;
  return wi_gate_run(j->view->made.gate, j->view->store, &j->staged,
                     spec->partition_by.items, spec->partition_by.n, j->memory, j->cancel,
                     err);
}

/* ---- strategies ---- */

static weir_status full(wi_view_job *j, weir_error *err) {
  WI_TRY(bind_inputs(j, err));
  WI_TRY(stage(j, err));
  return gate(j, err);
}

static weir_status adjust(wi_view_job *j, weir_error *err) {
  return wi_gate_run_snapshot(j->view->made.gate, j->base_snap, j->memory, j->cancel,
                              err);
}

const wi_strategy *wi_strategy_of(wi_action action) {
  static const wi_strategy all[] = {
      {WI_ACTION_FULL, WI_WRITE_OVERWRITE, "WRITE", true, full},
      {WI_ACTION_ADJUST, WI_WRITE_ADJUST, "SET TBLPROPERTIES", false, adjust}};
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    if (all[i].action == action) {
      return &all[i];
    }
  }
  return NULL;
}
