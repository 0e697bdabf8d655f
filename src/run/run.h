/* One pass over a project: what is (facts), what follows (decisions), and then the work
 * (outcomes). Owns the threads of a run and nothing that outlives it.
 *
 * Lifecycle: wi_pass_open -> wi_pass_decide -> (wi_pass_execute) -> wi_pass_free.
 * Threads: a pass belongs to one thread; its stop may be fired from any. */
#ifndef WI_RUN_RUN_H
#define WI_RUN_RUN_H

#include <pthread.h>

#include "graph/graph.h"
#include "project/project.h"
#include "run/decide.h"
#include "table/table.h"

typedef enum wi_task_status {
  WI_TASK_PLANNED = 0,
  WI_TASK_PASS = 1,
  WI_TASK_REUSED = 2,
  WI_TASK_WARN = 3, /* superseded */
  WI_TASK_ERROR = 4,
  WI_TASK_SKIP = 5
} wi_task_status;
const char *wi_task_status_name(wi_task_status status);

/* One version of one table, whoever names it: all sources of one place and version share it. */
typedef struct wi_run_table {
  char *uri;      /* canonical */
  int64_t wanted; /* version asked for; -1: the newest */
  wi_store *store;
  const wi_pin *pin; /* shared; with its identity's fields once wi_table_know was there */
  weir_error failed; /* why it has no pin */
  int64_t started_us, finished_us;
  struct {
    int64_t from;
    char digest[WI_DIGEST_HEX]; /* of the commit that `from` was recorded with */
    bool asked, maintained, names_files;
  } moved;              /* what was last read of the commits between `from` and the pin */
  pthread_mutex_t lock; /* of what is opened when somebody needs it */
  const wi_pin *full;   /* shared; with schema and properties */
  wi_snap *snap;
  char state[WI_DIGEST_HEX];
} wi_run_table;

typedef struct wi_run_source {
  const wi_project_source *of;
  wi_run_table *table; /* NULL: it opens none, or nobody needs it */
  char identity[WI_DIGEST_HEX];
  bool declared;
} wi_run_source;

/* What planning made of a view. */
typedef struct wi_view_made {
  wi_view_plan *plan;
  wi_gate *gate;
  struct ArrowSchema schema; /* as consumers see it; released: not known */
  bool declared;
} wi_view_made;

/* A table's snapshot for those that read the view. */
typedef struct wi_view_read {
  pthread_mutex_t lock;
  wi_snap *snap;
} wi_view_read;

typedef struct wi_outcome {
  wi_task_status status;
  int64_t version; /* of the table that consumers read */
  wi_commit_outcome commit;
  wi_write_mode mode;
  uint64_t rows, files, bytes, peak_bytes;
  int64_t started_us, finished_us; /* their difference is of a clock that nobody sets */
  bool critical;
  int64_t slack_us;
  char reason[256]; /* where it is another than the decision's */
  weir_error error;
} wi_outcome;

/* References, facts, decision, outcome: each is constant after its step. */
typedef struct wi_run_view {
  const wi_view_refs *refs;
  bool chosen, needed, blocked;
  wi_store *store;
  wi_view_facts facts;
  wi_buf params; /* the facts' text */
  wi_view_made made;
  wi_decision decision;
  wi_view_read read;
  wi_outcome outcome;
} wi_run_view;
const char *wi_view_reason(const wi_run_view *view);

typedef struct wi_run_summary {
  uint32_t pass, reused, warn, error, skip, total;
  bool cancelled;
} wi_run_summary;

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

typedef struct wi_pass {
  wi_project *project; /* views and sources below are by its indexes */
  wi_session *session;
  wi_run_table *tables;
  size_t n_tables;
  wi_run_source *sources;
  wi_run_view *views;
  bool full_refresh;
  char run_id[37];
  char spec_digest[WI_DIGEST_HEX];
  struct {
    int64_t started_us, finished_us; /* their difference is of a clock that nobody sets */
    int64_t began_ns;                /* on that clock */
  } time;
  wi_run_summary summary;
  wi_watcher watcher;
  wi_diags warnings;    /* of this pass */
  pthread_mutex_t lock; /* of the two above */
  wi_lease *lease;      /* of the run on its warehouse, while views are at work */
  wi_stop *stop;        /* of the call, which set it after opening; NULL: none */
} wi_pass;

/* Opens the project (wi_project_open) for one plan or run; `now_us` is the clock of its
 * parameters and its session. */
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
/* Pins the sources, plans what needs planning, decides. Nothing is written. CANCELLED when asked
 * to stop. */
weir_status wi_pass_decide(wi_pass *pass, const wi_pass_select *select, weir_error *err);
/* Does what was decided; RUN_FAILED when a view failed, CANCELLED when asked to stop. */
weir_status wi_pass_execute(wi_pass *pass, const wi_watcher *watcher, weir_error *err);

/* A view's last result, from its table's log (last.c). */
weir_status wi_last_read(wi_engine *engine, const char *project, const char *view,
                         wi_store *store, wi_last *out, weir_error *err);
void wi_last_release(wi_last *last);

#endif
