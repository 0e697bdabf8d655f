//! A store that asks before each of its operations what becomes of it: for tests of whoever is
//! above. Without a hook there is no such store, and nothing is asked.

use std::ffi::CString;
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, RenameOptions, Result, UploadPart,
};

use crate::edge::{given, guard};
use crate::edge::codes::E_BUG;
use crate::edge::error::{Error as BridgeError, ORIGIN_BRIDGE};
use crate::store::hook_abi::{wb_store_hook, wb_store_op};
use crate::store::hook_abi::wb_store_op::*;

/// The hook, as long as anybody may ask.
struct Asked {
    hook: wb_store_hook,
    /// What the store is called in its errors.
    store: &'static str,
}

// SAFETY: the contract says that the hook may be asked from any thread.
unsafe impl Send for Asked {}
// SAFETY: as above, from many at once.
unsafe impl Sync for Asked {}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hook")
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(release) = self.hook.release {
            guard::quiet("release", || {
                // SAFETY: the context is the hook's own, and this is its last use.
                unsafe { release(self.hook.ctx) }
            });
        }
    }
}

impl Asked {
    /// Fails as a store does that does not answer.
    fn broken<T>(&self) -> Result<T> {
        let source = Box::new(std::io::Error::from_raw_os_error(libc::EIO));
        Err(Error::Generic { store: self.store, source })
    }

    fn ask(&self, op: wb_store_op, path: &Path, again: i32) -> Result<i32> {
        let answer = match (self.hook.ask, CString::new(path.as_ref())) {
            // SAFETY: the hook's own context, and a text that lives as long as the call.
            (Some(ask), Ok(path)) => unsafe {
                ask(self.hook.ctx, op as u32, path.as_ptr(), again)
            },
            _ => 0,
        };
        if answer < 0 { self.broken() } else { Ok(answer) }
    }

    /// After the operation, if the hook wants to be asked then.
    fn ask_again(&self, op: wb_store_op, path: &Path, answer: i32) -> Result<()> {
        if answer > 0 {
            self.ask(op, path, answer)?;
        }
        Ok(())
    }

    async fn run<T>(
        &self,
        op: wb_store_op,
        path: &Path,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let answer = self.ask(op, path, 0)?;
        let done = work.await;
        self.ask_again(op, path, answer)?;
        done
    }

    /// One whose answer comes bit by bit: if it is lost, it is so at its end.
    fn stream<T: Send + 'static>(
        self: &Arc<Self>,
        op: wb_store_op,
        path: Path,
        work: BoxStream<'static, Result<T>>,
    ) -> BoxStream<'static, Result<T>> {
        let asked = Arc::clone(self);
        stream::once(async move {
            let answer = asked.ask(op, &path, 0)?;
            let end = async move { asked.ask_again(op, &path, answer).err().map(Err) };
            Ok::<_, Error>(work.chain(stream::once(end).filter_map(futures::future::ready)))
        })
        .try_flatten()
        .boxed()
    }
}

/// See the module.
#[derive(Debug)]
pub struct HookedStore {
    inner: Arc<dyn ObjectStore>,
    asked: Arc<Asked>,
}

impl HookedStore {
    /// `name`: what the store is called in its errors.
    pub fn new(
        inner: Arc<dyn ObjectStore>,
        hook: wb_store_hook,
        name: &'static str,
    ) -> std::result::Result<Self, BridgeError> {
        given::check_size::<wb_store_hook>(hook.struct_size)?;
        if hook.ask.is_none() {
            return Err(BridgeError::new(E_BUG, ORIGIN_BRIDGE, "a hook that cannot be asked"));
        }
        Ok(Self { inner, asked: Arc::new(Asked { hook, store: name }) })
    }
}

impl fmt::Display for HookedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inner)
    }
}

/// An object of parts that is under way.
#[derive(Debug)]
struct HookedUpload {
    inner: Box<dyn MultipartUpload>,
    path: Path,
    asked: Arc<Asked>,
}

