/* The table of commands and options, and what parsing a command line with it gives. */
#ifndef WEIR_CLI_COMMAND_H
#define WEIR_CLI_COMMAND_H

#include "out.h"
#include "weir/session.h"

/* One row each in command.c; a command names those it takes. */
typedef enum wi_cli_option_id {
  WI_CLI_SELECT,
  WI_CLI_EXCLUDE,
  WI_CLI_PARAM,
  WI_CLI_FULL_REFRESH,
  WI_CLI_WARN_ERROR,
  WI_CLI_TABLE,
  WI_CLI_FILE,
  WI_CLI_LIMIT,
  WI_CLI_ALL,
  WI_CLI_ORPHANS,
  WI_CLI_OLDER_THAN,
  WI_CLI_YES,
  WI_CLI_NAME,
  WI_CLI_PROJECT,
  WI_CLI_PROFILE,
  WI_CLI_WAREHOUSE,
  WI_CLI_THREADS,
  WI_CLI_MEMORY,
  WI_CLI_NOW,
  WI_CLI_FORMAT,
  WI_CLI_FORMAT_ROWS, /* --format of a command that gives rows */
  WI_CLI_COLOR,
  WI_CLI_VERBOSE,
  WI_CLI_HELP,
  WI_CLI_OPTION_COUNT
} wi_cli_option_id;
#define WI_CLI_BIT(id) (UINT32_C(1) << (id))

typedef struct wi_cli_value { /* of one option; texts are borrowed */
  bool set;
  const char *text;   /* the last one given */
  const char **items; /* of options that may be given again */
  size_t n_items;
  uint64_t number; /* counts, sizes; of times and durations the microseconds */
} wi_cli_value;

struct wi_cli_call;

typedef struct wi_cli_command {
  const char *name;
  const char *arguments;                /* as shown in the usage line */
  const char *help;                     /* one line */
  const char *more;                     /* for `weir help COMMAND`; NULL: nothing */
  size_t least, most;                   /* how many arguments */
  uint32_t options;                     /* WI_CLI_BIT of each */
  int (*run)(struct wi_cli_call *call); /* gives the exit code; NULL: a later version's */
} wi_cli_command;

typedef struct wi_cli_call {
  const wi_cli_command *command;
  wi_cli_value values[WI_CLI_OPTION_COUNT];
  const char **args;
  size_t n_args;
  wi_cli_screen screen;
} wi_cli_call;

/* Reads a command line. `screen` of the call must be set up; its format, colours and
 * verbosity are set here. On an error the call is filled as far as it goes. */
weir_status wi_cli_command_parse(wi_cli_call *call, int argc, char **argv,
                                 weir_error *err);
void wi_cli_call_release(wi_cli_call *call);

const wi_cli_command *wi_cli_command_find(const char *name);
/* The text of `weir help`, or with a command that of `weir help COMMAND`. */
void wi_cli_command_help(const wi_cli_command *command, wi_cli_buf *b);

/* The commands. */
int wi_cli_cmd_clean(wi_cli_call *call);
int wi_cli_cmd_functions(wi_cli_call *call);
int wi_cli_cmd_help(wi_cli_call *call);
int wi_cli_cmd_history(wi_cli_call *call);
int wi_cli_cmd_init(wi_cli_call *call);
int wi_cli_cmd_ls(wi_cli_call *call);
int wi_cli_cmd_plan(wi_cli_call *call);
int wi_cli_cmd_run(wi_cli_call *call);
int wi_cli_cmd_show(wi_cli_call *call);
int wi_cli_cmd_sql(wi_cli_call *call);

#endif
