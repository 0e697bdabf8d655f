//! Plan tables: a plan as flat rows in canonical form. What can change a result is in kinds,
//! details, operators, indexes, literals and types; names are in columns of their own.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::NullHandling;
use datafusion::common::{DFSchema, DFSchemaRef, JoinType, NullEquality};
use datafusion::datasource::source_as_provider;
use datafusion::functions_table::generate_series::GenerateSeriesTable;
use datafusion::logical_expr::{Distinct, LogicalPlan, Partitioning, TableScan, Unnest};

use crate::abi::wb_plan_table;
use crate::canon::{metadata_text, type_text};
use crate::codes::E_BAD_VALUE;
use crate::edit::{place_of, sort_class};
use crate::error::{Error, ORIGIN_BRIDGE, Result};
use crate::input::LateBound;
use crate::plan_exprs::{ExprRow, Place};
use crate::rel_node::RelNode;
use crate::series::Series;
use crate::sess::SessInner;

/// A row of WB_PLAN_NODES.
pub(crate) struct NodeRow {
    pub parent: i32,
    pub child_ord: u32,
    pub kind: &'static str,
    pub detail: String,
    pub subquery_of: i32,
}

struct OutputRow {
    node: u32,
    ord: u32,
    qualifier: String,
    name: String,
    data_type: String,
    nullable: bool,
    metadata: String,
    sorts: u32,
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

struct ScanRow {
    node: u32,
    schema: String,
    table: String,
    provider: String,
    projection: String,
    fetch: i64,
    filters: u32,
}

/// All tables of one plan, filled in one walk.
pub(crate) struct Walk {
    default_schema: String,
    pub nodes: Vec<NodeRow>,
    outputs: Vec<OutputRow>,
    pub exprs: Vec<ExprRow>,
    pub colrefs: Vec<ColRow>,
    scans: Vec<ScanRow>,
    /// Inputs of the nodes around, outermost first: where outer references look.
    pub outer: Vec<Vec<DFSchemaRef>>,
    /// Left sides of the joins around: where a lateral right side looks.
    laterals: Vec<DFSchemaRef>,
    /// Names of the recursive queries around, outermost first.
    recursions: Vec<String>,
    /// Where each node is in memory, as long as the plan stands still.
    pub places: Vec<usize>,
    /// Parameters of the lambdas around, outermost first.
    pub lambdas: Vec<Vec<String>>,
}

pub(crate) fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn list(indexes: impl IntoIterator<Item = usize>) -> String {
    let texts: Vec<String> = indexes.into_iter().map(|i| i.to_string()).collect();
    texts.join(",")
}

fn number(n: Option<usize>) -> String {
    n.map_or_else(|| "none".to_string(), |n| n.to_string())
}

fn join_kind(join_type: JoinType) -> &'static str {
    match join_type {
        JoinType::Inner => "inner",
        JoinType::Left => "left",
        JoinType::Right => "right",
        JoinType::Full => "full",
        JoinType::LeftSemi => "left_semi",
        JoinType::RightSemi => "right_semi",
        JoinType::LeftAnti => "left_anti",
        JoinType::RightAnti => "right_anti",
        JoinType::LeftMark => "left_mark",
        JoinType::RightMark => "right_mark",
    }
}

impl Walk {
    /// Walks a plan.
    pub fn over(sess: &SessInner, plan: &LogicalPlan) -> Result<Self> {
        let default_schema = sess.default_schema();
        let mut walk = Self {
            default_schema,
            nodes: Vec::new(),
            outputs: Vec::new(),
            exprs: Vec::new(),
            colrefs: Vec::new(),
            scans: Vec::new(),
            outer: Vec::new(),
            laterals: Vec::new(),
            recursions: Vec::new(),
            places: Vec::new(),
            lambdas: Vec::new(),
        };
        walk.node(plan, -1, 0, -1)?;
        Ok(walk)
    }

