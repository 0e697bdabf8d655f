//! Pinned snapshots of Delta tables. Only protocol and metadata are held; the list of files is
//! read from the log each time somebody asks.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use buoyant_kernel::engine::arrow_conversion::TryIntoArrow;
use buoyant_kernel::{Engine, Snapshot as KernelSnapshot};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake_core::kernel::Snapshot;
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use futures::StreamExt;
use object_store::ObjectStore;
use serde_json::Value;

use crate::{guard, snap_error, snap_files, stream};
use crate::abi::{self, wb_buf, wb_err, wb_str};
use crate::codes::{E_FILE_CORRUPT, E_LOG_CORRUPT, E_PANIC, E_VERSION_MISSING};
use crate::error::{Error, ORIGIN_BRIDGE, ORIGIN_DELTA, Result};
use crate::log_view::LogView;
use crate::rt::{self, wb_cancel};
use crate::store::{StoreInner, wb_store};
use crate::store_place::Place;

/// A pinned snapshot; see `wb_snap_open`.
#[allow(non_camel_case_types)]
pub struct wb_snap {
    pub(crate) inner: Arc<SnapInner>,
}

/// A pinned snapshot.
pub struct SnapInner {
    /// Where the table is.
    pub store: Arc<StoreInner>,
    /// What the engine is told of where it is, and of no other snapshot.
    pub place: Place,
    /// The table's log.
    pub log: LogStoreRef,
    /// What that looks at.
    view: LogView,
    /// Protocol and metadata at the version.
    pub snapshot: Arc<Snapshot>,
    /// The version.
    pub version: u64,
    /// The kernel's own snapshot of it, once somebody asked for what delta-rs does not pass on.
    kernel: OnceLock<Arc<KernelSnapshot>>,
}

impl std::fmt::Debug for SnapInner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at version {}", self.store.shown, self.version)
    }
}

fn log_of(place: &Place, objects: Arc<dyn ObjectStore>) -> LogStoreRef {
    let placed = Arc::new(place.of(Arc::clone(&objects)));
    default_logstore(objects, placed, &place.url, &StorageConfig::default())
}

impl SnapInner {
    /// Opens a version, or the latest.
    pub fn open(store: &Arc<StoreInner>, version: Option<u64>) -> Result<Self> {
        store.rt.block_on(Self::open_async(Arc::clone(store), version))?
    }

    async fn open_async(store: Arc<StoreInner>, version: Option<u64>) -> Result<Self> {
        let mut place = Place::new(&store)?;
        let look = |wary| {
            let view = LogView::new(Arc::clone(&store.store), wary);
            (log_of(&place, Arc::new(view.clone())), view)
        };
        let (mut log, mut view) = look(false);
        let mut opened = guard::caught_async(Snapshot::try_new(log.as_ref(), version)).await;
        if opened.as_ref().is_err_and(|e| e.code == E_PANIC || snap_error::may_be_misled(e.code)) {
            let (plain, plainly) = look(true);
            let again = guard::caught_async(Snapshot::try_new(plain.as_ref(), version)).await;
            if again.is_ok() {
                (log, view, opened) = (plain, plainly, again);
            }
        }
        let snapshot = match opened {
            Ok(snapshot) => Arc::new(snapshot),
            Err(e) => {
                let e = snap_error::damaged(&store.shown, &view, e).await;
                let e = snap_error::explain(&store, version, e).await;
                return Err(place.explained(e));
            }
        };
        let found = snapshot.version();
        if version.is_some_and(|wanted| wanted != found) {
            let message = format!(
                "the table {} has no version {}; the log gave version {found}",
                store.shown,
                version.unwrap_or_default()
            );
            return Err(Error::new(E_VERSION_MISSING, ORIGIN_DELTA, message));
        }
        // Scans read the log, too, and as this did.
        place.store = log.root_object_store(None);
        snap_error::check_features(&store, &snapshot)?;
        // `arrow_schema` takes for granted that the schema has an Arrow form.
        let arrow: std::result::Result<Schema, ArrowError> =
            snapshot.schema().as_ref().try_into_arrow();
        if let Err(e) = arrow {
            return Err(place.explained(snap_error::unreadable(&store, Error::from(e))));
        }
        snap_error::check_schema(&store, &snapshot)?;
        let kernel = OnceLock::new();
        Ok(Self { log, view, snapshot, version: found, store, place, kernel })
    }

