/* The files below functions/: SQL text that makes functions, in the order of their paths. */
#include <stdlib.h>
#include <string.h>

#include "spec/internal.h"

#define WI_ORIGIN "spec"

static int by_path(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_file(wi_reader *r, const char *path, wi_spec_macro *macro) {
  weir_error err = WEIR_ERROR_INIT;
  wi_buf text = WI_BUF_INIT;
  r->file = macro->file;
  if (wi_file_read(path, WI_SPEC_FILE_LIMIT, &text, &err) != WEIR_OK) {
    wi_reader_file_error(r, macro->file, &err);
    goto done;
  }
  size_t bom = text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  const char *sql = wi_buf_text(&text) + bom;
  if (!wi_sql_text_ok(r, sql, text.n - bom)) {
    goto done;
  }
  macro->text = wi_reader_dup(r, sql);
  if (macro->text != NULL) {
    (void)wi_sql_check(r, macro->text, 1, 1);
  }
done:
  macro->text = macro->text == NULL ? "" : macro->text;
  wi_buf_release(&text);
}

void wi_macro_read_all(wi_reader *r) {
  wi_spec *spec = r->spec;
  wi_sql_files files = {WI_LIST_INIT, WI_BUF_INIT};
  wi_sql_files_find(r, "functions", &files);
  if (files.files.n > 1) {
    qsort(files.files.items, files.files.n, sizeof *files.files.items, by_path);
  }
  spec->macros = wi_reader_array(r, files.files.n, sizeof *spec->macros);
  for (size_t i = 0; i < files.files.n && !r->nomem; i++) {
    wi_spec_macro *macro = &spec->macros[spec->n_macros++];
    *macro = (wi_spec_macro){.file = files.files.items[i], .text = NULL};
    read_file(r, wi_sql_files_path(r, &files, macro->file), macro);
  }
  wi_sql_files_release(&files);
}
