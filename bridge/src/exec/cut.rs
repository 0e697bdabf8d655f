//! Batches cut by bytes, below what copies their rows: a sort or an aggregate builds a key of each
//! row, so that a batch whose rows share one long text asks for as many copies of it. And the
//! edits of a physical plan that this is for.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::DataType;
use datafusion::common::tree_node::{
    Transformed, TransformedResult, TreeNode as _, TreeNodeRecursion,
};
use datafusion::common::{Result as DfResult, internal_err, resources_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::{CardinalityEffect, PlanProperties};
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt};

/// How rows are kept from asking for more than there is; 0 in any place is no limit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Widths {
    /// The most bytes of a batch, unless it has one row.
    pub cut_bytes: usize,
    /// As many rows as a batch may have must not ask for more than this below a sort: refused.
    pub wide_bytes: usize,
    /// A sort for a limit keeps no more rows than these in memory; it sorts all where it would.
    pub top_rows: usize,
}

/// See the module.
#[derive(Debug)]
struct CutExec {
    input: Arc<dyn ExecutionPlan>,
    widths: Widths,
}

/// What values would take with every one a copy.
fn plain_bytes(array: &dyn Array) -> usize {
    let span = |from: i64, to: i64| usize::try_from(to - from).unwrap_or_default();
    let ends = |offsets: &[i32]| match (offsets.first(), offsets.last()) {
        (Some(a), Some(b)) => (i64::from(*a), i64::from(*b)),
        _ => (0, 0),
    };
    let large_ends = |offsets: &[i64]| match (offsets.first(), offsets.last()) {
        (Some(a), Some(b)) => (*a, *b),
        _ => (0, 0),
    };
    let below = |values: &ArrayRef, (from, to): (i64, i64)| {
        plain_bytes(&values.slice(usize::try_from(from).unwrap_or_default(), span(from, to)))
    };
    // The length of a view's value is its lowest four bytes.
    #[allow(clippy::cast_possible_truncation)]
    let of_views = |views: &[u128]| views.iter().map(|view| *view as u32 as usize + 16).sum();
    match array.data_type() {
        DataType::Utf8 => {
            let (from, to) = ends(array.as_string::<i32>().value_offsets());
            span(from, to) + 4 * array.len()
        }
        DataType::Binary => {
            let (from, to) = ends(array.as_binary::<i32>().value_offsets());
            span(from, to) + 4 * array.len()
        }
        DataType::Utf8View => of_views(array.as_string_view().views()),
        DataType::BinaryView => of_views(array.as_binary_view().views()),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = dictionary.values();
            if values.is_empty() {
                return 0;
            }
            // Views of the values, so that their lengths are at hand.
            let view = match values.data_type() {
                DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
                DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
                _ => return plain_bytes(values) / values.len() * array.len(),
            };
            let Ok(lengths) = cast(values, &view) else { return array.len() };
            let views = match view {
                DataType::Utf8View => lengths.as_string_view().views(),
                _ => lengths.as_binary_view().views(),
            };
            let keys = dictionary.normalized_keys();
            #[allow(clippy::cast_possible_truncation)]
            keys.into_iter().filter_map(|key| views.get(key)).map(|v| *v as u32 as usize + 4).sum()
        }
        DataType::Struct(_) => {
            array.as_struct().columns().iter().map(|column| plain_bytes(column)).sum()
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            below(list.values(), ends(list.value_offsets())) + 4 * array.len()
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            below(list.values(), large_ends(list.value_offsets())) + 8 * array.len()
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            below(&entries, ends(map.value_offsets())) + 4 * array.len()
        }
        _ => array.to_data().get_slice_memory_size().unwrap_or_default(),
    }
}

pub(crate) fn batch_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| plain_bytes(column)).sum()
}

