/* Ctrl-C: the first asks what is going on to stop cleanly, the second ends the command. */
#ifndef WEIR_CLI_SIGNALS_H
#define WEIR_CLI_SIGNALS_H

#include <stdbool.h>

#include "weir/project.h"

/* Takes SIGINT, SIGTERM and SIGHUP from here on. Without it they end the command as usual. */
weir_status wi_cli_signals_begin(weir_error *err);
/* What an interrupt fires, also one that came before the call; NULL before the above. */
weir_cancel *wi_cli_signals_token(void);
/* What an interrupt cancels; NULL: nothing. One that came before counts too. */
void wi_cli_signals_query(weir_query *query);
bool wi_cli_interrupted(void);

#endif
