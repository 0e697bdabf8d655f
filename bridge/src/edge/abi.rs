//! The types of the C interface.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_int, c_void};

use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};


/// The version of this interface.
pub const WB_ABI: u32 = 4;

/// Text of the caller, UTF-8, borrowed for the call; p may be NULL if n is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wb_str {
    /// The first byte.
    pub p: *const c_char,
    /// Bytes, not characters; there is no NUL behind them.
    pub n: usize,
}

/// A key and its value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wb_kv {
    /// Unique within a list.
    pub key: wb_str,
    /// As text, whatever it means.
    pub value: wb_str,
}

/// Bytes owned by the bridge: wb_buf_free.
#[repr(C)]
pub struct wb_buf {
    /// The first byte; NULL if there are none.
    pub p: *mut u8,
    /// Bytes that are used.
    pub n: usize,
    /// Bytes that were allocated: for wb_buf_free.
    pub cap: usize,
}

/// What went wrong: wb_err_free.
#[repr(C)]
pub struct wb_err {
    /// WEIR_E_*
    pub code: i32,
    /// wb_origin: which engine said it
    pub origin: i32,
    /// root cause, NUL-terminated, UTF-8; owned by the bridge
    pub message: *mut c_char,
    /// the whole chain of causes, one a line; may be NULL
    pub chain: *mut c_char,
    /// 1-based place in the SQL if the engine gave one
    pub line: u32,
    /// 1-based, in characters; 0 if `line` is
    pub column: u32,
    /// errno of the operating system's call that failed, 0 if none did
    pub os_error: i32,
    /// 0
    pub reserved: u32,
}

/// Who said it.
#[repr(C)]
pub enum wb_origin {
    /// The bridge itself: wrong arguments, limits of the host.
    WB_ORIGIN_BRIDGE = 1,
    /// The query engine, its parser included.
    WB_ORIGIN_DATAFUSION = 2,
    /// delta-rs.
    WB_ORIGIN_DELTA = 3,
    /// The reader of Delta's log.
    WB_ORIGIN_KERNEL = 4,
    /// Arrow: arrays and their kernels.
    WB_ORIGIN_ARROW = 5,
    /// The reader or writer of Parquet files.
    WB_ORIGIN_PARQUET = 6,
    /// An object store, or a folder that is one.
    WB_ORIGIN_STORE = 7,
    /// A callback of the host; the text is its own.
    WB_ORIGIN_HOST = 8,
}

/// Threads of a runtime; wb_rt_new copies it.
#[repr(C)]
pub struct wb_rt_options {
    /// sizeof(wb_rt_options)
    pub struct_size: usize,
    /// WB_ABI of the header that the caller was compiled with; another is ENGINE_LOAD
    pub abi: u32,
    /// workers of each place where executions run; at least 1
    pub threads: u32,
    /// those that wait for stores and the log, and compute no rows; 0: the others do it too
    pub io_threads: u32,
    /// of each of these threads; at least 65536
    pub stack_bytes: usize,
    /// so many executions at one time have `threads` of their own; the others share
    pub rooms: u32,
}

/// One argument of a call: borrowed.
#[repr(C)]
pub struct wb_arg {
    /// As many rows as the call has, or one if is_scalar.
    pub array: *const FFI_ArrowArray,
    /// Its type; the name is of no meaning.
    pub schema: *const FFI_ArrowSchema,
    /// 1: one value for all rows
    pub is_scalar: u32,
    /// 0
    pub reserved: u32,
}

/// What a callback reports on failure: text is copied at once.
#[repr(C)]
pub struct wb_fn_err {
    /// WEIR_E_*; where it is none, EXECUTION
    pub code: i32,
    /// UTF-8, NUL-terminated
    pub message: [c_char; 1020],
}

