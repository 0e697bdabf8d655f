/**
 * \file weir/cancel.h
 * A request to stop: given to one call through its options, fired from any thread.
 *
 * Lifecycle: new -> given to a call (`cancel` of its options) -> fire -> free. A token stays
 * fired: calls that are given it later stop at once. Take a new one for the next call.
 * A call keeps what it was given, so a token may be freed while the call runs. Sessions and
 * projects take one for those of their calls that have no options to give one with.
 * Threads: any thread may fire, at any time; not in a signal handler, but in a thread that
 * waits for signals.
 *
 *     weir_cancel *cancel = NULL;
 *     weir_write_options options = WEIR_WRITE_OPTIONS_INIT;
 *     weir_cancel_new(&cancel, &err);
 *     options.cancel = cancel;
 *     weir_table_append(session, "./lake/orders", &stream, &options, &result, &err);
 *     weir_cancel_free(&cancel);
 */
#ifndef WEIR_CANCEL_H
#define WEIR_CANCEL_H

#include "weir/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_cancel weir_cancel;

/** Ownership: the caller frees *out with weir_cancel_free. */
WEIR_API WEIR_MUST_USE weir_status weir_cancel_new(weir_cancel **out, weir_error *err);

/** Asks what was given the token to stop with WEIR_E_CANCELLED; again is fine, and so is NULL. */
WEIR_API void weir_cancel_fire(weir_cancel *cancel);

/** Whether it was fired; 0 for NULL. */
WEIR_API int weir_cancel_fired(const weir_cancel *cancel);

/** Frees the caller's share and sets the pointer to NULL. */
WEIR_API void weir_cancel_free(weir_cancel **cancel);

#ifdef __cplusplus
}
#endif

#endif
