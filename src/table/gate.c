/* The gate between staging and committing: every rule is a query over the staged files. */
#include <string.h>

#include "nanoarrow/nanoarrow.h"
#include "table/table.h"

#define WI_ORIGIN "gate"

#define GATE_SCHEMA   "weir_gate"
#define SAMPLE_ROWS   10
#define SAMPLE_FIELDS 12

typedef struct gate_check {
  char *name;
  char *sample_tail; /* FROM ... WHERE ...: the rows to show */
  wb_plan *plan;     /* one row: how many violate */
  bool is_key, not_null, unique;
} gate_check;

struct wi_gate {
  wi_session *session;
  char *label;
  struct ArrowSchema columns; /* as the checks know them; none without a check */
  char *sample_columns;       /* SELECT list of the flat columns, as text */
  char *sample_order;
  gate_check *checks;
  size_t n;
};

/* ---- building ---- */

static bool flat_text_column(const struct ArrowSchema *c) {
  return c->format[0] != '+' && strcmp(c->format, "vz") != 0;
}

/* "'a=' || coalesce(cast(a as text), 'NULL') || ', b=' ..." over the first flat columns. */
static weir_status sample_columns(wi_gate *gate, const struct ArrowSchema *schema,
                                  weir_error *err) {
  wi_buf list = WI_BUF_INIT, order = WI_BUF_INIT;
  int n = 0;
  for (int64_t i = 0; i < schema->n_children && n < SAMPLE_FIELDS; i++) {
    const struct ArrowSchema *c = schema->children[i];
    if (!flat_text_column(c)) {
      continue;
    }
    wi_buf label = WI_BUF_INIT;
    wi_buf_fmt(&label, "%s%s=", n > 0 ? ", " : "", c->name);
    wi_buf_str(&list, n > 0 ? " || " : "");
    wi_sql_string(&list, wi_buf_text(&label));
    wi_buf_str(&list, " || coalesce(arrow_cast(");
    wi_sql_ident(&list, c->name);
    wi_buf_str(&list, ", 'Utf8'), 'NULL')");
    wi_buf_str(&order, n > 0 ? ", " : "");
    wi_sql_ident(&order, c->name);
    wi_buf_release(&label);
    n++;
  }
  if (n == 0) {
    wi_buf_str(&list, "'(no plain columns)'");
    wi_buf_str(&order, "1");
  }
  gate->sample_columns = wi_buf_take(&list);
  gate->sample_order = wi_buf_take(&order);
  return gate->sample_columns != NULL && gate->sample_order != NULL
             ? WEIR_OK
             : wi_err_nomem(err, WI_ORIGIN);
}

static void columns_list(wi_buf *out, const wi_gate_rule *rule) {
  for (size_t i = 0; i < rule->n_columns; i++) {
    wi_buf_str(out, i > 0 ? ", " : "");
    wi_sql_ident(out, rule->columns[i]);
  }
}

static void null_test(wi_buf *out, const wi_gate_rule *rule, const char *test,
                      const char *joiner) {
  for (size_t i = 0; i < rule->n_columns; i++) {
    wi_buf_str(out, i > 0 ? joiner : "");
    wi_sql_ident(out, rule->columns[i]);
    wi_buf_str(out, test);
  }
}

/* The table's name in SQL. */
static void from_gate(wi_buf *out, const wi_gate *gate) {
  wi_buf_str(out, " FROM " GATE_SCHEMA ".");
  wi_sql_ident(out, gate->label);
}

static void rule_sql(const wi_gate *gate, const wi_gate_rule *rule, wi_buf *count,
                     wi_buf *tail) {
  if (rule->unique) {
    wi_buf_str(count, "SELECT count(*) AS n FROM (SELECT 1 AS one");
    from_gate(count, gate);
    wi_buf_str(count, " WHERE ");
    null_test(count, rule, " IS NOT NULL", " AND ");
    wi_buf_str(count, " GROUP BY ");
    columns_list(count, rule);
    wi_buf_str(count, " HAVING count(*) > 1) AS doubled");
    wi_buf_str(tail, " FROM (SELECT *, count(*) OVER (PARTITION BY ");
    columns_list(tail, rule);
    wi_buf_str(tail, ") AS weir_alike");
    from_gate(tail, gate);
    wi_buf_str(tail, " WHERE ");
    null_test(tail, rule, " IS NOT NULL", " AND ");
    wi_buf_str(tail, ") AS counted WHERE weir_alike > 1");
    return;
  }
  from_gate(tail, gate);
  wi_buf_str(tail, " WHERE ");
  if (rule->not_null) {
    null_test(tail, rule, " IS NULL", " OR ");
  } else {
    wi_buf_fmt(tail, "((%s)) IS NOT TRUE", rule->predicate);
  }
  wi_buf_fmt(count, "SELECT count(*) AS n%s", wi_buf_text(tail));
}

