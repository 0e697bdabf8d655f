/* A table's version as rows: what it is, and of which files. */
#include <stdlib.h>
#include <string.h>

#include "delta/internal.h"

#define WI_ORIGIN "delta"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const wi_rows_column snapshot_columns[] = {
    {"table_uri", WI_ROWS_TEXT, false},
    {"version", WI_ROWS_INT64, false},
    {"snapshot_timestamp", WI_ROWS_TIME, false},
    {"min_reader_version", WI_ROWS_INT32, false},
    {"min_writer_version", WI_ROWS_INT32, false},
    {"reader_features_json", WI_ROWS_TEXT, false},
    {"writer_features_json", WI_ROWS_TEXT, false},
    {"table_properties_json", WI_ROWS_TEXT, false},
    {"partition_columns_json", WI_ROWS_TEXT, false},
    {"schema_json", WI_ROWS_TEXT, false},
};

static const wi_rows_column file_columns[] = {
    {"table_uri", WI_ROWS_TEXT, false},
    {"version", WI_ROWS_INT64, false},
    {"path", WI_ROWS_TEXT, false},
    {"size", WI_ROWS_INT64, false},
    {"modification_time", WI_ROWS_TIME, false},
    {"data_change", WI_ROWS_BOOL, false},
    {"stats", WI_ROWS_TEXT, true},
    {"partition_values_json", WI_ROWS_TEXT, false},
    {"tags_json", WI_ROWS_TEXT, true},
};

weir_status wi_snapshot_columns(struct ArrowSchema *out, weir_error *err) {
  return wi_rows_schema(snapshot_columns, COUNT(snapshot_columns), out, err);
}

weir_status wi_add_actions_columns(struct ArrowSchema *out, weir_error *err) {
  return wi_rows_schema(file_columns, COUNT(file_columns), out, err);
}

/* The comma-joined names of a pin as a JSON array. */
static void names_json(const char *joined, wi_buf *out) {
  wi_json j;
  wi_buf_clear(out);
  wi_json_begin(&j, out);
  wi_json_array(&j);
  for (const char *p = joined; *p != '\0';) {
    size_t n = strcspn(p, ",");
    wi_json_ntext(&j, p, n);
    p += n + (p[n] == ',' ? 1 : 0);
  }
  wi_json_array_end(&j);
}

weir_status wi_snapshot_rows(const wi_pin *pin, struct ArrowArrayStream *out,
                             weir_error *err) {
  weir_status status = WEIR_OK;
  wi_rows *r = NULL;
  wi_buf readers = WI_BUF_INIT, writers = WI_BUF_INIT, schema = WI_BUF_INIT;
  memset(out, 0, sizeof(*out));
  WI_CHECK(wi_rows_new(snapshot_columns, COUNT(snapshot_columns), &r, err));
  names_json(pin->reader_features, &readers);
  names_json(pin->writer_features, &writers);
  WI_CHECK(wi_buf_check(&readers, err, WI_ORIGIN));
  WI_CHECK(wi_buf_check(&writers, err, WI_ORIGIN));
  WI_CHECK(wi_delta_json_dump(wi_meta_schema_tree(pin->meta), true, &schema, err));
  wi_rows_cstr(r, pin->uri);
  wi_rows_int(r, pin->version);
  wi_rows_int(r, pin->timestamp_us);
  wi_rows_int(r, pin->min_reader);
  wi_rows_int(r, pin->min_writer);
  wi_rows_cstr(r, wi_buf_text(&readers));
  wi_rows_cstr(r, wi_buf_text(&writers));
  wi_rows_cstr(r, wi_meta_properties_json(pin->meta));
  wi_rows_cstr(r, wi_meta_partition_json(pin->meta));
  wi_rows_cstr(r, wi_buf_text(&schema));
  wi_rows_end(r);
  WI_CHECK(wi_rows_stream(r, out, err));
done:
  wi_rows_free(&r);
  wi_buf_release(&readers);
  wi_buf_release(&writers);
  wi_buf_release(&schema);
  return status;
}

/* ---- files ---- */

/* Columns of wi_br_snap_files. */
enum {
  FILE_PATH,
  FILE_SIZE,
  FILE_MTIME_MS,
  FILE_STATS,
  FILE_PARTITION,
  FILE_DV,
  FILE_ROW_ID,
  FILE_TAGS
};

