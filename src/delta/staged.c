/* What the engine tells of files: those just staged, and the live ones of a snapshot. */
#include <stdlib.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

/* Columns of what staging gives (bridge.h). */
enum {
  ST_ORD,
  ST_PATH,
  ST_SIZE,
  ST_ROWS,
  ST_PARTITION,
  ST_COLUMN,
  ST_TYPE,
  ST_NULLS,
  ST_MIN,
  ST_MAX,
  ST_COLUMNS
};

/* Columns of a snapshot's files. */
enum { LF_PATH, LF_SIZE, LF_MTIME, LF_STATS, LF_PARTITION, LF_DV, LF_COLUMNS };

void wi_staged_release(wi_staged *staged) {
  for (size_t i = 0; i < staged->n; i++) {
    wi_free(staged->files[i].path);
    wi_free(staged->files[i].partition_values);
    wi_free(staged->files[i].stats);
  }
  wi_free(staged->files);
  *staged = (wi_staged){NULL, 0, 0, 0, 0};
}

void wi_removes_cut(wi_removes *removes, size_t n) {
  for (size_t i = n; i < removes->n; i++) {
    wi_free(removes->items[i].path);
    wi_free(removes->items[i].partition_values);
    wi_free(removes->items[i].dv);
  }
  removes->n = n < removes->n ? n : removes->n;
}

void wi_removes_release(wi_removes *removes) {
  wi_removes_cut(removes, 0);
  wi_free(removes->items);
  *removes = (wi_removes){NULL, 0, 0};
}

/* NULL stays NULL; false: no memory. */
static bool copy_text(const wi_cursor *rows, int64_t column, char **out) {
  *out = NULL;
  if (wi_cursor_null(rows, column)) {
    return true;
  }
  wi_str s = wi_cursor_text(rows, column);
  *out = wi_strndup(s.p, s.n);
  return *out != NULL;
}

static weir_status check_columns(const wi_cursor *rows, int64_t at_least,
                                 weir_error *err) {
  if (wi_cursor_schema(rows)->n_children < at_least) {
    return WI_ERR(err, WEIR_E_BUG, "the engine's table of files lacks columns");
  }
  return WEIR_OK;
}

/* ---- staged files ---- */

typedef struct reading {
  wi_staged *out;
  wi_stats *stats; /* of the last file */
  int64_t ord;     /* of the last file; -1: none yet */
  int64_t leaves;  /* seen of the last file */
  const wi_stats_columns *columns;
} reading;

static weir_status finish_file(reading *r, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf text = WI_BUF_INIT;
  if (r->ord < 0) {
    return WEIR_OK;
  }
  wi_staged_file *file = &r->out->files[r->out->n - 1];
  WI_CHECK(wi_stats_write(r->stats, file->rows, &text, err));
  file->stats = wi_buf_take(&text);
done:
  wi_buf_release(&text);
  wi_stats_free(&r->stats);
  return status;
}

