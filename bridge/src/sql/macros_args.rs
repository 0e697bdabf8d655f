//! Arguments of macros as values of the types that their parameters have.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, UnaryOperator, Value, ValueWithSpan,
};
use datafusion::sql::sqlparser::tokenizer::Span;

pub(crate) fn cast(expr: Expr, data_type: &DataType) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type: data_type.clone(),
        array: false,
        format: None,
    }
}

/// The argument as a value of the declared type. A literal of that kind stays one: some
/// functions take nothing else.
pub(crate) fn as_type(value: &Expr, data_type: &DataType) -> Expr {
    let mut plain = value;
    while let Expr::Nested(inner) = plain {
        plain = inner;
    }
    match literal(plain, data_type) {
        Some(literal) => literal,
        None => cast(plain.clone(), data_type),
    }
}

fn literal(value: &Expr, data_type: &DataType) -> Option<Expr> {
    match value {
        Expr::Value(v) => match (&v.value, data_type) {
            (
                Value::SingleQuotedString(_) | Value::DollarQuotedString(_),
                DataType::Text | DataType::Varchar(None) | DataType::String(None),
            )
            | (Value::Boolean(_), DataType::Boolean | DataType::Bool) => Some(value.clone()),
            (Value::Number(text, _), _) => number(text, data_type, v.span),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(ValueWithSpan { value: Value::Number(text, _), span }) => {
                let expr = Box::new(number(text, data_type, *span)?);
                let minus = Expr::UnaryOp { op: UnaryOperator::Minus, expr };
                Some(Expr::Nested(Box::new(minus)))
            }
            _ => None,
        },
        _ => None,
    }
}

fn number(text: &str, data_type: &DataType, span: Span) -> Option<Expr> {
    let integer = text.parse::<i64>().ok();
    let text = match data_type {
        DataType::TinyInt(None) => integer.filter(|n| *n <= 0x7f).map(|_| text.to_string()),
        DataType::SmallInt(None) => integer.filter(|n| *n <= 0x7fff).map(|_| text.to_string()),
        DataType::Int(None) | DataType::Integer(None) => {
            integer.filter(|n| *n <= 0x7fff_ffff).map(|_| text.to_string())
        }
        DataType::BigInt(None) => integer.map(|_| text.to_string()),
        // A whole number has to look like a float to be one.
        DataType::Double(_) | DataType::DoublePrecision | DataType::Float8 => match integer {
            Some(_) => Some(format!("{text}.0")),
            None => Some(text.to_string()),
        },
        _ => None,
    }?;
    let value = Value::Number(text, false);
    Some(Expr::Value(ValueWithSpan { value, span }))
}
