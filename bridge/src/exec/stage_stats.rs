//! What the log needs to know about a staged file: statistics of its leaf columns, out of the
//! file's own footer: exact or none, but for long texts, whose bounds are cut so that they hold
//! all values.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Builder, RecordBatch, StringBuilder, UInt32Builder,
    UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema, SchemaRef, TimeUnit};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;
use serde_json::{Map, Value};

use crate::snapshot::delta_text;
use crate::edge::codes::E_BUG;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

/// A leaf column of the files.
#[derive(Debug)]
struct Leaf {
    /// Dotted.
    name: String,
    /// Indexes of fields from the top.
    at: Vec<usize>,
    data_type: DataType,
    /// Place among the leaves of the file.
    ordinal: usize,
    /// None of this leaf was asked for, or it is inside a list or a map.
    skip: bool,
}

/// The leaf columns, in the order that Parquet has them.
#[derive(Debug)]
pub struct Leaves {
    leaves: Vec<Leaf>,
    columns: usize,
}

/// How many leaves Parquet makes of a type.
pub(crate) fn width(t: &DataType) -> usize {
    match t {
        DataType::Struct(fields) => fields.iter().map(|f| width(f.data_type())).sum(),
        DataType::List(f) | DataType::LargeList(f) | DataType::Map(f, _) => width(f.data_type()),
        _ => 1,
    }
}

impl Leaves {
    /// `wanted`: dotted paths; None is all.
    pub fn new(schema: &Schema, wanted: Option<&[String]>) -> Self {
        let mut this = Self { leaves: Vec::new(), columns: 0 };
        for (index, field) in schema.fields().iter().enumerate() {
            this.walk(field, String::new(), &[index], wanted);
        }
        this
    }

    fn walk(&mut self, field: &Field, above: String, at: &[usize], wanted: Option<&[String]>) {
        let name = match above.is_empty() {
            true => field.name().clone(),
            false => format!("{above}.{}", field.name()),
        };
        if let DataType::Struct(fields) = field.data_type() {
            for (index, child) in fields.iter().enumerate() {
                let mut at = at.to_vec();
                at.push(index);
                self.walk(child, name.clone(), &at, wanted);
            }
            return;
        }
        let repeated = matches!(
            field.data_type(),
            DataType::List(_) | DataType::LargeList(_) | DataType::Map(..)
        );
        let skip = repeated || wanted.is_some_and(|wanted| !wanted.contains(&name));
        self.leaves.push(Leaf {
            name,
            at: at.to_vec(),
            data_type: field.data_type().clone(),
            ordinal: self.columns,
            skip,
        });
        self.columns += width(field.data_type());
    }

    fn shown(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.iter().filter(|leaf| !leaf.skip)
    }

    /// The statistics of the leaves that were asked for.
    pub fn of_file(&self, file: &ParquetMetaData, nans: &NanWatch) -> Result<Vec<LeafStats>> {
        let found = file.file_metadata().schema_descr().num_columns();
        if found != self.columns {
            let message = format!("a staged file has {found} leaf columns, not {}", self.columns);
            return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message));
        }
        Ok(self
            .leaves
            .iter()
            .enumerate()
            .filter(|(_, leaf)| !leaf.skip)
            .map(|(i, leaf)| {
                let mut stats = LeafStats::of(file, leaf);
                if nans.seen.get(i).copied().unwrap_or(false) {
                    // Where NaN stands in the order differs from reader to reader.
                    stats.min = None;
                    stats.max = None;
                }
                stats
            })
            .collect())
    }
}

/// Which leaves had a NaN: Parquet's statistics do not tell.
#[derive(Debug)]
pub struct NanWatch {
    seen: Vec<bool>,
}

impl NanWatch {
    /// None seen.
    pub fn new(leaves: &Leaves) -> Self {
        Self { seen: vec![false; leaves.leaves.len()] }
    }

    /// Looks at rows that go into the file.
    pub fn look(&mut self, leaves: &Leaves, batch: &RecordBatch) {
        for (leaf, seen) in leaves.leaves.iter().zip(&mut self.seen) {
            let float = matches!(leaf.data_type, DataType::Float32 | DataType::Float64);
            if *seen || leaf.skip || !float {
                continue;
            }
            if let Some(column) = column_at(batch, &leaf.at) {
                *seen = has_nan(&column);
            }
        }
    }
}

fn column_at(batch: &RecordBatch, at: &[usize]) -> Option<ArrayRef> {
    let (first, rest) = at.split_first()?;
    let mut column = Arc::clone(batch.columns().get(*first)?);
    for index in rest {
        let next = Arc::clone(column.as_struct_opt()?.columns().get(*index)?);
        column = next;
    }
    Some(column)
}

