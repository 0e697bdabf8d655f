/* Rows into Arrow batches, and the tables as Arrow C streams. */
#include <errno.h>
#include <nanoarrow/nanoarrow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scip.h"

#define BATCH_ROWS  8192
#define BATCH_BYTES ((size_t)8 << 20) /* of text: long before 32-bit offsets end */

const cf_table *const cf_fact_tables[CF_N_FACT_TABLES] = {
    &cf_table_lines, &cf_table_defs, &cf_table_refs, &cf_table_imports, &cf_table_calls};

struct cf_row {
  struct ArrowArray *batch;
  int64_t column;
  size_t bytes; /* of text in this batch so far */
  int status;   /* sticky: the first errno */
};

static struct ArrowArray *next_column(cf_row *r) {
  return r->batch->children[r->column++];
}

static void note(cf_row *r, int status) {
  if (r->status == 0) {
    r->status = status;
  }
}

static void append_text(cf_row *r, struct ArrowArray *column, cf_text v) {
  struct ArrowStringView view = {v.p == NULL ? "" : v.p, (int64_t)v.n};
  r->bytes += v.n;
  note(r, ArrowArrayAppendString(column, view));
}

void cf_put_text(cf_row *r, cf_text v) {
  struct ArrowArray *column = next_column(r);
  if (v.p == NULL) {
    note(r, ArrowArrayAppendNull(column, 1));
  } else {
    append_text(r, column, v);
  }
}

void cf_put_str(cf_row *r, const char *v) {
  cf_put_text(r, cf_text_of(v));
}

void cf_put_int(cf_row *r, int64_t v) {
  note(r, ArrowArrayAppendInt(next_column(r), v));
}

void cf_put_null(cf_row *r) {
  note(r, ArrowArrayAppendNull(next_column(r), 1));
}

void cf_put_texts(cf_row *r, const cf_text *items, size_t n) {
  struct ArrowArray *column = next_column(r);
  for (size_t i = 0; i < n; i++) {
    append_text(r, column->children[0], items[i]);
  }
  note(r, ArrowArrayFinishElement(column));
}

void cf_put_map(cf_row *r, const char *const *keys, const cf_text *values, size_t n) {
  struct ArrowArray *column = next_column(r);
  struct ArrowArray *entries = column->children[0];
  for (size_t i = 0; i < n; i++) {
    if (values[i].p != NULL) {
      append_text(r, entries->children[0], cf_text_of(keys[i]));
      append_text(r, entries->children[1], values[i]);
      note(r, ArrowArrayFinishElement(entries));
    }
  }
  note(r, ArrowArrayFinishElement(column));
}

void cf_put_file(cf_row *r, const cf_file *file) {
  cf_put_str(r, file->file_id);
  cf_put_str(r, file->path);
  cf_put_str(r, file->sha256);
  cf_put_int(r, file->bucket);
}

void cf_put_span_id(cf_row *r, const char *prefix, const cf_file *file, int64_t bstart,
                    int64_t bend) {
  char from[24];
  char to[24];
  char id[CF_ID_SIZE];
  (void)snprintf(from, sizeof(from), "%lld", (long long)bstart);
  (void)snprintf(to, sizeof(to), "%lld", (long long)bend);
  cf_text parts[] = {cf_text_of(file->path), cf_text_of(from), cf_text_of(to)};
  cf_stable_id(prefix, parts, 3, id);
  cf_put_str(r, id);
}

/* ---- repo_files ---- */

static const cf_column file_columns[] = {
    {"file_id", CF_TEXT, true},        {"path", CF_TEXT, true},
    {"file_sha256", CF_TEXT, false},   {"bucket", CF_INT32, true},
    {"abs_path", CF_TEXT, true},       {"size_bytes", CF_INT64, true},
    {"mtime_ns", CF_INT64, true},      {"encoding", CF_TEXT, false},
    {"parse_status", CF_TEXT, true},   {"parse_errors", CF_INT32, true},
    {"facts_version", CF_INT32, true},
};

