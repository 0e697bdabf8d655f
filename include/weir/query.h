/**
 * \file weir/query.h
 * One SQL query over a sealed session: planned, then read as an Arrow stream.
 *
 * Lifecycle: open -> stream (once) -> free. Read-only: anything but a query is refused with
 * WEIR_E_READ_ONLY, and so is every way to read a file that is not a registered table.
 * Threads: a query belongs to one thread; weir_query_cancel may come from any.
 *
 *     weir_query *query = NULL;
 *     struct ArrowArrayStream rows = {0};
 *     weir_query_open(session, "SELECT count(*) AS n FROM orders", NULL, 0, &query, &err);
 *     weir_query_stream(query, &rows, &err);
 */
#ifndef WEIR_QUERY_H
#define WEIR_QUERY_H

#include "weir/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_query weir_query;

/** The types of parameters. */
typedef enum weir_type {
  WEIR_TYPE_INT64 = 1,
  WEIR_TYPE_FLOAT64 = 2,
  WEIR_TYPE_STRING = 3,
  WEIR_TYPE_BOOLEAN = 4,
  WEIR_TYPE_DATE = 5,     /**< `i64` holds days since 1970-01-01 */
  WEIR_TYPE_TIMESTAMP = 6 /**< `i64` holds microseconds since 1970-01-01T00:00:00Z */
} weir_type;

/** A typed value for `$name` in SQL. */
typedef struct weir_parameter {
  const char *name;
  weir_type type;
  int is_null;
  int64_t i64; /**< int64, boolean (0 or 1), date, timestamp */
  double f64;
  const char *text;
} weir_parameter;

/**
 * Plans a query.
 * Errors: WEIR_E_UNKNOWN_TABLE, WEIR_E_SQL_SYNTAX, WEIR_E_READ_ONLY among others; line and
 * column are places in `sql`.
 */
WEIR_API WEIR_MUST_USE weir_status weir_query_open(weir_session *session, const char *sql,
                                                   const weir_parameter *parameters,
                                                   size_t n_parameters, weir_query **out,
                                                   weir_error *err);

/**
 * The query's rows. A second call is WEIR_E_STREAM_USED.
 * Ownership: the caller releases the stream, before or after the query is freed.
 * Threads: get_next works on the calling thread. Its failures carry an errno; the error's
 * text (get_last_error) begins with the number of a code and byte 0x1F; weir_stream_error
 * turns that into an error record.
 *
 * When memory runs out before the first rows are given, the query is planned again, without hash
 * joins and with small batches, and the caller sees the rows of that. A stream that the session
 * was given is read once: a query over one is not planned again.
 */
WEIR_API WEIR_MUST_USE weir_status weir_query_stream(weir_query *query,
                                                     struct ArrowArrayStream *out,
                                                     weir_error *err);

/** Turns a failed get_schema or get_next (its return value) into an error record. */
WEIR_API weir_status weir_stream_error(struct ArrowArrayStream *stream, int code,
                                       weir_error *err);

/**
 * Collects all rows as Arrow IPC stream bytes written to a file descriptor.
 * Takes the stream.
 */
WEIR_API WEIR_MUST_USE weir_status weir_stream_write_ipc(weir_session *session,
                                                         struct ArrowArrayStream *stream,
                                                         int fd, weir_error *err);

/** What weir_query_plan_text can give. */
typedef enum weir_plan_format {
  WEIR_PLAN_LOGICAL = 1,
  WEIR_PLAN_OPTIMIZED = 2
} weir_plan_format;
/** The plan as text; free with weir_text_free. */
WEIR_API WEIR_MUST_USE weir_status weir_query_plan_text(weir_query *query,
                                                        weir_plan_format format,
                                                        char **out, weir_error *err);
/** Frees a text that the library returned; NULL is allowed. */
WEIR_API void weir_text_free(char *text);

/** The digest of the query's optimized plan in canonical form, 64 hex characters. */
WEIR_API WEIR_MUST_USE weir_status weir_query_plan_digest(weir_query *query, char out[65],
                                                          weir_error *err);

/** Asks a running query to stop; its stream ends with WEIR_E_CANCELLED. Any thread. */
WEIR_API void weir_query_cancel(weir_query *query);

/** Peak of the memory that the engine accounted for, bytes. */
WEIR_API uint64_t weir_query_peak_memory(const weir_query *query);

WEIR_API void weir_query_free(weir_query **query);

#ifdef __cplusplus
}
#endif

#endif
