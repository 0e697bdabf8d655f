/* Breaks ties under strict: wherever the order of rows decides a result, the keys get the
 * columns that are read above as well.
 *
 * Rows that are equal in all that is read of them above are interchangeable: whichever comes
 * first, the rows as they are read, with what the functions say of them, are the same. So the
 * columns that are read, and the arguments of the node's functions, are enough to make an order
 * total, and none is needed where the keys hold a key of the rows. An aggregate reads its
 * arguments and nothing else.
 *
 * A key more changes the peers of a row, and with them the frames of RANGE and GROUPS. It is
 * added where the answer is the same: where the frame is the whole partition, or begins with its
 * first row and takes the first, or ends with its last and takes the last. Where what is taken is
 * one of the row's own peers, or all of them, these are the partition: PARTITION BY the keys too,
 * ORDER BY the rest. All others are refused. */
#include <string.h>

#include "plan/private.h"
#include "plan/tables.h"

#define WI_ORIGIN "plan"

enum { DECIDES_NOTHING, DECIDES_SHOWN, DECIDES_KEPT };

typedef struct ties {
  const wi_plan *t;
  wi_plan_needs needs;
  wi_vec(wi_br_edit) edits;
  uint8_t *decides;     /* by node: what the order of a sort is for */
  bool *wanted, *plain; /* by column of an input: to be told apart; a key already */
} ties;

static const wi_plan_node *node_at(const ties *s, size_t node) {
  return &s->t->nodes.items[node];
}

