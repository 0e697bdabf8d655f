/* Errors and warnings on standard error: for people, or one JSON object per line. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"

weir_status wi_cli_error(weir_error *err, weir_status code, const char *fmt, ...) {
  weir_error_release(err);
  err->code = code;
  memcpy(err->origin, "cli", sizeof "cli");
  va_list args;
  va_start(args, fmt);
  vsnprintf(err->message, sizeof err->message, fmt, args);
  va_end(args);
  return code;
}

void wi_cli_error_option(weir_error *err, const char *option) {
  char text[sizeof err->message];
  snprintf(text, sizeof text, "%.32s %.900s", option, err->message);
  memcpy(err->message, text, sizeof text);
}

void wi_cli_error_hint(weir_error *err, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  vsnprintf(err->hint, sizeof err->hint, fmt, args);
  va_end(args);
}

static void write_errors(wi_cli_buf *b) {
  size_t at = 0;
  while (at < b->n) {
    ssize_t n = write(STDERR_FILENO, b->p + at, b->n - at);
    if (n < 0 && errno != EINTR) {
      break; /* there is nowhere left to say so */
    }
    at += n > 0 ? (size_t)n : 0;
  }
  wi_cli_buf_release(b);
}

static void add_place(wi_cli_buf *b, const char *key, uint32_t v) {
  if (v > 0) {
    wi_cli_json_ku(b, key, v);
  } else {
    wi_cli_json_kt(b, key, NULL);
  }
}

/* The detail is not the engine's words, but rows that say what is wrong. */
static bool has_rows(const weir_error *err) {
  return (err->code == WEIR_E_CONSTRAINT || err->code == WEIR_E_KEY_VIOLATED) &&
         err->detail != NULL && err->detail[0] != '\0';
}

void wi_cli_error_members(wi_cli_buf *b, const weir_error *err, bool verbose) {
  wi_cli_json_kt(b, "code", weir_error_code_name(err->code));
  wi_cli_json_kt(b, "class", weir_class_name(weir_error_class(err->code)));
  wi_cli_json_kt(b, "message", err->message);
  wi_cli_json_kt(b, "file", err->file[0] == '\0' ? NULL : err->file);
  add_place(b, "line", err->line);
  add_place(b, "column", err->column);
  wi_cli_json_kt(b, "hint", err->hint[0] == '\0' ? NULL : err->hint);
  if ((verbose && err->detail != NULL) || has_rows(err)) {
    wi_cli_json_kt(b, "detail", err->detail);
  }
}

static void tell_json(wi_cli_buf *b, const wi_cli_screen *s, const weir_error *err,
                      bool warning, const char *view) {
  wi_cli_buf_fmt(b, "{\"%s\":{", warning ? "warning" : "error");
  wi_cli_error_members(b, err, s->verbose);
  if (view != NULL) {
    wi_cli_json_kt(b, "view", view);
  }
  wi_cli_buf_str(b, "}}\n");
}

/* Lines after the first are indented, so that each error stays one block. */
static void add_block(wi_cli_buf *b, const char *text, const char *indent) {
  wi_cli_buf shown = WI_CLI_BUF_INIT;
  wi_cli_visible(&shown, text, strlen(text), true);
  for (const char *p = wi_cli_buf_text(&shown); *p != '\0'; p++) {
    wi_cli_buf_chr(b, *p);
    if (*p == '\n' && p[1] != '\0') {
      wi_cli_buf_str(b, indent);
    }
  }
  if (b->p[b->n - 1] != '\n') {
    wi_cli_buf_chr(b, '\n');
  }
  wi_cli_buf_release(&shown);
}

static void tell_text(wi_cli_buf *b, const wi_cli_screen *s, const weir_error *err,
                      bool warning, const char *view) {
  char head[96];
  snprintf(head, sizeof head, "%s[%s]", warning ? "warning" : "error",
           weir_error_code_name(err->code));
  wi_cli_styled(b, s->errors_color, warning ? WI_CLI_STYLE_YELLOW : WI_CLI_STYLE_RED,
                head);
  wi_cli_buf_str(b, ": ");
  if (view != NULL) {
    wi_cli_buf_fmt(b, "view '%s': ", view);
  }
  add_block(b, err->message, "    ");
  if (err->file[0] != '\0' || err->line > 0) {
    wi_cli_buf_str(b, "  --> ");
    wi_cli_visible(b, err->file, strlen(err->file), false);
    if (err->line > 0) {
      wi_cli_buf_fmt(b, "%s%u", err->file[0] == '\0' ? "line " : ":", err->line);
    }
    if (err->line > 0 && err->column > 0) {
      wi_cli_buf_fmt(b, ":%u", err->column);
    }
    wi_cli_buf_chr(b, '\n');
  }
  if (err->hint[0] != '\0') {
    wi_cli_buf_str(b, "  ");
    wi_cli_styled(b, s->errors_color, WI_CLI_STYLE_CYAN, "help:");
    wi_cli_buf_chr(b, ' ');
    add_block(b, err->hint, "    ");
  }
  if (has_rows(err)) {
    wi_cli_buf_str(b, "  rows:\n  ");
    add_block(b, err->detail, "  ");
  } else if (s->verbose && err->detail != NULL && err->detail[0] != '\0') {
    wi_cli_buf_str(b, "  detail: ");
    add_block(b, err->detail, "    ");
  }
}

/* Whether this warning was told before; remembers it otherwise. */
static bool told_before(wi_cli_screen *s, const wi_cli_buf *text) {
  for (size_t i = 0; i < s->n_told; i++) {
    if (strcmp(s->told[i], wi_cli_buf_text(text)) == 0) {
      return true;
    }
  }
  s->told = wi_cli_realloc(s->told, s->n_told + 1, sizeof *s->told);
  wi_cli_buf copy = WI_CLI_BUF_INIT;
  wi_cli_buf_add(&copy, wi_cli_buf_text(text), text->n);
  s->told[s->n_told++] = copy.p;
  return false;
}

void wi_cli_tell(wi_cli_screen *s, const weir_error *err, bool warning,
                 const char *view) {
  wi_cli_buf b = WI_CLI_BUF_INIT;
  if (s->format == WI_CLI_FORMAT_JSON) {
    tell_json(&b, s, err, warning, view);
  } else {
    tell_text(&b, s, err, warning, view);
  }
  if (warning && told_before(s, &b)) {
    wi_cli_buf_release(&b);
    return;
  }
  s->errors += warning ? 0 : 1;
  s->warnings += warning ? 1 : 0;
  write_errors(&b);
}

int wi_cli_fail(wi_cli_screen *s, weir_error *err) {
  int code = weir_error_exit_code(err->code);
  wi_cli_out_flush(&s->out);
  wi_cli_tell(s, err, false, NULL);
  weir_error_release(err);
  return code;
}

int wi_cli_finish(wi_cli_screen *s, int code) {
  wi_cli_out_flush(&s->out);
  if (s->out.failed == 0) {
    return code;
  }
  weir_error err = WEIR_ERROR_INIT;
  wi_cli_error(&err, WEIR_E_IO, "writing to standard output failed: %s",
               strerror(s->out.failed));
  s->out.failed = 0;
  int failed = wi_cli_fail(s, &err);
  return code != 0 ? code : failed;
}