/// Parameter classes of a signature.
#[repr(C)]
pub enum wb_type_class {
    /// Any type, as it is.
    WB_T_ANY = 0,
    /// Utf8, LargeUtf8, Utf8View as they are; dictionaries are decoded; others coerced if
    /// castable implicitly (null)
    WB_T_TEXT = 1,
    /// 64-bit integers; others are cast if that is implicit in SQL.
    WB_T_INT64 = 2,
    /// 32-bit integers; likewise.
    WB_T_INT32 = 3,
    /// Booleans.
    WB_T_BOOL = 4,
    /// 64-bit floats; other numbers are cast.
    WB_T_FLOAT64 = 5,
    /// Structs of any fields, as they are.
    WB_T_STRUCT = 6,
    /// Lists of any items and layout, as they are.
    WB_T_LIST = 7,
    /// Maps of any entries, as they are.
    WB_T_MAP = 8,
    /// any, dictionaries decoded
    WB_T_ANY_FLAT = 9,
    /// The item type of the list, or the value type of the map, that is the first argument:
    /// cast to it where the engine can, literals too.
    WB_T_ITEM = 10,
}

/// Of wb_scalar_fn.flags.
#[repr(C)]
pub enum wb_fn_flags {
    /// May leave arguments unevaluated: none of them is taken out of the call.
    WB_FN_SHORT_CIRCUITS = 1,
    /// Code that the host did not write: every result is checked value by value (UTF-8, offsets,
    /// dictionary keys, null counts) and against the nullability that its field says, and a bad
    /// one is PLUGIN, not BUG.
    WB_FN_FOREIGN = 2,
}

/// What a function promises of its result, as in SQL.
#[repr(C)]
pub enum wb_volatility {
    /// The same for the same arguments: may be computed while planning.
    WB_IMMUTABLE = 1,
    /// The same for the same arguments within one execution.
    WB_STABLE = 2,
    /// Anything: called for each row.
    WB_VOLATILE = 3,
}

/// A declared parameter of a function.
#[repr(C)]
pub struct wb_param {
    /// lower case; for calls with named arguments
    pub name: wb_str,
    /// for documentation
    pub type_text: wb_str,
    /// one sentence
    pub doc: wb_str,
    /// wb_type_class
    pub type_class: i32,
    /// 1: may be left out
    pub optional: u32,
    /// 1 on the last: one or more
    pub variadic: u32,
    /// 1: must be a literal
    pub literal: u32,
}

/// What information_schema and the host say of a function: texts, copied.
#[repr(C)]
pub struct wb_doc {
    /// the heading that it stands under
    pub section: wb_str,
    /// what it does
    pub description: wb_str,
    /// a call with the names of its parameters
    pub syntax: wb_str,
    /// a statement that runs
    pub example: wb_str,
}

/// A scalar function of the host.
/// cbindgen:field-names=[struct_size, name, aliases, n_aliases, identity, volatility, params, n_params, return_text, doc, self, return_field, invoke, release, flags]
#[repr(C)]
pub struct wb_scalar_fn {
    /// sizeof(wb_scalar_fn)
    pub struct_size: usize,
    /// lower case, unique among all functions of the session
    pub name: wb_str,
    /// other names, as unique; may be NULL
    pub aliases: *const wb_str,
    /// of aliases
    pub n_aliases: usize,
    /// what the function does, as a digest: plans that call it differ where this does
    pub identity: [u8; 32],
    /// wb_volatility
    pub volatility: i32,
    /// in the order of the arguments; copied
    pub params: *const wb_param,
    /// of params
    pub n_params: usize,
    /// return type for information_schema, e.g. "Utf8", "Int64"
    pub return_text: wb_str,
    /// for readers; copied
    pub doc: wb_doc,
    /// immutable, thread-safe
    pub self_: *mut c_void,
    /// literals[i] is NULL unless argument i is a literal (then a 1-row array). Named or
    /// omitted optional arguments arrive in declared order; an omitted one in a gap arrives as
    /// a literal of the null type (format "n"). out is owned by the bridge.
    pub return_field: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            n: usize,
            args: *const *const FFI_ArrowSchema,
            literals: *const *const FFI_ArrowArray,
            out: *mut FFI_ArrowSchema,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// rows: result length; if all arguments are scalar (and the function is not volatile) the
    /// bridge passes rows = 1 and turns the 1-row result into a scalar. Inputs are borrowed;
    /// output moved out. Called on engine threads, concurrently.
    pub invoke: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            n: usize,
            args: *const wb_arg,
            rows: i64,
            out: *mut FFI_ArrowArray,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// Called once, when nothing refers to the function any more; may be NULL.
    pub release: Option<unsafe extern "C" fn(object: *mut c_void)>,
    /// wb_fn_flags
    pub flags: u32,
}

