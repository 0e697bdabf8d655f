/* Quoting for the SQL that C itself writes. */
#include "util/util.h"

static void quoted(wi_buf *out, const char *text, char quote) {
  wi_buf_chr(out, quote);
  for (const char *p = text; *p != '\0'; p++) {
    if (*p == quote) {
      wi_buf_chr(out, quote);
    }
    wi_buf_chr(out, *p);
  }
  wi_buf_chr(out, quote);
}

void wi_sql_ident(wi_buf *out, const char *name) {
  quoted(out, name, '"');
}

void wi_sql_string(wi_buf *out, const char *text) {
  quoted(out, text, '\'');
}
