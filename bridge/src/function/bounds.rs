//! Functions of the engine that can be asked for more than there is memory, which no pool sees:
//! what a call would make is counted before it is made. Which functions, what decides and how much
//! is too much are the host's; the calls that are let through do what they did.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Int64Type, IntervalMonthDayNanoType, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{ExprSchema, Result as DfResult, ScalarValue};
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs,
    ScalarUDF, ScalarUDFImpl, Signature, StructFieldMapping,
};

use crate::edge::codes::{E_MEMORY, E_TOO_LARGE};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

/// How the bytes of a row that a function makes are counted.
#[repr(C)]
#[allow(non_camel_case_types)]
pub enum wb_bytes {
    /// the text that the argument `item` is, `times` times
    WB_BYTES_TIMES = 1,
    /// an item of the list that the argument `item` is, `times` times
    WB_BYTES_ITEMS = 2,
    /// what the argument `times` says
    WB_BYTES_LENGTH = 3,
    /// a series of numbers, dates or times: to, or from, to and by
    WB_BYTES_SERIES = 4,
    /// the third argument wherever the second is in the first
    WB_BYTES_REPLACE = 5,
    /// the second argument behind every item of the list that the first one is
    WB_BYTES_JOIN = 6,
    /// a list of the argument `item`, `times` times
    WB_BYTES_COPIES = 7,
}

/// What decides how many bytes a row becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum How {
    /// A text as often as another argument says.
    Times,
    /// A list of an argument as often as another says.
    Copies,
    /// An item of a list as often as another argument says.
    Items,
    /// As many bytes as an argument says.
    Length,
    /// A series from, to, by.
    Series,
    /// The third argument wherever the second is in the first.
    Replace,
    /// The second argument behind every item of the first.
    Join,
}

/// How much a call may make at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Bound {
    how: How,
    item: usize,
    times: usize,
    limit: u64,
}

impl Bound {
    /// None: there is no such way to count.
    pub fn new(how: i32, item: u32, times: u32, limit: u64) -> Option<Self> {
        const TIMES: i32 = wb_bytes::WB_BYTES_TIMES as i32;
        const COPIES: i32 = wb_bytes::WB_BYTES_COPIES as i32;
        const ITEMS: i32 = wb_bytes::WB_BYTES_ITEMS as i32;
        const LENGTH: i32 = wb_bytes::WB_BYTES_LENGTH as i32;
        const SERIES: i32 = wb_bytes::WB_BYTES_SERIES as i32;
        const REPLACE: i32 = wb_bytes::WB_BYTES_REPLACE as i32;
        const JOIN: i32 = wb_bytes::WB_BYTES_JOIN as i32;
        let how = match how {
            TIMES => How::Times,
            COPIES => How::Copies,
            ITEMS => How::Items,
            LENGTH => How::Length,
            SERIES => How::Series,
            REPLACE => How::Replace,
            JOIN => How::Join,
            _ => return None,
        };
        Some(Self { how, item: item as usize, times: times as usize, limit })
    }
}

/// A number for each row.
type PerRow = Box<dyn Fn(usize) -> i128>;

fn none() -> PerRow {
    Box::new(|_| 0)
}

fn wide(n: usize) -> i128 {
    i128::try_from(n).unwrap_or(i128::MAX)
}

/// The argument as an array, and whether it is one value for all rows.
fn array_of(args: &[ColumnarValue], at: usize) -> DfResult<Option<(ArrayRef, bool)>> {
    Ok(match args.get(at) {
        Some(ColumnarValue::Array(array)) => Some((Arc::clone(array), false)),
        Some(ColumnarValue::Scalar(scalar)) => Some((scalar.to_array()?, true)),
        None => None,
    })
}

/// Of the row, or of the only one there is.
fn per_row(one: bool, f: impl Fn(usize) -> i128 + 'static) -> PerRow {
    if !one {
        return Box::new(f);
    }
    let value = f(0);
    Box::new(move |_| value)
}

