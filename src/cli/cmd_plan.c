/* weir plan: what a run would do, and why. */
#include <string.h>

#include "project.h"

static void plan_json(wi_cli_buf *b, const weir_view_result *view) {
  wi_cli_buf_chr(b, '{');
  wi_cli_json_kt(b, "view", view->view);
  wi_cli_json_kt(b, "action", view->action);
  wi_cli_json_kt(b, "reason", view->reason);
  wi_cli_json_kt(b, "plan", view->plan);
  wi_cli_json_kt(b, "result_key", view->result_key);
  wi_cli_json_kb(b, "critical", view->critical != 0);
  if (view->error != NULL) {
    wi_cli_json_key(b, "error");
    wi_cli_buf_chr(b, '{');
    wi_cli_error_members(b, view->error, false);
    wi_cli_buf_chr(b, '}');
  }
  wi_cli_buf_str(b, "}\n");
}

static void plan_text(wi_cli_call *call, const weir_view_result *views, size_t n) {
  wi_cli_screen *s = &call->screen;
  wi_cli_grid grid;
  size_t reused = 0, built = 0, plain = 0;
  wi_cli_grid_init(&grid, 4, 0);
  for (size_t i = 0; i < n; i++) {
    wi_cli_grid_add(&grid, views[i].critical ? "*" : " ");
    wi_cli_grid_add(&grid, views[i].action);
    wi_cli_grid_add(&grid, views[i].view);
    wi_cli_grid_add(&grid, views[i].reason);
    reused += strcmp(views[i].action, "reuse") == 0 ? 1 : 0;
    plain += strcmp(views[i].action, "view") == 0 ? 1 : 0;
  }
  built = n - reused - plain;
  wi_cli_grid_print(&grid, s, false);
  wi_cli_grid_release(&grid);
  wi_cli_buf_fmt(&s->out.buf, "%zu to build, %zu to reuse.", built, reused);
  wi_cli_buf_str(&s->out.buf, built > 0 ? " * is the critical path.\n" : "\n");
}

static int show_plan(wi_cli_call *call, const weir_report *report) {
  size_t n = 0, n_warnings = 0;
  const weir_view_result *views = weir_report_views(report, &n);
  const weir_diagnostic *warnings = weir_report_warnings(report, &n_warnings);
  for (size_t i = 0; i < n_warnings; i++) {
    wi_cli_tell(&call->screen, &warnings[i].error, true, NULL);
  }
  int code = 0;
  for (size_t i = 0; i < n; i++) {
    if (views[i].error != NULL) {
      wi_cli_tell(&call->screen, views[i].error, false, views[i].view);
      code = weir_error_exit_code(views[i].error->code);
    }
  }
  if (call->screen.format != WI_CLI_FORMAT_JSON) {
    plan_text(call, views, n);
    return code;
  }
  for (size_t i = 0; i < n; i++) {
    plan_json(&call->screen.out.buf, &views[i]);
  }
  return code;
}

int wi_cli_cmd_plan(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_report *report = NULL;
  weir_error err = WEIR_ERROR_INIT;
  weir_select select = wi_cli_project_select(call);
  int code = 0;
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  weir_status status = weir_project_plan(project, &select, &report, &err);
  if (report != NULL) {
    wi_cli_project_warnings(call, project);
    code = show_plan(call, report);
  }
  if (status != WEIR_OK) {
    code = wi_cli_project_fail(call, project, &err);
  }
  weir_report_free(&report);
  weir_project_free(&project);
  return code;
}
