/* A plan as C has it: its tables, read once and never changed. Nodes and expressions are numbered
 * from the top down; what is below a node has the numbers up to its end. Texts live as long as
 * the plan. */
#ifndef WI_PLAN_TABLES_H
#define WI_PLAN_TABLES_H

#include "plan/plan.h"

/* ---- what the order of rows means to a function (order.c, tables/order.def) ---- */
typedef enum wi_order_need {
  WI_ORDER_FREE,
  WI_ORDER_NEEDED,
  WI_ORDER_NEVER
} wi_order_need;
typedef enum wi_picks {
  WI_PICKS_FIRST,
  WI_PICKS_LAST,
  WI_PICKS_NTH,
  WI_PICKS_LIST,
  WI_PICKS_PLACE,
  WI_PICKS_PEERS,
  WI_PICKS_SET,
  WI_PICKS_SUM,
  WI_PICKS_SKETCH
} wi_picks;
typedef struct wi_order_fn {
  const char *name;
  wi_order_need order;
  wi_picks picks;
} wi_order_fn;
/* NULL: the list does not have it. */
const wi_order_fn *wi_order_fn_find(wi_str name);

typedef enum wi_node_kind { /* those that somebody asks for */
                            WI_NODE_OTHER,
                            WI_NODE_PROJECTION,
                            WI_NODE_FILTER,
                            WI_NODE_WINDOW,
                            WI_NODE_AGGREGATE,
                            WI_NODE_SORT,
                            WI_NODE_JOIN,
                            WI_NODE_UNION,
                            WI_NODE_SUBQUERY,
                            WI_NODE_ALIAS,
                            WI_NODE_LIMIT,
                            WI_NODE_DISTINCT,
                            WI_NODE_DISTINCT_ON
} wi_node_kind;
typedef struct wi_plan_node {
  int64_t parent, child, subquery_of;
  wi_node_kind kind;
  wi_str word, variant, detail; /* word: of the kind */
  int64_t flags, count;
  bool in_expr; /* the plan of a subquery within an expression of the parent */
  bool hosts;   /* has such subqueries */
  bool fetches; /* a sort that keeps the first rows only */
  size_t end;
  size_t output, n_outputs; /* the first one in `outputs` */
  size_t expr, expr_end;    /* its own, with those of its subqueries between them */
  uint64_t hash;            /* of the row alone, without names */
} wi_plan_node;

typedef enum wi_expr_kind {
  WI_EXPR_OTHER,
  WI_EXPR_COLUMN,
  WI_EXPR_AGGREGATE,
  WI_EXPR_WINDOW,
  WI_EXPR_SORT_KEY,
  WI_EXPR_CAST,
  WI_EXPR_SORTING, /* array_sort */
  WI_EXPR_SETS     /* GROUPING SETS and the like */
} wi_expr_kind;
typedef enum wi_role {
  WI_ROLE_OTHER,
  WI_ROLE_PROJECT,
  WI_ROLE_GROUP,
  WI_ROLE_AGG,
  WI_ROLE_WINDOW,
  WI_ROLE_DISTINCT_SELECT,
  WI_ROLE_DISTINCT_SORT
} wi_role;
typedef struct wi_plan_call { /* of an aggregate or window function */
  const wi_order_fn *fn;      /* NULL: not in the list, or not the engine's */
  int64_t args, partition_keys, order_keys;
  bool host, distinct, ignore_nulls;
  bool floats; /* in its result */
  wi_br_frame frame;
  wi_br_bound from, to;
  wi_str from_by, to_by;
} wi_plan_call;
typedef struct wi_plan_expr {
  size_t node;
  int64_t parent, child; /* the parent's n-th */
  wi_role role;
  int64_t ord; /* of the root in its role */
  wi_expr_kind kind;
  wi_str role_word, word, op, identity, origin, literal, type, detail;
  int64_t flags; /* wi_br_expr_flag */
  int64_t number, depth;
  bool unstable;            /* volatile or stable */
  const char *name;         /* of a function; NULL */
  const wi_plan_call *call; /* NULL: not of those functions */
  int64_t input;            /* of a column, with its index there; -1 */
  size_t column;
  uint32_t line, place; /* in the SQL, of a subquery; 0: not known */
  bool outer;           /* the column is one of a query around; then it has no input */
  int64_t outer_input;
  uint64_t hash;
} wi_plan_expr;

