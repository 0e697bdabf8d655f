/* What is: pins of the sources, last results of the views, and each input beside the one that was
 * recorded. No judgement. */
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

#define WAVE_REMOTE 16 /* reads under way at once, where they wait for a network */

/* ---- waves of reads: all at once, and then what only their answers ask for ---- */

typedef struct reads {
  wi_pass *pass;
  weir_error *errors; /* by view */
} reads;

static weir_status read_last(wi_pass *pass, wi_run_view *view, weir_error *err) {
  const wi_spec *spec = pass->project->spec;
  const char *name = view->refs->spec->name;
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  WI_CHECK(wi_view_uri(spec, name, &uri, err));
  WI_CHECK(wi_session_store(pass->session, wi_buf_text(&uri), &view->store, err));
  WI_CHECK(wi_last_read(pass->project->engine, spec->name, name, view->store,
                        &view->facts.last, err));
  view->outcome.version = view->facts.last.latest;
done:
  wi_buf_release(&uri);
  return status;
}

static void read_view(void *ctx, size_t v) {
  const reads *r = ctx;
  wi_run_view *view = &r->pass->views[v];
  if (!wi_stop_fired(r->pass->stop) && view->needed && !view->blocked) {
    (void)read_last(r->pass, view, &r->errors[v]);
  }
}

static void read_table(void *ctx, size_t t) {
  const reads *r = ctx;
  if (!wi_stop_fired(r->pass->stop)) {
    wi_table_resolve(r->pass, &r->pass->tables[t]);
  }
}

static void know_one(void *ctx, size_t i) {
  wi_pass *pass = ((const reads *)ctx)->pass;
  if (!wi_stop_fired(pass->stop)) {
    wi_table_know(pass, &pass->tables[i]);
  }
}

/* How many reads may be under way. */
static size_t wave_width(const wi_pass *pass) {
  bool local = strncmp(pass->project->spec->warehouse, "file:", 5) == 0;
  for (size_t i = 0; i < pass->n_tables; i++) {
    local = local && wi_store_local(pass->tables[i].store) != NULL;
  }
  return local ? pass->session->threads : WAVE_REMOTE;
}

/* The first source that names a failed table tells of it. */
static void block_sources(wi_pass *pass) {
  const wi_project *project = pass->project;
  for (size_t s = 0; s < project->n_sources; s++) {
    wi_run_table *table = pass->sources[s].table;
    if (table == NULL || table->pin != NULL) {
      continue;
    }
    if (table->failed.code != WEIR_OK) {
      wi_source_explain(pass->sources[s].of, &table->failed);
      wi_diags_take(project->diags, &table->failed, false);
    }
    for (size_t v = 0; v < project->spec->n_views; v++) {
      const wi_view_refs *refs = pass->views[v].refs;
      for (size_t k = 0; k < refs->n_sources; k++) {
        pass->views[v].blocked = pass->views[v].blocked || refs->sources[k] == s;
      }
    }
  }
}

static void block_views(wi_pass *pass, weir_error *errors) {
  for (size_t v = 0; v < pass->project->spec->n_views; v++) {
    const wi_spec_view *spec = pass->views[v].refs->spec;
    if (errors[v].code != WEIR_OK) {
      pass->views[v].blocked = true;
      wi_err_where(&errors[v], spec->file, spec->sql_line, 0);
      wi_diags_take(pass->project->diags, &errors[v], false);
    }
    weir_error_release(&errors[v]);
  }
}

