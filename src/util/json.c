/* JSON out, without spaces. Whether a comma is due is read from the last byte written, so
 * there is no stack of levels and no limit of depth. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "util/util.h"

void wi_json_begin(wi_json *j, wi_buf *out) {
  j->out = out;
  j->depth = 0;
}

static void comma(wi_json *j) {
  const wi_buf *b = j->out;
  if (j->depth == 0 || b->n == 0) {
    return;
  }
  char last = b->p[b->n - 1];
  if (last != '{' && last != '[' && last != ':') {
    wi_buf_chr(j->out, ',');
  }
}

static void open_level(wi_json *j, char c) {
  comma(j);
  wi_buf_chr(j->out, c);
  j->depth++;
}

static void close_level(wi_json *j, char c) {
  wi_buf_chr(j->out, c);
  if (j->depth > 0) {
    j->depth--;
  }
}

void wi_json_object(wi_json *j) {
  open_level(j, '{');
}

void wi_json_object_end(wi_json *j) {
  close_level(j, '}');
}

void wi_json_array(wi_json *j) {
  open_level(j, '[');
}

void wi_json_array_end(wi_json *j) {
  close_level(j, ']');
}

void wi_json_key(wi_json *j, const char *key) {
  comma(j);
  wi_buf_json_text(j->out, key, strlen(key));
  wi_buf_chr(j->out, ':');
}

void wi_json_text(wi_json *j, const char *text) {
  if (text == NULL) {
    wi_json_null(j);
  } else {
    wi_json_ntext(j, text, strlen(text));
  }
}

void wi_json_ntext(wi_json *j, const char *text, size_t n) {
  comma(j);
  wi_buf_json_text(j->out, text, n);
}

void wi_json_int(wi_json *j, int64_t v) {
  comma(j);
  wi_buf_fmt(j->out, "%" PRId64, v);
}

void wi_json_uint(wi_json *j, uint64_t v) {
  comma(j);
  wi_buf_fmt(j->out, "%" PRIu64, v);
}

void wi_json_double(wi_json *j, double v) {
  char text[32];
  wi_double_text(v, text);
  if (isfinite(v)) {
    comma(j);
    wi_buf_str(j->out, text);
  } else {
    wi_json_text(j, text);
  }
}

void wi_json_bool(wi_json *j, bool v) {
  comma(j);
  wi_buf_str(j->out, v ? "true" : "false");
}

void wi_json_null(wi_json *j) {
  comma(j);
  wi_buf_str(j->out, "null");
}

void wi_json_raw(wi_json *j, const char *json) {
  comma(j);
  wi_buf_str(j->out, json == NULL || json[0] == '\0' ? "null" : json);
}

void wi_json_kt(wi_json *j, const char *key, const char *text) {
  wi_json_key(j, key);
  wi_json_text(j, text);
}

void wi_json_ki(wi_json *j, const char *key, int64_t v) {
  wi_json_key(j, key);
  wi_json_int(j, v);
}

void wi_json_kb(wi_json *j, const char *key, bool v) {
  wi_json_key(j, key);
  wi_json_bool(j, v);
}

static void escape_char(wi_buf *b, char c) {
  switch (c) {
    case '"':
      wi_buf_str(b, "\\\"");
      break;
    case '\\':
      wi_buf_str(b, "\\\\");
      break;
    case '\n':
      wi_buf_str(b, "\\n");
      break;
    case '\r':
      wi_buf_str(b, "\\r");
      break;
    case '\t':
      wi_buf_str(b, "\\t");
      break;
    default:
      wi_buf_fmt(b, "\\u%04x", (unsigned)(unsigned char)c);
  }
}

void wi_buf_json_text(wi_buf *b, const char *text, size_t n) {
  size_t plain = 0; /* start of the run that needs no change */
  wi_buf_chr(b, '"');
  for (size_t i = 0; i < n;) {
    size_t step = wi_utf8_char(text + i, n - i);
    unsigned char c = (unsigned char)text[i];
    if (step > 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) {
      i += step;
      continue;
    }
    if (i > plain) {
      wi_buf_add(b, text + plain, i - plain);
    }
    if (step == 0) {
      wi_buf_str(b, "\xEF\xBF\xBD"); /* U+FFFD */
    } else {
      escape_char(b, text[i]);
    }
    i++;
    plain = i;
  }
  if (n > plain) {
    wi_buf_add(b, text + plain, n - plain);
  }
  wi_buf_chr(b, '"');
}
