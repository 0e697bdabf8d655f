//! Edits of a plan that C decided (wb_plan_edit): keys added to what sorts, frames, functions, and what
//! the engine needs so that its nodes hold together afterwards.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ScalarValue, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::expr::{AggregateFunction, Cast, Sort as SortExpr, WindowFunction};
use datafusion::logical_expr::{
    Aggregate, AggregateUDF, Distinct, Expr, LogicalPlan, Window, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowFunctionDefinition,
};

use crate::edge::abi::{wb_edit, wb_edit_kind, wb_sort_class};
use crate::edge::codes::{E_BAD_VALUE, E_UNKNOWN_FUNCTION};
use crate::plan::edit::nodes::{merged, plain_mut, renamed};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::relation::node::sortable;
use crate::session::sess::SessInner;
use crate::plan::edit::tie_sort::marked;

/// What one edit does to a function's call, or to the keys of a node that sorts.
enum Change {
    /// A key at the end: the expression over the node's input.
    AddKey { column: usize, function: Option<Arc<datafusion::logical_expr::ScalarUDF>> },
    /// The keys become keys of partitions, and the frame is a partition.
    Peers,
    /// The frame is ROWS, from the first to the current row.
    RowsFrame,
    /// The call is one of another aggregate function.
    SetFunction(Arc<AggregateUDF>),
    /// What stands below the cast that this argument is.
    StripCast { argument: usize },
    /// No order of the rows.
    DropOrder,
    /// Nulls as the function has them.
    DropNulls,
}

/// An edit of a node; `ord` is a function of a Window or Aggregate node.
struct Edit {
    ord: usize,
    change: Change,
}

/// The edits by node, in the order given.
pub(crate) struct Edits {
    by_node: BTreeMap<u32, Vec<Edit>>,
}

fn bad(what: impl Into<String>) -> Error {
    Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, what)
}

impl Edits {
    /// SAFETY of the texts is the caller's, as everywhere at the edge.
    pub unsafe fn read(sess: &SessInner, rows: &[wb_edit]) -> Result<Self> {
        const ADD_KEY: i32 = wb_edit_kind::WB_EDIT_ADD_KEY as i32;
        const PEERS: i32 = wb_edit_kind::WB_EDIT_PEERS as i32;
        const ROWS: i32 = wb_edit_kind::WB_EDIT_ROWS as i32;
        const SET_FUNCTION: i32 = wb_edit_kind::WB_EDIT_SET_FUNCTION as i32;
        const STRIP_CAST: i32 = wb_edit_kind::WB_EDIT_STRIP_CAST as i32;
        const DROP_ORDER: i32 = wb_edit_kind::WB_EDIT_DROP_ORDER as i32;
        const DROP_NULLS: i32 = wb_edit_kind::WB_EDIT_DROP_NULLS as i32;
        let mut by_node: BTreeMap<u32, Vec<Edit>> = BTreeMap::new();
        for row in rows {
            let change = match row.kind {
                ADD_KEY => {
                    // SAFETY: the caller's.
                    let name = unsafe { row.function.to_str()? };
                    Change::AddKey { column: row.column as usize, function: function(sess, name)? }
                }
                PEERS => Change::Peers,
                ROWS => Change::RowsFrame,
                SET_FUNCTION => {
                    // SAFETY: the caller's.
                    let name = unsafe { row.function.to_str()? };
                    Change::SetFunction(aggregate(sess, name)?)
                }
                STRIP_CAST => Change::StripCast { argument: row.column as usize },
                DROP_ORDER => Change::DropOrder,
                DROP_NULLS => Change::DropNulls,
                other => return Err(bad(format!("{other} is no edit of a plan"))),
            };
            by_node.entry(row.node).or_default().push(Edit { ord: row.ord as usize, change });
        }
        Ok(Self { by_node })
    }
}

fn function(
    sess: &SessInner,
    name: &str,
) -> Result<Option<Arc<datafusion::logical_expr::ScalarUDF>>> {
    if name.is_empty() {
        return Ok(None);
    }
    let state = sess.planning_state()?;
    state.udf(name).map(Some).map_err(|_| {
        Error::new(E_UNKNOWN_FUNCTION, ORIGIN_BRIDGE, format!("there is no function {name}"))
    })
}

