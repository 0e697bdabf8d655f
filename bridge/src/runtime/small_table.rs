//! Small tables that the host reads.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};

use crate::edge::error::Result;

/// A batch of columns without metadata; a column is nullable if it has nulls to hold.
pub fn batch(columns: Vec<(&str, bool, ArrayRef)>) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for (name, nullable, array) in columns {
        let data_type: DataType = array.data_type().clone();
        fields.push(Field::new(name, data_type, nullable));
        arrays.push(array);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}
