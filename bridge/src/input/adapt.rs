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
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::edge::codes::{E_SCHEMA_CHANGED, E_VALUE_RANGE};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

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

/// In the metadata of a column, or of a field in it: what files call it. The id is compared with
/// the one that Parquet keeps.
const STORED_NAME: &str = "weir.stored_name";
const STORED_ID: &str = "weir.stored_id";

/// What a column is to become.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    to: &'a DataType,
    /// The same type with what files call its fields in their metadata.
    names: &'a DataType,
    /// Of a table's file, whose types may be older than the table's, and narrower or wider.
    stored: bool,
}

impl<'a> Shape<'a> {
    /// A declared type.
    pub fn declared(to: &'a DataType) -> Self {
        Self { to, names: to, stored: false }
    }

    /// A table's type for what is in one of its files.
    pub fn stored(to: &'a DataType, names: &'a DataType) -> Self {
        Self { to, names, stored: true }
    }

    fn of(self, to: &'a Field, names: &'a Field) -> Self {
        Self { to: to.data_type(), names: names.data_type(), ..self }
    }

    /// Where the field of this name is among those that are there.
    fn place(self, fields: &Fields, names: &Field) -> Option<usize> {
        match self.stored {
            true => stored_place(fields, names),
            false => fields.iter().position(|field| field.name() == names.name()),
        }
    }
}

/// Where a file has the field, among the fields there.
pub fn stored_place(fields: &Fields, names: &Field) -> Option<usize> {
    if let Some(id) = names.metadata().get(STORED_ID) {
        return fields.iter().position(|f| f.metadata().get(PARQUET_FIELD_ID_META_KEY) == Some(id));
    }
    let name = names.metadata().get(STORED_NAME).unwrap_or(names.name());
    fields.iter().position(|field| field.name() == name)
}

/// How a column gets to its declared type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
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

