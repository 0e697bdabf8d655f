/* The error record, and the tables that errors.def generates. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"

typedef struct error_row {
  weir_status code;
  weir_class cls;
  int exit_code;
  char sqlstate[6];
  const char *doc;
  char name[32];
} error_row;

/* The i-th character of a symbol's public name, as a constant: '_' reads '-'. */
#define AT(s, i)  ((s)[(i) < sizeof(s) ? (i) : sizeof(s) - 1])
#define CH(s, i)  (AT(s, i) == '_' ? '-' : AT(s, i))
#define CH4(s, i) CH(s, i), CH(s, (i) + 1), CH(s, (i) + 2), CH(s, (i) + 3)
#define NAME(s)                                                                    \
  {'W',       'E',        'I',        'R',        '-',       CH4(s, 0), CH4(s, 4), \
   CH4(s, 8), CH4(s, 12), CH4(s, 16), CH4(s, 20), CH(s, 24), CH(s, 25), '\0'}

static const error_row rows[] = {
    {WEIR_OK, WEIR_CLASS_NONE, 0, "00000", "no error", NAME("OK")},
#define WEIR_ERROR_ROW(symbol, number, cls, exit_code, sqlstate, doc) \
  {(number), WEIR_CLASS_##cls, (exit_code), sqlstate, (doc), NAME(#symbol)},
#include "weir/errors.def"
#undef WEIR_ERROR_ROW
};

#define WEIR_ERROR_ROW(symbol, number, cls, exit_code, sqlstate, doc)             \
  _Static_assert(sizeof(#symbol) <= 27, "name too long for error_row: " #symbol); \
  _Static_assert(sizeof(sqlstate) == 6, "a state has five characters: " #symbol);
#include "weir/errors.def"
#undef WEIR_ERROR_ROW

static const error_row *find_row(weir_status code) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].code == code) {
      return &rows[i];
    }
  }
  return NULL;
}

const char *weir_error_code_name(weir_status code) {
  const error_row *row = find_row(code);
  return row == NULL ? "WEIR-UNKNOWN" : row->name;
}

weir_class weir_error_class(weir_status code) {
  const error_row *row = find_row(code);
  return row == NULL ? WEIR_CLASS_BUG : row->cls;
}

const char *weir_class_name(weir_class cls) {
  switch (cls) {
    case WEIR_CLASS_NONE:
      return "none";
    case WEIR_CLASS_USER:
      return "user";
    case WEIR_CLASS_CONFLICT:
      return "conflict";
    case WEIR_CLASS_AMBIGUOUS:
      return "ambiguous";
    case WEIR_CLASS_FATAL:
      return "fatal";
    case WEIR_CLASS_UNSUPPORTED:
      return "unsupported";
    case WEIR_CLASS_IO:
      return "io";
    case WEIR_CLASS_CANCELLED:
      return "cancelled";
    case WEIR_CLASS_BUG:
      return "bug";
    case WEIR_CLASS_PANIC:
      return "panic";
  }
  return "unknown";
}

const char *weir_error_sqlstate(weir_status code) {
  const error_row *row = find_row(code);
  return row == NULL ? "HY000" : row->sqlstate;
}

int weir_error_exit_code(weir_status code) {
  const error_row *row = find_row(code);
  return row == NULL ? 1 : row->exit_code;
}

const char *weir_error_doc(weir_status code) {
  const error_row *row = find_row(code);
  return row == NULL ? "a code that this version does not know" : row->doc;
}

void weir_error_release(weir_error *err) {
  if (err == NULL) {
    return;
  }
  wi_free(err->detail);
  memset(err, 0, sizeof *err);
}

/* Paths and engine texts can hold any bytes; the record promises UTF-8. */
static void make_utf8(char *text, size_t n) {
  for (size_t i = 0; i < n;) {
    size_t step = wi_utf8_char(text + i, n - i);
    if (step == 0 || text[i] == '\0') {
      text[i] = '?';
      step = 1;
    }
    i += step;
  }
}

