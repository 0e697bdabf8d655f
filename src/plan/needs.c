/* Which columns of each node somebody above reads, and which are known to be a key. Where
 * nothing is known of a kind of node, all columns are read and none is a key. */
#include <string.h>

#include "plan/private.h"
#include "plan/tables.h"

#define WI_ORIGIN "plan"

typedef struct spread {
  const wi_plan *t;
  wi_plan_needs *needs;
  bool changed;
} spread;

static void use(spread *s, size_t node, size_t column) {
  const wi_plan_node *n = &s->t->nodes.items[node];
  if (column < n->n_outputs && !s->needs->used[n->output + column]) {
    s->needs->used[n->output + column] = true;
    s->changed = true;
  }
}

static void use_all(spread *s, size_t node) {
  for (size_t c = 0; c < s->t->nodes.items[node].n_outputs; c++) {
    use(s, node, c);
  }
}

static void use_inputs(spread *s, size_t node) {
  size_t input;
  for (int64_t i = 0; (input = wi_plan_input(s->t, node, i)) != SIZE_MAX; i++) {
    use_all(s, input);
  }
}

/* The column of an expression; what is not found could be any. */
static void use_expr(spread *s, size_t node, const wi_plan_expr *expr) {
  if (expr->kind != WI_EXPR_COLUMN) {
    return;
  }
  size_t input = expr->input < 0 ? SIZE_MAX : wi_plan_input(s->t, node, expr->input);
  if (input == SIZE_MAX || expr->column >= s->t->nodes.items[input].n_outputs) {
    use_inputs(s, node);
  } else {
    use(s, input, expr->column);
  }
}

static bool is_used(const spread *s, size_t node, size_t column) {
  const wi_plan_node *n = &s->t->nodes.items[node];
  return column < n->n_outputs && s->needs->used[n->output + column];
}

static void use_exprs(spread *s, size_t node, bool projected) {
  WI_PLAN_EXPRS(s->t, node, e) {
    const wi_plan_expr *expr = &s->t->exprs.items[e];
    if (!projected || is_used(s, node, (size_t)expr->ord)) {
      use_expr(s, node, expr);
    }
  }
}

/* Outputs from `first` on are the columns of that input. */
static void pass(spread *s, size_t node, size_t input, size_t first) {
  for (size_t c = 0; c < s->t->nodes.items[input].n_outputs; c++) {
    if (is_used(s, node, first + c)) {
      use(s, input, c);
    }
  }
}

/* A join that gives both sides; of others the columns that are left are not told. */
static void spread_join(spread *s, size_t node) {
  const wi_plan_node *nodes = s->t->nodes.items;
  size_t left = wi_plan_input(s->t, node, 0), right = wi_plan_input(s->t, node, 1);
  if (left == SIZE_MAX || right == SIZE_MAX ||
      nodes[node].n_outputs != nodes[left].n_outputs + nodes[right].n_outputs) {
    use_inputs(s, node);
    return;
  }
  pass(s, node, left, 0);
  pass(s, node, right, nodes[left].n_outputs);
  /* A lateral right side reads the left one in places of its own. */
  for (size_t n = right; n < nodes[right].end; n++) {
    if (nodes[n].kind == WI_NODE_SUBQUERY) {
      use_inputs(s, node);
      break;
    }
  }
}

static void spread_union(spread *s, size_t node) {
  size_t input;
  for (int64_t i = 0; (input = wi_plan_input(s->t, node, i)) != SIZE_MAX; i++) {
    if (s->t->nodes.items[input].n_outputs == s->t->nodes.items[node].n_outputs) {
      pass(s, node, input, 0);
    } else {
      use_all(s, input);
    }
  }
}

