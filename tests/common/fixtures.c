#include "fixtures.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "nanoarrow/nanoarrow.h"
#include "test.h"

/* 2026-01-01T00:00:00Z: what a session says must not depend on when it is tested. */
#define FIXED_NOW_US 1767225600000000

#define MAX_COLUMNS 16

/* ---- rows ---- */

typedef struct column {
  char name[64];
  char kind;
  bool not_null;
} column;

static size_t parse_columns(const char *text, column out[MAX_COLUMNS]) {
  size_t n = 0;
  while (*text != '\0' && n < MAX_COLUMNS) {
    size_t length = strcspn(text, ":");
    if (text[length] != ':' || length >= sizeof out[n].name) {
      return 0;
    }
    memcpy(out[n].name, text, length);
    out[n].name[length] = '\0';
    out[n].kind = text[length + 1];
    text += length + 2;
    out[n].not_null = *text == '!';
    text += out[n].not_null ? 1 : 0;
    text += *text == ' ' ? 1 : 0;
    n++;
  }
  return n;
}

static int set_type(struct ArrowSchema *schema, char kind) {
  switch (kind) {
    case 'l':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT64);
    case 'i':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_INT32);
    case 'd':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_DOUBLE);
    case 'b':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_BOOL);
    case 't':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING);
    case 'T':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_LARGE_STRING);
    case 'v':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_STRING_VIEW);
    case 'D':
      return ArrowSchemaSetType(schema, NANOARROW_TYPE_DATE32);
    case 'z':
      return ArrowSchemaSetTypeDateTime(schema, NANOARROW_TYPE_TIMESTAMP,
                                        NANOARROW_TIME_UNIT_MICRO, "UTC");
    default:
      return EINVAL;
  }
}

static int make_schema(struct ArrowSchema *schema, const column *columns, size_t n) {
  ArrowSchemaInit(schema);
  NANOARROW_RETURN_NOT_OK(ArrowSchemaSetTypeStruct(schema, (int64_t)n));
  for (size_t i = 0; i < n; i++) {
    struct ArrowSchema *child = schema->children[i];
    NANOARROW_RETURN_NOT_OK(set_type(child, columns[i].kind));
    NANOARROW_RETURN_NOT_OK(ArrowSchemaSetName(child, columns[i].name));
    if (columns[i].not_null) {
      child->flags &= ~ARROW_FLAG_NULLABLE;
    }
  }
  return NANOARROW_OK;
}

static int append_cell(struct ArrowArray *array, char kind, const char *cell) {
  if (cell == NULL) {
    return ArrowArrayAppendNull(array, 1);
  }
  switch (kind) {
    case 't':
    case 'T':
    case 'v':
      return ArrowArrayAppendString(array, ArrowCharView(cell));
    case 'd':
      return ArrowArrayAppendDouble(array, strtod(cell, NULL));
    case 'b':
      return ArrowArrayAppendInt(array, strcmp(cell, "true") == 0);
    default:
      return ArrowArrayAppendInt(array, strtoll(cell, NULL, 10));
  }
}

static int fill_rows(struct ArrowArray *array, const column *columns, size_t n,
                     const char *const *cells, size_t n_rows) {
  NANOARROW_RETURN_NOT_OK(ArrowArrayStartAppending(array));
  for (size_t r = 0; r < n_rows; r++) {
    for (size_t c = 0; c < n; c++) {
      NANOARROW_RETURN_NOT_OK(
          append_cell(array->children[c], columns[c].kind, cells[r * n + c]));
    }
    NANOARROW_RETURN_NOT_OK(ArrowArrayFinishElement(array));
  }
  return ArrowArrayFinishBuildingDefault(array, NULL);
}

static void cut_ends(struct ArrowArray *array) {
  for (int64_t c = 0; c < array->n_children; c++) {
    array->children[c]->offset = 1;
    array->children[c]->length -= 2;
    array->children[c]->null_count = -1; /* to be counted */
  }
  array->length -= 2;
}

