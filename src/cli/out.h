/* Standard output, and what is known of the screens. */
#ifndef WEIR_CLI_OUT_H
#define WEIR_CLI_OUT_H

#include "text.h"

/* Standard output through a large buffer. A reader that goes away (EPIPE) closes it
 * quietly: later output is dropped, and whoever produces rows asks wi_cli_out_closed. */
typedef struct wi_cli_out {
  int fd;
  wi_cli_buf buf;
  bool closed;
  int failed; /* errno of another failure; 0: none */
} wi_cli_out;
/* Writes the buffer out if it is large. */
void wi_cli_out_more(wi_cli_out *out);
void wi_cli_out_flush(wi_cli_out *out);
bool wi_cli_out_closed(const wi_cli_out *out); /* nobody reads, or it failed */

typedef enum wi_cli_format {
  WI_CLI_FORMAT_TEXT = 0,
  WI_CLI_FORMAT_JSON = 1,
  WI_CLI_FORMAT_CSV = 2,
  WI_CLI_FORMAT_ARROW = 3
} wi_cli_format;

typedef struct wi_cli_screen {
  wi_cli_out out;
  wi_cli_format format;
  bool verbose;
  bool terminal;            /* standard output is one */
  bool errors_terminal;     /* standard error is one */
  bool color, errors_color; /* of standard output, of standard error */
  bool utf8;
  size_t width;            /* columns of the terminal */
  size_t errors, warnings; /* told so far */
  char **told;             /* warnings told so far, so that none is told twice */
  size_t n_told;
} wi_cli_screen;
typedef enum wi_cli_color_mode {
  WI_CLI_COLOR_AUTO,
  WI_CLI_COLOR_ALWAYS,
  WI_CLI_COLOR_NEVER
} wi_cli_color_mode;
void wi_cli_screen_init(wi_cli_screen *s);
void wi_cli_screen_colors(wi_cli_screen *s, wi_cli_color_mode mode);
void wi_cli_screen_release(wi_cli_screen *s);

/* SGR sequences; empty when `color` is false. */
typedef enum wi_cli_style {
  WI_CLI_STYLE_BOLD,
  WI_CLI_STYLE_DIM,
  WI_CLI_STYLE_RED,
  WI_CLI_STYLE_GREEN,
  WI_CLI_STYLE_YELLOW,
  WI_CLI_STYLE_CYAN
} wi_cli_style;
void wi_cli_styled(wi_cli_buf *b, bool color, wi_cli_style style, const char *text);

/* A small table for people: cells are text, the last column is not padded. */
typedef struct wi_cli_grid {
  char **cells;
  size_t n, cap, columns;
  uint32_t right; /* bit per column: aligned to the right */
} wi_cli_grid;
void wi_cli_grid_init(wi_cli_grid *g, size_t columns, uint32_t right);
void wi_cli_grid_add(wi_cli_grid *g, const char *text);
void wi_cli_grid_addf(wi_cli_grid *g, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* Writes the rows; `header`: the first one is a heading. */
void wi_cli_grid_print(const wi_cli_grid *g, wi_cli_screen *s, bool header);
void wi_cli_grid_release(wi_cli_grid *g);

/* ---- errors (errors.c) ---- */
/* Sets an error of the command itself; gives `code`. */
weir_status wi_cli_error(weir_error *err, weir_status code, const char *fmt, ...)
    WEIR_PRINTF(3, 4);
void wi_cli_error_hint(weir_error *err, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* Puts the option that it is about before the message. */
void wi_cli_error_option(weir_error *err, const char *option);
/* Writes an error or a warning to standard error; `view` may be NULL. */
void wi_cli_tell(wi_cli_screen *s, const weir_error *err, bool warning, const char *view);
/* The members of an error's JSON object, without its braces. */
void wi_cli_error_members(wi_cli_buf *b, const weir_error *err, bool verbose);
/* Tells an error, releases it, and gives the exit code. */
int wi_cli_fail(wi_cli_screen *s, weir_error *err);
/* Writes what is buffered; a failed write is told. Gives the exit code: `code`, or 1. */
int wi_cli_finish(wi_cli_screen *s, int code);

#endif
