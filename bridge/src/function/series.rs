//! The arguments of the engine's series of numbers and times, as values with types.

use arrow::datatypes::IntervalMonthDayNano;
use datafusion::common::ScalarValue;
use datafusion::functions_table::generate_series::{
    Empty, GenerateSeriesTable, GenericSeriesState, TimestampValue,
};
use datafusion::logical_expr::Expr;

use crate::edge::codes::E_ENGINE;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};

/// A call of `range` or `generate_series` in FROM.
pub(crate) struct Series {
    /// Start, end, step; none where one of them is null and so there are no rows.
    args: Vec<ScalarValue>,
    /// Whether the end is one of the rows.
    with_end: bool,
}

fn time(value: &TimestampValue) -> ScalarValue {
    ScalarValue::TimestampNanosecond(Some(value.value()), value.tz_str().cloned())
}

impl Series {
    /// Reads them where the engine shows them: what makes the rows.
    pub fn of(table: &GenerateSeriesTable) -> Result<Self> {
        let generator = table.as_generator(1)?;
        let generator = generator.read();
        let any = generator.as_any();
        if any.is::<Empty>() {
            return Ok(Self { args: Vec::new(), with_end: false });
        }
        if let Some(of) = any.downcast_ref::<GenericSeriesState<i64>>() {
            let args = [*of.start(), *of.end(), *of.step()];
            let args = args.into_iter().map(ScalarValue::from).collect();
            return Ok(Self { args, with_end: of.include_end() });
        }
        if let Some(of) = any.downcast_ref::<GenericSeriesState<TimestampValue>>() {
            let step: IntervalMonthDayNano = *of.step();
            let step = ScalarValue::IntervalMonthDayNano(Some(step));
            let args = vec![time(of.start()), time(of.end()), step];
            return Ok(Self { args, with_end: of.include_end() });
        }
        Err(Error::new(E_ENGINE, ORIGIN_BRIDGE, "a series of values of an unknown type"))
    }

    /// Whether the end is one of the rows.
    pub fn with_end(&self) -> bool {
        self.with_end
    }

    /// The arguments as literals.
    pub fn exprs(self) -> Vec<Expr> {
        self.args.into_iter().map(|value| Expr::Literal(value, None)).collect()
    }
}
