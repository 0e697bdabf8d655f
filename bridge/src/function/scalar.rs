//! Scalar functions of the host, as the engine sees them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, OnceLock};

use arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::{ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

use crate::edge::guard;
use crate::edge::abi::wb_scalar_fn;
use crate::edge::codes::E_BUG;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::function::call;
use crate::function::call::{Exported, HostFn};
use crate::function::spec::{Spec, documentation, signature};

/// The engine's function object; the host's object is the caller's until `own`.
pub fn scalar_udf(spec: Spec, raw: &wb_scalar_fn, validate_full: bool) -> Result<ScalarUDF> {
    let (Some(return_field), Some(invoke)) = (raw.return_field, raw.invoke) else {
        let message = format!("function {} lacks a callback", spec.name);
        return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message));
    };
    let signature = signature(&spec);
    let documentation = documentation(&spec);
    let spec = Arc::new(spec);
    let release = OnceLock::new();
    let fun = Arc::new(HostFn { spec, object: raw.self_, return_field, invoke, release });
    let exported = Mutex::new(Vec::new());
    Ok(ScalarUDF::new_from_impl(HostUdf { fun, signature, documentation, exported, validate_full }))
}

/// A function of the host, as the engine sees it.
pub struct HostUdf {
    fun: Arc<HostFn>,
    signature: Signature,
    documentation: Documentation,
    /// Schemas that were exported for expressions that are still there.
    exported: Mutex<Vec<Exported>>,
    /// Whether results are checked value by value.
    validate_full: bool,
}

/// The host's function in an engine's function object, if it is one.
pub fn host_fn(udf: &ScalarUDF) -> Option<Arc<HostFn>> {
    let any: &dyn ScalarUDFImpl = udf.inner().as_ref();
    any.downcast_ref::<HostUdf>().map(|host| Arc::clone(&host.fun))
}

/// The identity of a function of the host; None for the engine's own.
pub fn host_identity(udf: &ScalarUDF) -> Option<[u8; 32]> {
    host_fn(udf).map(|fun| fun.identity)
}

impl fmt::Debug for HostUdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostUdf").field("name", &self.fun.name).finish_non_exhaustive()
    }
}

// Two functions are one if they do the same by the same name: the identity says what is done.
impl PartialEq for HostUdf {
    fn eq(&self, other: &Self) -> bool {
        self.fun.identity == other.fun.identity && self.fun.name == other.fun.name
    }
}

impl Eq for HostUdf {}

impl Hash for HostUdf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fun.identity.hash(state);
        self.fun.name.hash(state);
    }
}

impl ScalarUDFImpl for HostUdf {
    fn name(&self) -> &str {
        &self.fun.name
    }

    fn aliases(&self) -> &[String] {
        &self.fun.spec.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        let message = format!("{}: the type depends on more than the types", self.fun.name);
        Err(Error::new(E_BUG, ORIGIN_BRIDGE, message).into_df())
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(self.fun.coerce(arg_types))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> DfResult<FieldRef> {
        guard::catch("return_field", || call::return_field(&self.fun, &args)).map_err(Error::into_df)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        guard::catch("udf.call", || {
            call::invoke(&self.fun, &self.exported, args, self.validate_full)
        })
        .map_err(Error::into_df)
    }

    fn short_circuits(&self) -> bool {
        self.fun.short_circuits
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}
