/* weir history VIEW: the commits of its table. */
#include "project.h"
#include "render.h"

#define DEFAULT_LIMIT 20

static void add_row(void *ctx, const wi_cli_rows *r, int64_t i) {
  wi_cli_grid *grid = ctx;
  wi_cli_buf b = WI_CLI_BUF_INIT;
  static const char *const texts[] = {"version", "timestamp", "operation", "mode"};
  static const char *const counts[] = {"rows", "files"};
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    wi_cli_grid_add(grid, wi_cli_rows_text(r, texts[k], i, &b));
  }
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
    wi_cli_buf_clear(&b);
    wi_cli_grouped(&b, (uint64_t)wi_cli_rows_int(r, counts[k], i));
    wi_cli_grid_add(grid, wi_cli_buf_text(&b));
  }
  wi_cli_buf_clear(&b);
  wi_cli_bytes_text(&b, (uint64_t)wi_cli_rows_int(r, "bytes", i));
  wi_cli_grid_add(grid, wi_cli_buf_text(&b));
  wi_cli_grid_add(grid, wi_cli_rows_text(r, "run_id", i, &b));
  wi_cli_buf_release(&b);
}

static weir_status show_history(wi_cli_call *call, struct ArrowArrayStream *rows,
                                weir_error *err) {
  static const char *const heads[] = {"VERSION", "TIME",  "OPERATION", "MODE",
                                      "ROWS",    "FILES", "BYTES",     "RUN"};
  wi_cli_screen *s = &call->screen;
  wi_cli_grid grid;
  if (s->format == WI_CLI_FORMAT_JSON) {
    weir_status status = wi_cli_rows_print(s, rows, s->format, err);
    rows->release(rows);
    return status;
  }
  wi_cli_grid_init(&grid, 8, 1U << 0 | 1U << 4 | 1U << 5 | 1U << 6);
  for (size_t i = 0; i < 8; i++) {
    wi_cli_grid_add(&grid, heads[i]);
  }
  weir_status status = wi_cli_rows_each(rows, add_row, &grid, err);
  if (status == WEIR_OK) {
    wi_cli_grid_print(&grid, s, true);
  }
  wi_cli_grid_release(&grid);
  return status;
}

int wi_cli_cmd_history(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  const wi_cli_value *limit = &call->values[WI_CLI_LIMIT];
  weir_project_read_options options = WEIR_PROJECT_READ_OPTIONS_INIT;
  struct ArrowArrayStream rows = {0};
  int code = 0;
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  options.view = call->args[0];
  options.limit = limit->set ? limit->number : DEFAULT_LIMIT;
  weir_status status =
      weir_project_read(project, WEIR_PROJECT_HISTORY, &options, &rows, &err);
  if (status == WEIR_OK) {
    status = show_history(call, &rows, &err);
  }
  if (status != WEIR_OK) {
    code = wi_cli_project_fail(call, project, &err);
  }
  weir_project_free(&project);
  return code;
}
