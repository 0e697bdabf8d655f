//! Pinned snapshots of Delta tables. Only protocol and metadata are held; the list of files is
//! read from the log each time somebody asks.

use std::sync::{Arc, OnceLock};

use arrow::array::StringArray;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use buoyant_kernel::{Engine, Snapshot as KernelSnapshot};
use buoyant_kernel::engine::arrow_conversion::TryIntoArrow;
use deltalake_core::kernel::Snapshot;
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use object_store::ObjectStore;

use crate::edge::guard;
use crate::edge::codes::{E_FILE_CORRUPT, E_LOG_CORRUPT, E_PANIC, E_VERSION_MISSING};
use crate::edge::error::{Error, ORIGIN_DELTA, Result};
use crate::runtime::small_table;
use crate::snapshot::error;
use crate::store::hints::LogView;
use crate::store::objects::StoreInner;
use crate::store::place::Place;

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
        if opened.as_ref().is_err_and(|e| e.code == E_PANIC || error::may_be_misled(e.code)) {
            let (plain, plainly) = look(true);
            let again = guard::caught_async(Snapshot::try_new(plain.as_ref(), version)).await;
            if again.is_ok() {
                (log, view, opened) = (plain, plainly, again);
            }
        }
        let snapshot = match opened {
            Ok(snapshot) => Arc::new(snapshot),
            Err(e) => {
                let e = error::damaged(&store.shown, &view, e).await;
                let e = error::explain(&store, version, e).await;
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
        error::check_features(&store, &snapshot)?;
        // `arrow_schema` takes for granted that the schema has an Arrow form.
        let arrow: std::result::Result<Schema, ArrowError> =
            snapshot.schema().as_ref().try_into_arrow();
        if let Err(e) = arrow {
            return Err(place.explained(error::unreadable(&store, Error::from(e))));
        }
        error::check_schema(&store, &snapshot)?;
        let kernel = OnceLock::new();
        Ok(Self { log, view, snapshot, version: found, store, place, kernel })
    }

    /// What an error of reading the log says of this snapshot.
    pub fn explain<E>(&self, error: E) -> Error
    where
        E: std::error::Error + Into<Error> + 'static,
    {
        error::value(&self.store, &self.snapshot, &error).unwrap_or_else(|| {
            // Nothing but the log was read.
            let error = error.into();
            let corrupt = error.code == E_FILE_CORRUPT;
            self.unreadable(if corrupt { error.with_code(E_LOG_CORRUPT) } else { error })
        })
    }

    /// An error of reading the log or of planning a scan: which file of the log is damaged, if
    /// one is.
    pub async fn damaged(&self, error: Error) -> Error {
        error::damaged(&self.store.shown, &self.view, error).await
    }

    /// An error of reading the log, with paths as the caller knows them.
    pub fn unreadable(&self, error: Error) -> Error {
        self.place.explained(error::unreadable(&self.store, error))
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

    /// WB_SNAP_ACTIONS.
    pub fn actions(&self) -> Result<RecordBatch> {
        let protocol = to_json(serde_json::to_string(self.snapshot.protocol()))?;
        let metadata = to_json(serde_json::to_string(self.snapshot.metadata()))?;
        small_table::batch(vec![
            ("name", false, Arc::new(StringArray::from(vec!["protocol", "metadata"]))),
            ("json", false, Arc::new(StringArray::from(vec![protocol, metadata]))),
        ])
    }
}

fn to_json(action: serde_json::Result<String>) -> Result<String> {
    action
        .map_err(|e| Error::new(E_LOG_CORRUPT, ORIGIN_DELTA, format!("an action of the log: {e}")))
}
