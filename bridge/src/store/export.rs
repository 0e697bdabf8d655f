//! What C calls of this folder.

use std::sync::Arc;

use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::edge::{given, guard};
use crate::edge::abi::{wb_err, wb_kv, wb_str};
use crate::runtime::stream;
use crate::runtime::threads::{self, wb_cancel, wb_rt};
#[cfg(weir_test)]
use crate::store::hook_abi::wb_store_hook;
use crate::store::objects::{StoreInner, delete_impl, get_impl, list_impl, put_impl, wb_store};

/// Opens the root `url`: file, memory, s3, s3a, az, adl, abfs, abfss, gs. Options are those of
/// the kind of store; unknown ones are BAD_VALUE. Nothing is created, and nothing is read from
/// the environment. A memory store is empty and known by its handle only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_store_open(
    rt: *mut wb_rt,
    url: wb_str,
    options: *const wb_kv,
    n_options: usize,
    out: *mut *mut wb_store,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_store_open", err, || {
        // SAFETY: the caller's promise.
        let out = unsafe { given::out_ref(out)? };
        *out = std::ptr::null_mut();
        // SAFETY: as above.
        let rt = unsafe { given::in_ref(rt.cast_const())? };
        // SAFETY: as above.
        let url = unsafe { url.to_str()? };
        // SAFETY: as above.
        let options = unsafe { given::pairs(options, n_options)? };
        let inner = Arc::new(StoreInner::open(Arc::clone(&rt.inner), url, &options)?);
        *out = Box::into_raw(Box::new(wb_store { inner }));
        Ok(())
    })
}

/// Only in a build for tests: takes a store that was just opened and gives one whose hook is
/// asked before each operation of the engines, which those of wb_obj_* are not (copied; its
/// context stays the caller's when this fails, and so does the store).
#[cfg(weir_test)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_test_store_hook(
    store: *mut wb_store,
    hook: *const wb_store_hook,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_test_store_hook", err, || {
        // SAFETY: the caller's promise; nobody else has the store yet.
        let store = unsafe { given::out_ref(store)? };
        // SAFETY: as above.
        let hook = unsafe { given::in_ref(hook)? };
        store.inner = Arc::new(store.inner.hooked(*hook)?);
        Ok(())
    })
}

/// Rows (ord u32, path, found bool, size u64, mtime_us i64, etag Utf8?, bytes Binary (NULL
/// where max_bytes is 0)); concurrent inside. TOO_LARGE where all together have more. cancel, here
/// and below: what stops the call while it waits for the store, or NULL; what the store was asked
/// for may happen all the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_obj_get(
    store: *const wb_store,
    paths: *const wb_str,
    n: usize,
    max_bytes: u64,
    cancel: *const wb_cancel,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_obj_get", err, || {
        // SAFETY: the caller's promise.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let store = unsafe { given::in_ref(store)? };
        // SAFETY: as above.
        let paths = unsafe { given::strings(paths, n)? };
        let work = || get_impl(&store.inner, &paths, max_bytes);
        // SAFETY: the caller's promise.
        let batch = unsafe { threads::under(cancel, work)? };
        // SAFETY: the caller's promise; zeroed above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}

/// Rows (path relative to root, size u64, mtime_us i64, etag Utf8?), sorted by path: the
/// objects below the folder prefix, or only those directly in it. start_after: empty or a path.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_obj_list(
    store: *const wb_store,
    prefix: wb_str,
    start_after: wb_str,
    recursive: bool,
    cancel: *const wb_cancel,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_obj_list", err, || {
        // SAFETY: the caller's promise.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let store = unsafe { given::in_ref(store)? };
        // SAFETY: as above.
        let prefix = unsafe { prefix.to_str()? };
        // SAFETY: as above.
        let start_after = unsafe { start_after.to_str()? };
        let work = || list_impl(&store.inner, prefix, start_after, recursive);
        // SAFETY: the caller's promise.
        let batch = unsafe { threads::under(cancel, work)? };
        // SAFETY: the caller's promise; zeroed above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}

/// Writes one object, whole or not at all; if_absent: EXISTS if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_obj_put(
    store: *const wb_store,
    path: wb_str,
    bytes: *const u8,
    n: usize,
    if_absent: bool,
    cancel: *const wb_cancel,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_obj_put", err, || {
        // SAFETY: the caller's promise.
        let store = unsafe { given::in_ref(store)? };
        // SAFETY: as above.
        let path = unsafe { path.to_str()? };
        // SAFETY: as above.
        let bytes = unsafe { given::slice_of(bytes, n)? };
        // SAFETY: the caller's promise.
        unsafe { threads::under(cancel, || put_impl(&store.inner, path, bytes.to_vec(), if_absent)) }
    })
}

/// Deletes objects; an absent one is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_obj_delete(
    store: *const wb_store,
    paths: *const wb_str,
    n: usize,
    cancel: *const wb_cancel,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_obj_delete", err, || {
        // SAFETY: the caller's promise.
        let store = unsafe { given::in_ref(store)? };
        // SAFETY: as above.
        let paths = unsafe { given::strings(paths, n)? };
        // SAFETY: the caller's promise.
        unsafe { threads::under(cancel, || delete_impl(&store.inner, &paths)) }
    })
}

/// Frees the handle; NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_store_free(store: *mut wb_store) {
    guard::quiet("release", || {
        if !store.is_null() {
            // SAFETY: the caller's promise.
            drop(unsafe { Box::from_raw(store) });
        }
    });
}
