//! Why a table cannot be opened: the engines have text for it, the log itself has the answer.

use buoyant_kernel::schema::{DataType, PrimitiveType};
use deltalake_core::kernel::Snapshot;
use deltalake_core::kernel::transaction::PROTOCOL;
use object_store::path::Path;

use crate::snapshot::delta_text;
use crate::edge::codes::*;
use crate::edge::error::{Error, ORIGIN_DELTA, Result};
use crate::edge::error_map;
use crate::edge::error_map::Link;
use crate::store::hints::LogView;
use crate::store::objects::StoreInner;

/// What the names in a log folder say.
#[derive(Debug, Default)]
struct Log {
    commits: Vec<u64>,
    /// Versions with any checkpoint file, complete or not.
    checkpoints: Vec<u64>,
}

fn version_of(digits: &str) -> Option<u64> {
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

impl Log {
    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut log = Self::default();
        for name in names {
            let Some((digits, rest)) = name.split_once('.') else { continue };
            let Some(version) = version_of(digits) else { continue };
            if rest == "json" {
                log.commits.push(version);
            } else if rest.starts_with("checkpoint.") {
                log.checkpoints.push(version);
            }
        }
        log.commits.sort_unstable();
        log.checkpoints.sort_unstable();
        log.checkpoints.dedup();
        log
    }

    fn is_empty(&self) -> bool {
        self.commits.is_empty() && self.checkpoints.is_empty()
    }

    fn latest(&self) -> Option<u64> {
        self.commits.last().copied().max(self.checkpoints.last().copied())
    }

    /// Whether the log, if undamaged, once had the version but no longer gives it.
    fn was_cleaned(&self, version: u64) -> bool {
        let base = self.checkpoints.first().is_some_and(|first| *first <= version);
        let whole = self.commits.first() == Some(&0);
        !base && !whole
    }
}

async fn list(store: &StoreInner) -> Result<Log> {
    let folder = Path::from("_delta_log");
    let found = store.store.list_with_delimiter(Some(&folder)).await;
    let objects = match found {
        Ok(found) => found.objects,
        Err(object_store::Error::NotFound { .. }) => Vec::new(),
        Err(e) => return Err(e.into()),
    };
    Ok(Log::of(objects.iter().filter_map(|o| o.location.filename())))
}

fn with(error: Error, code: i32, message: String) -> Error {
    let chain = if error.chain.is_empty() { error.message } else { error.chain };
    Error { chain, ..Error::new(code, ORIGIN_DELTA, message) }
}

/// An error of reading the log that is not the store's own fault.
fn is_about_log(code: i32) -> bool {
    !matches!(
        code,
        E_FEATURE_UNSUPPORTED
            | E_CANCELLED
            | E_PANIC
            | E_STORE
            | E_IO
            | E_NO_MEMORY
            | E_MEMORY
            | E_FORKED
    )
}

/// Whether an error may come from hints in the log folder that are wrong.
pub fn may_be_misled(code: i32) -> bool {
    is_about_log(code) && code != E_TABLE_MISSING
}

/// Sorts out why opening failed.
pub async fn explain(store: &StoreInner, version: Option<u64>, error: Error) -> Error {
    if !is_about_log(error.code) {
        return error;
    }
    let log = match list(store).await {
        Ok(log) => log,
        Err(e) => return e,
    };
    let table = &store.shown;
    if log.is_empty() {
        let message = format!("there is no Delta table at {table}");
        return with(error, E_TABLE_MISSING, message);
    }
    if let Some(wanted) = version {
        let latest = log.latest().unwrap_or_default();
        if wanted > latest {
            let message =
                format!("the table {table} has no version {wanted}; its latest is {latest}");
            return with(error, E_VERSION_MISSING, message);
        }
        if log.was_cleaned(wanted) {
            let message = format!(
                "version {wanted} of the table {table} can no longer be read: its log was cleaned"
            );
            return with(error, E_VERSION_MISSING, message);
        }
    }
    let at = version.map_or_else(String::new, |v| format!(" at version {v}"));
    let message = format!("the log of the table {table}{at} cannot be read: {}", error.message);
    with(error, E_LOG_CORRUPT, message)
}

