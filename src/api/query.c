/* Queries: planned once, executed once, as a stream. */
#include <string.h>

#include "api/private.h"

#define WI_ORIGIN "api"

#define BATCH_ROWS 8192

struct weir_query {
  wi_session *session;
  wi_engine *engine;
  wb_plan *logical, *optimized;
  wb_exec *exec;
  wb_cancel *cancel;
};

static void bind_values(const weir_parameter *from, size_t n, wi_br_value *to) {
  for (size_t i = 0; i < n; i++) {
    to[i].name = from[i].name;
    to[i].type = (int32_t)from[i].type;
    to[i].is_null = from[i].is_null != 0;
    to[i].i64 = from[i].i64;
    to[i].f64 = from[i].f64;
    to[i].text = from[i].text;
  }
}

static void hint_names(const char *const *names, size_t n, weir_error *err) {
  wi_buf hint = WI_BUF_INIT;
  for (size_t i = 0; i < n; i++) {
    wi_buf_fmt(&hint, "%s%s", i == 0 ? "the tables are " : ", ", names[i]);
  }
  if (n > 0) {
    wi_err_hint(err, "%s", wi_buf_text(&hint));
  }
  wi_buf_release(&hint);
}

/* Every relation must be registered; the engine's own message would name no neighbours. */
static weir_status check_relations(wi_session *s, const wi_refs *refs, weir_error *err) {
  weir_status status = WEIR_OK;
  char near[256] = "";
  const char **names = NULL;
  names = wi_alloc_array(s->inputs.n + 1, sizeof(*names));
  for (size_t i = 0; names != NULL && i < s->inputs.n; i++) {
    names[i] = ((const wi_input *)s->inputs.entries[i].value)->name;
  }
  for (size_t i = 0; i < refs->n_relations && names != NULL; i++) {
    const char *plain = wi_relation_plain(refs->relations[i].name);
    if (plain == NULL || wi_session_input(s, WI_SCHEMA_MAIN, plain) != NULL) {
      continue; /* other schemas: the engine knows information_schema and the records */
    }
    wi_nearest(plain, names, s->inputs.n, near, sizeof(near));
    if (near[0] != '\0') {
      wi_err_hint(err, "did you mean %s?", near);
    } else {
      hint_names(names, s->inputs.n, err);
    }
    status = WI_ERR(err, WEIR_E_UNKNOWN_TABLE, "there is no table '%s'", plain);
    wi_err_where(err, NULL, refs->relations[i].line, refs->relations[i].column);
    goto done;
  }
  for (size_t i = 0; i < refs->n_table_functions; i++) {
    const wi_ref *f = &refs->table_functions[i];
    status = wi_table_function_check(f->name, err);
    if (status != WEIR_OK) {
      wi_err_where(err, NULL, f->line, f->column);
      goto done;
    }
  }
done:
  wi_free(names);
  return status;
}

/* What the statement's table functions open, pinned now; none where it is refused anyway. */
static weir_status open_calls(wi_session *s, wi_br_statement *statement, wi_calls *read,
                              wi_br_call *calls, weir_error *err) {
  for (size_t i = 0; i < read->n; i++) {
    WI_TRY(wi_session_call(s, &read->items[i], &calls[i], err));
    statement->n_calls = i + 1;
  }
  return WEIR_OK;
}

