//! The types of the C interface.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_int, c_void};

use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};


/// The version of this interface.
pub const WB_ABI: u32 = 3;

/// Text of the caller, UTF-8, borrowed for the call; p may be NULL if n is 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wb_str {
    pub p: *const c_char,
    pub n: usize,
}

/// A key and its value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wb_kv {
    pub key: wb_str,
    pub value: wb_str,
}

/// Bytes owned by the bridge: wb_buf_free.
#[repr(C)]
pub struct wb_buf {
    pub p: *mut u8,
    pub n: usize,
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
    pub column: u32,
    /// errno of the operating system's call that failed, 0 if none did
    pub os_error: i32,
    pub reserved: u32,
}

/// Who said it.
#[repr(C)]
pub enum wb_origin {
    WB_ORIGIN_BRIDGE = 1,
    WB_ORIGIN_DATAFUSION = 2,
    WB_ORIGIN_DELTA = 3,
    WB_ORIGIN_KERNEL = 4,
    WB_ORIGIN_ARROW = 5,
    WB_ORIGIN_PARQUET = 6,
    WB_ORIGIN_STORE = 7,
    WB_ORIGIN_HOST = 8,
}

#[repr(C)]
pub struct wb_rt_options {
    pub struct_size: usize,
    pub threads: u32,
    pub io_threads: u32,
    pub stack_bytes: usize,
    /// so many executions at one time have `threads` of their own; the others share
    pub rooms: u32,
}

/// One argument of a call: borrowed.
#[repr(C)]
pub struct wb_arg {
    pub array: *const FFI_ArrowArray,
    pub schema: *const FFI_ArrowSchema,
    pub is_scalar: u32,
    pub reserved: u32,
}

/// What a callback reports on failure: text is copied at once.
#[repr(C)]
pub struct wb_fn_err {
    pub code: i32,
    pub message: [c_char; 1020],
}

/// Parameter classes of a signature.
#[repr(C)]
pub enum wb_type_class {
    WB_T_ANY = 0,
    /// Utf8, LargeUtf8, Utf8View as they are; dictionaries are decoded; others coerced if
    /// castable implicitly (null)
    WB_T_TEXT = 1,
    WB_T_INT64 = 2,
    WB_T_INT32 = 3,
    WB_T_BOOL = 4,
    WB_T_FLOAT64 = 5,
    WB_T_STRUCT = 6,
    WB_T_LIST = 7,
    WB_T_MAP = 8,
    /// any, dictionaries decoded
    WB_T_ANY_FLAT = 9,
    /// The item type of the list, or the value type of the map, that is the first argument:
    /// cast to it where the engine can, literals too.
    WB_T_ITEM = 10,
}

#[repr(C)]
pub enum wb_fn_flags {
    /// May leave arguments unevaluated: none of them is taken out of the call.
    WB_FN_SHORT_CIRCUITS = 1,
    /// Code that the host did not write: every result is checked value by value (UTF-8, offsets,
    /// dictionary keys, null counts) and against the nullability that its field says, and a bad
    /// one is PLUGIN, not BUG.
    WB_FN_FOREIGN = 2,
}

#[repr(C)]
pub enum wb_volatility {
    WB_IMMUTABLE = 1,
    WB_STABLE = 2,
    WB_VOLATILE = 3,
}

/// A declared parameter of a function.
#[repr(C)]
pub struct wb_param {
    pub name: wb_str,
    /// for documentation
    pub type_text: wb_str,
    pub doc: wb_str,
    pub type_class: i32,
    /// 1: may be left out
    pub optional: u32,
    /// 1 on the last: one or more
    pub variadic: u32,
    /// 1: must be a literal
    pub literal: u32,
}

#[repr(C)]
pub struct wb_doc {
    pub section: wb_str,
    pub description: wb_str,
    pub syntax: wb_str,
    pub example: wb_str,
}

/// A scalar function of the host.
/// cbindgen:field-names=[struct_size, name, aliases, n_aliases, identity, volatility, params, n_params, return_text, doc, self, return_field, invoke, release, flags]
#[repr(C)]
pub struct wb_scalar_fn {
    pub struct_size: usize,
    pub name: wb_str,
    pub aliases: *const wb_str,
    pub n_aliases: usize,
    pub identity: [u8; 32],
    pub volatility: i32,
    pub params: *const wb_param,
    pub n_params: usize,
    /// return type for information_schema, e.g. "Utf8", "Int64"
    pub return_text: wb_str,
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

#[repr(C)]
pub struct wb_sess_options {
    pub struct_size: usize,
    /// DataFusion keys; unknown or bad value: BAD_VALUE
    pub settings: *const wb_kv,
    pub n_settings: usize,
    /// default catalog and schema names
    pub catalog: wb_str,
    pub schema: wb_str,
    /// the pinned clock, Unix microseconds
    pub now_us: i64,
    /// wb_sess_flags
    pub flags: u32,
    /// The host's own settings, as the session's settings show them beside the engine's; whole
    /// keys. The engine reads none of them, and none can be set later.
    pub host_settings: *const wb_kv,
    pub n_host_settings: usize,
    /// What the session may keep of files that it read, in bytes; 0 keeps nothing. Footers are
    /// kept by place, so that no two snapshots share one; the other two, of statistics and of
    /// lists, are for tables that are folders.
    pub footer_cache_bytes: u64,
    pub statistics_cache_bytes: u64,
    pub list_cache_bytes: u64,
    pub limits: wb_sql_limits,
}

#[repr(C)]
pub enum wb_sess_flags {
    /// Checks every value that a function of the host returns (UTF-8, offsets, dictionary
    /// keys), not only the layout: for tests.
    WB_SESS_VALIDATE_FULL = 1,
}

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
    pub name: wb_str,
    pub function: wb_str,
    /// wb_type_class: ANY, FLOAT64 (floats of any width), STRUCT, LIST or MAP
    pub type_class: i32,
    /// wb_rule_flags
    pub flags: u32,
    /// rises when what the rule does changes
    pub version: u32,
    /// of a bound: wb_bytes, and which arguments count
    pub bytes: i32,
    pub item: u32,
    pub times: u32,
    pub limit: u64,
}

