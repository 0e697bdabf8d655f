//! Relation operators of the host: their descriptions, and one planned call.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_int, c_void};
use std::sync::{Arc, OnceLock, RwLock};

use arrow::array::{ArrayRef, StructArray, make_array};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};

use crate::edge::{guard, layout};
use crate::edge::abi::{wb_fn_err, wb_str};
use crate::edge::abi_rel::{wb_rel_chunk, wb_rel_flags, wb_rel_input, wb_rel_option, wb_rel_order, wb_rel_plan, wb_relation_fn};
use crate::edge::codes::{ALL, E_BUG, E_EXECUTION};
use crate::edge::error::{Error, ORIGIN_BRIDGE, ORIGIN_HOST, Result};
use crate::edge::given::slice_of;
use crate::runtime::stream;
use crate::runtime::threads::CancelToken;

pub(crate) const NARROW: u32 = wb_rel_flags::WB_REL_NARROW as u32;
pub(crate) const FILTER: u32 = wb_rel_flags::WB_REL_FILTER as u32;
pub(crate) const TOTAL: u32 = wb_rel_flags::WB_REL_TOTAL as u32;
pub(crate) const ALONE: u32 = wb_rel_flags::WB_REL_ALONE as u32;

/// The operators of a session by name; shared with its planner.
pub(crate) type RelFns = Arc<RwLock<BTreeMap<String, Arc<RelFn>>>>;

type Plan = unsafe extern "C" fn(
    *mut c_void,
    *const FFI_ArrowSchema,
    *const FFI_ArrowSchema,
    *const wb_rel_option,
    usize,
    *mut wb_rel_plan,
    *mut wb_fn_err,
) -> c_int;
type Open = unsafe extern "C" fn(*mut c_void, *mut *mut c_void, *mut wb_fn_err) -> c_int;
type Scratch = unsafe extern "C" fn(*mut c_void, u64, u64) -> u64;
type Run = unsafe extern "C" fn(
    *mut c_void,
    *const wb_rel_chunk,
    *mut FFI_ArrowArray,
    *mut wb_fn_err,
) -> c_int;
type Drops = unsafe extern "C" fn(*mut c_void);

/// An operator; released with the last call of it.
pub(crate) struct RelFn {
    pub name: String,
    pub identity: [u8; 32],
    object: *mut c_void,
    plan: Plan,
    drop_call: Drops,
    open: Open,
    scratch: Scratch,
    run: Run,
    close: Drops,
    /// Set when the session owns the object; until then it is the caller's.
    release: OnceLock<Drops>,
}

// SAFETY: the contract says that the object is immutable and thread-safe, and that the
// callbacks may be called from any thread.
unsafe impl Send for RelFn {}
// SAFETY: as above.
unsafe impl Sync for RelFn {}

impl Drop for RelFn {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            // SAFETY: the host's own callback on its own object, once.
            guard::quiet("release", || unsafe { release(self.object) });
        }
    }
}

fn bug(message: String) -> Error {
    Error::new(E_BUG, ORIGIN_HOST, message)
}

fn empty_error() -> Box<wb_fn_err> {
    Box::new(wb_fn_err { code: 0, message: [0; 1020] })
}

/// What a callback said, read no further than its buffer.
fn said(name: &str, rc: c_int, err: &wb_fn_err) -> Error {
    let mut bytes: Vec<u8> = err.message.iter().map(|c| c.cast_unsigned()).collect();
    if let Some(last) = bytes.last_mut() {
        *last = 0;
    }
    let text = CStr::from_bytes_until_nul(&bytes).map(CStr::to_string_lossy).unwrap_or_default();
    let code = if err.code != 0 { err.code } else { rc };
    let code = if code > 1 && ALL.contains(&code) { code } else { E_EXECUTION };
    let message = if text.is_empty() {
        format!("{name} failed without saying why")
    } else {
        text.into_owned()
    };
    Error::new(code, ORIGIN_HOST, message)
}

