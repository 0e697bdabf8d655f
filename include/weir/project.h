/**
 * \file weir/project.h
 * A project: weir.yml and its views. Opening reads and checks the files; planning resolves
 * every source to one version and decides for each view; running does it.
 *
 * Lifecycle: open -> plan or run (any number of times) -> free.
 * Threads: one project object belongs to one thread; weir_project_cancel and
 * weir_cancel_fire may come from any.
 *
 *     weir_project *project = NULL;
 *     weir_report *report = NULL;
 *     weir_project_open(NULL, &project, &err);
 *     weir_project_run_with(project, NULL, &report, &err);
 *     weir_report_free(&report);
 *     weir_project_free(&project);
 *
 * Lists come as Arrow streams (weir_project_read, weir_report_read). Their columns are only
 * ever added, at the end: find them by name. A stream is a copy of its own: it may outlive
 * what it was read from. The functions that give arrays of structs stay as they were in 0.1.
 */
#ifndef WEIR_PROJECT_H
#define WEIR_PROJECT_H

#include "weir/cancel.h"
#include "weir/query.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_project weir_project;

typedef struct weir_project_options {
  uint32_t struct_size;
  const char *path;      /**< weir.yml or its folder; NULL: searched from here upwards */
  const char *profile;   /**< NULL: WEIR_PROFILE, or none */
  const char *warehouse; /**< overrides the file's */
  uint32_t threads;      /**< 0: the profile's, or all cores */
  uint64_t memory;       /**< bytes; 0: the profile's, or 60 % of the machine's */
  const char *const *params; /**< `name=value` or `name:null` */
  size_t n_params;
  int64_t now_us; /**< the pinned clock of every call; 0: each call has its own time */
  const weir_log *log; /**< what runs tell (weir/log.h); copied; NULL: nobody listens */
  weir_cancel
      *cancel; /**< stops those calls on it, and on its sessions, that are given none;
                  NULL: none */
} weir_project_options;
#define WEIR_PROJECT_OPTIONS_INIT \
  {(uint32_t)sizeof(weir_project_options), NULL, NULL, NULL, 0, 0, NULL, 0, 0, NULL, NULL}

/** One of the errors and warnings that were found. */
typedef struct weir_diagnostic {
  int is_warning;
  weir_error error;
} weir_diagnostic;

/**
 * Opens a project. Where it has errors *out is set all the same, so that
 * weir_project_diagnostics can list every one; the caller frees it in any case. The call's own
 * error is WEIR_E_PROJECT, or the first of the list if each is one of a store or the machine.
 */
WEIR_API WEIR_MUST_USE weir_status weir_project_open(const weir_project_options *options,
                                                     weir_project **out, weir_error *err);
WEIR_API void weir_project_free(weir_project **project);

/** Errors and warnings found so far (opening, planning); borrowed until the next call. */
WEIR_API const weir_diagnostic *weir_project_diagnostics(const weir_project *project,
                                                         size_t *n);
WEIR_API const char *weir_project_name(const weir_project *project);
/** The folder of weir.yml, absolute. */
WEIR_API const char *weir_project_root(const weir_project *project);
WEIR_API const char *weir_project_warehouse(const weir_project *project);

/* ---- kinds; in tables they are their names ---- */

typedef enum weir_node_kind { WEIR_NODE_SOURCE = 1, WEIR_NODE_VIEW = 2 } weir_node_kind;

/** How a view is kept. */
typedef enum weir_materialized {
  WEIR_MATERIALIZED_TABLE = 1,
  WEIR_MATERIALIZED_VIEW = 2
} weir_materialized;

/** What is decided for a view. */
typedef enum weir_action {
  WEIR_ACTION_NONE = 0,   /**< none: not decided */
  WEIR_ACTION_REUSE = 1,  /**< reuse: the table has this result already */
  WEIR_ACTION_FULL = 2,   /**< full: all rows are computed and replace those there */
  WEIR_ACTION_ADJUST = 3, /**< adjust: rows stay, constraints and metadata are renewed */
  WEIR_ACTION_STAND = 4   /**< stand: not chosen, read as it stands */
} weir_action;

/** What came of a view. */
typedef enum weir_task_status {
  WEIR_TASK_PLANNED = 0, /**< planned: in a plan, or not reached */
  WEIR_TASK_PASS = 1,    /**< pass: committed */
  WEIR_TASK_REUSED = 2,  /**< reused */
  WEIR_TASK_WARN = 3,    /**< warn: another run committed its result meanwhile */
  WEIR_TASK_ERROR = 4,   /**< error */
  WEIR_TASK_SKIP = 5     /**< skip: what it reads failed, or the run was stopped */
} weir_task_status;

