//! What C says of a hook before a store (`store::hook`): in a build for tests only.
#![allow(non_camel_case_types)]

#[cfg(any(test, weir_test))]
use std::ffi::{c_char, c_void};

/// What an engine does with a store.
#[cfg(any(test, weir_test))]
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub enum wb_store_op {
    /// An object, whole.
    WB_STORE_PUT = 1,
    /// Begins an object of parts.
    WB_STORE_UPLOAD = 2,
    /// One part of it.
    WB_STORE_PART = 3,
    /// The object is there once it is done.
    WB_STORE_COMPLETE = 4,
    /// Gives the object up.
    WB_STORE_ABORT = 5,
    /// A request for an object or one range of it.
    WB_STORE_GET = 6,
    /// The bytes that come with its answer.
    WB_STORE_BYTES = 7,
    /// Ranges of an object, with their bytes.
    WB_STORE_RANGES = 8,
    /// What is known of an object, without its bytes.
    WB_STORE_HEAD = 9,
    /// The objects of a folder.
    WB_STORE_LIST = 10,
    /// One object.
    WB_STORE_DELETE = 11,
    /// Within the store.
    WB_STORE_COPY = 12,
    /// Within the store.
    WB_STORE_RENAME = 13,
}
/// Asked before each operation of a store, on the thread that is at it: many may be asking at
/// once, they are the engines' own, and no call of the bridge that waits is allowed on them.
#[cfg(any(test, weir_test))]
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wb_store_hook {
    /// sizeof(wb_store_hook)
    pub struct_size: usize,
    /// What ask and release get; may be NULL.
    pub ctx: *mut c_void,
    /// op: a wb_store_op; path: NUL-terminated, below the store's root, of a list the folder, of
    /// a copy and a rename the target. again is 0; answers: 0 does it, a negative number lets it
    /// fail undone, any other does it and then asks once more with again as that number: a
    /// negative one loses its answer, which then is a failure.
    pub ask: Option<
        unsafe extern "C" fn(ctx: *mut c_void, op: u32, path: *const c_char, again: i32) -> i32,
    >,
    /// Once, after the last question; may be NULL.
    pub release: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
}