impl RelFn {
    /// Copies a description; owns the host's object from a success on.
    ///
    /// # Safety
    /// Every pointer of the description must be valid, as the contract says.
    pub unsafe fn read(raw: &wb_relation_fn) -> Result<Self> {
        // SAFETY: the caller's promise.
        let name = unsafe { raw.name.to_str()? }.to_string();
        let (Some(plan), Some(drop_call), Some(open)) = (raw.plan, raw.drop_call, raw.open) else {
            return Err(bug(format!("relation operator {name} lacks a callback")));
        };
        let (Some(scratch), Some(run), Some(close)) = (raw.scratch, raw.run, raw.close) else {
            return Err(bug(format!("relation operator {name} lacks a callback")));
        };
        if name.is_empty() {
            return Err(bug("a relation operator without a name".to_string()));
        }
        Ok(Self {
            name,
            identity: raw.identity,
            object: raw.self_,
            plan,
            drop_call,
            open,
            scratch,
            run,
            close,
            release: OnceLock::new(),
        })
    }

    /// The object is the session's from here on.
    pub fn own(&self, release: Option<Drops>) {
        if let Some(release) = release {
            let _ = self.release.set(release);
        }
    }
}

/// A literal argument, copied from the SQL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RelOption {
    pub name: String,
    pub r#type: i32,
    /// None: null
    pub text: Option<String>,
}

/// What a call wants of one input, copied.
#[derive(Debug)]
pub(crate) struct Wants {
    pub outputs: Vec<usize>,
    pub groups: Vec<usize>,
    pub values: Vec<usize>,
    pub order: Vec<Order>,
    pub flags: u32,
}

/// `wb_rel_order`, read.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub column: usize,
    pub descending: bool,
    pub nulls_first: bool,
}

/// One call in a plan.
pub(crate) struct RelCall {
    pub fun: Arc<RelFn>,
    pub left: Wants,
    pub right: Wants,
    /// left outputs, right outputs, computed columns
    pub fields: Fields,
    pub canonical: String,
    /// What the call was written with: what plans the call again.
    pub options: Vec<RelOption>,
    object: *mut c_void,
}

// SAFETY: the contract says that calls are immutable and thread-safe.
unsafe impl Send for RelCall {}
// SAFETY: as above.
unsafe impl Sync for RelCall {}

impl Drop for RelCall {
    fn drop(&mut self) {
        // SAFETY: the host's own callback on its own object, once.
        guard::quiet("release", || unsafe { (self.fun.drop_call)(self.object) });
    }
}

impl std::fmt::Debug for RelCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.fun.name, self.canonical)
    }
}

fn text_of(text: &str) -> wb_str {
    wb_str { p: text.as_ptr().cast(), n: text.len() }
}

unsafe fn indexes(p: *const u32, n: usize, width: usize) -> Result<Vec<usize>> {
    // SAFETY: the caller's promise.
    let raw = unsafe { slice_of(p, n)? };
    raw.iter().map(|index| checked(*index, width)).collect()
}

fn checked(index: u32, width: usize) -> Result<usize> {
    match usize::try_from(index) {
        Ok(index) if index < width => Ok(index),
        _ => Err(bug(format!("a relation operator asks for column {index} of {width}"))),
    }
}

unsafe fn wants(raw: &wb_rel_input, width: usize) -> Result<Wants> {
    // SAFETY: the contract says that the lists live as long as the call.
    let order: &[wb_rel_order] = unsafe { slice_of(raw.order, raw.n_order)? };
    let order = order.iter().map(|o| {
        let (descending, nulls_first) = (o.descending, o.nulls_first);
        Ok(Order { column: checked(o.column, width)?, descending, nulls_first })
    });
    Ok(Wants {
        // SAFETY: as above.
        outputs: unsafe { indexes(raw.outputs, raw.n_outputs, width)? },
        // SAFETY: as above.
        groups: unsafe { indexes(raw.groups, raw.n_groups, width)? },
        // SAFETY: as above.
        values: unsafe { indexes(raw.values, raw.n_values, width)? },
        order: order.collect::<Result<_>>()?,
        flags: raw.flags,
    })
}

