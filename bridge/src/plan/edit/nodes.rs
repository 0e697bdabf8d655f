//! Nodes whose functions were changed: the outputs keep their names.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection};

/// The function of an expression of a Window or Aggregate node, below its aliases.
pub(crate) fn plain_mut(mut expr: &mut Expr) -> &mut Expr {
    while let Expr::Alias(alias) = expr {
        expr = &mut alias.expr;
    }
    expr
}

/// The names of functions contain their keys: gives the outputs their old names back, which
/// the nodes above refer to. `places` says which output each of the old ones is now.
pub(crate) fn renamed(
    plan: LogicalPlan,
    places: &[usize],
    old: &DFSchema,
) -> DfResult<Transformed<LogicalPlan>> {
    let columns = plan.schema().columns();
    let kept = columns.len() == places.len() && places.iter().enumerate().all(|(i, p)| i == *p);
    let named = columns.iter().zip(old.iter()).all(|(column, (qualifier, field))| {
        column.relation.as_ref() == qualifier && column.name == *field.name()
    });
    if kept && named {
        return Ok(Transformed::yes(plan));
    }
    let mut exprs = Vec::with_capacity(places.len());
    for (place, (qualifier, field)) in places.iter().zip(old.iter()) {
        let Some(column) = columns.get(*place).cloned() else {
            return internal_err!("an output was lost in editing the plan");
        };
        let same = column.relation.as_ref() == qualifier && column.name == *field.name();
        let expr = Expr::Column(column);
        exprs.push(if same {
            expr
        } else {
            expr.alias_qualified(qualifier.cloned(), field.name())
        });
    }
    let projection = Projection::try_new(exprs, Arc::new(plan))?;
    Ok(Transformed::yes(LogicalPlan::Projection(projection)))
}

/// Calls that have become the same are one; the place of each among the outputs.
pub(crate) fn merged(exprs: Vec<Expr>, first: usize) -> (Vec<Expr>, Vec<usize>) {
    let mut kept: Vec<Expr> = Vec::with_capacity(exprs.len());
    let mut places: Vec<usize> = (0..first).collect();
    for expr in exprs {
        match kept.iter().position(|other| *other == expr) {
            Some(place) => places.push(first + place),
            None => {
                places.push(first + kept.len());
                kept.push(expr);
            }
        }
    }
    (kept, places)
}
