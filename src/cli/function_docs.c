/* What weir and plug-ins say of their functions, for people and as JSON. */
#include "function_docs.h"

#include <stdlib.h>
#include <string.h>

weir_status wi_cli_docs_read(wi_cli_cells *docs, weir_session *session, weir_error *err) {
  struct ArrowArrayStream stream = {0};
  weir_status status =
      weir_session_read(session, WEIR_SESSION_FUNCTION_DOCS, &stream, err);
  if (status == WEIR_OK) {
    status = wi_cli_cells_read(docs, &stream, err);
  }
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  return status;
}

bool wi_cli_docs_find(const wi_cli_cells *docs, const char *name, const char *kind,
                      size_t *row) {
  for (size_t i = 0; i < wi_cli_cells_rows(docs); i++) {
    if (strcmp(wi_cli_cells_at(docs, i, DOC_NAME), name) == 0 &&
        strcmp(wi_cli_cells_at(docs, i, DOC_KIND), kind) == 0) {
      *row = i;
      return true;
    }
  }
  return false;
}

void wi_cli_detail_line(wi_cli_buf *b, const char *label, const char *text) {
  if (text[0] != '\0') {
    wi_cli_buf_fmt(b, "  %-12s ", label);
    wi_cli_visible(b, text, strlen(text), false);
    wi_cli_buf_chr(b, '\n');
  }
}

void wi_cli_list_json(wi_cli_buf *b, const char *key, const char *items) {
  wi_cli_json_key(b, key);
  wi_cli_buf_chr(b, '[');
  for (const char *p = items; *p != '\0';) {
    size_t length = strcspn(p, ",");
    wi_cli_json_ntext(b, p, length);
    p += length + (p[length] == ',' ? 1 : 0);
    wi_cli_buf_str(b, *p != '\0' ? "," : "");
  }
  wi_cli_buf_chr(b, ']');
}

void wi_cli_docs_json(wi_cli_buf *b, const wi_cli_cells *docs, size_t row) {
  const char *parameters = wi_cli_cells_at(docs, row, DOC_PARAMETERS);
  wi_cli_json_kt(b, "section", wi_cli_cells_at(docs, row, DOC_SECTION));
  wi_cli_json_kt(b, "returns", wi_cli_cells_at(docs, row, DOC_RETURNS));
  wi_cli_json_kt(b, "example", wi_cli_cells_at(docs, row, DOC_EXAMPLE));
  wi_cli_json_kt(b, "example_result", wi_cli_cells_at(docs, row, DOC_RESULT));
  wi_cli_list_json(b, "settings", wi_cli_cells_at(docs, row, DOC_SETTINGS));
  wi_cli_json_key(b, "arguments");
  wi_cli_buf_str(b, parameters[0] != '\0' ? parameters : "[]");
}

/* ---- parameters: a JSON array of flat objects, as the library writes it ---- */

typedef struct argument {
  wi_cli_buf name, type, doc;
  bool optional, variadic, literal;
} argument;

/* The escape at `p`, which stands after a backslash; gives its length. Above U+007F the
 * library writes text as it is. */
static size_t read_escape(const char *p, wi_cli_buf *out) {
  static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
  const char *at = strchr(from, *p);
  if (*p == 'u') {
    char digits[5] = {0};
    size_t n = strnlen(p + 1, 4);
    memcpy(digits, p + 1, n);
    wi_cli_buf_chr(out, (char)strtol(digits, NULL, 16));
    return 1 + n;
  }
  wi_cli_buf_chr(out, *p != '\0' && at != NULL ? to[at - from] : *p);
  return *p != '\0' ? 1 : 0;
}

/* The string that begins at the quote `p`; gives what stands after it. */
static const char *read_string(const char *p, wi_cli_buf *out) {
  wi_cli_buf_clear(out);
  for (p++; *p != '\0' && *p != '"';) {
    if (*p == '\\') {
      p += 1 + read_escape(p + 1, out);
    } else {
      wi_cli_buf_chr(out, *p++);
    }
  }
  return *p == '"' ? p + 1 : p;
}

static const char *read_member(const char *p, argument *a, wi_cli_buf *key) {
  wi_cli_buf ignored = WI_CLI_BUF_INIT;
  p = read_string(p, key);
  const char *k = wi_cli_buf_text(key);
  p += *p == ':' ? 1 : 0;
  if (*p == '"') {
    p = read_string(p, strcmp(k, "name") == 0   ? &a->name
                       : strcmp(k, "type") == 0 ? &a->type
                       : strcmp(k, "doc") == 0  ? &a->doc
                                                : &ignored);
  } else {
    bool yes = *p == 't';
    a->optional = strcmp(k, "optional") == 0 ? yes : a->optional;
    a->variadic = strcmp(k, "variadic") == 0 ? yes : a->variadic;
    a->literal = strcmp(k, "literal") == 0 ? yes : a->literal;
    p += strcspn(p, ",}");
  }
  wi_cli_buf_release(&ignored);
  return p;
}

/* The next object; NULL: there is none. */
static const char *read_argument(const char *p, argument *a, wi_cli_buf *key) {
  p = strchr(p, '{');
  if (p == NULL) {
    return NULL;
  }
  a->optional = a->variadic = a->literal = false;
  wi_cli_buf_clear(&a->name);
  wi_cli_buf_clear(&a->type);
  wi_cli_buf_clear(&a->doc);
  for (p++; *p != '\0' && *p != '}';) {
    p = *p == '"' ? read_member(p, a, key) : p + 1;
  }
  return p;
}

static void argument_text(wi_cli_buf *b, const argument *a) {
  wi_cli_buf text = WI_CLI_BUF_INIT;
  wi_cli_buf_str(&text, wi_cli_buf_text(&a->type));
  wi_cli_buf_str(&text, a->optional ? ", optional" : "");
  wi_cli_buf_str(&text, a->variadic ? ", one or more" : "");
  wi_cli_buf_str(&text, a->literal ? ", literal" : "");
  if (a->doc.n > 0) {
    wi_cli_buf_fmt(&text, ": %s", wi_cli_buf_text(&a->doc));
  }
  wi_cli_detail_line(b, wi_cli_buf_text(&a->name), wi_cli_buf_text(&text));
  wi_cli_buf_release(&text);
}

void wi_cli_docs_text(wi_cli_buf *b, const wi_cli_cells *docs, size_t row) {
  argument a = {0};
  wi_cli_buf key = WI_CLI_BUF_INIT;
  const char *p = wi_cli_cells_at(docs, row, DOC_PARAMETERS);
  while ((p = read_argument(p, &a, &key)) != NULL) {
    argument_text(b, &a);
  }
  wi_cli_buf_release(&a.name);
  wi_cli_buf_release(&a.type);
  wi_cli_buf_release(&a.doc);
  wi_cli_buf_release(&key);
  wi_cli_detail_line(b, "returns", wi_cli_cells_at(docs, row, DOC_RETURNS));
  wi_cli_detail_line(b, "tags", wi_cli_cells_at(docs, row, DOC_TAGS));
  wi_cli_detail_line(b, "settings", wi_cli_cells_at(docs, row, DOC_SETTINGS));
  wi_cli_detail_line(b, "example", wi_cli_cells_at(docs, row, DOC_EXAMPLE));
  wi_cli_detail_line(b, "  gives", wi_cli_cells_at(docs, row, DOC_RESULT));
}
