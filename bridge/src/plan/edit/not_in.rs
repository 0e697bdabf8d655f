//! Correlated NOT IN, which the engine computes wrongly.

use datafusion::common::Spans;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::InSubquery;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};

use crate::edge::codes::E_NOT_IN_CORRELATED;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

/// What becomes of a null that an `x IN (SELECT ..)` gives, going up from it.
#[derive(Clone, Copy)]
enum Null {
    /// The row is left out either way.
    LikeFalse,
    /// Null and false lead to different rows.
    Matters,
}

fn null_below(expr: &Expr, above: Null) -> Null {
    match expr {
        Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_) => Null::Matters,
        Expr::BinaryExpr(binary) if !matches!(binary.op, Operator::And | Operator::Or) => {
            Null::Matters
        }
        _ => above,
    }
}

/// The engine turns a correlated NOT IN into an anti join that is wrong about nulls
/// (DataFusion issues 25336 and 25347); so does every other use that tells null from false.
pub(crate) fn refuse_correlated(plan: &LogicalPlan) -> Result<()> {
    let mut found: Option<Spans> = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            look_for_not_in(expr, Null::LikeFalse, &mut found)?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    let Some(spans) = found else { return Ok(()) };
    let message = "a correlated NOT IN (or another use of a correlated IN that tells null from \
                   false) is computed wrongly by the engine; write NOT EXISTS instead";
    let mut error = Error::new(E_NOT_IN_CORRELATED, ORIGIN_BRIDGE, message);
    if let Some(span) = spans.first() {
        error.line = u32::try_from(span.start.line).unwrap_or(0);
        error.column = u32::try_from(span.start.column).unwrap_or(0);
    }
    Err(error)
}

fn look_for_not_in(
    expr: &Expr,
    above: Null,
    found: &mut Option<Spans>,
) -> datafusion::error::Result<()> {
    if let Expr::InSubquery(InSubquery { subquery, negated, .. }) = expr
        && (*negated || matches!(above, Null::Matters))
        && !subquery.outer_ref_columns.is_empty()
    {
        found.get_or_insert_with(|| subquery.spans.clone());
        return Ok(());
    }
    let below = null_below(expr, above);
    expr.apply_children(|child| {
        look_for_not_in(child, below, found)?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}
