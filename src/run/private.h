/* Inside src/run. */
#ifndef WI_RUN_PRIVATE_H
#define WI_RUN_PRIVATE_H

#include "run/run.h"

#define WI_APP_PREFIX "weir/"

/* keys.c */
void wi_source_identity(const wi_pass *pass, wi_run_source *source);
void wi_shape_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]);
void wi_gate_digest(const wi_spec_view *view, char out[WI_DIGEST_HEX]);
void wi_planning_key(const wi_pass *pass, wi_run_view *view);
/* `identities` by ordinal. */
void wi_result_key(const wi_pass *pass, const wi_run_view *view, const char *plan_digest,
                   const char *const *identities, size_t n, char out[WI_DIGEST_HEX]);
weir_status wi_params_json(const wi_run_view *view, wi_buf *out, weir_error *err);
wi_run_source *wi_pass_source(const wi_pass *pass, const char *name);
wi_run_view *wi_pass_view(const wi_pass *pass, const char *name);

/* calls.c */
/* The sources that the view's table functions stand for; parameters must be bound. */
weir_status wi_pass_add_calls(wi_pass *pass, wi_run_view *view, weir_error *err);
weir_status wi_view_plan_with_calls(wi_pass *pass, wi_run_view *view, wi_view_plan **out,
                                    weir_error *err);

/* pins.c */
/* Version and commit digest of every needed source, once per place. Errors go to the pass's
 * diags, and block the views that read the source. */
void wi_pass_pin_sources(wi_pass *pass);
/* Table id, schema digest and protocol; from what a view recorded where that is the same
 * version, else from a snapshot. */
weir_status wi_source_know(wi_pass *pass, wi_run_source *source, const json_t *recorded,
                           weir_error *err);
/* A snapshot, and the declaration in the session. */
weir_status wi_source_open(wi_pass *pass, wi_run_source *source, weir_error *err);
weir_status wi_source_declare(wi_pass *pass, wi_run_source *source, weir_error *err);

/* decide.c, reason.c */
weir_status wi_view_decide(wi_pass *pass, wi_run_view *view, weir_error *err);
void wi_view_reason(const wi_pass *pass, wi_run_view *view, const char *const *names,
                    const char *const *identities, size_t n);
/* The table's snapshot for consumers; the version is view->version. */
weir_status wi_view_snapshot(wi_pass *pass, wi_run_view *view, weir_error *err);

/* rules.c */
weir_status wi_view_gate(wi_pass *pass, wi_run_view *view, weir_error *err);

/* execute.c, commit_info.c */
weir_status wi_view_execute(wi_pass *pass, wi_run_view *view, uint64_t memory,
                            weir_error *err);
typedef struct wi_info {
  wi_arena arena;
  wi_br_pair *pairs; /* sorted by key */
  size_t n, cap;
} wi_info;
weir_status wi_info_build(const wi_pass *pass, const wi_run_view *view, wi_info *out,
                          weir_error *err);
void wi_info_release(wi_info *info);

/* schedule.c */
/* Critical path and slack of the chosen views, by the durations known so far. */
weir_status wi_pass_times(wi_pass *pass, weir_error *err);
weir_status wi_pass_schedule(wi_pass *pass, weir_error *err);
void wi_pass_warn(wi_pass *pass, weir_status code, const char *stage, const char *fmt,
                  ...) WEIR_PRINTF(4, 5);

/* records.c */
void wi_pass_record(wi_pass *pass);

#endif
