/* What a project's files mean to an engine: where its tables are, what its views name and in
 * which order they come, what its parameters are, and the session of its profile. Reads no
 * table and writes none.
 *
 * Threads: a wi_project is immutable once it is opened. */
#ifndef WI_PROJECT_PROJECT_H
#define WI_PROJECT_PROJECT_H

#include "plan/plan.h"
#include "record/record.h"

/* ---- places (place.c) ---- */
/* The place of a view's table, and of a record table. */
weir_status wi_view_uri(const wi_spec *spec, const char *view, wi_buf *out,
                        weir_error *err);
weir_status wi_record_uri(const wi_spec *spec, wi_record_table table, wi_buf *out,
                          weir_error *err);

/* ---- names (refs.c) ---- */
/* The relation's plain name, if it is in the project's own schema: "main.x" gives "x". NULL
 * if it names another schema. Points into `name`. */
const char *wi_relation_plain(const char *name);
/* The name of a plan's input, as wi_view_plan has it: a source's (also of a call) or a view's.
 * NULL if it is of another schema. Points into `key`. */
const char *wi_input_plain(const char *key);

/* ---- the session (session.c) ---- */
/* A session with the project's profile, not yet sealed. */
weir_status wi_project_session(const wi_spec *spec, wi_engine *engine, int64_t now_us,
                               wi_session **out, weir_error *err);
/* Adds the project's own functions to such a session; the error has the place in weir.yml. */
weir_status wi_project_functions(const wi_spec *spec, wi_session *session,
                                 weir_error *err);
/* The same, with all that is wrong with any of them in `diags`: PROJECT then. */
weir_status wi_project_functions_all(const wi_spec *spec, wi_session *session,
                                     wi_diags *diags, weir_error *err);

/* ---- references, order, parameters (project.c, calls.c, params.c) ---- */
typedef struct
    wi_project_source { /* of weir.yml, or what a view's table function opens */
  const wi_spec_source *spec;
  wi_call_kind call; /* WI_CALL_NONE: of weir.yml */
  const wi_fn *fn;   /* of the call */
} wi_project_source;
/* The functions udf_registry and udf_docs open nothing. */
static inline bool wi_project_source_opens(const wi_project_source *source) {
  return source->call == WI_CALL_NONE || wi_call_opens(source->call);
}

typedef struct wi_view_refs { /* what a view names */
  const wi_spec_view *spec;
  wi_refs sql;
  size_t *views; /* indexes of the views it reads, in order of name */
  size_t n_views;
  size_t *sources; /* of sources, in order of name */
  size_t n_sources;
  wi_br_value *values; /* bound parameters, by name */
  size_t n_values;
  wi_calls calls;       /* of weir's table functions */
  size_t *call_sources; /* by call: its source */
  bool blocked;         /* it has errors of its own */
} wi_view_refs;

typedef struct wi_project {
  const wi_spec *spec;
  wi_engine *engine;
  wi_diags *diags;            /* the caller's */
  int64_t now_us;             /* the clock of its parameters */
  wi_project_source *sources; /* as spec->sources, then those that views call */
  size_t n_sources;
  wi_arena arena;                     /* of the latter */
  wi_view_refs *views;                /* as spec->views */
  wi_spec_refs *refs;                 /* the same by name, for order and selectors */
  size_t *order;                      /* of views */
  bool names_unknown, params_unknown; /* weir.yml has errors: a missing one is none */
} wi_project;

/* Reads every view's references, orders the views, binds parameters. Errors go to `diags`, and
 * block their view. PROJECT only where nothing more can be said: a cycle, or (in diags before)
 * errors of weir.yml. `spec` and `diags` are borrowed. */
weir_status wi_project_open(const wi_spec *spec, wi_engine *engine, int64_t now_us,
                            wi_diags *diags, wi_project **out, weir_error *err);
void wi_project_free(wi_project **project);
/* Indexes by name; SIZE_MAX: there is none. */
size_t wi_project_source_index(const wi_project *project, const char *name);
size_t wi_project_view_index(const wi_project *project, const char *name);
/* Sorts the diags and says how many errors there are. If all of them are a store's or the
 * machine's, and so none is the project's, the first of them is the answer. */
weir_status wi_project_broken(wi_diags *diags, weir_error *err);
/* The parameter's value, the clock filled in; PARAM_MISSING without one. */
weir_status wi_param_bind(const wi_spec_param *param, int64_t now_us, wi_br_value *out,
                          weir_error *err);
/* The view's bound values: into a digest, and as a JSON object. */
void wi_params_digest(const wi_view_refs *view, wi_digest *into);
weir_status wi_params_json(const wi_view_refs *view, wi_buf *out, weir_error *err);

#endif
