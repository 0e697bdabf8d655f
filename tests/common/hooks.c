#include "common/hooks.h"

#include <stdio.h>
#include <string.h>

#define WI_ORIGIN "test"

static _Thread_local bool inside; /* a rule's own code */
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

const char *wh_op_name(int op) {
  static const char *const names[] = {"any",    "list",       "read", "put_new",
                                      "remove", "remove_all", "sync"};
  return op >= 0 && op <= WI_STORE_SYNC ? names[op] : "?";
}

static bool matches(const wh_rule *r, const wi_store_call *call) {
  const char *path = call->n > 0 ? call->paths[0] : "";
  return (r->op == 0 || r->op == (int)call->op) &&
         (r->path == NULL || strstr(path, r->path) != NULL) &&
         (r->uri == NULL || strstr(wi_store_uri(call->store), r->uri) != NULL);
}

/* The rule that this operation meets; rules count what passes them by. */
static wh_rule *rule_of(wh_hooks *h, const wi_store_call *call) {
  wh_rule *found = NULL;
  for (int i = 0; i < h->n_rules; i++) {
    wh_rule *r = &h->rules[i];
    if (!matches(r, call)) {
      continue;
    }
    r->seen++;
    if (found == NULL && (r->nth == 0 || r->nth == r->seen)) {
      found = r;
    }
  }
  return found;
}

static weir_status broken(const wi_store_call *call, const char *how, weir_error *err) {
  return WI_ERR(err, WEIR_E_IO, "%s of '%s' %s", wh_op_name((int)call->op),
                call->n > 0 ? call->paths[0] : "", how);
}

static void run(const wh_rule *r) {
  inside = true;
  r->fn(r->ctx);
  inside = false;
}

static weir_status apply(wh_hooks *h, const wh_rule *r, const wi_store_call *call,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  switch (r->what) {
    case WH_BEFORE:
      run(r);
      return wi_store_perform(call, err);
    case WH_AFTER:
      status = wi_store_perform(call, err);
      run(r);
      return status;
    case WH_LOSE:
      (void)wi_store_perform(call, NULL);
      if (r->fn != NULL) {
        run(r);
      }
      return broken(call, "gave no answer", err);
    case WH_KILL:
      h->dead = true;
      return broken(call, "by a dead process", err);
    case WH_KILL_AFTER:
      (void)wi_store_perform(call, NULL);
      h->dead = true;
      return broken(call, "by a process that died then", err);
    case WH_FAIL:
    default:
      return broken(call, "failed", err);
  }
}

static weir_status around(void *ctx, const wi_store_call *call, weir_error *err) {
  wh_hooks *h = ctx;
  if (inside) {
    return wi_store_perform(call, err);
  }
  pthread_mutex_lock(&counting);
  bool dead = h->dead;
  const wh_rule *r = NULL;
  if (!dead) {
    h->calls++;
    h->count[call->op]++;
    r = rule_of(h, call);
    h->fired += r != NULL;
  }
  if (h->trace && !dead) {
    printf("  %3d %s %s\n", h->calls, wh_op_name((int)call->op),
           call->n > 0 ? call->paths[0] : "");
  }
  pthread_mutex_unlock(&counting);
  if (dead) {
    return broken(call, "by a dead process", err);
  }
  return r != NULL ? apply(h, r, call, err) : wi_store_perform(call, err);
}

void wh_run(wh_hooks *h, int op, const char *path, int nth, wh_what what,
            void (*fn)(void *ctx), void *ctx) {
  if (h->n_rules < WH_RULES) {
    h->rules[h->n_rules++] = (wh_rule){op, path, nth, what, fn, ctx, 0, NULL};
  }
}

void wh_of(wh_hooks *h, const char *uri) {
  h->rules[h->n_rules - 1].uri = uri;
}

void wh_fault(wh_hooks *h, int nth, wh_what what) {
  wh_run(h, 0, NULL, nth, what, NULL, NULL);
}

void wh_on_store(wh_hooks *h, wi_store *store) {
  h->hook = (wi_store_hook){around, h};
  h->store = store;
  wi_store_set_hook(store, &h->hook);
}

void wh_on_new(wh_hooks *h) {
  h->hook = (wi_store_hook){around, h};
  h->on_new = true;
  wi_store_hook_new(&h->hook);
}

void wh_off(wh_hooks *h) {
  if (h->store != NULL) {
    wi_store_set_hook(h->store, NULL);
    h->store = NULL;
  }
  if (h->on_new) {
    wi_store_hook_new(NULL);
    h->on_new = false;
  }
}

int wh_count(const wh_hooks *h, int op) {
  pthread_mutex_lock(&counting);
  int n = h->count[op];
  pthread_mutex_unlock(&counting);
  return n;
}

void wh_reset(wh_hooks *h) {
  h->n_rules = h->calls = h->fired = 0;
  memset(h->count, 0, sizeof h->count);
  h->dead = false;
}
