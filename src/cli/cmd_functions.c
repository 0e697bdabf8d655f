/* weir functions [NAME]: the SQL functions of a session. */
#include <stdlib.h>
#include <string.h>

#include "function_docs.h"
#include "project.h"
#include "query.h"

/* Columns of WEIR_SESSION_FUNCTIONS. */
enum { COL_NAME, COL_KIND, COL_VOLATILITY, COL_IDENTITY, COL_ALIASES, COL_ORIGIN };

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

/* The functions of a session, and what is said of them. */
typedef struct known {
  wi_cli_cells all, docs;
} known;

/* What is said of a function under this name; false: nothing. */
static bool docs_of(const known *k, size_t i, const char *name, size_t *row) {
  return wi_cli_docs_find(&k->docs, name, wi_cli_cells_at(&k->all, i, COL_KIND), row);
}

/* A name that weir gives to a function of the engine has that one's name beside it. */
static const char *aliases_of(const known *k, size_t i, const char *name) {
  bool renamed = strcmp(name, wi_cli_cells_at(&k->all, i, COL_NAME)) != 0;
  return wi_cli_cells_at(&k->all, i, renamed ? COL_NAME : COL_ALIASES);
}

/* The engine tells nothing of its table functions. */
static const char *volatility_of(const known *k, size_t i, const char *name) {
  const char *told = wi_cli_cells_at(&k->all, i, COL_VOLATILITY);
  size_t row = 0;
  return told[0] == '\0' && docs_of(k, i, name, &row)
             ? wi_cli_cells_at(&k->docs, row, DOC_VOLATILITY)
             : told;
}

static void members_json(wi_cli_buf *b, const known *k, size_t i, const char *name) {
  const wi_cli_cells *all = &k->all;
  const char *identity = wi_cli_cells_at(all, i, COL_IDENTITY);
  size_t row = 0;
  wi_cli_json_kt(b, "name", name);
  wi_cli_json_kt(b, "kind", wi_cli_cells_at(all, i, COL_KIND));
  wi_cli_json_kt(b, "volatility", volatility_of(k, i, name));
  wi_cli_json_kt(b, "identity", identity[0] == '\0' ? NULL : identity);
  wi_cli_list_json(b, "aliases", aliases_of(k, i, name));
  wi_cli_json_kt(b, "origin", wi_cli_cells_at(all, i, COL_ORIGIN));
  wi_cli_list_json(
      b, "tags",
      docs_of(k, i, name, &row) ? wi_cli_cells_at(&k->docs, row, DOC_TAGS) : "");
}

static void list_one(wi_cli_call *call, const known *k, size_t i, const char *name,
                     wi_cli_grid *grid) {
  wi_cli_screen *s = &call->screen;
  size_t row = 0;
  if (s->format == WI_CLI_FORMAT_JSON) {
    wi_cli_buf_chr(&s->out.buf, '{');
    members_json(&s->out.buf, k, i, name);
    wi_cli_buf_str(&s->out.buf, "}\n");
    return;
  }
  wi_cli_grid_add(grid, name);
  wi_cli_grid_add(grid, wi_cli_cells_at(&k->all, i, COL_KIND));
  wi_cli_grid_add(grid, volatility_of(k, i, name));
  wi_cli_grid_add(
      grid, docs_of(k, i, name, &row) ? wi_cli_cells_at(&k->docs, row, DOC_TAGS) : "");
  wi_cli_grid_add(grid, aliases_of(k, i, name));
}

/* Names that weir gives to functions of the engine. */
static size_t list_others(wi_cli_call *call, const known *k, size_t i, const char *prefix,
                          wi_cli_grid *grid) {
  size_t found = 0;
  for (size_t d = 0; d < wi_cli_cells_rows(&k->docs); d++) {
    const char *name = wi_cli_cells_at(&k->docs, d, DOC_NAME);
    if (is_alias(wi_cli_cells_at(&k->all, i, COL_ALIASES), name) &&
        (prefix == NULL || strncmp(name, prefix, strlen(prefix)) == 0)) {
      list_one(call, k, i, name, grid);
      found++;
    }
  }
  return found;
}

