/* The engines, seen from C: thin wrappers that turn wb.h's calls into weir_status and
 * weir_error, and read Arrow streams row by row. The only module that knows wb.h.
 *
 * An engine is cheap to make; the engine library is loaded at its first use, so that
 * commands that need no SQL start fast. Handles may be shared between threads unless said
 * otherwise; each is freed once, and keeps what it needs of its parents alive. */
#ifndef WI_BRIDGE_BRIDGE_H
#define WI_BRIDGE_BRIDGE_H

#include "base/base.h"
#include "bridge/relation.h"
#include "weir/arrow.h"
#include "weir/cancel.h"

typedef struct wi_engine wi_engine; /* the library and one runtime */
typedef struct wb_sess wb_sess;
typedef struct wb_store wb_store;
typedef struct wb_snap wb_snap;
typedef struct wb_plan wb_plan;
typedef struct wb_exec wb_exec;
typedef struct wb_bind wb_bind;
typedef struct wb_cancel wb_cancel;

/* ---- engine (engine.c) ---- */
typedef struct wi_engine_options {
  uint32_t threads;    /* runtime workers; at least 1 */
  const char *library; /* path of the engine library; NULL: beside this library */
} wi_engine_options;
weir_status wi_engine_new(const wi_engine_options *options, wi_engine **out,
                          weir_error *err);
wi_engine *wi_engine_ref(wi_engine *engine);
void wi_engine_unref(wi_engine **engine); /* waits a little for running tasks */
/* Versions compiled in; component names are static. */
weir_status wi_engine_versions(wi_engine *engine,
                               wi_map *out /* name -> wi_alloc'd text */,
                               weir_error *err);
/* Writes the stream in Arrow IPC stream format; takes the stream. */
weir_status wi_engine_ipc_write(wi_engine *engine, struct ArrowArrayStream *take, int fd,
                                weir_error *err);

/* ---- what stops one call (stop.c) ----
 * Fired by the token that the caller gave (weir/cancel.h), or by itself; stays fired. What takes
 * one takes NULL, too: nothing stops the call. */
typedef struct wi_stop wi_stop;
/* `cancel` may be NULL; it may be freed before the stop is. */
weir_status wi_stop_new(wi_engine *engine, weir_cancel *cancel, wi_stop **out,
                        weir_error *err);
void wi_stop_fire(wi_stop *stop); /* any thread */
bool wi_stop_fired(const wi_stop *stop);
/* CANCELLED once it was fired: for steps that no engine runs. */
weir_status wi_stop_check(const wi_stop *stop, weir_error *err);
/* The engine's token of it, for executions; lives as long as the stop does. */
weir_status wi_stop_token(wi_stop *stop, const wb_cancel **out, weir_error *err);
/* The token that was given; NULL: none was. For another stop of it, while this one lives. */
weir_cancel *wi_stop_cancel(const wi_stop *stop);
void wi_stop_free(wi_stop **stop);

/* What stops the work of this thread: each call of an engine that waits (opening, listing, objects,
 * planning) ends with CANCELLED once it fires, without having been told of it. Threads that are
 * started for a piece of the work enter it themselves. */
typedef struct wi_stop_scope {
  wi_stop *stop; /* NULL: nothing does */
  bool ending;
} wi_stop_scope;
wi_stop_scope wi_stop_here(void);
/* Gives what was before, for wi_stop_leave; scopes are left in the opposite order. */
wi_stop_scope wi_stop_enter(wi_stop *stop);
/* From here on things are brought to their end: a commit that was begun, litter, a lease. That may
 * go on for a moment after the stop (WI_STOP_LATE_MS), and no longer: a store that does not answer
 * keeps nobody waiting. */
#define WI_STOP_LATE_MS 700
wi_stop_scope wi_stop_ending(void);
void wi_stop_leave(wi_stop_scope before);

