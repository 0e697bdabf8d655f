/* A run as it goes: a line or an event per view on standard output, and on a terminal one
 * live line on standard error. */
#ifndef WEIR_CLI_PROGRESS_H
#define WEIR_CLI_PROGRESS_H

#include "command.h"
#include "weir/project.h"

typedef struct wi_cli_progress wi_cli_progress;
wi_cli_progress *wi_cli_progress_new(wi_cli_screen *s);
/* on_event of a run; `ctx` is the progress. */
void wi_cli_progress_event(void *ctx, const weir_event *event);
/* Ends the live line. */
void wi_cli_progress_free(wi_cli_progress **p);

#endif