static bool rows(struct ArrowArrayStream *out, const char *text, const char *const *cells,
                 size_t n_rows, bool cut) {
  column columns[MAX_COLUMNS];
  struct ArrowSchema schema = {0};
  struct ArrowArray array = {0};
  size_t n = parse_columns(text, columns);
  memset(out, 0, sizeof *out);
  bool ok = n > 0 && make_schema(&schema, columns, n) == NANOARROW_OK &&
            ArrowArrayInitFromSchema(&array, &schema, NULL) == NANOARROW_OK &&
            fill_rows(&array, columns, n, cells, n_rows) == NANOARROW_OK &&
            ArrowBasicArrayStreamInit(out, &schema, 1) == NANOARROW_OK;
  if (ok) {
    if (cut) {
      cut_ends(&array);
    }
    ArrowBasicArrayStreamSetArray(out, 0, &array);
    return true;
  }
  wt_fail(__FILE__, __LINE__, "cannot make rows of \"%s\"", text);
  if (array.release != NULL) {
    array.release(&array);
  }
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  return false;
}

bool wf_rows(struct ArrowArrayStream *out, const char *columns, const char *const *cells,
             size_t n_rows) {
  return rows(out, columns, cells, n_rows, false);
}

bool wf_sliced(struct ArrowArrayStream *out, const char *columns,
               const char *const *cells, size_t n_rows) {
  return rows(out, columns, cells, n_rows, true);
}

/* ---- seeded tables ---- */

static const column seeded_columns[] = {{"id", 'l', true},
                                        {"part", 't', false},
                                        {"value", 'l', false},
                                        {"word", 't', false},
                                        {"ratio", 'd', false}};
#define N_SEEDED (sizeof seeded_columns / sizeof seeded_columns[0])

/* splitmix64: every row by its number alone, so that batches may be cut anywhere. */
static uint64_t scramble(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

static bool seeded_value(const wf_seed *seed, int64_t id, int64_t *out) {
  uint64_t x = scramble(seed->seed ^ (uint64_t)id * 31);
  *out = (int64_t)(x % 100000) - 50000;
  return x % 17 != 0;
}

int64_t wf_seeded_sum(const wf_seed *seed) {
  int64_t sum = 0, value = 0;
  for (int64_t i = 0; i < seed->rows; i++) {
    if (seeded_value(seed, seed->first_id + i, &value)) {
      sum += value;
    }
  }
  return sum;
}

typedef struct seeded_state {
  wf_seed seed;
  int64_t at;
} seeded_state;

static int seeded_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  (void)stream;
  return make_schema(out, seeded_columns, N_SEEDED);
}

static int seeded_row(const wf_seed *seed, int64_t id, struct ArrowArray **c) {
  uint64_t x = scramble(seed->seed + (uint64_t)id);
  char part[8], word[32];
  int64_t value = 0;
  snprintf(part, sizeof part, "p%d", (int)(x % 4));
  snprintf(word, sizeof word, "word-%llu", (unsigned long long)(x >> 8) % 9973);
  NANOARROW_RETURN_NOT_OK(ArrowArrayAppendInt(c[0], id));
  NANOARROW_RETURN_NOT_OK(ArrowArrayAppendString(c[1], ArrowCharView(part)));
  if (seeded_value(seed, id, &value)) {
    NANOARROW_RETURN_NOT_OK(ArrowArrayAppendInt(c[2], value));
  } else {
    NANOARROW_RETURN_NOT_OK(ArrowArrayAppendNull(c[2], 1));
  }
  NANOARROW_RETURN_NOT_OK(ArrowArrayAppendString(c[3], ArrowCharView(word)));
  return ArrowArrayAppendDouble(c[4], (double)(x % 1000) / 8.0);
}

static int seeded_batch(seeded_state *s, int64_t n, struct ArrowArray *out) {
  struct ArrowSchema schema = {0};
  int code = make_schema(&schema, seeded_columns, N_SEEDED);
  if (code == NANOARROW_OK) {
    code = ArrowArrayInitFromSchema(out, &schema, NULL);
  }
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  NANOARROW_RETURN_NOT_OK(code);
  NANOARROW_RETURN_NOT_OK(ArrowArrayStartAppending(out));
  for (int64_t i = 0; i < n; i++) {
    NANOARROW_RETURN_NOT_OK(
        seeded_row(&s->seed, s->seed.first_id + s->at + i, out->children));
    NANOARROW_RETURN_NOT_OK(ArrowArrayFinishElement(out));
  }
  return ArrowArrayFinishBuildingDefault(out, NULL);
}