    /// What an error of reading the log says of this snapshot.
    pub fn explain<E>(&self, error: E) -> Error
    where
        E: std::error::Error + Into<Error> + 'static,
    {
        snap_error::value(&self.store, &self.snapshot, &error).unwrap_or_else(|| {
            // Nothing but the log was read.
            let error = error.into();
            let corrupt = error.code == E_FILE_CORRUPT;
            self.unreadable(if corrupt { error.with_code(E_LOG_CORRUPT) } else { error })
        })
    }

    /// An error of reading the log or of planning a scan: which file of the log is damaged, if
    /// one is.
    pub async fn damaged(&self, error: Error) -> Error {
        snap_error::damaged(&self.store.shown, &self.view, error).await
    }

    /// An error of reading the log, with paths as the caller knows them.
    pub fn unreadable(&self, error: Error) -> Error {
        self.place.explained(snap_error::unreadable(&self.store, error))
    }

    /// The kernel's own snapshot of the same version. Lists and reads the log at the first call;
    /// to be called on a thread that may block, with the runtime entered.
    fn kernel(&self) -> Result<(Arc<KernelSnapshot>, Arc<dyn Engine>)> {
        let engine = self.log.engine(None);
        if let Some(known) = self.kernel.get() {
            return Ok((Arc::clone(known), engine));
        }
        let made = KernelSnapshot::builder_for(self.place.url.as_str())
            .at_version(self.version)
            .build(engine.as_ref())?;
        Ok((Arc::clone(self.kernel.get_or_init(|| made)), engine))
    }

    /// Runs something with the kernel's snapshot on a thread that may block.
    fn with_kernel<T: Send + 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&Arc<KernelSnapshot>, &dyn Engine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let this = Arc::clone(self);
        self.store.rt.block_on(async move {
            let inner = Arc::clone(&this);
            let done = tokio::task::spawn_blocking(move || {
                let (snapshot, engine) = inner.kernel()?;
                f(&snapshot, engine.as_ref()).map_err(|e| inner.place.explained(e))
            });
            match done.await.map_err(Error::from).flatten() {
                Ok(found) => Ok(found),
                Err(e) => Err(this.damaged(e).await),
            }
        })?
    }

    /// The latest transaction of an application.
    pub fn txn(self: &Arc<Self>, app_id: &str) -> Result<Option<i64>> {
        let app_id = app_id.to_string();
        self.with_kernel(move |snapshot, engine| Ok(snapshot.get_app_id_version(&app_id, engine)?))
    }

    /// Writes a checkpoint of the version, unless there is one.
    pub fn checkpoint(self: &Arc<Self>) -> Result<()> {
        self.with_kernel(|snapshot, engine| {
            snapshot.checkpoint(engine, None)?;
            Ok(())
        })
    }

    /// The two actions as JSON objects, keys sorted.
    pub fn actions(&self) -> Result<(Vec<u8>, Vec<u8>)> {
        let protocol = serde_json::to_value(self.snapshot.protocol());
        let metadata = serde_json::to_value(self.snapshot.metadata());
        Ok((to_json(protocol)?, to_json(metadata)?))
    }
}

/// Keys in order, so that one table always gives one text.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().map(|(k, v)| (k, sorted(v))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn to_json(action: serde_json::Result<Value>) -> Result<Vec<u8>> {
    action
        .and_then(|value| serde_json::to_vec(&sorted(value)))
        .map_err(|e| Error::new(E_LOG_CORRUPT, ORIGIN_DELTA, format!("an action of the log: {e}")))
}

/// Opens the table at the store's root: -1 is the latest version. TABLE_MISSING,
/// VERSION_MISSING, LOG_CORRUPT, FEATURE_UNSUPPORTED. Nothing is created. cancel, here and below:
/// what stops the call, and the reading of its stream, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_open(
    store: *const wb_store,
    version: i64,
    cancel: *const wb_cancel,
    out: *mut *mut wb_snap,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_snap_open", err, || {
        // SAFETY: the caller's promise.
        let out = unsafe { abi::out_ref(out)? };
        *out = std::ptr::null_mut();
        // SAFETY: as above.
        let store = unsafe { abi::in_ref(store)? };
        let wanted = match version {
            -1 => None,
            _ => Some(u64::try_from(version).map_err(|_| {
                let message = format!("{version} is no version of a table");
                Error::new(E_VERSION_MISSING, ORIGIN_BRIDGE, message)
            })?),
        };
        // SAFETY: the caller's promise.
        let inner = unsafe { rt::under(cancel, || SnapInner::open(&store.inner, wanted))? };
        let inner = Arc::new(inner);
        *out = Box::into_raw(Box::new(wb_snap { inner }));
        Ok(())
    })
}

