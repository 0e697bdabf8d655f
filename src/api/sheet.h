/* Tables that the library gives: columns by a constant list, filled row by row, then taken as a
 * stream of one batch. Columns are only ever added, at the end. */
#ifndef WI_API_SHEET_H
#define WI_API_SHEET_H

#include "base/base.h"
#include "nanoarrow/nanoarrow.h"

typedef enum wi_col_type {
  WI_COL_TEXT,
  WI_COL_INT, /* int64 */
  WI_COL_BOOL,
  WI_COL_TIME,  /* timestamp, microseconds, UTC */
  WI_COL_TEXTS, /* a list of texts */
  WI_COL_ITEMS  /* a list of structs */
} wi_col_type;

typedef struct wi_col {
  const char *name;
  wi_col_type type;
  const struct wi_col *items; /* the fields of WI_COL_ITEMS */
  int64_t n_items;
} wi_col;

typedef struct wi_sheet {
  const wi_col *cols;
  struct ArrowSchema schema;
  struct ArrowArray array;
  int64_t n, at; /* columns; the next one */
  int code;      /* the first failure; then nothing is added */
} wi_sheet;

void wi_sheet_begin(wi_sheet *r, const wi_col *cols, size_t n);
/* One value each, in the order of the columns; the name is checked. NULL is null. */
void wi_sheet_text(wi_sheet *r, const char *name, const char *text);
void wi_sheet_int(wi_sheet *r, const char *name, int64_t v);
void wi_sheet_int_if(wi_sheet *r, const char *name, bool known, int64_t v);
void wi_sheet_bool(wi_sheet *r, const char *name, bool v);
void wi_sheet_time(wi_sheet *r, const char *name, int64_t us); /* 0 is null */
void wi_sheet_texts(wi_sheet *r, const char *name, const char *const *texts, size_t n);
/* Nested: begin, then per item its fields (wi_sheet_put_*) and wi_sheet_item_end, then end. */
struct ArrowArray *wi_sheet_items(wi_sheet *r, const char *name);
void wi_sheet_put_text(wi_sheet *r, struct ArrowArray *column, const char *text);
void wi_sheet_put_bool(wi_sheet *r, struct ArrowArray *column, bool v);
void wi_sheet_put_texts(wi_sheet *r, struct ArrowArray *column, const char *const *texts,
                        size_t n);
void wi_sheet_finish(wi_sheet *r, struct ArrowArray *element); /* of an item, of a list */
void wi_sheet_end_row(wi_sheet *r);
/* Gives the rows as a stream and releases the builder, in any case. */
weir_status wi_sheet_take(wi_sheet *r, struct ArrowArrayStream *out, weir_error *err);
void wi_sheet_release(wi_sheet *r);

/* What is wrong, as columns that several tables have. */
#define WI_SHEET_ERROR_COLS                                               \
  {"code", WI_COL_TEXT, NULL, 0}, {"number", WI_COL_INT, NULL, 0},        \
      {"class", WI_COL_TEXT, NULL, 0}, {"message", WI_COL_TEXT, NULL, 0}, \
      {"file", WI_COL_TEXT, NULL, 0}, {"line", WI_COL_INT, NULL, 0},      \
      {"column", WI_COL_INT, NULL, 0}, {"hint", WI_COL_TEXT, NULL, 0},    \
      {"detail", WI_COL_TEXT, NULL, 0}
/* NULL or no error: all null. */
void wi_sheet_error(wi_sheet *r, const weir_error *err);

#endif
