/* weir run: brings the views up to date. */
#include "progress.h"
#include "project.h"
#include "signals.h"

typedef struct told {
  wi_cli_call *call;
  size_t errors;
} told;

static void tell_view(void *ctx, const wi_cli_rows *r, int64_t i) {
  told *w = ctx;
  wi_cli_buf view = WI_CLI_BUF_INIT, detail = WI_CLI_BUF_INIT;
  weir_error error;
  if (wi_cli_rows_error(r, i, &error, &detail)) {
    bool warning = weir_error_exit_code(error.code) == 0;
    wi_cli_tell(&w->call->screen, &error, warning, wi_cli_rows_text(r, "view", i, &view));
    w->errors += warning ? 0 : 1;
  }
  wi_cli_buf_release(&view);
  wi_cli_buf_release(&detail);
}

static void print_summary(void *ctx, const wi_cli_rows *r, int64_t i) {
  static const char *const counts[] = {"pass",  "reused", "warn",
                                       "error", "skip",   "total"};
  static const char *const shown[] = {"PASS", "REUSED", "WARN", "ERROR", "SKIP", "TOTAL"};
  const wi_cli_screen *s = &((told *)ctx)->call->screen;
  wi_cli_buf *b = &((told *)ctx)->call->screen.out.buf;
  if (s->format == WI_CLI_FORMAT_JSON) {
    wi_cli_buf_chr(b, '{');
    wi_cli_json_kt(b, "event", weir_event_kind_name(WEIR_EVENT_RUN_FINISHED));
    wi_cli_buf_chr(b, ',');
    wi_cli_rows_members(b, r, i);
    wi_cli_buf_str(b, "}\n");
    return;
  }
  wi_cli_buf_str(b, "Done.");
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
    wi_cli_buf_fmt(b, " %s=%lld", shown[k], (long long)wi_cli_rows_int(r, counts[k], i));
  }
  wi_cli_buf_chr(b, '\n');
}

/* The run began: what came of it. */
static int conclude(wi_cli_call *call, weir_project *project, const weir_report *report,
                    weir_status status, weir_error *err) {
  told w = {call, 0};
  struct ArrowArrayStream rows = {0};
  weir_error reading = WEIR_ERROR_INIT;
  int code = 0;
  weir_status read = weir_report_read(report, WEIR_REPORT_VIEWS, &rows, &reading);
  if (read == WEIR_OK) {
    read = wi_cli_rows_each(&rows, tell_view, &w, &reading);
  }
  if (status == WEIR_E_RUN_FAILED && w.errors > 0) {
    code = weir_error_exit_code(status);
    weir_error_release(err);
  } else if (status != WEIR_OK) {
    code = wi_cli_project_fail(call, project, err);
  }
  if (read == WEIR_OK) {
    read = weir_report_read(report, WEIR_REPORT_SUMMARY, &rows, &reading);
  }
  if (read == WEIR_OK) {
    read = wi_cli_rows_each(&rows, print_summary, &w, &reading);
  }
  return read == WEIR_OK ? code : wi_cli_fail(&call->screen, &reading);
}

int wi_cli_cmd_run(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_report *report = NULL;
  weir_error err = WEIR_ERROR_INIT;
  weir_select select = wi_cli_project_select(call);
  weir_run_options options = WEIR_RUN_OPTIONS_INIT;
  int code = 0;
  if (wi_cli_signals_begin(&err) != WEIR_OK) {
    return wi_cli_fail(&call->screen, &err);
  }
  if (!wi_cli_project_open(call, &project, &code)) {
    return code;
  }
  wi_cli_project_warnings(call, project);
  wi_cli_progress *progress = wi_cli_progress_new(&call->screen);
  options.select = &select;
  options.cancel = wi_cli_signals_token();
  options.on_event = wi_cli_progress_event;
  options.event_ctx = progress;
  weir_status status = weir_project_run_with(project, &options, &report, &err);
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
