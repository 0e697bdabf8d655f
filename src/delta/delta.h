/* Delta Lake's log as data: listing and reading it, schemas, the protocol gate, composing a
 * commit, judging what was committed meanwhile, and putting it. No SQL here, and nothing that
 * needs the engine except checkpoints: all of it is testable on crafted logs. */
#ifndef WI_DELTA_DELTA_H
#define WI_DELTA_DELTA_H

#include <jansson.h>

#include "delta/action.h"
#include "delta/meta.h"
#include "delta/partition.h"
#include "storage/storage.h"

/* ---- schema (schema.c): Delta's schema JSON, Arrow, and the short type names of headers ---- */
/* Arrow schema (a struct) -> Delta schemaString JSON, nullability as the schema has it. Types
 * without a Delta form are BUG (the type map of src/plan excludes them). */
weir_status wi_delta_schema_json(const struct ArrowSchema *schema, wi_buf *out,
                                 weir_error *err);
/* Delta schemaString -> Arrow schema as weir declares inputs: text as Utf8View ("vu"), binary as
 * BinaryView ("vz"), timestamp as µs UTC ("tsu:UTC"), timestamp_ntz "tsu:", decimal "d:p,s". Nested too.
 * Types the engine cannot read (variant, void, geometry, interval) are FEATURE_UNSUPPORTED, naming the column. */
weir_status wi_delta_schema_arrow(const char *schema_json, struct ArrowSchema *out,
                                  weir_error *err);

/* ---- reading the log (log.c) ---- */
typedef struct wi_log { /* what a listing of _delta_log says */
  int64_t latest;       /* the newest version that can be read */
  int64_t first;        /* what is older was not looked at; 0: all was */
  int64_t *commits;     /* versions whose JSON is there, ascending */
  size_t n_commits;
  int64_t *
      checkpoints; /* versions of complete checkpoints (classic, multi-part, v2), ascending */
  int64_t *checkpoint_mtimes_us;
  size_t n_checkpoints;
  int64_t
      empty_checkpoint; /* the newest one without a byte, which counts for nothing; -1 */
  bool hint_lies;       /* _last_checkpoint names a checkpoint that is not there */
} wi_log;
/* From the last checkpoint on, as _last_checkpoint tells it; a store that was listed before is
 * asked only for what came since. TABLE_MISSING: no _delta_log, or one without commits and
 * checkpoints. LOG_CORRUPT: a gap between the newest complete checkpoint (or 0) and the latest
 * that is still there when the log is listed again. Ignores stray files, .crc, .tmp, compacted
 * logs, folders. */
weir_status wi_log_list(wi_store *store, wi_log *out, weir_error *err);
/* The same, and OK with `latest` -1 where there is no table. */
weir_status wi_log_list_any(wi_store *store, wi_log *out, weir_error *err);
/* All of it. */
weir_status wi_log_list_all(wi_store *store, wi_log *out, weir_error *err);
/* A listing from which the version can be judged (-1: the latest, which *found is then), without
 * any request where one that was made before knows the version. VERSION_MISSING. */
weir_status wi_log_find(wi_store *store, int64_t version, wi_log *out, int64_t *found,
                        weir_error *err);
/* The newest version as it was told by a listing that was asked for then. */
typedef struct wi_log_look {
  int64_t newest; /* -1: there is no table */
  int64_t wall_us, monotonic_us;
} wi_log_look;
bool wi_log_is_fresh(const wi_log_look *look, int64_t fresh_us);
/* Without a request where the store was listed less than `fresh_us` ago and `version` was there. */
weir_status wi_log_newest(wi_store *store, int64_t version, int64_t fresh_us,
                          wi_log_look *out, weir_error *err);
/* Whether the commits after `version` are those that followed it, where `digest` is that of its
 * commit as it was read (NULL: not known). false: others have cleaned the log up to a later
 * version, so that what stands after it may have been put into the gap, where no reader looks; or
 * another table is there. Asked after those commits were read or put: logs are cleaned from their
 * beginning, so while the one before them is there, so were they. -1 has no commit: then those
 * after it count if all are there. */
weir_status wi_log_goes_on(wi_store *store, int64_t version, const char *digest,
                           bool *goes_on, weir_error *err);
/* What was passed over in this store's log, as a warning in words; OK: nothing, or it was told
 * before. */
