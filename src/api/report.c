/* What a plan or a run came to, copied out of the pass. */
#include <string.h>

#include "api/private.h"
#include "api/sheet.h"

#define WI_ORIGIN "api"

struct weir_report {
  wi_arena arena;
  char run_id[37];
  weir_summary summary;
  weir_view_result *views;
  weir_error *errors; /* of the views, by index */
  size_t n;
  weir_diagnostic *warnings;
  size_t n_warnings;
};

void wi_error_copy(const weir_error *from, weir_error *to) {
  wi_err_copy(from, to);
}

void wi_view_result_fill(const wi_run_view *view, bool executed, weir_view_result *out) {
  memset(out, 0, sizeof(*out));
  out->view = view->refs->spec->name;
  out->action = weir_action_name((weir_action)view->decision.action);
  out->reason = wi_view_reason(view);
  out->plan = view->decision.plan_digest;
  out->result_key = view->decision.result_key;
  out->status = weir_task_status_name(executed ? (weir_task_status)view->outcome.status
                                               : WEIR_TASK_PLANNED);
  out->critical = view->outcome.critical;
  out->slack_us = executed ? view->outcome.slack_us : -1;
  out->started_us = view->outcome.started_us;
  out->finished_us = view->outcome.finished_us;
  out->version = view->outcome.version;
  out->rows = view->outcome.rows;
  out->files = view->outcome.files;
  out->bytes = view->outcome.bytes;
  out->retries = view->outcome.commit.retries;
  out->error = view->outcome.error.code != WEIR_OK ? &view->outcome.error : NULL;
}

static bool keep_texts(weir_report *r, weir_view_result *v) {
  const char **texts[] = {&v->view, &v->reason, &v->plan, &v->result_key};
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    *texts[i] = wi_arena_dup(&r->arena, *texts[i]);
    if (*texts[i] == NULL) {
      return false;
    }
  }
  return true;
}

