/* The record tables: their columns, a builder for their rows, and the system views over them.
 * Rows become an Arrow stream; who writes it is not this module's business. */
#ifndef WI_RECORD_RECORD_H
#define WI_RECORD_RECORD_H

#include "base/base.h"
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
void wi_record_int(wi_record *record, const char *column, int64_t value);
void wi_record_bool(wi_record *record, const char *column, bool value);
void wi_record_time(wi_record *record, const char *column, int64_t us);
size_t wi_record_rows(const wi_record *record);
/* Moves the rows out as a stream. An unknown column name or no memory on the way is the error
 * here. */
weir_status wi_record_stream(wi_record *record, struct ArrowArrayStream *out,
                             weir_error *err);
void wi_record_free(wi_record **record);

/* System views: queries over the record tables. NULL if `name` is none. `table` is the one
 * table that the query reads. */
const char *wi_record_view_sql(const char *name, wi_record_table *table);
/* All names below the schema `weir`: tables and views; `n` entries, static. */
const char *const *wi_record_names(size_t *n);

#endif
