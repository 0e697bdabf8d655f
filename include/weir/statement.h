/**
 * \file weir/statement.h
 * A statement: SQL that is prepared once and executed often, with other values if it has
 * parameters ($name). Its result's columns and its parameters are known before it runs.
 *
 * Lifecycle: prepare -> query (any number of times; each is a query of weir/query.h) -> free. A
 * statement holds its session, and queries hold what they need: they may be freed in any order.
 * Values are literals to the planner, which uses them (to skip files, for LIMIT, in table
 * functions): for the values of the execution before nothing is planned again, for others the
 * statement is. Table functions without a version stand for the newest one of each execution.
 * Threads: any number of threads may make queries of one statement at the same time, each with
 * its own values; freeing it belongs to one.
 *
 *     weir_statement *statement = NULL;
 *     weir_execute_options execute = WEIR_EXECUTE_OPTIONS_INIT;
 *     weir_parameter n = {"n", WEIR_TYPE_INT64, 0, 3, 0, NULL};
 *     execute.parameters = &n;
 *     execute.n_parameters = 1;
 *     weir_statement_prepare(session, "SELECT * FROM orders WHERE id = $n", NULL, &statement,
 *                            &err);
 *     weir_statement_query(statement, &execute, &query, &err);
 *     weir_query_stream(query, &rows, &err);
 */
#ifndef WEIR_STATEMENT_H
#define WEIR_STATEMENT_H

#include "weir/cancel.h"
#include "weir/query.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_statement weir_statement;

/** Options of preparing; zero means the default for every field. */
typedef struct weir_prepare_options {
  uint32_t struct_size;
  /** Types of parameters, for those that the SQL leaves open. A value (not null) is used to plan
   * with, which table functions need; no execution takes it over. */
  const weir_parameter *parameters;
  size_t n_parameters;
  weir_cancel *cancel; /**< stops preparing */
} weir_prepare_options;
#define WEIR_PREPARE_OPTIONS_INIT {(uint32_t)sizeof(weir_prepare_options), NULL, 0, NULL}

/**
 * Reads and plans a statement.
 * \param[in] options NULL for the defaults
 * Errors: those of weir_query_open; WEIR_E_PARAM_UNKNOWN for a parameter that the SQL lacks.
 * Ownership: the caller frees *out with weir_statement_free.
 */
WEIR_API WEIR_MUST_USE weir_status weir_statement_prepare(
    weir_session *session, const char *sql, const weir_prepare_options *options,
    weir_statement **out, weir_error *err);

/**
 * The parameters, by name: a field for each, of the type that its values must have. The type is
 * null (format `n`) where neither SQL nor options say it; then any is taken.
 * Ownership: the caller releases *out.
 */
WEIR_API WEIR_MUST_USE weir_status weir_statement_parameters(weir_statement *statement,
                                                             struct ArrowSchema *out,
                                                             weir_error *err);

/**
 * The columns of the result, as the streams of its queries have them. A column that a parameter
 * decides may be said to be nullable where values are never null.
 * Errors: WEIR_E_PARAM_TYPE if a parameter of unknown type decides about them.
 * Ownership: the caller releases *out.
 */
WEIR_API WEIR_MUST_USE weir_status weir_statement_schema(weir_statement *statement,
                                                         struct ArrowSchema *out,
                                                         weir_error *err);

/** Options of one execution; zero means the default for every field. */
typedef struct weir_execute_options {
  uint32_t struct_size;
  const weir_parameter *parameters; /**< a value for each parameter, by name */
  size_t n_parameters;
  weir_cancel *
      cancel; /**< stops planning, and the query's stream; weir_query_cancel does as well */
} weir_execute_options;
#define WEIR_EXECUTE_OPTIONS_INIT {(uint32_t)sizeof(weir_execute_options), NULL, 0, NULL}

/**
 * A query of the statement for these values, ready for weir_query_stream.
 * Errors: WEIR_E_PARAM_MISSING, WEIR_E_PARAM_UNKNOWN, WEIR_E_PARAM_TYPE; WEIR_E_UNKNOWN_TABLE if a
 * table was removed from the session since.
 * Ownership: the caller frees *out with weir_query_free.
 */
WEIR_API WEIR_MUST_USE weir_status
weir_statement_query(weir_statement *statement, const weir_execute_options *options,
                     weir_query **out, weir_error *err);

/** Frees a statement and sets the pointer to NULL; its queries stay as they are. */
WEIR_API void weir_statement_free(weir_statement **statement);

#ifdef __cplusplus
}
#endif

#endif