    fn node(&mut self, plan: &LogicalPlan, parent: i32, child_ord: u32, of: i32) -> Result<()> {
        let id = small(self.nodes.len());
        let (kind, detail) = self.describe(plan)?;
        self.nodes.push(NodeRow { parent, child_ord, kind, detail, subquery_of: of });
        self.places.push(place_of(plan));
        self.outputs(id, plan.schema());
        let inputs: Vec<DFSchemaRef> =
            plan.inputs().iter().map(|input| Arc::clone(input.schema())).collect();
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(id, scan)?,
            plan => self.node_exprs(plan, &Place::new(id, inputs))?,
        }
        self.children(plan, id)
    }

    /// A plan inside an expression of node `id`.
    pub fn subquery(&mut self, plan: &LogicalPlan, place: &Place, expr: u32) -> Result<()> {
        self.outer.push(place.inputs.clone());
        let laterals = std::mem::take(&mut self.laterals);
        let (node, expr) = (signed(place.node), signed(expr));
        let result = self.node(plan, node, 0, expr);
        self.laterals = laterals;
        self.outer.pop();
        result
    }

    fn children(&mut self, plan: &LogicalPlan, id: u32) -> Result<()> {
        let parent = signed(id);
        match plan {
            LogicalPlan::Join(join) => {
                self.node(&join.left, parent, 0, -1)?;
                self.laterals.push(Arc::clone(join.left.schema()));
                let result = self.node(&join.right, parent, 1, -1);
                self.laterals.pop();
                result
            }
            LogicalPlan::Subquery(subquery) => {
                let around = self.laterals.iter().rev().map(Arc::clone).collect();
                self.outer.push(around);
                let result = self.node(&subquery.subquery, parent, 0, -1);
                self.outer.pop();
                result
            }
            LogicalPlan::RecursiveQuery(query) => {
                self.node(&query.static_term, parent, 0, -1)?;
                self.recursions.push(query.name.clone());
                let result = self.node(&query.recursive_term, parent, 1, -1);
                self.recursions.pop();
                result
            }
            plan => {
                for (ord, input) in plan.inputs().into_iter().enumerate() {
                    self.node(input, parent, small(ord), -1)?;
                }
                Ok(())
            }
        }
    }

    fn outputs(&mut self, node: u32, schema: &DFSchema) {
        for (ord, (qualifier, field)) in schema.iter().enumerate() {
            self.outputs.push(OutputRow {
                node,
                ord: small(ord),
                qualifier: qualifier.map(ToString::to_string).unwrap_or_default(),
                name: field.name().clone(),
                data_type: type_text(field.data_type()),
                nullable: field.is_nullable(),
                metadata: metadata_text(field.metadata()),
                sorts: sort_class(field.data_type()),
            });
        }
    }

    fn scan(&mut self, node: u32, scan: &TableScan) -> Result<()> {
        let provider = source_as_provider(&scan.source).ok();
        let schema = scan.table_name.schema().unwrap_or(&self.default_schema).to_string();
        let table = scan.table_name.table().to_string();
        let late = provider.as_ref().and_then(|p| p.downcast_ref::<LateBound>());
        if let Some((schema, table, provider)) = late.map(LateBound::labels) {
            return self.scan_row(node, scan, schema.into(), table.into(), provider);
        }
        let (provider, schema, table) = match &provider {
            Some(p) if p.is::<CteWorkTable>() => ("work_table", String::new(), String::new()),
            Some(p) if p.is::<GenerateSeriesTable>() => {
                let name = table.trim_end_matches("()").to_string();
                ("table_function", String::new(), name)
            }
            _ if schema == "information_schema" => ("information_schema", schema, table),
            _ => ("other", schema, table),
        };
        self.scan_row(node, scan, schema, table, provider.to_string())
    }

    fn scan_row(
        &mut self,
        node: u32,
        scan: &TableScan,
        schema: String,
        table: String,
        provider: String,
    ) -> Result<()> {
        self.scans.push(ScanRow {
            node,
            schema,
            table,
            provider,
            projection: match &scan.projection {
                Some(projection) => list(projection.iter().copied()),
                None => "*".to_string(),
            },
            fetch: scan.fetch.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX)),
            filters: small(scan.filters.len()),
        });
        if let Ok(provider) = source_as_provider(&scan.source)
            && let Some(series) = provider.downcast_ref::<GenerateSeriesTable>()
        {
            let place = Place::new(node, Vec::new());
            self.exprs_of("table_argument", &Series::of(series)?.exprs(), &place)?;
        }
        // Filters may use columns that are not in the projection.
        let whole =
            DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?;
        let place = Place::new(node, vec![Arc::new(whole)]);
        self.exprs_of("scan_filter", &scan.filters, &place)
    }

    fn scan_detail(&self, scan: &TableScan) -> String {
        let Ok(provider) = source_as_provider(&scan.source) else { return String::new() };
        if let Some(work_table) = provider.downcast_ref::<CteWorkTable>() {
            let depth = self.recursions.iter().rev().position(|name| name == work_table.name());
            return format!("depth={}", number(depth));
        }
        if let Some(series) = provider.downcast_ref::<GenerateSeriesTable>() {
            return Series::of(series).map(|series| series.detail()).unwrap_or_default();
        }
        String::new()
    }

    fn describe(&self, plan: &LogicalPlan) -> Result<(&'static str, String)> {
        let none = String::new();
        let opaque = |what: &str| format!("opaque={what}");
        Ok(match plan {
            LogicalPlan::Projection(_) => ("projection", none),
            LogicalPlan::Filter(_) => ("filter", none),
            LogicalPlan::Window(_) => ("window", none),
            LogicalPlan::Aggregate(aggregate) => {
                let groups = aggregate.group_expr.len();
                ("aggregate", format!("groups={groups} aggregates={}", aggregate.aggr_expr.len()))
            }
            LogicalPlan::Sort(sort) => ("sort", format!("fetch={}", number(sort.fetch))),
            LogicalPlan::Join(join) => {
                let nulls = match join.null_equality {
                    NullEquality::NullEqualsNothing => "nothing",
                    NullEquality::NullEqualsNull => "null",
                };
                let detail = format!(
                    "type={} null_equals={nulls} null_aware={} keys={} filter={}",
                    join_kind(join.join_type),
                    join.null_aware,
                    join.on.len(),
                    join.filter.is_some()
                );
                ("join", detail)
            }
            LogicalPlan::Repartition(repartition) => {
                let scheme = match &repartition.partitioning_scheme {
                    Partitioning::RoundRobinBatch(n) => format!("round_robin={n}"),
                    Partitioning::Hash(exprs, n) => format!("hash={n} keys={}", exprs.len()),
                    Partitioning::Range(_) => opaque("range"),
                    Partitioning::DistributeBy(exprs) => format!("by={}", exprs.len()),
                };
                ("repartition", scheme)
            }
            LogicalPlan::Union(union) => ("union", format!("inputs={}", union.inputs.len())),
            LogicalPlan::TableScan(scan) => ("scan", self.scan_detail(scan)),
            LogicalPlan::EmptyRelation(empty) => {
                ("empty", format!("rows={}", u8::from(empty.produce_one_row)))
            }
            LogicalPlan::Subquery(_) => ("subquery", none),
            LogicalPlan::SubqueryAlias(_) => ("alias", none),
            LogicalPlan::Limit(limit) => {
                let (skip, fetch) = (limit.skip.is_some(), limit.fetch.is_some());
                ("limit", format!("skip={skip} fetch={fetch}"))
            }
            LogicalPlan::Statement(statement) => ("statement", opaque(statement.name())),
            LogicalPlan::Values(values) => {
                let columns = values.schema.fields().len();
                ("values", format!("rows={} columns={columns}", values.values.len()))
            }
            LogicalPlan::Explain(explain) => (
                "explain",
                format!("verbose={} format={}", explain.verbose, explain.explain_format),
            ),
            LogicalPlan::Analyze(analyze) => {
                ("explain_analyze", format!("verbose={}", analyze.verbose))
            }
            LogicalPlan::Extension(extension) => {
                let node = extension.node.as_any().downcast_ref::<RelNode>();
                let detail = node.map(RelNode::canonical);
                ("extension", detail.unwrap_or_else(|| opaque(extension.node.name())))
            }
            LogicalPlan::Distinct(Distinct::All(_)) => ("distinct", none),
            LogicalPlan::Distinct(Distinct::On(on)) => {
                let sorts = on.sort_expr.as_ref().map(Vec::len);
                let detail = format!(
                    "on={} select={} sort={}",
                    on.on_expr.len(),
                    on.select_expr.len(),
                    number(sorts)
                );
                ("distinct_on", detail)
            }
            LogicalPlan::Dml(dml) => ("dml", opaque(&dml.op.to_string())),
            LogicalPlan::Ddl(ddl) => ("ddl", opaque(ddl.name())),
            LogicalPlan::Copy(_) => ("copy", opaque("copy")),
            LogicalPlan::DescribeTable(describe) => {
                let table = DataType::Struct(describe.schema.fields().clone());
                ("describe", type_text(&table))
            }
            LogicalPlan::Unnest(unnest) => ("unnest", unnest_detail(unnest)),
            LogicalPlan::RecursiveQuery(query) => {
                ("recursive", format!("distinct={}", query.is_distinct))
            }
        })
    }
}

