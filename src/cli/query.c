/* Opening a query, reading its stream, giving everything back in the right order. */
#include "query.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signals.h"

/* ---- parameters ---- */

static weir_status bad_parameter(const char *text, const char *why, weir_error *err) {
  wi_cli_error(err, WEIR_E_PARAM_TYPE, "--param %.200s: %s", text, why);
  wi_cli_error_hint(err,
                    "write NAME=VALUE, NAME:TYPE=VALUE (int64, float64, string, boolean, "
                    "date, timestamp) or NAME:null");
  return WEIR_E_PARAM_TYPE;
}

static bool parse_int(const char *text, int64_t *out) {
  char *end = NULL;
  errno = 0;
  const char *digits = text + (text[0] == '-' || text[0] == '+' ? 1 : 0);
  *out = strtoll(text, &end, 10);
  return digits[0] >= '0' && digits[0] <= '9' && *end == '\0' && errno == 0;
}

static bool parse_float(const char *text, double *out) {
  char *end = NULL;
  *out = strtod(text, &end);
  /* No hexadecimal, no spaces, no names: those are texts. */
  return strspn(text, "+-0123456789.eE") == strlen(text) && end != text && *end == '\0' &&
         isfinite(*out);
}

static bool parse_boolean(const char *text, int64_t *out) {
  *out = strcmp(text, "true") == 0;
  return *out == 1 || strcmp(text, "false") == 0;
}

static void infer(weir_parameter *p, const char *text) {
  p->type = WEIR_TYPE_STRING;
  p->text = text;
  if (parse_boolean(text, &p->i64)) {
    p->type = WEIR_TYPE_BOOLEAN;
  } else if (parse_int(text, &p->i64)) {
    p->type = WEIR_TYPE_INT64;
  } else if (parse_float(text, &p->f64)) {
    p->type = WEIR_TYPE_FLOAT64;
  }
}

/* NULL, or why the text is no value of that type. */
static const char *typed(weir_parameter *p, const char *type, size_t n,
                         const char *text) {
  static const struct {
    const char *name;
    weir_type type;
  } types[] = {{"int64", WEIR_TYPE_INT64},   {"float64", WEIR_TYPE_FLOAT64},
               {"string", WEIR_TYPE_STRING}, {"boolean", WEIR_TYPE_BOOLEAN},
               {"date", WEIR_TYPE_DATE},     {"timestamp", WEIR_TYPE_TIMESTAMP}};
  bool known = false;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strlen(types[i].name) == n && memcmp(types[i].name, type, n) == 0) {
      p->type = types[i].type;
      known = true;
    }
  }
  if (!known) {
    return "there is no such type";
  }
  p->text = text;
  switch (p->type) {
    case WEIR_TYPE_INT64:
      return parse_int(text, &p->i64) ? NULL : "the value is no int64";
    case WEIR_TYPE_FLOAT64:
      return parse_float(text, &p->f64) ? NULL : "the value is no float64";
    case WEIR_TYPE_BOOLEAN:
      return parse_boolean(text, &p->i64) ? NULL : "the value is not true or false";
    case WEIR_TYPE_DATE:
      return wi_cli_date_parse(text, &p->i64) ? NULL
                                              : "the value is no date, as 2026-01-31";
    case WEIR_TYPE_TIMESTAMP:
      return wi_cli_time_parse(text, &p->i64)
                 ? NULL
                 : "the value is no timestamp, as 2026-01-31T12:00:00Z";
    case WEIR_TYPE_STRING:
      break;
  }
  return NULL;
}

static weir_status parse_one(wi_cli_parameters *p, const char *text, weir_error *err) {
  weir_parameter *item = &p->items[p->n];
  size_t name = strcspn(text, ":="), n = strcspn(text, "=");
  if (name == 0) {
    return bad_parameter(text, "the name is missing", err);
  }
  p->names[p->n] = wi_cli_alloc(name + 1, 1);
  memcpy(p->names[p->n], text, name);
  item->name = p->names[p->n++];
  for (size_t i = 0; i + 1 < p->n; i++) {
    if (strcmp(p->names[i], item->name) == 0) {
      return bad_parameter(text, "this parameter was given before", err);
    }
  }
  if (strcmp(text + name, ":null") == 0) {
    item->type = WEIR_TYPE_STRING;
    item->is_null = 1;
    return WEIR_OK;
  }
  if (text[n] != '=') {
    return bad_parameter(text, "a value is missing", err);
  }
  if (name == n) {
    infer(item, text + n + 1);
    return WEIR_OK;
  }
  const char *why = typed(item, text + name + 1, n - name - 1, text + n + 1);
  return why == NULL ? WEIR_OK : bad_parameter(text, why, err);
}

