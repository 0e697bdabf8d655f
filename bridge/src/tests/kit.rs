//! What the tests of inputs and stages share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::*;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;

use crate::edge::abi::wb_rt_options;
use crate::edge::error::{Error, Result};
use crate::input::late::{Bindings, Bound, LateBound, wb_bind};
use crate::runtime::threads::RtInner;
use crate::session::sess::{Caches, SessInner, SessSpec};
use crate::store::objects::StoreInner;
use crate::runtime::stream::{ImportedStream, export_batches, import_stream};

/// A folder that goes away with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("wb-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn runtime() -> Arc<RtInner> {
    let options = wb_rt_options {
        struct_size: size_of::<wb_rt_options>(),
        abi: crate::edge::abi::WB_ABI,
        threads: 2,
        io_threads: 0,
        stack_bytes: 8 << 20,
        rooms: 4,
    };
    Arc::new(RtInner::new(&options).unwrap())
}

pub fn open(rt: &Arc<RtInner>, url: &str) -> Arc<StoreInner> {
    Arc::new(StoreInner::open(Arc::clone(rt), url, &[]).unwrap())
}

pub fn bind() -> wb_bind {
    let mut out = std::ptr::null_mut();
    let mut err = crate::edge::abi::wb_err::empty();
    // SAFETY: locals.
    assert_eq!(unsafe { crate::input::export::wb_bind_new(&mut out, &mut err) }, 0);
    // SAFETY: made just now by Box::into_raw.
    *unsafe { Box::from_raw(out) }
}

/// Batches as a caller gives them.
pub fn imported(schema: &SchemaRef, batches: Vec<RecordBatch>) -> ImportedStream {
    let mut c = FFI_ArrowArrayStream::empty();
    // SAFETY: locals.
    unsafe {
        export_batches(Arc::clone(schema), batches, &mut c).unwrap();
        import_stream(&mut c).unwrap()
    }
}

/// A session with one input main.t.
pub struct Query {
    pub rt: Arc<RtInner>,
    pub settings: Vec<(String, String)>,
}

impl Query {
    pub fn new(rt: &Arc<RtInner>, partitions: usize) -> Self {
        let settings = [
            ("datafusion.execution.target_partitions", partitions.to_string()),
            ("datafusion.execution.enable_file_stream_work_stealing", "false".to_string()),
        ];
        let settings = settings.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
        Self { rt: Arc::clone(rt), settings }
    }

    pub fn stream(
        &self,
        sql: &str,
        schema: SchemaRef,
        bound: Arc<dyn Bound>,
    ) -> Result<datafusion::execution::SendableRecordBatchStream> {
        let spec = SessSpec {
            settings: self.settings.clone(),
            catalog: "weir".into(),
            schema: "main".into(),
            now_us: 0,
            flags: 0,
            host_settings: Vec::new(),
            caches: Caches::default(),
        };
        let sess = SessInner::new(Arc::clone(&self.rt), &spec)?;
        sess.declare("main", "t", Arc::new(LateBound::new("main", "t", schema)))?;
        sess.seal()?;
        let mut state = sess.planning_state()?;
        let bind = bind();
        bind.insert("main", "t", bound);
        let bindings: Arc<Bindings> = bind.bindings();
        state.config_mut().set_extension(bindings);
        self.rt.block_on(async move {
            let ctx = SessionContext::new_with_state(state);
            let plan = ctx.sql(sql).await?.create_physical_plan().await?;
            Ok(execute_stream(plan, ctx.task_ctx())?)
        })?
    }

    pub fn run(
        &self,
        sql: &str,
        schema: SchemaRef,
        bound: Arc<dyn Bound>,
    ) -> Result<Vec<RecordBatch>> {
        let stream = self.stream(sql, schema, bound)?;
        self.rt.block_on(async { stream.try_collect().await.map_err(Error::from) })?
    }
}

pub fn cell(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "null".into();
    }
    match array.data_type() {
        DataType::Null => "null".into(),
        DataType::Dictionary(_, value) => cell(&cast(&array.slice(row, 1), value).unwrap(), 0),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        t if t.is_integer() => {
            let wide = cast(&array.slice(row, 1), &DataType::Int64).unwrap();
            wide.as_primitive::<Int64Type>().value(0).to_string()
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let wide = cast(&array.slice(row, 1), &DataType::Float64).unwrap();
            let v = wide.as_primitive::<Float64Type>().value(0);
            if v == 0.0 { "0.0".into() } else { format!("{v:e}") }
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let text = cast(&array.slice(row, 1), &DataType::LargeUtf8).unwrap();
            format!("{:?}", text.as_string::<i64>().value(0))
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let bytes = cast(&array.slice(row, 1), &DataType::LargeBinary).unwrap();
            format!("x{:02x?}", bytes.as_binary::<i64>().value(0))
        }
        DataType::FixedSizeBinary(_) => {
            format!("x{:02x?}", array.as_fixed_size_binary().value(row))
        }
        DataType::Timestamp(_, zone) => {
            let t = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
            let micros = cast(&array.slice(row, 1), &t).unwrap();
            micros.as_primitive::<TimestampMicrosecondType>().value(0).to_string()
        }
        DataType::Struct(fields) => {
            let s = array.as_struct();
            let mut parts: Vec<String> = fields
                .iter()
                .zip(s.columns())
                .map(|(f, c)| format!("{}:{}", f.name(), cell(c, row)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        DataType::List(_) => list(&array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(&array.as_list::<i64>().value(row)),
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let mut parts: Vec<String> = (0..entries.len())
                .map(|i| format!("{}={}", cell(entries.column(0), i), cell(entries.column(1), i)))
                .collect();
            parts.sort();
            format!("<{}>", parts.join(","))
        }
        _ => {
            let text = cast(&array.slice(row, 1), &DataType::Utf8).unwrap();
            text.as_string::<i32>().value(0).to_string()
        }
    }
}

fn list(values: &ArrayRef) -> String {
    let parts: Vec<String> = (0..values.len()).map(|i| cell(values, i)).collect();
    format!("[{}]", parts.join(","))
}

/// Rows as sorted texts, columns by name.
pub fn rows(batches: &[RecordBatch]) -> Vec<String> {
    let mut out = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        let mut order: Vec<usize> = (0..batch.num_columns()).collect();
        order.sort_by_key(|i| schema.field(*i).name().clone());
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = order
                .iter()
                .map(|i| format!("{}={}", schema.field(*i).name(), cell(batch.column(*i), row)))
                .collect();
            out.push(cells.join(" "));
        }
    }
    out.sort();
    out
}

/// A Parquet file, read without any of the code under test.
pub fn parquet_rows(path: &Path) -> Vec<RecordBatch> {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.map(|batch| batch.unwrap()).collect()
}
