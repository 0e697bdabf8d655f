/* Reading, planning and executing SQL of a session. */
#include "api/sql.h"

#include <stdatomic.h>
#include <string.h>

#define WI_ORIGIN "api"

/* ---- the text ---- */

weir_status wi_sql_open(weir_session *session, const char *text, wi_sql *out,
                        weir_error *err) {
  if (!session->session->sealed) {
    wi_err_hint(err, "call weir_session_seal first");
    return WI_ERR(err, WEIR_E_NOT_SEALED, "planning before the session is sealed");
  }
  out->session = wi_session_ref(session->session);
  out->engine = wi_engine_ref(session->engine);
  out->text = wi_strdup(text);
  if (out->text == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_TRY(wi_refs_read(out->engine, out->text, &out->refs, err));
  out->reads = wi_refs_only_read(&out->refs);
  return WEIR_OK;
}

void wi_sql_release(wi_sql *sql) {
  wi_refs_release(&sql->refs);
  wi_free(sql->text);
  wi_session_free(&sql->session);
  wi_engine_unref(&sql->engine);
  memset(sql, 0, sizeof(*sql));
}

weir_status wi_api_values(const weir_parameter *from, size_t n, wi_br_value **out,
                          weir_error *err) {
  *out = wi_alloc_array(n + 1, sizeof(**out));
  if (*out == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    wi_br_value *to = &(*out)[i];
    if (from[i].name == NULL || from[i].name[0] == '\0') {
      return WI_ERR(err, WEIR_E_USAGE, "parameter %zu has no name", i + 1);
    }
    if (from[i].type == WEIR_TYPE_STRING && !from[i].is_null && from[i].text == NULL) {
      return WI_ERR(err, WEIR_E_USAGE, "parameter '$%s' is a string without a text",
                    from[i].name);
    }
    to->name = from[i].name;
    to->type = (int32_t)from[i].type;
    to->is_null = from[i].is_null != 0;
    to->i64 = from[i].i64;
    to->f64 = from[i].f64;
    to->text = from[i].text;
  }
  return WEIR_OK;
}

/* ---- what it names ---- */

static void hint_names(const char *plain, const wi_inputs *inputs, weir_error *err) {
  char near[256] = "";
  size_t n = 0;
  wi_buf hint = WI_BUF_INIT;
  const char **names = wi_alloc_array(inputs->n + 1, sizeof(*names));
  for (size_t i = 0; names != NULL && i < inputs->n; i++) {
    if (!inputs->items[i]->of_call) {
      wi_buf_fmt(&hint, "%s%s", n == 0 ? "the tables are " : ", ",
                 inputs->items[i]->name);
      names[n++] = inputs->items[i]->name;
    }
  }
  wi_nearest(plain, names, n, near, sizeof(near));
  if (near[0] != '\0') {
    wi_err_hint(err, "did you mean %s?", near);
  } else if (n > 0) {
    wi_err_hint(err, "%s", wi_buf_text(&hint));
  }
  wi_free(names);
  wi_buf_release(&hint);
}

/* Whether a name with a schema is of a table there, or of the engine's own schema. */
static bool has_elsewhere(wi_session *s, const char *name) {
  static const char catalog[] = WI_CATALOG ".", own[] = "information_schema.";
  char schema[64];
  if (wi_starts_with(name, catalog)) {
    name += strlen(catalog);
  }
  const char *dot = strchr(name, '.');
  if (dot == NULL || (size_t)(dot - name) >= sizeof schema) {
    return false;
  }
  snprintf(schema, sizeof schema, "%.*s", (int)(dot - name), name);
  return wi_starts_with(name, own) || wi_session_has(s, schema, dot + 1);
}

/* Every relation must be registered; the engine's own message would name no neighbours. */
static weir_status check_relations(wi_session *s, const wi_refs *refs, weir_error *err) {
  for (size_t i = 0; i < refs->n_relations; i++) {
    const char *name = refs->relations[i].name;
    const char *plain = wi_relation_plain(name);
    if (plain != NULL ? wi_session_has(s, WI_SCHEMA_MAIN, plain)
                      : has_elsewhere(s, name)) {
      continue;
    }
    plain = plain != NULL ? plain : name;
    wi_inputs inputs = {0};
    WI_TRY(wi_session_inputs(s, &inputs, err));
    hint_names(plain, &inputs, err);
    wi_inputs_release(s, &inputs);
    (void)WI_ERR(err, WEIR_E_UNKNOWN_TABLE, "there is no table '%s'", plain);
    wi_err_where(err, NULL, refs->relations[i].line, refs->relations[i].column);
    return WEIR_E_UNKNOWN_TABLE;
  }
  for (size_t i = 0; i < refs->n_table_functions; i++) {
    const wi_ref *f = &refs->table_functions[i];
    weir_status status = wi_table_function_check(f->name, err);
    if (status != WEIR_OK) {
      wi_err_where(err, NULL, f->line, f->column);
      return status;
    }
  }
  return WEIR_OK;
}

/* ---- plans ---- */

typedef struct opened_call { /* of a table function */
  wi_call_kind kind;
  wi_input *input; /* a share */
} opened_call;

struct wi_planned {
  atomic_size_t shares;
  char label[17];      /* of the SQL, for events; empty while nobody listens */
  wi_session *session; /* a share */
  wi_engine *engine;
  wb_plan *logical, *optimized;
  wb_bind *bind; /* what it reads, whatever becomes of the session's names */
  opened_call *calls;
  size_t n_calls;
  wi_br_value *values; /* that it was made for; `texts` owns what they point to */
  size_t n_values;
  wi_arena texts;
};

wi_planned *wi_planned_ref(wi_planned *planned) {
  atomic_fetch_add(&planned->shares, 1);
  return planned;
}

void wi_planned_unref(wi_planned **planned) {
  wi_planned *p = *planned;
  *planned = NULL;
  if (p == NULL || atomic_fetch_sub(&p->shares, 1) > 1) {
    return;
  }
  wi_br_bind_free(p->engine, &p->bind);
  wi_br_plan_free(p->engine, &p->logical);
  wi_br_plan_free(p->engine, &p->optimized);
  for (size_t i = 0; i < p->n_calls; i++) {
    wi_input_unref(p->session, &p->calls[i].input);
  }
  wi_free(p->calls);
  wi_free(p->values);
  wi_arena_release(&p->texts);
  wi_session_free(&p->session);
  wi_engine_unref(&p->engine);
  wi_free(p);
}

const wb_plan *wi_planned_plan(const wi_planned *planned, bool optimized) {
  return optimized ? planned->optimized : planned->logical;
}

wi_session *wi_planned_session(const wi_planned *planned) {
  return planned->session;
}

void wi_planned_tell(const wi_planned *p, const char *name, int64_t began) {
  wi_log_event event;
  wi_log_begin(&event, &p->session->log, WEIR_LOG_INFO, "statement", name);
  wi_log_text(&event, "statement", p->label);
  wi_log_int(&event, "duration_us", (wi_monotonic_ns() - began) / 1000);
  wi_log_send(&event, "%s: %s", p->label, name);
}

static weir_status planned_new(const wi_sql *sql, const wi_br_value *values, size_t n,
                               wi_planned **out, weir_error *err) {
  wi_planned *p = wi_alloc(sizeof(*p));
  *out = p;
  if (p == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&p->shares, 1);
  p->session = wi_session_ref(sql->session);
  p->engine = wi_engine_ref(sql->engine);
  if (sql->session->log.to.event != NULL) {
    char digest[WI_DIGEST_HEX];
    wi_blake3_hex(sql->text, strlen(sql->text), digest);
    memcpy(p->label, digest, sizeof(p->label) - 1);
  }
  p->values = wi_alloc_array(n + 1, sizeof(*p->values));
  p->n_values = p->values != NULL ? n : 0;
  bool whole = p->values != NULL;
  for (size_t i = 0; whole && i < n; i++) {
    wi_br_value *to = &p->values[i];
    *to = values[i];
    to->name = wi_arena_dup(&p->texts, values[i].name);
    bool text = to->type == WEIR_TYPE_STRING && !to->is_null;
    to->text = text ? wi_arena_dup(&p->texts, values[i].text) : NULL;
    whole = to->name != NULL && (!text || to->text != NULL);
  }
  return whole ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

/* Bit by bit: -0.0 is another value than 0.0, and a NaN is the same as itself. */
static bool same_value(const wi_br_value *a, const wi_br_value *b) {
  if (strcmp(a->name, b->name) != 0 || a->type != b->type || a->is_null != b->is_null) {
    return false;
  }
  if (a->is_null) {
    return true;
  }
  switch ((weir_type)a->type) {
    case WEIR_TYPE_FLOAT64:
      return memcmp(&a->f64, &b->f64, sizeof(a->f64)) == 0;
    case WEIR_TYPE_STRING:
      return strcmp(a->text, b->text) == 0;
    case WEIR_TYPE_INT64:
    case WEIR_TYPE_BOOLEAN:
    case WEIR_TYPE_DATE:
    case WEIR_TYPE_TIMESTAMP:
    default:
      return a->i64 == b->i64;
  }
}

/* Whether a plan can stand for another: the values and what calls opened. */
static bool same_facts(const wi_planned *a, const wi_planned *b) {
  bool same = a->n_values == b->n_values && a->n_calls == b->n_calls;
  for (size_t i = 0; same && i < a->n_values; i++) {
    same = same_value(&a->values[i], &b->values[i]);
  }
  for (size_t i = 0; same && i < a->n_calls; i++) {
    same = a->calls[i].input == b->calls[i].input;
  }
  return same;
}

/* What the statement's table functions open, pinned now. */
static weir_status open_calls(wi_planned *p, const wi_calls *read, const wi_stop *stop,
                              wi_br_call *calls, weir_error *err) {
  p->calls = wi_alloc_array(read->n + 1, sizeof(*p->calls));
  if (p->calls == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < read->n; i++) {
    opened_call *call = &p->calls[i];
    WI_TRY(wi_stop_check(stop, err));
    WI_TRY(wi_session_call(p->session, &read->items[i], &call->input, &calls[i], err));
    call->kind = read->items[i].kind;
    p->n_calls = i + 1;
  }
  return WEIR_OK;
}

static weir_status bind_calls(wi_planned *p, weir_error *err) {
  for (size_t i = 0; i < p->n_calls; i++) {
    const wi_input *input = p->calls[i].input;
    bool before = false;
    for (size_t k = 0; k < i && !before; k++) {
      before = p->calls[k].input == input;
    }
    if (!before) {
      WI_TRY(wi_call_bind(p->session, p->calls[i].kind, &input->pin, input->snap, p->bind,
                          input->name, err));
    }
  }
  return WEIR_OK;
}

static weir_status make_plan(wi_planned *p, const wi_sql *sql,
                             const wi_br_statement *statement, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_session *s = p->session;
  /* A name that is there has its binding as long as nobody takes names out. */
  pthread_rwlock_rdlock(&s->names);
  if (sql->reads) {
    WI_CHECK(check_relations(s, &sql->refs, err)); /* since they were checked first */
  }
  WI_CHECK(wi_statement_plan(s, &sql->refs, statement, &p->logical, &p->optimized, err));
  WI_CHECK(wi_br_bind_copy(p->engine, s->bind, p->optimized, &p->bind, err));
done:
  pthread_rwlock_unlock(&s->names);
  return status != WEIR_OK ? status : bind_calls(p, err);
}

weir_status wi_planned_open(const wi_sql *sql, const wi_br_value *values, size_t n,
                            wi_planned *last, const wi_stop *stop, wi_planned **out,
                            weir_error *err) {
  weir_status status = WEIR_OK;
  wi_calls read = {0};
  wi_br_call *calls = NULL;
  wi_planned *p = NULL;
  *out = NULL;
  WI_CHECK(wi_stop_check(stop, err));
  WI_CHECK(planned_new(sql, values, n, &p, err));
  if (sql->reads) {
    WI_CHECK(check_relations(sql->session, &sql->refs, err));
    WI_CHECK(wi_calls_read(&sql->refs, p->values, n, &read, err));
  } /* else what it names does not matter: the statement itself is refused */
  calls = wi_alloc_array(read.n + 1, sizeof(*calls));
  if (calls == NULL) {
    status = wi_err_nomem(err, WI_ORIGIN);
    goto done;
  }
  WI_CHECK(open_calls(p, &read, stop, calls, err));
  if (last != NULL && same_facts(last, p)) {
    *out = wi_planned_ref(last);
    goto done;
  }
  const wi_br_statement statement = {.sql = sql->text,
                                     .values = p->values,
                                     .n_values = n,
                                     .calls = calls,
                                     .n_calls = p->n_calls};
  WI_CHECK(make_plan(p, sql, &statement, err));
  WI_CHECK(wi_stop_check(stop, err));
  *out = p;
  p = NULL;
done:
  for (size_t i = 0; calls != NULL && i < read.n; i++) {
    wi_session_call_release(&calls[i]);
  }
  wi_free(calls);
  wi_calls_release(&read);
  wi_planned_unref(&p);
  return status;
}

static wi_exec_room room_of(const wi_planned *p) {
  return (wi_exec_room){p->session->pool, p->session->threads, false};
}

weir_status wi_planned_execute(const wi_planned *p, wi_stop *stop, wi_attempt attempt,
                               wb_exec **out, weir_error *err) {
  const wi_session *s = p->session;
  const wb_cancel *token = NULL;
  const wi_exec_room room = room_of(p);
  wi_br_exec_options o;
  *out = NULL;
  WI_TRY(wi_stop_check(stop, err));
  WI_TRY(wi_stop_token(stop, &token, err));
  wi_exec_options(s, &room, attempt, &o);
  return wi_br_exec_new(p->engine, s->handle, p->optimized, p->bind, &o, token, out, err);
}

bool wi_planned_again(const wi_planned *p, weir_status status, wi_attempt *attempt) {
  const wi_exec_room room = room_of(p);
  return wi_exec_again(status, &room, attempt);
}
