/* What each view names: sources, views, table functions; and what is wrong with the names. */
#include <stdlib.h>
#include <string.h>

#include "project/private.h"

#define WI_ORIGIN "run"

const char *wi_relation_plain(const char *name) {
  const char *const prefixes[] = {WI_CATALOG "." WI_SCHEMA_MAIN ".", WI_SCHEMA_MAIN "."};
  for (size_t i = 0; i < 2; i++) {
    if (wi_starts_with(name, prefixes[i])) {
      name += strlen(prefixes[i]);
      break;
    }
  }
  return strchr(name, '.') == NULL ? name : NULL;
}

const char *wi_input_plain(const char *key) {
  static const char calls[] = WI_SCHEMA_CALLS ".";
  return wi_starts_with(key, calls) ? key + strlen(calls) : wi_relation_plain(key);
}

/* ---- references ---- */

/* Errors of weir.yml that leave in doubt what it declares. A key that is unknown hides nothing
 * where there are sources, and a --param declares nothing. */
static bool hides_names(const wi_spec *spec, const weir_error *e) {
  if (e->file[0] == '\0') {
    return e->code != WEIR_E_PARAM_UNKNOWN && e->code != WEIR_E_PARAM_TYPE &&
           e->code != WEIR_E_DUPLICATE_NAME && e->code != WEIR_E_USAGE;
  }
  return !wi_starts_with(e->file, "views/") &&
         !(e->code == WEIR_E_UNKNOWN_KEY && spec->n_sources > 0);
}

/* Before the views are read: what the reading of the files found stands already. */
void wi_project_look_at_errors(wi_project *project) {
  for (size_t i = 0; i < project->diags->n; i++) {
    const weir_error *e = &project->diags->items[i].error;
    if (project->diags->items[i].warning) {
      continue;
    }
    project->names_unknown = project->names_unknown || hides_names(project->spec, e);
    project->params_unknown =
        project->params_unknown || !wi_starts_with(e->file, "views/");
    for (size_t v = 0; v < project->spec->n_views; v++) {
      wi_view_refs *view = &project->views[v];
      view->blocked = view->blocked || strcmp(view->spec->file, e->file) == 0;
    }
  }
}

static void unknown_table(wi_project *project, const wi_spec_view *view,
                          const wi_ref *ref) {
  const wi_spec *spec = project->spec;
  char near[256] = "";
  char hint[320] = "";
  if (project->names_unknown) {
    return;
  }
  const char **names =
      wi_alloc_array(spec->n_sources + spec->n_views + 1, sizeof(*names));
  size_t n = 0;
  if (names != NULL) {
    for (size_t i = 0; i < spec->n_sources; i++) {
      names[n++] = spec->sources[i].name;
    }
    for (size_t i = 0; i < spec->n_views; i++) {
      names[n++] = spec->views[i].name;
    }
    wi_nearest(ref->name, names, n, near, sizeof(near));
  }
  snprintf(
      hint, sizeof(hint),
      near[0] != '\0' ? "did you mean %s?" : "declare it under `sources:` in weir.yml%s",
      near);
  wi_diags_add(project->diags, false, WEIR_E_UNKNOWN_TABLE, WI_ORIGIN, view->file,
               ref->line, ref->column, hint, "'%s' is neither a source nor a view",
               ref->name);
  wi_free(names);
}

static void refuse_schema(wi_project *project, const wi_spec_view *view,
                          const wi_ref *ref) {
  bool records = wi_starts_with(ref->name, WI_SCHEMA_RECORDS ".");
  bool path = strchr(ref->name, '"') != NULL || strchr(ref->name, '/') != NULL;
  const char *last = strrchr(ref->name, '.');
  char hint[320];
  snprintf(hint, sizeof(hint), "views and sources have no schema: FROM %.200s",
           last != NULL ? last + 1 : ref->name);
  wi_diags_add(project->diags, false, WEIR_E_UNKNOWN_TABLE, WI_ORIGIN, view->file,
               ref->line, ref->column,
               records ? "read the records with `weir sql`"
               : path
                   ? "declare a Delta table under `sources:` in weir.yml, and name that"
                   : hint,
               records ? "a view cannot read '%s': each run would change its own input"
               : path  ? "%s is neither a source nor a view, and views read no files"
                       : "'%s' is neither a source nor a view",
               ref->name);
}

static int by_index(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return x < y ? -1 : x > y;
}

