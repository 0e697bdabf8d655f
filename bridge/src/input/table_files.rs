//! The files of a table, as C tells of them: one row a file (wb_table).

use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, StructArray,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::ffi_stream::FFI_ArrowArrayStream;
use chrono::DateTime;
use datafusion::common::ScalarValue;
use datafusion::datasource::listing::PartitionedFile;
use object_store::ObjectMeta;
use tokio::sync::OnceCell;

use crate::edge::codes::E_BAD_VALUE;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::runtime::threads;
use crate::store::objects::path_of;
use crate::runtime::stream;

/// A deletion vector.
#[derive(Clone, Debug)]
pub struct Vector {
    /// Of its file below the root; None: `inline`.
    pub path: Option<String>,
    /// As the log has it.
    pub inline: Option<String>,
    /// In the file.
    pub offset: Option<i32>,
    /// Of what is stored.
    pub size: i32,
    /// That it takes away.
    pub rows: i64,
}

/// What there is of the table.
pub struct TableFiles {
    path: StringArray,
    size: Int64Array,
    rows: Int64Array,
    partition: Option<StructArray>,
    min: Option<StructArray>,
    max: Option<StructArray>,
    nulls: Option<StructArray>,
    vectors: Option<Vectors>,
}

struct Vectors {
    path: StringArray,
    inline: StringArray,
    offset: Int32Array,
    size: Int32Array,
    rows: Int64Array,
}

impl fmt::Debug for TableFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files", self.len())
    }
}

fn wrong(what: impl fmt::Display) -> Error {
    Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, format!("the files of a table: {what}"))
}

fn column<'a, T: Array + 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a T> {
    let column = batch.column_by_name(name).ok_or_else(|| wrong(format!("no column {name}")))?;
    column.as_any().downcast_ref::<T>().ok_or_else(|| {
        wrong(format!("the column {name} is {}", column.data_type()))
    })
}

/// The struct of this name with its members in the table's types; None: there is none.
fn members(batch: &RecordBatch, name: &str, table: &Schema) -> Result<Option<StructArray>> {
    let Some(found) = batch.column_by_name(name).and_then(|c| c.as_struct_opt()) else {
        return Ok(None);
    };
    let mut columns = Vec::with_capacity(found.num_columns());
    for (field, array) in found.fields().iter().zip(found.columns()) {
        let field = table.field_with_name(field.name())?;
        let to = field.data_type();
        columns.push((
            Arc::new(Field::new(field.name(), to.clone(), true)),
            cast(array, to)?,
        ));
    }
    Ok(Some(StructArray::from(columns)))
}

impl TableFiles {
    fn new(batch: &RecordBatch, table: &Schema) -> Result<Self> {
        let vectors = match batch.column_by_name("dv_rows") {
            None => None,
            Some(_) => Some(Vectors {
                path: column::<StringArray>(batch, "dv_path")?.clone(),
                inline: column::<StringArray>(batch, "dv_inline")?.clone(),
                offset: column::<Int32Array>(batch, "dv_offset")?.clone(),
                size: column::<Int32Array>(batch, "dv_size")?.clone(),
                rows: column::<Int64Array>(batch, "dv_rows")?.clone(),
            }),
        };
        Ok(Self {
            path: column::<StringArray>(batch, "path")?.clone(),
            size: column::<Int64Array>(batch, "size")?.clone(),
            rows: column::<Int64Array>(batch, "rows")?.clone(),
            partition: members(batch, "partition", table)?,
            min: members(batch, "min", table)?,
            max: members(batch, "max", table)?,
            nulls: batch.column_by_name("nulls").and_then(|c| c.as_struct_opt()).cloned(),
            vectors,
        })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.path.len()
    }

    /// The names of the partition columns.
    pub fn partition_columns(&self) -> Vec<&str> {
        self.partition.iter().flat_map(StructArray::column_names).collect()
    }

