/* What makes a result depend on more than its inputs: volatile functions, clocks, order that
 * nothing fixes, and float sums whose last bits depend on the order of additions. */
#include <string.h>

#include "plan/private.h"

#define WI_ORIGIN "plan"

static bool contains(wi_str text, const char *piece) {
  return text.n > 0 && memmem(text.p, text.n, piece, strlen(piece)) != NULL;
}

static bool is_one_of(wi_str name, const char *const *list, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (wi_str_eq(name, list[i])) {
      return true;
    }
  }
  return false;
}

/* Aggregates and windows over floats that only compare or pick: their bits do not depend on
 * the order of rows. */
static bool picks(wi_str name) {
  static const char *const list[] = {
      "min",        "max",          "count",      "median",         "first_value",
      "last_value", "nth_value",    "array_agg",  "row_number",     "rank",
      "dense_rank", "percent_rank", "cume_dist",  "ntile",          "lag",
      "lead",       "bool_and",     "bool_or",    "bit_and",        "bit_or",
      "bit_xor",    "grouping",     "string_agg", "percentile_cont"};
  return is_one_of(name, list, sizeof(list) / sizeof(list[0]));
}

/* Answers depend on which row comes first. */
static bool needs_order(wi_str name) {
  static const char *const list[] = {"array_agg", "first_value", "last_value",
                                     "nth_value", "string_agg",  "row_number",
                                     "ntile",     "lag",         "lead"};
  return is_one_of(name, list, sizeof(list) / sizeof(list[0]));
}

/* `op` tells "order=N"; N = 0 is no order at all. */
static bool has_order(wi_str op) {
  return !contains(op, " order=0 ");
}

/* A frame of some of the rows before and after: which ones depends on their order. */
static bool counts_rows(wi_str op) {
  return contains(op, " frame=rows ") &&
         !contains(op, " frame=rows from unbounded preceding to unbounded following");
}

static weir_status refuse_volatile(wi_str name, weir_error *err) {
  bool clock = wi_str_eq(name, "now") || contains(name, "current_");
  return WI_ERR_HINT(
      err, WEIR_E_VOLATILE,
      clock ? "declare a parameter with `default: run_time` (or run_date) and name "
              "it as $name, or write `determinism: relaxed` in the header"
            : "take it out, or write `determinism: relaxed` in the header",
      WI_STR_FMT "() can give another result for the same inputs", WI_STR_ARG(name));
}

static weir_status refuse_unordered(wi_str name, bool window, weir_error *err) {
  if (window) {
    wi_err_hint(err, "add ORDER BY to its OVER (...)");
  } else if (wi_str_eq(name, "array_agg")) {
    wi_err_hint(err, "add ORDER BY inside the call, or write array_sort(array_agg(...))");
  } else {
    wi_err_hint(err, "add ORDER BY inside the call");
  }
  return WI_ERR(err, WEIR_E_ORDER_NEEDED,
                WI_STR_FMT "() without ORDER BY takes rows in no fixed order",
                WI_STR_ARG(name));
}

static weir_status check_order(wi_engine *engine, const wb_plan *plan,
                               const wi_cursor *rows, wi_str name, bool window,
                               weir_error *err) {
  bool sorted = false;
  if (!window && wi_str_eq(name, "array_agg")) {
    WI_TRY(wi_agg_is_sorted(engine, plan, wi_cursor_int(rows, 1), wi_cursor_int(rows, 3),
                            &sorted, err));
  }
  return sorted ? WEIR_OK : refuse_unordered(name, window, err);
}

static weir_status check_expr(wi_engine *engine, const wb_plan *plan,
                              const wi_cursor *rows, bool strict, wi_strict_facts *out,
                              weir_error *err) {
  wi_str kind = wi_cursor_text(rows, 6), op = wi_cursor_text(rows, 7);
  wi_str volatility = wi_cursor_text(rows, 11), type = wi_cursor_text(rows, 12);
  wi_str name = wi_op_name(op);
  bool aggregate = wi_str_eq(kind, "aggregate_function");
  bool window = wi_str_eq(kind, "window_function");
  if (wi_str_eq(volatility, "volatile") || wi_str_eq(volatility, "stable")) {
    out->is_volatile = true;
    if (strict) {
      return refuse_volatile(name, err);
    }
  }
  if (!aggregate && !window) {
    return WEIR_OK;
  }
  if (strict && !has_order(op) && (needs_order(name) || counts_rows(op))) {
    WI_TRY(check_order(engine, plan, rows, name, window, err));
  }
  /* Functions of C do not depend on the order of rows, by their contract. */
  bool host = wi_str_eq(wi_cursor_text(rows, 9), "host");
  if (contains(type, "float") && !picks(name) && !host) {
    out->order_sensitive = true;
  }
  return WEIR_OK;
}

/* LIMIT and DISTINCT ON keep some rows; which ones must not be left to chance. */
typedef struct node_row {
  int64_t parent;
  bool unsorted_on;         /* DISTINCT ON without ORDER BY */
  bool limit, sort, passes; /* passes: keeps the order of its one input */
} node_row;

static bool node_passes(wi_str kind) {
  return wi_str_eq(kind, "projection") || wi_str_eq(kind, "alias") ||
         wi_str_eq(kind, "subquery") || wi_str_eq(kind, "limit") ||
         wi_str_eq(kind, "filter");
}

static weir_status check_limits(const node_row *nodes, size_t n, weir_error *err) {
  for (size_t i = 0; i < n; i++) {
    if (nodes[i].unsorted_on) {
      return WI_ERR_HINT(
          err, WEIR_E_ORDER_NEEDED,
          "add ORDER BY: the columns of DISTINCT ON first, then what decides",
          "DISTINCT ON without ORDER BY keeps rows in no fixed order");
    }
    if (!nodes[i].limit) {
      continue;
    }
    /* In pre-order the first child of a node directly follows it. */
    size_t at = i + 1;
    while (at < n && nodes[at].passes && !nodes[at].sort) {
      at++;
    }
    if (at >= n || !nodes[at].sort) {
      return WI_ERR_HINT(err, WEIR_E_ORDER_NEEDED, "add ORDER BY before LIMIT",
                         "LIMIT without ORDER BY keeps rows in no fixed order");
    }
  }
  return WEIR_OK;
}

static weir_status strict_limits(wi_engine *engine, const wb_plan *plan,
                                 weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  node_row *nodes = NULL;
  size_t n = 0, cap = 0;
  bool has = false;
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_NODES, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    if (n == cap && !wi_vec_grow(&nodes, &cap, sizeof(*nodes))) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
    wi_str kind = wi_cursor_text(rows, 3);
    nodes[n].parent = wi_cursor_int(rows, 1);
    nodes[n].unsorted_on =
        wi_str_eq(kind, "distinct_on") && contains(wi_cursor_text(rows, 4), " sort=none");
    nodes[n].limit = wi_str_eq(kind, "limit");
    nodes[n].sort = wi_str_eq(kind, "sort");
    nodes[n].passes = node_passes(kind);
    n++;
  }
  status = check_limits(nodes, n, err);
done:
  wi_free(nodes);
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_strict_check(wi_engine *engine, const wb_plan *plan, bool strict,
                            wi_strict_facts *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  memset(out, 0, sizeof(*out));
  WI_CHECK(wi_br_plan_table_read(engine, plan, WI_BR_PLAN_EXPRS, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    WI_CHECK(check_expr(engine, plan, rows, strict, out, err));
  }
  if (strict) {
    WI_CHECK(strict_limits(engine, plan, err));
  }
done:
  wi_cursor_free(&rows);
  return status;
}