/* ---- reading streams (cursor.c) ---- */
/* Translates a stream's failure (its errno and last error text) into an error. */
weir_status wi_stream_error(struct ArrowArrayStream *stream, int code, weir_error *err);
/* The columns of a caller's stream, nothing believed: USAGE for a stream that is NULL, released,
 * without its callbacks, or whose schema is none. Names that are NULL are "" in the copy, as the
 * Arrow specification has it. */
weir_status wi_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out,
                             weir_error *err);
/* The stream alone: asks nothing of it. */
weir_status wi_stream_check(const struct ArrowArrayStream *stream, weir_error *err);
typedef struct wi_cursor wi_cursor; /* one thread at a time */
weir_status wi_cursor_open(struct ArrowArrayStream *take, wi_cursor **out,
                           weir_error *err);
weir_status wi_cursor_next(wi_cursor *cursor, bool *has_row, weir_error *err);
bool wi_cursor_null(const wi_cursor *cursor, int64_t column);
wi_str wi_cursor_text(const wi_cursor *cursor,
                      int64_t column); /* valid until the next row */
int64_t wi_cursor_int(const wi_cursor *cursor, int64_t column); /* also booleans */
const struct ArrowSchema *wi_cursor_schema(const wi_cursor *cursor);
void wi_cursor_free(wi_cursor **cursor);

/* ---- small tables of C's own (rows.c) ---- */
typedef enum wi_rows_type {
  WI_ROWS_TEXT = 1,
  WI_ROWS_INT64 = 2,
  WI_ROWS_INT32 = 3,
  WI_ROWS_BOOL = 4,
  WI_ROWS_TIME = 5, /* microseconds UTC */
  WI_ROWS_TEXTS = 6 /* a list of texts */
} wi_rows_type;
typedef struct wi_rows_column {
  const char *name;
  wi_rows_type type;
  bool nullable;
} wi_rows_column;
weir_status wi_rows_schema(const wi_rows_column *columns, size_t n,
                           struct ArrowSchema *out, weir_error *err);
/* Values come column by column, then wi_rows_end; a failure shows in wi_rows_stream. */
typedef struct wi_rows wi_rows;
weir_status wi_rows_new(const wi_rows_column *columns, size_t n, wi_rows **out,
                        weir_error *err);
void wi_rows_text(wi_rows *rows, wi_str text); /* p NULL: null */
void wi_rows_cstr(wi_rows *rows, const char *text);
void wi_rows_buf(wi_rows *rows, wi_buf *text);  /* empties it for the next one */
void wi_rows_int(wi_rows *rows, int64_t value); /* also booleans and times */
void wi_rows_texts(wi_rows *rows, const wi_str *texts, size_t n);
void wi_rows_null(wi_rows *rows);
void wi_rows_end(wi_rows *rows);
/* Moves the rows out. */
weir_status wi_rows_stream(wi_rows *rows, struct ArrowArrayStream *out, weir_error *err);
void wi_rows_free(wi_rows **rows);

