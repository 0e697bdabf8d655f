/* Reads a plan's tables. */
#include "plan/tables.h"

#include <string.h>

#include "plan/private.h"

#define WI_ORIGIN "plan"

/* Of a few bytes: for telling copies of a plan apart, where a mistake costs time only. */
static uint64_t mix(uint64_t h, const void *bytes, size_t n) {
  const uint8_t *p = bytes;
  for (size_t i = 0; i < n; i++) {
    h = (h ^ p[i]) * 1099511628211U;
  }
  return (h ^ n) * 1099511628211U;
}

static uint64_t mix_int(uint64_t h, int64_t value) {
  return mix(h, &value, sizeof(value));
}

static uint64_t mix_text(uint64_t h, const wi_cursor *rows, int64_t column) {
  wi_str text = wi_cursor_text(rows, column);
  return mix(h, text.p, text.n);
}

static wi_node_kind node_kind(wi_str text) {
  static const struct {
    const char *text;
    wi_node_kind kind;
  } list[] = {{"projection", WI_NODE_PROJECTION},
              {"filter", WI_NODE_FILTER},
              {"window", WI_NODE_WINDOW},
              {"aggregate", WI_NODE_AGGREGATE},
              {"sort", WI_NODE_SORT},
              {"join", WI_NODE_JOIN},
              {"union", WI_NODE_UNION},
              {"subquery", WI_NODE_SUBQUERY},
              {"alias", WI_NODE_ALIAS},
              {"limit", WI_NODE_LIMIT},
              {"distinct", WI_NODE_DISTINCT},
              {"distinct_on", WI_NODE_DISTINCT_ON}};
  for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
    if (wi_str_eq(text, list[i].text)) {
      return list[i].kind;
    }
  }
  return WI_NODE_OTHER;
}

static wi_role role_of(wi_str text) {
  static const struct {
    const char *text;
    wi_role role;
  } list[] = {{"project", WI_ROLE_PROJECT},
              {"group", WI_ROLE_GROUP},
              {"agg", WI_ROLE_AGG},
              {"window", WI_ROLE_WINDOW},
              {"distinct_select", WI_ROLE_DISTINCT_SELECT},
              {"distinct_sort", WI_ROLE_DISTINCT_SORT}};
  for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
    if (wi_str_eq(text, list[i].text)) {
      return list[i].role;
    }
  }
  return WI_ROLE_OTHER;
}

