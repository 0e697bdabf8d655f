/* weir sql: one query over the project's tables, or over tables named on the line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "project.h"
#include "query.h"
#include "signals.h"
#include "weir/text.h"

#define SQL_LIMIT ((size_t)16 * 1024 * 1024)

/* ---- the query's text ---- */

static weir_status read_all(FILE *file, const char *name, wi_cli_buf *sql,
                            weir_error *err) {
  char piece[8192];
  size_t n;
  while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
    wi_cli_buf_add(sql, piece, n);
    if (sql->n > SQL_LIMIT) {
      return wi_cli_error(err, WEIR_E_TOO_LARGE, "%s is larger than 16 MiB", name);
    }
  }
  if (ferror(file)) {
    return wi_cli_error(err, WEIR_E_IO, "%s cannot be read: %s", name, strerror(errno));
  }
  if (memchr(wi_cli_buf_text(sql), '\0', sql->n) != NULL) {
    return wi_cli_error(err, WEIR_E_SQL_SYNTAX, "%s holds a NUL byte; SQL is text", name);
  }
  return WEIR_OK;
}

static weir_status read_file(const char *path, wi_cli_buf *sql, weir_error *err) {
  if (strcmp(path, "-") == 0) {
    return read_all(stdin, "standard input", sql, err);
  }
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    return wi_cli_error(err, WEIR_E_USAGE, "--file %.500s cannot be opened: %s", path,
                        strerror(errno));
  }
  weir_status status = read_all(file, path, sql, err);
  (void)fclose(file);
  return status;
}

static weir_status get_sql(const wi_cli_call *call, wi_cli_buf *sql, weir_error *err) {
  const wi_cli_value *file = &call->values[WI_CLI_FILE];
  if (file->set == (call->n_args == 1)) {
    wi_cli_error(err, WEIR_E_USAGE,
                 file->set ? "a query and --file are both given" : "no query is given");
    wi_cli_error_hint(err, "weir sql 'SELECT ...', or weir sql --file FILE");
    return WEIR_E_USAGE;
  }
  if (file->set) {
    return read_file(file->text, sql, err);
  }
  wi_cli_buf_str(sql, call->args[0]);
  return WEIR_OK;
}

/* ---- the session ---- */

static weir_status refuse_project_options(const wi_cli_call *call, weir_error *err) {
  static const struct {
    wi_cli_option_id id;
    const char *name;
  } options[] = {{WI_CLI_PROFILE, "--profile"}, {WI_CLI_WAREHOUSE, "--warehouse"}};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    if (call->values[options[i].id].set) {
      return wi_cli_error(err, WEIR_E_USAGE,
                          "%s is about a project, and with --table there is none",
                          options[i].name);
    }
  }
  return WEIR_OK;
}

static weir_status open_tables(wi_cli_call *call, weir_session **session,
                               weir_error *err) {
  const wi_cli_value *tables = &call->values[WI_CLI_TABLE];
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  options.threads = (uint32_t)call->values[WI_CLI_THREADS].number;
  options.memory = call->values[WI_CLI_MEMORY].number;
  options.now_us = (int64_t)call->values[WI_CLI_NOW].number;
  options.cancel = wi_cli_signals_token();
  weir_status status = refuse_project_options(call, err);
  if (status == WEIR_OK) {
    status = weir_session_new(&options, session, err);
  }
  for (size_t i = 0; i < tables->n_items && status == WEIR_OK; i++) {
    status = weir_session_add_table(*session, tables->items[i], err);
    if (status == WEIR_E_USAGE) {
      wi_cli_error_option(err, "--table");
    }
  }
  if (status == WEIR_OK) {
    status = weir_session_seal(*session, err);
  }
  return status;
}

/* ---- the command ---- */

static int query(wi_cli_call *call, weir_project *project, const char *sql,
                 const wi_cli_parameters *parameters) {
  weir_session *session = NULL;
  weir_error err = WEIR_ERROR_INIT;
  weir_status status = project != NULL
                           ? weir_project_session(project, sql, &session, &err)
                           : open_tables(call, &session, &err);
  if (status == WEIR_OK && wi_cli_interrupted()) {
    status = wi_cli_error(&err, WEIR_E_CANCELLED, "interrupted before the query began");
  }
  if (status == WEIR_OK) {
    wi_cli_screen *s = &call->screen;
    status = wi_cli_query_print(s, session, sql, parameters, s->format, &err);
  }
  weir_session_free(&session);
  if (status == WEIR_OK) {
    return 0;
  }
  const wi_cli_value *file = &call->values[WI_CLI_FILE];
  if (err.code == WEIR_E_PARAM_UNKNOWN && err.hint[0] == '\0') {
    wi_cli_error_hint(&err, "give it a value: --param NAME=VALUE");
  }
  if (err.line > 0 && err.file[0] == '\0' && file->set) {
    snprintf(err.file, sizeof err.file, "%s",
             strcmp(file->text, "-") == 0 ? "standard input" : file->text);
  }
  return project != NULL ? wi_cli_project_fail(call, project, &err)
                         : wi_cli_fail(&call->screen, &err);
}

int wi_cli_cmd_sql(wi_cli_call *call) {
  weir_project *project = NULL;
  weir_error err = WEIR_ERROR_INIT;
  wi_cli_parameters parameters = {0};
  wi_cli_buf sql = WI_CLI_BUF_INIT;
  const wi_cli_value *given = &call->values[WI_CLI_PARAM];
  int code = 0;
  weir_status status = get_sql(call, &sql, &err);
  if (status == WEIR_OK) {
    parameters.n = given->n_items;
    status = weir_parameters_parse(given->items, given->n_items, &parameters.items, &err);
  }
  if (status == WEIR_OK && call->screen.format == WI_CLI_FORMAT_ARROW &&
      call->screen.terminal) {
    wi_cli_error(&err, WEIR_E_USAGE, "an Arrow stream is bytes, not for a terminal");
    wi_cli_error_hint(&err, "redirect it: weir sql --format arrow ... > rows.arrows");
    status = WEIR_E_USAGE;
  }
  if (status == WEIR_OK) {
    status = wi_cli_signals_begin(&err);
  }
  if (status != WEIR_OK) {
    code = wi_cli_fail(&call->screen, &err);
  } else if (call->values[WI_CLI_TABLE].set ||
             wi_cli_project_open(call, &project, &code)) {
    code = query(call, project, wi_cli_buf_text(&sql), &parameters);
  }
  weir_project_free(&project);
  weir_parameters_free(&parameters.items);
  wi_cli_buf_release(&sql);
  return code;
}
