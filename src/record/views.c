/* The system views of the schema `weir`. */
#include <string.h>

#include "record/record.h"

static const struct {
  const char *name;
  wi_record_table table;
  const char *sql;
} views[] = {
    {"pins", WI_RECORD_TASKS,
     "SELECT run_id, name, input_kind AS kind, provider_kind, uri, version, "
     "snapshot_timestamp, "
     "table_id, schema_digest, commit_digest, min_reader_version, min_writer_version, "
     "reader_features, writer_features FROM weir.tasks WHERE kind = 'scan'"},
    {"commits", WI_RECORD_TASKS,
     "SELECT run_id, name AS view, uri, version, snapshot_timestamp AS committed_at, "
     "mode, "
     "app_id, app_version, retries, rows, files, bytes, plan_digest, result_key, pins "
     "FROM weir.tasks WHERE kind = 'view' AND status = 'pass' AND version IS NOT NULL"},
    {"settings", WI_RECORD_SETTINGS,
     "SELECT settings_digest, key, value FROM weir.session_settings"},
};

const char *wi_record_view_sql(const char *name, wi_record_table *table) {
  for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
    if (strcmp(views[i].name, name) == 0) {
      *table = views[i].table;
      return views[i].sql;
    }
  }
  return NULL;
}

const char *const *wi_record_names(size_t *n) {
  static const char *const names[] = {"commits", "pins",     "plans",
                                      "plugins", "runs",     "settings",
                                      "tasks",   "warnings", "session_settings"};
  *n = sizeof(names) / sizeof(names[0]);
  return names;
}
