/**
 * \file weir/table.h
 * Writing Delta tables from Arrow streams: create, append, replace whole partitions. Each call
 * stages Parquet files, checks them, and makes one commit that is put only if nobody was first.
 *
 * A failed call leaves the table as it was. Threads: calls are independent; a session may
 * serve several at once.
 *
 *     weir_write_options options = WEIR_WRITE_OPTIONS_INIT;
 *     options.partition_by = columns;
 *     options.n_partition_by = 1;
 *     weir_table_create(session, "./lake/t", &stream, &options, &result, &err);
 */
#ifndef WEIR_TABLE_H
#define WEIR_TABLE_H

#include "weir/cancel.h"
#include "weir/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_write_options {
  uint32_t struct_size;
  const char *const
      *partition_by; /**< of a new table; where it exists it must be its own */
  size_t n_partition_by;
  const char *const *not_null; /**< columns that must not be null; the same */
  size_t n_not_null;
  uint64_t target_file_size; /**< bytes; 0: 128 MiB */
  const char
      *app_id; /**< application transaction for idempotent writes; NULL: none. Texts are
                   UTF-8 */
  int64_t
      app_version; /**< 0 and above; a commit with this app id at this version or above makes
                        the call do nothing and return mode `unchanged` */
  const weir_pair
      *metadata; /**< texts for the commit's metadata; keys must contain a dot */
  size_t n_metadata;
  const char *description; /**< of a new table; where it exists it must be its own */
  weir_cancel *cancel;     /**< stops the call before its commit; NULL: nothing does */
} weir_write_options;
#define WEIR_WRITE_OPTIONS_INIT          \
  {(uint32_t)sizeof(weir_write_options), \
   NULL,                                 \
   0,                                    \
   NULL,                                 \
   0,                                    \
   0,                                    \
   NULL,                                 \
   0,                                    \
   NULL,                                 \
   0,                                    \
   NULL,                                 \
   NULL}

/** What a committed write was. Texts are owned: weir_write_result_release. */
typedef struct weir_write_result {
  int64_t version;
  int64_t timestamp_us;
  char *uri;          /**< canonical */
  char *snapshot_key; /**< uri@version */
  char mode[16];      /**< create, append, overwrite, replace, unchanged */
  char *app_id;       /**< NULL: none */
  int64_t app_version;
  uint32_t retries;            /**< commits lost to others before this one held */
  uint64_t rows, files, bytes; /**< added by this commit */
  uint64_t removed_files;
} weir_write_result;
WEIR_API void weir_write_result_release(weir_write_result *result);

/**
 * Creates a table with the stream's schema and rows. Errors: WEIR_E_TABLE_EXISTS.
 * Ownership (all three writers): takes the stream, also on failure; the caller releases *out. The
 * stream is released before the call returns, and never called after; other threads than the
 * caller's may call it, one at a time. A write that fails or is cancelled waits for a get_next that
 * is under way, so one that can take long should heed the same token. Batches that were read live
 * on by themselves, as Arrow has it: of a write that was stopped, the last may be released by
 * another thread soon after.
 */
WEIR_API WEIR_MUST_USE weir_status weir_table_create(
    weir_session *session, const char *uri, struct ArrowArrayStream *stream,
    const weir_write_options *options, weir_write_result *out, weir_error *err);

/** Appends the rows; columns are matched by name. One that the rows lack is null. Types may differ
 * where every value comes through as it is, or the write fails for one that does not: wider and
 * narrower integers, a float as a wider one, decimals of no more digits after the point, units of
 * timestamps, a date as a timestamp, text that reads as a value. WEIR_E_SCHEMA_CHANGED for others
 * (a float as an integer, 64 bits as a float, a timestamp as a date). Errors beside it: WEIR_E_NOT_OURS
 * for the table of a view or of the records (also of weir_table_replace), WEIR_E_USAGE for options
 * that say another thing than the table does. */
WEIR_API WEIR_MUST_USE weir_status weir_table_append(
    weir_session *session, const char *uri, struct ArrowArrayStream *stream,
    const weir_write_options *options, weir_write_result *out, weir_error *err);

/** One partition: a value per partition column of the table, in their order, in Delta's text
 * form; a NULL entry is null. */
typedef struct weir_partition {
  const char *const *values;
} weir_partition;

/**
 * Replaces exactly these partitions by the stream's rows, in one commit; a partition of which
 * no row comes is emptied. A row that belongs to none of them is WEIR_E_CONSTRAINT. With
 * n_partitions = 0 on an unpartitioned table all rows are replaced. What others commit there
 * meanwhile is replaced as well; the log of the session tells whose it was (others_replaced).
 */
WEIR_API WEIR_MUST_USE weir_status weir_table_replace(
    weir_session *session, const char *uri, const weir_partition *partitions,
    size_t n_partitions, struct ArrowArrayStream *stream,
    const weir_write_options *options, weir_write_result *out, weir_error *err);

/** The table's latest version; -1 if there is no table. Reads the log only. */
WEIR_API WEIR_MUST_USE weir_status weir_table_version(weir_session *session,
                                                      const char *uri, int64_t *out,
                                                      weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
