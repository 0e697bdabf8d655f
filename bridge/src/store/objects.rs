//! Object stores: opened from a URL and options that the caller gives, nothing from the
//! environment; every path is relative to the opened root.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{BinaryArray, BooleanArray, Int64Array, StringArray, UInt32Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use object_store::path::Path;

use crate::edge::codes::{E_BAD_VALUE, E_EXISTS, E_TOO_LARGE};
use crate::edge::error::{Error, ORIGIN_BRIDGE, ORIGIN_STORE, Result};
use crate::runtime::small_table;
use crate::runtime::threads::RtInner;
use crate::store::open;
#[cfg(weir_test)]
use crate::store::{hook::HookedStore, hook_abi::wb_store_hook};

/// How many requests of one call are under way at once.
const IN_FLIGHT: usize = 16;

/// An opened store; see `wb_store_open`.
#[allow(non_camel_case_types)]
pub struct wb_store {
    pub(crate) inner: Arc<StoreInner>,
}

/// An opened store: its root is the root of all paths.
pub struct StoreInner {
    /// The runtime that waits for it.
    pub rt: Arc<RtInner>,
    /// The store, rooted, as the engines see it.
    pub store: Arc<dyn ObjectStore>,
    /// The same for the caller's own operations.
    plain: Arc<dyn ObjectStore>,
    /// Whether it lists in the order of paths.
    pub sorted: bool,
    /// What the caller opened, for messages; without user, password and query.
    pub shown: String,
}

impl std::fmt::Debug for StoreInner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl StoreInner {
    /// Opens the root `url`.
    pub fn open(rt: Arc<RtInner>, url: &str, options: &[(String, String)]) -> Result<Self> {
        rt.check()?;
        // The runtime is entered because clients start their timers when they are built.
        let _entered = rt.handle().enter();
        let opened = open::open(url, options, rt.io_handle())?;
        let plain = opened.store;
        let store = Arc::clone(&plain);
        Ok(Self { sorted: opened.sorted, store, plain, shown: opened.shown, rt })
    }

    /// The same store, whose hook the engines' operations ask.
    #[cfg(weir_test)]
    pub fn hooked(&self, hook: wb_store_hook) -> Result<Self> {
        let plain = Arc::clone(&self.plain);
        // Its failures are those of such a store.
        let name = if self.shown.starts_with("file:") { "LocalFileSystem" } else { "store" };
        Ok(Self {
            store: Arc::new(HookedStore::new(Arc::clone(&plain), hook, name)?),
            plain,
            rt: Arc::clone(&self.rt),
            shown: self.shown.clone(),
            ..*self
        })
    }
}

/// A path below the root; `..` and the like are refused.
pub fn path_of(text: &str) -> Result<Path> {
    Path::parse(text).map_err(|e| {
        Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, format!("\"{text}\" is no path in a store: {e}"))
    })
}

fn micros(meta: &ObjectMeta) -> i64 {
    meta.last_modified.timestamp_micros()
}

fn etag(meta: &ObjectMeta) -> Option<&str> {
    meta.e_tag.as_deref()
}

fn if_there<T>(found: object_store::Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// An object of more bytes than are left is refused before it is read; `left` is what is left of
/// the most that all of a call may have.
async fn get_one(
    store: Arc<dyn ObjectStore>,
    path: Path,
    left: Option<&AtomicU64>,
) -> Result<Option<(ObjectMeta, Option<Bytes>)>> {
    let Some(left) = left else {
        return Ok(if_there(store.head(&path).await)?.map(|meta| (meta, None)));
    };
    let Some(got) = if_there(store.get(&path).await)? else { return Ok(None) };
    let meta = got.meta.clone();
    let size = meta.size;
    let taken = left.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(size));
    if let Err(most) = taken {
        let message = format!("{path} has {size} bytes, more than the {most} that are read whole");
        return Err(Error::new(E_TOO_LARGE, ORIGIN_BRIDGE, message));
    }
    Ok(Some((meta, Some(got.bytes().await?))))
}

