//! Calling functions of the host: arguments out, results in.

use std::ffi::{CStr, c_int, c_void};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use arrow::array::{Array, ArrayRef, make_array};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, Volatility};

use crate::edge::{guard, layout};
use crate::edge::abi::{wb_arg, wb_fn_err};
use crate::edge::codes::{ALL, E_BUG, E_EXECUTION, E_SQL_PLAN};
use crate::edge::error::{Error, ORIGIN_BRIDGE, ORIGIN_HOST, Result};
use crate::function::spec::{Release, Spec};

type ReturnField = unsafe extern "C" fn(
    *mut c_void,
    usize,
    *const *const FFI_ArrowSchema,
    *const *const FFI_ArrowArray,
    *mut FFI_ArrowSchema,
    *mut wb_fn_err,
) -> c_int;

type Invoke = unsafe extern "C" fn(
    *mut c_void,
    usize,
    *const wb_arg,
    i64,
    *mut FFI_ArrowArray,
    *mut wb_fn_err,
) -> c_int;

/// A function of the host: its description and callbacks; released with the last of it.
pub struct HostFn {
    pub(crate) spec: Arc<Spec>,
    pub(crate) object: *mut c_void,
    pub(crate) return_field: ReturnField,
    pub(crate) invoke: Invoke,
    /// Set when the session owns the object; until then it is the caller's.
    pub(crate) release: OnceLock<Release>,
}

// SAFETY: the contract says that the object is immutable and thread-safe, and that the
// callbacks may be called from any thread.
unsafe impl Send for HostFn {}
// SAFETY: as above.
unsafe impl Sync for HostFn {}

impl HostFn {
    /// The object is the session's from here on.
    pub fn own(&self, release: Option<Release>) {
        if let Some(release) = release {
            let _ = self.release.set(release);
        }
    }
}

impl Drop for HostFn {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            // SAFETY: the host's own callback on its own object, once.
            guard::quiet("release", || unsafe { release(self.object) });
        }
    }
}

impl std::ops::Deref for HostFn {
    type Target = Spec;
    fn deref(&self) -> &Spec {
        &self.spec
    }
}

/// The schemas of one expression's arguments. Keyed by the address of its return field, which
/// is the same for all its batches; the weak pointer keeps the address from being used again.
pub struct Exported {
    return_field: Weak<Field>,
    fields: Vec<FieldRef>,
    schemas: Arc<Schemas>,
}

struct Schemas(Vec<FFI_ArrowSchema>);

// SAFETY: exported schemas are plain data until they are released.
unsafe impl Send for Schemas {}
// SAFETY: they are only read.
unsafe impl Sync for Schemas {}

impl wb_fn_err {
    pub(crate) fn empty() -> Box<Self> {
        Box::new(Self { code: 0, message: [0; 1020] })
    }
}

/// What a callback said, read no further than its buffer.
pub(crate) fn host_error(fun: &Spec, rc: i32, err: &wb_fn_err) -> Error {
    let mut bytes: Vec<u8> = err.message.iter().map(|c| c.cast_unsigned()).collect();
    if let Some(last) = bytes.last_mut() {
        *last = 0;
    }
    let text = CStr::from_bytes_until_nul(&bytes).map(CStr::to_string_lossy).unwrap_or_default();
    // A callback without a code of its own may return one, or just something other than 0.
    let said = if err.code != 0 { err.code } else { rc };
    let known = said > 1 && ALL.contains(&said);
    let code = if known { said } else { E_EXECUTION };
    let message = if text.is_empty() {
        format!("function {} failed without saying why", fun.name)
    } else {
        text.into_owned()
    };
    Error::new(code, ORIGIN_HOST, message)
}

pub(crate) fn plan_error(message: String) -> Error {
    Error::new(E_SQL_PLAN, ORIGIN_BRIDGE, message)
}

/// Refuses a number of arguments that the function does not take.
pub(crate) fn check_count(fun: &Spec, count: usize) -> Result<()> {
    if fun.takes(count) {
        return Ok(());
    }
    let names: Vec<&str> = fun.params.iter().map(|p| p.name.as_str()).collect();
    let (name, list) = (&fun.name, names.join(", "));
    Err(plan_error(format!("{name}({list}) cannot take {count} arguments")))
}

/// For messages.
pub(crate) fn place(fun: &Spec, ord: usize) -> String {
    let name = fun.param(ord).map_or("", |p| p.name.as_str());
    format!("argument {} ({name}) of {}", ord + 1, fun.name)
}

/// The field in which an argument reaches the host, if its parameter takes that type.
pub(crate) fn given_field(fun: &Spec, ord: usize, field: &FieldRef) -> Result<FieldRef> {
    let Some(param) = fun.param(ord) else { return Ok(Arc::clone(field)) };
    let mut field = Arc::clone(field);
    if param.literal {
        let data_type = param.literal_type(field.data_type());
        field = Arc::new(field.as_ref().clone().with_data_type(data_type));
    }
    if !param.accepts(field.data_type()) {
        let (place, wants, has) = (place(fun, ord), param.wants(), field.data_type());
        return Err(plan_error(format!("{place} must be {wants}, not {has}")));
    }
    Ok(field)
}

