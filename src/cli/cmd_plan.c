/* weir plan: what a run would do, and why. */
#include "project.h"

typedef struct shown {
  wi_cli_call *call;
  wi_cli_grid grid;
  size_t n, reused;
  int code;
} shown;

static void tell_error(shown *w, const wi_cli_rows *r, int64_t i) {
  wi_cli_buf view = WI_CLI_BUF_INIT, detail = WI_CLI_BUF_INIT;
  weir_error error;
  if (wi_cli_rows_error(r, i, &error, &detail)) {
    wi_cli_tell(&w->call->screen, &error, false, wi_cli_rows_text(r, "view", i, &view));
    w->code = weir_error_exit_code(error.code);
  }
  wi_cli_buf_release(&view);
  wi_cli_buf_release(&detail);
}

static void add_json(wi_cli_buf *b, const wi_cli_rows *r, int64_t i) {
  static const char *const texts[] = {"view", "action", "reason", "plan", "result_key"};
  wi_cli_buf text = WI_CLI_BUF_INIT, detail = WI_CLI_BUF_INIT;
  weir_error error;
  wi_cli_buf_chr(b, '{');
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    wi_cli_json_kt(b, texts[k], wi_cli_rows_text(r, texts[k], i, &text));
  }
  wi_cli_json_kb(b, "critical", wi_cli_rows_int(r, "critical", i) != 0);
  if (wi_cli_rows_error(r, i, &error, &detail)) {
    wi_cli_json_key(b, "error");
    wi_cli_buf_chr(b, '{');
    wi_cli_error_members(b, &error, false);
    wi_cli_buf_chr(b, '}');
  }
  wi_cli_buf_str(b, "}\n");
  wi_cli_buf_release(&text);
  wi_cli_buf_release(&detail);
}

static void add_row(void *ctx, const wi_cli_rows *r, int64_t i) {
  shown *w = ctx;
  wi_cli_buf b = WI_CLI_BUF_INIT;
  tell_error(w, r, i);
  w->n++;
  w->reused += wi_cli_rows_is(r, "action", i, weir_action_name(WEIR_ACTION_REUSE));
  if (w->call->screen.format == WI_CLI_FORMAT_JSON) {
    add_json(&w->call->screen.out.buf, r, i);
    return;
  }
  wi_cli_grid_add(&w->grid, wi_cli_rows_int(r, "critical", i) != 0 ? "*" : " ");
  wi_cli_grid_add(&w->grid, wi_cli_rows_text(r, "action", i, &b));
  wi_cli_grid_add(&w->grid, wi_cli_rows_text(r, "view", i, &b));
  wi_cli_grid_add(&w->grid, wi_cli_rows_text(r, "reason", i, &b));
  wi_cli_buf_release(&b);
}

static weir_status show_plan(wi_cli_call *call, const weir_report *report, int *code,
                             weir_error *err) {
  wi_cli_screen *s = &call->screen;
  shown w = {.call = call};
  struct ArrowArrayStream rows = {0};
  weir_status status = weir_report_read(report, WEIR_REPORT_WARNINGS, &rows, err);
  if (status == WEIR_OK) {
    status = wi_cli_project_tell(call, &rows, true, err);
  }
  if (status == WEIR_OK) {
    status = weir_report_read(report, WEIR_REPORT_VIEWS, &rows, err);
  }
  wi_cli_grid_init(&w.grid, 4, 0);
  if (status == WEIR_OK) {
    status = wi_cli_rows_each(&rows, add_row, &w, err);
  }
  if (status == WEIR_OK && s->format != WI_CLI_FORMAT_JSON) {
    size_t built = w.n - w.reused;
    wi_cli_grid_print(&w.grid, s, false);
    wi_cli_buf_fmt(&s->out.buf, "%zu to build, %zu to reuse.", built, w.reused);
    wi_cli_buf_str(&s->out.buf, built > 0 ? " * is the critical path.\n" : "\n");
  }
  wi_cli_grid_release(&w.grid);
  *code = w.code;
  return status;
}

int wi_cli_cmd_plan(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_report *report = NULL;
  weir_error err = WEIR_ERROR_INIT, shown_err = WEIR_ERROR_INIT;
  weir_select select = wi_cli_project_select(call);
  weir_run_options options = WEIR_RUN_OPTIONS_INIT;
  int code = 0;
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  options.select = &select;
  weir_status status = weir_project_plan_with(project, &options, &report, &err);
  if (report != NULL) {
    wi_cli_project_warnings(call, project);
    if (show_plan(call, report, &code, &shown_err) != WEIR_OK) {
      code = wi_cli_project_fail(call, project, &shown_err);
    }
  }
  if (status != WEIR_OK) {
    code = wi_cli_project_fail(call, project, &err);
  }
  weir_report_free(&report);
  weir_project_free(&project);
  return code;
}