static int seeded_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  seeded_state *s = stream->private_data;
  int64_t n = s->seed.rows - s->at;
  memset(out, 0, sizeof *out);
  if (n <= 0) {
    return 0;
  }
  n = n < s->seed.batch_rows ? n : s->seed.batch_rows;
  int code = seeded_batch(s, n, out);
  if (code != 0 && out->release != NULL) {
    out->release(out);
  }
  s->at += n;
  return code;
}

static const char *seeded_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static void seeded_release(struct ArrowArrayStream *stream) {
  free(stream->private_data);
  memset(stream, 0, sizeof *stream);
}

bool wf_seeded(struct ArrowArrayStream *out, const wf_seed *seed) {
  seeded_state *s = malloc(sizeof *s);
  if (s == NULL) {
    wt_fail(__FILE__, __LINE__, "out of memory");
    return false;
  }
  s->seed = *seed;
  s->seed.batch_rows = seed->batch_rows > 0 ? seed->batch_rows : 1024;
  s->at = 0;
  *out = (struct ArrowArrayStream){seeded_schema, seeded_next, seeded_error,
                                   seeded_release, s};
  return true;
}

/* ---- sessions ---- */

static weir_status add_input(weir_session *session, const wf_input *input,
                             weir_error *err) {
  if (input->uri != NULL) {
    return weir_session_add_delta(session, input->name, input->uri, input->version, err);
  }
  return input->once ? weir_session_add_stream(session, input->name, input->rows, err)
                     : weir_session_add_memory(session, input->name, input->rows, err);
}

static weir_session *session_of(const wf_input *inputs, size_t n, bool seal) {
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *session = NULL;
  weir_error err = WEIR_ERROR_INIT;
  options.threads = 2;
  options.memory = (uint64_t)256 << 20;
  options.now_us = FIXED_NOW_US;
  weir_status status = weir_session_new(&options, &session, &err);
  for (size_t i = 0; i < n && status == WEIR_OK; i++) {
    status = add_input(session, &inputs[i], &err);
  }
  if (status == WEIR_OK && seal) {
    status = weir_session_seal(session, &err);
  }
  if (status != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no session: %s: %s (%s)", weir_error_code_name(status),
            err.message, err.detail != NULL ? err.detail : "");
    weir_session_free(&session);
  }
  weir_error_release(&err);
  return session;
}

weir_session *wf_session_open(const wf_input *inputs, size_t n) {
  return session_of(inputs, n, false);
}

weir_session *wf_session(const wf_input *inputs, size_t n) {
  return session_of(inputs, n, true);
}

/* ---- results ---- */

typedef struct text_out {
  char *at;
  size_t left; /* with the NUL */
} text_out;

static void put(text_out *out, const char *text, size_t n) {
  n = n < out->left ? n : out->left - 1;
  memcpy(out->at, text, n);
  out->at += n;
  out->left -= n;
  *out->at = '\0';
}

static void put_cell(text_out *out, const struct ArrowArrayView *view, int64_t row) {
  char number[64];
  if (ArrowArrayViewIsNull(view, row)) {
    put(out, "NULL", 4);
    return;
  }
  switch ((int)view->storage_type) { /* the rest are numbers */
    case NANOARROW_TYPE_STRING:
    case NANOARROW_TYPE_LARGE_STRING:
    case NANOARROW_TYPE_STRING_VIEW: {
      struct ArrowStringView s = ArrowArrayViewGetStringUnsafe(view, row);
      put(out, s.data, (size_t)s.size_bytes);
      return;
    }
    case NANOARROW_TYPE_STRUCT:
      put(out, "{", 1);
      for (int64_t c = 0; c < view->n_children; c++) {
        put(out, ",", c > 0 ? 1 : 0);
        put_cell(out, view->children[c], view->offset + row);
      }
      put(out, "}", 1);
      return;
    case NANOARROW_TYPE_FLOAT:
    case NANOARROW_TYPE_DOUBLE:
      snprintf(number, sizeof number, "%.17g", ArrowArrayViewGetDoubleUnsafe(view, row));
      break;
    case NANOARROW_TYPE_BOOL:
      snprintf(number, sizeof number, "%s",
               ArrowArrayViewGetIntUnsafe(view, row) != 0 ? "true" : "false");
      break;
    default:
      snprintf(number, sizeof number, "%lld",
               (long long)ArrowArrayViewGetIntUnsafe(view, row));
      break;
  }
  put(out, number, strlen(number));
}

