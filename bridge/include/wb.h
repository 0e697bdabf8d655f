/* The bridge's C ABI: DataFusion and delta-rs as mechanism, without policy. Only src/bridge
 * includes this.
 *
 * Every call returns 0 or a WEIR_E_* number and fills *err (never NULL). Texts are UTF-8
 * (pointer, length), borrowed for the call. Outputs are zeroed first. Handles are opaque,
 * thread-safe to share unless said otherwise, and freed once by their _free (NULL is allowed);
 * a child keeps what it needs of its parent alive. ArrowArrayStream outputs are the caller's;
 * ArrowArrayStream and ArrowSchema inputs named "take" are moved from. A failing callback of
 * such a stream leaves "CODE\x1fmessage" as its last error, CODE a WEIR_E number. */

#ifndef WB_H
#define WB_H

/* Written by tools/gen-header from bridge/src: do not edit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "weir/arrow.h"

// The version of this interface.
#define WB_ABI 4

// Of the form of these tables: another number where the same plan has other rows. Digests have it.
#define WB_PLAN_FORM 2

// Who said it.
typedef enum wb_origin {
  // The bridge itself: wrong arguments, limits of the host.
  WB_ORIGIN_BRIDGE = 1,
  // The query engine, its parser included.
  WB_ORIGIN_DATAFUSION = 2,
  // delta-rs.
  WB_ORIGIN_DELTA = 3,
  // The reader of Delta's log.
  WB_ORIGIN_KERNEL = 4,
  // Arrow: arrays and their kernels.
  WB_ORIGIN_ARROW = 5,
  // The reader or writer of Parquet files.
  WB_ORIGIN_PARQUET = 6,
  // An object store, or a folder that is one.
  WB_ORIGIN_STORE = 7,
  // A callback of the host; the text is its own.
  WB_ORIGIN_HOST = 8,
} wb_origin;

// Parameter classes of a signature.
typedef enum wb_type_class {
  // Any type, as it is.
  WB_T_ANY = 0,
  // Utf8, LargeUtf8, Utf8View as they are; dictionaries are decoded; others coerced if
  // castable implicitly (null)
  WB_T_TEXT = 1,
  // 64-bit integers; others are cast if that is implicit in SQL.
  WB_T_INT64 = 2,
  // 32-bit integers; likewise.
  WB_T_INT32 = 3,
  // Booleans.
  WB_T_BOOL = 4,
  // 64-bit floats; other numbers are cast.
  WB_T_FLOAT64 = 5,
  // Structs of any fields, as they are.
  WB_T_STRUCT = 6,
  // Lists of any items and layout, as they are.
  WB_T_LIST = 7,
  // Maps of any entries, as they are.
  WB_T_MAP = 8,
  // any, dictionaries decoded
  WB_T_ANY_FLAT = 9,
  // The item type of the list, or the value type of the map, that is the first argument:
  // cast to it where the engine can, literals too.
  WB_T_ITEM = 10,
} wb_type_class;

// Of wb_scalar_fn.flags.
typedef enum wb_fn_flags {
  // May leave arguments unevaluated: none of them is taken out of the call.
  WB_FN_SHORT_CIRCUITS = 1,
  // Code that the host did not write: every result is checked value by value (UTF-8, offsets,
  // dictionary keys, null counts) and against the nullability that its field says, and a bad
  // one is PLUGIN, not BUG.
  WB_FN_FOREIGN = 2,
} wb_fn_flags;

// What a function promises of its result, as in SQL.
typedef enum wb_volatility {
  // The same for the same arguments: may be computed while planning.
  WB_IMMUTABLE = 1,
  // The same for the same arguments within one execution.
  WB_STABLE = 2,
  // Anything: called for each row.
  WB_VOLATILE = 3,
} wb_volatility;

// Of wb_sess_options.flags.
typedef enum wb_sess_flags {
  // Checks every value that a function of the host returns (UTF-8, offsets, dictionary
  // keys), not only the layout: for tests.
  WB_SESS_VALIDATE_FULL = 1,
} wb_sess_flags;

// Tables of a session, for wb_sess_table_read; texts unless said otherwise.
typedef enum wb_sess_table {
  // key, value
  WB_SESS_SETTINGS = 1,
  // name, kind scalar|aggregate|window|table|macro|relation, volatility
  // immutable|stable|volatile|'', identity hex or '', aliases comma-joined, origin
  // builtin|host|project
  WB_SESS_FUNCTIONS = 2,
  // kind analyzer|optimizer|physical|rewrite|planner|operator|replace, ordinal Int32, name,
  // version, parameters ('' for the engine's own, whose version is the engine's)
  WB_SESS_RULES = 3,
  // name, text: CREATE FUNCTION as it is carried out, earlier macros expanded
  WB_SESS_MACROS = 4,
} wb_sess_table;

// Of wb_value.type.
typedef enum wb_param_type {
  // i64
  WB_P_INT64 = 1,
  // f64
  WB_P_FLOAT64 = 2,
  // text
  WB_P_TEXT = 3,
  // i64: 0 or 1
  WB_P_BOOL = 4,
  // i64 = days
  WB_P_DATE = 5,
  // i64 = microseconds UTC
  WB_P_TIMESTAMP = 6,
} wb_param_type;

// Flat tables of a plan. node_id is pre-order over the plan incl. subquery plans.
typedef enum wb_plan_table {
  // node_id u32, parent_id i32 (-1), child_ord u32, kind Utf8, subquery_of i32 expr_id or -1,
  // variant Utf8 (join type, scheme of a repartition, format of an EXPLAIN, what an unnest does
  // with nulls, name of another engine's node, of a statement: which one), flags u32
  // (wb_node_flag), count i64 (-1: none; rows that a sort keeps, of VALUES, of no input;
  // partitions; of a scan of a recursive query's own rows: how many such queries out),
  // detail Utf8 (columns and options of a call of a relation operator, in canonical form; the
  // type of a described table). No names, no addresses
  WB_PLAN_NODES = 1,
  // node_id, ord u32, qualifier, name, type Utf8 (Arrow format-like canonical type text),
  // nullable bool, metadata Utf8 (sorted k=v lines), sorts u32 (wb_sort_class)
  WB_PLAN_OUTPUTS = 2,
  // expr_id u32, node_id, role Utf8, role_ord u32, parent_expr i32, child_ord u32, kind
  // Utf8, op Utf8 (an operator, a function's name, a cast's type), func_identity Utf8 (hex
  // or ''), func_origin Utf8 builtin|host|'', literal Utf8 (typed text, exact: floats as hex
  // bits, bytes hex; '' if none), volatility Utf8, type Utf8, flags u32 (wb_expr_flag),
  // number i32 (the character that escapes in a pattern, -1: none; of grouping sets: how many;
  // of a lambda: parameters; of its variable: which one), depth i32 (of an outer column or
  // a lambda's variable: how many levels out; -1: not found), detail Utf8 (metadata of a
  // literal or a cast as k=v lines, sizes of grouping sets, the name of what is not found);
  // of calls of aggregate and window functions: args u32, partition_keys u32, order_keys u32,
  // frame u32 (wb_frame), frame_from i32, frame_to i32 (wb_bound), from_by Utf8, to_by Utf8
  // (how far away, as literals). Their children are the arguments, the partition keys, the
  // filter if there is one, the order keys. line u32, column u32: of a subquery in the SQL,
  // where known
  WB_PLAN_EXPRS = 3,
  // expr_id, node_id, input_ord u32, field_idx u32, qualifier, name, outer bool
  WB_PLAN_COLREFS = 4,
  // node_id, schema_name Utf8, table_name Utf8, provider_kind Utf8 (late_bound: an input,
  // work_table, table_function, information_schema, other), tag Utf8 (of a wb_call),
  // projection Utf8 (comma separated indexes or '*'), fetch i64 (-1), n_filters u32
  WB_PLAN_SCANS = 5,
  // kind Utf8 macro|operator|star, name Utf8: what of the session's the plan was
  // made with; sorted
  WB_PLAN_USED = 6,
  // node_id, kind Utf8 column|list|struct|from|recursion, input i32, output i32 (indexes, -1:
  // none), depth u32
  WB_PLAN_UNNESTS = 7,
} wb_plan_table;

// For wb_plan_text: for people, and not the same in every version of the engine.
typedef enum wb_plan_format {
  // A line a node, children indented.
  WB_PLAN_INDENT = 1,
  // The same with the columns of each.
  WB_PLAN_INDENT_SCHEMA = 2,
  // A graph in DOT.
  WB_PLAN_GRAPHVIZ = 3,
} wb_plan_format;

// How the engine sorts values of a type.
typedef enum wb_sort_class {
  // not at all
  WB_SORTS_NOT = 0,
  // numbers, dates and the like: a word or two
  WB_SORTS_WORDS = 1,
  // text, bytes
  WB_SORTS_BYTES = 2,
  // lists, structs
  WB_SORTS_NESTED = 3,
  // maps: not as they are, but by the list of keys and the list of values
  WB_SORTS_BY_PARTS = 4,
  // all values are the same
  WB_SORTS_ALIKE = 5,
} wb_sort_class;

// Of a node (WB_PLAN_NODES).
typedef enum wb_node_flag {
  // a join: null keys are equal
  WB_NODE_NULLS_EQUAL = 1,
  // a join: one that stands for NOT IN
  WB_NODE_NULL_AWARE = 2,
  // a recursive query: equal rows are one
  WB_NODE_DISTINCT = 4,
  // an EXPLAIN
  WB_NODE_VERBOSE = 8,
  // a series: its end is one of the rows
  WB_NODE_WITH_END = 16,
} wb_node_flag;

// Of an expression (WB_PLAN_EXPRS).
typedef enum wb_expr_flag {
  // NOT LIKE, NOT BETWEEN, NOT IN, NOT EXISTS
  WB_EXPR_NEGATED = 1,
  // a pattern: upper and lower case are the same
  WB_EXPR_ANY_CASE = 2,
  // CASE with a value behind it
  WB_EXPR_BASE = 4,
  // CASE with ELSE
  WB_EXPR_ELSE = 8,
  // a call: DISTINCT
  WB_EXPR_DISTINCT = 16,
  // a call: FILTER
  WB_EXPR_FILTERED = 32,
  // a call: IGNORE NULLS
  WB_EXPR_IGNORE_NULLS = 64,
  // a call over a window: of an aggregate function
  WB_EXPR_AGGREGATE = 128,
  // a sort key
  WB_EXPR_DESCENDING = 256,
  // a sort key
  WB_EXPR_NULLS_FIRST = 512,
  // a comparison with ALL of a subquery; without: with ANY
  WB_EXPR_ALL = 1024,
  // unnest: lists without items keep their row
  WB_EXPR_OUTER = 2048,
  // a subquery that reads columns from around it
  WB_EXPR_CORRELATED = 4096,
  // the type is one of floats
  WB_EXPR_IS_FLOAT = 8192,
  // the type is one of integers
  WB_EXPR_IS_INTEGER = 16384,
  // there are floats in the type
  WB_EXPR_HAS_FLOATS = 32768,
} wb_expr_flag;

// The units of a window function's frame; NONE: no window function.
typedef enum wb_frame {
  // Not a window function.
  WB_FRAME_NONE = 0,
  // Bounds count rows.
  WB_FRAME_ROWS = 1,
  // Bounds are distances of the order key.
  WB_FRAME_RANGE = 2,
  // Bounds count groups of equal order keys.
  WB_FRAME_GROUPS = 3,
} wb_frame;

// Where a frame begins or ends.
typedef enum wb_bound {
  // UNBOUNDED PRECEDING
  WB_BOUND_FIRST = -2,
  // n PRECEDING
  WB_BOUND_BEFORE = -1,
  // CURRENT ROW
  WB_BOUND_CURRENT = 0,
  // n FOLLOWING
  WB_BOUND_AFTER = 1,
  // UNBOUNDED FOLLOWING
  WB_BOUND_LAST = 2,
} wb_bound;

// Of wb_edit.kind.
typedef enum wb_edit_kind {
  // `column` of the node's input, or `function` of it, as the last key, ascending with nulls
  // first: of function `ord` of a Window or Aggregate node, or of a Sort or DISTINCT ON node
  WB_EDIT_ADD_KEY = 1,
  // of function `ord` of a Window node: the order keys become partition keys, and the frame
  // is the whole partition
  WB_EDIT_PEERS = 2,
  // of function `ord` of a Window node: the frame is ROWS, from the first to the current row
  WB_EDIT_ROWS = 3,
  // function `ord` of a Window or Aggregate node is `function`, an aggregate of the session; outputs
  // keep their names
  WB_EDIT_SET_FUNCTION = 4,
  // of function `ord`: argument `column` is a cast, and is what stands below it then
  WB_EDIT_STRIP_CAST = 5,
  // of function `ord`: without order keys
  WB_EDIT_DROP_ORDER = 6,
  // of function `ord`: neither IGNORE NULLS nor RESPECT NULLS
  WB_EDIT_DROP_NULLS = 7,
} wb_edit_kind;

// Tables of an execution, for wb_exec_table_read: of the physical plan, as far as it went.
typedef enum wb_exec_table {
  // node_id, parent_id, kind, detail, partitions
  WB_EXEC_NODES = 1,
  // node_id, table_name, path, provider_kind
  WB_EXEC_FILES = 2,
  // node_id, name, partition i32, value i64
  WB_EXEC_METRICS = 3,
  // name, value i64: peak_bytes, the most that the execution's pool had given out at one time
  WB_EXEC_TOTALS = 4,
} wb_exec_table;

// Tables of a snapshot, for wb_snap_table_read.
typedef enum wb_snap_table {
  // name protocol|metadata, json: the action as an object, without the `{"protocol": ..}`
  // around it
  WB_SNAP_ACTIONS = 1,
  // path Utf8 (raw as in the log), size i64, mtime_ms i64, stats Utf8 (JSON or null),
  // partition_values Utf8 (JSON object text), dv Utf8 (JSON of the deletionVector or null),
  // base_row_id i64?, tags Utf8 (JSON or null). stats is the log's own text; where the log has
  // statistics in columns only, it has numRecords alone. Read from the log at each asking.
  WB_SNAP_FILES = 2,
} wb_snap_table;

// How the bytes of a row that a function makes are counted.
typedef enum wb_bytes {
  // the text that the argument `item` is, `times` times
  WB_BYTES_TIMES = 1,
  // an item of the list that the argument `item` is, `times` times
  WB_BYTES_ITEMS = 2,
  // what the argument `times` says
  WB_BYTES_LENGTH = 3,
  // a series of numbers, dates or times: to, or from, to and by
  WB_BYTES_SERIES = 4,
  // the third argument wherever the second is in the first
  WB_BYTES_REPLACE = 5,
  // the second argument behind every item of the list that the first one is
  WB_BYTES_JOIN = 6,
  // a list of the argument `item`, `times` times
  WB_BYTES_COPIES = 7,
} wb_bytes;

// Of wb_aggregate_fn.flags.
typedef enum wb_agg_flags {
  // `f(*)` stands for all columns of the input, in order
  WB_AGG_STAR = 1,
  // understands DISTINCT; without it DISTINCT is SQL_PLAN
  WB_AGG_DISTINCT = 2,
  // understands IGNORE NULLS and RESPECT NULLS; without it they are SQL_PLAN
  WB_AGG_NULL_TREATMENT = 4,
} wb_agg_flags;

// Of wb_rel_input.flags.
typedef enum wb_rel_flags {
  // Outputs that nobody reads need not be computed.
  WB_REL_NARROW = 1,
  // A predicate over outputs of this input alone may be applied before the operator.
  WB_REL_FILTER = 2,
  // The order ends with all other columns that can be sorted, so that it is total.
  WB_REL_TOTAL = 4,
  // Rows whose group is not in the other input matter (left only).
  WB_REL_ALONE = 8,
} wb_rel_flags;

// Of wb_rule.kind: what a rule does.
typedef enum wb_rule_kind {
  // the operator `name` over a left side of the class stands for the scalar `function` of
  // both sides
  WB_RULE_OPERATOR = 1,
  // the host puts the aggregate `function` in the place of the aggregate `name` of one argument
  // of the class, by edits of plans: in the list, nothing more
  WB_RULE_REPLACE = 2,
  // `name` is another name of the aggregate or window `function`, whose plans know nothing
  // of it
  WB_RULE_ALIAS = 3,
  // the scalar function `name` is TOO_LARGE where it would make a value of more than `limit`
  // bytes, and MEMORY where those of a batch together have more; in no list, since what is let
  // through is the same without it
  WB_RULE_BOUND = 4,
} wb_rule_kind;

// Of wb_rule.flags.
typedef enum wb_rule_flags {
  // the right side is the first argument
  WB_RULE_SWAPPED = 1,
  // the result is cast to text
  WB_RULE_AS_TEXT = 2,
  // a cast of integers to floats around the argument is taken away
  WB_RULE_STRIP_CAST = 4,
} wb_rule_flags;

#if defined(WI_TEST)
// What an engine does with a store.
typedef enum wb_store_op {
  // An object, whole.
  WB_STORE_PUT = 1,
  // Begins an object of parts.
  WB_STORE_UPLOAD = 2,
  // One part of it.
  WB_STORE_PART = 3,
  // The object is there once it is done.
  WB_STORE_COMPLETE = 4,
  // Gives the object up.
  WB_STORE_ABORT = 5,
  // A request for an object or one range of it.
  WB_STORE_GET = 6,
  // The bytes that come with its answer.
  WB_STORE_BYTES = 7,
  // Ranges of an object, with their bytes.
  WB_STORE_RANGES = 8,
  // What is known of an object, without its bytes.
  WB_STORE_HEAD = 9,
  // The objects of a folder.
  WB_STORE_LIST = 10,
  // One object.
  WB_STORE_DELETE = 11,
  // Within the store.
  WB_STORE_COPY = 12,
  // Within the store.
  WB_STORE_RENAME = 13,
} wb_store_op;
#endif

// What a statement may have at most.
typedef struct Limits Limits;

// Bindings that are being made; see `wb_bind_new`.
typedef struct wb_bind wb_bind;

// A token that asks executions to stop.
typedef struct wb_cancel wb_cancel;

// An execution.
typedef struct wb_exec wb_exec;

// A logical plan.
typedef struct wb_plan wb_plan;

// A runtime: the threads.
typedef struct wb_rt wb_rt;

// A session: settings, functions, declared inputs.
typedef struct wb_sess wb_sess;

// A pinned snapshot; see `wb_snap_open`.
typedef struct wb_snap wb_snap;

// An opened store; see `wb_store_open`.
typedef struct wb_store wb_store;

// What went wrong: wb_err_free.
typedef struct wb_err {
  // WEIR_E_*
  int32_t code;
  // wb_origin: which engine said it
  int32_t origin;
  // root cause, NUL-terminated, UTF-8; owned by the bridge
  char *message;
  // the whole chain of causes, one a line; may be NULL
  char *chain;
  // 1-based place in the SQL if the engine gave one
  uint32_t line;
  // 1-based, in characters; 0 if `line` is
  uint32_t column;
  // errno of the operating system's call that failed, 0 if none did
  int32_t os_error;
  // 0
  uint32_t reserved;
} wb_err;

// Bytes owned by the bridge: wb_buf_free.
typedef struct wb_buf {
  // The first byte; NULL if there are none.
  uint8_t *p;
  // Bytes that are used.
  size_t n;
  // Bytes that were allocated: for wb_buf_free.
  size_t cap;
} wb_buf;

// Text of the caller, UTF-8, borrowed for the call; p may be NULL if n is 0.
typedef struct wb_str {
  // The first byte.
  const char *p;
  // Bytes, not characters; there is no NUL behind them.
  size_t n;
} wb_str;

// Threads of a runtime; wb_rt_new copies it.
typedef struct wb_rt_options {
  // sizeof(wb_rt_options)
  size_t struct_size;
  // WB_ABI of the header that the caller was compiled with; another is ENGINE_LOAD
  uint32_t abi;
  // workers of each place where executions run; at least 1
  uint32_t threads;
  // those that wait for stores and the log, and compute no rows; 0: the others do it too
  uint32_t io_threads;
  // of each of these threads; at least 65536
  size_t stack_bytes;
  // so many executions at one time have `threads` of their own; the others share
  uint32_t rooms;
} wb_rt_options;

// A key and its value.
typedef struct wb_kv {
  // Unique within a list.
  struct wb_str key;
  // As text, whatever it means.
  struct wb_str value;
} wb_kv;

#if defined(WI_TEST)
// Asked before each operation of a store, on the thread that is at it: many may be asking at
// once, they are the engines' own, and no call of the bridge that waits is allowed on them.
typedef struct wb_store_hook {
  // sizeof(wb_store_hook)
  size_t struct_size;
  // What ask and release get; may be NULL.
  void *ctx;
  // op: a wb_store_op; path: NUL-terminated, below the store's root, of a list the folder, of
  // a copy and a rename the target. again is 0; answers: 0 does it, a negative number lets it
  // fail undone, any other does it and then asks once more with again as that number: a
  // negative one loses its answer, which then is a failure.
  int32_t (*ask)(void *ctx, uint32_t op, const char *path, int32_t again);
  // Once, after the last question; may be NULL.
  void (*release)(void *ctx);
} wb_store_hook;
#endif

// Files of a table, for wb_bind_table.
typedef struct wb_table {
  size_t struct_size;
  // whose log has the files; NULL: no log has them
  const struct wb_snap *snap;
  // where they are, without a snapshot
  const struct wb_store *store;
  // moved from: the table's columns. In the metadata of a field at any depth, what files call
  // it, if not the same: weir.stored_name, or weir.stored_id, the id that Parquet has
  struct ArrowSchema *columns;
  // moved from: a struct array, one row a file in the order of their rows. path text, below the
  // root as it is; size int64; rows int64?; partition, a struct of the columns that are not in
  // files; min, max, structs of bounds; nulls, a struct of int64?; dv_path text?, dv_inline
  // text?, dv_offset int32?, dv_size int32?, dv_rows int64?. From partition on each may be left
  // out
  struct ArrowArrayStream *files;
} wb_table;

// What a statement may have at most; above one it is TOO_LARGE, with the count and its place. 0:
// no limit.
typedef struct wb_sql_limits {
  // words and signs of the text
  uint64_t tokens;
  // brackets within each other, and what else nests like them
  uint64_t nesting;
  // levels of the tree: a chain of n terms, joins or set operations has n
  uint64_t depth;
  // expressions, after macros and with each CTE as often as it is named
  uint64_t nodes;
  // tables and other inputs, with each CTE as often as it is named
  uint64_t relations;
  // joins in one FROM
  uint64_t joins;
} wb_sql_limits;

// What a session is made of; wb_sess_new copies it.
typedef struct wb_sess_options {
  // sizeof(wb_sess_options)
  size_t struct_size;
  // DataFusion keys; unknown or bad value: BAD_VALUE
  const struct wb_kv *settings;
  // of settings
  size_t n_settings;
  // default catalog and schema names
  struct wb_str catalog;
  // of names without one
  struct wb_str schema;
  // the pinned clock, Unix microseconds
  int64_t now_us;
  // wb_sess_flags
  uint32_t flags;
  // The host's own settings, as the session's settings show them beside the engine's; whole
  // keys. The engine reads none of them, and none can be set later.
  const struct wb_kv *host_settings;
  // of host_settings
  size_t n_host_settings;
  // What the session may keep of files that it read, in bytes; 0 keeps nothing. Footers are
  // kept by place, so that no two snapshots share one; the other two, of statistics and of
  // lists, are for tables that are folders.
  uint64_t footer_cache_bytes;
  // likewise, of statistics of files
  uint64_t statistics_cache_bytes;
  // likewise, of lists of folders
  uint64_t list_cache_bytes;
  // of every statement of the session
  struct wb_sql_limits limits;
} wb_sess_options;

// A declared parameter of a function.
typedef struct wb_param {
  // lower case; for calls with named arguments
  struct wb_str name;
  // for documentation
  struct wb_str type_text;
  // one sentence
  struct wb_str doc;
  // wb_type_class
  int32_t type_class;
  // 1: may be left out
  uint32_t optional;
  // 1 on the last: one or more
  uint32_t variadic;
  // 1: must be a literal
  uint32_t literal;
} wb_param;

// What information_schema and the host say of a function: texts, copied.
typedef struct wb_doc {
  // the heading that it stands under
  struct wb_str section;
  // what it does
  struct wb_str description;
  // a call with the names of its parameters
  struct wb_str syntax;
  // a statement that runs
  struct wb_str example;
} wb_doc;

// What a callback reports on failure: text is copied at once.
typedef struct wb_fn_err {
  // WEIR_E_*; where it is none, EXECUTION
  int32_t code;
  // UTF-8, NUL-terminated
  char message[1020];
} wb_fn_err;

// One argument of a call: borrowed.
typedef struct wb_arg {
  // As many rows as the call has, or one if is_scalar.
  const struct ArrowArray *array;
  // Its type; the name is of no meaning.
  const struct ArrowSchema *schema;
  // 1: one value for all rows
  uint32_t is_scalar;
  // 0
  uint32_t reserved;
} wb_arg;

// A scalar function of the host.
typedef struct wb_scalar_fn {
  // sizeof(wb_scalar_fn)
  size_t struct_size;
  // lower case, unique among all functions of the session
  struct wb_str name;
  // other names, as unique; may be NULL
  const struct wb_str *aliases;
  // of aliases
  size_t n_aliases;
  // what the function does, as a digest: plans that call it differ where this does
  uint8_t identity[32];
  // wb_volatility
  int32_t volatility;
  // in the order of the arguments; copied
  const struct wb_param *params;
  // of params
  size_t n_params;
  // return type for information_schema, e.g. "Utf8", "Int64"
  struct wb_str return_text;
  // for readers; copied
  struct wb_doc doc;
  // immutable, thread-safe
  void *self;
  // literals[i] is NULL unless argument i is a literal (then a 1-row array). Named or
  // omitted optional arguments arrive in declared order; an omitted one in a gap arrives as
  // a literal of the null type (format "n"). out is owned by the bridge.
  int (*return_field)(void *object,
                      size_t n,
                      const struct ArrowSchema *const *args,
                      const struct ArrowArray *const *literals,
                      struct ArrowSchema *out,
                      struct wb_fn_err *err);
  // rows: result length; if all arguments are scalar (and the function is not volatile) the
  // bridge passes rows = 1 and turns the 1-row result into a scalar. Inputs are borrowed;
  // output moved out. Called on engine threads, concurrently.
  int (*invoke)(void *object,
                size_t n,
                const struct wb_arg *args,
                int64_t rows,
                struct ArrowArray *out,
                struct wb_fn_err *err);
  // Called once, when nothing refers to the function any more; may be NULL.
  void (*release)(void *object);
  // wb_fn_flags
  uint32_t flags;
} wb_scalar_fn;

// One call of an aggregate in a plan: borrowed. The types are those that columns have; a
// callback that is asked for types only (return_field, state_schema) sees no literals and no
// ignore_nulls, because the engine asks before it knows of them.
typedef struct wb_agg_call {
  // of args and of literals
  size_t n_args;
  // the types of the arguments
  const struct ArrowSchema *const *args;
  // an entry is NULL unless the argument is a literal, then a 1-row array; or all NULL
  const struct ArrowArray *const *literals;
  // 1: IGNORE NULLS was written
  uint32_t ignore_nulls;
  // 1: DISTINCT was written
  uint32_t distinct;
} wb_agg_call;

// An aggregate function of the host, for aggregates and as a window. Callbacks are called on
// engine threads; those with `acc` never twice at once for one accumulator (but size may be).
// Its results must not depend on the order of rows, batches and merges.
typedef struct wb_aggregate_fn {
  // sizeof(wb_aggregate_fn)
  size_t struct_size;
  // lower case, unique among all functions of the session
  struct wb_str name;
  // other names, as unique; may be NULL
  const struct wb_str *aliases;
  // of aliases
  size_t n_aliases;
  // what the function does, as a digest: plans that call it differ where this does
  uint8_t identity[32];
  // wb_volatility
  int32_t volatility;
  // wb_agg_flags
  uint32_t flags;
  // in the order of the arguments; copied
  const struct wb_param *params;
  // of params
  size_t n_params;
  // return type for information_schema, e.g. "Int64"
  struct wb_str return_text;
  // for readers; copied
  struct wb_doc doc;
  // immutable, thread-safe
  void *self;
  // The result's field, by the types of the arguments; out is owned by the bridge.
  int (*return_field)(void *object,
                      const struct wb_agg_call *call,
                      struct ArrowSchema *out,
                      struct wb_fn_err *err);
  // A struct of at least one column: the columns in which states travel.
  int (*state_schema)(void *object,
                      const struct wb_agg_call *call,
                      struct ArrowSchema *out,
                      struct wb_fn_err *err);
  // One row: the result over no rows at all, in the result's type; NULL if that is null.
  int (*empty)(void *object,
               const struct ArrowSchema *result,
               struct ArrowArray *out,
               struct wb_fn_err *err);
  // retracts: rows will be taken away again. `call` and all that it points to stay where
  // they are until close.
  int (*open)(void *object,
              const struct wb_agg_call *call,
              bool retracts,
              void **acc,
              struct wb_fn_err *err);
  // Row i belongs to groups[i] < n_groups; groups NULL: all to group 0. Every argument has
  // `rows` rows, scalars too. filter: a boolean array or NULL; only rows where it is true
  // count.
  int (*update)(void *object,
                void *acc,
                const struct ArrowArray *const *args,
                int64_t rows,
                const uint64_t *groups,
                const struct ArrowArray *filter,
                uint64_t n_groups,
                struct wb_fn_err *err);
  // Takes rows of group 0 away that were added before, in the order in which they came; NULL:
  // not for moving frames.
  int (*retract)(void *object,
                 void *acc,
                 const struct ArrowArray *const *args,
                 int64_t rows,
                 struct wb_fn_err *err);
  // state: a struct array of state_schema, one row a state; groups as for update.
  int (*merge)(void *object,
               void *acc,
               const struct ArrowArray *state,
               const uint64_t *groups,
               uint64_t n_groups,
               struct wb_fn_err *err);
  // The results of the first n groups (one row each); then they are gone and the others move
  // down by n, unless `keep`. n may be more than the groups seen: those are empty.
  int (*evaluate)(void *object,
                  void *acc,
                  uint64_t n,
                  bool keep,
                  struct ArrowArray *out,
                  struct wb_fn_err *err);
  // The same with the states, as a struct array.
  int (*state)(void *object,
               void *acc,
               uint64_t n,
               bool keep,
               struct ArrowArray *out,
               struct wb_fn_err *err);
  // Rows as states, one each (a filtered one is an empty state), without an accumulator.
  // NULL: the bridge does it with one that has a group for each row.
  int (*convert)(void *object,
                 const struct wb_agg_call *call,
                 const struct ArrowArray *const *args,
                 int64_t rows,
                 const struct ArrowArray *filter,
                 struct ArrowArray *out,
                 struct wb_fn_err *err);
  // Bytes held by an accumulator.
  uint64_t (*size)(void *object, const void *acc);
  // Frees an accumulator; called once for each that open made.
  void (*close)(void *object, void *acc);
  // Called once, when nothing refers to the function any more; may be NULL.
  void (*release)(void *object);
} wb_aggregate_fn;

// An argument `name => literal` of a call.
typedef struct wb_rel_option {
  // as written, lower case
  struct wb_str name;
  // wb_param_type (integers, floats, texts, booleans); 0: another type
  int32_t type;
  // then `text` is empty
  bool is_null;
  // the value as text: digits, true or false
  struct wb_str text;
} wb_rel_option;

// A column that rows are sorted by.
typedef struct wb_rel_order {
  // index into the input's schema
  uint32_t column;
  // largest first
  bool descending;
  // nulls before all values, whichever way it goes
  bool nulls_first;
} wb_rel_order;

// What an operator wants of one of its inputs. Columns are indexes into the input's schema.
typedef struct wb_rel_input {
  // columns that go to the output, in its order
  const uint32_t *outputs;
  // of outputs
  size_t n_outputs;
  // columns by whose equality rows come together, pairwise with the other input's; both are
  // cast to a type in which they can be compared; a null is equal to nothing
  const uint32_t *groups;
  // of groups; the same as the other input's
  size_t n_groups;
  // columns that run reads, cast to int64
  const uint32_t *values;
  // of values
  size_t n_values;
  // the order of rows within a group
  const struct wb_rel_order *order;
  // of order
  size_t n_order;
  // wb_rel_flags
  uint32_t flags;
} wb_rel_input;

// What plan answers. Everything but the schema is the call's and lives until drop_call.
typedef struct wb_rel_plan {
  // of the first relation
  struct wb_rel_input left;
  // of the second one
  struct wb_rel_input right;
  // a struct: left outputs, right outputs, then columns that run computes; moved from
  struct ArrowSchema schema;
  // everything of the options that can change a result, and is in no index above
  struct wb_str canonical;
  // what open and drop_call get; may be NULL
  void *call;
} wb_rel_plan;

// Whole groups of both inputs. Group g is the rows from offsets[g] to offsets[g + 1]; values
// are those that plan asked for. All borrowed.
typedef struct wb_rel_chunk {
  // of both inputs
  size_t n_groups;
  // n_groups + 1 row numbers of the left input
  const int64_t *left_offsets;
  // likewise of the right one
  const int64_t *right_offsets;
  // the columns that plan asked for, one array each
  const struct ArrowArray *const *left;
  // likewise of the right input
  const struct ArrowArray *const *right;
  // Whether run may end, with CANCELLED: nobody waits for it any more. To be asked from time
  // to time; quick, from any thread.
  bool (*stopped)(const void *stop);
  // what stopped takes
  const void *stop;
} wb_rel_chunk;

// A relation operator of the host: FROM name(relation, relation, option => literal, ..).
typedef struct wb_relation_fn {
  // sizeof(wb_relation_fn)
  size_t struct_size;
  // lower case, unique among all functions of the session
  struct wb_str name;
  // what the operator does, as a digest: plans that call it differ where this does
  uint8_t identity[32];
  // immutable, thread-safe
  void *self;
  // One call: checks the options against the inputs' schemas (structs).
  int (*plan)(void *object,
              const struct ArrowSchema *left,
              const struct ArrowSchema *right,
              const struct wb_rel_option *options,
              size_t n_options,
              struct wb_rel_plan *out,
              struct wb_fn_err *err);
  // Called once for each successful plan; calls are immutable and thread-safe until then.
  void (*drop_call)(void *call);
  // The state of one partition; it belongs to one thread at a time.
  int (*open)(void *call, void **state, struct wb_fn_err *err);
  // Bytes that run needs for a chunk of so many rows, the result included.
  uint64_t (*scratch)(void *state, uint64_t left_rows, uint64_t right_rows);
  // Rows of the result: a struct of the left row (int64), the right row (int64, null for
  // none), and the computed columns, in chunk row numbers; owned by the bridge.
  int (*run)(void *state,
             const struct wb_rel_chunk *chunk,
             struct ArrowArray *out,
             struct wb_fn_err *err);
  // Frees a state; called once for each that open made, on any thread.
  void (*close)(void *state);
  // Called once, when nothing refers to the operator any more; may be NULL.
  void (*release)(void *object);
} wb_relation_fn;

// A rule of a session.
typedef struct wb_rule {
  // wb_rule_kind
  int32_t kind;
  // what is written: an operator, or a function
  struct wb_str name;
  // what stands for it; empty of a bound
  struct wb_str function;
  // wb_type_class: ANY, FLOAT64 (floats of any width), STRUCT, LIST or MAP
  int32_t type_class;
  // wb_rule_flags
  uint32_t flags;
  // rises when what the rule does changes
  uint32_t version;
  // of a bound: wb_bytes, and which arguments count
  int32_t bytes;
  // the argument (from 0) whose bytes count
  uint32_t item;
  // the argument that says how often
  uint32_t times;
  // bytes
  uint64_t limit;
} wb_rule;

// The value of a parameter.
typedef struct wb_value {
  // without the sign before it
  struct wb_str name;
  // wb_param_type
  int32_t type;
  // then the type alone counts
  bool is_null;
  // see wb_param_type
  int64_t i64;
  // see wb_param_type
  double f64;
  // see wb_param_type
  struct wb_str text;
} wb_value;

// A call of a table function in a statement, and the input that it stands for: bound like a
// declared one, but known to this statement alone.
typedef struct wb_call {
  // the name of a table function of the session
  struct wb_str function;
  // int64 or text, not null; names are not looked at
  const struct wb_value *args;
  // of args
  size_t n_args;
  // under which the input is bound
  struct wb_str schema;
  // the name that it is bound by
  struct wb_str table;
  // tells plans apart that read the same columns; may be empty
  struct wb_str tag;
  // borrowed
  const struct ArrowSchema *columns;
} wb_call;

// An edit of a plan; nodes by their node_id in the plan's tables.
typedef struct wb_edit {
  // wb_edit_kind
  int32_t kind;
  // its node_id
  uint32_t node;
  // which of the node's functions, from 0
  uint32_t ord;
  // of the node's input, from 0; not used by every kind
  uint32_t column;
  // ADD_KEY: a scalar function of the session of one argument; empty: none
  struct wb_str function;
} wb_edit;

// How a plan is executed; wb_exec_new copies it.
typedef struct wb_exec_options {
  // sizeof(wb_exec_options)
  size_t struct_size;
  // into which inputs are cut, and worked on at once; at least 1
  uint32_t partitions;
  // rows of a batch at most; at least 1
  uint32_t batch_rows;
  // 0: unbounded pool
  uint64_t memory_bytes;
  // empty: spilling off
  struct wb_str spill_dir;
  // limit; 0: engine's default
  uint64_t spill_bytes;
  // joins that sort, and can spill, in place of those that hash
  bool no_hash_join;
  // of memory_bytes: what all sorts together gather before they spill
  uint32_t gather_percent;
  // of memory_bytes: what is kept, half for merges of sorts and half for all else
  uint32_t merge_percent;
  // a sort that gathered less is done in one piece; 0: as the session says
  uint64_t sort_in_place_bytes;
  // what a sort that may spill keeps for its merge; 0: as the session says
  uint64_t sort_reserve_bytes;
  // batches below sorts and aggregates are cut to this size; 0: as they come
  uint64_t cut_bytes;
  // MEMORY where batch_rows rows of a sort would take more, but where an input can be scanned
  // once only: nobody can plan that again; 0: never
  uint64_t wide_bytes;
  // a sort for a limit of more rows than these sorts all; 0: never
  uint32_t top_rows;
} wb_exec_options;

// How rows become files; borrowed for the call of wb_exec_stage.
typedef struct wb_stage_options {
  // sizeof(wb_stage_options)
  size_t struct_size;
  // the folder of the files below the root of the store
  struct wb_str prefix;
  // those whose values make folders, not columns of files; may be NULL
  const struct wb_str *partition_columns;
  // of partition_columns
  size_t n_partition_columns;
  // what the rows of each file are sorted by, ascending with nulls first; for its footer
  const struct wb_str *sort_columns;
  // how many sort_columns there are
  size_t n_sort_columns;
  // dotted leaf paths to give min/max/nulls for; NULL: all leaves
  const struct wb_str *stats_columns;
  // of stats_columns
  size_t n_stats_columns;
  // a file that is larger ends, and another begins
  uint64_t target_file_bytes;
  // rows of a row group at most
  uint64_t row_group_rows;
  // encoded, and what the writer holds for it
  uint64_t row_group_bytes;
  // the longest bound of a text or of bytes in a file's footer: longer ones are cut, max up
  uint64_t bound_bytes;
  // an object of more bytes is written in parts of this size, so many at once
  uint64_t part_bytes;
  // parts of one object that are sent at once
  uint32_t parts_in_flight;
  // zstd | snappy | none
  struct wb_str compression;
  // of zstd
  int32_t compression_level;
  // goes into the footer of each file; may be NULL
  const struct wb_kv *file_metadata;
  // of file_metadata
  size_t n_file_metadata;
  // how long it may take to let go of a file that was begun and failed
  uint64_t abort_ms;
} wb_stage_options;



// Frees the texts of an error and zeroes it.
void wb_err_free(struct wb_err *err);

// Frees the bytes of a buffer and zeroes it.
void wb_buf_free(struct wb_buf *buf);

#if defined(WI_TEST)
// Only in a build for tests: the next time the named point is passed, it panics. Points: each
// export's name, "stream.get_next", "operator.task", "udf.call", "release". Empty name clears.
int32_t wb_test_panic_at(struct wb_str name,
                         struct wb_err *err);
#endif

// Starts a runtime; the first call of all, which sees whether both sides mean the same interface.
// `threads` run an execution, `rooms` says how many of them have threads of their own at one
// time; `io_threads` do everything else (0: the engine's own do both).
int32_t wb_rt_new(const struct wb_rt_options *options,
                  struct wb_rt **out,
                  struct wb_err *err);

// Waits at most timeout_ms for tasks, then leaves them. What was made with the runtime keeps
// it alive; then there is no waiting.
void wb_rt_free(struct wb_rt *rt,
                uint64_t timeout_ms);

// A token that asks calls and executions to stop. With `of` it is the same token, for what may
// go on, and begin, for late_ms after it was fired.
int32_t wb_cancel_new(const struct wb_cancel *of,
                      uint64_t late_ms,
                      struct wb_cancel **out,
                      struct wb_err *err);

// Fires the token: idempotent, from any thread.
void wb_cancel_fire(struct wb_cancel *cancel);

// Frees a token; executions that were given it keep their own share.
void wb_cancel_free(struct wb_cancel *cancel);

// rows (component Utf8, version Utf8): bridge, datafusion, arrow, parquet, object_store,
// deltalake-core, kernel
int32_t wb_versions(struct ArrowArrayStream *out, struct wb_err *err);

// Opens the root `url`: file, memory, s3, s3a, az, adl, abfs, abfss, gs. Options are those of
// the kind of store; unknown ones are BAD_VALUE. Nothing is created, and nothing is read from
// the environment. A memory store is empty and known by its handle only.
int32_t wb_store_open(struct wb_rt *rt,
                      struct wb_str url,
                      const struct wb_kv *options,
                      size_t n_options,
                      struct wb_store **out,
                      struct wb_err *err);

#if defined(WI_TEST)
// Only in a build for tests: takes a store that was just opened and gives one whose hook is
// asked before each operation of the engines, which those of wb_obj_* are not (copied; its
// context stays the caller's when this fails, and so does the store).
int32_t wb_test_store_hook(struct wb_store *store,
                           const struct wb_store_hook *hook,
                           struct wb_err *err);
#endif

// Rows (ord u32, path, found bool, size u64, mtime_us i64, etag Utf8?, bytes Binary (NULL
// where max_bytes is 0)); concurrent inside. TOO_LARGE where all together have more. cancel, here
// and below: what stops the call while it waits for the store, or NULL; what the store was asked
// for may happen all the same.
int32_t wb_obj_get(const struct wb_store *store,
                   const struct wb_str *paths,
                   size_t n,
                   uint64_t max_bytes,
                   const struct wb_cancel *cancel,
                   struct ArrowArrayStream *out,
                   struct wb_err *err);

// Rows (path relative to root, size u64, mtime_us i64, etag Utf8?), sorted by path: the
// objects below the folder prefix, or only those directly in it. start_after: empty or a path.
int32_t wb_obj_list(const struct wb_store *store,
                    struct wb_str prefix,
                    struct wb_str start_after,
                    bool recursive,
                    const struct wb_cancel *cancel,
                    struct ArrowArrayStream *out,
                    struct wb_err *err);

// Writes one object, whole or not at all; if_absent: EXISTS if there is one.
int32_t wb_obj_put(const struct wb_store *store,
                   struct wb_str path,
                   const uint8_t *bytes,
                   size_t n,
                   bool if_absent,
                   const struct wb_cancel *cancel,
                   struct wb_err *err);

// Deletes objects; an absent one is fine.
int32_t wb_obj_delete(const struct wb_store *store,
                      const struct wb_str *paths,
                      size_t n,
                      const struct wb_cancel *cancel,
                      struct wb_err *err);

// Frees the handle; NULL is allowed.
void wb_store_free(struct wb_store *store);

// Opens the table at the store's root: -1 is the latest version. TABLE_MISSING,
// VERSION_MISSING, LOG_CORRUPT, FEATURE_UNSUPPORTED. Nothing is created. cancel, here and below:
// what stops the call, and the reading of its stream, or NULL.
int32_t wb_snap_open(const struct wb_store *store,
                     int64_t version,
                     const struct wb_cancel *cancel,
                     struct wb_snap **out,
                     struct wb_err *err);

// Reads a table of the snapshot: wb_snap_table.
int32_t wb_snap_table_read(const struct wb_snap *snap,
                           int32_t which,
                           const struct wb_cancel *cancel,
                           struct ArrowArrayStream *out,
                           struct wb_err *err);

// The latest transaction version of an application, as far as the table still remembers;
// -1 where it knows none, since 0 is a version like another.
int32_t wb_snap_txn(const struct wb_snap *snap,
                    struct wb_str app_id,
                    const struct wb_cancel *cancel,
                    bool *found,
                    int64_t *version,
                    struct wb_err *err);

// Writes a checkpoint of the version; nothing to do if there is one.
int32_t wb_snap_checkpoint(const struct wb_snap *snap,
                           const struct wb_cancel *cancel,
                           struct wb_err *err);

// Frees the handle; NULL is allowed.
void wb_snap_free(struct wb_snap *snap);

// A set of bindings, empty.
int32_t wb_bind_new(struct wb_bind **out, struct wb_err *err);

// Frees the handle; NULL is allowed. Executions keep what they were made with.
void wb_bind_free(struct wb_bind *bind);

// Binds schema.table to a stream, which is taken. Its columns go to the declared ones by name; cast
// to declared types where they differ losslessly. collect: read now, on the caller's thread, and
// its rows can be read many times; else it is read once, pulled on a blocking thread through a
// bounded channel.
int32_t wb_bind_stream(struct wb_bind *bind,
                       struct wb_str schema,
                       struct wb_str table,
                       struct ArrowArrayStream *take,
                       bool collect,
                       struct wb_err *err);

// Binds schema.table to the files of a table. The columns and the stream of files are moved from;
// the stream is asked at the first scan, on a thread that may block, and again after a failure.
// options NULL: takes the binding of schema.table out, whatever it is; executions keep what they
// were made with, and none of that name is fine.
int32_t wb_bind_table(struct wb_bind *bind,
                      struct wb_str schema,
                      struct wb_str table,
                      const struct wb_table *options,
                      struct wb_err *err);

// Relations, functions and parameters of one statement, from its AST (CTE names excluded):
// rows (kind Utf8 statement|relation|function|table_function|parameter, name Utf8 (dotted,
// unquoted parts in lower case; a parameter without its $), line UInt32, column UInt32, args
// Utf8 (of a table function: a JSON array of {kind: text|int|null|param|name|other, text, and
// name for a named one}; null otherwise)), in the order of the text, one for each use.
// kind=statement comes first and has the class as its name, query|explain|ddl|dml|copy|set|other,
// and as args the words that the statement begins with. An empty SQL or more than one statement:
// SQL_SYNTAX; above a limit: TOO_LARGE, with the place. Names among the relation arguments of `operators` are relations, too.
int32_t wb_sql_refs(struct wb_str sql,
                    const struct wb_sql_limits *limits,
                    const struct wb_str *operators,
                    size_t n_operators,
                    struct ArrowArrayStream *out,
                    struct wb_err *err);

// Adds a table function (32 bytes of identity, wb_volatility), whose calls wb_plan_sql is
// told of. DUPLICATE_NAME if there is a function of the name.
int32_t wb_sess_add_table_fn(struct wb_sess *sess,
                             struct wb_str name,
                             const uint8_t *identity,
                             int32_t volatility,
                             struct wb_err *err);

// Declares schema.table of the session's catalog with this schema (moved from).
// DUPLICATE_NAME if declared. May be called after seal. take NULL: takes it out of the catalog; no
// later plan finds it, those that were made keep it; none of that name is fine.
int32_t wb_input_declare(struct wb_sess *sess,
                         struct wb_str schema,
                         struct wb_str table,
                         struct ArrowSchema *take,
                         struct wb_err *err);

// A session; settings and functions are given before seal, planning before seal is
// NOT_SEALED.
int32_t wb_sess_new(struct wb_rt *rt,
                    const struct wb_sess_options *options,
                    struct wb_sess **out,
                    struct wb_err *err);

// Adds a function: everything is copied, `self` is owned by the session from a success on (on
// failure it stays the caller's, and release is not called). DUPLICATE_NAME if a built-in or
// an earlier one has the name or an alias.
int32_t wb_sess_add_scalar(struct wb_sess *sess,
                           const struct wb_scalar_fn *fn_,
                           struct wb_err *err);

// Adds an aggregate function, which is a window function too: as wb_sess_add_scalar.
int32_t wb_sess_add_aggregate(struct wb_sess *sess,
                              const struct wb_aggregate_fn *fn_,
                              struct wb_err *err);

// Adds a relation operator; ownership as for wb_sess_add_scalar. DUPLICATE_NAME if a function
// has the name.
int32_t wb_sess_add_relation(struct wb_sess *sess,
                             const struct wb_relation_fn *fn_,
                             struct wb_err *err);

// Ends the setting up; planning begins.
int32_t wb_sess_seal(struct wb_sess *sess, struct wb_err *err);

// A table about the session (wb_sess_table): sorted, deterministic.
int32_t wb_sess_table_read(struct wb_sess *sess,
                           int32_t which,
                           struct ArrowArrayStream *out,
                           struct wb_err *err);

// Frees a session; what was made with it keeps its own share.
void wb_sess_free(struct wb_sess *sess);

// Carries out the CREATE FUNCTION and DROP FUNCTION statements of a text, in their order: all
// or none. A call of such a function is replaced by its body before planning. Errors have the
// place in the text. DUPLICATE_NAME, UNKNOWN_FUNCTION, MACRO, SQL_SYNTAX; NOT_SEALED after
// sealing.
int32_t wb_sess_add_macros(struct wb_sess *sess,
                           struct wb_str text,
                           struct wb_err *err);

// Adds a rule behind those that are there. UNKNOWN_FUNCTION: the session does not have the
// function that it leads to.
int32_t wb_sess_add_rule(struct wb_sess *sess,
                         const struct wb_rule *rule,
                         struct wb_err *err);

// Parses one statement, replaces $name by typed literals in the AST, plans and analyses
// (EXPLAIN is left unanalysed). Whatever it is: that it only reads, and that the engine computes it
// rightly, is the host's to see in the plan's tables. A $name without a
// value: PARAM_UNKNOWN. A bool is in i64 (0 or 1). A call of a table function of the host
// that is none of `calls`: SQL_PLAN. cancel, here and in wb_plan_optimize: stops it between the
// steps of its rules, or NULL.
int32_t wb_plan_sql(struct wb_sess *sess,
                    struct wb_str sql,
                    const struct wb_value *values,
                    size_t n_values,
                    const struct wb_call *calls,
                    size_t n_calls,
                    const struct wb_cancel *cancel,
                    struct wb_plan **out,
                    struct wb_err *err);

// The parameters that have no value, sorted: name, type (as in plan tables; "" where nothing in
// the statement says it). Rows as in wb_plan_sql's `calls`; a parameter within a call's arguments
// that is not among `values` makes it fail.
int32_t wb_sql_params(struct wb_sess *sess,
                      struct wb_str sql,
                      const struct wb_value *values,
                      size_t n_values,
                      const struct wb_call *calls,
                      size_t n_calls,
                      struct ArrowArrayStream *out,
                      struct wb_err *err);

// The plan with its nodes edited, each by its edits in their order; then, if `target` is given,
// under a projection that casts (checked, failing on overflow) output i to target column i and
// names it so (SCHEMA_CHANGED if that cannot be); then, if there are columns to sort by, sorted
// by them (ascending, nulls first).
int32_t wb_plan_edit(const struct wb_plan *plan,
                     const struct wb_edit *edits,
                     size_t n_edits,
                     const struct ArrowSchema *target,
                     const struct wb_str *sort,
                     size_t n_sort,
                     struct wb_plan **out,
                     struct wb_err *err);

// Runs the session's optimiser rules. The result can be executed; it cannot be changed by
// the calls above any more.
int32_t wb_plan_optimize(const struct wb_plan *plan,
                         const struct wb_cancel *cancel,
                         struct wb_plan **out,
                         struct wb_err *err);

// The columns of the result.
int32_t wb_plan_schema(const struct wb_plan *plan,
                       struct ArrowSchema *out,
                       struct wb_err *err);

// A flat table about the plan (wb_plan_table).
int32_t wb_plan_table_read(const struct wb_plan *plan,
                           int32_t which,
                           struct ArrowArrayStream *out,
                           struct wb_err *err);

// The plan as text for people (wb_plan_format).
int32_t wb_plan_text(const struct wb_plan *plan,
                     int32_t format,
                     struct wb_buf *out,
                     struct wb_err *err);

// Frees a plan; executions keep their own share.
void wb_plan_free(struct wb_plan *plan);

// Writes the stream as Arrow IPC stream format to a file descriptor (not closed). Takes the
// stream.
int32_t wb_ipc_write(struct ArrowArrayStream *take,
                     int32_t fd,
                     struct wb_err *err);

// An execution of a plan that was optimised by the same session, over these bindings; bind
// and cancel may be NULL. What is bound later is not seen.
int32_t wb_exec_new(struct wb_sess *sess,
                    const struct wb_plan *plan,
                    const struct wb_bind *bind,
                    const struct wb_exec_options *options,
                    const struct wb_cancel *cancel,
                    struct wb_exec **out,
                    struct wb_err *err);

// The rows, in one stream; STREAM_USED the second time, and after wb_exec_stage.
int32_t wb_exec_stream(struct wb_exec *exec,
                       struct ArrowArrayStream *out,
                       struct wb_err *err);

// A flat table about the execution (wb_exec_table); metrics grow while it runs.
int32_t wb_exec_table_read(const struct wb_exec *exec,
                           int32_t which,
                           struct ArrowArrayStream *out,
                           struct wb_err *err);

// Frees an execution; a stream of it keeps its own share.
void wb_exec_free(struct wb_exec *exec);

// Bindings of their own with what the plan reads of `from`, as it is bound there now.
int32_t wb_bind_copy(const struct wb_bind *from,
                     const struct wb_plan *plan,
                     struct wb_bind **out,
                     struct wb_err *err);

// Runs and writes Parquet below store root + prefix; files appear as
// <prefix><5-digit ordinal>.parquet. Rows must arrive sorted by the partition columns; those
// are left out of the files. On any error nothing is deleted: the prefix is the caller's.
// Out rows: for each file one with column NULL, then one for each leaf column, in order:
// file_ord u32, path Utf8 (relative to the root), size u64, rows u64, partition_values Utf8
// (JSON object text, Delta text form, null and empty text as null), column Utf8 (dotted leaf
// path), type Utf8, null_count i64 (-1 unknown), min Utf8, max Utf8 (NULL if none; exact
// JSON-able text: ints decimal, floats shortest with NaN/Inf left out, text as is (one longer
// than bound_bytes cut: min down, max up), dates ISO, timestamps ISO microseconds with Z (without a zone: no Z), decimals plain, bool
// true/false). The stream's schema has the number of all rows as metadata "rows".
int32_t wb_exec_stage(struct wb_exec *exec,
                      const struct wb_store *store,
                      const struct wb_stage_options *options,
                      struct ArrowArrayStream *out,
                      struct wb_err *err);

#endif  /* WB_H */