weir_status wi_log_tell(wi_store *store, wi_buf *out);
/* That a commit without a line was read. */
void wi_log_note_empty(wi_store *store, int64_t version);
void wi_log_release(wi_log *log);
/* Can this version be read from what is there? VERSION_MISSING with the range that can. */
weir_status wi_log_check_version(const wi_log *log, int64_t version, const char *uri,
                                 weir_error *err);
void wi_log_commit_path(int64_t version, char out[64]); /* _delta_log/%020d.json */
bool wi_log_has_commit(const wi_log *log, int64_t version);
/* The newest checkpoint not after `version`; -1: none. */
int64_t wi_log_base(const wi_log *log, int64_t version);

typedef struct wi_commit { /* one commit's JSON, parsed */
  int64_t version;
  char digest[WI_DIGEST_HEX]; /* BLAKE3 of the bytes */
  json_t *actions;            /* array of action objects as they are */
  size_t n_lines;             /* as many, but for those of files that were not kept */
  const json_t *commit_info, *metadata,
      *protocol; /* borrowed from actions; NULL if absent */
  int64_t
      timestamp_us; /* inCommitTimestamp, else commitInfo.timestamp, else the file's time */
  size_t adds, removes, cdcs;
  bool data_change; /* any add or remove with dataChange != false */
  bool inexact; /* metadata or protocol has a number of more than 64 bits, as a real */
  uint64_t add_bytes;
} wi_commit;
/* NOT_FOUND if its JSON is gone; LOG_CORRUPT naming file and line. Blank lines are skipped, and a
 * commit without any action is one. */
weir_status wi_commit_read(wi_store *store, int64_t version, wi_commit *out,
                           weir_error *err);
weir_status wi_commit_parse(int64_t version, const char *bytes, size_t n, wi_commit *out,
                            weir_error *err);
/* The same without the lines of files, of which the counts remain: for what a commit says of
 * itself, however many files it has. Each line is dropped as soon as it is looked at. */
weir_status wi_commit_read_head(wi_store *store, int64_t version, wi_commit *out,
                                weir_error *err);
/* The same; OK and *there false if its JSON is gone, as others clean logs at any time. */
weir_status wi_commit_find_head(wi_store *store, int64_t version, wi_commit *out,
                                bool *there, weir_error *err);
/* What is said of a version's commit without looking into it. */
typedef struct wi_commit_mark {
  bool there;
  bool
      says; /* has a line; a pin's digest is of these bytes then, else of the table's files */
  char digest[WI_DIGEST_HEX];
} wi_commit_mark;
/* Another commit than the one of that digest. One that is gone or says nothing is none. */
bool wi_commit_mark_other(const wi_commit_mark *mark, const char *digest);
weir_status wi_commit_find_mark(wi_store *store, int64_t version, wi_commit_mark *out,
                                weir_error *err);
/* CONFLICT where the version's commit is another than the one of that digest ("": not known),
 * which was read before: there is another table. One that is gone says nothing, as a checkpoint may
 * stand for it, nor does one without a line. */
weir_status wi_commit_check(wi_store *store, int64_t version, const char *digest,
                            weir_error *err);
weir_status wi_commit_parse_head(int64_t version, const char *bytes, size_t n,
                                 wi_commit *out, weir_error *err);
void wi_commit_release(wi_commit *commit);
/* A text of commitInfo (top level), NULL if absent; borrowed. */
const char *wi_commit_info_text(const wi_commit *commit, const char *key);
/* Its engineInfo, or words for one that has none; cut to fit. */
void wi_commit_writer(const wi_commit *commit, char *out, size_t size);
/* The version of the application's txn in this commit; -1 if none. */
int64_t wi_commit_txn(const wi_commit *commit, const char *app_id);

/* What a version is as its commits have it (meta_written.c), with the members that `told`, which is
 * of an engine's snapshot of it, lacks: from the newest commits with such actions, back to the last
 * checkpoint. An action that only a checkpoint has, which keeps known members alone, is as it was
 * told, and so are both where the commits don't say the same. */
weir_status wi_meta_written(wi_store *store, int64_t version, wi_meta *told,
                            wi_meta **out, weir_error *err);

/* ---- snapshots (snap.c) ---- */
/* A version of a table as the engine opened it; immutable and counted. */
typedef struct wi_snap wi_snap;
/* Again, and a few times, where a file of the log went between its listing and its reading. */
weir_status wi_snap_open(wi_engine *engine, wi_store *store, int64_t version,
                         wi_snap **out, weir_error *err);
