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
  wi_str path;                 /* with a NUL behind it */
  wi_str stats, partition, dv; /* p NULL: none */
  int64_t size;
} one_file;

/* A path, with a number that is the same for the same text. */
typedef struct live_path {
  uint64_t mark;
  const char *text;
} live_path;

typedef struct builder {
  const char *uri;
  wi_arena arena;
  wi_vec(live_path) paths; /* decoded; texts in the arena */
  wi_partitioning *partitioning;
  wi_file_stats *stats;
  wi_typed path, size, rows;
  wi_typed *partitions;
  wi_typed dv[DV_COLUMNS];
  wi_vector vector;
  wi_buf room, place, path_text;
} builder;

/* Files that wait for others to come first. */
typedef struct waiting {
  wi_arena arena;
  wi_vec(one_file) files;
} waiting;

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
  wi_buf_release(&b->path_text);
  wi_free(b->paths.items);
  wi_arena_release(&b->arena);
}

/* Takes the partitioning and the statistics, which may be none. */
static weir_status builder_init(builder *b, const char *uri,
                                wi_partitioning **partitioning, wi_file_stats **stats,
                                weir_error *err) {
  static const wi_partition_type *const dv_types[] = {&text_type, &text_type, &int_type,
                                                      &int_type, &long_type};
  *b = (builder){.uri = uri, .partitioning = *partitioning, .stats = *stats};
  *partitioning = NULL;
  *stats = NULL;
  wi_typed_init(&b->path, text_type);
  wi_typed_init(&b->size, long_type);
  wi_typed_init(&b->rows, long_type);
  for (size_t i = 0; i < DV_COLUMNS; i++) {
    wi_typed_init(&b->dv[i], *dv_types[i]);
  }
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

/* ---- one file's columns ---- */

static weir_status load(wi_str text, wi_str of, json_t **out, weir_error *err) {
  wi_delta_json_note note;
  *out = NULL;
  if (text.p == NULL) {
    return WEIR_OK;
  }
  weir_status status = wi_delta_json_load(text.p, text.n, out, &note);
  if (status == WEIR_E_NO_MEMORY) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  return status == WEIR_OK ? WEIR_OK
                           : WI_ERR(err, WEIR_E_LOG_CORRUPT,
                                    "'%.300s' has malformed members in the log", of.p);
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
    status = wi_partition_text(b->partitioning, i, values, f->path.p, &text, err);
    if (status != WEIR_OK || text.n == 0) {
      wi_typed_null(&b->partitions[i]);
    } else if (wi_value_read(wi_partitioning_type(b->partitioning, i), text, &b->room,
                             &value)) {
      wi_typed_value(&b->partitions[i], &value);
    } else {
      status = b->room.failed
                   ? wi_err_nomem(err, WI_ORIGIN)
                   : wi_partition_refuse(b->partitioning, i, text, f->path.p, err);
    }
  }
  json_decref(values);
  return status;
}