/// What a statement may have at most; above one it is TOO_LARGE, with the count and its place. 0:
/// no limit.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wb_sql_limits {
    /// words and signs of the text
    pub tokens: u64,
    /// brackets within each other, and what else nests like them
    pub nesting: u64,
    /// levels of the tree: a chain of n terms, joins or set operations has n
    pub depth: u64,
    /// expressions, after macros and with each CTE as often as it is named
    pub nodes: u64,
    /// tables and other inputs, with each CTE as often as it is named
    pub relations: u64,
    /// joins in one FROM
    pub joins: u64,
}

/// What a session is made of; wb_sess_new copies it.
#[repr(C)]
pub struct wb_sess_options {
    /// sizeof(wb_sess_options)
    pub struct_size: usize,
    /// DataFusion keys; unknown or bad value: BAD_VALUE
    pub settings: *const wb_kv,
    /// of settings
    pub n_settings: usize,
    /// default catalog and schema names
    pub catalog: wb_str,
    /// of names without one
    pub schema: wb_str,
    /// the pinned clock, Unix microseconds
    pub now_us: i64,
    /// wb_sess_flags
    pub flags: u32,
    /// The host's own settings, as the session's settings show them beside the engine's; whole
    /// keys. The engine reads none of them, and none can be set later.
    pub host_settings: *const wb_kv,
    /// of host_settings
    pub n_host_settings: usize,
    /// What the session may keep of files that it read, in bytes; 0 keeps nothing. Footers are
    /// kept by place, so that no two snapshots share one; the other two, of statistics and of
    /// lists, are for tables that are folders.
    pub footer_cache_bytes: u64,
    /// likewise, of statistics of files
    pub statistics_cache_bytes: u64,
    /// likewise, of lists of folders
    pub list_cache_bytes: u64,
    /// of every statement of the session
    pub limits: wb_sql_limits,
}

/// Of wb_sess_options.flags.
#[repr(C)]
pub enum wb_sess_flags {
    /// Checks every value that a function of the host returns (UTF-8, offsets, dictionary
    /// keys), not only the layout: for tests.
    WB_SESS_VALIDATE_FULL = 1,
}

/// Tables of a session, for wb_sess_table_read; texts unless said otherwise.
#[repr(C)]
pub enum wb_sess_table {
    /// key, value
    WB_SESS_SETTINGS = 1,
    /// name, kind scalar|aggregate|window|table|macro|relation, volatility
    /// immutable|stable|volatile|'', identity hex or '', aliases comma-joined, origin
    /// builtin|host|project
    WB_SESS_FUNCTIONS = 2,
    /// kind analyzer|optimizer|physical|rewrite|planner|operator|replace, ordinal Int32, name,
    /// version, parameters ('' for the engine's own, whose version is the engine's)
    WB_SESS_RULES = 3,
    /// name, text: CREATE FUNCTION as it is carried out, earlier macros expanded
    WB_SESS_MACROS = 4,
}

/// Of wb_rule.kind: what a rule does.
#[repr(C)]
pub enum wb_rule_kind {
    /// the operator `name` over a left side of the class stands for the scalar `function` of
    /// both sides
    WB_RULE_OPERATOR = 1,
    /// the host puts the aggregate `function` in the place of the aggregate `name` of one argument
    /// of the class, by edits of plans: in the list, nothing more
    WB_RULE_REPLACE = 2,
    /// `name` is another name of the aggregate or window `function`, whose plans know nothing
    /// of it
    WB_RULE_ALIAS = 3,
    /// the scalar function `name` is TOO_LARGE where it would make a value of more than `limit`
    /// bytes, and MEMORY where those of a batch together have more; in no list, since what is let
    /// through is the same without it
    WB_RULE_BOUND = 4,
}