    /// A file for the reader.
    pub fn file(&self, at: usize) -> Result<PartitionedFile> {
        let mut values: Vec<ScalarValue> = Vec::new();
        for array in self.partition.iter().flat_map(StructArray::columns) {
            values.push(ScalarValue::try_from_array(array, at)?);
        }
        // From the parts, because a path as text would be percent-encoded once more.
        let meta = ObjectMeta {
            location: path_of(self.path.value(at))?,
            last_modified: DateTime::UNIX_EPOCH,
            size: u64::try_from(self.size.value(at)).map_err(|_| wrong("a negative size"))?,
            e_tag: None,
            version: None,
        };
        Ok(PartitionedFile::new_from_meta(meta).with_partition_values(values))
    }

    /// Its deletion vector.
    pub fn vector(&self, at: usize) -> Option<Vector> {
        let vectors = self.vectors.as_ref().filter(|vectors| vectors.rows.is_valid(at))?;
        let text = |array: &StringArray| array.is_valid(at).then(|| array.value(at).to_string());
        Some(Vector {
            path: text(&vectors.path),
            inline: text(&vectors.inline),
            offset: vectors.offset.is_valid(at).then(|| vectors.offset.value(at)),
            size: vectors.size.value(at),
            rows: vectors.rows.value(at),
        })
    }

    /// Rows that a file has for readers, if the log tells.
    pub fn live_rows(&self, at: usize) -> Option<i64> {
        let gone = self.vectors.as_ref().filter(|v| v.rows.is_valid(at));
        let gone = gone.map_or(0, |vectors| vectors.rows.value(at));
        self.rows.is_valid(at).then(|| self.rows.value(at).saturating_sub(gone).max(0))
    }

    /// Physical rows of all files.
    pub fn rows(&self) -> &Int64Array {
        &self.rows
    }

    /// Bytes of a file.
    pub fn size(&self, at: usize) -> i64 {
        self.size.value(at)
    }

    fn member<'a>(of: &'a Option<StructArray>, name: &str) -> Option<&'a ArrayRef> {
        of.as_ref().and_then(|of| of.column_by_name(name))
    }

    /// Values of a partition column.
    pub fn partition(&self, name: &str) -> Option<&ArrayRef> {
        Self::member(&self.partition, name)
    }

    /// Lower bounds of a column; null where there is none.
    pub fn min(&self, name: &str) -> Option<&ArrayRef> {
        Self::member(&self.min, name)
    }

    /// Upper bounds.
    pub fn max(&self, name: &str) -> Option<&ArrayRef> {
        Self::member(&self.max, name)
    }

    /// Counts of nulls.
    pub fn nulls(&self, name: &str) -> Option<&ArrayRef> {
        Self::member(&self.nulls, name)
    }
}

/// The files, read from the caller's stream when they are first wanted.
pub struct LazyFiles {
    stream: Arc<Mutex<FFI_ArrowArrayStream>>,
    read: OnceCell<Arc<TableFiles>>,
}

impl fmt::Debug for LazyFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.read.get())
    }
}

impl LazyFiles {
    /// `stream` gives a struct array with a row a file; it may be asked again after a failure.
    pub fn new(stream: FFI_ArrowArrayStream) -> Self {
        Self { stream: Arc::new(Mutex::new(stream)), read: OnceCell::new() }
    }

    /// Asks the stream, on a thread that may block.
    pub async fn get(&self, table: &SchemaRef) -> Result<Arc<TableFiles>> {
        let read = self.read.get_or_try_init(|| async {
            let (stream, table) = (Arc::clone(&self.stream), Arc::clone(table));
            let work = move || -> Result<Arc<TableFiles>> {
                let mut stream = stream.lock().unwrap_or_else(|e| e.into_inner());
                let (schema, batches) = stream::read_all(&mut stream)?;
                let batch = match batches.as_slice() {
                    [one] => one.clone(),
                    several => concat_batches(&schema, several)?,
                };
                Ok(Arc::new(TableFiles::new(&batch, &table)?))
            };
            tokio::task::spawn_blocking(move || threads::waiting(work)).await?
        });
        read.await.map(Arc::clone)
    }
}
