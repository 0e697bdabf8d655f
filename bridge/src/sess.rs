//! Sessions: settings, functions, declared inputs, a pinned clock.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use arrow::ffi_stream::FFI_ArrowArrayStream;
use chrono::{DateTime, Utc};
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::common::alias::AliasGenerator;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionConfig;

use crate::abi::{
    check_size, in_ref, out_ref, pairs, wb_err, wb_rt, wb_scalar_fn, wb_sess, wb_sess_flags,
    wb_sess_options,
};
use crate::abi_agg::wb_aggregate_fn;
use crate::calls::HostTableFn;
use crate::codes::{E_BAD_VALUE, E_BUG, E_DUPLICATE_NAME, E_NOT_SEALED};
use crate::error::{Error, ORIGIN_BRIDGE, Result};
use crate::guard;
use crate::host_settings::HostSettings;
use crate::macros::Macros;
use crate::other_name;
use crate::rel::{RelFn, RelFns};
use crate::rel_abi::wb_relation_fn;
use crate::rel_exec::HostQueryPlanner;
use crate::rel_sql::HostRelations;
use crate::rt::RtInner;
use crate::rules::Rules;
use crate::size::Limits;
use crate::stream;
use crate::udaf;
use crate::udf::{self, Spec};

/// DataFusion's own; tables in it would hide the real ones.
const INFORMATION_SCHEMA: &str = "information_schema";

const VALIDATE_FULL: u32 = wb_sess_flags::WB_SESS_VALIDATE_FULL as u32;

type Inputs = BTreeSet<(String, String)>;

/// A session. Changed until sealed, planned with after that; inputs come at any time.
pub struct SessInner {
    /// What it runs on.
    pub rt: Arc<RtInner>,
    sealed: AtomicBool,
    state: RwLock<SessionState>,
    catalog: Arc<MemoryCatalogProvider>,
    inputs: Mutex<Inputs>,
    pub(crate) macros: RwLock<Arc<Macros>>,
    relations: RelFns,
    pub(crate) rules: RwLock<Arc<Rules>>,
    now: DateTime<Utc>,
    validate_full: bool,
    /// What a statement may have at most.
    pub(crate) limits: Limits,
}

/// What a session is made from, copied from the caller.
pub struct SessSpec {
    pub settings: Vec<(String, String)>,
    pub catalog: String,
    pub schema: String,
    pub now_us: i64,
    pub flags: u32,
    pub host_settings: Vec<(String, String)>,
    pub caches: Caches,
}

/// What is kept of files that were read, in bytes.
#[derive(Default)]
pub struct Caches {
    pub footers: u64,
    pub statistics: u64,
    pub lists: u64,
}

fn config(spec: &SessSpec) -> Result<SessionConfig> {
    let mut config = SessionConfig::new().with_create_default_catalog_and_schema(false);
    let options = config.options_mut();
    for (key, value) in &spec.settings {
        options.set(key, value).map_err(|e| {
            let cause = Error::from(e);
            let message = format!("setting {key} = {value}: {}", cause.message);
            Error { message, ..cause.with_code(E_BAD_VALUE) }
        })?;
    }
    // After the settings: they may not undo what the session relies on.
    options.catalog.create_default_catalog_and_schema = false;
    options.catalog.default_catalog.clone_from(&spec.catalog);
    options.catalog.default_schema.clone_from(&spec.schema);
    options.extensions.insert(HostSettings::new(spec.host_settings.clone()));
    Ok(config)
}

fn state(spec: &SessSpec, catalogs: Arc<dyn CatalogProviderList>) -> Result<SessionState> {
    let bytes = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let runtime = RuntimeEnvBuilder::new()
        .with_metadata_cache_limit(bytes(spec.caches.footers))
        .with_file_statistics_cache_limit(bytes(spec.caches.statistics))
        .with_object_list_cache_limit(bytes(spec.caches.lists))
        .build_arc()?;
    let mut state = SessionStateBuilder::new()
        .with_session_id("weir".to_string())
        .with_config(config(spec)?)
        .with_runtime_env(runtime)
        .with_catalog_list(catalogs)
        .with_default_features()
        .with_query_planner(Arc::new(HostQueryPlanner))
        .build();
    // Nothing may be made from a path in the SQL.
    state.table_factories_mut().clear();
    Ok(state)
}

