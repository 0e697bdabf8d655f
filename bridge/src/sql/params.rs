//! Parameters: `$name` becomes a typed literal in the AST, so that table functions, intervals
//! and LIMIT see literals, before anything is planned.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::parser::{CopyToSource, Statement};
use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Distinct, ExactNumberInfo, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, GroupByExpr, Ident, ObjectName, OrderByKind,
    PipeOperator, Query, Select, UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::edge::abi::{wb_param_type, wb_value};
use crate::edge::codes::{E_PARAM_TYPE, E_PARAM_UNKNOWN};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

/// A type and a value; None is a typed null.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Param {
    Int64(Option<i64>),
    Float64(Option<f64>),
    Text(Option<String>),
    Bool(Option<bool>),
    /// Days
    Date(Option<i32>),
    /// Microseconds, UTC
    Timestamp(Option<i64>),
}

/// Parameters by name, without the `$`.
pub(crate) type Params = HashMap<String, Param>;

/// Reads the caller's values.
///
/// # Safety
/// The texts in `values` must be valid.
pub(crate) unsafe fn params_of(values: &[wb_value]) -> Result<Params> {
    const INT64: i32 = wb_param_type::WB_P_INT64 as i32;
    const FLOAT64: i32 = wb_param_type::WB_P_FLOAT64 as i32;
    const TEXT: i32 = wb_param_type::WB_P_TEXT as i32;
    const BOOL: i32 = wb_param_type::WB_P_BOOL as i32;
    const DATE: i32 = wb_param_type::WB_P_DATE as i32;
    const TIMESTAMP: i32 = wb_param_type::WB_P_TIMESTAMP as i32;
    let mut params = Params::new();
    for value in values {
        // SAFETY: the caller's promise.
        let name = unsafe { value.name.to_str()? };
        let set = !value.is_null;
        let bad = |what: String| {
            Error::new(E_PARAM_TYPE, ORIGIN_BRIDGE, format!("parameter ${name}: {what}"))
        };
        let param = match value.r#type {
            INT64 => Param::Int64(set.then_some(value.i64)),
            FLOAT64 => Param::Float64(set.then_some(value.f64)),
            // SAFETY: the caller's promise; a null has no text to read.
            TEXT if set => Param::Text(Some(unsafe { value.text.to_str()? }.to_string())),
            TEXT => Param::Text(None),
            BOOL => Param::Bool(set.then_some(value.i64 != 0)),
            DATE if set => match i32::try_from(value.i64) {
                Ok(days) => Param::Date(Some(days)),
                Err(_) => return Err(bad(format!("day {} is out of range", value.i64))),
            },
            DATE => Param::Date(None),
            TIMESTAMP => Param::Timestamp(set.then_some(value.i64)),
            other => return Err(bad(format!("{other} is no type of a parameter"))),
        };
        if params.insert(name.to_string(), param).is_some() {
            return Err(bad("it is given twice".to_string()));
        }
    }
    Ok(params)
}

fn value(value: Value, span: Span) -> Expr {
    Expr::Value(ValueWithSpan { value, span })
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// `arrow_cast(expr, 'type')`: the only way to name every type of the engine in SQL.
fn arrow_cast(expr: Expr, arrow_type: &str, span: Span) -> Expr {
    let text = value(Value::SingleQuotedString(arrow_type.to_string()), span);
    let unnamed = |e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_span(span, "arrow_cast")]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: vec![unnamed(expr), unnamed(text)],
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// A number; negative ones are a minus sign and a number, as in SQL, which keeps the least
/// of all int64 in range.
fn number(text: &str, span: Span) -> Expr {
    match text.strip_prefix('-') {
        None => value(Value::Number(text.to_string(), false), span),
        Some(digits) => Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: Box::new(value(Value::Number(digits.to_string(), false), span)),
        },
    }
}

struct Replace<'a> {
    params: &'a Params,
    /// Whether one without a value stays as it is.
    keep: bool,
    /// Whether the session reads `1.5` as a decimal.
    decimals: bool,
}

