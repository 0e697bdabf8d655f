//! The engine's own scan of Parquet files, as the source of a table: it says which input it is, and
//! takes a panic of a reader for a damaged file. Filters reach it once, when it is made; it gives
//! all rows of what it did not skip.

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result as DfResult, Statistics};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::{DataSource, DataSourceExec, OpenArgs};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, Partitioning, PhysicalExpr};
use datafusion::functions::core::getfield::GetFieldFunc;
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::execution_plan::SchedulingType;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::arrow::array::RecordBatch;
use datafusion::config::ConfigOptions;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::{ObjectMeta, ObjectStore};

use crate::edge::codes::{E_FILE_CORRUPT, E_PANIC};
use crate::edge::error::{Error, ORIGIN_PARQUET};
use crate::edge::error_map::is_ours;
use crate::edge::guard;
use crate::store::place::{self, Place};
use crate::store::whole::{self, Look};

/// See the module.
#[derive(Debug, Clone)]
pub struct TableSource {
    name: Arc<str>,
    kind: &'static str,
    place: Place,
    config: FileScanConfig,
    /// All that it reads, however they are dealt out.
    files: Arc<[ObjectMeta]>,
}

/// As the engine shows it.
struct Shown<'a>(&'a FileScanConfig, DisplayFormatType);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as(self.1, f)
    }
}

/// A column, or a field at some depth in one.
fn is_place(expr: &Arc<dyn PhysicalExpr>) -> bool {
    if let Some(call) = ScalarFunctionExpr::try_downcast_func::<GetFieldFunc>(expr.as_ref()) {
        let literal = |key: &Arc<dyn PhysicalExpr>| key.downcast_ref::<Literal>().is_some();
        return match call.args().split_first() {
            Some((column, keys)) => is_place(column) && keys.iter().all(literal),
            None => false,
        };
    }
    expr.downcast_ref::<Column>().is_some()
}

/// The files of a scan, for the one that cannot be decoded: the decoder does not say which it is.
struct Files {
    name: Arc<str>,
    store: Arc<dyn ObjectStore>,
    all: Arc<[ObjectMeta]>,
}

impl Files {
    /// Reads them again, one by one, until one fails.
    async fn blamed(&self, error: Error) -> Error {
        if !matches!(error.code, E_PANIC | E_FILE_CORRUPT) {
            return error;
        }
        let name = &self.name;
        let mut message = format!("{name}: a data file cannot be decoded: {}", error.message);
        for meta in self.all.iter() {
            if let Look::Broken(why) = whole::look(Arc::clone(&self.store), meta.clone()).await {
                message = format!("{name}: the file {}: {why}", place::path_of(&meta.location));
                break;
            }
        }
        Error { chain: error.chain, ..Error::new(E_FILE_CORRUPT, ORIGIN_PARQUET, message) }
    }
}

/// The readers of files panic about some that are damaged, here or in a task of theirs.
fn guarded(
    files: Files,
    batches: SendableRecordBatchStream,
) -> BoxStream<'static, DfResult<RecordBatch>> {
    let files = Arc::new(files);
    AssertUnwindSafe(batches)
        .catch_unwind()
        .then(move |item| {
            let files = Arc::clone(&files);
            async move {
                let error = match item {
                    Ok(Ok(batch)) => return Ok(batch),
                    // What knows which file it reads said so already.
                    Ok(Err(e)) if is_ours(&e) => return Err(e),
                    Ok(Err(e)) => Error::from(e),
                    Err(payload) => {
                        let (text, chain) = guard::caught(payload);
                        Error { chain, ..Error::new(E_PANIC, ORIGIN_PARQUET, text) }
                    }
                };
                Err(files.blamed(error).await.into_df())
            }
        })
        .boxed()
}

impl TableSource {
    /// `name` is schema and table.
    pub fn new(name: &str, kind: &'static str, place: Place, config: FileScanConfig) -> Self {
        let groups = config.file_groups.iter();
        let files = groups.flat_map(|g| g.iter()).map(|file| file.object_meta.clone()).collect();
        Self { name: name.into(), kind, place, config, files }
    }

    /// What the node is the scan of.
    pub fn of(plan: &Arc<dyn ExecutionPlan>) -> Option<&Self> {
        plan.downcast_ref::<DataSourceExec>()?.data_source().downcast_ref::<Self>()
    }

    /// Schema and table of the input.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// delta_native or files.
    pub fn provider_kind(&self) -> &'static str {
        self.kind
    }

    /// The scan.
    pub fn config(&self) -> &FileScanConfig {
        &self.config
    }

    fn over(&self, changed: Option<Arc<dyn DataSource>>) -> Option<Arc<dyn DataSource>> {
        let config = changed?.downcast_ref::<FileScanConfig>()?.clone();
        Some(Arc::new(Self { config, ..self.clone() }))
    }
}

impl DataSource for TableSource {
    fn open(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> DfResult<SendableRecordBatchStream> {
        self.open_with_args(OpenArgs::new(partition, context))
    }

    fn open_with_args(&self, args: OpenArgs) -> DfResult<SendableRecordBatchStream> {
        let files = Files {
            name: Arc::clone(&self.name),
            store: args.context.runtime_env().object_store(&self.config.object_store_url)?,
            all: Arc::clone(&self.files),
        };
        let batches = self.config.open_with_args(args)?;
        let schema = batches.schema();
        let batches = guarded(files, batches);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scan = self.place.shown(&Shown(&self.config, t).to_string());
        write!(f, "{}, kind={}, {scan}", self.name, self.kind)
    }

    fn repartitioned(
        &self,
        partitions: usize,
        least: usize,
        ordering: Option<LexOrdering>,
    ) -> DfResult<Option<Arc<dyn DataSource>>> {
        Ok(self.over(self.config.repartitioned(partitions, least, ordering)?))
    }

    fn output_partitioning(&self) -> Partitioning {
        self.config.output_partitioning()
    }

    /// Nothing of the filters: rows for which they are false come, too.
    fn eq_properties(&self) -> EquivalenceProperties {
        match self.config.projected_schema() {
            Ok(schema) => EquivalenceProperties::new(schema),
            Err(_) => self.config.eq_properties(),
        }
    }

    fn scheduling_type(&self) -> SchedulingType {
        self.config.scheduling_type()
    }

    fn partition_statistics(&self, partition: Option<usize>) -> DfResult<Arc<Statistics>> {
        self.config.partition_statistics(partition)
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn DataSource>> {
        self.over(self.config.with_fetch(limit))
    }

    fn fetch(&self) -> Option<usize> {
        self.config.fetch()
    }

    fn metrics(&self) -> ExecutionPlanMetricsSet {
        self.config.metrics()
    }

    /// Columns and their fields only: what else is computed there would fail as a file does.
    fn try_swapping_with_projection(
        &self,
        projection: &ProjectionExprs,
    ) -> DfResult<Option<Arc<dyn DataSource>>> {
        if !projection.iter().all(|part| is_place(&part.expr)) {
            return Ok(None);
        }
        Ok(self.over(self.config.try_swapping_with_projection(projection)?))
    }

    fn with_preserve_order(&self, preserve: bool) -> Option<Arc<dyn DataSource>> {
        self.over(self.config.with_preserve_order(preserve))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        self.config.apply_expressions(f)
    }

    fn create_sibling_state(&self, config: &ConfigOptions) -> Option<Arc<dyn Any + Send + Sync>> {
        guard::point("operator.open");
        self.config.create_sibling_state(config)
    }
}
