//! Readers of a table's files that know which file they read when something is wrong with it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::Result as DfResult;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::basic::{SortOrder, Type};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::statistics::Statistics;

use crate::edge::error::Error;
use crate::input::file_error::{self, Part};

/// See the module.
#[derive(Debug)]
pub struct TableReaders {
    what: Arc<str>,
    store: Arc<dyn ObjectStore>,
    inner: CachedParquetFileReaderFactory,
}

impl TableReaders {
    /// `what` is for messages.
    pub fn new(what: &str, store: Arc<dyn ObjectStore>, cache: Arc<FileMetadataCache>) -> Self {
        let inner = CachedParquetFileReaderFactory::new(Arc::clone(&store), cache);
        Self { what: what.into(), store, inner }
    }
}

impl ParquetFileReaderFactory for TableReaders {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> DfResult<Box<dyn AsyncFileReader + Send>> {
        let meta = file.object_meta.clone();
        let inner = self.inner.create_reader(partition, file, hint, metrics)?;
        let named = Named { what: Arc::clone(&self.what), store: Arc::clone(&self.store), meta };
        Ok(Box::new(TableReader { named, inner }))
    }
}

struct Named {
    what: Arc<str>,
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
}

impl Named {
    async fn explain(&self, part: Part, error: ParquetError) -> ParquetError {
        let (error, store) = (Error::from(error), &self.store);
        let error = file_error::explain(part, &self.what, store, &self.meta, error).await;
        ParquetError::External(Box::new(error))
    }
}

/// Whether the bounds of a column are of the old kind, which compared bytes as signed numbers, and
/// the column's values are not compared so.
fn misleads(column: &ColumnChunkMetaData) -> bool {
    let old = column.statistics().is_some_and(Statistics::is_min_max_deprecated);
    let descr = column.column_descr();
    let plain = matches!(
        descr.physical_type(),
        Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE | Type::BOOLEAN
    );
    old && !(plain && descr.sort_order() == SortOrder::SIGNED)
}

/// The metadata without statistics whose bounds mean something else than their reader takes them for.
fn trusted(metadata: Arc<ParquetMetaData>) -> ParquetResult<Arc<ParquetMetaData>> {
    if !metadata.row_groups().iter().any(|group| group.columns().iter().any(misleads)) {
        return Ok(metadata);
    }
    let mut builder = metadata.as_ref().clone().into_builder();
    for group in builder.take_row_groups() {
        let mut group = group.into_builder();
        let mut columns = group.take_columns();
        for column in &mut columns {
            if misleads(column) {
                *column = column.clone().into_builder().clear_statistics().build()?;
            }
        }
        builder = builder.add_row_group(group.set_column_metadata(columns).build()?);
    }
    Ok(Arc::new(builder.build()))
}

struct TableReader {
    named: Named,
    inner: Box<dyn AsyncFileReader + Send>,
}

impl AsyncFileReader for TableReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            let part = Part::Bytes(range.end);
            match self.inner.get_bytes(range).await {
                Ok(bytes) => Ok(bytes),
                Err(e) => Err(self.named.explain(part, e).await),
            }
        }
        .boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move {
            let part = Part::Bytes(ranges.iter().map(|range| range.end).max().unwrap_or_default());
            match self.inner.get_byte_ranges(ranges).await {
                Ok(bytes) => Ok(bytes),
                Err(e) => Err(self.named.explain(part, e).await),
            }
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            match self.inner.get_metadata(options).await {
                Ok(metadata) => trusted(metadata),
                Err(e) => Err(self.named.explain(Part::Footer, e).await),
            }
        }
        .boxed()
    }
}