/// Columns by index: inputs in the input, recursions' outputs in the output.
fn unnest_detail(unnest: &Unnest) -> String {
    let input = unnest.input.schema();
    let exec = unnest.exec_columns.iter().map(|c| number(input.maybe_index_of_column(c)));
    let lists = unnest.list_type_columns.iter().map(|(i, list)| {
        let out = number(unnest.schema.maybe_index_of_column(&list.output_column));
        format!("{i}:{out}:{}", list.depth)
    });
    let recursions = unnest.options.recursions.iter().map(|r| {
        let from = number(input.maybe_index_of_column(&r.input_column));
        let to = number(unnest.schema.maybe_index_of_column(&r.output_column));
        format!("{from}:{to}:{}", r.depth)
    });
    let nulls = match unnest.options.null_handling {
        NullHandling::Drop => "drop",
        NullHandling::Preserve => "preserve",
        NullHandling::PreserveAndExpandEmpty => "preserve_and_expand_empty",
    };
    format!(
        "columns={} lists={} structs={} from={} nulls={nulls} recursions={}",
        exec.collect::<Vec<_>>().join(","),
        lists.collect::<Vec<_>>().join(","),
        list(unnest.struct_type_columns.iter().copied()),
        list(unnest.dependency_indices.iter().copied()),
        recursions.collect::<Vec<_>>().join(",")
    )
}

