//! What C calls of this folder.

use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::edge::guard;
use crate::edge::abi::{wb_buf, wb_call, wb_edit, wb_err, wb_plan_format, wb_plan_table, wb_str, wb_value};
use crate::edge::given::{in_ref, out_ref, slice_of, strings, zero_schema};
use crate::function::table::calls_of;
use crate::plan::edit::edits::Edits;
use crate::plan::planned::{PlanInner, bad, give, wb_plan};
use crate::runtime::stream;
use crate::runtime::threads::{self, wb_cancel};
use crate::session::sess::wb_sess;
use crate::sql::size;
use crate::sql::params::params_of;

/// Parses one statement, replaces $name by typed literals in the AST, plans and analyses
/// (EXPLAIN is left unanalysed). Whatever it is: that it only reads, and that the engine computes it
/// rightly, is the host's to see in the plan's tables. A $name without a
/// value: PARAM_UNKNOWN. A bool is in i64 (0 or 1). A call of a table function of the host
/// that is none of `calls`: SQL_PLAN. cancel, here and in wb_plan_optimize: stops it between the
/// steps of its rules, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_plan_sql(
    sess: *mut wb_sess,
    sql: wb_str,
    values: *const wb_value,
    n_values: usize,
    calls: *const wb_call,
    n_calls: usize,
    cancel: *const wb_cancel,
    out: *mut *mut wb_plan,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_plan_sql", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let out = unsafe { out_ref(out)? };
        *out = std::ptr::null_mut();
        // SAFETY: as above.
        let sess = unsafe { in_ref(sess.cast_const())? };
        // SAFETY: as above.
        let sql = unsafe { sql.to_str()? };
        // SAFETY: as above.
        let list = unsafe { slice_of(values, n_values)? };
        // SAFETY: as above.
        let params = unsafe { params_of(list)? };
        // SAFETY: as above.
        let list = unsafe { slice_of(calls, n_calls)? };
        // SAFETY: as above.
        let calls = unsafe { calls_of(list)? };
        let work = || PlanInner::from_sql(&sess.inner, sql, &params, calls);
        // SAFETY: as above.
        give(out, unsafe { threads::under(cancel, work)? });
        Ok(())
    })
}

/// The parameters that have no value, sorted: name, type (as in plan tables; "" where nothing in
/// the statement says it). Rows as in wb_plan_sql's `calls`; a parameter within a call's arguments
/// that is not among `values` makes it fail.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sql_params(
    sess: *mut wb_sess,
    sql: wb_str,
    values: *const wb_value,
    n_values: usize,
    calls: *const wb_call,
    n_calls: usize,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sql_params", err, || {
        // SAFETY: the contract says that the pointers are valid.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let sess = unsafe { in_ref(sess.cast_const())? };
        // SAFETY: as above.
        let sql = unsafe { sql.to_str()? };
        // SAFETY: as above.
        let values = unsafe { slice_of(values, n_values)? };
        // SAFETY: as above.
        let params = unsafe { params_of(values)? };
        // SAFETY: as above.
        let calls = unsafe { slice_of(calls, n_calls)? };
        // SAFETY: as above.
        let calls = unsafe { calls_of(calls)? };
        let batch = PlanInner::parameters(&sess.inner, sql, &params, calls)?;
        // SAFETY: zeroed above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}

