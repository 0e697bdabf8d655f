/* Inside src/api: what the public handles hold. */
#ifndef WI_API_PRIVATE_H
#define WI_API_PRIVATE_H

#include "maintain/maintain.h"
#include "run/run.h"
#include "weir/weir.h"

struct weir_session {
  wi_session *session;
  wi_engine *engine;
};

struct weir_project {
  wi_log_sink log;
  wi_spec *spec;
  wi_engine *engine;
  wi_diags diags;
  wi_stop *stop;        /* of the running call; guarded by `lock` */
  wi_stop_scope before; /* what stopped the thread before that */
  wi_stop *standing;    /* of calls that were given none of their own; NULL: none */
  wi_project *parsed;   /* references, for weir_project_nodes */
  pthread_mutex_t lock;
  int64_t now_us;
  weir_diagnostic *shown; /* what weir_project_diagnostics gave last */
  weir_node *nodes;
  size_t n_nodes;
  wi_arena node_arena;
};

/* project.c: what calls on a project begin and end with. */
weir_status wi_api_usable(const weir_project *p, weir_error *err);
void wi_api_forget(weir_project *p); /* what an earlier call found */
/* The clock of a call: what it asks for, else the project's, else the time. */
int64_t wi_api_now(const weir_project *p, int64_t asked);
/* A pass that weir_project_cancel and the token stop; to be ended in any case. */
weir_status wi_api_begin(weir_project *p, weir_cancel *cancel, int64_t now_us,
                         wi_pass **pass, weir_error *err);
void wi_api_end(weir_project *p, wi_pass **pass);
/* What stops a call: what it was given, else what its session or project was. */
weir_status wi_api_stop(wi_engine *engine, weir_cancel *given, const wi_stop *standing,
                        wi_stop **out, weir_error *err);

/* project_run.c: a selection of any release. */
weir_status wi_api_select(const weir_select *in, weir_select *out, weir_error *err);

/* project_read.c: its options, of any release; then the tables. */
typedef struct wi_read {
  weir_project_read_options options;
  weir_select select;
} wi_read;
/* project_nodes.c: the references, read once. Opens no table. */
weir_status wi_api_parse(weir_project *p, weir_error *err);
weir_status wi_api_read_nodes(weir_project *p, const wi_read *o,
                              struct ArrowArrayStream *out, weir_error *err);
/* project_history.c */
weir_status wi_api_read_history(weir_project *p, const wi_read *o,
                                struct ArrowArrayStream *out, weir_error *err);

/* clean.c: with orphans, apply and older_than_us (0: the default) of `how`. */
weir_status wi_api_clean(weir_project *project, const wi_clean_request *how,
                         weir_cancel *cancel, weir_clean_item **out, size_t *n,
                         weir_error *err);

/* events.c: what the listeners of sessions and projects are told. */
void wi_tell_commit(wi_log_sink *log, const char *uri, const wi_commit_outcome *outcome);
void wi_tell_lease(wi_log_sink *log, const char *uri, weir_status status);
/* `views`: that are chosen. */
void wi_tell_run(wi_log_sink *log, const wi_pass *pass, wi_event what,
                 const wi_run_view *view, const weir_error *warning, uint32_t views);
/* Of a run that told no run_finished. */
void wi_tell_run_failed(wi_log_sink *log, const char *project, weir_status status);
/* What the pass's session tells goes to the project's listener. */
void wi_tell_for(wi_log_sink *log, wi_session *session);

/* report.c */
weir_status wi_report_new(const wi_pass *pass, bool executed, weir_report **out,
                          weir_error *err);
weir_summary wi_summary_of(const wi_pass *pass);
void wi_view_result_fill(const wi_run_view *view, bool executed, weir_view_result *out);
/* error.c: a copy with a detail of its own. */
void wi_error_copy(const weir_error *from, weir_error *to);

/* options.c: a caller's options, of another release perhaps. What they lack is zero, so the
 * default; what they have more must be zero. `in` NULL: all defaults. `out` is filled in any case. */
weir_status wi_options_take(void *out, size_t out_size, const void *in, const char *type,
                            weir_error *err);
/* USAGE with the name of the argument, where a public function is given NULL: at its top, where
 * nothing is owned and outputs are empty. */
weir_status wi_arg_null(const char *function, const char *name, weir_error *err);
#define WI_ARG(arg, err)                         \
  do {                                           \
    if ((arg) == NULL) {                         \
      return wi_arg_null(__func__, #arg, (err)); \
    }                                            \
  } while (0)
/* A list of n: NULL only if n is 0. */
#define WI_ARG_LIST(list, n, err) \
  do {                            \
    if ((n) > 0) {                \
      WI_ARG(list, err);          \
    }                             \
  } while (0)

/* The same for a list of texts, of which none may be NULL. */
weir_status wi_arg_texts(const char *function, const char *name, const char *const *list,
                         size_t n, weir_error *err);

/* A stream that a call was to take, also where it fails at once; NULL is fine. */
void wi_arg_stream_release(struct ArrowArrayStream *stream);

/* session.c */
weir_status wi_api_session(wi_session *session, wi_engine *engine, weir_session **out,
                           weir_error *err);

/* WEIR_SESSION_FUNCTION_DOCS (function_docs.c). */
weir_status wi_api_function_docs(const weir_session *session,
                                 struct ArrowArrayStream *out, weir_error *err);

/* Engine with as many workers as the profile asks for. */
weir_status wi_api_engine(uint32_t threads, wi_engine **out, weir_error *err);

#endif
