/* The command's tables, the parser and the help texts that come from them. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/text.h"

/* ---- the tables ---- */

typedef enum option_type {
  TYPE_FLAG,
  TYPE_TEXT,
  TYPE_LIST,  /* may be given again */
  TYPE_WORDS, /* as a list; words after it that are no options belong to it too */
  TYPE_COUNT,
  TYPE_SIZE,
  TYPE_TIME,
  TYPE_DURATION,
  TYPE_CHOICE
} option_type;

typedef struct option_row {
  const char *name;
  char letter;
  option_type type;
  const char *value; /* its name in help; of choices: all of them, with bars */
  const char *env;   /* NULL: none, or the library reads it */
  const char *help;
} option_row;

static const option_row options[WI_CLI_OPTION_COUNT] = {
    [WI_CLI_SELECT] = {"select", 's', TYPE_WORDS, "SELECTOR", NULL,
                       "only these views: name, +name, name+, tag:x, path:x"},
    [WI_CLI_EXCLUDE] = {"exclude", 0, TYPE_WORDS, "SELECTOR", NULL,
                        "all but these views"},
    [WI_CLI_PARAM] = {"param", 0, TYPE_LIST, "NAME=VALUE", NULL,
                      "a parameter's value; NAME:null for null"},
    [WI_CLI_FULL_REFRESH] = {"full-refresh", 'f', TYPE_FLAG, NULL, NULL,
                             "build the chosen views whatever their keys say"},
    [WI_CLI_WARN_ERROR] = {"warn-error", 0, TYPE_FLAG, NULL, "WEIR_WARN_ERROR",
                           "warnings count as errors"},
    [WI_CLI_TABLE] = {"table", 0, TYPE_LIST, "NAME=URI[@VERSION]", NULL,
                      "a Delta table to read; no project is needed then"},
    [WI_CLI_FILE] = {"file", 'f', TYPE_TEXT, "FILE", NULL,
                     "read the SQL from a file; - is stdin"},
    [WI_CLI_LIMIT] = {"limit", 'n', TYPE_COUNT, "N", NULL, "at most so many rows"},
    [WI_CLI_ALL] = {"all", 0, TYPE_FLAG, NULL, NULL, "the engine's own functions too"},
    [WI_CLI_ORPHANS] = {"orphans", 0, TYPE_FLAG, NULL, NULL,
                        "also tables of this project that no view claims any more"},
    [WI_CLI_OLDER_THAN] = {"older-than", 0, TYPE_DURATION, "DURATION", NULL,
                           "what runs staged, only if older; 24h otherwise"},
    [WI_CLI_YES] = {"yes", 'y', TYPE_FLAG, NULL, NULL, "remove without asking"},
    [WI_CLI_NAME] = {"name", 0, TYPE_TEXT, "NAME", NULL,
                     "the project's name; the folder's name otherwise"},
    [WI_CLI_PROJECT] = {"project", 'p', TYPE_TEXT, "PATH", "WEIR_PROJECT",
                        "weir.yml or its folder; searched from here upwards otherwise"},
    [WI_CLI_PROFILE] = {"profile", 0, TYPE_TEXT, "NAME", NULL, "a profile of weir.yml"},
    [WI_CLI_WAREHOUSE] = {"warehouse", 0, TYPE_TEXT, "URI", NULL,
                          "where the views' tables are, instead of weir.yml's"},
    [WI_CLI_THREADS] = {"threads", 0, TYPE_COUNT, "N", "WEIR_THREADS",
                        "threads to work with; all cores otherwise"},
    [WI_CLI_MEMORY] = {"memory", 0, TYPE_SIZE, "SIZE", "WEIR_MEMORY",
                       "memory to use before spilling, as 2GB"},
    [WI_CLI_NOW] = {"now", 0, TYPE_TIME, "TIMESTAMP", "WEIR_NOW",
                    "what now() is, as 2026-01-02T03:04:05Z"},
    [WI_CLI_FORMAT] = {"format", 0, TYPE_CHOICE, "text|json", "WEIR_FORMAT",
                       "for people, or JSON lines"},
    [WI_CLI_FORMAT_ROWS] = {"format", 0, TYPE_CHOICE, "text|json|csv|arrow",
                            "WEIR_FORMAT",
                            "a table, JSON lines, CSV, or an Arrow IPC stream"},
    [WI_CLI_COLOR] = {"color", 0, TYPE_CHOICE, "auto|always|never", "WEIR_COLOR",
                      "colours; auto: on a terminal, unless NO_COLOR is set"},
    [WI_CLI_VERBOSE] = {"verbose", 'v', TYPE_FLAG, NULL, "WEIR_VERBOSE",
                        "show the engine's own words in errors"},
    [WI_CLI_HELP] = {"help", 'h', TYPE_FLAG, NULL, NULL, "show this"},
};