static weir_status node_row(wi_plan_tables *t, const wi_cursor *rows, weir_error *err) {
  size_t id = t->nodes.n;
  wi_plan_node *node = wi_vec_add(&t->nodes);
  if (node == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  node->parent = wi_cursor_int(rows, 1);
  node->kind = node_kind(wi_cursor_text(rows, 3));
  node->in_expr = wi_cursor_int(rows, 5) >= 0;
  node->fetches =
      node->kind == WI_NODE_SORT && !wi_str_eq(wi_cursor_text(rows, 4), "fetch=none");
  node->end = id + 1;
  node->hash = mix_text(mix_text(0, rows, 3), rows, 4);
  if (node->in_expr) {
    t->nodes.items[node->parent].hosts = true;
  }
  for (int64_t up = node->parent; up >= 0; up = t->nodes.items[up].parent) {
    t->nodes.items[up].end = id + 1;
  }
  return WEIR_OK;
}

static weir_status output_row(wi_plan_tables *t, const wi_cursor *rows, weir_error *err) {
  size_t node = (size_t)wi_cursor_int(rows, 0), at = t->outputs.n;
  wi_plan_output *output = wi_vec_add(&t->outputs);
  if (output == NULL || node >= t->nodes.n) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  output->sorts = (wi_br_sorts)wi_cursor_int(rows, 7);
  if (output->sorts == WI_BR_SORTS_NOT) { /* for a message */
    wi_str name = wi_cursor_text(rows, 3), type = wi_cursor_text(rows, 4);
    output->name = wi_arena_ndup(&t->arena, name.p, name.n);
    output->type = wi_arena_ndup(&t->arena, type.p, type.n);
    if (output->name == NULL || output->type == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  if (t->nodes.items[node].n_outputs++ == 0) {
    t->nodes.items[node].output = at;
  }
  return WEIR_OK;
}

static bool has_floats(wi_str type) {
  return type.n > 0 && memmem(type.p, type.n, "float", 5) != NULL;
}

static weir_status call_row(wi_plan_tables *t, const wi_cursor *rows, wi_plan_expr *expr,
                            weir_error *err) {
  wi_plan_call *call = wi_arena_alloc(&t->arena, sizeof(*call));
  if (call == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  call->host = wi_str_eq(wi_cursor_text(rows, 9), "host");
  call->fn = call->host ? NULL : wi_order_fn_find(wi_str_of(expr->name));
  call->floats = has_floats(wi_cursor_text(rows, 12));
  call->args = wi_cursor_int(rows, 13);
  call->partition_keys = wi_cursor_int(rows, 14);
  call->order_keys = wi_cursor_int(rows, 15);
  call->distinct = wi_cursor_int(rows, 16) != 0;
  call->ignore_nulls = wi_cursor_int(rows, 17) != 0;
  call->frame = (wi_br_frame)wi_cursor_int(rows, 18);
  call->from = (wi_br_bound)wi_cursor_int(rows, 19);
  call->to = (wi_br_bound)wi_cursor_int(rows, 20);
  expr->call = call;
  return WEIR_OK;
}

static wi_expr_kind expr_kind(wi_str kind, wi_str op) {
  return wi_str_eq(kind, "column")               ? WI_EXPR_COLUMN
         : wi_str_eq(kind, "aggregate_function") ? WI_EXPR_AGGREGATE
         : wi_str_eq(kind, "window_function")    ? WI_EXPR_WINDOW
         : wi_str_eq(kind, "sort_key")           ? WI_EXPR_SORT_KEY
         : wi_str_eq(kind, "grouping_set")       ? WI_EXPR_SETS
         : wi_str_eq(kind, "scalar_function") && wi_str_eq(op, "array_sort")
             ? WI_EXPR_SORTING
             : WI_EXPR_OTHER;
}

static weir_status expr_row(wi_plan_tables *t, const wi_cursor *rows, weir_error *err) {
  static const int64_t texts[] = {2, 6, 7, 8, 9, 10, 12}, numbers[] = {3, 5};
  size_t id = t->exprs.n, owner = (size_t)wi_cursor_int(rows, 1);
  wi_plan_expr *expr = wi_vec_add(&t->exprs);
  if (expr == NULL || owner >= t->nodes.n) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  wi_str kind = wi_cursor_text(rows, 6), op = wi_cursor_text(rows, 7);
  wi_str volatility = wi_cursor_text(rows, 11), name = wi_op_name(op);
  wi_plan_node *node = &t->nodes.items[owner];
  node->expr = node->expr_end == 0 ? id : node->expr;
  node->expr_end = id + 1;
  expr->node = owner;
  expr->role = role_of(wi_cursor_text(rows, 2));
  expr->ord = wi_cursor_int(rows, 3);
  expr->parent = wi_cursor_int(rows, 4);
  expr->child = wi_cursor_int(rows, 5);
  expr->kind = expr_kind(kind, op);
  expr->unstable = wi_str_eq(volatility, "volatile") || wi_str_eq(volatility, "stable");
  expr->input = -1;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    expr->hash = mix_text(expr->hash, rows, texts[i]);
  }
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
    expr->hash = mix_int(expr->hash, wi_cursor_int(rows, numbers[i]));
  }
  bool called = expr->kind == WI_EXPR_AGGREGATE || expr->kind == WI_EXPR_WINDOW;
  if (called || expr->unstable) {
    expr->name = wi_arena_ndup(&t->arena, name.p, name.n);
    if (expr->name == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
  }
  return called ? call_row(t, rows, expr, err) : WEIR_OK;
}

static weir_status column_row(wi_plan_tables *t, const wi_cursor *rows, weir_error *err) {
  size_t id = (size_t)wi_cursor_int(rows, 0);
  if (id >= t->exprs.n) {
    return WI_ERR(err, WEIR_E_BUG, "a column of an expression that is not there");
  }
  wi_plan_expr *expr = &t->exprs.items[id];
  int64_t input = wi_cursor_int(rows, 2), column = wi_cursor_int(rows, 3);
  bool outer = wi_cursor_int(rows, 6) != 0;
  expr->hash = mix_int(mix_int(mix_int(expr->hash, input), column), outer);
  if (!outer) {
    expr->input = input;
    expr->column = (size_t)column;
  }
  return WEIR_OK;
}

static weir_status scan_row(wi_plan_tables *t, const wi_cursor *rows, weir_error *err) {
  size_t id = (size_t)wi_cursor_int(rows, 0);
  if (id >= t->nodes.n) {
    return WI_ERR(err, WEIR_E_BUG, "a scan of a node that is not there");
  }
  wi_plan_node *node = &t->nodes.items[id];
  for (int64_t column = 1; column <= 4; column++) {
    node->hash = mix_text(node->hash, rows, column);
  }
  return WEIR_OK;
}

static weir_status read_one(wi_engine *engine, const wb_plan *plan,
                            wi_br_plan_table which, wi_plan_tables *t,
                            weir_status (*row)(wi_plan_tables *, const wi_cursor *,
                                               weir_error *),
                            weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, which, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    WI_CHECK(row(t, rows, err));
  }
done:
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_plan_tables_read(wi_engine *engine, const wb_plan *plan,
                                wi_plan_tables **out, weir_error *err) {
  weir_status status = WEIR_OK;
  *out = NULL;
  wi_plan_tables *t = wi_alloc(sizeof(*t));
  if (t == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_CHECK(read_one(engine, plan, WI_BR_PLAN_NODES, t, node_row, err));
  WI_CHECK(read_one(engine, plan, WI_BR_PLAN_OUTPUTS, t, output_row, err));
  WI_CHECK(read_one(engine, plan, WI_BR_PLAN_EXPRS, t, expr_row, err));
  WI_CHECK(read_one(engine, plan, WI_BR_PLAN_COLREFS, t, column_row, err));
  WI_CHECK(read_one(engine, plan, WI_BR_PLAN_SCANS, t, scan_row, err));
  *out = t;
  t = NULL;
done:
  wi_plan_tables_free(&t);
  return status;
}

void wi_plan_tables_free(wi_plan_tables **tables) {
  wi_plan_tables *t = *tables;
  *tables = NULL;
  if (t == NULL) {
    return;
  }
  wi_free(t->nodes.items);
  wi_free(t->outputs.items);
  wi_free(t->exprs.items);
  wi_arena_release(&t->arena);
  wi_free(t);
}

size_t wi_plan_input(const wi_plan_tables *t, size_t node, int64_t ord) {
  const wi_plan_node *nodes = t->nodes.items;
  for (size_t at = node + 1; at < nodes[node].end; at = nodes[at].end) {
    if (!nodes[at].in_expr && ord-- == 0) {
      return at;
    }
  }
  return SIZE_MAX;
}

size_t wi_plan_expr_next(const wi_plan_tables *t, size_t node, size_t from) {
  size_t end = t->nodes.items[node].expr_end;
  while (from < end && t->exprs.items[from].node != node) {
    from++;
  }
  return from;
}

uint64_t wi_plan_subtree(const wi_plan_tables *t, size_t node) {
  uint64_t h = 0;
  for (size_t n = node; n < t->nodes.items[node].end; n++) {
    const wi_plan_node *one = &t->nodes.items[n];
    h = mix_int(h, one->parent - (int64_t)node);
    h = mix_int(h, (int64_t)one->hash);
    WI_PLAN_EXPRS(t, n, e) {
      const wi_plan_expr *expr = &t->exprs.items[e];
      int64_t up = expr->parent < 0 ? -1 : (int64_t)e - expr->parent;
      h = mix_int(mix_int(h, (int64_t)expr->hash), up);
    }
  }
  return h;
}
