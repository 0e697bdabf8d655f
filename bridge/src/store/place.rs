//! Where the engine thinks that a table's files are. What it keeps of a file, it keeps under the
//! file's path inside a store, and stores of different tables have equal paths: so each snapshot
//! and each list of files gets a folder's name of its own before all its paths, which no other
//! ever has. A table that was made anew in the place of another is another snapshot.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::{Path, PathPart};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use url::Url;

use crate::edge::codes::{E_BAD_VALUE, E_FEATURE_UNSUPPORTED};
use crate::edge::error;
use crate::edge::error::{Error, ORIGIN_BRIDGE, ORIGIN_DELTA};
use crate::store::objects::StoreInner;

static NEXT_PLACE: AtomicU64 = AtomicU64::new(1);

/// A root under a name of its own.
#[derive(Debug, Clone)]
pub struct Place {
    name: String,
    /// The registry key.
    pub key: ObjectStoreUrl,
    /// The root, for the log's reader.
    pub url: Url,
    /// The store below the name.
    pub store: Arc<dyn ObjectStore>,
}

impl Place {
    /// Another name for the store's root.
    pub fn new(store: &StoreInner) -> error::Result<Self> {
        let number = NEXT_PLACE.fetch_add(1, Ordering::Relaxed);
        // Of characters that are the same in a path and in a URL.
        let name = format!("place@{number}");
        // A host of its own, too: registries know stores by scheme and host only. The log reader
        // sorts listings of hosts with this mark itself.
        let mark = if store.sorted { "" } else { "--x-s3" };
        let key = format!("weir://place-{number}{mark}");
        let parse = |e: &dyn fmt::Display| {
            Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, format!("the store's place {key}: {e}"))
        };
        let url = Url::parse(&format!("{key}/{name}/")).map_err(|e| parse(&e))?;
        let key = ObjectStoreUrl::parse(&key).map_err(|e| parse(&e))?;
        let store = Arc::new(Placed::new(Path::from(name.as_str()), Arc::clone(&store.store)));
        Ok(Self { name, key, url, store })
    }

    /// Another store below the same name.
    pub fn of(&self, store: Arc<dyn ObjectStore>) -> Placed {
        Placed::new(Path::from(self.name.as_str()), store)
    }

    /// Makes it known to an execution.
    pub fn register(&self, env: &RuntimeEnv) {
        env.register_object_store(self.key.as_ref(), Arc::clone(&self.store));
    }

    /// What the engine is told of a path below the root.
    pub fn location(&self, path: &Path) -> Path {
        std::iter::once(PathPart::from(self.name.as_str())).chain(path.parts()).collect()
    }

    /// A text of the engine's with paths as the caller knows them.
    pub fn shown(&self, text: &str) -> String {
        text.replace(self.url.as_str(), "").replace(&format!("{}/", self.name), "")
    }

    /// The same of an error.
    pub fn explained(&self, error: Error) -> Error {
        Error { message: self.shown(&error.message), chain: self.shown(&error.chain), ..error }
    }
}

/// What names a place that is none of the table's.
pub fn outside(which: impl fmt::Display) -> Error {
    let message = format!("the table's log names files outside the table: {which}");
    Error::new(E_FEATURE_UNSUPPORTED, ORIGIN_DELTA, message)
}

/// The path below the root of what the engine was told.
pub fn path_of(location: &Path) -> Path {
    location.parts().skip(1).collect()
}

/// A text about what the engine was told, without the name of its place.
pub fn shown(location: &Path, text: &str) -> String {
    match location.as_ref().split_once('/') {
        Some((name, _)) => text.replace(&format!("{name}/"), ""),
        None => text.to_string(),
    }
}

/// A store whose root has a path. Nothing beside it is there.
#[derive(Debug)]
pub struct Placed {
    root: Path,
    inner: Arc<dyn ObjectStore>,
}

impl Placed {
    /// The store's root as `root`.
    pub fn new(root: Path, inner: Arc<dyn ObjectStore>) -> Self {
        Self { root, inner }
    }

    fn below(&self, location: &Path) -> Result<Path> {
        match location.prefix_match(&self.root) {
            Some(parts) => Ok(parts.collect()),
            None => {
                let source = Box::new(outside(location));
                Err(object_store::Error::Generic { store: "place", source })
            }
        }
    }

    fn prefix(&self, prefix: Option<&Path>) -> Result<Option<Path>> {
        prefix.map_or_else(|| self.below(&Path::default()), |p| self.below(p)).map(Some)
    }

    fn named(&self, path: &Path) -> Path {
        self.root.parts().chain(path.parts()).collect()
    }

    fn listed(
        &self,
        objects: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let root = self.root.clone();
        objects
            .map_ok(move |object| ObjectMeta {
                location: root.parts().chain(object.location.parts()).collect(),
                ..object
            })
            .boxed()
    }
}

fn failed<T: Send + 'static>(e: object_store::Error) -> BoxStream<'static, Result<T>> {
    futures::stream::once(async { Err(e) }).boxed()
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for Placed {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(&self.below(location)?, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(&self.below(location)?, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let got = self.inner.get_opts(&self.below(location)?, options).await?;
        Ok(GetResult { meta: ObjectMeta { location: location.clone(), ..got.meta }, ..got })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(&self.below(location)?, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let this = Self { root: self.root.clone(), inner: Arc::clone(&self.inner) };
        let below = locations.map(move |location| this.below(&location?)).boxed();
        self.inner.delete_stream(below)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.prefix(prefix) {
            Ok(prefix) => self.listed(self.inner.list(prefix.as_ref())),
            Err(e) => failed(e),
        }
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.prefix(prefix).and_then(|prefix| Ok((prefix, self.below(offset)?))) {
            Ok((prefix, offset)) => {
                self.listed(self.inner.list_with_offset(prefix.as_ref(), &offset))
            }
            Err(e) => failed(e),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let found = self.inner.list_with_delimiter(self.prefix(prefix)?.as_ref()).await?;
        let named =
            |object: ObjectMeta| ObjectMeta { location: self.named(&object.location), ..object };
        Ok(ListResult {
            common_prefixes: found.common_prefixes.iter().map(|path| self.named(path)).collect(),
            objects: found.objects.into_iter().map(named).collect(),
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(&self.below(from)?, &self.below(to)?, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.inner.rename_opts(&self.below(from)?, &self.below(to)?, options).await
    }
}