typedef enum weir_run_status {
  WEIR_RUN_OK = 0,         /**< ok */
  WEIR_RUN_FAILED = 1,     /**< failed: a view failed */
  WEIR_RUN_INTERRUPTED = 2 /**< interrupted: it was asked to stop */
} weir_run_status;

typedef enum weir_event_kind {
  WEIR_EVENT_RUN_STARTED = 1,   /**< run_started */
  WEIR_EVENT_TASK_STARTED = 2,  /**< task_started */
  WEIR_EVENT_TASK_FINISHED = 3, /**< task_finished */
  WEIR_EVENT_WARNING = 4,       /**< warning */
  WEIR_EVENT_RUN_FINISHED = 5   /**< run_finished */
} weir_event_kind;

/** What may be removed. */
typedef enum weir_litter_kind {
  WEIR_LITTER_STAGED = 1, /**< staged: files of a run that never committed them */
  WEIR_LITTER_ORPHAN = 2, /**< orphan: a table of the project that no view claims */
  WEIR_LITTER_LEASE = 3,  /**< lease: of a run that died on a store */
  WEIR_LITTER_SPILL = 4   /**< spill: what a killed run spilled */
} weir_litter_kind;

/** Their names, static; "" for a number that this library does not know. */
WEIR_API const char *weir_node_kind_name(weir_node_kind kind);
WEIR_API const char *weir_materialized_name(weir_materialized materialized);
WEIR_API const char *weir_action_name(weir_action action);
WEIR_API const char *weir_task_status_name(weir_task_status status);
WEIR_API const char *weir_run_status_name(weir_run_status status);
WEIR_API const char *weir_event_kind_name(weir_event_kind kind);
WEIR_API const char *weir_litter_kind_name(weir_litter_kind kind);

/* ---- listing ---- */

/** One view or source as written; texts live as long as the project. */
typedef struct weir_node {
  const char *name;
  const char *kind;         /**< weir_node_kind_name */
  const char *materialized; /**< weir_materialized_name; "" for sources */
  const char *file;         /**< of views: relative to the root */
  const char *uri;          /**< canonical place of the table */
  const char *description;
  const char *const *inputs; /**< names it reads, sorted; NULL before planning */
  size_t n_inputs;
} weir_node;
/** Sources, then views, each by name. Reads every view's references (parses SQL). */
WEIR_API WEIR_MUST_USE weir_status weir_project_nodes(weir_project *project,
                                                      const weir_node **out, size_t *n,
                                                      weir_error *err);

typedef struct weir_select {
  uint32_t struct_size;      /**< 0 is taken as the size of 0.1 */
  const char *const *select; /**< selectors; none: all */
  size_t n_select;
  const char *const *exclude;
  size_t n_exclude;
  int full_refresh; /**< rebuild what is chosen, whatever the keys say */
  int warn_error;   /**< warnings count as errors */
} weir_select;
#define WEIR_SELECT_INIT {(uint32_t)sizeof(weir_select), NULL, 0, NULL, 0, 0, 0}

/** The outcome for one view, in run order. Texts live as long as the report. */
typedef struct weir_view_result {
  const char *view;
  const char *action;              /**< weir_action_name */
  const char *reason;              /**< as `input orders moved from version 3 to 5` */
  const char *plan;                /**< plan digest; "" if unknown */
  const char *result_key;          /**< "" if unknown */
  const char *status;              /**< weir_task_status_name */
  int critical;                    /**< on the critical path */
  int64_t slack_us;                /**< by the times of the run; -1: unknown */
  int64_t started_us, finished_us; /**< 0: not run */
  int64_t version;                 /**< committed or reused version; -1: none */
  uint64_t rows, files, bytes;
  uint32_t retries;
  const weir_error *error; /**< NULL: none */
} weir_view_result;

typedef struct weir_report weir_report; /* immutable, freed by the caller */
typedef struct weir_summary {
  const char *run_id; /**< "" for a plan */
  const char *status; /**< weir_run_status_name */
  uint32_t pass, reused, warn, error, skip, total;
} weir_summary;
WEIR_API weir_summary weir_report_summary(const weir_report *report);
WEIR_API const weir_view_result *weir_report_views(const weir_report *report, size_t *n);
/** Warnings of the pass; borrowed. */
WEIR_API const weir_diagnostic *weir_report_warnings(const weir_report *report,
                                                     size_t *n);
WEIR_API void weir_report_free(weir_report **report);

/** What would run, and why; writes nothing. */
WEIR_API WEIR_MUST_USE weir_status weir_project_plan(weir_project *project,
                                                     const weir_select *select,
                                                     weir_report **out, weir_error *err);

