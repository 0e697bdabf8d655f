/* A run as it goes: a line or an event per view on standard output, and on a terminal one
 * live line on standard error. */
#ifndef WEIR_CLI_PROGRESS_H
#define WEIR_CLI_PROGRESS_H

#include "command.h"
#include "weir/project.h"

typedef struct wi_cli_progress wi_cli_progress;
wi_cli_progress *wi_cli_progress_new(wi_cli_screen *s);
weir_observer wi_cli_progress_observer(wi_cli_progress *p);
/* Ends the live line. */
void wi_cli_progress_free(wi_cli_progress **p);

/* The summary as members of a JSON object. */
void wi_cli_summary_members(wi_cli_buf *b, const weir_summary *summary);

#endif
