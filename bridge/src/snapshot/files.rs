//! The list of a snapshot's files as flat rows.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, Int64Builder, MapArray, StringArray, StringBuilder,
    StructArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use serde_json::{Map, Value};

use crate::edge::codes::E_ENGINE;
use crate::edge::error::{Error, ORIGIN_DELTA, Result};
use crate::edge::guard;
use crate::snapshot::snap::SnapInner;

/// The columns of WB_SNAP_FILES.
fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("path", DataType::Utf8, false),
        Field::new("size", DataType::Int64, false),
        Field::new("mtime_ms", DataType::Int64, false),
        Field::new("stats", DataType::Utf8, true),
        Field::new("partition_values", DataType::Utf8, false),
        Field::new("dv", DataType::Utf8, true),
        Field::new("base_row_id", DataType::Int64, true),
        Field::new("tags", DataType::Utf8, true),
    ]))
}

/// WB_SNAP_FILES: read from the log as the rows are asked for.
pub fn rows(snap: &Arc<SnapInner>) -> Result<SendableRecordBatchStream> {
    let rt = &snap.store.rt;
    rt.check()?;
    let files = {
        let _entered = rt.handle().enter();
        snap.snapshot.files(snap.log.as_ref(), None)
    };
    let snap = Arc::clone(snap);
    let rows = AssertUnwindSafe(files).catch_unwind().then(move |batch| {
        let batch = match batch {
            Ok(batch) => batch.map_err(|e| snap.explain(e)),
            Err(payload) => Err(guard::panicked("the reader of the log", payload)),
        };
        let snap = Arc::clone(&snap);
        async move {
            match batch.and_then(|batch| flatten(&batch)) {
                Ok(rows) => Ok(rows),
                Err(e) => Err(snap.damaged(e).await.into_df()),
            }
        }
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), rows)))
}

fn missing(what: &str) -> Error {
    Error::new(E_ENGINE, ORIGIN_DELTA, format!("the list of files has no column {what}"))
}

fn text(column: Option<&ArrayRef>) -> Result<Option<StringArray>> {
    match column {
        None => Ok(None),
        Some(column) => Ok(Some(cast(column, &DataType::Utf8)?.as_string::<i32>().clone())),
    }
}

fn number(column: Option<&ArrayRef>) -> Result<Option<Int64Array>> {
    match column {
        None => Ok(None),
        Some(column) => {
            Ok(Some(cast(column, &DataType::Int64)?.as_primitive::<Int64Type>().clone()))
        }
    }
}

fn child<'a>(parent: Option<&'a StructArray>, name: &str) -> Option<&'a ArrayRef> {
    parent.and_then(|parent| parent.column_by_name(name))
}

fn text_at(column: Option<&StringArray>, row: usize) -> Option<&str> {
    column.filter(|c| c.is_valid(row)).map(|c| c.value(row))
}

fn number_at(column: Option<&Int64Array>, row: usize) -> Option<i64> {
    column.filter(|c| c.is_valid(row)).map(|c| c.value(row))
}

/// Maps from text to text.
struct Texts {
    map: MapArray,
    keys: StringArray,
    values: StringArray,
}

impl Texts {
    fn of(column: Option<&ArrayRef>) -> Result<Option<Self>> {
        let Some(map) = column.and_then(|column| column.as_map_opt()) else { return Ok(None) };
        let keys = text(Some(map.keys()))?.ok_or_else(|| missing("key"))?;
        let values = text(Some(map.values()))?.ok_or_else(|| missing("value"))?;
        Ok(Some(Self { map: map.clone(), keys, values }))
    }

    /// One row as a JSON object with sorted keys. Most have nothing in them.
    fn json(&self, row: usize) -> Option<String> {
        if self.map.is_null(row) {
            return None;
        }
        let ends = self.map.value_offsets().get(row..row + 2)?;
        let &[from, to] = ends else { return None };
        let entries = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
        if entries.is_empty() {
            return Some("{}".to_string());
        }
        let mut pairs: Vec<(&str, Option<&str>)> =
            entries.map(|i| (self.keys.value(i), text_at(Some(&self.values), i))).collect();
        pairs.sort_unstable();
        let object: Map<String, Value> = pairs
            .into_iter()
            .map(|(k, v)| (k.to_string(), v.map_or(Value::Null, |v| Value::String(v.to_string()))))
            .collect();
        Some(Value::Object(object).to_string())
    }
}

