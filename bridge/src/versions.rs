//! Versions of what is built in.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::abi::wb_err;
use crate::error::Result;
use crate::{guard, small_table, stream};

include!(concat!(env!("OUT_DIR"), "/versions.rs"));

fn rows() -> Result<RecordBatch> {
    let names = StringArray::from_iter_values(VERSIONS.iter().map(|(name, _)| *name));
    let versions = StringArray::from_iter_values(VERSIONS.iter().map(|(_, v)| *v));
    small_table::batch(vec![
        ("component", false, Arc::new(names)),
        ("version", false, Arc::new(versions)),
    ])
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

