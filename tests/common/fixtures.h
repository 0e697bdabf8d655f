/* What suites build on: rows in memory, deterministic seeded tables, Delta tables on disk,
 * sessions over them, and results as text. Only weir's public API and nanoarrow, so that
 * tests of the API and of internals use the same. Projects are in common/project.h.
 *
 * A fixture that cannot be built marks the test as failed and returns false or NULL. */
#ifndef TESTS_COMMON_FIXTURES_H
#define TESTS_COMMON_FIXTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/project.h"
#include "weir/weir.h"

/* ---- rows ---- */

/* Columns as "id:l! name:t": l int64, i int32, d float64, b boolean, t Utf8, T LargeUtf8,
 * v Utf8View, D date, z timestamp (microseconds, UTC); ! is not null. Cells row by row, NULL
 * is null. */
bool wf_rows(struct ArrowArrayStream *out, const char *columns, const char *const *cells,
             size_t n_rows);
/* The same without its first and last row, which are cut off by offset and length. */
bool wf_sliced(struct ArrowArrayStream *out, const char *columns,
               const char *const *cells, size_t n_rows);

/* A table that depends on the seed alone, made while it is read: id int64 (0, 1, ... not
 * null), part Utf8 (p0 to p3), value int64 (every 17th null), word Utf8, ratio float64. */
typedef struct wf_seed {
  uint64_t seed;
  int64_t rows;
  int64_t batch_rows; /* 0: 1024 */
  int64_t first_id;
} wf_seed;
bool wf_seeded(struct ArrowArrayStream *out, const wf_seed *seed);
/* sum(value) of such a table, computed without the engine. */
int64_t wf_seeded_sum(const wf_seed *seed);

/* ---- sessions ---- */

typedef struct wf_input { /* exactly one of uri and rows */
  const char *name;
  const char *uri;
  int64_t version;               /* of uri; -1: the latest */
  struct ArrowArrayStream *rows; /* taken */
  bool once;                     /* rows as a stream table */
} wf_input;
/* A session with two threads and a fixed clock, not sealed. */
weir_session *wf_session_open(const wf_input *inputs, size_t n);
/* The same, sealed. */
weir_session *wf_session(const wf_input *inputs, size_t n);

/* ---- results ---- */

/* A stream's rows as text: cells joined by '|', rows ended by ';', nulls as NULL; structs are
 * {a,b}. What does not fit is cut, and the stream is read to its end. Takes the stream. */
weir_status wf_text(struct ArrowArrayStream *take, char *out, size_t size,
                    weir_error *err);
/* A query's rows as text. */
weir_status wf_query(weir_session *session, const char *sql, char *out, size_t size,
                     weir_error *err);
weir_status wf_query_with(weir_session *session, const char *sql,
                          const weir_parameter *values, size_t n, char *out, size_t size,
                          weir_error *err);
/* Checks that a query gives these rows, or this error. */
bool wf_expect(weir_session *session, const char *sql, const char *rows);
bool wf_expect_error(weir_session *session, const char *sql, weir_status code);

/* ---- tables on disk ---- */

/* Creates a Delta table from rows; partition_by may be NULL. */
bool wf_table(const char *uri, const char *columns, const char *const *cells,
              size_t n_rows, const char *partition_by);
/* A seeded table written by `files` commits, so with at least as many files. */
bool wf_seeded_table(const char *uri, const wf_seed *seed, int64_t files);
/* Every file below a folder as "path size\n", sorted; free with free(). */
char *wf_listing(const char *folder);
/* The path of some data file of a table, the n-th by name. */
bool wf_data_file(const char *table, size_t n, char *out, size_t size);
/* Removes a folder with all that is in it. */
bool wf_remove(const char *folder);

#endif
