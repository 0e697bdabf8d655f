/* The record tables: their columns, a builder for their rows, and the system views over them.
 * Rows become an Arrow stream; who writes it is not this module's business. */
#ifndef WI_RECORD_RECORD_H
#define WI_RECORD_RECORD_H

#include "plan/plan.h"
#include "weir/arrow.h"

#define WI_RECORD_FOLDER "_weir" /* below the warehouse */
#define WI_RECORD_FORMAT 1

typedef enum wi_record_table {
  WI_RECORD_RUNS = 0,
  WI_RECORD_TASKS = 1,
  WI_RECORD_PLANS = 2,
  WI_RECORD_WARNINGS = 3,
  WI_RECORD_SETTINGS = 4,
  WI_RECORD_PLUGINS = 5,
  WI_RECORD_TABLES_ = 6
} wi_record_table;
const char *wi_record_table_name(wi_record_table table);
bool wi_record_table_find(const char *name, wi_record_table *out);

/* Rows of one table, filled column by column by name; what is not set is null. */
typedef struct wi_record wi_record;
weir_status wi_record_new(wi_record_table table, wi_record **out, weir_error *err);
void wi_record_row(wi_record *record); /* begins a row */
void wi_record_text(wi_record *record, const char *column,
                    const char *text); /* NULL: null */
/* What was built; a buffer that lacked memory is no shorter text, but no memory of the record. */
void wi_record_buf(wi_record *record, const char *column, const wi_buf *text);
void wi_record_int(wi_record *record, const char *column, int64_t value);
void wi_record_bool(wi_record *record, const char *column, bool value);
void wi_record_time(wi_record *record, const char *column, int64_t us);
size_t wi_record_rows(const wi_record *record);
/* Moves the rows out as a stream. An unknown column name or no memory on the way is the error
 * here. */
weir_status wi_record_stream(wi_record *record, struct ArrowArrayStream *out,
                             weir_error *err);
void wi_record_free(wi_record **record);

/* ---- rows about what a run stood on (rows.c) ---- */

/* The pin's columns of the open row. */
void wi_record_pin(wi_record *record, const wi_pin *pin);
/* What only a plan knows of the open row of a plan. */
weir_status wi_record_plan(wi_record *record, const wi_session *session,
                           const wi_view_plan *plan, weir_error *err);
/* A new record each, also on failure if `*out` is not NULL. */
weir_status wi_record_settings(const wi_session *session, wi_record **out,
                               weir_error *err);
weir_status wi_record_plugins(const wi_session *session, const char *run_id,
                              wi_record **out, weir_error *err);
/* The warnings among them; ordinals go on from the rows that are there. */
void wi_record_warnings(wi_record *record, const char *run_id, const wi_diags *diags);

/* System views: queries over the record tables. NULL if `name` is none. `table` is the one
 * table that the query reads. */
const char *wi_record_view_sql(const char *name, wi_record_table *table);
/* All names below the schema `weir`: tables and views; `n` entries, static. */
const char *const *wi_record_names(size_t *n);

#endif