#define ANY \
  (WI_CLI_BIT(WI_CLI_COLOR) | WI_CLI_BIT(WI_CLI_VERBOSE) | WI_CLI_BIT(WI_CLI_HELP))
#define PLAIN   (ANY | WI_CLI_BIT(WI_CLI_FORMAT))
#define MACHINE (WI_CLI_BIT(WI_CLI_THREADS) | WI_CLI_BIT(WI_CLI_MEMORY))
#define PROJECT \
  (WI_CLI_BIT(WI_CLI_PROJECT) | WI_CLI_BIT(WI_CLI_PROFILE) | WI_CLI_BIT(WI_CLI_WAREHOUSE))
#define CHOICE (WI_CLI_BIT(WI_CLI_SELECT) | WI_CLI_BIT(WI_CLI_EXCLUDE))
#define PASS                                                       \
  (PLAIN | PROJECT | MACHINE | CHOICE | WI_CLI_BIT(WI_CLI_PARAM) | \
   WI_CLI_BIT(WI_CLI_NOW) | WI_CLI_BIT(WI_CLI_FULL_REFRESH) |      \
   WI_CLI_BIT(WI_CLI_WARN_ERROR))

static const wi_cli_command commands[] = {
    {"init", "[FOLDER]", "write a new project into an empty folder", NULL, 0, 1,
     PLAIN | WI_CLI_BIT(WI_CLI_NAME), wi_cli_cmd_init},
    {"plan", "", "say what a run would do, and why; writes nothing",
     "Views are listed in the order of the run; * marks the critical path.\n"
     "  weir plan --select orders+\n",
     0, 0, PASS, wi_cli_cmd_plan},
    {"run", "", "bring the views up to date",
     "Exit codes: 0 done, 1 a view failed, 2 wrong use or a broken project, 130\n"
     "interrupted. Ctrl-C stops cleanly, a second one at once.\n"
     "  weir run --select +daily --param min_score=0.5\n",
     0, 0, PASS, wi_cli_cmd_run},
    {"ls", "", "list sources and views",
     "With --select or --exclude only views are listed; -v adds files and tags.\n", 0, 0,
     PLAIN | PROJECT | CHOICE | WI_CLI_BIT(WI_CLI_PARAM), wi_cli_cmd_ls},
    {"show", "VIEW", "describe a view and show its first rows", NULL, 1, 1,
     PLAIN | PROJECT | MACHINE | WI_CLI_BIT(WI_CLI_LIMIT) | WI_CLI_BIT(WI_CLI_PARAM),
     wi_cli_cmd_show},
    {"sql", "'SELECT ...'", "query the project's tables, or any with --table; read-only",
     "Views and sources of the project are tables, and so are the records in the schema\n"
     "weir. With --table the query needs no project and sees only the tables given.\n"
     "--param NAME=VALUE fills $NAME: true and false are booleans, numbers int64 or\n"
     "float64, all else text; NAME:TYPE=VALUE says the type (int64, float64, string,\n"
     "boolean, date, timestamp), NAME:null is a null.\n"
     "  weir sql 'SELECT count(*) FROM orders'\n"
     "  weir sql --table t=./lake/orders@3 --format csv 'SELECT * FROM t' > t.csv\n"
     "  weir sql --file query.sql --param day:date=2026-01-02\n",
     0, 1,
     ANY | PROJECT | MACHINE | WI_CLI_BIT(WI_CLI_FORMAT_ROWS) | WI_CLI_BIT(WI_CLI_TABLE) |
         WI_CLI_BIT(WI_CLI_PARAM) | WI_CLI_BIT(WI_CLI_FILE) | WI_CLI_BIT(WI_CLI_NOW),
     wi_cli_cmd_sql},
    {"history", "VIEW", "list the commits of a view's table, newest first", NULL, 1, 1,
     PLAIN | PROJECT | WI_CLI_BIT(WI_CLI_LIMIT), wi_cli_cmd_history},
    {"functions", "[NAME]", "list weir's SQL functions, or describe one",
     "NAME may be an alias, or the start of names. In a project its own functions are\n"
     "listed, too.\n",
     0, 1, PLAIN | PROJECT | WI_CLI_BIT(WI_CLI_ALL), wi_cli_cmd_functions},
    {"clean", "", "list, and after a question remove, what dead runs left",
     "Without a terminal nothing is removed unless --yes is given.\n", 0, 0,
     PLAIN | PROJECT | WI_CLI_BIT(WI_CLI_ORPHANS) | WI_CLI_BIT(WI_CLI_OLDER_THAN) |
         WI_CLI_BIT(WI_CLI_YES),
     wi_cli_cmd_clean},
    {"help", "[COMMAND]", "show this, or a command's options", NULL, 0, 1, ANY,
     wi_cli_cmd_help},
    /* Verbs of the design that a later version brings: named, so that they are not taken
     * for typing errors. */
    {.name = "build"},
    {.name = "test"},
    {.name = "explain"},
    {.name = "lineage"},
    {.name = "diff"},
    {.name = "replay"},
    {.name = "verify"},
    {.name = "tag"},
    {.name = "table"},
    {.name = "maintain"},
    {.name = "lab"},
    {.name = "docs"},
    {.name = "doctor"},
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

const wi_cli_command *wi_cli_command_find(const char *name) {
  for (size_t i = 0; i < N_COMMANDS; i++) {
    if (strcmp(commands[i].name, name) == 0) {
      return &commands[i];
    }
  }
  return NULL;
}

static bool takes(const wi_cli_command *command, size_t id) {
  return (command->options >> id & 1) != 0;
}

/* ---- values ---- */

/* Whether `text` is one of the bar-separated choices; *index says which. */
static bool is_choice(const char *choices, const char *text, uint64_t *index) {
  size_t n = strlen(text);
  *index = 0;
  for (const char *p = choices; *p != '\0';) {
    size_t length = strcspn(p, "|");
    if (length == n && memcmp(p, text, n) == 0) {
      return true;
    }
    p += length + (p[length] == '|' ? 1 : 0);
    (*index)++;
  }
  return false;
}

/* `label` is what the user wrote: --limit, or WEIR_FORMAT. */
static weir_status set_value(wi_cli_call *call, size_t id, const char *label,
                             const char *text, weir_error *err) {
  const option_row *row = &options[id];
  wi_cli_value *value = &call->values[id];
  const char *want = NULL;
  int64_t us = 0;
  switch (row->type) {
    case TYPE_COUNT:
      want = wi_count_parse(text, &value->number) ? NULL : "a number";
      break;
    case TYPE_SIZE:
      want = weir_size_parse(text, &value->number, NULL) == WEIR_OK
                 ? NULL
                 : "a size, as 512MB or 2GB";
      break;
    case TYPE_TIME:
      want = weir_timestamp_parse(text, &us, NULL) == WEIR_OK
                 ? NULL
                 : "a timestamp with an offset, as 2026-01-02T03:04:05Z";
      value->number = (uint64_t)us;
      break;
    case TYPE_DURATION:
      want = weir_duration_parse(text, &us, NULL) == WEIR_OK
                 ? NULL
                 : "a duration, as 90m, 24h or 7d";
      value->number = (uint64_t)us;
      break;
    case TYPE_CHOICE:
      want = is_choice(row->value, text, &value->number) ? NULL : row->value;
      break;
    case TYPE_TEXT:
      want = text[0] != '\0' ? NULL : "a text that is not empty";
      break;
    case TYPE_LIST:
    case TYPE_WORDS:
      value->items =
          wi_cli_realloc(value->items, value->n_items + 1, sizeof *value->items);
      value->items[value->n_items++] = text;
      break;
    case TYPE_FLAG:
      break;
  }
  if (want != NULL) {
    return wi_cli_error(err, WEIR_E_USAGE, "%s takes %s, not '%.200s'", label, want,
                        text);
  }
  if (id == WI_CLI_THREADS && (value->number == 0 || value->number > 1024)) {
    return wi_cli_error(err, WEIR_E_USAGE, "%s takes a number from 1 to 1024, not '%s'",
                        label, text);
  }
  value->set = true;
  value->text = text;
  return WEIR_OK;
}

static bool is_yes(const char *text) {
  return strcmp(text, "1") == 0 || wi_ascii_same(text, "true") ||
         wi_ascii_same(text, "yes");
}

static bool is_no(const char *text) {
  return strcmp(text, "0") == 0 || wi_ascii_same(text, "false") ||
         wi_ascii_same(text, "no");
}

/* Options that were not given, from the environment; an empty variable is none. */
static weir_status read_environment(wi_cli_call *call, weir_error *err) {
  for (size_t id = 0; id < WI_CLI_OPTION_COUNT; id++) {
    const option_row *row = &options[id];
    const char *text = row->env == NULL ? NULL : getenv(row->env);
    if (text == NULL || text[0] == '\0' || call->values[id].set ||
        !takes(call->command, id)) {
      continue;
    }
    if (row->type == TYPE_FLAG) {
      if (!is_yes(text) && !is_no(text)) {
        return wi_cli_error(err, WEIR_E_USAGE, "%s is 1 or 0, not '%.200s'", row->env,
                            text);
      }
      call->values[id].set = is_yes(text);
      continue;
    }
    weir_status status = set_value(call, id, row->env, text, err);
    if (status != WEIR_OK) {
      wi_cli_error_hint(err, "that is an environment variable; --%s overrides it",
                        row->name);
      return status;
    }
  }
  return WEIR_OK;
}

/* ---- parsing ---- */

typedef struct parser {
  wi_cli_call *call;
  int argc, at;
  char **argv;
  bool only_words; /* after -- */
} parser;

/* "-- a comment" before a query is no option: no option's name has a space. */
static bool is_option(const char *text) {
  bool spaced =
      text[0] == '-' && text[1] == '-' && strcspn(text, " \t\n") < strcspn(text, "=");
  return text[0] == '-' && text[1] != '\0' && !(spaced && strpbrk(text, " \t\n") != NULL);
}

static weir_status unknown_option(const wi_cli_command *command, const char *text,
                                  weir_error *err) {
  const char *names[WI_CLI_OPTION_COUNT];
  size_t n = 0;
  for (size_t id = 0; id < WI_CLI_OPTION_COUNT; id++) {
    if (takes(command, id)) {
      names[n++] = options[id].name;
    }
  }
  char name[64];
  const char *plain = text + strspn(text, "-");
  snprintf(name, sizeof name, "%.*s", (int)strcspn(plain, "="), plain);
  const char *near = strlen(name) > 1 ? wi_nearest_one(name, names, n) : NULL;
  wi_cli_error(err, WEIR_E_USAGE, "`weir %s` has no option '%.100s'", command->name,
               text);
  if (near != NULL) {
    wi_cli_error_hint(err, "did you mean --%s? `weir help %s` lists the options", near,
                      command->name);
  } else {
    wi_cli_error_hint(err, "`weir help %s` lists the options", command->name);
  }
  return WEIR_E_USAGE;
}

/* Takes the option's value: what is after = or the letter, or else the next word. */
static weir_status take_value(parser *p, size_t id, const char *label, const char *joined,
                              weir_error *err) {
  const option_row *row = &options[id];
  if (joined == NULL && p->at >= p->argc) {
    return wi_cli_error(err, WEIR_E_USAGE, "%s needs a value: %s", label, row->value);
  }
  const char *text = joined != NULL ? joined : p->argv[p->at++];
  weir_status status = set_value(p->call, id, label, text, err);
  /* As in dbt: --select a b. Commands with selectors take no arguments. */
  while (status == WEIR_OK && row->type == TYPE_WORDS && p->at < p->argc &&
         !is_option(p->argv[p->at])) {
    status = set_value(p->call, id, label, p->argv[p->at++], err);
  }
  return status;
}

static weir_status parse_long(parser *p, const char *text, weir_error *err) {
  size_t n = strcspn(text + 2, "=");
  const char *joined = text[2 + n] == '=' ? text + 3 + n : NULL;
  for (size_t id = 0; id < WI_CLI_OPTION_COUNT; id++) {
    const option_row *row = &options[id];
    if (!takes(p->call->command, id) || strlen(row->name) != n ||
        memcmp(row->name, text + 2, n) != 0) {
      continue;
    }
    char label[32];
    snprintf(label, sizeof label, "--%s", row->name);
    if (row->type != TYPE_FLAG) {
      return take_value(p, id, label, joined, err);
    }
    if (joined != NULL) {
      return wi_cli_error(err, WEIR_E_USAGE, "%s takes no value", label);
    }
    p->call->values[id].set = true;
    return WEIR_OK;
  }
  return unknown_option(p->call->command, text, err);
}

/* -v, -s NAME, -sNAME, -vs NAME */
static weir_status parse_short(parser *p, const char *text, weir_error *err) {
  for (const char *letter = text + 1; *letter != '\0'; letter++) {
    size_t id = 0;
    while (id < WI_CLI_OPTION_COUNT &&
           !(takes(p->call->command, id) && options[id].letter == *letter)) {
      id++;
    }
    if (id == WI_CLI_OPTION_COUNT) {
      return unknown_option(p->call->command, text, err);
    }
    if (options[id].type != TYPE_FLAG) {
      char label[3] = {'-', *letter, '\0'};
      return take_value(p, id, label, letter[1] == '\0' ? NULL : letter + 1, err);
    }
    p->call->values[id].set = true;
  }
  return WEIR_OK;
}

static weir_status parse_word(parser *p, weir_error *err) {
  wi_cli_call *call = p->call;
  const char *text = p->argv[p->at++];
  if (!p->only_words && strcmp(text, "--") == 0) {
    p->only_words = true;
    return WEIR_OK;
  }
  if (!p->only_words && is_option(text)) {
    return text[1] == '-' ? parse_long(p, text, err) : parse_short(p, text, err);
  }
  if (call->n_args == call->command->most) {
    wi_cli_error(err, WEIR_E_USAGE, "`weir %s` has no use for the argument '%.100s'",
                 call->command->name, text);
    if (takes(call->command, WI_CLI_SELECT)) {
      wi_cli_error_hint(err, "did you mean --select %.100s?", text);
    } else {
      wi_cli_error_hint(err, "usage: weir %s [OPTIONS]%s%s", call->command->name,
                        call->command->arguments[0] != '\0' ? " " : "",
                        call->command->arguments);
    }
    return WEIR_E_USAGE;
  }
  call->args[call->n_args++] = text;
  return WEIR_OK;
}

/* The place of the command's name: the first word that is no option. -1: none. */
static int find_name(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (!is_option(argv[i])) {
      return i;
    }
  }
  return -1;
}

