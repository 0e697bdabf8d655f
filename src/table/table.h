/* Writing tables: stage files, gate what is staged, commit. The three steps are separate so
 * that a run can put its own decisions between them; write.c strings them together for rows
 * that come as an Arrow stream.
 *
 * Nothing is visible before the commit, and a failure removes what was staged. */
#ifndef WI_TABLE_TABLE_H
#define WI_TABLE_TABLE_H

#include "delta/txn.h"
#include "plan/plan.h"

#define WI_WRITER    "weir/0.1.0"
#define WI_OWNER_KEY "weir.owner"

/* ---- stage (stage.c) ---- */
typedef struct wi_stage_request {
  wi_session *session;
  const wb_plan *plan; /* optimized; sorted by the partition columns */
  const wb_bind *bind;
  wi_store *store;
  const char *prefix; /* folder below the table's root, ending in '/' */
  const char *const *partition_columns;
  size_t n_partition_columns;
  const char *const *sort_columns; /* the plan's, after the partition columns */
  size_t n_sort_columns;
  uint64_t target_file_bytes;    /* 0: 128 MiB */
  const wi_stats_columns *stats; /* NULL: Delta's default */
  bool order_sensitive;          /* one partition, no spilling */
  uint64_t memory;               /* of this execution */
  uint32_t partitions;
  const wb_cancel *cancel; /* may be NULL */
} wi_stage_request;
/* The folder of one table's files of one run, with its '/'. No two tables share one: what reads
 * both of them may know a file by its path alone. */
enum { WI_STAGE_PREFIX = 48 };
void wi_stage_prefix(const char *run_id, const char *table, char out[WI_STAGE_PREFIX]);
/* Runs the plan and writes its rows; what an error leaves behind is removed. When memory runs
 * out, it is run once more in less (session/memory.c), and *planned_again tells. */
weir_status wi_stage(const wi_stage_request *request, wi_staged *out,
                     uint64_t *peak_bytes, bool *planned_again, weir_error *err);

/* Whether staging would make the table's folder. */
bool wi_stage_is_first(const wi_store *store);
/* Removes what was staged and will not be committed, and after a first one the table's folder,
 * if nothing else is in it: a first build that is refused leaves nothing. */
void wi_stage_remove(wi_store *store, const char *prefix, bool first);

/* ---- gate (gate.c) ---- */
typedef struct wi_gate_rule {
  const char *name;
  const char *predicate;      /* rows where it is not TRUE violate; NULL for the others */
  const char *const *columns; /* of unique and not-null rules */
  size_t n_columns;
  bool not_null; /* none of the columns may be null */
  bool unique;   /* no two rows alike in them (rows with a null are left out) */
  bool is_key;
  wi_place place;
} wi_gate_rule;
typedef struct wi_gate wi_gate;
/* Plans the checks over a late-bound input of the given schema; a predicate that does not
 * plan is an error at its place. `label` names the input and must be unique in the session. */
weir_status wi_gate_new(wi_session *session, const char *label,
                        const struct ArrowSchema *schema, const wi_gate_rule *rules,
                        size_t n, wi_gate **out, weir_error *err);
/* Checks staged files: CONSTRAINT or KEY_VIOLATED with counts, and up to ten rows per rule in
 * the error's detail. */
weir_status wi_gate_run(wi_gate *gate, wi_store *store, const wi_staged *staged,
                        const char *const *partition_columns, size_t n_partition_columns,
                        uint64_t memory, const wb_cancel *cancel, weir_error *err);
/* Checks a committed version, through a snapshot. */
weir_status wi_gate_run_snapshot(wi_gate *gate, const wi_snap *snap, uint64_t memory,
                                 const wb_cancel *cancel, weir_error *err);
void wi_gate_free(wi_gate **gate);

/* ---- commit (commit.c) ---- */
typedef enum wi_write_mode {
  WI_WRITE_CREATE = 1, /* version 0, or nothing */
  WI_WRITE_APPEND = 2,
  WI_WRITE_OVERWRITE = 3, /* all live files go */
  WI_WRITE_REPLACE = 4,   /* the live files of some partitions go */
  WI_WRITE_ADJUST = 5     /* metadata only */
} wi_write_mode;

