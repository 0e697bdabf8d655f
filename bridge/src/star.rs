//! `f(*)` of an aggregate of the host: all columns of the input, in order. SQL is planned with
//! a mark in the argument's place, which becomes the columns where they are known.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, TableReference, internal_err, plan_err};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::planner::{PlannerResult, RawAggregateExpr, RawWindowExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, WindowFunctionDefinition,
};

use crate::rewrite::{Call, calls};
use crate::udaf;

/// What stands for the columns until they are known; it is never called.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Mark {
    signature: Signature,
    qualifier: Option<TableReference>,
    name: String,
}

impl ScalarUDFImpl for Mark {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        internal_err!("a star was left in a plan")
    }
}

/// The qualifier of an argument list that is a star alone.
#[expect(deprecated)]
fn star_of(args: &[Expr]) -> Option<Option<TableReference>> {
    match args {
        [Expr::Wildcard { qualifier, .. }] => Some(qualifier.clone()),
        _ => None,
    }
}

fn mark(qualifier: Option<TableReference>) -> (Expr, String) {
    let shown = match &qualifier {
        Some(table) => format!("{table}.*"),
        None => "*".to_string(),
    };
    let signature = Signature::nullary(Volatility::Immutable);
    let mark = Mark { signature, qualifier, name: shown.clone() };
    (ScalarUDF::new_from_impl(mark).call(vec![]), shown)
}

/// The engine's own that take a star are planned before.
fn no_star<T>(name: &str) -> DfResult<T> {
    plan_err!("{name} does not take *: name its arguments")
}

/// Marks the star of an aggregate.
pub fn aggregate(
    expr: RawAggregateExpr,
    note: impl Fn(&str),
) -> DfResult<PlannerResult<RawAggregateExpr>> {
    let Some(qualifier) = star_of(&expr.args) else {
        return Ok(PlannerResult::Original(expr));
    };
    if !udaf::takes_star(&expr.func) {
        return no_star(expr.func.name());
    }
    let (mark, shown) = mark(qualifier);
    let name = format!("{}({shown})", expr.func.name());
    note(expr.func.name());
    let RawAggregateExpr { func, distinct, filter, order_by, null_treatment, .. } = expr;
    let call =
        AggregateFunction::new_udf(func, vec![mark], distinct, filter, order_by, null_treatment);
    Ok(PlannerResult::Planned(Expr::AggregateFunction(call).alias(name)))
}

/// Marks the star of an aggregate over a window.
pub fn window(
    expr: RawWindowExpr,
    note: impl Fn(&str),
) -> DfResult<PlannerResult<RawWindowExpr>> {
    let takes = match &expr.func_def {
        WindowFunctionDefinition::AggregateUDF(f) => udaf::takes_star(f),
        WindowFunctionDefinition::WindowUDF(_) => false,
    };
    let Some(qualifier) = star_of(&expr.args) else {
        return Ok(PlannerResult::Original(expr));
    };
    if !takes {
        return no_star(expr.func_def.name());
    }
    let (mark, shown) = mark(qualifier);
    let name = format!("{}({shown})", expr.func_def.name());
    note(expr.func_def.name());
    let call = WindowFunction {
        fun: expr.func_def,
        params: WindowFunctionParams {
            args: vec![mark],
            partition_by: expr.partition_by,
            order_by: expr.order_by,
            window_frame: expr.window_frame,
            filter: expr.filter,
            null_treatment: expr.null_treatment,
            distinct: expr.distinct,
        },
    };
    Ok(PlannerResult::Planned(Expr::WindowFunction(Box::new(call)).alias(name)))
}

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
