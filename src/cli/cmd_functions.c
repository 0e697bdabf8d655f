/* weir functions [NAME]: the SQL functions of a session. */
#include <stdlib.h>
#include <string.h>

#include "project.h"
#include "query.h"

/* Columns of WEIR_SESSION_FUNCTIONS. */
enum { COL_NAME, COL_KIND, COL_VOLATILITY, COL_IDENTITY, COL_ALIASES, COL_ORIGIN };

/* Columns of WEIR_SESSION_FUNCTION_DOCS. */
enum {
  DOC_NAME,
  DOC_SECTION,
  DOC_TAGS,
  DOC_SYNTAX,
  DOC_DESCRIPTION,
  DOC_RETURNS,
  DOC_EXAMPLE,
  DOC_RESULT,
  DOC_SETTINGS,
  DOC_PARAMETERS
};

static const char sql_routine[] =
    "SELECT DISTINCT description, syntax_example FROM information_schema.routines "
    "WHERE routine_name = $name";
static const char sql_parameters[] =
    "SELECT parameter_mode, ordinal_position, parameter_name, "
    "string_agg(data_type, ', ' ORDER BY data_type) AS types "
    "FROM (SELECT DISTINCT parameter_mode, ordinal_position, parameter_name, data_type "
    "FROM information_schema.parameters WHERE specific_name = $name) AS p "
    "GROUP BY parameter_mode, ordinal_position, parameter_name "
    "ORDER BY parameter_mode, ordinal_position, parameter_name";

static bool is_alias(const char *aliases, const char *name) {
  size_t n = strlen(name);
  for (const char *p = aliases; *p != '\0';) {
    size_t length = strcspn(p, ",");
    if (length == n && memcmp(p, name, n) == 0) {
      return true;
    }
    p += length + (p[length] == ',' ? 1 : 0);
  }
  return false;
}

/* A list by commas as one of JSON. */
static void add_list_json(wi_cli_buf *b, const char *key, const char *items) {
  wi_cli_json_key(b, key);
  wi_cli_buf_chr(b, '[');
  for (const char *p = items; *p != '\0';) {
    size_t length = strcspn(p, ",");
    wi_cli_json_ntext(b, p, length);
    p += length + (p[length] == ',' ? 1 : 0);
    wi_cli_buf_str(b, *p != '\0' ? "," : "");
  }
  wi_cli_buf_chr(b, ']');
}

static void members_json(wi_cli_buf *b, const wi_cli_cells *all, size_t i) {
  const char *identity = wi_cli_cells_at(all, i, COL_IDENTITY);
  wi_cli_json_kt(b, "name", wi_cli_cells_at(all, i, COL_NAME));
  wi_cli_json_kt(b, "kind", wi_cli_cells_at(all, i, COL_KIND));
  wi_cli_json_kt(b, "volatility", wi_cli_cells_at(all, i, COL_VOLATILITY));
  wi_cli_json_kt(b, "identity", identity[0] == '\0' ? NULL : identity);
  add_list_json(b, "aliases", wi_cli_cells_at(all, i, COL_ALIASES));
  wi_cli_json_kt(b, "origin", wi_cli_cells_at(all, i, COL_ORIGIN));
}

/* Lists weir's own, or all, or (with `prefix`) those that begin so. Gives how many. */
static size_t list(wi_cli_call *call, const wi_cli_cells *all, const char *prefix) {
  wi_cli_screen *s = &call->screen;
  wi_cli_grid grid;
  size_t found = 0;
  wi_cli_grid_init(&grid, 4, 0);
  wi_cli_grid_add(&grid, "NAME");
  wi_cli_grid_add(&grid, "KIND");
  wi_cli_grid_add(&grid, "VOLATILITY");
  wi_cli_grid_add(&grid, "ALIASES");
  for (size_t i = 0; i < wi_cli_cells_rows(all); i++) {
    const char *name = wi_cli_cells_at(all, i, COL_NAME);
    bool own = strcmp(wi_cli_cells_at(all, i, COL_ORIGIN), "builtin") != 0;
    if (prefix != NULL ? strncmp(name, prefix, strlen(prefix)) != 0
                       : !own && !call->values[WI_CLI_ALL].set) {
      continue;
    }
    found++;
    if (s->format == WI_CLI_FORMAT_JSON) {
      wi_cli_buf_chr(&s->out.buf, '{');
      members_json(&s->out.buf, all, i);
      wi_cli_buf_str(&s->out.buf, "}\n");
      continue;
    }
    wi_cli_grid_add(&grid, name);
    wi_cli_grid_add(&grid, wi_cli_cells_at(all, i, COL_KIND));
    wi_cli_grid_add(&grid, wi_cli_cells_at(all, i, COL_VOLATILITY));
    wi_cli_grid_add(&grid, wi_cli_cells_at(all, i, COL_ALIASES));
  }
  if (found > 0 && s->format != WI_CLI_FORMAT_JSON) {
    wi_cli_grid_print(&grid, s, true);
  }
  wi_cli_grid_release(&grid);
  return found;
}

