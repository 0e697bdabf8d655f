/* How a view's table comes to what was decided: one row a strategy. All of them check what they
 * made before anything of it is visible, and end in one commit. */
#ifndef WI_RUN_STRATEGY_H
#define WI_RUN_STRATEGY_H

#include "run/private.h"

typedef struct wi_view_job { /* one view at work */
  wi_pass *pass;
  wi_run_view *view;
  uint64_t memory;
  wi_pin base; /* the version that was decided upon; -1: no table */
  wi_snap *base_snap;
  wb_bind *bind;
  wi_staged staged;
  const wb_cancel *cancel; /* the engine's side of the pass's stop */
  char owner[300], app_id[320], prefix[WI_STAGE_PREFIX];
  bool first; /* the table has no folder yet */
  bool committed;
} wi_view_job;

typedef struct wi_strategy {
  wi_action action; /* which it carries out */
  wi_write_mode mode;
  const char *operation; /* as Delta's commitInfo has it */
  bool writes_rows;
  /* Makes the rows, or takes those that are there, and checks them. */
  weir_status (*stage)(wi_view_job *job, weir_error *err);
} wi_strategy;
/* NULL: there is nothing to do. */
const wi_strategy *wi_strategy_of(wi_action action);

/* What the header says of the table, then what the table has. */
wi_table_props wi_view_props(const wi_view_job *job);

#endif
