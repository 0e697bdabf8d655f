/* weir_project_read: what can be told of a project, as tables. */
#include <string.h>

#include "api/private.h"
#include "api/sheet.h"

#define WI_ORIGIN "api"

/* ---- plan ---- */

static weir_status read_plan(weir_project *p, const wi_read *o,
                             struct ArrowArrayStream *out, weir_error *err) {
  weir_run_options options = WEIR_RUN_OPTIONS_INIT;
  weir_report *report = NULL;
  options.select = &o->select;
  options.now_us = o->options.now_us;
  options.cancel = o->options.cancel;
  weir_status status = weir_project_plan_with(p, &options, &report, err);
  if (status == WEIR_OK) {
    status = weir_report_read(report, WEIR_REPORT_VIEWS, out, err);
  }
  weir_report_free(&report);
  return status;
}

/* ---- litter ---- */

static const wi_col litter_cols[] = {{"what", WI_COL_TEXT, NULL, 0},
                                     {"uri", WI_COL_TEXT, NULL, 0},
                                     {"files", WI_COL_INT, NULL, 0},
                                     {"bytes", WI_COL_INT, NULL, 0}};

static weir_status read_litter(weir_project *p, const wi_read *o, bool remove,
                               struct ArrowArrayStream *out, weir_error *err) {
  weir_clean_item *items = NULL;
  size_t n = 0;
  wi_sheet r;
  wi_clean_request how = {0};
  how.orphans = o->options.orphans != 0;
  how.apply = remove;
  how.older_than_us = o->options.older_than_us;
  WI_TRY(wi_api_clean(p, &how, o->options.cancel, &items, &n, err));
  wi_sheet_begin(&r, litter_cols, sizeof(litter_cols) / sizeof(litter_cols[0]));
  for (size_t i = 0; i < n; i++) {
    wi_sheet_text(&r, "what", items[i].what);
    wi_sheet_text(&r, "uri", items[i].uri);
    wi_sheet_int(&r, "files", (int64_t)items[i].files);
    wi_sheet_int(&r, "bytes", (int64_t)items[i].bytes);
    wi_sheet_end_row(&r);
  }
  weir_clean_free(items, n);
  return wi_sheet_take(&r, out, err);
}

/* ---- diagnostics ---- */

static const wi_col diagnostic_cols[] = {{"kind", WI_COL_TEXT, NULL, 0},
                                         WI_SHEET_ERROR_COLS};

static weir_status read_diagnostics(const weir_project *p, struct ArrowArrayStream *out,
                                    weir_error *err) {
  wi_sheet r;
  wi_sheet_begin(&r, diagnostic_cols,
                 sizeof(diagnostic_cols) / sizeof(diagnostic_cols[0]));
  for (size_t i = 0; i < p->diags.n; i++) {
    wi_sheet_text(&r, "kind", p->diags.items[i].warning ? "warning" : "error");
    wi_sheet_error(&r, &p->diags.items[i].error);
    wi_sheet_end_row(&r);
  }
  return wi_sheet_take(&r, out, err);
}

/* ---- the project itself ---- */

static const wi_col info_cols[] = {
    {"name", WI_COL_TEXT, NULL, 0},      {"root", WI_COL_TEXT, NULL, 0},
    {"warehouse", WI_COL_TEXT, NULL, 0}, {"profile", WI_COL_TEXT, NULL, 0},
    {"threads", WI_COL_INT, NULL, 0},    {"memory", WI_COL_INT, NULL, 0}};

static weir_status read_info(const weir_project *p, struct ArrowArrayStream *out,
                             weir_error *err) {
  const wi_spec *spec = p->spec;
  wi_sheet r;
  WI_TRY(wi_api_usable(p, err));
  wi_sheet_begin(&r, info_cols, sizeof(info_cols) / sizeof(info_cols[0]));
  wi_sheet_text(&r, "name", spec->name);
  wi_sheet_text(&r, "root", spec->root);
  wi_sheet_text(&r, "warehouse", spec->warehouse);
  wi_sheet_text(&r, "profile", spec->profile_name);
  wi_sheet_int_if(&r, "threads", spec->profile.threads > 0, spec->profile.threads);
  wi_sheet_int_if(&r, "memory", spec->profile.memory > 0, spec->profile.memory);
  wi_sheet_end_row(&r);
  return wi_sheet_take(&r, out, err);
}

static const wi_col parameter_cols[] = {
    {"name", WI_COL_TEXT, NULL, 0},        {"type", WI_COL_TEXT, NULL, 0},
    {"value", WI_COL_TEXT, NULL, 0},       {"default", WI_COL_TEXT, NULL, 0},
    {"description", WI_COL_TEXT, NULL, 0}, {"given", WI_COL_BOOL, NULL, 0}};

