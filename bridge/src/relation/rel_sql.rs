//! Calls of relation operators in SQL: `FROM name(relation, relation, option => literal, ..)`.

use std::fmt;
use std::sync::Arc;

use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{Expr, Extension, LogicalPlan};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, FunctionArg, FunctionArgExpr, Spanned, TableFactor};

use crate::edge::abi::wb_param_type;
use crate::edge::codes::E_SQL_PLAN;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::relation::rel::{RelCall, RelFns, RelOption};
use crate::relation::node::RelNode;
use crate::sql::size::folded;
use crate::sql::names::one_word;

/// Plans calls of the session's operators; leaves everything else to the engine.
pub(crate) struct HostRelations {
    operators: RelFns,
}

impl HostRelations {
    /// Sees operators that are added later, too.
    pub fn new(operators: RelFns) -> Self {
        Self { operators }
    }
}

impl fmt::Debug for HostRelations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostRelations")
    }
}

impl RelationPlanner for HostRelations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> DfResult<RelationPlanning> {
        let operator = match &relation {
            TableFactor::Table { name, args: Some(_), .. } => one_word(name).and_then(|name| {
                let operators = self.operators.read().unwrap_or_else(|e| e.into_inner());
                operators.get(&name).map(Arc::clone)
            }),
            _ => None,
        };
        let (Some(fun), TableFactor::Table { name, alias, args: Some(args), .. }) =
            (operator, relation.clone())
        else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let located = |error: Error| {
            let start = name.span().start;
            let place = |n: u64| u32::try_from(n).unwrap_or(0);
            let fresh = error.line == 0;
            let line = if fresh { place(start.line) } else { error.line };
            let column = if fresh { place(start.column) } else { error.column };
            Error { line, column, ..error }.into_df()
        };
        let mut args = args.args.into_iter();
        let left = input(&fun.name, 1, args.next()).map_err(located)?;
        let left = context.plan(left)?;
        let right = input(&fun.name, 2, args.next()).map_err(located)?;
        let right = context.plan(right)?;
        let mut options = Vec::new();
        for arg in args {
            options.push(option(&fun.name, arg, context).map_err(located)?);
        }
        let call =
            RelCall::plan(&fun, left.schema().as_arrow(), right.schema().as_arrow(), options)
                .map_err(located)?;
        let node = RelNode::plan(Arc::new(call), left, right).map_err(located)?;
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
    }
}

fn refuse(message: String) -> Error {
    Error::new(E_SQL_PLAN, ORIGIN_BRIDGE, message)
}

/// A relation argument as what stands in FROM.
fn input(operator: &str, ord: usize, arg: Option<FunctionArg>) -> Result<TableFactor> {
    match arg {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(SqlExpr::Subquery(subquery)))) => {
            Ok(TableFactor::Derived { lateral: false, subquery, alias: None, sample: None })
        }
        _ => Err(refuse(format!(
            "{operator}: argument {ord} must be a relation: the name of a table, view or CTE, \
             or a query in parentheses"
        ))),
    }
}

fn option(
    operator: &str,
    arg: FunctionArg,
    context: &mut dyn RelationPlannerContext,
) -> Result<RelOption> {
    let (name, value) = match arg {
        FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. } => {
            (folded(&name), value)
        }
        FunctionArg::ExprNamed {
            name: SqlExpr::Identifier(name),
            arg: FunctionArgExpr::Expr(value),
            ..
        } => (folded(&name), value),
        other => {
            return Err(refuse(format!(
                "{operator}: what comes after the two relations is named (option => value), \
                 which {other} is not"
            )));
        }
    };
    let text = value.to_string();
    let literal = context.sql_to_expr(value, &DFSchema::empty());
    let literal = match literal.map_err(Error::from).map(|expr| literal_of(&expr)) {
        Ok(Some(literal)) => literal,
        _ => {
            return Err(refuse(format!("{operator}: {name} must be a literal, not {text}")));
        }
    };
    let (r#type, text) = shown(&literal);
    Ok(RelOption { name, r#type, text })
}

fn literal_of(expr: &Expr) -> Option<ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value.clone()),
        Expr::Alias(alias) => literal_of(&alias.expr),
        Expr::Cast(cast) => literal_of(&cast.expr)?.cast_to(cast.field.data_type()).ok(),
        _ => None,
    }
}

fn shown(value: &ScalarValue) -> (i32, Option<String>) {
    use wb_param_type as P;
    let data_type = value.data_type();
    let kind = if data_type.is_string() {
        P::WB_P_TEXT as i32
    } else if data_type.is_integer() {
        P::WB_P_INT64 as i32
    } else if data_type.is_floating() {
        P::WB_P_FLOAT64 as i32
    } else if value.data_type() == arrow::datatypes::DataType::Boolean {
        P::WB_P_BOOL as i32
    } else {
        0
    };
    let text = (!value.is_null()).then(|| match value {
        ScalarValue::Utf8(Some(text))
        | ScalarValue::LargeUtf8(Some(text))
        | ScalarValue::Utf8View(Some(text)) => text.clone(),
        other => other.to_string(),
    });
    (kind, text)
}
