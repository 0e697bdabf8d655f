/* Queries of the command's own, and those that users give. */
#ifndef WEIR_CLI_QUERY_H
#define WEIR_CLI_QUERY_H

#include "command.h"
#include "render.h"
#include "weir/query.h"

typedef struct wi_cli_parameters {
  weir_parameter *items;
  size_t n;
} wi_cli_parameters;

/* Runs a query and writes its rows; Ctrl-C cancels it. */
weir_status wi_cli_query_print(wi_cli_screen *s, weir_session *session, const char *sql,
                               const wi_cli_parameters *parameters, wi_cli_format format,
                               weir_error *err);

/* All rows of a small result as text, row after row; NULL for a null. */
typedef struct wi_cli_cells {
  char **texts;
  size_t n, cap, columns;
} wi_cli_cells;
weir_status wi_cli_cells_read(wi_cli_cells *c, struct ArrowArrayStream *stream,
                              weir_error *err);
weir_status wi_cli_cells_query(wi_cli_cells *c, weir_session *session, const char *sql,
                               const wi_cli_parameters *parameters, weir_error *err);
/* Never NULL. */
const char *wi_cli_cells_at(const wi_cli_cells *c, size_t row, size_t column);
size_t wi_cli_cells_rows(const wi_cli_cells *c);
void wi_cli_cells_release(wi_cli_cells *c);

#endif
