//! Arguments of table functions as they are written, for those who decide what the call means
//! before anything is planned.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, UnaryOperator, Value,
};
use serde_json::{Map, Value as Json};

use crate::sql::size::folded;

/// A kind and a text: int and text are literals, param is a parameter's name, name a dotted
/// identifier; other is anything else.
fn of(expr: &Expr) -> (&'static str, String) {
    match expr {
        Expr::Nested(inner) => of(inner),
        Expr::Identifier(ident) => ("name", folded(ident)),
        Expr::CompoundIdentifier(idents) => {
            ("name", idents.iter().map(folded).collect::<Vec<_>>().join("."))
        }
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match of(expr) {
            ("int", text) if !text.starts_with('-') => ("int", format!("-{text}")),
            _ => ("other", String::new()),
        },
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => {
                ("text", text.clone())
            }
            Value::DollarQuotedString(text) => ("text", text.value.clone()),
            Value::Number(text, _) if text.bytes().all(|b| b.is_ascii_digit()) => {
                ("int", text.clone())
            }
            Value::Placeholder(name) => {
                ("param", name.strip_prefix('$').unwrap_or(name).to_string())
            }
            Value::Null => ("null", String::new()),
            _ => ("other", String::new()),
        },
        _ => ("other", String::new()),
    }
}

/// The arguments as a JSON array of objects: kind, text, and name of named ones.
pub(crate) fn json(args: &[FunctionArg]) -> String {
    let items = args.iter().map(|arg| {
        let (name, value) = match arg {
            FunctionArg::Unnamed(value) => (None, value),
            FunctionArg::Named { name, arg, .. } => (Some(folded(name)), arg),
            FunctionArg::ExprNamed { name, arg, .. } => (Some(name.to_string()), arg),
        };
        let (kind, text) = match value {
            FunctionArgExpr::Expr(expr) => of(expr),
            _ => ("other", String::new()),
        };
        let mut item = Map::new();
        item.insert("kind".to_string(), Json::from(kind));
        item.insert("text".to_string(), Json::from(text));
        if let Some(name) = name {
            item.insert("name".to_string(), Json::from(name));
        }
        Json::from(item)
    });
    Json::from(items.collect::<Vec<_>>()).to_string()
}