fn aggregate(sess: &SessInner, name: &str) -> Result<Arc<AggregateUDF>> {
    sess.planning_state()?.udaf(name).map_err(|_| {
        Error::new(E_UNKNOWN_FUNCTION, ORIGIN_BRIDGE, format!("there is no aggregate {name}"))
    })
}

/// Of what a plan's tables do not have.
const NO_NODE: u32 = u32::MAX;

/// The number in plan tables of each node, in the order in which a rewriting meets them. Both
/// go from the top down; within expressions the two may meet subqueries in another order.
fn numbers(plan: &LogicalPlan, walked: &[usize]) -> DfResult<VecDeque<u32>> {
    let mut by_place: HashMap<usize, VecDeque<u32>> = HashMap::new();
    for (id, place) in (0..).zip(walked) {
        by_place.entry(*place).or_default().push_back(id);
    }
    let mut found = VecDeque::with_capacity(walked.len());
    plan.apply_with_subqueries(|node| {
        // A plan that is named twice is in one place; its copies are alike.
        let id = by_place.get_mut(&place_of(node)).and_then(VecDeque::pop_front);
        // A rewriting puts a node of its own around the plan of a subquery in an expression.
        let around = matches!(node, LogicalPlan::Subquery(_)).then_some(NO_NODE);
        let Some(id) = id.or(around) else {
            return internal_err!("a node that the plan's tables do not have");
        };
        found.push_back(id);
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

/// Where a node is, as long as its plan stands still.
pub(crate) fn place_of(node: &LogicalPlan) -> usize {
    std::ptr::from_ref(node).addr()
}

/// The plan with its nodes edited, subqueries as well; its schema stays the same. `walked` are
/// the places of the nodes by their numbers.
pub(crate) fn apply(plan: &LogicalPlan, walked: &[usize], edits: &Edits) -> Result<LogicalPlan> {
    if edits.by_node.is_empty() {
        return Ok(plan.clone());
    }
    if let Some((node, _)) = edits.by_node.last_key_value()
        && *node as usize >= walked.len()
    {
        return Err(bad(format!("the plan has no node {node}")));
    }
    // Two walks at once: both closures see the numbers.
    let state = std::cell::RefCell::new((numbers(plan, walked)?, Vec::<u32>::new()));
    let done = plan.clone().transform_down_up_with_subqueries(
        |node| {
            let (ahead, open) = &mut *state.borrow_mut();
            let Some(id) = ahead.pop_front() else { return internal_err!("a node too many") };
            open.push(id);
            Ok(Transformed::no(node))
        },
        |node| {
            let Some(id) = state.borrow_mut().1.pop() else {
                return internal_err!("a node too many");
            };
            match edits.by_node.get(&id) {
                Some(edits) => edit(node, edits),
                None => Ok(Transformed::no(node)),
            }
        },
    )?;
    Ok(done.data)
}

fn edit(node: LogicalPlan, edits: &[Edit]) -> DfResult<Transformed<LogicalPlan>> {
    match node {
        LogicalPlan::Sort(mut sort) => {
            add_keys(&mut sort.expr, sort.input.schema(), edits)?;
            Ok(Transformed::yes(LogicalPlan::Sort(sort)))
        }
        LogicalPlan::Distinct(Distinct::On(mut on)) => {
            if let Some(keys) = &mut on.sort_expr {
                add_keys(keys, on.input.schema(), edits)?;
            }
            Ok(Transformed::yes(LogicalPlan::Distinct(Distinct::On(on))))
        }
        LogicalPlan::Window(window) => edit_window(window, edits),
        LogicalPlan::Aggregate(aggregate) => edit_aggregate(aggregate, edits),
        _ => internal_err!("an edit of a node that has no keys"),
    }
}

/// How the engine can sort values of a type (wb_sort_class).
pub(crate) fn sort_class(data_type: &DataType) -> u32 {
    let class = match data_type {
        DataType::Null => wb_sort_class::WB_SORTS_ALIKE,
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.iter().all(|f| sortable(f.data_type())) => {
                wb_sort_class::WB_SORTS_BY_PARTS
            }
            _ => wb_sort_class::WB_SORTS_NOT,
        },
        other if !sortable(other) => wb_sort_class::WB_SORTS_NOT,
        other if other.is_nested() => wb_sort_class::WB_SORTS_NESTED,
        other if other.primitive_width().is_some() || matches!(other, DataType::Boolean) => {
            wb_sort_class::WB_SORTS_WORDS
        }
        _ => wb_sort_class::WB_SORTS_BYTES,
    };
    class as u32
}

fn key(schema: &DFSchema, edit: &Edit) -> DfResult<Option<SortExpr>> {
    let Change::AddKey { column, function } = &edit.change else { return Ok(None) };
    if *column >= schema.fields().len() {
        return internal_err!("a key of a column that the input does not have");
    }
    let column = Expr::Column(Column::from(schema.qualified_field(*column)));
    let expr = match function {
        Some(function) => function.call(vec![column]),
        None => column,
    };
    Ok(Some(SortExpr::new(expr, true, true)))
}

/// Keys at the end: ascending, nulls first.
fn add_keys(keys: &mut Vec<SortExpr>, schema: &DFSchema, edits: &[Edit]) -> DfResult<()> {
    for edit in edits {
        match key(schema, edit)? {
            Some(key) => keys.push(key),
            None => return internal_err!("an edit of a function at a node without any"),
        }
    }
    Ok(())
}

fn plain(mut expr: &Expr) -> &Expr {
    while let Expr::Alias(alias) = expr {
        expr = &alias.expr;
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
fn edit_window(window: Window, edits: &[Edit]) -> DfResult<Transformed<LogicalPlan>> {
    let Window { input, mut window_expr, schema } = window;
    let first = input.schema().fields().len();
    for edit in edits {
        let Some(Expr::WindowFunction(function)) =
            window_expr.get_mut(edit.ord).map(plain_mut)
        else {
            return internal_err!("an edit of a window function that is not there");
        };
        edit_window_function(function, input.schema(), edit)?;
    }
    let (window_expr, kept) = merged(window_expr, first);
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
    let mut made: Vec<usize> = (0..schema.fields().len()).collect();
    let mut next = first;
    let mut plan = input;
    for group in groups {
        let mut exprs = Vec::with_capacity(group.len());
        for (index, expr) in group {
            if let Some(place) = made.get_mut(first + index) {
                *place = next;
            }
            next += 1;
            let old = kept.iter().position(|place| *place == first + index);
            exprs.push(named(expr, &schema, old.unwrap_or(first + index)));
        }
        plan = Arc::new(LogicalPlan::Window(Window::try_new(exprs, plan)?));
    }
    let places: Vec<usize> = kept.iter().filter_map(|place| made.get(*place).copied()).collect();
    renamed(Arc::unwrap_or_clone(plan), &places, &schema)
}

/// The name of a function contains its keys, and two that were different may be alike now: each
/// keeps its old name.
fn named(expr: Expr, schema: &DFSchema, place: usize) -> Expr {
    match expr {
        Expr::Alias(_) => expr,
        expr => expr.alias(schema.field(place).name()),
    }
}

fn whole_partition() -> WindowFrame {
    WindowFrame::new_bounds(
        WindowFrameUnits::Rows,
        WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
        WindowFrameBound::Following(ScalarValue::UInt64(None)),
    )
}

fn edit_window_function(
    function: &mut WindowFunction,
    schema: &DFSchema,
    edit: &Edit,
) -> DfResult<()> {
    let params = &mut function.params;
    match &edit.change {
        Change::AddKey { .. } => {
            let key = key(schema, edit)?;
            params.order_by.extend(key.map(|key| SortExpr { expr: marked(key.expr), ..key }));
        }
        Change::Peers => {
            let keys = std::mem::take(&mut params.order_by);
            params.partition_by.extend(keys.into_iter().map(|key| key.expr));
            params.window_frame = whole_partition();
        }
        // A distance in values or in peers allows one key.
        Change::RowsFrame => {
            params.window_frame = WindowFrame::new_bounds(
                WindowFrameUnits::Rows,
                WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
                WindowFrameBound::CurrentRow,
            );
        }
        Change::SetFunction(to) => {
            function.fun = WindowFunctionDefinition::AggregateUDF(Arc::clone(to));
        }
        Change::StripCast { argument } => strip(&mut params.args, *argument)?,
        Change::DropOrder => params.order_by.clear(),
        Change::DropNulls => params.null_treatment = None,
    }
    Ok(())
}

/// What stands below the cast that an argument is.
fn strip(args: &mut [Expr], argument: usize) -> DfResult<()> {
    match args.get_mut(argument) {
        Some(arg) if matches!(plain(arg), Expr::Cast(_)) => {
            let arg = plain_mut(arg);
            if let Expr::Cast(Cast { expr, .. }) = arg {
                *arg = expr.as_ref().clone();
            }
            Ok(())
        }
        _ => internal_err!("an argument that is no cast"),
    }
}

/// Gives the key to be added, if the edit is one.
fn edit_aggregate_function(
    function: &mut AggregateFunction,
    schema: &DFSchema,
    edit: &Edit,
) -> DfResult<Option<SortExpr>> {
    let params = &mut function.params;
    match &edit.change {
        Change::AddKey { .. } => return key(schema, edit),
        Change::Peers | Change::RowsFrame => {
            return internal_err!("an edit of a frame at a node without frames");
        }
        Change::SetFunction(to) => function.func = Arc::clone(to),
        Change::StripCast { argument } => strip(&mut params.args, *argument)?,
        Change::DropOrder => params.order_by.clear(),
        Change::DropNulls => params.null_treatment = None,
    }
    Ok(None)
}

fn reversed(keys: &[SortExpr]) -> Vec<SortExpr> {
    keys.iter().map(SortExpr::reverse).collect()
}

/// One order for all functions of a node whose keys begin alike, forwards or backwards: the
/// engine refuses some combinations otherwise, and sorts once instead of many times.
fn total_order(
    keys: &[SortExpr],
    added: Vec<SortExpr>,
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
    order.extend(added);
    orders.push(order.clone());
    order
}

fn edit_aggregate(aggregate: Aggregate, edits: &[Edit]) -> DfResult<Transformed<LogicalPlan>> {
    let Aggregate { input, group_expr, mut aggr_expr, schema, .. } = aggregate;
    let mut added: BTreeMap<usize, Vec<SortExpr>> = BTreeMap::new();
    for edit in edits {
        let function = aggr_expr.get_mut(edit.ord).map(plain_mut);
        let Some(Expr::AggregateFunction(function)) = function else {
            return internal_err!("an edit of an aggregate that is not there");
        };
        if let Some(key) = edit_aggregate_function(function, input.schema(), edit)? {
            added.entry(edit.ord).or_default().push(key);
        }
    }
    let mut functions: Vec<(&mut AggregateFunction, Vec<SortExpr>)> = Vec::new();
    for (ord, expr) in aggr_expr.iter_mut().enumerate() {
        let Some(keys) = added.remove(&ord) else { continue };
        let Expr::AggregateFunction(function) = plain_mut(expr) else {
            return internal_err!("an edit of an aggregate that is none");
        };
        functions.push((function, keys));
    }
    // The longest keys first: shorter ones may be the beginning of them.
    functions.sort_by_key(|(function, _)| std::cmp::Reverse(function.params.order_by.len()));
    let mut orders = Vec::new();
    for (function, keys) in functions {
        function.params.order_by = total_order(&function.params.order_by, keys, &mut orders);
    }
    let first = schema.fields().len() - aggr_expr.len();
    let (aggr_expr, places) = merged(aggr_expr, first);
    let plan = LogicalPlan::Aggregate(Aggregate::try_new(input, group_expr, aggr_expr)?);
    renamed(plan, &places, &schema)
}

