//! Accumulators of aggregates of the host: the engine's traits over the host's callbacks.

use std::ffi::c_void;
use std::fmt;
use std::mem::size_of;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Fields};
use arrow::ffi::FFI_ArrowArray;
use datafusion::common::ScalarValue;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion::physical_expr::expressions::Literal;

use crate::edge::guard;
use crate::edge::abi::wb_fn_err;
use crate::edge::codes::E_BUG;
use crate::edge::error::{Error, ORIGIN_BRIDGE, ORIGIN_HOST, Result};
use crate::function::aggregate_call::{Call, Emit, HostAgg};
use crate::function::call::{export_array, given_back_array, host_error, place, plan_error};

// Numbers of groups go to the host as they are.
const _: () = assert!(size_of::<usize>() == size_of::<u64>());

/// One accumulator of the host.
pub struct Acc {
    agg: Arc<HostAgg>,
    call: Arc<Call>,
    /// Types in which the arguments come.
    given: Vec<FieldRef>,
    result: DataType,
    state_fields: Fields,
    retracts: bool,
    object: *mut c_void,
}

// SAFETY: the contract says that an accumulator may go from thread to thread; every call that
// changes it needs `&mut self`.
unsafe impl Send for Acc {}
// SAFETY: through `&self` it is only asked for its size, which the contract allows at any time.
unsafe impl Sync for Acc {}

impl Drop for Acc {
    fn drop(&mut self) {
        // SAFETY: the host's own callback on what its `open` made, once; `call` is still there.
        guard::quiet("udaf.close", || unsafe {
            (self.agg.ops.close)(self.agg.object, self.object);
        });
    }
}

impl fmt::Debug for Acc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acc").field("name", &self.agg.spec.name).finish_non_exhaustive()
    }
}

/// The literals among the arguments, in the types in which they reach the host.
fn literals(
    agg: &HostAgg,
    args: &AccumulatorArgs<'_>,
    given: &[FieldRef],
) -> Result<Vec<Option<ScalarValue>>> {
    let mut out = Vec::with_capacity(given.len());
    for (ord, (expr, field)) in args.exprs.iter().zip(given).enumerate() {
        let literal = expr.downcast_ref::<Literal>();
        if literal.is_none() && agg.spec.param(ord).is_some_and(|param| param.literal) {
            return Err(plan_error(format!("{} must be a literal", place(&agg.spec, ord))));
        }
        out.push(match literal {
            Some(literal) => Some(literal.value().cast_to(field.data_type())?),
            None => None,
        });
    }
    Ok(out)
}

/// Arrays for a callback: exported, and the list of pointers to them.
struct Arrays {
    list: Vec<*const FFI_ArrowArray>,
    _arrays: Vec<FFI_ArrowArray>,
}

impl Arrays {
    fn new(arrays: Vec<FFI_ArrowArray>) -> Self {
        Self { list: arrays.iter().map(std::ptr::from_ref).collect(), _arrays: arrays }
    }
}

fn bug(message: String) -> Error {
    Error::new(E_BUG, ORIGIN_BRIDGE, message)
}

fn count(rows: usize) -> Result<i64> {
    i64::try_from(rows).map_err(|_| plan_error("too many rows".to_string()))
}

fn same_length(what: &str, rows: usize, groups: usize) -> Result<()> {
    if rows == groups {
        return Ok(());
    }
    Err(bug(format!("{what} for {groups} rows has {rows}")))
}

impl Acc {
    /// Opens an accumulator for one use in a plan.
    pub fn open(agg: &Arc<HostAgg>, args: &AccumulatorArgs<'_>, retracts: bool) -> Result<Self> {
        let given = agg.given_fields(args.expr_fields)?;
        let literals = literals(agg, args, &given)?;
        let result = args.return_field.data_type().clone();
        let call = Call::new(&given, &literals, args.ignore_nulls, args.is_distinct)?;
        let state_fields = agg.state_fields(&call)?;
        Self::start(Arc::clone(agg), Arc::new(call), given, result, state_fields, retracts)
    }

    fn start(
        agg: Arc<HostAgg>,
        call: Arc<Call>,
        given: Vec<FieldRef>,
        result: DataType,
        state_fields: Fields,
        retracts: bool,
    ) -> Result<Self> {
        let mut object = std::ptr::null_mut();
        let mut err = wb_fn_err::empty();
        guard::point("udaf.call");
        // SAFETY: the host's own callback on its own object; the call lives as long as what is
        // opened, and stays where it is on the heap.
        let rc = unsafe {
            (agg.ops.open)(agg.object, call.raw(), retracts, &mut object, err.as_mut())
        };
        if rc != 0 {
            return Err(host_error(&agg.spec, rc, &err));
        }
        if object.is_null() {
            let message = format!("aggregate {} gave no accumulator", agg.spec.name);
            return Err(Error::new(E_BUG, ORIGIN_HOST, message));
        }
        Ok(Self { agg, call, given, result, state_fields, retracts, object })
    }