weir_status wi_cli_parameters_parse(wi_cli_parameters *p, const char *const *texts,
                                    size_t n, weir_error *err) {
  *p = (wi_cli_parameters){wi_cli_alloc(n, sizeof *p->items),
                           wi_cli_alloc(n, sizeof *p->names), 0};
  weir_status status = WEIR_OK;
  for (size_t i = 0; i < n && status == WEIR_OK; i++) {
    status = parse_one(p, texts[i], err);
  }
  return status;
}

void wi_cli_parameters_release(wi_cli_parameters *p) {
  for (size_t i = 0; i < p->n; i++) {
    free(p->names[i]);
  }
  free(p->names);
  free(p->items);
  *p = (wi_cli_parameters){0};
}

/* ---- queries ---- */

typedef struct running {
  weir_query *query;
  struct ArrowArrayStream stream;
} running;

static weir_status start(running *r, weir_session *session, const char *sql,
                         const wi_cli_parameters *parameters, weir_error *err) {
  *r = (running){0};
  weir_status status =
      weir_query_open(session, sql, parameters == NULL ? NULL : parameters->items,
                      parameters == NULL ? 0 : parameters->n, &r->query, err);
  if (status == WEIR_OK) {
    wi_cli_signals_query(r->query);
    status = weir_query_stream(r->query, &r->stream, err);
  }
  return status;
}

static void finish(running *r) {
  wi_cli_signals_query(NULL);
  if (r->stream.release != NULL) {
    r->stream.release(&r->stream);
  }
  weir_query_free(&r->query);
}

static bool nobody_reads(void) {
  struct pollfd fd = {STDOUT_FILENO, 0, 0};
  return poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR) != 0;
}

static weir_status print_arrow(wi_cli_screen *s, weir_session *session, running *r,
                               weir_error *err) {
  wi_cli_out_flush(&s->out);
  weir_status status = weir_stream_write_ipc(session, &r->stream, STDOUT_FILENO, err);
  if (status != WEIR_OK && nobody_reads()) {
    weir_error_release(err);
    s->out.closed = true;
    return WEIR_OK;
  }
  return status;
}

weir_status wi_cli_query_print(wi_cli_screen *s, weir_session *session, const char *sql,
                               const wi_cli_parameters *parameters, wi_cli_format format,
                               weir_error *err) {
  running r;
  weir_status status = start(&r, session, sql, parameters, err);
  if (status == WEIR_OK && format == WI_CLI_FORMAT_ARROW) {
    status = print_arrow(s, session, &r, err);
  } else if (status == WEIR_OK) {
    status = wi_cli_rows_print(s, &r.stream, format, err);
  }
  finish(&r);
  return status;
}

/* ---- small results ---- */

static void add_cell(wi_cli_cells *c, char *text) {
  if (c->n == c->cap) {
    c->cap = c->cap == 0 ? 256 : c->cap * 2;
    c->texts = wi_cli_realloc(c->texts, c->cap, sizeof *c->texts);
  }
  c->texts[c->n++] = text;
}

static void add_batch(wi_cli_cells *c, const wi_cli_rows *rows) {
  for (int64_t i = 0; i < rows->n; i++) {
    for (size_t k = 0; k < c->columns; k++) {
      wi_cli_buf text = WI_CLI_BUF_INIT;
      if (!wi_cli_rows_is_null(rows, k, i)) {
        wi_cli_rows_cell(&text, rows, k, i, WI_CLI_VALUE_PLAIN);
        wi_cli_buf_add(&text, "", 0);
      }
      add_cell(c, text.p);
    }
  }
}

weir_status wi_cli_cells_read(wi_cli_cells *c, struct ArrowArrayStream *stream,
                              weir_error *err) {
  wi_cli_rows rows;
  *c = (wi_cli_cells){0};
  weir_status status = wi_cli_rows_open(&rows, stream, err);
  c->columns = rows.row.n_children;
  while (status == WEIR_OK) {
    status = wi_cli_rows_next(&rows, err);
    if (status != WEIR_OK || rows.n == 0) {
      break;
    }
    add_batch(c, &rows);
  }
  wi_cli_rows_release(&rows);
  return status;
}

weir_status wi_cli_cells_query(wi_cli_cells *c, weir_session *session, const char *sql,
                               const wi_cli_parameters *parameters, weir_error *err) {
  running r;
  *c = (wi_cli_cells){0};
  weir_status status = start(&r, session, sql, parameters, err);
  if (status == WEIR_OK) {
    status = wi_cli_cells_read(c, &r.stream, err);
  }
  finish(&r);
  return status;
}

const char *wi_cli_cells_at(const wi_cli_cells *c, size_t row, size_t column) {
  const char *text = column < c->columns ? c->texts[row * c->columns + column] : NULL;
  return text == NULL ? "" : text;
}

size_t wi_cli_cells_rows(const wi_cli_cells *c) {
  return c->columns == 0 ? 0 : c->n / c->columns;
}

void wi_cli_cells_release(wi_cli_cells *c) {
  for (size_t i = 0; i < c->n; i++) {
    free(c->texts[i]);
  }
  free(c->texts);
  *c = (wi_cli_cells){0};
}