/// Of wb_rule.flags.
#[repr(C)]
pub enum wb_rule_flags {
    /// the right side is the first argument
    WB_RULE_SWAPPED = 1,
    /// the result is cast to text
    WB_RULE_AS_TEXT = 2,
    /// a cast of integers to floats around the argument is taken away
    WB_RULE_STRIP_CAST = 4,
}

/// A rule of a session.
#[repr(C)]
pub struct wb_rule {
    /// wb_rule_kind
    pub kind: i32,
    /// what is written: an operator, or a function
    pub name: wb_str,
    /// what stands for it; empty of a bound
    pub function: wb_str,
    /// wb_type_class: ANY, FLOAT64 (floats of any width), STRUCT, LIST or MAP
    pub type_class: i32,
    /// wb_rule_flags
    pub flags: u32,
    /// rises when what the rule does changes
    pub version: u32,
    /// of a bound: wb_bytes, and which arguments count
    pub bytes: i32,
    /// the argument (from 0) whose bytes count
    pub item: u32,
    /// the argument that says how often
    pub times: u32,
    /// bytes
    pub limit: u64,
}

/// Of wb_value.type.
#[repr(C)]
pub enum wb_param_type {
    /// i64
    WB_P_INT64 = 1,
    /// f64
    WB_P_FLOAT64 = 2,
    /// text
    WB_P_TEXT = 3,
    /// i64: 0 or 1
    WB_P_BOOL = 4,
    /// i64 = days
    WB_P_DATE = 5,
    /// i64 = microseconds UTC
    WB_P_TIMESTAMP = 6,
}

/// The value of a parameter.
#[repr(C)]
pub struct wb_value {
    /// without the sign before it
    pub name: wb_str,
    /// wb_param_type
    pub r#type: i32,
    /// then the type alone counts
    pub is_null: bool,
    /// see wb_param_type
    pub i64: i64,
    /// see wb_param_type
    pub f64: f64,
    /// see wb_param_type
    pub text: wb_str,
}

/// A call of a table function in a statement, and the input that it stands for: bound like a
/// declared one, but known to this statement alone.
#[repr(C)]
pub struct wb_call {
    /// the name of a table function of the session
    pub function: wb_str,
    /// int64 or text, not null; names are not looked at
    pub args: *const wb_value,
    /// of args
    pub n_args: usize,
    /// under which the input is bound
    pub schema: wb_str,
    /// the name that it is bound by
    pub table: wb_str,
    /// tells plans apart that read the same columns; may be empty
    pub tag: wb_str,
    /// borrowed
    pub columns: *const FFI_ArrowSchema,
}

