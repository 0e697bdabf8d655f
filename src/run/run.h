/* One pass over a project: references and order, pins, a decision for every view, then the
 * work. Owns the threads of a run and nothing that outlives it.
 *
 * Lifecycle: wi_pass_open -> wi_pass_decide -> (wi_pass_execute) -> wi_pass_free.
 * Threads: a pass belongs to one thread; its stop may be fired from any. */
#ifndef WI_RUN_RUN_H
#define WI_RUN_RUN_H

#include <pthread.h>
#include <stdatomic.h>

#include "graph/graph.h"
#include "plan/plan.h"
#include "record/record.h"
#include "table/table.h"

typedef enum wi_action {
  WI_ACTION_NONE = 0, /* not looked at */
  WI_ACTION_REUSE = 1,
  WI_ACTION_FULL = 2,
  WI_ACTION_ADJUST = 3, /* the rows stay; constraints are checked, metadata is written */
  WI_ACTION_STAND = 4   /* not chosen: read as it stands */
} wi_action;
const char *wi_action_name(wi_action action);

typedef enum wi_task_status {
  WI_TASK_PLANNED = 0,
  WI_TASK_PASS = 1,
  WI_TASK_REUSED = 2,
  WI_TASK_WARN = 3, /* superseded */
  WI_TASK_ERROR = 4,
  WI_TASK_SKIP = 5
} wi_task_status;
const char *wi_task_status_name(wi_task_status status);

/* What a view's table tells of its last result (last.c). */
typedef struct wi_last {
  bool table;              /* there is one */
  bool found;              /* with a commit of this view in its log */
  bool foreign_data;       /* somebody else changed rows since */
  int64_t foreign_version; /* newest commit that did */
  char foreign_writer[128];
  int64_t latest; /* newest version of the table */
  char latest_digest[WI_DIGEST_HEX];
  int64_t latest_us; /* its time */
  int64_t version;   /* of this view's last commit */
  wi_commit commit;  /* that commit; holds the texts below */
  const char *planning_key, *result_key, *plan_digest, *functions_digest,
      *settings_digest;
  const char *run_id;
  const char *shape_digest, *gate_digest, *schema_digest, *view_digest, *params,
      *is_volatile;
  json_t *inputs; /* array of objects: name, kind, identity, version, ... */
} wi_last;

typedef struct wi_run_source {
  const wi_spec_source *spec;
  wi_store *store;
  wi_pin pin;
  bool resolved; /* version and commit digest */
  bool known;    /* and table id, schema digest, protocol */
  wb_snap *snap; /* opened when something must be planned or read */
  bool declared;
  char identity[WI_DIGEST_HEX];
  struct wi_run_source *same; /* an earlier source of the same place and version */
  wi_call_kind call;          /* a table function's; WI_CALL_NONE: of weir.yml */
  const wi_fn *fn;            /* that function */
  int64_t started_us, finished_us;
} wi_run_source;

typedef struct wi_run_view {
  const wi_spec_view *spec;
  wi_refs refs;
  size_t *views; /* indexes of the views it reads, in order of name */
  size_t n_views;
  size_t *sources; /* of sources, in order of name */
  size_t n_sources;
  wi_br_value *values; /* bound parameters, by name */
  size_t n_values;
  wi_calls calls;       /* of weir's table functions */
  size_t *call_sources; /* by call: its source */
  bool chosen, needed, blocked;
  /* decided */
  wi_store *store;
  wi_last last;
  wi_view_plan *plan;
  wi_gate *gate;
  struct ArrowSchema schema; /* as consumers see it */
  bool has_schema, declared;
  char schema_digest[WI_DIGEST_HEX], view_digest[WI_DIGEST_HEX];
  char planning_key[WI_DIGEST_HEX], result_key[WI_DIGEST_HEX], plan_digest[WI_DIGEST_HEX];
  char shape_digest[WI_DIGEST_HEX], gate_digest[WI_DIGEST_HEX];
  char identity[WI_DIGEST_HEX]; /* what consumers' keys hold of it */
  wi_action action;
  char reason[256];
  /* executed */
  wi_task_status status;
  int64_t version; /* of the table that consumers read */
  wb_snap *snap;   /* of that version, when a consumer needs it */
  wi_commit_outcome commit;
  wi_write_mode mode;
  uint64_t rows, files, bytes, peak_bytes;
  int64_t started_us, finished_us;
  bool critical;
  int64_t slack_us;
  weir_error error;
} wi_run_view;

