/* Rows of any type, chosen by number, as an array of their own. */
#ifndef WI_UDF_GATHER_H
#define WI_UDF_GATHER_H

#include "udf/arrow_io.h"

/* What a place of the result is: row r >= 0 of the first source, WI_GATHER_NULL, or row r of
 * the second one. Rows count within the view's slice. */
#define WI_GATHER_NULL      ((int64_t)-1)
#define WI_GATHER_SECOND(r) ((int64_t)-2 - (r))

/* SQL_PLAN for a type that cannot be gathered: unions, run ends, deep nesting, and, from two
 * sources, dictionaries. `what` names the value in the message. */
weir_status wi_gather_check(const wi_fn *fn, const char *what,
                            const struct ArrowSchema *schema, bool two, weir_error *err);
/* `out` was made from the schema of the views and ArrowArrayStartAppending was called on it,
 * or on what it is a child of; wi_out_finish is up to the caller. `b` may be NULL. */
weir_status wi_gather(struct ArrowArray *out, const struct ArrowArrayView *a,
                      const struct ArrowArrayView *b, const int64_t *rows, int64_t n,
                      weir_error *err);
/* Makes `out` from the schema, ready for wi_gather. */
weir_status wi_gather_init(struct ArrowArray *out, const struct ArrowSchema *schema,
                           weir_error *err);
/* The items of row i of a list or of the entries of a map: rows of view->children[0]. */
void wi_list_range(const struct ArrowArrayView *view, int64_t i, int64_t *from,
                   int64_t *to);

#endif
