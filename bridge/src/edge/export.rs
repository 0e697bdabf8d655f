//! What C calls of this folder.

use std::ffi::CString;

use crate::edge::abi::{wb_buf, wb_err};
#[cfg(weir_test)]
use crate::edge::{abi::wb_str, guard, point};

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

/// Only in a build for tests: the next time the named point is passed, it panics. Points: each
/// export's name, "stream.get_next", "operator.task", "udf.call", "release". Empty name clears.
#[cfg(weir_test)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_test_panic_at(name: wb_str, err: *mut wb_err) -> i32 {
    guard::entry("wb_test_panic_at", err, || {
        // SAFETY: the contract says that the text is valid.
        point::arm(unsafe { name.to_str()? });
        Ok(())
    })
}
