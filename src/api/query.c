/* Queries: planned once, executed once, as a stream. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "api/sql.h"

#define WI_ORIGIN "api"

typedef struct running { /* may be asked for its peak while rows come */
  pthread_mutex_t lock;
  wb_exec *exec;
  uint64_t peak; /* of an execution that was before this one */
} running;

struct weir_query {
  atomic_size_t shares; /* the caller's, and its stream's */
  wi_engine *engine;
  wi_planned *planned;
  bool started;
  wi_attempt attempt;
  running *running;
  wi_stop *stop;
};

static void query_unref(weir_query *q) {
  if (q == NULL || atomic_fetch_sub(&q->shares, 1) > 1) {
    return;
  }
  if (q->running != NULL) {
    wi_br_exec_free(q->engine, &q->running->exec);
    pthread_mutex_destroy(&q->running->lock);
    wi_free(q->running);
  }
  wi_stop_free(&q->stop);
  wi_planned_unref(&q->planned); /* and with it, perhaps, the session */
  wi_engine_unref(&q->engine);
  wi_free(q);
}

weir_status wi_query_new(wi_planned **planned, wi_stop **stop, weir_query **out,
                         weir_error *err) {
  weir_query *q = wi_alloc(sizeof(*q));
  running *r = wi_alloc(sizeof(*r));
  *out = NULL;
  if (q == NULL || r == NULL) {
    wi_free(q);
    wi_free(r);
    wi_planned_unref(planned);
    wi_stop_free(stop);
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&q->shares, 1);
  pthread_mutex_init(&r->lock, NULL);
  q->running = r;
  q->engine = wi_engine_ref(wi_planned_session(*planned)->engine);
  q->planned = *planned;
  q->stop = *stop;
  *planned = NULL;
  *stop = NULL;
  *out = q;
  return WEIR_OK;
}

/* A parameter has no value, and a value has no parameter: one of them is misspelled. */
static void hint_unused(const wi_sql *text, const wi_br_value *values, size_t n,
                        weir_error *err) {
  for (size_t i = 0; i < n && err != NULL && err->hint[0] == '\0'; i++) {
    size_t k = 0;
    while (k < text->refs.n_params &&
           strcmp(text->refs.params[k].name, values[i].name) != 0) {
      k++;
    }
    if (k == text->refs.n_params) {
      wi_err_hint(err, "a value was given for $%s, which the query does not have",
                  values[i].name);
    }
  }
}

weir_status weir_query_open(weir_session *session, const char *sql,
                            const weir_parameter *parameters, size_t n_parameters,
                            weir_query **out, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_sql text = {0};
  wi_planned *planned = NULL;
  wi_stop *stop = NULL;
  wi_br_value *values = NULL;
  wi_stop_scope before = wi_stop_here();
  int64_t began = wi_monotonic_ns();
  WI_ARG(out, err);
  *out = NULL;
  WI_ARG(session, err);
  WI_ARG(sql, err);
  WI_ARG_LIST(parameters, n_parameters, err);
  WI_CHECK(wi_api_values(parameters, n_parameters, &values, err));
  WI_CHECK(wi_sql_open(session, sql, &text, err));
  WI_CHECK(wi_api_stop(text.engine, NULL, text.session->stop, &stop, err));
  wi_stop_enter(stop);
  status = wi_planned_open(&text, values, n_parameters, NULL, stop, &planned, err);
  if (status == WEIR_E_PARAM_UNKNOWN) {
    hint_unused(&text, values, n_parameters, err);
  }
  WI_CHECK(status);
  wi_planned_tell(planned, "query_planned", began);
  WI_CHECK(wi_query_new(&planned, &stop, out, err));
done:
  wi_stop_leave(before);
  wi_free(values);
  wi_stop_free(&stop);
  wi_planned_unref(&planned);
  wi_sql_release(&text);
  return status;
}

/* ---- the rows: a stream that has a share of its query ---- */

typedef struct held_stream {
  struct ArrowArrayStream inner; /* released: only `said` is left */
  weir_query *query;
  bool gave;  /* rows, or their end: from then on there is no second attempt */
  char *said; /* the error of an attempt that is gone */
} held_stream;

static const char *held_error(struct ArrowArrayStream *stream) {
  held_stream *held = stream->private_data;
  if (held->said != NULL || held->inner.release == NULL) {
    return held->said;
  }
  return held->inner.get_last_error(&held->inner);
}

static int held_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  held_stream *held = stream->private_data;
  if (held->inner.release == NULL) {
    return EIO;
  }
  return held->inner.get_schema(&held->inner, out);
}

/* Frees an execution that failed, before the next takes memory. */
static void let_go(held_stream *held) {
  weir_query *q = held->query;
  if (held->inner.release != NULL) {
    held->inner.release(&held->inner);
  }
  running *r = q->running;
  pthread_mutex_lock(&r->lock);
  uint64_t peak = wi_br_exec_peak_bytes(q->engine, r->exec);
  r->peak = peak > r->peak ? peak : r->peak;
  wi_br_exec_free(q->engine, &r->exec);
  pthread_mutex_unlock(&r->lock);
}

static weir_status start(weir_query *q, struct ArrowArrayStream *out, weir_error *err) {
  wb_exec *exec = NULL;
  WI_TRY(wi_planned_execute(q->planned, q->stop, q->attempt, &exec, err));
  pthread_mutex_lock(&q->running->lock);
  q->running->exec = exec;
  pthread_mutex_unlock(&q->running->lock);
  weir_status status = wi_br_exec_stream(q->engine, exec, out, err);
  if (status != WEIR_OK) {
    pthread_mutex_lock(&q->running->lock);
    wi_br_exec_free(q->engine, &q->running->exec);
    pthread_mutex_unlock(&q->running->lock);
  }
  return status;
}