/** Progress of a run; called from threads of the run, one call at a time; must not re-enter. */
typedef struct weir_observer {
  void (*event)(void *ctx, const char *kind /**< weir_event_kind_name */,
                const weir_view_result *view /**< of task events */,
                const weir_error *warning, const weir_summary *summary);
  void *ctx;
} weir_observer;

/**
 * Runs the chosen views. *out is set whenever the run began, also when views failed
 * (WEIR_E_RUN_FAILED) or it was cancelled (WEIR_E_CANCELLED).
 */
WEIR_API WEIR_MUST_USE weir_status weir_project_run(weir_project *project,
                                                    const weir_select *select,
                                                    const weir_observer *observer,
                                                    weir_report **out, weir_error *err);
/**
 * Asks the call that this project is in (plan, run, read) to stop with WEIR_E_CANCELLED. If it
 * is in none, nothing happens: a later call is not stopped. To stop a call that may not have
 * begun yet, give it a token (weir/cancel.h). Any thread; not in a signal handler.
 */
WEIR_API void weir_project_cancel(weir_project *project);

/** One event of a run; what it points to lives as long as the call. */
typedef struct weir_event {
  uint32_t struct_size; /**< of the library's: what lies beyond it is not there */
  weir_event_kind kind;
  const weir_view_result *view; /**< of task events; else NULL */
  weir_action action;           /**< of task events */
  weir_task_status status;      /**< of task events */
  const weir_error *warning;    /**< of warnings; else NULL */
  const weir_summary *summary;  /**< so far; never NULL */
} weir_event;

/** Options of a plan or a run; zero means the default for every field. */
typedef struct weir_run_options {
  uint32_t struct_size;
  const weir_select *select; /**< NULL: all views */
  int64_t now_us;      /**< the pinned clock; 0: the project's, else the call's time */
  weir_cancel *cancel; /**< stops the call, from before it begins; NULL: none */
  /** Called from threads of the run, one call at a time; must not re-enter. Not by plans. */
  void (*on_event)(void *ctx, const weir_event *event);
  void *event_ctx;
} weir_run_options;
#define WEIR_RUN_OPTIONS_INIT \
  {(uint32_t)sizeof(weir_run_options), NULL, 0, NULL, NULL, NULL}

/** weir_project_plan with all its options. */
WEIR_API WEIR_MUST_USE weir_status weir_project_plan_with(weir_project *project,
                                                          const weir_run_options *options,
                                                          weir_report **out,
                                                          weir_error *err);
/** weir_project_run with all its options. */
WEIR_API WEIR_MUST_USE weir_status weir_project_run_with(weir_project *project,
                                                         const weir_run_options *options,
                                                         weir_report **out,
                                                         weir_error *err);

/**
 * What weir_report_read can give. Types in brackets: text is Utf8, int Int64, bool Boolean,
 * time Timestamp(us, UTC). What is unknown is null. ERROR stands for the columns code (text:
 * weir_error_code_name), number (int), class, message, file (text), line, column (int), hint,
 * detail (text); all are null without an error.
 */
typedef enum weir_report_table {
  WEIR_REPORT_VIEWS = 1,    /**< view, action, reason, plan, result_key, status (text),
                                 critical (bool), slack_us (int), started, finished (time),
                                 version, rows, files, bytes, retries (int), ERROR; in the
                                 order of the run */
  WEIR_REPORT_WARNINGS = 2, /**< ERROR */
  WEIR_REPORT_SUMMARY = 3   /**< one row: run_id (null for a plan), status (text), pass,
                                 reused, warn, error, skip, total (int) */
} weir_report_table;
/** One of a report's tables as a stream; the caller releases it. */
WEIR_API WEIR_MUST_USE weir_status weir_report_read(const weir_report *report,
                                                    weir_report_table table,
                                                    struct ArrowArrayStream *out,
                                                    weir_error *err);