static weir_status sort_relations(wi_project *project, wi_view_refs *view,
                                  weir_error *err) {
  const wi_spec *spec = project->spec;
  view->views = wi_alloc_array(view->sql.n_relations + 1, sizeof(size_t));
  view->sources = wi_alloc_array(view->sql.n_relations + 1, sizeof(size_t));
  if (view->views == NULL || view->sources == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < view->sql.n_relations; i++) {
    const wi_ref *ref = &view->sql.relations[i];
    const char *plain = wi_relation_plain(ref->name);
    const wi_spec_source *source =
        plain != NULL ? wi_spec_source_find(spec, plain) : NULL;
    const wi_spec_view *other = plain != NULL ? wi_spec_view_find(spec, plain) : NULL;
    if (plain == NULL) {
      refuse_schema(project, view->spec, ref);
    } else if (source != NULL) {
      view->sources[view->n_sources++] = (size_t)(source - spec->sources);
    } else if (other != NULL) {
      view->views[view->n_views++] = (size_t)(other - spec->views);
    } else {
      unknown_table(project, view->spec, ref);
    }
  }
  qsort(view->views, view->n_views, sizeof(size_t), by_index);
  qsort(view->sources, view->n_sources, sizeof(size_t), by_index);
  return WEIR_OK;
}

static void check_table_functions(wi_project *project, const wi_view_refs *view) {
  for (size_t i = 0; i < view->sql.n_table_functions; i++) {
    const wi_ref *ref = &view->sql.table_functions[i];
    weir_error one = WEIR_ERROR_INIT;
    if (wi_table_function_check(ref->name, &one) != WEIR_OK) {
      wi_err_where(&one, view->spec->file, ref->line, ref->column);
      wi_diags_take(project->diags, &one, false);
    }
    weir_error_release(&one);
  }
}

static const char *kind_in_words(const char *statement) {
  static const char *const kinds[][2] = {
      {"ddl", "a statement that creates, changes or drops things"},
      {"dml", "a statement that changes rows"},
      {"copy", "COPY"},
      {"set", "SET"},
      {"explain", "EXPLAIN"}};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (strcmp(statement, kinds[i][0]) == 0) {
      return kinds[i][1];
    }
  }
  return "another statement";
}

static bool check_statement(wi_project *project, const wi_view_refs *view) {
  const char *statement = view->sql.statement;
  if (strcmp(statement, "query") == 0) {
    return true;
  }
  wi_diags_add(project->diags, false, WEIR_E_READ_ONLY, WI_ORIGIN, view->spec->file,
               view->spec->sql_line, 0,
               strcmp(statement, "ddl") == 0 || strcmp(statement, "dml") == 0
                   ? "write the SELECT alone; weir makes the table and fills it"
                   : "write the SELECT alone",
               "a view is one SELECT, this is %s", kind_in_words(statement));
  return false;
}

weir_status wi_view_refs_read(wi_project *project, wi_view_refs *view, bool *params_used,
                              weir_error *err) {
  weir_error one = WEIR_ERROR_INIT;
  if (view->spec->materialized == WI_MAT_VIEW) {
    wi_diags_add(project->diags, false, WEIR_E_NOT_YET, WI_ORIGIN, view->spec->file,
                 view->spec->place.line, view->spec->place.column,
                 "use materialized: table",
                 "`materialized: view` comes with a later version");
  }
  weir_status status = wi_refs_read(project->engine, view->spec->sql, &view->sql, &one);
  if (status != WEIR_OK && weir_error_class(status) != WEIR_CLASS_USER) {
    wi_err_move(err, &one); /* the engine, not the project */
    return status;
  }
  if (status != WEIR_OK) {
    wi_err_where(&one, view->spec->file, one.line > 0 ? one.line : view->spec->sql_line,
                 one.column);
    wi_diags_take(project->diags, &one, false);
    weir_error_release(&one);
    return WEIR_OK;
  }
  if (!check_statement(project, view)) {
    return WEIR_OK; /* what it names is no input */
  }
  size_t before = project->diags->errors;
  check_table_functions(project, view);
  WI_TRY(sort_relations(project, view, err));
  WI_TRY(wi_params_bind(project, view, params_used, err));
  bool sound = project->diags->errors == before && !view->blocked;
  return sound ? wi_project_add_calls(project, view, err) : WEIR_OK;
}
