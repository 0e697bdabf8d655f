//! The node above whatever an input is bound to: gives the declared columns, and says which
//! input it is.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result as DfResult, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, PlanProperties};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ReplaceChildrenOptions,
};
use futures::StreamExt;

use crate::edge::guard;
use crate::input::adapt::Adapter;
use crate::edge::error::Error;

/// See the module.
#[derive(Debug)]
pub struct InputExec {
    schema_name: String,
    table_name: String,
    kind: &'static str,
    adapter: Arc<Adapter>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl InputExec {
    /// Above `input`, whose output the adapter was made for.
    pub fn new(
        schema_name: &str,
        table_name: &str,
        kind: &'static str,
        adapter: Adapter,
        input: Arc<dyn ExecutionPlan>,
    ) -> Self {
        let adapter = Arc::new(adapter);
        Self {
            schema_name: schema_name.into(),
            table_name: table_name.into(),
            kind,
            properties: Self::properties_of(&adapter, &input),
            adapter,
            input,
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    fn properties_of(adapter: &Adapter, input: &Arc<dyn ExecutionPlan>) -> Arc<PlanProperties> {
        use datafusion::physical_expr::Partitioning::UnknownPartitioning;
        let below = input.properties();
        Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(adapter.schema())),
            UnknownPartitioning(below.partitioning.partition_count()),
            below.emission_type,
            below.boundedness,
        ))
    }

    /// The schema's name of the input.
    pub fn schema_name(&self) -> &str {
        &self.schema_name
    }

    /// The table's name of the input.
    pub fn table_name(&self) -> &str {
        &self.table_name
    }

    /// delta_native, files, stream or memory.
    pub fn provider_kind(&self) -> &'static str {
        self.kind
    }
}

impl DisplayAs for InputExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InputExec: {}.{}, kind={}", self.schema_name, self.table_name, self.kind)
    }
}

impl ExecutionPlan for InputExec {
    fn name(&self) -> &str {
        "InputExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        // It does, but whoever is told so sorts below, by columns that are others there.
        vec![false]
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
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let (Some(input), true) = (children.pop(), children.is_empty()) else {
            return internal_err!("InputExec has one child");
        };
        Ok(Arc::new(Self {
            schema_name: self.schema_name.clone(),
            table_name: self.table_name.clone(),
            kind: self.kind,
            properties: Self::properties_of(&self.adapter, &input),
            adapter: Arc::clone(&self.adapter),
            input,
            metrics: ExecutionPlanMetricsSet::new(),
        }))
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
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let adapter = Arc::clone(&self.adapter);
        let schema = Arc::clone(adapter.schema());
        let batches = self.input.execute(partition, context)?.map(move |batch| {
            guard::point("operator.task");
            let adapted = batch.map_err(Error::from).and_then(|batch| adapter.adapt(batch));
            let ready = adapted.inspect(|batch| metrics.record_output(batch.num_rows()));
            ready.map_err(Error::into_df)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(partition)]
    }

    /// The number of rows as an estimate, no more: the statistics of a table's log come from
    /// other writers, and nothing may be computed from them.
    fn statistics_from_inputs(
        &self,
        input_stats: &[Arc<Statistics>],
        _args: &StatisticsArgs,
    ) -> DfResult<Arc<Statistics>> {
        let mut stats = Statistics::new_unknown(self.adapter.schema());
        if let Some(below) = input_stats.first() {
            stats.num_rows = below.num_rows.to_inexact();
            stats.total_byte_size = below.total_byte_size.to_inexact();
        }
        Ok(Arc::new(stats))
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }
}
