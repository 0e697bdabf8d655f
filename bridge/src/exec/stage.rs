//! Writes the rows of an execution as Parquet files. Nothing is committed, and nothing is
//! deleted when it fails: the prefix is the caller's.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::partition;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use futures::StreamExt;
use futures::future::try_join;
use object_store::path::Path;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::edge::given;
use crate::edge::abi::wb_stage_options;
use crate::edge::codes::{E_BAD_VALUE, E_IO, E_OUTPUT_TYPE, E_STORE, E_UNKNOWN_COLUMN};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::exec::stage_encode::Encoder;
use crate::exec::stage_sink::{PartSizes, Sink, UnderWay};
use crate::exec::stage_stats::{width, Leaves, NanWatch, StagedFileStats, StatsTable};
use crate::input::adapt::Adapter;
use crate::runtime::threads::{CancelToken, until};
use crate::snapshot::delta_text;
use crate::store::objects::{StoreInner, path_of};

/// The writer's name in errors of the pool.
const WRITER: &str = "ParquetWriter";

/// What `wb_stage_options` says.
#[derive(Debug, Clone)]
pub struct StageOptions {
    pub prefix: String,
    pub partition_columns: Vec<String>,
    /// Of the rows in each file, ascending, nulls first.
    pub sort_columns: Vec<String>,
    /// None: all leaves.
    pub stats_columns: Option<Vec<String>>,
    /// 0: no limit.
    pub target_file_bytes: u64,
    pub row_group_rows: u64,
    /// Encoded, and what the writer holds for it.
    pub row_group_bytes: u64,
    /// The longest bound of a text in a footer.
    pub bound_bytes: u64,
    pub parts: PartSizes,
    pub compression: String,
    pub compression_level: i32,
    pub file_metadata: Vec<(String, String)>,
    pub abort_after: Duration,
}

fn bad(message: String) -> Error {
    Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message)
}

/// The type that a file has for it; a table of Delta has no others.
fn stored_type(name: &str, t: &DataType) -> Result<DataType> {
    let field = |f: &Field, label: &str| -> Result<Arc<Field>> {
        let inner = stored_type(&format!("{name}.{}", f.name()), f.data_type())?;
        Ok(Arc::new(Field::new(label, inner, f.is_nullable())))
    };
    Ok(match t {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Date32
        | DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => t.clone(),
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s)
            if *s >= 0 =>
        {
            DataType::Decimal128(*p, *s)
        }
        DataType::Timestamp(_, zone) => {
            let zone = zone.as_ref().map(|_| "UTC".into());
            DataType::Timestamp(TimeUnit::Microsecond, zone)
        }
        DataType::Dictionary(_, value) => stored_type(name, value)?,
        DataType::List(f) => DataType::List(field(f, "element")?),
        DataType::LargeList(f) => DataType::LargeList(field(f, "element")?),
        DataType::Map(entries, ordered) => {
            let DataType::Struct(pair) = entries.data_type() else {
                return Err(refused(name, t));
            };
            let (Some(key), Some(value)) = (pair.first(), pair.get(1)) else {
                return Err(refused(name, t));
            };
            let pair = vec![field(key, "key")?, field(value, "value")?];
            let entries = Field::new("key_value", DataType::Struct(pair.into()), false);
            DataType::Map(Arc::new(entries), *ordered)
        }
        DataType::Struct(fields) => {
            let mut out = Vec::with_capacity(fields.len());
            for f in fields {
                out.push(field(f, f.name())?);
            }
            DataType::Struct(out.into())
        }
        _ => return Err(refused(name, t)),
    })
}

fn refused(name: &str, t: &DataType) -> Error {
    let message = format!("column {name} has the type {t}, which a Delta table cannot hold");
    Error::new(E_OUTPUT_TYPE, ORIGIN_BRIDGE, message)
}

