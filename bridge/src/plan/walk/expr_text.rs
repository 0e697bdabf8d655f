//! What plan tables say of expressions beside their parts: frames, flags, grouping sets.

use datafusion::arrow::datatypes::Field;
use datafusion::logical_expr::expr::{
    AggregateFunctionParams, GroupingSet, NullTreatment, WindowFunctionParams,
};
use datafusion::logical_expr::{
    BinaryExpr, Expr, Like, WindowFrame, WindowFrameBound, WindowFrameUnits,
};

use crate::edge::abi::{wb_bound, wb_expr_flag, wb_frame};
use crate::plan::walk::canon::{literal_text, metadata_text};
use crate::edge::error::Result;
use crate::plan::walk::rows::{CallRow, Head, small};

pub(crate) fn signed(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

pub(crate) fn nulls_ignored(treatment: Option<NullTreatment>) -> bool {
    matches!(treatment, Some(NullTreatment::IgnoreNulls))
}

/// What is known of a cast's result beside its type.
pub(crate) fn cast_detail(field: &Field) -> String {
    metadata_text(field.metadata())
}

pub(crate) fn like_head(kind: &'static str, like: &Like) -> Head {
    let escape = like.escape_char.map_or(-1, |c| signed(u32::from(c) as usize));
    Head::new(kind, "")
        .flag(wb_expr_flag::WB_EXPR_NEGATED, like.negated)
        .flag(wb_expr_flag::WB_EXPR_ANY_CASE, like.case_insensitive)
        .number(escape)
}

/// How far away a bound is; nothing where it is at an end, or at the row.
fn distance(bound: &WindowFrameBound) -> Result<String> {
    match bound {
        WindowFrameBound::Preceding(n) | WindowFrameBound::Following(n) if !n.is_null() => {
            literal_text(n)
        }
        _ => Ok(String::new()),
    }
}

fn bound_number(bound: &WindowFrameBound) -> i32 {
    let number = match bound {
        WindowFrameBound::Preceding(n) if n.is_null() => wb_bound::WB_BOUND_FIRST,
        WindowFrameBound::Preceding(_) => wb_bound::WB_BOUND_BEFORE,
        WindowFrameBound::CurrentRow => wb_bound::WB_BOUND_CURRENT,
        WindowFrameBound::Following(n) if n.is_null() => wb_bound::WB_BOUND_LAST,
        WindowFrameBound::Following(_) => wb_bound::WB_BOUND_AFTER,
    };
    number as i32
}

/// Units and bounds (wb_frame, wb_bound).
fn frame_numbers(frame: &WindowFrame) -> (u32, i32, i32) {
    let units = match frame.units {
        WindowFrameUnits::Rows => wb_frame::WB_FRAME_ROWS,
        WindowFrameUnits::Range => wb_frame::WB_FRAME_RANGE,
        WindowFrameUnits::Groups => wb_frame::WB_FRAME_GROUPS,
    };
    (units as u32, bound_number(&frame.start_bound), bound_number(&frame.end_bound))
}

/// The terms of a chain of one logical operator, left to right. Such chains can be very long,
/// and the tree of one is as deep as it is long.
pub(crate) fn terms(expr: &BinaryExpr) -> Vec<&Expr> {
    let mut found = Vec::new();
    let mut ahead = vec![expr.right.as_ref(), expr.left.as_ref()];
    while let Some(next) = ahead.pop() {
        match next {
            Expr::BinaryExpr(inner) if inner.op == expr.op => {
                ahead.push(&inner.right);
                ahead.push(&inner.left);
            }
            other => found.push(other),
        }
    }
    found
}

/// The sets' sizes, and all that is in them.
pub(crate) fn grouping(set: &GroupingSet) -> (Head, Vec<&Expr>) {
    let head = |op| Head::new("grouping_set", op);
    match set {
        GroupingSet::Rollup(exprs) => (head("rollup"), exprs.iter().collect()),
        GroupingSet::Cube(exprs) => (head("cube"), exprs.iter().collect()),
        GroupingSet::GroupingSets(sets) => {
            let sizes: Vec<String> = sets.iter().map(|set| set.len().to_string()).collect();
            let head = head("sets").number(signed(sets.len()));
            (Head { detail: sizes.join(","), ..head }, sets.iter().flatten().collect())
        }
    }
}

impl CallRow {
    pub fn of_aggregate(params: &AggregateFunctionParams) -> Self {
        Self {
            args: small(params.args.len()),
            order_keys: small(params.order_by.len()),
            ..Self::default()
        }
    }

    pub fn of_window(params: &WindowFunctionParams) -> Result<Self> {
        let frame = &params.window_frame;
        let (units, from, to) = frame_numbers(frame);
        Ok(Self {
            args: small(params.args.len()),
            partition_keys: small(params.partition_by.len()),
            order_keys: small(params.order_by.len()),
            frame: units,
            from,
            to,
            from_by: distance(&frame.start_bound)?,
            to_by: distance(&frame.end_bound)?,
        })
    }
}
