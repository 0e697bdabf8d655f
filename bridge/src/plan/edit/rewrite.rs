//! Changes aggregate and window functions of a plan in place: the outputs keep their names.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, Window};

use crate::plan::edit::nodes::{merged, plain_mut, renamed};

/// A call in a node of a plan.
pub enum Call<'a> {
    Aggregate(&'a mut AggregateFunction),
    Window(&'a mut WindowFunction),
}

/// Gives `change` every aggregate and window function with the input of its node, subqueries
/// as well; it says whether it changed something.
pub fn calls(
    plan: LogicalPlan,
    change: &mut dyn FnMut(Call<'_>, &LogicalPlan) -> DfResult<bool>,
) -> DfResult<LogicalPlan> {
    let done = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Aggregate(node) => aggregate(node, change),
        LogicalPlan::Window(node) => window(node, change),
        node => Ok(Transformed::no(node)),
    })?;
    Ok(done.data)
}

fn changed_exprs(
    mut exprs: Vec<Expr>,
    input: &LogicalPlan,
    change: &mut dyn FnMut(Call<'_>, &LogicalPlan) -> DfResult<bool>,
) -> DfResult<Option<Vec<Expr>>> {
    let mut changed = false;
    for expr in &mut exprs {
        changed |= match plain_mut(expr) {
            Expr::AggregateFunction(function) => change(Call::Aggregate(function), input)?,
            Expr::WindowFunction(function) => change(Call::Window(function), input)?,
            _ => false,
        };
    }
    Ok(changed.then_some(exprs))
}

fn aggregate(
    node: Aggregate,
    change: &mut dyn FnMut(Call<'_>, &LogicalPlan) -> DfResult<bool>,
) -> DfResult<Transformed<LogicalPlan>> {
    let Some(exprs) = changed_exprs(node.aggr_expr.clone(), &node.input, change)? else {
        return Ok(Transformed::no(LogicalPlan::Aggregate(node)));
    };
    let Aggregate { input, group_expr, schema, .. } = node;
    let (exprs, places) = merged(exprs.clone(), schema.fields().len() - exprs.len());
    let plan = LogicalPlan::Aggregate(Aggregate::try_new(input, group_expr, exprs)?);
    renamed(plan, &places, &schema)
}

fn window(
    node: Window,
    change: &mut dyn FnMut(Call<'_>, &LogicalPlan) -> DfResult<bool>,
) -> DfResult<Transformed<LogicalPlan>> {
    let Some(exprs) = changed_exprs(node.window_expr.clone(), &node.input, change)? else {
        return Ok(Transformed::no(LogicalPlan::Window(node)));
    };
    let Window { input, schema, .. } = node;
    let (exprs, places) = merged(exprs, input.schema().fields().len());
    let plan = LogicalPlan::Window(Window::try_new(exprs, Arc::clone(&input))?);
    renamed(plan, &places, &schema)
}
