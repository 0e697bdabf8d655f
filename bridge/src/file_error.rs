//! Which file failed, and how: the Parquet reader passes a store's error on as text only, so
//! that a file that is not there looks like a broken one.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::datatypes::Schema;
use chrono::DateTime;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::TaskContext;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_plan::ExecutionPlan;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;

use crate::codes::{E_FILE_CORRUPT, E_FILE_MISSING, E_STORE};
use crate::error::{Error, ORIGIN_PARQUET, ORIGIN_STORE};
use crate::{guard, store_place};

struct File {
    place: ObjectStoreUrl,
    location: Path,
    size: u64,
}

/// The files of the plan, in the order in which they are read.
fn files(plan: &Arc<dyn ExecutionPlan>) -> Vec<File> {
    let mut found = Vec::new();
    let walked = plan.apply(|node| {
        let source = node.downcast_ref::<DataSourceExec>();
        if let Some(config) = source.and_then(|s| s.data_source().downcast_ref::<FileScanConfig>())
        {
            found.extend(config.file_groups.iter().flat_map(|group| group.iter()).map(|file| {
                File {
                    place: config.object_store_url.clone(),
                    location: file.object_meta.location.clone(),
                    size: file.object_meta.size,
                }
            }));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.map_or_else(|_| Vec::new(), |_| found)
}

/// The file that the message names.
fn named<'a>(files: &'a [File], message: &str) -> Option<&'a File> {
    let names = |file: &&File| message.contains(store_place::path_of(&file.location).as_ref());
    files.iter().filter(names).max_by_key(|file| file.location.as_ref().len())
}

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

/// A file of which nothing but its place and size matters.
pub fn meta_of(location: Path, size: u64) -> ObjectMeta {
    ObjectMeta { location, last_modified: DateTime::UNIX_EPOCH, size, e_tag: None, version: None }
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

/// Why the footer of a file cannot be read, or None.
pub async fn footless(store: &dyn ObjectStore, meta: &ObjectMeta) -> Option<Error> {
    let reader = DFParquetMetadata::new(store, meta);
    match AssertUnwindSafe(reader.fetch_metadata()).catch_unwind().await {
        Ok(Ok(_)) => None,
        Ok(Err(e)) => Some(Error::from(e)),
        Err(payload) => {
            let (text, chain) = guard::caught(payload);
            Some(Error { chain, ..Error::new(E_FILE_CORRUPT, ORIGIN_PARQUET, text) })
        }
    }
}

/// The damaged file, where the decoder does not say which it was decoding. What was read before
/// it was whole, so this reads no more than was read.
async fn damaged<'a>(
    files: &'a [File],
    schema: &Schema,
    context: &TaskContext,
) -> Option<&'a File> {
    if let [file] = files {
        return Some(file);
    }
    let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    for file in files {
        let Ok(store) = context.runtime_env().object_store(&file.place) else { continue };
        let meta = meta_of(file.location.clone(), file.size);
        if broken(store, meta, Some(&columns)).await.is_some() {
            return Some(file);
        }
    }
    None
}

/// Looks at the file that an error of the Parquet reader is about.
pub async fn explain(
    what: &str,
    error: Error,
    plan: &Arc<dyn ExecutionPlan>,
    context: &TaskContext,
) -> Error {
    if error.code != E_FILE_CORRUPT {
        return error;
    }
    let files = files(plan);
    let file = match named(&files, &error.message) {
        Some(file) => Some(file),
        None => damaged(&files, &plan.schema(), context).await,
    };
    let Some(file) = file else { return error };
    let Ok(store) = context.runtime_env().object_store(&file.place) else { return error };
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