typedef struct wi_plan_output {
  size_t node;
  int64_t ord;
  wi_br_sorts sorts;
  wi_str name, type, metadata;
  bool nullable;
} wi_plan_output;

typedef struct wi_plan_scan {
  size_t node;
  wi_str schema, table, provider, tag, projection;
  int64_t fetch, filters;
} wi_plan_scan;

typedef struct wi_plan_unnest {
  size_t node;
  wi_str word;
  int64_t input, output, depth;
} wi_plan_unnest;

typedef struct wi_plan_used { /* what of the session's it was made with */
  wi_str kind, name;
} wi_plan_used;

typedef struct wi_plan {
  wi_arena arena;
  wi_vec(wi_plan_node) nodes;
  wi_vec(wi_plan_output) outputs;
  wi_vec(wi_plan_expr) exprs;
  wi_vec(wi_plan_scan) scans;
  wi_vec(wi_plan_unnest) unnests;
  wi_vec(wi_plan_used) used;
} wi_plan;

/* The input `ord` of a node; SIZE_MAX: it has fewer. */
size_t wi_plan_input(const wi_plan *t, size_t node, int64_t ord);
/* Whether two nodes are the same in all but names, with all that is below them; a hash, so
 * what follows from it must be right for others too. */
uint64_t wi_plan_subtree(const wi_plan *t, size_t node);
/* For each expression of a node, those of subqueries left out: for (size_t e = ...; ...) */
size_t wi_plan_expr_next(const wi_plan *t, size_t node, size_t from);
#define WI_PLAN_EXPRS(t, node, e)                                              \
  for (size_t e = wi_plan_expr_next((t), (node), (t)->nodes.items[node].expr); \
       e < (t)->nodes.items[node].expr_end; e = wi_plan_expr_next((t), (node), e + 1))

/* ---- which columns matter (needs.c) ---- */
typedef struct wi_plan_needs {
  bool *used; /* by output: whether somebody above reads it */
  bool
      *key; /* by output: one of those that no two rows have alike, if the node has_key */
  bool *has_key;
} wi_plan_needs;
weir_status wi_plan_needs_find(const wi_plan *t, wi_plan_needs *out, weir_error *err);
void wi_plan_needs_release(wi_plan_needs *needs);

/* ---- what is refused always (allowed.c) ---- */
/* READ_ONLY, NOT_IN_CORRELATED. */
weir_status wi_plan_allowed(const wi_plan *t, weir_error *err);

/* ---- exact aggregates in the place of others (exact.c) ---- */
typedef struct wi_exact {
  wi_plan
      plan; /* as it is with the edits; it borrows the texts of the one that was edited */
  wi_vec(wi_br_edit) edits;
  wi_vec(const char *) rules; /* those that were applied, by name, each once */
} wi_exact;
/* What the session's rules (WI_BR_RULE_REPLACE) do to a plan. */
weir_status wi_plan_exact(const wi_plan *t, wi_exact *out, weir_error *err);
void wi_exact_release(wi_exact *exact);

/* ---- strict determinism ---- */
/* Is aggregate `ord` of that node read by nothing but array_sort (ordered.c)? */
bool wi_agg_is_sorted(const wi_plan *t, size_t node, int64_t ord);
/* The sort that gives a node its order of rows, through what keeps it; SIZE_MAX: none. */
size_t wi_plan_sort_below(const wi_plan *t, size_t node);
/* The edits that break ties, to be freed with wi_free (ties.c); ORDER_NEEDED where that cannot
 * be. */
weir_status wi_plan_ties(const wi_plan *t, wi_br_edit **edits, size_t *n,
                         weir_error *err);

#endif
