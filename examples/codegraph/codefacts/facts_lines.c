/* file_line_index: where each line starts, in the UTF-8 text. */
#include "syntax.h"

static const cf_column columns[] = {
    {"file_id", CF_TEXT, true},        {"path", CF_TEXT, true},
    {"file_sha256", CF_TEXT, true},    {"bucket", CF_INT32, true},
    {"line_no", CF_INT64, true},       {"line_start_byte", CF_INT64, true},
    {"line_end_byte", CF_INT64, true}, {"line_text", CF_TEXT, true},
    {"newline_kind", CF_TEXT, true},
};

/* Python ends lines at LF, CR LF and CR. A text that ends with a newline has no empty line
 * after it. */
void cf_note_lines(cf_facts *f) {
  const char *text = f->content.text;
  size_t n = f->content.n;
  size_t at = 0;
  while (at < n) {
    size_t end = at;
    while (end < n && text[end] != '\n' && text[end] != '\r') {
      end++;
    }
    const char *kind = "none";
    size_t next = end;
    if (end < n) {
      bool crlf = text[end] == '\r' && end + 1 < n && text[end + 1] == '\n';
      kind = crlf ? "crlf" : text[end] == '\r' ? "cr" : "lf";
      next = end + (crlf ? 2 : 1);
    }
    cf_line *items =
        cf_arena_grow(&f->arena, f->lines, f->n_lines, &f->cap_lines, sizeof(*items));
    if (items == NULL) {
      return;
    }
    f->lines = items;
    items[f->n_lines++] =
        (cf_line){.bstart = (int64_t)at, .bend = (int64_t)end, .newline = kind};
    at = next;
  }
}

static uint32_t count(const cf_facts *f) {
  return f->n_lines;
}

static void put(cf_row *r, const cf_facts *f, uint32_t i) {
  const cf_line *line = &f->lines[i];
  cf_put_file(r, f->file);
  cf_put_int(r, i);
  cf_put_int(r, line->bstart);
  cf_put_int(r, line->bend);
  cf_put_text(r, (cf_text){f->content.text + line->bstart,
                           (uint32_t)(line->bend - line->bstart)});
  cf_put_str(r, line->newline);
}

const cf_table cf_table_lines = {"file_line_index", columns,
                                 sizeof(columns) / sizeof(columns[0]), count, put};
