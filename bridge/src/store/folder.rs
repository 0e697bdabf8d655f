//! A folder of this machine as a store. Unlike the plain one it lists in the order of paths, as
//! the log's reader expects of stores, passes over names that a path cannot express, and reads
//! files only: a pipe would hang, a device has no end. What lies beyond the end of a file is
//! damage, and no memory is taken for it.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path as FsPath, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, Result,
};

use crate::edge::codes::{E_FILE_CORRUPT, E_IO};
use crate::edge::error::{Error, ORIGIN_STORE};

/// A folder; it need not be there before the first write.
#[derive(Debug)]
pub struct FolderStore {
    dir: PathBuf,
    inner: PrefixStore<LocalFileSystem>,
}

impl FolderStore {
    /// The folder `dir`, an absolute path.
    pub fn new(dir: PathBuf) -> Result<Self> {
        let local = LocalFileSystem::new().with_automatic_cleanup(false);
        let prefix = Path::from_absolute_path(&dir)?;
        Ok(Self { dir, inner: PrefixStore::new(local, prefix) })
    }
}

impl fmt::Display for FolderStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "folder {}", self.dir.display())
    }
}

fn failed(dir: &FsPath, e: std::io::Error) -> object_store::Error {
    object_store::Error::Generic {
        store: "LocalFileSystem",
        source: format!("cannot list {}: {e}", dir.display()).into(),
    }
}

/// An open file and what it is; an error of the system's where the plain store says it better.
fn open_file(path: &FsPath) -> Result<io::Result<(File, Metadata)>> {
    if path.file_name().and_then(|name| name.to_str()).is_none_or(is_unfinished) {
        return Ok(Err(io::ErrorKind::NotFound.into()));
    }
    // Opening a pipe would wait for somebody who writes.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let (file, meta) = match opened.and_then(|file| file.metadata().map(|meta| (file, meta))) {
        Ok(opened) => opened,
        Err(e) => return Ok(Err(e)),
    };
    if meta.is_file() {
        return Ok(Ok((file, meta)));
    }
    if meta.is_dir() {
        return Ok(Err(io::ErrorKind::IsADirectory.into()));
    }
    let message = format!("cannot read {}: it is no regular file", path.display());
    let source = Box::new(Error::new(E_IO, ORIGIN_STORE, message));
    Err(object_store::Error::Generic { store: "LocalFileSystem", source })
}

/// What was asked for is not all in the file.
fn beyond(path: &FsPath, meta: &Metadata, start: u64, end: u64) -> object_store::Error {
    let message = format!(
        "{} has {} bytes, and its bytes {start} to {end} are asked for",
        path.display(),
        meta.len()
    );
    let source = Box::new(Error::new(E_FILE_CORRUPT, ORIGIN_STORE, message));
    object_store::Error::Generic { store: "LocalFileSystem", source }
}

fn read_ranges(path: &FsPath, ranges: &[Range<u64>]) -> Result<io::Result<Vec<Bytes>>> {
    let (file, meta) = match open_file(path)? {
        Ok(opened) => opened,
        Err(e) => return Ok(Err(e)),
    };
    let mut found = Vec::with_capacity(ranges.len());
    for range in ranges {
        if range.start > range.end || range.end > meta.len() {
            return Err(beyond(path, &meta, range.start, range.end));
        }
        let mut bytes = vec![0; (range.end - range.start) as usize];
        if let Err(e) = file.read_exact_at(&mut bytes, range.start) {
            return Ok(Err(e));
        }
        found.push(bytes.into());
    }
    Ok(Ok(found))
}

async fn blocking<T: Send + 'static>(f: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(f).await.map_err(object_store::Error::from)?
}

/// What is in a walk: objects, and the names of the folders on its first level.
#[derive(Default)]
struct Found {
    objects: Vec<ObjectMeta>,
    folders: Vec<Path>,
}

/// A name that the store itself gives to a file that it is still writing.
fn is_unfinished(name: &str) -> bool {
    name.split_once('#')
        .is_some_and(|(_, tail)| !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit()))
}

fn object(location: Path, meta: &Metadata) -> ObjectMeta {
    let modified = meta.modified().unwrap_or(std::time::SystemTime::UNIX_EPOCH);
    // The tag is made as the plain store makes it, so that both agree.
    let micros =
        modified.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
    ObjectMeta {
        location,
        last_modified: modified.into(),
        size: meta.len(),
        e_tag: Some(format!("{:x}-{micros:x}-{:x}", meta.ino(), meta.len())),
        version: None,
    }
}