fn no_input() -> wb_rel_input {
    wb_rel_input {
        outputs: std::ptr::null(),
        n_outputs: 0,
        groups: std::ptr::null(),
        n_groups: 0,
        values: std::ptr::null(),
        n_values: 0,
        order: std::ptr::null(),
        n_order: 0,
        flags: 0,
    }
}

impl RelCall {
    /// Asks the host for the plan of a call.
    pub fn plan(
        fun: &Arc<RelFn>,
        left: &Schema,
        right: &Schema,
        options: Vec<RelOption>,
    ) -> Result<Self> {
        let raw: Vec<wb_rel_option> = options
            .iter()
            .map(|o| wb_rel_option {
                name: text_of(&o.name),
                r#type: o.r#type,
                is_null: o.text.is_none(),
                text: text_of(o.text.as_deref().unwrap_or_default()),
            })
            .collect();
        let mut out = wb_rel_plan {
            left: no_input(),
            right: no_input(),
            schema: FFI_ArrowSchema::empty(),
            canonical: text_of(""),
            call: std::ptr::null_mut(),
        };
        let (ffi_left, ffi_right) =
            (FFI_ArrowSchema::try_from(left)?, FFI_ArrowSchema::try_from(right)?);
        let mut err = empty_error();
        guard::point("relation.plan");
        // SAFETY: the host's own callback on its own object; every pointer is to a live local,
        // and there are as many options as n says.
        let rc = unsafe {
            (fun.plan)(
                fun.object,
                &ffi_left,
                &ffi_right,
                raw.as_ptr(),
                raw.len(),
                &mut out,
                err.as_mut(),
            )
        };
        if rc != 0 {
            return Err(said(&fun.name, rc, &err));
        }
        // From here on the call is dropped whatever happens.
        let mut call = Self {
            fun: Arc::clone(fun),
            left: Wants::none(),
            right: Wants::none(),
            fields: Fields::empty(),
            canonical: String::new(),
            options,
            object: out.call,
        };
        // SAFETY: the contract says what plan answers, and how long it lives.
        call.left = unsafe { wants(&out.left, left.fields().len())? };
        // SAFETY: as above.
        call.right = unsafe { wants(&out.right, right.fields().len())? };
        // SAFETY: as above.
        call.canonical = unsafe { out.canonical.to_str()? }.to_string();
        // SAFETY: as above.
        call.fields = unsafe { stream::import_schema(&mut out.schema)? }.fields().clone();
        call.check(left, right)?;
        Ok(call)
    }

    fn check(&self, left: &Schema, right: &Schema) -> Result<()> {
        let name = &self.fun.name;
        let passed = self.left.outputs.len() + self.right.outputs.len();
        if self.fields.len() < passed || self.left.groups.len() != self.right.groups.len() {
            return Err(bug(format!("{name} planned outputs or groups that do not fit")));
        }
        let sides = [(&self.left.outputs, left), (&self.right.outputs, right)];
        let given = sides.iter().flat_map(|(outputs, schema)| {
            outputs.iter().filter_map(|index| schema.fields().get(*index))
        });
        for (field, given) in self.fields.iter().zip(given) {
            if field.data_type() != given.data_type() {
                let column = field.name();
                return Err(bug(format!("{name} gives column {column} another type")));
            }
        }
        Ok(())
    }

    /// The columns that run computes.
    pub fn computed(&self) -> &[Arc<Field>] {
        let passed = self.left.outputs.len() + self.right.outputs.len();
        self.fields.get(passed..).unwrap_or_default()
    }

    /// The state of one partition.
    pub fn open(self: &Arc<Self>) -> Result<RelState> {
        let mut state = std::ptr::null_mut();
        let mut err = empty_error();
        // SAFETY: the host's own callback on its own object.
        let rc = unsafe { (self.fun.open)(self.object, &mut state, err.as_mut()) };
        if rc != 0 {
            return Err(said(&self.fun.name, rc, &err));
        }
        Ok(RelState { call: Arc::clone(self), state })
    }
}

