/* Times functions: the kernels alone, called as the engine calls them, and whole queries through a
 * session. Says what it measured, one line a case; bench/functions writes its input and reads it.
 *
 *     bench_functions THREADS ROUNDS < cases
 *
 * Lines of the input, fields by tabs:
 *     plugin PATH
 *     table  NAME SQL                      rows in memory, made by a query
 *     scalar LABEL FUNCTION TABLE ARG...   a kernel over the first batch of the table
 *     agg    LABEL FUNCTION TABLE GROUP GROUPS ARG...    all rows, by a column of group numbers
 *     bare   LABEL BYTES TABLE TEXT        libb2's BLAKE2b over each text of the first batch
 *     sql    LABEL ROWS QUERY              all rows of the result are read and dropped
 * ARG is an SQL expression over the table, or =EXPRESSION for a literal. Every case runs once a
 * round and the best round counts. Times are CPU time of the process, so that others on the machine
 * count less. Output: label, nanoseconds a row, bytes of input a row (0: not known). */
#include <blake2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nanoarrow/nanoarrow.h"
#include "udf/udf.h"
#include "weir/weir.h"

#define MAX_ARGS  8
#define MAX_CASES 256
#define BATCH     8192
#define WARM      16   /* batches for few groups: the kernel's time, not the memory's */
#define ENOUGH    20e6 /* nanoseconds that a kernel is repeated for in one round */

typedef struct column {
  struct ArrowSchema schema;
  struct ArrowArray *batches;
  size_t n;
  bool scalar;
} column;

typedef struct bench_case {
  char kind; /* s, a, b, q */
  char *label, *query;
  const wi_fn *fn;
  column args[MAX_ARGS];
  size_t n_args;
  column groups;
  uint64_t n_groups;
  size_t digest;
  double rows, bytes, best;
} bench_case;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static _Noreturn void fail(const char *what, weir_error *err) {
  fprintf(stderr, "%s: %s\n", what, err->message);
  exit(1);
}

static void must(int rc, const char *what) {
  if (rc != 0) {
    fprintf(stderr, "%s: %d\n", what, rc);
    exit(1);
  }
}

/* ---- rows from a session ---- */

static void open_rows(weir_session *session, const char *sql, weir_query **query,
                      struct ArrowArrayStream *rows) {
  weir_error err = WEIR_ERROR_INIT;
  if (weir_query_open(session, sql, NULL, 0, query, &err) != WEIR_OK ||
      weir_query_stream(*query, rows, &err) != WEIR_OK) {
    fail(sql, &err);
  }
}

static bool next_batch(struct ArrowArrayStream *rows, struct ArrowArray *out) {
  weir_error err = WEIR_ERROR_INIT;
  int code = rows->get_next(rows, out);
  if (code != 0) {
    weir_stream_error(rows, code, &err);
    fail("query", &err);
  }
  return out->release != NULL;
}

static void run_query(weir_session *session, const char *sql) {
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0};
  struct ArrowArray batch;
  open_rows(session, sql, &query, &rows);
  while (next_batch(&rows, &batch)) {
    batch.release(&batch);
  }
  rows.release(&rows);
  weir_query_free(&query);
}

/* The values of an expression, moved out of their batches. */
static column read_column(weir_session *session, const char *expr, const char *table) {
  column c = {.scalar = expr[0] == '='};
  char sql[2048];
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0};
  struct ArrowArray batch;
  snprintf(sql, sizeof sql, c.scalar ? "SELECT %s AS v" : "SELECT %s AS v FROM %s",
           c.scalar ? expr + 1 : expr, table);
  open_rows(session, sql, &query, &rows);
  struct ArrowSchema whole;
  must(rows.get_schema(&rows, &whole), "schema");
  ArrowSchemaMove(whole.children[0], &c.schema);
  whole.release(&whole);
  while (next_batch(&rows, &batch)) {
    c.batches = realloc(c.batches, (c.n + 1) * sizeof *c.batches);
    ArrowArrayMove(batch.children[0], &c.batches[c.n++]);
    batch.release(&batch);
  }
  rows.release(&rows);
  weir_query_free(&query);
  if (c.n == 0 || (!c.scalar && c.batches[0].length != BATCH)) {
    fprintf(stderr, "%s: no batch of %d rows\n", sql, BATCH);
    exit(1);
  }
  return c;
}