static weir_status add_edit(ties *s, wi_br_edit edit, weir_error *err) {
  wi_br_edit *place = wi_vec_add(&s->edits);
  if (place == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *place = edit;
  return WEIR_OK;
}

/* ---- which columns ---- */

/* The child of `call` that an expression is in. */
static const wi_plan_expr *child_with(const ties *s, size_t call, size_t e) {
  const wi_plan_expr *exprs = s->t->exprs.items;
  while (exprs[e].parent >= 0 && (size_t)exprs[e].parent != call) {
    e = (size_t)exprs[e].parent;
  }
  return &exprs[e];
}

/* Is it an argument, or the filter? */
static bool is_read(const wi_plan_call *call, const wi_plan_expr *child) {
  return child->kind != WI_EXPR_SORT_KEY &&
         (child->child < call->args || child->child >= call->args + call->partition_keys);
}

static void clear(ties *s, bool *columns, size_t input) {
  memset(columns, 0, node_at(s, input)->n_outputs * sizeof(bool));
}

/* What a call reads, but for its keys; the filter of an aggregate only says which rows. */
static void want_args(ties *s, size_t node, size_t call, size_t input, bool filter) {
  const wi_plan_expr *exprs = s->t->exprs.items, *root = &exprs[call];
  size_t columns = node_at(s, input)->n_outputs;
  WI_PLAN_EXPRS(s->t, node, e) {
    const wi_plan_expr *expr = &exprs[e];
    if (e == call || expr->role != root->role || expr->ord != root->ord) {
      continue;
    }
    const wi_plan_expr *child = child_with(s, call, e);
    if (!is_read(root->call, child) || (!filter && child->child >= root->call->args)) {
      continue;
    }
    if (expr->kind == WI_EXPR_COLUMN && expr->input == 0 && expr->column < columns) {
      s->wanted[expr->column] = true;
    }
  }
  if (node_at(s, node)->hosts) {
    memset(s->wanted, true, columns * sizeof(bool)); /* read by subqueries, perhaps */
  }
}

/* The columns that are keys as they are: of the partition and of the order. */
static void find_plain(ties *s, size_t node, size_t call, size_t input) {
  const wi_plan_expr *exprs = s->t->exprs.items, *root = &exprs[call];
  clear(s, s->plain, input);
  WI_PLAN_EXPRS(s->t, node, e) {
    const wi_plan_expr *expr = &exprs[e];
    if (expr->kind != WI_EXPR_COLUMN || expr->parent < 0 || expr->role != root->role ||
        expr->ord != root->ord || expr->input != 0) {
      continue;
    }
    const wi_plan_expr *child = child_with(s, call, e);
    bool key = child->kind == WI_EXPR_SORT_KEY
                   ? &exprs[expr->parent] == child
                   : child == expr && !is_read(root->call, child);
    if (key && expr->column < node_at(s, input)->n_outputs) {
      s->plain[expr->column] = true;
    }
  }
}

/* Are no two rows alike in the columns that are keys? */
static bool is_total(const ties *s, size_t input) {
  const wi_plan_node *n = node_at(s, input);
  bool all = s->needs.has_key[input];
  for (size_t c = 0; all && c < n->n_outputs; c++) {
    all = !s->needs.key[n->output + c] || s->plain[c];
  }
  return all;
}

/* A key of the rows among the columns that are wanted is enough. */
static void want_key_only(ties *s, size_t input) {
  const wi_plan_node *n = node_at(s, input);
  const bool *key = s->needs.key + n->output;
  bool all = s->needs.has_key[input];
  for (size_t c = 0; all && c < n->n_outputs; c++) {
    all = !key[c] || s->plain[c] || s->wanted[c];
  }
  if (all) {
    memcpy(s->wanted, key, n->n_outputs * sizeof(bool));
  }
}

static weir_status refuse_type(const wi_plan_output *column, const char *what,
                               weir_error *err) {
  return WI_ERR_HINT(
      err, WEIR_E_ORDER_NEEDED,
      "leave the column out of that part of the query, or make the keys "
      "those of a GROUP BY below it, so that no two rows have the same",
      "%s: rows with equal keys cannot be told apart by column '" WI_STR_FMT
      "', whose "
      "type " WI_STR_FMT " has no order",
      what, WI_STR_ARG(column->name), WI_STR_ARG(column->type));
}

static weir_status add_column(ties *s, size_t node, size_t ord, size_t column,
                              wi_br_sorts sorts, weir_error *err) {
  wi_br_edit edit = {WI_BR_EDIT_ADD_KEY, (uint32_t)node, (uint32_t)ord, (uint32_t)column,
                     NULL};
  if (sorts != WI_BR_SORTS_BY_PARTS) {
    return add_edit(s, edit, err);
  }
  edit.function = "map_keys";
  WI_TRY(add_edit(s, edit, err));
  edit.function = "map_values";
  return add_edit(s, edit, err);
}

/* The wanted columns behind the keys: what is quick to compare first. `what` names the function
 * or clause; NULL: what cannot be sorted is left out. */
static weir_status add_wanted(ties *s, size_t node, size_t ord, size_t input,
                              const char *what, weir_error *err) {
  static const wi_br_sorts order[] = {WI_BR_SORTS_NOT, WI_BR_SORTS_WORDS,
                                      WI_BR_SORTS_BYTES, WI_BR_SORTS_NESTED,
                                      WI_BR_SORTS_BY_PARTS};
  const wi_plan_node *n = node_at(s, input);
  if (is_total(s, input)) {
    return WEIR_OK;
  }
  want_key_only(s, input);
  for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
    for (size_t c = 0; c < n->n_outputs; c++) {
      const wi_plan_output *column = &s->t->outputs.items[n->output + c];
      if (!s->wanted[c] || s->plain[c] || column->sorts != order[i]) {
        continue;
      }
      if (order[i] == WI_BR_SORTS_NOT && what != NULL) {
        return refuse_type(column, what, err);
      }
      if (order[i] != WI_BR_SORTS_NOT) {
        WI_TRY(add_column(s, node, ord, c, order[i], err));
      }
    }
  }
  return WEIR_OK;
}

/* ---- windows ---- */
typedef enum todo {
  TODO_NOTHING,
  TODO_KEYS,
  TODO_ROWS_AND_KEYS,
  TODO_PEERS,
  TODO_REFUSE
} todo;

static bool has_distance(const wi_plan_call *c) {
  return c->from == WI_BR_BOUND_BEFORE || c->from == WI_BR_BOUND_AFTER ||
         c->to == WI_BR_BOUND_BEFORE || c->to == WI_BR_BOUND_AFTER;
}

static todo of_frame_of_peers(const wi_plan_call *c, wi_picks picks) {
  bool from_first = c->from == WI_BR_BOUND_FIRST,
       from_current = c->from == WI_BR_BOUND_CURRENT;
  bool to_current = c->to == WI_BR_BOUND_CURRENT, to_last = c->to == WI_BR_BOUND_LAST;
  if (from_first && to_last) {
    return TODO_KEYS;
  }
  if (from_current && to_current) {
    return TODO_PEERS;
  }
  /* The first value that is not null can be any row's. */
  if (c->ignore_nulls) {
    return TODO_REFUSE;
  }
  if (picks == WI_PICKS_FIRST && (from_first || from_current) &&
      (to_current || to_last)) {
    return from_first ? TODO_KEYS : TODO_PEERS;
  }
  if (picks == WI_PICKS_LAST && (from_first || from_current) && (to_current || to_last)) {
    return to_last ? TODO_KEYS : TODO_PEERS;
  }
  return TODO_REFUSE;
}

