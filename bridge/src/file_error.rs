//! Which file failed, and how: the Parquet reader passes a store's error on as text only, so
//! that a file that is not there looks like a broken one.

use std::sync::Arc;

use chrono::DateTime;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::TaskContext;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_plan::ExecutionPlan;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use object_store::path::Path;

use crate::codes::{E_FILE_CORRUPT, E_FILE_MISSING, E_STORE};
use crate::error::{Error, ORIGIN_STORE};
use crate::store_place;

struct File {
    place: ObjectStoreUrl,
    location: Path,
    size: u64,
}

/// The file of the plan that the message names.
fn named(plan: &Arc<dyn ExecutionPlan>, message: &str) -> Option<File> {
    let mut found: Option<File> = None;
    let walked = plan.apply(|node| {
        let source = node.downcast_ref::<DataSourceExec>();
        let config = source.and_then(|s| s.data_source().downcast_ref::<FileScanConfig>());
        for file in config.iter().flat_map(|c| &c.file_groups).flat_map(|group| group.iter()) {
            let location = &file.object_meta.location;
            let longer =
                found.as_ref().is_none_or(|f| f.location.as_ref().len() < location.as_ref().len());
            if longer
                && message.contains(store_place::path_of(location).as_ref())
                && let Some(config) = config
            {
                found = Some(File {
                    place: config.object_store_url.clone(),
                    location: location.clone(),
                    size: file.object_meta.size,
                });
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.ok().and(found)
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
    let Some(file) = named(plan, &error.message) else { return error };
    let Ok(store) = context.runtime_env().object_store(&file.place) else { return error };
    let File { location, size, .. } = file;
    let meta = ObjectMeta {
        location,
        size,
        last_modified: DateTime::UNIX_EPOCH,
        e_tag: None,
        version: None,
    };
    of_file(what, &store, &meta, error).await
}

/// Looks at the file that could not be read: is it there, and as long as it should be?
pub async fn of_file(
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
