/* Keeping a warehouse: what may go, and that nothing else does. Decisions only: what they are
 * made from comes through stores.
 *
 * A folder that a run staged is litter when all of this holds: the run began, and the folder's
 * newest file came, longer ago than asked for; no lease says that the run lives; the table's log
 * is whole and no commit of it names a file in there. The order of looking makes that safe
 * beside runs on a store: files, then leases, then the log. A run that lost its lease before the
 * leases were listed has committed, if at all, before the log was read. */
#ifndef WI_MAINTAIN_MAINTAIN_H
#define WI_MAINTAIN_MAINTAIN_H

#include "table/table.h"

#define WI_CLEAN_OLDER_US ((int64_t)24 * 3600 * 1000000) /* unless told otherwise */

typedef enum wi_litter_kind {
  WI_LITTER_STAGED = 1, /* files of a run that never committed them */
  WI_LITTER_ORPHAN = 2, /* a table of the project that no view claims */
  WI_LITTER_LEASE = 3,  /* of a run that died on a store */
  WI_LITTER_SPILL = 4   /* what a killed run spilled */
} wi_litter_kind;
const char *wi_litter_kind_name(wi_litter_kind kind);

typedef struct wi_litter_item {
  wi_litter_kind kind;
  char *uri;
  uint64_t files, bytes;
} wi_litter_item;
typedef struct wi_litter {
  wi_litter_item *items;
  size_t n, cap;
} wi_litter;
void wi_litter_release(wi_litter *litter);

typedef struct wi_clean_request {
  const wi_spec *spec;
  wi_session *session;
  const char *const *places; /* canonical: what the project's sources and views read */
  size_t n_places;
  int64_t older_than_us; /* of what runs staged; at least WI_LEASE_LIFE_US on stores */
  bool orphans, apply;
} wi_clean_request;
/* Finds, and with `apply` removes. LOCKED: a run is at work in a local warehouse. */
weir_status wi_clean(const wi_clean_request *request, wi_litter *out, weir_error *err);

#endif
