//! Aggregate functions of the host: their callbacks, and calls as the host sees them.

use std::ffi::c_void;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, FieldRef, Fields};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use datafusion::common::ScalarValue;

use crate::edge::guard;
use crate::edge::abi::wb_fn_err;
use crate::edge::abi_agg::wb_agg_call;
use crate::edge::codes::E_BUG;
use crate::edge::error::{Error, ORIGIN_HOST, Result};
use crate::function::call::{check_count, export_array, export_fields, given_back_array, given_back_field, given_field, host_error};
use crate::function::spec::{Release, Spec};

/// The callbacks, each there but those that may be missing.
pub struct Ops {
    pub return_field: ReturnField,
    pub state_schema: ReturnField,
    pub empty: Option<Empty>,
    pub open: Open,
    pub update: Update,
    pub retract: Option<Retract>,
    pub merge: Merge,
    pub evaluate: Emit,
    pub state: Emit,
    pub convert: Option<Convert>,
    pub size: Size,
    pub close: Close,
}

type ReturnField = unsafe extern "C" fn(
    *mut c_void,
    *const wb_agg_call,
    *mut FFI_ArrowSchema,
    *mut wb_fn_err,
) -> i32;
type Empty = unsafe extern "C" fn(
    *mut c_void,
    *const FFI_ArrowSchema,
    *mut FFI_ArrowArray,
    *mut wb_fn_err,
) -> i32;
type Open = unsafe extern "C" fn(
    *mut c_void,
    *const wb_agg_call,
    bool,
    *mut *mut c_void,
    *mut wb_fn_err,
) -> i32;
type Update = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    *const *const FFI_ArrowArray,
    i64,
    *const u64,
    *const FFI_ArrowArray,
    u64,
    *mut wb_fn_err,
) -> i32;
type Retract = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    *const *const FFI_ArrowArray,
    i64,
    *mut wb_fn_err,
) -> i32;
type Merge = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    *const FFI_ArrowArray,
    *const u64,
    u64,
    *mut wb_fn_err,
) -> i32;
/// `evaluate` or `state`.
pub type Emit = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    u64,
    bool,
    *mut FFI_ArrowArray,
    *mut wb_fn_err,
) -> i32;
type Convert = unsafe extern "C" fn(
    *mut c_void,
    *const wb_agg_call,
    *const *const FFI_ArrowArray,
    i64,
    *const FFI_ArrowArray,
    *mut FFI_ArrowArray,
    *mut wb_fn_err,
) -> i32;
type Size = unsafe extern "C" fn(*mut c_void, *const c_void) -> u64;
type Close = unsafe extern "C" fn(*mut c_void, *mut c_void);

/// An aggregate of the host: its description and callbacks; released with the last of it.
pub struct HostAgg {
    pub spec: Arc<Spec>,
    pub flags: u32,
    pub object: *mut c_void,
    pub ops: Ops,
    /// Set when the session owns the object; until then it is the caller's.
    pub release: OnceLock<Release>,
    /// Whether results are checked value by value.
    pub validate_full: bool,
}

// SAFETY: the contract says that the object is immutable and thread-safe, and that the
// callbacks may be called from any thread.
unsafe impl Send for HostAgg {}
// SAFETY: as above.
unsafe impl Sync for HostAgg {}

impl HostAgg {
    /// The object is the session's from here on.
    pub fn own(&self, release: Option<Release>) {
        if let Some(release) = release {
            let _ = self.release.set(release);
        }
    }
}

impl Drop for HostAgg {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            // SAFETY: the host's own callback on its own object, once.
            guard::quiet("release", || unsafe { release(self.object) });
        }
    }
}

/// A call as the host sees it, with all that it points to. What it owns is on the heap, so that
/// it may be moved while the host holds on to it.
pub struct Call {
    _schemas: Vec<FFI_ArrowSchema>,
    _literals: Vec<Option<FFI_ArrowArray>>,
    _schema_list: Vec<*const FFI_ArrowSchema>,
    _literal_list: Vec<*const FFI_ArrowArray>,
    raw: Box<wb_agg_call>,
}

