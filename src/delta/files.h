/* The live files of one version of a table, as a scan wants them: where each is, how large, its
 * partition values and statistics as values of the columns' types. Immutable and counted.
 *
 * One struct array, a row a file in the log's order (those with a deletion vector first):
 *   path       text: below the table's root, decoded
 *   size       int64
 *   rows       int64?: physical rows as the log tells; others wrote it
 *   partition  struct by partition column, each nullable
 *   min, max   struct by column: bounds that hold for each row, or null. See files_stats.c
 *   nulls      struct by column of int64?
 *   dv_path    text?: of the file with the vector, below the root; dv_inline text?: the vector
 *   dv_offset  int32?, dv_size int32?, dv_rows int64?: null where there is no vector
 * Structs without a column, and the dv columns where no file has a vector, are left out. */
#ifndef WI_DELTA_FILES_H
#define WI_DELTA_FILES_H

#include "delta/delta.h"
#include "nanoarrow/nanoarrow.h"

typedef struct wi_files wi_files;
wi_files *wi_files_ref(wi_files *files); /* NULL gives NULL */
void wi_files_unref(wi_files **files);
/* Reads rows of wi_br_snap_files. `uri` is the table's root. LOG_CORRUPT: a path that is live
 * twice, a partition value that is none, a vector that cannot be one. FEATURE_UNSUPPORTED: a file
 * or a vector outside the table. */
weir_status wi_files_read(const wi_meta *meta, const char *uri, wi_cursor *rows,
                          wi_files **out, weir_error *err);
/* Files that no log has yet, without bounds. Takes the partitioning. */
weir_status wi_files_of_staged(const wi_staged *staged, wi_partitioning **partitioning,
                               wi_files **out, weir_error *err);
/* nanoarrow's codes. The array shares what it shows: its consumer releases it as a whole. */
int wi_files_schema(const wi_files *files, struct ArrowSchema *out);
int wi_files_array(wi_files *files, struct ArrowArray *out);

/* The files of a snapshot, read from its log once. The caller owns a count. */
weir_status wi_snap_files(const wi_snap *snap, wi_files **out, weir_error *err);
/* The same as a stream, which reads them when it is asked (files_stream.c). */
weir_status wi_files_stream(wi_snap *snap, struct ArrowArrayStream *out, weir_error *err);
/* Of files that are there. */
weir_status wi_files_stream_of(wi_files *files, struct ArrowArrayStream *out,
                               weir_error *err);

/* ---- columns of values (files_column.c) ---- */
typedef struct wi_value { /* of one of the kinds that partition */
  int64_t i; /* whole numbers, booleans, dates in days, times in microseconds */
  double f;
  wi_str s;                /* text and bytes */
  struct ArrowDecimal dec; /* 128 bits */
} wi_value;
/* From a writer's spelling, as partition.h has it; false: it is none of the type. Texts are
 * borrowed from `text`; `room` is for working. */
bool wi_value_read(wi_partition_type type, wi_str text, wi_buf *room, wi_value *out);

typedef struct wi_typed { /* a column that begins to exist with its first value */
  wi_partition_type type;
  struct ArrowArray array;
  int64_t n; /* with nulls */
  int code;  /* of the first failure, nanoarrow's */
} wi_typed;
void wi_typed_init(wi_typed *column, wi_partition_type type);
void wi_typed_null(wi_typed *column);
void wi_typed_value(wi_typed *column, const wi_value *value);
void wi_typed_int(wi_typed *column, int64_t value);
void wi_typed_text(wi_typed *column, wi_str text);
static inline bool wi_typed_any(const wi_typed *column) {
  return column->array.release != NULL;
}
/* Moves it out, all nulls where it has no value. */
int wi_typed_take(wi_typed *column, const char *name, struct ArrowSchema *schema,
                  struct ArrowArray *array);
void wi_typed_release(wi_typed *column);
/* A struct of `n` members that are filled by the caller, and its end. */
int wi_struct_init(const char *name, int64_t n, struct ArrowSchema *schema,
                   struct ArrowArray *array);
int wi_struct_end(struct ArrowArray *array, int64_t rows);

/* ---- statistics (files_stats.c) ---- */
typedef struct wi_file_stats wi_file_stats;
weir_status wi_file_stats_new(const wi_meta *meta, wi_file_stats **out, weir_error *err);
void wi_file_stats_free(wi_file_stats **stats);
/* One file's add.stats (p NULL: none). *rows is -1 where it is not told. */
void wi_file_stats_add(wi_file_stats *stats, wi_str json, int64_t *rows);
/* How many of the three have members; none of NULL. */
enum { WI_STATS_MIN, WI_STATS_MAX, WI_STATS_NULLS, WI_STATS_PARTS };
int64_t wi_file_stats_members(const wi_file_stats *stats, int part);
int wi_file_stats_take(wi_file_stats *stats, int part, struct ArrowSchema *schema,
                       struct ArrowArray *array);
/* The first failure, nanoarrow's code. */
int wi_file_stats_code(const wi_file_stats *stats);

/* ---- places (files_place.c) ---- */
/* A path of the log as one below the root, decoded. LOG_CORRUPT, FEATURE_UNSUPPORTED. */
weir_status wi_files_place(const char *uri, wi_str path, wi_buf *out, weir_error *err);
typedef struct wi_vector { /* a deletionVector */
  wi_buf path;             /* below the root; empty where it is inline */
  const char *text;        /* inline; NULL */
  int64_t offset;          /* -1: not said */
  int64_t size, rows;
} wi_vector;
/* `vector` borrows from `json` and is the caller's to release, path alone. */
weir_status wi_files_vector(const char *uri, const json_t *json, const char *of,
                            wi_vector *vector, weir_error *err);

/* ---- columns by what files call them (files_names.c) ---- */
/* The table's columns as it declares them (wi_meta_arrow). Where columns are mapped, each field at
 * any depth has in its metadata what files call it: WI_STORED_NAME, or WI_STORED_ID. */
#define WI_STORED_NAME "weir.stored_name"
#define WI_STORED_ID   "weir.stored_id"
weir_status wi_files_columns(const wi_meta *meta, struct ArrowSchema *out,
                             weir_error *err);

#endif
