//! `f(*)` of an aggregate of the host: all columns of the input, in order. SQL is planned with
//! a mark in the argument's place, which becomes the columns where they are known.

use arrow::datatypes::DataType;
use datafusion::common::{TableReference, internal_err, plan_err};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::planner::{PlannerResult, RawAggregateExpr, RawWindowExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, WindowFunctionDefinition,
};

use crate::function::aggregate;

/// What stands for the columns until they are known; it is never called.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    signature: Signature,
    pub qualifier: Option<TableReference>,
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
pub(crate) fn star_of(args: &[Expr]) -> Option<Option<TableReference>> {
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
pub(crate) fn no_star<T>(name: &str) -> DfResult<T> {
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
    if !aggregate::takes_star(&expr.func) {
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
        WindowFunctionDefinition::AggregateUDF(f) => aggregate::takes_star(f),
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

