/* The actions of a log as values. What weir does not know of an action is in its body, and is
 * written again with it. */
#ifndef WI_DELTA_ACTION_H
#define WI_DELTA_ACTION_H

#include <jansson.h>

#include "base/base.h"

typedef enum wi_delta_kind {
  WI_DELTA_OTHER = 0, /* an action that weir does not know, or one that is null */
  WI_DELTA_ADD,
  WI_DELTA_REMOVE,
  WI_DELTA_CDC,
  WI_DELTA_TXN,
  WI_DELTA_DOMAIN,
  WI_DELTA_PROTOCOL,
  WI_DELTA_METADATA,
  WI_DELTA_COMMIT_INFO
} wi_delta_kind;

typedef struct
    wi_delta_file { /* of add, remove and cdc; NULL, -1 and INT64_MIN: not said */
  const char *path; /* raw, as in the log: writers escape differently */
  const json_t *partition_values, *dv, *tags;
  const char *stats, *clustering_provider;
  int64_t size;
  int64_t time_ms; /* modificationTime of an add, deletionTimestamp of a remove */
  int64_t base_row_id, default_row_commit_version;
  bool data_change;
  bool extended;      /* a remove that has what its add had */
  const json_t *body; /* NULL, or where members come from that are not above */
} wi_delta_file;

typedef struct wi_delta_action { /* borrowed from the JSON */
  wi_delta_kind kind;
  const char *name; /* in the log */
  const json_t *body;
  union {
    wi_delta_file file; /* add, remove, cdc */
    struct {
      const char *app_id;
      int64_t version, last_updated_ms; /* -1: not said */
    } txn;
    struct {
      const char *name, *configuration;
      bool removed;
    } domain;
  } as;
} wi_delta_action;
/* One member of a commit's line. NULL, or what is wrong with it. */
const char *wi_delta_action_read(const char *name, const json_t *body,
                                 wi_delta_action *out);
bool wi_delta_is_file(wi_delta_kind kind);
/* Appends a file's action as a line: its values, then those members of its body that none of them
 * stands for. */
void wi_delta_file_write(wi_delta_kind kind, const wi_delta_file *file, wi_buf *out);
/* Appends any action as a line, as it was read. */
void wi_delta_action_write(const wi_delta_action *action, wi_buf *out);

#endif
