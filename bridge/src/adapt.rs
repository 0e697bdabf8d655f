//! From the columns that an input has to those that were declared: by name, and only where no
//! value can change.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, GenericListArray, MapArray, OffsetSizeTrait, RecordBatch,
    RecordBatchOptions, StructArray, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use arrow::util::display::FormatOptions;

use crate::codes::{E_SCHEMA_CHANGED, E_VALUE_RANGE};
use crate::error::{Error, ORIGIN_BRIDGE, Result};

fn is_text(t: &DataType) -> bool {
    matches!(t, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_bytes(t: &DataType) -> bool {
    matches!(
        t,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

/// (signed, bits)
fn integer(t: &DataType) -> Option<(bool, u32)> {
    Some(match t {
        DataType::Int8 => (true, 8),
        DataType::Int16 => (true, 16),
        DataType::Int32 => (true, 32),
        DataType::Int64 => (true, 64),
        DataType::UInt8 => (false, 8),
        DataType::UInt16 => (false, 16),
        DataType::UInt32 => (false, 32),
        DataType::UInt64 => (false, 64),
        _ => return None,
    })
}

fn decimal(t: &DataType) -> Option<(i32, i32)> {
    match t {
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => Some((i32::from(*p), i32::from(*s))),
        _ => None,
    }
}

fn fineness(unit: &TimeUnit) -> u32 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    }
}

/// How a column gets to its declared type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Same type.
    Same,
    /// No value of the type can be lost.
    Cast,
    /// Some values may not fit: looked at one by one.
    Checked,
    /// Part by part.
    Nested,
    /// Not at all.
    Never,
}

fn flat_how(from: &DataType, to: &DataType) -> How {
    if from == to {
        return How::Same;
    }
    match (from, to) {
        (DataType::Null, _) => How::Cast,
        (DataType::Dictionary(_, value), _) if !matches!(to, DataType::Dictionary(..)) => {
            match flat_how(value, to) {
                How::Same | How::Cast => How::Cast,
                other => other,
            }
        }
        (DataType::Timestamp(a, zone_a), DataType::Timestamp(b, zone_b)) => {
            if zone_a.is_some() != zone_b.is_some() {
                How::Never
            } else if fineness(a) == fineness(b) {
                How::Cast
            } else {
                // Coarser loses digits, finer can overflow.
                How::Checked
            }
        }
        (DataType::Date32, DataType::Date64) | (DataType::Float32, DataType::Float64) => How::Cast,
        _ if is_text(from) && is_text(to) => How::Cast,
        _ if is_bytes(from) && is_bytes(to) && !matches!(to, DataType::FixedSizeBinary(_)) => {
            How::Cast
        }
        _ => {
            if let (Some((signed_a, a)), Some((signed_b, b))) = (integer(from), integer(to)) {
                let wider = a < b && (signed_b || !signed_a);
                return if wider { How::Cast } else { How::Never };
            }
            if let (Some((pa, sa)), Some((pb, sb))) = (decimal(from), decimal(to)) {
                return if sb >= sa && pb - sb >= pa - sa { How::Cast } else { How::Never };
            }
            How::Never
        }
    }
}

fn cast_options() -> CastOptions<'static> {
    CastOptions { safe: false, format_options: FormatOptions::default() }
}

fn out_of_range(name: &str, to: &DataType) -> Error {
    let message = format!("column {name}: a value does not fit {to} without loss");
    Error::new(E_VALUE_RANGE, ORIGIN_BRIDGE, message)
}

fn checked(name: &str, array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let options = cast_options();
    let flat = match array.data_type() {
        DataType::Dictionary(_, value) => cast_with_options(array, value, &options)?,
        _ => Arc::clone(array),
    };
    let out = cast_with_options(&flat, to, &options).map_err(|_| out_of_range(name, to))?;
    let back =
        cast_with_options(&out, flat.data_type(), &options).map_err(|_| out_of_range(name, to))?;
    if back.to_data() == flat.to_data() { Ok(out) } else { Err(out_of_range(name, to)) }
}

fn adapt_struct(name: &str, array: &StructArray, to: &Fields) -> Result<StructArray> {
    let mut columns = Vec::with_capacity(to.len());
    for field in to {
        let column = match array.column_by_name(field.name()) {
            Some(column) => {
                adapt_array(&format!("{name}.{}", field.name()), column, field.data_type())?
            }
            None => new_null_array(field.data_type(), array.len()),
        };
        columns.push(column);
    }
    let nulls = array.nulls().cloned();
    Ok(StructArray::try_new_with_length(to.clone(), columns, nulls, array.len())?)
}

fn adapt_list<O: OffsetSizeTrait>(
    name: &str,
    array: &GenericListArray<O>,
    to: &FieldRef,
) -> Result<ArrayRef> {
    let values = adapt_array(&format!("{name}.element"), array.values(), to.data_type())?;
    Ok(Arc::new(GenericListArray::<O>::try_new(
        Arc::clone(to),
        array.offsets().clone(),
        values,
        array.nulls().cloned(),
    )?))
}

