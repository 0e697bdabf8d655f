/* Opening a project, and telling what is wrong with it. */
#include "project.h"

#include <stdio.h>

#include "signals.h"

typedef struct telling {
  wi_cli_call *call;
  bool warnings_only, all_are_warnings;
} telling;

static void tell_row(void *ctx, const wi_cli_rows *r, int64_t i) {
  const telling *t = ctx;
  wi_cli_buf detail = WI_CLI_BUF_INIT;
  weir_error error;
  bool warning = t->all_are_warnings || wi_cli_rows_is(r, "kind", i, "warning");
  if (wi_cli_rows_error(r, i, &error, &detail) && (warning || !t->warnings_only)) {
    wi_cli_tell(&t->call->screen, &error, warning, NULL);
  }
  wi_cli_buf_release(&detail);
}

weir_status wi_cli_project_tell(wi_cli_call *call, struct ArrowArrayStream *take,
                                bool warnings, weir_error *err) {
  telling t = {call, warnings, warnings};
  return wi_cli_rows_each(take, tell_row, &t, err);
}

static void tell_found(wi_cli_call *call, weir_project *project, bool warnings_only) {
  telling t = {call, warnings_only, false};
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream rows = {0};
  weir_status status =
      weir_project_read(project, WEIR_PROJECT_DIAGNOSTICS, NULL, &rows, &err);
  if (status == WEIR_OK) {
    status = wi_cli_rows_each(&rows, tell_row, &t, &err);
  }
  if (status != WEIR_OK) {
    (void)wi_cli_fail(&call->screen, &err);
  }
}

void wi_cli_project_warnings(wi_cli_call *call, weir_project *project) {
  tell_found(call, project, true);
}

static void tell_counts(const wi_cli_call *call) {
  const wi_cli_screen *s = &call->screen;
  if (s->format == WI_CLI_FORMAT_JSON || s->errors + s->warnings < 2) {
    return;
  }
  dprintf(2, "%zu error%s, %zu warning%s\n", s->errors, s->errors == 1 ? "" : "s",
          s->warnings, s->warnings == 1 ? "" : "s");
}

int wi_cli_project_fail(wi_cli_call *call, weir_project *project, weir_error *err) {
  int code = weir_error_exit_code(err->code);
  wi_cli_out_flush(&call->screen.out);
  size_t before = call->screen.errors;
  /* Where each error of a project is its store's, the first of them is the call's. */
  bool in_list =
      err->code == WEIR_E_PROJECT || weir_error_class(err->code) == WEIR_CLASS_IO;
  if (in_list && project != NULL) {
    tell_found(call, project, false);
  } else if (project != NULL) {
    wi_cli_project_warnings(call, project);
  }
  if (call->screen.errors == before) {
    wi_cli_tell(&call->screen, err, false, NULL);
  }
  weir_error_release(err);
  tell_counts(call);
  return code;
}

static weir_project_options project_options(const wi_cli_call *call) {
  const wi_cli_value *v = call->values;
  weir_project_options options = WEIR_PROJECT_OPTIONS_INIT;
  options.path = v[WI_CLI_PROJECT].text;
  options.profile = v[WI_CLI_PROFILE].text;
  options.warehouse = v[WI_CLI_WAREHOUSE].text;
  options.threads = (uint32_t)v[WI_CLI_THREADS].number;
  options.memory = v[WI_CLI_MEMORY].number;
  /* In `sql` they belong to the query, whose parameters need no declaration. */
  if (call->command->run != wi_cli_cmd_sql) {
    options.params = v[WI_CLI_PARAM].items;
    options.n_params = v[WI_CLI_PARAM].n_items;
  }
  options.now_us = (int64_t)v[WI_CLI_NOW].number;
  options.cancel = wi_cli_signals_token(); /* NULL in a command that Ctrl-C just ends */
  return options;
}

bool wi_cli_project_functions(wi_cli_call *call, weir_session **out, int *code) {
  weir_project_options options = project_options(call);
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  *code = 0;
  *out = NULL;
  weir_status status = weir_project_open(&options, &project, &err);
  if (status == WEIR_E_NO_PROJECT && options.path == NULL) {
    weir_error_release(&err);
    status = weir_session_new(NULL, out, &err);
    if (status == WEIR_OK) {
      status = weir_session_seal(*out, &err);
    }
  } else if (status == WEIR_OK) {
    status = weir_project_session(project, "SELECT 1", out, &err);
  }
  if (status != WEIR_OK) {
    weir_session_free(out);
    *code = wi_cli_project_fail(call, project, &err);
  }
  weir_project_free(&project);
  return status == WEIR_OK;
}

bool wi_cli_project_open(wi_cli_call *call, weir_project **out, int *code) {
  weir_project_options options = project_options(call);
  weir_error err = WEIR_ERROR_INIT;
  *code = 0;
  if (weir_project_open(&options, out, &err) != WEIR_OK) {
    *code = wi_cli_project_fail(call, *out, &err);
    weir_project_free(out);
    return false;
  }
  return true;
}

weir_select wi_cli_project_select(const wi_cli_call *call) {
  const wi_cli_value *v = call->values;
  weir_select select = WEIR_SELECT_INIT;
  select.select = v[WI_CLI_SELECT].items;
  select.n_select = v[WI_CLI_SELECT].n_items;
  select.exclude = v[WI_CLI_EXCLUDE].items;
  select.n_exclude = v[WI_CLI_EXCLUDE].n_items;
  select.full_refresh = v[WI_CLI_FULL_REFRESH].set;
  select.warn_error = v[WI_CLI_WARN_ERROR].set;
  return select;
}