#[async_trait]
impl MultipartUpload for HookedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let answer = match self.asked.ask(WB_STORE_PART, &self.path, 0) {
            Ok(answer) => answer,
            Err(e) => return futures::future::ready(Err(e)).boxed(),
        };
        let part = self.inner.put_part(data);
        let (asked, path) = (Arc::clone(&self.asked), self.path.clone());
        async move {
            let done = part.await;
            asked.ask_again(WB_STORE_PART, &path, answer)?;
            done
        }
        .boxed()
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.asked.run(WB_STORE_COMPLETE, &self.path, self.inner.complete()).await
    }

    async fn abort(&mut self) -> Result<()> {
        self.asked.run(WB_STORE_ABORT, &self.path, self.inner.abort()).await
    }
}

#[async_trait]
impl ObjectStore for HookedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let work = self.inner.put_opts(location, payload, opts);
        self.asked.run(WB_STORE_PUT, location, work).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let work = self.inner.put_multipart_opts(location, opts);
        let inner = self.asked.run(WB_STORE_UPLOAD, location, work).await?;
        let (path, asked) = (location.clone(), Arc::clone(&self.asked));
        Ok(Box::new(HookedUpload { inner, path, asked }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let head = options.head;
        let op = if head { WB_STORE_HEAD } else { WB_STORE_GET };
        let work = self.inner.get_opts(location, options);
        let found = self.asked.run(op, location, work).await?;
        if head {
            return Ok(found);
        }
        let (meta, range) = (found.meta.clone(), found.range.clone());
        let attributes = found.attributes.clone();
        let bytes = self.asked.stream(WB_STORE_BYTES, location.clone(), found.into_stream());
        Ok(GetResult { payload: GetResultPayload::Stream(bytes), meta, range, attributes })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let work = self.inner.get_ranges(location, ranges);
        self.asked.run(WB_STORE_RANGES, location, work).await
    }

    /// One by one, so that each is an operation.
    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let (inner, asked) = (Arc::clone(&self.inner), Arc::clone(&self.asked));
        locations
            .and_then(move |location| {
                let (inner, asked) = (Arc::clone(&inner), Arc::clone(&asked));
                async move {
                    asked.run(WB_STORE_DELETE, &location, inner.delete(&location)).await?;
                    Ok(location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let folder = prefix.cloned().unwrap_or_default();
        self.asked.stream(WB_STORE_LIST, folder, self.inner.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let folder = prefix.cloned().unwrap_or_default();
        self.asked.stream(WB_STORE_LIST, folder, self.inner.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let folder = prefix.cloned().unwrap_or_default();
        let work = self.inner.list_with_delimiter(prefix);
        self.asked.run(WB_STORE_LIST, &folder, work).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.asked.run(WB_STORE_COPY, to, self.inner.copy_opts(from, to, options)).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.asked.run(WB_STORE_RENAME, to, self.inner.rename_opts(from, to, options)).await
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, c_char, c_void};
    use std::sync::atomic::{AtomicI32, Ordering};

    use object_store::memory::InMemory;

    use super::*;
    use crate::store::hints::LogView;

    /// What the hook answers, and what it was asked: each operation as its number, 100 more the
    /// second time.
    struct Host {
        answer: AtomicI32,
        again: AtomicI32,
        asked: std::sync::Mutex<Vec<u32>>,
    }

    unsafe extern "C" fn ask(ctx: *mut c_void, op: u32, path: *const c_char, again: i32) -> i32 {
        // SAFETY: the test's own.
        let host = unsafe { &*ctx.cast::<Host>() };
        // SAFETY: as above.
        let path = unsafe { CStr::from_ptr(path) };
        assert!(["a", "b", ""].contains(&path.to_str().unwrap()));
        let mark = if again == 7 { 100 } else { 0 };
        host.asked.lock().unwrap().push(op + mark);
        if mark == 0 { host.answer.load(Ordering::SeqCst) } else { host.again.load(Ordering::SeqCst) }
    }

    unsafe extern "C" fn release(ctx: *mut c_void) {
        // SAFETY: the test's own.
        unsafe { (*ctx.cast::<Host>()).asked.lock().unwrap().push(0) };
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    /// All operations once; whether each went well.
    async fn all(store: &HookedStore) -> Vec<bool> {
        let (a, b) = (Path::from("a"), Path::from("b"));
        let mut fine = vec![store.put(&a, "text".into()).await.is_ok()];
        let upload = store.put_multipart(&b).await;
        fine.push(upload.is_ok());
        if let Ok(mut upload) = upload {
            fine.push(upload.put_part("text".into()).await.is_ok());
            fine.push(upload.complete().await.is_ok());
        }
        if let Ok(mut upload) = store.put_multipart(&b).await {
            fine.push(upload.abort().await.is_ok());
        }
        fine.push(match store.get(&a).await {
            Ok(got) => got.bytes().await.is_ok_and(|bytes| bytes == "text"),
            Err(_) => false,
        });
        fine.push(store.get_ranges(&a, &[0..1, 2..3]).await.is_ok());
        fine.push(store.head(&a).await.is_ok());
        fine.push(store.list(None).try_collect::<Vec<_>>().await.is_ok());
        fine.push(store.list_with_offset(None, &a).try_collect::<Vec<_>>().await.is_ok());
        fine.push(store.list_with_delimiter(None).await.is_ok());
        fine.push(store.copy(&a, &b).await.is_ok());
        fine.push(store.rename(&a, &b).await.is_ok());
        fine.push(store.delete(&b).await.is_ok());
        fine
    }

    #[test]
    fn each_operation_is_asked_about() {
        let host = Host {
            answer: AtomicI32::new(7),
            again: AtomicI32::new(0),
            asked: std::sync::Mutex::default(),
        };
        let hook = wb_store_hook {
            struct_size: size_of::<wb_store_hook>(),
            ctx: std::ptr::from_ref(&host).cast_mut().cast(),
            ask: Some(ask),
            release: Some(release),
        };
        let inner: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let store = HookedStore::new(Arc::clone(&inner), hook, "store").unwrap();
        assert!(run(all(&store)).iter().all(|fine| *fine));
        let asked = std::mem::take(&mut *host.asked.lock().unwrap());
        let first: Vec<u32> = asked.iter().copied().filter(|op| *op < 100).collect();
        assert_eq!(first, [1, 2, 3, 4, 2, 5, 6, 7, 8, 9, 10, 10, 10, 12, 13, 11]);
        assert_eq!(asked.len(), 2 * first.len());
        assert!(run(inner.list(None).try_collect::<Vec<_>>()).unwrap().is_empty());

        // Their answers are lost: they have happened.
        host.again.store(-1, Ordering::SeqCst);
        assert!(run(all(&store)).iter().all(|fine| !fine));
        assert!(run(inner.list(None).try_collect::<Vec<_>>()).unwrap().is_empty());
        assert!(run(store.put(&Path::from("a"), "text".into())).is_err());
        assert!(run(inner.head(&Path::from("a"))).is_ok());

        // They fail: they have not.
        host.answer.store(-1, Ordering::SeqCst);
        assert!(run(all(&store)).iter().all(|fine| !fine));
        assert!(run(store.delete(&Path::from("a"))).is_err());
        assert!(run(inner.head(&Path::from("a"))).is_ok());
        let e = BridgeError::from(run(store.head(&Path::from("a"))).unwrap_err());
        assert_eq!((e.code, e.os_error), (crate::edge::codes::E_STORE, libc::EIO));

        // An object of the log that is dropped is given up.
        host.asked.lock().unwrap().clear();
        host.answer.store(0, Ordering::SeqCst);
        let view = LogView::new(Arc::new(store), false);
        run(async {
            let mut upload = view.put_multipart(&Path::from("b")).await.unwrap();
            upload.put_part("text".into()).await.unwrap();
            drop(upload);
            while !host.asked.lock().unwrap().contains(&5) {
                tokio::task::yield_now().await;
            }
            let mut upload = view.put_multipart(&Path::from("b")).await.unwrap();
            upload.put_part("text".into()).await.unwrap();
            upload.complete().await.unwrap();
            drop(upload);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        });
        drop(view);
        assert_eq!(*host.asked.lock().unwrap(), [2, 3, 5, 2, 3, 4, 0]);
        assert!(HookedStore::new(inner, wb_store_hook { struct_size: 8, ..hook }, "s").is_err());
    }
}