/// Flat tables of a plan. node_id is pre-order over the plan incl. subquery plans.
#[repr(C)]
pub enum wb_plan_table {
    /// node_id u32, parent_id i32 (-1), child_ord u32, kind Utf8, subquery_of i32 expr_id or -1,
    /// variant Utf8 (join type, scheme of a repartition, format of an EXPLAIN, what an unnest does
    /// with nulls, name of another engine's node, of a statement: which one), flags u32
    /// (wb_node_flag), count i64 (-1: none; rows that a sort keeps, of VALUES, of no input;
    /// partitions; of a scan of a recursive query's own rows: how many such queries out),
    /// detail Utf8 (columns and options of a call of a relation operator, in canonical form; the
    /// type of a described table). No names, no addresses
    WB_PLAN_NODES = 1,
    /// node_id, ord u32, qualifier, name, type Utf8 (Arrow format-like canonical type text),
    /// nullable bool, metadata Utf8 (sorted k=v lines), sorts u32 (wb_sort_class)
    WB_PLAN_OUTPUTS = 2,
    /// expr_id u32, node_id, role Utf8, role_ord u32, parent_expr i32, child_ord u32, kind
    /// Utf8, op Utf8 (an operator, a function's name, a cast's type), func_identity Utf8 (hex
    /// or ''), func_origin Utf8 builtin|host|'', literal Utf8 (typed text, exact: floats as hex
    /// bits, bytes hex; '' if none), volatility Utf8, type Utf8, flags u32 (wb_expr_flag),
    /// number i32 (the character that escapes in a pattern, -1: none; of grouping sets: how many;
    /// of a lambda: parameters; of its variable: which one), depth i32 (of an outer column or
    /// a lambda's variable: how many levels out; -1: not found), detail Utf8 (metadata of a
    /// literal or a cast as k=v lines, sizes of grouping sets, the name of what is not found);
    /// of calls of aggregate and window functions: args u32, partition_keys u32, order_keys u32,
    /// frame u32 (wb_frame), frame_from i32, frame_to i32 (wb_bound), from_by Utf8, to_by Utf8
    /// (how far away, as literals). Their children are the arguments, the partition keys, the
    /// filter if there is one, the order keys. line u32, column u32: of a subquery in the SQL,
    /// where known
    WB_PLAN_EXPRS = 3,
    /// expr_id, node_id, input_ord u32, field_idx u32, qualifier, name, outer bool
    WB_PLAN_COLREFS = 4,
    /// node_id, schema_name Utf8, table_name Utf8, provider_kind Utf8 (late_bound: an input,
    /// work_table, table_function, information_schema, other), tag Utf8 (of a wb_call),
    /// projection Utf8 (comma separated indexes or '*'), fetch i64 (-1), n_filters u32
    WB_PLAN_SCANS = 5,
    /// kind Utf8 macro|operator|star, name Utf8: what of the session's the plan was
    /// made with; sorted
    WB_PLAN_USED = 6,
    /// node_id, kind Utf8 column|list|struct|from|recursion, input i32, output i32 (indexes, -1:
    /// none), depth u32
    WB_PLAN_UNNESTS = 7,
}

/// Of the form of these tables: another number where the same plan has other rows. Digests have it.
pub const WB_PLAN_FORM: u32 = 2;

/// Of a node (WB_PLAN_NODES).
#[repr(C)]
pub enum wb_node_flag {
    /// a join: null keys are equal
    WB_NODE_NULLS_EQUAL = 1,
    /// a join: one that stands for NOT IN
    WB_NODE_NULL_AWARE = 2,
    /// a recursive query: equal rows are one
    WB_NODE_DISTINCT = 4,
    /// an EXPLAIN
    WB_NODE_VERBOSE = 8,
    /// a series: its end is one of the rows
    WB_NODE_WITH_END = 16,
}

/// Of an expression (WB_PLAN_EXPRS).
#[repr(C)]
pub enum wb_expr_flag {
    /// NOT LIKE, NOT BETWEEN, NOT IN, NOT EXISTS
    WB_EXPR_NEGATED = 1,
    /// a pattern: upper and lower case are the same
    WB_EXPR_ANY_CASE = 2,
    /// CASE with a value behind it
    WB_EXPR_BASE = 4,
    /// CASE with ELSE
    WB_EXPR_ELSE = 8,
    /// a call: DISTINCT
    WB_EXPR_DISTINCT = 16,
    /// a call: FILTER
    WB_EXPR_FILTERED = 32,
    /// a call: IGNORE NULLS
    WB_EXPR_IGNORE_NULLS = 64,
    /// a call over a window: of an aggregate function
    WB_EXPR_AGGREGATE = 128,
    /// a sort key
    WB_EXPR_DESCENDING = 256,
    /// a sort key
    WB_EXPR_NULLS_FIRST = 512,
    /// a comparison with ALL of a subquery; without: with ANY
    WB_EXPR_ALL = 1024,
    /// unnest: lists without items keep their row
    WB_EXPR_OUTER = 2048,
    /// a subquery that reads columns from around it
    WB_EXPR_CORRELATED = 4096,
    /// the type is one of floats
    WB_EXPR_IS_FLOAT = 8192,
    /// the type is one of integers
    WB_EXPR_IS_INTEGER = 16384,
    /// there are floats in the type
    WB_EXPR_HAS_FLOATS = 32768,
}

