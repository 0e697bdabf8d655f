/* Rows of an Arrow stream as text. */
#ifndef WEIR_CLI_RENDER_H
#define WEIR_CLI_RENDER_H

#include "nanoarrow/nanoarrow.h"
#include "out.h"
#include "weir/query.h"

/* ---- types and values (render_value.c) ---- */

typedef struct wi_cli_field { /* what of a column's type matters here */
  char *name;
  wi_cli_buf key; /* `"name":` */
  enum ArrowType type;
  int digits;                     /* of times: 10^-digits seconds */
  bool zoned;                     /* of timestamps */
  int32_t bits, precision, scale; /* of decimals */
  size_t n_children;
  struct wi_cli_field *children;
  struct wi_cli_field *dictionary; /* the type of a dictionary's values */
} wi_cli_field;
/* Refuses types that have no text form here, naming the column and the cast to write. */
weir_status wi_cli_field_init(wi_cli_field *f, const struct ArrowSchema *schema,
                              weir_error *err);
void wi_cli_field_release(wi_cli_field *f);
bool wi_cli_field_is_number(const wi_cli_field *f); /* shown on the right */
/* Refuses equal names among the children, of nested types too if `deep`. */
weir_status wi_cli_field_unique(const wi_cli_field *f, bool top, bool deep,
                                weir_error *err);

typedef enum wi_cli_value_form {
  WI_CLI_VALUE_JSON,  /* as in a JSON document; nulls are null */
  WI_CLI_VALUE_PLAIN, /* bare text, nested types as JSON; nulls are nothing */
  WI_CLI_VALUE_SCREEN /* as plain, bytes as hex */
} wi_cli_value_form;
bool wi_cli_value_is_null(const wi_cli_field *f, const struct ArrowArrayView *v,
                          int64_t i);
void wi_cli_value_add(wi_cli_buf *b, const wi_cli_field *f,
                      const struct ArrowArrayView *v, int64_t i, wi_cli_value_form form);

/* ---- streams (rows.c) ---- */

typedef struct wi_cli_rows {
  struct ArrowArrayStream *stream; /* borrowed */
  struct ArrowArrayView view;
  struct ArrowArray batch;
  wi_cli_field row; /* a struct: its children are the columns */
  int64_t n;        /* rows of the batch; 0 after the end */
} wi_cli_rows;
weir_status wi_cli_rows_open(wi_cli_rows *r, struct ArrowArrayStream *stream,
                             weir_error *err);
weir_status wi_cli_rows_next(wi_cli_rows *r, weir_error *err); /* skips empty batches */
void wi_cli_rows_release(wi_cli_rows *r);
/* One cell of the batch. */
bool wi_cli_rows_is_null(const wi_cli_rows *r, size_t column, int64_t i);
void wi_cli_rows_cell(wi_cli_buf *b, const wi_cli_rows *r, size_t column, int64_t i,
                      wi_cli_value_form form);

/* ---- by the column's name; a column that is not there is null ---- */
bool wi_cli_rows_has(const wi_cli_rows *r, const char *name, int64_t i);
int64_t wi_cli_rows_int(const wi_cli_rows *r, const char *name, int64_t i); /* null: 0 */
/* Plain text in `b`, which is cleared first; null: "". */
const char *wi_cli_rows_text(const wi_cli_rows *r, const char *name, int64_t i,
                             wi_cli_buf *b);
bool wi_cli_rows_is(const wi_cli_rows *r, const char *name, int64_t i, const char *text);
/* The texts of a list, with ", " between; `b` is cleared first. */
const char *wi_cli_rows_joined(const wi_cli_rows *r, const char *name, int64_t i,
                               wi_cli_buf *b);
/* How many items a list has. */
int64_t wi_cli_rows_count(const wi_cli_rows *r, const char *name, int64_t i);
/* A member of an item of a list of structs, as plain text (of a list, its texts joined). */
const char *wi_cli_rows_item(const wi_cli_rows *r, const char *name, int64_t i,
                             int64_t item, const char *member, wi_cli_buf *b);
/* The row as members of a JSON object, without its braces. */
void wi_cli_rows_members(wi_cli_buf *b, const wi_cli_rows *r, int64_t i);
/* What columns of an error hold; false: none. The detail is `detail`'s, so that the error
 * is not to be released. */
bool wi_cli_rows_error(const wi_cli_rows *r, int64_t i, weir_error *err,
                       wi_cli_buf *detail);

/* Calls `row` for each row of a stream, and releases the stream. */
typedef void (*wi_cli_row_fn)(void *ctx, const wi_cli_rows *r, int64_t i);
weir_status wi_cli_rows_each(struct ArrowArrayStream *take, wi_cli_row_fn row, void *ctx,
                             weir_error *err);

/* Writes all rows to the screen's output as the format says (not arrow), batch by batch,
 * until the end or until nobody reads. */
weir_status wi_cli_rows_print(wi_cli_screen *s, struct ArrowArrayStream *stream,
                              wi_cli_format format, weir_error *err);

/* One per format: from an opened reader. */
weir_status wi_cli_render_json(wi_cli_screen *s, wi_cli_rows *r, weir_error *err);
weir_status wi_cli_render_csv(wi_cli_screen *s, wi_cli_rows *r, weir_error *err);
weir_status wi_cli_render_table(wi_cli_screen *s, wi_cli_rows *r, weir_error *err);

#endif