static weir_status plan_query(weir_query *q, wi_br_statement *statement,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  wi_session *s = q->session;
  wi_refs refs = {0};
  wi_calls read = {0};
  wi_br_call *calls = NULL;
  WI_CHECK(wi_refs_read(s->engine, statement->sql, &refs, err));
  if (wi_refs_only_read(&refs)) {
    WI_CHECK(check_relations(s, &refs, err));
    WI_CHECK(wi_calls_read(&refs, statement->values, statement->n_values, &read, err));
  } /* else what it names does not matter: the statement itself is refused */
  calls = wi_alloc_array(read.n + 1, sizeof(*calls));
  if (calls == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  statement->calls = calls;
  WI_CHECK(open_calls(s, statement, &read, calls, err));
  WI_CHECK(wi_statement_plan(s, statement, &q->logical, &q->optimized, err));
done:
  for (size_t i = 0; i < statement->n_calls; i++) {
    wi_session_call_release(&calls[i]);
  }
  wi_free(calls);
  wi_calls_release(&read);
  wi_refs_release(&refs);
  return status;
}

weir_status weir_query_open(weir_session *session, const char *sql,
                            const weir_parameter *parameters, size_t n_parameters,
                            weir_query **out, weir_error *err) {
  weir_status status = WEIR_OK;
  weir_query *q = NULL;
  *out = NULL;
  wi_br_value *values = wi_alloc_array(n_parameters + 1, sizeof(*values));
  q = wi_alloc(sizeof(*q));
  if (values == NULL || q == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  q->session = session->session;
  q->engine = wi_engine_ref(session->engine);
  bind_values(parameters, n_parameters, values);
  if (session->session->sealed) {
    wi_br_statement statement = {.sql = sql, .values = values, .n_values = n_parameters};
    WI_CHECK(plan_query(q, &statement, err));
  } else { /* tells what is to be done */
    WI_CHECK(wi_query_plan(session->session, sql, values, n_parameters, &q->logical,
                           &q->optimized, err));
  }
  WI_CHECK(wi_cancel_new(q->engine, &q->cancel, err));
  *out = q;
  q = NULL;
done:
  wi_free(values);
  weir_query_free(&q);
  return status;
}

weir_status weir_query_stream(weir_query *q, struct ArrowArrayStream *out,
                              weir_error *err) {
  wi_session *s = q->session;
  wi_br_exec_options o = {0};
  memset(out, 0, sizeof(*out));
  if (q->exec != NULL) {
    return WI_ERR(err, WEIR_E_STREAM_USED, "the query was run already; open another");
  }
  o.partitions = s->threads;
  o.batch_rows = BATCH_ROWS;
  o.memory_bytes = s->memory;
  o.spill_dir = s->spill_dir;
  o.spill_bytes = s->spill_limit;
  WI_TRY(wi_br_exec_new(q->engine, s->handle, q->optimized, s->bind, &o, q->cancel,
                        &q->exec, err));
  return wi_br_exec_stream(q->engine, q->exec, out, err);
}

weir_status weir_stream_error(struct ArrowArrayStream *stream, int code,
                              weir_error *err) {
  return wi_stream_error(stream, code, err);
}

weir_status weir_stream_write_ipc(weir_session *session, struct ArrowArrayStream *stream,
                                  int fd, weir_error *err) {
  return wi_engine_ipc_write(session->engine, stream, fd, err);
}

weir_status weir_query_plan_text(weir_query *q, weir_plan_format format, char **out,
                                 weir_error *err) {
  wi_buf text = WI_BUF_INIT;
  *out = NULL;
  const wb_plan *plan = format == WEIR_PLAN_LOGICAL ? q->logical : q->optimized;
  weir_status status = wi_br_plan_text(q->engine, plan, 1, &text, err);
  if (status == WEIR_OK) {
    *out = wi_buf_take(&text);
    status = *out != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
  }
  wi_buf_release(&text);
  return status;
}

void weir_text_free(char *text) {
  wi_free(text);
}

weir_status weir_query_plan_digest(weir_query *q, char out[65], weir_error *err) {
  wi_plan_facts facts = {0};
  out[0] = '\0';
  WI_TRY(wi_plan_digest(q->engine, q->optimized, &facts, err));
  memcpy(out, facts.digest, sizeof(facts.digest));
  wi_plan_facts_release(&facts);
  return WEIR_OK;
}

void weir_query_cancel(weir_query *q) {
  wi_cancel_fire(q->engine, q->cancel);
}

uint64_t weir_query_peak_memory(const weir_query *q) {
  return wi_br_exec_peak_bytes(q->engine, q->exec);
}

void weir_query_free(weir_query **query) {
  weir_query *q = *query;
  *query = NULL;
  if (q == NULL) {
    return;
  }
  wi_br_exec_free(q->engine, &q->exec);
  wi_br_plan_free(q->engine, &q->logical);
  wi_br_plan_free(q->engine, &q->optimized);
  wi_cancel_free(q->engine, &q->cancel);
  wi_engine_unref(&q->engine);
  wi_free(q);
}