fn signed(id: u32) -> i32 {
    i32::try_from(id).unwrap_or(i32::MAX)
}

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
            .texts("detail", rows.iter().map(|r| r.detail.as_str()))
            .i32s("subquery_of", rows.iter().map(|r| r.subquery_of))
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
            .texts("role", rows.iter().map(|r| r.role))
            .u32s("role_ord", rows.iter().map(|r| r.role_ord))
            .i32s("parent_expr", rows.iter().map(|r| r.parent))
            .u32s("child_ord", rows.iter().map(|r| r.child_ord))
            .texts("kind", rows.iter().map(|r| r.kind))
            .texts("op", rows.iter().map(|r| r.op.as_str()))
            .texts("func_identity", rows.iter().map(|r| r.func_identity.as_str()))
            .texts("func_origin", rows.iter().map(|r| r.func_origin))
            .texts("literal", rows.iter().map(|r| r.literal.as_str()))
            .texts("volatility", rows.iter().map(|r| r.volatility))
            .texts("type", rows.iter().map(|r| r.data_type.as_str()))
            .u32s("args", rows.iter().map(|r| r.call.args))
            .u32s("partition_keys", rows.iter().map(|r| r.call.partition_keys))
            .u32s("order_keys", rows.iter().map(|r| r.call.order_keys))
            .bools("distinct", rows.iter().map(|r| r.call.distinct))
            .bools("ignore_nulls", rows.iter().map(|r| r.call.ignore_nulls))
            .u32s("frame", rows.iter().map(|r| r.call.frame))
            .i32s("frame_from", rows.iter().map(|r| r.call.from))
            .i32s("frame_to", rows.iter().map(|r| r.call.to))
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
            .texts("provider_kind", rows.iter().map(|r| r.provider.as_str()))
            .texts("projection", rows.iter().map(|r| r.projection.as_str()))
            .i64s("fetch", rows.iter().map(|r| r.fetch))
            .u32s("n_filters", rows.iter().map(|r| r.filters))
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
    match which {
        NODES => walk.nodes_batch(),
        OUTPUTS => walk.outputs_batch(),
        EXPRS => walk.exprs_batch(),
        COLREFS => walk.colrefs_batch(),
        SCANS => walk.scans_batch(),
        _ => {
            let message = format!("{which} is no table of a plan");
            Err(Error::new(E_BAD_VALUE, ORIGIN_BRIDGE, message))
        }
    }
}