static todo of_call(const wi_plan_call *c) {
  bool rows = c->frame == WI_BR_FRAME_ROWS;
  bool whole = c->from == WI_BR_BOUND_FIRST && c->to == WI_BR_BOUND_LAST;
  if (c->order_keys == 0) {
    return TODO_NOTHING;
  }
  if (c->host) {
    return rows && !whole ? TODO_KEYS : TODO_NOTHING;
  }
  switch (c->fn != NULL ? c->fn->picks : WI_PICKS_LIST) {
    case WI_PICKS_PEERS:
      return TODO_NOTHING;
    case WI_PICKS_PLACE: /* whatever the frame says; a distance allows one key */
      return !rows && has_distance(c) ? TODO_ROWS_AND_KEYS : TODO_KEYS;
    case WI_PICKS_SET:
      return rows && !whole ? TODO_KEYS : TODO_NOTHING;
    case WI_PICKS_SUM:
    case WI_PICKS_SKETCH:
      return rows || whole ? TODO_KEYS : TODO_NOTHING;
    case WI_PICKS_FIRST:
    case WI_PICKS_LAST:
    case WI_PICKS_NTH:
    case WI_PICKS_LIST:
      break;
  }
  if (c->fn == NULL || c->fn->picks == WI_PICKS_LIST) {
    if (c->distinct) {
      return TODO_REFUSE; /* in the order of a hash table */
    }
  }
  return rows ? TODO_KEYS
              : of_frame_of_peers(c, c->fn != NULL ? c->fn->picks : WI_PICKS_LIST);
}

static const char *bound_text(wi_br_bound bound) {
  switch (bound) {
    case WI_BR_BOUND_FIRST:
      return "UNBOUNDED PRECEDING";
    case WI_BR_BOUND_BEFORE:
      return "n PRECEDING";
    case WI_BR_BOUND_CURRENT:
      return "CURRENT ROW";
    case WI_BR_BOUND_AFTER:
      return "n FOLLOWING";
    case WI_BR_BOUND_LAST:
      break;
  }
  return "UNBOUNDED FOLLOWING";
}

static weir_status refuse_call(const wi_plan_expr *expr, weir_error *err) {
  const wi_plan_call *c = expr->call;
  if (c->distinct) {
    return WI_ERR_HINT(
        err, WEIR_E_ORDER_NEEDED, "write collect_set(...), whose items are sorted",
        "%s(DISTINCT ...) over a window has its items in no fixed order", expr->name);
  }
  wi_err_hint(err,
              "write ROWS BETWEEN %s AND %s into its OVER (...): rows are counted one by "
              "one then, and weir puts those with equal keys into one order",
              bound_text(c->from), bound_text(c->to));
  return WI_ERR(err, WEIR_E_ORDER_NEEDED,
                "%s() over a %s frame takes rows with equal keys in no fixed order%s",
                expr->name, c->frame == WI_BR_FRAME_RANGE ? "RANGE" : "GROUPS",
                c->frame == WI_BR_FRAME_RANGE && c->from == WI_BR_BOUND_FIRST &&
                        c->to == WI_BR_BOUND_CURRENT
                    ? "; an OVER (ORDER BY ...) without a frame has this one"
                    : "");
}

/* Is all that is wanted a key already? Then rows with equal keys are alike. */
static bool tells_all(const ties *s, size_t input) {
  bool all = true;
  for (size_t c = 0; all && c < node_at(s, input)->n_outputs; c++) {
    all = !s->wanted[c] || s->plain[c];
  }
  return all || is_total(s, input);
}

static weir_status break_call(ties *s, size_t node, size_t call, size_t input,
                              weir_error *err) {
  const wi_plan_expr *expr = &s->t->exprs.items[call];
  todo what = of_call(expr->call);
  wi_br_edit edit = {WI_BR_EDIT_PEERS, (uint32_t)node, (uint32_t)expr->ord, 0, NULL};
  find_plain(s, node, call, input);
  if (what == TODO_NOTHING || (tells_all(s, input) && !expr->call->distinct)) {
    return WEIR_OK;
  }
  if (what == TODO_REFUSE) {
    return refuse_call(expr, err);
  }
  if (what != TODO_KEYS) {
    edit.kind = what == TODO_PEERS ? WI_BR_EDIT_PEERS : WI_BR_EDIT_ROWS;
    WI_TRY(add_edit(s, edit, err));
  }
  return add_wanted(s, node, (size_t)expr->ord, input, expr->name, err);
}

