/* Properties of a table that its writers heed: statistics and checkpoints. */
#include <string.h>

#include "table/table.h"

/* What is wanted comes before what the table has. NULL: neither; points into `text` or the
 * wanted ones. */
static const char *property(const wi_table_props *p, const char *key, wi_buf *text) {
  for (size_t i = 0; i < p->n; i++) {
    if (strcmp(p->keys[i * p->step], key) == 0) {
      return p->values[i * p->step];
    }
  }
  bool found = p->base->version >= 0 && wi_base_property(p->base, key, text);
  return found ? wi_buf_text(text) : NULL;
}

weir_status wi_table_stats(const wi_table_props *p, wi_stats_columns *out,
                           weir_error *err) {
  wi_buf count = WI_BUF_INIT, list = WI_BUF_INIT;
  weir_status status = wi_stats_columns_of_table(
      property(p, "delta.dataSkippingNumIndexedCols", &count),
      property(p, "delta.dataSkippingStatsColumns", &list), out, err);
  wi_buf_release(&count);
  wi_buf_release(&list);
  return status;
}

bool wi_table_checkpoint(const wi_table_props *p, wi_session *session, wi_store *store,
                         int64_t version, weir_error *err) {
  wi_buf interval = WI_BUF_INIT;
  bool due =
      wi_checkpoint_due(version, property(p, "delta.checkpointInterval", &interval));
  wi_buf_release(&interval);
  return !due || wi_delta_checkpoint(session->engine, store, version, err) == WEIR_OK;
}