/// Values below a null struct count as well: rather no bounds than wrong ones.
fn has_nan(column: &ArrayRef) -> bool {
    match column.data_type() {
        DataType::Float32 => column.as_primitive::<Float32Type>().iter().flatten().any(f32::is_nan),
        DataType::Float64 => column.as_primitive::<Float64Type>().iter().flatten().any(f64::is_nan),
        _ => false,
    }
}

/// Statistics of a leaf in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafStats {
    /// -1: unknown
    pub null_count: i64,
    /// Text as `wb_exec_stage` says.
    pub min: Option<String>,
    pub max: Option<String>,
}

/// A bound in a form that can be compared.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Bound {
    Bool(bool),
    Int(i128),
    Float(f64),
    Bytes(Vec<u8>),
}

/// The number in big-endian bytes, as Parquet stores decimals.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    if bytes.is_empty() || bytes.len() > 16 {
        return None;
    }
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let start: i128 = if negative { -1 } else { 0 };
    Some(bytes.iter().fold(start, |n, b| (n << 8) | i128::from(*b)))
}

fn bounds(stats: &Statistics, is_decimal: bool) -> Option<(Bound, Bound)> {
    let exact = stats.min_is_exact() && stats.max_is_exact();
    if !exact && (is_decimal || !matches!(stats, Statistics::ByteArray(_))) {
        return None;
    }
    let bytes = |b: &[u8]| -> Option<Bound> {
        match is_decimal {
            true => big_endian(b).map(Bound::Int),
            false => Some(Bound::Bytes(b.to_vec())),
        }
    };
    Some(match stats {
        Statistics::Boolean(s) => (Bound::Bool(*s.min_opt()?), Bound::Bool(*s.max_opt()?)),
        Statistics::Int32(s) => {
            (Bound::Int(i128::from(*s.min_opt()?)), Bound::Int(i128::from(*s.max_opt()?)))
        }
        Statistics::Int64(s) => {
            (Bound::Int(i128::from(*s.min_opt()?)), Bound::Int(i128::from(*s.max_opt()?)))
        }
        Statistics::Float(s) => {
            (Bound::Float(f64::from(*s.min_opt()?)), Bound::Float(f64::from(*s.max_opt()?)))
        }
        Statistics::Double(s) => (Bound::Float(*s.min_opt()?), Bound::Float(*s.max_opt()?)),
        Statistics::ByteArray(s) => (bytes(s.min_opt()?.data())?, bytes(s.max_opt()?.data())?),
        Statistics::FixedLenByteArray(s) => {
            (bytes(s.min_opt()?.data())?, bytes(s.max_opt()?.data())?)
        }
        Statistics::Int96(_) => return None,
    })
}

fn is_less(a: &Bound, b: &Bound) -> bool {
    a.partial_cmp(b) == Some(Ordering::Less)
}

fn show(bound: &Bound, t: &DataType) -> Option<String> {
    match (t, bound) {
        (DataType::Boolean, Bound::Bool(v)) => Some(v.to_string()),
        (DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64, Bound::Int(v)) => {
            Some(v.to_string())
        }
        #[allow(clippy::cast_possible_truncation)]
        (DataType::Float32, Bound::Float(v)) => v.is_finite().then(|| (*v as f32).to_string()),
        (DataType::Float64, Bound::Float(v)) => v.is_finite().then(|| v.to_string()),
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, Bound::Bytes(v)) => {
            std::str::from_utf8(v).ok().map(str::to_string)
        }
        (DataType::Date32, Bound::Int(v)) => {
            delta_text::date(i32::try_from(*v).ok()?).map(|d| d.to_string())
        }
        (DataType::Timestamp(TimeUnit::Microsecond, zone), Bound::Int(v)) => {
            let time = delta_text::instant(i64::try_from(*v).ok()?)?;
            let zone = if zone.is_some() { "Z" } else { "" };
            Some(format!("{}{zone}", time.format("%Y-%m-%dT%H:%M:%S%.6f")))
        }
        (DataType::Decimal128(_, scale), Bound::Int(v)) => Some(delta_text::decimal(*v, *scale)),
        _ => None,
    }
}

