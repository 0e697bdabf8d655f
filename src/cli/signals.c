/* A handler can reach nothing but globals: the pipe and the counter of this file. It only
 * counts and writes a byte; a thread reads the pipe and does the cancelling. */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "out.h"

#define EXIT_INTERRUPTED 130

static atomic_int signals_seen;
static int wake_pipe[2] = {-1, -1};
static pthread_mutex_t target_lock = PTHREAD_MUTEX_INITIALIZER;
static weir_query *target_query; /* under target_lock */
static bool fired;               /* under target_lock */
static weir_cancel *token;       /* made once, lives as long as the command */

static void on_signal(int number) {
  (void)number;
  if (atomic_fetch_add(&signals_seen, 1) > 0) {
    _exit(EXIT_INTERRUPTED);
  }
  int saved = errno;
  ssize_t n = write(wake_pipe[1], "!", 1);
  (void)n; /* a full pipe wakes the thread as well */
  errno = saved;
}

/* Once is enough: the token stays fired for the call that has not begun, and a query that is
 * named later finds `fired`. */
static void *watch(void *unused) {
  (void)unused;
  char byte;
  while (read(wake_pipe[0], &byte, 1) < 0 && errno == EINTR) {
  }
  weir_cancel_fire(token);
  pthread_mutex_lock(&target_lock);
  fired = true;
  if (target_query != NULL) {
    weir_query_cancel(target_query);
  }
  pthread_mutex_unlock(&target_lock);
  return NULL;
}

weir_status wi_cli_signals_begin(weir_error *err) {
  pthread_t thread;
  sigset_t all, before;
  weir_status status = weir_cancel_new(&token, err);
  if (status != WEIR_OK) {
    return status;
  }
  if (pipe2(wake_pipe, O_CLOEXEC) != 0) {
    return wi_cli_error(err, WEIR_E_IO, "no pipe for signals: %s", strerror(errno));
  }
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&thread, NULL, watch, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failed != 0) {
    return wi_cli_error(err, WEIR_E_IO, "no thread for signals: %s", strerror(failed));
  }
  pthread_detach(thread);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigfillset(&action.sa_mask);
  /* Who started the command may have it ignore them, as nohup and `&` do. */
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct sigaction old;
    if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
      sigaction(numbers[i], &action, NULL);
    }
  }
  return WEIR_OK;
}

weir_cancel *wi_cli_signals_token(void) {
  return token;
}

void wi_cli_signals_query(weir_query *query) {
  pthread_mutex_lock(&target_lock);
  target_query = query;
  if (fired && query != NULL) {
    weir_query_cancel(query);
  }
  pthread_mutex_unlock(&target_lock);
}

bool wi_cli_interrupted(void) {
  return atomic_load(&signals_seen) > 0;
}
