//! Plan tables: a plan as flat rows in canonical form. What can change a result is in kinds,
//! details, operators, indexes, literals and types; names are in columns of their own.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::NullHandling;
use datafusion::common::{DFSchema, DFSchemaRef, JoinType, NullEquality};
use datafusion::datasource::source_as_provider;
use datafusion::functions_table::generate_series::GenerateSeriesTable;
use datafusion::logical_expr::{Distinct, LogicalPlan, Partitioning, TableScan, Unnest};

use crate::plan::walk::canon::{metadata_text, type_text};
use crate::plan::edit::edits::{place_of, sort_class};
use crate::edge::error::Result;
use crate::input::late::LateBound;
use crate::plan::walk::rows::{NodeRow, OutputRow, Place, ScanRow, Walk, small};
use crate::relation::node::RelNode;
use crate::function::series::Series;
use crate::session::sess::SessInner;

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