static weir_status find_command(wi_cli_call *call, int argc, char **argv, int *at,
                                weir_error *err) {
  *at = find_name(argc, argv);
  if (*at != 1) {
    if (argc > 1) {
      wi_cli_error(err, WEIR_E_USAGE, "'%.100s' is not a command", argv[1]);
      wi_cli_error_hint(
          err,
          "the command comes first, then its options: weir COMMAND [OPTIONS]; "
          "`weir help` lists the commands");
      return WEIR_E_USAGE;
    }
    wi_cli_error(err, WEIR_E_USAGE, "no command is given");
    wi_cli_error_hint(err, "`weir help` lists the commands");
    return WEIR_E_USAGE;
  }
  call->command = wi_cli_command_find(argv[*at]);
  if (call->command == NULL) {
    const char *names[N_COMMANDS];
    for (size_t i = 0; i < N_COMMANDS; i++) {
      names[i] = commands[i].name;
    }
    const char *near = wi_nearest_one(argv[*at], names, N_COMMANDS);
    wi_cli_error(err, WEIR_E_USAGE, "'%.100s' is not a command", argv[*at]);
    if (near != NULL) {
      wi_cli_error_hint(err, "did you mean `weir %s`? `weir help` lists the commands",
                        near);
    } else {
      wi_cli_error_hint(err, "`weir help` lists the commands");
    }
    return WEIR_E_USAGE;
  }
  if (call->command->run == NULL) {
    wi_cli_error(err, WEIR_E_NOT_YET, "`weir %s` is not in version %s",
                 call->command->name, weir_version());
    wi_cli_error_hint(err, "a later version brings it; `weir help` lists what there is");
    return WEIR_E_NOT_YET;
  }
  return WEIR_OK;
}