static void spread_node(spread *s, size_t node) {
  const wi_plan_node *n = &s->t->nodes.items[node];
  size_t input = wi_plan_input(s->t, node, 0);
  bool same = input != SIZE_MAX && s->t->nodes.items[input].n_outputs == n->n_outputs;
  if (n->hosts) {
    use_inputs(s, node); /* subqueries read them in places of their own */
  }
  switch (n->kind) {
    case WI_NODE_PROJECTION:
      use_exprs(s, node, true);
      return;
    case WI_NODE_AGGREGATE:
    case WI_NODE_DISTINCT_ON:
      use_exprs(s, node, false);
      return;
    case WI_NODE_WINDOW:
      use_exprs(s, node, false);
      if (input != SIZE_MAX) {
        pass(s, node, input, 0);
      }
      return;
    case WI_NODE_FILTER:
    case WI_NODE_SORT:
    case WI_NODE_LIMIT:
    case WI_NODE_ALIAS:
    case WI_NODE_SUBQUERY:
      if (same) {
        use_exprs(s, node, false);
        pass(s, node, input, 0);
        return;
      }
      break;
    case WI_NODE_JOIN:
      use_exprs(s, node, false);
      spread_join(s, node);
      return;
    case WI_NODE_UNION:
      spread_union(s, node);
      return;
    case WI_NODE_DISTINCT:
    case WI_NODE_OTHER:
      break;
  }
  use_inputs(s, node);
}

/* A query that is named twice is in the plan twice, and both copies must put their rows into
 * one order: what is read of one counts for the other. */
typedef struct twin {
  uint64_t hash;
  size_t node;
} twin;

static int by_hash(const void *a, const void *b) {
  const twin *x = a, *y = b;
  if (x->hash != y->hash) {
    return x->hash < y->hash ? -1 : 1;
  }
  return x->node < y->node ? -1 : x->node > y->node;
}

static void share(spread *s, const twin *twins, size_t n) {
  const wi_plan_node *nodes = s->t->nodes.items;
  for (size_t i = 0; i + 1 < n; i++) {
    size_t a = twins[i].node, b = twins[i + 1].node;
    if (twins[i].hash != twins[i + 1].hash || nodes[a].n_outputs != nodes[b].n_outputs) {
      continue;
    }
    pass(s, a, b, 0);
    pass(s, b, a, 0);
  }
}

static weir_status find_twins(const wi_plan *t, twin **out, size_t *n, weir_error *err) {
  *n = 0;
  *out = wi_alloc_array(t->nodes.n + 1, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < t->nodes.n; i++) {
    wi_node_kind kind = t->nodes.items[i].kind;
    if (kind == WI_NODE_WINDOW || kind == WI_NODE_SORT) {
      (*out)[*n].node = i;
      (*out)[(*n)++].hash = wi_plan_subtree(t, i);
    }
  }
  qsort(*out, *n, sizeof(**out), by_hash);
  return WEIR_OK;
}

/* ---- keys ---- */
static bool *key_of(wi_plan_needs *needs, const wi_plan *t, size_t node) {
  return needs->key + t->nodes.items[node].output;
}

static void key_passes(wi_plan_needs *needs, const wi_plan *t, size_t node) {
  size_t input = wi_plan_input(t, node, 0);
  if (input == SIZE_MAX || !needs->has_key[input] ||
      t->nodes.items[input].n_outputs > t->nodes.items[node].n_outputs) {
    return;
  }
  memcpy(key_of(needs, t, node), key_of(needs, t, input),
         t->nodes.items[input].n_outputs * sizeof(bool));
  needs->has_key[node] = true;
}

/* The groups; but not of several sets, whose rows can be alike. */
static void key_groups(wi_plan_needs *needs, const wi_plan *t, size_t node) {
  size_t groups = 0;
  WI_PLAN_EXPRS(t, node, e) {
    const wi_plan_expr *expr = &t->exprs.items[e];
    if (expr->kind == WI_EXPR_SETS) {
      return;
    }
    groups += expr->role == WI_ROLE_GROUP && expr->parent < 0;
  }
  if (groups > t->nodes.items[node].n_outputs) {
    return;
  }
  for (size_t c = 0; c < groups; c++) {
    key_of(needs, t, node)[c] = true;
  }
  needs->has_key[node] = true;
}