/// The plan with its nodes edited, each by its edits in their order; then, if `target` is given,
/// under a projection that casts (checked, failing on overflow) output i to target column i and
/// names it so (SCHEMA_CHANGED if that cannot be); then, if there are columns to sort by, sorted
/// by them (ascending, nulls first).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_plan_edit(
    plan: *const wb_plan,
    edits: *const wb_edit,
    n_edits: usize,
    target: *const FFI_ArrowSchema,
    sort: *const wb_str,
    n_sort: usize,
    out: *mut *mut wb_plan,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_plan_edit", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let plan = unsafe { in_ref(plan)? };
        // SAFETY: as above.
        let out = unsafe { out_ref(out)? };
        *out = std::ptr::null_mut();
        let inner = &plan.inner;
        // SAFETY: as above.
        let list = unsafe { slice_of(edits, n_edits)? };
        // SAFETY: as above.
        let edits = unsafe { Edits::read(&inner.sess, list)? };
        // SAFETY: as above.
        let sort = unsafe { strings(sort, n_sort)? };
        let target = match target.is_null() {
            true => None,
            // SAFETY: as above.
            false => Some(unsafe { stream::borrow_schema(target)? }),
        };
        let made = inner.with_room(|| {
            let mut made = inner.edit(&edits)?;
            if let Some(target) = target {
                made = made.cast(&target)?;
            }
            made.sort(&sort)
        })?;
        give(out, made);
        Ok(())
    })
}

/// Runs the session's optimiser rules. The result can be executed; it cannot be changed by
/// the calls above any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_plan_optimize(
    plan: *const wb_plan,
    cancel: *const wb_cancel,
    out: *mut *mut wb_plan,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_plan_optimize", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let plan = unsafe { in_ref(plan)? };
        // SAFETY: as above.
        let out = unsafe { out_ref(out)? };
        *out = std::ptr::null_mut();
        let optimize = || plan.inner.with_room(|| plan.inner.optimize());
        // SAFETY: as above.
        give(out, unsafe { threads::under(cancel, optimize)? });
        Ok(())
    })
}

/// The columns of the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_plan_schema(
    plan: *const wb_plan,
    out: *mut FFI_ArrowSchema,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_plan_schema", err, || {
        // SAFETY: the contract says that the pointers are valid.
        unsafe { zero_schema(out)? };
        // SAFETY: as above.
        let plan = unsafe { in_ref(plan)? };
        // SAFETY: as above.
        unsafe { stream::export_schema(plan.inner.plan.schema().as_arrow(), out) }
    })
}

/// A flat table about the plan (wb_plan_table).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_plan_table_read(
    plan: *const wb_plan,
    which: i32,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_plan_table_read", err, || {
        // SAFETY: the contract says that the pointers are valid.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let plan = unsafe { in_ref(plan)? };
        const USED: i32 = wb_plan_table::WB_PLAN_USED as i32;
        let batch = match which {
            USED => plan.inner.used_table()?,
            _ => {
                let inner = &plan.inner;
                inner.with_room(|| crate::plan::walk::tables::table(inner.walk()?, which))?
            }
        };
        // SAFETY: as above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}

/// The plan as text for people (wb_plan_format).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_plan_text(
    plan: *const wb_plan,
    format: i32,
    out: *mut wb_buf,
    err: *mut wb_err,
) -> i32 {
    const INDENT: i32 = wb_plan_format::WB_PLAN_INDENT as i32;
    const INDENT_SCHEMA: i32 = wb_plan_format::WB_PLAN_INDENT_SCHEMA as i32;
    const GRAPHVIZ: i32 = wb_plan_format::WB_PLAN_GRAPHVIZ as i32;
    guard::entry("wb_plan_text", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let out = unsafe { out_ref(out)? };
        *out = wb_buf::empty();
        // SAFETY: as above.
        let inner = &unsafe { in_ref(plan)? }.inner;
        let plan = &inner.plan;
        let text = inner.with_room(|| match format {
            INDENT => Ok(plan.display_indent().to_string()),
            INDENT_SCHEMA => Ok(plan.display_indent_schema().to_string()),
            GRAPHVIZ => Ok(plan.display_graphviz().to_string()),
            _ => Err(bad(format!("{format} is no format of a plan"))),
        })?;
        *out = wb_buf::from_vec(text.into_bytes());
        Ok(())
    })
}

/// Frees a plan; executions keep their own share.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_plan_free(plan: *mut wb_plan) {
    if !plan.is_null() {
        guard::quiet("wb_plan_free", || {
            // SAFETY: the handle came from Box::into_raw, and this is its last use.
            let plan = unsafe { Box::from_raw(plan) };
            size::with_room(plan.inner.depth, || drop(plan));
        });
    }
}