static void detail_json(wi_cli_buf *b, const wi_cli_cells *all, size_t i,
                        const wi_cli_cells *routine, const wi_cli_cells *parameters) {
  bool documented = wi_cli_cells_rows(routine) > 0;
  wi_cli_buf_chr(b, '{');
  members_json(b, all, i);
  wi_cli_json_kt(b, "description", documented ? wi_cli_cells_at(routine, 0, 0) : NULL);
  wi_cli_json_kt(b, "syntax", documented ? wi_cli_cells_at(routine, 0, 1) : NULL);
  wi_cli_json_key(b, "parameters");
  wi_cli_buf_chr(b, '[');
  for (size_t k = 0; k < wi_cli_cells_rows(parameters); k++) {
    wi_cli_buf_str(b, k > 0 ? "," : "");
    wi_cli_buf_chr(b, '{');
    wi_cli_json_kt(b, "mode", wi_cli_cells_at(parameters, k, 0));
    wi_cli_json_key(b, "position");
    wi_cli_buf_str(b, wi_cli_cells_at(parameters, k, 1));
    wi_cli_json_kt(b, "name", wi_cli_cells_at(parameters, k, 2));
    wi_cli_json_kt(b, "types", wi_cli_cells_at(parameters, k, 3));
    wi_cli_buf_chr(b, '}');
  }
  wi_cli_buf_chr(b, ']');
}

static void detail_line(wi_cli_buf *b, const char *label, const char *text) {
  if (text[0] != '\0') {
    wi_cli_buf_fmt(b, "  %-12s", label);
    wi_cli_visible(b, text, strlen(text), false);
    wi_cli_buf_chr(b, '\n');
  }
}

/* What weir or a plug-in says of its function beyond what the engine knows. */
static weir_status docs_of(weir_session *session, const char *name, wi_cli_cells *docs,
                           size_t *row, bool *found, weir_error *err) {
  struct ArrowArrayStream stream = {0};
  *found = false;
  weir_status status =
      weir_session_read(session, WEIR_SESSION_FUNCTION_DOCS, &stream, err);
  if (status == WEIR_OK) {
    status = wi_cli_cells_read(docs, &stream, err);
  }
  for (size_t i = 0; status == WEIR_OK && i < wi_cli_cells_rows(docs); i++) {
    if (strcmp(wi_cli_cells_at(docs, i, DOC_NAME), name) == 0) {
      *row = i;
      *found = true;
    }
  }
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  return status;
}

static void docs_json(wi_cli_buf *b, const wi_cli_cells *docs, size_t row) {
  const char *parameters = wi_cli_cells_at(docs, row, DOC_PARAMETERS);
  add_list_json(b, "tags", wi_cli_cells_at(docs, row, DOC_TAGS));
  wi_cli_json_kt(b, "section", wi_cli_cells_at(docs, row, DOC_SECTION));
  wi_cli_json_kt(b, "returns", wi_cli_cells_at(docs, row, DOC_RETURNS));
  wi_cli_json_kt(b, "example", wi_cli_cells_at(docs, row, DOC_EXAMPLE));
  wi_cli_json_kt(b, "example_result", wi_cli_cells_at(docs, row, DOC_RESULT));
  add_list_json(b, "settings", wi_cli_cells_at(docs, row, DOC_SETTINGS));
  wi_cli_json_key(b, "arguments");
  wi_cli_buf_str(b, parameters[0] != '\0' ? parameters : "[]");
}

static void docs_text(wi_cli_buf *b, const wi_cli_cells *docs, size_t row) {
  detail_line(b, "tags", wi_cli_cells_at(docs, row, DOC_TAGS));
  detail_line(b, "settings", wi_cli_cells_at(docs, row, DOC_SETTINGS));
  detail_line(b, "example", wi_cli_cells_at(docs, row, DOC_EXAMPLE));
  detail_line(b, "  gives", wi_cli_cells_at(docs, row, DOC_RESULT));
}

/* What a function written in SQL says. */
static weir_status definition(wi_cli_call *call, weir_session *session, const char *name,
                              weir_error *err) {
  struct ArrowArrayStream stream = {0};
  wi_cli_cells macros = {0};
  weir_status status = weir_session_read(session, WEIR_SESSION_MACROS, &stream, err);
  if (status == WEIR_OK) {
    status = wi_cli_cells_read(&macros, &stream, err);
  }
  for (size_t i = 0; status == WEIR_OK && i < wi_cli_cells_rows(&macros); i++) {
    if (strcmp(wi_cli_cells_at(&macros, i, 0), name) == 0) {
      detail_line(&call->screen.out.buf, "definition", wi_cli_cells_at(&macros, i, 1));
    }
  }
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  wi_cli_cells_release(&macros);
  return status;
}

