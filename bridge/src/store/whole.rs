//! Parquet files read whole, to see which of them is damaged.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;

use crate::edge::guard;

/// A file of a store, without any cache.
struct Bytes {
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
}

impl AsyncFileReader for Bytes {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<bytes::Bytes>> {
        async move {
            let found = self.store.get_ranges(&self.meta.location, &[range]).await;
            let found = found.map_err(|e| ParquetError::External(e.into()))?;
            found.into_iter().next().ok_or_else(|| ParquetError::EOF("no bytes".into()))
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let reader = DFParquetMetadata::new(self.store.as_ref(), &self.meta);
            reader.fetch_metadata().await.map_err(|e| ParquetError::External(e.into()))
        }
        .boxed()
    }
}

/// Why a Parquet file cannot be read whole, or None. A decoder that panics cannot.
pub async fn broken(store: Arc<dyn ObjectStore>, meta: ObjectMeta) -> Option<String> {
    let read = async {
        let reader = Bytes { store, meta };
        let builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
        let mut rows = builder.build()?;
        while rows.try_next().await?.is_some() {}
        Ok::<(), ParquetError>(())
    };
    match AssertUnwindSafe(read).catch_unwind().await {
        Ok(Ok(())) => None,
        Ok(Err(e)) => Some(e.to_string()),
        Err(payload) => Some(guard::caught(payload).0),
    }
}
