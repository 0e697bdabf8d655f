/* Plans and runs of a project, with events for the caller. */
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

/* What 0.1 called with: it never set a size that anybody looked at. */
#define SELECT_SIZE_0_1 ((uint32_t)(offsetof(weir_select, warn_error) + sizeof(int)))

weir_status wi_api_select(const weir_select *in, weir_select *out, weir_error *err) {
  weir_select old;
  if (in != NULL && in->struct_size == 0) {
    memset(&old, 0, sizeof(old));
    memcpy(&old, in, SELECT_SIZE_0_1);
    old.struct_size = sizeof(old);
    in = &old;
  }
  WI_TRY(wi_options_take(out, sizeof(*out), in, "weir_select", err));
  WI_TRY(wi_arg_texts("weir_select", "select", out->select, out->n_select, err));
  return wi_arg_texts("weir_select", "exclude", out->exclude, out->n_exclude, err);
}

/* Options with their selection, both of any release. */
typedef struct job {
  weir_project *p;
  weir_run_options options;
  weir_select select;
  wi_pass_select chosen;
  wi_pass *pass;
  const weir_observer *observer; /* of 0.1; NULL: none */
  bool finished;                 /* the listener was told */
} job;

static weir_status take(job *j, const weir_run_options *options, weir_error *err) {
  WI_TRY(
      wi_options_take(&j->options, sizeof(j->options), options, "weir_run_options", err));
  WI_TRY(wi_api_select(j->options.select, &j->select, err));
  j->chosen = (wi_pass_select){.select = j->select.select,
                               .n_select = j->select.n_select,
                               .exclude = j->select.exclude,
                               .n_exclude = j->select.n_exclude,
                               .full_refresh = j->select.full_refresh != 0};
  return WEIR_OK;
}

static const weir_error *first_warning(const wi_diags *diags) {
  for (size_t i = 0; i < diags->n; i++) {
    if (diags->items[i].warning) {
      return &diags->items[i].error;
    }
  }
  return NULL;
}

static weir_status check_warnings(const job *j, weir_error *err) {
  size_t n = j->p->diags.warnings + j->pass->warnings.warnings;
  if (!j->select.warn_error || n == 0) {
    return WEIR_OK;
  }
  const weir_error *first = first_warning(&j->p->diags);
  first = first != NULL ? first : first_warning(&j->pass->warnings);
  return WI_ERR(err, WEIR_E_WARN_ERROR,
                "%zu warning%s, and warnings count as errors; the first is %s: %.600s", n,
                n == 1 ? "" : "s", first == NULL ? "" : weir_error_code_name(first->code),
                first == NULL ? "" : first->message);
}

static weir_status begin(job *j, const weir_run_options *options, weir_error *err) {
  WI_TRY(take(j, options, err));
  return wi_api_begin(j->p, j->options.cancel, j->options.now_us, &j->pass, err);
}

weir_status weir_project_plan_with(weir_project *project, const weir_run_options *options,
                                   weir_report **out, weir_error *err) {
  weir_status status = WEIR_OK;
  job j = {.p = project};
  WI_ARG(out, err);
  *out = NULL;
  WI_ARG(project, err);
  WI_CHECK(begin(&j, options, err));
  WI_CHECK(wi_pass_decide(j.pass, &j.chosen, err));
  WI_CHECK(wi_report_new(j.pass, false, out, err));
  WI_CHECK(check_warnings(&j, err));
done:
  wi_api_end(project, &j.pass);
  return status;
}

weir_status weir_project_plan(weir_project *project, const weir_select *select,
                              weir_report **out, weir_error *err) {
  weir_run_options options = WEIR_RUN_OPTIONS_INIT;
  options.select = select;
  return weir_project_plan_with(project, &options, out, err);
}

/* ---- running ---- */

/* While views are still running nothing has come of those that have no status yet. */
static weir_summary summary_so_far(const wi_pass *pass, wi_event event) {
  weir_summary summary = wi_summary_of(pass);
  summary.total = pass->summary.total;
  for (size_t i = 0; event == WI_EVENT_RUN_STARTED && i < pass->project->spec->n_views;
       i++) {
    summary.total += pass->views[i].chosen;
  }
  return summary;
}

static void on_event(void *ctx, wi_event event, const wi_run_view *view,
                     const weir_error *warning) {
  job *j = ctx;
  weir_view_result result;
  weir_summary summary = summary_so_far(j->pass, event);
  /* What the listener calls is no part of the run. */
  wi_stop_scope before = wi_stop_enter(NULL);
  wi_tell_run(&j->p->log, j->pass, event, view, warning, summary.total);
  j->finished = event == WI_EVENT_RUN_FINISHED;
  weir_event told = {.struct_size = (uint32_t)sizeof(told),
                     .kind = (weir_event_kind)(event + 1),
                     .warning = warning,
                     .summary = &summary};
  if (view != NULL) {
    wi_view_result_fill(view, true, &result);
    told.view = &result;
    told.action = (weir_action)view->decision.action;
    told.status = (weir_task_status)view->outcome.status;
  }
  if (j->options.on_event != NULL) {
    j->options.on_event(j->options.event_ctx, &told);
  }
  if (j->observer != NULL && j->observer->event != NULL) {
    j->observer->event(j->observer->ctx, weir_event_kind_name(told.kind), told.view,
                       warning, &summary);
  }
  wi_stop_leave(before);
}

static weir_status run(job *j, const weir_run_options *options, weir_report **out,
                       weir_error *err) {
  weir_status status = WEIR_OK;
  wi_watcher watcher = {on_event, j};
  weir_error first = WEIR_ERROR_INIT, ignored = WEIR_ERROR_INIT;
  *out = NULL;
  WI_CHECK(begin(j, options, &first));
  WI_CHECK(wi_pass_decide(j->pass, &j->chosen, &first));
  wi_tell_for(&j->p->log, j->pass->session);
  WI_CHECK(check_warnings(j, &first));
  bool watched =
      j->options.on_event != NULL || j->observer != NULL || j->p->log.to.event != NULL;
  weir_status ended = wi_pass_execute(j->pass, watched ? &watcher : NULL, &first);
  status = wi_report_new(j->pass, true, out, ended == WEIR_OK ? &first : &ignored);
  weir_error_release(&ignored);
  status = ended != WEIR_OK ? ended : status;
  if (status == WEIR_OK) {
    status = check_warnings(j, &first);
  }
done:
  if (status != WEIR_OK && !j->finished) {
    wi_tell_run_failed(&j->p->log, weir_project_name(j->p), status);
  }
  wi_api_end(j->p, &j->pass);
  wi_err_move(err, &first);
  return status;
}

weir_status weir_project_run_with(weir_project *project, const weir_run_options *options,
                                  weir_report **out, weir_error *err) {
  job j = {.p = project};
  WI_ARG(out, err);
  *out = NULL;
  WI_ARG(project, err);
  return run(&j, options, out, err);
}

weir_status weir_project_run(weir_project *project, const weir_select *select,
                             const weir_observer *observer, weir_report **out,
                             weir_error *err) {
  job j = {.p = project, .observer = observer};
  weir_run_options options = WEIR_RUN_OPTIONS_INIT;
  WI_ARG(out, err);
  *out = NULL;
  WI_ARG(project, err);
  options.select = select;
  return run(&j, &options, out, err);
}
