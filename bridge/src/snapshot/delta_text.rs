//! Values as Delta writes them in partition values.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime};

use crate::edge::codes::{E_OUTPUT_TYPE, E_VALUE_RANGE};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

const EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(1970, 1, 1) {
    Some(epoch) => epoch,
    None => NaiveDate::MIN,
};

/// A date of the calendar that all readers agree on: years 1 to 9999.
pub fn date(days: i32) -> Option<NaiveDate> {
    let distance = Days::new(u64::from(days.unsigned_abs()));
    let date = match days < 0 {
        true => EPOCH.checked_sub_days(distance)?,
        false => EPOCH.checked_add_days(distance)?,
    };
    (1..=9999).contains(&date.year()).then_some(date)
}

/// The same for an instant.
pub fn instant(micros: i64) -> Option<NaiveDateTime> {
    let time = DateTime::from_timestamp_micros(micros)?.naive_utc();
    (1..=9999).contains(&time.year()).then_some(time)
}

/// A decimal without exponent.
pub fn decimal(value: i128, scale: i8) -> String {
    let digits = value.unsigned_abs().to_string();
    let sign = if value < 0 { "-" } else { "" };
    match usize::try_from(scale) {
        Ok(0) => format!("{sign}{digits}"),
        Ok(scale) => {
            let padded = format!("{digits:0>width$}", width = scale + 1);
            let (whole, part) = padded.split_at(padded.len() - scale);
            format!("{sign}{whole}.{part}")
        }
        // A negative scale: zeroes at the end.
        Err(_) if value == 0 => "0".to_string(),
        Err(_) => {
            let zeroes = "0".repeat(usize::from(scale.unsigned_abs()));
            format!("{sign}{digits}{zeroes}")
        }
    }
}

/// The shortest text that gives the same float.
pub fn float(value: f64, shortest: String) -> String {
    if value.is_nan() {
        "NaN".to_string()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_string()
    } else {
        shortest
    }
}

fn range(name: &str, t: &DataType) -> Error {
    let message = format!("partition column {name}: a value of type {t} has no text form in Delta");
    Error::new(E_VALUE_RANGE, ORIGIN_BRIDGE, message)
}

/// Row by row; null and empty text are None, because Delta knows no empty text here.
pub fn format(name: &str, array: &dyn Array) -> Result<Vec<Option<String>>> {
    let t = array.data_type().clone();
    let values: Vec<Option<String>> = match &t {
        DataType::Dictionary(_, value) => return format(name, cast(array, value)?.as_ref()),
        DataType::Null => vec![None; array.len()],
        DataType::Boolean => array.as_boolean().iter().map(|v| v.map(|v| v.to_string())).collect(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            let wide = cast(array, &DataType::Int64)?;
            wide.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| v.to_string())).collect()
        }
        DataType::Float32 => array
            .as_primitive::<Float32Type>()
            .iter()
            .map(|v| v.map(|v| float(f64::from(v), v.to_string())))
            .collect(),
        DataType::Float64 => array
            .as_primitive::<Float64Type>()
            .iter()
            .map(|v| v.map(|v| float(v, v.to_string())))
            .collect(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let text = cast(array, &DataType::LargeUtf8)?;
            text.as_string::<i64>().iter().map(|v| v.map(str::to_string)).collect()
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let bytes = cast(array, &DataType::LargeBinary)?;
            let bytes = bytes.as_binary::<i64>();
            let mut out = Vec::with_capacity(bytes.len());
            for value in bytes {
                out.push(match value {
                    None => None,
                    Some(b) => {
                        let text = std::str::from_utf8(b).map_err(|_| range(name, &t))?;
                        Some(text.to_string())
                    }
                });
            }
            out
        }
        DataType::Date32 => {
            let mut out = Vec::with_capacity(array.len());
            for value in array.as_primitive::<Date32Type>() {
                out.push(match value {
                    None => None,
                    Some(v) => Some(date(v).ok_or_else(|| range(name, &t))?.to_string()),
                });
            }
            out
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let mut out = Vec::with_capacity(array.len());
            for value in array.as_primitive::<TimestampMicrosecondType>() {
                out.push(match value {
                    None => None,
                    Some(v) => {
                        let time = instant(v).ok_or_else(|| range(name, &t))?;
                        Some(time.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
                    }
                });
            }
            out
        }
        DataType::Decimal128(_, scale) => array
            .as_primitive::<Decimal128Type>()
            .iter()
            .map(|v| v.map(|v| decimal(v, *scale)))
            .collect(),
        _ => {
            let message = format!("partition column {name}: a table cannot be partitioned by {t}");
            return Err(Error::new(E_OUTPUT_TYPE, ORIGIN_BRIDGE, message));
        }
    };
    Ok(values.into_iter().map(|v| v.filter(|v| !v.is_empty())).collect())
}

/// A decimal of any number of digits behind the point that the scale has room for.
pub fn parse_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = usize::try_from(scale).ok()?;
    let kept = part.trim_end_matches('0');
    if kept.len() > scale || !whole.bytes().chain(kept.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: i128 = format!("{whole}{kept:0<scale$}").parse().ok()?;
    if value.to_string().len() > usize::from(precision) {
        return None;
    }
    Some(if negative { -value } else { value })
}
