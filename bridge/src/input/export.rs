//! What C calls of this folder.

use std::sync::Arc;

use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::edge::{given, guard};
use crate::edge::abi::{wb_err, wb_str};
use crate::input::late::{Bound, wb_bind};
use crate::input::rows::{MemoryBound, StreamBound};
use crate::input::table::{TableBound, wb_table};
use crate::runtime::stream;
use crate::store::place::Place;

/// A set of bindings, empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_bind_new(out: *mut *mut wb_bind, err: *mut wb_err) -> i32 {
    guard::entry("wb_bind_new", err, || {
        // SAFETY: the caller's promise.
        let out = unsafe { given::out_ref(out)? };
        *out = Box::into_raw(Box::<wb_bind>::default());
        Ok(())
    })
}

/// Frees the handle; NULL is allowed. Executions keep what they were made with.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_bind_free(bind: *mut wb_bind) {
    guard::quiet("release", || {
        if !bind.is_null() {
            // SAFETY: the caller's promise.
            drop(unsafe { Box::from_raw(bind) });
        }
    });
}

/// Binds schema.table to a stream, which is taken. Its columns go to the declared ones by name; cast
/// to declared types where they differ losslessly. collect: read now, on the caller's thread, and
/// its rows can be read many times; else it is read once, pulled on a blocking thread through a
/// bounded channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_bind_stream(
    bind: *mut wb_bind,
    schema: wb_str,
    table: wb_str,
    take: *mut FFI_ArrowArrayStream,
    collect: bool,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_bind_stream", err, || {
        // SAFETY: the caller's promise.
        let stream = unsafe { stream::import_stream(take)? };
        // SAFETY: as above.
        let bind = unsafe { given::in_ref(bind.cast_const())? };
        // SAFETY: as above.
        let schema = unsafe { schema.to_str()? };
        // SAFETY: as above.
        let table = unsafe { table.to_str()? };
        let bound: Arc<dyn Bound> = match collect {
            true => Arc::new(MemoryBound::collect(stream)?),
            false => Arc::new(StreamBound::new(format!("{schema}.{table}"), stream)),
        };
        bind.insert(schema, table, bound);
        Ok(())
    })
}

/// Binds schema.table to the files of a table. The columns and the stream of files are moved from;
/// the stream is asked at the first scan, on a thread that may block, and again after a failure.
/// options NULL: takes the binding of schema.table out, whatever it is; executions keep what they
/// were made with, and none of that name is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_bind_table(
    bind: *mut wb_bind,
    schema: wb_str,
    table: wb_str,
    options: *const wb_table,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_bind_table", err, || {
        // SAFETY: the caller's promise.
        let bind = unsafe { given::in_ref(bind.cast_const())? };
        // SAFETY: as above.
        let schema = unsafe { schema.to_str()? };
        // SAFETY: as above.
        let table = unsafe { table.to_str()? };
        // SAFETY: as above.
        let Some(options) = (unsafe { options.as_ref() }) else {
            bind.remove(schema, table);
            return Ok(());
        };
        given::check_size::<wb_table>(options.struct_size)?;
        // SAFETY: the caller's promise.
        let names = unsafe { stream::import_schema(options.columns)? };
        // SAFETY: as above.
        let files = unsafe { stream::take_stream(options.files)? };
        // SAFETY: as above.
        let snap = unsafe { options.snap.as_ref() }.map(|snap| Arc::clone(&snap.inner));
        let place = match &snap {
            Some(snap) => snap.place.clone(),
            // SAFETY: the caller's promise.
            None => Place::new(&unsafe { given::in_ref(options.store)? }.inner)?,
        };
        let bound = TableBound::new(place, snap, names, files);
        bind.insert(schema, table, Arc::new(bound));
        Ok(())
    })
}
