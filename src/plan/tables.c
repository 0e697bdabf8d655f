/* Reads a plan's tables, all at once. */
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

static uint64_t mix_str(uint64_t h, wi_str text) {
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

/* A reader of one table: its rows, as they come. */
typedef struct reader {
  wi_plan *t;
  const wi_cursor *rows;
  bool full; /* no memory for a text */
} reader;

static wi_str text(reader *r, int64_t column) {
  wi_str from = wi_cursor_text(r->rows, column);
  if (from.n == 0) {
    return (wi_str){"", 0};
  }
  char *copy = wi_arena_ndup(&r->t->arena, from.p, from.n);
  r->full = r->full || copy == NULL;
  return (wi_str){copy, copy != NULL ? from.n : 0};
}

static int64_t number(const reader *r, int64_t column) {
  return wi_cursor_int(r->rows, column);
}

/* The node of a row, which names it in that column; NULL: it is not there. */
static wi_plan_node *node_of(const reader *r, int64_t column, size_t *id) {
  *id = (size_t)number(r, column);
  return *id < r->t->nodes.n ? &r->t->nodes.items[*id] : NULL;
}

static weir_status astray(const char *what, weir_error *err) {
  return WI_ERR(err, WEIR_E_BUG, "%s of a node or expression that is not there", what);
}

static weir_status node_row(reader *r, weir_error *err) {
  wi_plan *t = r->t;
  size_t id = t->nodes.n;
  wi_plan_node *node = wi_vec_add(&t->nodes);
  if (node == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  node->parent = number(r, 1);
  node->child = number(r, 2);
  node->word = text(r, 3);
  node->kind = node_kind(node->word);
  node->subquery_of = number(r, 4);
  node->in_expr = node->subquery_of >= 0;
  node->variant = text(r, 5);
  node->flags = number(r, 6);
  node->count = number(r, 7);
  node->detail = text(r, 8);
  node->fetches = node->kind == WI_NODE_SORT && node->count >= 0;
  node->end = id + 1;
  node->hash = mix_str(mix_str(mix_str(0, node->word), node->variant), node->detail);
  node->hash = mix_int(mix_int(node->hash, node->flags), node->count);
  if (node->parent < -1 || node->parent >= (int64_t)id ||
      (node->in_expr && node->parent < 0)) {
    return astray("a node", err);
  }
  if (node->in_expr) {
    t->nodes.items[node->parent].hosts = true;
  }
  for (int64_t up = node->parent; up >= 0; up = t->nodes.items[up].parent) {
    t->nodes.items[up].end = id + 1;
  }
  return WEIR_OK;
}

static weir_status output_row(reader *r, weir_error *err) {
  size_t id, at = r->t->outputs.n;
  wi_plan_node *node = node_of(r, 0, &id);
  if (node == NULL) {
    return astray("an output", err);
  }
  wi_plan_output *output = wi_vec_add(&r->t->outputs);
  if (output == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  output->node = id;
  output->ord = number(r, 1);
  output->name = text(r, 3);
  output->type = text(r, 4);
  output->nullable = number(r, 5) != 0;
  output->metadata = text(r, 6);
  output->sorts = (wi_br_sorts)number(r, 7);
  if (node->n_outputs++ == 0) {
    node->output = at;
  }
  return WEIR_OK;
}

static weir_status call_row(reader *r, wi_plan_expr *expr, weir_error *err) {
  wi_plan_call *call = wi_arena_alloc(&r->t->arena, sizeof(*call));
  if (call == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  call->host = wi_str_eq(expr->origin, "host");
  call->fn = call->host ? NULL : wi_order_fn_find(expr->op);
  call->floats = (expr->flags & WI_BR_EXPR_HAS_FLOATS) != 0;
  call->distinct = (expr->flags & WI_BR_EXPR_DISTINCT) != 0;
  call->ignore_nulls = (expr->flags & WI_BR_EXPR_IGNORE_NULLS) != 0;
  call->args = number(r, 17);
  call->partition_keys = number(r, 18);
  call->order_keys = number(r, 19);
  call->frame = (wi_br_frame)number(r, 20);
  call->from = (wi_br_bound)number(r, 21);
  call->to = (wi_br_bound)number(r, 22);
  call->from_by = text(r, 23);
  call->to_by = text(r, 24);
  expr->call = call;
  return WEIR_OK;
}

static wi_expr_kind expr_kind(wi_str kind, wi_str op) {
  return wi_str_eq(kind, "column")               ? WI_EXPR_COLUMN
         : wi_str_eq(kind, "aggregate_function") ? WI_EXPR_AGGREGATE
         : wi_str_eq(kind, "window_function")    ? WI_EXPR_WINDOW
         : wi_str_eq(kind, "sort_key")           ? WI_EXPR_SORT_KEY
         : wi_str_eq(kind, "grouping_set")       ? WI_EXPR_SETS
         : wi_str_eq(kind, "cast")               ? WI_EXPR_CAST
         : wi_str_eq(kind, "scalar_function") && wi_str_eq(op, "array_sort")
             ? WI_EXPR_SORTING
             : WI_EXPR_OTHER;
}

static uint64_t expr_hash(const wi_plan_expr *e) {
  uint64_t h = mix_str(mix_str(mix_str(0, e->role_word), e->word), e->op);
  h = mix_str(mix_str(mix_str(h, e->identity), e->origin), e->literal);
  h = mix_str(mix_str(h, e->type), e->detail);
  h = mix_int(mix_int(mix_int(h, e->flags), e->number), e->depth);
  h = mix_int(mix_int(h, e->ord), e->child);
  if (e->call != NULL) {
    const wi_plan_call *c = e->call;
    h = mix_int(mix_int(mix_int(h, c->args), c->partition_keys), c->order_keys);
    h = mix_int(mix_int(mix_int(h, (int64_t)c->frame), (int64_t)c->from), (int64_t)c->to);
    h = mix_str(mix_str(h, c->from_by), c->to_by);
  }
  return h;
}

static weir_status expr_row(reader *r, weir_error *err) {
  size_t id = r->t->exprs.n, owner;
  wi_plan_node *node = node_of(r, 1, &owner);
  if (node == NULL) {
    return astray("an expression", err);
  }
  wi_plan_expr *expr = wi_vec_add(&r->t->exprs);
  if (expr == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  node->expr = node->expr_end == 0 ? id : node->expr;
  node->expr_end = id + 1;
  expr->node = owner;
  expr->role_word = text(r, 2);
  expr->role = role_of(expr->role_word);
  expr->ord = number(r, 3);
  expr->parent = number(r, 4);
  expr->child = number(r, 5);
  expr->word = text(r, 6);
  expr->op = text(r, 7);
  expr->identity = text(r, 8);
  expr->origin = text(r, 9);
  expr->literal = text(r, 10);
  wi_str volatility = wi_cursor_text(r->rows, 11);
  expr->type = text(r, 12);
  expr->flags = number(r, 13);
  expr->number = number(r, 14);
  expr->depth = number(r, 15);
  expr->detail = text(r, 16);
  expr->line = (uint32_t)number(r, 25);
  expr->place = (uint32_t)number(r, 26);
  expr->kind = expr_kind(expr->word, expr->op);
  expr->unstable = wi_str_eq(volatility, "volatile") || wi_str_eq(volatility, "stable");
  expr->name = expr->origin.n > 0 ? expr->op.p : NULL;
  expr->input = -1;
  if (expr->kind == WI_EXPR_AGGREGATE || expr->kind == WI_EXPR_WINDOW) {
    WI_TRY(call_row(r, expr, err));
  }
  expr->hash = expr_hash(expr);
  return expr->parent < (int64_t)id ? WEIR_OK : astray("an expression", err);
}

static weir_status column_row(reader *r, weir_error *err) {
  size_t id = (size_t)number(r, 0);
  if (id >= r->t->exprs.n) {
    return astray("a column", err);
  }
  wi_plan_expr *expr = &r->t->exprs.items[id];
  int64_t input = number(r, 2);
  expr->column = (size_t)number(r, 3);
  expr->outer = number(r, 6) != 0;
  expr->hash = mix_int(mix_int(expr->hash, input), (int64_t)expr->column);
  expr->hash = mix_int(expr->hash, expr->outer);
  *(expr->outer ? &expr->outer_input : &expr->input) = input;
  return WEIR_OK;
}

static weir_status scan_row(reader *r, weir_error *err) {
  size_t id;
  wi_plan_node *node = node_of(r, 0, &id);
  if (node == NULL) {
    return astray("a scan", err);
  }
  wi_plan_scan *scan = wi_vec_add(&r->t->scans);
  if (scan == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *scan = (wi_plan_scan){id,         text(r, 1), text(r, 2),   text(r, 3),
                         text(r, 4), text(r, 5), number(r, 6), number(r, 7)};
  node->hash = mix_str(mix_str(node->hash, scan->schema), scan->table);
  node->hash = mix_str(mix_str(node->hash, scan->provider), scan->tag);
  node->hash = mix_str(node->hash, scan->projection);
  return WEIR_OK;
}

static weir_status unnest_row(reader *r, weir_error *err) {
  size_t id;
  wi_plan_node *node = node_of(r, 0, &id);
  if (node == NULL) {
    return astray("an unnest", err);
  }
  wi_plan_unnest *unnest = wi_vec_add(&r->t->unnests);
  if (unnest == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *unnest = (wi_plan_unnest){id, text(r, 1), number(r, 2), number(r, 3), number(r, 4)};
  node->hash = mix_str(node->hash, unnest->word);
  node->hash = mix_int(mix_int(node->hash, unnest->input), unnest->output);
  node->hash = mix_int(node->hash, unnest->depth);
  return WEIR_OK;
}

static weir_status used_row(reader *r, weir_error *err) {
  wi_plan_used *used = wi_vec_add(&r->t->used);
  if (used == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *used = (wi_plan_used){text(r, 0), text(r, 1)};
  return WEIR_OK;
}

static weir_status read_one(wi_engine *engine, const wb_plan *plan,
                            wi_br_plan_table which, wi_plan *t,
                            weir_status (*row)(reader *, weir_error *), weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, which, &rows, err));
  for (;;) {
    reader r = {t, rows, false};
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    WI_CHECK(row(&r, err));
    if (r.full) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
done:
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_plan_read(wi_engine *engine, const wb_plan *plan, wi_plan **out,
                         weir_error *err) {
  /* Nodes first, then expressions: the others name them. */
  static const struct {
    wi_br_plan_table which;
    weir_status (*row)(reader *, weir_error *);
  } all[] = {{WI_BR_PLAN_NODES, node_row}, {WI_BR_PLAN_OUTPUTS, output_row},
             {WI_BR_PLAN_EXPRS, expr_row}, {WI_BR_PLAN_COLREFS, column_row},
             {WI_BR_PLAN_SCANS, scan_row}, {WI_BR_PLAN_UNNESTS, unnest_row},
             {WI_BR_PLAN_USED, used_row}};
  weir_status status = WEIR_OK;
  *out = NULL;
  wi_plan *t = wi_alloc(sizeof(*t));
  if (t == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    WI_CHECK(read_one(engine, plan, all[i].which, t, all[i].row, err));
  }
  if (t->nodes.n == 0) {
    status = WI_ERR(err, WEIR_E_BUG, "a plan without nodes");
    goto done;
  }
  *out = t;
  t = NULL;
done:
  wi_plan_free(&t);
  return status;
}

void wi_plan_free(wi_plan **plan) {
  wi_plan *t = *plan;
  *plan = NULL;
  if (t == NULL) {
    return;
  }
  wi_free(t->nodes.items);
  wi_free(t->outputs.items);
  wi_free(t->exprs.items);
  wi_free(t->scans.items);
  wi_free(t->unnests.items);
  wi_free(t->used.items);
  wi_arena_release(&t->arena);
  wi_free(t);
}

size_t wi_plan_input(const wi_plan *t, size_t node, int64_t ord) {
  const wi_plan_node *nodes = t->nodes.items;
  for (size_t at = node + 1; at < nodes[node].end; at = nodes[at].end) {
    if (!nodes[at].in_expr && ord-- == 0) {
      return at;
    }
  }
  return SIZE_MAX;
}

size_t wi_plan_expr_next(const wi_plan *t, size_t node, size_t from) {
  size_t end = t->nodes.items[node].expr_end;
  while (from < end && t->exprs.items[from].node != node) {
    from++;
  }
  return from;
}

uint64_t wi_plan_subtree(const wi_plan *t, size_t node) {
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
