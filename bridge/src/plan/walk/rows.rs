//! The rows of plan tables, and what a walk over a plan keeps.

use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef};

/// A row of WB_PLAN_NODES.
pub(crate) struct NodeRow {
    pub parent: i32,
    pub child_ord: u32,
    pub kind: &'static str,
    pub detail: String,
    pub subquery_of: i32,
}

pub(crate) struct OutputRow {
    pub node: u32,
    pub ord: u32,
    pub qualifier: String,
    pub name: String,
    pub data_type: String,
    pub nullable: bool,
    pub metadata: String,
    pub sorts: u32,
}

/// A row of WB_PLAN_COLREFS.
pub(crate) struct ColRow {
    pub expr: u32,
    pub node: u32,
    pub input: u32,
    pub field: u32,
    pub qualifier: String,
    pub name: String,
    pub outer: bool,
}

pub(crate) struct ScanRow {
    pub node: u32,
    pub schema: String,
    pub table: String,
    pub provider: String,
    pub projection: String,
    pub fetch: i64,
    pub filters: u32,
}

/// All tables of one plan, filled in one walk.
pub(crate) struct Walk {
    pub default_schema: String,
    pub nodes: Vec<NodeRow>,
    pub outputs: Vec<OutputRow>,
    pub exprs: Vec<ExprRow>,
    pub colrefs: Vec<ColRow>,
    pub scans: Vec<ScanRow>,
    /// Inputs of the nodes around, outermost first: where outer references look.
    pub outer: Vec<Vec<DFSchemaRef>>,
    /// Left sides of the joins around: where a lateral right side looks.
    pub laterals: Vec<DFSchemaRef>,
    /// Names of the recursive queries around, outermost first.
    pub recursions: Vec<String>,
    /// Where each node is in memory, as long as the plan stands still.
    pub places: Vec<usize>,
    /// Parameters of the lambdas around, outermost first.
    pub lambdas: Vec<Vec<String>>,
}

pub(crate) fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A row of WB_PLAN_EXPRS.
pub(crate) struct ExprRow {
    pub node: u32,
    pub role: &'static str,
    pub role_ord: u32,
    pub parent: i32,
    pub child_ord: u32,
    pub kind: &'static str,
    pub op: String,
    pub func_identity: String,
    pub func_origin: &'static str,
    pub literal: String,
    pub volatility: &'static str,
    pub data_type: String,
    pub call: CallRow,
}

/// What a row says of a call of an aggregate or window function.
#[derive(Clone, Copy, Default)]
pub(crate) struct CallRow {
    pub args: u32,
    pub partition_keys: u32,
    pub order_keys: u32,
    pub distinct: bool,
    pub ignore_nulls: bool,
    pub frame: u32,
    pub from: i32,
    pub to: i32,
}

/// The node whose expressions are walked.
pub(crate) struct Place {
    pub node: u32,
    pub inputs: Vec<DFSchemaRef>,
    /// All inputs side by side, for types.
    pub merged: DFSchemaRef,
}

impl Place {
    pub fn new(node: u32, inputs: Vec<DFSchemaRef>) -> Self {
        let merged = match inputs.as_slice() {
            [] => Arc::new(DFSchema::empty()),
            [one] => Arc::clone(one),
            [first, rest @ ..] => {
                let mut merged = first.as_ref().clone();
                rest.iter().for_each(|schema| merged.merge(schema));
                Arc::new(merged)
            }
        };
        Self { node, inputs, merged }
    }
}