/* All functions of a node read one order of rows: of what is read above and by any of them. */
static void want_window(ties *s, size_t node, size_t input) {
  const wi_plan_node *n = node_at(s, node);
  for (size_t c = 0; c < node_at(s, input)->n_outputs; c++) {
    s->wanted[c] = c < n->n_outputs && s->needs.used[n->output + c];
  }
  WI_PLAN_EXPRS(s->t, node, e) {
    const wi_plan_expr *expr = &s->t->exprs.items[e];
    if (expr->parent < 0 && expr->kind == WI_EXPR_WINDOW) {
      want_args(s, node, e, input, true);
    }
  }
}

static weir_status break_window(ties *s, size_t node, size_t input, weir_error *err) {
  WI_PLAN_EXPRS(s->t, node, e) {
    const wi_plan_expr *expr = &s->t->exprs.items[e];
    if (expr->parent < 0 && expr->kind == WI_EXPR_WINDOW) {
      want_window(s, node, input);
      WI_TRY(break_call(s, node, e, input, err));
    }
  }
  return WEIR_OK;
}

/* ---- aggregates ---- */

/* Of a list with DISTINCT the keys are the arguments, and equal arguments are one. The others do
 * not look at DISTINCT. */
static bool lists_rows(const wi_plan_expr *expr) {
  const wi_plan_call *c = expr->call;
  if (expr->parent >= 0 || expr->kind != WI_EXPR_AGGREGATE || c->host ||
      c->order_keys == 0) {
    return false;
  }
  if (c->fn == NULL || c->fn->picks == WI_PICKS_LIST) {
    return !c->distinct;
  }
  return c->fn->picks == WI_PICKS_FIRST || c->fn->picks == WI_PICKS_LAST ||
         c->fn->picks == WI_PICKS_NTH;
}

/* One order for all, so that two that take the first take it of one row. The columns of the group
 * are no keys: 0.0 and -0.0 are one group. */
static weir_status break_aggregate(ties *s, size_t node, size_t input, weir_error *err) {
  WI_PLAN_EXPRS(s->t, node, call) {
    const wi_plan_expr *expr = &s->t->exprs.items[call];
    if (!lists_rows(expr)) {
      continue;
    }
    clear(s, s->wanted, input);
    WI_PLAN_EXPRS(s->t, node, e) {
      if (lists_rows(&s->t->exprs.items[e])) {
        want_args(s, node, e, input, false);
      }
    }
    find_plain(s, node, call, input);
    WI_TRY(add_wanted(s, node, (size_t)expr->ord, input, expr->name, err));
  }
  return WEIR_OK;
}

/* ---- sorts ---- */
static bool keeps_order(wi_node_kind kind) {
  return kind == WI_NODE_PROJECTION || kind == WI_NODE_FILTER || kind == WI_NODE_ALIAS ||
         kind == WI_NODE_SUBQUERY || kind == WI_NODE_LIMIT;
}

size_t wi_plan_sort_below(const wi_plan *t, size_t node) {
  while (node != SIZE_MAX && keeps_order(t->nodes.items[node].kind)) {
    node = wi_plan_input(t, node, 0);
  }
  return node != SIZE_MAX && t->nodes.items[node].kind == WI_NODE_SORT ? node : SIZE_MAX;
}

/* The order of the result is what a reader sees, and a limit's says which rows are kept. */
static void find_deciding(ties *s) {
  for (size_t i = 0; i < s->t->nodes.n; i++) {
    const wi_plan_node *n = node_at(s, i);
    size_t sort = i == 0 || n->kind == WI_NODE_LIMIT || n->fetches
                      ? wi_plan_sort_below(s->t, i)
                      : SIZE_MAX;
    uint8_t what = n->kind == WI_NODE_LIMIT || n->fetches ? DECIDES_KEPT : DECIDES_SHOWN;
    if (sort != SIZE_MAX && s->decides[sort] < what) {
      s->decides[sort] = what;
    }
  }
}

