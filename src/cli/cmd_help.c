/* weir help [COMMAND] */
#include "command.h"

int wi_cli_cmd_help(wi_cli_call *call) {
  const wi_cli_command *command = NULL;
  if (call->n_args == 1) {
    command = wi_cli_command_find(call->args[0]);
    weir_error err = WEIR_ERROR_INIT;
    if (command == NULL) {
      wi_cli_error(&err, WEIR_E_USAGE, "'%.100s' is not a command", call->args[0]);
      wi_cli_error_hint(&err, "`weir help` lists the commands");
      return wi_cli_fail(&call->screen, &err);
    }
    if (command->run == NULL) {
      wi_cli_error(&err, WEIR_E_NOT_YET, "`weir %s` is not in version %s", command->name,
                   weir_version());
      wi_cli_error_hint(&err,
                        "a later version brings it; `weir help` lists what there is");
      return wi_cli_fail(&call->screen, &err);
    }
  }
  wi_cli_command_help(command, &call->screen.out.buf);
  return 0;
}
