//! What C calls of this folder.

use std::sync::Arc;
use std::time::Duration;

use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::edge::guard;
use crate::edge::abi::{WB_ABI, wb_err, wb_rt_options};
use crate::edge::codes::E_ENGINE_LOAD;
use crate::edge::error::{Error, ORIGIN_BRIDGE};
use crate::edge::given::{check_size, in_ref, out_ref};
use crate::runtime::stream;
use crate::runtime::threads::{CancelToken, RtInner, wb_cancel, wb_rt};
use crate::runtime::versions::rows;

/// Starts a runtime; the first call of all, which sees whether both sides mean the same interface.
/// `threads` run an execution, `rooms` says how many of them have threads of their own at one
/// time; `io_threads` do everything else (0: the engine's own do both).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_rt_new(
    options: *const wb_rt_options,
    out: *mut *mut wb_rt,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_rt_new", err, || {
        // SAFETY: the contract says that both pointers are valid.
        let options = unsafe { in_ref(options)? };
        // SAFETY: as above.
        let out = unsafe { out_ref(out)? };
        *out = std::ptr::null_mut();
        if options.abi != WB_ABI {
            let message = format!("it has ABI {WB_ABI}, its caller needs {}", options.abi);
            return Err(Error::new(E_ENGINE_LOAD, ORIGIN_BRIDGE, message));
        }
        check_size::<wb_rt_options>(options.struct_size)?;
        guard::keep_quiet();
        let inner = Arc::new(RtInner::new(options)?);
        *out = Box::into_raw(Box::new(wb_rt { inner }));
        Ok(())
    })
}

/// Waits at most timeout_ms for tasks, then leaves them. What was made with the runtime keeps
/// it alive; then there is no waiting.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_rt_free(rt: *mut wb_rt, timeout_ms: u64) {
    if rt.is_null() {
        return;
    }
    guard::quiet("wb_rt_free", || {
        // SAFETY: the handle came from Box::into_raw above, and this is its last use.
        let rt = unsafe { Box::from_raw(rt) };
        if let Some(inner) = Arc::into_inner(rt.inner) {
            inner.shutdown(Duration::from_millis(timeout_ms));
        }
    });
}

/// A token that asks calls and executions to stop. With `of` it is the same token, for what may
/// go on, and begin, for late_ms after it was fired.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_cancel_new(
    of: *const wb_cancel,
    late_ms: u64,
    out: *mut *mut wb_cancel,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_cancel_new", err, || {
        // SAFETY: the contract says that the pointers are valid; `of` may be NULL.
        let out = unsafe { out_ref(out)? };
        // SAFETY: as above.
        let of = unsafe { of.as_ref() };
        let token = of.map_or_else(CancelToken::new, |of| of.token.clone());
        let token = token.later(Duration::from_millis(late_ms));
        *out = Box::into_raw(Box::new(wb_cancel { token }));
        Ok(())
    })
}

/// Fires the token: idempotent, from any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_cancel_fire(cancel: *mut wb_cancel) {
    // SAFETY: the contract says that the token is live.
    if let Some(cancel) = unsafe { cancel.as_ref() } {
        guard::quiet("wb_cancel_fire", || cancel.token.fire());
    }
}

/// Frees a token; executions that were given it keep their own share.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_cancel_free(cancel: *mut wb_cancel) {
    if !cancel.is_null() {
        // SAFETY: the handle came from Box::into_raw above, and this is its last use.
        guard::quiet("wb_cancel_free", || drop(unsafe { Box::from_raw(cancel) }));
    }
}

/// rows (component Utf8, version Utf8): bridge, datafusion, arrow, parquet, object_store,
/// deltalake-core, kernel
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_versions(out: *mut FFI_ArrowArrayStream, err: *mut wb_err) -> i32 {
    guard::entry("wb_versions", err, || {
        // SAFETY: the contract says that out is writable.
        unsafe { stream::zero(out)? };
        let batch = rows()?;
        // SAFETY: zeroed above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}
