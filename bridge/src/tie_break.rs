//! Breaks ties: wherever the order of rows decides a result, the remaining columns are added
//! to the keys, so that the order is total.

use std::sync::Arc;

use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::{
    AggregateFunction, NullTreatment, Sort as SortExpr, WindowFunction,
};
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, Limit, LogicalPlan, Projection, Sort, Window, WindowFrame,
    WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
};

use crate::error::Result;

/// The plan with ties broken, subqueries as well; its schema stays the same.
pub(crate) fn apply(plan: LogicalPlan) -> Result<LogicalPlan> {
    // The order of the result itself decides what a reader sees.
    let plan = below_limit(plan)?;
    let plan = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Limit(limit) => {
            let input = Arc::new(below_limit(Arc::unwrap_or_clone(limit.input))?);
            Ok(Transformed::yes(LogicalPlan::Limit(Limit { input, ..limit })))
        }
        LogicalPlan::Sort(sort) if sort.fetch.is_some() => {
            Ok(Transformed::yes(LogicalPlan::Sort(with_ties_broken(sort))))
        }
        LogicalPlan::Distinct(Distinct::On(mut on)) => {
            if let Some(keys) = &mut on.sort_expr {
                append(keys, on.input.schema());
            }
            Ok(Transformed::yes(LogicalPlan::Distinct(Distinct::On(on))))
        }
        LogicalPlan::Window(window) => break_window(window),
        LogicalPlan::Aggregate(aggregate) => break_aggregate(aggregate),
        node => Ok(Transformed::no(node)),
    })?;
    Ok(plan.data)
}

/// Goes down, through what keeps the order of rows, to the sort that makes it.
fn below_limit(plan: LogicalPlan) -> DfResult<LogicalPlan> {
    match plan {
        LogicalPlan::Sort(sort) => Ok(LogicalPlan::Sort(with_ties_broken(sort))),
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Limit(_) => {
            Ok(plan.map_children(|c| below_limit(c).map(Transformed::yes))?.data)
        }
        other => Ok(other),
    }
}

fn with_ties_broken(mut sort: Sort) -> Sort {
    append(&mut sort.expr, sort.input.schema());
    sort
}

/// Maps have no order; neither have unions, as far as all operators go.
pub(crate) fn sortable(data_type: &DataType) -> bool {
    fn ordered(data_type: &DataType) -> bool {
        match data_type {
            DataType::Map(..) | DataType::Union(..) | DataType::Null => false,
            DataType::List(f)
            | DataType::LargeList(f)
            | DataType::FixedSizeList(f, _)
            | DataType::ListView(f)
            | DataType::LargeListView(f) => ordered(f.data_type()),
            DataType::Struct(fields) => fields.iter().all(|f| ordered(f.data_type())),
            DataType::Dictionary(_, value) => ordered(value),
            DataType::RunEndEncoded(_, values) => ordered(values.data_type()),
            _ => true,
        }
    }
    ordered(data_type) && RowConverter::supports_fields(&[SortField::new(data_type.clone())])
}

/// Adds the columns that are not keys yet: ascending, nulls first, in their order.
fn append(keys: &mut Vec<SortExpr>, schema: &DFSchema) {
    let mut taken: Vec<bool> = vec![false; schema.fields().len()];
    for key in keys.iter() {
        if let Expr::Column(column) = plain(&key.expr)
            && let Some(index) = schema.maybe_index_of_column(column)
            && let Some(flag) = taken.get_mut(index)
        {
            *flag = true;
        }
    }
    for ((qualifier, field), taken) in schema.iter().zip(taken) {
        if !taken && sortable(field.data_type()) {
            let column = Expr::Column(Column::from((qualifier, field)));
            keys.push(SortExpr::new(column, true, true));
        }
    }
}

fn plain(mut expr: &Expr) -> &Expr {
    while let Expr::Alias(alias) = expr {
        expr = &alias.expr;
    }
    expr
}

/// The function of an expression of a Window or Aggregate node, below its aliases.
pub(crate) fn plain_mut(mut expr: &mut Expr) -> &mut Expr {
    while let Expr::Alias(alias) = expr {
        expr = &mut alias.expr;
    }
    expr
}

/// The keys that the rows of a window are sorted by.
fn window_keys(expr: &Expr) -> Option<(&[Expr], &[SortExpr])> {
    match plain(expr) {
        Expr::WindowFunction(function) => {
            Some((&function.params.partition_by, &function.params.order_by))
        }
        _ => None,
    }
}

/// All expressions of one Window node must have the same keys, so a node in which only some
/// get more keys becomes several.
fn break_window(window: Window) -> DfResult<Transformed<LogicalPlan>> {
    let Window { input, mut window_expr, schema } = window;
    let mut changed = false;
    for expr in &mut window_expr {
        if let Expr::WindowFunction(function) = plain_mut(expr) {
            changed |= break_window_function(function, input.schema());
        }
    }
    if !changed {
        let window = Window { input, window_expr, schema };
        return Ok(Transformed::no(LogicalPlan::Window(window)));
    }
    let first = input.schema().fields().len();
    let mut groups: Vec<Vec<(usize, Expr)>> = Vec::new();
    for (index, expr) in window_expr.into_iter().enumerate() {
        let same = |group: &&mut Vec<(usize, Expr)>| {
            group.first().is_some_and(|(_, other)| window_keys(other) == window_keys(&expr))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push((index, expr)),
            None => groups.push(vec![(index, expr)]),
        }
    }
    // What is sorted by more keys serves those with fewer: it goes below.
    groups.sort_by_key(|group| {
        let keys = group.first().and_then(|(_, expr)| window_keys(expr));
        std::cmp::Reverse(keys.map_or(0, |(_, order_by)| order_by.len()))
    });
    let mut places: Vec<usize> = (0..schema.fields().len()).collect();
    let mut next = first;
    let mut plan = input;
    for group in groups {
        let mut exprs = Vec::with_capacity(group.len());
        for (index, expr) in group {
            if let Some(place) = places.get_mut(first + index) {
                *place = next;
            }
            next += 1;
            exprs.push(expr);
        }
        plan = Arc::new(LogicalPlan::Window(Window::try_new(exprs, plan)?));
    }
    renamed(Arc::unwrap_or_clone(plan), &places, &schema)
}