static void value_text(const wi_value *v, wi_buf *out) {
  char text[32];
  switch (v->type) {
    case WI_TYPE_INT64:
      wi_buf_fmt(out, "%lld", (long long)v->i64);
      break;
    case WI_TYPE_FLOAT64:
      wi_double_text(v->f64, text);
      wi_buf_str(out, text);
      break;
    case WI_TYPE_STRING:
      wi_buf_str(out, v->text);
      break;
    case WI_TYPE_BOOLEAN:
      wi_buf_str(out, v->boolean ? "true" : "false");
      break;
    case WI_TYPE_DATE:
      wi_date_text(v->i64, text);
      wi_buf_str(out, text);
      break;
    case WI_TYPE_TIMESTAMP:
      wi_time_text(v->i64, text);
      wi_buf_str(out, text);
      break;
  }
}

static void put_value(wi_sheet *r, const char *name, const wi_value *v, wi_buf *text) {
  wi_buf_clear(text);
  if (v != NULL && !v->is_null) {
    value_text(v, text);
  }
  wi_sheet_text(r, name, v != NULL && !v->is_null ? wi_buf_text(text) : NULL);
}

static void put_default(wi_sheet *r, const wi_spec_param *p, wi_buf *text) {
  switch (p->default_kind) {
    case WI_DEFAULT_VALUE:
      put_value(r, "default", &p->default_value, text);
      break;
    case WI_DEFAULT_RUN_DATE:
      wi_sheet_text(r, "default", "run_date");
      break;
    case WI_DEFAULT_RUN_TIME:
      wi_sheet_text(r, "default", "run_time");
      break;
    case WI_DEFAULT_NONE:
      wi_sheet_text(r, "default", NULL);
      break;
  }
}

static weir_status read_parameters(const weir_project *p, struct ArrowArrayStream *out,
                                   weir_error *err) {
  wi_buf text = WI_BUF_INIT;
  wi_sheet r;
  WI_TRY(wi_api_usable(p, err));
  wi_sheet_begin(&r, parameter_cols, sizeof(parameter_cols) / sizeof(parameter_cols[0]));
  for (size_t i = 0; i < p->spec->n_params; i++) {
    const wi_spec_param *param = &p->spec->params[i];
    wi_sheet_text(&r, "name", param->name);
    wi_sheet_text(&r, "type", wi_type_name(param->type));
    put_value(&r, "value", param->has_value ? &param->value : NULL, &text);
    put_default(&r, param, &text);
    wi_sheet_text(&r, "description", param->description);
    wi_sheet_bool(&r, "given", param->given);
    wi_sheet_end_row(&r);
  }
  weir_status status = wi_buf_check(&text, err, WI_ORIGIN);
  wi_buf_release(&text);
  if (status != WEIR_OK) {
    wi_sheet_release(&r);
    return status;
  }
  return wi_sheet_take(&r, out, err);
}

/* ---- the call ---- */

static weir_status take(const weir_project_read_options *options, wi_read *o,
                        weir_error *err) {
  WI_TRY(wi_options_take(&o->options, sizeof(o->options), options,
                         "weir_project_read_options", err));
  if (o->options.reserved != 0) {
    return WI_ERR(err, WEIR_E_USAGE, "weir_project_read_options: 'reserved' is not zero");
  }
  return wi_api_select(o->options.select, &o->select, err);
}

weir_status weir_project_read(weir_project *project, weir_project_table table,
                              const weir_project_read_options *options,
                              struct ArrowArrayStream *out, weir_error *err) {
  wi_read o;
  WI_ARG(out, err);
  memset(out, 0, sizeof(*out));
  WI_ARG(project, err);
  WI_TRY(take(options, &o, err));
  switch (table) {
    case WEIR_PROJECT_NODES:
      return wi_api_read_nodes(project, &o, out, err);
    case WEIR_PROJECT_PLAN:
      return read_plan(project, &o, out, err);
    case WEIR_PROJECT_HISTORY:
      return wi_api_read_history(project, &o, out, err);
    case WEIR_PROJECT_LITTER:
      return read_litter(project, &o, false, out, err);
    case WEIR_PROJECT_DIAGNOSTICS:
      return read_diagnostics(project, out, err);
    case WEIR_PROJECT_INFO:
      return read_info(project, out, err);
    case WEIR_PROJECT_PARAMETERS:
      return read_parameters(project, out, err);
    default:
      return WI_ERR(err, WEIR_E_USAGE, "there is no project table %d", (int)table);
  }
}

weir_status weir_project_remove_litter(weir_project *project,
                                       const weir_project_read_options *options,
                                       struct ArrowArrayStream *out, weir_error *err) {
  wi_read o;
  WI_ARG(out, err);
  memset(out, 0, sizeof(*out));
  WI_ARG(project, err);
  WI_TRY(take(options, &o, err));
  return read_litter(project, &o, true, out, err);
}
