/* Inside src/run. */
#ifndef WI_RUN_PRIVATE_H
#define WI_RUN_PRIVATE_H

#include "run/run.h"
#include "run/schedule.h"

#define WI_APP_PREFIX "weir/"

/* ---- pass.c ---- */
void wi_pass_warn(wi_pass *pass, weir_status code, const char *stage, const char *fmt,
                  ...) WEIR_PRINTF(4, 5);
static inline bool wi_view_works(const wi_run_view *view) {
  return view->chosen && (view->decision.action == WI_ACTION_FULL ||
                          view->decision.action == WI_ACTION_ADJUST);
}

/* ---- tables.c ---- */
/* Which tables the needed sources name, each once. */
weir_status wi_pass_find_tables(wi_pass *pass, weir_error *err);
/* Version and commit of one; what goes wrong stays in the table. From any thread. */
void wi_table_resolve(wi_pass *pass, wi_run_table *table);
/* Table id, schema digest and protocol: from what a view recorded of the same version, else from a
 * snapshot. Of all tables after all views were read; what goes wrong stays in the table. */
void wi_table_know(wi_pass *pass, wi_run_table *table);
/* Snapshot and full pin; from any thread. Both are the table's. */
weir_status wi_table_open(wi_pass *pass, wi_run_table *table, const wi_snap **snap,
                          const wi_pin **full, weir_error *err);
/* The digest of its files (wi_pin_state); from any thread. */
weir_status wi_table_state(wi_pass *pass, wi_run_table *table, char out[WI_DIGEST_HEX],
                           weir_error *err);
/* An error of the source has its place in weir.yml, or in the view that calls it. */
void wi_source_explain(const wi_project_source *source, weir_error *err);

/* ---- facts.c ---- */
/* Pins of all needed sources and last results of all needed views, in one wave. Errors go to the
 * diags, and block the views that need what they are about. */
weir_status wi_pass_read_facts(wi_pass *pass, weir_error *err);
/* The rest, which hangs on the views above: these must be decided. */
weir_status wi_view_gather(wi_pass *pass, wi_run_view *view, weir_error *err);
/* The snapshot for consumers, of outcome.version; from any thread. */
weir_status wi_view_snapshot(wi_pass *pass, wi_run_view *view, weir_error *err);
/* CONFLICT where its table is not the one any more that this run has built or found. */
weir_status wi_view_check(const wi_run_view *view, weir_error *err);

/* ---- planning.c ---- */
/* The second step of the facts: a plan over declared inputs, and the gate over its columns. */
weir_status wi_view_make_plan(wi_pass *pass, wi_run_view *view, weir_error *err);
/* The schema of a view's table as it is, for consumers; whether it is partitioned as the header
 * says. */
weir_status wi_view_table_schema(wi_pass *pass, wi_run_view *view,
                                 bool *same_partitioning, weir_error *err);

/* ---- rules.c ---- */
weir_status wi_view_gate(wi_pass *pass, wi_run_view *view, weir_error *err);

/* ---- execute.c ---- */
weir_status wi_view_execute(wi_pass *pass, wi_run_view *view, uint64_t memory,
                            weir_error *err);

/* ---- work.c ---- */
/* Critical path and slack of the chosen views, by the durations known so far. */
weir_status wi_pass_times(wi_pass *pass, weir_error *err);
/* The chosen views in parallel. */
weir_status wi_pass_work(wi_pass *pass, weir_error *err);

/* ---- records.c ---- */
void wi_pass_record(wi_pass *pass);

#endif