fn numbers(args: &[ColumnarValue], at: usize) -> DfResult<Option<PerRow>> {
    let Some((array, one)) = array_of(args, at)? else { return Ok(None) };
    let factor: i128 = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => 1_000_000_000,
        DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000_000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000,
        DataType::UInt64 => {
            // Above what Int64 holds is too much of anything.
            let values = array.as_primitive::<arrow::datatypes::UInt64Type>().clone();
            return Ok(Some(per_row(one, move |row| {
                if values.is_null(row) { 0 } else { i128::from(values.value(row)) }
            })));
        }
        DataType::Date32 => return numbers_of(&cast(&array, &DataType::Int32)?, one, 1),
        _ => 1,
    };
    numbers_of(&array, one, factor)
}

fn numbers_of(array: &ArrayRef, one: bool, factor: i128) -> DfResult<Option<PerRow>> {
    let Ok(array) = cast(array, &DataType::Int64) else { return Ok(None) };
    let values = array.as_primitive::<Int64Type>().clone();
    Ok(Some(per_row(one, move |row| {
        if values.is_null(row) { 0 } else { i128::from(values.value(row)) * factor }
    })))
}

/// The bytes of a value of an array on average: of what the array has itself, not of all that
/// it is a part of.
fn average(array: &ArrayRef) -> i128 {
    if let Some(width) = array.data_type().primitive_width() {
        return wide(width);
    }
    let len = wide(array.len().max(1));
    let of_items = |from: i128, to: i128, items: &ArrayRef| (to - from) * average(items) / len;
    let bytes = match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let ends = list.value_offsets();
            let end = |at: Option<&i32>| at.copied().map_or(0, i128::from);
            of_items(end(ends.first()), end(ends.last()), list.values())
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let ends = list.value_offsets();
            let end = |at: Option<&i64>| at.copied().map_or(0, i128::from);
            of_items(end(ends.first()), end(ends.last()), list.values())
        }
        DataType::FixedSizeList(_, n) => {
            i128::from(*n) * average(array.as_fixed_size_list().values())
        }
        DataType::Struct(_) => array.as_struct().columns().iter().map(average).sum(),
        DataType::Utf8View => {
            let views = array.as_string_view().views().iter();
            // The length is in the lower half of the first word.
            views.map(|view| i128::from(*view as u32)).sum::<i128>() / len
        }
        _ => {
            let data = array.to_data();
            let size = data.get_slice_memory_size();
            wide(size.unwrap_or_else(|_| array.get_array_memory_size())) / len
        }
    };
    bytes.max(1)
}

fn bytes(args: &[ColumnarValue], at: usize) -> DfResult<PerRow> {
    let Some((array, one)) = array_of(args, at)? else { return Ok(none()) };
    // Texts of all kinds are views in the end, which know their lengths.
    let length = |array: ArrayRef| -> DfResult<PerRow> {
        let views = cast(&array, &DataType::BinaryView)?.as_binary_view().clone();
        Ok(per_row(one, move |row| {
            let view = views.views().get(row).copied().unwrap_or_default();
            // The length is in the lower half of the first word.
            if views.is_null(row) { 0 } else { i128::from(view as u32) }
        }))
    };
    match array.data_type() {
        DataType::Utf8 => length(cast(&array, &DataType::Utf8View)?),
        DataType::LargeUtf8 => length(cast(&array, &DataType::LargeBinary)?),
        DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView => length(array),
        _ => {
            let width = average(&array);
            Ok(Box::new(move |_| width))
        }
    }
}

/// The items of a list: how many, and the bytes of one.
fn items(args: &[ColumnarValue], at: usize) -> DfResult<(PerRow, i128)> {
    let Some((array, one)) = array_of(args, at)? else { return Ok((none(), 0)) };
    match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>().clone();
            let width = average(list.values());
            Ok((per_row(one, move |row| i128::from(list.value_length(row))), width))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>().clone();
            let width = average(list.values());
            Ok((per_row(one, move |row| i128::from(list.value_length(row))), width))
        }
        DataType::FixedSizeList(_, n) => {
            let (n, width) = (i128::from(*n), average(array.as_fixed_size_list().values()));
            Ok((Box::new(move |_| n), width))
        }
        _ => Ok((none(), 0)),
    }
}

/// Nanoseconds.
const DAY: i128 = 86_400_000_000_000;

