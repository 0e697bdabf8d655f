//! Which file failed, and how: the Parquet reader passes a store's error on as text only, so
//! that a file that is not there looks like a broken one.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;

use crate::codes::{E_FILE_CORRUPT, E_FILE_MISSING, E_STORE};
use crate::error::{Error, ORIGIN_STORE};
use crate::{guard, store_place};

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

/// Why a file cannot be read, or None: its footer, or the columns that are wanted (none: all). A
/// decoder that panics cannot.
pub async fn broken(
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
    columns: Option<&[&str]>,
) -> Option<String> {
    let read = async {
        let reader = Bytes { store, meta };
        let mut builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
        let has = |name: &str| columns.is_some_and(|columns| columns.contains(&name));
        let roots = builder.parquet_schema().root_schema().get_fields();
        let named = roots.iter().enumerate().filter(|(_, root)| has(root.name()));
        let wanted: Vec<usize> = named.map(|(i, _)| i).collect();
        // Mapped columns have other names in files.
        if columns.is_some() && !wanted.is_empty() {
            let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
            builder = builder.with_projection(mask);
        }
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

/// Looks at the file that could not be read: is it there, and as long as it should be?
pub async fn explain(
    what: &str,
    store: &Arc<dyn ObjectStore>,
    file: &ObjectMeta,
    error: Error,
) -> Error {
    if !matches!(error.code, E_FILE_CORRUPT | E_FILE_MISSING) {
        return error;
    }
    let location = store_place::path_of(&file.location);
    let shown = |text: &str| store_place::shown(&file.location, text);
    let (code, origin, message) = match store.head(&file.location).await {
        Err(object_store::Error::NotFound { .. }) => {
            (E_FILE_MISSING, ORIGIN_STORE, format!("{what}: the file {location} is not there"))
        }
        Err(e) => return Error::from(e),
        Ok(found) if found.size != file.size => {
            let text = format!(
                "{what}: the file {location} has {} bytes, not {} as it should",
                found.size, file.size
            );
            (E_FILE_CORRUPT, error.origin, text)
        }
        Ok(_) => {
            // The file is there and whole: then the store failed, if it is about the store.
            let about_store = error.message.contains("Object Store error");
            let code = if about_store { E_STORE } else { E_FILE_CORRUPT };
            (code, error.origin, format!("{what}: the file {location}: {}", shown(&error.message)))
        }
    };
    let chain = if error.chain.is_empty() { error.message } else { error.chain };
    Error { chain: shown(&chain), ..Error::new(code, origin, message) }
}
