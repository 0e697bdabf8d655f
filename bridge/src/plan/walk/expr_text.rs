//! The words of plan tables for what has no expression of its own: frames, flags, grouping sets.

use datafusion::arrow::datatypes::Field;
use datafusion::logical_expr::expr::{AggregateFunction, GroupingSet, NullTreatment};
use datafusion::logical_expr::{
    BinaryExpr, Expr, Like, WindowFrame, WindowFrameBound, WindowFrameUnits,
};

use crate::edge::abi::{wb_bound, wb_frame};
use crate::plan::walk::canon::{literal_text, metadata_text, quote, type_text};
use crate::edge::error::Result;
use crate::plan::walk::rows::{CallRow, small};

pub(crate) fn nulls_ignored(treatment: Option<NullTreatment>) -> bool {
    matches!(treatment, Some(NullTreatment::IgnoreNulls))
}

pub(crate) fn cast_text(field: &Field) -> String {
    let mut text = type_text(field.data_type());
    if !field.metadata().is_empty() {
        text.push_str(" meta ");
        quote(&metadata_text(field.metadata()), &mut text);
    }
    text
}

pub(crate) fn like_text(like: &Like) -> String {
    let escape = like.escape_char.map_or(-1, |c| i64::from(u32::from(c)));
    let (negated, fold) = (like.negated, like.case_insensitive);
    format!("negated={negated} case_insensitive={fold} escape={escape}")
}

fn bound_text(bound: &WindowFrameBound) -> Result<String> {
    Ok(match bound {
        WindowFrameBound::Preceding(n) if n.is_null() => "unbounded preceding".to_string(),
        WindowFrameBound::Preceding(n) => format!("{} preceding", literal_text(n)?),
        WindowFrameBound::CurrentRow => "current".to_string(),
        WindowFrameBound::Following(n) if n.is_null() => "unbounded following".to_string(),
        WindowFrameBound::Following(n) => format!("{} following", literal_text(n)?),
    })
}

pub(crate) fn frame_text(frame: &WindowFrame) -> Result<String> {
    let units = match frame.units {
        WindowFrameUnits::Rows => "rows",
        WindowFrameUnits::Range => "range",
        WindowFrameUnits::Groups => "groups",
    };
    Ok(format!(
        "{units} from {} to {}",
        bound_text(&frame.start_bound)?,
        bound_text(&frame.end_bound)?
    ))
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
pub(crate) fn frame_numbers(frame: &WindowFrame) -> (u32, i32, i32) {
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

pub(crate) fn grouping_text(set: &GroupingSet) -> (String, Vec<&Expr>) {
    match set {
        GroupingSet::Rollup(exprs) => ("rollup".to_string(), exprs.iter().collect()),
        GroupingSet::Cube(exprs) => ("cube".to_string(), exprs.iter().collect()),
        GroupingSet::GroupingSets(sets) => {
            let sizes: Vec<String> = sets.iter().map(|set| set.len().to_string()).collect();
            (format!("sets={}", sizes.join(",")), sets.iter().flatten().collect())
        }
    }
}

impl CallRow {
    pub fn of(expr: &Expr) -> Self {
        match expr {
            Expr::AggregateFunction(AggregateFunction { params, .. }) => Self {
                args: small(params.args.len()),
                order_keys: small(params.order_by.len()),
                distinct: params.distinct,
                ignore_nulls: nulls_ignored(params.null_treatment),
                ..Self::default()
            },
            Expr::WindowFunction(window) => {
                let params = &window.params;
                let (frame, from, to) = frame_numbers(&params.window_frame);
                Self {
                    args: small(params.args.len()),
                    partition_keys: small(params.partition_by.len()),
                    order_keys: small(params.order_by.len()),
                    distinct: params.distinct,
                    ignore_nulls: nulls_ignored(params.null_treatment),
                    frame,
                    from,
                    to,
                }
            }
            _ => Self::default(),
        }
    }
}
