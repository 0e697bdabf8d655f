//! Whether a file that is named like a checkpoint is one. The log's reader takes any Parquet file
//! for one: what it lacks is null, and the table has no files.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use buoyant_kernel::actions::{ADD_NAME, METADATA_NAME, PROTOCOL_NAME, SIDECAR_NAME};
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use futures::FutureExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use parquet::file::metadata::ParquetMetaData;

use crate::edge::codes::{E_FILE_CORRUPT, E_LOG_CORRUPT};
use crate::edge::error::{Error, ORIGIN_DELTA};
use crate::edge::guard;

/// Enough for most footers, so that one request gets them.
const FOOTER: usize = 64 << 10;

/// What a file has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All of a checkpoint.
    Whole,
    /// A part of one: its rows are in the other parts as well.
    Part,
    /// The files of one.
    Sidecar,
}

fn refused(location: &Path, what: &str) -> Error {
    let message = format!("{location} is no checkpoint: {what}");
    Error::new(E_LOG_CORRUPT, ORIGIN_DELTA, message)
}

fn has_column(metadata: &ParquetMetaData, name: &str) -> bool {
    let fields = metadata.file_metadata().schema_descr().root_schema().get_fields();
    fields.iter().any(|field| field.name() == name)
}

/// Whether the statistics say that no row has the action.
fn is_absent(metadata: &ParquetMetaData, action: &str) -> bool {
    let columns = metadata.file_metadata().schema_descr().columns();
    // Its plain members: some of them every action has.
    let members = || {
        columns.iter().enumerate().filter(|(_, column)| {
            let parts = column.path().parts();
            parts.len() == 2 && parts.first().is_some_and(|first| first == action)
        })
    };
    metadata.row_groups().iter().all(|group| {
        group.num_rows() == 0
            || (members().next().is_some()
                && members().all(|(i, _)| {
                    let stats = group.column(i).statistics();
                    let nulls = stats.and_then(|s| s.null_count_opt());
                    nulls.is_some_and(|nulls| i64::try_from(nulls) == Ok(group.num_rows()))
                }))
    })
}

fn check_columns(metadata: &ParquetMetaData, location: &Path, kind: Kind) -> Result<(), Error> {
    let names = [PROTOCOL_NAME, METADATA_NAME];
    if kind != Kind::Sidecar {
        for name in names {
            if !has_column(metadata, name) {
                return Err(refused(location, &format!("it has no column {name}")));
            }
        }
    }
    let files = has_column(metadata, ADD_NAME)
        || (kind == Kind::Whole
            && has_column(metadata, SIDECAR_NAME)
            && !is_absent(metadata, SIDECAR_NAME));
    if !files {
        return Err(refused(location, &format!("it has no column {ADD_NAME}")));
    }
    if kind == Kind::Whole {
        for name in names {
            if is_absent(metadata, name) {
                return Err(refused(location, &format!("it has no {name} action")));
            }
        }
    }
    Ok(())
}

/// A checkpoint of JSON lines has the same actions as one of columns.
fn check_lines(bytes: &[u8], location: &Path) -> Result<(), Error> {
    let mut missing = vec![PROTOCOL_NAME, METADATA_NAME];
    for line in bytes.split(|b| *b == b'\n') {
        if missing.is_empty() {
            return Ok(());
        }
        // What is no JSON is the reader's to say.
        let Ok(serde_json::Value::Object(action)) = serde_json::from_slice(line) else { continue };
        missing.retain(|name| !action.get(*name).is_some_and(|a| a.is_object()));
    }
    match missing.first() {
        None => Ok(()),
        Some(name) => Err(refused(location, &format!("it has no {name} action"))),
    }
}

/// Looks at a file.
pub async fn check(
    store: &Arc<dyn ObjectStore>,
    location: &Path,
    listed: Option<ObjectMeta>,
    kind: Kind,
) -> Result<(), Error> {
    if !location.as_ref().ends_with(".parquet") {
        let Ok(got) = store.get(location).await else { return Ok(()) };
        let Ok(bytes) = got.bytes().await else { return Ok(()) };
        return check_lines(&bytes, location);
    }
    let found = match listed {
        Some(listed) => listed,
        None => match store.head(location).await {
            Ok(found) => found,
            Err(_) => return Ok(()),
        },
    };
    let reader = DFParquetMetadata::new(store.as_ref(), &found);
    let reader = reader.with_metadata_size_hint(Some(FOOTER));
    let failed = match AssertUnwindSafe(reader.fetch_metadata()).catch_unwind().await {
        Ok(Ok(metadata)) => return check_columns(&metadata, location, kind),
        Ok(Err(e)) => Error::from(e),
        Err(payload) => Error::new(E_FILE_CORRUPT, ORIGIN_DELTA, guard::caught(payload).0),
    };
    // That the store failed is the reader's to say, who asks for the same.
    if failed.code != E_FILE_CORRUPT {
        return Ok(());
    }
    let e = refused(location, &format!("its footer cannot be read: {}", failed.message));
    Err(Error { chain: failed.chain, ..e })
}
