/* Opening a project, and telling what is wrong with it. */
#include "project.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell_errors(wi_cli_call *call, const weir_project *project) {
  size_t n = 0;
  const weir_diagnostic *found = weir_project_diagnostics(project, &n);
  for (size_t i = 0; i < n; i++) {
    wi_cli_tell(&call->screen, &found[i].error, found[i].is_warning != 0, NULL);
  }
}

void wi_cli_project_warnings(wi_cli_call *call, const weir_project *project) {
  size_t n = 0;
  const weir_diagnostic *found = weir_project_diagnostics(project, &n);
  for (size_t i = 0; i < n; i++) {
    if (found[i].is_warning) {
      wi_cli_tell(&call->screen, &found[i].error, true, NULL);
    }
  }
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
  if (err->code == WEIR_E_PROJECT && project != NULL) {
    tell_errors(call, project);
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

static int no_such_node(wi_cli_call *call, const char *name, const weir_node *nodes,
                        size_t n) {
  weir_error err = WEIR_ERROR_INIT;
  const char **names = wi_cli_alloc(n, sizeof *names);
  for (size_t i = 0; i < n; i++) {
    names[i] = nodes[i].name;
  }
  const char *near = wi_cli_nearest(name, names, n);
  wi_cli_error(&err, WEIR_E_UNKNOWN_TABLE, "the project has no view or source '%.200s'",
               name);
  if (near != NULL) {
    wi_cli_error_hint(&err, "did you mean %s? `weir ls` lists all", near);
  } else {
    wi_cli_error_hint(&err, "`weir ls` lists all");
  }
  free(names);
  return wi_cli_fail(&call->screen, &err);
}

const weir_node *wi_cli_project_node(wi_cli_call *call, weir_project *project,
                                     const char *name, int *code) {
  weir_error err = WEIR_ERROR_INIT;
  const weir_node *nodes = NULL;
  size_t n = 0;
  *code = 0;
  if (weir_project_nodes(project, &nodes, &n, &err) != WEIR_OK) {
    *code = wi_cli_project_fail(call, project, &err);
    return NULL;
  }
  for (size_t i = 0; i < n; i++) {
    if (strcmp(nodes[i].name, name) == 0) {
      return &nodes[i];
    }
  }
  *code = no_such_node(call, name, nodes, n);
  return NULL;
}
