//! The C types of aggregate functions of the host.
#![allow(non_camel_case_types)]

use std::ffi::{c_int, c_void};

use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

use crate::edge::abi::{wb_doc, wb_fn_err, wb_param, wb_str};

/// One call of an aggregate in a plan: borrowed. The types are those that columns have; a
/// callback that is asked for types only (return_field, state_schema) sees no literals and no
/// ignore_nulls, because the engine asks before it knows of them.
#[repr(C)]
pub struct wb_agg_call {
    /// of args and of literals
    pub n_args: usize,
    /// the types of the arguments
    pub args: *const *const FFI_ArrowSchema,
    /// an entry is NULL unless the argument is a literal, then a 1-row array; or all NULL
    pub literals: *const *const FFI_ArrowArray,
    /// 1: IGNORE NULLS was written
    pub ignore_nulls: u32,
    /// 1: DISTINCT was written
    pub distinct: u32,
}

/// Of wb_aggregate_fn.flags.
#[repr(C)]
pub enum wb_agg_flags {
    /// `f(*)` stands for all columns of the input, in order
    WB_AGG_STAR = 1,
    /// understands DISTINCT; without it DISTINCT is SQL_PLAN
    WB_AGG_DISTINCT = 2,
    /// understands IGNORE NULLS and RESPECT NULLS; without it they are SQL_PLAN
    WB_AGG_NULL_TREATMENT = 4,
}

/// An aggregate function of the host, for aggregates and as a window. Callbacks are called on
/// engine threads; those with `acc` never twice at once for one accumulator (but size may be).
/// Its results must not depend on the order of rows, batches and merges.
/// cbindgen:field-names=[struct_size, name, aliases, n_aliases, identity, volatility, flags, params, n_params, return_text, doc, self, return_field, state_schema, empty, open, update, retract, merge, evaluate, state, convert, size, close, release]
#[repr(C)]
pub struct wb_aggregate_fn {
    /// sizeof(wb_aggregate_fn)
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
    /// wb_agg_flags
    pub flags: u32,
    /// in the order of the arguments; copied
    pub params: *const wb_param,
    /// of params
    pub n_params: usize,
    /// return type for information_schema, e.g. "Int64"
    pub return_text: wb_str,
    /// for readers; copied
    pub doc: wb_doc,
    /// immutable, thread-safe
    pub self_: *mut c_void,
    /// The result's field, by the types of the arguments; out is owned by the bridge.
    pub return_field: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            call: *const wb_agg_call,
            out: *mut FFI_ArrowSchema,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// A struct of at least one column: the columns in which states travel.
    pub state_schema: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            call: *const wb_agg_call,
            out: *mut FFI_ArrowSchema,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// One row: the result over no rows at all, in the result's type; NULL if that is null.
    pub empty: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            result: *const FFI_ArrowSchema,
            out: *mut FFI_ArrowArray,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// retracts: rows will be taken away again. `call` and all that it points to stay where
    /// they are until close.
    pub open: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            call: *const wb_agg_call,
            retracts: bool,
            acc: *mut *mut c_void,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// Row i belongs to groups[i] < n_groups; groups NULL: all to group 0. Every argument has
    /// `rows` rows, scalars too. filter: a boolean array or NULL; only rows where it is true
    /// count.
    pub update: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            acc: *mut c_void,
            args: *const *const FFI_ArrowArray,
            rows: i64,
            groups: *const u64,
            filter: *const FFI_ArrowArray,
            n_groups: u64,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// Takes rows of group 0 away that were added before, in the order in which they came; NULL:
    /// not for moving frames.
    pub retract: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            acc: *mut c_void,
            args: *const *const FFI_ArrowArray,
            rows: i64,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// state: a struct array of state_schema, one row a state; groups as for update.
    pub merge: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            acc: *mut c_void,
            state: *const FFI_ArrowArray,
            groups: *const u64,
            n_groups: u64,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// The results of the first n groups (one row each); then they are gone and the others move
    /// down by n, unless `keep`. n may be more than the groups seen: those are empty.
    pub evaluate: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            acc: *mut c_void,
            n: u64,
            keep: bool,
            out: *mut FFI_ArrowArray,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// The same with the states, as a struct array.
    pub state: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            acc: *mut c_void,
            n: u64,
            keep: bool,
            out: *mut FFI_ArrowArray,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// Rows as states, one each (a filtered one is an empty state), without an accumulator.
    /// NULL: the bridge does it with one that has a group for each row.
    pub convert: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            call: *const wb_agg_call,
            args: *const *const FFI_ArrowArray,
            rows: i64,
            filter: *const FFI_ArrowArray,
            out: *mut FFI_ArrowArray,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// Bytes held by an accumulator.
    pub size: Option<unsafe extern "C" fn(object: *mut c_void, acc: *const c_void) -> u64>,
    /// Frees an accumulator; called once for each that open made.
    pub close: Option<unsafe extern "C" fn(object: *mut c_void, acc: *mut c_void)>,
    /// Called once, when nothing refers to the function any more; may be NULL.
    pub release: Option<unsafe extern "C" fn(object: *mut c_void)>,
}
