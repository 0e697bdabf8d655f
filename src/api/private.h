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
  wi_pass *pass;   /* of the running call, for cancelling; guarded by `lock` */
  wi_pass *parsed; /* references, for weir_project_nodes */
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
