/* A table for people. Widths come from the first rows; the rest is streamed. On a terminal
 * a text too wide for its column is cut, elsewhere it is shown whole. A number is never cut: what
 * is left of it would read as another. */
#include <stdlib.h>
#include <string.h>

#include "render.h"

#define SAMPLE_ROWS  1000
#define SAMPLE_BYTES (8 * 1024 * 1024)
#define LEAST_WIDTH  4

typedef struct table {
  wi_cli_screen *s;
  wi_cli_rows *r;
  size_t columns;
  size_t *widths, *least; /* of columns; what they keep on a narrow terminal */
  bool *right;            /* numbers */
  wi_cli_buf cells;       /* texts of the sample, one after another */
  size_t *ends;           /* of each of its cells, in `cells` */
  bool *nulls;
  size_t n_cells; /* of the sample */
  uint64_t rows;  /* printed */
  wi_cli_buf scratch, cell;
} table;

static const char *const utf8_lines[] = {"┌", "┬", "┐", "├", "┼", "┤",
                                         "└", "┴", "┘", "─", "│"};
static const char *const ascii_lines[] = {"+", "+", "+", "+", "+", "+",
                                          "+", "+", "+", "-", "|"};
enum { LINE_TOP = 0, LINE_MIDDLE = 3, LINE_BOTTOM = 6, LINE_FLAT = 9, LINE_UPRIGHT = 10 };

static const char *line(const table *t, int which) {
  return t->s->utf8 ? utf8_lines[which] : ascii_lines[which];
}

static void cell_text(table *t, size_t column, int64_t i, wi_cli_buf *out, bool *null) {
  *null = wi_cli_rows_is_null(t->r, column, i);
  if (*null) {
    wi_cli_buf_str(out, "NULL");
    return;
  }
  wi_cli_buf_clear(&t->scratch);
  wi_cli_rows_cell(&t->scratch, t->r, column, i, WI_CLI_VALUE_SCREEN);
  wi_cli_visible(out, wi_cli_buf_text(&t->scratch), t->scratch.n, false);
}

static void add_rule(table *t, int first) {
  wi_cli_buf *b = &t->s->out.buf;
  for (size_t k = 0; k < t->columns; k++) {
    wi_cli_buf_str(b, line(t, k == 0 ? first : first + 1));
    for (size_t i = 0; i < t->widths[k] + 2; i++) {
      wi_cli_buf_str(b, line(t, LINE_FLAT));
    }
  }
  wi_cli_buf_str(b, line(t, first + 2));
  wi_cli_buf_chr(b, '\n');
}

typedef enum cell_look { LOOK_PLAIN, LOOK_NULL, LOOK_HEADING } cell_look;

static void add_cell(table *t, size_t column, const char *p, size_t n, cell_look look) {
  wi_cli_buf *b = &t->s->out.buf;
  size_t width = t->widths[column], used = wi_cli_width(p, n), shown = n;
  const char *cut = "";
  bool number = t->right[column] && look == LOOK_PLAIN;
  if (used > width && t->s->terminal && !number) {
    cut = t->s->utf8 ? "…" : "~";
    shown = wi_cli_fit(p, n, width - 1, &used);
    used++;
  }
  size_t pad = width > used ? width - used : 0;
  wi_cli_buf_str(b, line(t, LINE_UPRIGHT));
  wi_cli_buf_pad(b, ' ', 1 + (t->right[column] ? pad : 0));
  if (look == LOOK_PLAIN || !t->s->color) {
    wi_cli_buf_add(b, p, shown);
  } else {
    wi_cli_buf_str(b, look == LOOK_NULL ? "\033[2m" : "\033[1m");
    wi_cli_buf_add(b, p, shown);
    wi_cli_buf_str(b, "\033[0m");
  }
  wi_cli_buf_str(b, cut);
  wi_cli_buf_pad(b, ' ', 1 + (t->right[column] ? 0 : pad));
}

static void end_row(table *t) {
  wi_cli_buf_str(&t->s->out.buf, line(t, LINE_UPRIGHT));
  wi_cli_buf_chr(&t->s->out.buf, '\n');
  wi_cli_out_more(&t->s->out);
}

/* Takes width from the widest column until the table fits, or no column can give more. */
static void fit_terminal(table *t) {
  size_t total = 1;
  for (size_t k = 0; k < t->columns; k++) {
    total += t->widths[k] + 3;
  }
  while (total > t->s->width) {
    size_t widest = t->columns;
    for (size_t k = 0; k < t->columns; k++) {
      bool gives = t->widths[k] > t->least[k];
      widest = gives && (widest == t->columns || t->widths[k] > t->widths[widest])
                   ? k
                   : widest;
    }
    if (widest == t->columns) {
      break;
    }
    t->widths[widest]--;
    total--;
  }
}

static size_t widen(table *t, size_t column, const char *p, size_t n) {
  size_t width = wi_cli_width(p, n);
  t->widths[column] = width > t->widths[column] ? width : t->widths[column];
  return width;
}

