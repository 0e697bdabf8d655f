/**
 * \file weir/project.h
 * A project: weir.yml and its views. Opening reads and checks the files; planning resolves
 * every source to one version and decides for each view; running does it.
 *
 * Lifecycle: open -> plan or run (any number of times) -> free.
 * Threads: one project object belongs to one thread; weir_project_cancel may come from any.
 *
 *     weir_project *project = NULL;
 *     weir_report *report = NULL;
 *     weir_project_open(NULL, &project, &err);
 *     weir_project_run(project, NULL, NULL, &report, &err);
 */
#ifndef WEIR_PROJECT_H
#define WEIR_PROJECT_H

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
  int64_t now_us; /**< the run's pinned clock; 0: the time of the call */
} weir_project_options;
#define WEIR_PROJECT_OPTIONS_INIT \
  {(uint32_t)sizeof(weir_project_options), NULL, NULL, NULL, 0, 0, NULL, 0, 0}

/** A list of errors and warnings, all that were found. */
typedef struct weir_diagnostic {
  int is_warning;
  weir_error error;
} weir_diagnostic;

/**
 * Opens a project. On WEIR_E_PROJECT *out is set all the same, so that
 * weir_project_diagnostics can list every error; the caller frees it in any case.
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

/** One view or source as written; texts live as long as the project. */
typedef struct weir_node {
  const char *name;
  const char *kind;         /**< view, source */
  const char *materialized; /**< table, view; "" for sources */
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
  uint32_t struct_size;
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
  const char *action;     /**< reuse, full, adjust, view */
  const char *reason;     /**< as `input orders moved from version 3 to 5` */
  const char *plan;       /**< plan digest; "" if unknown */
  const char *result_key; /**< "" if unknown */
  const char *status;     /**< planned; after a run: pass, reused, warn, error, skip */
  int critical;           /**< on the critical path */
  int64_t slack_us;       /**< by the times of the run; -1: unknown */
  int64_t started_us, finished_us; /**< 0: not run */
  int64_t version;                 /**< committed or reused version; -1: none */
  uint64_t rows, files, bytes;
  uint32_t retries;
  const weir_error *error; /**< NULL: none */
} weir_view_result;

typedef struct weir_report weir_report; /* immutable, freed by the caller */
typedef struct weir_summary {
  const char *run_id; /**< "" for a plan */
  const char *status; /**< ok, failed, interrupted */
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
  void (*event)(
      void *ctx,
      const char
          *kind /**< run_started, task_started, task_finished, warning, run_finished */,
      const weir_view_result *view /**< of task events */, const weir_error *warning,
      const weir_summary *summary);
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
/** Asks a running weir_project_run to stop cleanly. Any thread; safe in a signal handler's thread, not
 * in the handler itself. */
WEIR_API void weir_project_cancel(weir_project *project);

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
WEIR_API void weir_history_free(weir_history_entry *entries, size_t n);

/** Writes a new project's files into a folder (which must be empty or absent). */
WEIR_API WEIR_MUST_USE weir_status weir_project_init(const char *folder, const char *name,
                                                     weir_error *err);

/** What weir_project_clean may remove. */
typedef struct weir_clean_item {
  char *what; /**< staged, orphan */
  char *uri;
  uint64_t files, bytes;
} weir_clean_item;
/**
 * Finds (and with `apply` removes) what dead runs staged, and with `orphans` the tables of this project that no
 * view claims any more. A table that is not this project's is never touched.
 */
WEIR_API WEIR_MUST_USE weir_status weir_project_clean(weir_project *project, int orphans,
                                                      int apply, weir_clean_item **out,
                                                      size_t *n, weir_error *err);
WEIR_API void weir_clean_free(weir_clean_item *items, size_t n);

#ifdef __cplusplus
}
#endif

#endif