fn compression(options: &StageOptions) -> Result<Compression> {
    match options.compression.as_str() {
        "none" => Ok(Compression::UNCOMPRESSED),
        "snappy" => Ok(Compression::SNAPPY),
        "zstd" => {
            let level = ZstdLevel::try_new(options.compression_level).map_err(|e| {
                bad(format!("compression_level {}: {e}", options.compression_level))
            })?;
            Ok(Compression::ZSTD(level))
        }
        other => Err(bad(format!("compression \"{other}\" is none of zstd, snappy, none"))),
    }
}

fn size(name: &str, n: u64) -> Result<usize> {
    let size = usize::try_from(n).ok().filter(|size| *size > 0);
    size.ok_or_else(|| bad(format!("{name} {n}")))
}

/// What a footer says of the order of rows: as far as all readers mean the same by it.
fn sorting(schema: &Schema, options: &StageOptions) -> Option<Vec<SortingColumn>> {
    let mut found = Vec::with_capacity(options.sort_columns.len());
    for name in &options.sort_columns {
        // One value in a file, and no column of it.
        if options.partition_columns.contains(name) {
            continue;
        }
        let Some((at, field)) = schema.column_with_name(name) else { break };
        // NaN has no place there.
        if field.data_type().is_nested() || field.data_type().is_floating() {
            break;
        }
        let before = schema.fields().iter().take(at).map(|f| width(f.data_type())).sum::<usize>();
        let Ok(column_idx) = i32::try_from(before) else { break };
        found.push(SortingColumn { column_idx, descending: false, nulls_first: true });
    }
    (!found.is_empty()).then_some(found)
}

fn properties(options: &StageOptions, schema: &Schema) -> Result<WriterProperties> {
    let bound = size("bound_bytes", options.bound_bytes)?;
    let metadata: Vec<KeyValue> = options
        .file_metadata
        .iter()
        .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
        .collect();
    Ok(WriterProperties::builder()
        .set_compression(compression(options)?)
        .set_key_value_metadata((!metadata.is_empty()).then_some(metadata))
        .set_statistics_enabled(EnabledStatistics::Page)
        // A long text would be in the footer twice for each row group.
        .set_statistics_truncate_length(Some(bound))
        .set_column_index_truncate_length(Some(bound))
        .set_coerce_types(true)
        .set_sorting_columns(sorting(schema, options))
        .build())
}

/// The columns of the stream: those that go into the files, and those that partition them.
struct Layout {
    adapter: Adapter,
    partition_names: Vec<String>,
    partition_columns: Vec<usize>,
    data_columns: Vec<usize>,
    data_schema: SchemaRef,
}

impl Layout {
    fn new(from: &Schema, options: &StageOptions) -> Result<Self> {
        let mut fields = Vec::with_capacity(from.fields().len());
        for f in from.fields() {
            let stored = stored_type(f.name(), f.data_type())?;
            fields.push(Field::new(f.name(), stored, f.is_nullable()));
        }
        let stored = Arc::new(Schema::new(fields));
        let mut partition_columns = Vec::with_capacity(options.partition_columns.len());
        for name in &options.partition_columns {
            let index = stored.index_of(name).map_err(|_| {
                let message = format!("the rows have no column {name} to partition by");
                Error::new(E_UNKNOWN_COLUMN, ORIGIN_BRIDGE, message)
            })?;
            partition_columns.push(index);
        }
        let data_columns: Vec<usize> =
            (0..stored.fields().len()).filter(|index| !partition_columns.contains(index)).collect();
        if data_columns.is_empty() {
            return Err(bad("every column is a partition column; a file needs one".into()));
        }
        Ok(Self {
            adapter: Adapter::new("the result", from, Arc::clone(&stored))?,
            partition_names: options.partition_columns.clone(),
            data_schema: Arc::new(stored.project(&data_columns)?),
            partition_columns,
            data_columns,
        })
    }

