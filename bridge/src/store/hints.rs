//! A store as the log's reader sees it. Checkpoints without a byte are never there: that is what a
//! power cut leaves of one that nobody synced, and a reader that takes it for one cannot read the
//! table. Nor is one read that turns out to be something else (`log_check`). When opening fails all
//! the same, the hints in the folder may be wrong (`_last_checkpoint`, checksum files: both only
//! save time), or a checkpoint may be torn: then neither is there.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
    UploadPart,
};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;

use crate::edge::error::Error;
use crate::store::whole::{self, Look};
use crate::store::log_check;
use crate::store::log_check::Kind;

/// The first and last bytes of every Parquet file.
const MAGIC: &[u8] = b"PAR1";
/// A Parquet file without anything in it: magic, length of the footer, magic.
const LEAST: u64 = 12;

/// What decides whether an object is there.
#[derive(Debug)]
struct Sight {
    inner: Arc<dyn ObjectStore>,
    /// Trusts neither hints nor the ends of checkpoints.
    wary: bool,
    /// Whether a checkpoint of this path and size is torn, as found before.
    torn: Mutex<HashMap<(Path, u64), bool>>,
    /// Checkpoints that a listing named.
    listed: Mutex<HashMap<Path, ObjectMeta>>,
    /// What was found out of checkpoints that somebody reads.
    checked: Mutex<HashMap<Path, Checked>>,
}

/// Once for all readers.
type Checked = Arc<OnceCell<std::result::Result<(), Error>>>;

/// See the module.
#[derive(Clone, Debug)]
pub struct LogView(Arc<Sight>);

impl LogView {
    /// A view; a `wary` one believes no hints.
    pub fn new(inner: Arc<dyn ObjectStore>, wary: bool) -> Self {
        Self(Arc::new(Sight {
            inner,
            wary,
            torn: Mutex::default(),
            listed: Mutex::default(),
            checked: Mutex::default(),
        }))
    }

    /// Which of the checkpoints that were read cannot be decoded, and why: the decoder itself
    /// does not say. Reads them again.
    pub async fn damaged(&self) -> Option<(Path, String)> {
        let mut read: Vec<Path> = {
            let checked = self.0.checked.lock().unwrap_or_else(|e| e.into_inner());
            checked.keys().filter(|path| path.as_ref().ends_with(".parquet")).cloned().collect()
        };
        read.sort_unstable();
        for path in read {
            let Ok(found) = self.0.inner.head(&path).await else { continue };
            let look = whole::look(Arc::clone(&self.0.inner), found).await;
            if let Look::Broken(why) = look {
                return Some((path, why));
            }
        }
        None
    }
}

impl fmt::Display for LogView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as a log", self.0.inner)
    }
}

fn is_hint(path: &Path) -> bool {
    path.as_ref()
        .strip_prefix("_delta_log/")
        .is_some_and(|name| name == "_last_checkpoint" || name.ends_with(".crc"))
}

/// A checkpoint's own file, or one of its parts.
fn is_checkpoint(path: &Path) -> bool {
    path.as_ref().strip_prefix("_delta_log/").is_some_and(|name| {
        name.get(20..).is_some_and(|rest| rest.starts_with(".checkpoint.")) && !name.contains('/')
    })
}

