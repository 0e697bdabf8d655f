/* Inside src/session. */
#ifndef WI_SESSION_PRIVATE_H
#define WI_SESSION_PRIVATE_H

#include "session/session.h"

/* Reads settings, functions and rules back and makes their digests (capture.c). */
weir_status wi_session_capture(wi_session *session, weir_error *err);
/* Gives the functions of src/udf to the engine (functions.c). */
weir_status wi_session_functions(wi_session *session, weir_error *err);

#endif
