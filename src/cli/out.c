/* Standard output and the screens. */
#include "out.h"

#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OUT_LARGE (256 * 1024)

/* ---- output ---- */

void wi_cli_out_flush(wi_cli_out *out) {
  size_t at = 0;
  while (at < out->buf.n && !out->closed && out->failed == 0) {
    ssize_t n = write(out->fd, out->buf.p + at, out->buf.n - at);
    if (n >= 0) {
      at += (size_t)n;
    } else if (errno == EPIPE) {
      out->closed = true;
    } else if (errno != EINTR) {
      out->failed = errno;
    }
  }
  wi_cli_buf_clear(&out->buf);
}

void wi_cli_out_more(wi_cli_out *out) {
  if (out->buf.n >= OUT_LARGE) {
    wi_cli_out_flush(out);
  }
}

bool wi_cli_out_closed(const wi_cli_out *out) {
  return out->closed || out->failed != 0;
}

/* ---- screens ---- */

static size_t terminal_width(void) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  const char *columns = getenv("COLUMNS");
  uint64_t n = 0;
  return columns != NULL && wi_count_parse(columns, &n) && n > 0 && n < 10000 ? (size_t)n
                                                                              : 80;
}

void wi_cli_screen_init(wi_cli_screen *s) {
  *s = (wi_cli_screen){.out = {.fd = STDOUT_FILENO}};
  s->terminal = isatty(STDOUT_FILENO) == 1;
  s->errors_terminal = isatty(STDERR_FILENO) == 1;
  s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  s->width = terminal_width();
  wi_cli_screen_colors(s, WI_CLI_COLOR_AUTO);
}

void wi_cli_screen_colors(wi_cli_screen *s, wi_cli_color_mode mode) {
  const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
  bool able = (no_color == NULL || no_color[0] == '\0') && term != NULL &&
              strcmp(term, "dumb") != 0;
  bool always = mode == WI_CLI_COLOR_ALWAYS, wanted = mode == WI_CLI_COLOR_AUTO && able;
  s->color = always || (wanted && s->terminal);
  s->errors_color = always || (wanted && s->errors_terminal);
}

void wi_cli_screen_release(wi_cli_screen *s) {
  for (size_t i = 0; i < s->n_told; i++) {
    free(s->told[i]);
  }
  free(s->told);
  wi_cli_buf_release(&s->out.buf);
  *s = (wi_cli_screen){.out = {.fd = -1}};
}

void wi_cli_styled(wi_cli_buf *b, bool color, wi_cli_style style, const char *text) {
  static const char *const codes[] = {"1", "2", "31", "32", "33", "36"};
  if (color) {
    wi_cli_buf_fmt(b, "\033[%sm%s\033[0m", codes[style], text);
  } else {
    wi_cli_buf_str(b, text);
  }
}

/* ---- grid ---- */

void wi_cli_grid_init(wi_cli_grid *g, size_t columns, uint32_t right) {
  *g = (wi_cli_grid){NULL, 0, 0, columns, right};
}

void wi_cli_grid_add(wi_cli_grid *g, const char *text) {
  if (g->n == g->cap) {
    g->cap = g->cap == 0 ? 64 : g->cap * 2;
    g->cells = wi_cli_realloc(g->cells, g->cap, sizeof *g->cells);
  }
  wi_cli_buf shown = WI_CLI_BUF_INIT;
  wi_cli_visible(&shown, text, strlen(text), false);
  wi_cli_buf_add(&shown, "", 0);
  g->cells[g->n++] = shown.p;
}

void wi_cli_grid_addf(wi_cli_grid *g, const char *fmt, ...) {
  char text[256];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  wi_cli_grid_add(g, text);
}

static void grid_cell(const wi_cli_grid *g, wi_cli_screen *s, size_t i, size_t width,
                      bool heading) {
  wi_cli_buf *b = &s->out.buf;
  const char *text = g->cells[i];
  size_t column = i % g->columns, own = wi_cli_width(text, strlen(text));
  size_t pad = width > own ? width - own : 0;
  bool right = (g->right >> column & 1) != 0, last = column + 1 == g->columns;
  wi_cli_buf_pad(b, ' ', right ? pad : 0);
  wi_cli_styled(b, s->color && heading, WI_CLI_STYLE_DIM, text);
  wi_cli_buf_pad(b, ' ', right || last ? 0 : pad);
  wi_cli_buf_str(b, last ? "\n" : "  ");
}

/* Empty cells at the end of a row leave no blanks. */
static void trim_line(wi_cli_buf *b) {
  size_t n = b->n;
  if (n > 0 && b->p[n - 1] == '\n') {
    n--;
    while (n > 0 && b->p[n - 1] == ' ') {
      n--;
    }
    b->n = n;
    wi_cli_buf_chr(b, '\n');
  }
}

void wi_cli_grid_print(const wi_cli_grid *g, wi_cli_screen *s, bool header) {
  size_t *widths = wi_cli_alloc(g->columns, sizeof *widths);
  for (size_t i = 0; i < g->n; i++) {
    size_t width = wi_cli_width(g->cells[i], strlen(g->cells[i]));
    size_t *at = &widths[i % g->columns];
    *at = width > *at ? width : *at;
  }
  for (size_t i = 0; i < g->n; i++) {
    grid_cell(g, s, i, widths[i % g->columns], header && i < g->columns);
    if ((i + 1) % g->columns == 0) {
      trim_line(&s->out.buf);
    }
    wi_cli_out_more(&s->out);
  }
  free(widths);
}

void wi_cli_grid_release(wi_cli_grid *g) {
  for (size_t i = 0; i < g->n; i++) {
    free(g->cells[i]);
  }
  free(g->cells);
  *g = (wi_cli_grid){0};
}