/* Lists weir's own, or all, or (with `prefix`) those that begin so. Gives how many. */
static size_t list(wi_cli_call *call, const known *k, const char *prefix) {
  wi_cli_screen *s = &call->screen;
  wi_cli_grid grid;
  size_t found = 0, row = 0;
  wi_cli_grid_init(&grid, 5, 0);
  wi_cli_grid_add(&grid, "NAME");
  wi_cli_grid_add(&grid, "KIND");
  wi_cli_grid_add(&grid, "VOLATILITY");
  wi_cli_grid_add(&grid, "TAGS");
  wi_cli_grid_add(&grid, "ALIASES");
  for (size_t i = 0; i < wi_cli_cells_rows(&k->all); i++) {
    const char *name = wi_cli_cells_at(&k->all, i, COL_NAME);
    bool own = strcmp(wi_cli_cells_at(&k->all, i, COL_ORIGIN), "builtin") != 0 ||
               docs_of(k, i, name, &row);
    if (prefix != NULL ? strncmp(name, prefix, strlen(prefix)) == 0
                       : own || call->values[WI_CLI_ALL].set) {
      list_one(call, k, i, name, &grid);
      found++;
    }
    found += list_others(call, k, i, prefix, &grid);
  }
  if (found > 0 && s->format != WI_CLI_FORMAT_JSON) {
    wi_cli_grid_print(&grid, s, true);
  }
  wi_cli_grid_release(&grid);
  return found;
}

/* What `name` is shown with: a documented function, and what the engine tells of it. */
typedef struct shown {
  const char *name;
  size_t row, doc;
  bool documented;
  wi_cli_cells routine, parameters;
} shown;

static const char *description_of(const known *k, const shown *f) {
  return f->documented ? wi_cli_cells_at(&k->docs, f->doc, DOC_DESCRIPTION)
         : wi_cli_cells_rows(&f->routine) > 0 ? wi_cli_cells_at(&f->routine, 0, 0)
                                              : "";
}

static const char *syntax_of(const known *k, const shown *f) {
  return f->documented ? wi_cli_cells_at(&k->docs, f->doc, DOC_SYNTAX)
         : wi_cli_cells_rows(&f->routine) > 0 ? wi_cli_cells_at(&f->routine, 0, 1)
                                              : "";
}

static void detail_json(wi_cli_buf *b, const known *k, const shown *f) {
  const char *description = description_of(k, f), *syntax = syntax_of(k, f);
  wi_cli_buf_chr(b, '{');
  members_json(b, k, f->row, f->name);
  wi_cli_json_kt(b, "description", description[0] != '\0' ? description : NULL);
  wi_cli_json_kt(b, "syntax", syntax[0] != '\0' ? syntax : NULL);
  wi_cli_json_key(b, "parameters");
  wi_cli_buf_chr(b, '[');
  for (size_t i = 0; i < wi_cli_cells_rows(&f->parameters); i++) {
    wi_cli_buf_str(b, i > 0 ? "," : "");
    wi_cli_buf_chr(b, '{');
    wi_cli_json_kt(b, "mode", wi_cli_cells_at(&f->parameters, i, 0));
    wi_cli_json_key(b, "position");
    wi_cli_buf_str(b, wi_cli_cells_at(&f->parameters, i, 1));
    wi_cli_json_kt(b, "name", wi_cli_cells_at(&f->parameters, i, 2));
    wi_cli_json_kt(b, "types", wi_cli_cells_at(&f->parameters, i, 3));
    wi_cli_buf_chr(b, '}');
  }
  wi_cli_buf_chr(b, ']');
  if (f->documented) {
    wi_cli_docs_json(b, &k->docs, f->doc);
  }
  wi_cli_buf_str(b, "}\n");
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
      wi_cli_detail_line(&call->screen.out.buf, "definition",
                         wi_cli_cells_at(&macros, i, 1));
    }
  }
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  wi_cli_cells_release(&macros);
  return status;
}

static void detail_text(wi_cli_buf *b, const known *k, const shown *f) {
  const wi_cli_cells *all = &k->all;
  const char *syntax = syntax_of(k, f), *description = description_of(k, f);
  const char *title = syntax[0] != '\0' ? syntax : f->name;
  wi_cli_visible(b, title, strlen(title), false);
  wi_cli_buf_chr(b, '\n');
  if (description[0] != '\0') {
    wi_cli_buf_str(b, "  ");
    wi_cli_visible(b, description, strlen(description), false);
    wi_cli_buf_chr(b, '\n');
  }
  wi_cli_detail_line(b, "kind", wi_cli_cells_at(all, f->row, COL_KIND));
  wi_cli_detail_line(b, "volatility", volatility_of(k, f->row, f->name));
  wi_cli_detail_line(b, "aliases", aliases_of(k, f->row, f->name));
  wi_cli_detail_line(b, "identity", wi_cli_cells_at(all, f->row, COL_IDENTITY));
  if (f->documented) {
    wi_cli_docs_text(b, &k->docs, f->doc);
    return;
  }
  for (size_t i = 0; i < wi_cli_cells_rows(&f->parameters); i++) {
    bool returns = strcmp(wi_cli_cells_at(&f->parameters, i, 0), "OUT") == 0;
    wi_cli_detail_line(b, returns ? "returns" : wi_cli_cells_at(&f->parameters, i, 2),
                       wi_cli_cells_at(&f->parameters, i, 3));
  }
}