    /// Runs of rows of one partition: its values, and the rows' columns that go into files.
    fn split(&self, batch: &RecordBatch) -> Result<Vec<(Vec<Option<String>>, RecordBatch)>> {
        let data = batch.project(&self.data_columns)?;
        if self.partition_columns.is_empty() {
            return Ok(vec![(Vec::new(), data)]);
        }
        let columns = batch.project(&self.partition_columns)?;
        let mut texts = Vec::with_capacity(self.partition_names.len());
        for (name, column) in self.partition_names.iter().zip(columns.columns()) {
            texts.push(delta_text::format(name, column.as_ref())?);
        }
        let mut runs = Vec::new();
        for range in partition(columns.columns())?.ranges() {
            let values: Vec<Option<String>> =
                texts.iter().map(|column| column.get(range.start).cloned().flatten()).collect();
            runs.push((values, data.slice(range.start, range.end - range.start)));
        }
        Ok(runs)
    }
}

struct OpenFile {
    writer: Encoder,
    under_way: UnderWay,
    path: Path,
    values: Vec<Option<String>>,
    nans: NanWatch,
    rows: u64,
}

impl OpenFile {
    fn bytes(&self) -> u64 {
        let bytes = self.writer.bytes_written() + self.writer.in_progress_size();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// What it holds in memory: of the row group, and of the object.
    fn held(&self) -> usize {
        self.writer.memory_size() + self.under_way.bytes()
    }

    /// Closes the row group.
    async fn flush(&mut self, store: &StoreInner) -> Result<()> {
        self.writer.flush().await.map_err(|e| failed(store, &self.path, e))
    }

    /// Reserves what it holds. A writer that has its share closes the row group; so does one that
    /// is refused, and waits until the store has taken it. Without what is left it cannot go on.
    async fn reserve(
        &mut self,
        store: &StoreInner,
        memory: &MemoryReservation,
        most: usize,
    ) -> Result<()> {
        if self.writer.memory_size() >= most {
            self.flush(store).await?;
        }
        if memory.try_resize(self.held()).is_ok() {
            return Ok(());
        }
        self.flush(store).await?;
        self.under_way.taken().await;
        Ok(memory.try_resize(self.held())?)
    }
}

struct Stager<'a> {
    store: &'a StoreInner,
    options: &'a StageOptions,
    layout: &'a Layout,
    leaves: &'a Leaves,
    properties: WriterProperties,
    /// Rows and bytes of a row group.
    most: (usize, usize),
    threads: Handle,
    memory: MemoryReservation,
    open: Option<OpenFile>,
    written: Vec<StagedFileStats>,
}

impl Stager<'_> {
    fn start(&mut self, values: Vec<Option<String>>) -> Result<()> {
        let path = path_of(&format!("{}{:05}.parquet", self.options.prefix, self.written.len()))?;
        let target = Sink::new(&self.store.store, path.clone(), self.options.parts);
        let under_way = target.under_way();
        // Without the Arrow schema in the footer: the files are what any writer would make.
        let options = ArrowWriterOptions::new()
            .with_properties(self.properties.clone())
            .with_skip_arrow_metadata(true);
        let (schema, threads) = (&self.layout.data_schema, self.threads.clone());
        let writer = Encoder::new(target, schema, options, self.most, threads)?;
        let nans = NanWatch::new(self.leaves);
        self.open = Some(OpenFile { writer, under_way, path, values, nans, rows: 0 });
        Ok(())
    }

    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        for (values, rows) in self.layout.split(batch)? {
            if self.open.as_ref().is_some_and(|file| file.values != values) {
                self.finish().await?;
            }
            if self.open.is_none() {
                self.start(values)?;
            }
            let Some(file) = &mut self.open else { continue };
            if let Err(e) = file.writer.write(&rows).await {
                return Err(failed(self.store, &file.path, e));
            }
            file.nans.look(self.leaves, &rows);
            file.rows += u64::try_from(rows.num_rows()).unwrap_or_default();
            file.reserve(self.store, &self.memory, self.most.1).await?;
            let target = self.options.target_file_bytes;
            if target > 0 && file.bytes() >= target {
                self.finish().await?;
            }
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<()> {
        // Open until it is there: whoever gives up in between has to let go of it.
        let Some(file) = &mut self.open else { return Ok(()) };
        let metadata = match file.writer.finish().await {
            Ok(metadata) => metadata,
            Err(e) => return Err(failed(self.store, &file.path, e)),
        };
        let Some(file) = self.open.take() else { return Ok(()) };
        self.written.push(StagedFileStats {
            path: file.path.to_string(),
            size: u64::try_from(file.writer.bytes_written()).unwrap_or_default(),
            rows: file.rows,
            values: file.values,
            leaves: self.leaves.of_file(&metadata, &file.nans)?,
        });
        self.memory.free();
        Ok(())
    }
}

