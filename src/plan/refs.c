/* What a statement names, from its syntax tree. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "udf/udf.h"

#define WI_ORIGIN "plan"

typedef wi_vec(wi_ref) ref_list;

/* `args` with p NULL: none. */
static weir_status add_ref(ref_list *list, wi_str name, wi_str args, uint32_t line,
                           uint32_t column, weir_error *err) {
  wi_ref *ref = wi_vec_add(list);
  if (ref == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  ref->name = wi_strndup(name.p, name.n);
  ref->args = args.p != NULL ? wi_strndup(args.p, args.n) : NULL;
  ref->line = line;
  ref->column = column;
  if (ref->name == NULL || (args.p != NULL && ref->args == NULL)) {
    wi_free(ref->name);
    wi_free(ref->args);
    list->n--;
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return WEIR_OK;
}

static int by_name_and_args(const wi_ref *x, const wi_ref *y) {
  int c = strcmp(x->name, y->name);
  return c != 0 || x->args == NULL || y->args == NULL ? c : strcmp(x->args, y->args);
}

static int by_name_then_place(const void *a, const void *b) {
  const wi_ref *x = a, *y = b;
  int c = by_name_and_args(x, y);
  if (c != 0) {
    return c;
  }
  if (x->line != y->line) {
    return x->line < y->line ? -1 : 1;
  }
  return x->column < y->column ? -1 : x->column > y->column;
}

/* Sorted, the first place of each name (and arguments) kept; the list's storage moves to the outputs. */
static void settle(ref_list *list, wi_ref **out, size_t *n_out) {
  size_t n = 0;
  if (list->n > 0) {
    qsort(list->items, list->n, sizeof(*list->items), by_name_then_place);
  }
  for (size_t i = 0; i < list->n; i++) {
    if (n > 0 && by_name_and_args(&list->items[n - 1], &list->items[i]) == 0) {
      wi_free(list->items[i].name);
      wi_free(list->items[i].args);
    } else {
      list->items[n++] = list->items[i];
    }
  }
  *out = list->items;
  *n_out = n;
  memset(list, 0, sizeof(*list));
}

static void list_free(wi_ref *items, size_t n) {
  for (size_t i = 0; i < n; i++) {
    wi_free(items[i].name);
    wi_free(items[i].args);
  }
  wi_free(items);
}

enum { RELATION, FUNCTION, TABLE_FUNCTION, PARAMETER, N_KINDS };

static weir_status read_row(const wi_cursor *rows, ref_list *lists, wi_refs *out,
                            weir_error *err) {
  static const char *const kinds[N_KINDS] = {"relation", "function", "table_function",
                                             "parameter"};
  wi_str kind = wi_cursor_text(rows, 0), name = wi_cursor_text(rows, 1);
  uint32_t line = (uint32_t)wi_cursor_int(rows, 2),
           column = (uint32_t)wi_cursor_int(rows, 3);
  wi_str args = {0};
  if (!wi_cursor_null(rows, 4)) {
    args = wi_cursor_text(rows, 4);
  }
  for (int k = 0; k < N_KINDS; k++) {
    if (wi_str_eq(kind, kinds[k])) {
      return add_ref(&lists[k], name, args, line, column, err);
    }
  }
  if (wi_str_eq(kind, "statement")) {
    wi_free(out->statement);
    wi_free(out->words);
    out->statement = wi_strndup(name.p, name.n);
    out->words = wi_strndup(args.p != NULL ? args.p : "", args.n);
    return out->statement != NULL && out->words != NULL ? WEIR_OK
                                                        : wi_err_nomem(err, WI_ORIGIN);
  }
  return WI_ERR(err, WEIR_E_BUG,
                "the engine told of a reference of kind '" WI_STR_FMT "'",
                WI_STR_ARG(kind));
}

/* The operators whose first two arguments are relations. */
static const char **relation_operators(size_t *n) {
  size_t all = 0;
  const wi_fn *const *list = wi_udf_list(&all);
  const char **names = wi_alloc_array(all + 1, sizeof(*names));
  *n = 0;
  for (size_t i = 0; i < all && names != NULL; i++) {
    if (list[i]->kind == WI_FN_RELATION) {
      names[(*n)++] = list[i]->name;
    }
  }
  return names;
}

weir_status wi_refs_read(wi_engine *engine, const char *sql, wi_refs *out,
                         weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  ref_list lists[N_KINDS];
  const char **operators = NULL;
  size_t n_operators = 0;
  bool has = false;
  memset(out, 0, sizeof(*out));
  memset(lists, 0, sizeof(lists));
  operators = relation_operators(&n_operators);
  if (operators == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(wi_br_sql_refs(engine, sql, operators, n_operators, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    WI_CHECK(read_row(rows, lists, out, err));
  }
  if (out->statement == NULL) {
    status = WI_ERR(err, WEIR_E_BUG, "the engine did not tell the kind of the statement");
  }
done:
  settle(&lists[RELATION], &out->relations, &out->n_relations);
  settle(&lists[FUNCTION], &out->functions, &out->n_functions);
  settle(&lists[TABLE_FUNCTION], &out->table_functions, &out->n_table_functions);
  settle(&lists[PARAMETER], &out->params, &out->n_params);
  if (status != WEIR_OK) {
    wi_refs_release(out);
  }
  wi_free(operators);
  wi_cursor_free(&rows);
  return status;
}

void wi_refs_release(wi_refs *refs) {
  list_free(refs->relations, refs->n_relations);
  list_free(refs->functions, refs->n_functions);
  list_free(refs->table_functions, refs->n_table_functions);
  list_free(refs->params, refs->n_params);
  wi_free(refs->statement);
  wi_free(refs->words);
  memset(refs, 0, sizeof(*refs));
}

bool wi_refs_only_read(const wi_refs *refs) {
  return strcmp(refs->statement, "query") == 0 || strcmp(refs->statement, "explain") == 0;
}
