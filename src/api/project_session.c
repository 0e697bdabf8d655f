/* A session over a project's tables: sources as pinned, views as last committed, and the
 * records with their system views. */
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

typedef struct table_request {
  weir_project *project;
  wi_session *session;
} table_request;

static weir_status add_plain(const table_request *r, const char *name, weir_error *err) {
  const wi_spec *spec = r->project->spec;
  const wi_spec_source *source = wi_spec_source_find(spec, name);
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  if (wi_session_has(r->session, WI_SCHEMA_MAIN, name)) {
    return WEIR_OK;
  }
  if (source != NULL) {
    return wi_session_add_delta(r->session, WI_SCHEMA_MAIN, name, source->uri, spec->root,
                                source->version, err);
  }
  if (wi_spec_view_find(spec, name) == NULL) {
    return WEIR_OK; /* the query's own error names the nearest */
  }
  WI_CHECK(wi_view_uri(spec, name, &uri, err));
  status = wi_session_add_delta(r->session, WI_SCHEMA_MAIN, name, wi_buf_text(&uri), NULL,
                                -1, err);
  if (status == WEIR_E_TABLE_MISSING) {
    wi_err_hint_replace(err, "build it: weir run --select +%s", name);
  }
done:
  wi_buf_release(&uri);
  return status;
}

/* The record's columns without rows. */
static weir_status add_empty_record(const table_request *r, wi_record_table table,
                                    weir_error *err) {
  weir_status status = WEIR_OK;
  wi_record *none = NULL;
  struct ArrowArrayStream rows = {0};
  WI_CHECK(wi_record_new(table, &none, err));
  WI_CHECK(wi_record_stream(none, &rows, err));
  WI_CHECK(wi_session_add_rows(r->session, WI_SCHEMA_RECORDS, wi_record_table_name(table),
                               WI_INPUT_MEMORY, &rows, err));
done:
  if (rows.release != NULL) {
    rows.release(&rows);
  }
  wi_record_free(&none);
  return status;
}

static weir_status add_record(const table_request *r, wi_record_table table,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT;
  const char *name = wi_record_table_name(table);
  if (wi_session_has(r->session, WI_SCHEMA_RECORDS, name)) {
    return WEIR_OK;
  }
  WI_CHECK(wi_record_uri(r->project->spec, table, &uri, err));
  status = wi_session_add_delta(r->session, WI_SCHEMA_RECORDS, name, wi_buf_text(&uri),
                                NULL, -1, err);
  if (status == WEIR_E_TABLE_MISSING &&
      (table == WI_RECORD_WARNINGS || table == WI_RECORD_PLUGINS)) {
    /* the table comes with the first warning or plug-in, not with the first run */
    weir_error_release(err);
    status = add_empty_record(r, table, err);
  } else if (status == WEIR_E_TABLE_MISSING) {
    wi_err_hint_replace(err, "records come with the first run: weir run");
  }
done:
  wi_buf_release(&uri);
  return status;
}

/* A system view is computed when it is asked for: the engine's session has no views, and the
 * records are small. */
static weir_status add_system_view(const table_request *r, const char *name,
                                   weir_error *err) {
  weir_status status = WEIR_OK;
  wi_record_table table = WI_RECORD_RUNS;
  const char *sql = wi_record_view_sql(name, &table);
  weir_session *inner = NULL;
  weir_query *query = NULL;
  wi_session *session = NULL;
  struct ArrowArrayStream rows = {0};
  table_request nested = {r->project, NULL};
  WI_CHECK(wi_project_session(r->project->spec, r->project->engine,
                              wi_api_now(r->project, 0), &session, err));
  nested.session = session;
  WI_CHECK(add_record(&nested, table, err));
  WI_CHECK(wi_session_seal(session, err));
  WI_CHECK(wi_api_session(session, r->project->engine, &inner, err));
  session = NULL;
  WI_CHECK(weir_query_open(inner, sql, NULL, 0, &query, err));
  WI_CHECK(weir_query_stream(query, &rows, err));
  WI_CHECK(wi_session_add_rows(r->session, WI_SCHEMA_RECORDS, name, WI_INPUT_MEMORY,
                               &rows, err));
done:
  if (rows.release != NULL) {
    rows.release(&rows);
  }
  weir_query_free(&query);
  weir_session_free(&inner);
  wi_session_free(&session);
  return status;
}

