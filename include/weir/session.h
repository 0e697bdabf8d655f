/**
 * \file weir/session.h
 * A session: one configured engine with its functions, settings and tables.
 *
 * Lifecycle: new -> register tables -> seal -> query (weir/query.h) -> free. Registering after
 * sealing and planning before it are errors (WEIR_E_NOT_SEALED).
 * Threads: sessions are independent of each other; any number in one process. Before sealing one
 * belongs to one thread; after it any number of threads may query it, write tables with it, read
 * what it tells of itself and remove tables, at the same time. Freeing it belongs to one thread.
 *
 *     weir_session *session = NULL;
 *     weir_session_new(NULL, &session, &err);
 *     weir_session_add_delta(session, "orders", "./lake/orders", -1, &err);
 *     weir_session_seal(session, &err);
 */
#ifndef WEIR_SESSION_H
#define WEIR_SESSION_H

#include "weir/arrow.h"
#include "weir/cancel.h"
#include "weir/error.h"
#include "weir/log.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The library's version, as `0.1.0`; static. Needs no engine. */
WEIR_API const char *weir_version(void);

typedef struct weir_session weir_session;

/** Options of a session; zero means the default for every field. */
typedef struct weir_session_options {
  uint32_t struct_size;
  uint32_t threads;      /**< workers of the engine; 0: all cores */
  uint64_t memory;       /**< bytes; 0: 60 % of the machine's or cgroup's. A sixteenth,
                              at most 50 MiB, keeps footers of files, queries use the rest */
  const char *spill_dir; /**< a folder that is there, where queries spill; NULL: TMPDIR */
  int64_t now_us; /**< the pinned clock, Unix microseconds; 0: the time of the call */
  const weir_pair *storage; /**< options of object stores; may hold secrets */
  size_t n_storage;
  const weir_pair *settings; /**< weir.functions.*, as `settings` of weir.yml */
  size_t n_settings;
  const weir_log *log; /**< told what the session does; NULL: nobody is */
  weir_cancel *cancel; /**< stops those of its calls that are given none; NULL: none */
} weir_session_options;
#define WEIR_SESSION_OPTIONS_INIT \
  {(uint32_t)sizeof(weir_session_options), 0, 0, NULL, 0, NULL, 0, NULL, 0, NULL, NULL}

/**
 * Makes a session with weir's settings, functions and rules.
 * \param[in] options NULL for the defaults
 * Errors: WEIR_E_UNKNOWN_KEY and WEIR_E_BAD_VALUE for what settings cannot be.
 * Ownership: the caller frees *out with weir_session_free.
 */
WEIR_API WEIR_MUST_USE weir_status weir_session_new(const weir_session_options *options,
                                                    weir_session **out, weir_error *err);

/**
 * Frees a session and sets the pointer to NULL. What was made with it (queries, statements, their
 * streams) keeps what it needs and may be freed later; the last of them ends the session, and
 * removes the folder it spilled to.
 */
WEIR_API void weir_session_free(weir_session **session);

/**
 * Registers a Delta table under a name, pinned to one version now.
 * \param[in] uri a path or URI
 * \param[in] version -1 for the latest
 * Errors: WEIR_E_TABLE_MISSING, WEIR_E_VERSION_MISSING, WEIR_E_FEATURE_UNSUPPORTED.
 */
WEIR_API WEIR_MUST_USE weir_status weir_session_add_delta(weir_session *session,
                                                          const char *name,
                                                          const char *uri,
                                                          int64_t version,
                                                          weir_error *err);

/**
 * The same from one text, NAME=URI or NAME=URI@VERSION, as orders=./lake/orders@3. What follows
 * the last @ is a version if it is a number.
 * Errors: WEIR_E_USAGE for a text of another form.
 */
WEIR_API WEIR_MUST_USE weir_status weir_session_add_table(weir_session *session,
                                                          const char *text,
                                                          weir_error *err);

/**
 * Registers rows in memory under a name. The stream is read to its end now.
 * Ownership: takes the stream, also on failure.
 */
WEIR_API WEIR_MUST_USE weir_status
weir_session_add_memory(weir_session *session, const char *name,
                        struct ArrowArrayStream *stream, weir_error *err);

