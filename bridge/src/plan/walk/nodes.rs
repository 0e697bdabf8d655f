//! Plan tables: a plan as flat rows in canonical form (WB_PLAN_FORM). What can change a result is
//! in kinds, flags, operators, indexes, literals and types; names are in columns of their own.

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
use crate::edge::abi::wb_node_flag;
use crate::edge::error::Result;
use crate::input::late::LateBound;
use crate::plan::walk::rows::{
    NodeRow, OutputRow, Place, ScanRow, UnnestRow, Walk, What, small,
};
use crate::relation::node::RelNode;
use crate::function::series::Series;
use crate::session::sess::SessInner;

fn list(indexes: impl IntoIterator<Item = usize>) -> String {
    let texts: Vec<String> = indexes.into_iter().map(|i| i.to_string()).collect();
    texts.join(",")
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
            unnests: Vec::new(),
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
        let (kind, what) = self.describe(plan);
        self.nodes.push(NodeRow { parent, child_ord, kind, subquery_of: of, what });
        self.places.push(place_of(plan));
        self.outputs(id, plan.schema());
        let inputs: Vec<DFSchemaRef> =
            plan.inputs().iter().map(|input| Arc::clone(input.schema())).collect();
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(id, scan)?,
            LogicalPlan::Unnest(unnest) => self.unnest(id, unnest),
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
        if let Some((schema, table, tag)) = late.map(LateBound::labels) {
            let names = (schema.to_string(), table.to_string());
            return self.scan_row(node, scan, names, LateBound::KIND, tag.to_string());
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
        self.scan_row(node, scan, (schema, table), provider, String::new())
    }

    fn scan_row(
        &mut self,
        node: u32,
        scan: &TableScan,
        (schema, table): (String, String),
        provider: &'static str,
        tag: String,
    ) -> Result<()> {
        self.scans.push(ScanRow {
            node,
            schema,
            table,
            provider,
            tag,
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

    /// Of a recursive query's own rows: how many such queries out they are. Of a series: whether
    /// its end is one of the rows.
    fn scan_what(&self, scan: &TableScan) -> What {
        let Ok(provider) = source_as_provider(&scan.source) else { return What::none() };
        if let Some(work_table) = provider.downcast_ref::<CteWorkTable>() {
            let depth = self.recursions.iter().rev().position(|name| name == work_table.name());
            return What::count(depth);
        }
        let series = provider.downcast_ref::<GenerateSeriesTable>();
        let series = series.and_then(|series| Series::of(series).ok());
        What::none().flag(wb_node_flag::WB_NODE_WITH_END, series.is_some_and(|s| s.with_end()))
    }

    fn describe(&self, plan: &LogicalPlan) -> (&'static str, What) {
        let none = What::none();
        match plan {
            LogicalPlan::Projection(_) => ("projection", none),
            LogicalPlan::Filter(_) => ("filter", none),
            LogicalPlan::Window(_) => ("window", none),
            LogicalPlan::Aggregate(_) => ("aggregate", none),
            LogicalPlan::Sort(sort) => ("sort", What::count(sort.fetch)),
            LogicalPlan::Join(join) => {
                let nulls = matches!(join.null_equality, NullEquality::NullEqualsNull);
                let what = What::variant(join_kind(join.join_type))
                    .flag(wb_node_flag::WB_NODE_NULLS_EQUAL, nulls)
                    .flag(wb_node_flag::WB_NODE_NULL_AWARE, join.null_aware);
                ("join", what)
            }
            LogicalPlan::Repartition(repartition) => {
                let (scheme, n) = match &repartition.partitioning_scheme {
                    Partitioning::RoundRobinBatch(n) => ("round_robin", Some(*n)),
                    Partitioning::Hash(_, n) => ("hash", Some(*n)),
                    Partitioning::Range(_) => ("range", None),
                    Partitioning::DistributeBy(_) => ("by", None),
                };
                ("repartition", What { variant: scheme.to_string(), ..What::count(n) })
            }
            LogicalPlan::Union(_) => ("union", none),
            LogicalPlan::TableScan(scan) => ("scan", self.scan_what(scan)),
            LogicalPlan::EmptyRelation(empty) => {
                ("empty", What::count(Some(usize::from(empty.produce_one_row))))
            }
            LogicalPlan::Subquery(_) => ("subquery", none),
            LogicalPlan::SubqueryAlias(_) => ("alias", none),
            LogicalPlan::Limit(_) => ("limit", none),
            LogicalPlan::Statement(statement) => ("statement", What::variant(statement.name())),
            LogicalPlan::Values(values) => ("values", What::count(Some(values.values.len()))),
            LogicalPlan::Explain(explain) => {
                let what = What::variant(explain.explain_format.to_string());
                ("explain", what.flag(wb_node_flag::WB_NODE_VERBOSE, explain.verbose))
            }
            LogicalPlan::Analyze(analyze) => {
                ("explain_analyze", none.flag(wb_node_flag::WB_NODE_VERBOSE, analyze.verbose))
            }
            LogicalPlan::Extension(extension) => {
                let node = extension.node.as_any().downcast_ref::<RelNode>();
                let detail = node.map(RelNode::canonical).unwrap_or_default();
                ("extension", What { detail, ..What::variant(extension.node.name()) })
            }
            LogicalPlan::Distinct(Distinct::All(_)) => ("distinct", none),
            LogicalPlan::Distinct(Distinct::On(_)) => ("distinct_on", none),
            LogicalPlan::Dml(dml) => ("dml", What::variant(dml.op.to_string())),
            LogicalPlan::Ddl(ddl) => ("ddl", What::variant(ddl.name())),
            LogicalPlan::Copy(_) => ("copy", none),
            LogicalPlan::DescribeTable(describe) => {
                let table = DataType::Struct(describe.schema.fields().clone());
                ("describe", What { detail: type_text(&table), ..none })
            }
            LogicalPlan::Unnest(unnest) => {
                let nulls = match unnest.options.null_handling {
                    NullHandling::Drop => "drop",
                    NullHandling::Preserve => "preserve",
                    NullHandling::PreserveAndExpandEmpty => "preserve_and_expand_empty",
                };
                ("unnest", What::variant(nulls))
            }
            LogicalPlan::RecursiveQuery(query) => {
                ("recursive", none.flag(wb_node_flag::WB_NODE_DISTINCT, query.is_distinct))
            }
        }
    }

    /// Columns by index: inputs in the input, outputs in the output.
    fn unnest(&mut self, node: u32, unnest: &Unnest) {
        let input = unnest.input.schema();
        let place = |n: Option<usize>| n.map_or(-1, |n| signed(small(n)));
        let mut row = |kind, input, output, depth: usize| {
            self.unnests.push(UnnestRow { node, kind, input, output, depth: small(depth) });
        };
        for column in &unnest.exec_columns {
            row("column", place(input.maybe_index_of_column(column)), -1, 0);
        }
        for (from, list) in &unnest.list_type_columns {
            let to = place(unnest.schema.maybe_index_of_column(&list.output_column));
            row("list", place(Some(*from)), to, list.depth);
        }
        for from in &unnest.struct_type_columns {
            row("struct", place(Some(*from)), -1, 0);
        }
        for from in &unnest.dependency_indices {
            row("from", place(Some(*from)), -1, 0);
        }
        for recursion in &unnest.options.recursions {
            let from = place(input.maybe_index_of_column(&recursion.input_column));
            let to = place(unnest.schema.maybe_index_of_column(&recursion.output_column));
            row("recursion", from, to, recursion.depth);
        }
    }
}

fn signed(id: u32) -> i32 {
    i32::try_from(id).unwrap_or(i32::MAX)
}
