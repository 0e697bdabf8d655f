//! What makes an execution come out of its work: to let others run, and to hear that it was
//! cancelled. Comes after all rules, and changes neither results nor schemas.
//!
//! An operator is asked for a batch at a time, and can be dropped only between two answers.
//! `CooperativeExec` makes one pause that answers on and on, so that a task with a join at its
//! bottom is not one uninterrupted loop; the expressions and aggregates here end one that does
//! not answer for a long time (a nested loop whose filter drops everything, a window over a
//! million rows). What is left in one piece: a single call of a function, a sort of rows at hand,
//! the end of a group table. Nobody waits for those, as executions have threads of their own.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::ColumnarValue;
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::sort_properties::ExprProperties;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::execution_plan::{
    CardinalityEffect, EmissionType, SchedulingType, replace_children_if_necessary,
};
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder, SortMergeJoinExec,
};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use crate::edge::error::Error;
use crate::input::node::InputExec;
use crate::relation::exec::RelExec;
use crate::runtime::threads::CancelToken;

/// An expression that fails once the token is fired.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn PhysicalExpr>,
    token: CancelToken,
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Watched {}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.inner, f)
    }
}

impl PhysicalExpr for Watched {
    fn data_type(&self, schema: &Schema) -> DfResult<DataType> {
        self.inner.data_type(schema)
    }

    fn nullable(&self, schema: &Schema) -> DfResult<bool> {
        self.inner.nullable(schema)
    }

    fn return_field(&self, schema: &Schema) -> DfResult<FieldRef> {
        self.inner.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        self.token.check().map_err(Error::into_df)?;
        self.inner.evaluate(batch)
    }

    fn evaluate_selection(
        &self,
        batch: &RecordBatch,
        selection: &BooleanArray,
    ) -> DfResult<ColumnarValue> {
        self.token.check().map_err(Error::into_df)?;
        self.inner.evaluate_selection(batch, selection)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> DfResult<Arc<dyn PhysicalExpr>> {
        let inner = children.pop().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, token: self.token.clone() }))
    }

    // What is said of the only child is said of this.
    fn evaluate_bounds(&self, children: &[&Interval]) -> DfResult<Interval> {
        match children {
            [one] => Ok((*one).clone()),
            _ => self.inner.evaluate_bounds(children),
        }
    }

    fn propagate_constraints(
        &self,
        interval: &Interval,
        children: &[&Interval],
    ) -> DfResult<Option<Vec<Interval>>> {
        match children {
            [one] => Ok(one.intersect(interval)?.map(|both| vec![both])),
            _ => self.inner.propagate_constraints(interval, children),
        }
    }

    fn get_properties(&self, children: &[ExprProperties]) -> DfResult<ExprProperties> {
        match children {
            [one] => Ok(one.clone()),
            _ => self.inner.get_properties(children),
        }
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }

    fn is_volatile_node(&self) -> bool {
        self.inner.is_volatile_node()
    }
}

fn watched_filter(filter: Option<&JoinFilter>, token: &CancelToken) -> Option<JoinFilter> {
    filter.map(|filter| {
        let inner = Arc::clone(filter.expression());
        let expression = Arc::new(Watched { inner, token: token.clone() });
        JoinFilter::new(expression, filter.column_indices().to_vec(), Arc::clone(filter.schema()))
    })
}

/// The node with its filter, or its calls of the host, watched; None: it has nothing like that.
fn watched(
    node: &Arc<dyn ExecutionPlan>,
    token: &CancelToken,
) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>()
        && let Some(filter) = watched_filter(join.filter(), token)
    {
        let builder = NestedLoopJoinExecBuilder::from(join);
        return Ok(Some(Arc::new(builder.with_filter(Some(filter)).build()?)));
    }
    if let Some(join) = node.downcast_ref::<HashJoinExec>()
        && let Some(filter) = watched_filter(join.filter(), token)
    {
        return Ok(Some(Arc::new(join.builder().with_filter(Some(filter)).build()?)));
    }
    if let Some(join) = node.downcast_ref::<SortMergeJoinExec>()
        && let Some(filter) = watched_filter(join.filter().as_ref(), token)
    {
        return Ok(Some(Arc::new(SortMergeJoinExec::try_new(
            Arc::clone(join.left()),
            Arc::clone(join.right()),
            join.on().to_vec(),
            Some(filter),
            join.join_type(),
            join.sort_options().to_vec(),
            join.null_equality(),
        )?)));
    }
    if let Some(rel) = node.downcast_ref::<RelExec>() {
        return Ok(Some(Arc::new(rel.watched(token))));
    }
    Ok(None)
}

/// Whether the node may answer for long without having asked its inputs: it makes many rows of
/// few, or all of them at its end.
fn goes_on(node: &Arc<dyn ExecutionPlan>) -> bool {
    if node.properties().scheduling_type == SchedulingType::Cooperative {
        return false;
    }
    let grows = matches!(
        node.cardinality_effect(),
        CardinalityEffect::Unknown | CardinalityEffect::GreaterEqual
    );
    grows || node.pipeline_behavior() != EmissionType::Incremental
}

/// The plan, with pauses; with a token, what does not pause looks at it. What reads an input stays
/// as it is: readers of tables know their own nodes only.
pub(crate) fn apply(
    plan: Arc<dyn ExecutionPlan>,
    token: Option<&CancelToken>,
) -> DfResult<Arc<dyn ExecutionPlan>> {
    if plan.downcast_ref::<InputExec>().is_some() {
        return Ok(plan);
    }
    let below = plan.children().into_iter().map(|child| apply(Arc::clone(child), token));
    let below = below.collect::<DfResult<Vec<_>>>()?;
    let plan = replace_children_if_necessary(plan, below)?;
    let changed = match token {
        Some(token) => watched(&plan, token)?,
        None => None,
    };
    let plan = changed.unwrap_or(plan);
    if goes_on(&plan) { Ok(Arc::new(CooperativeExec::new(plan))) } else { Ok(plan) }
}