// SAFETY: exported schemas and arrays are plain data until they are released, and are only read.
unsafe impl Send for Call {}
// SAFETY: as above.
unsafe impl Sync for Call {}

impl Call {
    pub fn new(
        fields: &[FieldRef],
        literals: &[Option<ScalarValue>],
        ignore_nulls: bool,
        distinct: bool,
    ) -> Result<Self> {
        let schemas = export_fields(fields)?;
        let mut arrays = Vec::with_capacity(literals.len());
        for literal in literals {
            arrays.push(match literal {
                Some(value) => Some(export_array(&value.to_array()?)),
                None => None,
            });
        }
        let schema_list: Vec<_> = schemas.iter().map(std::ptr::from_ref).collect();
        let literal_list: Vec<_> = arrays
            .iter()
            .map(|a| a.as_ref().map_or(std::ptr::null(), std::ptr::from_ref))
            .collect();
        let raw = Box::new(wb_agg_call {
            n_args: schema_list.len(),
            args: schema_list.as_ptr(),
            literals: if literals.is_empty() {
                std::ptr::null()
            } else {
                literal_list.as_ptr()
            },
            ignore_nulls: u32::from(ignore_nulls),
            distinct: u32::from(distinct),
        });
        Ok(Self {
            _schemas: schemas,
            _literals: arrays,
            _schema_list: schema_list,
            _literal_list: literal_list,
            raw,
        })
    }

    /// Of which nothing but types is known.
    pub fn of_types(fields: &[FieldRef], distinct: bool) -> Result<Self> {
        Self::new(fields, &[], false, distinct)
    }

    /// For a callback.
    pub fn raw(&self) -> *const wb_agg_call {
        self.raw.as_ref()
    }
}

impl HostAgg {
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// The fields in which arguments reach the host.
    pub fn given_fields(&self, fields: &[FieldRef]) -> Result<Vec<FieldRef>> {
        check_count(&self.spec, fields.len())?;
        let given = fields.iter().enumerate();
        given.map(|(ord, field)| given_field(&self.spec, ord, field)).collect()
    }

    fn field_of(&self, callback: ReturnField, call: &Call) -> Result<FieldRef> {
        let mut out = FFI_ArrowSchema::empty();
        let mut err = wb_fn_err::empty();
        guard::point("udaf.call");
        // SAFETY: the host's own callback on its own object; the pointers are to live locals.
        let rc = unsafe { callback(self.object, call.raw(), &mut out, err.as_mut()) };
        if rc != 0 {
            return Err(host_error(&self.spec, rc, &err));
        }
        given_back_field(&self.spec, out)
    }

    pub fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let call = Call::of_types(&self.given_fields(fields)?, false)?;
        self.field_of(self.ops.return_field, &call)
    }

    /// The columns in which the states of a call travel.
    pub fn state_fields(&self, call: &Call) -> Result<Fields> {
        let field = self.field_of(self.ops.state_schema, call)?;
        match field.data_type() {
            DataType::Struct(fields) if !fields.is_empty() => Ok(fields.clone()),
            other => {
                let message = format!("aggregate {}: its state is {other}", self.spec.name);
                Err(Error::new(E_BUG, ORIGIN_HOST, message))
            }
        }
    }

    /// The result over no rows.
    pub fn empty(&self, data_type: &DataType) -> Result<ScalarValue> {
        let Some(empty) = self.ops.empty else { return Ok(ScalarValue::try_from(data_type)?) };
        let schema = FFI_ArrowSchema::try_from(data_type)?;
        let mut out = FFI_ArrowArray::empty();
        let mut err = wb_fn_err::empty();
        guard::point("udaf.call");
        // SAFETY: the host's own callback on its own object; the pointers are to live locals.
        let rc = unsafe { empty(self.object, &schema, &mut out, err.as_mut()) };
        if rc != 0 {
            return Err(host_error(&self.spec, rc, &err));
        }
        let array = given_back_array(&self.spec, out, data_type, 1, self.validate_full)?;
        Ok(ScalarValue::try_from_array(&array, 0)?)
    }
}