static weir_status check_arguments(const wi_cli_call *call, weir_error *err) {
  if (call->n_args >= call->command->least || call->values[WI_CLI_HELP].set) {
    return WEIR_OK;
  }
  wi_cli_error(err, WEIR_E_USAGE, "`weir %s` needs an argument: %s", call->command->name,
               call->command->arguments);
  wi_cli_error_hint(err, "usage: weir %s [OPTIONS] %s", call->command->name,
                    call->command->arguments);
  return WEIR_E_USAGE;
}

/* Errors of the command line itself are told in the format that it asks for. */
static void guess_format(wi_cli_call *call, int argc, char **argv) {
  const char *format = getenv("WEIR_FORMAT");
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (strncmp(argv[i], "--format=", 9) == 0) {
      format = argv[i] + 9;
    } else if (strcmp(argv[i], "--format") == 0 && i + 1 < argc) {
      format = argv[i + 1];
    }
  }
  if (format != NULL && strcmp(format, "json") == 0) {
    call->screen.format = WI_CLI_FORMAT_JSON;
  }
}

static void apply_screen(wi_cli_call *call) {
  const wi_cli_value *format = &call->values[WI_CLI_FORMAT];
  if (takes(call->command, WI_CLI_FORMAT_ROWS)) {
    format = &call->values[WI_CLI_FORMAT_ROWS];
  }
  call->screen.format = format->set ? (wi_cli_format)format->number : WI_CLI_FORMAT_TEXT;
  call->screen.verbose = call->values[WI_CLI_VERBOSE].set;
  if (call->values[WI_CLI_COLOR].set) {
    wi_cli_screen_colors(&call->screen,
                         (wi_cli_color_mode)call->values[WI_CLI_COLOR].number);
  }
}