static void add_table(weir_session *maker, weir_session *session, const char *name,
                      const char *sql) {
  weir_error err = WEIR_ERROR_INIT;
  weir_query *query = NULL;
  struct ArrowArrayStream rows = {0};
  open_rows(maker, sql, &query, &rows);
  if (weir_session_add_memory(session, name, &rows, &err) != WEIR_OK) {
    fail(name, &err);
  }
  weir_query_free(&query);
}

/* ---- bytes of the input ---- */

static double buffer_bytes(const struct ArrowArrayView *view) {
  double sum = 0;
  for (int64_t i = 0; i < view->n_children; i++) {
    sum += buffer_bytes(view->children[i]);
  }
  for (int64_t i = 0; i < view->length; i++) {
    switch ((int)view->storage_type) {
      case NANOARROW_TYPE_STRING:
      case NANOARROW_TYPE_LARGE_STRING:
      case NANOARROW_TYPE_STRING_VIEW:
        sum += (double)ArrowArrayViewGetStringUnsafe(view, i).size_bytes;
        break;
      case NANOARROW_TYPE_INT64:
      case NANOARROW_TYPE_DOUBLE:
        sum += 8;
        break;
      case NANOARROW_TYPE_INT32:
        sum += 4;
        break;
      default:
        break;
    }
  }
  return sum;
}

static double batch_bytes(const column *c) {
  struct ArrowArrayView view;
  must(ArrowArrayViewInitFromSchema(&view, &c->schema, NULL), "view");
  must(ArrowArrayViewSetArray(&view, &c->batches[0], NULL), "view");
  double sum = buffer_bytes(&view);
  ArrowArrayViewReset(&view);
  return sum;
}

/* ---- the cases ---- */

static void scalar_once(bench_case *c) {
  weir_error err = WEIR_ERROR_INIT;
  wi_fn_arg args[MAX_ARGS];
  struct ArrowArray out;
  for (size_t i = 0; i < c->n_args; i++) {
    column *a = &c->args[i];
    args[i] = (wi_fn_arg){&a->batches[0], &a->schema, a->scalar};
  }
  if (c->fn->invoke(c->fn, c->n_args, args, BATCH, &out, &err) != WEIR_OK) {
    fail(c->label, &err);
  }
  out.release(&out);
}

static void agg_once(bench_case *c) {
  weir_error err = WEIR_ERROR_INIT;
  const struct ArrowSchema *types[MAX_ARGS];
  const struct ArrowArray *args[MAX_ARGS];
  const wi_agg_ops *ops = c->fn->agg;
  struct ArrowArray out;
  void *acc = NULL;
  for (size_t i = 0; i < c->n_args; i++) {
    types[i] = &c->args[i].schema;
  }
  wi_agg_call call = {.fn = c->fn, .n_args = c->n_args, .args = types};
  if (ops->open(&call, false, &acc, &err) != WEIR_OK) {
    fail(c->label, &err);
  }
  for (size_t b = 0; b < c->groups.n; b++) {
    for (size_t i = 0; i < c->n_args; i++) {
      args[i] = &c->args[i].batches[b];
    }
    const struct ArrowArray *g = &c->groups.batches[b];
    const uint64_t *groups = (const uint64_t *)g->buffers[1] + g->offset;
    if (ops->update(acc, args, g->length, groups, NULL, c->n_groups, &err) != WEIR_OK) {
      fail(c->label, &err);
    }
  }
  if (ops->evaluate(acc, c->n_groups, false, &out, &err) != WEIR_OK) {
    fail(c->label, &err);
  }
  out.release(&out);
  ops->close(acc);
}

static uint8_t sink;

static void bare_once(bench_case *c) {
  struct ArrowArrayView view;
  uint8_t digest[64];
  must(ArrowArrayViewInitFromSchema(&view, &c->args[0].schema, NULL), "view");
  must(ArrowArrayViewSetArray(&view, &c->args[0].batches[0], NULL), "view");
  for (int64_t i = 0; i < BATCH; i++) {
    struct ArrowStringView s = ArrowArrayViewGetStringUnsafe(&view, i);
    blake2b(digest, s.data, NULL, c->digest, (size_t)s.size_bytes, 0);
    sink ^= digest[0];
  }
  ArrowArrayViewReset(&view);
}

