/* Inside src/plan. */
#ifndef WI_PLAN_PRIVATE_H
#define WI_PLAN_PRIVATE_H

#include "plan/plan.h"

/* UNKNOWN_FUNCTION if a statement calls functions that the session does not have: all of them,
 * with the nearest names, at the place of the first (functions.c). */
weir_status wi_functions_check(wi_session *session, const wi_refs *refs, weir_error *err);
/* READ_ONLY, with the words that it begins with, if the statement does not only read (allowed.c). */
weir_status wi_statement_reads(const wi_refs *refs, weir_error *err);

/* UNKNOWN_COLUMN: `what` (as "key") names a column that the view does not have (typemap.c). */
weir_status wi_no_such_column(const char *what, const char *name,
                              const struct ArrowSchema *schema, weir_error *err);

#endif