/* Copies the n bytes of `text` as UTF-8 with a NUL; what does not fit ends in a mark. */
static void fill(char *out, size_t cap, const char *text, size_t n) {
  make_utf8(out, wi_text_fit(out, cap, text, n));
}

/* Formats into scratch space larger than any field, so that fill sees a cut, and so that what
 * secrets take away is made up for; also lets an argument be the field itself. */
static void format(char *out, size_t cap, const char *fmt, va_list args)
    WEIR_PRINTF(3, 0);
static void format(char *out, size_t cap, const char *fmt, va_list args) {
  char scratch[2 * sizeof(((weir_error *)NULL)->message)];
  int whole = vsnprintf(scratch, sizeof scratch, fmt, args);
  if (whole < 0) {
    fill(out, cap, fmt, strlen(fmt));
    return;
  }
  bool cut = (size_t)whole >= sizeof scratch;
  fill(out, cap, scratch, wi_secret_cut(scratch, strlen(scratch), cut));
}

weir_status wi_err_vset(weir_error *err, weir_status code, const char *origin,
                        const char *fmt, va_list args) {
  if (err == NULL || err->code != WEIR_OK || code == WEIR_OK) {
    return code;
  }
  err->code = code;
  fill(err->origin, sizeof err->origin, origin, strlen(origin));
  format(err->message, sizeof err->message, fmt, args);
  return code;
}

weir_status wi_err_set(weir_error *err, weir_status code, const char *origin,
                       const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  wi_err_vset(err, code, origin, fmt, args);
  va_end(args);
  return code;
}

void wi_err_context(weir_error *err, const char *fmt, ...) {
  char whole[2 * sizeof(((weir_error *)NULL)->message) + 4];
  va_list args;
  if (err == NULL || err->code == WEIR_OK) {
    return;
  }
  va_start(args, fmt);
  format(whole, sizeof err->message / 2, fmt, args); /* the message must still show */
  va_end(args);
  size_t n = strlen(whole);
  if (n == 0) {
    return;
  }
  if (!wi_ends_with(whole, ": ")) {
    const char *joint = whole[n - 1] == ':' ? " " : ": ";
    memcpy(whole + n, joint, strlen(joint) + 1);
    n += strlen(joint);
  }
  size_t rest = strlen(err->message);
  memcpy(whole + n, err->message, rest);
  fill(err->message, sizeof err->message, whole, n + rest);
}

void wi_err_where(weir_error *err, const char *file, uint32_t line, uint32_t column) {
  if (err == NULL) {
    return;
  }
  if (file == NULL) {
    file = "";
  }
  fill(err->file, sizeof err->file, file, strlen(file));
  err->line = line;
  err->column = column;
}

void wi_err_hint_replace(weir_error *err, const char *fmt, ...) {
  va_list args;
  if (err == NULL) {
    return;
  }
  va_start(args, fmt);
  format(err->hint, sizeof err->hint, fmt, args);
  va_end(args);
}

/* Without an error yet the hint is for the one that comes; else for the one that is there. */
void wi_err_hint(weir_error *err, const char *fmt, ...) {
  va_list args;
  if (err == NULL || (err->code != WEIR_OK && err->hint[0] != '\0')) {
    return;
  }
  va_start(args, fmt);
  format(err->hint, sizeof err->hint, fmt, args);
  va_end(args);
}

weir_status wi_err_hinted(weir_error *err, weir_status code, const char *origin,
                          const char *hint, const char *fmt, ...) {
  va_list args;
  if (err == NULL || err->code != WEIR_OK) {
    return code;
  }
  va_start(args, fmt);
  wi_err_vset(err, code, origin, fmt, args);
  va_end(args);
  wi_err_hint_replace(err, "%s", hint);
  return code;
}