/// The types in which the arguments reach the host, and the literals among them.
fn arguments(
    fun: &Spec,
    args: &ReturnFieldArgs<'_>,
) -> Result<(Vec<FieldRef>, Vec<Option<ScalarValue>>)> {
    let count = args.arg_fields.len();
    check_count(fun, count)?;
    let mut fields = Vec::with_capacity(count);
    let mut literals = Vec::with_capacity(count);
    for (ord, field) in args.arg_fields.iter().enumerate() {
        let literal = args.scalar_arguments.get(ord).copied().flatten();
        if literal.is_none() && fun.param(ord).is_some_and(|param| param.literal) {
            return Err(plan_error(format!("{} must be a literal", place(fun, ord))));
        }
        let field = given_field(fun, ord, field)?;
        literals.push(match literal {
            Some(value) => Some(value.cast_to(field.data_type())?),
            None => None,
        });
        fields.push(field);
    }
    Ok((fields, literals))
}

pub(crate) fn export_fields(fields: &[FieldRef]) -> Result<Vec<FFI_ArrowSchema>> {
    fields.iter().map(|f| Ok(FFI_ArrowSchema::try_from(f.as_ref())?)).collect()
}

pub(crate) fn export_array(array: &ArrayRef) -> FFI_ArrowArray {
    FFI_ArrowArray::new(&array.to_data())
}

/// Asks the host for the type of a call.
pub fn return_field(fun: &HostFn, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
    let (fields, literals) = arguments(fun, args)?;
    let schemas = export_fields(&fields)?;
    let mut arrays: Vec<Option<FFI_ArrowArray>> = Vec::with_capacity(literals.len());
    for literal in &literals {
        arrays.push(match literal {
            Some(value) => Some(export_array(&value.to_array()?)),
            None => None,
        });
    }
    let schema_list: Vec<*const FFI_ArrowSchema> = schemas.iter().map(std::ptr::from_ref).collect();
    let array_list: Vec<*const FFI_ArrowArray> =
        arrays.iter().map(|a| a.as_ref().map_or(std::ptr::null(), std::ptr::from_ref)).collect();
    let mut out = FFI_ArrowSchema::empty();
    let mut err = wb_fn_err::empty();
    guard::point("udf.call");
    // SAFETY: the host's own callback on its own object; every pointer is to a live local, and
    // there are as many as n says.
    let rc = unsafe {
        (fun.return_field)(
            fun.object,
            schema_list.len(),
            schema_list.as_ptr(),
            array_list.as_ptr(),
            &mut out,
            err.as_mut(),
        )
    };
    if rc != 0 {
        return Err(host_error(fun, rc, &err));
    }
    given_back_field(fun, out)
}

/// The field that the host gave, named after the function unless it has a name.
pub(crate) fn given_back_field(fun: &Spec, out: FFI_ArrowSchema) -> Result<FieldRef> {
    if out.release.is_none() || out.format.is_null() {
        let message = format!("function {} gave no type", fun.name);
        return Err(Error::new(fun.fault(), ORIGIN_HOST, message));
    }
    let field = Field::try_from(&out).map_err(|e| {
        let message = format!("function {} gave a type that is none: {e}", fun.name);
        Error::new(fun.fault(), ORIGIN_HOST, message)
    })?;
    let field = if field.name().is_empty() { field.with_name(&fun.name) } else { field };
    Ok(Arc::new(field))
}

fn same_fields(a: &[FieldRef], b: &[FieldRef]) -> bool {
    let same = |(x, y): (&FieldRef, &FieldRef)| Arc::ptr_eq(x, y) || x == y;
    a.len() == b.len() && a.iter().zip(b).all(same)
}

/// The exported schemas of a call: made once for each expression.
fn schemas(
    exported: &Mutex<Vec<Exported>>,
    key: &FieldRef,
    fields: Vec<FieldRef>,
) -> Result<Arc<Schemas>> {
    let mut cache = exported.lock().unwrap_or_else(|e| e.into_inner());
    let address = Arc::as_ptr(key);
    let there = cache.iter().find(|entry| std::ptr::eq(entry.return_field.as_ptr(), address));
    if let Some(entry) = there
        && same_fields(&entry.fields, &fields)
    {
        return Ok(Arc::clone(&entry.schemas));
    }
    cache.retain(|entry| {
        entry.return_field.strong_count() > 0 && !std::ptr::eq(entry.return_field.as_ptr(), address)
    });
    let schemas = Arc::new(Schemas(export_fields(&fields)?));
    cache.push(Exported {
        return_field: Arc::downgrade(key),
        fields,
        schemas: Arc::clone(&schemas),
    });
    Ok(schemas)
}