static weir_status add_vector(builder *b, const one_file *f, weir_error *err) {
  weir_status status = WEIR_OK;
  json_t *json = NULL;
  if (f->dv.p == NULL) {
    for (size_t i = 0; i < DV_COLUMNS; i++) {
      wi_typed_null(&b->dv[i]);
    }
    return WEIR_OK;
  }
  WI_TRY(load(f->dv, f->path, &json, err));
  WI_CHECK(wi_files_vector(b->uri, json, f->path.p, &b->vector, err));
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

/* FNV-1a. */
static uint64_t mark_of(wi_str text) {
  uint64_t mark = 0xcbf29ce484222325;
  for (size_t i = 0; i < text.n; i++) {
    mark = (mark ^ (uint8_t)text.p[i]) * 0x100000001b3;
  }
  return mark;
}

/* At `place`, with so many rows (-1: not known). */
static weir_status add_placed(builder *b, const one_file *f, wi_str place, int64_t rows,
                              weir_error *err) {
  live_path *path = wi_vec_add(&b->paths);
  if (path == NULL || (path->text = wi_arena_ndup(&b->arena, place.p, place.n)) == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  path->mark = mark_of(place);
  wi_typed_text(&b->path, place);
  wi_typed_int(&b->size, f->size);
  WI_TRY(add_partition(b, f, err));
  if (rows >= 0) {
    wi_typed_int(&b->rows, rows);
  } else {
    wi_typed_null(&b->rows);
  }
  return add_vector(b, f, err);
}

static weir_status add_file(builder *b, const one_file *f, weir_error *err) {
  int64_t rows = -1;
  WI_TRY(wi_files_place(b->uri, f->path, &b->place, err));
  wi_file_stats_add(b->stats, f->stats, &rows);
  return add_placed(b, f, (wi_str){b->place.p, b->place.n}, rows, err);
}

/* ---- the order ---- */

static wi_str text_of(const wi_cursor *rows, int64_t column) {
  return wi_cursor_null(rows, column) ? (wi_str){NULL, 0} : wi_cursor_text(rows, column);
}

/* Its texts are the cursor's and the builder's, until the next one. */
static weir_status read_row(builder *b, wi_cursor *rows, one_file *out, weir_error *err) {
  wi_str path = text_of(rows, FILE_PATH);
  *out = (one_file){path, text_of(rows, FILE_STATS), text_of(rows, FILE_PARTITION),
                    text_of(rows, FILE_DV), wi_cursor_int(rows, FILE_SIZE)};
  if (path.p == NULL || out->size < 0) {
    return WI_ERR(err, WEIR_E_LOG_CORRUPT, "the log has a file without a path or a size");
  }
  wi_buf_clear(&b->path_text);
  wi_buf_add(&b->path_text, path.p, path.n);
  out->path.p = wi_buf_text(&b->path_text);
  return wi_buf_check(&b->path_text, err, WI_ORIGIN);
}

static bool copy_text(wi_arena *arena, wi_str *text) {
  text->p = text->p != NULL ? wi_arena_ndup(arena, text->p, text->n) : NULL;
  return text->p != NULL;
}

static weir_status wait_for(waiting *w, const one_file *f, weir_error *err) {
  one_file *kept = wi_vec_add(&w->files);
  if (kept == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  *kept = *f;
  bool good = copy_text(&w->arena, &kept->path) &&
              (f->stats.p == NULL || copy_text(&w->arena, &kept->stats)) &&
              (f->partition.p == NULL || copy_text(&w->arena, &kept->partition));
  return good ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

/* Of a table that may have vectors the files with one come first: its rows come in one order,
 * whatever is read of it. */
static weir_status add_all(builder *b, bool vectors, wi_cursor *rows, weir_error *err) {
  weir_status status = WEIR_OK;
  waiting w = {0};
  one_file f;
  bool has = false;
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    WI_CHECK(read_row(b, rows, &f, err));
    if (vectors && f.dv.p == NULL) {
      WI_CHECK(wait_for(&w, &f, err));
    } else {
      WI_CHECK(add_file(b, &f, err));
    }
  }
  for (size_t i = 0; i < w.files.n; i++) {
    WI_CHECK(add_file(b, &w.files.items[i], err));
  }
done:
  wi_free(w.files.items);
  wi_arena_release(&w.arena);
  return status;
}

/* ---- one path once ---- */

/* Names of files begin alike, so their texts are compared last. */
static int by_mark(const void *a, const void *b) {
  const live_path *x = a, *y = b;
  return x->mark != y->mark ? (x->mark < y->mark ? -1 : 1) : strcmp(x->text, y->text);
}

/* A path that is live twice, as a log never has it, would give its rows twice, and those that one
 * of them takes away. Seen after decoding: two spellings are one file. */
static weir_status check_paths(builder *b, weir_error *err) {
  size_t n = b->paths.n;
  live_path *paths = b->paths.items;
  if (n > 1) {
    qsort(paths, n, sizeof *paths, by_mark);
  }
  for (size_t i = 1; i < n; i++) {
    if (by_mark(&paths[i - 1], &paths[i]) == 0) {
      weir_status status = WI_ERR(
          err, WEIR_E_LOG_CORRUPT,
          "the log has the file '%.300s' twice among its live files", paths[i].text);
      wi_err_hint(err,
                  "restore the table's log: an add or a remove of this file is wrong");
      return status;
    }
  }
  return WEIR_OK;
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
  return wi_struct_end(array, (int64_t)b->paths.n);
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
  if (b->stats != NULL) {
    NANOARROW_RETURN_NOT_OK(wi_file_stats_code(b->stats));
  }
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
  return wi_struct_end(array, (int64_t)b->paths.n);
}

static weir_status finish(builder *b, wi_files **out, weir_error *err) {
  wi_files *files = wi_alloc(sizeof *files);
  if (files == NULL) {
    return wi_err_nomem(err, WI_ORIGIN);
  }
  atomic_init(&files->holders, 1);
  int code = assemble(b, files);
  if (code == NANOARROW_OK) {
    *out = files;
    return WEIR_OK;
  }
  wi_files_unref(&files);
  return code == ENOMEM ? wi_err_nomem(err, WI_ORIGIN)
                        : WI_ERR(err, WEIR_E_TOO_LARGE,
                                 "the list of %zu files does not fit into one table (%d)",
                                 b->paths.n, code);
}

weir_status wi_files_read(const wi_meta *meta, const char *uri, wi_cursor *rows,
                          wi_files **out, weir_error *err) {
  weir_status status = WEIR_OK;
  builder b = {0};
  wi_partitioning *partitioning = NULL;
  wi_file_stats *stats = NULL;
  *out = NULL;
  WI_CHECK(wi_partitioning_new(meta, &partitioning, err));
  WI_CHECK(wi_file_stats_new(meta, &stats, err));
  WI_CHECK(builder_init(&b, uri, &partitioning, &stats, err));
  WI_CHECK(add_all(&b, wi_meta_has_feature(meta, "deletionVectors"), rows, err));
  WI_CHECK(check_paths(&b, err));
  WI_CHECK(finish(&b, out, err));
done:
  wi_file_stats_free(&stats);
  wi_partitioning_free(&partitioning);
  builder_release(&b);
  return status;
}

weir_status wi_files_of_staged(const wi_staged *staged, wi_partitioning **partitioning,
                               wi_files **out, weir_error *err) {
  weir_status status = WEIR_OK;
  builder b = {0};
  wi_file_stats *none = NULL;
  *out = NULL;
  WI_CHECK(builder_init(&b, "", partitioning, &none, err));
  for (size_t i = 0; i < staged->n; i++) {
    const wi_staged_file *file = &staged->files[i];
    one_file f = {.path = wi_str_of(file->path),
                  .partition = wi_str_of(file->partition_values),
                  .size = (int64_t)file->size};
    WI_CHECK(add_placed(&b, &f, f.path, (int64_t)file->rows, err));
  }
  WI_CHECK(finish(&b, out, err));
done:
  builder_release(&b);
  return status;
}