typedef struct wi_run_summary {
  uint32_t pass, reused, warn, error, skip, total;
  bool cancelled;
} wi_run_summary;

typedef struct wi_pass wi_pass;
typedef enum wi_event {
  WI_EVENT_RUN_STARTED,
  WI_EVENT_TASK_STARTED,
  WI_EVENT_TASK_FINISHED,
  WI_EVENT_WARNING,
  WI_EVENT_RUN_FINISHED
} wi_event;
typedef struct wi_watcher { /* called from any thread of the run, one call at a time */
  void (*event)(void *ctx, wi_event event, const wi_run_view *view,
                const weir_error *warning);
  void *ctx;
} wi_watcher;

struct wi_pass {
  const wi_spec *spec;
  wi_engine *engine;
  int64_t now_us;
  wi_session *session;
  wi_run_source *sources; /* as spec->sources, then those that views call */
  size_t n_sources;
  wi_arena arena;     /* of the latter */
  wi_run_view *views; /* as spec->views */
  wi_spec_refs *refs;
  size_t *order;     /* of views */
  wi_diags *diags;   /* the caller's: errors of the project */
  wi_diags warnings; /* of this pass */
  bool full_refresh;
  bool names_unknown, params_unknown; /* weir.yml has errors: a missing one is none */
  char run_id[37];
  char spec_digest[WI_DIGEST_HEX];
  int64_t started_us, finished_us;
  wi_run_summary summary;
  wi_watcher watcher;
  pthread_mutex_t lock;    /* results, warnings, watcher */
  wi_stop *stop;           /* of the call, which set it after opening; NULL: none */
  const wb_cancel *cancel; /* the engine's side of it */
};

/* Reads every view's references, orders the views, binds parameters. Errors go to `diags`, and
 * block their view; wi_pass_decide goes on with the others, so that one pass tells all. PROJECT
 * only where nothing more can be said: a cycle, or (in diags before) errors of weir.yml. */
weir_status wi_pass_open(const wi_spec *spec, wi_engine *engine, int64_t now_us,
                         wi_diags *diags, wi_pass **out, weir_error *err);
void wi_pass_free(wi_pass **pass);

typedef struct wi_pass_select {
  const char *const *select;
  size_t n_select;
  const char *const *exclude;
  size_t n_exclude;
  bool full_refresh;
} wi_pass_select;
/* Pins the sources, plans what needs planning, decides. Nothing is written. */
weir_status wi_pass_decide(wi_pass *pass, const wi_pass_select *select, weir_error *err);
/* Does what was decided; RUN_FAILED when a view failed, CANCELLED when asked to stop. */
weir_status wi_pass_execute(wi_pass *pass, const wi_watcher *watcher, weir_error *err);

/* ---- pieces that others use ---- */
/* The place of a view's table, and of a record table. */
weir_status wi_view_uri(const wi_spec *spec, const char *view, wi_buf *out,
                        weir_error *err);
weir_status wi_record_uri(const wi_spec *spec, wi_record_table table, wi_buf *out,
                          weir_error *err);
weir_status wi_last_read(const wi_spec *spec, const char *view, wi_store *store,
                         wi_last *out, weir_error *err);
void wi_last_release(wi_last *last);
/* A session with the project's profile, not yet sealed. */
weir_status wi_pass_session(const wi_spec *spec, wi_engine *engine, int64_t now_us,
                            wi_session **out, weir_error *err);
/* Adds the project's own functions to such a session; the error has the place in weir.yml. */
weir_status wi_pass_functions(const wi_spec *spec, wi_session *session, weir_error *err);
/* The name of a plan's input, as wi_view_plan has it: a source's (also of a call) or a view's.
 * NULL if it is of another schema. Points into `key`. */
const char *wi_input_plain(const char *key);
/* The relation's plain name, if it is in the project's own schema: "main.x" gives "x". NULL
 * if it names another schema. Points into `name`. */
const char *wi_relation_plain(const char *name);
/* The parameter's value, the clock filled in; PARAM_MISSING without one. */
weir_status wi_param_bind(const wi_spec_param *param, int64_t now_us, wi_br_value *out,
                          weir_error *err);

#endif
