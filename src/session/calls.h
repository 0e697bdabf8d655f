/* Table functions of weir: what a call opens, and the input that it becomes. */
#ifndef WI_SESSION_CALLS_H
#define WI_SESSION_CALLS_H

#include "session/session.h"
#include "udf/udf.h"

/* The inputs that calls stand for are in a schema that no SQL can name. */
#define WI_SCHEMA_CALLS "$call"

typedef enum wi_call_kind {
  WI_CALL_NONE = 0,     /* none of weir's, or the engine answers it */
  WI_CALL_ROWS = 1,     /* read_delta */
  WI_CALL_SNAPSHOT = 2, /* delta_snapshot */
  WI_CALL_FILES = 3,    /* delta_add_actions */
  WI_CALL_REGISTRY = 4, /* udf_registry */
  WI_CALL_DOCS = 5      /* udf_docs */
} wi_call_kind;
wi_call_kind wi_call_kind_of(const wi_fn *fn);
static inline bool wi_call_opens(wi_call_kind kind) {
  return kind == WI_CALL_ROWS || kind == WI_CALL_SNAPSHOT || kind == WI_CALL_FILES;
}

#define WI_CALL_ARGS 2
typedef struct wi_call {
  const wi_fn *fn;
  wi_call_kind kind;
  wi_br_value args[WI_CALL_ARGS]; /* as the engine sees them; texts borrowed */
  size_t n_args;
  int64_t version; /* -1: the newest */
  uint32_t line, column;
} wi_call;
/* The place as written; only of calls that open a table. */
static inline const char *wi_call_place(const wi_call *call) {
  return call->args[0].text;
}
/* "read_delta('file:///lake/orders', 3)": what the input is called. `uri` is canonical,
 * NULL for calls that open nothing. */
void wi_call_name(const wi_fn *fn, const char *uri, int64_t version, wi_buf *out);
/* Tells plans apart: "" where the rows are those of a table, as of any other input. */
void wi_call_tag(wi_call_kind kind, const wi_fn *fn, char out[64]);
/* What the rows depend on. `table` is the pin's identity as an input, NULL where none is. */
void wi_call_identity(const wi_session *s, wi_call_kind kind, const wi_fn *fn,
                      const wi_pin *pin, const char *table, char out[WI_DIGEST_HEX]);
/* The columns; `pin` is full. */
weir_status wi_call_columns(wi_call_kind kind, const wi_pin *pin, struct ArrowSchema *out,
                            weir_error *err);
/* Binds "$call".name to the rows, which are read or made now where they are no table's. */
weir_status wi_call_bind(wi_session *s, wi_call_kind kind, const wi_pin *pin,
                         const wi_snap *snap, wb_bind *bind, const char *name,
                         weir_error *err);

/* ---- for statements of a session ---- */
/* Resolves, gates and pins what the call opens, as of now. The same version of the same table is
 * one input of the session as long as anybody has a share of it (wi_input_unref). `out` borrows
 * from the call and the input, but for its columns, which wi_session_call_release frees. */
weir_status wi_session_call(wi_session *s, const wi_call *call, wi_input **share,
                            wi_br_call *out, weir_error *err);
void wi_session_call_release(wi_br_call *call);

/* registry.c */
weir_status wi_registry_columns(struct ArrowSchema *out, weir_error *err);
weir_status wi_registry_rows(wi_session *s, struct ArrowArrayStream *out,
                             weir_error *err);
weir_status wi_docs_columns(struct ArrowSchema *out, weir_error *err);
weir_status wi_docs_rows(wi_session *s, struct ArrowArrayStream *out, weir_error *err);

#endif