/**
 * Registers a stream under a name; it can be read by one query, once, and is pulled on a
 * thread of the engine while that query runs.
 * Ownership: takes the stream, also on failure.
 */
WEIR_API WEIR_MUST_USE weir_status
weir_session_add_stream(weir_session *session, const char *name,
                        struct ArrowArrayStream *stream, weir_error *err);

/**
 * Adds functions that are written in SQL, and drops such ones.
 * \param[in] sql `CREATE FUNCTION f(x INT, y TEXT) RETURNS BIGINT RETURN x + length(y)` and
 * `DROP FUNCTION [IF EXISTS] f` statements, separated by semicolons; all are carried out or
 * none
 * A call is replaced by its body before planning. Bodies name parameters (also as $1, $2),
 * literals and functions, those made before as well; no columns and no tables.
 * Errors: WEIR_E_SQL_SYNTAX, WEIR_E_MACRO, WEIR_E_DUPLICATE_NAME, WEIR_E_UNKNOWN_FUNCTION,
 * with line and column in `sql`.
 */
WEIR_API WEIR_MUST_USE weir_status weir_session_add_functions(weir_session *session,
                                                              const char *sql,
                                                              weir_error *err);

/**
 * Loads a plug-in (weir/plugin.h) and adds its functions, before sealing.
 * \param[in] path of the shared library; absolute, or relative to the working folder
 * The library stays loaded until the process ends. After a failure some of its functions may
 * be there already: free the session.
 * Errors: WEIR_E_PLUGIN, WEIR_E_DUPLICATE_NAME.
 */
WEIR_API WEIR_MUST_USE weir_status weir_session_add_plugin(weir_session *session,
                                                           const char *path,
                                                           weir_error *err);

/**
 * Takes a registered table out, also after sealing. Queries and streams that are open keep it;
 * later ones do not find it. Until the session is sealed the name may be used again.
 * Errors: WEIR_E_UNKNOWN_TABLE.
 */
WEIR_API WEIR_MUST_USE weir_status weir_session_remove(weir_session *session,
                                                       const char *name, weir_error *err);

/** Ends registration; queries may follow. */
WEIR_API WEIR_MUST_USE weir_status weir_session_seal(weir_session *session,
                                                     weir_error *err);

/**
 * The session's identity: digests of its parts, 64 hex characters each. Only after sealing.
 * `session` covers what can change a result (engine, settings, functions, rules);
 * `envelope` adds profile, registered inputs with their pins, and what table functions of open
 * queries stand for.
 */
typedef struct weir_session_digests {
  char session[65];
  char envelope[65];
  char functions[65];
  char settings[65];
  char rules[65];
} weir_session_digests;
WEIR_API WEIR_MUST_USE weir_status weir_session_digest(weir_session *session,
                                                       weir_session_digests *out,
                                                       weir_error *err);

/** What weir_session_read can give. */
typedef enum weir_session_table {
  WEIR_SESSION_SETTINGS = 1,  /**< key, value */
  WEIR_SESSION_FUNCTIONS = 2, /**< name, kind, volatility, identity, aliases, origin:
                                   builtin (the engine's), host (weir's) or plugin */
  WEIR_SESSION_RULES = 3,     /**< kind, ordinal, name, version, parameters */
  WEIR_SESSION_PINS =
      4, /**< name, kind, provider_kind, uri, version, snapshot_timestamp, table_id,
             schema_digest, min_reader_version, min_writer_version, reader_features,
             writer_features */
  WEIR_SESSION_MACROS = 5,  /**< name, text: functions written in SQL, as carried out */
  WEIR_SESSION_PLUGINS = 6, /**< name, version, build_id, abi, capabilities, path,
                                 content_hash (BLAKE3 of the file), functions */
  WEIR_SESSION_FUNCTION_DOCS =
      7 /**< of weir's and of plug-ins: name, section, tags, syntax, description, returns,
             example, example_result, settings (key=value, those it reads), parameters
             (JSON: name, type, optional, variadic, literal, doc), kind,
             volatility; lists by commas */
} weir_session_table;
/** One of the session's tables as a stream; the caller releases it. */
WEIR_API WEIR_MUST_USE weir_status weir_session_read(weir_session *session,
                                                     weir_session_table table,
                                                     struct ArrowArrayStream *out,
                                                     weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
