//! Other names of the engine's functions among its functions, so that the information schema
//! lists them. Calls are renamed before planning: nothing with such a name gets into a plan.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::internal_err;
use datafusion::error::Result as DfResult;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::function::{
    AccumulatorArgs, PartitionEvaluatorArgs, WindowUDFFieldArgs,
};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, PartitionEvaluator, Signature,
    WindowUDF, WindowUDFImpl,
};

/// A function that goes by another name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Named<F> {
    name: String,
    real: Arc<F>,
}

impl AggregateUDFImpl for Named<AggregateUDF> {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        self.real.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> DfResult<DataType> {
        self.real.return_type(arg_types)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> DfResult<FieldRef> {
        self.real.return_field(arg_fields)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        self.real.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.real.documentation()
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> DfResult<Box<dyn Accumulator>> {
        internal_err!("{} was not renamed", self.name)
    }
}

impl WindowUDFImpl for Named<WindowUDF> {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        self.real.signature()
    }

    fn field(&self, args: WindowUDFFieldArgs) -> DfResult<FieldRef> {
        self.real.field(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        self.real.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.real.documentation()
    }

    fn partition_evaluator(
        &self,
        _args: PartitionEvaluatorArgs,
    ) -> DfResult<Box<dyn PartitionEvaluator>> {
        internal_err!("{} was not renamed", self.name)
    }
}

/// Registers the name beside the aggregate or, if there is none, the window function; false:
/// there is neither.
pub fn register(state: &mut SessionState, name: &str, real: &str) -> DfResult<bool> {
    if let Some(real) = state.aggregate_functions().get(real).cloned() {
        let named = Named { name: name.to_string(), real };
        state.register_udaf(Arc::new(AggregateUDF::new_from_impl(named)))?;
    } else if let Some(real) = state.window_functions().get(real).cloned() {
        let named = Named { name: name.to_string(), real };
        state.register_udwf(Arc::new(WindowUDF::new_from_impl(named)))?;
    } else {
        return Ok(false);
    }
    Ok(true)
}