static void measure(bench_case *c, weir_session *session) {
  double begin = now(), taken;
  int n = 0;
  do {
    switch (c->kind) {
      case 's':
        scalar_once(c);
        break;
      case 'a':
        agg_once(c);
        break;
      case 'b':
        bare_once(c);
        break;
      default:
        run_query(session, c->query);
    }
    n++;
    taken = now() - begin;
  } while (taken < ENOUGH);
  double each = taken / n / c->rows;
  c->best = c->best <= 0 || each < c->best ? each : c->best;
}

/* ---- the input ---- */

static const wi_fn *find(const char *name) {
  const wi_fn *fn = wi_udf_find(name);
  if (fn == NULL) {
    fprintf(stderr, "there is no function %s\n", name);
    exit(1);
  }
  return fn;
}

static void prepare(bench_case *c, char **f, size_t n, weir_session *session) {
  c->label = f[1];
  c->rows = BATCH;
  size_t first = n;
  if (strcmp(f[0], "sql") == 0) {
    c->kind = 'q';
    c->rows = strtod(f[2], NULL);
    c->query = f[3];
  } else if (strcmp(f[0], "bare") == 0) {
    c->kind = 'b';
    c->digest = (size_t)strtoul(f[2], NULL, 10);
    first = 4;
  } else if (strcmp(f[0], "agg") == 0) {
    c->kind = 'a';
    c->fn = find(f[2]);
    c->groups = read_column(session, f[4], f[3]);
    c->n_groups = strtoull(f[5], NULL, 10);
    if (c->n_groups < 1000 && c->groups.n > WARM) {
      c->groups.n = WARM;
    }
    c->rows = 0;
    for (size_t b = 0; b < c->groups.n; b++) {
      c->rows += (double)c->groups.batches[b].length;
    }
    first = 6;
  } else {
    c->kind = 's';
    c->fn = find(f[2]);
    first = 4;
  }
  for (size_t i = first; i < n && c->n_args < MAX_ARGS; i++) {
    column *a = &c->args[c->n_args++];
    *a = read_column(session, f[i], f[3]);
    c->bytes += a->scalar ? 0 : batch_bytes(a) / BATCH;
  }
}

static size_t fields(char *line, char **f) {
  size_t n = 0;
  line[strcspn(line, "\n")] = '\0';
  for (char *at = line; at != NULL && n < MAX_ARGS + 8;) {
    f[n++] = strsep(&at, "\t");
  }
  return n;
}

static weir_session *open_session(uint32_t threads) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *session = NULL;
  options.threads = threads;
  if (weir_session_new(&options, &session, &err) != WEIR_OK) {
    fail("session", &err);
  }
  return session;
}

static void seal(weir_session *session) {
  weir_error err = WEIR_ERROR_INIT;
  if (weir_session_seal(session, &err) != WEIR_OK) {
    fail("seal", &err);
  }
}

int main(int argc, char **argv) {
  weir_error err = WEIR_ERROR_INIT;
  bench_case *cases = calloc(MAX_CASES, sizeof *cases);
  size_t n_cases = 0, cap = 0;
  bool sealed = false;
  char *line = NULL;
  if (argc != 3 || cases == NULL) {
    fprintf(stderr, "usage: bench_functions THREADS ROUNDS < cases\n");
    return 2;
  }
  /* Tables are made with one thread, so that their batches are always the same. */
  weir_session *maker = open_session(1);
  weir_session *session = open_session((uint32_t)strtoul(argv[1], NULL, 10));
  seal(maker);
  while (getline(&line, &cap, stdin) > 0) {
    char *f[MAX_ARGS + 8];
    size_t n = fields(strdup(line), f); /* kept: the cases point into it */
    if (strcmp(f[0], "plugin") == 0) {
      if (weir_session_add_plugin(session, f[1], &err) != WEIR_OK) {
        fail(f[1], &err);
      }
    } else if (strcmp(f[0], "table") == 0) {
      add_table(maker, session, f[1], f[2]);
    } else if (n_cases < MAX_CASES) {
      if (!sealed) {
        seal(session);
        sealed = true;
      }
      prepare(&cases[n_cases++], f, n, session);
    }
  }
  for (long round = strtol(argv[2], NULL, 10); round > 0; round--) {
    for (size_t i = 0; i < n_cases; i++) {
      measure(&cases[i], session);
    }
  }
  for (size_t i = 0; i < n_cases; i++) {
    printf("%s\t%.3f\t%.2f\n", cases[i].label, cases[i].best, cases[i].bytes);
  }
  weir_session_free(&session);
  weir_session_free(&maker);
  return fflush(stdout) != 0;
}
