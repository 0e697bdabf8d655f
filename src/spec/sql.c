/* What weir looks at in SQL before any parser: the header comment and template text. The
 * lexical rules are those of the engine's generic dialect. */
#include <string.h>

#include "spec/internal.h"

typedef struct cursor {
  const char *p;
  uint32_t line, column;
} cursor;

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static bool is_word(char c) {
  return wi_ascii_alnum(c) || c == '_';
}

/* One character; the text is valid UTF-8 and ends with a NUL. */
static void step(cursor *c) {
  if (*c->p == '\n') {
    c->line++;
    c->column = 0;
  }
  c->p++;
  while (((unsigned char)*c->p & 0xC0) == 0x80) {
    c->p++;
  }
  c->column++;
}

static void step_n(cursor *c, size_t n) {
  for (size_t i = 0; i < n && *c->p != '\0'; i++) {
    step(c);
  }
}

/* ---- the header ---- */

/* After the mark of a comment: blanks, "weir", then blank or the comment's end. Gives
 * what follows "weir"; NULL: an ordinary comment. */
static const char *header_body(const char *p) {
  p += 2;
  while (*p == ' ' || *p == '\t') {
    p++;
  }
  if (strncmp(p, "weir", 4) != 0) {
    return NULL;
  }
  p += 4;
  return is_space(*p) || *p == '\0' || (p[0] == '*' && p[1] == '/') ? p : NULL;
}

void wi_sql_header_find(const char *text, size_t n, wi_header_span *out) {
  *out = (wi_header_span){0};
  const char *p = text;
  while (is_space(*p)) {
    p++;
  }
  const char *body = p[0] == '/' && p[1] == '*' ? header_body(p) : NULL;
  if (body == NULL) {
    return;
  }
  const char *end = strstr(body, "*/");
  out->present = true;
  out->unclosed = end == NULL;
  while (*body == ' ' || *body == '\t' ||
         *body == '\r') { /* a key may stand on this line */
    body++;
  }
  body += *body == '\n' ? 1 : 0; /* the next line keeps its indentation */
  out->start = (size_t)(p - text);
  out->yaml_start = (size_t)(body - text);
  out->yaml_end = end == NULL ? n : (size_t)(end - text);
  out->end = end == NULL ? n : out->yaml_end + 2;
}

/* ---- template text ---- */

typedef struct template_kind {
  const char *open, *close;
} template_kind;

static const template_kind kinds[] = {
    {"{{", "}}"}, {"{%", "%}"}, {"{#", "#}"}, {"${", "}"}, {"<%", "%>"}};

static size_t word_at(const char *p, const char *end, char *out, size_t cap) {
  size_t n = 0;
  while (p + n < end && is_word(p[n]) && n + 1 < cap) {
    out[n] = wi_ascii_lower(p[n]);
    n++;
  }
  out[n] = '\0';
  return n;
}

/* The last quoted text in [p, end), which in ref(), source() and var() is the name. */
static bool last_quoted(const char *p, const char *end, bool first, char *out,
                        size_t cap) {
  bool found = false;
  while (p < end) {
    char quote = *p++;
    if (quote != '\'' && quote != '"') {
      continue;
    }
    char word[130];
    size_t n = word_at(p, end, word, sizeof word);
    if (n > 0 && !(first && found)) {
      memcpy(out, word, n < cap ? n + 1 : cap);
      out[cap - 1] = '\0';
      found = true;
    }
    const char *close = memchr(p, quote, (size_t)(end - p));
    p = close == NULL ? end : close + 1;
  }
  return found;
}

/* What to write instead, as far as it can be told from the template's words. */
static void template_hint(const char *p, const char *end, bool value, wi_buf *hint) {
  char word[130], name[130];
  while (p < end && !is_word(*p)) {
    p++;
  }
  size_t n = word_at(p, end, word, sizeof word);
  bool call = p + n < end && p[n] == '(';
  bool table = strcmp(word, "ref") == 0 || strcmp(word, "source") == 0;
  if (call && table && last_quoted(p, end, false, name, sizeof name)) {
    wi_buf_fmt(hint, "name views and sources directly: FROM %s", name);
  } else if (call && strcmp(word, "config") == 0) {
    wi_buf_str(hint,
               "options stand in the header: /* weir ... */ at the top of the file");
  } else if (call && strcmp(word, "var") == 0 &&
             last_quoted(p, end, true, name, sizeof name) && wi_name_valid(name)) {
    wi_buf_fmt(hint, "write $%s and declare %s under parameters: in weir.yml", name,
               name);
  } else if (value && !call && wi_name_valid(word)) {
    wi_buf_fmt(hint, "write $%s and declare %s under parameters: in weir.yml", word,
               word);
  } else {
    wi_buf_str(hint,
               "use typed parameters: WHERE col = $name, with name declared under "
               "parameters: in weir.yml");
  }
}

