/* Finds the SQL files of a folder of the project, and reads what may stand in one. */
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

enum { FOLDER_DEPTH = 32 };

bool wi_sql_text_ok(wi_reader *r, const char *text, size_t n) {
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

void wi_reader_file_error(wi_reader *r, const char *file, weir_error *err) {
  r->nomem = r->nomem || err->code == WEIR_E_NO_MEMORY;
  wi_err_where(err, file, 1, 1);
  wi_diags_take(r->diags, err, false);
}

typedef struct walk {
  wi_reader *r;
  wi_list folders; /* still to read: paths relative to the project, owned by the arena */
  wi_sql_files *out;
} walk;

const char *wi_sql_files_path(wi_reader *r, wi_sql_files *files, const char *file) {
  wi_path_join(&files->path, r->spec->root, file);
  r->nomem = r->nomem || files->path.failed;
  return wi_buf_text(&files->path);
}

static const char *absolute(walk *w, const char *file) {
  return wi_sql_files_path(w->r, w->out, file);
}

static void link_error(walk *w, const char *file, const char *what) {
  weir_error err = WEIR_ERROR_INIT;
  WI_ERR_HINT(&err, WEIR_E_BAD_VALUE,
              "copy what it leads to into the project, or take the link out",
              "the symbolic link '%.200s' %s", file, what);
  wi_reader_file_error(w->r, file, &err);
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
    wi_reader_file_error(w->r, file, &err);
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
      wi_reader_file_error(w->r, file, &err);
    }
    weir_error_release(&err);
    return;
  }
  if ((!info.is_dir && !is_sql) || (info.is_link && !link_ok(w, file, info.is_dir))) {
    return;
  }
  if (info.is_dir && depth_of(file) > FOLDER_DEPTH) {
    WI_ERR(&err, WEIR_E_TOO_LARGE, "folders of SQL files are nested more than 32 deep");
    wi_reader_file_error(w->r, file, &err);
    return;
  }
  char *copy = wi_reader_dup(w->r, file);
  if (copy != NULL && !wi_list_add(info.is_dir ? &w->folders : &w->out->files, copy)) {
    w->r->nomem = true;
  }
}

static void read_folder(walk *w, const char *folder) {
  weir_error err = WEIR_ERROR_INIT;
  wi_list names = WI_LIST_INIT;
  wi_buf file = WI_BUF_INIT;
  if (wi_dir_list(absolute(w, folder), &names, &err) != WEIR_OK) {
    wi_reader_file_error(w->r, folder, &err);
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

void wi_sql_files_find(wi_reader *r, const char *folder, wi_sql_files *out) {
  walk w = {.r = r, .folders = WI_LIST_INIT, .out = out};
  if (wi_file_exists(absolute(&w, folder))) {
    visit(&w, folder);
  }
  while (w.folders.n > 0 && !r->nomem) {
    read_folder(&w, w.folders.items[--w.folders.n]);
  }
  wi_list_release(&w.folders);
}

void wi_sql_files_release(wi_sql_files *files) {
  wi_list_release(&files->files);
  wi_buf_release(&files->path);
}