/* The first rows of the next attempt; where there is none, what is told is in `first`. */
static int next_attempt(held_stream *held, weir_error *first, struct ArrowArray *out) {
  weir_query *q = held->query;
  int64_t began = wi_monotonic_ns();
  weir_error again = WEIR_ERROR_INIT;
  wi_buf said = WI_BUF_INIT;
  let_go(held);
  weir_status status = start(q, &held->inner, &again);
  wi_planned_tell(q->planned, "query_planned_again", began);
  if (status == WEIR_OK) {
    int code = held->inner.get_next(&held->inner, out);
    if (code == 0) {
      return 0;
    }
    status = wi_stream_error(&held->inner, code, &again);
  }
  (void)wi_exec_said(status, first, &again);
  wi_buf_fmt(&said, "%d\x1f%s", (int)first->code, first->message);
  held->said = wi_buf_take(&said);
  let_go(held);
  return EIO;
}

static int held_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  held_stream *held = stream->private_data;
  weir_error err = WEIR_ERROR_INIT;
  if (held->inner.release == NULL) {
    return EIO;
  }
  int code = held->inner.get_next(&held->inner, out);
  if (code != 0 && !held->gave) {
    weir_status status = wi_stream_error(&held->inner, code, &err);
    if (wi_planned_again(held->query->planned, status, &held->query->attempt)) {
      code = next_attempt(held, &err, out);
    }
    weir_error_release(&err);
  }
  held->gave = held->gave || code == 0;
  return code;
}

static void held_release(struct ArrowArrayStream *stream) {
  held_stream *held = stream->private_data;
  memset(stream, 0, sizeof(*stream));
  if (held->inner.release != NULL) {
    held->inner.release(&held->inner);
  }
  query_unref(held->query);
  wi_free(held->said);
  wi_free(held);
}

weir_status weir_query_stream(weir_query *query, struct ArrowArrayStream *out,
                              weir_error *err) {
  weir_status status = WEIR_OK;
  held_stream *held = NULL;
  int64_t began = wi_monotonic_ns();
  WI_ARG(out, err);
  memset(out, 0, sizeof(*out));
  WI_ARG(query, err);
  if (query->started) {
    return WI_ERR(err, WEIR_E_STREAM_USED, "the query was run already; open another");
  }
  held = wi_alloc(sizeof(*held));
  if (held == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  WI_CHECK(start(query, &held->inner, err));
  query->started = true;
  wi_planned_tell(query->planned, "query_started", began);
  atomic_fetch_add(&query->shares, 1);
  held->query = query;
  *out = (struct ArrowArrayStream){.get_schema = held_schema,
                                   .get_next = held_next,
                                   .get_last_error = held_error,
                                   .release = held_release,
                                   .private_data = held};
  held = NULL;
done:
  wi_free(held);
  return status;
}

weir_status weir_stream_error(struct ArrowArrayStream *stream, int code,
                              weir_error *err) {
  WI_ARG(stream, err);
  return wi_stream_error(stream, code, err);
}

weir_status weir_stream_write_ipc(weir_session *session, struct ArrowArrayStream *stream,
                                  int fd, weir_error *err) {
  weir_status status = wi_stream_check(stream, err);
  if (status == WEIR_OK && session == NULL) {
    status = wi_arg_null(__func__, "session", err);
  }
  if (status == WEIR_OK) {
    return wi_engine_ipc_write(session->engine, stream, fd, err);
  }
  wi_arg_stream_release(stream);
  return status;
}

weir_status weir_query_plan_text(weir_query *query, weir_plan_format format, char **out,
                                 weir_error *err) {
  wi_buf text = WI_BUF_INIT;
  WI_ARG(out, err);
  *out = NULL;
  WI_ARG(query, err);
  const wb_plan *plan = wi_planned_plan(query->planned, format != WEIR_PLAN_LOGICAL);
  weir_status status = wi_br_plan_text(query->engine, plan, 1, &text, err);
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

weir_status weir_query_plan_digest(weir_query *query, char out[65], weir_error *err) {
  weir_status status = WEIR_OK;
  wi_plan *plan = NULL;
  wi_plan_facts facts = {0};
  WI_ARG(out, err);
  out[0] = '\0';
  WI_ARG(query, err);
  WI_CHECK(
      wi_plan_read(query->engine, wi_planned_plan(query->planned, true), &plan, err));
  WI_CHECK(wi_plan_digest(plan, &facts, err));
  memcpy(out, facts.digest, sizeof(facts.digest));
done:
  wi_plan_facts_release(&facts);
  wi_plan_free(&plan);
  return status;
}

void weir_query_cancel(weir_query *query) {
  if (query != NULL) {
    wi_stop_fire(query->stop);
  }
}

uint64_t weir_query_peak_memory(const weir_query *query) {
  if (query == NULL) {
    return 0;
  }
  running *r = query->running;
  pthread_mutex_lock(&r->lock);
  uint64_t peak = wi_br_exec_peak_bytes(query->engine, r->exec);
  peak = peak > r->peak ? peak : r->peak;
  pthread_mutex_unlock(&r->lock);
  return peak;
}

void weir_query_free(weir_query **query) {
  if (query != NULL) {
    query_unref(*query);
    *query = NULL;
  }
}
