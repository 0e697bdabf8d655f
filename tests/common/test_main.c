/* Runs the registered tests in order of name; an argument selects those that contain it. */
#include <stdarg.h>
#include <stdlib.h>

#include "test.h"

static wt_test *wt_head;
static bool wt_current_failed;

void wt_register(wt_test *test) {
  wt_test **at = &wt_head;
  while (*at != NULL && strcmp((*at)->name, test->name) < 0) {
    at = &(*at)->next;
  }
  test->next = *at;
  *at = test;
}

void wt_fail(const char *file, int line, const char *fmt, ...) {
  va_list args;
  wt_current_failed = true;
  fprintf(stdout, "  %s:%d: ", file, line);
  va_start(args, fmt);
  vfprintf(stdout, fmt, args);
  va_end(args);
  fputc('\n', stdout);
}

bool wt_failed(void) {
  return wt_current_failed;
}

int main(int argc, char **argv) {
  int passed = 0, failed = 0;
  for (wt_test *t = wt_head; t != NULL; t = t->next) {
    if (argc > 1 && strstr(t->name, argv[1]) == NULL) {
      continue;
    }
    wt_current_failed = false;
    t->run();
    printf("%s %s\n", wt_current_failed ? "FAIL" : "ok", t->name);
    fflush(stdout);
    if (wt_current_failed) {
      failed++;
    } else {
      passed++;
    }
  }
  printf("%d passed, %d failed, 0 skipped\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}