static void put_batch(text_out *out, const struct ArrowArrayView *view) {
  for (int64_t r = 0; r < view->length; r++) {
    for (int64_t c = 0; c < view->n_children; c++) {
      put(out, "|", c > 0 ? 1 : 0);
      put_cell(out, view->children[c], view->offset + r);
    }
    put(out, ";", 1);
  }
}

static int read_batches(struct ArrowArrayStream *stream, struct ArrowArrayView *view,
                        text_out *out) {
  for (;;) {
    struct ArrowArray batch = {0};
    int code = stream->get_next(stream, &batch);
    if (code != 0 || batch.release == NULL) {
      return code;
    }
    code = ArrowArrayViewSetArray(view, &batch, NULL);
    if (code == 0) {
      put_batch(out, view);
    }
    batch.release(&batch);
    if (code != 0) {
      return code;
    }
  }
}

weir_status wf_text(struct ArrowArrayStream *take, char *out, size_t size,
                    weir_error *err) {
  struct ArrowSchema schema = {0};
  struct ArrowArrayView view = {0};
  text_out text = {out, size};
  weir_status status = WEIR_OK;
  out[0] = '\0';
  int code = take->get_schema(take, &schema);
  if (code == 0) {
    code = ArrowArrayViewInitFromSchema(&view, &schema, NULL);
  }
  if (code == 0) {
    code = read_batches(take, &view, &text);
  }
  if (code != 0) {
    status = weir_stream_error(take, code, err);
  }
  ArrowArrayViewReset(&view);
  if (schema.release != NULL) {
    schema.release(&schema);
  }
  take->release(take);
  return status;
}

weir_status wf_query_with(weir_session *session, const char *sql,
                          const weir_parameter *values, size_t n, char *out, size_t size,
                          weir_error *err) {
  weir_query *query = NULL;
  struct ArrowArrayStream stream = {0};
  out[0] = '\0';
  weir_status status = weir_query_open(session, sql, values, n, &query, err);
  if (status == WEIR_OK) {
    status = weir_query_stream(query, &stream, err);
  }
  if (status == WEIR_OK) {
    status = wf_text(&stream, out, size, err);
  }
  weir_query_free(&query);
  return status;
}

weir_status wf_query(weir_session *session, const char *sql, char *out, size_t size,
                     weir_error *err) {
  return wf_query_with(session, sql, NULL, 0, out, size, err);
}

bool wf_expect(weir_session *session, const char *sql, const char *expected) {
  weir_error err = WEIR_ERROR_INIT;
  char got[4096];
  weir_status status = wf_query(session, sql, got, sizeof got, &err);
  bool same = status == WEIR_OK && strcmp(got, expected) == 0;
  if (status != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "%s: %s: %s (%s)", sql, weir_error_code_name(status),
            err.message, err.detail != NULL ? err.detail : "");
  } else if (!same) {
    wt_fail(__FILE__, __LINE__, "%s gave %s, not %s", sql, got, expected);
  }
  weir_error_release(&err);
  return same;
}

bool wf_expect_error(weir_session *session, const char *sql, weir_status code) {
  weir_error err = WEIR_ERROR_INIT;
  char got[256];
  weir_status status = wf_query(session, sql, got, sizeof got, &err);
  if (status != code) {
    wt_fail(__FILE__, __LINE__, "%s gave %s, not %s: %s%s", sql,
            weir_error_code_name(status), weir_error_code_name(code), err.message, got);
  } else if (err.code != code || err.message[0] == '\0') {
    wt_fail(__FILE__, __LINE__, "%s: the error record is not filled", sql);
  }
  weir_error_release(&err);
  return status == code;
}

/* ---- tables on disk ---- */