struct Vectors {
    storage: Option<StringArray>,
    path: Option<StringArray>,
    offset: Option<Int64Array>,
    size: Option<Int64Array>,
    cardinality: Option<Int64Array>,
}

impl Vectors {
    fn of(column: Option<&StructArray>) -> Result<Self> {
        Ok(Self {
            storage: text(child(column, "storageType"))?,
            path: text(child(column, "pathOrInlineDv"))?,
            offset: number(child(column, "offset"))?,
            size: number(child(column, "sizeInBytes"))?,
            cardinality: number(child(column, "cardinality"))?,
        })
    }

    fn json(&self, row: usize) -> Option<String> {
        let storage = text_at(self.storage.as_ref(), row)?;
        let mut object = Map::new();
        object.insert("storageType".into(), storage.into());
        object.insert("pathOrInlineDv".into(), text_at(self.path.as_ref(), row).into());
        if let Some(offset) = number_at(self.offset.as_ref(), row) {
            object.insert("offset".into(), offset.into());
        }
        object.insert("sizeInBytes".into(), number_at(self.size.as_ref(), row).into());
        object.insert("cardinality".into(), number_at(self.cardinality.as_ref(), row).into());
        Some(Value::Object(object).to_string())
    }
}

/// One batch of the log's list as rows of `schema`.
fn flatten(batch: &RecordBatch) -> Result<RecordBatch> {
    let as_struct = |name: &str| batch.column_by_name(name).and_then(|c| c.as_struct_opt());
    let path = text(batch.column_by_name("path"))?.ok_or_else(|| missing("path"))?;
    let size = number(batch.column_by_name("size"))?.ok_or_else(|| missing("size"))?;
    let mtime = number(batch.column_by_name("modificationTime"))?;
    let stats = text(batch.column_by_name("stats"))?;
    let records = number(child(as_struct("stats_parsed"), "numRecords"))?;
    let constants = as_struct("fileConstantValues");
    let partition_values = Texts::of(child(constants, "partitionValues"))?;
    let tags = Texts::of(child(constants, "tags"))?;
    let base_row_id = number(child(constants, "baseRowId"))?;
    let vectors = Vectors::of(as_struct("deletionVector"))?;

    let mut out_stats = StringBuilder::new();
    let mut out_partitions = StringBuilder::new();
    let mut out_dv = StringBuilder::new();
    let mut out_tags = StringBuilder::new();
    let mut out_base = Int64Builder::new();
    let mut out_mtime = Int64Builder::new();
    for row in 0..batch.num_rows() {
        match (text_at(stats.as_ref(), row), number_at(records.as_ref(), row)) {
            (Some(stats), _) => out_stats.append_value(stats),
            (None, Some(records)) => {
                out_stats.append_value(format!("{{\"numRecords\":{records}}}"))
            }
            (None, None) => out_stats.append_null(),
        }
        let partitions = partition_values.as_ref().and_then(|map| map.json(row));
        out_partitions.append_value(partitions.as_deref().unwrap_or("{}"));
        out_dv.append_option(vectors.json(row));
        out_tags.append_option(tags.as_ref().and_then(|map| map.json(row)));
        out_base.append_option(number_at(base_row_id.as_ref(), row));
        out_mtime.append_value(number_at(mtime.as_ref(), row).unwrap_or_default());
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(path),
        Arc::new(size),
        Arc::new(out_mtime.finish()),
        Arc::new(out_stats.finish()),
        Arc::new(out_partitions.finish()),
        Arc::new(out_dv.finish()),
        Arc::new(out_base.finish()),
        Arc::new(out_tags.finish()),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}
