/* The tables as Delta tables, through weir's public API. */
#include <errno.h>
#include <nanoarrow/nanoarrow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "scip.h"
#include "sink.h"
#include "weir/query.h"
#include "weir/session.h"
#include "weir/table.h"

struct cf_sink {
  char *folder;
  weir_session *session; /* the tables as they were when the sink was made, by name */
};

static const cf_table *const tables[] = {
    &cf_table_files,   &cf_table_lines, &cf_table_defs, &cf_table_refs,
    &cf_table_imports, &cf_table_calls, &cf_table_scip};
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

/* Moves weir's error into ours. */
static bool failed(cf_error *err, weir_error *from, const char *doing, const char *what) {
  (void)cf_fail(err, "%s '%s': %s: %s%s%s", doing, what, weir_error_code_name(from->code),
                from->message, from->hint[0] == '\0' ? "" : "; ", from->hint);
  weir_error_release(from);
  return false;
}

static char *table_path(const cf_sink *sink, const char *table) {
  size_t n = strlen(sink->folder) + strlen(table) + 2;
  char *out = malloc(n);
  if (out != NULL) {
    (void)snprintf(out, n, "%s/%s", sink->folder, table);
  }
  return out;
}

static bool exists(const cf_sink *sink, const char *path, bool *out, cf_error *err) {
  weir_error error = WEIR_ERROR_INIT;
  int64_t version = -1;
  if (weir_table_version(sink->session, path, &version, &error) != WEIR_OK) {
    return failed(err, &error, "cannot look at the table", path);
  }
  *out = version >= 0;
  return true;
}

static bool make_folder(const char *folder, cf_error *err) {
  char *path = strdup(folder);
  bool ok = path != NULL;
  for (char *at = path; ok && at != NULL;) {
    at = strchr(at + 1, '/');
    if (at != NULL) {
      *at = '\0';
    }
    ok = mkdir(path, 0777) == 0 || errno == EEXIST;
    if (at != NULL) {
      *at = '/';
    }
  }
  if (!ok) {
    (void)cf_fail(err, "cannot make the folder '%s': %s", folder, strerror(errno));
  }
  free(path);
  return ok;
}

/* Every table that is there is registered: the last run's files and partitions are read. */
static bool open_tables(cf_sink *sink, cf_error *err) {
  weir_error error = WEIR_ERROR_INIT;
  for (size_t i = 0; i < N_TABLES; i++) {
    const char *name = tables[i]->name;
    char *path = table_path(sink, name);
    bool there = false;
    bool ok =
        path != NULL ? exists(sink, path, &there, err) : cf_fail(err, "out of memory");
    if (ok && there &&
        weir_session_add_delta(sink->session, name, path, -1, &error) != WEIR_OK) {
      ok = failed(err, &error, "cannot open the table", path);
    }
    free(path);
    if (!ok) {
      return false;
    }
  }
  if (weir_session_seal(sink->session, &error) != WEIR_OK) {
    return failed(err, &error, "cannot open", sink->folder);
  }
  return true;
}

bool cf_sink_new(const char *folder, cf_sink **out, cf_error *err) {
  weir_error error = WEIR_ERROR_INIT;
  cf_sink *sink = calloc(1, sizeof(*sink));
  *out = sink;
  if (sink == NULL || (sink->folder = strdup(folder)) == NULL) {
    return cf_fail(err, "out of memory");
  }
  if (!make_folder(folder, err)) {
    return false;
  }
  if (weir_session_new(NULL, &sink->session, &error) != WEIR_OK) {
    return failed(err, &error, "cannot start a session for", folder);
  }
  return open_tables(sink, err);
}

void cf_sink_free(cf_sink **sink) {
  if (*sink != NULL) {
    weir_session_free(&(*sink)->session);
    free((*sink)->folder);
    free(*sink);
    *sink = NULL;
  }
}

void cf_previous_release(cf_previous_list *list) {
  for (size_t i = 0; i < list->n; i++) {
    free(list->items[i].path);
  }
  free(list->items);
  *list = (cf_previous_list){NULL, 0, 0};
}

/* ---- reading ---- */

/* What is done with each row; false: out of memory. */
typedef bool (*row_fn)(void *ctx, const struct ArrowArrayView *batch, int64_t row);

