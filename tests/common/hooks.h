/* What can come between two operations of a store: another writer's code, a failure, a lost
 * answer, a death. For tests of internals (src/storage/hook.h).
 *
 *     wh_hooks h = {0};
 *     wh_run(&h, WI_STORE_LIST, "_delta_log", 2, WH_AFTER, put_another, &bench);
 *     wh_on_store(&h, store);        // or wh_on_new(&h): every store opened from now on
 *     ... the write under test ...
 *     wh_off(&h);
 *
 * What the engine does with its own handle (snapshots, data files, checkpoints) is seen where
 * `who` says so; its operations are WH_ENGINE(PUT), WH_ENGINE(GET) and so on. They come from
 * threads of the engine, many at once, in an order that is not the same each time. */
#ifndef TESTS_COMMON_HOOKS_H
#define TESTS_COMMON_HOOKS_H

#include <pthread.h>
#include <stdatomic.h>

#include "storage/hook.h"

typedef enum wh_what {
  WH_BEFORE = 1, /* runs `fn`, then the operation */
  WH_AFTER = 2,  /* the operation, then `fn` */
  WH_FAIL = 3,   /* the operation does not happen, and fails with IO */
  WH_LOSE =
      4, /* it happens, then `fn` if there is one, and IO is what the caller hears */
  WH_KILL = 5, /* it does not happen, nor does any later one: the process is as dead */
  WH_KILL_AFTER = 6
} wh_what;

/* Whose operations are seen; a death ends them all. */
typedef enum wh_who { WH_OURS = 0, WH_ENGINES = 1, WH_BOTH = 2 } wh_who;

#define WH_ENGINE(op) (WI_STORE_ENGINE + WI_BR_STORE_##op)
/* A rule's: any operation after which the store is another. A read that loses its answer is one
 * that fails. */
#define WH_CHANGES (-1)

typedef struct wh_rule {
  int op;           /* wi_store_op, WH_ENGINE(...), WH_CHANGES; 0: any */
  const char *path; /* part of the (first) path; NULL: any */
  int nth;          /* which matching operation, from 1; 0: each */
  wh_what what;
  void (*fn)(
      void *ctx); /* on a thread of the engine no engine is to be asked for anything */
  void *ctx;
  int seen;
  const char *uri; /* part of the store's URI; NULL: any (wh_of sets it) */
} wh_rule;

enum { WH_RULES = 16, WH_OPS = WI_STORE_ENGINE + WI_BR_STORE_RENAME + 1 };

typedef struct wh_hooks {
  wh_rule rules[WH_RULES];
  int n_rules;
  wh_who who;        /* to be set before wh_on_store, wh_on_new */
  int calls;         /* operations so far; those of a rule's own code are not counted */
  int count[WH_OPS]; /* by operation */
  int fired;         /* rules that did something */
  atomic_bool dead;  /* after WH_KILL; wh_reset brings it to life */
  bool trace;        /* prints each operation */
  bool on_new;
  wi_store *store;
  wi_store_hook hook;
} wh_hooks;

/* Adds a rule. While `fn` runs, the same thread's operations pass by all rules. */
void wh_run(wh_hooks *h, int op, const char *path, int nth, wh_what what,
            void (*fn)(void *ctx), void *ctx);
/* The rule added last is about stores with this in their URI. */
void wh_of(wh_hooks *h, const char *uri);
/* What happens to the nth operation of any kind. */
void wh_fault(wh_hooks *h, int nth, wh_what what);
void wh_on_store(wh_hooks *h, wi_store *store);
void wh_on_new(wh_hooks *h);
void wh_off(wh_hooks *h);
/* `count` of an operation while threads are at work. */
int wh_count(const wh_hooks *h, int op);
/* Forgets rules and counts. */
void wh_reset(wh_hooks *h);
const char *wh_op_name(int op);

#endif