weir_status wi_cli_command_parse(wi_cli_call *call, int argc, char **argv,
                                 weir_error *err) {
  parser p = {.call = call, .argc = argc, .argv = argv};
  guess_format(call, argc, argv);
  weir_status status = find_command(call, argc, argv, &p.at, err);
  if (status != WEIR_OK) {
    return status;
  }
  p.at++;
  call->args = wi_cli_alloc((size_t)argc, sizeof *call->args);
  while (status == WEIR_OK && p.at < argc) {
    status = parse_word(&p, err);
  }
  if (status == WEIR_OK) {
    status = check_arguments(call, err);
  }
  if (status == WEIR_OK) {
    status = read_environment(call, err);
  }
  if (status == WEIR_OK) {
    apply_screen(call);
  }
  return status;
}

void wi_cli_call_release(wi_cli_call *call) {
  for (size_t id = 0; id < WI_CLI_OPTION_COUNT; id++) {
    free(call->values[id].items);
  }
  free(call->args);
  wi_cli_screen_release(&call->screen);
  *call = (wi_cli_call){0};
}

/* ---- help ---- */

static void all_help(wi_cli_buf *b) {
  wi_cli_buf_fmt(b,
                 "weir %s: a deterministic view engine over Delta Lake\n\n"
                 "usage: weir COMMAND [OPTIONS]\n\n",
                 weir_version());
  for (size_t i = 0; i < N_COMMANDS; i++) {
    if (commands[i].run != NULL) {
      wi_cli_buf_fmt(b, "  %-10s  %s\n", commands[i].name, commands[i].help);
    }
  }
  wi_cli_buf_str(
      b, "\n`weir help COMMAND` lists the options, `weir --version` says the version.\n");
}