const char *wi_hint_text(char out[513], const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  int whole = vsnprintf(out, 513, fmt, args);
  va_end(args);
  (void)wi_secret_cut(out, strlen(out), whole > 512);
  return out;
}

void wi_err_reword(weir_error *err, const char *text) {
  if (err != NULL) {
    fill(err->message, sizeof err->message, text, strlen(text));
  }
}

/* A detail is one block: the text, then each cause, then an empty one, all with their NUL. The
 * struct is in programs that were built before, so that there is no member for causes. */
static size_t block_size(const char *detail) {
  const char *end = detail + strlen(detail) + 1;
  while (*end != '\0') {
    end += strlen(end) + 1;
  }
  return (size_t)(end - detail) + 1;
}

static void set_detail(weir_error *err, const char *text, size_t n, bool causes) {
  char *block = text == NULL ? NULL : wi_alloc_array(causes ? 2 * n + 4 : n + 2, 1);
  if (block != NULL) {
    memcpy(block, text, n);
    block[n] = '\0';
    n = wi_secret_cut(block, n, false);
    make_utf8(block, n);
    memset(block + n, 0, causes ? n + 4 : 2);
  }
  wi_free(err->detail);
  err->detail = block;
  if (block == NULL) {
    return;
  }
  if (causes) {
    char *to = block + n + 1;
    for (size_t i = 0; i < n; i++) {
      bool end = block[i] == '\n';
      if (!end) {
        *to++ = block[i];
      } else if (to[-1] != '\0') { /* an empty line would end the list */
        *to++ = '\0';
      }
    }
  }
}

void wi_err_detail(weir_error *err, const char *text, size_t n) {
  if (err != NULL) {
    set_detail(err, text, n, false);
  }
}

void wi_err_causes(weir_error *err, const char *lines, size_t n) {
  if (err != NULL) {
    set_detail(err, lines, n, true);
  }
}

void wi_err_copy(const weir_error *from, weir_error *to) {
  *to = *from;
  to->detail = NULL;
  if (from->detail != NULL) {
    size_t n = block_size(from->detail);
    to->detail = wi_alloc_array(n, 1);
    if (to->detail != NULL) {
      memcpy(to->detail, from->detail, n);
    }
  }
}

const char *weir_error_cause(const weir_error *err, size_t i) {
  if (err == NULL || err->detail == NULL) {
    return NULL;
  }
  const char *cause = err->detail + strlen(err->detail) + 1;
  while (i > 0 && *cause != '\0') {
    cause += strlen(cause) + 1;
    i--;
  }
  return *cause != '\0' ? cause : NULL;
}

int weir_error_place(const weir_error *err, const char **file, uint32_t *line,
                     uint32_t *column) {
  bool has = err != NULL && (err->line > 0 || err->file[0] != '\0');
  if (file != NULL) {
    *file = has && err->file[0] != '\0' ? err->file : NULL;
  }
  if (line != NULL) {
    *line = has ? err->line : 0;
  }
  if (column != NULL) {
    *column = has ? err->column : 0;
  }
  return has;
}

void wi_err_move(weir_error *dst, weir_error *src) {
  if (src == NULL || dst == src) {
    return;
  }
  if (dst == NULL) {
    weir_error_release(src);
    return;
  }
  weir_error_release(dst);
  *dst = *src;
  memset(src, 0, sizeof *src);
}

weir_status wi_err_except(weir_status status, weir_status code, weir_error *src,
                          weir_error *dst) {
  if (status == code) {
    weir_error_release(src);
    return WEIR_OK;
  }
  wi_err_move(dst, src);
  return status;
}

weir_status wi_err_nomem(weir_error *err, const char *origin) {
  return wi_err_hinted(err, WEIR_E_NO_MEMORY, origin,
                       "free memory on this machine, or lower the memory limit",
                       "out of memory");
}

weir_status wi_buf_check(const wi_buf *b, weir_error *err, const char *origin) {
  return b->failed ? wi_err_nomem(err, origin) : WEIR_OK;
}