impl SessInner {
    /// A session without functions of the host and without inputs.
    pub fn new(rt: Arc<RtInner>, spec: &SessSpec) -> Result<Self> {
        let bad = |what: &str| Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, what));
        if spec.catalog.is_empty() || spec.schema.is_empty() {
            return bad("a session needs names for its catalog and its schema");
        }
        if spec.schema == INFORMATION_SCHEMA {
            return bad("information_schema cannot be the default schema");
        }
        if spec.flags & !VALIDATE_FULL != 0 {
            return bad("a flag of a session that this bridge does not know");
        }
        let Some(now) = DateTime::<Utc>::from_timestamp_micros(spec.now_us) else {
            return bad("the session's clock is outside the years that can be shown");
        };
        let catalog = Arc::new(MemoryCatalogProvider::new());
        catalog.register_schema(&spec.schema, Arc::new(MemorySchemaProvider::new()))?;
        let catalogs = Arc::new(MemoryCatalogProviderList::new());
        let provider: Arc<dyn CatalogProvider> = Arc::<MemoryCatalogProvider>::clone(&catalog);
        catalogs.register_catalog(spec.catalog.clone(), provider);
        let relations = RelFns::default();
        let mut state = state(spec, catalogs)?;
        // Before those that are there, if any; none is replaced.
        state.register_relation_planner(Arc::new(HostRelations::new(Arc::clone(&relations))))?;
        Ok(Self {
            rt,
            sealed: AtomicBool::new(false),
            state: RwLock::new(state),
            catalog,
            inputs: Mutex::new(BTreeSet::new()),
            macros: RwLock::default(),
            relations,
            rules: RwLock::default(),
            now,
            validate_full: spec.flags & VALIDATE_FULL != 0,
            limits: Limits::NONE,
        })
    }

    /// With limits for its statements.
    pub fn limited(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    pub(crate) fn open(&self) -> Result<()> {
        if self.sealed.load(Ordering::Acquire) {
            let message = "the session is sealed: functions are added before";
            return Err(Error::new(E_NOT_SEALED, ORIGIN_BRIDGE, message));
        }
        Ok(())
    }

    /// Ends the setting up.
    pub fn seal(&self) -> Result<()> {
        self.open()?;
        self.check_macros()?;
        self.sealed.store(true, Ordering::Release);
        Ok(())
    }

    /// The schema of names that are written without one. A copy of the state costs as much as
    /// planning a small query, and plan tables are read several times per plan.
    pub fn default_schema(&self) -> String {
        let state = self.state.read().unwrap_or_else(|e| e.into_inner());
        state.config_options().catalog.default_schema.clone()
    }

    /// The state as it is; for looking at, not for planning.
    pub fn snapshot(&self) -> SessionState {
        self.state.read().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// A state to plan one statement with: the clock pinned, aliases numbered from the start.
    pub fn planning_state(&self) -> Result<SessionState> {
        if !self.sealed.load(Ordering::Acquire) {
            let message = "the session is not sealed: seal it before planning";
            return Err(Error::new(E_NOT_SEALED, ORIGIN_BRIDGE, message));
        }
        let mut state = self.snapshot();
        let options = Arc::clone(state.config_options());
        let props = state.execution_props_mut();
        props.query_execution_start_time = Some(self.now);
        props.alias_generator = Arc::new(AliasGenerator::new());
        props.config_options = Some(options);
        Ok(state)
    }

    fn inputs(&self) -> MutexGuard<'_, Inputs> {
        self.inputs.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Adds a table to the catalog; its schema appears with its first table.
    pub fn declare(
        &self,
        schema: &str,
        table: &str,
        provider: Arc<dyn TableProvider>,
    ) -> Result<()> {
        if schema.is_empty() || table.is_empty() || schema == INFORMATION_SCHEMA {
            let message = format!("an input cannot be named \"{schema}\".\"{table}\"");
            return Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message));
        }
        let mut inputs = self.inputs();
        let key = (schema.to_string(), table.to_string());
        if inputs.contains(&key) {
            let message = format!("the input {schema}.{table} is declared already");
            return Err(Error::new(E_DUPLICATE_NAME, ORIGIN_BRIDGE, message));
        }
        let target: Arc<dyn SchemaProvider> = match self.catalog.schema(schema) {
            Some(there) => there,
            None => {
                let fresh = Arc::new(MemorySchemaProvider::new());
                self.catalog
                    .register_schema(schema, Arc::<MemorySchemaProvider>::clone(&fresh) as _)?;
                fresh
            }
        };
        target.register_table(table.to_string(), provider)?;
        inputs.insert(key);
        Ok(())
    }

    /// Takes a table out of the catalog; plans that were made over it keep it. None of that name
    /// is fine.
    pub fn undeclare(&self, schema: &str, table: &str) -> Result<()> {
        let mut inputs = self.inputs();
        if inputs.remove(&(schema.to_string(), table.to_string()))
            && let Some(there) = self.catalog.schema(schema)
        {
            there.deregister_table(table)?;
        }
        Ok(())
    }

    /// The description of a function of the host, scalar or aggregate, by its name or an alias.
    pub fn host_spec(&self, name: &str) -> Option<Arc<Spec>> {
        let state = self.state.read().unwrap_or_else(|e| e.into_inner());
        if let Some(function) = state.scalar_functions().get(name) {
            return udf::host_fn(function).map(|fun| Arc::clone(&fun.spec));
        }
        udaf::host_spec(state.aggregate_functions().get(name)?)
    }

    /// The names of the relation operators.
    pub fn relation_names(&self) -> BTreeSet<String> {
        let relations = self.relations.read().unwrap_or_else(|e| e.into_inner());
        relations.keys().cloned().collect()
    }

    /// The relation operators: name and identity.
    pub fn relation_list(&self) -> Vec<(String, [u8; 32])> {
        let relations = self.relations.read().unwrap_or_else(|e| e.into_inner());
        relations.values().map(|f| (f.name.clone(), f.identity)).collect()
    }

    fn add_relation(&self, raw: &wb_relation_fn) -> Result<()> {
        self.open()?;
        // SAFETY: the caller of wb_sess_add_relation gave a valid description.
        let fun = unsafe { RelFn::read(raw)? };
        let state = self.state.read().unwrap_or_else(|e| e.into_inner());
        let mut relations = self.relations.write().unwrap_or_else(|e| e.into_inner());
        if relations.contains_key(&fun.name) || taken(&state, &fun.name) {
            let message = format!("there is a function {} already", fun.name);
            return Err(Error::new(E_DUPLICATE_NAME, ORIGIN_BRIDGE, message));
        }
        guard::point("sess.register");
        let fun = Arc::new(fun);
        relations.insert(fun.name.clone(), Arc::clone(&fun));
        // From here on the session owns the host's object.
        fun.own(raw.release);
        Ok(())
    }

    /// Adds a table function of the host.
    pub fn add_table_fn(&self, name: &str, function: Arc<HostTableFn>) -> Result<()> {
        self.open()?;
        let mut state = self.state.write().unwrap_or_else(|e| e.into_inner());
        if taken(&state, name) {
            let message = format!("there is a function {name} already");
            return Err(Error::new(E_DUPLICATE_NAME, ORIGIN_BRIDGE, message));
        }
        state.register_udtf(name, function);
        Ok(())
    }

    fn add_scalar(&self, raw: &wb_scalar_fn) -> Result<()> {
        self.open()?;
        // SAFETY: the caller of wb_sess_add_scalar gave a valid description.
        let spec = unsafe { udf::read(&raw.into())? };
        let mut state = self.state.write().unwrap_or_else(|e| e.into_inner());
        check_names(&state, &spec)?;
        let function = Arc::new(udf::scalar_udf(spec, raw, self.validate_full)?);
        guard::point("sess.register");
        state.register_udf(Arc::clone(&function))?;
        // From here on the session owns the host's object.
        if let Some(fun) = udf::host_fn(&function) {
            fun.own(raw.release);
        }
        Ok(())
    }

    /// Puts a scalar function in the place of the one that has its names.
    pub(crate) fn replace_scalar(&self, function: ScalarUDF) -> Result<()> {
        let mut state = self.state.write().unwrap_or_else(|e| e.into_inner());
        state.register_udf(Arc::new(function))?;
        Ok(())
    }

    /// Lists another name of a function beside it.
    pub(crate) fn register_name(&self, name: &str, real: &str) -> Result<bool> {
        let mut state = self.state.write().unwrap_or_else(|e| e.into_inner());
        Ok(other_name::register(&mut state, name, real)?)
    }

    fn add_aggregate(&self, raw: &wb_aggregate_fn) -> Result<()> {
        self.open()?;
        // SAFETY: the caller of wb_sess_add_aggregate gave a valid description.
        let spec = unsafe { udf::read(&raw.into())? };
        let mut state = self.state.write().unwrap_or_else(|e| e.into_inner());
        check_names(&state, &spec)?;
        let function = Arc::new(udaf::aggregate_udf(spec, raw, self.validate_full)?);
        guard::point("sess.register");
        state.register_udaf(Arc::clone(&function))?;
        // From here on the session owns the host's object.
        udaf::own(&function, raw.release);
        Ok(())
    }
}

