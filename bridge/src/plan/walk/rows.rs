//! The rows of plan tables, and what a walk over a plan keeps.

use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef};

use crate::edge::abi::{wb_expr_flag, wb_node_flag};

/// A row of WB_PLAN_NODES.
pub(crate) struct NodeRow {
    pub parent: i32,
    pub child_ord: u32,
    pub kind: &'static str,
    pub subquery_of: i32,
    pub what: What,
}

/// What a node says of itself beside its kind.
pub(crate) struct What {
    pub variant: String,
    pub flags: u32,
    pub count: i64,
    pub detail: String,
}

impl What {
    pub fn none() -> Self {
        Self { variant: String::new(), flags: 0, count: -1, detail: String::new() }
    }

    pub fn variant(variant: impl Into<String>) -> Self {
        Self { variant: variant.into(), ..Self::none() }
    }

    pub fn count(count: Option<usize>) -> Self {
        let count = count.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX));
        Self { count, ..Self::none() }
    }

    /// With a flag where that is so.
    pub fn flag(self, flag: wb_node_flag, set: bool) -> Self {
        Self { flags: self.flags | if set { flag as u32 } else { 0 }, ..self }
    }
}

/// A row of WB_PLAN_UNNESTS: input, output (-1: none) and depth.
pub(crate) struct UnnestRow {
    pub node: u32,
    pub kind: &'static str,
    pub input: i32,
    pub output: i32,
    pub depth: u32,
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
    pub provider: &'static str,
    pub tag: String,
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
    pub unnests: Vec<UnnestRow>,
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
    pub spot: Spot,
    pub head: Head,
    pub data_type: String,
}

/// Where an expression hangs.
#[derive(Clone, Copy)]
pub(crate) struct Spot {
    pub role: &'static str,
    pub role_ord: u32,
    pub parent: i32,
    pub child_ord: u32,
}

impl Spot {
    pub fn root(role: &'static str, role_ord: usize) -> Self {
        Self { role, role_ord: small(role_ord), parent: -1, child_ord: 0 }
    }
}

/// What a row says of its expression itself.
#[derive(Default)]
pub(crate) struct Head {
    pub kind: &'static str,
    pub op: String,
    pub func_identity: String,
    pub func_origin: &'static str,
    pub literal: String,
    pub volatility: &'static str,
    pub flags: u32,
    /// See WB_PLAN_EXPRS.
    pub number: i32,
    pub depth: i32,
    pub detail: String,
    pub call: CallRow,
    /// Line and column in the SQL.
    pub place: (u32, u32),
}

impl Head {
    pub fn new(kind: &'static str, op: impl Into<String>) -> Self {
        Self { kind, op: op.into(), ..Self::default() }
    }

    /// With a flag where that is so.
    pub fn flag(self, flag: wb_expr_flag, set: bool) -> Self {
        Self { flags: self.flags | if set { flag as u32 } else { 0 }, ..self }
    }

    pub fn number(self, number: i32) -> Self {
        Self { number, ..self }
    }
}

/// What a row says of a call of an aggregate or window function.
#[derive(Default)]
pub(crate) struct CallRow {
    pub args: u32,
    pub partition_keys: u32,
    pub order_keys: u32,
    pub frame: u32,
    pub from: i32,
    pub to: i32,
    /// How far away bounds are, as literals.
    pub from_by: String,
    pub to_by: String,
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