typedef struct file {
  wi_str path, stats, partition, dv, tags; /* in the arena; p NULL: none */
  int64_t size, mtime_ms;
} file;

typedef struct files {
  wi_arena arena;
  file *items;
  size_t n, cap;
} files;

static weir_status keep(files *f, const wi_cursor *rows, int64_t column, wi_str *out,
                        weir_error *err) {
  *out = (wi_str){NULL, 0};
  if (wi_cursor_null(rows, column)) {
    return WEIR_OK;
  }
  wi_str text = wi_cursor_text(rows, column);
  out->p = wi_arena_ndup(&f->arena, text.p, text.n);
  out->n = text.n;
  return out->p != NULL ? WEIR_OK : wi_err_nomem(err, WI_ORIGIN);
}

static weir_status add_file(files *f, const wi_cursor *rows, weir_error *err) {
  if (f->n == f->cap) {
    size_t cap = f->cap > 0 ? f->cap * 2 : 64;
    file *grown = wi_realloc_array(f->items, cap, sizeof(*grown));
    if (grown == NULL) {
      return wi_err_nomem(err, WI_ORIGIN);
    }
    f->items = grown;
    f->cap = cap;
  }
  file *one = &f->items[f->n++];
  one->size = wi_cursor_int(rows, FILE_SIZE);
  one->mtime_ms = wi_cursor_int(rows, FILE_MTIME_MS);
  WI_TRY(keep(f, rows, FILE_PATH, &one->path, err));
  WI_TRY(keep(f, rows, FILE_STATS, &one->stats, err));
  WI_TRY(keep(f, rows, FILE_PARTITION, &one->partition, err));
  WI_TRY(keep(f, rows, FILE_DV, &one->dv, err));
  return keep(f, rows, FILE_TAGS, &one->tags, err);
}

static int by_text(wi_str a, wi_str b) {
  size_t n = a.n < b.n ? a.n : b.n;
  int c = n > 0 ? memcmp(a.p, b.p, n) : 0;
  return c != 0 ? c : a.n < b.n ? -1 : a.n > b.n;
}

static int by_path(const void *a, const void *b) {
  const file *x = a, *y = b;
  int c = by_text(x->path, y->path);
  return c != 0 ? c : by_text(x->dv, y->dv);
}

/* In the order of their paths: that of the log depends on its checkpoints. */
static weir_status read_files(const wi_snap *snap, files *f, weir_error *err) {
  weir_status status = WEIR_OK;
  wi_cursor *rows = NULL;
  bool has = false;
  WI_CHECK(wi_snap_rows(snap, &rows, err));
  for (;;) {
    WI_CHECK(wi_cursor_next(rows, &has, err));
    if (!has) {
      break;
    }
    WI_CHECK(add_file(f, rows, err));
  }
  if (f->n > 1) {
    qsort(f->items, f->n, sizeof(*f->items), by_path);
  }
done:
  wi_cursor_free(&rows);
  return status;
}

weir_status wi_add_actions_rows(const wi_pin *pin, const wi_snap *snap,
                                struct ArrowArrayStream *out, weir_error *err) {
  weir_status status = WEIR_OK;
  files f = {0};
  wi_rows *r = NULL;
  memset(out, 0, sizeof(*out));
  WI_CHECK(read_files(snap, &f, err));
  WI_CHECK(wi_rows_new(file_columns, COUNT(file_columns), &r, err));
  for (size_t i = 0; i < f.n; i++) {
    const file *one = &f.items[i];
    wi_rows_cstr(r, pin->uri);
    wi_rows_int(r, pin->version);
    wi_rows_text(r, one->path);
    wi_rows_int(r, one->size);
    wi_rows_int(r, wi_ms_us(one->mtime_ms));
    wi_rows_int(r, 0); /* a list of live files is a state, not a change */
    wi_rows_text(r, one->stats);
    wi_rows_text(r, one->partition);
    wi_rows_text(r, one->tags);
    wi_rows_end(r);
  }
  WI_CHECK(wi_rows_stream(r, out, err));
done:
  wi_rows_free(&r);
  wi_free(f.items);
  wi_arena_release(&f.arena);
  return status;
}