/// One argument as the host gets it: its field, its values, whether it is a scalar.
fn argument(
    fun: &HostFn,
    ord: usize,
    value: &ColumnarValue,
    field: &FieldRef,
) -> Result<(FieldRef, ArrayRef, bool)> {
    match value {
        ColumnarValue::Array(array) => Ok((Arc::clone(field), Arc::clone(array), false)),
        ColumnarValue::Scalar(scalar) => {
            let mut field = Arc::clone(field);
            let mut scalar = scalar.clone();
            if let Some(param) = fun.param(ord).filter(|p| p.literal) {
                let data_type = param.literal_type(&scalar.data_type());
                if data_type != scalar.data_type() {
                    scalar = scalar.cast_to(&data_type)?;
                }
                if field.data_type() != &data_type {
                    field = Arc::new(field.as_ref().clone().with_data_type(data_type));
                }
            }
            Ok((field, scalar.to_array()?, true))
        }
    }
}

/// Calls the host for one batch; `full`: its values are checked one by one.
pub fn invoke(
    fun: &HostFn,
    exported: &Mutex<Vec<Exported>>,
    args: ScalarFunctionArgs,
    full: bool,
) -> Result<ColumnarValue> {
    let mut fields = Vec::with_capacity(args.args.len());
    let mut arrays = Vec::with_capacity(args.args.len());
    let mut scalars = Vec::with_capacity(args.args.len());
    for (ord, value) in args.args.iter().enumerate() {
        let Some(field) = args.arg_fields.get(ord) else {
            let message = format!("function {}: an argument without a field", fun.name);
            return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message));
        };
        let (field, array, scalar) = argument(fun, ord, value, field)?;
        if array.data_type() != field.data_type() {
            let (has, want) = (array.data_type(), field.data_type());
            let message =
                format!("argument {} of {} is {has} where the plan said {want}", ord + 1, fun.name);
            return Err(Error::new(E_BUG, ORIGIN_BRIDGE, message));
        }
        fields.push(field);
        arrays.push(export_array(&array));
        scalars.push(scalar);
    }
    // A volatile function has a value for each row even where its arguments have one for all.
    let one = scalars.iter().all(|s| *s) && fun.volatility != Volatility::Volatile;
    let rows = if one { 1 } else { args.number_rows };
    let schemas = schemas(exported, &args.return_field, fields)?;
    let list = arrays.iter().zip(&schemas.0).zip(&scalars);
    let list: Vec<wb_arg> = list
        .map(|((array, schema), scalar)| wb_arg {
            array,
            schema,
            is_scalar: u32::from(*scalar),
            reserved: 0,
        })
        .collect();
    let array = call(fun, &list, rows, &args.return_field, full)?;
    if one {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
    }
    Ok(ColumnarValue::Array(array))
}

fn call(fun: &HostFn, args: &[wb_arg], rows: usize, field: &Field, full: bool) -> Result<ArrayRef> {
    let mut out = FFI_ArrowArray::empty();
    let mut err = wb_fn_err::empty();
    let count = i64::try_from(rows).map_err(|_| plan_error("too many rows".to_string()))?;
    guard::point("udf.call");
    // SAFETY: the host's own callback on its own object; every pointer is to something that
    // lives until the call returns, and there are as many as n says.
    let rc = unsafe {
        (fun.invoke)(fun.object, args.len(), args.as_ptr(), count, &mut out, err.as_mut())
    };
    if rc != 0 {
        return Err(host_error(fun, rc, &err));
    }
    let array = given_back_array(fun, out, field.data_type(), rows, full)?;
    if fun.foreign && !field.is_nullable() && array.null_count() > 0 {
        let message = format!("function {} returned nulls and had said it has none", fun.name);
        return Err(Error::new(fun.fault(), ORIGIN_HOST, message));
    }
    Ok(array)
}

/// The array that the host gave, if it is one of that type and length.
pub(crate) fn given_back_array(
    fun: &Spec,
    out: FFI_ArrowArray,
    want: &DataType,
    rows: usize,
    full: bool,
) -> Result<ArrayRef> {
    let context = |e: Error| {
        let message = format!("function {} returned a bad array: {}", fun.name, e.message);
        Error::new(fun.fault(), ORIGIN_HOST, message)
    };
    // SAFETY: the contract says that the result follows the C data interface.
    unsafe { layout::check(&out, want) }.map_err(context)?;
    // SAFETY: as above, and the shape was checked just now.
    let data = unsafe { from_ffi_and_data_type(out, want.clone()) };
    let data = data.map_err(|e| context(e.into()))?;
    let checked = if full || fun.foreign { data.validate_full() } else { data.validate() };
    checked.map_err(|e| context(e.into()))?;
    if data.len() != rows {
        let message = format!("function {} returned {} rows, not {rows}", fun.name, data.len());
        return Err(Error::new(fun.fault(), ORIGIN_HOST, message));
    }
    Ok(make_array(data))
}
