/* The live files of a version, read once from what the engine tells of its log. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "delta/files.h"
#include "delta/internal.h"

#define WI_ORIGIN "delta"

struct wi_files {
  atomic_size_t holders;
  struct ArrowSchema schema;
  struct ArrowArray array;
};

wi_files *wi_files_ref(wi_files *files) {
  if (files != NULL) {
    atomic_fetch_add(&files->holders, 1);
  }
  return files;
}

void wi_files_unref(wi_files **files) {
  wi_files *one = *files;
  *files = NULL;
  if (one == NULL || atomic_fetch_sub(&one->holders, 1) != 1) {
    return;
  }
  if (one->schema.release != NULL) {
    one->schema.release(&one->schema);
  }
  if (one->array.release != NULL) {
    one->array.release(&one->array);
  }
  wi_free(one);
}

/* ---- giving ---- */

int wi_files_schema(const wi_files *files, struct ArrowSchema *out) {
  return ArrowSchemaDeepCopy(&files->schema, out);
}

static void release_share(struct ArrowArray *array) {
  wi_files *files = array->private_data;
  array->release = NULL;
  wi_files_unref(&files);
}

int wi_files_array(wi_files *files, struct ArrowArray *out) {
  *out = files->array;
  out->private_data = wi_files_ref(files);
  out->release = release_share;
  return NANOARROW_OK;
}

/* ---- reading ---- */

/* Columns of wi_br_snap_files. */
enum { FILE_PATH, FILE_SIZE, FILE_MTIME_MS, FILE_STATS, FILE_PARTITION, FILE_DV };

enum { DV_PATH, DV_INLINE, DV_OFFSET, DV_SIZE, DV_ROWS, DV_COLUMNS };
static const char *const dv_names[] = {"dv_path", "dv_inline", "dv_offset", "dv_size",
                                       "dv_rows"};
static const wi_partition_type text_type = {WI_PARTITION_STRING, 0, 0};
static const wi_partition_type int_type = {WI_PARTITION_INTEGER, 0, 0};
static const wi_partition_type long_type = {WI_PARTITION_LONG, 0, 0};

typedef struct one_file {
  char *path, *stats, *partition, *dv; /* in the arena; NULL: none */
  size_t stats_n;
  int64_t size;
} one_file;

typedef struct builder {
  const char *uri;
  wi_arena arena;
  wi_vec(one_file) files;
  wi_partitioning *partitioning;
  wi_file_stats *stats;
  wi_typed path, size, rows;
  wi_typed *partitions;
  wi_typed dv[DV_COLUMNS];
  wi_vector vector;
  wi_buf room, place;
} builder;

static void builder_release(builder *b) {
  size_t n = b->partitioning != NULL ? wi_partitioning_size(b->partitioning) : 0;
  for (size_t i = 0; b->partitions != NULL && i < n; i++) {
    wi_typed_release(&b->partitions[i]);
  }
  for (size_t i = 0; i < DV_COLUMNS; i++) {
    wi_typed_release(&b->dv[i]);
  }
  wi_typed_release(&b->path);
  wi_typed_release(&b->size);
  wi_typed_release(&b->rows);
  wi_file_stats_free(&b->stats);
  wi_partitioning_free(&b->partitioning);
  wi_buf_release(&b->vector.path);
  wi_buf_release(&b->room);
  wi_buf_release(&b->place);
  wi_free(b->files.items);
  wi_arena_release(&b->arena);
}

static weir_status builder_init(builder *b, const wi_meta *meta, const char *uri,
                                weir_error *err) {
  static const wi_partition_type *const dv_types[] = {&text_type, &text_type, &int_type,
                                                      &int_type, &long_type};
  *b = (builder){.uri = uri};
  wi_typed_init(&b->path, text_type);
  wi_typed_init(&b->size, long_type);
  wi_typed_init(&b->rows, long_type);
  for (size_t i = 0; i < DV_COLUMNS; i++) {
    wi_typed_init(&b->dv[i], *dv_types[i]);
  }
  WI_TRY(wi_partitioning_new(meta, &b->partitioning, err));
  WI_TRY(wi_file_stats_new(meta, &b->stats, err));
  size_t n = wi_partitioning_size(b->partitioning);
  b->partitions = wi_arena_array(&b->arena, n + 1, sizeof *b->partitions);
  if (b->partitions == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    wi_typed_init(&b->partitions[i], wi_partitioning_type(b->partitioning, i));
  }
  return WEIR_OK;
}

static bool keep(builder *b, const wi_cursor *rows, int64_t column, char **out,
                 size_t *n) {
  if (wi_cursor_null(rows, column)) {
    return true;
  }
  wi_str text = wi_cursor_text(rows, column);
  *n = text.n;
  *out = wi_arena_ndup(&b->arena, text.p, text.n);
  return *out != NULL;
}

