/* A project as the engine sees it: references, order, parameters. */
#include <string.h>

#include "project/private.h"

#define WI_ORIGIN "run"

size_t wi_project_source_index(const wi_project *project, const char *name) {
  const wi_spec_source *found = wi_spec_source_find(project->spec, name);
  if (found != NULL) {
    return (size_t)(found - project->spec->sources);
  }
  for (size_t i = project->spec->n_sources; i < project->n_sources; i++) {
    if (strcmp(project->sources[i].spec->name, name) == 0) {
      return i;
    }
  }
  return SIZE_MAX;
}

size_t wi_project_view_index(const wi_project *project, const char *name) {
  const wi_spec_view *found = wi_spec_view_find(project->spec, name);
  return found == NULL ? SIZE_MAX : (size_t)(found - project->spec->views);
}

/* The first error, if each of them is one of a store or the machine. */
static const weir_error *failure_of_others(const wi_diags *diags) {
  const weir_error *first = NULL;
  size_t n = 0;
  for (size_t i = 0; i < diags->n; i++) {
    const weir_error *error = &diags->items[i].error;
    if (!diags->items[i].warning && weir_error_class(error->code) == WEIR_CLASS_IO) {
      first = first == NULL ? error : first;
      n++;
    }
  }
  return n == diags->errors ? first : NULL; /* not all of them may be listed */
}

/* What a store or the machine fails in, or lacks memory for, is no error of the project, and says
 * nothing about it. */
weir_status wi_project_broken(wi_diags *diags, weir_error *err) {
  if (diags->no_memory) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  wi_spec_sort_diags(diags);
  const weir_error *failure = failure_of_others(diags);
  if (failure != NULL) {
    weir_error copy = WEIR_ERROR_INIT;
    wi_err_copy(failure, &copy);
    wi_err_move(err, &copy);
    return failure->code;
  }
  return WI_ERR(err, WEIR_E_PROJECT, "the project has %zu error%s", diags->errors,
                diags->errors == 1 ? "" : "s");
}

static weir_status name_list(wi_names *out, size_t n, weir_error *err) {
  out->items = wi_alloc_array(n + 1, sizeof(char *));
  out->n = n;
  return out->items != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

static weir_status order_views(wi_project *project, weir_error *err) {
  const wi_spec *spec = project->spec;
  for (size_t v = 0; v < spec->n_views; v++) {
    const wi_view_refs *view = &project->views[v];
    WI_TRY(name_list(&project->refs[v].views, view->n_views, err));
    WI_TRY(name_list(&project->refs[v].sources, view->n_sources, err));
    for (size_t i = 0; i < view->n_views; i++) {
      project->refs[v].views.items[i] = spec->views[view->views[i]].name;
    }
    for (size_t i = 0; i < view->n_sources; i++) {
      project->refs[v].sources.items[i] = project->sources[view->sources[i]].spec->name;
    }
  }
  return wi_spec_order(spec, project->refs, project->order, project->diags, err);
}

static weir_status project_alloc(const wi_spec *spec, wi_project **out, weir_error *err) {
  wi_project *p = wi_alloc(sizeof(*p));
  *out = p;
  if (p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  p->spec = spec;
  p->sources = wi_alloc_array(spec->n_sources + 1, sizeof(*p->sources));
  p->views = wi_alloc_array(spec->n_views + 1, sizeof(*p->views));
  p->refs = wi_alloc_array(spec->n_views + 1, sizeof(*p->refs));
  p->order = wi_alloc_array(spec->n_views + 1, sizeof(*p->order));
  if (p->sources == NULL || p->views == NULL || p->refs == NULL || p->order == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  p->n_sources = spec->n_sources;
  for (size_t i = 0; i < spec->n_sources; i++) {
    p->sources[i].spec = &spec->sources[i];
  }
  for (size_t i = 0; i < spec->n_views; i++) {
    p->views[i].spec = &spec->views[i];
  }
  return WEIR_OK;
}

weir_status wi_project_open(const wi_spec *spec, wi_engine *engine, int64_t now_us,
                            wi_diags *diags, wi_project **out, weir_error *err) {
  weir_status status = WEIR_OK;
  weir_error ordering = WEIR_ERROR_INIT;
  wi_project *p = NULL;
  bool *used = wi_alloc_array(spec->n_params + 1, sizeof(*used));
  *out = NULL;
  if (used == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_CHECK(project_alloc(spec, &p, err));
  p->engine = wi_engine_ref(engine);
  p->now_us = now_us;
  p->diags = diags;
  wi_project_look_at_errors(p);
  for (size_t i = 0; i < spec->n_views; i++) {
    size_t before = diags->errors;
    if (!p->views[i].blocked) {
      WI_CHECK(wi_view_refs_read(p, &p->views[i], used, err));
      p->views[i].blocked = p->views[i].blocked || diags->errors > before;
    }
  }
  wi_params_warn_unused(p, used);
  weir_status ordered = order_views(p, &ordering);
  if (ordered != WEIR_OK && ordered != WEIR_E_PROJECT) {
    status = ordered;
    wi_err_move(err, &ordering);
    goto done;
  }
  if (ordered != WEIR_OK || p->names_unknown) {
    status = wi_project_broken(diags, err);
    goto done;
  }
  *out = p;
  p = NULL;
done:
  weir_error_release(&ordering);
  wi_free(used);
  wi_project_free(&p);
  return status;
}

static void view_release(wi_view_refs *v) {
  wi_refs_release(&v->sql);
  wi_free(v->views);
  wi_free(v->sources);
  wi_free(v->call_sources);
  wi_calls_release(&v->calls);
  wi_free(v->values);
}

void wi_project_free(wi_project **project) {
  wi_project *p = *project;
  *project = NULL;
  if (p == NULL) {
    return;
  }
  for (size_t i = 0; p->views != NULL && i < p->spec->n_views; i++) {
    view_release(&p->views[i]);
  }
  for (size_t i = 0; p->refs != NULL && i < p->spec->n_views; i++) {
    wi_free(p->refs[i].views.items);
    wi_free(p->refs[i].sources.items);
  }
  wi_free(p->views);
  wi_free(p->sources);
  wi_arena_release(&p->arena);
  wi_free(p->refs);
  wi_free(p->order);
  wi_engine_unref(&p->engine);
  wi_free(p);
}
