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
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::{Path, PathPart};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use url::Url;

use crate::codes::E_BAD_VALUE;
use crate::error::{self, Error, ORIGIN_BRIDGE};
use crate::store::StoreInner;

static NEXT_PLACE: AtomicU64 = AtomicU64::new(1);

/// A root under a name of its own.
#[derive(Debug, Clone)]
pub struct Place {
    name: String,
    /// The registry key of the store.
    pub key: ObjectStoreUrl,
    /// The root, for the log's reader.
    pub url: Url,
}

impl Place {
    /// Another name for the store's root.
    pub fn new(store: &StoreInner) -> error::Result<Self> {
        // Of characters that are the same in a path and in a URL.
        let name = format!("place@{}", NEXT_PLACE.fetch_add(1, Ordering::Relaxed));
        let url = store.url.join(&format!("{name}/")).map_err(|e| {
            Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, format!("the store's place {name}: {e}"))
        })?;
        Ok(Self { name, key: store.key.clone(), url })
    }

    /// What the engine is told of a path below the root.
    pub fn location(&self, path: &Path) -> Path {
        std::iter::once(PathPart::from(self.name.as_str())).chain(path.parts()).collect()
    }

    /// Whether the root is above what the engine was told.
    pub fn holds(&self, location: &Path) -> bool {
        location.parts().next().is_some_and(|first| first.as_ref() == self.name)
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

/// A store whose root has any number of names: the first part of every path.
#[derive(Debug)]
pub struct Placed(Arc<dyn ObjectStore>);

impl Placed {
    /// In front of the store.
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self(inner)
    }

    fn listed(
        name: Option<PathPart<'static>>,
        objects: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        objects
            .map_ok(move |object| ObjectMeta {
                location: name.iter().cloned().chain(object.location.parts()).collect(),
                ..object
            })
            .boxed()
    }
}

fn name_of(prefix: Option<&Path>) -> Option<PathPart<'static>> {
    let name = prefix?.parts().next()?;
    Some(PathPart::from(name.as_ref().to_string()))
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
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
        self.0.put_opts(&path_of(location), payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(&path_of(location), opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let got = self.0.get_opts(&path_of(location), options).await?;
        Ok(GetResult { meta: ObjectMeta { location: location.clone(), ..got.meta }, ..got })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.get_ranges(&path_of(location), ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations.map_ok(|location| path_of(&location)).boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let below = prefix.map(path_of);
        Self::listed(name_of(prefix), self.0.list(below.as_ref()))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let below = prefix.map(path_of);
        let objects = self.0.list_with_offset(below.as_ref(), &path_of(offset));
        Self::listed(name_of(prefix), objects)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let below = prefix.map(path_of);
        let found = self.0.list_with_delimiter(below.as_ref()).await?;
        let name = name_of(prefix);
        let named = |path: &Path| name.iter().cloned().chain(path.parts()).collect::<Path>();
        Ok(ListResult {
            common_prefixes: found.common_prefixes.iter().map(named).collect(),
            objects: found
                .objects
                .into_iter()
                .map(|object| ObjectMeta { location: named(&object.location), ..object })
                .collect(),
        })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(&path_of(from), &path_of(to), options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.rename_opts(&path_of(from), &path_of(to), options).await
    }
}