static weir_status read_rows(builder *b, wi_cursor *rows, weir_error *err) {
  size_t n = 0;
  bool has = false;
  for (;;) {
    WI_TRY(wi_cursor_next(rows, &has, err));
    if (!has) {
      return WEIR_OK;
    }
    one_file *f = wi_vec_add(&b->files);
    if (f == NULL || !keep(b, rows, FILE_PATH, &f->path, &n) ||
        !keep(b, rows, FILE_STATS, &f->stats, &f->stats_n) ||
        !keep(b, rows, FILE_PARTITION, &f->partition, &n) ||
        !keep(b, rows, FILE_DV, &f->dv, &n)) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    f->size = wi_cursor_int(rows, FILE_SIZE);
    if (f->path == NULL || f->size < 0) {
      return WI_ERR(err, WEIR_E_LOG_CORRUPT,
                    "the log has a file without a path or a size");
    }
  }
}

/* ---- one file's columns ---- */

static weir_status load(const char *text, const char *of, json_t **out, weir_error *err) {
  wi_delta_json_note note;
  *out = NULL;
  if (text == NULL) {
    return WEIR_OK;
  }
  weir_status status = wi_delta_json_load(text, strlen(text), out, &note);
  return status == WEIR_OK ? WEIR_OK
         : status == WEIR_E_NO_MEMORY
             ? wi_err_nomem(err, WI_ORIGIN)
             : WI_ERR(err, WEIR_E_LOG_CORRUPT,
                      "'%.300s' has malformed members in the log", of);
}

static weir_status add_partition(builder *b, const one_file *f, weir_error *err) {
  json_t *values = NULL;
  size_t n = wi_partitioning_size(b->partitioning);
  if (n == 0) {
    return WEIR_OK;
  }
  weir_status status = load(f->partition, f->path, &values, err);
  for (size_t i = 0; i < n && status == WEIR_OK; i++) {
    wi_str text = {NULL, 0};
    wi_value value = {0};
    status = wi_partition_text(b->partitioning, i, values, f->path, &text, err);
    if (status != WEIR_OK || text.n == 0) {
      wi_typed_null(&b->partitions[i]);
    } else if (wi_value_read(wi_partitioning_type(b->partitioning, i), text, &b->room,
                             &value)) {
      wi_typed_value(&b->partitions[i], &value);
    } else {
      status = b->room.failed
                   ? wi_err_nomem(err, WI_ORIGIN)
                   : wi_partition_refuse(b->partitioning, i, text, f->path, err);
    }
  }
  json_decref(values);
  return status;
}

static weir_status add_vector(builder *b, const one_file *f, weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *json = NULL;
  if (f->dv == NULL) {
    for (size_t i = 0; i < DV_COLUMNS; i++) {
      wi_typed_null(&b->dv[i]);
    }
    return WEIR_OK;
  }
  WI_TRY(load(f->dv, f->path, &json, err));
  WI_CHECK(wi_files_vector(b->uri, json, f->path, &b->vector, err));
  if (b->vector.text != NULL) {
    wi_typed_null(&b->dv[DV_PATH]);
    wi_typed_text(&b->dv[DV_INLINE], wi_str_of(b->vector.text));
  } else {
    wi_typed_text(&b->dv[DV_PATH], (wi_str){b->vector.path.p, b->vector.path.n});
    wi_typed_null(&b->dv[DV_INLINE]);
  }
  if (b->vector.offset >= 0) {
    wi_typed_int(&b->dv[DV_OFFSET], b->vector.offset);
  } else {
    wi_typed_null(&b->dv[DV_OFFSET]);
  }
  wi_typed_int(&b->dv[DV_SIZE], b->vector.size);
  wi_typed_int(&b->dv[DV_ROWS], b->vector.rows);
done:
  json_decref(json);
  return status;
}

static weir_status add_file(builder *b, const one_file *f, weir_error *err) {
  int64_t rows = -1;
  WI_TRY(wi_files_place(b->uri, wi_str_of(f->path), &b->place, err));
  wi_typed_text(&b->path, (wi_str){b->place.p, b->place.n});
  wi_typed_int(&b->size, f->size);
  WI_TRY(add_partition(b, f, err));
  wi_file_stats_add(b->stats, (wi_str){f->stats, f->stats_n}, &rows);
  if (rows >= 0) {
    wi_typed_int(&b->rows, rows);
  } else {
    wi_typed_null(&b->rows);
  }
  return add_vector(b, f, err);
}

/* Those with a vector come first: rows of one table come in one order, whatever is read of it. */
static weir_status add_all(builder *b, weir_error *err) {
  for (int without = 0; without < 2; without++) {
    for (size_t i = 0; i < b->files.n; i++) {
      if ((b->files.items[i].dv == NULL) == (without == 1)) {
        WI_TRY(add_file(b, &b->files.items[i], err));
      }
    }
  }
  return WEIR_OK;
}

/* ---- one path once ---- */

static int by_text(const void *a, const void *b) {
  const char *const *x = a, *const *y = b;
  return strcmp(*x, *y);
}

