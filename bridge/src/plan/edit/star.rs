//! The columns of an aggregate's star, put where `star` left its mark.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, TableReference, plan_err};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::{Expr, LogicalPlan, ScalarUDFImpl};

use crate::plan::edit::rewrite::{Call, calls};
use crate::session::star::{Mark, no_star, star_of};

/// The columns of what a window function's node reads: not those of other window functions.
fn columns(input: &LogicalPlan, qualifier: Option<&TableReference>) -> DfResult<Vec<Expr>> {
    let mut input = input;
    while let LogicalPlan::Window(window) = input {
        input = window.input.as_ref();
    }
    let columns: Vec<Expr> = input
        .schema()
        .iter()
        .filter(|(table, _)| qualifier.is_none_or(|q| table.is_some_and(|t| q.resolved_eq(t))))
        .map(|(table, field)| Expr::Column(Column::from((table, field))))
        .collect();
    match (columns.is_empty(), qualifier) {
        (false, _) => Ok(columns),
        (true, Some(table)) => plan_err!("there is no table {table} whose columns * could name"),
        (true, None) => plan_err!("there are no columns that * could name"),
    }
}

fn mark_in(args: &[Expr]) -> Option<Option<TableReference>> {
    let [Expr::ScalarFunction(call)] = args else { return None };
    let inner: &dyn ScalarUDFImpl = call.func.inner().as_ref();
    inner.downcast_ref::<Mark>().map(|mark| mark.qualifier.clone())
}

/// Refuses a star that is still there, as an argument of a function of single values.
#[expect(deprecated)]
fn refuse_rest(plan: &LogicalPlan) -> DfResult<()> {
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|part| match part {
                Expr::ScalarFunction(f) if star_of(&f.args).is_some() => no_star(f.name()),
                Expr::Wildcard { .. } => plan_err!("* stands for columns, and not for a value"),
                _ => Ok(TreeNodeRecursion::Continue),
            })
        })
    })?;
    Ok(())
}

/// Puts the columns in the places of the marks.
pub fn expand(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    refuse_rest(&plan)?;
    calls(plan, &mut |call, input| {
        let args = match call {
            Call::Aggregate(f) => &mut f.params.args,
            Call::Window(f) => &mut f.params.args,
        };
        let Some(qualifier) = mark_in(args) else { return Ok(false) };
        *args = columns(input, qualifier.as_ref())?;
        Ok(true)
    })
}