/// How the engine sorts values of a type.
#[repr(C)]
pub enum wb_sort_class {
    /// not at all
    WB_SORTS_NOT = 0,
    /// numbers, dates and the like: a word or two
    WB_SORTS_WORDS = 1,
    /// text, bytes
    WB_SORTS_BYTES = 2,
    /// lists, structs
    WB_SORTS_NESTED = 3,
    /// maps: not as they are, but by the list of keys and the list of values
    WB_SORTS_BY_PARTS = 4,
    /// all values are the same
    WB_SORTS_ALIKE = 5,
}

/// The units of a window function's frame; NONE: no window function.
#[repr(C)]
pub enum wb_frame {
    /// Not a window function.
    WB_FRAME_NONE = 0,
    /// Bounds count rows.
    WB_FRAME_ROWS = 1,
    /// Bounds are distances of the order key.
    WB_FRAME_RANGE = 2,
    /// Bounds count groups of equal order keys.
    WB_FRAME_GROUPS = 3,
}

/// Where a frame begins or ends.
#[repr(C)]
pub enum wb_bound {
    /// UNBOUNDED PRECEDING
    WB_BOUND_FIRST = -2,
    /// n PRECEDING
    WB_BOUND_BEFORE = -1,
    /// CURRENT ROW
    WB_BOUND_CURRENT = 0,
    /// n FOLLOWING
    WB_BOUND_AFTER = 1,
    /// UNBOUNDED FOLLOWING
    WB_BOUND_LAST = 2,
}

/// Of wb_edit.kind.
#[repr(C)]
pub enum wb_edit_kind {
    /// `column` of the node's input, or `function` of it, as the last key, ascending with nulls
    /// first: of function `ord` of a Window or Aggregate node, or of a Sort or DISTINCT ON node
    WB_EDIT_ADD_KEY = 1,
    /// of function `ord` of a Window node: the order keys become partition keys, and the frame
    /// is the whole partition
    WB_EDIT_PEERS = 2,
    /// of function `ord` of a Window node: the frame is ROWS, from the first to the current row
    WB_EDIT_ROWS = 3,
    /// function `ord` of a Window or Aggregate node is `function`, an aggregate of the session; outputs
    /// keep their names
    WB_EDIT_SET_FUNCTION = 4,
    /// of function `ord`: argument `column` is a cast, and is what stands below it then
    WB_EDIT_STRIP_CAST = 5,
    /// of function `ord`: without order keys
    WB_EDIT_DROP_ORDER = 6,
    /// of function `ord`: neither IGNORE NULLS nor RESPECT NULLS
    WB_EDIT_DROP_NULLS = 7,
}

/// An edit of a plan; nodes by their node_id in the plan's tables.
#[repr(C)]
pub struct wb_edit {
    /// wb_edit_kind
    pub kind: i32,
    /// its node_id
    pub node: u32,
    /// which of the node's functions, from 0
    pub ord: u32,
    /// of the node's input, from 0; not used by every kind
    pub column: u32,
    /// ADD_KEY: a scalar function of the session of one argument; empty: none
    pub function: wb_str,
}

/// For wb_plan_text: for people, and not the same in every version of the engine.
#[repr(C)]
pub enum wb_plan_format {
    /// A line a node, children indented.
    WB_PLAN_INDENT = 1,
    /// The same with the columns of each.
    WB_PLAN_INDENT_SCHEMA = 2,
    /// A graph in DOT.
    WB_PLAN_GRAPHVIZ = 3,
}