static bool template_at(wi_reader *r, cursor *c) {
  size_t k = 0;
  while (k < sizeof kinds / sizeof kinds[0] &&
         strncmp(c->p, kinds[k].open, strlen(kinds[k].open)) != 0) {
    k++;
  }
  if (k == sizeof kinds / sizeof kinds[0]) {
    return false;
  }
  wi_buf hint = WI_BUF_INIT;
  const char *inner = c->p + 2;
  const char *close = strstr(inner, kinds[k].close);
  bool value = kinds[k].open[0] == '$' || kinds[k].open[1] == '{';
  template_hint(inner, close == NULL ? inner : close, value, &hint);
  wi_reader_error(r, WEIR_E_TEMPLATE, c->line, c->column, wi_buf_text(&hint),
                  "template text %s%s: weir has no template language", kinds[k].open,
                  close == NULL ? "" : kinds[k].close);
  wi_buf_release(&hint);
  const char *end = close == NULL ? inner : close + strlen(kinds[k].close);
  while (c->p < end) {
    step(c);
  }
  return true;
}

/* ---- tokens ---- */

/* A quote inside is written twice; an open one ends with the text. */
static void skip_quoted(cursor *c) {
  char quote = *c->p;
  step(c);
  while (*c->p != '\0') {
    if (*c->p == quote && c->p[1] != quote) {
      step(c);
      return;
    }
    step_n(c, *c->p == quote ? 2 : 1);
  }
}

static void skip_block_comment(cursor *c) {
  size_t depth = 0;
  do {
    bool open = c->p[0] == '/' && c->p[1] == '*';
    bool close = c->p[0] == '*' && c->p[1] == '/';
    depth += open ? 1 : 0;
    depth -= close ? 1 : 0;
    step_n(c, open || close ? 2 : 1);
  } while (depth > 0 && *c->p != '\0');
}

/* $$text$$ and $tag$text$tag$; false: a parameter or a lone $. */
static bool skip_dollar_quoted(cursor *c) {
  size_t n = 1;
  while (is_word(c->p[n])) {
    n++;
  }
  if (c->p[n] != '$' || wi_ascii_digit(c->p[1])) {
    return false;
  }
  const char *open = c->p;
  step_n(c, n + 1);
  while (*c->p != '\0' && strncmp(c->p, open, n + 1) != 0) {
    step(c);
  }
  step_n(c, n + 1);
  return true;
}

/* Skips one comment; a header here is one too late. */
static bool comment_at(wi_reader *r, cursor *c) {
  if (c->p[0] == '-' && c->p[1] == '-') {
    while (*c->p != '\0' && *c->p != '\n') {
      step(c);
    }
    return true;
  }
  if (c->p[0] != '/' || c->p[1] != '*') {
    return false;
  }
  if (header_body(c->p) != NULL) {
    wi_reader_error(
        r, WEIR_E_BAD_VALUE, c->line, c->column,
        "move it to the top; if it is no header, let the comment begin with "
        "another word than weir",
        "the header has to be the first comment of the file, and the only one");
  }
  skip_block_comment(c);
  return true;
}

uint32_t wi_sql_check(wi_reader *r, const char *sql, uint32_t line, uint32_t column) {
  cursor c = {sql, line, column};
  uint32_t first = 0;
  while (*c.p != '\0') {
    if (is_space(*c.p)) {
      step(&c);
      continue;
    }
    if (comment_at(r, &c)) {
      continue;
    }
    first = first == 0 && *c.p != ';' ? c.line : first;
    if (template_at(r, &c) || (*c.p == '$' && skip_dollar_quoted(&c))) {
      continue;
    }
    if (*c.p == '\'' || *c.p == '"' || *c.p == '`') {
      skip_quoted(&c);
    } else {
      step(&c);
    }
  }
  return first;
}
