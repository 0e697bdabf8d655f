/* From SQL to a plan with an identity: references, the type map, strict determinism, the
 * canonical digest. A plan is made over late-bound inputs, so that the first run and the
 * hundredth plan alike.
 *
 * Threads: functions are independent; a finished wi_view_plan is immutable. */
#ifndef WI_PLAN_PLAN_H
#define WI_PLAN_PLAN_H

#include "session/calls.h"
#include "spec/spec.h"

/* ---- what a statement names (refs.c) ---- */
typedef struct wi_ref {
  char *name; /* as the engine resolves it: folded, dotted */
  uint32_t line, column;
  char *args; /* of table functions: JSON as in wb_sql_refs; NULL otherwise */
} wi_ref;
typedef struct wi_refs {
  wi_ref *relations; /* first occurrence of each, sorted by name */
  size_t n_relations;
  wi_ref *functions; /* scalar and other calls, sorted */
  size_t n_functions;
  wi_ref *table_functions; /* one for each list of arguments */
  size_t n_table_functions;
  wi_ref *params; /* without the $ */
  size_t n_params;
  char *statement; /* query, explain, ddl, dml, copy, set, other */
  char *words;     /* that it begins with */
} wi_refs;
weir_status wi_refs_read(wi_engine *engine, const char *sql, wi_refs *out,
                         weir_error *err);
void wi_refs_release(wi_refs *refs);
/* Does the statement only read (a query, or EXPLAIN)? */
bool wi_refs_only_read(const wi_refs *refs);

/* ---- table functions (calls.c) ---- */
/* May it stand in FROM? UNKNOWN_FUNCTION with the nearest name, NOT_YET for one to come. None
 * of them opens a file, but those that wi_calls_read tells of. */
weir_status wi_table_function_check(const char *name, weir_error *err);
typedef struct wi_calls {
  wi_call *items;
  size_t n;
  wi_arena arena;
} wi_calls;
/* The calls of weir's own table functions, parameters replaced by their values (which are
 * borrowed). SQL_PLAN with the place where the arguments do not fit. */
weir_status wi_calls_read(const wi_refs *refs, const wi_br_value *values, size_t n_values,
                          wi_calls *out, weir_error *err);
void wi_calls_release(wi_calls *calls);

/* ---- types and names of output columns (typemap.c) ---- */
/* The table's schema for a plan's schema: types widened to what Delta has, text as Utf8View,
 * timestamps in microseconds; every column nullable but those in not_null. OUTPUT_TYPE names
 * the column and the cast to write; OUTPUT_NAME the AS to add. */
weir_status wi_typemap(const struct ArrowSchema *plan, const char *const *not_null,
                       size_t n_not_null, struct ArrowSchema *out, weir_error *err);
/* Whether rows may be written into a table's columns of the same names (fits.c): SCHEMA_CHANGED
 * where their type would be cast with loss, without a word. */
weir_status wi_schema_fits(const struct ArrowSchema *rows,
                           const struct ArrowSchema *table, weir_error *err);
/* Compares a header's `columns:` with the mapped schema; SCHEMA_DECLARED lists differences. */
weir_status wi_columns_check(const wi_spec_view *view, const struct ArrowSchema *mapped,
                             weir_error *err);

/* ---- plans (view.c) ---- */
/* A plan's tables (tables.h): read once, immutable. */
typedef struct wi_plan wi_plan;
weir_status wi_plan_read(wi_engine *engine, const wb_plan *plan, wi_plan **out,
                         weir_error *err);
void wi_plan_free(wi_plan **plan);

/* What a plan was made with, for the records (reach.c). */
typedef struct wi_reach {
  wi_buf rules;     /* weir's rules and macros as kind:name, sorted, joined by commas */
  wi_buf functions; /* that the plan calls, relation operators too */
  wi_buf tags;      /* theirs */
} wi_reach;
/* `applied` are rules that C applied, by their names. */
weir_status wi_plan_reach(const wi_session *s, const wi_plan *plan,
                          const char *const *applied, size_t n_applied, wi_reach *out,
                          weir_error *err);
void wi_reach_release(wi_reach *reach);

typedef struct wi_view_plan {
  wi_engine *engine;         /* referenced */
  wb_plan *plan;             /* optimized, cast to the table's types */
  struct ArrowSchema schema; /* of the table */
  char schema_digest[WI_DIGEST_HEX];
  char digest[WI_DIGEST_HEX];           /* canonical plan digest */
  char functions_digest[WI_DIGEST_HEX]; /* of the functions it reaches */
  char **inputs; /* "schema.table" by ordinal, as the digest counts them */
  size_t n_inputs;
  wi_reach reach;
  bool order_sensitive; /* floats added up inexactly: one partition, no spilling */
  bool is_volatile;     /* only under relaxed */
} wi_view_plan;
/* `refs` is what the view's SQL names; NULL: not read yet. `values` are the bound parameters that
 * the view uses, `calls` what its table functions stand for. Errors carry the view's file and the
 * line in it. */
weir_status wi_view_plan_new(wi_session *session, const wi_spec_view *view,
                             const wi_refs *refs, const wi_br_value *values,
                             size_t n_values, const wi_br_call *calls, size_t n_calls,
                             wi_view_plan **out, weir_error *err);
void wi_view_plan_free(wi_view_plan **plan);

/* An ad-hoc read-only query: planned and optimized, no type map. */
weir_status wi_query_plan(wi_session *session, const char *sql, const wi_br_value *values,
                          size_t n_values, wb_plan **logical, wb_plan **optimized,
                          weir_error *err);
weir_status wi_statement_plan(wi_session *session, const wi_refs *refs,
                              const wi_br_statement *statement, wb_plan **logical,
                              wb_plan **optimized, weir_error *err);

/* ---- digest (canon.c) ---- */
typedef struct wi_plan_facts {
  char digest[WI_DIGEST_HEX];
  char functions_digest[WI_DIGEST_HEX];
  char **inputs;
  size_t n_inputs;
} wi_plan_facts;
weir_status wi_plan_digest(const wi_plan *plan, wi_plan_facts *out, weir_error *err);
void wi_plan_facts_release(wi_plan_facts *facts);

/* ---- strict determinism (strict.c) ---- */
typedef struct wi_strict_facts {
  bool order_sensitive;
  bool is_volatile;
} wi_strict_facts;
/* Looks at the plan as written. Under strict, volatile and clock functions are VOLATILE and
 * order-sensitive constructs without ORDER BY are ORDER_NEEDED. */
weir_status wi_strict_check(const wi_plan *plan, bool strict, wi_strict_facts *out,
                            weir_error *err);

#endif
