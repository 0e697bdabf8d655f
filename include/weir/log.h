/**
 * \file weir/log.h
 * What a session, and a project of its runs, tell of their work: events of fixed names with
 * fields, given to a callback. The library never prints. Events hold no SQL, no rows and nothing
 * secret.
 *
 * Lifecycle: `log` of weir_session_options or weir_project_options; the session or project copies
 * the struct and calls `release` with its end (or when it could not be made).
 * Threads: the callback runs on the thread whose call the event is about, of a run on any of its
 * threads, one call at a time for a session or project. It may not call weir with that session or
 * project: what such a call would tell is dropped. It should be quick, since others wait for it.
 *
 *     weir_log log = WEIR_LOG_INIT;
 *     weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
 *     log.event = print_event;
 *     log.level = WEIR_LOG_INFO;
 *     options.log = &log;
 *     weir_session_new(&options, &session, &err);
 */
#ifndef WEIR_LOG_H
#define WEIR_LOG_H

#include "weir/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum weir_log_level {
  WEIR_LOG_DEBUG = 1,  /**< each step of a call */
  WEIR_LOG_INFO = 2,   /**< what a call did */
  WEIR_LOG_WARNING = 3 /**< what went well after all, or will not do so for ever */
} weir_log_level;

/** A key and its value. */
typedef struct weir_pair {
  const char *key, *value;
} weir_pair;

/**
 * One event; all of it is valid during the callback only. Names and keys do not change; new ones
 * may come, so unknown ones are to be ignored:
 * - `session`: session_sealed (digest)
 * - `statement`: statement_prepared, query_planned, query_started (statement: the beginning of a
 *   digest of the SQL, duration_us)
 * - `table`: commit_put (uri, version, mode, rows, files, bytes, retries), commit_lost (uri,
 *   retries: others were first), commit_unclear (uri, answers: of the store, that did not say what
 *   became of a put), others_replaced (uri, version, writer, commits: one event for each of the
 *   newest commits whose rows a replacing write took away without having seen them, out of so
 *   many), write_unchanged (uri, version), write_failed (uri, code), lease_lost (uri),
 *   checkpoint_written (uri, version), checkpoint_failed (uri, version, code)
 * - `run`, each with run_id: run_started (project, views), source_pinned (source, uri, version),
 *   view_started (view, action), view_built (view, action, version, rows, files, bytes,
 *   duration_us), view_reused (view, version), view_superseded (view, version: of the other run's
 *   commit), view_failed (view, code), view_skipped (view), run_warning (code), run_finished
 *   (status: weir_run_status_name, pass, reused, warn, error, skip, duration_us). A run that does
 *   not come so far, since nothing could be planned, say, ends with run_failed (project, code)
 *   instead.
 *
 * WEIR_LOG_DEBUG are source_pinned and view_started; WEIR_LOG_WARNING what was lost, unclear, left
 * out or failed, and a run_finished whose status is not ok.
 */
typedef struct weir_log_event {
  uint32_t struct_size; /**< as the library knows it; it grows at its end */
  weir_log_level level;
  const char *category; /**< session, statement, table, run */
  const char *name;
  const char *message; /**< the same in words */
  const weir_pair *fields;
  size_t n_fields;
} weir_log_event;

typedef struct weir_log {
  uint32_t struct_size;
  weir_log_level level; /**< the least that is told; 0: WEIR_LOG_INFO */
  void (*event)(void *ctx, const weir_log_event *event);
  void *ctx;
  void (*release)(void *ctx); /**< NULL: nothing to do */
} weir_log;
#define WEIR_LOG_INIT {(uint32_t)sizeof(weir_log), WEIR_LOG_INFO, NULL, NULL, NULL}

#ifdef __cplusplus
}
#endif

#endif
