/* What makes a result depend on more than its inputs: volatile functions, clocks, order that
 * nothing fixes, and float sums whose last bits depend on the order of additions. */
#include <string.h>

#include "plan/private.h"
#include "plan/tables.h"

#define WI_ORIGIN "plan"

/* A frame of some of the rows before and after: which ones depends on their order. */
static bool counts_rows(const wi_plan_call *c) {
  bool whole = c->from == WI_BR_BOUND_FIRST && c->to == WI_BR_BOUND_LAST;
  return c->frame == WI_BR_FRAME_ROWS && !whole;
}

static bool needs_order(const wi_plan_call *c) {
  return counts_rows(c) || (c->fn != NULL && c->fn->order != WI_ORDER_FREE);
}

/* The last bits of sums, and what sketches keep; of what the list does not have, nothing is
 * known. A function of C does not depend on the order of rows, by its contract. */
static bool is_sensitive(const wi_plan_call *c) {
  if (c->host) {
    return false;
  }
  if (c->fn == NULL || c->fn->picks == WI_PICKS_SKETCH) {
    return true;
  }
  return c->fn->picks == WI_PICKS_SUM && c->floats;
}

static weir_status refuse_volatile(const char *name, weir_error *err) {
  bool clock = strcmp(name, "now") == 0 || wi_starts_with(name, "current_");
  return WI_ERR_HINT(
      err, WEIR_E_VOLATILE,
      clock ? "declare a parameter with `default: run_time` (or run_date) and name "
              "it as $name, or write `determinism: relaxed` in the header"
            : "take it out, or write `determinism: relaxed` in the header",
      "%s() can give another result for the same inputs", name);
}

static weir_status refuse_unordered(const wi_plan_expr *expr, weir_error *err) {
  const wi_order_fn *fn = expr->call->fn;
  if (fn != NULL && fn->order == WI_ORDER_NEVER) {
    return WI_ERR_HINT(err, WEIR_E_ORDER_NEEDED,
                       "write any_value_det(value, order_key), or min(value)",
                       "%s() takes a row that nothing fixes", expr->name);
  }
  if (expr->kind == WI_EXPR_WINDOW) {
    wi_err_hint(err, "add ORDER BY to its OVER (...)");
  } else if (strcmp(expr->name, "array_agg") == 0) {
    wi_err_hint(err, "add ORDER BY inside the call, or write array_sort(array_agg(...))");
  } else {
    wi_err_hint(err, "add ORDER BY inside the call");
  }
  return WI_ERR(err, WEIR_E_ORDER_NEEDED,
                "%s() without ORDER BY takes rows in no fixed order", expr->name);
}

static weir_status check_call(const wi_plan *t, const wi_plan_expr *expr,
                              weir_error *err) {
  const wi_plan_call *c = expr->call;
  bool never = c->fn != NULL && c->fn->order == WI_ORDER_NEVER;
  if (!never && (c->order_keys > 0 || !needs_order(c))) {
    return WEIR_OK;
  }
  bool sorted = expr->kind == WI_EXPR_AGGREGATE && strcmp(expr->name, "array_agg") == 0 &&
                wi_agg_is_sorted(t, expr->node, expr->ord);
  return sorted ? WEIR_OK : refuse_unordered(expr, err);
}

static weir_status check_expr(const wi_plan *t, const wi_plan_expr *expr, bool strict,
                              wi_strict_facts *out, weir_error *err) {
  if (expr->unstable) {
    out->is_volatile = true;
    if (strict) {
      return refuse_volatile(expr->name, err);
    }
  }
  if (expr->call == NULL) {
    return WEIR_OK;
  }
  out->order_sensitive = out->order_sensitive || is_sensitive(expr->call);
  return strict ? check_call(t, expr, err) : WEIR_OK;
}

static bool has_sort(const wi_plan *t, size_t node) {
  WI_PLAN_EXPRS(t, node, e) {
    if (t->exprs.items[e].role == WI_ROLE_DISTINCT_SORT) {
      return true;
    }
  }
  return false;
}

/* LIMIT and DISTINCT ON keep some rows; which ones must not be left to chance. */
static weir_status check_node(const wi_plan *t, size_t node, weir_error *err) {
  wi_node_kind kind = t->nodes.items[node].kind;
  if (kind == WI_NODE_DISTINCT_ON && !has_sort(t, node)) {
    return WI_ERR_HINT(
        err, WEIR_E_ORDER_NEEDED,
        "add ORDER BY: the columns of DISTINCT ON first, then what decides",
        "DISTINCT ON without ORDER BY keeps rows in no fixed order");
  }
  if (kind == WI_NODE_LIMIT && wi_plan_sort_below(t, node) == SIZE_MAX) {
    return WI_ERR_HINT(err, WEIR_E_ORDER_NEEDED, "add ORDER BY before LIMIT",
                       "LIMIT without ORDER BY keeps rows in no fixed order");
  }
  return WEIR_OK;
}

weir_status wi_strict_check(const wi_plan *t, bool strict, wi_strict_facts *out,
                            weir_error *err) {
  memset(out, 0, sizeof(*out));
  for (size_t i = 0; i < t->exprs.n; i++) {
    WI_TRY(check_expr(t, &t->exprs.items[i], strict, out, err));
  }
  for (size_t i = 0; strict && i < t->nodes.n; i++) {
    WI_TRY(check_node(t, i, err));
  }
  return WEIR_OK;
}
