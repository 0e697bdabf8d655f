//! A staged file as it is encoded: its columns side by side, on the threads of the execution. Each
//! column's bytes follow from its values as they come in batches, and where a row group ends from all
//! columns' sizes after whole batches: however many threads encode, the bytes are the same. What
//! makes other batches, or ends a group early for want of memory, makes other bytes of equal rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{FieldRef, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::arrow::async_writer::AsyncFileWriter;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::writer::SerializedFileWriter;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::exec::stage_sink::Sink;

/// A column of the rows, and the leaves that Parquet makes of it.
struct Column {
    field: FieldRef,
    leaves: Vec<ArrowColumnWriter>,
}

impl Column {
    fn write(&mut self, values: &ArrayRef) -> Result<()> {
        let found = compute_leaves(&self.field, values)?;
        for (writer, leaf) in self.leaves.iter_mut().zip(&found) {
            writer.write(leaf)?;
        }
        Ok(())
    }

    fn close(self) -> Result<Vec<ArrowColumnChunk>> {
        self.leaves.into_iter().map(ArrowColumnWriter::close).collect()
    }
}

/// Work on columns, one task each, to be given up with this.
struct Tasks<'a, T> {
    threads: &'a Handle,
    set: JoinSet<(usize, Result<T>)>,
}

impl<'a, T: Send + 'static> Tasks<'a, T> {
    fn new(threads: &'a Handle) -> Self {
        Self { threads, set: JoinSet::new() }
    }

    fn add(&mut self, work: impl FnOnce() -> Result<T> + Send + 'static) {
        let at = self.set.len();
        self.set.spawn_on(async move { (at, work()) }, self.threads);
    }

    /// What came of them, in the order in which they were added.
    async fn all(mut self) -> Result<Vec<T>> {
        let mut done = Vec::with_capacity(self.set.len());
        while let Some(task) = self.set.join_next().await {
            match task {
                Ok(answer) => done.push(answer),
                // Goes on where it would have gone without a task.
                Err(e) if e.is_panic() => std::panic::resume_unwind(e.into_panic()),
                Err(e) => return Err(ParquetError::External(Box::new(e))),
            }
        }
        done.sort_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, answer)| answer).collect()
    }
}

/// See the module.
pub(crate) struct Encoder {
    /// What of the file is not with the sink yet, and its footer.
    file: SerializedFileWriter<Vec<u8>>,
    groups: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    /// Of the open row group; none: no group is open.
    columns: Vec<Column>,
    rows: usize,
    most_rows: usize,
    most_bytes: usize,
    threads: Handle,
    sink: Sink,
}

