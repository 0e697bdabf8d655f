//! Versions of what is built in.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};

use crate::edge::error::Result;
use crate::runtime::small_table;

include!(concat!(env!("OUT_DIR"), "/versions.rs"));

pub(crate) fn rows() -> Result<RecordBatch> {
    let names = StringArray::from_iter_values(VERSIONS.iter().map(|(name, _)| *name));
    let versions = StringArray::from_iter_values(VERSIONS.iter().map(|(_, v)| *v));
    small_table::batch(vec![
        ("component", false, Arc::new(names)),
        ("version", false, Arc::new(versions)),
    ])
}
