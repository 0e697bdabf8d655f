//! Arrow IPC out to a file descriptor.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;

use arrow::ffi_stream::FFI_ArrowArrayStream;
use arrow::ipc::writer::StreamWriter;

use crate::guard;
use crate::abi::wb_err;
use crate::codes::E_BAD_VALUE;
use crate::error::{Error, ORIGIN_BRIDGE, Result};
use crate::stream::{ImportedStream, import_stream};

fn write(mut stream: ImportedStream, file: &File) -> Result<()> {
    let mut writer = StreamWriter::try_new(BufWriter::new(file), &stream.schema())?;
    while let Some(batch) = stream.next_batch() {
        writer.write(&batch?)?;
    }
    writer.finish()?;
    writer.into_inner()?.flush()?;
    Ok(())
}

/// Writes the stream as Arrow IPC stream format to a file descriptor (not closed). Takes the
/// stream.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_ipc_write(
    take: *mut FFI_ArrowArrayStream,
    fd: i32,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_ipc_write", err, || {
        // SAFETY: the contract says that take holds a stream.
        let stream = unsafe { import_stream(take)? };
        if fd < 0 {
            let message = format!("{fd} is not a file descriptor");
            return Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message));
        }
        // SAFETY: the descriptor is the caller's and open; it is not closed here.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
        write(stream, &file)
    })
}