/// How a plan is executed; wb_exec_new copies it.
#[repr(C)]
pub struct wb_exec_options {
    /// sizeof(wb_exec_options)
    pub struct_size: usize,
    /// into which inputs are cut, and worked on at once; at least 1
    pub partitions: u32,
    /// rows of a batch at most; at least 1
    pub batch_rows: u32,
    /// 0: unbounded pool
    pub memory_bytes: u64,
    /// empty: spilling off
    pub spill_dir: wb_str,
    /// limit; 0: engine's default
    pub spill_bytes: u64,
    /// joins that sort, and can spill, in place of those that hash
    pub no_hash_join: bool,
    /// of memory_bytes: what all sorts together gather before they spill
    pub gather_percent: u32,
    /// of memory_bytes: what is kept, half for merges of sorts and half for all else
    pub merge_percent: u32,
    /// a sort that gathered less is done in one piece; 0: as the session says
    pub sort_in_place_bytes: u64,
    /// what a sort that may spill keeps for its merge; 0: as the session says
    pub sort_reserve_bytes: u64,
    /// batches below sorts and aggregates are cut to this size; 0: as they come
    pub cut_bytes: u64,
    /// MEMORY where batch_rows rows of a sort would take more, but where an input can be scanned
    /// once only: nobody can plan that again; 0: never
    pub wide_bytes: u64,
    /// a sort for a limit of more rows than these sorts all; 0: never
    pub top_rows: u32,
}

/// How rows become files; borrowed for the call of wb_exec_stage.
#[repr(C)]
pub struct wb_stage_options {
    /// sizeof(wb_stage_options)
    pub struct_size: usize,
    /// the folder of the files below the root of the store
    pub prefix: wb_str,
    /// those whose values make folders, not columns of files; may be NULL
    pub partition_columns: *const wb_str,
    /// of partition_columns
    pub n_partition_columns: usize,
    /// what the rows of each file are sorted by, ascending with nulls first; for its footer
    pub sort_columns: *const wb_str,
    /// how many sort_columns there are
    pub n_sort_columns: usize,
    /// dotted leaf paths to give min/max/nulls for; NULL: all leaves
    pub stats_columns: *const wb_str,
    /// of stats_columns
    pub n_stats_columns: usize,
    /// a file that is larger ends, and another begins
    pub target_file_bytes: u64,
    /// rows of a row group at most
    pub row_group_rows: u64,
    /// encoded, and what the writer holds for it
    pub row_group_bytes: u64,
    /// the longest bound of a text or of bytes in a file's footer: longer ones are cut, max up
    pub bound_bytes: u64,
    /// an object of more bytes is written in parts of this size, so many at once
    pub part_bytes: u64,
    /// parts of one object that are sent at once
    pub parts_in_flight: u32,
    /// zstd | snappy | none
    pub compression: wb_str,
    /// of zstd
    pub compression_level: i32,
    /// goes into the footer of each file; may be NULL
    pub file_metadata: *const wb_kv,
    /// of file_metadata
    pub n_file_metadata: usize,
    /// how long it may take to let go of a file that was begun and failed
    pub abort_ms: u64,
}

/// Tables of an execution, for wb_exec_table_read: of the physical plan, as far as it went.
#[repr(C)]
pub enum wb_exec_table {
    /// node_id, parent_id, kind, detail, partitions
    WB_EXEC_NODES = 1,
    /// node_id, table_name, path, provider_kind
    WB_EXEC_FILES = 2,
    /// node_id, name, partition i32, value i64
    WB_EXEC_METRICS = 3,
    /// name, value i64: peak_bytes, the most that the execution's pool had given out at one time
    WB_EXEC_TOTALS = 4,
}

/// Tables of a snapshot, for wb_snap_table_read.
#[repr(C)]
pub enum wb_snap_table {
    /// name protocol|metadata, json: the action as an object, without the `{"protocol": ..}`
    /// around it
    WB_SNAP_ACTIONS = 1,
    /// path Utf8 (raw as in the log), size i64, mtime_ms i64, stats Utf8 (JSON or null),
    /// partition_values Utf8 (JSON object text), dv Utf8 (JSON of the deletionVector or null),
    /// base_row_id i64?, tags Utf8 (JSON or null). stats is the log's own text; where the log has
    /// statistics in columns only, it has numRecords alone. Read from the log at each asking.
    WB_SNAP_FILES = 2,
}
