//! Columns of the inputs of a relation operator, by index.

use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::common::{DFSchema, internal_err};
use datafusion::error::Result as DfResult;
use datafusion::physical_expr::OrderingRequirements;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{Distribution, LexRequirement, PhysicalExpr, PhysicalSortRequirement};

use crate::relation::node::Side;

/// How groups are sorted.
pub(crate) const GROUP_ORDER: SortOptions = SortOptions { descending: false, nulls_first: true };

/// The columns of one input, by index.
#[derive(Debug)]
pub(crate) struct SideColumns {
    pub outputs: Vec<usize>,
    pub groups: Vec<usize>,
    pub values: Vec<usize>,
    order: Vec<(usize, SortOptions)>,
    names: Vec<String>,
}

impl SideColumns {
    pub fn new(side: &Side, schema: &DFSchema) -> DfResult<Self> {
        let index = |name: &String| match schema.index_of_column_by_name(None, name) {
            Some(index) => Ok(index),
            None => internal_err!("column {name} is gone"),
        };
        let list = |names: &[String]| names.iter().map(index).collect::<DfResult<Vec<_>>>();
        let order = side.order.iter().map(|key| {
            let (descending, nulls_first) = (key.descending, key.nulls_first);
            Ok((index(&key.column)?, SortOptions { descending, nulls_first }))
        });
        Ok(Self {
            outputs: list(&side.outputs)?,
            groups: list(&side.groups)?,
            values: list(&side.values)?,
            order: order.collect::<DfResult<Vec<_>>>()?,
            names: schema.fields().iter().map(|f| f.name().clone()).collect(),
        })
    }

    fn column(&self, index: usize) -> Arc<dyn PhysicalExpr> {
        let name = self.names.get(index).map_or("", String::as_str);
        Arc::new(Column::new(name, index))
    }

    pub fn distribution(&self) -> Distribution {
        if self.groups.is_empty() {
            return Distribution::SinglePartition;
        }
        Distribution::KeyPartitioned(self.groups.iter().map(|i| self.column(*i)).collect())
    }

    pub fn ordering(&self) -> Option<OrderingRequirements> {
        let groups = self.groups.iter().map(|i| (*i, GROUP_ORDER));
        let keys = groups.chain(self.order.iter().copied()).map(|(index, options)| {
            PhysicalSortRequirement::new(self.column(index), Some(options))
        });
        LexRequirement::new(keys).map(OrderingRequirements::new)
    }
}

/// The columns of both inputs.
#[derive(Debug)]
pub(crate) struct Columns {
    pub left: SideColumns,
    pub right: SideColumns,
    pub shown: String,
}