    fn arguments(&self, values: &[ArrayRef]) -> Result<(Arrays, usize)> {
        if values.len() != self.given.len() {
            let (has, want) = (values.len(), self.given.len());
            return Err(bug(format!("{}: {has} arguments, not {want}", self.agg.spec.name)));
        }
        let rows = values.first().map_or(0, Array::len);
        let mut arrays = Vec::with_capacity(values.len());
        for (ord, (array, field)) in values.iter().zip(&self.given).enumerate() {
            same_length("an argument", array.len(), rows)?;
            let want = field.data_type();
            let literal = self.agg.spec.param(ord).is_some_and(|param| param.literal);
            if array.data_type() == want {
                arrays.push(export_array(array));
            } else if literal {
                arrays.push(export_array(&cast(array, want)?));
            } else {
                let (place, has) = (place(&self.agg.spec, ord), array.data_type());
                return Err(bug(format!("{place} is {has} where the plan said {want}")));
            }
        }
        Ok((Arrays::new(arrays), rows))
    }

    fn done(&self, rc: i32, err: &wb_fn_err) -> Result<()> {
        if rc == 0 { Ok(()) } else { Err(host_error(&self.agg.spec, rc, err)) }
    }

    fn update(
        &mut self,
        values: &[ArrayRef],
        groups: Option<&[usize]>,
        filter: Option<&BooleanArray>,
        n_groups: usize,
    ) -> Result<()> {
        let (args, rows) = self.arguments(values)?;
        if let Some(groups) = groups {
            same_length("an argument", rows, groups.len())?;
        }
        if let Some(filter) = filter {
            same_length("a filter", filter.len(), rows)?;
        }
        let filter = filter.map(|filter| FFI_ArrowArray::new(&filter.to_data()));
        let mut err = wb_fn_err::empty();
        guard::point("udaf.call");
        // SAFETY: the host's own callbacks on its own objects; every pointer is to something
        // that lives until the call returns, with `rows` elements; usize is u64 here.
        let rc = unsafe {
            (self.agg.ops.update)(
                self.agg.object,
                self.object,
                args.list.as_ptr(),
                count(rows)?,
                groups.map_or(std::ptr::null(), |groups| groups.as_ptr().cast::<u64>()),
                filter.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
                n_groups as u64,
                err.as_mut(),
            )
        };
        self.done(rc, &err)
    }

    fn retract(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(retract) = self.agg.ops.retract.filter(|_| self.retracts) else {
            return Err(bug(format!("{} cannot take rows away", self.agg.spec.name)));
        };
        let (args, rows) = self.arguments(values)?;
        let mut err = wb_fn_err::empty();
        guard::point("udaf.call");
        // SAFETY: as for update.
        let rc = unsafe {
            retract(
                self.agg.object,
                self.object,
                args.list.as_ptr(),
                count(rows)?,
                err.as_mut(),
            )
        };
        self.done(rc, &err)
    }

    fn merge(
        &mut self,
        states: &[ArrayRef],
        groups: Option<&[usize]>,
        n_groups: usize,
    ) -> Result<()> {
        let state = StructArray::try_new(self.state_fields.clone(), states.to_vec(), None)?;
        if let Some(groups) = groups {
            same_length("a state", state.len(), groups.len())?;
        }
        let state = FFI_ArrowArray::new(&state.into_data());
        let mut err = wb_fn_err::empty();
        guard::point("udaf.call");
        // SAFETY: as for update.
        let rc = unsafe {
            (self.agg.ops.merge)(
                self.agg.object,
                self.object,
                &state,
                groups.map_or(std::ptr::null(), |groups| groups.as_ptr().cast::<u64>()),
                n_groups as u64,
                err.as_mut(),
            )
        };
        self.done(rc, &err)
    }

    fn emit(&mut self, emit: Emit, n: usize, keep: bool, want: &DataType) -> Result<ArrayRef> {
        let mut out = FFI_ArrowArray::empty();
        let mut err = wb_fn_err::empty();
        guard::point("udaf.call");
        // SAFETY: as for update.
        let rc = unsafe {
            emit(self.agg.object, self.object, n as u64, keep, &mut out, err.as_mut())
        };
        self.done(rc, &err)?;
        given_back_array(&self.agg.spec, out, want, n, self.agg.validate_full)
    }

    fn results(&mut self, n: usize, keep: bool) -> Result<ArrayRef> {
        let want = self.result.clone();
        self.emit(self.agg.ops.evaluate, n, keep, &want)
    }

    fn states(&mut self, n: usize, keep: bool) -> Result<Vec<ArrayRef>> {
        let want = DataType::Struct(self.state_fields.clone());
        let state = self.emit(self.agg.ops.state, n, keep, &want)?;
        self.columns(&state)
    }

