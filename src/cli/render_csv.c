/* RFC 4180, but lines end with a line feed: a header, nulls empty, an empty text quoted so
 * that the two differ, nested values as JSON. */
#include <string.h>

#include "render.h"

static void add_quoted(wi_cli_buf *b, const char *p, size_t n) {
  wi_cli_buf_chr(b, '"');
  for (size_t i = 0; i < n; i++) {
    if (p[i] == '"') {
      wi_cli_buf_chr(b, '"');
    }
    wi_cli_buf_chr(b, p[i]);
  }
  wi_cli_buf_chr(b, '"');
}

static bool needs_quotes(const char *p, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (p[i] == '"' || p[i] == ',' || p[i] == '\n' || p[i] == '\r') {
      return true;
    }
  }
  return n == 0 || p[0] == ' ' || p[n - 1] == ' ';
}

static void add_field(wi_cli_buf *b, const char *p, size_t n) {
  if (needs_quotes(p, n)) {
    add_quoted(b, p, n);
  } else {
    wi_cli_buf_add(b, p, n);
  }
}

static void add_header(wi_cli_buf *b, const wi_cli_field *row) {
  for (size_t k = 0; k < row->n_children; k++) {
    wi_cli_buf_str(b, k > 0 ? "," : "");
    add_field(b, row->children[k].name, strlen(row->children[k].name));
  }
  wi_cli_buf_chr(b, '\n');
}

static void add_row(wi_cli_buf *b, const wi_cli_rows *r, int64_t i, wi_cli_buf *cell) {
  for (size_t k = 0; k < r->row.n_children; k++) {
    wi_cli_buf_str(b, k > 0 ? "," : "");
    if (!wi_cli_rows_is_null(r, k, i)) {
      wi_cli_buf_clear(cell);
      wi_cli_rows_cell(cell, r, k, i, WI_CLI_VALUE_PLAIN);
      add_field(b, wi_cli_buf_text(cell), cell->n);
    }
  }
  wi_cli_buf_chr(b, '\n');
}

weir_status wi_cli_render_csv(wi_cli_screen *s, wi_cli_rows *r, weir_error *err) {
  weir_status status = WEIR_OK;
  for (size_t k = 0; k < r->row.n_children && status == WEIR_OK; k++) {
    status = wi_cli_field_unique(&r->row.children[k], true, true, err);
  }
  wi_cli_buf cell = WI_CLI_BUF_INIT;
  if (status == WEIR_OK) {
    add_header(&s->out.buf, &r->row);
  }
  while (status == WEIR_OK && !wi_cli_out_closed(&s->out)) {
    status = wi_cli_rows_next(r, err);
    if (status != WEIR_OK || r->n == 0) {
      break;
    }
    for (int64_t i = 0; i < r->n && !wi_cli_out_closed(&s->out); i++) {
      add_row(&s->out.buf, r, i, &cell);
      wi_cli_out_more(&s->out);
    }
  }
  wi_cli_buf_release(&cell);
  return status;
}
