#include "common/hooks.h"

#include <stdio.h>
#include <string.h>

#define WI_ORIGIN "test"

static _Thread_local bool inside; /* a rule's own code */
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

const char *wh_op_name(int op) {
  static const char *const names[WH_OPS] = {
      "any",
      [WI_STORE_LIST] = "list",
      [WI_STORE_READ] = "read",
      [WI_STORE_PUT_NEW] = "put_new",
      [WI_STORE_REMOVE] = "remove",
      [WI_STORE_REMOVE_ALL] = "remove_all",
      [WI_STORE_SYNC] = "sync",
      [WH_ENGINE(PUT)] = "engine's put",
      [WH_ENGINE(UPLOAD)] = "engine's upload",
      [WH_ENGINE(PART)] = "engine's part",
      [WH_ENGINE(COMPLETE)] = "engine's complete",
      [WH_ENGINE(ABORT)] = "engine's abort",
      [WH_ENGINE(GET)] = "engine's get",
      [WH_ENGINE(BYTES)] = "engine's bytes",
      [WH_ENGINE(RANGES)] = "engine's ranges",
      [WH_ENGINE(HEAD)] = "engine's head",
      [WH_ENGINE(LIST)] = "engine's list",
      [WH_ENGINE(DELETE)] = "engine's delete",
      [WH_ENGINE(COPY)] = "engine's copy",
      [WH_ENGINE(RENAME)] = "engine's rename",
  };
  return op >= 0 && op < WH_OPS && names[op] != NULL ? names[op] : "?";
}

typedef struct seen {
  int op;
  const char *path, *uri;
} seen;

static bool changes(int op) {
  static const bool table[WH_OPS] = {
      [WI_STORE_PUT_NEW] = true,    [WI_STORE_REMOVE] = true,
      [WI_STORE_REMOVE_ALL] = true, [WI_STORE_SYNC] = true,
      [WH_ENGINE(PUT)] = true,      [WH_ENGINE(UPLOAD)] = true,
      [WH_ENGINE(PART)] = true,     [WH_ENGINE(COMPLETE)] = true,
      [WH_ENGINE(ABORT)] = true,    [WH_ENGINE(DELETE)] = true,
      [WH_ENGINE(COPY)] = true,     [WH_ENGINE(RENAME)] = true,
  };
  return table[op];
}

static bool matches(const wh_rule *r, const seen *s) {
  return (r->op == 0 || r->op == s->op || (r->op == WH_CHANGES && changes(s->op))) &&
         (r->path == NULL || strstr(s->path, r->path) != NULL) &&
         (r->uri == NULL || strstr(s->uri, r->uri) != NULL);
}

/* The rule that this operation meets; rules count what passes them by. */
static wh_rule *rule_of(wh_hooks *h, const seen *s) {
  wh_rule *found = NULL;
  for (int i = 0; i < h->n_rules; i++) {
    wh_rule *r = &h->rules[i];
    if (!matches(r, s)) {
      continue;
    }
    r->seen++;
    if (found == NULL && (r->nth == 0 || r->nth == r->seen)) {
      found = r;
    }
  }
  return found;
}

/* false: the process is dead. *rule: what the operation meets, NULL if nothing. */
static bool count(wh_hooks *h, const seen *s, const wh_rule **rule) {
  *rule = NULL;
  pthread_mutex_lock(&counting);
  bool alive = !h->dead;
  if (alive &&
      (h->who == WH_BOTH || (h->who == WH_ENGINES) == (s->op >= (int)WI_STORE_ENGINE))) {
    h->calls++;
    h->count[s->op]++;
    *rule = rule_of(h, s);
    h->fired += *rule != NULL;
    if (*rule != NULL && (*rule)->what == WH_KILL) {
      h->dead = true; /* now: nobody comes between this operation and its death */
    }
    if (h->trace) {
      printf("  %3d %s %s\n", h->calls, wh_op_name(s->op), s->path);
    }
  }
  pthread_mutex_unlock(&counting);
  return alive;
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
  const wh_rule *r = NULL;
  const seen s = {(int)call->op, call->n > 0 ? call->paths[0] : "",
                  wi_store_uri(call->store)};
  if (inside) {
    return wi_store_perform(call, err);
  }
  if (!count(h, &s, &r)) {
    return broken(call, "by a dead process", err);
  }
  return r != NULL ? apply(h, r, call, err) : wi_store_perform(call, err);
}

/* What wi_store_hook says of its answers; that of a rule which acts afterwards is its place. */
enum { ENGINE_DOES = 0, ENGINE_FAILS = -1 };

static int32_t after_engine(wh_hooks *h, const wh_rule *r) {
  if (r->what == WH_KILL_AFTER) {
    h->dead = true;
  } else if (r->fn != NULL) {
    run(r);
  }
  return r->what == WH_AFTER ? ENGINE_DOES : ENGINE_FAILS;
}

static int32_t around_engine(void *ctx, const char *uri, int op, const char *path,
                             int32_t again) {
  wh_hooks *h = ctx;
  const wh_rule *r = NULL;
  const seen s = {op, path, uri};
  if (inside) {
    return ENGINE_DOES;
  }
  if (again > 0) {
    return after_engine(h, &h->rules[again - 1]);
  }
  if (!count(h, &s, &r)) {
    return ENGINE_FAILS;
  }
  if (r == NULL) {
    return ENGINE_DOES;
  }
  switch (r->what) {
    case WH_BEFORE:
      run(r);
      return ENGINE_DOES;
    case WH_AFTER:
    case WH_LOSE:
    case WH_KILL_AFTER:
      return 1 + (int32_t)(r - h->rules);
    case WH_FAIL:
    case WH_KILL:
    default:
      return ENGINE_FAILS;
  }
}

static void make_hook(wh_hooks *h) {
  h->hook = (wi_store_hook){around, h, h->who != WH_OURS ? around_engine : NULL};
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
  make_hook(h);
  h->store = store;
  wi_store_set_hook(store, &h->hook);
}

void wh_on_new(wh_hooks *h) {
  make_hook(h);
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