wi_snap *wi_snap_ref(wi_snap *snap); /* NULL gives NULL */
void wi_snap_unref(wi_snap **snap);  /* NULL allowed; *snap becomes NULL */
/* The caller owns a count. */
weir_status wi_snap_meta(const wi_snap *snap, wi_meta **out, weir_error *err);
/* Reads the log: rows of wi_br_snap_files. */
weir_status wi_snap_rows(const wi_snap *snap, wi_cursor **out, weir_error *err);
/* The application's latest transaction; -1: none. */
weir_status wi_snap_txn(const wi_snap *snap, const char *app_id, int64_t *version,
                        weir_error *err);
weir_status wi_snap_checkpoint(const wi_snap *snap, weir_error *err);
/* Binds schema.name to its rows. The log is read when an execution first wants them, and once for
 * all that the snapshot is bound to. */
weir_status wi_snap_bind(const wi_snap *snap, wb_bind *bind, const char *schema,
                         const char *name, weir_error *err);

/* ---- pins (pin.c) ---- */
typedef struct wi_pin { /* one version of one table; fields are owned (wi_pin_release) */
  char *uri;            /* canonical */
  int64_t version;
  int64_t timestamp_us;
  /* Of the version's commit; of its sorted live files, schema and protocol if that JSON is gone or
   * says nothing. */
  char commit_digest[WI_DIGEST_HEX];
  char *table_id;
  char schema_digest
      [WI_DIGEST_HEX]; /* of the schemaString in canonical JSON (sorted keys, no spaces) */
  int32_t min_reader, min_writer;
  char *reader_features; /* comma-joined, sorted; "" if none */
  char *writer_features;
  wi_meta *meta;    /* what the table is; NULL unless full */
  bool full;        /* false: only uri, version, timestamp and commit_digest are known */
  bool names_files; /* the commit does, so that its digest is not that of many tables */
} wi_pin;
void wi_pin_release(wi_pin *pin);
/* A pin that several hold: it never changes any more, and the last holder frees it. NULL: no
 * memory. `take` is emptied in any case. */
const wi_pin *wi_pin_share(wi_pin *take);
const wi_pin *wi_pin_ref(const wi_pin *shared);
void wi_pin_unref(const wi_pin **shared);
/* Own copies of everything; false: no memory. */
bool wi_pin_copy(const wi_pin *from, wi_pin *to);
/* A digest over table id, version, commit, schema and protocol, but not over the place: a copy of
 * the table elsewhere is the same input. Those fields must be known. */
void wi_pin_identity(const wi_pin *pin, char out[WI_DIGEST_HEX]);
/* One version of one table, as far as its last commit can tell. */
bool wi_pin_same(const wi_pin *a, const wi_pin *b);
/* A digest of what the table is at this version: live files, schema, protocol. Reads the files'
 * list from the snapshot. `pin` is full. */
weir_status wi_pin_state(const wi_snap *snap, const wi_pin *pin, char out[WI_DIGEST_HEX],
                         weir_error *err);
/* wi_snap_open, and says what a log is that no reader of today knows. */
weir_status wi_snap_at(wi_engine *engine, wi_store *store, int64_t version, wi_snap **out,
                       weir_error *err);
/* The cheap half: list + one commit. `version` -1: latest. When that commit's JSON is gone or
 * empty, a snapshot is opened and the pin is full. */
weir_status wi_pin_resolve(wi_engine *engine, wi_store *store, int64_t version,
                           wi_pin *out, weir_error *err);
/* What a pin of this version has for its commit. */
weir_status wi_pin_digest(wi_engine *engine, wi_store *store, int64_t version,
                          char out[WI_DIGEST_HEX], weir_error *err);
/* The rest, through a snapshot (returned if snap != NULL; caller frees). Runs the reader gate.
 * CONFLICT where another table is there by now. */
weir_status wi_pin_complete(wi_engine *engine, wi_store *store, wi_pin *pin,
                            wi_snap **snap, weir_error *err);
/* Both at once. */
weir_status wi_pin_at(wi_engine *engine, wi_store *store, int64_t version, wi_pin *out,
                      wi_snap **snap, weir_error *err);
