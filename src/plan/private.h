/* Inside src/plan. */
#ifndef WI_PLAN_PRIVATE_H
#define WI_PLAN_PRIVATE_H

#include "plan/plan.h"

/* A function's name in the operator text of plan tables: what stands before the first space. */
static inline wi_str wi_op_name(wi_str op) {
  const char *space = op.n > 0 ? __builtin_memchr(op.p, ' ', op.n) : NULL;
  return (wi_str){op.p, space != NULL ? (size_t)(space - op.p) : op.n};
}

/* UNKNOWN_FUNCTION if a query calls functions that the session does not have: all of them,
 * with the nearest names, at the place of the first (functions.c). */
weir_status wi_functions_check(wi_session *session, const char *sql, weir_error *err);

/* UNKNOWN_COLUMN: `what` (as "key") names a column that the view does not have (typemap.c). */
weir_status wi_no_such_column(const char *what, const char *name,
                              const struct ArrowSchema *schema, weir_error *err);

#endif
