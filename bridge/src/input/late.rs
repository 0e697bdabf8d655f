//! Declared inputs: planned by their schema alone, bound to data only for an execution.

use std::fmt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::{TableType, source_as_provider};
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;

use crate::edge::codes::E_BUG;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::input::adapt::Adapter;
use crate::input::node::InputExec;
use crate::input::table_source::TableSource;

/// What is wanted of a bound input: columns by name.
pub struct Wanted<'a> {
    /// The session of the execution.
    pub state: &'a dyn Session,
    /// The declared columns to give, by name; those that the input lacks are left out.
    pub schema: &'a SchemaRef,
    /// The whole declared schema.
    pub declared: &'a SchemaRef,
    /// Schema and table.
    pub name: &'a str,
    /// Only to skip what cannot match: the filters stay above.
    pub filters: &'a [Expr],
    /// Rows that are enough.
    pub limit: Option<usize>,
}

/// Data that a declared input is bound to.
#[async_trait]
pub trait Bound: Send + Sync + fmt::Debug {
    /// delta_native, files, stream or memory.
    fn kind(&self) -> &'static str;
    /// What it keeps in memory, as long as it is bound.
    fn held_bytes(&self) -> usize {
        0
    }
    /// Whether it can be scanned once only.
    fn once(&self) -> bool {
        false
    }
    /// A plan whose output has the wanted columns by name, in any order and of any type that
    /// turns into the declared one without loss.
    async fn scan(&self, wanted: &Wanted<'_>) -> Result<Arc<dyn ExecutionPlan>>;
}

/// What the inputs of one execution are bound to; an extension of its session's config.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    inputs: BTreeMap<(String, String), Arc<dyn Bound>>,
}

impl Bindings {
    /// What `schema.table` is bound to.
    pub fn get(&self, schema: &str, table: &str) -> Option<&Arc<dyn Bound>> {
        self.inputs.get(&(schema.to_string(), table.to_string()))
    }

    /// Only what the plan reads.
    pub(crate) fn of_plan(&self, plan: &LogicalPlan) -> Result<Self> {
        let mut inputs = BTreeMap::new();
        plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node
                && let Ok(provider) = source_as_provider(&scan.source)
                && let Some(late) = provider.downcast_ref::<LateBound>()
            {
                let key = (late.schema_name.clone(), late.table_name.clone());
                if let Some(bound) = self.inputs.get(&key) {
                    inputs.insert(key, Arc::clone(bound));
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(Self { inputs })
    }

    /// Whether one of the inputs can be scanned once only.
    pub fn once(&self) -> bool {
        self.inputs.values().any(|bound| bound.once())
    }

    /// What the inputs keep in memory.
    pub fn held_bytes(&self) -> usize {
        self.inputs.values().map(|bound| bound.held_bytes()).sum()
    }
}

/// Bindings that are being made; see `wb_bind_new`.
#[allow(non_camel_case_types)]
#[derive(Default)]
pub struct wb_bind {
    inner: Mutex<Bindings>,
}

impl wb_bind {
    /// Binds an input, in place of what it was bound to.
    pub fn insert(&self, schema: &str, table: &str, bound: Arc<dyn Bound>) {
        let mut inner = self.inner.lock().unwrap_or_else(|e| e.into_inner());
        inner.inputs.insert((schema.to_string(), table.to_string()), bound);
    }

    /// Takes an input's binding out, if there is one.
    pub fn remove(&self, schema: &str, table: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(|e| e.into_inner());
        inner.inputs.remove(&(schema.to_string(), table.to_string()));
    }

    /// Only what the plan reads, as it is bound now.
    pub fn of_plan(&self, plan: &LogicalPlan) -> Result<Self> {
        let inner = self.inner.lock().unwrap_or_else(|e| e.into_inner()).of_plan(plan)?;
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// What is bound now.
    pub fn bindings(&self) -> Arc<Bindings> {
        Arc::new(self.inner.lock().unwrap_or_else(|e| e.into_inner()).clone())
    }
}

/// A declared input.
#[derive(Debug)]
pub struct LateBound {
    schema_name: String,
    table_name: String,
    schema: SchemaRef,
    tag: String,
}

impl LateBound {
    /// `provider_kind` of plan tables.
    pub const KIND: &'static str = "late_bound";

    /// An input of this name and schema.
    pub fn new(schema_name: &str, table_name: &str, schema: SchemaRef) -> Self {
        let tag = String::new();
        Self { schema_name: schema_name.into(), table_name: table_name.into(), schema, tag }
    }

    /// With a mark that tells plans apart that read the same columns of it.
    pub fn tagged(self, tag: &str) -> Self {
        Self { tag: tag.into(), ..self }
    }

    /// `schema_name` and `table_name` of plan tables, and the provider's kind.
    pub fn labels(&self) -> (&str, &str, &str) {
        (&self.schema_name, &self.table_name, &self.tag)
    }

    async fn plan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let name = format!("{}.{}", self.schema_name, self.table_name);
        let bindings = state.config().get_extension::<Bindings>();
        let bound = bindings
            .as_ref()
            .and_then(|bindings| bindings.get(&self.schema_name, &self.table_name))
            .ok_or_else(|| {
                let message = format!("the input {name} is not bound to data");
                Error::new(E_BUG, ORIGIN_BRIDGE, message)
            })?;
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        // Fields only: metadata of the declared schema says nothing about the rows.
        let schema = Arc::new(Schema::new(schema.fields().clone()));
        let wanted = Wanted {
            state,
            schema: &schema,
            declared: &self.schema,
            name: &name,
            filters,
            limit,
        };
        let input = bound.scan(&wanted).await?;
        // A table's scan gives what was declared by itself, mostly.
        if TableSource::of(&input).is_some() && input.schema() == schema {
            return Ok(input);
        }
        let adapter = Adapter::new(&name, &input.schema(), schema)?;
        Ok(Arc::new(InputExec::new(
            &self.schema_name,
            &self.table_name,
            bound.kind(),
            adapter,
            input,
        )))
    }
}

#[async_trait]
impl TableProvider for LateBound {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        self.plan(state, projection, filters, limit).await.map_err(Error::into_df)
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DfResult<Vec<TableProviderFilterPushDown>> {
        // Never exact: what an input skips by its statistics is no filter.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}
