//! Canonical text of types and values: our own rendering, the same in every process and with
//! every version of the engine, so that it can go into digests.

use std::collections::HashMap;
use std::fmt::Write as _;

use arrow::array::{Array, AsArray, downcast_run_array, types::*};
use arrow::datatypes::{
    DataType, Field, Int16Type, Int32Type, Int64Type, IntervalUnit, TimeUnit, UnionMode,
};
use datafusion::scalar::ScalarValue;

use crate::edge::codes::E_ENGINE;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

/// Text in quotes; only the quote, the backslash and control characters are escaped.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
}

fn unit(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

/// Metadata as `key=value` lines in the order of the keys; empty if there is none.
pub(crate) fn metadata_text(metadata: &HashMap<String, String>) -> String {
    let mut pairs: Vec<_> = metadata.iter().collect();
    pairs.sort();
    let lines: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
    lines.join("\n")
}

fn field(field: &Field, named: bool, out: &mut String) {
    if named {
        quote(field.name(), out);
        out.push(':');
    }
    type_into(field.data_type(), out);
    if field.is_nullable() {
        out.push('?');
    }
    if !field.metadata().is_empty() {
        out.push_str(" meta ");
        quote(&metadata_text(field.metadata()), out);
    }
}

/// A type: `int64`, `timestamp(us,"UTC")`, `list<"item":utf8?>`; `?` marks nullable children.
pub(crate) fn type_text(data_type: &DataType) -> String {
    let mut out = String::new();
    type_into(data_type, &mut out);
    out
}

fn nested(name: &str, fields: &[&Field], tail: &str, out: &mut String) {
    out.push_str(name);
    out.push('<');
    for (i, child) in fields.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        field(child, true, out);
    }
    out.push_str(tail);
    out.push('>');
}

fn type_into(data_type: &DataType, out: &mut String) {
    let _ = match data_type {
        DataType::Null => write!(out, "null"),
        DataType::Boolean => write!(out, "bool"),
        DataType::Int8 => write!(out, "int8"),
        DataType::Int16 => write!(out, "int16"),
        DataType::Int32 => write!(out, "int32"),
        DataType::Int64 => write!(out, "int64"),
        DataType::UInt8 => write!(out, "uint8"),
        DataType::UInt16 => write!(out, "uint16"),
        DataType::UInt32 => write!(out, "uint32"),
        DataType::UInt64 => write!(out, "uint64"),
        DataType::Float16 => write!(out, "float16"),
        DataType::Float32 => write!(out, "float32"),
        DataType::Float64 => write!(out, "float64"),
        DataType::Timestamp(u, None) => write!(out, "timestamp({})", unit(*u)),
        DataType::Timestamp(u, Some(tz)) => {
            let _ = write!(out, "timestamp({},", unit(*u));
            quote(tz, out);
            write!(out, ")")
        }
        DataType::Date32 => write!(out, "date32"),
        DataType::Date64 => write!(out, "date64"),
        DataType::Time32(u) => write!(out, "time32({})", unit(*u)),
        DataType::Time64(u) => write!(out, "time64({})", unit(*u)),
        DataType::Duration(u) => write!(out, "duration({})", unit(*u)),
        DataType::Interval(IntervalUnit::YearMonth) => write!(out, "interval(ym)"),
        DataType::Interval(IntervalUnit::DayTime) => write!(out, "interval(dt)"),
        DataType::Interval(IntervalUnit::MonthDayNano) => write!(out, "interval(mdn)"),
        DataType::Binary => write!(out, "binary"),
        DataType::FixedSizeBinary(n) => write!(out, "fixed_binary({n})"),
        DataType::LargeBinary => write!(out, "large_binary"),
        DataType::BinaryView => write!(out, "binary_view"),
        DataType::Utf8 => write!(out, "utf8"),
        DataType::LargeUtf8 => write!(out, "large_utf8"),
        DataType::Utf8View => write!(out, "utf8_view"),
        DataType::Decimal32(p, s) => write!(out, "decimal32({p},{s})"),
        DataType::Decimal64(p, s) => write!(out, "decimal64({p},{s})"),
        DataType::Decimal128(p, s) => write!(out, "decimal128({p},{s})"),
        DataType::Decimal256(p, s) => write!(out, "decimal256({p},{s})"),
        DataType::List(f) => return nested("list", &[f], "", out),
        DataType::ListView(f) => return nested("list_view", &[f], "", out),
        DataType::LargeList(f) => return nested("large_list", &[f], "", out),
        DataType::LargeListView(f) => return nested("large_list_view", &[f], "", out),
        DataType::FixedSizeList(f, n) => {
            return nested("fixed_list", &[f], &format!(";{n}"), out);
        }
        DataType::Struct(fields) => {
            let fields: Vec<&Field> = fields.iter().map(AsRef::as_ref).collect();
            return nested("struct", &fields, "", out);
        }
        DataType::Map(f, sorted) => {
            let tail = if *sorted { ";sorted" } else { "" };
            return nested("map", &[f], tail, out);
        }
        DataType::Union(fields, mode) => {
            let mode = match mode {
                UnionMode::Sparse => "sparse",
                UnionMode::Dense => "dense",
            };
            let _ = write!(out, "union({mode})<");
            for (i, (id, child)) in fields.iter().enumerate() {
                let _ = write!(out, "{}{id}:", if i > 0 { "," } else { "" });
                field(child, true, out);
            }
            write!(out, ">")
        }
        DataType::Dictionary(key, value) => {
            out.push_str("dictionary<");
            type_into(key, out);
            out.push(',');
            type_into(value, out);
            write!(out, ">")
        }
        DataType::RunEndEncoded(ends, values) => {
            out.push_str("run_end_encoded<");
            field(ends, false, out);
            out.push(',');
            field(values, false, out);
            write!(out, ">")
        }
    };
}

