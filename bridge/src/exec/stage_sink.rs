//! What a staged file is written to.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use parquet::arrow::async_writer::AsyncFileWriter;
use parquet::errors::{ParquetError, Result};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// How objects are cut.
#[derive(Debug, Clone, Copy)]
pub struct PartSizes {
    /// Objects of fewer bytes are written whole; stores want parts of one size.
    pub bytes: usize,
    /// How many parts are under way at once.
    pub in_flight: usize,
}

/// What a sink holds of its object, as seen from outside the writer that owns it.
#[derive(Debug, Clone, Default)]
pub struct UnderWay(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    buffered: AtomicUsize,
    parts: AtomicUsize,
    taken: Notify,
}

/// Bytes of a part until the store has taken it, or it was given up.
struct Part {
    held: Arc<Held>,
    bytes: usize,
}

impl Drop for Part {
    fn drop(&mut self) {
        self.held.parts.fetch_sub(self.bytes, Ordering::AcqRel);
        self.held.taken.notify_waiters();
    }
}

impl UnderWay {
    /// Buffered, and in parts that the store has not taken yet.
    pub fn bytes(&self) -> usize {
        self.0.buffered.load(Ordering::Acquire) + self.0.parts.load(Ordering::Acquire)
    }

    /// Waits until the store has taken all parts.
    pub async fn taken(&self) {
        loop {
            let mut next = pin!(self.0.taken.notified());
            // From here on it hears of every part.
            next.as_mut().enable();
            if self.0.parts.load(Ordering::Acquire) == 0 {
                return;
            }
            next.await;
        }
    }

    fn part(&self, bytes: usize) -> Part {
        self.0.parts.fetch_add(bytes, Ordering::AcqRel);
        Part { held: Arc::clone(&self.0), bytes }
    }
}

/// How the last step of a writing ended, and the upload if its parts are still to be given up.
type Last = (object_store::Result<()>, Option<Box<dyn MultipartUpload>>);

/// A writer of one object that may be given up at any time, also when its end failed: then a
/// store keeps none of its parts. The plain one leaves them when the last part fails.
pub struct Sink {
    store: Arc<dyn ObjectStore>,
    path: Path,
    sizes: PartSizes,
    buffer: VecDeque<Bytes>,
    buffered: usize,
    /// There is one until all parts have become the object.
    upload: Option<Box<dyn MultipartUpload>>,
    parts: JoinSet<object_store::Result<()>>,
    /// What makes the object: it goes on though nobody waits for it, so it is waited for.
    last: Option<JoinHandle<Last>>,
    /// Something failed, or the object is there: nothing more is written.
    ended: bool,
    under_way: UnderWay,
}

impl Sink {
    pub fn new(store: &Arc<dyn ObjectStore>, path: Path, sizes: PartSizes) -> Self {
        Self {
            store: Arc::clone(store),
            path,
            sizes,
            buffer: VecDeque::new(),
            buffered: 0,
            upload: None,
            parts: JoinSet::new(),
            last: None,
            ended: false,
            under_way: UnderWay::default(),
        }
    }

    /// What it will hold.
    pub fn under_way(&self) -> UnderWay {
        self.under_way.clone()
    }

    /// The first `n` bytes of the buffer.
    fn take(&mut self, n: usize) -> PutPayload {
        let mut taken = Vec::new();
        let mut missing = n;
        while missing > 0
            && let Some(mut bytes) = self.buffer.pop_front()
        {
            if bytes.len() > missing {
                self.buffer.push_front(bytes.split_off(missing));
            }
            missing -= bytes.len();
            taken.push(bytes);
        }
        self.buffered -= n - missing;
        taken.into_iter().collect()
    }

    /// Waits until no more parts than these are under way.
    async fn wait(&mut self, under_way: usize) -> object_store::Result<()> {
        while self.parts.len() > under_way
            && let Some(done) = self.parts.join_next().await
        {
            done.map_err(object_store::Error::from)??;
        }
        Ok(())
    }