/// What a file of the log has to hold, if it is one of a checkpoint's.
fn kind_of(path: &Path) -> Option<Kind> {
    let name = path.as_ref().strip_prefix("_delta_log/")?;
    if name.starts_with("_sidecars/") {
        return Some(Kind::Sidecar);
    }
    // 20 digits, the word, and for one of several parts two numbers of 10 digits each.
    let rest = name.get(20..)?.strip_prefix(".checkpoint.")?;
    let mut pieces = rest.split('.');
    let number = |piece: Option<&str>| {
        piece.is_some_and(|p| p.len() == 10 && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let part = number(pieces.next()) && number(pieces.next());
    Some(if part { Kind::Part } else { Kind::Whole })
}

impl Sight {
    /// Before somebody reads a checkpoint: is it one?
    async fn check(&self, location: &Path) -> Result<()> {
        let Some(kind) = kind_of(location) else { return Ok(()) };
        let known = {
            let mut checked = self.checked.lock().unwrap_or_else(|e| e.into_inner());
            Arc::clone(checked.entry(location.clone()).or_default())
        };
        let listed = {
            let listed = self.listed.lock().unwrap_or_else(|e| e.into_inner());
            listed.get(location).cloned()
        };
        let found =
            known.get_or_init(|| log_check::check(&self.inner, location, listed, kind)).await;
        found
            .clone()
            .map_err(|e| object_store::Error::Generic { store: "log", source: Box::new(e) })
    }

    async fn is_torn(&self, object: &ObjectMeta) -> bool {
        let key = (object.location.clone(), object.size);
        if let Some(known) = self.torn.lock().unwrap_or_else(|e| e.into_inner()).get(&key) {
            return *known;
        }
        let tail = object.size - MAGIC.len() as u64..object.size;
        let torn = match self.inner.get_ranges(&object.location, &[tail]).await {
            Ok(bytes) => bytes.first().is_none_or(|b| b.as_ref() != MAGIC),
            // What cannot be read now may be whole: its reader will say what is wrong.
            Err(_) => return false,
        };
        self.torn.lock().unwrap_or_else(|e| e.into_inner()).insert(key, torn);
        torn
    }

    fn note(&self, object: &ObjectMeta) {
        let mut listed = self.listed.lock().unwrap_or_else(|e| e.into_inner());
        listed.insert(object.location.clone(), object.clone());
    }

    async fn sees(&self, object: &ObjectMeta) -> bool {
        if self.wary && is_hint(&object.location) {
            return false;
        }
        if !is_checkpoint(&object.location) {
            return true;
        }
        self.note(object);
        let parquet = object.location.as_ref().ends_with(".parquet");
        match self.wary && parquet {
            true => object.size >= LEAST && !self.is_torn(object).await,
            false => object.size > 0,
        }
    }

    fn filter(
        self: &Arc<Self>,
        objects: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let sight = Arc::clone(self);
        objects
            .try_filter_map(move |object| {
                let sight = Arc::clone(&sight);
                async move { Ok(sight.sees(&object).await.then_some(object)) }
            })
            .boxed()
    }
}

/// An object of parts, a checkpoint: its writer drops it when a part fails, and the store would
/// keep the others.
#[derive(Debug)]
struct Kept {
    upload: Option<Box<dyn MultipartUpload>>,
    runtime: Handle,
}

impl Kept {
    fn upload(&mut self) -> Result<&mut Box<dyn MultipartUpload>> {
        self.upload.as_mut().ok_or(object_store::Error::NotImplemented {
            operation: "another part".into(),
            implementer: "an object that is ended".into(),
        })
    }
}

#[async_trait]
impl MultipartUpload for Kept {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match self.upload() {
            Ok(upload) => upload.put_part(data),
            Err(e) => futures::future::ready(Err(e)).boxed(),
        }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let done = self.upload()?.complete().await?;
        self.upload = None;
        Ok(done)
    }

    async fn abort(&mut self) -> Result<()> {
        match self.upload.take() {
            Some(mut upload) => upload.abort().await,
            None => Ok(()),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(mut upload) = self.upload.take() {
            self.runtime.spawn(async move { upload.abort().await });
        }
    }
}

#[async_trait]
impl ObjectStore for LogView {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.0.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.0.inner.put_multipart_opts(location, opts).await?;
        Ok(Box::new(Kept { upload: Some(upload), runtime: Handle::current() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if self.0.wary && is_hint(location) {
            let path = location.to_string();
            return Err(object_store::Error::NotFound { path, source: "hidden".into() });
        }
        if !options.head {
            self.0.check(location).await?;
        }
        self.0.inner.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.check(location).await?;
        self.0.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.filter(self.0.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.filter(self.0.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let mut found = self.0.inner.list_with_delimiter(prefix).await?;
        let mut seen = Vec::with_capacity(found.objects.len());
        for object in found.objects {
            if self.0.sees(&object).await {
                seen.push(object);
            }
        }
        found.objects = seen;
        Ok(found)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.inner.rename_opts(from, to, options).await
    }
}