/// A value with its type, exact: `int64:5`, `float64:3ff0000000000000`, `utf8:"a"`,
/// `binary:00ff`, `int64:null`.
pub(crate) fn literal_text(value: &ScalarValue) -> Result<String> {
    let array = value.to_array()?;
    let mut out = type_text(array.data_type());
    out.push(':');
    value_into(array.as_ref(), 0, &mut out)?;
    Ok(out)
}

macro_rules! primitive {
    ($array:expr, $row:expr, $out:expr, $type:ty) => {
        write!($out, "{}", $array.as_primitive::<$type>().value($row))
    };
}

fn list_into(items: &dyn Array, out: &mut String) -> Result<()> {
    out.push('[');
    for i in 0..items.len() {
        if i > 0 {
            out.push(',');
        }
        value_into(items, i, out)?;
    }
    out.push(']');
    Ok(())
}

/// The values of a union have no null flag of their own, and those of run-end-encoded arrays
/// and dictionaries have it in the values.
fn value_into(array: &dyn Array, row: usize, out: &mut String) -> Result<()> {
    if array.is_null(row) {
        out.push_str("null");
        return Ok(());
    }
    let _ = match array.data_type() {
        DataType::Null => write!(out, "null"),
        DataType::Boolean => write!(out, "{}", array.as_boolean().value(row)),
        DataType::Int8 => primitive!(array, row, out, Int8Type),
        DataType::Int16 => primitive!(array, row, out, Int16Type),
        DataType::Int32 => primitive!(array, row, out, Int32Type),
        DataType::Int64 => primitive!(array, row, out, Int64Type),
        DataType::UInt8 => primitive!(array, row, out, UInt8Type),
        DataType::UInt16 => primitive!(array, row, out, UInt16Type),
        DataType::UInt32 => primitive!(array, row, out, UInt32Type),
        DataType::UInt64 => primitive!(array, row, out, UInt64Type),
        DataType::Float16 => {
            let bits = array.as_primitive::<Float16Type>().value(row).to_bits();
            write!(out, "{bits:04x}")
        }
        DataType::Float32 => {
            let bits = array.as_primitive::<Float32Type>().value(row).to_bits();
            write!(out, "{bits:08x}")
        }
        DataType::Float64 => {
            let bits = array.as_primitive::<Float64Type>().value(row).to_bits();
            write!(out, "{bits:016x}")
        }
        DataType::Decimal32(..) => primitive!(array, row, out, Decimal32Type),
        DataType::Decimal64(..) => primitive!(array, row, out, Decimal64Type),
        DataType::Decimal128(..) => primitive!(array, row, out, Decimal128Type),
        DataType::Decimal256(..) => primitive!(array, row, out, Decimal256Type),
        DataType::Date32 => primitive!(array, row, out, Date32Type),
        DataType::Date64 => primitive!(array, row, out, Date64Type),
        DataType::Time32(TimeUnit::Second) => primitive!(array, row, out, Time32SecondType),
        DataType::Time32(_) => primitive!(array, row, out, Time32MillisecondType),
        DataType::Time64(TimeUnit::Microsecond) => {
            primitive!(array, row, out, Time64MicrosecondType)
        }
        DataType::Time64(_) => primitive!(array, row, out, Time64NanosecondType),
        DataType::Timestamp(TimeUnit::Second, _) => {
            primitive!(array, row, out, TimestampSecondType)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            primitive!(array, row, out, TimestampMillisecondType)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            primitive!(array, row, out, TimestampMicrosecondType)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            primitive!(array, row, out, TimestampNanosecondType)
        }
        DataType::Duration(TimeUnit::Second) => primitive!(array, row, out, DurationSecondType),
        DataType::Duration(TimeUnit::Millisecond) => {
            primitive!(array, row, out, DurationMillisecondType)
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            primitive!(array, row, out, DurationMicrosecondType)
        }
        DataType::Duration(TimeUnit::Nanosecond) => {
            primitive!(array, row, out, DurationNanosecondType)
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            primitive!(array, row, out, IntervalYearMonthType)
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let v = array.as_primitive::<IntervalDayTimeType>().value(row);
            write!(out, "{},{}", v.days, v.milliseconds)
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let v = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            write!(out, "{},{},{}", v.months, v.days, v.nanoseconds)
        }
        DataType::Utf8 => {
            quote(array.as_string::<i32>().value(row), out);
            Ok(())
        }
        DataType::LargeUtf8 => {
            quote(array.as_string::<i64>().value(row), out);
            Ok(())
        }
        DataType::Utf8View => {
            quote(array.as_string_view().value(row), out);
            Ok(())
        }
        DataType::Binary => {
            hex(array.as_binary::<i32>().value(row), out);
            Ok(())
        }
        DataType::LargeBinary => {
            hex(array.as_binary::<i64>().value(row), out);
            Ok(())
        }
        DataType::BinaryView => {
            hex(array.as_binary_view().value(row), out);
            Ok(())
        }
        DataType::FixedSizeBinary(_) => {
            hex(array.as_fixed_size_binary().value(row), out);
            Ok(())
        }
        DataType::List(_) => return list_into(&array.as_list::<i32>().value(row), out),
        DataType::LargeList(_) => return list_into(&array.as_list::<i64>().value(row), out),
        DataType::ListView(_) => return list_into(&array.as_list_view::<i32>().value(row), out),
        DataType::LargeListView(_) => {
            return list_into(&array.as_list_view::<i64>().value(row), out);
        }
        DataType::FixedSizeList(..) => {
            return list_into(&array.as_fixed_size_list().value(row), out);
        }
        DataType::Map(..) => return list_into(&array.as_map().value(row), out),
        DataType::Struct(_) => {
            out.push('{');
            for (i, column) in array.as_struct().columns().iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                value_into(column.as_ref(), row, out)?;
            }
            write!(out, "}}")
        }
        DataType::Union(..) => {
            let union = array.as_union();
            let _ = write!(out, "{}=", union.type_id(row));
            return value_into(&union.value(row), 0, out);
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let Some(key) = dictionary.normalized_keys().get(row).copied() else {
                return Err(Error::new(E_ENGINE, ORIGIN_BRIDGE, "a literal without a key"));
            };
            return value_into(dictionary.values().as_ref(), key, out);
        }
        DataType::RunEndEncoded(..) => {
            return downcast_run_array!(
                array => value_into(
                    array.values().as_ref(),
                    array.get_physical_index(row),
                    out
                ),
                other => {
                    let message = format!("a literal of type {other}");
                    Err(Error::new(E_ENGINE, ORIGIN_BRIDGE, message))
                }
            );
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_exact() {
        let text = |v: ScalarValue| literal_text(&v).unwrap();
        assert_eq!(text(ScalarValue::from(5i64)), "int64:5");
        assert_eq!(text(ScalarValue::from(1.0f64)), "float64:3ff0000000000000");
        assert_ne!(text(ScalarValue::from(0.0f64)), text(ScalarValue::from(-0.0f64)));
        assert_eq!(text(ScalarValue::from("a\"b")), "utf8:\"a\\\"b\"");
        assert_eq!(text(ScalarValue::Int64(None)), "int64:null");
        assert_eq!(text(ScalarValue::Null), "null:null");
        assert_eq!(text(ScalarValue::Binary(Some(vec![0, 255]))), "binary:00ff");
        assert_eq!(text(ScalarValue::Decimal128(Some(-15), 10, 2)), "decimal128(10,2):-15");
        let tz = ScalarValue::TimestampMicrosecond(Some(7), Some("UTC".into()));
        assert_eq!(text(tz), "timestamp(us,\"UTC\"):7");
        let list = ScalarValue::List(ScalarValue::new_list_nullable(
            &[ScalarValue::from(1i32), ScalarValue::Int32(None)],
            &DataType::Int32,
        ));
        assert_eq!(text(list), "list<\"item\":int32?>:[1,null]");
        let key = Box::new(DataType::Int32);
        let dictionary = ScalarValue::Dictionary(key, Box::new(ScalarValue::from("x")));
        assert_eq!(text(dictionary), "dictionary<int32,utf8>:\"x\"");
    }

    #[test]
    fn type_texts_tell_apart() {
        let of = |nullable| {
            let field = Field::new("a", DataType::Int8, nullable);
            type_text(&DataType::Struct(vec![field].into()))
        };
        assert_eq!(of(true), "struct<\"a\":int8?>");
        assert_eq!(of(false), "struct<\"a\":int8>");
    }
}
