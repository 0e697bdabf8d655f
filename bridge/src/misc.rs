//! Versions, freeing, the test switch.

use std::ffi::CString;
use std::ptr;
use std::sync::Arc;

use arrow::array::StringArray;
use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::{guard, small_table, stream};
use crate::abi::{WB_ABI, wb_buf, wb_err, wb_str};
use crate::error::Error;

include!(concat!(env!("OUT_DIR"), "/versions.rs"));

impl wb_err {
    /// No error.
    pub fn empty() -> Self {
        Self {
            code: 0,
            origin: 0,
            message: ptr::null_mut(),
            chain: ptr::null_mut(),
            line: 0,
            column: 0,
            os_error: 0,
            reserved: 0,
        }
    }

    /// For the caller to free.
    pub fn from_error(error: Error) -> Self {
        let text = |text: String| {
            let mut bytes = text.into_bytes();
            bytes.retain(|byte| *byte != 0);
            CString::new(bytes).map_or(ptr::null_mut(), CString::into_raw)
        };
        let chain = if error.chain.is_empty() { ptr::null_mut() } else { text(error.chain) };
        Self {
            code: error.code,
            origin: error.origin,
            message: text(error.message),
            chain,
            line: error.line,
            column: error.column,
            os_error: error.os_error,
            reserved: 0,
        }
    }
}

/// WB_ABI of the library; the caller compares it with the header's.
#[unsafe(no_mangle)]
pub extern "C" fn wb_abi_version() -> u32 {
    WB_ABI
}

/// rows (component Utf8, version Utf8): bridge, datafusion, arrow, parquet, object_store,
/// deltalake-core, kernel
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_versions(out: *mut FFI_ArrowArrayStream, err: *mut wb_err) -> i32 {
    guard::entry("wb_versions", err, || {
        // SAFETY: the contract says that out is writable.
        unsafe { stream::zero(out)? };
        let names = StringArray::from_iter_values(VERSIONS.iter().map(|(name, _)| *name));
        let versions = StringArray::from_iter_values(VERSIONS.iter().map(|(_, v)| *v));
        let batch = small_table::batch(vec![
            ("component", false, Arc::new(names)),
            ("version", false, Arc::new(versions)),
        ])?;
        // SAFETY: zeroed above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}

/// Frees the texts of an error and zeroes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_err_free(err: *mut wb_err) {
    // SAFETY: the contract says that err is valid or NULL.
    let Some(err) = (unsafe { err.as_mut() }) else { return };
    let err = std::mem::replace(err, wb_err::empty());
    for text in [err.message, err.chain] {
        if !text.is_null() {
            // SAFETY: the text came from CString::into_raw in from_error.
            drop(unsafe { CString::from_raw(text) });
        }
    }
}

/// Frees the bytes of a buffer and zeroes it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_buf_free(buf: *mut wb_buf) {
    // SAFETY: the contract says that buf is valid or NULL.
    if let Some(buf) = unsafe { buf.as_mut() } {
        // SAFETY: filled by the bridge, unchanged.
        drop(unsafe { buf.take() });
    }
}

/// Test switch: the next time the named point is passed, it panics. Points: each export's name,
/// "stream.get_next", "operator.task", "udf.call", "release". Empty name clears.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_test_panic_at(point: wb_str, err: *mut wb_err) -> i32 {
    guard::entry("wb_test_panic_at", err, || {
        // SAFETY: the contract says that the text is valid.
        guard::arm(unsafe { point.to_str()? });
        Ok(())
    })
}
