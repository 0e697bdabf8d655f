//! Record batches across the border, both ways, as Arrow C streams.
//!
//! The callbacks of arrow-rs would abort the process on a panic; these are our own.

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, RecordBatchOptions, StructArray};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow::ffi_stream::FFI_ArrowArrayStream;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;

use crate::edge::guard;
use crate::edge::codes::{E_BAD_VALUE, E_BUG, E_CANCELLED, E_ENGINE, E_MEMORY, E_NO_MEMORY};
use crate::edge::error::{Error, ORIGIN_BRIDGE, ORIGIN_HOST, Result};
use crate::runtime::threads::{CancelToken, RtInner, until};

/// Where an exported stream gets its batches.
enum Source {
    Live {
        // Dropped in this order: the stream before what it runs on.
        stream: Option<SendableRecordBatchStream>,
        cancel: Option<CancelToken>,
        _keep: Box<dyn Any + Send>,
        rt: Arc<RtInner>,
    },
    Ready(std::vec::IntoIter<RecordBatch>),
}

struct Private {
    schema: SchemaRef,
    source: Source,
    failed: Option<Error>,
    text: Option<CString>,
}

/// Gives the caller an empty stream, so that a failure after this leaves nothing to release.
///
/// # Safety
/// `out` must be NULL or writable; what is in it is not released.
pub unsafe fn zero(out: *mut FFI_ArrowArrayStream) -> Result<()> {
    if out.is_null() {
        return Err(Error::new(E_BUG, ORIGIN_BRIDGE, "a stream to fill is NULL"));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    unsafe { out.write(FFI_ArrowArrayStream::empty()) };
    Ok(())
}

/// Exports a running stream. `keep` lives as long as the exported stream does.
///
/// # Safety
/// `out` must be writable; what is in it is not released.
pub unsafe fn export_stream(
    rt: &Arc<RtInner>,
    stream: SendableRecordBatchStream,
    cancel: Option<CancelToken>,
    keep: Box<dyn Any + Send>,
    out: *mut FFI_ArrowArrayStream,
) -> Result<()> {
    let schema = stream.schema();
    let rt = Arc::clone(rt);
    let source = Source::Live { stream: Some(stream), cancel, _keep: keep, rt };
    // SAFETY: the caller's promise.
    unsafe { export(schema, source, out) }
}

/// Exports batches that are there.
///
/// # Safety
/// `out` must be writable; what is in it is not released.
pub unsafe fn export_batches(
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    out: *mut FFI_ArrowArrayStream,
) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { export(schema, Source::Ready(batches.into_iter()), out) }
}

unsafe fn export(schema: SchemaRef, source: Source, out: *mut FFI_ArrowArrayStream) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { zero(out)? };
    let private = Box::new(Private { schema, source, failed: None, text: None });
    let stream = FFI_ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release),
        private_data: Box::into_raw(private).cast::<c_void>(),
    };
    // SAFETY: checked by zero; the empty stream in it has nothing to drop.
    unsafe { out.write(stream) };
    Ok(())
}

/// The private part of one of our streams.
///
/// # Safety
/// `stream` must be NULL or one of ours; nobody else may use it meanwhile.
unsafe fn private<'a>(stream: *mut FFI_ArrowArrayStream) -> Option<&'a mut Private> {
    // SAFETY: the caller's promise.
    let stream = unsafe { stream.as_mut()? };
    stream.release?;
    // SAFETY: export put a Private there, release takes it out.
    unsafe { stream.private_data.cast::<Private>().as_mut() }
}

impl Private {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match &mut self.source {
            Source::Ready(batches) => Ok(batches.next()),
            Source::Live { stream: slot, cancel, rt, .. } => {
                let Some(stream) = slot.as_mut() else { return Ok(None) };
                let step = async {
                    match stream.next().await {
                        None => Ok(None),
                        Some(batch) => Ok(Some(batch?)),
                    }
                };
                let batch = rt.block_on(until(cancel.as_ref(), step))?;
                if !matches!(batch, Ok(Some(_))) {
                    // The end of the work is now, not when the caller gets round to releasing.
                    let _inside = rt.handle().enter();
                    *slot = None;
                }
                batch
            }
        }
    }

    fn fail(&mut self, error: Error) -> c_int {
        let mut bytes = error.stream_text().into_bytes();
        bytes.retain(|byte| *byte != 0);
        self.text = CString::new(bytes).ok();
        let errno = match error.code {
            E_CANCELLED => libc::ECANCELED,
            E_MEMORY | E_NO_MEMORY => libc::ENOMEM,
            E_BAD_VALUE => libc::EINVAL,
            _ => libc::EIO,
        };
        self.failed = Some(error);
        errno
    }
}