/* ---- sessions (session.c) ---- */
typedef struct wi_br_pair {
  const char *key, *value;
} wi_br_pair;
typedef struct wi_br_session_options {
  const wi_br_pair *settings;
  size_t n_settings;
  const char *catalog, *schema;
  int64_t now_us;
  const wi_br_pair *host_settings; /* shown with the engine's; read by weir only */
  size_t n_host_settings;
  uint64_t footers; /* bytes of files' footers that the session may keep */
} wi_br_session_options;
typedef struct wi_br_arg {
  const struct ArrowArray *array;
  const struct ArrowSchema *schema;
  bool is_scalar;
} wi_br_arg;
typedef struct wi_br_param {
  const char *name, *type_text, *doc;
  int32_t type_class; /* as WB_T_* */
  bool optional, variadic, literal;
} wi_br_param;
/* What src/udf has, in plain C; the callbacks run on engine threads, concurrently. */
typedef struct wi_br_function {
  const char *name;
  const char *const *aliases;
  size_t n_aliases;
  uint8_t identity[WI_DIGEST_SIZE];
  int32_t volatility; /* 1 immutable, 2 stable, 3 volatile */
  const wi_br_param *params;
  size_t n_params;
  const char *return_text;
  const char *section, *description, *syntax, *example;
  bool short_circuits; /* may leave arguments unevaluated */
  bool foreign;        /* not weir's own code: every result is checked value by value */
  const void *self;    /* immutable */
  /* NULL, or called once, after the last use: plans may outlive their session. On a failed
   * wi_br_session_add_function self stays the caller's. */
  void (*release)(const void *self);
  weir_status (*return_field)(const void *self, size_t n,
                              const struct ArrowSchema *const *args,
                              const struct ArrowArray *const *literals,
                              struct ArrowSchema *out, weir_error *err);
  weir_status (*invoke)(const void *self, size_t n, const wi_br_arg *args, int64_t rows,
                        struct ArrowArray *out, weir_error *err);
} wi_br_function;
/* An aggregate of src/udf, in plain C: what udf.h says of wi_agg_call and wi_agg_ops. */
typedef struct wi_br_agg_call {
  size_t n_args;
  const struct ArrowSchema *const *args;
  const struct ArrowArray *const *literals;
  bool ignore_nulls, distinct;
} wi_br_agg_call;              /* valid for the call; what it points to, until close */
typedef enum wi_br_agg_flags { /* as WB_AGG_* */
                               WI_BR_AGG_STAR = 1,
                               WI_BR_AGG_DISTINCT = 2,
                               WI_BR_AGG_NULL_TREATMENT = 4
} wi_br_agg_flags;
typedef struct wi_br_aggregate {
  wi_br_function fn; /* its return_field and invoke are not used */
  uint32_t flags;    /* wi_br_agg_flags */
  bool has_empty, has_retract, has_convert;
  weir_status (*return_field)(const void *self, const wi_br_agg_call *call,
                              struct ArrowSchema *out, weir_error *err);
  weir_status (*state_schema)(const void *self, const wi_br_agg_call *call,
                              struct ArrowSchema *out, weir_error *err);
  weir_status (*empty)(const void *self, const struct ArrowSchema *result,
                       struct ArrowArray *out, weir_error *err);
  weir_status (*open)(const void *self, const wi_br_agg_call *call, bool retracts,
                      void **acc, weir_error *err);
  weir_status (*update)(void *acc, const struct ArrowArray *const *args, int64_t rows,
                        const uint64_t *groups, const struct ArrowArray *filter,
                        uint64_t n_groups, weir_error *err);
  weir_status (*retract)(void *acc, const struct ArrowArray *const *args, int64_t rows,
                         weir_error *err);
  weir_status (*merge)(void *acc, const struct ArrowArray *state, const uint64_t *groups,
                       uint64_t n_groups, weir_error *err);
  weir_status (*evaluate)(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                          weir_error *err);
  weir_status (*state)(void *acc, uint64_t n, bool keep, struct ArrowArray *out,
                       weir_error *err);
  weir_status (*convert)(const void *self, const wi_br_agg_call *call,
                         const struct ArrowArray *const *args, int64_t rows,
                         const struct ArrowArray *filter, struct ArrowArray *out,
                         weir_error *err);
  uint64_t (*size)(const void *acc);
  void (*close)(void *acc);
} wi_br_aggregate;
weir_status wi_br_session_new(wi_engine *engine, const wi_br_session_options *options,
                              wb_sess **out, weir_error *err);
weir_status wi_br_session_add_function(wi_engine *engine, wb_sess *sess,
                                       const wi_br_function *fn, weir_error *err);
