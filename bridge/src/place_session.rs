//! A session that knows one table's files and no others, for the planning of a scan: the log's
//! reader opens what the log names, deletion vectors too, wherever the session's registry finds a
//! store for it; and that has one for every file of this machine.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProviderList, Session};
use datafusion::common::{DFSchema, Result};
use datafusion::config::TableOptions;
use datafusion::execution::TaskContext;
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::registry::ExtensionTypeRegistryRef;
use datafusion::logical_expr::{AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, WindowUDF};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::store::StoreInner;
use crate::store_place::{Place, Placed, outside};

/// Finds the table's own store, by its place and by the URL that the caller opened.
#[derive(Debug)]
struct OnlyPlace {
    place: Place,
    store: Arc<StoreInner>,
}

impl ObjectStoreRegistry for OnlyPlace {
    fn register_store(
        &self,
        _url: &Url,
        store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        Some(store)
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        if url.as_str().starts_with(self.place.key.as_str()) {
            return Ok(Arc::clone(&self.place.store));
        }
        let root = &self.store.root;
        let same = |a: &Url, b: &Url| {
            a.scheme() == b.scheme() && a.authority() == b.authority()
        };
        match Path::from_url_path(root.path()) {
            Ok(path) if same(url, root) => {
                Ok(Arc::new(Placed::new(path, Arc::clone(&self.store.store))))
            }
            _ => Err(outside(url).into_df()),
        }
    }
}

/// See the module.
pub struct PlaceSession<'a> {
    inner: &'a dyn Session,
    env: Arc<RuntimeEnv>,
}

impl<'a> PlaceSession<'a> {
    /// The session with the files of `store` only, as `place` and as its URL.
    pub fn new(inner: &'a dyn Session, place: &Place, store: &Arc<StoreInner>) -> Self {
        let only = OnlyPlace { place: place.clone(), store: Arc::clone(store) };
        let env = RuntimeEnv {
            object_store_registry: Arc::new(only),
            ..RuntimeEnv::clone(inner.runtime_env())
        };
        Self { inner, env: Arc::new(env) }
    }
}

#[async_trait]
impl Session for PlaceSession<'_> {
    fn session_id(&self) -> &str {
        self.inner.session_id()
    }

    fn config(&self) -> &SessionConfig {
        self.inner.config()
    }

    fn catalog_list(&self) -> Arc<dyn CatalogProviderList> {
        self.inner.catalog_list()
    }

    async fn create_physical_plan(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        self.inner.create_physical_plan(plan).await
    }

    fn create_physical_expr(&self, e: Expr, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
        self.inner.create_physical_expr(e, schema)
    }

    fn scalar_functions(&self) -> &HashMap<String, Arc<ScalarUDF>> {
        self.inner.scalar_functions()
    }

    fn higher_order_functions(&self) -> &HashMap<String, Arc<HigherOrderUDF>> {
        self.inner.higher_order_functions()
    }

    fn aggregate_functions(&self) -> &HashMap<String, Arc<AggregateUDF>> {
        self.inner.aggregate_functions()
    }

    fn window_functions(&self) -> &HashMap<String, Arc<WindowUDF>> {
        self.inner.window_functions()
    }

    fn extension_type_registry(&self) -> &ExtensionTypeRegistryRef {
        self.inner.extension_type_registry()
    }

    fn runtime_env(&self) -> &Arc<RuntimeEnv> {
        &self.env
    }

    fn execution_props(&self) -> &ExecutionProps {
        self.inner.execution_props()
    }

    fn as_any(&self) -> &dyn Any {
        self.inner.as_any()
    }

    fn table_options(&self) -> &TableOptions {
        self.inner.table_options()
    }

    /// A reader changes none: these are of nobody.
    fn table_options_mut(&mut self) -> &mut TableOptions {
        unreachable!("the options of a session that is lent")
    }

    fn task_ctx(&self) -> Arc<TaskContext> {
        let session: &dyn Session = self;
        Arc::new(TaskContext::from(session))
    }
}
