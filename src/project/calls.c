/* Table functions of views: a call is a source that no weir.yml declares. */
#include <string.h>

#include "project/private.h"

#define WI_ORIGIN "run"

/* What is in the warehouse is written by the runs themselves. */
static bool is_foreign(wi_project *project, const wi_view_refs *view, const wi_call *call,
                       const char *uri) {
  const wi_spec *spec = project->spec;
  size_t prefix = strlen(spec->warehouse);
  if (strncmp(uri, spec->warehouse, prefix) != 0 || uri[prefix] != '/') {
    return true;
  }
  const char *folder = uri + prefix + 1;
  const wi_spec_view *own = wi_spec_view_find(spec, folder);
  if (own != NULL && own->materialized == WI_MAT_TABLE) {
    char hint[320];
    snprintf(hint, sizeof(hint), "name the view instead: FROM %.200s", own->name);
    wi_diags_add(project->diags, false, WEIR_E_SOURCE_IS_VIEW, WI_ORIGIN,
                 view->spec->file, call->line, call->column, hint,
                 own == view->spec ? "%s reads the table of its own view '%s'"
                                   : "%s reads the table of the view '%s'",
                 call->fn->name, own->name);
    return false;
  }
  if (wi_starts_with(folder, WI_RECORD_FOLDER "/")) {
    wi_diags_add(project->diags, false, WEIR_E_UNKNOWN_TABLE, WI_ORIGIN, view->spec->file,
                 call->line, call->column, "read the records with `weir sql`",
                 "a view cannot read weir's own records: each run would change its own "
                 "input");
    return false;
  }
  return true;
}

static weir_status new_source(wi_project *project, const wi_view_refs *view,
                              const wi_call *call, const char *name, const char *uri,
                              weir_error *err) {
  wi_project_source *grown =
      wi_realloc_array(project->sources, project->n_sources + 1, sizeof(*grown));
  if (grown == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  project->sources = grown;
  wi_spec_source *spec = wi_arena_alloc(&project->arena, sizeof(*spec));
  if (spec == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  memset(spec, 0, sizeof(*spec));
  spec->name = wi_arena_dup(&project->arena, name);
  spec->uri = wi_arena_dup(&project->arena, uri);
  spec->table = spec->uri;
  spec->version = call->version;
  spec->place = (wi_place){view->spec->file, call->line, call->column};
  if (spec->name == NULL || spec->uri == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  wi_project_source *source = &project->sources[project->n_sources++];
  memset(source, 0, sizeof(*source));
  source->spec = spec;
  source->call = call->kind;
  source->fn = call->fn;
  return WEIR_OK;
}

/* By name, since indexes of calls depend on what other views call. */
static void read_source(const wi_project *project, wi_view_refs *view, size_t source) {
  size_t at = view->n_sources;
  for (size_t i = 0; i < view->n_sources; i++) {
    if (view->sources[i] == source) {
      return;
    }
  }
  while (at > 0 && strcmp(project->sources[view->sources[at - 1]].spec->name,
                          project->sources[source].spec->name) > 0) {
    view->sources[at] = view->sources[at - 1];
    at--;
  }
  view->sources[at] = source;
  view->n_sources++;
}

static weir_status add_call(wi_project *project, wi_view_refs *view, size_t ordinal,
                            weir_error *err) {
  const wi_call *call = &view->calls.items[ordinal];
  weir_status status = WEIR_OK;
  wi_buf uri = WI_BUF_INIT, name = WI_BUF_INIT;
  bool opens = wi_call_opens(call->kind);
  if (opens) {
    WI_CHECK(wi_uri_canonical(wi_call_place(call), project->spec->root, &uri, err));
    if (!is_foreign(project, view, call, wi_buf_text(&uri))) {
      goto done;
    }
  }
  wi_call_name(call->fn, opens ? wi_buf_text(&uri) : NULL, call->version, &name);
  WI_CHECK(wi_buf_check(&name, err, WI_ORIGIN));
  size_t source = wi_project_source_index(project, wi_buf_text(&name));
  if (source == SIZE_MAX) {
    source = project->n_sources;
    WI_CHECK(new_source(project, view, call, wi_buf_text(&name), wi_buf_text(&uri), err));
  }
  view->call_sources[ordinal] = source;
  read_source(project, view, source);
done:
  wi_buf_release(&uri);
  wi_buf_release(&name);
  return status;
}

/* An error of the view goes to the diags; what is returned is the engine's or memory. */
static weir_status tell(wi_project *project, const wi_view_refs *view,
                        const wi_call *call, weir_error *one, weir_error *err) {
  if (weir_error_class(one->code) != WEIR_CLASS_USER) {
    weir_status status = one->code;
    wi_err_move(err, one);
    return status;
  }
  if (call != NULL) {
    wi_err_context(one, "%s", call->fn->name);
    wi_err_where(one, view->spec->file, call->line, call->column);
  } else {
    wi_err_where(one, view->spec->file, one->line, one->column);
  }
  wi_diags_take(project->diags, one, false);
  return WEIR_OK;
}

weir_status wi_project_add_calls(wi_project *project, wi_view_refs *view,
                                 weir_error *err) {
  weir_status status = WEIR_OK;
  weir_error one = WEIR_ERROR_INIT;
  if (wi_calls_read(&view->sql, view->values, view->n_values, &view->calls, &one) !=
      WEIR_OK) {
    status = tell(project, view, NULL, &one, err);
    goto done;
  }
  size_t room = view->n_sources + view->calls.n + 1;
  size_t *grown = wi_realloc_array(view->sources, room, sizeof(*grown));
  view->sources = grown != NULL ? grown : view->sources;
  view->call_sources = wi_alloc_array(view->calls.n + 1, sizeof(size_t));
  if (grown == NULL || view->call_sources == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  for (size_t i = 0; i < view->calls.n; i++) {
    if (add_call(project, view, i, &one) != WEIR_OK) {
      WI_CHECK(tell(project, view, &view->calls.items[i], &one, err));
    }
    weir_error_release(&one);
  }
done:
  weir_error_release(&one);
  return status;
}