typedef enum wi_br_rule_kind { /* as WB_RULE_* */
                               WI_BR_RULE_OPERATOR = 1,
                               WI_BR_RULE_REPLACE = 2,
                               WI_BR_RULE_ALIAS = 3,
                               WI_BR_RULE_BOUND = 4
} wi_br_rule_kind;
typedef enum wi_br_rule_flags { /* as WB_RULE_* */
                                WI_BR_RULE_SWAPPED = 1,
                                WI_BR_RULE_AS_TEXT = 2,
                                WI_BR_RULE_STRIP_CAST = 4
} wi_br_rule_flags;
typedef enum wi_br_bytes { /* as WB_BYTES_* */
                           WI_BR_BYTES_TIMES = 1,
                           WI_BR_BYTES_ITEMS = 2,
                           WI_BR_BYTES_LENGTH = 3,
                           WI_BR_BYTES_SERIES = 4,
                           WI_BR_BYTES_REPLACE = 5,
                           WI_BR_BYTES_JOIN = 6,
                           WI_BR_BYTES_COPIES = 7
} wi_br_bytes;
typedef struct wi_br_rule {
  wi_br_rule_kind kind;
  const char *name, *function;
  int32_t type_class; /* as WB_T_*: any, float64 (all floats), struct, list, map */
  uint32_t flags;     /* wi_br_rule_flags */
  uint32_t version;
  /* of a bound: how the bytes of a row are counted, and which arguments count */
  wi_br_bytes bytes;
  uint32_t item, times;
  uint64_t limit;
} wi_br_rule;
weir_status wi_br_session_add_rule(wi_engine *engine, wb_sess *sess,
                                   const wi_br_rule *rule, weir_error *err);
/* CREATE FUNCTION and DROP FUNCTION statements, in their order; errors have places in it. */
weir_status wi_br_session_add_macros(wi_engine *engine, wb_sess *sess, const char *sql,
                                     weir_error *err);
/* aggregate.c */
weir_status wi_br_session_add_aggregate(wi_engine *engine, wb_sess *sess,
                                        const wi_br_aggregate *agg, weir_error *err);
/* A relation operator; `self` is immutable and outlives the engine (relation.c). */
weir_status wi_br_session_add_relation(wi_engine *engine, wb_sess *sess, const char *name,
                                       const uint8_t identity[WI_DIGEST_SIZE],
                                       const wi_rel_ops *ops, const void *self,
                                       weir_error *err);
/* A table function whose calls wi_br_plan_sql is told of. */
weir_status wi_br_session_add_table_function(wi_engine *engine, wb_sess *sess,
                                             const char *name,
                                             const uint8_t identity[WI_DIGEST_SIZE],
                                             int32_t volatility, weir_error *err);
weir_status wi_br_session_seal(wi_engine *engine, wb_sess *sess, weir_error *err);
typedef enum wi_br_session_table {
  WI_BR_SETTINGS = 1,  /* key, value */
  WI_BR_FUNCTIONS = 2, /* name, kind, volatility, identity, aliases, origin */
  WI_BR_RULES = 3,     /* kind, ordinal, name, version, parameters */
  WI_BR_MACROS = 4     /* name, text */
} wi_br_session_table;
weir_status wi_br_session_table_read(wi_engine *engine, wb_sess *sess,
                                     wi_br_session_table which, wi_cursor **out,
                                     weir_error *err);
void wi_br_session_free(wi_engine *engine, wb_sess **sess);

/* ---- inputs and their bindings (input.c) ---- */
weir_status wi_br_declare(wi_engine *engine, wb_sess *sess, const char *schema,
                          const char *table, struct ArrowSchema *take, weir_error *err);
/* No later plan finds it; those that were made keep it. None of that name is fine. */
weir_status wi_br_undeclare(wi_engine *engine, wb_sess *sess, const char *schema,
                            const char *table, weir_error *err);
