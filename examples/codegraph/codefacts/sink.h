/* Where the tables go. The only part of codefacts that knows weir. */
#ifndef CODEFACTS_SINK_H
#define CODEFACTS_SINK_H

#include "codefacts.h"

typedef struct cf_sink cf_sink;

typedef struct cf_previous { /* one file as the last run left it in repo_files */
  char *path;
  char sha256[65]; /* empty: it was unreadable */
  int32_t bucket;
  int32_t facts_version;
} cf_previous;

typedef struct cf_previous_list {
  cf_previous *items;
  size_t n, cap;
} cf_previous_list;
void cf_previous_release(cf_previous_list *list);

/* `folder` holds one table per name; it is made when it is not there. */
bool cf_sink_new(const char *folder, cf_sink **out, cf_error *err);
void cf_sink_free(cf_sink **sink);
/* What repo_files says now; empty when there is no such table. */
bool cf_sink_previous(cf_sink *sink, cf_previous_list *out, cf_error *err);
/* SHA-256 of the index that scip_occurrences was made from; empty: of none. *there: whether
 * there is such a table. */
bool cf_sink_previous_scip(cf_sink *sink, char sha256[65], bool *there, cf_error *err);
/* One commit: the partitions `buckets` of the table (made if absent) now hold exactly the rows
 * of the stream, and no other partition changes. With all = true everything is replaced. The
 * stream is consumed. Callable from several threads at once for different tables. */
bool cf_sink_write(cf_sink *sink, const char *table, bool all, const int32_t *buckets,
                   size_t n, struct ArrowArrayStream *stream, cf_error *err);

#endif
