//! An input bound to the files of a table, one by one as C tells of them.

use std::sync::Arc;

use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use async_trait::async_trait;
use datafusion::common::DFSchema;
use datafusion::common::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;

use crate::edge::codes::{E_FEATURE_UNSUPPORTED, E_FILE_CORRUPT};
use crate::edge::error::{Error, ORIGIN_BRIDGE, ORIGIN_DELTA, Result};
use crate::input::{filter, table_prune, table_vector};
use crate::input::late::{Bound, Wanted};
use crate::input::table_adapt::TableAdapters;
use crate::input::table_files::{LazyFiles, TableFiles, Vector};
use crate::input::table_reader::TableReaders;
use crate::input::table_source::TableSource;
use crate::runtime::threads;
use crate::snapshot::snap::{SnapInner, wb_snap};
use crate::store::objects::wb_store;
use crate::store::place::{Place, path_of};

/// Requests for deletion vectors and the footers of their files that are under way at once.
const IN_FLIGHT: usize = 16;

/// Files of a table.
#[derive(Debug)]
pub struct TableBound {
    place: Place,
    /// Whose log has them; None: none yet.
    snap: Option<Arc<SnapInner>>,
    /// As the table has them, without metadata.
    columns: SchemaRef,
    /// The same with what files call them.
    names: SchemaRef,
    files: LazyFiles,
}

/// One scan.
struct Scan<'a> {
    bound: &'a TableBound,
    wanted: &'a Wanted<'a>,
    files: Arc<TableFiles>,
    store: Arc<dyn ObjectStore>,
}

impl TableBound {
    /// `names`: the columns, with what files call them in their metadata.
    pub fn new(
        place: Place,
        snap: Option<Arc<SnapInner>>,
        names: SchemaRef,
        files: FFI_ArrowArrayStream,
    ) -> Self {
        let columns = without_metadata(&names);
        Self { place, snap, columns, names, files: LazyFiles::new(files) }
    }

    fn table_schema(&self, files: &TableFiles) -> Result<TableSchema> {
        let apart = files.partition_columns();
        let in_files: Vec<FieldRef> = self
            .columns
            .fields()
            .iter()
            .filter(|field| !apart.contains(&field.name().as_str()))
            .cloned()
            .collect();
        let mut beside: Vec<FieldRef> = Vec::with_capacity(apart.len());
        for name in apart {
            beside.push(Arc::new(self.columns.field_with_name(name)?.clone()));
        }
        Ok(TableSchema::builder(Arc::new(Schema::new(in_files)))
            .with_table_partition_cols(beside)
            .build())
    }

    /// The wanted filters on columns that are declared as the table has them.
    fn predicate(
        &self,
        wanted: &Wanted<'_>,
        table: &SchemaRef,
    ) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let same: Vec<FieldRef> = wanted
            .declared
            .fields()
            .iter()
            .filter(|field| {
                let own = self.columns.field_with_name(field.name());
                own.is_ok_and(|own| own.data_type() == field.data_type())
            })
            .cloned()
            .collect();
        let filters = filter::usable(wanted.filters, &Schema::new(same));
        let Some(filter) = conjunction(filters) else { return Ok(None) };
        let schema = DFSchema::try_from(Arc::clone(table))?;
        Ok(Some(wanted.state.create_physical_expr(filter, &schema)?))
    }
}

