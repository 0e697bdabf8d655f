//! Arrow IPC out to a file descriptor.

use std::fs::File;
use std::io::{BufWriter, Write};

use arrow::ipc::writer::StreamWriter;

use crate::edge::error::Result;
use crate::runtime::stream::ImportedStream;

pub(crate) fn write(mut stream: ImportedStream, file: &File) -> Result<()> {
    let mut writer = StreamWriter::try_new(BufWriter::new(file), &stream.schema())?;
    while let Some(batch) = stream.next_batch() {
        writer.write(&batch?)?;
    }
    writer.finish()?;
    writer.into_inner()?.flush()?;
    Ok(())
}
