/* One transaction on a table, and the only loop that commits: look whether the base is still the
 * newest version, unless it was listed a moment ago, and the very commit that was read; put; if the
 * version is somebody's already, read what came up to the newest, judge every commit of it, stand
 * on exactly what was judged, put again. No engine: what needs one comes from the host. */
#ifndef WI_DELTA_TXN_H
#define WI_DELTA_TXN_H

#include "delta/conflict.h"

typedef enum wi_commit_end {
  WI_END_COMMITTED = 1,
  WI_END_SAME = 2,       /* somebody committed the same result key meanwhile */
  WI_END_SUPERSEDED = 3, /* somebody committed another result of the application */
  WI_END_UNCHANGED = 4   /* the application's version is in the table already */
} wi_commit_end;

typedef struct wi_commit_outcome {
  wi_commit_end end;
  int64_t version;      /* of the commit that holds the result: ours, or the one found */
  int64_t timestamp_us; /* of that commit; so app_version */
  int64_t app_version;
  char digest[WI_DIGEST_HEX]; /* of its bytes */
  uint32_t retries;           /* races lost */
  uint32_t unclear;           /* puts whose answer said nothing, or not the truth */
  uint64_t removed_files;
  wi_gone_commits gone; /* of COMMITTED: others' commits whose rows went */
} wi_commit_outcome;

/* What an attempt stands on; the host keeps it alive until it is asked again. */
typedef struct wi_txn_base {
  /* Of the commit at this version, as it was when the table was read; where it is another one by
   * now, nothing is put. NULL: not known. */
  const char *digest;
  const wi_meta *is;         /* what the table is; NULL: there is none */
  const wi_meta *to_be;      /* what it is to be; NULL: as it is */
  const wi_removes *removes; /* NULL: none */
} wi_txn_base;
typedef struct wi_txn_host {
  /* Opens the table at this very version (-1: there is none; the first attempt's is the
   * read_version, for which `judged` is NULL), checks it and lists what goes there. */
  weir_status (*stand_on)(void *ctx, int64_t version, const wi_judged *judged,
                          wi_txn_base *out, weir_error *err);
  void *ctx;
} wi_txn_host;

typedef struct wi_txn_limits {
  uint32_t lost;       /* races that may be lost */
  uint32_t unclear;    /* unclear answers to one put */
  uint32_t backoff_us; /* doubled each time, half of it by chance; 0: no waiting */
  int64_t time_us;     /* of all waiting and trying; 0: no limit */
  int64_t
      fresh_us; /* how long a listing tells what is newest (ten times as long where the
                   root is not on a disk); 0: it is asked for around each put */
} wi_txn_limits;
#define WI_TXN_LIMITS_INIT \
  {.lost = 20, .unclear = 2, .backoff_us = 5000, .time_us = 120000000, .fresh_us = 10000}

typedef struct wi_txn {
  wi_store *store;
  int64_t read_version;     /* -1: no table was seen */
  wi_claim claim;           /* app.version -1: none */
  const wi_commit_def *def; /* what is the same on every base: operation, info, adds */
  wi_txn_host host;
  wi_txn_limits limits;
  const wi_stop *stop; /* looked at after a lost race; NULL: nothing stops it */
} wi_txn;
/* CONFLICT, TABLE_EXISTS, AMBIGUOUS, and what the host and the store say. */
weir_status wi_txn_commit(const wi_txn *txn, wi_commit_outcome *out, weir_error *err);

#endif