unsafe extern "C" fn get_schema(
    stream: *mut FFI_ArrowArrayStream,
    out: *mut FFI_ArrowSchema,
) -> c_int {
    // SAFETY: the consumer of a stream passes that stream.
    let Some(private) = (unsafe { private(stream) }) else { return libc::EINVAL };
    let schema = Arc::clone(&private.schema);
    // SAFETY: the consumer passes a writable struct.
    let result = guard::catch("stream.get_schema", || unsafe { export_schema(&schema, out) });
    match result {
        Ok(()) => 0,
        Err(error) => private.fail(error),
    }
}

unsafe extern "C" fn get_next(
    stream: *mut FFI_ArrowArrayStream,
    out: *mut FFI_ArrowArray,
) -> c_int {
    if out.is_null() {
        return libc::EINVAL;
    }
    // SAFETY: not NULL; the consumer passes a writable struct.
    unsafe { out.write(FFI_ArrowArray::empty()) };
    // SAFETY: the consumer of a stream passes that stream.
    let Some(private) = (unsafe { private(stream) }) else { return libc::EINVAL };
    let result = guard::catch("stream.get_next", || {
        guard::point("stream.get_next");
        let Some(batch) = private.next()? else { return Ok(()) };
        let array = FFI_ArrowArray::new(&StructArray::from(batch).to_data());
        // SAFETY: as above; the empty array in it has nothing to drop.
        unsafe { out.write(array) };
        Ok(())
    });
    match result {
        Ok(()) => 0,
        Err(error) => {
            if let Source::Live { stream: slot, rt, .. } = &mut private.source {
                // After a panic even dropping may panic.
                let stream = slot.take();
                guard::quiet("stream.drop", || {
                    let _inside = rt.handle().enter();
                    drop(stream);
                });
            }
            private.fail(error)
        }
    }
}

unsafe extern "C" fn get_last_error(stream: *mut FFI_ArrowArrayStream) -> *const c_char {
    // SAFETY: the consumer of a stream passes that stream.
    let private = unsafe { private(stream) };
    match private.and_then(|p| p.text.as_ref()) {
        Some(text) => text.as_ptr(),
        None => std::ptr::null(),
    }
}

unsafe extern "C" fn release(stream: *mut FFI_ArrowArrayStream) {
    // SAFETY: the consumer of a stream passes that stream.
    let Some(stream) = (unsafe { stream.as_mut() }) else { return };
    if stream.release.take().is_none() {
        return;
    }
    let data = std::mem::replace(&mut stream.private_data, std::ptr::null_mut());
    stream.get_schema = None;
    stream.get_next = None;
    stream.get_last_error = None;
    // SAFETY: export put a Private there; release was set, so nobody took it yet.
    let private = unsafe { Box::from_raw(data.cast::<Private>()) };
    guard::quiet("release", move || {
        // Streams that were not read to the end abort tasks: those live on the runtime.
        if let Source::Live { rt, .. } = &private.source {
            let rt = Arc::clone(rt);
            let _inside = rt.handle().enter();
            drop(private);
        } else {
            drop(private);
        }
    });
}

/// A stream of the caller, which is released with this.
pub struct ImportedStream {
    stream: FFI_ArrowArrayStream,
    schema: SchemaRef,
    done: bool,
}

/// Takes the caller's stream over: theirs is empty after this, even on failure.
///
/// # Safety
/// `take` must be NULL or hold a stream that follows the Arrow C stream interface and may be
/// used from any one thread at a time.
pub unsafe fn import_stream(take: *mut FFI_ArrowArrayStream) -> Result<ImportedStream> {
    // SAFETY: the caller's promise.
    let mut stream = unsafe { take_stream(take)? };
    let schema = schema_of(&mut stream)?;
    Ok(ImportedStream { stream, schema, done: false })
}

/// Takes the caller's stream over without asking it anything: theirs is empty after this.
///
/// # Safety
/// As `import_stream`.
pub unsafe fn take_stream(take: *mut FFI_ArrowArrayStream) -> Result<FFI_ArrowArrayStream> {
    let bad = |what: &str| Error::new(E_BAD_VALUE, ORIGIN_HOST, what);
    if take.is_null() {
        return Err(bad("the stream is NULL"));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(take) };
    if stream.release.is_none() {
        return Err(bad("the stream was released already"));
    }
    Ok(stream)
}

/// Asks a stream for all it has. It stays, and may be asked again.
pub fn read_all(stream: &mut FFI_ArrowArrayStream) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let schema = schema_of(stream)?;
    let mut batches = Vec::new();
    while let Some(batch) = next_of(stream, &schema)? {
        batches.push(batch);
    }
    Ok((schema, batches))
}

