/* Finds views/ **.sql and reads each file: its name, its header, its SQL. */
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

enum { FOLDER_DEPTH = 32 };

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

static bool check_text(wi_reader *r, const char *text, size_t n) {
  for (size_t i = 0; i < n;) {
    size_t step = wi_utf8_char(text + i, n - i);
    if (step == 0 || text[i] == '\0') {
      uint32_t line = 1, column = 1;
      wi_text_place(text, i, &line, &column);
      wi_reader_error(
          r, WEIR_E_BAD_VALUE, line, column, "save the file as UTF-8 text",
          step == 0 ? "a byte that is not UTF-8" : "the character NUL in SQL");
      return false;
    }
    i += step;
  }
  return true;
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
  if (!check_text(r, text, n)) {
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

static void file_error(wi_reader *r, const char *file, weir_error *err) {
  r->nomem = r->nomem || err->code == WEIR_E_NO_MEMORY;
  wi_err_where(err, file, 1, 1);
  wi_diags_take(r->diags, err, false);
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
  wi_err_hint(&err,
              "a view is called like its file; rename the file: lower-case letters, "
              "digits and _, and none of weir, main, information_schema");
  file_error(r, file, &err);
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
    file_error(r, file, &err);
  } else {
    read_text(r, wi_buf_text(&text), text.n, view);
  }
  view->sql = view->sql == NULL ? "" : view->sql;
  view->sql_line = view->sql_line == 0 ? 1 : view->sql_line;
  wi_buf_release(&text);
}

/* ---- the folder ---- */

typedef struct walk {
  wi_reader *r;
  wi_list folders; /* still to read: paths relative to the project, owned by the arena */
  wi_list files;
  wi_buf path; /* scratch: the absolute one */
} walk;

static const char *absolute(walk *w, const char *file) {
  wi_path_join(&w->path, w->r->spec->root, file);
  w->r->nomem = w->r->nomem || w->path.failed;
  return wi_buf_text(&w->path);
}

static void link_error(walk *w, const char *file, const char *what) {
  weir_error err = WEIR_ERROR_INIT;
  WI_ERR(&err, WEIR_E_BAD_VALUE, "the symbolic link '%.200s' %s", file, what);
  wi_err_hint(&err, "copy what it leads to into the project, or take the link out");
  file_error(w->r, file, &err);
}

static bool below(const char *path, const char *folder) {
  size_t n = strlen(folder);
  return strcmp(folder, "/") == 0 ||
         (strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

/* A link has to stay in the project, and a link to a folder may not lead to one above
 * it. */
static bool link_ok(walk *w, const char *file, bool is_dir) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf target = WI_BUF_INIT, parent = WI_BUF_INIT, folder = WI_BUF_INIT;
  bool ok = false;
  const char *slash = strrchr(file, '/');
  wi_buf_add(&folder, file, slash == NULL ? 0 : (size_t)(slash - file));
  if (wi_path_absolute(absolute(w, file), &target, &err) != WEIR_OK ||
      wi_path_absolute(absolute(w, wi_buf_text(&folder)), &parent, &err) != WEIR_OK) {
    file_error(w->r, file, &err);
  } else if (!below(target.p, w->r->spec->root)) {
    link_error(w, file, "leads out of the project");
  } else if (is_dir && below(parent.p, target.p)) {
    link_error(w, file, "leads in a circle");
  } else {
    ok = true;
  }
  wi_buf_release(&target);
  wi_buf_release(&parent);
  wi_buf_release(&folder);
  return ok;
}

static size_t depth_of(const char *file) {
  size_t n = 0;
  for (; *file != '\0'; file++) {
    n += *file == '/' ? 1 : 0;
  }
  return n;
}

static void visit(walk *w, const char *file) {
  weir_error err = WEIR_ERROR_INIT;
  wi_file_info info;
  bool is_sql = wi_ends_with(file, ".sql");
  weir_status status = wi_file_stat(absolute(w, file), &info, &err);
  if (status != WEIR_OK) {
    if (is_sql || status != WEIR_E_NOT_FOUND) { /* another dangling link is not ours */
      file_error(w->r, file, &err);
    }
    weir_error_release(&err);
    return;
  }
  if ((!info.is_dir && !is_sql) || (info.is_link && !link_ok(w, file, info.is_dir))) {
    return;
  }
  if (info.is_dir && depth_of(file) > FOLDER_DEPTH) {
    WI_ERR(&err, WEIR_E_TOO_LARGE, "folders below views are nested more than 32 deep");
    file_error(w->r, file, &err);
    return;
  }
  char *copy = wi_reader_dup(w->r, file);
  if (copy != NULL && !wi_list_add(info.is_dir ? &w->folders : &w->files, copy)) {
    w->r->nomem = true;
  }
}

static void read_folder(walk *w, const char *folder) {
  weir_error err = WEIR_ERROR_INIT;
  wi_list names = WI_LIST_INIT;
  wi_buf file = WI_BUF_INIT;
  if (wi_dir_list(absolute(w, folder), &names, &err) != WEIR_OK) {
    file_error(w->r, folder, &err);
  }
  for (size_t i = 0; i < names.n; i++) {
    const char *name = names.items[i];
    if (name[0] != '.' && !w->r->nomem) {
      wi_path_join(&file, folder, name);
      w->r->nomem = file.failed;
      visit(w, wi_buf_text(&file));
    }
    wi_free(names.items[i]);
  }
  wi_list_release(&names);
  wi_buf_release(&file);
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
  walk w = {.r = r, .folders = WI_LIST_INIT, .files = WI_LIST_INIT, .path = WI_BUF_INIT};
  weir_error err = WEIR_ERROR_INIT;
  if (wi_file_exists(absolute(&w, "views"))) {
    visit(&w, "views");
  }
  while (w.folders.n > 0 && !r->nomem) {
    read_folder(&w, w.folders.items[--w.folders.n]);
  }
  spec->views = wi_reader_array(r, w.files.n, sizeof *spec->views);
  for (size_t i = 0; i < w.files.n && !r->nomem; i++) {
    bool named = false;
    wi_spec_view *view = &spec->views[spec->n_views];
    read_view(r, absolute(&w, w.files.items[i]), w.files.items[i], view, &named);
    spec->n_views += named ? 1 : 0;
  }
  if (!r->nomem) {
    drop_duplicates(r);
  }
  wi_list_release(&w.folders);
  wi_list_release(&w.files);
  wi_buf_release(&w.path);
  weir_error_release(&err);
}
