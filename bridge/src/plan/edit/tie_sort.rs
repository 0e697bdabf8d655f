//! Sorts by the keys that a query has, and by those that break ties only where there are ties:
//! where they are rare, they cost nothing, however many and wide they are.
//!
//! Keys that break ties carry a mark, which changes nothing else; plan tables pass it over.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{
    LexicographicalComparator, SortColumn, concat, concat_batches, take_record_batch,
};
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use arrow::row::{RowConverter, SortField};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::utils::evaluate_partition_ranges;
use datafusion::common::{Result as DfResult, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr::{
    Distribution, LexOrdering, PhysicalExpr, PhysicalSortExpr, ScalarFunctionExpr,
};
use datafusion::physical_plan::execution_plan::{EmissionType, PlanProperties};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::{
    RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter,
};
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Gives its argument back. It is called volatile so that nobody moves it out of the keys.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Mark {
    signature: Signature,
}

impl ScalarUDFImpl for Mark {
    fn name(&self) -> &str {
        "tie"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        internal_err!("the type of a mark is its argument's")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> DfResult<FieldRef> {
        match args.arg_fields {
            [field] => Ok(Arc::clone(field)),
            _ => internal_err!("a mark of more than one key"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        match args.args.as_slice() {
            [value] => Ok(value.clone()),
            _ => internal_err!("a mark of more than one key"),
        }
    }
}

/// A key that breaks ties.
pub(crate) fn marked(key: Expr) -> Expr {
    let signature = Signature::any(1, Volatility::Volatile);
    ScalarUDF::new_from_impl(Mark { signature }).call(vec![key])
}

/// What is below a mark.
pub(crate) fn below_mark(expr: &Expr) -> Option<&Expr> {
    let Expr::ScalarFunction(call) = expr else { return None };
    let inner: &dyn Any = call.func.inner().as_ref();
    inner.is::<Mark>().then(|| call.args.first()).flatten()
}

fn is_marked(key: &PhysicalSortExpr) -> bool {
    let call = key.expr.downcast_ref::<ScalarFunctionExpr>();
    call.is_some_and(|call| {
        let inner: &dyn Any = call.fun().inner().as_ref();
        inner.is::<Mark>()
    })
}

/// The keys before those that break ties, where there are both and these are last.
fn split(keys: &LexOrdering) -> Option<LexOrdering> {
    let first = keys.iter().position(is_marked)?;
    keys.iter().skip(first).all(is_marked).then(|| LexOrdering::new(keys.iter().take(first).cloned()))?
}

/// The plan with sorts that break ties afterwards.
pub(crate) fn apply(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    let done = plan.transform_down(|node| {
        if let Some(merge) = node.downcast_ref::<SortPreservingMergeExec>()
            && merge.fetch().is_none()
            && let Some(sort) = merge.input().downcast_ref::<SortExec>()
            && sort.fetch().is_none()
            && sort.expr() == merge.expr()
            && let Some(keys) = split(sort.expr())
        {
            let sorted = sorted(sort, keys.clone())?;
            let merged = Arc::new(SortPreservingMergeExec::new(keys.clone(), sorted));
            let whole = TieSortExec::new(sort.expr().clone(), keys.len(), merged)?;
            return Ok(Transformed::yes(Arc::new(whole) as _));
        }
        if let Some(sort) = node.downcast_ref::<SortExec>()
            && sort.fetch().is_none()
            && let Some(keys) = split(sort.expr())
        {
            let whole = TieSortExec::new(sort.expr().clone(), keys.len(), sorted(sort, keys)?)?;
            return Ok(Transformed::yes(Arc::new(whole) as _));
        }
        Ok(Transformed::no(node))
    })?;
    Ok(done.data)
}

/// The input of a sort, sorted by these keys.
fn sorted(sort: &SortExec, keys: LexOrdering) -> DfResult<Arc<dyn ExecutionPlan>> {
    let input = Arc::clone(sort.input());
    if input.equivalence_properties().ordering_satisfy(keys.clone())? {
        return Ok(input);
    }
    let sort = SortExec::new(keys, input).with_preserve_partitioning(sort.preserve_partitioning());
    Ok(Arc::new(sort))
}

/// See the module. The input is sorted by the first keys.
#[derive(Debug, Clone)]
struct TieSortExec {
    keys: LexOrdering,
    first: usize,
    input: Arc<dyn ExecutionPlan>,
    metrics: ExecutionPlanMetricsSet,
    properties: Arc<PlanProperties>,
}

impl TieSortExec {
    fn new(keys: LexOrdering, first: usize, input: Arc<dyn ExecutionPlan>) -> DfResult<Self> {
        let mut equivalences = input.equivalence_properties().clone();
        equivalences.reorder(keys.clone())?;
        let properties = Arc::new(PlanProperties::new(
            equivalences,
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            input.boundedness(),
        ));
        Ok(Self { keys, first, input, metrics: ExecutionPlanMetricsSet::new(), properties })
    }
}

impl DisplayAs for TieSortExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TieSortExec: expr=[{}], sorted={}", self.keys, self.first)
    }
}

impl ExecutionPlan for TieSortExec {
    fn name(&self) -> &str {
        "TieSortExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::UnspecifiedDistribution]
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::UnspecifiedDistribution])
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        for key in &self.keys {
            if matches!(f(&key.expr)?, TreeNodeRecursion::Stop) {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::new(self.keys.clone(), self.first, input)?)),
            Err(all) => internal_err!("TieSortExec: {} children", all.len()),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> DfResult<SendableRecordBatchStream> {
        let input = self.input.execute(partition, Arc::clone(&context))?;
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema(), 2);
        let (first, rest) = self.keys.split_at(self.first);
        let run = Run {
            first: first.to_vec(),
            rest: rest.to_vec(),
            schema: self.schema(),
            out: builder.tx(),
            metrics: BaselineMetrics::new(&self.metrics, partition),
            context,
        };
        builder.spawn(run.all(input));
        Ok(builder.build())
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// One partition on its way.
struct Run {
    first: Vec<PhysicalSortExpr>,
    rest: Vec<PhysicalSortExpr>,
    schema: SchemaRef,
    out: Sender<DfResult<RecordBatch>>,
    metrics: BaselineMetrics,
    context: Arc<TaskContext>,
}

fn columns(keys: &[PhysicalSortExpr], batch: &RecordBatch) -> DfResult<Vec<SortColumn>> {
    keys.iter().map(|key| key.evaluate_to_sort_column(batch)).collect()
}

impl Run {
    /// Rows whose group may go on wait for the next batch.
    async fn all(self, mut input: SendableRecordBatchStream) -> DfResult<()> {
        let largest = self.context.session_config().batch_size();
        let mut waiting: Option<RecordBatch> = None;
        let mut next = input.try_next().await?;
        while let Some(batch) = next {
            let mut work = batch;
            if work.num_rows() > 0
                && let Some(before) = waiting.take()
            {
                if self.run_length(&before, &work)? > 0 {
                    work = concat_batches(&self.schema, [&before, &work])?;
                } else {
                    self.give(before).await?;
                }
            }
            let mut groups = evaluate_partition_ranges(work.num_rows(), &columns(&self.first, &work)?)?;
            let Some(last) = groups.pop().filter(|last| !last.is_empty()) else {
                next = input.try_next().await?;
                continue;
            };
            if groups.is_empty() && work.num_rows() > largest {
                next = self.large_group(work, &mut input).await?;
                continue;
            }
            if last.start > 0 {
                self.give_sorted(work.slice(0, last.start), &groups).await?;
            }
            waiting = Some(work.slice(last.start, last.len()));
            next = input.try_next().await?;
        }
        if let Some(rest) = waiting {
            self.give(rest).await?;
        }
        Ok(())
    }

    /// How many rows at the beginning of `batch` have the keys of the rows of `group`.
    fn run_length(&self, group: &RecordBatch, batch: &RecordBatch) -> DfResult<usize> {
        let (one, many) = (columns(&self.first, &group.slice(0, 1))?, columns(&self.first, batch)?);
        let mut both = Vec::with_capacity(one.len());
        for (a, b) in one.iter().zip(&many) {
            let values: ArrayRef = concat(&[a.values.as_ref(), b.values.as_ref()])?;
            both.push(SortColumn { values, options: a.options });
        }
        let ranges = evaluate_partition_ranges(batch.num_rows() + 1, &both)?;
        Ok(ranges.first().map_or(0, |first| first.end.saturating_sub(1)))
    }

    /// A receiver that is gone wants no more.
    async fn send(&self, batch: RecordBatch) {
        self.metrics.record_output(batch.num_rows());
        let _ = self.out.send(Ok(batch)).await;
    }

    /// One group.
    async fn give(&self, group: RecordBatch) -> DfResult<()> {
        let whole = 0..group.num_rows();
        self.give_sorted(group, std::slice::from_ref(&whole)).await
    }

    async fn give_sorted(&self, batch: RecordBatch, groups: &[Range<usize>]) -> DfResult<()> {
        let batch = if groups.iter().any(|group| group.len() > 1) {
            let _timer = self.metrics.elapsed_compute().timer();
            let order = order(&columns(&self.rest, &batch)?, batch.num_rows(), groups)?;
            take_record_batch(&batch, &order)?
        } else {
            batch
        };
        self.send(batch).await;
        Ok(())
    }

    /// A group beyond a batch is sorted as everything is, on disk if need be; gives the rows
    /// after it.
    async fn large_group(
        &self,
        begin: RecordBatch,
        input: &mut SendableRecordBatchStream,
    ) -> DfResult<Option<RecordBatch>> {
        let (group, rows) = channel(2);
        let mut sorted = sort_of(&self.schema, &self.rest, rows)?.execute(0, Arc::clone(&self.context))?;
        let feed = async move {
            let head = begin.slice(0, 1);
            let mut batch = Some(begin);
            while let Some(rows) = batch {
                let n = self.run_length(&head, &rows)?;
                if group.send(rows.slice(0, n)).await.is_err() {
                    return Ok(None); // the sort failed, and says so itself
                }
                if n < rows.num_rows() {
                    return Ok(Some(rows.slice(n, rows.num_rows() - n)));
                }
                batch = input.try_next().await?;
            }
            Ok(None)
        };
        let drain = async {
            while let Some(batch) = sorted.try_next().await? {
                self.send(batch).await;
            }
            Ok(())
        };
        let (after, drained): (DfResult<_>, DfResult<()>) = futures::join!(feed, drain);
        drained?;
        after
    }
}

/// The rows in their order, those of each group sorted.
fn order(keys: &[SortColumn], rows: usize, groups: &[Range<usize>]) -> DfResult<UInt32Array> {
    let mut order: Vec<u32> = (0..).take(rows).collect();
    let ties = groups.iter().filter(|group| group.len() > 1);
    if keys.iter().any(|key| key.values.data_type().is_nested()) {
        let options = |key: &SortColumn| key.options.unwrap_or_default();
        let fields = keys.iter().map(|key| {
            SortField::new_with_options(key.values.data_type().clone(), options(key))
        });
        let arrays: Vec<ArrayRef> = keys.iter().map(|key| Arc::clone(&key.values)).collect();
        let converted = RowConverter::new(fields.collect())?.convert_columns(&arrays)?;
        for group in ties {
            if let Some(part) = order.get_mut(group.clone()) {
                part.sort_by(|a, b| converted.row(*a as usize).cmp(&converted.row(*b as usize)));
            }
        }
    } else {
        let compare = LexicographicalComparator::try_new(keys)?;
        for group in ties {
            if let Some(part) = order.get_mut(group.clone()) {
                part.sort_by(|a, b| compare.compare(*a as usize, *b as usize));
            }
        }
    }
    Ok(order.into())
}

/// Rows that come through a channel, sorted.
fn sort_of(
    schema: &SchemaRef,
    keys: &[PhysicalSortExpr],
    rows: Receiver<RecordBatch>,
) -> DfResult<SortExec> {
    let rows = Rows { schema: Arc::clone(schema), rows: Mutex::new(Some(rows)) };
    let input =
        StreamingTableExec::try_new(Arc::clone(schema), vec![Arc::new(rows)], None, [], false, None)?;
    match LexOrdering::new(keys.iter().cloned()) {
        Some(keys) => Ok(SortExec::new(keys, Arc::new(input))),
        None => internal_err!("no keys to break ties by"),
    }
}

#[derive(Debug)]
struct Rows {
    schema: SchemaRef,
    rows: Mutex<Option<Receiver<RecordBatch>>>,
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(|e| e.into_inner()).take();
        let stream = futures::stream::unfold(rows, |rows| async move {
            let mut rows = rows?;
            rows.recv().await.map(|batch| (Ok(batch), Some(rows)))
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream.boxed()))
    }
}
