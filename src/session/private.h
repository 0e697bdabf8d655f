/* Inside src/session. */
#ifndef WI_SESSION_PRIVATE_H
#define WI_SESSION_PRIVATE_H

#include "session/session.h"
#include "udf/udf.h"

/* Reads settings, functions and rules back and makes their digests (capture.c). */
weir_status wi_session_capture(wi_session *session, weir_error *err);
/* Gives a function of a plug-in to the engine (functions.c). */
weir_status wi_session_add_foreign(wi_session *session, const wi_plugin_fn *fn,
                                   weir_error *err);
void wi_session_plugins_release(wi_session *session); /* plugins.c */
/* Adds to the error of a macro whose name is taken which plug-in took it (plugins.c). */
void wi_session_macro_taken(const wi_session *session, weir_error *err);
/* Gives the functions of src/udf to the engine (functions.c). */
weir_status wi_session_functions(wi_session *session, weir_error *err);
/* Gives one that is an aggregate, described already but for its callbacks (aggregates.c). */
weir_status wi_session_aggregate(wi_session *session, const wi_fn *fn,
                                 const wi_br_function *described, weir_error *err);
/* Adds weir's rules behind the engine's, and another name of one of its functions (rules.c). */
weir_status wi_session_rules(wi_session *session, weir_error *err);
weir_status wi_session_alias(wi_session *session, const wi_fn *fn, weir_error *err);

/* inputs.c */
/* A new input with one share, the caller's; its names are copied. */
weir_status wi_session_input_new(const char *schema, const char *name, wi_input_kind kind,
                                 wi_input **out, weir_error *err);
/* An input that no session keeps; NULL is fine. */
void wi_input_free(wi_input *input);
/* Gives the input to the session, *input is then NULL. If there is one of this name it is left
 * alone. *out is a share of the one that the session has. */
weir_status wi_session_input_keep(wi_session *session, wi_input **input, wi_input **out,
                                  weir_error *err);

#endif
