/* Who hears of what the engine does with its handle on a root: a test's hook, until it is taken
 * off. The engine may keep a handle longer than whoever set the hook lives. Empty in every build
 * but that for tests. */
#include <pthread.h>
#include <string.h>

#include "storage/hook.h"

#ifdef WI_TEST

#define WI_ORIGIN "storage"

typedef struct store_link {
  const wi_store_hook *hook; /* NULL: cut */
  struct store_link *next, **place;
  char uri[];
} store_link;

static pthread_rwlock_t lock =
    PTHREAD_RWLOCK_INITIALIZER; /* read while a hook is asked */
static store_link *links;

static int32_t ask(void *ctx, uint32_t op, const char *path, int32_t again) {
  store_link *l = ctx;
  int32_t answer = 0;
  pthread_rwlock_rdlock(&lock);
  if (l->hook != NULL) {
    answer =
        l->hook->engine(l->hook->ctx, l->uri, WI_STORE_ENGINE + (int)op, path, again);
  }
  pthread_rwlock_unlock(&lock);
  return answer;
}

static void release(void *ctx) {
  store_link *l = ctx;
  pthread_rwlock_wrlock(&lock);
  *l->place = l->next;
  if (l->next != NULL) {
    l->next->place = l->place;
  }
  pthread_rwlock_unlock(&lock);
  wi_free(l);
}

weir_status wi_store_link_new(const wi_store_hook *hook, const char *uri,
                              wi_br_store_hook *out, weir_error *err) {
  size_t n = strlen(uri) + 1;
  store_link *l = wi_alloc(sizeof *l + n);
  if (l == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  l->hook = hook;
  memcpy(l->uri, uri, n);
  pthread_rwlock_wrlock(&lock);
  l->next = links;
  l->place = &links;
  if (links != NULL) {
    links->place = &l->next;
  }
  links = l;
  pthread_rwlock_unlock(&lock);
  *out = (wi_br_store_hook){ask, release, l};
  return WEIR_OK;
}

void wi_store_link_free(wi_br_store_hook *link) {
  link->release(link->ctx);
}

void wi_store_links_cut(const wi_store_hook *hook) {
  pthread_rwlock_wrlock(&lock);
  for (store_link *l = links; l != NULL; l = l->next) {
    if (l->hook == hook) {
      l->hook = NULL;
    }
  }
  pthread_rwlock_unlock(&lock);
}

#endif
