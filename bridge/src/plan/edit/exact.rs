//! A cast of timestamps that refuses what the target cannot hold: Arrow's own cast drops the
//! digits without a word.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Int64Type, TimeUnit, TimestampNanosecondType};
use datafusion::common::Result as DfResult;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::edge::codes::{E_BUG, E_VALUE_RANGE};
use crate::edge::error::{Error, ORIGIN_BRIDGE};

/// Nanoseconds in a microsecond.
const UNIT: i64 = 1_000;

/// Nanoseconds to microseconds, with or without a zone.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ExactMicros {
    signature: Signature,
    target: DataType,
}

/// The expression as microseconds, if it holds nanoseconds; None where a plain cast is exact.
pub(crate) fn to_micros(expr: Expr, from: &DataType, to: &DataType) -> Option<Expr> {
    let nanos = matches!(from, DataType::Timestamp(TimeUnit::Nanosecond, _));
    let micros = matches!(to, DataType::Timestamp(TimeUnit::Microsecond, _));
    if !nanos || !micros {
        return None;
    }
    let signature = Signature::any(1, Volatility::Immutable);
    let function = ScalarUDF::new_from_impl(ExactMicros { signature, target: to.clone() });
    Some(function.call(vec![expr]))
}

impl ExactMicros {
    fn convert(&self, array: &ArrayRef) -> DfResult<ArrayRef> {
        let nanos = array.as_primitive::<TimestampNanosecondType>();
        let values = nanos.reinterpret_cast::<Int64Type>();
        if let Some(lost) = values.iter().flatten().find(|value| value % UNIT != 0) {
            let message = format!(
                "a timestamp has digits below microseconds ({} ns after the second); \
                 CAST(... AS TIMESTAMP(6)) drops them",
                lost.rem_euclid(1_000_000_000)
            );
            return Err(Error::new(E_VALUE_RANGE, ORIGIN_BRIDGE, message).into_df());
        }
        Ok(cast(array, &self.target)?)
    }
}

impl ScalarUDFImpl for ExactMicros {
    fn name(&self) -> &str {
        "exact_micros"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(self.target.clone())
    }

    /// What is known of the argument beside its type stays.
    fn return_field_from_args(&self, args: ReturnFieldArgs) -> DfResult<FieldRef> {
        let [field] = args.arg_fields else {
            let message = format!("{} takes one argument", self.name());
            return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message).into_df());
        };
        Ok(Arc::new(field.as_ref().clone().with_data_type(self.target.clone())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [array] = arrays.as_slice() else {
            let message = format!("{} takes one argument", self.name());
            return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message).into_df());
        };
        self.convert(array).map(ColumnarValue::Array)
    }
}
