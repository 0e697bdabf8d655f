/* The one construct that needs no ORDER BY: array_sort(array_agg(x)). Whatever order the rows
 * came in, the sorted list is the same, and sorting each list once is far cheaper than
 * sorting the rows of every group. */
#include "plan/tables.h"

/* The number of groups, which stand before the aggregates; SIZE_MAX: a grouping set adds a
 * column of the engine's own between them. */
static size_t group_count(const wi_plan *t, size_t node) {
  size_t n = 0;
  WI_PLAN_EXPRS(t, node, e) {
    const wi_plan_expr *expr = &t->exprs.items[e];
    if (expr->kind == WI_EXPR_SETS) {
      return SIZE_MAX;
    }
    n += expr->role == WI_ROLE_GROUP && expr->parent < 0;
  }
  return n;
}

bool wi_agg_is_sorted(const wi_plan *t, size_t node, int64_t ord) {
  const wi_plan_node *nodes = t->nodes.items;
  size_t groups = group_count(t, node);
  int64_t above = nodes[node].parent;
  bool any = false, all = true;
  while (above >= 0 && nodes[above].kind == WI_NODE_ALIAS) {
    above = nodes[above].parent;
  }
  if (nodes[node].kind != WI_NODE_AGGREGATE || groups == SIZE_MAX || above < 0) {
    return false;
  }
  /* Every use of the column in that node must be the direct argument of array_sort. */
  WI_PLAN_EXPRS(t, (size_t)above, e) {
    const wi_plan_expr *expr = &t->exprs.items[e];
    if (expr->kind == WI_EXPR_COLUMN && expr->column == groups + (size_t)ord) {
      any = true;
      all = all && expr->parent >= 0 &&
            t->exprs.items[expr->parent].kind == WI_EXPR_SORTING;
    }
  }
  return any && all;
}