impl Scan<'_> {
    /// The rows that a file's vector takes away, and how many the file has.
    async fn gone(&self, file: &PartitionedFile, vector: Vector) -> Result<(Vec<u64>, u64)> {
        let bound = self.bound;
        let Some(snap) = bound.snap.clone() else {
            let message = "files that no log has yet have no deletion vectors";
            return Err(Error::new(E_FEATURE_UNSUPPORTED, ORIGIN_BRIDGE, message));
        };
        let (place, what) = (bound.place.clone(), path_of(&file.object_meta.location).to_string());
        let work = move || {
            let engine = snap.log.engine(None);
            table_vector::gone(engine.as_ref(), &place, &what, &vector)
                .map_err(|e| place.explained(e))
        };
        let rows = tokio::task::spawn_blocking(move || threads::waiting(work)).await??;
        let unseen = ExecutionPlanMetricsSet::new();
        let mut reader = self.readers().create_reader(0, file.clone(), None, &unseen)?;
        let footer = reader.get_metadata(None).await?;
        let total = u64::try_from(footer.file_metadata().num_rows()).map_err(|_| {
            let message = "a footer has a negative number of rows";
            Error::new(E_FILE_CORRUPT, ORIGIN_DELTA, message)
        })?;
        Ok((rows, total))
    }

    async fn file(&self, at: usize) -> Result<PartitionedFile> {
        let mut file = self.files.file(at)?;
        let location = self.bound.place.location(&file.object_meta.location);
        file.object_meta.location = location;
        let Some(vector) = self.files.vector(at) else { return Ok(file) };
        let what = path_of(&file.object_meta.location).to_string();
        let (gone, total) = self.gone(&file, vector).await?;
        table_vector::without(file, &what, &gone, total)
    }

    fn readers(&self) -> TableReaders {
        let cache = self.wanted.state.runtime_env().cache_manager.get_file_metadata_cache();
        TableReaders::new(self.wanted.name, Arc::clone(&self.store), cache)
    }

    async fn files(&self, kept: Vec<usize>) -> Result<Vec<PartitionedFile>> {
        futures::stream::iter(kept)
            .map(|at| self.file(at))
            .buffered(IN_FLIGHT)
            .try_collect()
            .await
    }

    fn options(&self) -> TableParquetOptions {
        let mut options = TableParquetOptions {
            global: self.wanted.state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        // Delta's times are in microseconds; as nanoseconds not all years would fit.
        options.global.coerce_int96 = Some("us".to_string());
        // Filters stay above: here they only skip.
        options.global.pushdown_filters = false;
        options
    }

    async fn plan(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let (bound, wanted) = (self.bound, self.wanted);
        let table = bound.table_schema(&self.files)?;
        let all = table.table_schema();
        let predicate = bound.predicate(wanted, all)?;
        let options = self.options();
        let kept = table_prune::kept(&self.files, predicate.as_ref(), all, options.global.max_in_list_size)?;
        let mut projection = Vec::with_capacity(wanted.schema.fields().len());
        for field in wanted.schema.fields() {
            // What the table lacks is made above.
            projection.extend(all.index_of(field.name()).ok());
        }
        let statistics = table_prune::statistics(&self.files, &kept, all, wanted.schema);
        let mut source = ParquetSource::new(table)
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(self.readers()));
        if let Some(predicate) = predicate {
            source = source.with_predicate(predicate);
        }
        skipped(source_metrics(&source), self.files.len() - kept.len());
        let files = self.files(kept).await?;
        let adapters =
            TableAdapters { what: wanted.name.to_string(), names: Arc::clone(&bound.names) };
        let config = FileScanConfigBuilder::new(bound.place.key.clone(), Arc::new(source))
            .with_file_groups(vec![files.into()])
            .with_projection_indices(Some(projection))?
            .with_limit(wanted.limit)
            .with_statistics(statistics)
            .with_expr_adapter(Some(Arc::new(adapters)))
            .build();
        let source = TableSource::new(wanted.name, bound.kind(), bound.place.clone(), config);
        Ok(Arc::new(DataSourceExec::new(Arc::new(source))))
    }
}

fn source_metrics(source: &ParquetSource) -> &ExecutionPlanMetricsSet {
    use datafusion::datasource::physical_plan::FileSource;
    source.metrics()
}

/// Files that the log's statistics kept from being opened.
fn skipped(metrics: &ExecutionPlanMetricsSet, n: usize) {
    MetricBuilder::new(metrics).global_counter("files_skipped").add(n);
}

#[async_trait]
impl Bound for TableBound {
    fn kind(&self) -> &'static str {
        if self.snap.is_some() { "delta_native" } else { "files" }
    }

    async fn scan(&self, wanted: &Wanted<'_>) -> Result<Arc<dyn ExecutionPlan>> {
        self.place.register(wanted.state.runtime_env());
        let files = self.files.get(&self.columns).await?;
        let store = Arc::clone(&self.place.store);
        Scan { bound: self, wanted, files, store }.plan().await
    }
}

fn without_metadata(schema: &Schema) -> SchemaRef {
    fn plain(field: &FieldRef) -> FieldRef {
        use arrow::datatypes::{DataType, Field};
        let t = match field.data_type() {
            DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain).collect()),
            DataType::List(element) => DataType::List(plain(element)),
            DataType::Map(entries, ordered) => DataType::Map(plain(entries), *ordered),
            other => other.clone(),
        };
        Arc::new(Field::new(field.name(), t, field.is_nullable()))
    }
    let fields: Vec<FieldRef> = schema.fields().iter().map(plain).collect();
    Arc::new(Schema::new(fields))
}

/// Files of a table, for wb_bind_table.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct wb_table {
    pub struct_size: usize,
    /// whose log has the files; NULL: no log has them
    pub snap: *const wb_snap,
    /// where they are, without a snapshot
    pub store: *const wb_store,
    /// moved from: the table's columns. In the metadata of a field at any depth, what files call
    /// it, if not the same: weir.stored_name, or weir.stored_id, the id that Parquet has
    pub columns: *mut FFI_ArrowSchema,
    /// moved from: a struct array, one row a file in the order of their rows. path text, below the
    /// root as it is; size int64; rows int64?; partition, a struct of the columns that are not in
    /// files; min, max, structs of bounds; nulls, a struct of int64?; dv_path text?, dv_inline
    /// text?, dv_offset int32?, dv_size int32?, dv_rows int64?. From partition on each may be left
    /// out
    pub files: *mut FFI_ArrowArrayStream,
}