weir_status wi_br_bind_new(wi_engine *engine, wb_bind **out, weir_error *err);
/* Files of a store as a table's rows. What is pointed to is moved from, on failure too. */
typedef struct wi_br_table {
  const wb_snap *snap;         /* whose log has them; NULL: no log has them */
  const wb_store *store;       /* where they are, without a snapshot */
  struct ArrowSchema *columns; /* of the table; what files call them in their metadata */
  struct ArrowArrayStream
      *files; /* as src/delta/files.h has them; asked at the first scan */
} wi_br_table;
weir_status wi_br_bind_table(wi_engine *engine, wb_bind *bind, const char *schema,
                             const char *name, const wi_br_table *table, weir_error *err);
weir_status wi_br_bind_stream(wi_engine *engine, wb_bind *bind, const char *schema,
                              const char *table, struct ArrowArrayStream *take,
                              weir_error *err);
weir_status wi_br_bind_memory(wi_engine *engine, wb_bind *bind, const char *schema,
                              const char *table, struct ArrowArrayStream *take,
                              weir_error *err);
weir_status wi_br_bind_remove(wi_engine *engine, wb_bind *bind, const char *schema,
                              const char *table, weir_error *err);
/* Bindings of their own: what the plan reads of `from`, as it is bound there now. */
weir_status wi_br_bind_copy(wi_engine *engine, const wb_bind *from, const wb_plan *plan,
                            wb_bind **out, weir_error *err);
void wi_br_bind_free(wi_engine *engine, wb_bind **bind);

/* ---- plans (plan.c) ---- */
/* Names among the two relation arguments of `operators` are relations, too. */
weir_status wi_br_sql_refs(wi_engine *engine, const char *sql,
                           const char *const *operators, size_t n_operators,
                           wi_cursor **out, weir_error *err);
typedef struct wi_br_value {
  const char *name;
  int32_t type; /* as wi_type: 1 int64, 2 float64, 3 text, 4 bool, 5 date, 6 timestamp */
  bool is_null;
  int64_t i64;
  double f64;
  const char *text;
} wi_br_value;
typedef struct wi_br_call { /* of a table function of ours in the statement */
  const char *function;
  const wi_br_value *args; /* int64 or text, not null; without names */
  size_t n_args;
  const char *schema, *table; /* the input that it stands for: bound as others are */
  const char *tag; /* tells plans apart that read the same columns; may be empty */
  const struct ArrowSchema *columns; /* borrowed */
} wi_br_call;
typedef struct wi_br_statement {
  const char *sql;
  const wi_br_value *values;
  size_t n_values;
  const wi_br_call *calls;
  size_t n_calls;
} wi_br_statement;
/* Whatever the statement does: src/plan refuses what does not only read. */
weir_status wi_br_plan_sql(wi_engine *engine, wb_sess *sess,
                           const wi_br_statement *statement, wb_plan **out,
                           weir_error *err);
/* The parameters without a value: name, type (the engine's words, "" where the statement leaves
 * it open). */
weir_status wi_br_sql_params(wi_engine *engine, wb_sess *sess,
                             const wi_br_statement *statement, wi_cursor **out,
                             weir_error *err);
/* Edits of a plan; nodes by their numbers in its tables, what each does as in wb.h. */
typedef enum wi_br_edit_kind {
  WI_BR_EDIT_ADD_KEY = 1,
  WI_BR_EDIT_PEERS = 2,
  WI_BR_EDIT_ROWS = 3,
  WI_BR_EDIT_SET_FUNCTION = 4,
  WI_BR_EDIT_STRIP_CAST = 5,
  WI_BR_EDIT_DROP_ORDER = 6,
  WI_BR_EDIT_DROP_NULLS = 7
} wi_br_edit_kind;
typedef struct wi_br_edit {
  wi_br_edit_kind kind;
  uint32_t node, ord, column;
  const char *function; /* of a key, NULL: the column itself; the one to be set */
} wi_br_edit;
typedef struct wi_br_edits {
  const wi_br_edit *items;
  size_t n;
  const struct ArrowSchema *target; /* to cast the outputs to; NULL: as they are */
  const char *const *sort;          /* the outputs to sort by, then */
  size_t n_sort;
} wi_br_edits;
weir_status wi_br_plan_edit(wi_engine *engine, const wb_plan *plan,
                            const wi_br_edits *edits, wb_plan **out, weir_error *err);
