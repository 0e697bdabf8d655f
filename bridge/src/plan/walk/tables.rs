//! The tables of a plan, of the rows of a walk.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::datatypes::{Field, Schema};

use crate::edge::abi::wb_plan_table;
use crate::edge::codes::E_BAD_VALUE;
use crate::edge::error::{Error, ORIGIN_BRIDGE, Result};
use crate::plan::walk::rows::{Walk, small};

/// Builds a batch column by column.
#[derive(Default)]
struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn add(mut self, name: &str, array: ArrayRef) -> Self {
        self.fields.push(Field::new(name, array.data_type().clone(), false));
        self.arrays.push(array);
        self
    }

    fn u32s(self, name: &str, values: impl IntoIterator<Item = u32>) -> Self {
        self.add(name, Arc::new(UInt32Array::from_iter_values(values)))
    }

    fn i32s(self, name: &str, values: impl IntoIterator<Item = i32>) -> Self {
        self.add(name, Arc::new(Int32Array::from_iter_values(values)))
    }

    fn i64s(self, name: &str, values: impl IntoIterator<Item = i64>) -> Self {
        self.add(name, Arc::new(Int64Array::from_iter_values(values)))
    }

    fn bools(self, name: &str, values: impl IntoIterator<Item = bool>) -> Self {
        let values: Vec<bool> = values.into_iter().collect();
        self.add(name, Arc::new(BooleanArray::from(values)))
    }

    fn texts<'a>(self, name: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        self.add(name, Arc::new(StringArray::from_iter_values(values)))
    }

    fn batch(self) -> Result<RecordBatch> {
        Ok(RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)?)
    }
}

impl Walk {
    fn nodes_batch(&self) -> Result<RecordBatch> {
        let rows = &self.nodes;
        Columns::default()
            .u32s("node_id", 0..small(rows.len()))
            .i32s("parent_id", rows.iter().map(|r| r.parent))
            .u32s("child_ord", rows.iter().map(|r| r.child_ord))
            .texts("kind", rows.iter().map(|r| r.kind))
            .i32s("subquery_of", rows.iter().map(|r| r.subquery_of))
            .texts("variant", rows.iter().map(|r| r.what.variant.as_str()))
            .u32s("flags", rows.iter().map(|r| r.what.flags))
            .i64s("count", rows.iter().map(|r| r.what.count))
            .texts("detail", rows.iter().map(|r| r.what.detail.as_str()))
            .batch()
    }

    fn outputs_batch(&self) -> Result<RecordBatch> {
        let rows = &self.outputs;
        Columns::default()
            .u32s("node_id", rows.iter().map(|r| r.node))
            .u32s("ord", rows.iter().map(|r| r.ord))
            .texts("qualifier", rows.iter().map(|r| r.qualifier.as_str()))
            .texts("name", rows.iter().map(|r| r.name.as_str()))
            .texts("type", rows.iter().map(|r| r.data_type.as_str()))
            .bools("nullable", rows.iter().map(|r| r.nullable))
            .texts("metadata", rows.iter().map(|r| r.metadata.as_str()))
            .u32s("sorts", rows.iter().map(|r| r.sorts))
            .batch()
    }

