//! The C types of relation operators: functions of the host that stand in FROM over two
//! relations.
#![allow(non_camel_case_types)]

use std::ffi::{c_int, c_void};

use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

use crate::edge::abi::{wb_fn_err, wb_str};

/// An argument `name => literal` of a call.
#[repr(C)]
pub struct wb_rel_option {
    /// as written, lower case
    pub name: wb_str,
    /// wb_param_type (integers, floats, texts, booleans); 0: another type
    pub r#type: i32,
    /// then `text` is empty
    pub is_null: bool,
    /// the value as text: digits, true or false
    pub text: wb_str,
}

/// A column that rows are sorted by.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wb_rel_order {
    /// index into the input's schema
    pub column: u32,
    /// largest first
    pub descending: bool,
    /// nulls before all values, whichever way it goes
    pub nulls_first: bool,
}

/// Of wb_rel_input.flags.
#[repr(C)]
pub enum wb_rel_flags {
    /// Outputs that nobody reads need not be computed.
    WB_REL_NARROW = 1,
    /// A predicate over outputs of this input alone may be applied before the operator.
    WB_REL_FILTER = 2,
    /// The order ends with all other columns that can be sorted, so that it is total.
    WB_REL_TOTAL = 4,
    /// Rows whose group is not in the other input matter (left only).
    WB_REL_ALONE = 8,
}

/// What an operator wants of one of its inputs. Columns are indexes into the input's schema.
#[repr(C)]
pub struct wb_rel_input {
    /// columns that go to the output, in its order
    pub outputs: *const u32,
    /// of outputs
    pub n_outputs: usize,
    /// columns by whose equality rows come together, pairwise with the other input's; both are
    /// cast to a type in which they can be compared; a null is equal to nothing
    pub groups: *const u32,
    /// of groups; the same as the other input's
    pub n_groups: usize,
    /// columns that run reads, cast to int64
    pub values: *const u32,
    /// of values
    pub n_values: usize,
    /// the order of rows within a group
    pub order: *const wb_rel_order,
    /// of order
    pub n_order: usize,
    /// wb_rel_flags
    pub flags: u32,
}

/// What plan answers. Everything but the schema is the call's and lives until drop_call.
#[repr(C)]
pub struct wb_rel_plan {
    /// of the first relation
    pub left: wb_rel_input,
    /// of the second one
    pub right: wb_rel_input,
    /// a struct: left outputs, right outputs, then columns that run computes; moved from
    pub schema: FFI_ArrowSchema,
    /// everything of the options that can change a result, and is in no index above
    pub canonical: wb_str,
    /// what open and drop_call get; may be NULL
    pub call: *mut c_void,
}

/// Whole groups of both inputs. Group g is the rows from offsets[g] to offsets[g + 1]; values
/// are those that plan asked for. All borrowed.
#[repr(C)]
pub struct wb_rel_chunk {
    /// of both inputs
    pub n_groups: usize,
    /// n_groups + 1 row numbers of the left input
    pub left_offsets: *const i64,
    /// likewise of the right one
    pub right_offsets: *const i64,
    /// the columns that plan asked for, one array each
    pub left: *const *const FFI_ArrowArray,
    /// likewise of the right input
    pub right: *const *const FFI_ArrowArray,
    /// Whether run may end, with CANCELLED: nobody waits for it any more. To be asked from time
    /// to time; quick, from any thread.
    pub stopped: Option<unsafe extern "C" fn(stop: *const c_void) -> bool>,
    /// what stopped takes
    pub stop: *const c_void,
}

/// A relation operator of the host: FROM name(relation, relation, option => literal, ..).
/// cbindgen:field-names=[struct_size, name, identity, self, plan, drop_call, open, scratch, run, close, release]
#[repr(C)]
pub struct wb_relation_fn {
    /// sizeof(wb_relation_fn)
    pub struct_size: usize,
    /// lower case, unique among all functions of the session
    pub name: wb_str,
    /// what the operator does, as a digest: plans that call it differ where this does
    pub identity: [u8; 32],
    /// immutable, thread-safe
    pub self_: *mut c_void,
    /// One call: checks the options against the inputs' schemas (structs).
    pub plan: Option<
        unsafe extern "C" fn(
            object: *mut c_void,
            left: *const FFI_ArrowSchema,
            right: *const FFI_ArrowSchema,
            options: *const wb_rel_option,
            n_options: usize,
            out: *mut wb_rel_plan,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// Called once for each successful plan; calls are immutable and thread-safe until then.
    pub drop_call: Option<unsafe extern "C" fn(call: *mut c_void)>,
    /// The state of one partition; it belongs to one thread at a time.
    pub open: Option<
        unsafe extern "C" fn(
            call: *mut c_void,
            state: *mut *mut c_void,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// Bytes that run needs for a chunk of so many rows, the result included.
    pub scratch:
        Option<unsafe extern "C" fn(state: *mut c_void, left_rows: u64, right_rows: u64) -> u64>,
    /// Rows of the result: a struct of the left row (int64), the right row (int64, null for
    /// none), and the computed columns, in chunk row numbers; owned by the bridge.
    pub run: Option<
        unsafe extern "C" fn(
            state: *mut c_void,
            chunk: *const wb_rel_chunk,
            out: *mut FFI_ArrowArray,
            err: *mut wb_fn_err,
        ) -> c_int,
    >,
    /// Frees a state; called once for each that open made, on any thread.
    pub close: Option<unsafe extern "C" fn(state: *mut c_void)>,
    /// Called once, when nothing refers to the operator any more; may be NULL.
    pub release: Option<unsafe extern "C" fn(object: *mut c_void)>,
}