/// The same for a column of a file: a table's columns grow wider, and writers of other kinds store
/// what they have. What does not always fit is looked at value by value.
fn stored_how(from: &DataType, to: &DataType) -> How {
    use DataType::{Date32, Float32, Float64, Timestamp};
    match (from, to) {
        (Timestamp(a, _), Timestamp(b, _)) if a == b && from != to => How::Cast,
        (Timestamp(..), Timestamp(..)) if from != to => How::Checked,
        (Date32, Timestamp(_, None)) => How::Checked,
        (Float64, Float32) => How::Checked,
        _ => match flat_how(from, to) {
            How::Never => {
                let whole = integer(from);
                let number = matches!(to, Float64) || decimal(to).is_some() || integer(to).is_some();
                let wider = whole.is_some() && number;
                let rescaled = decimal(from).is_some() && decimal(to).is_some();
                let bytes = is_bytes(from) && is_text(to) || is_text(from) && is_bytes(to);
                if wider || rescaled || bytes { How::Checked } else { How::Never }
            }
            how => how,
        },
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

fn adapt_struct(
    name: &str,
    array: &StructArray,
    shape: Shape<'_>,
    (to, names): (&Fields, &Fields),
) -> Result<StructArray> {
    let mut columns = Vec::with_capacity(to.len());
    for (field, called) in to.iter().zip(names) {
        let column = match shape.place(array.fields(), called) {
            Some(index) => {
                let part = format!("{name}.{}", field.name());
                adapt_array(&part, array.column(index), shape.of(field, called))?
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
    shape: Shape<'_>,
    (to, names): (&FieldRef, &FieldRef),
) -> Result<ArrayRef> {
    let values = adapt_array(&format!("{name}.element"), array.values(), shape.of(to, names))?;
    Ok(Arc::new(GenericListArray::<O>::try_new(
        Arc::clone(to),
        array.offsets().clone(),
        values,
        array.nulls().cloned(),
    )?))
}

/// The two fields of a map's entries.
fn entries(map: &FieldRef) -> Option<(&FieldRef, &FieldRef)> {
    match map.data_type() {
        DataType::Struct(fields) => match fields.as_ref() {
            [key, value] => Some((key, value)),
            _ => None,
        },
        _ => None,
    }
}

fn adapt_map(
    name: &str,
    array: &MapArray,
    shape: Shape<'_>,
    (to, names, ordered): (&FieldRef, &FieldRef, bool),
) -> Result<ArrayRef> {
    let (Some((key, value)), Some((key_names, value_names))) = (entries(to), entries(names)) else {
        return Err(mismatch(name, array.data_type(), shape.to));
    };
    // Keys and values go by place: their names differ from writer to writer.
    let keys = adapt_array(&format!("{name}.key"), array.keys(), shape.of(key, key_names))?;
    let values =
        adapt_array(&format!("{name}.value"), array.values(), shape.of(value, value_names))?;
    let fields = Fields::from(vec![Arc::clone(key), Arc::clone(value)]);
    let nulls = array.entries().nulls().cloned();
    let entries = StructArray::try_new(fields, vec![keys, values], nulls)?;
    Ok(Arc::new(MapArray::try_new(
        Arc::clone(to),
        array.offsets().clone(),
        entries,
        array.nulls().cloned(),
        ordered,
    )?))
}

fn map_how(from: &FieldRef, shape: Shape<'_>, to: &FieldRef, names: &FieldRef) -> How {
    let (Some(from), Some(to), Some(names)) = (entries(from), entries(to), entries(names)) else {
        return How::Never;
    };
    let fits = |from: &Field, to: &Field, names: &Field| {
        how(from.data_type(), shape.of(to, names)) != How::Never
    };
    let same = fits(from.0, to.0, names.0) && fits(from.1, to.1, names.1);
    if same { How::Nested } else { How::Never }
}

fn struct_how(from: &Fields, shape: Shape<'_>, to: &Fields, names: &Fields) -> How {
    let fits = to.iter().zip(names).all(|(wanted, called)| match shape.place(from, called) {
        Some(index) => from.get(index).is_some_and(|field| {
            how(field.data_type(), shape.of(wanted, called)) != How::Never
        }),
        None => wanted.is_nullable(),
    });
    if fits { How::Nested } else { How::Never }
}

/// Whether any field in it is called otherwise by files.
fn renamed(names: &DataType) -> bool {
    let called = |field: &FieldRef| !field.metadata().is_empty() || renamed(field.data_type());
    match names {
        DataType::Struct(fields) => fields.iter().any(called),
        DataType::List(field) | DataType::LargeList(field) | DataType::Map(field, _) => called(field),
        _ => false,
    }
}

/// How a type gets to the other.
pub fn how(from: &DataType, shape: Shape<'_>) -> How {
    match (from, shape.to, shape.names) {
        _ if from == shape.to && !(shape.stored && renamed(shape.names)) => How::Same,
        (DataType::Map(a, _), DataType::Map(b, _), DataType::Map(names, _)) => {
            map_how(a, shape, b, names)
        }
        (DataType::List(a), DataType::List(b), DataType::List(names))
        | (DataType::LargeList(a), DataType::LargeList(b), DataType::LargeList(names)) => {
            match how(a.data_type(), shape.of(b, names)) {
                How::Never => How::Never,
                _ => How::Nested,
            }
        }
        (
            DataType::LargeList(a) | DataType::FixedSizeList(a, _),
            DataType::List(b),
            DataType::List(names),
        ) if shape.stored => match how(a.data_type(), shape.of(b, names)) {
            How::Never => How::Never,
            _ => How::Nested,
        },
        (DataType::Struct(a), DataType::Struct(b), DataType::Struct(names)) => {
            struct_how(a, shape, b, names)
        }
        _ if shape.stored => stored_how(from, shape.to),
        _ => flat_how(from, shape.to),
    }
}

/// The error of a column that is not what it should be.
pub fn mismatch(name: &str, from: &DataType, to: &DataType) -> Error {
    let message = format!(
        "column {name} is {from}, which is not {to} and does not turn into it without loss"
    );
    Error::new(E_SCHEMA_CHANGED, ORIGIN_BRIDGE, message)
}

fn adapt_nested(name: &str, array: &ArrayRef, shape: Shape<'_>) -> Result<ArrayRef> {
    match (array.data_type(), shape.to, shape.names) {
        (DataType::Struct(_), DataType::Struct(to), DataType::Struct(names)) => {
            Ok(Arc::new(adapt_struct(name, array.as_struct(), shape, (to, names))?))
        }
        (DataType::List(_), DataType::List(to), DataType::List(names)) => {
            adapt_list(name, array.as_list::<i32>(), shape, (to, names))
        }
        (DataType::LargeList(_), DataType::LargeList(to), DataType::LargeList(names)) => {
            adapt_list(name, array.as_list::<i64>(), shape, (to, names))
        }
        (DataType::LargeList(of) | DataType::FixedSizeList(of, _), DataType::List(..), _) => {
            let plain = DataType::List(Arc::clone(of));
            adapt_nested(name, &cast_with_options(array, &plain, &cast_options())?, shape)
        }
        (DataType::Map(..), DataType::Map(to, ordered), DataType::Map(names, _)) => {
            adapt_map(name, array.as_map(), shape, (to, names, *ordered))
        }
        (from, to, _) => Err(mismatch(name, from, to)),
    }
}

/// A column as the wanted type.
pub fn adapt_array(name: &str, array: &ArrayRef, shape: Shape<'_>) -> Result<ArrayRef> {
    match how(array.data_type(), shape) {
        How::Same => Ok(Arc::clone(array)),
        How::Cast => Ok(cast_with_options(array, shape.to, &cast_options())?),
        How::Checked => checked(name, array, shape.to),
        How::Never => Err(mismatch(name, array.data_type(), shape.to)),
        How::Nested => adapt_nested(name, array, shape),
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
                if how(found, Shape::declared(field.data_type())) == How::Never {
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
                Some(index) => {
                    let shape = Shape::declared(field.data_type());
                    adapt_array(field.name(), batch.column(*index), shape)?
                }
                None => new_null_array(field.data_type(), rows),
            };
            columns.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}