    fn exprs_batch(&self) -> Result<RecordBatch> {
        let rows = &self.exprs;
        Columns::default()
            .u32s("expr_id", 0..small(rows.len()))
            .u32s("node_id", rows.iter().map(|r| r.node))
            .texts("role", rows.iter().map(|r| r.spot.role))
            .u32s("role_ord", rows.iter().map(|r| r.spot.role_ord))
            .i32s("parent_expr", rows.iter().map(|r| r.spot.parent))
            .u32s("child_ord", rows.iter().map(|r| r.spot.child_ord))
            .texts("kind", rows.iter().map(|r| r.head.kind))
            .texts("op", rows.iter().map(|r| r.head.op.as_str()))
            .texts("func_identity", rows.iter().map(|r| r.head.func_identity.as_str()))
            .texts("func_origin", rows.iter().map(|r| r.head.func_origin))
            .texts("literal", rows.iter().map(|r| r.head.literal.as_str()))
            .texts("volatility", rows.iter().map(|r| r.head.volatility))
            .texts("type", rows.iter().map(|r| r.data_type.as_str()))
            .u32s("flags", rows.iter().map(|r| r.head.flags))
            .i32s("number", rows.iter().map(|r| r.head.number))
            .i32s("depth", rows.iter().map(|r| r.head.depth))
            .texts("detail", rows.iter().map(|r| r.head.detail.as_str()))
            .u32s("args", rows.iter().map(|r| r.head.call.args))
            .u32s("partition_keys", rows.iter().map(|r| r.head.call.partition_keys))
            .u32s("order_keys", rows.iter().map(|r| r.head.call.order_keys))
            .u32s("frame", rows.iter().map(|r| r.head.call.frame))
            .i32s("frame_from", rows.iter().map(|r| r.head.call.from))
            .i32s("frame_to", rows.iter().map(|r| r.head.call.to))
            .texts("from_by", rows.iter().map(|r| r.head.call.from_by.as_str()))
            .texts("to_by", rows.iter().map(|r| r.head.call.to_by.as_str()))
            .u32s("line", rows.iter().map(|r| r.head.place.0))
            .u32s("column", rows.iter().map(|r| r.head.place.1))
            .batch()
    }

    fn colrefs_batch(&self) -> Result<RecordBatch> {
        let rows = &self.colrefs;
        Columns::default()
            .u32s("expr_id", rows.iter().map(|r| r.expr))
            .u32s("node_id", rows.iter().map(|r| r.node))
            .u32s("input_ord", rows.iter().map(|r| r.input))
            .u32s("field_idx", rows.iter().map(|r| r.field))
            .texts("qualifier", rows.iter().map(|r| r.qualifier.as_str()))
            .texts("name", rows.iter().map(|r| r.name.as_str()))
            .bools("outer", rows.iter().map(|r| r.outer))
            .batch()
    }

    fn scans_batch(&self) -> Result<RecordBatch> {
        let rows = &self.scans;
        Columns::default()
            .u32s("node_id", rows.iter().map(|r| r.node))
            .texts("schema_name", rows.iter().map(|r| r.schema.as_str()))
            .texts("table_name", rows.iter().map(|r| r.table.as_str()))
            .texts("provider_kind", rows.iter().map(|r| r.provider))
            .texts("tag", rows.iter().map(|r| r.tag.as_str()))
            .texts("projection", rows.iter().map(|r| r.projection.as_str()))
            .i64s("fetch", rows.iter().map(|r| r.fetch))
            .u32s("n_filters", rows.iter().map(|r| r.filters))
            .batch()
    }

    fn unnests_batch(&self) -> Result<RecordBatch> {
        let rows = &self.unnests;
        Columns::default()
            .u32s("node_id", rows.iter().map(|r| r.node))
            .texts("kind", rows.iter().map(|r| r.kind))
            .i32s("input", rows.iter().map(|r| r.input))
            .i32s("output", rows.iter().map(|r| r.output))
            .u32s("depth", rows.iter().map(|r| r.depth))
            .batch()
    }
}

/// One of the tables (wb_plan_table).
pub(crate) fn table(walk: &Walk, which: i32) -> Result<RecordBatch> {
    const NODES: i32 = wb_plan_table::WB_PLAN_NODES as i32;
    const OUTPUTS: i32 = wb_plan_table::WB_PLAN_OUTPUTS as i32;
    const EXPRS: i32 = wb_plan_table::WB_PLAN_EXPRS as i32;
    const COLREFS: i32 = wb_plan_table::WB_PLAN_COLREFS as i32;
    const SCANS: i32 = wb_plan_table::WB_PLAN_SCANS as i32;
    const UNNESTS: i32 = wb_plan_table::WB_PLAN_UNNESTS as i32;
    match which {
        NODES => walk.nodes_batch(),
        OUTPUTS => walk.outputs_batch(),
        EXPRS => walk.exprs_batch(),
        COLREFS => walk.colrefs_batch(),
        SCANS => walk.scans_batch(),
        UNNESTS => walk.unnests_batch(),
        _ => {
            let message = format!("{which} is no table of a plan");
            Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message))
        }
    }
}