impl Encoder {
    /// Of rows of this schema.
    pub(crate) fn new(
        sink: Sink,
        schema: &SchemaRef,
        options: ArrowWriterOptions,
        (most_rows, most_bytes): (usize, usize),
        threads: Handle,
    ) -> Result<Self> {
        let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options)?;
        let (file, groups) = writer.into_serialized_writer()?;
        let schema = Arc::clone(schema);
        let columns = Vec::new();
        Ok(Self { file, groups, schema, columns, rows: 0, most_rows, most_bytes, threads, sink })
    }

    /// What the open row group takes in memory.
    pub(crate) fn memory_size(&self) -> usize {
        self.leaves().map(ArrowColumnWriter::memory_size).sum()
    }

    /// What the open row group will take in the file.
    pub(crate) fn in_progress_size(&self) -> usize {
        self.leaves().map(ArrowColumnWriter::get_estimated_total_bytes).sum()
    }

    /// Of the groups that are closed.
    pub(crate) fn bytes_written(&self) -> usize {
        self.file.bytes_written()
    }

    fn leaves(&self) -> impl Iterator<Item = &ArrowColumnWriter> {
        self.columns.iter().flat_map(|column| &column.leaves)
    }

    /// How many of so many rows are written at once; 0: the open row group is full. As the library's
    /// own writer cuts them.
    fn room(&self, rows: usize) -> usize {
        let rows_left = self.most_rows.saturating_sub(self.rows);
        if rows > rows_left {
            return rows_left;
        }
        let held = self.in_progress_size();
        let Some(each) = held.checked_div(self.rows) else { return rows };
        match self.most_bytes.saturating_sub(held) {
            0 => 0,
            left => left.checked_div(each).map_or(rows, |fit| rows.min(fit)),
        }
    }

    fn open(&mut self) -> Result<()> {
        if !self.columns.is_empty() {
            return Ok(());
        }
        let index = self.file.flushed_row_groups().len();
        for field in self.schema.fields() {
            self.columns.push(Column { field: Arc::clone(field), leaves: Vec::new() });
        }
        for (leaf, writer) in self.groups.create_column_writers(index)?.into_iter().enumerate() {
            let root = self.file.schema_descr().get_column_root_idx(leaf);
            if let Some(column) = self.columns.get_mut(root) {
                column.leaves.push(writer);
            }
        }
        Ok(())
    }

    /// Rows that fit into the open group.
    async fn encode(&mut self, rows: &RecordBatch) -> Result<()> {
        self.open()?;
        let mut tasks = Tasks::new(&self.threads);
        for (mut column, values) in std::mem::take(&mut self.columns).into_iter().zip(rows.columns()) {
            let values = Arc::clone(values);
            tasks.add(move || {
                column.write(&values)?;
                Ok(column)
            });
        }
        self.columns = tasks.all().await?;
        self.rows += rows.num_rows();
        Ok(())
    }

    /// Adds rows; groups that are full are closed and given to the sink.
    pub(crate) async fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let mut waiting = vec![rows.clone()];
        // No rows would find no room in a group that has none.
        waiting.retain(|part| part.num_rows() > 0);
        while let Some(part) = waiting.pop() {
            let rows = part.num_rows();
            let fit = self.room(rows);
            if fit == 0 {
                self.flush().await?;
                waiting.push(part);
            } else if fit < rows {
                waiting.push(part.slice(fit, rows - fit));
                waiting.push(part.slice(0, fit));
            } else {
                self.encode(&part).await?;
                if self.rows >= self.most_rows || self.in_progress_size() >= self.most_bytes {
                    self.flush().await?;
                }
            }
        }
        Ok(())
    }

    /// Closes the row group.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let mut tasks = Tasks::new(&self.threads);
        for column in std::mem::take(&mut self.columns) {
            tasks.add(move || column.close());
        }
        let chunks = tasks.all().await?;
        let mut group = self.file.next_row_group()?;
        for chunk in chunks.into_iter().flatten() {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.rows = 0;
        self.send().await
    }

    async fn send(&mut self) -> Result<()> {
        let bytes = std::mem::take(self.file.inner_mut());
        self.sink.write(bytes.into()).await
    }

    /// Ends the file.
    pub(crate) async fn finish(&mut self) -> Result<ParquetMetaData> {
        self.flush().await?;
        let metadata = self.file.finish()?;
        self.send().await?;
        self.sink.complete().await?;
        Ok(metadata)
    }

    /// What it was written to, to be given up.
    pub(crate) fn into_sink(self) -> Sink {
        self.sink
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::UInt32Array;
    use arrow::compute::take_record_batch;
    use object_store::ObjectStore;
    use object_store::local::LocalFileSystem;
    use object_store::path::Path;
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::WriterProperties;

    use super::*;
    use crate::exec::stage_sink::PartSizes;
    use crate::tests::kit::Folder;
    use crate::tests::stage::all_types;

    /// Batches of all sizes, over and over the rows of the one.
    fn batches(count: usize, seed: &mut u64) -> Vec<RecordBatch> {
        let few = all_types();
        let mut next = |below: u64| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*seed >> 33) % below
        };
        (0..count)
            .map(|_| {
                let rows = 1 + next(600);
                let picked = (0..rows).map(|_| u32::try_from(next(4)).unwrap()).collect::<Vec<_>>();
                take_record_batch(&few, &UInt32Array::from(picked)).unwrap()
            })
            .collect()
    }

    fn properties() -> WriterProperties {
        WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
            .set_coerce_types(true)
            .set_data_page_row_count_limit(100)
            .build()
    }

    fn options() -> ArrowWriterOptions {
        ArrowWriterOptions::new().with_properties(properties()).with_skip_arrow_metadata(true)
    }

    /// As the library's own writer writes them.
    fn plain(batches: &[RecordBatch], (rows, bytes): (usize, usize)) -> Vec<u8> {
        let limited = properties().into_builder();
        let limited = limited.set_max_row_group_row_count(Some(rows)).set_max_row_group_bytes(Some(bytes));
        let options = options().with_properties(limited.build());
        let mut writer =
            ArrowWriter::try_new_with_options(Vec::new(), batches[0].schema(), options).unwrap();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        writer.into_inner().unwrap()
    }

    fn encoded(batches: &[RecordBatch], most: (usize, usize), threads: usize) -> Vec<u8> {
        let folder = Folder::new();
        let local = LocalFileSystem::new_with_prefix(&folder.0).unwrap();
        let store: Arc<dyn ObjectStore> = Arc::new(local);
        let engine = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .build()
            .unwrap();
        let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let threads = engine.handle().clone();
        waiting.block_on(async {
            let sink = Sink::new(&store, Path::from("x"), PartSizes { bytes: 1 << 20, in_flight: 2 });
            let mut file = Encoder::new(sink, &batches[0].schema(), options(), most, threads).unwrap();
            for batch in batches {
                file.write(batch).await.unwrap();
            }
            file.finish().await.unwrap();
        });
        std::fs::read(folder.0.join("x")).unwrap()
    }

    /// Small groups, large ones, by rows and by bytes.
    #[test]
    fn the_bytes_are_those_of_one_thread() {
        let mut seed = 9;
        let limits = [(700, 1 << 30), (1, 1 << 30), (1 << 20, 3000), (1 << 20, 1), (350, 2000), (1 << 20, 1 << 30)];
        for most in limits {
            let batches = batches(if most.0 == 1 || most.1 == 1 { 1 } else { 12 }, &mut seed);
            let expected = plain(&batches, most);
            assert!(expected.len() > 1000);
            for threads in [1, 2, 8] {
                assert!(encoded(&batches, most, threads) == expected, "{most:?}, {threads} threads");
            }
        }
    }
}