fn check_names(state: &SessionState, spec: &Spec) -> Result<()> {
    for name in std::iter::once(&spec.name).chain(&spec.aliases) {
        if taken(state, name) {
            let message = format!("there is a function {name} already");
            return Err(Error::new(E_DUPLICATE_NAME, ORIGIN_BRIDGE, message));
        }
    }
    Ok(())
}

/// Whether a function of any kind has the name.
pub(crate) fn taken(state: &SessionState, name: &str) -> bool {
    state.scalar_functions().contains_key(name)
        || state.higher_order_functions().contains_key(name)
        || state.aggregate_functions().contains_key(name)
        || state.window_functions().contains_key(name)
        || state.table_functions().contains_key(name)
}

/// A session; settings and functions are given before seal, planning before seal is
/// NOT_SEALED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_new(
    rt: *mut wb_rt,
    options: *const wb_sess_options,
    out: *mut *mut wb_sess,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_new", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let out = unsafe { out_ref(out)? };
        *out = std::ptr::null_mut();
        // SAFETY: as above.
        let (rt, options) = unsafe { (in_ref(rt)?, in_ref(options)?) };
        check_size::<wb_sess_options>(options.struct_size)?;
        // SAFETY: the options' texts are valid for the call.
        let spec = unsafe {
            SessSpec {
                settings: pairs(options.settings, options.n_settings)?,
                catalog: options.catalog.to_str()?.to_string(),
                schema: options.schema.to_str()?.to_string(),
                now_us: options.now_us,
                flags: options.flags,
                host_settings: pairs(options.host_settings, options.n_host_settings)?,
                caches: Caches {
                    footers: options.footer_cache_bytes,
                    statistics: options.statistics_cache_bytes,
                    lists: options.list_cache_bytes,
                },
            }
        };
        let limits = Limits::from(&options.limits);
        let inner = SessInner::new(Arc::clone(&rt.inner), &spec)?.limited(limits);
        let inner = Arc::new(inner);
        *out = Box::into_raw(Box::new(wb_sess { inner }));
        Ok(())
    })
}