fn adapt_map(name: &str, array: &MapArray, to: &FieldRef, ordered: bool) -> Result<ArrayRef> {
    let DataType::Struct(fields) = to.data_type() else {
        return Err(mismatch(name, array.data_type(), to.data_type()));
    };
    let (Some(key), Some(value)) = (fields.first(), fields.get(1)) else {
        return Err(mismatch(name, array.data_type(), to.data_type()));
    };
    // Keys and values go by place: their names differ from writer to writer.
    let keys = adapt_array(&format!("{name}.key"), array.keys(), key.data_type())?;
    let values = adapt_array(&format!("{name}.value"), array.values(), value.data_type())?;
    let entries =
        StructArray::try_new(fields.clone(), vec![keys, values], array.entries().nulls().cloned())?;
    Ok(Arc::new(MapArray::try_new(
        Arc::clone(to),
        array.offsets().clone(),
        entries,
        array.nulls().cloned(),
        ordered,
    )?))
}

fn map_how(a: &FieldRef, b: &FieldRef) -> How {
    let (DataType::Struct(a), DataType::Struct(b)) = (a.data_type(), b.data_type()) else {
        return How::Never;
    };
    let same = a.len() == 2
        && b.len() == 2
        && a.iter().zip(b.iter()).all(|(a, b)| how(a.data_type(), b.data_type()) != How::Never);
    if same { How::Nested } else { How::Never }
}

fn how(from: &DataType, to: &DataType) -> How {
    match (from, to) {
        _ if from == to => How::Same,
        (DataType::Map(a, _), DataType::Map(b, _)) => map_how(a, b),
        (DataType::List(a), DataType::List(b))
        | (DataType::LargeList(a), DataType::LargeList(b)) => {
            match how(a.data_type(), b.data_type()) {
                How::Never => How::Never,
                _ => How::Nested,
            }
        }
        (DataType::Struct(a), DataType::Struct(b)) => {
            let fits =
                b.iter().all(|wanted| match a.iter().find(|field| field.name() == wanted.name()) {
                    Some(field) => how(field.data_type(), wanted.data_type()) != How::Never,
                    None => wanted.is_nullable(),
                });
            if fits { How::Nested } else { How::Never }
        }
        _ => flat_how(from, to),
    }
}

fn mismatch(name: &str, from: &DataType, to: &DataType) -> Error {
    let message = format!(
        "column {name} is {from}, which is not {to} and does not turn into it without loss"
    );
    Error::new(E_SCHEMA_CHANGED, ORIGIN_BRIDGE, message)
}

/// A column as the wanted type.
pub fn adapt_array(name: &str, array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match how(array.data_type(), to) {
        How::Same => Ok(Arc::clone(array)),
        How::Cast => Ok(cast_with_options(array, to, &cast_options())?),
        How::Checked => checked(name, array, to),
        How::Never => Err(mismatch(name, array.data_type(), to)),
        How::Nested => match (array.data_type(), to) {
            (DataType::Struct(_), DataType::Struct(fields)) => {
                Ok(Arc::new(adapt_struct(name, array.as_struct(), fields)?))
            }
            (DataType::List(_), DataType::List(field)) => {
                adapt_list(name, array.as_list::<i32>(), field)
            }
            (DataType::LargeList(_), DataType::LargeList(field)) => {
                adapt_list(name, array.as_list::<i64>(), field)
            }
            (DataType::Map(..), DataType::Map(field, ordered)) => {
                adapt_map(name, array.as_map(), field, *ordered)
            }
            (from, to) => Err(mismatch(name, from, to)),
        },
    }
}

/// The same columns under another schema, which differs in metadata only.
pub fn relabel(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let (_, columns, _) = batch.into_parts();
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// Where each wanted column comes from.
#[derive(Clone, Debug)]
pub struct Adapter {
    schema: SchemaRef,
    /// Index in the input; None: there is none, all nulls.
    sources: Vec<Option<usize>>,
    identity: bool,
}

impl Adapter {
    /// `what` names the input in messages.
    pub fn new(what: &str, from: &Schema, to: SchemaRef) -> Result<Self> {
        let mut sources = Vec::with_capacity(to.fields().len());
        for field in to.fields() {
            sources.push(Self::source(what, from, field)?);
        }
        let in_place = sources.iter().enumerate().all(|(i, source)| *source == Some(i));
        let identity = in_place && from.fields() == to.fields();
        Ok(Self { schema: to, sources, identity })
    }

    fn source(what: &str, from: &Schema, field: &Field) -> Result<Option<usize>> {
        let changed = |text: String| Error::new(E_SCHEMA_CHANGED, ORIGIN_BRIDGE, text);
        let name = field.name();
        match from.index_of(name) {
            Ok(index) => {
                let found = from.field(index).data_type();
                if how(found, field.data_type()) == How::Never {
                    return Err(mismatch(&format!("{what}.{name}"), found, field.data_type()));
                }
                Ok(Some(index))
            }
            Err(_) if field.is_nullable() => Ok(None),
            Err(_) => Err(changed(format!(
                "{what} was declared with the column {name}, which its input does not have"
            ))),
        }
    }

    /// What comes out.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// One batch.
    pub fn adapt(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.identity {
            return relabel(batch, &self.schema);
        }
        let rows = batch.num_rows();
        let mut columns = Vec::with_capacity(self.sources.len());
        for (field, source) in self.schema.fields().iter().zip(&self.sources) {
            let column = match source {
                Some(index) => adapt_array(field.name(), batch.column(*index), field.data_type())?,
                None => new_null_array(field.data_type(), rows),
            };
            columns.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}