    async fn put_part(&mut self, n: usize) -> object_store::Result<()> {
        self.wait(self.sizes.in_flight.saturating_sub(1)).await?;
        let held = self.under_way.part(n);
        let part = self.take(n);
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => none.insert(self.store.put_multipart(&self.path).await?),
        };
        let upload = upload.put_part(part);
        self.parts.spawn(async move {
            let _held = held;
            upload.await
        });
        Ok(())
    }

    async fn put(&mut self, bytes: Bytes) -> object_store::Result<()> {
        self.buffered += bytes.len();
        self.buffer.push_back(bytes);
        while self.buffered >= self.sizes.bytes {
            self.put_part(self.sizes.bytes).await?;
        }
        self.under_way.0.buffered.store(self.buffered, Ordering::Release);
        Ok(())
    }

    async fn end(&mut self) -> object_store::Result<()> {
        let rest = self.buffered;
        if self.upload.is_some() {
            if rest > 0 {
                self.put_part(rest).await?;
            }
            self.wait(0).await?;
        }
        let last = match self.upload.take() {
            Some(mut upload) => tokio::spawn(async move {
                match upload.complete().await {
                    Ok(_) => (Ok(()), None),
                    Err(e) => (Err(e), Some(upload)),
                }
            }),
            None => {
                let (store, path, whole) =
                    (Arc::clone(&self.store), self.path.clone(), self.take(rest));
                tokio::spawn(async move { (store.put(&path, whole).await.map(drop), None) })
            }
        };
        self.last_of(last).await
    }

    /// Its end, if it is waited for so long.
    async fn last_of(&mut self, last: JoinHandle<Last>) -> object_store::Result<()> {
        let task = self.last.insert(last);
        let done = task.await;
        self.last = None;
        let (done, upload) = done.map_err(object_store::Error::from)?;
        self.upload = upload;
        done
    }

    fn check(&self) -> Result<()> {
        match self.ended {
            true => Err(ParquetError::General(format!("the writing of {} has ended", self.path))),
            false => Ok(()),
        }
    }

    /// Gives up the parts of an unfinished object.
    pub async fn abort(mut self) {
        if let Some(last) = self.last.take()
            && self.last_of(last).await.is_ok()
        {
            // The reason for giving up is what the caller hears of.
            let _ = self.store.delete(&self.path).await;
        }
        self.parts.shutdown().await;
        if let Some(mut upload) = self.upload.take() {
            // The reason for giving up is what the caller hears of.
            let _ = upload.abort().await;
        }
    }
}

fn external(e: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(e))
}

impl AsyncFileWriter for Sink {
    fn write(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>> {
        async move {
            self.check()?;
            let done = self.put(bytes).await;
            self.ended = done.is_err();
            done.map_err(external)
        }
        .boxed()
    }

    fn complete(&mut self) -> BoxFuture<'_, Result<()>> {
        async move {
            self.check()?;
            self.ended = true;
            self.end().await.map_err(external)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use object_store::local::LocalFileSystem;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::tests::kit::Folder;

    /// The file system goes on with what nobody waits for any more.
    #[tokio::test]
    async fn what_is_given_up_at_its_end_does_not_appear_later() {
        for part in [usize::MAX / 2, 6 << 20] {
            let folder = Folder::new();
            let local = LocalFileSystem::new_with_prefix(&folder.0).unwrap();
            let store: Arc<dyn ObjectStore> = Arc::new(local);
            let path = Path::from("x");
            let mut sink = Sink::new(&store, path.clone(), PartSizes { bytes: part, in_flight: 2 });
            sink.write(Bytes::from(vec![7; 256 << 20])).await.unwrap();
            let ended = timeout(Duration::ZERO, sink.complete()).await;
            assert!(ended.is_err(), "too fast for this test");
            sink.abort().await;
            for wait in [0, 500] {
                sleep(Duration::from_millis(wait)).await;
                let left: Vec<_> = std::fs::read_dir(&folder.0).unwrap().collect();
                assert!(left.is_empty(), "{left:?} after {wait} ms");
            }
        }
    }
}
