/* A transaction over a crafted log, its host, and others that come between. */
#ifndef TESTS_UNIT_DELTA_TXN_HOST_H
#define TESTS_UNIT_DELTA_TXN_HOST_H

#include "common/hooks.h"
#include "delta/txn.h"
#include "unit/delta/crafted.h"

static const wi_commit_def def = {.operation = "WRITE", .engine_info = "weir/test"};

typedef struct host {
  int64_t on[32]; /* what it was to stand on */
  int n;
  wi_store *reads; /* it tells the digests of its bases; NULL: it does not */
  wi_commit_mark base;
} host;

static inline weir_status stand(void *ctx, int64_t version, const wi_judged *judged,
                                wi_txn_base *out, weir_error *err) {
  host *h = ctx;
  (void)judged;
  h->on[h->n++ % 32] = version;
  if (h->reads != NULL) {
    WI_TRY(wi_commit_find_mark(h->reads, version, &h->base, err));
    if (!h->base.says) { /* as a pin does */
      snprintf(h->base.digest, sizeof h->base.digest, "that of its files");
    }
    out->digest = h->base.digest;
  }
  return WEIR_OK;
}

static inline wi_txn txn_at(wi_store *store, int64_t version, host *h) {
  return (wi_txn){.store = store,
                  .read_version = version,
                  .claim = {.app = {.version = -1}},
                  .def = &def,
                  .host = {stand, h},
                  .limits = {.lost = 5, .unclear = 2}};
}

#define FOREIGN                                                            \
  "{\"commitInfo\":{\"engineInfo\":\"spark\"}}\n{\"add\":{\"path\":\"x\"," \
  "\"partitionValues\":{},\"size\":1,\"dataChange\":true}}\n"
#define BATCH "{\"txn\":{\"appId\":\"loader\",\"version\":7}}\n"

static inline void base(wi_store *store) {
  crafted_commit(store, 0, "{\"commitInfo\":{\"timestamp\":1}}\n");
}

static inline int64_t latest(wi_store *store) {
  wi_log log = {0};
  int64_t version = wi_log_list(store, &log, NULL) == WEIR_OK ? log.latest : -1;
  wi_log_release(&log);
  return version;
}

typedef struct late {
  wi_store *store;
  int64_t version;
  const char *text;
} late;

static inline void put_late(void *ctx) {
  late *l = ctx;
  crafted_commit(l->store, l->version++, l->text);
}

#endif