typedef struct wi_commit_request {
  wi_session *session;
  wi_store *store;
  wi_write_mode mode;
  const wi_pin *base;       /* complete; NULL: no table */
  const wi_snap *base_snap; /* of base */
  const wi_meta_edit *edit; /* made to what the table is then; NULL: it stays */
  const wi_staged *staged;  /* NULL: none */
  const wi_partitioning *partitioning; /* of base; with `partitions` */
  const wi_map *partitions;            /* of REPLACE: keys of what goes; NULL: all rows */
  const char
      *owner; /* the table must carry it; NULL: none at all; "*" first: any project */
  wi_app app; /* version -1: one above the base's */
  const char *operation;
  const wi_br_pair *info; /* sorted by key */
  size_t n_info;
  uint32_t max_retries;
  const wi_stop *stop; /* looked at before each put */
} wi_commit_request;
/* Commits, and says what became of it when others came first (src/delta/txn.h). */
weir_status wi_table_commit(const wi_commit_request *request, wi_commit_outcome *out,
                            weir_error *err);
/* The latest version of a table, or base->version = -1 and *snap NULL when there is none. */
weir_status wi_base_open(wi_session *session, wi_store *store, wi_pin *base,
                         wi_snap **snap, weir_error *err);
/* Opens the gate for writing: protocol, and owner (NULL: the table must have none). */
weir_status wi_base_gate(const wi_pin *base, const char *owner, weir_error *err);

/* ---- properties that writers heed (props.c) ---- */
typedef struct wi_table_props {
  const char *const *keys, *const *values; /* wanted; each `step` apart */
  size_t n, step;
  const wi_pin *base; /* what the table has; without meta: there is none */
} wi_table_props;
weir_status wi_table_stats(const wi_table_props *props, wi_stats_columns *out,
                           weir_error *err);
/* After a commit: a checkpoint, if the table's interval says so now; false if it failed (a
 * warning, never an error). */
bool wi_table_checkpoint(const wi_table_props *props, wi_session *session,
                         wi_store *store, int64_t version, weir_error *err);

/* ---- rows from a stream (write.c) ---- */
typedef struct wi_new_table { /* what a new table is told */
  const char *const *partition_by;
  size_t n_partition_by;
  const char *const *not_null;
  size_t n_not_null;
  const char *description;
  const char *const *properties; /* key, value, key, value ... */
  size_t n_properties;
} wi_new_table;
typedef struct wi_write_request {
  wi_session *session;
  const char *uri; /* canonical */
  wi_write_mode
      mode; /* CREATE, APPEND, REPLACE; APPEND with `create` makes it if absent */
  bool create;
  bool widen; /* APPEND: columns that the table lacks become its last ones, nullable */
  wi_new_table table;
  uint64_t target_file_bytes;
  const char *const *const *partitions; /* of REPLACE: values per partition column */
  size_t n_partitions;
  const char
      *owner; /* NULL: only tables that have none; with a star for the project: of any */
  wi_app app;
  const wi_br_pair *info;
  size_t n_info;
  wi_stop *stop; /* stops it before its commit; NULL: nothing does */
} wi_write_request;
typedef struct wi_write_report {
  wi_commit_outcome commit;
  wi_write_mode mode;
  uint64_t rows, files, bytes;
  weir_status checkpoint; /* OK: none was due, or it was written */
  char checkpoint_failed[256];
} wi_write_report;
/* partition_by, not_null and description are for new tables; where they are given for one that
 * is there they must be as the table has them (USAGE). options.c */
weir_status wi_write_check_options(const wi_write_request *request, const wi_meta *table,
                                   const struct ArrowSchema *schema, weir_error *err);
/* Takes the stream in any case. */
weir_status wi_write_stream(const wi_write_request *request,
                            struct ArrowArrayStream *take, wi_write_report *out,
                            weir_error *err);

#endif