static void detail_text(wi_cli_buf *b, const wi_cli_cells *all, size_t i,
                        const wi_cli_cells *routine, const wi_cli_cells *parameters) {
  bool documented = wi_cli_cells_rows(routine) > 0;
  const char *syntax = documented ? wi_cli_cells_at(routine, 0, 1) : "";
  const char *title = syntax[0] != '\0' ? syntax : wi_cli_cells_at(all, i, COL_NAME);
  wi_cli_visible(b, title, strlen(title), false);
  wi_cli_buf_chr(b, '\n');
  detail_line(b, "", documented ? wi_cli_cells_at(routine, 0, 0) : "");
  detail_line(b, "kind", wi_cli_cells_at(all, i, COL_KIND));
  detail_line(b, "volatility", wi_cli_cells_at(all, i, COL_VOLATILITY));
  detail_line(b, "aliases", wi_cli_cells_at(all, i, COL_ALIASES));
  detail_line(b, "identity", wi_cli_cells_at(all, i, COL_IDENTITY));
  for (size_t k = 0; k < wi_cli_cells_rows(parameters); k++) {
    bool returns = strcmp(wi_cli_cells_at(parameters, k, 0), "OUT") == 0;
    detail_line(b, returns ? "returns" : wi_cli_cells_at(parameters, k, 2),
                wi_cli_cells_at(parameters, k, 3));
  }
}

static weir_status detail(wi_cli_call *call, weir_session *session,
                          const wi_cli_cells *all, size_t i, weir_error *err) {
  weir_parameter name = {.name = "name",
                         .type = WEIR_TYPE_STRING,
                         .text = wi_cli_cells_at(all, i, COL_NAME)};
  wi_cli_parameters given = {&name, NULL, 1};
  wi_cli_cells routine = {0}, parameters = {0}, docs = {0};
  size_t row = 0;
  bool documented = false;
  weir_status status = wi_cli_cells_query(&routine, session, sql_routine, &given, err);
  if (status == WEIR_OK) {
    status = wi_cli_cells_query(&parameters, session, sql_parameters, &given, err);
  }
  if (status == WEIR_OK) {
    status = docs_of(session, name.text, &docs, &row, &documented, err);
  }
  if (status == WEIR_OK) {
    wi_cli_buf *b = &call->screen.out.buf;
    if (call->screen.format == WI_CLI_FORMAT_JSON) {
      detail_json(b, all, i, &routine, &parameters);
      if (documented) {
        docs_json(b, &docs, row);
      }
      wi_cli_buf_str(b, "}\n");
    } else {
      detail_text(b, all, i, &routine, &parameters);
      if (documented) {
        docs_text(b, &docs, row);
      }
      if (strcmp(wi_cli_cells_at(all, i, COL_KIND), "macro") == 0) {
        status = definition(call, session, name.text, err);
      }
    }
  }
  wi_cli_cells_release(&routine);
  wi_cli_cells_release(&parameters);
  wi_cli_cells_release(&docs);
  return status;
}

static weir_status no_such_function(const wi_cli_cells *all, const char *name,
                                    weir_error *err) {
  size_t n = wi_cli_cells_rows(all);
  const char **names = wi_cli_alloc(n, sizeof *names);
  for (size_t i = 0; i < n; i++) {
    names[i] = wi_cli_cells_at(all, i, COL_NAME);
  }
  const char *near = wi_cli_nearest(name, names, n);
  wi_cli_error(err, WEIR_E_UNKNOWN_FUNCTION, "there is no function '%.200s'", name);
  if (near != NULL) {
    wi_cli_error_hint(err, "did you mean %s? `weir functions --all` lists all", near);
  } else {
    wi_cli_error_hint(err, "`weir functions --all` lists all");
  }
  free(names);
  return WEIR_E_UNKNOWN_FUNCTION;
}

static weir_status functions(wi_cli_call *call, weir_session *session,
                             const wi_cli_cells *all, weir_error *err) {
  if (call->n_args == 0) {
    (void)list(call, all, NULL);
    return WEIR_OK;
  }
  const char *name = call->args[0];
  weir_status status = WEIR_OK;
  size_t found = 0;
  /* A name may be a scalar and a window function at once. */
  for (size_t i = 0; i < wi_cli_cells_rows(all) && status == WEIR_OK; i++) {
    if (strcmp(wi_cli_cells_at(all, i, COL_NAME), name) == 0 ||
        is_alias(wi_cli_cells_at(all, i, COL_ALIASES), name)) {
      status = detail(call, session, all, i, err);
      found++;
    }
  }
  if (status == WEIR_OK && found == 0 && list(call, all, name) == 0) {
    status = no_such_function(all, name, err);
  }
  return status;
}

int wi_cli_cmd_functions(wi_cli_call *call) {
  weir_session *session = NULL;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  wi_cli_cells all = {0};
  int code = 0;
  if (!wi_cli_project_functions(call, &session, &code)) {
    return code;
  }
  weir_status status = weir_session_read(session, WEIR_SESSION_FUNCTIONS, &stream, &err);
  if (status == WEIR_OK) {
    status = wi_cli_cells_read(&all, &stream, &err);
  }
  if (status == WEIR_OK) {
    status = functions(call, session, &all, &err);
  }
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  wi_cli_cells_release(&all);
  weir_session_free(&session);
  return status == WEIR_OK ? 0 : wi_cli_fail(&call->screen, &err);
}
