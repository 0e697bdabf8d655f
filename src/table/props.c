/* Properties of a table that its writers heed: statistics and checkpoints. */
#include <string.h>

#include "table/table.h"

/* What is wanted comes before what the table has. NULL: neither. */
static const char *property(const wi_table_props *p, const char *key) {
  for (size_t i = 0; i < p->n; i++) {
    if (strcmp(p->keys[i * p->step], key) == 0) {
      return p->values[i * p->step];
    }
  }
  return p->base->meta != NULL ? wi_meta_property(p->base->meta, key) : NULL;
}

weir_status wi_table_stats(const wi_table_props *p, wi_stats_columns *out,
                           weir_error *err) {
  return wi_stats_columns_of_table(property(p, "delta.dataSkippingNumIndexedCols"),
                                   property(p, "delta.dataSkippingStatsColumns"), out,
                                   err);
}

bool wi_table_checkpoint(const wi_table_props *p, wi_session *session, wi_store *store,
                         int64_t version, weir_error *err) {
  weir_status status = WEIR_OK;
  if (wi_checkpoint_due(version, property(p, "delta.checkpointInterval"))) {
    status = wi_delta_checkpoint(session->engine, store, version, err);
    wi_log_checkpoint(&session->log, wi_store_uri(store), version, status);
  }
  return status == WEIR_OK;
}