/// What of a folder is wanted: at any depth or not, and only paths after one.
struct Wanted<'a> {
    deep: bool,
    after: &'a str,
}

/// Walks a folder; `above` are the folders on the way down, against links in a circle.
fn walk(
    dir: &FsPath,
    at: &str,
    wanted: &Wanted<'_>,
    above: &mut Vec<(u64, u64)>,
    found: &mut Found,
) -> Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e)
            if matches!(
                e.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(());
        }
        Err(e) => return Err(failed(dir, e)),
    };
    for entry in entries {
        let entry = entry.map_err(|e| failed(dir, e))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let relative = if at.is_empty() { name.to_string() } else { format!("{at}/{name}") };
        let Ok(location) = Path::parse(&relative) else { continue };
        if location.as_ref() != relative {
            continue;
        }
        // A log has ten thousand names, of which the last few are wanted: no look at the others.
        if relative.as_str() <= wanted.after && entry.file_type().is_ok_and(|t| t.is_file()) {
            continue;
        }
        // Follows links; what vanished meanwhile, or a link to nothing, is no object.
        let meta = match fs::metadata(entry.path()) {
            Ok(meta) => meta,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(failed(&entry.path(), e)),
        };
        if meta.is_dir() {
            let id = (meta.dev(), meta.ino());
            if !wanted.deep {
                found.folders.push(location);
            } else if !above.contains(&id) {
                above.push(id);
                walk(&entry.path(), &relative, wanted, above, found)?;
                above.pop();
            }
        } else if meta.is_file() && !is_unfinished(name) && relative.as_str() > wanted.after {
            found.objects.push(object(location, &meta));
        }
    }
    Ok(())
}

fn list_folder(root: &FsPath, prefix: Option<&Path>, wanted: &Wanted<'_>) -> Result<Found> {
    let at = prefix.map_or("", |p| p.as_ref());
    let dir = if at.is_empty() { root.to_path_buf() } else { root.join(at) };
    let mut found = Found::default();
    walk(&dir, at, wanted, &mut Vec::new(), &mut found)?;
    found.objects.sort_unstable_by(|a, b| a.location.as_ref().cmp(b.location.as_ref()));
    found.folders.sort_unstable();
    Ok(found)
}

async fn list_blocking(
    dir: PathBuf,
    prefix: Option<Path>,
    deep: bool,
    after: String,
) -> Result<Found> {
    blocking(move || list_folder(&dir, prefix.as_ref(), &Wanted { deep, after: &after })).await
}

#[async_trait]
impl ObjectStore for FolderStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (path, name, wanted) =
            (self.dir.join(location.as_ref()), location.clone(), options.clone());
        let opened = blocking(move || {
            let (file, meta) = match open_file(&path)? {
                Ok(opened) => opened,
                Err(e) => return Ok(Err(e)),
            };
            let known = object(name, &meta);
            wanted.check_preconditions(&known)?;
            let range = match wanted.range.as_ref().map(|range| (range, range.as_range(meta.len())))
            {
                Some((_, Ok(range))) => range,
                Some((GetRange::Bounded(range), Err(_))) => {
                    return Err(beyond(&path, &meta, range.start, range.end));
                }
                Some((_, Err(e))) => return Ok(Err(io::Error::other(e))),
                None => 0..meta.len(),
            };
            let payload = GetResultPayload::File(file, path);
            let attributes = Attributes::default();
            Ok(Ok(GetResult { payload, meta: known, range, attributes }))
        });
        match opened.await? {
            Ok(got) => Ok(got),
            // It fails there, too.
            Err(_) => self.inner.get_opts(location, options).await,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let (path, wanted) = (self.dir.join(location.as_ref()), ranges.to_vec());
        match blocking(move || read_ranges(&path, &wanted)).await? {
            Ok(found) => Ok(found),
            Err(_) => self.inner.get_ranges(location, ranges).await,
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_with_offset(prefix, &Path::default())
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed =
            list_blocking(self.dir.clone(), prefix.cloned(), true, offset.as_ref().to_string());
        futures::stream::once(listed)
            .map_ok(|found| futures::stream::iter(found.objects.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let found = list_blocking(self.dir.clone(), prefix.cloned(), false, String::new()).await?;
        Ok(ListResult { common_prefixes: found.folders, objects: found.objects })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(from, to, options).await
    }
}