impl Replace<'_> {
    fn literal(&self, param: &Param, span: Span) -> Expr {
        let null = || value(Value::Null, span);
        match param {
            Param::Int64(Some(n)) => number(&n.to_string(), span),
            Param::Int64(None) => cast(null(), DataType::BigInt(None)),
            // Debug always shows a dot or an exponent, and enough digits to come back exact.
            Param::Float64(Some(f)) if f.is_finite() && !self.decimals => {
                number(&format!("{f:?}"), span)
            }
            Param::Float64(Some(f)) => {
                let text = value(Value::SingleQuotedString(format!("{f:?}")), span);
                cast(text, DataType::Double(ExactNumberInfo::None))
            }
            Param::Float64(None) => cast(null(), DataType::Double(ExactNumberInfo::None)),
            Param::Text(Some(text)) => value(Value::SingleQuotedString(text.clone()), span),
            Param::Text(None) => arrow_cast(null(), "Utf8", span),
            Param::Bool(Some(b)) => value(Value::Boolean(*b), span),
            Param::Bool(None) => cast(null(), DataType::Boolean),
            Param::Date(Some(days)) => {
                let days = arrow_cast(number(&days.to_string(), span), "Int32", span);
                arrow_cast(days, "Date32", span)
            }
            Param::Date(None) => arrow_cast(null(), "Date32", span),
            Param::Timestamp(us) => {
                let us = us.map_or_else(null, |us| number(&us.to_string(), span));
                arrow_cast(us, "Timestamp(Microsecond, Some(\"UTC\"))", span)
            }
        }
    }

    fn find(&self, placeholder: &ValueWithSpan) -> std::result::Result<&Param, Box<Error>> {
        let text = match &placeholder.value {
            Value::Placeholder(text) => text.as_str(),
            _ => "",
        };
        let found = text.strip_prefix('$').and_then(|name| self.params.get(name));
        found.ok_or_else(|| {
            let message = if text.len() > 1 && text.starts_with('$') {
                format!("parameter {text} is used, but it has no declaration")
            } else {
                format!("{text}: parameters are written $name")
            };
            Box::new(at(Error::new(E_PARAM_UNKNOWN, ORIGIN_BRIDGE, message), placeholder.span))
        })
    }

    /// An integer where a bare number would mean the column of that ordinal.
    fn no_ordinal(&self, expr: &mut Expr) -> ControlFlow<Box<Error>> {
        if let Expr::Value(placeholder) = expr
            && let Value::Placeholder(_) = placeholder.value
        {
            let span = placeholder.span;
            match self.find(placeholder) {
                Ok(param @ Param::Int64(Some(_))) => {
                    *expr = cast(self.literal(param, span), DataType::BigInt(None));
                }
                Ok(_) => {}
                Err(_) if self.keep => {}
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }
}

fn at(mut error: Error, span: Span) -> Error {
    error.line = u32::try_from(span.start.line).unwrap_or(0);
    error.column = u32::try_from(span.start.column).unwrap_or(0);
    error
}

impl VisitorMut for Replace<'_> {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        if let Some(order_by) = &mut query.order_by
            && let OrderByKind::Expressions(exprs) = &mut order_by.kind
        {
            for order in exprs {
                self.no_ordinal(&mut order.expr)?;
            }
        }
        for operator in &mut query.pipe_operators {
            match operator {
                PipeOperator::OrderBy { exprs } => {
                    for order in exprs {
                        self.no_ordinal(&mut order.expr)?;
                    }
                }
                PipeOperator::Aggregate { group_by_expr, .. } => {
                    for group in group_by_expr {
                        self.no_ordinal(&mut group.expr.expr)?;
                    }
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        if let GroupByExpr::Expressions(exprs, _) = &mut select.group_by {
            for expr in exprs {
                self.no_ordinal(expr)?;
            }
        }
        if let Some(Distinct::On(exprs)) = &mut select.distinct {
            for expr in exprs {
                self.no_ordinal(expr)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::Value(placeholder) = expr
            && let Value::Placeholder(_) = placeholder.value
        {
            match self.find(placeholder) {
                Ok(param) => *expr = self.literal(param, placeholder.span),
                Err(_) if self.keep => {}
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }

    /// Those in expressions are gone by now.
    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<Self::Break> {
        if let Value::Placeholder(text) = &value.value
            && !self.keep
        {
            let message = format!("parameter {text} is where SQL has no expression");
            let error = Error::new(E_PARAM_TYPE, ORIGIN_BRIDGE, message);
            return ControlFlow::Break(Box::new(at(error, value.span)));
        }
        ControlFlow::Continue(())
    }
}

/// Replaces every parameter; one without a value is PARAM_UNKNOWN.
pub(crate) fn replace(statement: &mut Statement, params: &Params, decimals: bool) -> Result<()> {
    visit(statement, &mut Replace { params, keep: false, decimals })
}

/// Replaces those that have a value, and leaves the others.
pub(crate) fn replace_known(
    statement: &mut Statement,
    params: &Params,
    decimals: bool,
) -> Result<()> {
    visit(statement, &mut Replace { params, keep: true, decimals })
}

fn visit(statement: &mut Statement, replace: &mut Replace<'_>) -> Result<()> {
    let flow = match statement {
        Statement::Statement(statement) => statement.visit(replace),
        Statement::Explain(explain) => {
            return visit(&mut explain.statement, replace);
        }
        Statement::CopyTo(copy) => match &mut copy.source {
            CopyToSource::Query(query) => query.visit(replace),
            CopyToSource::Relation(_) => ControlFlow::Continue(()),
        },
        Statement::CreateExternalTable(_) | Statement::Reset(_) => ControlFlow::Continue(()),
    };
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}
