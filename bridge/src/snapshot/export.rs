//! What C calls of this folder.

use std::sync::Arc;

use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::edge::{given, guard};
use crate::edge::abi::{wb_err, wb_snap_table, wb_str};
use crate::edge::codes::{E_BAD_VALUE, E_VERSION_MISSING};
use crate::edge::error::{Error, ORIGIN_BRIDGE};
use crate::runtime::stream;
use crate::runtime::threads::{self, wb_cancel};
use crate::snapshot::files;
use crate::snapshot::snap::{SnapInner, wb_snap};
use crate::store::objects::wb_store;

/// Opens the table at the store's root: -1 is the latest version. TABLE_MISSING,
/// VERSION_MISSING, LOG_CORRUPT, FEATURE_UNSUPPORTED. Nothing is created. cancel, here and below:
/// what stops the call, and the reading of its stream, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_open(
    store: *const wb_store,
    version: i64,
    cancel: *const wb_cancel,
    out: *mut *mut wb_snap,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_snap_open", err, || {
        // SAFETY: the caller's promise.
        let out = unsafe { given::out_ref(out)? };
        *out = std::ptr::null_mut();
        // SAFETY: as above.
        let store = unsafe { given::in_ref(store)? };
        let wanted = match version {
            -1 => None,
            _ => Some(u64::try_from(version).map_err(|_| {
                let message = format!("{version} is no version of a table");
                Error::new(E_VERSION_MISSING, ORIGIN_BRIDGE, message)
            })?),
        };
        // SAFETY: the caller's promise.
        let inner = unsafe { threads::under(cancel, || SnapInner::open(&store.inner, wanted))? };
        let inner = Arc::new(inner);
        *out = Box::into_raw(Box::new(wb_snap { inner }));
        Ok(())
    })
}

/// Reads a table of the snapshot: wb_snap_table.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_table_read(
    snap: *const wb_snap,
    which: i32,
    cancel: *const wb_cancel,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    const ACTIONS: i32 = wb_snap_table::WB_SNAP_ACTIONS as i32;
    const FILES: i32 = wb_snap_table::WB_SNAP_FILES as i32;
    guard::entry("wb_snap_table_read", err, || {
        // SAFETY: the caller's promise.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let snap = unsafe { given::in_ref(snap)? };
        match which {
            ACTIONS => {
                let batch = snap.inner.actions()?;
                // SAFETY: the caller's promise; zeroed above.
                unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
            }
            FILES => {
                // SAFETY: the caller's promise.
                let cancel = unsafe { cancel.as_ref().map(|cancel| cancel.token.clone()) };
                let rt = Arc::clone(&snap.inner.store.rt);
                let rows = files::rows(&snap.inner)?;
                let keep = Box::new(Arc::clone(&snap.inner));
                // SAFETY: as above.
                unsafe { stream::export_stream(&rt, rows, cancel, keep, out) }
            }
            other => {
                let message = format!("{other} is no table of a snapshot");
                Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message))
            }
        }
    })
}

/// The latest transaction version of an application, as far as the table still remembers;
/// -1 where it knows none, since 0 is a version like another.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_txn(
    snap: *const wb_snap,
    app_id: wb_str,
    cancel: *const wb_cancel,
    found: *mut bool,
    version: *mut i64,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_snap_txn", err, || {
        // SAFETY: the caller's promise.
        let found = unsafe { given::out_ref(found)? };
        // SAFETY: as above.
        let version = unsafe { given::out_ref(version)? };
        // SAFETY: as above.
        let snap = unsafe { given::in_ref(snap)? };
        // SAFETY: as above.
        let app_id = unsafe { app_id.to_str()? };
        *found = false;
        *version = -1;
        // SAFETY: the caller's promise.
        if let Some(latest) = unsafe { threads::under(cancel, || snap.inner.txn(app_id))? } {
            *found = true;
            *version = latest;
        }
        Ok(())
    })
}

/// Writes a checkpoint of the version; nothing to do if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_checkpoint(
    snap: *const wb_snap,
    cancel: *const wb_cancel,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_snap_checkpoint", err, || {
        // SAFETY: the caller's promise.
        let snap = unsafe { given::in_ref(snap)? };
        // SAFETY: the caller's promise.
        unsafe { threads::under(cancel, || snap.inner.checkpoint()) }
    })
}

/// Frees the handle; NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_free(snap: *mut wb_snap) {
    guard::quiet("release", || {
        if !snap.is_null() {
            // SAFETY: the caller's promise.
            drop(unsafe { Box::from_raw(snap) });
        }
    });
}