static weir_status copy_views(weir_report *r, const wi_pass *pass, bool executed,
                              weir_error *err) {
  size_t all = pass->project->spec->n_views;
  r->views = wi_alloc_array(all + 1, sizeof(*r->views));
  r->errors = wi_alloc_array(all + 1, sizeof(*r->errors));
  if (r->views == NULL || r->errors == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < all; i++) {
    const wi_run_view *view = &pass->views[pass->project->order[i]];
    weir_view_result *out = &r->views[r->n];
    if (!view->chosen) {
      continue;
    }
    wi_view_result_fill(view, executed, out);
    if (out->error != NULL) {
      wi_error_copy(&view->outcome.error, &r->errors[r->n]);
      out->error = &r->errors[r->n];
    }
    r->n++;
    if (!keep_texts(r, out)) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  return WEIR_OK;
}

static weir_status copy_warnings(weir_report *r, const wi_pass *pass, weir_error *err) {
  size_t n = pass->warnings.n;
  r->warnings = wi_alloc_array(n + 1, sizeof(*r->warnings));
  if (r->warnings == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    r->warnings[r->n_warnings].is_warning = 1;
    wi_error_copy(&pass->warnings.items[i].error, &r->warnings[r->n_warnings++].error);
  }
  return WEIR_OK;
}

weir_summary wi_summary_of(const wi_pass *pass) {
  const wi_run_summary *sum = &pass->summary;
  weir_run_status status = sum->cancelled   ? WEIR_RUN_INTERRUPTED
                           : sum->error > 0 ? WEIR_RUN_FAILED
                                            : WEIR_RUN_OK;
  return (weir_summary){.run_id = pass->run_id,
                        .status = weir_run_status_name(status),
                        .pass = sum->pass,
                        .reused = sum->reused,
                        .warn = sum->warn,
                        .error = sum->error,
                        .skip = sum->skip,
                        .total = sum->total};
}

weir_status wi_report_new(const wi_pass *pass, bool executed, weir_report **out,
                          weir_error *err) {
  weir_status status = WEIR_OK;
  weir_report *r = wi_alloc(sizeof(*r));
  *out = NULL;
  if (r == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  memcpy(r->run_id, pass->run_id, sizeof(r->run_id));
  WI_CHECK(copy_views(r, pass, executed, err));
  WI_CHECK(copy_warnings(r, pass, err));
  r->summary = wi_summary_of(pass);
  r->summary.run_id = executed ? r->run_id : "";
  r->summary.total = executed ? r->summary.total : (uint32_t)r->n;
  *out = r;
  r = NULL;
done:
  weir_report_free(&r);
  return status;
}

weir_summary weir_report_summary(const weir_report *report) {
  static const weir_summary none = {.run_id = "", .status = ""};
  return report != NULL ? report->summary : none;
}

const weir_view_result *weir_report_views(const weir_report *report, size_t *n) {
  if (n == NULL) {
    return NULL;
  }
  *n = report != NULL ? report->n : 0;
  return report != NULL ? report->views : NULL;
}

const weir_diagnostic *weir_report_warnings(const weir_report *report, size_t *n) {
  if (n == NULL) {
    return NULL;
  }
  *n = report != NULL ? report->n_warnings : 0;
  return report != NULL ? report->warnings : NULL;
}

void weir_report_free(weir_report **report) {
  if (report == NULL || *report == NULL) {
    return;
  }
  weir_report *r = *report;
  *report = NULL;
  for (size_t i = 0; r->errors != NULL && i < r->n; i++) {
    weir_error_release(&r->errors[i]);
  }
  for (size_t i = 0; i < r->n_warnings; i++) {
    weir_error_release(&r->warnings[i].error);
  }
  wi_free(r->views);
  wi_free(r->errors);
  wi_free(r->warnings);
  wi_arena_release(&r->arena);
  wi_free(r);
}

/* ---- as tables ---- */

static const wi_col view_cols[] = {
    {"view", WI_COL_TEXT, NULL, 0},       {"action", WI_COL_TEXT, NULL, 0},
    {"reason", WI_COL_TEXT, NULL, 0},     {"plan", WI_COL_TEXT, NULL, 0},
    {"result_key", WI_COL_TEXT, NULL, 0}, {"status", WI_COL_TEXT, NULL, 0},
    {"critical", WI_COL_BOOL, NULL, 0},   {"slack_us", WI_COL_INT, NULL, 0},
    {"started", WI_COL_TIME, NULL, 0},    {"finished", WI_COL_TIME, NULL, 0},
    {"version", WI_COL_INT, NULL, 0},     {"rows", WI_COL_INT, NULL, 0},
    {"files", WI_COL_INT, NULL, 0},       {"bytes", WI_COL_INT, NULL, 0},
    {"retries", WI_COL_INT, NULL, 0},     WI_SHEET_ERROR_COLS};
static const wi_col warning_cols[] = {WI_SHEET_ERROR_COLS};
static const wi_col summary_cols[] = {
    {"run_id", WI_COL_TEXT, NULL, 0}, {"status", WI_COL_TEXT, NULL, 0},
    {"pass", WI_COL_INT, NULL, 0},    {"reused", WI_COL_INT, NULL, 0},
    {"warn", WI_COL_INT, NULL, 0},    {"error", WI_COL_INT, NULL, 0},
    {"skip", WI_COL_INT, NULL, 0},    {"total", WI_COL_INT, NULL, 0}};

static const char *known(const char *text) {
  return text != NULL && text[0] != '\0' ? text : NULL;
}

/* What is not known of a view that has not run is null, not zero. */
static void put_view(wi_sheet *r, const weir_view_result *v) {
  bool ran = v->started_us != 0;
  wi_sheet_text(r, "view", v->view);
  wi_sheet_text(r, "action", v->action);
  wi_sheet_text(r, "reason", known(v->reason));
  wi_sheet_text(r, "plan", known(v->plan));
  wi_sheet_text(r, "result_key", known(v->result_key));
  wi_sheet_text(r, "status", v->status);
  wi_sheet_bool(r, "critical", v->critical != 0);
  wi_sheet_int_if(r, "slack_us", v->slack_us >= 0, v->slack_us);
  wi_sheet_time(r, "started", v->started_us);
  wi_sheet_time(r, "finished", v->finished_us);
  wi_sheet_int_if(r, "version", v->version >= 0, v->version);
  wi_sheet_int_if(r, "rows", ran, (int64_t)v->rows);
  wi_sheet_int_if(r, "files", ran, (int64_t)v->files);
  wi_sheet_int_if(r, "bytes", ran, (int64_t)v->bytes);
  wi_sheet_int_if(r, "retries", ran, v->retries);
  wi_sheet_error(r, v->error);
  wi_sheet_end_row(r);
}

static weir_status read_views(const weir_report *report, struct ArrowArrayStream *out,
                              weir_error *err) {
  wi_sheet r;
  wi_sheet_begin(&r, view_cols, sizeof(view_cols) / sizeof(view_cols[0]));
  for (size_t i = 0; i < report->n; i++) {
    put_view(&r, &report->views[i]);
  }
  return wi_sheet_take(&r, out, err);
}

static weir_status read_warnings(const weir_report *report, struct ArrowArrayStream *out,
                                 weir_error *err) {
  wi_sheet r;
  wi_sheet_begin(&r, warning_cols, sizeof(warning_cols) / sizeof(warning_cols[0]));
  for (size_t i = 0; i < report->n_warnings; i++) {
    wi_sheet_error(&r, &report->warnings[i].error);
    wi_sheet_end_row(&r);
  }
  return wi_sheet_take(&r, out, err);
}

static weir_status read_summary(const weir_report *report, struct ArrowArrayStream *out,
                                weir_error *err) {
  const weir_summary *sum = &report->summary;
  wi_sheet r;
  wi_sheet_begin(&r, summary_cols, sizeof(summary_cols) / sizeof(summary_cols[0]));
  wi_sheet_text(&r, "run_id", known(sum->run_id));
  wi_sheet_text(&r, "status", sum->status);
  wi_sheet_int(&r, "pass", sum->pass);
  wi_sheet_int(&r, "reused", sum->reused);
  wi_sheet_int(&r, "warn", sum->warn);
  wi_sheet_int(&r, "error", sum->error);
  wi_sheet_int(&r, "skip", sum->skip);
  wi_sheet_int(&r, "total", sum->total);
  wi_sheet_end_row(&r);
  return wi_sheet_take(&r, out, err);
}

weir_status weir_report_read(const weir_report *report, weir_report_table table,
                             struct ArrowArrayStream *out, weir_error *err) {
  WI_ARG(out, err);
  memset(out, 0, sizeof(*out));
  WI_ARG(report, err);
  switch (table) {
    case WEIR_REPORT_VIEWS:
      return read_views(report, out, err);
    case WEIR_REPORT_WARNINGS:
      return read_warnings(report, out, err);
    case WEIR_REPORT_SUMMARY:
      return read_summary(report, out, err);
    default:
      return WI_ERR(err, WEIR_E_USAGE, "there is no report table %d", (int)table);
  }
}
