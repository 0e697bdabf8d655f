//! Parquet files read whole, to see which of them is damaged.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use crate::edge::guard;

/// A file of a store, without any cache.
struct Bytes {
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
    /// Whether the store did not give what it was asked for: an error's text tells no one.
    failed: Arc<AtomicBool>,
}

impl AsyncFileReader for Bytes {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<bytes::Bytes>> {
        async move {
            // A damaged footer may send its reader past the end: that is no failure of the store.
            if range.end > self.meta.size {
                return Err(ParquetError::EOF(format!("bytes {range:?} of {}", self.meta.size)));
            }
            let found = self.store.get_ranges(&self.meta.location, &[range]).await;
            let found = found.map_err(|e| {
                self.failed.store(true, Ordering::Relaxed);
                ParquetError::External(e.into())
            })?;
            found.into_iter().next().ok_or_else(|| ParquetError::EOF("no bytes".into()))
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.meta.size;
            let reader = ParquetMetaDataReader::new();
            let reader = reader.with_page_index_policy(PageIndexPolicy::Optional);
            reader.load_and_finish(&mut *self, size).await.map(Arc::new)
        }
        .boxed()
    }
}

/// What a second reading of a file shows.
pub enum Look {
    /// All of it can be decoded.
    Whole,
    /// It cannot be decoded, and why. A decoder that panics cannot.
    Broken(String),
    /// The store does not give its bytes.
    Unread,
}

/// Reads a Parquet file whole.
pub async fn look(store: Arc<dyn ObjectStore>, meta: ObjectMeta) -> Look {
    again(store, meta, async |reader| {
        let mut rows = ParquetRecordBatchStreamBuilder::new(reader).await?.build()?;
        while rows.try_next().await?.is_some() {}
        Ok(())
    })
    .await
}

/// Reads what a reader of the file reads first: its footer, and where its pages are.
pub async fn look_at_footer(store: Arc<dyn ObjectStore>, meta: ObjectMeta) -> Look {
    again(store, meta, async |mut reader| reader.get_metadata(None).await.map(|_| ())).await
}

async fn again(
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
    read: impl AsyncFnOnce(Bytes) -> Result<()>,
) -> Look {
    let failed = Arc::new(AtomicBool::new(false));
    let reader = Bytes { store, meta, failed: Arc::clone(&failed) };
    let why = match AssertUnwindSafe(read(reader)).catch_unwind().await {
        Ok(Ok(())) => return Look::Whole,
        Ok(Err(e)) => e.to_string(),
        Err(payload) => guard::caught(payload).0,
    };
    if failed.load(Ordering::Relaxed) { Look::Unread } else { Look::Broken(why) }
}
