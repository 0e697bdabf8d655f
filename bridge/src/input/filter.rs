//! Which filters may be given to an input so that it skips files: comparisons of a column with
//! a value, and what is made of them. Anything else stays above only, because the readers
//! below differ from the engine in rare cases (floats that are no numbers, casts, time zones).

use arrow::datatypes::{DataType, Schema, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Like, Operator};

/// Types whose order is the same everywhere.
fn is_plain(t: &DataType) -> bool {
    matches!(
        t,
        DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date32
            | DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Decimal128(..)
            | DataType::Timestamp(TimeUnit::Microsecond, _)
    )
}

/// One type for those of the same values: text as Utf8, zones as UTC.
fn same_values(t: &DataType) -> DataType {
    match t {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("UTC".into())),
        other => other.clone(),
    }
}

fn column<'a>(expr: &'a Expr, schema: &'a Schema) -> Option<(&'a Column, &'a DataType)> {
    let Expr::Column(column) = expr else { return None };
    let field = schema.field_with_name(&column.name).ok()?;
    is_plain(field.data_type()).then_some((column, field.data_type()))
}

/// A value as the column's type, if that is the value's own type, but for its representation.
fn literal(expr: &Expr, to: &DataType) -> Option<Expr> {
    let Expr::Literal(value, _) = expr else { return None };
    if value.is_null() {
        return None;
    }
    if same_values(&value.data_type()) != same_values(to) {
        return None;
    }
    let value: ScalarValue = match value.data_type() == *to {
        true => value.clone(),
        false => value.cast_to(to).ok()?,
    };
    Some(Expr::Literal(value, None))
}

/// Without the qualifier: the reader has one table.
fn bare(column: &Column) -> Expr {
    Expr::Column(Column::new_unqualified(column.name.clone()))
}

fn comparison(
    left: &Expr,
    op: Operator,
    right: &Expr,
    schema: &Schema,
) -> Option<Expr> {
    use Operator::{Eq, Gt, GtEq, Lt, LtEq};
    if !matches!(op, Eq | Lt | LtEq | Gt | GtEq) {
        return None;
    }
    if let Some((name, t)) = column(left, schema) {
        return Some(binary(bare(name), op, literal(right, t)?));
    }
    let (name, t) = column(right, schema)?;
    Some(binary(bare(name), op.swap()?, literal(left, t)?))
}

fn binary(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))
}

fn one(expr: &Expr, schema: &Schema) -> Option<Expr> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            match (one(left, schema), one(right, schema)) {
                (Some(a), Some(b)) => Some(binary(a, Operator::And, b)),
                // Half of a conjunction still keeps every row that matches the whole.
                (a, b) => a.or(b),
            }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            Some(binary(one(left, schema)?, Operator::Or, one(right, schema)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => comparison(left, *op, right, schema),
        Expr::Between(between) if !between.negated => {
            let (name, t) = column(&between.expr, schema)?;
            let low = binary(bare(name), Operator::GtEq, literal(&between.low, t)?);
            let high = binary(bare(name), Operator::LtEq, literal(&between.high, t)?);
            Some(binary(low, Operator::And, high))
        }
        Expr::InList(InList { expr, list, negated: false }) if !list.is_empty() => {
            let (name, t) = column(expr, schema)?;
            let values: Option<Vec<Expr>> = list.iter().map(|e| literal(e, t)).collect();
            Some(Expr::InList(InList { expr: Box::new(bare(name)), list: values?, negated: false }))
        }
        Expr::Like(Like { expr, pattern, negated: false, escape_char: None, case_insensitive: false })
            =>
        {
            let (name, t) = column(expr, schema)?;
            let pattern = Box::new(literal(pattern, t)?);
            Some(Expr::Like(Like::new(false, Box::new(bare(name)), pattern, None, false)))
        }
        Expr::IsNull(inner) => {
            let (name, _) = column(inner, schema)?;
            Some(Expr::IsNull(Box::new(bare(name))))
        }
        Expr::IsNotNull(inner) => {
            let (name, _) = column(inner, schema)?;
            Some(Expr::IsNotNull(Box::new(bare(name))))
        }
        _ => None,
    }
}

/// Filters that keep at least the rows that the given ones keep, on columns that the schema has.
pub fn usable(filters: &[Expr], schema: &Schema) -> Vec<Expr> {
    filters.iter().filter_map(|filter| one(filter, schema)).collect()
}