fn break_window_function(function: &mut WindowFunction, schema: &DFSchema) -> bool {
    if function.params.order_by.is_empty() {
        return false;
    }
    let name = match &function.fun {
        WindowFunctionDefinition::AggregateUDF(f) => f.name(),
        WindowFunctionDefinition::WindowUDF(f) => f.name(),
    };
    let frame = &function.params.window_frame;
    let all = frame.start_bound.is_unbounded() && frame.end_bound.is_unbounded();
    let rows = matches!(frame.units, WindowFrameUnits::Rows);
    let decides = match name {
        // Peers are what these are about.
        "rank" | "dense_rank" | "percent_rank" | "cume_dist" => false,
        // These look at the order alone, whatever the frame says.
        "row_number" | "ntile" | "lag" | "lead" => {
            if !rows && has_distance(frame) {
                function.params.window_frame = WindowFrame::new(Some(true));
            }
            true
        }
        // From the first row to the end of the current peers: the first is there in any case.
        "first_value" => rows || all || (first_is_in(frame) && !ignores_nulls(function)),
        _ => rows || all,
    };
    if decides {
        append(&mut function.params.order_by, schema);
    }
    decides
}

fn first_is_in(frame: &WindowFrame) -> bool {
    let ends_at_or_after_current = match &frame.end_bound {
        WindowFrameBound::Preceding(_) => false,
        WindowFrameBound::CurrentRow => true,
        WindowFrameBound::Following(distance) => distance.is_null(),
    };
    frame.start_bound.is_unbounded() && ends_at_or_after_current
}

fn ignores_nulls(function: &WindowFunction) -> bool {
    matches!(function.params.null_treatment, Some(NullTreatment::IgnoreNulls))
}

/// A distance in values or in peers allows only one key, or means the peers.
fn has_distance(frame: &WindowFrame) -> bool {
    let distance = |bound: &WindowFrameBound| {
        !matches!(bound, WindowFrameBound::CurrentRow) && !bound.is_unbounded()
    };
    distance(&frame.start_bound) || distance(&frame.end_bound)
}

/// Whether the order of its input is in the result of this aggregate. With DISTINCT the keys
/// are the arguments, and equal arguments are one.
fn order_decides(function: &AggregateFunction) -> bool {
    !function.params.order_by.is_empty()
        && !function.params.distinct
        && matches!(
            function.func.name(),
            "array_agg" | "string_agg" | "first_value" | "last_value" | "nth_value"
        )
}

fn reversed(keys: &[SortExpr]) -> Vec<SortExpr> {
    keys.iter().map(SortExpr::reverse).collect()
}

/// One order for all functions of a node whose keys begin alike, forwards or backwards: the
/// engine refuses some combinations otherwise, and sorts once instead of many times.
fn total_order(
    keys: &[SortExpr],
    schema: &DFSchema,
    orders: &mut Vec<Vec<SortExpr>>,
) -> Vec<SortExpr> {
    if let Some(order) = orders.iter().find(|order| order.starts_with(keys)) {
        return order.clone();
    }
    let backwards = reversed(keys);
    if let Some(order) = orders.iter().find(|order| order.starts_with(&backwards)) {
        return reversed(order);
    }
    let mut order = keys.to_vec();
    append(&mut order, schema);
    orders.push(order.clone());
    order
}

fn break_aggregate(aggregate: Aggregate) -> DfResult<Transformed<LogicalPlan>> {
    let mut aggr_expr = aggregate.aggr_expr.clone();
    let mut functions: Vec<&mut AggregateFunction> = aggr_expr
        .iter_mut()
        .filter_map(|expr| match plain_mut(expr) {
            Expr::AggregateFunction(function) if order_decides(function) => Some(function),
            _ => None,
        })
        .collect();
    if functions.is_empty() {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    }
    // The longest keys first: shorter ones may be the beginning of them.
    functions.sort_by_key(|function| std::cmp::Reverse(function.params.order_by.len()));
    let mut orders = Vec::new();
    for function in functions {
        let order = total_order(&function.params.order_by, aggregate.input.schema(), &mut orders);
        function.params.order_by = order;
    }
    let Aggregate { input, group_expr, schema, .. } = aggregate;
    let plan = LogicalPlan::Aggregate(Aggregate::try_new(input, group_expr, aggr_expr)?);
    let places: Vec<usize> = (0..schema.fields().len()).collect();
    renamed(plan, &places, &schema)
}

/// The names of functions contain their keys: gives the outputs their old names back, which
/// the nodes above refer to. `places` says which output each of the old ones is now.
pub(crate) fn renamed(
    plan: LogicalPlan,
    places: &[usize],
    old: &DFSchema,
) -> DfResult<Transformed<LogicalPlan>> {
    let columns = plan.schema().columns();
    let mut exprs = Vec::with_capacity(places.len());
    for (place, (qualifier, field)) in places.iter().zip(old.iter()) {
        let Some(column) = columns.get(*place).cloned() else {
            return internal_err!("an output was lost in breaking ties");
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
