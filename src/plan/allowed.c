/* What is refused whatever the determinism: what does not only read, and what the engine computes
 * wrongly. */
#include <string.h>

#include "plan/private.h"
#include "plan/tables.h"

#define WI_ORIGIN "plan"

/* ---- read only ---- */
static bool only_shows(const wi_refs *refs) {
  return wi_starts_with(refs->words, "SHOW") || wi_starts_with(refs->words, "DESC");
}

static weir_status refuse_writing(const char *words, weir_error *err) {
  return WI_ERR(err, WEIR_E_READ_ONLY, "%s is not a query; only queries are allowed here",
                words);
}

weir_status wi_statement_reads(const wi_refs *refs, weir_error *err) {
  bool reads = wi_refs_only_read(refs) || only_shows(refs);
  return reads ? WEIR_OK : refuse_writing(refs->words, err);
}

/* Whatever the words were: nodes that do not only read. */
static weir_status check_node(const wi_plan_node *node, weir_error *err) {
  static const char *const writing[][2] = {{"ddl", "a statement that changes tables"},
                                           {"dml", "a statement that changes rows"},
                                           {"copy", "COPY"},
                                           {"statement", "this statement"}};
  for (size_t i = 0; i < sizeof(writing) / sizeof(writing[0]); i++) {
    if (wi_str_eq(node->word, writing[i][0])) {
      return refuse_writing(writing[i][1], err);
    }
  }
  return WEIR_OK;
}

/* ---- correlated NOT IN ---- */

/* Does the expression tell a null below it from false? */
static bool tells_null(const wi_plan_expr *expr) {
  static const char *const kinds[] = {"not",         "is_null",        "is_not_null",
                                      "is_unknown",  "is_not_unknown", "is_false",
                                      "is_not_false"};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (wi_str_eq(expr->word, kinds[i])) {
      return true;
    }
  }
  return wi_str_eq(expr->word, "binary") && !wi_str_eq(expr->op, "AND") &&
         !wi_str_eq(expr->op, "OR");
}

/* The engine turns a correlated NOT IN into an anti join that is wrong about nulls (DataFusion
 * issues 25336 and 25347); so does every other use that tells null from false. */
static bool is_wrong(const wi_plan *t, const wi_plan_expr *expr) {
  if (!wi_str_eq(expr->word, "in_subquery") ||
      (expr->flags & WI_BR_EXPR_CORRELATED) == 0) {
    return false;
  }
  bool wrong = (expr->flags & WI_BR_EXPR_NEGATED) != 0;
  for (int64_t up = expr->parent; !wrong && up >= 0; up = t->exprs.items[up].parent) {
    wrong = tells_null(&t->exprs.items[up]);
  }
  return wrong;
}

static weir_status refuse_not_in(const wi_plan_expr *expr, weir_error *err) {
  weir_status status =
      WI_ERR_HINT(err, WEIR_E_NOT_IN_CORRELATED,
                  "write NOT EXISTS (SELECT ... WHERE inner.column = outer.column)",
                  "a correlated NOT IN (or another use of a correlated IN that tells "
                  "null from false) "
                  "is computed wrongly by the engine");
  if (expr->line > 0) {
    wi_err_where(err, NULL, expr->line, expr->place);
  }
  return status;
}

weir_status wi_plan_allowed(const wi_plan *t, weir_error *err) {
  for (size_t i = 0; i < t->nodes.n; i++) {
    WI_TRY(check_node(&t->nodes.items[i], err));
  }
  for (size_t i = 0; i < t->exprs.n; i++) {
    if (is_wrong(t, &t->exprs.items[i])) {
      return refuse_not_in(&t->exprs.items[i], err);
    }
  }
  return WEIR_OK;
}
