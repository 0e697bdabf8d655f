/* The command `weir`: reads its line, calls the library, shows what comes back. */
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

/* A file opened later must not become standard output by chance. */
static void hold_standard_files(void) {
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) == -1) {
      (void)open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
    }
  }
}

/* What is free goes back to the system from a megabyte on, always: left alone, the C library
 * keeps as much as the largest block that it ever had, so that a process with a memory limit holds
 * far more than it uses. Only where the process is ours. */
static void keep_little(void) {
#ifdef M_TRIM_THRESHOLD
  (void)mallopt(M_TRIM_THRESHOLD, 1 << 20);
#endif
}

static int print_version(wi_cli_call *call) {
  wi_cli_buf_fmt(&call->screen.out.buf, "weir %s\n", weir_version());
  return 0;
}

static int print_help(wi_cli_call *call) {
  wi_cli_command_help(call->command, &call->screen.out.buf);
  return 0;
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c) {
  return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

static int work(wi_cli_call *call, int argc, char **argv) {
  static char help[] = "help";
  if (argc == 2 && is_one_of(argv[1], "--version", "-V", "version")) {
    return print_version(call);
  }
  if (argc == 2 && is_one_of(argv[1], "--help", "-h", "help")) {
    return print_help(call);
  }
  if (argc == 3 && is_one_of(argv[1], "--help", "-h", "help")) {
    argv[1] = help; /* `weir --help run` */
  }
  weir_error err = WEIR_ERROR_INIT;
  if (wi_cli_command_parse(call, argc, argv, &err) != WEIR_OK) {
    return wi_cli_fail(&call->screen, &err);
  }
  return call->values[WI_CLI_HELP].set ? print_help(call) : call->command->run(call);
}

int main(int argc, char **argv) {
  hold_standard_files();
  keep_little();
  (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe must not end a run before its put */
  (void)setlocale(LC_CTYPE, "");
  wi_cli_call call = {0};
  wi_cli_screen_init(&call.screen);
  int code = wi_cli_finish(&call.screen, work(&call, argc, argv));
  wi_cli_call_release(&call);
  return code;
}
