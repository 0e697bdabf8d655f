/* A small test registry: WT_TEST bodies register themselves, test_main.c runs them.
 * A failed check marks the test and returns from it; checks in helpers use WT_FAIL_IF. */
#ifndef TESTS_COMMON_TEST_H
#define TESTS_COMMON_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct wt_test {
  const char *name;
  void (*run)(void);
  struct wt_test *next;
} wt_test;

void wt_register(wt_test *test);
void wt_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool wt_failed(void);

#define WT_TEST(ident)                                             \
  static void wt_body_##ident(void);                               \
  static wt_test wt_reg_##ident = {#ident, wt_body_##ident, NULL}; \
  __attribute__((constructor)) static void wt_ctor_##ident(void) { \
    wt_register(&wt_reg_##ident);                                  \
  }                                                                \
  static void wt_body_##ident(void)

#define WT_CHECK(cond)                                    \
  do {                                                    \
    if (!(cond)) {                                        \
      wt_fail(__FILE__, __LINE__, "not true: %s", #cond); \
      return;                                             \
    }                                                     \
  } while (0)

#define WT_EQ_INT(a, b)                                                             \
  do {                                                                              \
    long long wt_a = (long long)(a), wt_b = (long long)(b);                         \
    if (wt_a != wt_b) {                                                             \
      wt_fail(__FILE__, __LINE__, "%s is %lld, not %s = %lld", #a, wt_a, #b, wt_b); \
      return;                                                                       \
    }                                                                               \
  } while (0)

#define WT_EQ_STR(a, b)                                            \
  do {                                                             \
    const char *wt_a = (a), *wt_b = (b);                           \
    if (wt_a == NULL || wt_b == NULL || strcmp(wt_a, wt_b) != 0) { \
      wt_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a,  \
              wt_a ? wt_a : "(null)", wt_b ? wt_b : "(null)");     \
      return;                                                      \
    }                                                              \
  } while (0)

/* A status call that must succeed; `err` is a weir_error in scope. */
#define WT_OK(call)                                                                \
  do {                                                                             \
    int wt_s = (int)(call);                                                        \
    if (wt_s != 0) {                                                               \
      wt_fail(__FILE__, __LINE__, "%s gave %d: %s (%s)", #call, wt_s, err.message, \
              err.detail ? err.detail : "");                                       \
      return;                                                                      \
    }                                                                              \
  } while (0)

#endif