impl LeafStats {
    fn of(file: &ParquetMetaData, leaf: &Leaf) -> Self {
        let is_decimal = matches!(leaf.data_type, DataType::Decimal128(..));
        let mut nulls: Option<u64> = Some(0);
        let mut range: Option<(Bound, Bound)> = None;
        let mut known = true;
        for group in file.row_groups() {
            let stats = group.columns().get(leaf.ordinal).and_then(|chunk| chunk.statistics());
            let count = stats.and_then(Statistics::null_count_opt);
            nulls = nulls.zip(count).map(|(a, b)| a + b);
            let rows = u64::try_from(group.num_rows()).unwrap_or_default();
            if count == Some(rows) {
                // Nothing but nulls: no bounds, and none needed.
                continue;
            }
            match stats.and_then(|stats| bounds(stats, is_decimal)) {
                None => known = false,
                Some((low, high)) => {
                    range = Some(match range {
                        None => (low, high),
                        Some((a, b)) => (
                            if is_less(&low, &a) { low } else { a },
                            if is_less(&b, &high) { high } else { b },
                        ),
                    });
                }
            }
        }
        let range = range.filter(|_| known);
        let min = range.as_ref().and_then(|(low, _)| show(low, &leaf.data_type));
        let max = range.as_ref().and_then(|(_, high)| show(high, &leaf.data_type));
        Self { null_count: nulls.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1), min, max }
    }
}

/// A file that was written.
#[derive(Debug)]
pub struct StagedFileStats {
    pub path: String,
    pub size: u64,
    pub rows: u64,
    /// Of the partition columns, in their order.
    pub values: Vec<Option<String>>,
    pub leaves: Vec<LeafStats>,
}

/// The result of `wb_exec_stage`.
#[derive(Default)]
pub struct StatsTable {
    file_ord: UInt32Builder,
    path: StringBuilder,
    size: UInt64Builder,
    rows: UInt64Builder,
    partition_values: StringBuilder,
    column: StringBuilder,
    data_type: StringBuilder,
    null_count: Int64Builder,
    min: StringBuilder,
    max: StringBuilder,
}

impl StatsTable {
    fn schema(rows: u64) -> SchemaRef {
        let schema = Schema::new(vec![
            Field::new("file_ord", DataType::UInt32, false),
            Field::new("path", DataType::Utf8, false),
            Field::new("size", DataType::UInt64, false),
            Field::new("rows", DataType::UInt64, false),
            Field::new("partition_values", DataType::Utf8, false),
            Field::new("column", DataType::Utf8, true),
            Field::new("type", DataType::Utf8, true),
            Field::new("null_count", DataType::Int64, true),
            Field::new("min", DataType::Utf8, true),
            Field::new("max", DataType::Utf8, true),
        ]);
        let metadata = [("rows".to_string(), rows.to_string())];
        Arc::new(schema.with_metadata(metadata.into_iter().collect()))
    }

    fn push(&mut self, ord: usize, file: &StagedFileStats, partition: &str) {
        self.file_ord.append_value(u32::try_from(ord).unwrap_or(u32::MAX));
        self.path.append_value(&file.path);
        self.size.append_value(file.size);
        self.rows.append_value(file.rows);
        self.partition_values.append_value(partition);
    }

    /// One row for each file, and one for each of its leaves.
    pub fn of(
        partition_names: &[String],
        leaves: &Leaves,
        files: &[StagedFileStats],
    ) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let mut this = Self::default();
        let mut total = 0;
        for (ord, file) in files.iter().enumerate() {
            total += file.rows;
            let object: Map<String, Value> = partition_names
                .iter()
                .zip(&file.values)
                .map(|(name, value)| {
                    (name.clone(), value.clone().map_or(Value::Null, Value::String))
                })
                .collect();
            let partition = Value::Object(object).to_string();
            this.push(ord, file, &partition);
            this.column.append_null();
            this.data_type.append_null();
            this.null_count.append_null();
            this.min.append_null();
            this.max.append_null();
            for (leaf, stats) in leaves.shown().zip(&file.leaves) {
                this.push(ord, file, &partition);
                this.column.append_value(&leaf.name);
                this.data_type.append_value(leaf.data_type.to_string());
                this.null_count.append_value(stats.null_count);
                this.min.append_option(stats.min.as_deref());
                this.max.append_option(stats.max.as_deref());
            }
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(this.file_ord.finish()),
            Arc::new(this.path.finish()),
            Arc::new(this.size.finish()),
            Arc::new(this.rows.finish()),
            Arc::new(this.partition_values.finish()),
            Arc::new(this.column.finish()),
            Arc::new(this.data_type.finish()),
            Arc::new(this.null_count.finish()),
            Arc::new(this.min.finish()),
            Arc::new(this.max.finish()),
        ];
        let schema = Self::schema(total);
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
        Ok((schema, vec![batch]))
    }
}
