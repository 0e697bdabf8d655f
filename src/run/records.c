/* What a run leaves behind in `_weir`. A run in which nothing moved writes one row; a record
 * that cannot be written is a warning, and the run is as good as before. */
#include <string.h>

#include "run/private.h"

static weir_status write_record(wi_pass *pass, wi_record_table table, wi_record *record,
                                const char *app_id, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  struct ArrowArrayStream stream = {0};
  wi_write_request r = {0};
  wi_write_report report = {0};
  char owner[300], any[64];
  snprintf(any, sizeof(any), "*/" WI_SCHEMA_RECORDS ".%s", wi_record_table_name(table));
  snprintf(owner, sizeof(owner), "%s%s", pass->project->spec->name, any + 1);
  const char *properties[] = {WI_OWNER_KEY, owner};
  const wi_br_pair info[] = {{"weir.record_format", "1"}, {"weir.run_id", pass->run_id}};
  if (wi_record_rows(record) == 0) {
    return WEIR_OK;
  }
  WI_CHECK(wi_record_uri(pass->project->spec, table, &uri, err));
  WI_CHECK(wi_record_stream(record, &stream, err)); /* the write's from here on */
  r.session = pass->session;
  r.uri = wi_buf_text(&uri);
  r.mode = WI_WRITE_APPEND;
  r.create = true;
  r.widen = true; /* a later version of weir knows more columns */
  r.owner = any;
  r.app = (wi_app){.id = app_id, .version = 1};
  r.table.properties = properties;
  r.table.n_properties = 1;
  r.info = info;
  r.n_info = 2;
  WI_CHECK(wi_write_stream(&r, &stream, &report, err));
  if (report.checkpoint != WEIR_OK) {
    wi_pass_warn(pass, report.checkpoint, "checkpoint",
                 "%s: no checkpoint at version %lld: %s", wi_record_table_name(table),
                 (long long)report.commit.version, report.checkpoint_failed);
  }
done:
  wi_buf_release(&uri);
  return status;
}

/* Frees the record. `made`: what came of filling it. */
static weir_status write_made(wi_pass *pass, wi_record_table table, weir_status made,
                              wi_record **record, const char *app_id, weir_error *err) {
  if (made == WEIR_OK) {
    made = write_record(pass, table, *record, app_id, err);
  }
  wi_record_free(record);
  return made;
}

static const char *run_status(const wi_pass *pass) {
  return pass->summary.cancelled   ? "interrupted"
         : pass->summary.error > 0 ? "failed"
                                   : "ok";
}

static weir_status record_run(wi_pass *pass, weir_error *err) {
  const wi_run_summary *sum = &pass->summary;
  const wi_session *s = pass->session;
  wi_record *r = NULL;
  WI_TRY(wi_record_new(WI_RECORD_RUNS, &r, err));
  wi_record_row(r);
  wi_record_text(r, "run_id", pass->run_id);
  wi_record_text(r, "project", pass->project->spec->name);
  wi_record_text(r, "status", run_status(pass));
  wi_record_time(r, "started_at", pass->time.started_us);
  wi_record_time(r, "finished_at", pass->time.finished_us);
  wi_record_time(r, "pinned_clock", pass->project->now_us);
  wi_record_int(r, "pass", sum->pass);
  wi_record_int(r, "reused", sum->reused);
  wi_record_int(r, "warn", sum->warn);
  wi_record_int(r, "error", sum->error);
  wi_record_int(r, "skip", sum->skip);
  wi_record_int(r, "total", sum->total);
  wi_record_text(r, "weir_version", WI_WRITER);
  wi_record_text(r, "spec_digest", pass->spec_digest);
  wi_record_text(r, "session_digest", s->digest);
  wi_record_text(r, "settings_digest", s->settings_digest);
  wi_record_text(r, "functions_digest", s->functions_digest);
  wi_record_text(r, "rules_digest", s->rules_digest);
  wi_record_text(r, "profile", pass->project->spec->profile_name);
  wi_record_int(r, "threads", s->threads);
  wi_record_int(r, "memory", (int64_t)s->memory);
  wi_record_int(r, "record_format", WI_RECORD_FORMAT);
  return write_made(pass, WI_RECORD_RUNS, WEIR_OK, &r, NULL, err);
}

/* ---- tasks ---- */

