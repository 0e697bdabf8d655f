//! The physical node of a relation operator, and how it is planned.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::internal_err;
use datafusion::error::Result as DfResult;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::OrderingRequirements;
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, PlanProperties};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, ReplaceChildrenOptions,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use crate::relation::rows;
use crate::edge::error::Error;
use crate::relation::rel::RelCall;
use crate::relation::columns::{Columns, SideColumns};
use crate::relation::node::RelNode;
use crate::runtime::threads::CancelToken;

/// The engine's planner, with the nodes of this bridge as well.
#[derive(Debug)]
pub(crate) struct HostQueryPlanner;

#[async_trait]
impl QueryPlanner for HostQueryPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(RelPlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}

/// Plans relation operators.
struct RelPlanner;

#[async_trait]
impl ExtensionPlanner for RelPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<RelNode>() else { return Ok(None) };
        let [left, right] = physical_inputs else {
            return internal_err!("{} has two inputs", node.call.fun.name);
        };
        let (left_schema, right_schema) = node.input_schemas();
        let columns = Columns {
            left: SideColumns::new(&node.left, left_schema)?,
            right: SideColumns::new(&node.right, right_schema)?,
            shown: node.canonical(),
        };
        let schema = Arc::new(Schema::new(node_fields(node)));
        let inputs = [Arc::clone(left), Arc::clone(right)];
        let exec = RelExec::new(Arc::clone(&node.call), Arc::new(columns), inputs, schema);
        Ok(Some(Arc::new(exec)))
    }
}

fn node_fields(node: &RelNode) -> arrow::datatypes::Fields {
    use datafusion::logical_expr::UserDefinedLogicalNodeCore;
    UserDefinedLogicalNodeCore::schema(node).fields().clone()
}

/// See the module.
pub(crate) struct RelExec {
    call: Arc<RelCall>,
    columns: Arc<Columns>,
    inputs: [Arc<dyn ExecutionPlan>; 2],
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    token: Option<CancelToken>,
}

impl RelExec {
    fn new(
        call: Arc<RelCall>,
        columns: Arc<Columns>,
        inputs: [Arc<dyn ExecutionPlan>; 2],
        schema: SchemaRef,
    ) -> Self {
        let [left, _] = &inputs;
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(left.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        let metrics = ExecutionPlanMetricsSet::new();
        Self { call, columns, inputs, properties, metrics, token: None }
    }

    /// The same, whose calls of the host can ask the token.
    pub fn watched(&self, token: &CancelToken) -> Self {
        let inputs = self.inputs.each_ref().map(Arc::clone);
        let (call, columns) = (Arc::clone(&self.call), Arc::clone(&self.columns));
        let new = Self::new(call, columns, inputs, self.schema());
        Self { token: Some(token.clone()), ..new }
    }
}

impl fmt::Debug for RelExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelExec: {}", self.columns.shown)
    }
}

impl DisplayAs for RelExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelExec: {}", self.columns.shown)
    }
}

impl ExecutionPlan for RelExec {
    fn name(&self) -> &str {
        "RelExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        self.input_distribution_requirements().into_per_child()
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        let columns = &self.columns;
        InputDistributionRequirements::co_partitioned(vec![
            columns.left.distribution(),
            columns.right.distribution(),
        ])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.columns.left.ordering(), self.columns.right.ordering()]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
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
        let Ok(inputs) = <[Arc<dyn ExecutionPlan>; 2]>::try_from(children) else {
            return internal_err!("RelExec has two children");
        };
        let (call, columns) = (Arc::clone(&self.call), Arc::clone(&self.columns));
        let new = Self::new(call, columns, inputs, self.schema());
        Ok(Arc::new(Self { token: self.token.clone(), ..new }))
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
        let [left, right] = &self.inputs;
        let (l, r) = (
            left.output_partitioning().partition_count(),
            right.output_partitioning().partition_count(),
        );
        if l != r {
            return internal_err!("the inputs of RelExec have {l} and {r} partitions");
        }
        let state = self.call.open().map_err(Error::into_df)?;
        rows::open(rows::Work {
            state,
            columns: Arc::clone(&self.columns),
            left: left.execute(partition, Arc::clone(&context))?,
            right: right.execute(partition, Arc::clone(&context))?,
            schema: self.schema(),
            partition,
            context,
            metrics: BaselineMetrics::new(&self.metrics, partition),
            token: self.token.clone(),
        })
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