#[repr(C)]
pub enum wb_param_type {
    WB_P_INT64 = 1,
    WB_P_FLOAT64 = 2,
    WB_P_TEXT = 3,
    WB_P_BOOL = 4,
    /// i64 = days
    WB_P_DATE = 5,
    /// i64 = microseconds UTC
    WB_P_TIMESTAMP = 6,
}

/// The value of a parameter.
#[repr(C)]
pub struct wb_value {
    pub name: wb_str,
    /// wb_param_type
    pub r#type: i32,
    pub is_null: bool,
    pub i64: i64,
    pub f64: f64,
    pub text: wb_str,
}

/// A call of a table function in a statement, and the input that it stands for: bound like a
/// declared one, but known to this statement alone.
#[repr(C)]
pub struct wb_call {
    pub function: wb_str,
    /// int64 or text, not null; names are not looked at
    pub args: *const wb_value,
    pub n_args: usize,
    pub schema: wb_str,
    pub table: wb_str,
    /// tells plans apart that read the same columns; may be empty
    pub tag: wb_str,
    /// borrowed
    pub columns: *const FFI_ArrowSchema,
}

#[repr(C)]
pub enum wb_plan_flags {
    WB_PLAN_READ_ONLY = 1,
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
    WB_FRAME_NONE = 0,
    WB_FRAME_ROWS = 1,
    WB_FRAME_RANGE = 2,
    WB_FRAME_GROUPS = 3,
}

/// Where a frame begins or ends.
#[repr(C)]
pub enum wb_bound {
    WB_BOUND_FIRST = -2,
    WB_BOUND_BEFORE = -1,
    WB_BOUND_CURRENT = 0,
    WB_BOUND_AFTER = 1,
    WB_BOUND_LAST = 2,
}

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
    pub node: u32,
    pub ord: u32,
    pub column: u32,
    /// ADD_KEY: a scalar function of the session of one argument; empty: none
    pub function: wb_str,
}

#[repr(C)]
pub enum wb_plan_format {
    WB_PLAN_INDENT = 1,
    WB_PLAN_INDENT_SCHEMA = 2,
    WB_PLAN_GRAPHVIZ = 3,
}

#[repr(C)]
pub struct wb_exec_options {
    pub struct_size: usize,
    pub partitions: u32,
    pub batch_rows: u32,
    /// 0: unbounded pool
    pub memory_bytes: u64,
    /// empty: spilling off
    pub spill_dir: wb_str,
    /// limit; 0: engine's default
    pub spill_bytes: u64,
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

#[repr(C)]
pub struct wb_stage_options {
    pub struct_size: usize,
    pub prefix: wb_str,
    pub partition_columns: *const wb_str,
    pub n_partition_columns: usize,
    /// what the rows of each file are sorted by, ascending with nulls first; for its footer
    pub sort_columns: *const wb_str,
    pub n_sort_columns: usize,
    /// dotted leaf paths to give min/max/nulls for; NULL: all leaves
    pub stats_columns: *const wb_str,
    pub n_stats_columns: usize,
    pub target_file_bytes: u64,
    pub row_group_rows: u64,
    /// encoded, and what the writer holds for it
    pub row_group_bytes: u64,
    /// the longest bound of a text or of bytes in a file's footer: longer ones are cut, max up
    pub bound_bytes: u64,
    /// an object of more bytes is written in parts of this size, so many at once
    pub part_bytes: u64,
    pub parts_in_flight: u32,
    /// zstd | snappy | none
    pub compression: wb_str,
    pub compression_level: i32,
    pub file_metadata: *const wb_kv,
    pub n_file_metadata: usize,
    /// how long it may take to let go of a file that was begun and failed
    pub abort_ms: u64,
}

#[repr(C)]
pub enum wb_exec_table {
    /// node_id, parent_id, kind, detail, partitions
    WB_EXEC_NODES = 1,
    /// node_id, table_name, path, provider_kind
    WB_EXEC_FILES = 2,
    /// node_id, name, partition i32, value i64
    WB_EXEC_METRICS = 3,
}