static void record_scan(wi_record *r, const wi_pass *pass, const wi_run_source *source) {
  char key[WI_DIGEST_HEX];
  wi_digest d;
  wi_digest_begin(&d, "weir.task.scan");
  wi_digest_text(&d, source->identity);
  wi_digest_end_hex(&d, key);
  wi_record_row(r);
  wi_record_text(r, "run_id", pass->run_id);
  wi_record_text(r, "task_key", key);
  wi_record_text(r, "kind", "scan");
  wi_record_text(r, "name", source->of->spec->name);
  wi_record_text(r, "inputs", "[]");
  wi_record_text(r, "status", "pass");
  wi_record_time(r, "started_at", source->table->started_us);
  wi_record_time(r, "finished_at", source->table->finished_us);
  wi_record_bool(r, "critical", false);
  wi_record_pin(r, source->table->pin);
  wi_record_text(r, "input_kind", "delta");
  wi_record_text(r, "provider_kind", "delta_native");
}

/* Sources, then views, as the SQL names them. */
static void input_names(const wi_run_view *view, wi_buf *out) {
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_array(&j);
  for (size_t i = 0; i < view->facts.n_inputs; i++) {
    wi_json_text(&j, view->facts.inputs[i].now.name);
  }
  wi_json_array_end(&j);
}

static void pins_json(const wi_pass *pass, const wi_run_view *view, wi_buf *out) {
  wi_json j;
  wi_json_begin(&j, out);
  wi_json_array(&j);
  for (size_t i = 0; i < view->facts.n_inputs; i++) {
    const wi_key_input *input = &view->facts.inputs[i].now;
    if (input->what == WI_KEY_FUNCTIONS) {
      continue;
    }
    wi_json_object(&j);
    wi_json_kt(&j, "name", input->name);
    if (input->what == WI_KEY_SOURCE) {
      wi_json_kt(&j, "uri", input->pin->uri);
      wi_json_ki(&j, "version", input->pin->version);
      wi_json_kt(&j, "commit_digest", input->pin->commit_digest);
    } else {
      size_t up = wi_project_view_index(pass->project, input->name);
      wi_json_ki(&j, "version", pass->views[up].outcome.version);
      wi_json_kt(&j, "result_key", input->identity);
    }
    wi_json_object_end(&j);
  }
  wi_json_array_end(&j);
}

static const char *mode_text(const wi_run_view *view) {
  if (view->outcome.status != WI_TASK_PASS) {
    return NULL;
  }
  return view->outcome.mode == WI_WRITE_ADJUST ? "adjust"
         : view->outcome.version == 0          ? "create"
                                               : "overwrite";
}

static void record_view(wi_record *r, const wi_pass *pass, const wi_run_view *view) {
  wi_buf inputs = WI_BUF_INIT, pins = WI_BUF_INIT;
  char app_id[320];
  bool passed = view->outcome.status == WI_TASK_PASS;
  snprintf(app_id, sizeof(app_id), WI_APP_PREFIX "%s/%s", pass->project->spec->name,
           view->refs->spec->name);
  input_names(view, &inputs);
  pins_json(pass, view, &pins);
  wi_record_row(r);
  wi_record_text(r, "run_id", pass->run_id);
  wi_record_text(r, "task_key", view->decision.result_key);
  wi_record_text(r, "kind", "view");
  wi_record_text(r, "name", view->refs->spec->name);
  wi_record_buf(r, "inputs", &inputs);
  wi_record_text(r, "status", wi_task_status_name(view->outcome.status));
  wi_record_text(r, "action", wi_action_name(view->decision.action));
  wi_record_text(r, "reason", wi_view_reason(view));
  wi_record_time(r, "started_at", view->outcome.started_us);
  wi_record_time(r, "finished_at", view->outcome.finished_us);
  wi_record_bool(r, "critical", view->outcome.critical);
  wi_record_int(r, "slack_us", view->outcome.slack_us);
  wi_record_text(r, "uri", wi_store_uri(view->store));
  wi_record_text(r, "plan_digest", view->decision.plan_digest);
  wi_record_text(r, "planning_key", view->facts.digests.planning);
  wi_record_text(r, "result_key", view->decision.result_key);
  wi_record_text(r, "schema_digest", view->decision.schema_digest);
  wi_record_buf(r, "pins", &pins);
  wi_record_text(r, "mode", mode_text(view));
  if (view->outcome.version >= 0) {
    wi_record_int(r, "version", view->outcome.version);
  }
  if (passed) {
    wi_record_time(r, "snapshot_timestamp", view->outcome.commit.timestamp_us);
    wi_record_text(r, "app_id", app_id);
    wi_record_int(r, "app_version", view->outcome.commit.app_version);
    wi_record_int(r, "retries", view->outcome.commit.retries);
    wi_record_int(r, "rows", (int64_t)view->outcome.rows);
    wi_record_int(r, "files", (int64_t)view->outcome.files);
    wi_record_int(r, "bytes", (int64_t)view->outcome.bytes);
    wi_record_int(r, "peak_bytes", (int64_t)view->outcome.peak_bytes);
  }
  if (view->outcome.error.code != WEIR_OK) {
    wi_record_text(r, "error_code", weir_error_code_name(view->outcome.error.code));
    wi_record_text(r, "error_message", view->outcome.error.message);
  }
  wi_buf_release(&inputs);
  wi_buf_release(&pins);
}