fn schema_of(stream: &mut FFI_ArrowArrayStream) -> Result<SchemaRef> {
    let bad = |what: &str| Error::new(E_BAD_VALUE, ORIGIN_HOST, what);
    let Some(get_schema) = stream.get_schema else {
        return Err(bad("the stream has no get_schema"));
    };
    let mut schema = FFI_ArrowSchema::empty();
    // SAFETY: a live stream and a writable struct.
    let rc = unsafe { get_schema(stream, &mut schema) };
    if rc != 0 {
        return Err(host_error(stream, rc));
    }
    if schema.release.is_none() {
        return Err(bad("the stream gave no schema"));
    }
    Ok(Arc::new(Schema::try_from(&schema)?))
}

fn next_of(stream: &mut FFI_ArrowArrayStream, schema: &SchemaRef) -> Result<Option<RecordBatch>> {
    let Some(get_next) = stream.get_next else { return Ok(None) };
    let mut array = FFI_ArrowArray::empty();
    // SAFETY: a live stream and a writable struct.
    let rc = unsafe { get_next(stream, &mut array) };
    if rc != 0 {
        return Err(host_error(stream, rc));
    }
    if array.is_released() {
        return Ok(None);
    }
    let struct_type = DataType::Struct(schema.fields().clone());
    // SAFETY: the stream gave it.
    unsafe { crate::edge::layout::check(&array, &struct_type)? };
    // SAFETY: the interface says that the array has the stream's type; checked as
    // far as that can be.
    let data = unsafe { from_ffi_and_data_type(array, struct_type)? };
    data.validate()?;
    let rows = data.len();
    if data.nulls().is_some_and(|nulls| nulls.null_count() > 0) {
        let message = "the input stream has a null row on top";
        return Err(Error::new(E_BAD_VALUE, ORIGIN_HOST, message));
    }
    let columns = StructArray::from(data).into_parts().1;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(Some(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?))
}

fn host_error(stream: &mut FFI_ArrowArrayStream, rc: c_int) -> Error {
    if let Some(get_last_error) = stream.get_last_error {
        // SAFETY: a live stream; the text is valid until its next call.
        let text = unsafe { get_last_error(stream) };
        if !text.is_null() {
            // SAFETY: not NULL, NUL-terminated by the interface.
            let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
            return Error::from_stream_text(&text, E_ENGINE, ORIGIN_HOST);
        }
    }
    let text = std::io::Error::from_raw_os_error(rc).to_string();
    Error::new(E_ENGINE, ORIGIN_HOST, format!("the input stream failed: {text}"))
}

impl ImportedStream {
    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next batch, checked; None at the end and after an error.
    pub fn next_batch(&mut self) -> Option<Result<RecordBatch>> {
        if self.done {
            return None;
        }
        let result = self.pull().transpose();
        if !matches!(result, Some(Ok(_))) {
            self.done = true;
        }
        result
    }

    fn pull(&mut self) -> Result<Option<RecordBatch>> {
        next_of(&mut self.stream, &self.schema)
    }
}

/// Reads a schema and releases it: the caller's is empty after this, even on failure.
///
/// # Safety
/// `take` must be NULL or hold a schema that follows the Arrow C data interface.
pub unsafe fn import_schema(take: *mut FFI_ArrowSchema) -> Result<SchemaRef> {
    if take.is_null() {
        return Err(Error::new(E_BUG, ORIGIN_BRIDGE, "the schema is NULL"));
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    let schema = unsafe { FFI_ArrowSchema::from_raw(take) };
    // SAFETY: a live local.
    unsafe { borrow_schema(&schema) }
}

/// Reads a schema that stays the caller's.
///
/// # Safety
/// `schema` must be NULL or point to a schema that follows the Arrow C data interface.
pub unsafe fn borrow_schema(schema: *const FFI_ArrowSchema) -> Result<SchemaRef> {
    // SAFETY: the caller's promise.
    match unsafe { schema.as_ref() } {
        Some(schema) if schema.release.is_some() && !schema.format.is_null() => {
            Ok(Arc::new(Schema::try_from(schema)?))
        }
        _ => Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, "the schema is NULL or released")),
    }
}

/// Writes a schema for the caller.
///
/// # Safety
/// `out` must be NULL or writable; what is in it is not released.
pub unsafe fn export_schema(schema: &Schema, out: *mut FFI_ArrowSchema) -> Result<()> {
    // SAFETY: the caller's promise.
    unsafe { crate::edge::given::zero_schema(out)? };
    let schema = FFI_ArrowSchema::try_from(schema)?;
    // SAFETY: not NULL, as checked just now; the empty one in it has nothing to drop.
    unsafe { out.write(schema) };
    Ok(())
}