weir_status wi_pass_read_facts(wi_pass *pass, weir_error *err) {
  size_t n_views = pass->project->spec->n_views;
  reads r = {pass, NULL};
  const wi_executor views = {read_view, &r}, tables = {read_table, &r},
                    know = {know_one, &r};
  WI_TRY(wi_pass_find_tables(pass, err));
  r.errors = wi_alloc_array(n_views + 1, sizeof(*r.errors));
  if (r.errors == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  /* What a view stands on is read before its sources are pinned: a result that another run commits
   * after that is found at the put, and one from before it was pinned before this run pinned. The
   * other way round an older result could be put on a newer one (tests/unit/delta/test_model.c). */
  size_t width = wave_width(pass);
  wi_wave(n_views, width, &views);
  wi_wave(pass->n_tables, width, &tables);
  wi_wave(pass->n_tables, width, &know);
  if (!wi_stop_fired(pass->stop)) {
    block_sources(pass);
  }
  block_views(pass, r.errors);
  wi_free(r.errors);
  return WEIR_OK;
}

/* ---- inputs ---- */

static void source_identity(const wi_pass *pass, wi_run_source *source) {
  char table[WI_DIGEST_HEX] = "";
  const wi_project_source *of = source->of;
  const wi_pin *pin = source->table != NULL ? source->table->pin : NULL;
  if (pin != NULL) {
    wi_pin_identity(pin, table);
  }
  if (of->call == WI_CALL_NONE) {
    memcpy(source->identity, table, sizeof(source->identity));
  } else {
    wi_call_identity(pass->session, of->call, of->fn, pin, table, source->identity);
  }
}

/* Two copies that went different ways can have one last commit. Their files tell them apart, and
 * are looked at where the place is another than recorded, or the commit names no file. */
static weir_status compare_files(wi_pass *pass, wi_run_table *table,
                                 const wi_key_input *recorded, wi_input_fact *out,
                                 weir_error *err) {
  bool moved = strcmp(recorded->pin->uri, table->pin->uri) != 0;
  if (!moved && (table->pin->names_files || recorded->state[0] == '\0')) {
    return WEIR_OK;
  }
  WI_TRY(wi_table_state(pass, table, out->now.state, err));
  out->files =
      strcmp(out->now.state, recorded->state) == 0 ? WI_FILES_SAME : WI_FILES_OTHER;
  return WEIR_OK;
}

/* Where its last commit does not tell what a table is, its files do. */
static weir_status identify_by_files(wi_pass *pass, wi_run_table *table,
                                     wi_key_input *now, weir_error *err) {
  wi_digest d;
  WI_TRY(wi_table_state(pass, table, now->state, err));
  wi_digest_begin(&d, "weir.pin.state");
  wi_digest_text(&d, now->identity);
  wi_digest_text(&d, now->state);
  wi_digest_end_hex(&d, now->identity);
  return WEIR_OK;
}

/* Once for all views of one age; the recorded commit last: it goes before those after it. */
static weir_status read_between(wi_run_table *table, const wi_pin *was, weir_error *err) {
  if (table->moved.asked && table->moved.from == was->version &&
      strcmp(table->moved.digest, was->commit_digest) == 0) {
    return WEIR_OK;
  }
  table->moved.asked = false;
  WI_TRY(wi_log_only_maintained(table->store, was->version, table->pin->version,
                                &table->moved.maintained, err));
  if (table->moved.maintained) {
    WI_TRY(wi_log_is_commit(table->store, was->version, was->commit_digest,
                            &table->moved.maintained, &table->moved.names_files, err));
  }
  table->moved.asked = true;
  table->moved.from = was->version;
  memcpy(table->moved.digest, was->commit_digest, sizeof(table->moved.digest));
  return WEIR_OK;
}

/* Had it the recorded files when it was at the recorded version? */
static weir_status had_files(wi_pass *pass, wi_run_table *table,
                             const wi_key_input *recorded, bool *had, weir_error *err) {
  wi_pin pin = {.version = -1};
  wi_snap *snap = NULL;
  char state[WI_DIGEST_HEX] = "";
  weir_error gone = WEIR_ERROR_INIT;
  *had = false;
  weir_status status = wi_pin_at(pass->project->engine, table->store,
                                 recorded->pin->version, &pin, &snap, &gone);
  if (status == WEIR_OK) {
    status = wi_pin_state(snap, &pin, state, &gone);
    *had = status == WEIR_OK && strcmp(state, recorded->state) == 0;
  }
  status =
      wi_err_except(status, WEIR_E_VERSION_MISSING, &gone, err); /* nobody can tell */
  wi_snap_unref(&snap);
  wi_pin_release(&pin);
  return status;
}

/* Was it moved only by commits that changed no row, from what was recorded on? One that went back
 * and then another way has other rows at the recorded version. */
static weir_status look_between(wi_pass *pass, wi_run_table *table,
                                const wi_key_input *recorded, wi_input_fact *out,
                                weir_error *err) {
  const wi_pin *was = recorded->pin;
  if (was->version >= table->pin->version ||
      strcmp(was->table_id, table->pin->table_id) != 0) {
    return WEIR_OK;
  }
  WI_TRY(read_between(table, was, err));
  out->maintained = table->moved.maintained;
  bool moved = strcmp(was->uri, table->pin->uri) != 0;
  bool told = !moved && (table->moved.names_files || recorded->state[0] == '\0');
  return !out->maintained || told
             ? WEIR_OK
             : had_files(pass, table, recorded, &out->maintained, err);
}

static weir_status source_fact(wi_pass *pass, size_t index, const wi_key_inputs *before,
                               wi_input_fact *out, weir_error *err) {
  wi_run_source *source = &pass->sources[index];
  wi_run_table *table = source->table;
  wi_call_kind call = source->of->call;
  const wi_key_input *recorded = wi_key_inputs_find(before, source->of->spec->name);
  source_identity(pass, source);
  out->now.what = table != NULL ? WI_KEY_SOURCE : WI_KEY_FUNCTIONS;
  out->now.name = source->of->spec->name;
  out->now.version = -1;
  memcpy(out->now.identity, source->identity, sizeof(out->now.identity));
  out->rows = call == WI_CALL_NONE || call == WI_CALL_ROWS;
  if (table == NULL) {
    return WEIR_OK;
  }
  out->now.pin = wi_pin_ref(table->pin);
  if (!out->rows) {
    return WEIR_OK;
  }
  bool known = recorded != NULL && recorded->pin != NULL;
  bool same = known && wi_pin_same(recorded->pin, table->pin);
  if (same) {
    WI_TRY(compare_files(pass, table, recorded, out, err));
  } else if (known) {
    WI_TRY(look_between(pass, table, recorded, out, err));
  }
  bool stands = same && out->files == WI_FILES_SAME;
  return stands || (table->pin->names_files && out->files == WI_FILES_SAME)
             ? WEIR_OK
             : identify_by_files(pass, table, &out->now, err);
}

static weir_status input_facts(wi_pass *pass, wi_run_view *view, weir_error *err) {
  const wi_view_refs *refs = view->refs;
  wi_view_facts *f = &view->facts;
  f->inputs = wi_alloc_array(refs->n_sources + refs->n_views + 1, sizeof(*f->inputs));
  if (f->inputs == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < refs->n_sources; i++) {
    WI_TRY(source_fact(pass, refs->sources[i], &f->last.stamp.inputs,
                       &f->inputs[f->n_inputs++], err));
  }
  for (size_t i = 0; i < refs->n_views; i++) {
    const wi_run_view *up = &pass->views[refs->views[i]];
    wi_key_input *now = &f->inputs[f->n_inputs++].now;
    now->what = WI_KEY_VIEW;
    now->name = up->refs->spec->name;
    now->version = -1;
    memcpy(now->identity, up->decision.identity, sizeof(now->identity));
  }
  return WEIR_OK;
}

/* ---- one view ---- */

static void planning_key(const wi_pass *pass, const wi_run_view *view,
                         char out[WI_DIGEST_HEX]) {
  const wi_view_refs *refs = view->refs;
  wi_digest d;
  wi_digest_begin(&d, "weir.planning");
  wi_digest_text(&d, view->facts.digests.view);
  wi_digest_text(&d, pass->session->digest);
  wi_params_digest(refs, &d);
  wi_digest_u64(&d, refs->n_sources);
  for (size_t i = 0; i < refs->n_sources; i++) {
    const wi_run_source *source = &pass->sources[refs->sources[i]];
    wi_digest_text(&d, source->of->spec->name);
    wi_digest_text(&d, source->table != NULL ? source->table->pin->schema_digest : "");
  }
  wi_digest_u64(&d, refs->n_views);
  for (size_t i = 0; i < refs->n_views; i++) {
    const wi_run_view *up = &pass->views[refs->views[i]];
    wi_digest_text(&d, up->refs->spec->name);
    wi_digest_text(&d, up->decision.schema_digest);
  }
  wi_digest_end_hex(&d, out);
}

static void view_digests(const wi_pass *pass, wi_run_view *view) {
  const wi_spec_view *spec = view->refs->spec;
  wi_view_digests *out = &view->facts.digests;
  wi_digest own;
  wi_digest_begin(&own, "weir.view");
  wi_spec_view_digest(spec, &own);
  wi_digest_end_hex(&own, out->view);
  wi_spec_shape_digest(spec, out->shape);
  wi_spec_gate_digest(spec, out->gate);
  planning_key(pass, view, out->planning);
}

/* Somebody else wrote metaData or a protocol: are the columns still those of the result? */
static weir_status look_at_columns(wi_pass *pass, wi_run_view *view, weir_error *err) {
  wi_view_facts *f = &view->facts;
  const wi_stamp *stamp = &f->last.stamp;
  bool foreign = f->last.found && f->last.columns.any;
  bool same_keys = true;
  if (!f->last.table || (f->chosen && !foreign)) {
    return WEIR_OK;
  }
  WI_TRY(wi_view_table_schema(pass, view, &same_keys, err));
  WI_TRY(wi_schema_digest(&view->made.schema, f->digests.table, err));
  bool asked =
      foreign && strcmp(stamp->text[WI_STAMP_SHAPE_DIGEST], f->digests.shape) == 0;
  f->reshaped =
      foreign && (strcmp(f->digests.table, stamp->text[WI_STAMP_SCHEMA_DIGEST]) != 0 ||
                  (asked && !same_keys));
  return WEIR_OK;
}

weir_status wi_view_gather(wi_pass *pass, wi_run_view *view, weir_error *err) {
  wi_view_facts *f = &view->facts;
  f->name = view->refs->spec->name;
  f->settings = pass->session->settings_digest;
  f->run_id = pass->run_id;
  f->chosen = view->chosen;
  f->forced = pass->full_refresh;
  WI_TRY(wi_params_json(view->refs, &view->params, err));
  f->params = wi_buf_text(&view->params);
  view_digests(pass, view);
  WI_TRY(input_facts(pass, view, err));
  return look_at_columns(pass, view, err);
}

weir_status wi_view_check(const wi_run_view *view, weir_error *err) {
  const char *made = view->outcome.commit.digest;
  const char *digest = made[0] != '\0' ? made : view->facts.last.latest_digest;
  return wi_commit_check(view->store, view->outcome.version, digest, err);
}

weir_status wi_view_snapshot(wi_pass *pass, wi_run_view *view, weir_error *err) {
  weir_status status = WEIR_OK;
  pthread_mutex_lock(&view->read.lock);
  if (view->read.snap == NULL) {
    WI_CHECK(wi_snap_at(pass->project->engine, view->store, view->outcome.version,
                        &view->read.snap, err));
    WI_CHECK(wi_view_check(view, err));
  }
done:
  if (status != WEIR_OK) {
    wi_snap_unref(&view->read.snap);
  }
  pthread_mutex_unlock(&view->read.lock);
  return status;
}