/// The least that an item of a list takes.
const PLACE: i128 = 4;

/// The step of a series, in the unit of its ends; months at their shortest.
fn steps(args: &[ColumnarValue], at: usize, day: i128) -> DfResult<PerRow> {
    let Some((array, one)) = array_of(args, at)? else { return Ok(Box::new(|_| 1)) };
    if !matches!(array.data_type(), DataType::Interval(_)) {
        return Ok(numbers(args, at)?.unwrap_or_else(none));
    }
    let step = DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano);
    let values = cast(&array, &step)?.as_primitive::<IntervalMonthDayNanoType>().clone();
    Ok(per_row(one, move |row| {
        if values.is_null(row) {
            return 0;
        }
        let step = values.value(row);
        let days = i128::from(step.months) * 28 + i128::from(step.days);
        days * day + i128::from(step.nanoseconds) * day / DAY
    }))
}

fn series(args: &[ColumnarValue]) -> DfResult<PerRow> {
    let Some(first) = numbers(args, 0)? else { return Ok(none()) };
    let dates = matches!(args.first().map(ColumnarValue::data_type), Some(DataType::Date32));
    let (from, to): (PerRow, PerRow) = match numbers(args, 1)? {
        Some(second) => (first, second),
        None => (none(), first),
    };
    let step = steps(args, 2, if dates { 1 } else { DAY })?;
    Ok(Box::new(move |row| {
        let (way, step) = (to(row) - from(row), step(row));
        // Of a step of 0 the function says what is wrong with it.
        if step == 0 || (way < 0) != (step < 0) { 0 } else { (way / step + 1) * 8 }
    }))
}

/// What replacing puts in, counted: not every place can match.
fn replaced(args: &[ColumnarValue]) -> DfResult<PerRow> {
    let text = |at| -> DfResult<Option<(arrow::array::StringViewArray, bool)>> {
        let Some((array, one)) = array_of(args, at)? else { return Ok(None) };
        Ok(Some((cast(&array, &DataType::Utf8View)?.as_string_view().clone(), one)))
    };
    let (Some(text), Some(from), Some(to)) = (text(0)?, text(1)?, text(2)?) else {
        return Ok(none());
    };
    Ok(Box::new(move |row| {
        fn of((values, one): &(arrow::array::StringViewArray, bool), row: usize) -> &str {
            let row = if *one { 0 } else { row };
            if values.is_null(row) { "" } else { values.value(row) }
        }
        let (text, from, to) = (of(&text, row), of(&from, row), of(&to, row));
        wide(text.matches(from).count()) * wide(to.len())
    }))
}

impl Bound {
    fn per_row(&self, args: &[ColumnarValue]) -> DfResult<PerRow> {
        let times = || Ok::<_, datafusion::error::DataFusionError>(
            numbers(args, self.times)?.unwrap_or_else(none),
        );
        Ok(match self.how {
            How::Length => times()?,
            How::Times => {
                let (item, times) = (bytes(args, self.item)?, times()?);
                Box::new(move |row| item(row) * times(row).max(0))
            }
            How::Copies => {
                // An empty text or a null has a place in the list, too.
                let (item, times) = (bytes(args, self.item)?, times()?);
                Box::new(move |row| item(row).max(PLACE) * times(row).max(0))
            }
            How::Items => {
                let ((_, width), times) = (items(args, self.item)?, times()?);
                Box::new(move |row| width.max(1) * times(row).max(0))
            }
            How::Series => series(args)?,
            How::Replace => {
                let (text, from, to) = (bytes(args, 0)?, bytes(args, 1)?, bytes(args, 2)?);
                Box::new(move |row| text(row) / from(row).max(1) * to(row))
            }
            How::Join => {
                let ((count, _), sign) = (items(args, 0)?, bytes(args, 1)?);
                Box::new(move |row| count(row) * sign(row))
            }
        })
    }