impl Wants {
    fn none() -> Self {
        Self {
            outputs: Vec::new(),
            groups: Vec::new(),
            values: Vec::new(),
            order: Vec::new(),
            flags: 0,
        }
    }
}

/// The host's state of one partition.
pub(crate) struct RelState {
    pub call: Arc<RelCall>,
    state: *mut c_void,
}

// SAFETY: the contract says that a state may move between threads.
unsafe impl Send for RelState {}

impl Drop for RelState {
    fn drop(&mut self) {
        // SAFETY: the host's own callback on its own state, once.
        guard::quiet("release", || unsafe { (self.call.fun.close)(self.state) });
    }
}

/// Whole groups of both inputs.
pub(crate) struct Chunk<'a> {
    pub left_offsets: &'a [i64],
    pub right_offsets: &'a [i64],
    pub left: &'a [ArrayRef],
    pub right: &'a [ArrayRef],
    pub stop: Option<&'a CancelToken>,
}

/// What the host asks a chunk's `stop`.
unsafe extern "C" fn stopped(stop: *const c_void) -> bool {
    // SAFETY: it is NULL, or the token of the chunk, which lives as long as the call.
    unsafe { stop.cast::<CancelToken>().as_ref() }.is_some_and(CancelToken::is_fired)
}

fn pointers(arrays: &[FFI_ArrowArray]) -> Vec<*const FFI_ArrowArray> {
    arrays.iter().map(std::ptr::from_ref).collect()
}

fn exported(arrays: &[ArrayRef]) -> Vec<FFI_ArrowArray> {
    arrays.iter().map(|a| FFI_ArrowArray::new(&a.to_data())).collect()
}

impl RelState {
    /// Bytes for a chunk of so many rows.
    pub fn scratch(&self, left: usize, right: usize) -> usize {
        let rows = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        // SAFETY: the host's own callback on its own state.
        let bytes = unsafe { (self.call.fun.scratch)(self.state, rows(left), rows(right)) };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Left rows, right rows, and the computed columns.
    pub fn run(&mut self, chunk: &Chunk<'_>) -> Result<StructArray> {
        let (left, right) = (exported(chunk.left), exported(chunk.right));
        let (left, right) = (pointers(&left), pointers(&right));
        let raw = wb_rel_chunk {
            n_groups: chunk.left_offsets.len().saturating_sub(1),
            left_offsets: chunk.left_offsets.as_ptr(),
            right_offsets: chunk.right_offsets.as_ptr(),
            left: left.as_ptr(),
            right: right.as_ptr(),
            stopped: Some(stopped),
            stop: chunk.stop.map_or(std::ptr::null(), |token| std::ptr::from_ref(token).cast()),
        };
        let name = &self.call.fun.name;
        let mut out = FFI_ArrowArray::empty();
        let mut err = empty_error();
        guard::point("relation.run");
        // SAFETY: the host's own callback on its own state; every pointer is to something that
        // lives until the call returns.
        let rc = unsafe { (self.call.fun.run)(self.state, &raw, &mut out, err.as_mut()) };
        if rc != 0 {
            return Err(said(name, rc, &err));
        }
        let mut fields = vec![
            Arc::new(Field::new("left", DataType::Int64, false)),
            Arc::new(Field::new("right", DataType::Int64, true)),
        ];
        fields.extend(self.call.computed().iter().map(Arc::clone));
        let want = DataType::Struct(fields.into());
        let context = |e: Error| bug(format!("{name} returned a bad array: {}", e.message));
        // SAFETY: the contract says that the result follows the C data interface.
        unsafe { layout::check(&out, &want) }.map_err(context)?;
        // SAFETY: as above, and the shape was checked just now.
        let data = unsafe { from_ffi_and_data_type(out, want) };
        let data = data.map_err(|e| context(e.into()))?;
        data.validate_full().map_err(|e| context(e.into()))?;
        let array = make_array(data);
        match array.as_any().downcast_ref::<StructArray>() {
            Some(rows) => Ok(rows.clone()),
            None => Err(Error::new(E_BUG, ORIGIN_BRIDGE, "a struct is no struct")),
        }
    }
}
