/* Columns in, arrays and fields out: what every kernel does before and after its loop. */
#ifndef WI_UDF_ARROW_IO_H
#define WI_UDF_ARROW_IO_H

#include "nanoarrow/nanoarrow.h"
#include "udf/udf.h"

/* One argument, opened for reading. Row i is at i * step, so that a scalar needs no case
 * of its own in a loop. */
typedef struct wi_col {
  struct ArrowArrayView view;
  enum ArrowType type; /* the logical type; NANOARROW_TYPE_NA: all null */
  int64_t step;        /* 0: a scalar */
} wi_col;

typedef struct wi_cols {
  wi_col *items;
  size_t n;
} wi_cols;
#define WI_COLS_INIT {NULL, 0}

/* Checks number and types of the arguments against the parameters: SQL_PLAN if they do
 * not fit. Arguments of class ANY are only counted. */
weir_status wi_args_check(const wi_fn *fn, size_t n,
                          const struct ArrowSchema *const *args, weir_error *err);
/* Checks and opens all arguments. A kernel may ask for more columns than it was given
 * (`at_least`): those stand for arguments left out, so they are null scalars. */
weir_status wi_cols_open(wi_cols *cols, const wi_fn *fn, size_t n, const wi_fn_arg *args,
                         int64_t rows, size_t at_least, weir_error *err);
void wi_cols_close(wi_cols *cols);

/* Parameters that must be literals are: at planning by the literals, in a call by columns
 * that are scalars. */
weir_status wi_literals_check(const wi_fn *fn, size_t n,
                              const struct ArrowSchema *const *args,
                              const struct ArrowArray *const *literals, weir_error *err);
weir_status wi_cols_literal(const wi_cols *cols, const wi_fn *fn, size_t n,
                            weir_error *err);

static inline bool wi_col_null(const wi_col *c, int64_t row) {
  return ArrowArrayViewIsNull(&c->view, row * c->step) != 0;
}
static inline bool wi_col_omitted(const wi_col *c) {
  return c->type == NANOARROW_TYPE_NA && c->step == 0;
}
static inline wi_str wi_col_text(const wi_col *c, int64_t row) {
  struct ArrowStringView v = ArrowArrayViewGetStringUnsafe(&c->view, row * c->step);
  return (wi_str){v.data, (size_t)v.size_bytes};
}
static inline int64_t wi_col_int(const wi_col *c, int64_t row) {
  return ArrowArrayViewGetIntUnsafe(&c->view, row * c->step);
}
/* Sum of the lengths of the texts of the valid rows (valid NULL: all rows). */
int64_t wi_col_text_bytes(const wi_col *c, int64_t rows, const uint8_t *valid);

/* The rows where none of some columns is null. */
typedef struct wi_valid {
  struct ArrowBitmap bitmap; /* empty when there are no nulls */
  const uint8_t *bits;       /* NULL: every row is valid */
  int64_t nulls;
} wi_valid;
/* All rows valid. To be called before anything else, as an empty bitmap is not all zeros.
 * */
void wi_valid_none(wi_valid *v);
weir_status wi_valid_init(wi_valid *v, const wi_col *cols, size_t n, int64_t rows,
                          weir_error *err);
/* Rows that are valid in both; takes nothing. */
weir_status wi_valid_and(wi_valid *v, const wi_valid *with, int64_t rows,
                         weir_error *err);
/* A row that was valid is null all the same. */
weir_status wi_valid_unset(wi_valid *v, int64_t row, int64_t rows, weir_error *err);
void wi_valid_release(wi_valid *v);
static inline bool wi_valid_at(const wi_valid *v, int64_t row) {
  return v->bits == NULL || ArrowBitGet(v->bits, row) != 0;
}

/* A text result under construction: offsets has rows + 1 places, data room for `bytes`.
 * */
typedef struct wi_text_out {
  int32_t *offsets;
  char *data;
} wi_text_out;
weir_status wi_out_text(struct ArrowArray *out, const char *fn, int64_t rows,
                        int64_t bytes, wi_text_out *text, weir_error *err);
/* A fixed-width result: `bytes` zeroed bytes at *data. */
weir_status wi_out_fixed(struct ArrowArray *out, enum ArrowType type, int64_t bytes,
                         void **data, weir_error *err);
/* Sets length and nulls (taking the bitmap; NULL: none) of an array or of a child. */
void wi_out_seal(struct ArrowArray *out, int64_t rows, wi_valid *valid);
/* Sizes the text data to what was used; finishes and checks the array. */
weir_status wi_out_finish(struct ArrowArray *out, weir_error *err);
/* Frees a half-built result. */
void wi_out_drop(struct ArrowArray *out);

/* A field named after the function. */
weir_status wi_field_init(struct ArrowSchema *out, const wi_fn *fn, enum ArrowType type,
                          bool nullable, weir_error *err);
typedef struct wi_pair {
  const char *key, *value; /* value NULL: left out */
} wi_pair;
weir_status wi_field_metadata(struct ArrowSchema *out, const wi_pair *pairs, size_t n,
                              weir_error *err);
void wi_field_drop(struct ArrowSchema *out);
/* Whether an argument can be null: its field says so, or it is the untyped NULL. */
bool wi_arg_nullable(const struct ArrowSchema *arg);
/* Opens a literal (one row) for reading; close with ArrowArrayViewReset. */
weir_status wi_literal_open(wi_col *col, const struct ArrowSchema *schema,
                            const struct ArrowArray *array, weir_error *err);
/* "int64", "list<item: string>": for messages. */
void wi_type_text(const struct ArrowSchema *schema, char out[160]);
/* errno of nanoarrow to a status. */
weir_status wi_arrow_err(weir_error *err, int code, const char *what);

#endif