/// Adds a function: everything is copied, `self` is owned by the session from a success on (on
/// failure it stays the caller's, and release is not called). DUPLICATE_NAME if a built-in or
/// an earlier one has the name or an alias.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_scalar(
    sess: *mut wb_sess,
    fn_: *const wb_scalar_fn,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_scalar", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let (sess, raw) = unsafe { (in_ref(sess)?, in_ref(fn_)?) };
        check_size::<wb_scalar_fn>(raw.struct_size)?;
        sess.inner.add_scalar(raw)
    })
}

/// Adds an aggregate function, which is a window function too: as wb_sess_add_scalar.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_aggregate(
    sess: *mut wb_sess,
    fn_: *const wb_aggregate_fn,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_aggregate", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let (sess, raw) = unsafe { (in_ref(sess)?, in_ref(fn_)?) };
        check_size::<wb_aggregate_fn>(raw.struct_size)?;
        sess.inner.add_aggregate(raw)
    })
}

/// Adds a relation operator; ownership as for wb_sess_add_scalar. DUPLICATE_NAME if a function
/// has the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_add_relation(
    sess: *mut wb_sess,
    fn_: *const wb_relation_fn,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_add_relation", err, || {
        // SAFETY: the contract says that the pointers are valid.
        let (sess, raw) = unsafe { (in_ref(sess)?, in_ref(fn_)?) };
        check_size::<wb_relation_fn>(raw.struct_size)?;
        sess.inner.add_relation(raw)
    })
}

/// Ends the setting up; planning begins.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_seal(sess: *mut wb_sess, err: *mut wb_err) -> i32 {
    // SAFETY: the contract says that the pointer is valid.
    guard::entry("wb_sess_seal", err, || unsafe { in_ref(sess)? }.inner.seal())
}

/// A table about the session (wb_sess_table): sorted, deterministic.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_table_read(
    sess: *mut wb_sess,
    which: i32,
    out: *mut FFI_ArrowArrayStream,
    err: *mut wb_err,
) -> i32 {
    guard::entry("wb_sess_table_read", err, || {
        // SAFETY: the contract says that the pointers are valid.
        unsafe { stream::zero(out)? };
        // SAFETY: as above.
        let sess = unsafe { in_ref(sess)? };
        let state = sess.inner.snapshot();
        let batch = crate::sess_tables::table(&sess.inner, &state, which)?
            .ok_or_else(|| Error::new(E_BUG, ORIGIN_BRIDGE, "no such table of a session"))?;
        // SAFETY: zeroed above.
        unsafe { stream::export_batches(batch.schema(), vec![batch], out) }
    })
}

/// Frees a session; what was made with it keeps its own share.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wb_sess_free(sess: *mut wb_sess) {
    if !sess.is_null() {
        // SAFETY: the handle came from Box::into_raw, and this is its last use.
        guard::quiet("wb_sess_free", || drop(unsafe { Box::from_raw(sess) }));
    }
}