/* A path that is live twice, as a log never has it, would give its rows twice, and those that one
 * of them takes away. Seen after decoding: two spellings are one file. */
static weir_status check_paths(const builder *b, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_buf place = WI_BUF_INIT;
  wi_arena arena = {0};
  size_t n = b->files.n;
  const char **paths = wi_alloc_array(n + 1, sizeof *paths);
  if (paths == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  for (size_t i = 0; i < n; i++) {
    WI_CHECK(wi_files_place(b->uri, wi_str_of(b->files.items[i].path), &place, err));
    paths[i] = wi_arena_ndup(&arena, place.p, place.n);
    if (paths[i] == NULL) {
      status = wi_err_nomem(err, WI_ORIGIN);
      goto done;
    }
  }
  qsort(paths, n, sizeof *paths, by_text);
  for (size_t i = 1; i < n; i++) {
    if (strcmp(paths[i - 1], paths[i]) == 0) {
      status =
          WI_ERR(err, WEIR_E_LOG_CORRUPT,
                 "the log has the file '%.300s' twice among its live files", paths[i]);
      wi_err_hint(err,
                  "restore the table's log: an add or a remove of this file is wrong");
      goto done;
    }
  }
done:
  wi_free(paths);
  wi_arena_release(&arena);
  wi_buf_release(&place);
  return status;
}

/* ---- all of it ---- */

static int take_partitions(builder *b, int64_t n, struct ArrowSchema *schema,
                           struct ArrowArray *array) {
  NANOARROW_RETURN_NOT_OK(wi_struct_init("partition", n, schema, array));
  for (int64_t i = 0; i < n; i++) {
    const char *name = wi_partitioning_column(b->partitioning, (size_t)i);
    NANOARROW_RETURN_NOT_OK(
        wi_typed_take(&b->partitions[i], name, schema->children[i], array->children[i]));
  }
  return wi_struct_end(array, (int64_t)b->files.n);
}

static int assemble(builder *b, wi_files *out) {
  int64_t partitions = (int64_t)wi_partitioning_size(b->partitioning), at = 3;
  bool dv = wi_typed_any(&b->dv[DV_ROWS]);
  struct ArrowSchema *schema = &out->schema;
  struct ArrowArray *array = &out->array;
  int64_t n = 3 + (partitions > 0 ? 1 : 0) + (dv ? DV_COLUMNS : 0);
  for (int part = 0; part < WI_STATS_PARTS; part++) {
    n += wi_file_stats_members(b->stats, part) > 0 ? 1 : 0;
  }
  NANOARROW_RETURN_NOT_OK(wi_file_stats_code(b->stats));
  NANOARROW_RETURN_NOT_OK(wi_struct_init("", n, schema, array));
  struct ArrowSchema **s = schema->children;
  struct ArrowArray **a = array->children;
  NANOARROW_RETURN_NOT_OK(wi_typed_take(&b->path, "path", s[0], a[0]));
  NANOARROW_RETURN_NOT_OK(wi_typed_take(&b->size, "size", s[1], a[1]));
  NANOARROW_RETURN_NOT_OK(wi_typed_take(&b->rows, "rows", s[2], a[2]));
  if (partitions > 0) {
    NANOARROW_RETURN_NOT_OK(take_partitions(b, partitions, s[at], a[at]));
    at++;
  }
  for (int part = 0; part < WI_STATS_PARTS; part++) {
    if (wi_file_stats_members(b->stats, part) > 0) {
      NANOARROW_RETURN_NOT_OK(wi_file_stats_take(b->stats, part, s[at], a[at]));
      at++;
    }
  }
  for (size_t i = 0; dv && i < DV_COLUMNS; i++) {
    NANOARROW_RETURN_NOT_OK(wi_typed_take(&b->dv[i], dv_names[i], s[at], a[at]));
    at++;
  }
  return wi_struct_end(array, (int64_t)b->files.n);
}

weir_status wi_files_read(const wi_meta *meta, const char *uri, wi_cursor *rows,
                          wi_files **out, weir_error *err) {
  weir_status status = WEIR_OK;
  builder b = {0};
  wi_files *files = wi_alloc(sizeof *files);
  *out = NULL;
  if (files == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&files->holders, 1);
  WI_CHECK(builder_init(&b, meta, uri, err));
  WI_CHECK(read_rows(&b, rows, err));
  WI_CHECK(check_paths(&b, err));
  WI_CHECK(add_all(&b, err));
  int code = assemble(&b, files);
  if (code != NANOARROW_OK) {
    status = code == ENOMEM
                 ? wi_err_nomem(err, WI_ORIGIN)
                 : WI_ERR(err, WEIR_E_TOO_LARGE,
                          "the list of %zu files does not fit into one table (%d)",
                          b.files.n, code);
    goto done;
  }
  *out = files;
  files = NULL;
done:
  builder_release(&b);
  wi_files_unref(&files);
  return status;
}