static bool read_batches(struct ArrowArrayStream *stream, row_fn fn, void *ctx,
                         cf_error *err) {
  weir_error error = WEIR_ERROR_INIT;
  struct ArrowSchema schema = {.release = NULL};
  struct ArrowArrayView view = {0};
  int rc = stream->get_schema(stream, &schema);
  bool ok = rc == 0 ? ArrowArrayViewInitFromSchema(&view, &schema, NULL) == 0 : false;
  while (ok && rc == 0) {
    struct ArrowArray batch = {.release = NULL};
    rc = stream->get_next(stream, &batch);
    if (rc != 0 || batch.release == NULL) {
      break;
    }
    ok = ArrowArrayViewSetArray(&view, &batch, NULL) == 0;
    for (int64_t i = 0; ok && i < batch.length; i++) {
      ok = fn(ctx, &view, i);
    }
    batch.release(&batch);
  }
  if (rc != 0) {
    (void)weir_stream_error(stream, rc, &error);
    ok = failed(err, &error, "cannot read", "the tables of the last run");
  } else if (!ok) {
    (void)cf_fail(err, "cannot read the tables of the last run: out of memory");
  }
  ArrowArrayViewReset(&view);
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  return ok;
}

static bool read_query(cf_sink *sink, const char *sql, row_fn fn, void *ctx,
                       cf_error *err) {
  weir_error error = WEIR_ERROR_INIT;
  weir_query *query = NULL;
  struct ArrowArrayStream stream = {.release = NULL};
  bool ok = weir_query_open(sink->session, sql, NULL, 0, &query, &error) == WEIR_OK &&
            weir_query_stream(query, &stream, &error) == WEIR_OK;
  if (!ok) {
    (void)failed(err, &error, "cannot read the last run's tables in", sink->folder);
  } else {
    ok = read_batches(&stream, fn, ctx, err);
  }
  if (stream.release != NULL) {
    stream.release(&stream);
  }
  weir_query_free(&query);
  return ok;
}

static bool add_previous(void *ctx, const struct ArrowArrayView *batch, int64_t row) {
  cf_previous_list *list = ctx;
  if (list->n == list->cap) {
    size_t cap = list->cap == 0 ? 256 : list->cap * 2;
    cf_previous *items = realloc(list->items, cap * sizeof(*items));
    if (items == NULL) {
      return false;
    }
    list->items = items;
    list->cap = cap;
  }
  struct ArrowStringView path = ArrowArrayViewGetStringUnsafe(batch->children[0], row);
  struct ArrowStringView hash = ArrowArrayViewGetStringUnsafe(batch->children[1], row);
  cf_previous *item = &list->items[list->n];
  *item = (cf_previous){
      .path = strndup(path.data, (size_t)path.size_bytes),
      .bucket = (int32_t)ArrowArrayViewGetIntUnsafe(batch->children[2], row),
      .facts_version = (int32_t)ArrowArrayViewGetIntUnsafe(batch->children[3], row)};
  (void)snprintf(item->sha256, sizeof(item->sha256), "%.*s", (int)hash.size_bytes,
                 hash.data);
  list->n += item->path != NULL;
  return item->path != NULL;
}

bool cf_sink_previous(cf_sink *sink, cf_previous_list *out, cf_error *err) {
  *out = (cf_previous_list){NULL, 0, 0};
  char *path = table_path(sink, cf_table_files.name);
  bool there = false;
  bool ok =
      path != NULL ? exists(sink, path, &there, err) : cf_fail(err, "out of memory");
  free(path);
  if (!ok || !there) {
    return ok;
  }
  return read_query(sink,
                    "SELECT path, coalesce(file_sha256, '') AS file_sha256, bucket,"
                    " facts_version FROM repo_files",
                    add_previous, out, err);
}

static bool note_sha256(void *ctx, const struct ArrowArrayView *batch, int64_t row) {
  struct ArrowStringView hash = ArrowArrayViewGetStringUnsafe(batch->children[0], row);
  (void)snprintf(ctx, 65, "%.*s", (int)hash.size_bytes, hash.data);
  return true;
}

bool cf_sink_previous_scip(cf_sink *sink, char sha256[65], bool *there, cf_error *err) {
  sha256[0] = '\0';
  char *path = table_path(sink, cf_table_scip.name);
  bool ok = path != NULL ? exists(sink, path, there, err) : cf_fail(err, "out of memory");
  free(path);
  if (!ok || !*there) {
    return ok;
  }
  return read_query(
      sink, "SELECT coalesce(max(index_sha256), '') AS hash FROM scip_occurrences",
      note_sha256, sha256, err);
}

