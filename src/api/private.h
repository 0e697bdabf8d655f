/* Inside src/api: what the public handles hold. */
#ifndef WI_API_PRIVATE_H
#define WI_API_PRIVATE_H

#include "run/run.h"
#include "weir/weir.h"

struct weir_session {
  wi_session *session;
  wi_engine *engine;
};

struct weir_project {
  wi_spec *spec;
  wi_engine *engine;
  wi_diags diags;
  wi_pass *pass;      /* of the running call, for cancelling; guarded by `lock` */
  wi_project *parsed; /* references, for weir_project_nodes */
  pthread_mutex_t lock;
  bool cancelled;
  int64_t now_us;
  weir_diagnostic *shown; /* what weir_project_diagnostics gave last */
  weir_node *nodes;
  size_t n_nodes;
  wi_arena node_arena;
};

/* report.c */
weir_status wi_report_new(const wi_pass *pass, bool executed, weir_report **out,
                          weir_error *err);
void wi_view_result_fill(const wi_run_view *view, bool executed, weir_view_result *out);
/* error.c: a copy with a detail of its own. */
void wi_error_copy(const weir_error *from, weir_error *to);

/* session.c */
weir_status wi_api_session(wi_session *session, wi_engine *engine, weir_session **out,
                           weir_error *err);

/* WEIR_SESSION_FUNCTION_DOCS (function_docs.c). */
weir_status wi_api_function_docs(const weir_session *session,
                                 struct ArrowArrayStream *out, weir_error *err);

/* Engine with as many workers as the profile asks for. */
weir_status wi_api_engine(uint32_t threads, wi_engine **out, weir_error *err);

#endif
