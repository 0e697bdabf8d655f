/* What weir and plug-ins say of their functions: WEIR_SESSION_FUNCTION_DOCS. */
#ifndef WEIR_CLI_FUNCTION_DOCS_H
#define WEIR_CLI_FUNCTION_DOCS_H

#include "query.h"

enum {
  DOC_NAME,
  DOC_SECTION,
  DOC_TAGS,
  DOC_SYNTAX,
  DOC_DESCRIPTION,
  DOC_RETURNS,
  DOC_EXAMPLE,
  DOC_RESULT,
  DOC_SETTINGS,
  DOC_PARAMETERS,
  DOC_KIND,
  DOC_VOLATILITY
};

weir_status wi_cli_docs_read(wi_cli_cells *docs, weir_session *session, weir_error *err);
/* The row of that name and kind; false: there is none. */
bool wi_cli_docs_find(const wi_cli_cells *docs, const char *name, const char *kind,
                      size_t *row);

/* "  label       text"; nothing without text. */
void wi_cli_detail_line(wi_cli_buf *b, const char *label, const char *text);
/* A list by commas as one of JSON. */
void wi_cli_list_json(wi_cli_buf *b, const char *key, const char *items);

/* Members of an object, without what engine and documentation both have. */
void wi_cli_docs_json(wi_cli_buf *b, const wi_cli_cells *docs, size_t row);
/* Arguments with what they mean, the result, tags, settings, the example. */
void wi_cli_docs_text(wi_cli_buf *b, const wi_cli_cells *docs, size_t row);

#endif