const cf_table cf_table_files = {"repo_files", file_columns,
                                 sizeof(file_columns) / sizeof(file_columns[0]), NULL,
                                 NULL};

static void put_repo_file(cf_row *r, const char *root, const cf_file *file,
                          cf_error *err) {
  size_t n = strlen(root) + strlen(file->path) + 2;
  char *full = malloc(n);
  if (full == NULL) {
    (void)cf_fail(err, "out of memory");
    note(r, ENOMEM);
    return;
  }
  (void)snprintf(full, n, "%s/%s", root, file->path);
  cf_put_str(r, file->file_id);
  cf_put_str(r, file->path);
  cf_put_str(r, file->sha256[0] == '\0' ? NULL : file->sha256);
  cf_put_int(r, file->bucket);
  cf_put_str(r, full);
  cf_put_int(r, file->size);
  cf_put_int(r, file->mtime_ns);
  cf_put_str(r, file->encoding);
  cf_put_str(r, cf_status_name(file->status));
  cf_put_int(r, file->parse_errors);
  cf_put_int(r, CF_FACTS_VERSION);
  free(full);
}

/* ---- streams ---- */

typedef struct stream {
  const cf_table *table;
  cf_pipeline *pipeline; /* NULL: repo_files */
  size_t index;
  const cf_facts *facts; /* being read; NULL: ask for the next */
  uint32_t row;
  const cf_tree *tree;
  size_t file;         /* or document */
  const cf_scip *scip; /* not NULL: its occurrences */
  bool ended;
  cf_error error;
} stream;

static int set_type(struct ArrowSchema *schema, cf_type type) {
  int rc = 0;
  switch (type) {
    case CF_TEXT:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING);
    case CF_INT64:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT64);
    case CF_INT32:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT32);
    case CF_BOOL:
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_BOOL);
    case CF_TEXTS:
      rc = ArrowSchemaSetType(schema, NANOARROW_TYPE_LIST);
      return rc != 0 ? rc
                     : ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_STRING);
    case CF_MAP:
      rc = ArrowSchemaSetType(schema, NANOARROW_TYPE_MAP);
      for (int i = 0; rc == 0 && i < 2; i++) {
        rc = ArrowSchemaSetType(schema->children[0]->children[i], NANOARROW_TYPE_STRING);
      }
      return rc;
  }
  return EINVAL;
}

static int make_schema(const cf_table *table, struct ArrowSchema *out) {
  ArrowSchemaInit(out);
  int rc = ArrowSchemaSetTypeStruct(out, (int64_t)table->n_columns);
  for (size_t i = 0; rc == 0 && i < table->n_columns; i++) {
    struct ArrowSchema *column = out->children[i];
    rc = set_type(column, table->columns[i].type);
    if (rc == 0) {
      rc = ArrowSchemaSetName(column, table->columns[i].name);
    }
    if (table->columns[i].not_null) {
      column->flags &= ~ARROW_FLAG_NULLABLE;
    }
  }
  if (rc != 0) {
    ArrowSchemaRelease(out);
  }
  return rc;
}

static int get_schema(struct ArrowArrayStream *self, struct ArrowSchema *out) {
  const stream *s = self->private_data;
  return make_schema(s->table, out);
}

static void end_row(cf_row *r) {
  note(r, ArrowArrayFinishElement(r->batch));
  r->column = 0;
}

static bool full(const cf_row *r) {
  return r->status != 0 || r->batch->length >= BATCH_ROWS || r->bytes >= BATCH_BYTES;
}

static bool fill_facts(stream *s, cf_row *r) {
  while (!full(r)) {
    if (s->facts == NULL) {
      if (!cf_pipeline_next(s->pipeline, s->index, &s->facts, &s->error)) {
        return false;
      }
      s->ended = s->facts == NULL;
      s->row = 0;
      if (s->ended) {
        return true;
      }
    }
    uint32_t n = s->table->count(s->facts);
    while (s->row < n && !full(r)) {
      s->table->put(r, s->facts, s->row++);
      end_row(r);
    }
    if (s->row == n) {
      s->facts = NULL;
      cf_pipeline_done(s->pipeline, s->index);
    }
  }
  return true;
}