static weir_status grow_files(wi_staged *staged, weir_error *err) {
  if (staged->n < staged->cap) {
    return WEIR_OK;
  }
  size_t cap = staged->cap == 0 ? 16 : staged->cap * 2;
  wi_staged_file *files = wi_realloc_array(staged->files, cap, sizeof *files);
  if (files == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  staged->files = files;
  staged->cap = cap;
  return WEIR_OK;
}

static weir_status start_file(reading *r, const wi_cursor *rows, weir_error *err) {
  WI_TRY(finish_file(r, err));
  WI_TRY(grow_files(r->out, err));
  wi_staged_file file = {NULL, (uint64_t)wi_cursor_int(rows, ST_SIZE),
                         (uint64_t)wi_cursor_int(rows, ST_ROWS), NULL, NULL};
  bool copied = copy_text(rows, ST_PATH, &file.path);
  copied = copy_text(rows, ST_PARTITION, &file.partition_values) && copied;
  r->out->files[r->out->n++] = file;
  r->out->rows += file.rows;
  r->out->bytes += file.size;
  r->ord = wi_cursor_int(rows, ST_ORD);
  r->leaves = 0;
  r->stats = wi_stats_new();
  if (!copied || r->stats == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  if (file.path == NULL) {
    return WI_ERR(err, WEIR_E_BUG, "the engine staged a file without a path");
  }
  return WEIR_OK;
}

static wi_str bound_of(const wi_cursor *rows, int64_t column) {
  wi_str none = {NULL, 0};
  return wi_cursor_null(rows, column) ? none : wi_cursor_text(rows, column);
}

static weir_status read_staged(reading *r, const wi_cursor *rows, weir_error *err) {
  if (r->ord < 0 || wi_cursor_int(rows, ST_ORD) != r->ord) {
    WI_TRY(start_file(r, rows, err));
  }
  if (wi_cursor_null(rows, ST_COLUMN)) {
    return WEIR_OK;
  }
  if (!wi_stats_columns_has(r->columns, wi_cursor_text(rows, ST_COLUMN), r->leaves++)) {
    return WEIR_OK;
  }
  int64_t nulls = wi_cursor_null(rows, ST_NULLS) ? -1 : wi_cursor_int(rows, ST_NULLS);
  return wi_stats_add(r->stats, wi_cursor_text(rows, ST_COLUMN),
                      wi_cursor_text(rows, ST_TYPE), nulls, bound_of(rows, ST_MIN),
                      bound_of(rows, ST_MAX), err);
}

weir_status wi_staged_read(wi_cursor *rows, const wi_stats_columns *columns,
                           wi_staged *out, weir_error *err) {
  weir_status status = WEIR_OK;
  reading r = {out, NULL, -1, 0, columns};
  *out = (wi_staged){NULL, 0, 0, 0, 0};
  WI_CHECK(check_columns(rows, ST_COLUMNS, err));
  for (bool has = true; has;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (has) {
      WI_CHECK(read_staged(&r, rows, err));
    }
  }
  WI_CHECK(finish_file(&r, err));
done:
  wi_stats_free(&r.stats);
  if (status != WEIR_OK) {
    wi_staged_release(out);
  }
  return status;
}

/* ---- live files ---- */

static weir_status read_live(const wi_cursor *rows, wi_removes *out, weir_error *err) {
  if (out->n == out->cap) {
    size_t cap = out->cap == 0 ? 32 : out->cap * 2;
    wi_remove *items = wi_realloc_array(out->items, cap, sizeof *items);
    if (items == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    out->items = items;
    out->cap = cap;
  }
  wi_remove *one = &out->items[out->n++];
  *one = (wi_remove){NULL, (uint64_t)wi_cursor_int(rows, LF_SIZE), NULL, NULL};
  bool copied = copy_text(rows, LF_PATH, &one->path);
  copied = copy_text(rows, LF_PARTITION, &one->partition_values) && copied;
  copied = copy_text(rows, LF_DV, &one->dv) && copied;
  if (!copied) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return one->path == NULL
             ? WI_ERR(err, WEIR_E_BUG, "the engine gave a live file without a path")
             : WEIR_OK;
}

/* Letters, digits and a few signs before the first colon. */
static bool has_scheme(const char *path) {
  const char *p = path;
  while (wi_ascii_alnum(*p) || *p == '+' || *p == '-' || *p == '.') {
    p++;
  }
  return p > path && *p == ':';
}

bool wi_delta_path_inside(const char *path) {
  if (path[0] == '\0' || path[0] == '/' || has_scheme(path) ||
      path[strcspn(path, "?#")] != '\0') {
    return false;
  }
  wi_buf plain = WI_BUF_INIT;
  wi_uri_decode_path(path, &plain);
  bool inside = !plain.failed;
  for (const char *p = wi_buf_text(&plain); inside && *p != '\0';) {
    size_t n = strcspn(p, "/");
    inside = !(n == 2 && p[0] == '.' && p[1] == '.');
    p += n + (p[n] == '/' ? 1 : 0);
  }
  wi_buf_release(&plain);
  return inside;
}

static int by_path(const void *a, const void *b) {
  const char *const *x = a, *const *y = b;
  return strcmp(*x, *y);
}

static weir_status check_paths(const wi_removes *files, weir_error *err) {
  weir_status status = WEIR_OK;
  const char **paths = wi_alloc_array(files->n + 1, sizeof *paths);
  if (paths == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < files->n && status == WEIR_OK; i++) {
    paths[i] = files->items[i].path;
    if (!wi_delta_path_inside(paths[i])) {
      status = WI_ERR(err, WEIR_E_FEATURE_UNSUPPORTED,
                      "the table's log names files outside the table: %.300s", paths[i]);
    }
  }
  if (status == WEIR_OK && files->n > 1) {
    qsort(paths, files->n, sizeof *paths, by_path);
  }
  for (size_t i = 1; i < files->n && status == WEIR_OK; i++) {
    if (strcmp(paths[i - 1], paths[i]) == 0) {
      status =
          WI_ERR(err, WEIR_E_LOG_CORRUPT,
                 "the table's log has the file %.300s twice at one version", paths[i]);
    }
  }
  wi_free(paths);
  return status;
}

weir_status wi_removes_read(wi_cursor *files, wi_removes *out, weir_error *err) {
  weir_status status = WEIR_OK;
  *out = (wi_removes){NULL, 0, 0};
  WI_CHECK(check_columns(files, LF_COLUMNS, err));
  for (bool has = true; has;) {
    WI_CHECK(wi_cursor_next(files, &has, err));
    if (has) {
      WI_CHECK(read_live(files, out, err));
    }
  }
  WI_CHECK(check_paths(out, err));
done:
  if (status != WEIR_OK) {
    wi_removes_release(out);
  }
  return status;
}