static weir_status plan_sql(wi_gate *gate, const char *sql, wb_plan **out,
                            weir_error *err) {
  wb_plan *logical = NULL;
  weir_status status = wi_query_plan(gate->session, sql, NULL, 0, &logical, out, err);
  wi_br_plan_free(gate->session->engine, &logical);
  return status;
}

static weir_status add_check(wi_gate *gate, const wi_gate_rule *rule, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf count = WI_BUF_INIT, tail = WI_BUF_INIT;
  gate_check *check = &gate->checks[gate->n];
  rule_sql(gate, rule, &count, &tail);
  WI_CHECK(wi_buf_check(&count, err, WI_ORIGIN));
  WI_CHECK(wi_buf_check(&tail, err, WI_ORIGIN));
  check->is_key = rule->is_key;
  check->not_null = rule->not_null;
  check->unique = rule->unique;
  check->name = wi_strdup(rule->name);
  check->sample_tail = wi_strdup(wi_buf_text(&tail));
  gate->n++;
  if (check->name == NULL || check->sample_tail == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  status = plan_sql(gate, wi_buf_text(&count), &check->plan, err);
  if (status != WEIR_OK) {
    /* The engine's place is one in our own SQL; the rule's place is what helps. */
    wi_err_where(err, rule->place.file, rule->place.line, rule->place.column);
    if (!check->unique && (status == WEIR_E_SQL_PLAN || status == WEIR_E_SQL_SYNTAX)) {
      wi_err_hint_replace(
          err, "a constraint is a condition on the view's columns, as \"n > 0\"");
    }
    wi_err_context(err, "constraint '%s'", rule->name);
  }
done:
  wi_buf_release(&count);
  wi_buf_release(&tail);
  return status;
}

static weir_status declare(wi_gate *gate, const struct ArrowSchema *schema,
                           weir_error *err) {
  struct ArrowSchema copy = {0};
  if (ArrowSchemaDeepCopy(schema, &copy) != NANOARROW_OK) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (int64_t i = 0; i < copy.n_children; i++) {
    /* What the header promises is what is checked here: the planner must not believe it. */
    copy.children[i]->flags |= ARROW_FLAG_NULLABLE;
  }
  weir_status status =
      ArrowSchemaDeepCopy(&copy, &gate->columns) == NANOARROW_OK
          ? wi_session_declare(gate->session, GATE_SCHEMA, gate->label, &copy, err)
          : wi_err_nomem(err, WI_ORIGIN);
  if (copy.release != NULL) {
    copy.release(&copy);
  }
  return status;
}

weir_status wi_gate_new(wi_session *session, const char *label,
                        const struct ArrowSchema *schema, const wi_gate_rule *rules,
                        size_t n, wi_gate **out, weir_error *err) {
  weir_status status = WEIR_OK;
  *out = NULL;
  wi_gate *gate = wi_alloc(sizeof(*gate));
  if (gate == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  gate->session = session;
  gate->label = wi_strdup(label);
  gate->checks = wi_alloc_array(n + 1, sizeof(*gate->checks));
  if (gate->label == NULL || gate->checks == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  if (n > 0) {
    WI_CHECK(sample_columns(gate, schema, err));
    WI_CHECK(declare(gate, schema, err));
  }
  for (size_t i = 0; i < n; i++) {
    WI_CHECK(add_check(gate, &rules[i], err));
  }
  *out = gate;
  gate = NULL;
done:
  wi_gate_free(&gate);
  return status;
}

void wi_gate_free(wi_gate **gate) {
  wi_gate *g = *gate;
  *gate = NULL;
  if (g == NULL) {
    return;
  }
  for (size_t i = 0; i < g->n; i++) {
    wi_free(g->checks[i].name);
    wi_free(g->checks[i].sample_tail);
    wi_br_plan_free(g->session->engine, &g->checks[i].plan);
  }
  wi_free(g->checks);
  if (g->label != NULL) {
    wi_session_undeclare(g->session, GATE_SCHEMA, g->label);
  }
  wi_free(g->label);
  if (g->columns.release != NULL) {
    g->columns.release(&g->columns);
  }
  wi_free(g->sample_columns);
  wi_free(g->sample_order);
  wi_free(g);
}

/* ---- running ---- */

typedef struct gate_run {
  wi_gate *gate;
  const wb_bind *bind;
  const wb_cancel *cancel;
  uint64_t memory;
} gate_run;

static wi_exec_room room_of(const gate_run *run) {
  return (wi_exec_room){run->memory, run->gate->session->threads, false};
}

static weir_status open_rows(const gate_run *run, const wb_plan *plan, wi_attempt attempt,
                             wi_cursor **out, wb_exec **exec, weir_error *err) {
  wi_session *s = run->gate->session;
  wi_br_exec_options options;
  struct ArrowArrayStream stream = {0};
  const wi_exec_room room = room_of(run);
  wi_exec_options(s, &room, attempt, &options);
  WI_TRY(wi_br_exec_new(s->engine, s->handle, plan, run->bind, &options, run->cancel,
                        exec, err));
  WI_TRY(wi_br_exec_stream(s->engine, *exec, &stream, err));
  return wi_cursor_open(&stream, out, err);
}

static weir_status count_once(const gate_run *run, const wb_plan *plan,
                              wi_attempt attempt, int64_t *n, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  wb_exec *exec = NULL;
  bool has = false;
  WI_CHECK(open_rows(run, plan, attempt, &rows, &exec, err));
  WI_CHECK(wi_cursor_next(rows, &has, err));
  *n = has ? wi_cursor_int(rows, 0) : 0;
done:
  wi_cursor_free(&rows);
  wi_br_exec_free(run->gate->session->engine, &exec);
  return status;
}

static weir_status count_of(const gate_run *run, const wb_plan *plan, int64_t *n,
                            weir_error *err) {
  weir_error first = WEIR_ERROR_INIT;
  const wi_exec_room room = room_of(run);
  wi_attempt attempt = WI_ATTEMPT_FIRST;
  weir_status status = count_once(run, plan, attempt, n, &first);
  if (wi_exec_again(status, &room, &attempt)) {
    weir_error again = WEIR_ERROR_INIT;
    status = wi_exec_said(count_once(run, plan, attempt, n, &again), &first, &again);
  }
  wi_err_move(err, &first);
  return status;
}

/* Up to ten of the offending rows, a line each. */
static weir_status sample_once(const gate_run *run, const gate_check *check,
                               wi_attempt attempt, wi_buf *out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_gate *gate = run->gate;
  wi_buf sql = WI_BUF_INIT;
  wb_plan *plan = NULL;
  wi_cursor *rows = NULL;
  wb_exec *exec = NULL;
  bool has = false;
  wi_buf_fmt(&sql, "SELECT %s AS offending%s ORDER BY %s LIMIT %d", gate->sample_columns,
             check->sample_tail, gate->sample_order, SAMPLE_ROWS);
  WI_CHECK(wi_buf_check(&sql, err, WI_ORIGIN));
  WI_CHECK(plan_sql(gate, wi_buf_text(&sql), &plan, err));
  WI_CHECK(open_rows(run, plan, attempt, &rows, &exec, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    wi_str text = wi_cursor_text(rows, 0);
    wi_buf_fmt(out, "    {" WI_STR_FMT "}\n", WI_STR_ARG(text));
  }
done:
  wi_cursor_free(&rows);
  wi_br_exec_free(gate->session->engine, &exec);
  wi_br_plan_free(gate->session->engine, &plan);
  wi_buf_release(&sql);
  return status;
}

static void cut_to(wi_buf *out, size_t n) {
  if (!out->failed && out->n > n) {
    out->n = n;
    out->p[n] = '\0';
  }
}

/* That there are offending rows is known: where they do not fit, it is said without them. */
static weir_status sample(const gate_run *run, const gate_check *check, wi_buf *out,
                          weir_error *err) {
  weir_error why = WEIR_ERROR_INIT;
  const wi_exec_room room = room_of(run);
  wi_attempt attempt = WI_ATTEMPT_FIRST;
  size_t at = out->n;
  weir_status status = sample_once(run, check, attempt, out, &why);
  if (wi_exec_again(status, &room, &attempt)) {
    weir_error_release(&why);
    cut_to(out, at);
    status = sample_once(run, check, attempt, out, &why);
  }
  if (status == WEIR_E_MEMORY) {
    cut_to(out, at);
    wi_buf_fmt(out, "    (no rows: %s)\n", why.message);
    weir_error_release(&why);
    return WEIR_OK;
  }
  wi_err_move(err, &why);
  return status;
}

static const char *what_violates(const gate_check *check, bool one) {
  if (check->unique) {
    return one ? "value that more than one row has" : "values that more than one row has";
  }
  if (check->is_key) {
    return one ? "row where it is null" : "rows where it is null";
  }
  return one ? "row violates it" : "rows violate it";
}

static weir_status run_checks(const gate_run *run, weir_error *err) {
  weir_status status = WEIR_OK, verdict = WEIR_OK;
  wi_buf summary = WI_BUF_INIT, rows = WI_BUF_INIT;
  for (size_t i = 0; i < run->gate->n; i++) {
    const gate_check *check = &run->gate->checks[i];
    int64_t n = 0;
    WI_CHECK(count_of(run, check->plan, &n, err));
    if (n == 0) {
      continue;
    }
    if (verdict != WEIR_E_KEY_VIOLATED) {
      verdict = check->is_key ? WEIR_E_KEY_VIOLATED : WEIR_E_CONSTRAINT;
    }
    wi_buf_fmt(&summary, "%s'%s': %lld %s", summary.n > 0 ? "; " : "", check->name,
               (long long)n, what_violates(check, n == 1));
    wi_buf_fmt(&rows, "  %s:\n", check->name);
    WI_CHECK(sample(run, check, &rows, err));
  }
  if (verdict != WEIR_OK) {
    wi_err_hint(err, "the table is as it was; correct the query or its inputs");
    status = WI_ERR(err, verdict, "%s", wi_buf_text(&summary));
    wi_err_detail(err, wi_buf_text(&rows), rows.n);
  }
done:
  wi_buf_release(&summary);
  wi_buf_release(&rows);
  return status;
}

weir_status wi_gate_run(wi_gate *gate, wi_store *store, const wi_staged *staged,
                        const char *const *partition_columns, size_t n_partition_columns,
                        uint64_t memory, const wb_cancel *cancel, weir_error *err) {
  weir_status status = WEIR_OK;
  wb_bind *bind = NULL;
  if (gate->n == 0) {
    return WEIR_OK;
  }
  WI_CHECK(wi_br_bind_new(gate->session->engine, &bind, err));
  wi_staged_rows rows = {store, &gate->columns, partition_columns, n_partition_columns,
                         staged};
  WI_CHECK(
      wi_staged_bind(&rows, gate->session->engine, bind, GATE_SCHEMA, gate->label, err));
  gate_run run = {gate, bind, cancel, memory};
  WI_CHECK(run_checks(&run, err));
done:
  wi_br_bind_free(gate->session->engine, &bind);
  return status;
}

weir_status wi_gate_run_snapshot(wi_gate *gate, const wi_snap *snap, uint64_t memory,
                                 const wb_cancel *cancel, weir_error *err) {
  weir_status status = WEIR_OK;
  wb_bind *bind = NULL;
  if (gate->n == 0) {
    return WEIR_OK;
  }
  WI_CHECK(wi_br_bind_new(gate->session->engine, &bind, err));
  WI_CHECK(wi_snap_bind(snap, bind, GATE_SCHEMA, gate->label, err));
  gate_run run = {gate, bind, cancel, memory};
  WI_CHECK(run_checks(&run, err));
done:
  wi_br_bind_free(gate->session->engine, &bind);
  return status;
}
