//! Checks that an array of the caller has the shape of its type, before anything of it is read:
//! the importer of arrow-rs trusts it and would panic or read what is not there.

use arrow::datatypes::{DataType, UnionMode};
use arrow::ffi::FFI_ArrowArray;

use crate::edge::codes::E_BAD_VALUE;
use crate::edge::error::{Error, ORIGIN_HOST, Result};
use crate::edge::given::slice_of;

/// Deeper types are not taken from callers.
const MAX_DEPTH: u32 = 64;

fn bad(data_type: &DataType, what: &str) -> Error {
    let message = format!("an array given as {data_type} {what}");
    Error::new(E_BAD_VALUE, ORIGIN_HOST, message)
}

/// How many buffers a type has (at least, for views, which end with a buffer of sizes).
fn buffers(data_type: &DataType) -> (i64, bool) {
    match data_type {
        DataType::Null | DataType::RunEndEncoded(..) => (0, false),
        // A sparse union has only its type ids, the others only their validity.
        DataType::Struct(_)
        | DataType::FixedSizeList(..)
        | DataType::Union(_, UnionMode::Sparse) => (1, false),
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::ListView(_)
        | DataType::LargeListView(_) => (3, false),
        DataType::Utf8View | DataType::BinaryView => (3, true),
        _ => (2, false),
    }
}

/// BAD_VALUE unless the array, its children and its dictionary have the shape of the type.
///
/// # Safety
/// The array must follow the Arrow C data interface: as many buffers and children as it says.
pub unsafe fn check(array: &FFI_ArrowArray, data_type: &DataType) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { check_at(array, data_type, 0) }
}

unsafe fn check_at(array: &FFI_ArrowArray, data_type: &DataType, depth: u32) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(bad(data_type, "is nested too deep"));
    }
    if array.release.is_none() {
        return Err(bad(data_type, "was released"));
    }
    if array.length < 0 || array.offset < 0 || array.null_count < -1 {
        return Err(bad(data_type, "has a negative length, offset or null count"));
    }
    if array.length.checked_add(array.offset).is_none() {
        return Err(bad(data_type, "is longer than can be"));
    }
    let (want, at_least) = buffers(data_type);
    if array.n_buffers < want || (array.n_buffers > want && !at_least) {
        let what = format!("has {} buffers, not {want}", array.n_buffers);
        return Err(bad(data_type, &what));
    }
    if want > 0 && array.buffers.is_null() {
        return Err(bad(data_type, "has no list of buffers"));
    }
    // SAFETY: the caller's promise.
    unsafe { children(array, data_type, depth) }
}

unsafe fn children(array: &FFI_ArrowArray, data_type: &DataType, depth: u32) -> Result<()> {
    let types: Vec<&DataType> = match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => vec![field.data_type()],
        DataType::Struct(fields) => fields.iter().map(|f| f.data_type()).collect(),
        DataType::Union(fields, _) => fields.iter().map(|(_, f)| f.data_type()).collect(),
        DataType::RunEndEncoded(ends, values) => vec![ends.data_type(), values.data_type()],
        _ => Vec::new(),
    };
    if usize::try_from(array.n_children) != Ok(types.len()) {
        let what = format!("has {} children, not {}", array.n_children, types.len());
        return Err(bad(data_type, &what));
    }
    // SAFETY: the interface says that there are n_children.
    let pointers = unsafe { slice_of(array.children.cast_const(), types.len())? };
    for (pointer, child_type) in pointers.iter().zip(types) {
        // SAFETY: the interface says that children are valid.
        let child = unsafe { pointer.as_ref() };
        let child = child.ok_or_else(|| bad(data_type, "has a child that is NULL"))?;
        // SAFETY: the caller's promise.
        unsafe { check_at(child, child_type, depth + 1)? };
    }
    if let DataType::Dictionary(_, values) = data_type {
        // SAFETY: the interface says that a dictionary is valid.
        let dictionary = unsafe { array.dictionary.as_ref() };
        let dictionary = dictionary.ok_or_else(|| bad(data_type, "has no dictionary"))?;
        // SAFETY: the caller's promise.
        unsafe { check_at(dictionary, values, depth + 1)? };
    }
    Ok(())
}
