/* A view's last result, as its own table's log tells it. */
#include <stdio.h>
#include <string.h>

#include "run/private.h"

#define WI_ORIGIN "run"

static weir_status below(const wi_spec *spec, const char *first, const char *second,
                         wi_buf *out, weir_error *err) {
  wi_buf_clear(out);
  wi_buf_fmt(out, "%s/%s", spec->warehouse, first);
  if (second != NULL) {
    wi_buf_fmt(out, "/%s", second);
  }
  return wi_buf_check(out, err, WI_ORIGIN);
}

weir_status wi_view_uri(const wi_spec *spec, const char *view, wi_buf *out,
                        weir_error *err) {
  return below(spec, view, NULL, out, err);
}

weir_status wi_record_uri(const wi_spec *spec, wi_record_table table, wi_buf *out,
                          weir_error *err) {
  return below(spec, WI_RECORD_FOLDER, wi_record_table_name(table), out, err);
}

static bool is_own(const wi_spec *spec, const char *view, const wi_commit *commit) {
  const char *project = wi_commit_info_text(commit, "weir.project");
  const char *name = wi_commit_info_text(commit, "weir.view");
  return project != NULL && name != NULL && strcmp(project, spec->name) == 0 &&
         strcmp(name, view) == 0;
}

static const char *text_of(const wi_commit *commit, const char *key) {
  const char *text = wi_commit_info_text(commit, key);
  return text != NULL ? text : "";
}

static void take_texts(wi_last *last) {
  const wi_commit *c = &last->commit;
  last->planning_key = text_of(c, "weir.planning_key");
  last->result_key = text_of(c, "weir.result_key");
  last->run_id = text_of(c, "weir.run_id");
  last->plan_digest = text_of(c, "weir.plan_digest");
  last->functions_digest = text_of(c, "weir.functions_digest");
  last->settings_digest = text_of(c, "weir.settings_digest");
  last->shape_digest = text_of(c, "weir.shape_digest");
  last->gate_digest = text_of(c, "weir.gate_digest");
  last->schema_digest = text_of(c, "weir.schema_digest");
  last->view_digest = text_of(c, "weir.view_digest");
  last->params = text_of(c, "weir.params");
  last->is_volatile = text_of(c, "weir.volatile");
  last->inputs = json_loads(text_of(c, "weir.inputs"), 0, NULL);
}

/* From the newest commit back to the first of this view's own. */
static weir_status walk_back(const wi_spec *spec, const char *view, wi_store *store,
                             const wi_log *log, wi_last *out, weir_error *err) {
  size_t left = log->n_commits;
  for (int64_t v = log->first - 1; left > 0 || v >= 0;) {
    wi_commit commit = {0};
    weir_error gone = WEIR_ERROR_INIT;
    bool listed = left > 0; /* then those from before the last checkpoint, one by one */
    weir_status status =
        wi_commit_read(store, listed ? log->commits[--left] : v--, &commit, &gone);
    if (status != WEIR_OK) {
      bool end = status == WEIR_E_NOT_FOUND && !listed;
      wi_err_move(end ? NULL : err, &gone);
      return end ? WEIR_OK : status;
    }
    if (commit.version == log->latest) {
      memcpy(out->latest_digest, commit.digest, sizeof(out->latest_digest));
      out->latest_us = commit.timestamp_us;
    }
    if (is_own(spec, view, &commit)) {
      out->found = true;
      out->version = commit.version;
      out->commit = commit;
      take_texts(out);
      return WEIR_OK;
    }
    if (commit.data_change && !out->foreign_data) {
      const char *writer = wi_commit_info_text(&commit, "engineInfo");
      out->foreign_data = true;
      out->foreign_version = commit.version;
      snprintf(out->foreign_writer, sizeof(out->foreign_writer), "%s",
               writer != NULL ? writer : "an unnamed writer");
    }
    wi_commit_release(&commit);
  }
  return WEIR_OK;
}

weir_status wi_last_read(const wi_spec *spec, const char *view, wi_store *store,
                         wi_last *out, weir_error *err) {
  weir_error first = WEIR_ERROR_INIT;
  wi_log log = {0};
  memset(out, 0, sizeof(*out));
  out->latest = out->version = -1;
  weir_status status = wi_log_list(store, &log, &first);
  if (status == WEIR_E_TABLE_MISSING) {
    weir_error_release(&first);
    return WEIR_OK;
  }
  if (status == WEIR_OK) {
    out->table = true;
    out->latest = log.latest;
    status = walk_back(spec, view, store, &log, out, &first);
  }
  wi_log_release(&log);
  if (status != WEIR_OK) {
    wi_last_release(out);
  }
  wi_err_move(err, &first);
  return status;
}

void wi_last_release(wi_last *last) {
  json_decref(last->inputs);
  wi_commit_release(&last->commit);
  memset(last, 0, sizeof(*last));
}