/// The actions as JSON objects with sorted keys, without the `{"protocol": ..}` around them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_actions(
    snap: *const wb_snap,
    protocol_json: *mut wb_buf,
    metadata_json: *mut wb_buf,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_snap_actions", err, || {
        // SAFETY: the caller's promise.
        let protocol = unsafe { abi::out_ref(protocol_json)? };
        *protocol = wb_buf::empty();
        // SAFETY: as above.
        let metadata = unsafe { abi::out_ref(metadata_json)? };
        *metadata = wb_buf::empty();
        // SAFETY: as above.
        let snap = unsafe { abi::in_ref(snap)? };
        let (first, second) = snap.inner.actions()?;
        *protocol = wb_buf::from_vec(first);
        *metadata = wb_buf::from_vec(second);
        Ok(())
    })
}

/// Rows: path Utf8 (raw as in the log), size i64, mtime_ms i64, stats Utf8 (JSON or null),
/// partition_values Utf8 (JSON object text), dv Utf8 (JSON of the deletionVector or null),
/// base_row_id i64?, tags Utf8 (JSON or null). stats is the log's own text; where the log has
/// statistics in columns only, it has numRecords alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_files(
    snap: *const wb_snap,
    cancel: *const wb_cancel,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_snap_files", err, || {
        // SAFETY: the caller's promise.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let snap = unsafe { abi::in_ref(snap)? };
        // SAFETY: as above.
        let cancel = unsafe { cancel.as_ref().map(|cancel| cancel.token.clone()) };
        let inner = Arc::clone(&snap.inner);
        let rt = Arc::clone(&inner.store.rt);
        rt.check()?;
        let files = {
            let _entered = rt.handle().enter();
            inner.snapshot.files(inner.log.as_ref(), None)
        };
        let snap = Arc::clone(&inner);
        let rows = AssertUnwindSafe(files).catch_unwind().then(move |batch| {
            let batch = match batch {
                Ok(batch) => batch.map_err(|e| snap.explain(e)),
                Err(payload) => Err(guard::panicked("the reader of the log", payload)),
            };
            let snap = Arc::clone(&snap);
            async move {
                match batch.and_then(|batch| snap_files::flatten(&batch)) {
                    Ok(rows) => Ok(rows),
                    Err(e) => Err(snap.damaged(e).await.into_df()),
                }
            }
        });
        let rows = RecordBatchStreamAdapter::new(snap_files::schema(), rows);
        // SAFETY: the caller's promise; zeroed above.
        unsafe { stream::export_stream(&rt, Box::pin(rows), cancel, Box::new(inner), out) }
    })
}

/// The latest transaction version of an application, as far as the table still remembers;
/// -1 where it knows none, since 0 is a version like another.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_txn(
    snap: *const wb_snap,
    app_id: wb_str,
    cancel: *const wb_cancel,
    found: *mut bool,
    version: *mut i64,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_snap_txn", err, || {
        // SAFETY: the caller's promise.
        let found = unsafe { abi::out_ref(found)? };
        // SAFETY: as above.
        let version = unsafe { abi::out_ref(version)? };
        // SAFETY: as above.
        let snap = unsafe { abi::in_ref(snap)? };
        // SAFETY: as above.
        let app_id = unsafe { app_id.to_str()? };
        *found = false;
        *version = -1;
        // SAFETY: the caller's promise.
        if let Some(latest) = unsafe { rt::under(cancel, || snap.inner.txn(app_id))? } {
            *found = true;
            *version = latest;
        }
        Ok(())
    })
}

/// Writes a checkpoint of the version; nothing to do if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_checkpoint(
    snap: *const wb_snap,
    cancel: *const wb_cancel,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_snap_checkpoint", err, || {
        // SAFETY: the caller's promise.
        let snap = unsafe { abi::in_ref(snap)? };
        // SAFETY: the caller's promise.
        unsafe { rt::under(cancel, || snap.inner.checkpoint()) }
    })
}

/// Frees the handle; NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_snap_free(snap: *mut wb_snap) {
    guard::quiet("release", || {
        if !snap.is_null() {
            // SAFETY: the caller's promise.
            drop(unsafe { Box::from_raw(snap) });
        }
    });
}