weir_status wi_br_plan_optimize(wi_engine *engine, const wb_plan *plan, wb_plan **out,
                                weir_error *err);
weir_status wi_br_plan_schema(wi_engine *engine, const wb_plan *plan,
                              struct ArrowSchema *out, weir_error *err);
typedef enum wi_br_sorts { /* how values of a type are sorted, as in wb.h */
                           WI_BR_SORTS_NOT = 0,
                           WI_BR_SORTS_WORDS = 1,
                           WI_BR_SORTS_BYTES = 2,
                           WI_BR_SORTS_NESTED = 3,
                           WI_BR_SORTS_BY_PARTS = 4,
                           WI_BR_SORTS_ALIKE = 5
} wi_br_sorts;
typedef enum wi_br_frame {
  WI_BR_FRAME_NONE = 0,
  WI_BR_FRAME_ROWS = 1,
  WI_BR_FRAME_RANGE = 2,
  WI_BR_FRAME_GROUPS = 3
} wi_br_frame;
typedef enum wi_br_bound {
  WI_BR_BOUND_FIRST = -2,
  WI_BR_BOUND_BEFORE = -1,
  WI_BR_BOUND_CURRENT = 0,
  WI_BR_BOUND_AFTER = 1,
  WI_BR_BOUND_LAST = 2
} wi_br_bound;
typedef enum wi_br_expr_flag { /* those that somebody asks for, as in wb.h */
                               WI_BR_EXPR_NEGATED = 1,
                               WI_BR_EXPR_DISTINCT = 16,
                               WI_BR_EXPR_IGNORE_NULLS = 64,
                               WI_BR_EXPR_AGGREGATE = 128,
                               WI_BR_EXPR_CORRELATED = 4096,
                               WI_BR_EXPR_IS_FLOAT = 8192,
                               WI_BR_EXPR_IS_INTEGER = 16384,
                               WI_BR_EXPR_HAS_FLOATS = 32768
} wi_br_expr_flag;
typedef enum wi_br_plan_table { /* columns as in wb.h */
                                WI_BR_PLAN_NODES = 1,
                                WI_BR_PLAN_OUTPUTS = 2,
                                WI_BR_PLAN_EXPRS = 3,
                                WI_BR_PLAN_COLREFS = 4,
                                WI_BR_PLAN_SCANS = 5,
                                WI_BR_PLAN_USED = 6,
                                WI_BR_PLAN_UNNESTS = 7
} wi_br_plan_table;
weir_status wi_br_plan_table_read(wi_engine *engine, const wb_plan *plan,
                                  wi_br_plan_table which, wi_cursor **out,
                                  weir_error *err);
weir_status wi_br_plan_text(wi_engine *engine, const wb_plan *plan, int32_t format,
                            wi_buf *out, weir_error *err);
void wi_br_plan_free(wi_engine *engine, wb_plan **plan);

/* ---- execution (exec.c); an execution is used once ---- */
typedef struct wi_br_exec_options {
  uint32_t partitions, batch_rows;
  uint64_t memory_bytes; /* 0: no limit */
  const char *spill_dir; /* NULL: no spilling */
  uint64_t spill_bytes;  /* 0: the engine's limit */
  bool no_hash_join;
  uint32_t gather_percent,
      merge_percent; /* of the memory; as in wb.h, like what follows */
  uint64_t sort_in_place_bytes, sort_reserve_bytes, cut_bytes, wide_bytes;
  uint32_t top_rows;
} wi_br_exec_options;
/* `cancel` NULL: what stops this thread's work. */
weir_status wi_br_exec_new(wi_engine *engine, wb_sess *sess, const wb_plan *plan,
                           const wb_bind *bind, const wi_br_exec_options *options,
                           const wb_cancel *cancel, wb_exec **out, weir_error *err);