/* Whether a commit of weir's that was found in this log is one of the table's. One that stands
 * before the newest checkpoint may have been put into a gap, after others had cleaned the log past
 * it, where no reader looks. It was not if the commit that it was made on is still there, as logs
 * are cleaned from their beginning; of the first one, the table's id tells. */
weir_status wi_log_counts(wi_engine *engine, wi_store *store, const wi_log *log,
                          const wi_commit *commit, bool *counts, weir_error *err);
/* Whether a version's commit is the one of that digest, and whether it names a file; both false
 * when it is gone. */
weir_status wi_log_is_commit(wi_store *store, int64_t version, const char *digest,
                             bool *is, bool *names_files, weir_error *err);
/* Did the table move between two versions only by commits without data change, metaData and
 * protocol (OPTIMIZE and the like)? Reads only the commits between. *maintained is false when a commit is gone. */
weir_status wi_log_only_maintained(wi_store *store, int64_t from, int64_t to,
                                   bool *maintained, weir_error *err);

/* ---- a version as rows (describe.c): columns as in docs/functions.md ---- */
weir_status wi_snapshot_columns(struct ArrowSchema *out, weir_error *err);
/* One row; the pin is full. */
weir_status wi_snapshot_rows(const wi_pin *pin, struct ArrowArrayStream *out,
                             weir_error *err);
weir_status wi_add_actions_columns(struct ArrowSchema *out, weir_error *err);
/* One row for each live file, by path. */
weir_status wi_add_actions_rows(const wi_pin *pin, const wi_snap *snap,
                                struct ArrowArrayStream *out, weir_error *err);

/* ---- protocol gate (gate.c) ---- */
/* FEATURE_UNSUPPORTED naming the feature and the table; also refuses schemas with unreadable types. */
weir_status wi_gate_read(const wi_pin *pin, weir_error *err);
/* May weir write this table? Legacy protocols up to reader 1..3, writer 2..7; writer features that weir honours:
 * appendOnly, invariants (none present in the schema), changeDataFeed only where off, checkConstraints/generated/identity
 * and all others -> FOREIGN_FEATURE naming it and what to do. */
weir_status wi_gate_write(const wi_pin *pin, weir_error *err);

/* ---- files and their statistics (staged.c, stats.c), actions (actions.c) ---- */
/* Which columns get statistics (stats_columns.c). */
typedef struct wi_stats_columns {
  int32_t leaves; /* the first so many; -1: all. Where none are listed */
  bool listed;
  wi_list names; /* dotted, in lower case */
} wi_stats_columns;
/* From delta.dataSkippingNumIndexedCols and delta.dataSkippingStatsColumns, NULL where the table
 * has none. BAD_VALUE: the list is malformed; *out is then as without one. */
weir_status wi_stats_columns_read(const char *count, const char *list,
                                  wi_stats_columns *out, weir_error *err);
/* The same for a table as it is: a list that is malformed is as good as none, since it is
 * somebody else's, and about speed. */
weir_status wi_stats_columns_of_table(const char *count, const char *list,
                                      wi_stats_columns *out, weir_error *err);
void wi_stats_columns_release(wi_stats_columns *columns);
/* The leaf-th leaf (from 0) of this dotted name; `columns` NULL: the default. */
bool wi_stats_columns_has(const wi_stats_columns *columns, wi_str column, int64_t leaf);
/* UNKNOWN_COLUMN; BAD_VALUE for a partition column. */
weir_status wi_stats_columns_check(const wi_stats_columns *columns,
                                   const struct ArrowSchema *schema,
                                   const char *const *partition_columns, size_t n,
                                   weir_error *err);

typedef struct wi_staged_file {
  char *path; /* relative to the table root, not yet encoded */
  uint64_t size, rows;
  char *partition_values; /* JSON object text */
  char *stats;            /* JSON text for add.stats */
} wi_staged_file;
typedef struct wi_staged {
  wi_staged_file *files;
  size_t n, cap;
  uint64_t rows, bytes;
} wi_staged;
void wi_staged_release(wi_staged *staged);
/* Reads what wi_br_exec_stage gives: numRecords, minValues, maxValues, nullCount as nested JSON by dotted path; no NaN or
 * infinite bounds; text cut to 32 characters with the max rounded up; timestamps at milliseconds, max rounded up; only
 * of `columns` (NULL: the first 32 leaves). */
weir_status wi_staged_read(wi_cursor *rows, const wi_stats_columns *columns,
                           wi_staged *out, weir_error *err);