/// Reads objects of so many bytes together, or with 0 only looks at them, and gives one row for
/// each path.
pub fn get_impl(
    store: &StoreInner,
    paths: &[String],
    max_bytes: u64,
) -> Result<RecordBatch> {
    let mut wanted = Vec::with_capacity(paths.len());
    for path in paths {
        wanted.push(path_of(path)?);
    }
    // One array has them all, with offsets of 31 bits.
    let left = (max_bytes > 0).then(|| AtomicU64::new(max_bytes.min(i32::MAX as u64)));
    let found: Vec<_> = store.rt.block_on(
        futures::stream::iter(wanted)
            .map(|path| get_one(Arc::clone(&store.plain), path, left.as_ref()))
            .buffered(IN_FLIGHT)
            .try_collect::<Vec<_>>(),
    )??;
    let metas = || found.iter().map(|object| object.as_ref().map(|(meta, _)| meta));
    let bodies = found.iter().map(|object| object.as_ref().and_then(|(_, body)| body.as_deref()));
    small_table::batch(vec![
        ("ord", false, Arc::new(UInt32Array::from_iter_values((0..).zip(&found).map(|(i, _)| i)))),
        ("path", false, Arc::new(StringArray::from_iter_values(paths))),
        ("found", false, Arc::new(BooleanArray::from_iter(metas().map(|m| Some(m.is_some()))))),
        ("size", true, Arc::new(UInt64Array::from_iter(metas().map(|m| m.map(|m| m.size))))),
        ("mtime_us", true, Arc::new(Int64Array::from_iter(metas().map(|m| m.map(micros))))),
        ("etag", true, Arc::new(StringArray::from_iter(metas().map(|m| m.and_then(etag))))),
        ("bytes", true, Arc::new(BinaryArray::from_iter(bodies))),
    ])
}

/// Lists the objects below a folder, sorted by path.
pub fn list_impl(
    store: &StoreInner,
    prefix: &str,
    start_after: &str,
    recursive: bool,
) -> Result<RecordBatch> {
    let folder = path_of(prefix)?;
    let prefix = (!folder.as_ref().is_empty()).then_some(folder);
    let after = if start_after.is_empty() { None } else { Some(path_of(start_after)?) };
    let mut objects: Vec<ObjectMeta> = store.rt.block_on(async {
        let listed = match (recursive, &after) {
            (true, None) => store.plain.list(prefix.as_ref()).try_collect().await,
            (true, Some(after)) => {
                store.plain.list_with_offset(prefix.as_ref(), after).try_collect().await
            }
            (false, _) => {
                store.plain.list_with_delimiter(prefix.as_ref()).await.map(|found| found.objects)
            }
        };
        match listed {
            // A folder that is not there has nothing in it, as in a store without folders.
            Err(object_store::Error::NotFound { .. }) => Ok(Vec::new()),
            other => other,
        }
    })??;
    if let Some(after) = &after {
        objects.retain(|o| o.location.as_ref() > after.as_ref());
    }
    objects.sort_unstable_by(|a, b| a.location.as_ref().cmp(b.location.as_ref()));
    let paths = objects.iter().map(|o| o.location.as_ref());
    small_table::batch(vec![
        ("path", false, Arc::new(StringArray::from_iter_values(paths))),
        ("size", false, Arc::new(UInt64Array::from_iter_values(objects.iter().map(|o| o.size)))),
        ("mtime_us", false, Arc::new(Int64Array::from_iter_values(objects.iter().map(micros)))),
        ("etag", true, Arc::new(StringArray::from_iter(objects.iter().map(etag)))),
    ])
}

/// Writes one object; with `if_absent` only if there is none: EXISTS.
pub fn put_impl(store: &StoreInner, path: &str, bytes: Vec<u8>, if_absent: bool) -> Result<()> {
    let location = path_of(path)?;
    let mode = if if_absent { PutMode::Create } else { PutMode::Overwrite };
    let options = PutOptions { mode, ..PutOptions::default() };
    let payload = PutPayload::from(Bytes::from(bytes));
    match store.rt.block_on(store.plain.put_opts(&location, payload, options))? {
        Ok(_) => Ok(()),
        Err(
            object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. },
        ) if if_absent => {
            let message = format!("{path} is there already, in {}", store.shown);
            Err(Error::new(E_EXISTS, ORIGIN_STORE, message))
        }
        Err(e) => Err(e.into()),
    }
}

/// Deletes objects; one that is not there is fine.
pub fn delete_impl(store: &StoreInner, paths: &[String]) -> Result<()> {
    let mut wanted = Vec::with_capacity(paths.len());
    for path in paths {
        wanted.push(path_of(path)?);
    }
    store.rt.block_on(
        futures::stream::iter(wanted)
            .map(|path| {
                let store = Arc::clone(&store.plain);
                async move {
                    match store.delete(&path).await {
                        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                        Err(e) => Err(Error::from(e)),
                    }
                }
            })
            .buffered(IN_FLIGHT)
            .try_collect::<()>(),
    )?
}
