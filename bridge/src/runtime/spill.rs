//! Where executions spill: a folder `weir-spill-*` below the caller's, made when the first of them
//! has to, and removed with the last file in it. The caller's own folder is never made. The folder
//! is locked as long as it is in use: one that nobody holds was left by a process that was killed,
//! and `weir clean` may remove it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use datafusion::common::Result as DfResult;
use datafusion::execution::disk_manager::{DiskManager, DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::{SpillFile, SpillWriter, TempFileFactory};
use futures::Stream;

use crate::edge::codes::E_SPILL;
use crate::edge::error::{Error, ORIGIN_BRIDGE};

/// Makes the files that spilling needs.
pub struct LazySpill {
    below: PathBuf,
    /// In bytes; 0: the engine's own limit.
    limit: u64,
    disks: Mutex<Option<Disks>>,
}

/// In the order in which they go: the engine's own folder lies in the other.
#[derive(Clone)]
struct Disks {
    manager: Arc<DiskManager>,
    folder: Arc<Folder>,
}

/// A folder of our own, and the lock on it.
struct Folder {
    path: PathBuf,
    _lock: fs::File,
}

impl Folder {
    fn make(below: &Path) -> io::Result<Self> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        loop {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
            let n = MADE.fetch_add(1, Ordering::Relaxed);
            let path = below.join(format!("weir-spill-{}-{now:x}-{n}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {
                    let lock = fs::File::open(&path)?;
                    lock.lock_shared()?;
                    return Ok(Self { path, _lock: lock });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Refuses while a reader still has a file in there; then it is left to be cleaned.
        let _ = fs::remove_dir(&self.path);
    }
}

fn failed(what: &Path, why: &(dyn std::error::Error + 'static)) -> Error {
    let (text, os_error) = Error::words_of(why);
    let message = format!("cannot spill to '{}': {text}", what.display());
    Error { os_error, ..Error::new(E_SPILL, ORIGIN_BRIDGE, message) }
}

impl LazySpill {
    pub fn new(below: PathBuf, limit: u64) -> Self {
        Self { below, limit, disks: Mutex::new(None) }
    }

    fn make(&self) -> Result<Disks, Error> {
        let folder = Folder::make(&self.below).map_err(|e| failed(&self.below, &e))?;
        let mode = DiskManagerMode::Directories(vec![folder.path.clone()]);
        let mut builder = DiskManagerBuilder::default().with_mode(mode);
        if self.limit != 0 {
            builder.set_max_temp_directory_size(self.limit);
        }
        let manager = builder.build().map(Arc::new).map_err(|e| failed(&self.below, &e))?;
        Ok(Disks { manager, folder: Arc::new(folder) })
    }

    fn disks(&self) -> Result<Disks, Error> {
        let mut disks = self.disks.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(there) = &*disks {
            return Ok(there.clone());
        }
        let made = self.make()?;
        *disks = Some(made.clone());
        Ok(made)
    }
}

impl TempFileFactory for LazySpill {
    fn create_temp_file(&self, description: &str) -> DfResult<Arc<dyn SpillFile>> {
        let disks = self.disks()?;
        let file = disks
            .manager
            .create_tmp_file(description)
            .map_err(|e| failed(&self.below, &e).into_df())?;
        Ok(Arc::new(File { below: self.below.clone(), file, _folder: disks.folder }))
    }
}

/// A file whose failures say where it is.
struct File {
    below: PathBuf,
    file: Arc<dyn SpillFile>,
    _folder: Arc<Folder>,
}

impl SpillFile for File {
    fn path(&self) -> Option<&Path> {
        self.file.path()
    }

    fn size(&self) -> Option<u64> {
        self.file.size()
    }

    fn read_stream(&self) -> DfResult<Pin<Box<dyn Stream<Item = DfResult<Bytes>> + Send>>> {
        self.file.read_stream()
    }

    fn open_writer(&self) -> DfResult<Box<dyn SpillWriter>> {
        let writer = self.file.open_writer().map_err(|e| failed(&self.below, &e).into_df())?;
        Ok(Box::new(Writer { below: self.below.clone(), writer }))
    }
}

struct Writer {
    below: PathBuf,
    writer: Box<dyn SpillWriter>,
}

impl Writer {
    fn said(&self, e: io::Error) -> io::Error {
        if e.kind() == io::ErrorKind::Interrupted {
            return e;
        }
        io::Error::other(failed(&self.below, &e))
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes).map_err(|e| self.said(e))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(|e| self.said(e))
    }
}

impl SpillWriter for Writer {
    fn finish(&mut self) -> DfResult<()> {
        self.writer.finish()
    }
}