/* ---- writing ---- */

typedef struct partitions { /* as weir takes them: texts */
  char (*texts)[16];
  const char **values;
  weir_partition *items;
  size_t n, cap;
} partitions;

static void partitions_release(partitions *p) {
  free(p->texts);
  free(p->values);
  free(p->items);
}

static bool add_bucket(partitions *p, int64_t bucket) {
  if (p->n == p->cap) {
    size_t cap = p->cap == 0 ? 64 : p->cap * 2;
    char (*texts)[16] = realloc(p->texts, cap * sizeof(*texts));
    if (texts == NULL) {
      return false;
    }
    p->texts = texts;
    p->cap = cap;
  }
  (void)snprintf(p->texts[p->n], sizeof(p->texts[0]), "%d", (int32_t)bucket);
  for (size_t i = 0; i < p->n; i++) {
    if (strcmp(p->texts[i], p->texts[p->n]) == 0) {
      return true; /* it is there already */
    }
  }
  p->n++;
  return true;
}

static bool add_old_bucket(void *ctx, const struct ArrowArrayView *batch, int64_t row) {
  return add_bucket(ctx, ArrowArrayViewGetIntUnsafe(batch->children[0], row));
}

/* The asked ones; with `all` those that the table has besides, from a run with more buckets. */
static bool list_partitions(cf_sink *sink, const char *table, bool all,
                            const int32_t *buckets, size_t n, partitions *out,
                            cf_error *err) {
  bool ok = true;
  for (size_t i = 0; ok && i < n; i++) {
    ok = add_bucket(out, buckets[i]);
  }
  if (ok && all) {
    char sql[128];
    (void)snprintf(sql, sizeof(sql), "SELECT DISTINCT bucket FROM %s", table);
    if (!read_query(sink, sql, add_old_bucket, out, err)) {
      return false;
    }
  }
  if (ok) {
    out->values = calloc(out->n + 1, sizeof(*out->values));
    out->items = calloc(out->n + 1, sizeof(*out->items));
    ok = out->values != NULL && out->items != NULL;
  }
  for (size_t i = 0; ok && i < out->n; i++) {
    out->values[i] = out->texts[i];
    out->items[i].values = &out->values[i];
  }
  return ok ? true : cf_fail(err, "out of memory");
}

static bool create(cf_sink *sink, const char *path, struct ArrowArrayStream *stream,
                   cf_error *err) {
  static const char *const by[] = {"bucket"};
  weir_error error = WEIR_ERROR_INIT;
  weir_write_result result = {0};
  weir_write_options options = WEIR_WRITE_OPTIONS_INIT;
  options.partition_by = by;
  options.n_partition_by = 1;
  bool ok = weir_table_create(sink->session, path, stream, &options, &result, &error) ==
            WEIR_OK;
  weir_write_result_release(&result);
  return ok ? true : failed(err, &error, "cannot create the table", path);
}

static bool replace(cf_sink *sink, const char *path, const partitions *p,
                    struct ArrowArrayStream *stream, cf_error *err) {
  weir_error error = WEIR_ERROR_INIT;
  weir_write_result result = {0};
  weir_write_options options = WEIR_WRITE_OPTIONS_INIT;
  bool ok = weir_table_replace(sink->session, path, p->items, p->n, stream, &options,
                               &result, &error) == WEIR_OK;
  weir_write_result_release(&result);
  return ok ? true : failed(err, &error, "cannot write the table", path);
}

bool cf_sink_write(cf_sink *sink, const char *table, bool all, const int32_t *buckets,
                   size_t n, struct ArrowArrayStream *stream, cf_error *err) {
  char *path = table_path(sink, table);
  partitions parts = {NULL, NULL, NULL, 0, 0};
  bool there = false;
  bool ok =
      path != NULL ? exists(sink, path, &there, err) : cf_fail(err, "out of memory");
  if (ok && there) {
    ok = list_partitions(sink, table, all, buckets, n, &parts, err) &&
         replace(sink, path, &parts, stream, err);
  } else if (ok) {
    ok = create(sink, path, stream, err);
  }
  partitions_release(&parts);
  free(path);
  return ok;
}
