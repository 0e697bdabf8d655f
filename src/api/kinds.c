/* Names of kinds, as tables have them. */
#include "api/private.h"
#include "maintain/maintain.h"

#define NAME_OF(names, value) \
  ((size_t)(value) < sizeof(names) / sizeof(names[0]) ? names[(size_t)(value)] : "")

const char *weir_node_kind_name(weir_node_kind kind) {
  static const char *const names[] = {"", "source", "view"};
  return NAME_OF(names, kind);
}

const char *weir_materialized_name(weir_materialized materialized) {
  static const char *const names[] = {"", "table", "view"};
  return NAME_OF(names, materialized);
}

const char *weir_action_name(weir_action action) {
  return (unsigned)action <= WEIR_ACTION_STAND ? wi_action_name((wi_action)action) : "";
}

const char *weir_task_status_name(weir_task_status status) {
  return (unsigned)status <= WEIR_TASK_SKIP ? wi_task_status_name((wi_task_status)status)
                                            : "";
}

const char *weir_run_status_name(weir_run_status status) {
  static const char *const names[] = {"ok", "failed", "interrupted"};
  return NAME_OF(names, status);
}

const char *weir_event_kind_name(weir_event_kind kind) {
  static const char *const names[] = {
      "", "run_started", "task_started", "task_finished", "warning", "run_finished"};
  return NAME_OF(names, kind);
}

const char *weir_litter_kind_name(weir_litter_kind kind) {
  return kind != 0 && (unsigned)kind <= WEIR_LITTER_SPILL
             ? wi_litter_kind_name((wi_litter_kind)kind)
             : "";
}

/* Inside they have the same numbers. */
_Static_assert((int)WEIR_ACTION_REUSE == (int)WI_ACTION_REUSE &&
                   (int)WEIR_ACTION_FULL == (int)WI_ACTION_FULL &&
                   (int)WEIR_ACTION_ADJUST == (int)WI_ACTION_ADJUST &&
                   (int)WEIR_ACTION_STAND == (int)WI_ACTION_STAND,
               "actions");
_Static_assert((int)WEIR_TASK_PASS == (int)WI_TASK_PASS &&
                   (int)WEIR_TASK_REUSED == (int)WI_TASK_REUSED &&
                   (int)WEIR_TASK_WARN == (int)WI_TASK_WARN &&
                   (int)WEIR_TASK_ERROR == (int)WI_TASK_ERROR &&
                   (int)WEIR_TASK_SKIP == (int)WI_TASK_SKIP,
               "statuses");
_Static_assert((int)WEIR_EVENT_RUN_STARTED == (int)WI_EVENT_RUN_STARTED + 1 &&
                   (int)WEIR_EVENT_RUN_FINISHED == (int)WI_EVENT_RUN_FINISHED + 1,
               "events");
_Static_assert((int)WEIR_LITTER_STAGED == (int)WI_LITTER_STAGED &&
                   (int)WEIR_LITTER_ORPHAN == (int)WI_LITTER_ORPHAN &&
                   (int)WEIR_LITTER_LEASE == (int)WI_LITTER_LEASE &&
                   (int)WEIR_LITTER_SPILL == (int)WI_LITTER_SPILL,
               "litter");
_Static_assert((int)WEIR_MATERIALIZED_TABLE == (int)WI_MAT_TABLE &&
                   (int)WEIR_MATERIALIZED_VIEW == (int)WI_MAT_VIEW,
               "materialized");
