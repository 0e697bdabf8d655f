//! The only places where pointers of the C interface become Rust values, and the other way.

use std::ptr;

use arrow::ffi::FFI_ArrowSchema;

use crate::edge::abi::{wb_buf, wb_err, wb_kv, wb_str};
use crate::edge::codes::{E_BAD_VALUE, E_BUG};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use std::ffi::CString;

fn bug(what: &str) -> Error {
    Error::new(E_BUG, ORIGIN_BRIDGE, what)
}

/// The caller's struct, which must be there.
///
/// # Safety
/// `p` must be NULL or point to an initialised `T` that outlives `'a` unchanged.
pub unsafe fn in_ref<'a, T>(p: *const T) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { p.as_ref() }.ok_or_else(|| bug("a required pointer is NULL"))
}

/// The caller's variable for a result, which must be there. For plain data and pointers only;
/// Arrow structs are written through `stream` and `out_schema`.
///
/// # Safety
/// `p` must be NULL or point to an initialised `T` that nobody else uses during `'a`.
pub unsafe fn out_ref<'a, T>(p: *mut T) -> Result<&'a mut T> {
    // SAFETY: the caller's promise.
    unsafe { p.as_mut() }.ok_or_else(|| bug("a required pointer is NULL"))
}

/// The caller's array; NULL with 0 elements is the empty one.
///
/// # Safety
/// `p` must point to `n` initialised elements that outlive `'a` unchanged, or be NULL.
pub unsafe fn slice_of<'a, T>(p: *const T, n: usize) -> Result<&'a [T]> {
    if n == 0 {
        return Ok(&[]);
    }
    if p.is_null() {
        return Err(bug("a list of more than 0 elements is NULL"));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(p, n) })
}

/// Refuses a caller that was compiled against another layout.
pub fn check_size<T>(struct_size: usize) -> Result<()> {
    if struct_size == std::mem::size_of::<T>() {
        return Ok(());
    }
    let name = std::any::type_name::<T>();
    let message = format!(
        "struct_size of {name} is {struct_size}, this bridge has {}",
        std::mem::size_of::<T>()
    );
    Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message))
}

impl wb_str {
    /// The text.
    ///
    /// # Safety
    /// `p` must point to `n` bytes that outlive `'a` unchanged; NULL only with 0 bytes.
    pub unsafe fn to_str<'a>(&self) -> Result<&'a str> {
        // SAFETY: the caller's promise.
        let bytes = unsafe { slice_of(self.p.cast::<u8>(), self.n)? };
        std::str::from_utf8(bytes).map_err(|e| {
            let message = format!("text given to the bridge is not UTF-8: {e}");
            Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message)
        })
    }
}

/// Many texts at once, copied.
///
/// # Safety
/// As for `slice_of` and `wb_str::to_str`.
pub unsafe fn strings(p: *const wb_str, n: usize) -> Result<Vec<String>> {
    // SAFETY: the caller's promise.
    let slice = unsafe { slice_of(p, n)? };
    // SAFETY: the caller's promise.
    slice.iter().map(|s| Ok(unsafe { s.to_str()? }.to_string())).collect()
}

/// Keys and values, copied, in their order.
///
/// # Safety
/// As for `slice_of` and `wb_str::to_str`.
pub unsafe fn pairs(p: *const wb_kv, n: usize) -> Result<Vec<(String, String)>> {
    // SAFETY: the caller's promise.
    let slice = unsafe { slice_of(p, n)? };
    slice
        .iter()
        .map(|kv| {
            // SAFETY: the caller's promise.
            let key = unsafe { kv.key.to_str()? };
            // SAFETY: as above.
            let value = unsafe { kv.value.to_str()? };
            Ok((key.to_string(), value.to_string()))
        })
        .collect()
}

impl wb_buf {
    /// No bytes.
    pub fn empty() -> Self {
        Self { p: ptr::null_mut(), n: 0, cap: 0 }
    }

    /// Gives the bytes to the caller.
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        if bytes.capacity() == 0 {
            return Self::empty();
        }
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        Self { p: bytes.as_mut_ptr(), n: bytes.len(), cap: bytes.capacity() }
    }

    /// Takes the bytes back.
    ///
    /// # Safety
    /// The buffer must be empty or come from `from_vec`, unchanged.
    pub unsafe fn take(&mut self) -> Vec<u8> {
        let buf = std::mem::replace(self, Self::empty());
        if buf.p.is_null() {
            return Vec::new();
        }
        // SAFETY: the caller's promise: these are the parts of a Vec.
        unsafe { Vec::from_raw_parts(buf.p, buf.n, buf.cap) }
    }
}

/// Zeroes an Arrow struct of the caller without dropping what is in it.
///
/// # Safety
/// `out` must be NULL or writable.
pub unsafe fn zero_schema(out: *mut FFI_ArrowSchema) -> Result<()> {
    if out.is_null() {
        return Err(bug("a required pointer is NULL"));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    unsafe { out.write(FFI_ArrowSchema::empty()) };
    Ok(())
}

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
