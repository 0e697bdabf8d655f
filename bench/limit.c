/* Ten times the memory limit, through the public API alone: a generated stream comes in,
 * SQL runs over it, a stream comes out and is read to its end or written as a table.
 *
 *     limit MEGABYTES-OF-LIMIT ROWS THREADS SPILL SQL [TABLE]
 *
 * The stream `s` has id, key (half as many values as rows, unordered) and text (80 bytes).
 * Prints bytes in, rows out, seconds, resident MB before and at the peak, and the peak
 * that the engine accounted for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "weir/weir.h"

#define BATCH   8192
#define TEXT    80
#define COLUMNS 3

typedef struct generator {
  int64_t rows, next, bytes;
} generator;

/* All buffers of a batch in one block; children are part of it and own nothing. */
typedef struct batch_block {
  struct ArrowArray children[COLUMNS];
  struct ArrowArray *list[COLUMNS];
  const void *buffers[COLUMNS + 1][3];
  int64_t id[BATCH], key[BATCH];
  int32_t offsets[BATCH + 1];
  char text[BATCH * TEXT];
} batch_block;

typedef struct schema_block {
  struct ArrowSchema children[COLUMNS];
  struct ArrowSchema *list[COLUMNS];
} schema_block;

static void child_schema_release(struct ArrowSchema *schema) {
  schema->release = NULL;
}

static void schema_release(struct ArrowSchema *schema) {
  free(schema->private_data);
  schema->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  static const char *const names[COLUMNS] = {"id", "key", "text"};
  static const char *const formats[COLUMNS] = {"l", "l", "u"};
  (void)stream;
  schema_block *block = calloc(1, sizeof(*block));
  if (block == NULL) {
    return 12;
  }
  for (int i = 0; i < COLUMNS; i++) {
    block->children[i].format = formats[i];
    block->children[i].name = names[i];
    block->children[i].release = child_schema_release;
    block->list[i] = &block->children[i];
  }
  memset(out, 0, sizeof(*out));
  out->format = "+s";
  out->name = "";
  out->n_children = COLUMNS;
  out->children = block->list;
  out->release = schema_release;
  out->private_data = block;
  return 0;
}

static void child_release(struct ArrowArray *array) {
  array->release = NULL;
}

static void batch_release(struct ArrowArray *array) {
  free(array->private_data);
  array->release = NULL;
}

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

static void fill(batch_block *b, const generator *g, int64_t n) {
  static const char digits[] = "0123456789abcdef";
  for (int64_t r = 0; r < n; r++) {
    uint64_t h = mix((uint64_t)(g->next + r) + 1);
    char *text = b->text + r * TEXT;
    b->id[r] = g->next + r;
    b->key[r] = (int64_t)(h % (uint64_t)(g->rows / 2 + 1));
    b->offsets[r] = (int32_t)(r * TEXT);
    for (int i = 0; i < TEXT; i += 16) {
      h = mix(h + 1);
      for (int k = 0; k < 16; k++) {
        text[i + k] = digits[(h >> (4 * k)) & 15];
      }
    }
  }
  b->offsets[n] = (int32_t)(n * TEXT);
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  generator *g = stream->private_data;
  int64_t n = g->rows - g->next < BATCH ? g->rows - g->next : BATCH;
  memset(out, 0, sizeof(*out));
  if (n == 0) {
    return 0;
  }
  batch_block *b = malloc(sizeof(*b));
  if (b == NULL) {
    return 12;
  }
  memset(b->children, 0, sizeof(b->children));
  memset(b->buffers, 0, sizeof(b->buffers));
  fill(b, g, n);
  b->buffers[0][1] = b->id;
  b->buffers[1][1] = b->key;
  b->buffers[2][1] = b->offsets;
  b->buffers[2][2] = b->text;
  for (int i = 0; i < COLUMNS; i++) {
    b->children[i].length = n;
    b->children[i].n_buffers = i == 2 ? 3 : 2;
    b->children[i].buffers = b->buffers[i];
    b->children[i].release = child_release;
    b->list[i] = &b->children[i];
  }
  out->length = n;
  out->n_buffers = 1;
  out->buffers = b->buffers[COLUMNS];
  out->n_children = COLUMNS;
  out->children = b->list;
  out->release = batch_release;
  out->private_data = b;
  g->next += n;
  g->bytes += n * (8 + 8 + 4 + TEXT);
  return 0;
}

static const char *last_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static void stream_release(struct ArrowArrayStream *stream) {
  stream->release = NULL;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double peak_mb(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss / 1024;
}

static int fail(const char *what, weir_error *err) {
  printf("%s: %s: %s\n", what, weir_error_code_name(err->code), err->message);
  if (err->detail != NULL) {
    printf("%s\n", err->detail);
  }
  weir_error_release(err);
  return 1;
}

static int drain(struct ArrowArrayStream *rows, uint64_t *n, weir_error *err) {
  for (;;) {
    struct ArrowArray batch = {0};
    int code = rows->get_next(rows, &batch);
    if (code != 0) {
      weir_stream_error(rows, code, err);
      rows->release(rows);
      return 1;
    }
    if (batch.release == NULL) {
      rows->release(rows);
      return 0;
    }
    *n += (uint64_t)batch.length;
    batch.release(&batch);
  }
}

static int work(weir_session *session, generator *g, const char *sql, const char *table) {
  weir_error err = WEIR_ERROR_INIT;
  weir_query *query = NULL;
  weir_write_result written = {0};
  struct ArrowArrayStream in = {get_schema, get_next, last_error, stream_release, g},
                          rows = {0};
  uint64_t n = 0;
  if (weir_session_add_stream(session, "s", &in, &err) != WEIR_OK ||
      weir_session_seal(session, &err) != WEIR_OK ||
      weir_query_open(session, sql, NULL, 0, &query, &err) != WEIR_OK) {
    weir_query_free(&query);
    return fail("open", &err);
  }
  double before = peak_mb(), begin = now();
  int failed = weir_query_stream(query, &rows, &err) != WEIR_OK;
  if (!failed && table != NULL) {
    failed = weir_table_create(session, table, &rows, NULL, &written, &err) != WEIR_OK;
    n = written.rows;
  } else if (!failed) {
    failed = drain(&rows, &n, &err);
  }
  double taken = now() - begin;
  uint64_t accounted = weir_query_peak_memory(query);
  weir_query_free(&query);
  printf("%" PRId64 "\t%" PRIu64 "\t%.3f\t%.1f\t%.1f\t%.1f\t%" PRIu64 "\n", g->bytes, n,
         taken, before, peak_mb(), (double)accounted / 1048576, written.bytes);
  weir_write_result_release(&written);
  return failed ? fail("run", &err) : 0;
}

int main(int argc, char **argv) {
  weir_error err = WEIR_ERROR_INIT;
  weir_session_options options = WEIR_SESSION_OPTIONS_INIT;
  weir_session *session = NULL;
  if (argc < 6) {
    fprintf(stderr, "usage: limit MEGABYTES ROWS THREADS SPILL SQL [TABLE]\n");
    return 2;
  }
  options.memory = strtoull(argv[1], NULL, 10) << 20;
  generator g = {strtoll(argv[2], NULL, 10), 0, 0};
  options.threads = (uint32_t)strtoul(argv[3], NULL, 10);
  options.spill_dir = argv[4];
  if (weir_session_new(&options, &session, &err) != WEIR_OK) {
    return fail("session", &err);
  }
  int failed = work(session, &g, argv[5], argc > 6 ? argv[6] : NULL);
  weir_session_free(&session);
  return failed;
}