    /// TOO_LARGE: a value would be larger than it may be. MEMORY: those of a batch would together,
    /// which smaller batches may not. Where more rows than a batch come at once they may take as
    /// much more.
    fn check(&self, name: &str, args: &ScalarFunctionArgs) -> Result<()> {
        let all = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if all { 1 } else { args.number_rows };
        let batch = args.config_options.execution.batch_size.get();
        let limit = i128::from(self.limit);
        let all_rows = limit.saturating_mul(wide(rows.div_ceil(batch.max(1)).max(1)));
        let most = |of_row: PerRow| {
            (0..rows).map(|row| of_row(row).max(0)).fold((0_i128, 0_i128), |(one, sum), n| {
                (one.max(n), sum.saturating_add(n))
            })
        };
        let fits = |(one, sum): (i128, i128)| one <= limit && sum <= all_rows;
        let mut made = most(self.per_row(&args.args)?);
        if !fits(made) && matches!(self.how, How::Replace) {
            made = most(replaced(&args.args)?);
        }
        if fits(made) {
            return Ok(());
        }
        let (one, sum) = made;
        let (code, bytes, of, may) = match one > limit {
            true => (E_TOO_LARGE, one, "one value".to_string(), limit),
            false => (E_MEMORY, sum, format!("{rows} rows at once"), all_rows),
        };
        let message = format!("{name} would make {bytes} bytes for {of}, more than {may}");
        Err(Error::new(code, ORIGIN_BRIDGE, message))
    }
}

/// A function of the engine with a bound.
struct Bounded {
    inner: Arc<dyn ScalarUDFImpl>,
    bound: Bound,
}

/// The function with a bound; in all else it is the same.
pub(crate) fn bounded(function: &ScalarUDF, bound: Bound) -> ScalarUDF {
    ScalarUDF::new_from_impl(Bounded { inner: Arc::clone(function.inner()), bound })
}

impl fmt::Debug for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PartialEq for Bounded {
    fn eq(&self, other: &Self) -> bool {
        self.bound == other.bound && self.inner.dyn_eq(&*other.inner)
    }
}

impl Eq for Bounded {}

impl Hash for Bounded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bound.hash(state);
        self.inner.name().hash(state);
    }
}

#[warn(clippy::missing_trait_methods)]
impl ScalarUDFImpl for Bounded {
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        self.bound.check(self.inner.name(), &args)?;
        self.inner.invoke_with_args(args)
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let inner = self.inner.with_updated_config(config)?;
        Some(bounded(&inner, self.bound))
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    #[expect(deprecated, reason = "the trait has it")]
    fn display_name(&self, args: &[Expr]) -> DfResult<String> {
        self.inner.display_name(args)
    }

    fn schema_name(&self, args: &[Expr]) -> DfResult<String> {
        self.inner.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> DfResult<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> DfResult<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    #[expect(deprecated, reason = "the trait has it")]
    fn is_nullable(&self, args: &[Expr], schema: &dyn ExprSchema) -> bool {
        self.inner.is_nullable(args, schema)
    }

    fn is_strict(&self) -> bool {
        self.inner.is_strict()
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> DfResult<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn preimage(
        &self,
        args: &[Expr],
        lit_expr: &Expr,
        info: &SimplifyContext,
    ) -> DfResult<PreimageResult> {
        self.inner.preimage(args, lit_expr, info)
    }

    fn conditional_arguments<'a>(
        &self,
        args: &'a [Expr],
    ) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn evaluate_bounds(&self, input: &[&Interval]) -> DfResult<Interval> {
        self.inner.evaluate_bounds(input)
    }

    fn propagate_constraints(
        &self,
        interval: &Interval,
        inputs: &[&Interval],
    ) -> DfResult<Option<Vec<Interval>>> {
        self.inner.propagate_constraints(interval, inputs)
    }

    fn struct_field_mapping(
        &self,
        literal_args: &[Option<ScalarValue>],
    ) -> Option<StructFieldMapping> {
        self.inner.struct_field_mapping(literal_args)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> DfResult<SortProperties> {
        self.inner.output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> DfResult<bool> {
        self.inner.preserves_lex_ordering(inputs)
    }

    fn strictly_order_preserving(&self, inputs: &[ExprProperties]) -> DfResult<bool> {
        self.inner.strictly_order_preserving(inputs)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        self.inner.placement(args)
    }
}
