//! What C calls of this folder.

use std::fs::File;
use std::os::fd::FromRawFd;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::edge::guard;
use crate::edge::abi::{wb_err, wb_exec_options, wb_stage_options};
use crate::edge::codes::E_BAD_VALUE;
use crate::edge::error::{Error, ORIGIN_BRIDGE};
use crate::edge::given::{self, in_ref, out_ref};
use crate::exec::tables;
use crate::exec::ipc::write;
use crate::exec::run::{ExecInner, spec_of, wb_exec};
use crate::exec::stage::{options_of, stage};
use crate::input::late::wb_bind;
use crate::plan::planned::wb_plan;
use crate::runtime::stream::{self, import_stream};
use crate::runtime::threads::wb_cancel;
use crate::session::sess::wb_sess;
use crate::store::objects::wb_store;

/// Writes the stream as Arrow IPC stream format to a file descriptor (not closed). Takes the
/// stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_ipc_write(
    take: *mut FFI_ArrowArrayStream,
    fd: i32,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_ipc_write", err, || {
        // SAFETY: the contract says that take holds a stream.
        let stream = unsafe { import_stream(take)? };
        if fd < 0 {
            let message = format!("{fd} is not a file descriptor");
            return Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message));
        }
        // SAFETY: the descriptor is the caller's and open; it is not closed here.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
        write(stream, &file)
    })
}

/// An execution of a plan that was optimised by the same session, over these bindings; bind
/// and cancel may be NULL. What is bound later is not seen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_new(
    sess: *mut wb_sess,
    plan: *const wb_plan,
    bind: *const wb_bind,
    options: *const wb_exec_options,
    cancel: *const wb_cancel,
    out: *mut *mut wb_exec,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_exec_new", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let out = unsafe { out_ref(out)? };
        *out = std::ptr::null_mut();
        // SAFETY: as above.
        let sess = unsafe { in_ref(sess.cast_const())? };
        // SAFETY: as above.
        let plan = unsafe { in_ref(plan)? };
        // SAFETY: as above.
        let bind = unsafe { bind.as_ref() };
        // SAFETY: as above.
        let given = unsafe { in_ref(options)? };
        // SAFETY: as above.
        let spec = unsafe { spec_of(given)? };
        // SAFETY: as above.
        let cancel = unsafe { cancel.as_ref().map(|cancel| cancel.token.clone()) };
        let bindings = bind.map(wb_bind::bindings).unwrap_or_default();
        let make = || ExecInner::new(&sess.inner, &plan.inner, bindings, &spec, cancel);
        let inner = plan.inner.with_room(make)?;
        *out = Box::into_raw(Box::new(wb_exec { inner: Arc::new(inner) }));
        Ok(())
    })
}

/// The rows, in one stream; STREAM_USED the second time, and after wb_exec_stage.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_stream(
    exec: *mut wb_exec,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_exec_stream", err, || {
        // SAFETY: the contract says that the pointers are valid.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let exec = unsafe { in_ref(exec.cast_const())? };
        let rows = exec.inner.start()?;
        let (rt, cancel) = (&exec.inner.rt, exec.inner.cancel.clone());
        let keep = Box::new(Arc::clone(&exec.inner));
        // SAFETY: zeroed above.
        unsafe { stream::export_stream(rt, rows, cancel, keep, out) }
    })
}

/// A flat table about the execution (wb_exec_table); metrics grow while it runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_table_read(
    exec: *const wb_exec,
    which: i32,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_exec_table_read", err, || {
        // SAFETY: the contract says that the pointers are valid.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let exec = unsafe { in_ref(exec)? };
        let batch = tables::table(&exec.inner, which)?;
        // SAFETY: zeroed above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}

/// Frees an execution; a stream of it keeps its own share.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_free(exec: *mut wb_exec) {
    if exec.is_null() {
        return;
    }
    guard::quiet("wb_exec_free", || {
        // SAFETY: the handle came from Box::into_raw above, and this is its last use.
        let exec = unsafe { Box::from_raw(exec) };
        // Dropping a plan may abort tasks: those live on the runtime.
        let rt = Arc::clone(&exec.inner.rt);
        let _inside = rt.handle().enter();
        drop(exec);
    });
}

/// Bindings of their own with what the plan reads of `from`, as it is bound there now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_bind_copy(
    from: *const wb_bind,
    plan: *const wb_plan,
    out: *mut *mut wb_bind,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_bind_copy", err, || {
        // SAFETY: the caller's promise.
        let from = unsafe { in_ref(from)? };
        // SAFETY: as above.
        let plan = unsafe { in_ref(plan)? };
        // SAFETY: as above.
        let out = unsafe { out_ref(out)? };
        *out = std::ptr::null_mut();
        *out = Box::into_raw(Box::new(from.of_plan(&plan.inner.plan)?));
        Ok(())
    })
}

/// Runs and writes Parquet below store root + prefix; files appear as
/// <prefix><5-digit ordinal>.parquet. Rows must arrive sorted by the partition columns; those
/// are left out of the files. On any error nothing is deleted: the prefix is the caller's.
/// Out rows: for each file one with column NULL, then one for each leaf column, in order:
/// file_ord u32, path Utf8 (relative to the root), size u64, rows u64, partition_values Utf8
/// (JSON object text, Delta text form, null and empty text as null), column Utf8 (dotted leaf
/// path), type Utf8, null_count i64 (-1 unknown), min Utf8, max Utf8 (NULL if none; exact
/// JSON-able text: ints decimal, floats shortest with NaN/Inf left out, text as is (one longer
/// than bound_bytes cut: min down, max up), dates ISO, timestamps ISO microseconds with Z (without a zone: no Z), decimals plain, bool
/// true/false). The stream's schema has the number of all rows as metadata "rows".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_exec_stage(
    exec: *mut wb_exec,
    store: *const wb_store,
    options: *const wb_stage_options,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_exec_stage", err, || {
        // SAFETY: the caller's promise.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let exec = unsafe { given::in_ref(exec.cast_const())? };
        // SAFETY: as above.
        let store = unsafe { given::in_ref(store)? };
        // SAFETY: as above.
        let options = unsafe { given::in_ref(options)? };
        // SAFETY: as above.
        let options = unsafe { options_of(options)? };
        let exec = &exec.inner;
        let (rows, cancel, pool) = (exec.start_on()?, exec.cancel.as_ref(), exec.pool());
        let writing = stage(&store.inner, rows, &pool, cancel, &options);
        let (schema, batches) = exec.rt.block_on(writing)??;
        // SAFETY: the caller's promise; zeroed above.
        unsafe { stream::export_batches(schema, batches, out) }
    })
}
