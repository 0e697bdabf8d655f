/* Exact aggregates in the place of float sums, whose last bits depend on the order of additions:
 * the calls that a rule of the session is for, and the edits that replace them. */
#include <string.h>

#include "plan/private.h"
#include "plan/tables.h"

#define WI_ORIGIN "plan"

static weir_status add_edit(wi_exact *x, wi_br_edit_kind kind, const wi_plan_expr *call,
                            const char *function, weir_error *err) {
  wi_br_edit *edit = wi_vec_add(&x->edits);
  if (edit == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *edit = (wi_br_edit){kind, (uint32_t)call->node, (uint32_t)call->ord, 0, function};
  return WEIR_OK;
}

static weir_status add_rule(wi_exact *x, const char *name, weir_error *err) {
  for (size_t i = 0; i < x->rules.n; i++) {
    if (strcmp(x->rules.items[i], name) == 0) {
      return WEIR_OK;
    }
  }
  const char **place = wi_vec_add(&x->rules);
  if (place == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *place = name;
  return WEIR_OK;
}

/* The first argument, which stands behind the call; NULL: it has none. */
static const wi_plan_expr *argument(const wi_plan *t, size_t call) {
  const wi_plan_expr *next = call + 1 < t->exprs.n ? &t->exprs.items[call + 1] : NULL;
  return next != NULL && next->parent == (int64_t)call ? next : NULL;
}

static bool holds(const wi_br_rule *rule, const wi_plan_expr *arg) {
  return rule->type_class == WI_T_ANY ||
         (rule->type_class == WI_T_FLOAT64 && (arg->flags & WI_BR_EXPR_IS_FLOAT) != 0);
}

/* An aggregate of the engine's, over groups or over a window, of one argument. */
static const wi_br_rule *rule_for(const wi_plan *t, size_t e) {
  const wi_plan_expr *expr = &t->exprs.items[e];
  bool over = expr->kind == WI_EXPR_AGGREGATE ||
              (expr->kind == WI_EXPR_WINDOW && (expr->flags & WI_BR_EXPR_AGGREGATE) != 0);
  size_t n = 0;
  const wi_br_rule *rules = wi_session_rule_list(&n);
  if (!over || expr->parent >= 0 || expr->call->host || expr->call->args != 1) {
    return NULL;
  }
  const wi_plan_expr *arg = argument(t, e);
  for (size_t i = 0; arg != NULL && i < n; i++) {
    if (rules[i].kind == WI_BR_RULE_REPLACE && wi_str_eq(expr->op, rules[i].name) &&
        holds(&rules[i], arg)) {
      return &rules[i];
    }
  }
  return NULL;
}

/* The engine casts integers to floats where it knows a function of floats only. */
static bool casts_integers(const wi_plan *t, size_t call) {
  const wi_plan_expr *arg = argument(t, call);
  if (arg == NULL || arg->kind != WI_EXPR_CAST ||
      (arg->flags & WI_BR_EXPR_IS_FLOAT) == 0) {
    return false;
  }
  const wi_plan_expr *below = argument(t, (size_t)(arg - t->exprs.items));
  return below != NULL && (below->flags & WI_BR_EXPR_IS_INTEGER) != 0;
}

/* The call as it is with the edits: of a function of ours, to which no order matters. Its order
 * keys are no expressions of the node any more. */
static weir_status edited(wi_exact *x, size_t call, bool drops_order, weir_error *err) {
  wi_plan_expr *exprs = x->plan.exprs.items;
  wi_plan_call *made = wi_arena_alloc(&x->plan.arena, sizeof(*made));
  if (made == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *made = *exprs[call].call;
  made->host = true;
  made->fn = NULL;
  made->ignore_nulls = false;
  made->order_keys = drops_order ? 0 : made->order_keys;
  exprs[call].call = made;
  for (size_t e = call + 1; drops_order && e < x->plan.exprs.n; e++) {
    int64_t up = exprs[e].parent;
    bool key = up == (int64_t)call && exprs[e].kind == WI_EXPR_SORT_KEY;
    bool below = up > (int64_t)call && exprs[up].node == SIZE_MAX;
    exprs[e].node = key || below ? SIZE_MAX : exprs[e].node;
  }
  return WEIR_OK;
}

static weir_status replace(wi_exact *x, size_t e, const wi_br_rule *rule,
                           weir_error *err) {
  const wi_plan_expr *call = &x->plan.exprs.items[e];
  bool drops = call->kind == WI_EXPR_AGGREGATE && call->call->order_keys > 0;
  WI_TRY(add_rule(x, rule->name, err));
  if ((rule->flags & WI_BR_RULE_STRIP_CAST) != 0 && casts_integers(&x->plan, e)) {
    WI_TRY(add_edit(x, WI_BR_EDIT_STRIP_CAST, call, NULL, err));
  }
  if (drops) {
    WI_TRY(add_edit(x, WI_BR_EDIT_DROP_ORDER, call, NULL, err));
  }
  /* A sum, a mean or a deviation leaves nulls out in any case. */
  if (call->call->ignore_nulls) {
    WI_TRY(add_edit(x, WI_BR_EDIT_DROP_NULLS, call, NULL, err));
  }
  WI_TRY(add_edit(x, WI_BR_EDIT_SET_FUNCTION, call, rule->function, err));
  return edited(x, e, drops, err);
}

weir_status wi_plan_exact(const wi_plan *t, wi_exact *out, weir_error *err) {
  weir_status status = WEIR_OK;
  memset(out, 0, sizeof(*out));
  out->plan = *t;
  memset(&out->plan.arena, 0, sizeof(out->plan.arena));
  out->plan.exprs.items = wi_alloc_array(t->exprs.n + 1, sizeof(*t->exprs.items));
  if (out->plan.exprs.items == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (t->exprs.n > 0) {
    memcpy(out->plan.exprs.items, t->exprs.items, t->exprs.n * sizeof(*t->exprs.items));
  }
  for (size_t e = 0; e < t->exprs.n; e++) {
    const wi_br_rule *rule = t->exprs.items[e].call != NULL ? rule_for(t, e) : NULL;
    if (rule != NULL) {
      WI_CHECK(replace(out, e, rule, err));
    }
  }
done:
  if (status != WEIR_OK) {
    wi_exact_release(out);
  }
  return status;
}

void wi_exact_release(wi_exact *exact) {
  wi_free(exact->plan.exprs.items);
  wi_arena_release(&exact->plan.arena);
  wi_free(exact->edits.items);
  wi_free(exact->rules.items);
  memset(exact, 0, sizeof(*exact));
}