static bool fill_files(stream *s, cf_row *r) {
  for (; s->file < s->tree->n && !full(r); s->file++) {
    const cf_file *file = &s->tree->files[s->file];
    if (file->selected) {
      put_repo_file(r, s->tree->root, file, &s->error);
      end_row(r);
    }
  }
  s->ended = s->file == s->tree->n;
  return true;
}

static bool fill_occurrences(stream *s, cf_row *r) {
  while (s->file < s->scip->n && !full(r)) {
    const cf_document *d = &s->scip->documents[s->file];
    while (s->row < d->n && !full(r)) {
      cf_put_occurrence(r, s->scip, s->file, s->row++);
      end_row(r);
    }
    if (s->row == d->n) {
      s->file++;
      s->row = 0;
    }
  }
  s->ended = s->file == s->scip->n;
  return true;
}

static bool fill(stream *s, cf_row *r) {
  if (s->scip != NULL) {
    return fill_occurrences(s, r);
  }
  return s->pipeline == NULL ? fill_files(s, r) : fill_facts(s, r);
}

static int get_next(struct ArrowArrayStream *self, struct ArrowArray *out) {
  stream *s = self->private_data;
  struct ArrowSchema schema = {.release = NULL};
  struct ArrowArray batch = {.release = NULL};
  out->release = NULL;
  if (s->ended) {
    return 0;
  }
  cf_row row = {.batch = &batch};
  int rc = make_schema(s->table, &schema);
  if (rc == 0) {
    rc = ArrowArrayInitFromSchema(&batch, &schema, NULL);
  }
  if (rc == 0) {
    rc = ArrowArrayStartAppending(&batch);
  }
  if (rc == 0) {
    rc = fill(s, &row) ? row.status : EIO;
  }
  if (rc == 0 && batch.length > 0) {
    rc = ArrowArrayFinishBuildingDefault(&batch, NULL);
  }
  if (rc == 0 && batch.length > 0) {
    ArrowArrayMove(&batch, out);
  } else if (rc != 0) {
    (void)cf_fail(&s->error, "cannot build rows of %s: %s", s->table->name, strerror(rc));
    s->ended = true;
  }
  if (batch.release != NULL) {
    ArrowArrayRelease(&batch);
  }
  if (schema.release != NULL) {
    ArrowSchemaRelease(&schema);
  }
  return rc;
}

static const char *get_last_error(struct ArrowArrayStream *self) {
  const stream *s = self->private_data;
  return s->error.message[0] == '\0' ? NULL : s->error.message;
}

static void release(struct ArrowArrayStream *self) {
  stream *s = self->private_data;
  if (s->pipeline != NULL && !s->ended) {
    cf_pipeline_stop(s->pipeline, "another table could not be written");
  }
  free(s);
  self->release = NULL;
}

static bool make_stream(stream from, struct ArrowArrayStream *out, cf_error *err) {
  stream *s = malloc(sizeof(*s));
  *out = (struct ArrowArrayStream){.release = NULL};
  if (s == NULL) {
    return cf_fail(err, "out of memory");
  }
  *s = from;
  *out = (struct ArrowArrayStream){.get_schema = get_schema,
                                   .get_next = get_next,
                                   .get_last_error = get_last_error,
                                   .release = release,
                                   .private_data = s};
  return true;
}

bool cf_stream_facts(cf_pipeline *p, size_t table, struct ArrowArrayStream *out,
                     cf_error *err) {
  return make_stream(
      (stream){.table = cf_fact_tables[table], .pipeline = p, .index = table}, out, err);
}

bool cf_stream_files(const cf_tree *tree, struct ArrowArrayStream *out, cf_error *err) {
  return make_stream((stream){.table = &cf_table_files, .tree = tree}, out, err);
}

bool cf_stream_scip(const cf_scip *index, struct ArrowArrayStream *out, cf_error *err) {
  return make_stream((stream){.table = &cf_table_scip, .scip = index}, out, err);
}
