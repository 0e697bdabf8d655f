/* weir run: brings the views up to date. */
#include "progress.h"
#include "project.h"
#include "signals.h"

/* Errors of views; gives how many. */
static size_t tell_views(wi_cli_call *call, const weir_report *report) {
  size_t n = 0, told = 0;
  const weir_view_result *views = weir_report_views(report, &n);
  for (size_t i = 0; i < n; i++) {
    if (views[i].error != NULL) {
      bool warning = weir_error_exit_code(views[i].error->code) == 0;
      wi_cli_tell(&call->screen, views[i].error, warning, views[i].view);
      told += warning ? 0 : 1;
    }
  }
  return told;
}

static void print_summary(wi_cli_call *call, const weir_report *report) {
  wi_cli_buf *b = &call->screen.out.buf;
  weir_summary sum = weir_report_summary(report);
  if (call->screen.format == WI_CLI_FORMAT_JSON) {
    wi_cli_buf_chr(b, '{');
    wi_cli_json_kt(b, "event", "run_finished");
    wi_cli_summary_members(b, &sum);
    wi_cli_buf_str(b, "}\n");
    return;
  }
  wi_cli_buf_fmt(b, "Done. PASS=%u REUSED=%u WARN=%u ERROR=%u SKIP=%u TOTAL=%u\n",
                 sum.pass, sum.reused, sum.warn, sum.error, sum.skip, sum.total);
}

/* The run began: what came of it. */
static int conclude(wi_cli_call *call, weir_project *project, const weir_report *report,
                    weir_status status, weir_error *err) {
  size_t told = tell_views(call, report);
  int code = 0;
  if (status == WEIR_E_RUN_FAILED && told > 0) {
    code = weir_error_exit_code(status);
    weir_error_release(err);
  } else if (status != WEIR_OK) {
    code = wi_cli_project_fail(call, project, err);
  }
  print_summary(call, report);
  return code;
}

int wi_cli_cmd_run(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_report *report = NULL;
  weir_error err = WEIR_ERROR_INIT;
  weir_select select = wi_cli_project_select(call);
  int code = 0;
  if (wi_cli_signals_begin(&err) != WEIR_OK) {
    return wi_cli_fail(&call->screen, &err);
  }
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  wi_cli_project_warnings(call, project);
  wi_cli_progress *progress = wi_cli_progress_new(&call->screen);
  weir_observer observer = wi_cli_progress_observer(progress);
  weir_status status = WEIR_OK;
  if (wi_cli_interrupted()) {
    status = wi_cli_error(&err, WEIR_E_CANCELLED, "interrupted before the run began");
  } else {
    wi_cli_signals_project(project);
    status = weir_project_run(project, &select, &observer, &report, &err);
    wi_cli_signals_project(NULL);
  }
  wi_cli_progress_free(&progress);
  if (report != NULL) {
    code = conclude(call, project, report, status, &err);
  } else if (status != WEIR_OK) {
    code = wi_cli_project_fail(call, project, &err);
  }
  weir_report_free(&report);
  weir_project_free(&project);
  return code;
}