/* Staged files as rows, before any log has them. */
typedef struct wi_staged_rows {
  wi_store *store;
  const struct ArrowSchema *columns; /* as they are declared */
  const char *const *partition_columns;
  size_t n_partition_columns;
  const wi_staged *staged;
} wi_staged_rows;
weir_status wi_staged_bind(const wi_staged_rows *rows, wi_engine *engine, wb_bind *bind,
                           const char *schema, const char *name, weir_error *err);

typedef struct wi_remove { /* a live file to take away, fields as the log has them */
  char *path;              /* raw, as in the log */
  uint64_t size;
  char *partition_values; /* JSON object text or NULL */
  char *dv;               /* deletionVector JSON or NULL */
} wi_remove;
typedef struct wi_removes {
  wi_remove *items;
  size_t n, cap;
} wi_removes;
void wi_removes_release(wi_removes *removes);
void wi_removes_cut(wi_removes *removes, size_t n); /* keeps the first n */
/* Whether a file action's path can be below the table's root: relative, nothing behind a file's
 * name that a URI may have, and no way up. */
bool wi_delta_path_inside(const char *path);
/* The live files of a snapshot. FEATURE_UNSUPPORTED where one is outside the table, LOG_CORRUPT
 * where one is there twice. */
weir_status wi_removes_read(wi_cursor *files, wi_removes *out, weir_error *err);
weir_status wi_snap_live(const wi_snap *snap, wi_removes *out, weir_error *err);

typedef struct wi_commit_def {
  const char *operation;         /* as "WRITE", "CREATE TABLE" */
  const char *mode;              /* "Overwrite", "Append" */
  const char *engine_info;       /* "weir/0.1.0" */
  const char *partition_by_json; /* JSON array text */
  const char *commit_id;         /* unique, looked for after an unclear put */
  int64_t timestamp_ms;
  int64_t read_version;    /* -1: none */
  const char *base_digest; /* of that version's commit; NULL: not known */
  bool blind_append;
  const wi_br_pair *info; /* flat `weir.*` and user keys for commitInfo, sorted */
  size_t n_info;
  const char *app_id; /* NULL: no txn */
  int64_t app_version;
  /* What the table is to be (NULL: as it is), and what it is (NULL: there is none): the actions
   * that differ are written. */
  const wi_meta *meta, *base_meta;
  const wi_staged *adds;     /* may be NULL */
  const wi_removes *removes; /* may be NULL */
  bool data_change;
} wi_commit_def;
/* NDJSON: commitInfo, protocol, metaData, txn, removes, adds; paths percent-encoded as Delta wants; operationMetrics inside commitInfo. */
weir_status wi_commit_compose(const wi_commit_def *def, wi_buf *out, weir_error *err);

/* ---- committing (put.c; the loop is txn.h) ---- */
typedef enum wi_put_result {
  WI_PUT_DONE = 1,       /* the commit is in the log at `version` */
  WI_PUT_LOST = 2,       /* somebody else has that version: re-check and compose again */
  WI_PUT_DONE_FOUND = 3, /* done, though the answer did not say so: it was found there */
  WI_PUT_LOST_FOUND = 4
} wi_put_result;
static inline bool wi_put_is_done(wi_put_result result) {
  return result == WI_PUT_DONE || result == WI_PUT_DONE_FOUND;
}
static inline bool wi_put_was_unclear(wi_put_result result) {
  return result == WI_PUT_DONE_FOUND || result == WI_PUT_LOST_FOUND;
}
/* Puts bytes as `version` if absent. After any failure that leaves it open the version is read and
 * commit_id looked for (commitInfo "weir.commit_id"): found -> DONE, another's -> LOST, absent -> the
 * error, unreadable -> AMBIGUOUS. On an error *result is 0. */
weir_status wi_commit_put(wi_store *store, int64_t version, const char *commit_id,
                          const wi_buf *bytes, wi_put_result *result, weir_error *err);

/* ---- checkpoints (checkpoint.c) ---- */
/* `interval`: delta.checkpointInterval, NULL if the table has none; what is no number counts as
 * none. Then each twentieth. */
bool wi_checkpoint_due(int64_t version, const char *interval);
/* A checkpoint at `version`, by the engine; on a disk it is durable after. */
weir_status wi_delta_checkpoint(wi_engine *engine, wi_store *store, int64_t version,
                                weir_error *err);

#endif