    fn columns(&self, state: &ArrayRef) -> Result<Vec<ArrayRef>> {
        if state.null_count() > 0 {
            let message = format!("aggregate {}: a state is null as a whole", self.agg.spec.name);
            return Err(Error::new(E_BUG, ORIGIN_HOST, message));
        }
        Ok(state.as_struct().columns().to_vec())
    }

    fn convert(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let Some(convert) = self.agg.ops.convert else {
            return self.convert_by_groups(values, filter);
        };
        let (args, rows) = self.arguments(values)?;
        let filter = filter.map(|filter| FFI_ArrowArray::new(&filter.to_data()));
        let mut out = FFI_ArrowArray::empty();
        let mut err = wb_fn_err::empty();
        guard::point("udaf.call");
        // SAFETY: as for update.
        let rc = unsafe {
            convert(
                self.agg.object,
                self.call.raw(),
                args.list.as_ptr(),
                count(rows)?,
                filter.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
                &mut out,
                err.as_mut(),
            )
        };
        self.done(rc, &err)?;
        let want = DataType::Struct(self.state_fields.clone());
        let full = self.agg.validate_full;
        self.columns(&given_back_array(&self.agg.spec, out, &want, rows, full)?)
    }

    /// With an accumulator that has a group for each row.
    fn convert_by_groups(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, Array::len);
        let groups: Vec<usize> = (0..rows).collect();
        let (agg, call) = (Arc::clone(&self.agg), Arc::clone(&self.call));
        let (given, fields) = (self.given.clone(), self.state_fields.clone());
        let mut one_each = Self::start(agg, call, given, self.result.clone(), fields, false)?;
        one_each.update(values, Some(&groups), filter, rows)?;
        one_each.states(rows, false)
    }

    fn bytes(&self) -> usize {
        // SAFETY: the host's own callback on its own objects.
        let held = unsafe { (self.agg.ops.size)(self.agg.object, self.object) };
        size_of::<Self>().saturating_add(usize::try_from(held).unwrap_or(usize::MAX))
    }
}

fn df<T>(result: Result<T>) -> DfResult<T> {
    result.map_err(Error::into_df)
}

/// One group: plain aggregates, and windows, which ask again after more rows.
impl Accumulator for Acc {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        df(guard::catch("udaf.update", || self.update(values, None, None, 1)))
    }

    fn evaluate(&mut self) -> DfResult<ScalarValue> {
        df(guard::catch("udaf.evaluate", || {
            Ok(ScalarValue::try_from_array(&self.results(1, true)?, 0)?)
        }))
    }

    fn size(&self) -> usize {
        self.bytes()
    }

    fn state(&mut self) -> DfResult<Vec<ScalarValue>> {
        df(guard::catch("udaf.state", || {
            let columns = self.states(1, true)?;
            let values = columns.iter().map(|column| Ok(ScalarValue::try_from_array(column, 0)?));
            values.collect()
        }))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DfResult<()> {
        df(guard::catch("udaf.merge", || self.merge(states, None, 1)))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DfResult<()> {
        df(guard::catch("udaf.retract", || self.retract(values)))
    }

    fn supports_retract_batch(&self) -> bool {
        self.retracts && self.agg.ops.retract.is_some()
    }
}

/// Many groups.
pub struct GroupsAcc {
    acc: Acc,
    /// How many there are now.
    groups: usize,
}

impl GroupsAcc {
    pub fn new(acc: Acc) -> Self {
        Self { acc, groups: 0 }
    }

    /// How many groups are given out; they are gone then.
    fn take(&mut self, emit_to: EmitTo) -> usize {
        let n = match emit_to {
            EmitTo::All => self.groups,
            EmitTo::First(n) => n,
        };
        self.groups = self.groups.saturating_sub(n);
        n
    }
}

impl GroupsAccumulator for GroupsAcc {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> DfResult<()> {
        self.groups = total_num_groups;
        df(guard::catch("udaf.update", || {
            self.acc.update(values, Some(group_indices), opt_filter, total_num_groups)
        }))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DfResult<ArrayRef> {
        let n = self.take(emit_to);
        df(guard::catch("udaf.evaluate", || self.acc.results(n, false)))
    }

    fn state(&mut self, emit_to: EmitTo) -> DfResult<Vec<ArrayRef>> {
        let n = self.take(emit_to);
        df(guard::catch("udaf.state", || self.acc.states(n, false)))
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> DfResult<()> {
        self.groups = total_num_groups;
        df(guard::catch("udaf.merge", || {
            self.acc.merge(values, Some(group_indices), total_num_groups)
        }))
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> DfResult<Vec<ArrayRef>> {
        df(guard::catch("udaf.convert", || self.acc.convert(values, opt_filter)))
    }

    fn size(&self) -> usize {
        self.acc.bytes()
    }
}