/// An error of reading a log, with the checkpoint that cannot be decoded, if one cannot.
pub async fn damaged(table: &str, view: &LogView, error: Error) -> Error {
    let decoded = matches!(error.code, E_FILE_CORRUPT | E_LOG_CORRUPT | E_PANIC | E_ENGINE);
    match if decoded { view.damaged().await } else { None } {
        None => error,
        Some((path, why)) => {
            let message = format!("the log of the table {table} cannot be read: {path}: {why}");
            with(error, E_LOG_CORRUPT, message)
        }
    }
}

/// An error of reading the log of a table that was opened.
pub fn unreadable(store: &StoreInner, error: Error) -> Error {
    if !is_about_log(error.code) || matches!(error.code, E_FILE_MISSING | E_FILE_CORRUPT) {
        return error;
    }
    let message = format!("the log of the table {} cannot be read: {}", store.shown, error.message);
    with(error, E_LOG_CORRUPT, message)
}

/// A partition value that is right, but not spelled as the reader wants it: a decimal with fewer
/// or more digits behind the point than its type has.
pub fn value(store: &StoreInner, snapshot: &Snapshot, error: Link<'_>) -> Option<Error> {
    let (text, t) = error_map::unparsed(error)?;
    let DataType::Primitive(PrimitiveType::Decimal(decimal)) = &t else { return None };
    let scale = i8::try_from(decimal.scale()).ok()?;
    let value = delta_text::parse_decimal(&text, decimal.precision(), scale)?;
    let schema = snapshot.schema();
    let columns: Vec<&str> = snapshot
        .metadata()
        .partition_columns()
        .iter()
        .filter(|name| schema.field(name).is_some_and(|field| field.data_type() == &t))
        .map(String::as_str)
        .collect();
    let message = format!(
        "the table {} has the partition value '{text}' in {}, a {t}: this reader takes it as \
         '{}' only",
        store.shown,
        columns.join(" or "),
        delta_text::decimal(value, scale)
    );
    Some(Error::new(E_FEATURE_UNSUPPORTED, ORIGIN_DELTA, message))
}

/// What the scan of files does by itself.
const SCANNED: [&str; 3] = ["columnMapping", "typeWidening", "typeWidening-preview"];

/// Refuses a protocol that the reader does not know, by the names of the features.
pub fn check_features(store: &StoreInner, snapshot: &Snapshot) -> Result<()> {
    use deltalake_core::kernel::transaction::TransactionError;
    let refused = match PROTOCOL.can_read_from_protocol(snapshot.protocol()) {
        Ok(()) => return Ok(()),
        Err(TransactionError::UnsupportedTableFeatures(features)) => {
            let mut names: Vec<String> = features
                .iter()
                .map(ToString::to_string)
                // The scan supports them; the protocol check of delta-rs does not know that.
                .filter(|name| !SCANNED.contains(&name.as_str()))
                .collect();
            names.sort_unstable();
            if names.is_empty() {
                return Ok(());
            }
            format!("reader feature {}", names.join(", "))
        }
        Err(e) => e.to_string(),
    };
    let message = format!("the table {} needs what this reader lacks: {refused}", store.shown);
    Err(Error::new(E_FEATURE_UNSUPPORTED, ORIGIN_DELTA, message))
}

/// Refuses what neither engine looks at: two columns of one name.
pub fn check_schema(store: &StoreInner, snapshot: &Snapshot) -> Result<()> {
    let schema = snapshot.arrow_schema();
    let mut names: Vec<String> =
        schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find_map(|pair| match pair {
        [a, b] if a == b => Some(a.clone()),
        _ => None,
    });
    match twice {
        None => Ok(()),
        Some(name) => {
            let message =
                format!("the schema of the table {} has the column {name} twice", store.shown);
            Err(Error::new(E_LOG_CORRUPT, ORIGIN_DELTA, message))
        }
    }
}
