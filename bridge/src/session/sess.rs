//! Sessions: settings, functions, declared inputs, a pinned clock.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use datafusion::catalog::{CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::alias::AliasGenerator;
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionConfig;

use crate::edge::guard;
use crate::edge::abi::{wb_scalar_fn, wb_sess_flags};
use crate::edge::abi_agg::wb_aggregate_fn;
use crate::edge::abi_rel::wb_relation_fn;
use crate::edge::codes::{E_BAD_VALUE, E_DUPLICATE_NAME, E_NOT_SEALED};
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::function::{aggregate, scalar};
use crate::function::spec::Spec;
use crate::function::table::HostTableFn;
use crate::relation::exec::HostQueryPlanner;
use crate::relation::rel::{RelFn, RelFns};
use crate::relation::rel_sql::HostRelations;
use crate::runtime::threads::RtInner;
use crate::session::other_name;
use crate::session::host_settings::HostSettings;
use crate::session::rules::Rules;
use crate::sql::macros::Macros;
use crate::sql::size::Limits;

/// DataFusion's own; tables in it would hide the real ones.
const INFORMATION_SCHEMA: &str = "information_schema";

const VALIDATE_FULL: u32 = wb_sess_flags::WB_SESS_VALIDATE_FULL as u32;

type Inputs = BTreeSet<(String, String)>;

/// A session: settings, functions, declared inputs.
#[allow(non_camel_case_types)]
pub struct wb_sess {
    pub(crate) inner: Arc<SessInner>,
}

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

pub(crate) fn state(spec: &SessSpec, catalogs: Arc<dyn CatalogProviderList>) -> Result<SessionState> {
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

    /// The macros as they are.
    pub fn macros(&self) -> Arc<Macros> {
        Arc::clone(&self.macros.read().unwrap_or_else(|e| e.into_inner()))
    }

    /// The rules as they are.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(|e| e.into_inner()))
    }

    /// A function that came after the macros may not have the name of one.
    fn check_macros(&self) -> Result<()> {
        let state = self.snapshot();
        match self.macros().keys().find(|name| taken(&state, name)) {
            None => Ok(()),
            Some(name) => {
                let message = format!("there is a function {name} already");
                Err(Error::new(E_DUPLICATE_NAME, ORIGIN_BRIDGE, message))
            }
        }
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
            return scalar::host_fn(function).map(|fun| Arc::clone(&fun.spec));
        }
        aggregate::host_spec(state.aggregate_functions().get(name)?)
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

    pub(crate) fn add_relation(&self, raw: &wb_relation_fn) -> Result<()> {
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

    pub(crate) fn add_scalar(&self, raw: &wb_scalar_fn) -> Result<()> {
        self.open()?;
        // SAFETY: the caller of wb_sess_add_scalar gave a valid description.
        let spec = unsafe { crate::function::spec::read(&raw.into())? };
        let mut state = self.state.write().unwrap_or_else(|e| e.into_inner());
        check_names(&state, &spec)?;
        let function = Arc::new(scalar::scalar_udf(spec, raw, self.validate_full)?);
        guard::point("sess.register");
        state.register_udf(Arc::clone(&function))?;
        // From here on the session owns the host's object.
        if let Some(fun) = scalar::host_fn(&function) {
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

    pub(crate) fn add_aggregate(&self, raw: &wb_aggregate_fn) -> Result<()> {
        self.open()?;
        // SAFETY: the caller of wb_sess_add_aggregate gave a valid description.
        let spec = unsafe { crate::function::spec::read(&raw.into())? };
        let mut state = self.state.write().unwrap_or_else(|e| e.into_inner());
        check_names(&state, &spec)?;
        let function = Arc::new(aggregate::aggregate_udf(spec, raw, self.validate_full)?);
        guard::point("sess.register");
        state.register_udaf(Arc::clone(&function))?;
        // From here on the session owns the host's object.
        aggregate::own(&function, raw.release);
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