/* How many columns of the key are outputs as they are, one that is there twice counted once. */
static size_t distinct_columns(const wi_plan *t, size_t node, const bool *key,
                               size_t columns) {
  size_t n = 0;
  for (size_t c = 0; c < columns; c++) {
    bool found = false;
    if (key[c]) {
      WI_PLAN_EXPRS(t, node, e) {
        const wi_plan_expr *expr = &t->exprs.items[e];
        found = found || (expr->parent < 0 && expr->kind == WI_EXPR_COLUMN &&
                          expr->input == 0 && expr->column == c);
      }
    }
    n += found;
  }
  return n;
}

/* The key of the input, if all of its columns are outputs as they are. */
static void key_projected(wi_plan_needs *needs, const wi_plan *t, size_t node) {
  size_t input = wi_plan_input(t, node, 0);
  if (input == SIZE_MAX || !needs->has_key[input]) {
    return;
  }
  const bool *key = key_of(needs, t, input);
  size_t want = 0, columns = t->nodes.items[input].n_outputs;
  bool *found = key_of(needs, t, node);
  for (size_t c = 0; c < columns; c++) {
    want += key[c];
  }
  WI_PLAN_EXPRS(t, node, e) {
    const wi_plan_expr *expr = &t->exprs.items[e];
    if (expr->parent < 0 && expr->kind == WI_EXPR_COLUMN && expr->input == 0 &&
        expr->column < columns && key[expr->column]) {
      found[expr->ord] = true;
    }
  }
  needs->has_key[node] = distinct_columns(t, node, key, columns) == want;
}

static void find_key(wi_plan_needs *needs, const wi_plan *t, size_t node) {
  switch (t->nodes.items[node].kind) {
    case WI_NODE_AGGREGATE:
      key_groups(needs, t, node);
      return;
    case WI_NODE_PROJECTION:
      key_projected(needs, t, node);
      return;
    case WI_NODE_FILTER:
    case WI_NODE_SORT:
    case WI_NODE_LIMIT:
    case WI_NODE_ALIAS:
    case WI_NODE_SUBQUERY:
    case WI_NODE_WINDOW:
      key_passes(needs, t, node);
      return;
    case WI_NODE_DISTINCT:
      key_passes(needs, t, node);
      for (size_t c = 0; !needs->has_key[node] && c < t->nodes.items[node].n_outputs;
           c++) {
        key_of(needs, t, node)[c] = true;
      }
      needs->has_key[node] = true;
      return;
    case WI_NODE_JOIN:
    case WI_NODE_UNION:
    case WI_NODE_DISTINCT_ON:
    case WI_NODE_OTHER:
      return;
  }
}

weir_status wi_plan_needs_find(const wi_plan *t, wi_plan_needs *out, weir_error *err) {
  weir_status status = WEIR_OK;
  twin *twins = NULL;
  size_t n = 0;
  memset(out, 0, sizeof(*out));
  out->used = wi_alloc_array(t->outputs.n + 1, sizeof(bool));
  out->key = wi_alloc_array(t->outputs.n + 1, sizeof(bool));
  out->has_key = wi_alloc_array(t->nodes.n + 1, sizeof(bool));
  if (out->used == NULL || out->key == NULL || out->has_key == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(find_twins(t, &twins, &n, err));
  spread s = {t, out, true};
  while (s.changed) {
    s.changed = false;
    for (size_t i = 0; i < t->nodes.n; i++) {
      if (i == 0 || t->nodes.items[i].in_expr) {
        use_all(&s, i);
      }
      spread_node(&s, i);
    }
    share(&s, twins, n);
  }
  for (size_t i = t->nodes.n; i > 0; i--) {
    find_key(out, t, i - 1);
  }
done:
  wi_free(twins);
  if (status != WEIR_OK) {
    wi_plan_needs_release(out);
  }
  return status;
}

void wi_plan_needs_release(wi_plan_needs *needs) {
  wi_free(needs->used);
  wi_free(needs->key);
  wi_free(needs->has_key);
  memset(needs, 0, sizeof(*needs));
}
