/* The one construct that needs no ORDER BY: array_sort(array_agg(x)). Whatever order the rows
 * came in, the sorted list is the same, and sorting each list once is far cheaper than
 * sorting the rows of every group. */
#include <string.h>

#include "plan/private.h"

#define WI_ORIGIN "plan"

typedef struct plan_node {
  int64_t parent;
  bool renames;   /* only gives another name to its input */
  int64_t groups; /* of an aggregate; -1: not one */
} plan_node;

typedef struct plan_expr {
  int64_t node, parent;
  bool sorts; /* array_sort */
} plan_expr;

typedef struct plan_tables {
  plan_node *nodes;
  size_t n_nodes;
  plan_expr *exprs;
  size_t n_exprs;
} plan_tables;

static void *grow(void *items, size_t n, size_t size) {
  bool full = (n & (n - 1)) == 0; /* at powers of two */
  return full ? wi_realloc_array(items, n == 0 ? 1 : n * 2, size) : items;
}

/* The number after "groups="; the text ends where its bytes do, without a NUL. */
static int64_t group_count(wi_str detail) {
  int64_t n = 0;
  for (size_t i = 7; i < detail.n && detail.p[i] >= '0' && detail.p[i] <= '9'; i++) {
    n = n * 10 + (detail.p[i] - '0');
  }
  return n;
}

static weir_status read_nodes(wi_engine *engine, const wb_plan *plan, plan_tables *t,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_NODES, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    plan_node *grown = grow(t->nodes, t->n_nodes, sizeof(*grown));
    if (grown == NULL) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
    t->nodes = grown;
    plan_node *node = &t->nodes[t->n_nodes++];
    wi_str kind = wi_cursor_text(rows, 3), detail = wi_cursor_text(rows, 4);
    node->parent = wi_cursor_int(rows, 1);
    node->renames = wi_str_eq(kind, "alias");
    node->groups = -1;
    if (wi_str_eq(kind, "aggregate") && detail.n > 7 &&
        memcmp(detail.p, "groups=", 7) == 0) {
      node->groups = group_count(detail);
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

static weir_status read_exprs(wi_engine *engine, const wb_plan *plan, plan_tables *t,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_EXPRS, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    plan_expr *grown = grow(t->exprs, t->n_exprs, sizeof(*grown));
    if (grown == NULL) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
    t->exprs = grown;
    plan_expr *expr = &t->exprs[t->n_exprs++];
    wi_str kind = wi_cursor_text(rows, 6), op = wi_cursor_text(rows, 7);
    expr->node = wi_cursor_int(rows, 1);
    expr->parent = wi_cursor_int(rows, 4);
    expr->sorts = wi_str_eq(kind, "scalar_function") && wi_str_eq(op, "array_sort");
    /* A grouping set adds a column of the engine's own between groups and aggregates. */
    if (wi_str_eq(kind, "grouping_set") && (size_t)expr->node < t->n_nodes) {
      t->nodes[expr->node].groups = -1;
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

/* Every use of the column in that node must be the direct argument of array_sort. */
static weir_status only_sorted(wi_engine *engine, const wb_plan *plan,
                               const plan_tables *t, int64_t node, int64_t column,
                               bool *sorted, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false, any = false, all = true;
  *sorted = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_COLREFS, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    if (wi_cursor_int(rows, 1) != node || wi_cursor_int(rows, 3) != column) {
      continue;
    }
    size_t expr = (size_t)wi_cursor_int(rows, 0);
    int64_t parent = expr < t->n_exprs ? t->exprs[expr].parent : -1;
    any = true;
    all = all && parent >= 0 && (size_t)parent < t->n_exprs && t->exprs[parent].sorts;
  }
  *sorted = any && all;
done:
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_agg_is_sorted(wi_engine *engine, const wb_plan *plan, int64_t node,
                             int64_t ordinal, bool *sorted, weir_error *err) {
  weir_status status = WEIR_OK;
  plan_tables t = {0};
  *sorted = false;
  WI_CHECK(read_nodes(engine, plan, &t, err));
  WI_CHECK(read_exprs(engine, plan, &t, err));
  if ((size_t)node >= t.n_nodes || t.nodes[node].groups < 0) {
    goto done;
  }
  int64_t above = t.nodes[node].parent;
  while (above >= 0 && t.nodes[above].renames) {
    above = t.nodes[above].parent;
  }
  if (above >= 0) {
    WI_CHECK(only_sorted(engine, plan, &t, above, t.nodes[node].groups + ordinal, sorted,
                         err));
  }
done:
  wi_free(t.nodes);
  wi_free(t.exprs);
  return status;
}
