/* What a plan or a run came to, copied out of the pass. */
#include <string.h>

#include "api/private.h"

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
  out->view = view->spec->name;
  out->action = wi_action_name(view->action);
  out->reason = view->reason;
  out->plan = view->plan_digest;
  out->result_key = view->result_key;
  out->status = wi_task_status_name(executed ? view->status : WI_TASK_PLANNED);
  out->critical = view->critical;
  out->slack_us = executed ? view->slack_us : -1;
  out->started_us = view->started_us;
  out->finished_us = view->finished_us;
  out->version = view->version;
  out->rows = view->rows;
  out->files = view->files;
  out->bytes = view->bytes;
  out->retries = view->commit.retries;
  out->error = view->error.code != WEIR_OK ? &view->error : NULL;
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
  size_t all = pass->spec->n_views;
  r->views = wi_alloc_array(all + 1, sizeof(*r->views));
  r->errors = wi_alloc_array(all + 1, sizeof(*r->errors));
  if (r->views == NULL || r->errors == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < all; i++) {
    const wi_run_view *view = &pass->views[pass->order[i]];
    weir_view_result *out = &r->views[r->n];
    if (!view->chosen) {
      continue;
    }
    wi_view_result_fill(view, executed, out);
    if (out->error != NULL) {
      wi_error_copy(&view->error, &r->errors[r->n]);
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

weir_status wi_report_new(const wi_pass *pass, bool executed, weir_report **out,
                          weir_error *err) {
  weir_status status = WEIR_OK;
  const wi_run_summary *sum = &pass->summary;
  weir_report *r = wi_alloc(sizeof(*r));
  *out = NULL;
  if (r == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  memcpy(r->run_id, pass->run_id, sizeof(r->run_id));
  r->summary.run_id = executed ? r->run_id : "";
  r->summary.status = sum->cancelled ? "interrupted" : sum->error > 0 ? "failed" : "ok";
  WI_CHECK(copy_views(r, pass, executed, err));
  WI_CHECK(copy_warnings(r, pass, err));
  r->summary.pass = sum->pass;
  r->summary.reused = sum->reused;
  r->summary.warn = sum->warn;
  r->summary.error = sum->error;
  r->summary.skip = sum->skip;
  r->summary.total = executed ? sum->total : (uint32_t)r->n;
  *out = r;
  r = NULL;
done:
  weir_report_free(&r);
  return status;
}

weir_summary weir_report_summary(const weir_report *report) {
  return report->summary;
}

const weir_view_result *weir_report_views(const weir_report *report, size_t *n) {
  *n = report->n;
  return report->views;
}

const weir_diagnostic *weir_report_warnings(const weir_report *report, size_t *n) {
  *n = report->n_warnings;
  return report->warnings;
}

void weir_report_free(weir_report **report) {
  weir_report *r = *report;
  *report = NULL;
  if (r == NULL) {
    return;
  }
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