static bool write_table(weir_session *session, const char *uri,
                        struct ArrowArrayStream *stream, const char *partition_by,
                        bool append) {
  weir_error err = WEIR_ERROR_INIT;
  weir_write_options options = WEIR_WRITE_OPTIONS_INIT;
  weir_write_result result;
  memset(&result, 0, sizeof result);
  if (partition_by != NULL) {
    options.partition_by = &partition_by;
    options.n_partition_by = 1;
  }
  weir_status status =
      append ? weir_table_append(session, uri, stream, &options, &result, &err)
             : weir_table_create(session, uri, stream, &options, &result, &err);
  if (status != WEIR_OK) {
    wt_fail(__FILE__, __LINE__, "no table %s: %s (%s)", uri, err.message,
            err.detail != NULL ? err.detail : "");
  }
  weir_write_result_release(&result);
  weir_error_release(&err);
  return status == WEIR_OK;
}

bool wf_table(const char *uri, const char *columns, const char *const *cells,
              size_t n_rows, const char *partition_by) {
  struct ArrowArrayStream stream;
  if (!wf_rows(&stream, columns, cells, n_rows)) {
    return false;
  }
  weir_session *session = wf_session(NULL, 0);
  if (session == NULL) {
    stream.release(&stream);
    return false;
  }
  bool ok = write_table(session, uri, &stream, partition_by, false);
  weir_session_free(&session);
  return ok;
}

bool wf_seeded_table(const char *uri, const wf_seed *seed, int64_t files) {
  weir_session *session = wf_session(NULL, 0);
  bool ok = session != NULL;
  for (int64_t i = 0; i < files && ok; i++) {
    int64_t from = seed->rows * i / files, to = seed->rows * (i + 1) / files;
    wf_seed part = {seed->seed, to - from, seed->batch_rows, seed->first_id + from};
    struct ArrowArrayStream stream;
    ok = wf_seeded(&stream, &part) && write_table(session, uri, &stream, NULL, i > 0);
  }
  weir_session_free(&session);
  return ok;
}

/* nftw has no context; suites list folders from one thread. */
static struct {
  char **lines;
  size_t n, skip;
} found;

static int list_one(const char *path, const struct stat *info, int kind, struct FTW *at) {
  (void)at;
  char line[1024];
  char **more = realloc(found.lines, (found.n + 1) * sizeof *more);
  if (more == NULL) {
    return -1;
  }
  found.lines = more;
  long long size = kind == FTW_F ? (long long)info->st_size : -1;
  snprintf(line, sizeof line, "%s %lld\n", path + found.skip, size);
  found.lines[found.n] = strdup(line);
  return found.lines[found.n++] != NULL ? 0 : -1;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

char *wf_listing(const char *folder) {
  size_t length = 1;
  memset(&found, 0, sizeof found);
  found.skip = strlen(folder);
  int code = nftw(folder, list_one, 16, FTW_PHYS);
  if (found.n > 0) {
    qsort(found.lines, found.n, sizeof *found.lines, by_text);
  }
  for (size_t i = 0; i < found.n; i++) {
    length += strlen(found.lines[i]);
  }
  char *text = code == 0 ? calloc(length, 1) : NULL;
  char *at = text;
  for (size_t i = 0; i < found.n; i++) {
    size_t n = strlen(found.lines[i]);
    if (text != NULL) {
      memcpy(at, found.lines[i], n);
      at += n;
    }
    free(found.lines[i]);
  }
  free(found.lines);
  if (text == NULL) {
    wt_fail(__FILE__, __LINE__, "cannot list %s", folder);
  }
  return text;
}

bool wf_data_file(const char *table, size_t n, char *out, size_t size) {
  char *listing = wf_listing(table);
  bool is = false;
  char *rest = NULL;
  for (char *line = listing != NULL ? strtok_r(listing, "\n", &rest) : NULL;
       line != NULL && !is; line = strtok_r(NULL, "\n", &rest)) {
    char *end = strstr(line, ".parquet ");
    if (end == NULL || strstr(line, "_delta_log") != NULL || n-- > 0) {
      continue;
    }
    end[strlen(".parquet")] = '\0';
    snprintf(out, size, "%s%s", table, line);
    is = true;
  }
  free(listing);
  if (!is) {
    wt_fail(__FILE__, __LINE__, "%s has too few data files", table);
  }
  return is;
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *at) {
  (void)info;
  (void)kind;
  (void)at;
  return remove(path);
}

bool wf_remove(const char *folder) {
  if (nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0) {
    wt_fail(__FILE__, __LINE__, "cannot remove %s: %s", folder, strerror(errno));
    return false;
  }
  return true;
}
