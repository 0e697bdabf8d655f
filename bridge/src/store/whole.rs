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
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

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
            ParquetMetaDataReader::new().load_and_finish(&mut *self, size).await.map(Arc::new)
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
    let failed = Arc::new(AtomicBool::new(false));
    let reader = Bytes { store, meta, failed: Arc::clone(&failed) };
    let read = async {
        let builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
        let mut rows = builder.build()?;
        while rows.try_next().await?.is_some() {}
        Ok::<(), ParquetError>(())
    };
    let why = match AssertUnwindSafe(read).catch_unwind().await {
        Ok(Ok(())) => return Look::Whole,
        Ok(Err(e)) => e.to_string(),
        Err(payload) => guard::caught(payload).0,
    };
    if failed.load(Ordering::Relaxed) { Look::Unread } else { Look::Broken(why) }
}