static void sample_cell(table *t, size_t column, int64_t i) {
  size_t start = t->cells.n;
  cell_text(t, column, i, &t->cells, &t->nulls[t->n_cells]);
  size_t width = widen(t, column, wi_cli_buf_text(&t->cells) + start, t->cells.n - start);
  if (t->right[column] && width > t->least[column]) {
    t->least[column] = width;
  }
  t->ends[t->n_cells++] = t->cells.n;
}

/* Leaves *at at the first row of the batch that is not in the sample. */
static weir_status take_sample(table *t, int64_t *at, weir_error *err) {
  size_t rows = 0;
  t->ends = wi_cli_alloc(SAMPLE_ROWS * t->columns, sizeof *t->ends);
  t->nulls = wi_cli_alloc(SAMPLE_ROWS * t->columns, sizeof *t->nulls);
  for (;;) {
    weir_status status = wi_cli_rows_next(t->r, err);
    if (status != WEIR_OK || t->r->n == 0) {
      return status;
    }
    for (*at = 0; *at < t->r->n; (*at)++, rows++) {
      if (rows == SAMPLE_ROWS || t->cells.n > SAMPLE_BYTES) {
        return WEIR_OK;
      }
      for (size_t k = 0; k < t->columns; k++) {
        sample_cell(t, k, *at);
      }
    }
  }
}

static void add_head(table *t) {
  add_rule(t, LINE_TOP);
  for (size_t k = 0; k < t->columns; k++) {
    wi_cli_buf_clear(&t->cell);
    const char *name = t->r->row.children[k].name;
    wi_cli_visible(&t->cell, name, strlen(name), false);
    add_cell(t, k, wi_cli_buf_text(&t->cell), t->cell.n, LOOK_HEADING);
  }
  end_row(t);
  add_rule(t, LINE_MIDDLE);
}

static void add_sample(table *t) {
  size_t start = 0;
  for (size_t i = 0; i < t->n_cells && !wi_cli_out_closed(&t->s->out); i++) {
    add_cell(t, i % t->columns, wi_cli_buf_text(&t->cells) + start, t->ends[i] - start,
             t->nulls[i] ? LOOK_NULL : LOOK_PLAIN);
    start = t->ends[i];
    if ((i + 1) % t->columns == 0) {
      end_row(t);
      t->rows++;
    }
  }
}

static weir_status add_rest(table *t, int64_t at, weir_error *err) {
  weir_status status = WEIR_OK;
  while (status == WEIR_OK && t->r->n > 0 && !wi_cli_out_closed(&t->s->out)) {
    for (; at < t->r->n && !wi_cli_out_closed(&t->s->out); at++, t->rows++) {
      for (size_t k = 0; k < t->columns; k++) {
        bool null = false;
        wi_cli_buf_clear(&t->cell);
        cell_text(t, k, at, &t->cell, &null);
        add_cell(t, k, wi_cli_buf_text(&t->cell), t->cell.n,
                 null ? LOOK_NULL : LOOK_PLAIN);
      }
      end_row(t);
    }
    at = 0;
    status = wi_cli_rows_next(t->r, err);
  }
  return status;
}

weir_status wi_cli_render_table(wi_cli_screen *s, wi_cli_rows *r, weir_error *err) {
  table t = {.s = s, .r = r, .columns = r->row.n_children};
  int64_t at = 0;
  t.widths = wi_cli_alloc(t.columns, sizeof *t.widths);
  t.least = wi_cli_alloc(t.columns, sizeof *t.least);
  t.right = wi_cli_alloc(t.columns, sizeof *t.right);
  for (size_t k = 0; k < t.columns; k++) {
    const char *name = r->row.children[k].name;
    wi_cli_visible(&t.cell, name, strlen(name), false);
    (void)widen(&t, k, wi_cli_buf_text(&t.cell), t.cell.n);
    t.least[k] = LEAST_WIDTH;
    t.right[k] = wi_cli_field_is_number(&r->row.children[k]);
    wi_cli_buf_clear(&t.cell);
  }
  weir_status status = take_sample(&t, &at, err);
  if (status == WEIR_OK) {
    if (s->terminal) {
      fit_terminal(&t);
    }
    add_head(&t);
    add_sample(&t);
    status = add_rest(&t, at, err);
  }
  if (status == WEIR_OK) {
    add_rule(&t, LINE_BOTTOM);
    wi_cli_grouped(&s->out.buf, t.rows);
    wi_cli_buf_str(&s->out.buf, t.rows == 1 ? " row\n" : " rows\n");
  }
  free(t.widths);
  free(t.least);
  free(t.right);
  free(t.ends);
  free(t.nulls);
  wi_cli_buf_release(&t.cells);
  wi_cli_buf_release(&t.scratch);
  wi_cli_buf_release(&t.cell);
  return status;
}