static weir_status record_tasks(wi_pass *pass, weir_error *err) {
  wi_record *r = NULL;
  WI_TRY(wi_record_new(WI_RECORD_TASKS, &r, err));
  for (size_t i = 0; i < pass->project->n_sources; i++) {
    if (pass->sources[i].identity[0] != '\0' && pass->sources[i].table != NULL) {
      record_scan(r, pass, &pass->sources[i]);
    }
  }
  for (size_t i = 0; i < pass->project->spec->n_views; i++) {
    const wi_run_view *view = &pass->views[pass->project->order[i]];
    if (view->chosen) {
      record_view(r, pass, view);
    }
  }
  return write_made(pass, WI_RECORD_TASKS, WEIR_OK, &r, NULL, err);
}

/* ---- plans, session, warnings ---- */

static weir_status record_plan(wi_record *r, const wi_pass *pass, const wi_run_view *view,
                               weir_error *err) {
  wi_buf inputs = WI_BUF_INIT;
  input_names(view, &inputs);
  wi_record_row(r);
  wi_record_text(r, "plan_digest", view->decision.plan_digest);
  wi_record_text(r, "view", view->refs->spec->name);
  wi_record_text(r, "run_id", pass->run_id);
  wi_record_text(r, "sql", view->refs->spec->sql);
  wi_record_buf(r, "inputs", &inputs);
  wi_buf_release(&inputs);
  return wi_record_plan(r, pass->session, view->made.plan, err);
}

/* A plan is written when it is first committed, not again with every run. */
static weir_status record_plans(wi_pass *pass, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_record *r = NULL;
  WI_CHECK(wi_record_new(WI_RECORD_PLANS, &r, err));
  for (size_t i = 0; i < pass->project->spec->n_views; i++) {
    const wi_run_view *view = &pass->views[pass->project->order[i]];
    const wi_last *last = &view->facts.last;
    bool known = last->found && strcmp(last->stamp.text[WI_STAMP_PLAN_DIGEST],
                                       view->decision.plan_digest) == 0;
    if (view->outcome.status == WI_TASK_PASS && view->made.plan != NULL && !known) {
      WI_CHECK(record_plan(r, pass, view, err));
    }
  }
done:
  return write_made(pass, WI_RECORD_PLANS, status, &r, NULL, err);
}

/* Once for each digest. */
static weir_status record_settings(wi_pass *pass, weir_error *err) {
  wi_record *r = NULL;
  char app_id[96];
  snprintf(app_id, sizeof(app_id), "weir-settings/%s", pass->session->settings_digest);
  weir_status made = wi_record_settings(pass->session, &r, err);
  return write_made(pass, WI_RECORD_SETTINGS, made, &r, app_id, err);
}

static weir_status record_plugins(wi_pass *pass, weir_error *err) {
  wi_record *r = NULL;
  weir_status made = wi_record_plugins(pass->session, pass->run_id, &r, err);
  return write_made(pass, WI_RECORD_PLUGINS, made, &r, NULL, err);
}

/* Those of reading the project, then those of the pass. */
static weir_status record_warnings(wi_pass *pass, weir_error *err) {
  wi_record *r = NULL;
  WI_TRY(wi_record_new(WI_RECORD_WARNINGS, &r, err));
  wi_record_warnings(r, pass->run_id, pass->project->diags);
  wi_record_warnings(r, pass->run_id, &pass->warnings);
  return write_made(pass, WI_RECORD_WARNINGS, WEIR_OK, &r, NULL, err);
}

void wi_pass_record(wi_pass *pass) {
  const wi_run_summary *sum = &pass->summary;
  bool moved = sum->reused < sum->total;
  wi_stop_scope before = wi_stop_ending();
  weir_status (*const parts[])(wi_pass *, weir_error *) = {moved ? record_tasks : NULL,
                                                           moved ? record_plans : NULL,
                                                           moved ? record_settings : NULL,
                                                           moved ? record_plugins : NULL,
                                                           record_warnings,
                                                           record_run};
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
    weir_error err = WEIR_ERROR_INIT;
    if (parts[i] != NULL && parts[i](pass, &err) != WEIR_OK) {
      wi_pass_warn(pass, err.code, "record",
                   "a record of this run could not be written: %s", err.message);
    }
    weir_error_release(&err);
  }
  wi_stop_leave(before);
}