/// Views with as much memory as their values take: a view of a part keeps the whole, and many of
/// one text count it once, where their keys are as many copies.
fn plain_views(batch: RecordBatch) -> DfResult<RecordBatch> {
    let mut columns = Vec::with_capacity(batch.num_columns());
    for column in batch.columns() {
        let (held, plain) = (column.get_buffer_memory_size(), plain_bytes(column));
        let other = held / 2 > plain || plain / 2 > held;
        columns.push(match column.data_type() {
            DataType::Utf8View if other => Arc::new(column.as_string_view().gc()) as ArrayRef,
            DataType::BinaryView if other => Arc::new(column.as_binary_view().gc()),
            _ => Arc::clone(column),
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns, &options)?)
}

/// The rows without what they are a part of: a part counts as the whole as long as it shares it.
fn alone(part: &RecordBatch) -> DfResult<RecordBatch> {
    let rows = UInt64Array::from_iter_values(0..part.num_rows() as u64);
    plain_views(take_record_batch(part, &rows)?)
}

/// The parts of a batch, made one by one.
pub(crate) struct Parts {
    /// The next one last.
    left: Vec<RecordBatch>,
    whole: bool,
    rows: usize,
    bytes: usize,
}

impl Parts {
    /// Of at most so many rows, and so many bytes unless it is one row.
    pub(crate) fn new(batch: RecordBatch, rows: usize, bytes: usize) -> Self {
        Self { left: vec![batch], whole: true, rows, bytes }
    }
}

impl Iterator for Parts {
    type Item = DfResult<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let part = self.left.pop()?;
            let rows = part.num_rows();
            // Rows without columns take nothing, and there is nothing to cut.
            let bare = part.num_columns() == 0;
            if bare || rows <= 1 || (rows <= self.rows && batch_bytes(&part) <= self.bytes) {
                return Some(if self.whole || bare { plain_views(part) } else { alone(&part) });
            }
            self.whole = false;
            self.left.push(part.slice(rows / 2, rows - rows / 2));
            self.left.push(part.slice(0, rows / 2));
        }
    }
}

/// What came so far.
#[derive(Default)]
struct Seen {
    rows: usize,
    bytes: usize,
}

impl Seen {
    /// Refuses rows of which so many together, if there are as many, are too wide.
    fn check(&mut self, batch: &RecordBatch, rows: usize, most: usize) -> DfResult<()> {
        if most == 0 || batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows();
        self.bytes += batch_bytes(batch);
        let each = self.bytes / self.rows;
        if each.saturating_mul(self.rows.min(rows)) > most {
            return Err(resources_datafusion_err!(
                "rows of {each} bytes are too wide for batches of {rows} rows within {most} bytes"
            ));
        }
        Ok(())
    }
}

impl DisplayAs for CutExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CutExec: bytes={}", self.widths.cut_bytes)
    }
}

impl ExecutionPlan for CutExec {
    fn name(&self) -> &str {
        "CutExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self { input, widths: self.widths })),
            Err(_) => internal_err!("CutExec has one child"),
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
        let rows = context.session_config().batch_size();
        let widths = self.widths;
        let mut seen = Seen::default();
        let parts = self
            .input
            .execute(partition, context)?
            .map(move |batch| -> DfResult<_> {
                let batch = batch?;
                seen.check(&batch, rows, widths.wide_bytes)?;
                Ok(futures::stream::iter(Parts::new(batch, rows, widths.cut_bytes)))
            })
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), parts)))
    }
}

/// All rows sorted, and then the first of them, in each partition.
fn sort_all(sort: &SortExec, rows: usize) -> Arc<dyn ExecutionPlan> {
    let all: Arc<dyn ExecutionPlan> = Arc::new(sort.with_fetch(None));
    match all.properties().partitioning.partition_count() {
        1 => Arc::new(GlobalLimitExec::new(all, 0, Some(rows))),
        _ => Arc::new(LocalLimitExec::new(all, rows)),
    }
}

/// The plan, with its sorts and aggregates kept from copying too much at once.
pub fn fit(plan: Arc<dyn ExecutionPlan>, widths: Widths) -> DfResult<Arc<dyn ExecutionPlan>> {
    if widths.cut_bytes == 0 {
        return Ok(plan);
    }
    plan.transform_up(|node| {
        if !node.is::<SortExec>() && !node.is::<AggregateExec>() {
            return Ok(Transformed::no(node));
        }
        // What is gathered again in batches of full size are rows of sorts.
        let wide_bytes = if node.is::<SortExec>() { widths.wide_bytes } else { 0 };
        let widths = Widths { wide_bytes, ..widths };
        let inputs = node.children().into_iter().map(Arc::clone);
        let cut = inputs.map(|input| Arc::new(CutExec { input, widths }) as _).collect();
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let node = node.replace_children(cut, options)?;
        let kept = node.downcast_ref::<SortExec>().and_then(|sort| Some((sort, sort.fetch()?)));
        Ok(Transformed::yes(match kept {
            Some((sort, rows)) if widths.top_rows > 0 && rows > widths.top_rows => {
                sort_all(sort, rows)
            }
            _ => node,
        }))
    })
    .data()
}