/* A name that weir gives to a function of the engine is described as weir's. */
static weir_status detail(wi_cli_call *call, weir_session *session, const known *k,
                          size_t i, const char *asked, weir_error *err) {
  const char *real = wi_cli_cells_at(&k->all, i, COL_NAME);
  weir_parameter name = {.name = "name", .type = WEIR_TYPE_STRING, .text = real};
  wi_cli_parameters given = {&name, 1};
  shown f = {.name = asked, .row = i};
  f.documented = docs_of(k, i, asked, &f.doc);
  if (!f.documented) {
    f.name = real;
    f.documented = docs_of(k, i, real, &f.doc);
  }
  /* The information schema has these kinds; a table function may share a scalar's name. */
  const char *kind = wi_cli_cells_at(&k->all, i, COL_KIND);
  bool routine = strcmp(kind, "scalar") == 0 || strcmp(kind, "aggregate") == 0 ||
                 strcmp(kind, "window") == 0;
  weir_status status = WEIR_OK;
  if (routine) {
    status = wi_cli_cells_query(&f.routine, session, sql_routine, &given, err);
  }
  if (routine && status == WEIR_OK) {
    status = wi_cli_cells_query(&f.parameters, session, sql_parameters, &given, err);
  }
  if (status == WEIR_OK && call->screen.format == WI_CLI_FORMAT_JSON) {
    detail_json(&call->screen.out.buf, k, &f);
  } else if (status == WEIR_OK) {
    detail_text(&call->screen.out.buf, k, &f);
    if (strcmp(kind, "macro") == 0) {
      status = definition(call, session, real, err);
    }
  }
  wi_cli_cells_release(&f.routine);
  wi_cli_cells_release(&f.parameters);
  return status;
}

static weir_status no_such_function(const wi_cli_cells *all, const char *name,
                                    weir_error *err) {
  size_t n = wi_cli_cells_rows(all);
  const char **names = wi_cli_alloc(n, sizeof *names);
  for (size_t i = 0; i < n; i++) {
    names[i] = wi_cli_cells_at(all, i, COL_NAME);
  }
  const char *near = wi_nearest_one(name, names, n);
  wi_cli_error(err, WEIR_E_UNKNOWN_FUNCTION, "there is no function '%.200s'", name);
  if (near != NULL) {
    wi_cli_error_hint(err, "did you mean %s? `weir functions --all` lists all", near);
  } else {
    wi_cli_error_hint(err, "`weir functions --all` lists all");
  }
  free(names);
  return WEIR_E_UNKNOWN_FUNCTION;
}

static weir_status functions(wi_cli_call *call, weir_session *session, const known *k,
                             weir_error *err) {
  if (call->n_args == 0) {
    (void)list(call, k, NULL);
    return WEIR_OK;
  }
  const char *name = call->args[0];
  weir_status status = WEIR_OK;
  size_t found = 0;
  /* A name may be a scalar and a window function at once. */
  for (size_t i = 0; i < wi_cli_cells_rows(&k->all) && status == WEIR_OK; i++) {
    if (strcmp(wi_cli_cells_at(&k->all, i, COL_NAME), name) == 0 ||
        is_alias(wi_cli_cells_at(&k->all, i, COL_ALIASES), name)) {
      status = detail(call, session, k, i, name, err);
      found++;
    }
  }
  if (status == WEIR_OK && found == 0 && list(call, k, name) == 0) {
    status = no_such_function(&k->all, name, err);
  }
  return status;
}

int wi_cli_cmd_functions(wi_cli_call *call) {
  weir_session *session = NULL;
  weir_error err = WEIR_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  known k = {0};
  int code = 0;
  if (!wi_cli_project_functions(call, &session, &code)) {
    return code;
  }
  weir_status status = weir_session_read(session, WEIR_SESSION_FUNCTIONS, &stream, &err);
  if (status == WEIR_OK) {
    status = wi_cli_cells_read(&k.all, &stream, &err);
  }
  if (status == WEIR_OK) {
    status = wi_cli_docs_read(&k.docs, session, &err);
  }
  if (status == WEIR_OK) {
    status = functions(call, session, &k, &err);
  }
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  wi_cli_cells_release(&k.all);
  wi_cli_cells_release(&k.docs);
  weir_session_free(&session);
  return status == WEIR_OK ? 0 : wi_cli_fail(&call->screen, &err);
}
