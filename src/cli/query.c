/* Opening a query, reading its stream, giving everything back in the right order. */
#include "query.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signals.h"

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
