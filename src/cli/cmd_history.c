/* weir history VIEW: the commits of its table. */
#include "project.h"

#define DEFAULT_LIMIT 20

static void entry_json(wi_cli_buf *b, const weir_history_entry *entry) {
  wi_cli_buf time = WI_CLI_BUF_INIT;
  wi_cli_timestamp_text(&time, entry->timestamp_us, 6, true);
  wi_cli_buf_chr(b, '{');
  wi_cli_json_ki(b, "version", entry->version);
  wi_cli_json_kt(b, "timestamp", wi_cli_buf_text(&time));
  wi_cli_json_kt(b, "operation", entry->operation);
  wi_cli_json_kt(b, "mode", entry->mode);
  wi_cli_json_kt(b, "run_id", entry->run_id);
  wi_cli_json_kt(b, "result_key", entry->result_key);
  wi_cli_json_kt(b, "engine", entry->engine);
  wi_cli_json_ku(b, "rows", entry->rows);
  wi_cli_json_ku(b, "files", entry->files);
  wi_cli_json_ku(b, "bytes", entry->bytes);
  wi_cli_buf_str(b, "}\n");
  wi_cli_buf_release(&time);
}

static void entry_text(wi_cli_grid *grid, const weir_history_entry *entry) {
  wi_cli_buf text = WI_CLI_BUF_INIT;
  wi_cli_grid_addf(grid, "%lld", (long long)entry->version);
  wi_cli_timestamp_text(&text, entry->timestamp_us, 6, true);
  wi_cli_grid_add(grid, wi_cli_buf_text(&text));
  wi_cli_grid_add(grid, entry->operation);
  wi_cli_grid_add(grid, entry->mode);
  wi_cli_buf_clear(&text);
  wi_cli_grouped(&text, entry->rows);
  wi_cli_grid_add(grid, wi_cli_buf_text(&text));
  wi_cli_buf_clear(&text);
  wi_cli_grouped(&text, entry->files);
  wi_cli_grid_add(grid, wi_cli_buf_text(&text));
  wi_cli_buf_clear(&text);
  wi_cli_bytes_text(&text, entry->bytes);
  wi_cli_grid_add(grid, wi_cli_buf_text(&text));
  wi_cli_grid_add(grid, entry->run_id);
  wi_cli_buf_release(&text);
}

static void show_history(wi_cli_call *call, const weir_history_entry *entries, size_t n) {
  static const char *const heads[] = {"VERSION", "TIME",  "OPERATION", "MODE",
                                      "ROWS",    "FILES", "BYTES",     "RUN"};
  wi_cli_grid grid;
  wi_cli_grid_init(&grid, 8, 1U << 0 | 1U << 4 | 1U << 5 | 1U << 6);
  for (size_t i = 0; i < 8; i++) {
    wi_cli_grid_add(&grid, heads[i]);
  }
  for (size_t i = 0; i < n; i++) {
    if (call->screen.format == WI_CLI_FORMAT_JSON) {
      entry_json(&call->screen.out.buf, &entries[i]);
    } else {
      entry_text(&grid, &entries[i]);
    }
  }
  if (call->screen.format != WI_CLI_FORMAT_JSON) {
    wi_cli_grid_print(&grid, &call->screen, true);
  }
  wi_cli_grid_release(&grid);
}

int wi_cli_cmd_history(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_history_entry *entries = NULL;
  weir_error err = WEIR_ERROR_INIT;
  const wi_cli_value *limit = &call->values[WI_CLI_LIMIT];
  size_t n = 0;
  int code = 0;
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  if (wi_cli_project_node(call, project, call->args[0], &code) != NULL) {
    weir_status status = weir_project_history(
        project, call->args[0], limit->set ? (size_t)limit->number : DEFAULT_LIMIT,
        &entries, &n, &err);
    if (status == WEIR_OK) {
      show_history(call, entries, n);
    } else {
      code = wi_cli_project_fail(call, project, &err);
    }
  }
  weir_history_free(entries, n);
  weir_project_free(&project);
  return code;
}