static void option_help(const option_row *row, wi_cli_buf *b) {
  size_t start = b->n;
  if (row->letter != 0) {
    wi_cli_buf_fmt(b, "  -%c, --%s", row->letter, row->name);
  } else {
    wi_cli_buf_fmt(b, "      --%s", row->name);
  }
  if (row->value != NULL) {
    wi_cli_buf_fmt(b, " %s", row->value);
  }
  size_t used = b->n - start;
  if (used > 30) {
    wi_cli_buf_chr(b, '\n');
    used = 0;
  }
  wi_cli_buf_pad(b, ' ', 32 - used);
  wi_cli_buf_fmt(b, "%s%s%s%s\n", row->help, row->env == NULL ? "" : " [",
                 row->env == NULL ? "" : row->env, row->env == NULL ? "" : "]");
}

void wi_cli_command_help(const wi_cli_command *command, wi_cli_buf *b) {
  if (command == NULL) {
    all_help(b);
    return;
  }
  wi_cli_buf_fmt(b, "weir %s: %s\n\nusage: weir %s [OPTIONS]%s%s\n\n", command->name,
                 command->help, command->name, command->arguments[0] == '\0' ? "" : " ",
                 command->arguments);
  if (command->more != NULL) {
    wi_cli_buf_fmt(b, "%s\n", command->more);
  }
  for (size_t id = 0; id < WI_CLI_OPTION_COUNT; id++) {
    if (takes(command, id)) {
      option_help(&options[id], b);
    }
  }
}