/* Of the node's own keys, those that are columns. */
static void find_sorted(ties *s, size_t node, size_t input, bool distinct) {
  const wi_plan_expr *exprs = s->t->exprs.items;
  clear(s, s->plain, input);
  WI_PLAN_EXPRS(s->t, node, e) {
    const wi_plan_expr *expr = &exprs[e];
    if (expr->kind == WI_EXPR_COLUMN && expr->parent >= 0 && expr->input == 0 &&
        exprs[expr->parent].kind == WI_EXPR_SORT_KEY && exprs[expr->parent].parent < 0 &&
        (!distinct || expr->role == WI_ROLE_DISTINCT_SORT) &&
        expr->column < node_at(s, input)->n_outputs) {
      s->plain[expr->column] = true;
    }
  }
}

static weir_status break_sort(ties *s, size_t node, size_t input, weir_error *err) {
  const wi_plan_node *n = node_at(s, node);
  if (s->decides[node] == DECIDES_NOTHING) {
    return WEIR_OK;
  }
  for (size_t c = 0; c < node_at(s, input)->n_outputs; c++) {
    s->wanted[c] = s->needs.used[n->output + c];
  }
  find_sorted(s, node, input, false);
  return add_wanted(s, node, 0, input, s->decides[node] == DECIDES_KEPT ? "LIMIT" : NULL,
                    err);
}

static weir_status break_distinct_on(ties *s, size_t node, size_t input,
                                     weir_error *err) {
  bool sorted = false;
  clear(s, s->wanted, input);
  WI_PLAN_EXPRS(s->t, node, e) {
    const wi_plan_expr *expr = &s->t->exprs.items[e];
    sorted = sorted || expr->role == WI_ROLE_DISTINCT_SORT;
    if (expr->role == WI_ROLE_DISTINCT_SELECT && expr->kind == WI_EXPR_COLUMN &&
        expr->input == 0 && expr->column < node_at(s, input)->n_outputs) {
      s->wanted[expr->column] = true;
    }
  }
  if (node_at(s, node)->hosts) {
    memset(s->wanted, true, node_at(s, input)->n_outputs * sizeof(bool));
  }
  find_sorted(s, node, input, true);
  return sorted ? add_wanted(s, node, 0, input, "DISTINCT ON", err) : WEIR_OK;
}

static weir_status break_node(ties *s, size_t node, weir_error *err) {
  size_t input = wi_plan_input(s->t, node, 0);
  if (input == SIZE_MAX) {
    return WEIR_OK;
  }
  switch (node_at(s, node)->kind) {
    case WI_NODE_WINDOW:
      return break_window(s, node, input, err);
    case WI_NODE_AGGREGATE:
      return break_aggregate(s, node, input, err);
    case WI_NODE_SORT:
      return break_sort(s, node, input, err);
    case WI_NODE_DISTINCT_ON:
      return break_distinct_on(s, node, input, err);
    case WI_NODE_OTHER:
    case WI_NODE_PROJECTION:
    case WI_NODE_FILTER:
    case WI_NODE_JOIN:
    case WI_NODE_UNION:
    case WI_NODE_SUBQUERY:
    case WI_NODE_ALIAS:
    case WI_NODE_LIMIT:
    case WI_NODE_DISTINCT:
      break;
  }
  return WEIR_OK;
}

weir_status wi_plan_ties(const wi_plan *t, wi_br_edit **edits, size_t *n,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  ties s = {.t = t};
  size_t widest = 0;
  *edits = NULL;
  *n = 0;
  for (size_t i = 0; i < t->nodes.n; i++) {
    size_t columns = t->nodes.items[i].n_outputs;
    widest = columns > widest ? columns : widest;
  }
  s.decides = wi_alloc_array(t->nodes.n + 1, sizeof(*s.decides));
  s.wanted = wi_alloc_array(widest + 1, sizeof(*s.wanted));
  s.plain = wi_alloc_array(widest + 1, sizeof(*s.plain));
  if (s.decides == NULL || s.wanted == NULL || s.plain == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(wi_plan_needs_find(t, &s.needs, err));
  find_deciding(&s);
  for (size_t i = 0; i < t->nodes.n; i++) {
    WI_CHECK(break_node(&s, i, err));
  }
  *edits = s.edits.items;
  *n = s.edits.n;
  s.edits.items = NULL;
done:
  wi_free(s.edits.items);
  wi_free(s.decides);
  wi_free(s.wanted);
  wi_free(s.plain);
  wi_plan_needs_release(&s.needs);
  return status;
}
