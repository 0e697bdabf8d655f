/* SQL of a session: read once, planned for values; what queries and statements share. */
#ifndef WI_API_SQL_H
#define WI_API_SQL_H

#include "api/private.h"

/* The text and what it names. Immutable. */
typedef struct wi_sql {
  wi_session *session; /* a share */
  wi_engine *engine;
  char *text;
  wi_refs refs;
  bool reads; /* a query; anything else is refused when it is planned */
} wi_sql;
/* Errors are those of parsing, with their places. `out` is zero or released before. */
weir_status wi_sql_open(weir_session *session, const char *text, wi_sql *out,
                        weir_error *err);
void wi_sql_release(wi_sql *sql);

/* A plan for some values, with what it reads. Immutable, counted: a statement keeps its last one,
 * queries theirs. */
typedef struct wi_planned wi_planned;
/* `last` (may be NULL) is given again if it is of the same values and its table functions stand
 * for the same versions; the session's tables are as they were. */
weir_status wi_planned_open(const wi_sql *sql, const wi_br_value *values, size_t n_values,
                            wi_planned *last, const wi_stop *stop, wi_planned **out,
                            weir_error *err);
wi_planned *wi_planned_ref(wi_planned *planned);
void wi_planned_unref(wi_planned **planned);
const wb_plan *wi_planned_plan(const wi_planned *planned, bool optimized);
wi_session *wi_planned_session(const wi_planned *planned);
/* An execution of it; stopped by the stop. */
weir_status wi_planned_execute(const wi_planned *planned, wi_stop *stop,
                               wi_attempt attempt, wb_exec **out, weir_error *err);
/* Whether an execution that ended like this is worth another one, the next attempt. */
bool wi_planned_again(const wi_planned *planned, weir_status status, wi_attempt *attempt);

/* Tells the session's listener; `began` is of wi_monotonic_ns. */
void wi_planned_tell(const wi_planned *planned, const char *name, int64_t began);

/* A query over it; takes the plan and the stop in any case. */
weir_status wi_query_new(wi_planned **planned, wi_stop **stop, weir_query **out,
                         weir_error *err);

/* PARAM_TYPE and USAGE for what a caller cannot mean; texts are borrowed. */
weir_status wi_api_values(const weir_parameter *from, size_t n, wi_br_value **out,
                          weir_error *err);

#endif