/** What weir_project_read can give; types as in weir_report_table. */
typedef enum weir_project_table {
  /** Sources, then views, each by name; with `select` the chosen views only. Opens no table.
   * name, kind, materialized, file, uri, description (text), inputs (list of text), version
   * (int: a source's pinned one); of a view's header: determinism, on_schema_change (text),
   * key, partition_by, sort_by, tags, parameters (lists of text), constraints (list of
   * {name, predicate (text), unique (list of text)}), columns (list of {name, type (text),
   * not_null (bool), description (text)}), properties (list of {key, value (text)}),
   * append_only (bool), target_file_size (int) */
  WEIR_PROJECT_NODES = 1,
  WEIR_PROJECT_PLAN = 2, /**< WEIR_REPORT_VIEWS of a plan made now */
  WEIR_PROJECT_HISTORY =
      3,                   /**< commits of `view`, newest first: version (int), timestamp
                                (time), operation, mode, run_id, result_key, engine (text),
                                rows, files, bytes (int) */
  WEIR_PROJECT_LITTER = 4, /**< what weir_project_clean would remove: what, uri (text),
                                files, bytes (int) */
  WEIR_PROJECT_DIAGNOSTICS =
      5,                      /**< what weir_project_diagnostics gives: kind (text: error,
                                   warning), ERROR */
  WEIR_PROJECT_INFO = 6,      /**< one row: name, root, warehouse, profile (text), threads
                                   (int), memory (int: bytes) as given; null: the default */
  WEIR_PROJECT_PARAMETERS = 7 /**< by name: name, type, value (text: as it is now; null:
                                   none, or of the run's clock), default, description
                                   (text), given (bool: by the caller) */
} weir_project_table;

/** Options of weir_project_read; each table says what it looks at. */
typedef struct weir_project_read_options {
  uint32_t struct_size;
  const weir_select *select; /**< NODES, PLAN */
  const char *view;          /**< HISTORY; NODES: this view or source alone */
  uint64_t limit;            /**< HISTORY: rows; 0: all */
  int64_t now_us;            /**< PLAN: as in weir_run_options */
  weir_cancel *cancel;       /**< PLAN, HISTORY, LITTER; NULL: none */
  int32_t orphans;           /**< LITTER: tables that no view claims as well */
  int32_t reserved;
  int64_t
      older_than_us; /**< LITTER: of what runs staged, only what is older; 0: 24 hours;
                        negative: of any age */
} weir_project_read_options;
#define WEIR_PROJECT_READ_OPTIONS_INIT \
  {(uint32_t)sizeof(weir_project_read_options), NULL, NULL, 0, 0, NULL, 0, 0, 0}

/**
 * One of the project's tables as a stream; the caller releases it. NULL options: the defaults.
 * Errors: WEIR_E_SELECTOR, WEIR_E_UNKNOWN_TABLE for a `view` that is not there, WEIR_E_LOCKED for
 * LITTER while a run is at work in a local warehouse.
 */
WEIR_API WEIR_MUST_USE weir_status
weir_project_read(weir_project *project, weir_project_table table,
                  const weir_project_read_options *options, struct ArrowArrayStream *out,
                  weir_error *err);

/**
 * A sealed session in which sources and views of the project are tables (sources as the project pins
 * them, views at their latest committed version) and `weir.*` are its records.
 * \param[in] sql the query the session is for: only the tables it names are opened; NULL: all.
 */
WEIR_API WEIR_MUST_USE weir_status weir_project_session(weir_project *project,
                                                        const char *sql,
                                                        weir_session **out,
                                                        weir_error *err);

/** One commit of a view's table, newest first. */
typedef struct weir_history_entry {
  int64_t version, timestamp_us;
  char *operation, *mode, *run_id, *result_key, *engine; /**< may be "" */
  uint64_t rows, files, bytes;
} weir_history_entry;
WEIR_API WEIR_MUST_USE weir_status weir_project_history(weir_project *project,
                                                        const char *view, size_t limit,
                                                        weir_history_entry **out,
                                                        size_t *n, weir_error *err);
/** Takes the array itself, not its address (as 0.1 did). */
WEIR_API void weir_history_free(weir_history_entry *entries, size_t n);

/** Writes a new project's files into a folder (which must be empty or absent). */
WEIR_API WEIR_MUST_USE weir_status weir_project_init(const char *folder, const char *name,
                                                     weir_error *err);

/** What weir_project_clean may remove. */
typedef struct weir_clean_item {
  char *what; /**< weir_litter_kind_name */
  char *uri;
  uint64_t files, bytes;
} weir_clean_item;
/**
 * Finds (and with `apply` removes) what dead runs staged more than 24 hours ago, and with
 * `orphans` the tables of this project that no view claims any more, and that none of its
 * sources and views reads. A table that is not this project's is never touched.
 */
WEIR_API WEIR_MUST_USE weir_status weir_project_clean(weir_project *project, int orphans,
                                                      int apply, weir_clean_item **out,
                                                      size_t *n, weir_error *err);
/** Takes the array itself, not its address (as 0.1 did). */
WEIR_API void weir_clean_free(weir_clean_item *items, size_t n);

/** Removes what WEIR_PROJECT_LITTER lists with these options; gives the rows of what it was. */
WEIR_API WEIR_MUST_USE weir_status weir_project_remove_litter(
    weir_project *project, const weir_project_read_options *options,
    struct ArrowArrayStream *out, weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