weir_status wi_br_exec_stream(wi_engine *engine, wb_exec *exec,
                              struct ArrowArrayStream *out, weir_error *err);
typedef struct wi_br_stage_options {
  const char *prefix;
  const char *const *partition_columns;
  size_t n_partition_columns;
  const char *const *sort_columns; /* of the rows in each file */
  size_t n_sort_columns;
  uint64_t target_file_bytes, row_group_rows, row_group_bytes;
  uint64_t bound_bytes; /* the longest bound of a text in a footer */
  uint64_t part_bytes;  /* of an object that is written in parts */
  uint32_t parts_in_flight;
  const char *compression;
  int32_t compression_level;
  const wi_br_pair *file_metadata;
  size_t n_file_metadata;
} wi_br_stage_options;
/* Rows as in wb.h: file_ord, path, size, rows, partition_values, column, type, null_count, min,
 * max. */
weir_status wi_br_exec_stage(wi_engine *engine, wb_exec *exec, const wb_store *store,
                             const wi_br_stage_options *options, wi_cursor **out,
                             weir_error *err);
weir_status wi_br_exec_table_read(wi_engine *engine, const wb_exec *exec, int32_t which,
                                  wi_cursor **out, weir_error *err);
/* The most bytes that the execution's pool had given out at one time; 0: nobody knows. */
uint64_t wi_br_exec_peak_bytes(wi_engine *engine, const wb_exec *exec);
void wi_br_exec_free(wi_engine *engine, wb_exec **exec);

/* ---- stores and snapshots (store.c) ---- */
weir_status wi_br_store_open(wi_engine *engine, const char *url,
                             const wi_br_pair *options, size_t n_options, wb_store **out,
                             weir_error *err);
/* Rows: ord, path, found, size, mtime_us, etag, bytes. max_bytes 0: only looked at; TOO_LARGE
 * where all together have more. */
weir_status wi_br_obj_get(wi_engine *engine, const wb_store *store,
                          const char *const *paths, size_t n, uint64_t max_bytes,
                          wi_cursor **out, weir_error *err);
/* Rows: path, size, mtime_us, etag. */
weir_status wi_br_obj_list(wi_engine *engine, const wb_store *store, const char *prefix,
                           const char *start_after, bool recursive, wi_cursor **out,
                           weir_error *err);
weir_status wi_br_obj_put(wi_engine *engine, const wb_store *store, const char *path,
                          const void *bytes, size_t n, bool if_absent, weir_error *err);
weir_status wi_br_obj_delete(wi_engine *engine, const wb_store *store,
                             const char *const *paths, size_t n, weir_error *err);
void wi_br_store_free(wi_engine *engine, wb_store **store);
weir_status wi_br_snap_open(wi_engine *engine, const wb_store *store, int64_t version,
                            wb_snap **out, weir_error *err);
weir_status wi_br_snap_actions(wi_engine *engine, const wb_snap *snap, wi_buf *protocol,
                               wi_buf *metadata, weir_error *err);
/* Rows: path, size, mtime_ms, stats, partition_values, dv, base_row_id, tags. */
weir_status wi_br_snap_files(wi_engine *engine, const wb_snap *snap, wi_cursor **out,
                             weir_error *err);
/* The application's latest transaction; -1: none. */
weir_status wi_br_snap_txn(wi_engine *engine, const wb_snap *snap, const char *app_id,
                           int64_t *version, weir_error *err);
weir_status wi_br_snap_checkpoint(wi_engine *engine, const wb_snap *snap,
                                  weir_error *err);
void wi_br_snap_free(wi_engine *engine, wb_snap **snap);

#endif