/// Which file could not be written, where it is the store that failed.
fn failed(store: &StoreInner, path: &Path, error: ParquetError) -> Error {
    let (text, _) = Error::words_of(&error);
    let error = Error::from(error);
    match error.code {
        E_IO | E_STORE => {
            let root = store.shown.trim_end_matches('/');
            Error { message: format!("cannot write '{root}/{path}': {text}"), ..error }
        }
        _ => error,
    }
}

/// Writes all rows of the stream, on the threads that make them; the writer's memory is of the pool.
pub async fn stage(
    store: &StoreInner,
    (mut rows, threads): (SendableRecordBatchStream, Handle),
    pool: &Arc<dyn MemoryPool>,
    cancel: Option<&CancelToken>,
    options: &StageOptions,
) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let layout = Layout::new(&rows.schema(), options)?;
    let leaves = Leaves::new(&layout.data_schema, options.stats_columns.as_deref());
    let mut stager = Stager {
        store,
        options,
        layout: &layout,
        leaves: &leaves,
        properties: properties(options, &layout.data_schema)?,
        most: (
            size("row_group_rows", options.row_group_rows)?,
            size("row_group_bytes", options.row_group_bytes)?,
        ),
        threads,
        memory: MemoryConsumer::new(WRITER).register(pool),
        open: None,
        written: Vec::new(),
    };
    let result = async {
        let mut following = rows.next().await;
        while let Some(batch) = following.transpose()? {
            let adapted = layout.adapter.adapt(batch)?;
            // The next rows are made while these are written.
            let next = async { Ok(rows.next().await) };
            ((), following) = try_join(stager.write(&adapted), next).await?;
        }
        stager.finish().await
    };
    if let Err(e) = until(cancel, result).await {
        if let Some(file) = stager.open.take() {
            // What is not let go of in time is the store's to clean up.
            let _ = timeout(options.abort_after, file.writer.into_sink().abort()).await;
        }
        return Err(e);
    }
    StatsTable::of(&layout.partition_names, &leaves, &stager.written)
}

/// # Safety
/// As for `given::slice_of` and `wb_str::to_str`.
pub(crate) unsafe fn options_of(options: &wb_stage_options) -> Result<StageOptions> {
    given::check_size::<wb_stage_options>(options.struct_size)?;
    let stats_columns = match options.stats_columns.is_null() && options.n_stats_columns == 0 {
        true => None,
        // SAFETY: the caller's promise.
        false => Some(unsafe { given::strings(options.stats_columns, options.n_stats_columns)? }),
    };
    Ok(StageOptions {
        // SAFETY: as above.
        prefix: unsafe { options.prefix.to_str()? }.to_string(),
        // SAFETY: as above.
        partition_columns: unsafe { given::strings(
            options.partition_columns,
            options.n_partition_columns,
        )? },
        // SAFETY: as above.
        sort_columns: unsafe { given::strings(options.sort_columns, options.n_sort_columns)? },
        stats_columns,
        target_file_bytes: options.target_file_bytes,
        row_group_rows: options.row_group_rows,
        row_group_bytes: options.row_group_bytes,
        bound_bytes: options.bound_bytes,
        parts: PartSizes {
            bytes: usize::try_from(options.part_bytes).unwrap_or(usize::MAX).max(1),
            in_flight: options.parts_in_flight as usize,
        },
        // SAFETY: as above.
        compression: unsafe { options.compression.to_str()? }.to_string(),
        compression_level: options.compression_level,
        // SAFETY: as above.
        file_metadata: unsafe { given::pairs(options.file_metadata, options.n_file_metadata)? },
        abort_after: Duration::from_millis(options.abort_ms),
    })
}