static weir_status add_named(const table_request *r, const char *name, weir_error *err) {
  static const char prefix[] = WI_SCHEMA_RECORDS ".";
  const char *plain = wi_relation_plain(name);
  wi_record_table table = WI_RECORD_RUNS;
  if (plain != NULL) {
    return add_plain(r, plain, err);
  }
  const char *record = name;
  if (wi_starts_with(record, WI_CATALOG ".")) {
    record += strlen(WI_CATALOG ".");
  }
  if (!wi_starts_with(record, prefix)) {
    return WEIR_OK;
  }
  record += strlen(prefix);
  if (wi_record_table_find(record, &table)) {
    return add_record(r, table, err);
  }
  if (wi_record_view_sql(record, &table) != NULL) {
    return wi_session_has(r->session, WI_SCHEMA_RECORDS, record)
               ? WEIR_OK
               : add_system_view(r, record, err);
  }
  size_t n = 0;
  char near[256];
  const char *const *names = wi_record_names(&n);
  wi_nearest(record, names, n, near, sizeof(near));
  wi_err_hint(err,
              near[0] != '\0' ? "did you mean weir.%s?"
                              : "the records are weir.runs, "
                                "weir.tasks, weir.plans, weir.pins, weir.commits, "
                                "weir.settings, weir.warnings%s",
              near);
  return WI_ERR(err, WEIR_E_UNKNOWN_TABLE, "there is no record table '%s'", name);
}

static weir_status add_relations(const table_request *r, const char *sql,
                                 weir_error *err) {
  wi_refs refs = {0};
  WI_TRY(wi_refs_read(r->project->engine, sql, &refs, err));
  weir_status status = WEIR_OK;
  bool reads = wi_refs_only_read(&refs);
  for (size_t i = 0; reads && i < refs.n_relations && status == WEIR_OK; i++) {
    status = add_named(r, refs.relations[i].name, err);
    if (status != WEIR_OK) {
      wi_err_where(err, NULL, refs.relations[i].line, refs.relations[i].column);
    }
  }
  wi_refs_release(&refs);
  return status;
}

/* A view that was never built is no table yet, nor is a record before the first run. */
static weir_status unless_missing(weir_status status, weir_error *one, weir_error *err) {
  return wi_err_except(status, WEIR_E_TABLE_MISSING, one, err);
}

static weir_status add_all_records(const table_request *r, weir_error *err) {
  weir_status status = WEIR_OK;
  size_t n = 0;
  const char *const *names = wi_record_names(&n);
  for (size_t i = 0; i < n && status == WEIR_OK; i++) {
    weir_error one = WEIR_ERROR_INIT;
    wi_buf name = WI_BUF_INIT;
    wi_buf_fmt(&name, WI_SCHEMA_RECORDS ".%s", names[i]);
    status = wi_buf_check(&name, &one, WI_ORIGIN);
    if (status == WEIR_OK) {
      status = add_named(r, wi_buf_text(&name), &one);
    }
    status = unless_missing(status, &one, err);
    wi_buf_release(&name);
  }
  return status;
}

static weir_status add_all(const table_request *r, weir_error *err) {
  const wi_spec *spec = r->project->spec;
  for (size_t i = 0; i < spec->n_sources; i++) {
    WI_TRY(add_plain(r, spec->sources[i].name, err));
  }
  for (size_t i = 0; i < spec->n_views; i++) {
    weir_error one = WEIR_ERROR_INIT;
    weir_status status = add_plain(r, spec->views[i].name, &one);
    WI_TRY(unless_missing(status, &one, err));
  }
  return add_all_records(r, err);
}

weir_status weir_project_session(weir_project *project, const char *sql,
                                 weir_session **out, weir_error *err) {
  weir_status status = WEIR_OK;
  table_request r = {project, NULL};
  wi_stop_scope before = wi_stop_here();
  WI_ARG(out, err);
  *out = NULL;
  WI_ARG(project, err);
  WI_TRY(wi_api_usable(project, err));
  wi_stop_enter(project->standing);
  WI_CHECK(wi_stop_check(project->standing, err));
  WI_CHECK(wi_project_session(project->spec, project->engine, wi_api_now(project, 0),
                              &r.session, err));
  if (project->standing != NULL) {
    WI_CHECK(
        wi_api_stop(project->engine, NULL, project->standing, &r.session->stop, err));
  }
  WI_CHECK(wi_project_functions(project->spec, r.session, err));
  WI_CHECK(sql != NULL ? add_relations(&r, sql, err) : add_all(&r, err));
  WI_CHECK(wi_session_seal(r.session, err));
  WI_CHECK(wi_api_session(r.session, project->engine, out, err));
  r.session = NULL;
done:
  wi_stop_leave(before);
  wi_session_free(&r.session);
  return status;
}
