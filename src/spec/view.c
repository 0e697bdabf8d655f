/* Finds views/ **.sql and reads each file: its name, its header, its SQL. */
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

/* ---- one file ---- */

static void set_defaults(wi_spec_view *view) {
  view->materialized = WI_MAT_TABLE;
  view->determinism = WI_DET_STRICT;
  view->on_schema_change = WI_SCHEMA_REPLACE;
  view->max_commit_retries = -1;
}

/* The text with the header as blanks: one for each character, so that places hold. */
static char *blank_header(wi_reader *r, const char *text, size_t n,
                          const wi_header_span *span) {
  char *sql = wi_reader_array(r, n + 1, 1);
  size_t used = 0;
  for (size_t i = 0; i < n && sql != NULL; i++) {
    bool inside = i >= span->start && i < span->end;
    bool part = ((unsigned char)text[i] & 0xC0) == 0x80;
    if (!inside || text[i] == '\n' || text[i] == '\r') {
      sql[used++] = text[i];
    } else if (!part) {
      sql[used++] = ' ';
    }
  }
  return sql;
}

static void read_header(wi_reader *r, const char *text, const wi_header_span *span,
                        wi_spec_view *view) {
  weir_error err = WEIR_ERROR_INIT;
  wi_yaml *root = NULL;
  wi_yaml_input input = {r->file, text + span->yaml_start,
                         span->yaml_end - span->yaml_start, 1, 1};
  wi_text_place(text, span->start, &view->place.line, &view->place.column);
  wi_text_place(text, span->yaml_start, &input.line, &input.column);
  if (span->unclosed) {
    wi_reader_error(r, WEIR_E_YAML, view->place.line, view->place.column,
                    "close it with */ before the SQL", "the header is not closed");
    return;
  }
  weir_status status = wi_yaml_parse(&input, &r->spec->arena, &root, r->diags, &err);
  r->nomem = r->nomem || status == WEIR_E_NO_MEMORY;
  weir_error_release(&err);
  if (status == WEIR_OK && root != NULL && !wi_yaml_is_null(root)) {
    wi_header_read(r, root, view);
  }
}

static void read_text(wi_reader *r, const char *text, size_t n, wi_spec_view *view) {
  wi_header_span span;
  if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
    text += 3;
    n -= 3;
  }
  if (!wi_sql_text_ok(r, text, n)) {
    return;
  }
  wi_sql_header_find(text, n, &span);
  if (span.present) {
    read_header(r, text, &span, view);
  }
  view->sql = blank_header(r, text, n, &span);
  if (view->sql == NULL || span.unclosed) {
    return;
  }
  view->sql_line = wi_sql_check(r, view->sql, 1, 1);
  if (view->sql_line == 0) {
    wi_reader_error(r, WEIR_E_SQL_SYNTAX, view->place.line, view->place.column,
                    "write one SELECT below the header", "view '%s' has no SQL",
                    view->name);
  }
}

static bool view_name(wi_reader *r, const char *file, wi_spec_view *view) {
  weir_error err = WEIR_ERROR_INIT;
  const char *slash = strrchr(file, '/');
  const char *base = slash == NULL ? file : slash + 1;
  char *name = wi_arena_ndup(&r->spec->arena, base, strlen(base) - 4);
  if (name == NULL) {
    r->nomem = true;
    return false;
  }
  view->name = name;
  if (wi_spec_name_check("view", name, &err) == WEIR_OK) {
    return true;
  }
  wi_err_hint_replace(
      &err,
      "a view is called like its file; rename the file: lower-case letters, "
      "digits and _, and none of weir, main, information_schema");
  wi_reader_file_error(r, file, &err);
  return false;
}

static void read_view(wi_reader *r, const char *path, const char *file,
                      wi_spec_view *view, bool *named) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf text = WI_BUF_INIT;
  *view = (wi_spec_view){.file = file, .sql = "", .sql_line = 1, .place = {file, 1, 1}};
  set_defaults(view);
  r->file = file;
  *named = view_name(r, file, view);
  if (r->nomem) {
    return;
  }
  if (wi_file_read(path, WI_SPEC_FILE_LIMIT, &text, &err) != WEIR_OK) {
    wi_reader_file_error(r, file, &err);
  } else {
    read_text(r, wi_buf_text(&text), text.n, view);
  }
  view->sql = view->sql == NULL ? "" : view->sql;
  view->sql_line = view->sql_line == 0 ? 1 : view->sql_line;
  wi_buf_release(&text);
}

static int by_name(const void *a, const void *b) {
  const wi_spec_view *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  return order != 0 ? order : strcmp(x->file, y->file);
}

/* Sorts; of two files with one name the first stays. */
static void drop_duplicates(wi_reader *r) {
  wi_spec *spec = r->spec;
  size_t kept = 0;
  if (spec->n_views > 1) {
    qsort(spec->views, spec->n_views, sizeof *spec->views, by_name);
  }
  for (size_t i = 0; i < spec->n_views; i++) {
    const wi_spec_view *view = &spec->views[i];
    if (kept > 0 && strcmp(spec->views[kept - 1].name, view->name) == 0) {
      r->file = view->file;
      wi_reader_error(r, WEIR_E_DUPLICATE_NAME, 1, 1,
                      "rename one of the files: folders do not count in a view's name",
                      "view '%s' is there twice: %.200s and %.200s", view->name,
                      spec->views[kept - 1].file, view->file);
      continue;
    }
    if (kept != i) {
      spec->views[kept] = *view;
    }
    kept++;
  }
  spec->n_views = kept;
}

void wi_view_read_all(wi_reader *r) {
  wi_spec *spec = r->spec;
  wi_sql_files files = {WI_LIST_INIT, WI_BUF_INIT};
  wi_sql_files_find(r, "views", &files);
  spec->views = wi_reader_array(r, files.files.n, sizeof *spec->views);
  for (size_t i = 0; i < files.files.n && !r->nomem; i++) {
    bool named = false;
    wi_spec_view *view = &spec->views[spec->n_views];
    const char *file = files.files.items[i];
    read_view(r, wi_sql_files_path(r, &files, file), file, view, &named);
    spec->n_views += named ? 1 : 0;
  }
  if (!r->nomem) {
    drop_duplicates(r);
  }
  wi_sql_files_release(&files);
}
